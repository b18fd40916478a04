"""`baseline calibrate`: how far recordings of the very same thing lie apart, from those that are kept or from new ones."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from msgspec import structs

from skewguard.api import keeping, surroundings
from skewguard.api.keeping import Kept
from skewguard.judge.baseline import calibrating, matching
from skewguard.knowledge import engines
from skewguard.language.baselines import Baseline, CalibrationReport
from skewguard.language.errors import ExitCode, SkewguardError, UsageError
from skewguard.language.results_parts import InputProblem

MOST = 50
"""Recordings of one workload that are learned from: the newest that are alike."""


def calibrate_baseline(
    things: Sequence[str] = (),
    *,
    runs: int | None = None,
    store: str | None = None,
    keep: bool = True,
    namespace: str | None = None,
    context: str | None = None,
    environ: Mapping[str, str] | None = None,
    **recording: Any,
) -> CalibrationReport:
    """Learn the noise of one subject at one load.

    What was learned and cannot be kept is shown all the same, with exit code 2.

    `things` are ids or files of recordings, or one workload or URL: then its latest that are alike in load and settings.
    With `runs`, so many are recorded first, and `recording` are the words of `record_baseline`. The result is kept in the store, where
    `compare_baselines` finds it. Raises `UsageError` and `InputError`.
    """
    if runs is not None:
        return _of_new(things, runs, store, keep, namespace, context, environ, recording)
    _refuse_to_send(recording)
    words = [keeping.meant(text, namespace, context) for text in things]
    if not words:
        raise UsageError("nothing to learn from", hint="name recordings or a workload, or record some with --runs 5")
    to_make = keep and all(word.kind in ("file", "stdin") for word in words)  # the others are in it, or nowhere
    with keeping.named(store, environ, make=to_make) as kept:
        if len(words) == 1 and words[0].kind == "subject":
            found = list(_alike(kept, keeping.latest(kept, words[0])))
        else:
            found = [_one(kept, word) for word in words]
        return _learned(kept, found, keep=keep)


_RECORDS = (
    "endpoint", "as_", "model", "slo", "part", "on_live", "prometheus", "prometheus_match", "dcgm", "beat", "depth", "exec_",
    "api_key_env", "api_key_file", "ca_file",
)  # fmt: skip
"""What says how a load is sent and watched, and nothing of recordings that are kept."""


def _refuse_to_send(recording: Mapping[str, Any]) -> None:
    """Raise where words of a recording are given and nothing is to be sent: they would be passed over in silence. 0 is a word too."""
    words = {**(recording.get("load") or {}), **{name: recording.get(name) for name in _RECORDS}}
    if recording.get("processes", 1) != 1:
        words["processes"] = recording["processes"]
    given = {name for name, value in words.items() if value not in (None, (), []) and value is not False}
    sends = [f"--{name.strip('_').replace('_', '-')}" for name in words if name in given]
    if sends:
        raise UsageError(
            f"{' and '.join(sends)}: nothing is recorded without --runs",
            hint="say how many: --runs 5; or leave them out",
        )


def _alike(kept: Kept, newest: Baseline) -> Iterator[Baseline]:
    """The newest valid ones of a subject that were made at the same load with the same settings."""
    yield newest
    subject = keeping.bare(newest.subject)
    older = (each for each in kept.baselines(subject, before=newest.id) if each.valid)
    same = (each for each in older if matching.another_thing(each, newest) is None)
    yield from islice(same, MOST - 1)


def _one(kept: Kept, word: keeping.Word) -> Baseline:
    if word.kind in ("file", "stdin"):
        return keeping.from_text(word)
    if word.kind == "subject":
        raise UsageError(f"{word.text} stands beside other words", hint="name one workload alone, or recordings by id")
    return kept.by_id(word.text)


def _learned(kept: Kept | None, found: Sequence[Baseline], *, keep: bool) -> CalibrationReport:
    tables = engines.tables_used()
    made = calibrating.calibrate(tuple(found), datetime.now(UTC).isoformat(timespec="seconds"))
    if not keep or kept is None:
        return CalibrationReport(made, tuple(found), None, tables)
    try:
        return CalibrationReport(kept.keep_calibration(made, tables), tuple(found), kept.place, tables)
    except SkewguardError as error:
        told = (surroundings.problem(error),)
        return CalibrationReport(made, tuple(found), None, tables, told, exit_code=error.exit_code)


def _of_new(
    things: Sequence[str],
    runs: int,
    store: str | None,
    keep: bool,
    namespace: str | None,
    context: str | None,
    environ: Mapping[str, str] | None,
    recording: Mapping[str, Any],
) -> CalibrationReport:
    """Record so many, one after another, and learn from those that are valid."""
    from skewguard.api import recording as recordings

    if len(things) > 1:
        raise UsageError("one workload is recorded at a time", hint="name it alone, or leave --runs out")
    if recording.get("part") is not None:
        raise UsageError("a share of a load is no baseline, and shows no noise", hint="leave --part out")
    if runs < calibrating.FEWEST:
        raise UsageError(
            f"--runs {runs} shows no noise", hint=f"at least {calibrating.FEWEST}; ten find smaller changes"
        )
    workload = things[0] if things else None
    found: list[Baseline] = []
    problems: list[InputProblem] = []
    code: ExitCode | None = None
    while len(found) < runs and code is None:
        try:
            report = recordings.record_baseline(
                workload, store=store, keep=keep, namespace=namespace, context=context, environ=environ, **recording
            )
        except SkewguardError as error:
            if not found:
                raise
            code = error.exit_code  # what was recorded until then is told all the same
            problems.append(surroundings.problem(error))
            break
        found += report.baselines
        problems += (each for each in report.errors if each not in problems)
        code = ExitCode.INTERRUPTED if report.exit_code == ExitCode.INTERRUPTED else None
    made = _from_runs(found, runs, store, keep, environ, code)
    codes = [ExitCode(made.exit_code), *([ExitCode.UNREADABLE] if problems else [])]
    return structs.replace(made, errors=(*made.errors, *problems), exit_code=ExitCode.first(codes))


def _from_runs(
    found: Sequence[Baseline],
    runs: int,
    store: str | None,
    keep: bool,
    environ: Mapping[str, str] | None,
    ended: ExitCode | None,
) -> CalibrationReport:
    """`ended`: why there are not as many as were wanted."""
    invalid = [each for each in found if not each.valid]
    valid = [each for each in found if each.valid]
    told = tuple(f"{each.id or each.started_at} is not valid: {'; '.join(each.invalid_because)}" for each in invalid)
    if ended is not None or len(valid) < calibrating.FEWEST:
        code = ended or ExitCode.UNKNOWN
        why = f"{len(valid)} valid recordings of {runs}: nothing was learned"
        return CalibrationReport(None, tuple(found), None, engines.tables_used(), notes=(why, *told), exit_code=code)
    try:
        with keeping.named(store, environ) if keep else nullcontext(None) as kept:
            report = _learned(kept, valid, keep=keep)
    except SkewguardError as error:  # nobody measures them again for it
        told_too = (surroundings.problem(error),)
        return CalibrationReport(None, tuple(found), None, engines.tables_used(), told_too, told, error.exit_code)
    return structs.replace(report, notes=(*report.notes, *told))
