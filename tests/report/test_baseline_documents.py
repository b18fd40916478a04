"""Baselines as they are kept: what is written is read back, and what cannot be meant is refused with a reason."""

import json
import math
import re
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct, structs

from skewguard.language.baselines import (
    Baseline,
    BaselineReport,
    Between,
    Calibration,
    Instrument,
    Metric,
    Number,
    Requests,
    Samples,
)
from skewguard.language.errors import InputError
from skewguard.language.facts import Fact, Gap, Origin, Subject
from skewguard.language.loads import Load, Prompts, Spread, Stage
from skewguard.report import performance_documents, render, schemas
from skewguard.report.baseline_documents import read, read_calibration, write, write_calibration
from skewguard.report.documenting import document
from skewguard.report.performance_documenting import MOMENTS as MOMENT_COLUMNS
from tests.report.performance_reports import (
    CALIBRATION,
    INVALID,
    LOADED,
    PERFORMANCE_REPORTS,
    TRAFFIC,
    samples,
)
from tests.report.reports import OPTIONS

FINITE = st.floats(-1e6, 1e6)
MOMENTS = st.integers(-(10**9), 10**12).map(lambda ticks: round(ticks / 10**7, 7)) | st.just(math.nan)
WORDS = st.text("abcdefgh -.", max_size=12)
BOUNDS = st.none() | FINITE
NUMBERS: st.SearchStrategy[Number] = FINITE | st.builds(Between, BOUNDS, BOUNDS)
SPREADS = st.builds(Spread, st.none() | FINITE, st.none() | st.integers(0, 9), st.none() | st.integers(10, 99))
LOADS = st.builds(
    Load,
    st.sampled_from(["poisson", "stages", "observed"]),
    st.builds(Prompts, st.sampled_from(["synthetic", "observed"]), SPREADS, SPREADS, name=st.none() | WORDS),
    rate=st.none() | FINITE,
    stages=st.lists(st.builds(Stage, FINITE, st.none() | FINITE), max_size=2).map(tuple),
)
METRICS = st.builds(
    Metric,
    st.sampled_from(["ttft", "goodput"]),
    st.just("s"),
    st.none() | NUMBERS,
    st.none() | st.dictionaries(st.sampled_from(["p50", "p99"]), NUMBERS),
    st.none() | FINITE,
    st.none() | WORDS,
    st.integers(0, 9),
    WORDS,
)
FACTS = st.builds(
    Fact,
    st.just("runtime.dtype"),
    st.none() | st.booleans() | st.integers(-9, 9) | WORDS | st.lists(st.integers(0, 9), max_size=2),
    st.sampled_from(["declared", "observed"]),
    st.builds(Origin, st.just("log"), WORDS, line=st.none() | st.integers(1, 9), text=st.none() | WORDS),
    st.lists(WORDS, max_size=2).map(tuple),
)


@st.composite
def rows(draw: st.DrawFn) -> Samples:
    """Samples whose columns fit together."""
    number = draw(st.integers(0, 4))
    counts = draw(st.lists(st.integers(0, 3), min_size=number, max_size=number))
    made: dict[str, Any] = {"gap_counts": counts}
    for name in Samples.__struct_fields__:
        kind: dict[str, st.SearchStrategy[Any]] = dict.fromkeys(("censored", "fresh", "last_censored"), st.booleans())
        kind |= {"failure": st.sampled_from(["", "timeout"]), "phase": st.integers(0, 2)}
        each = MOMENTS if name in MOMENT_COLUMNS else st.integers(-1, 200)
        size = sum(counts) if name == "gaps" else number
        if name != "gap_counts":
            made[name] = draw(st.lists(kind.get(name, each), min_size=size, max_size=size))
    return Samples(**made)


BASELINES = st.builds(
    Baseline,
    st.builds(Subject, st.just("Deployment"), st.just("chat"), st.none() | st.just("prod")),
    st.just("2026-11-23T10:00:00Z"),
    FINITE,
    st.sampled_from(["load", "traffic"]),
    LOADS,
    replicas=st.none() | st.integers(0, 9),
    valid=st.booleans(),
    invalid_because=st.lists(WORDS, max_size=2).map(tuple),
    requests=st.builds(Requests, st.none() | st.integers(0, 9), failed=st.dictionaries(WORDS, st.integers(0, 9))),
    slo=st.dictionaries(st.just("ttft"), st.dictionaries(st.just("p95"), FINITE)),
    metrics=st.lists(METRICS, max_size=3).map(tuple),
    samples=st.none() | rows(),
    facts=st.lists(FACTS, max_size=2).map(tuple),
    gaps=st.lists(st.builds(Gap, st.just("runtime.dtype"), WORDS), max_size=1).map(tuple),
    measured=st.none() | st.tuples(FINITE, FINITE),
    part=st.none() | st.tuples(st.integers(0, 3), st.integers(4, 9)),
    notes=st.lists(WORDS, max_size=2).map(tuple),
)


def comparable(item: Baseline) -> Any:
    """A baseline in which a moment that is none equals another such."""
    rows = item.samples and {
        name: [None if math.isnan(each) else each for each in column] if name in MOMENT_COLUMNS else column
        for name in item.samples.__struct_fields__
        for column in [getattr(item.samples, name)]
    }
    return structs.replace(item, samples=None), rows


@given(BASELINES)
def test_baseline_is_read_back_as_written(baseline: Baseline) -> None:
    """Whatever a baseline holds, the document holds it too."""
    assert comparable(read(write(baseline))) == comparable(baseline)


@given(BASELINES, BASELINES | st.none(), st.sampled_from(["table", "wide", "markdown", "html", "yaml"]))
def test_any_baseline_can_be_shown(baseline: Baseline, against: Baseline | None, form: str) -> None:
    """Whatever a baseline holds or lacks, each format shows it, and no number that is none."""
    text = render(BaselineReport((baseline,), against=against), form, OPTIONS)
    assert not re.search(r"\bnan\b|\binf\b", text)


@pytest.mark.parametrize("baseline", [LOADED, INVALID, TRAFFIC], ids=["load", "invalid", "traffic"])
def test_whole_baseline_is_read_back_from_its_report(baseline: Baseline) -> None:
    """`-o json` of one baseline is a document that reads back as well as what is stored."""
    report = structs.replace(PERFORMANCE_REPORTS["baseline"], baselines=(baseline,))
    text = render(report, "json", OPTIONS).encode()
    assert comparable(read(text)) == comparable(read(write(baseline))) == comparable(baseline)


@given(st.floats(0, 1e5))
def test_moment_is_kept_to_a_tenth_of_a_microsecond(moment: float) -> None:
    """Finer than that no clock of ours tells, and the document would double."""
    rows = samples(1)
    rows.intended[0] = moment
    kept = read(write(structs.replace(LOADED, samples=rows)))
    assert kept.samples is not None
    assert abs(kept.samples.intended[0] - moment) <= 0.5e-7 + 1e-10


def test_what_never_happened_is_null() -> None:
    """A request without an answer has no moment of a first token: JSON has null for that and no NaN."""
    text = write(INVALID)
    assert b"NaN" not in text
    assert json.loads(text)["samples"]["first"][-1] is None


def test_number_that_is_none_becomes_a_gap() -> None:
    """A metric whose arithmetic gave no number is told as not known, and never as 0."""
    lost = structs.replace(LOADED, metrics=(Metric("goodput", "requests/s", math.nan),))
    (metric,) = json.loads(write(lost))["metrics"]
    assert ("value" in metric, metric["gap"]) == (False, "the arithmetic gave no finite number")


@pytest.mark.parametrize("metric", json.loads(write(LOADED))["metrics"], ids=lambda metric: metric["name"])
def test_metric_has_exactly_one_of_value_quantiles_and_gap(metric: dict[str, Any]) -> None:
    """What a metric says is said in one way."""
    assert len({"value", "quantiles", "gap"} & metric.keys()) == 1


def test_baseline_has_the_documented_keys() -> None:
    """The keys of a baseline, in their order."""
    assert list(json.loads(write(LOADED))) == [
        "schema", "tool", "exit_code", "id", "subject", "started_at", "duration", "replicas", "gpus", "kind", "valid",
        "invalid_because", "partial", "load", "requests", "slo", "instrument", "metrics", "samples", "facts", "gaps",
        "inputs_digest", "made_by", "model", "endpoint", "engine", "version", "measured", "part",
        "notes",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (Baseline, performance_documents.BaselineDocument),
        (Samples, performance_documents.Samples),
        (Instrument, performance_documents.Instrument),
        (Metric, performance_documents.Metric),
        (Calibration, performance_documents.CalibrationPart),
    ],
)
def test_document_has_a_key_for_each_field(value: type[Struct], written: type[Struct]) -> None:
    """What a value of performance learns to hold, its document holds too: nothing is lost on the way to the store."""
    assert set(value.__struct_fields__) <= set(written.__struct_fields__)


@pytest.mark.parametrize(
    ("part", "keys"),
    [
        ("load", ["profile", "prompts", "rate", "concurrency", "requests", "duration", "warmup", "stages", "api", "stream", "seed", "ignore_eos"]),
        ("requests", ["sent", "completed", "failed", "tokens_untold"]),
        ("instrument", ["clock", "slip_p99", "read_lag_p99", "censored", "client_cpu", "others_cpu", "cores", "processes", "tls", "host"]),
    ],
)  # fmt: skip
def test_part_of_a_baseline_has_the_documented_keys(part: str, keys: list[str]) -> None:
    """What other programs read of a load, its requests and the instrument; new keys may come at the end."""
    assert list(json.loads(write(LOADED))[part]) == keys


def test_keys_of_the_future_are_passed_over() -> None:
    """A newer skewguard may write more into the same version of the document."""
    tree = json.loads(write(LOADED))
    tree["mood"] = "calm"
    tree["load"]["tide"] = {"high": True}
    tree["metrics"][0]["stars"] = 5
    assert comparable(read(json.dumps(tree).encode())) == comparable(LOADED)


def test_newer_version_of_the_schema_is_refused() -> None:
    """What a newer schema means is not guessed; the message names who wrote it."""
    tree = json.loads(write(LOADED)) | {"schema": "skewguard.dev/baseline/v2", "tool": {"version": "9.1.0"}}
    with pytest.raises(
        InputError, match=r"newer skewguard \(9\.1\.0\): its schema is v2, and this one reads v1"
    ) as caught:
        read(json.dumps(tree).encode(), "run.json")
    assert caught.value.file == "run.json"


def test_file_that_was_cut_is_refused_at_its_end() -> None:
    """The place of the cut is named, in a file of several lines too."""
    text = render(PERFORMANCE_REPORTS["baseline"], "json", OPTIONS).encode()
    with pytest.raises(InputError, match="it ends in the middle") as caught:
        read(text[:400], "run.json")
    assert caught.value.line == text[:400].count(b"\n") + 1


@pytest.mark.parametrize("text", [b"", b"[]", b"{}", b'{"schema": 1}', b'{"schema": "guidellm"}', b"\xff\xfe", b"a: b"])
def test_what_is_no_baseline_is_refused(text: bytes) -> None:
    """A file of another program, and one of another encoding."""
    with pytest.raises(InputError, match="this"):
        read(text)


def test_another_document_of_ours_is_named() -> None:
    """Who gives a comparison for a baseline is told so."""
    text = render(PERFORMANCE_REPORTS["comparison"], "json", OPTIONS).encode()
    with pytest.raises(
        InputError, match=r"`skewguard\.dev/comparison/v1`, and a `skewguard\.dev/baseline/v1` is needed"
    ):
        read(text)


def test_value_of_another_type_is_named_with_its_place() -> None:
    """A document that somebody edited by hand says where it is wrong."""
    tree = json.loads(write(LOADED))
    tree["load"]["rate"] = "four"
    with pytest.raises(InputError, match=r"damaged at `load\.rate`: expected `float \| null`, got `str`"):
        read(json.dumps(tree).encode())


@pytest.mark.parametrize("column", ["sent", "gaps"])
def test_torn_columns_are_refused(column: str) -> None:
    """A column that lost a row would shift all others."""
    tree = json.loads(write(LOADED))
    del tree["samples"][column][3]
    with pytest.raises(InputError, match="damaged"):
        read(json.dumps(tree).encode())


@pytest.mark.parametrize(
    ("column", "value"), [("phase", 3), ("phase", 2**70), ("status", 2**40), ("output_tokens", -7), ("gap_counts", -2)]
)
def test_numbers_that_no_request_has_are_refused(column: str, value: int) -> None:
    """A damaged file is told as one, and not as a defect of skewguard."""
    tree = json.loads(write(LOADED))
    tree["samples"][column][3] = value
    with pytest.raises(InputError, match="damaged"):
        read(json.dumps(tree).encode())


def test_column_that_is_missing_is_refused() -> None:
    """Requests of which nobody knows when they left are none."""
    tree = json.loads(write(LOADED))
    del tree["samples"]["sent"]
    with pytest.raises(InputError, match="sent 0"):
        read(json.dumps(tree).encode())


def test_json_that_is_nested_without_end_is_refused() -> None:
    """Whoever reads a file from elsewhere reads it all the same."""
    with pytest.raises(InputError, match="nested deeper"):
        read(b"[" * 200_000)


def test_calibration_is_read_back_as_written() -> None:
    """The noise of a subject is kept whole."""
    assert read_calibration(write_calibration(CALIBRATION)) == CALIBRATION


def test_empty_calibration_is_refused() -> None:
    """The answer that nothing could be learned is no calibration."""
    text = render(PERFORMANCE_REPORTS["calibration-impossible"], "json", OPTIONS).encode()
    with pytest.raises(InputError, match="empty"):
        read_calibration(text)


@pytest.mark.parametrize("name", PERFORMANCE_REPORTS)
def test_every_document_fits_its_own_type(name: str) -> None:
    """What is printed reads back as the documented type, key by key."""
    made = document(PERFORMANCE_REPORTS[name])
    assert msgspec.json.decode(render(PERFORMANCE_REPORTS[name], "json", OPTIONS), type=type(made), strict=True) == made


def test_each_column_of_samples_is_one_line() -> None:
    """A document of many requests stays one that an editor opens, and that a person can scroll."""
    lines = render(PERFORMANCE_REPORTS["baseline"], "json", OPTIONS).splitlines()
    assert sum(line.startswith('    "intended": [0.0,0.25,') for line in lines) == 1


def test_several_baselines_of_one_report_are_whole_documents() -> None:
    """A report of another tool may hold several stages: each is read back by itself, with and without samples."""
    sent = (LOADED, TRAFFIC, INVALID)
    text = render(BaselineReport(sent), "json", OPTIONS)
    told = [read(json.dumps(one).encode()) for one in json.loads(text)["baselines"]]
    assert [comparable(one) for one in told] == [comparable(one) for one in sent]


def test_list_holds_no_samples() -> None:
    """A list of a hundred baselines is no gigabyte."""
    report = structs.replace(PERFORMANCE_REPORTS["baselines"], baselines=(LOADED,))
    assert [one["samples"] for one in json.loads(render(report, "json", OPTIONS))["baselines"]] == [None]


@pytest.mark.parametrize("name", ["baseline", "baselines", "comparison", "calibration"])
def test_schema_of_performance_is_published(name: str) -> None:
    """Each document about performance has its schema."""
    assert f"{name}.schema.json" in schemas.files()


def test_file_that_is_no_json_at_all_says_so() -> None:
    """Once where, and that another file may have been meant."""
    with pytest.raises(InputError, match=r"invalid character \(byte 0\)$") as refused:
        read(b"import os\n", "srv.py")
    assert "another file" in str(refused.value.hint)
