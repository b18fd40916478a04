"""Baselines and calibrations as they are kept and passed on: written redacted, and read back as the same values.

What is written is the document of `-o json`, in one line. Moments of samples are rounded to a tenth of a microsecond.
"""

import re
from typing import Any, TypeVar

import msgspec

from skewguard.language.baselines import Baseline, BaselineReport, Calibration, CalibrationReport, Samples
from skewguard.language.errors import InputError
from skewguard.language.explanations import Tables
from skewguard.report import json_text, redaction
from skewguard.report.options import Options
from skewguard.report.performance_documenting import MOMENTS, document

VERSION = 1
"""Of the documents `baseline` and `calibration` that are written, and the newest that is read."""

_SCHEMA = re.compile(r"skewguard\.dev/([a-z-]+)/v(\d+)\Z")
_BYTE = re.compile(r"\(byte (\d+)\)")
_INSTRUMENT = ("slip_p99", "censored", "client_cpu")
"""What the load client always measures, but is no number where it sent nothing."""

PHASES = (0, 1, 2)
"""Warm-up, measured, drain."""
_COUNTS = ("prompt_tokens", "output_tokens", "first_tokens", "chunks", "status", "gap_counts")
_MOST = 2**31 - 1
"""Of what is counted of one request: no answer has two milliards of tokens."""

Kept = TypeVar("Kept", Baseline, Calibration)


def write(baseline: Baseline, tables: Tables | None = None) -> bytes:
    """The document `skewguard.dev/baseline/v1` of one baseline, redacted, in one line."""
    return _written(BaselineReport((baseline,), tables=tables or Tables()))


def is_one(text: str) -> bool:
    """Whether a text is a baseline document of whatever version: its schema stands first."""
    return '"skewguard.dev/baseline/' in text[:200]


def read(text: bytes, name: str | None = None) -> Baseline:
    """The baseline that a document holds; keys that this version does not know are passed over.

    `name` is that of the file, for the error. Raises `InputError` for what is no JSON, no baseline, of a newer version
    of the schema, or damaged.
    """
    tree = _tree(text, "baseline", name)
    samples = tree.get("samples")
    if isinstance(samples, dict):
        _even(samples, name)
        _numbers_for_null(samples)
    instrument = tree.get("instrument")
    if isinstance(instrument, dict):
        missing = {key: float("nan") for key in _INSTRUMENT if instrument.get(key) is None}
        tree["instrument"] = instrument | missing
    made = _made(tree, Baseline, name)
    if made.samples is not None:
        _refuse_numbers(made.samples, name)
    return made


def write_calibration(calibration: Calibration, tables: Tables | None = None) -> bytes:
    """The document `skewguard.dev/calibration/v1`, redacted, in one line."""
    return _written(CalibrationReport(calibration, tables=tables or Tables()))


def read_calibration(text: bytes, name: str | None = None) -> Calibration:
    """The calibration that a document holds. Raises `InputError` as `read` does."""
    inside = _tree(text, "calibration", name).get("calibration")
    if not isinstance(inside, dict):
        raise InputError("the calibration in this document is empty", file=name)
    return _made(inside, Calibration, name)


def _written(report: BaselineReport | CalibrationReport) -> bytes:
    clean, _ = redaction.behind_the_door(report, Options())
    return json_text.encoded(document(clean))


def _tree(text: bytes, kind: str, name: str | None) -> dict[str, Any]:
    """The document as plain values, once it is known to be of this kind."""
    try:
        tree = msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        raise _unreadable(text, str(error), kind, name) from None
    except RecursionError:
        raise InputError(f"this is no {kind} of skewguard: its JSON is nested deeper than any is", file=name) from None
    schema = tree.get("schema") if isinstance(tree, dict) else None
    said = _SCHEMA.match(schema) if isinstance(schema, str) else None
    if said is None:
        raise InputError(
            f"this is no {kind} of skewguard: it has no `schema` that names one",
            hint=f"`skewguard baseline {'export' if kind == 'baseline' else 'calibrate -o json'}` writes one; "
            "`skewguard baseline import` reads reports of other tools",
            file=name,
        )
    if said[1] != kind:
        raise InputError(f"this is a document `{schema}`, and a `skewguard.dev/{kind}/v{VERSION}` is needed", file=name)
    if int(said[2]) > VERSION:
        raise InputError(
            f"this {kind} was written by a newer skewguard{_by(tree)}: its schema is v{said[2]}, and this one reads v{VERSION}",
            hint="upgrade skewguard here, or write it again with this version",
            file=name,
        )
    return dict(tree)


def _unreadable(text: bytes, said: str, kind: str, name: str | None) -> InputError:
    """Where the JSON ends to be any; a file that was cut ends in its last line."""
    place = _BYTE.search(said)
    at = int(place[1]) if place else len(text)
    line = text.count(b"\n", 0, at) + 1
    column = at - (text.rfind(b"\n", 0, at) + 1) + 1
    cut = "truncated" in said
    if cut and text.strip():
        what = "it ends in the middle, as a file does that was not written or copied to its end"
    elif not text.strip():
        what = "it is empty"
    else:
        what = _BYTE.sub("", said).strip().removesuffix("()").strip()
    return InputError(
        f"this {kind} cannot be read as JSON: {what} (byte {at})",
        hint=None
        if text.lstrip()[:1] == b"{"
        else "it does not begin as JSON does: is it another file that was meant?",
        file=name,
        line=line,
        column=column,
    )


def _by(tree: dict[str, Any]) -> str:
    tool = tree.get("tool")
    version = tool.get("version") if isinstance(tool, dict) else None
    return f" ({version})" if isinstance(version, str) else ""


def _even(samples: dict[str, Any], name: str | None) -> None:
    """Raises `InputError` where the columns tell of different numbers of requests, or the gaps of other ones than there are.

    A column that is left out tells of none.
    """
    told = {key: samples.get(key, []) for key in Samples.__struct_fields__}
    lengths = {key: len(column) for key, column in told.items() if isinstance(column, list) and key != "gaps"}
    lengths = {key: length for key, length in lengths.items() if length or key != "last_censored"}
    if len(set(lengths.values())) > 1:
        said = ", ".join(f"{key} {length}" for key, length in lengths.items())
        raise InputError(f"this baseline is damaged: its columns of samples differ in length ({said})", file=name)
    counts, gaps = samples.get("gap_counts"), samples.get("gaps")
    if not (isinstance(counts, list) and isinstance(gaps, list)):
        return
    counted = sum(count for count in counts if isinstance(count, int))
    if counted != len(gaps):
        raise InputError(
            f"this baseline is damaged: it has {len(gaps)} gaps between chunks, and its requests count {counted}",
            file=name,
        )


def _refuse_numbers(samples: Samples, name: str | None) -> None:
    """Raises `InputError` for counts and phases that no load has, which no arithmetic could take."""
    if not all(phase in PHASES for phase in samples.phase):
        raise InputError("this baseline is damaged: a request has a phase that there is none of", file=name)
    for key in _COUNTS:
        wrong = next((count for count in getattr(samples, key) if not -1 <= count <= _MOST), None)
        if wrong is not None:
            raise InputError(f"this baseline is damaged: {key} of a request is {wrong:.3g}", file=name)


def _numbers_for_null(samples: dict[str, Any]) -> None:
    for key in MOMENTS:
        if isinstance(samples.get(key), list):
            samples[key] = [float("nan") if moment is None else moment for moment in samples[key]]


def _made(tree: dict[str, Any], kind: type[Kept], name: str | None) -> Kept:
    try:
        return msgspec.convert(tree, kind)
    except msgspec.ValidationError as error:
        what, _, place = str(error).partition(" - at `$")
        where = f" at `{place.strip('.`')}`" if place.strip("`") else ""
        raise InputError(
            f"this {kind.__name__.lower()} is damaged{where}: {what[:1].lower()}{what[1:]}", file=name
        ) from None
