"""Performance in words: the verdict first, invalid before anything else, and no secret in any format."""

import json
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from skewguard.judge.baseline import metrics
from skewguard.language.baselines import (
    BaselineReport,
    Compared,
    Comparison,
    ComparisonReport,
    Difference,
    Metric,
    Noise,
    Objective,
    Requests,
    Run,
    Verdict,
)
from skewguard.language.facts import Fact, Origin, Subject
from skewguard.language.loads import Load, Prompts, Spread, Stage
from skewguard.report import Options, baseline_words, comparison_words, formats_for, load_words, render, series, verb
from skewguard.report.baseline_documents import read, write
from skewguard.report.html import plots
from tests.report.performance_reports import (
    CALIBRATION,
    COMPARISON,
    INVALID,
    KERNEL,
    LOAD,
    LOADED,
    PERFORMANCE_REPORTS,
    REFUSED,
    SLOWER,
    SYNTHETIC,
    TRAFFIC,
    WORSE,
    samples,
)

UNKNOWN_LENGTHS = Prompts("file", Spread(None), Spread(None), name="chats.jsonl")


@pytest.mark.parametrize(
    ("load", "said"),
    [
        (
            LOAD,
            "poisson 4 req/s for 60 s after 10 s of warm-up, prompt 512, output 128 tokens, end of text ignored, seed 1",
        ),
        (
            Load("concurrency", SYNTHETIC, concurrency=16, requests=500, api="completions", seed=7),
            "16 at once, at most 500 requests, prompt 512, output 128 tokens, completions, seed 7",
        ),
        (
            Load("stages", SYNTHETIC, stages=(Stage(30, 2), Stage(30, 4), Stage(30, 8)), stream=False),
            "3 stages of 30 s (2 req/s, 4 req/s, 8 req/s), prompt 512, output 128 tokens, not streamed, seed 1",
        ),
        (
            Load("constant", UNKNOWN_LENGTHS, rate=0.5, duration=900),
            "constant 0.5 req/s for 15 min, lengths unknown, prompts of a file chats.jsonl, seed 1",
        ),
        (
            Load("poisson", Prompts("untold", Spread(100.5, 50, 150), Spread(None)), rate=2, seed=None),
            "poisson 2 req/s, prompt 50-150 (mean 100), output of unknown length tokens",
        ),
        (
            Load("untold", SYNTHETIC, rate=2, concurrency=8, api="untold", stream=None, seed=None, ignore_eos=None),
            "unknown arrivals 2 req/s, at most 8 at once, prompt 512, output 128 tokens, API unknown, streaming unknown",
        ),
        (
            Load("untold", UNKNOWN_LENGTHS, duration=60, api="untold", seed=None),
            "unknown arrivals for 60 s, lengths unknown, prompts of a file chats.jsonl, API unknown",
        ),
        (Load("stages", SYNTHETIC, seed=None), "unknown stages, prompt 512, output 128 tokens"),
    ],
    ids=["poisson", "closed loop", "stages", "file", "another tool", "not told", "nothing told", "no stages"],
)
def test_load_is_said_as_one_would_say_it(load: Load, said: str) -> None:
    """What was sent, how long, and what would send it again."""
    assert load_words.load(load) == said


def test_list_of_what_nobody_dated_has_no_year_and_fits_a_line() -> None:
    """Reports of other tools may tell neither when they were made nor how requests arrived."""
    load = Load("untold", SYNTHETIC, rate=4, api="untold", seed=None)
    table = baseline_words.listed([structs.replace(LOADED, started_at="", load=load)] * 2, wide=False)
    assert table.head[1] == "recorded"
    assert [row[1][0] for row in table.rows] == ["at an unknown time"] * 2
    assert [row[-1][0] for row in table.rows] == ["unknown 4/s, 512→128"] * 2


@pytest.mark.parametrize(
    ("requests", "said"),
    [
        (Requests(240, 240), "240 sent, 240 completed, none failed"),
        (Requests(126, 116, {"timeout": 3, "http": 7, "reset": 0}), "126 sent, 116 completed, 10 failed: 7 answered with an HTTP error, 3 timed out"),
        (Requests(completed=2349), "2,349 completed"),
        (Requests(), "not counted"),
    ],
)  # fmt: skip
def test_requests_are_told_with_failures_by_kind(requests: Requests, said: str) -> None:
    """The most frequent kind first; what was not counted is not 0."""
    assert load_words.requests(requests) == said


def test_progress_line_says_how_a_run_goes() -> None:
    """Share, time left, live rate, latency and failures, in this order."""
    said = load_words.progress(done=0.62, left=38.2, rate=3.92, in_flight=4, failed=0, ttft=0.081)
    assert said == "62 % · 38 s left · 3.92 req/s · 4 in flight · TTFT 81 ms · 0 failed"


@given(st.none() | st.floats(), st.none() | st.floats(), st.floats(), st.none() | st.floats())
def test_progress_line_can_be_said_of_any_numbers(
    done: float | None, left: float | None, rate: float, ttft: float | None
) -> None:
    """A run that just began, or that nobody knows the end of, does not stop the line."""
    assert "nan" not in load_words.progress(done=done, left=left, rate=rate, in_flight=0, failed=0, ttft=ttft)


def test_verdict_is_one_sentence_and_comes_first() -> None:
    """The first line of a comparison is what one would shout across the room."""
    first = render(PERFORMANCE_REPORTS["comparison"], "table", Options(width=140)).splitlines()[0]
    assert first == "worse: TPOT p95 +23 % (interval +19 % to +27 %), tolerated up to +10 %; and 1 more"


def test_worst_comes_first() -> None:
    """Worse, then what cannot be told, then better, then the same."""
    order = [each.verdict for each in comparison_words.sorted_metrics(COMPARISON)]
    assert list(dict.fromkeys(order)) == ["worse", "inconclusive", "better", "same"]


@pytest.mark.parametrize(
    ("verdicts", "said"),
    [
        (("same", "same"), "same: 2 metrics within what is tolerated"),
        (("same", "better"), "better: TPOT p95 +23 % (interval +19 % to +27 %), tolerated up to +10 %"),
        ((), "inconclusive: no metric could be compared"),
    ],
)
def test_headline_says_the_word_for_all(verdicts: tuple[Verdict, ...], said: str) -> None:
    """The verdict of the whole comparison, with the metric that moved furthest."""
    told = tuple(structs.replace(WORSE, verdict=verdict) for verdict in verdicts)
    assert comparison_words.headline(Comparison("a", "b", True, metrics=told)) == said


def test_point_difference_is_said_in_points() -> None:
    """A share that rose from 50 to 57 % rose by 7 points, and not by 14 %."""
    item = Compared("gpu_utilization", "p50", "ratio", "same", 0.5, 0.57, 0.07, (0.05, 0.09), points=True)
    assert comparison_words.sentence(item) == "GPU utilization p50 +7 points (interval +5 to +9 points)"


def test_effect_without_an_interval_says_so() -> None:
    """A number that nobody knows the spread of is not told as if one did."""
    item = structs.replace(WORSE, interval=None, verdict="inconclusive")
    assert "(no interval can be had)" in comparison_words.sentence(item)


def test_refused_comparison_says_what_is_not_told_and_who_can_say_it() -> None:
    """What nobody knows does not differ: it is named apart, and the advice is no load that nobody could send."""
    differs = (
        Difference("rate", "4", "8"),
        Difference("profile", "not told", "not told"),
        Difference("api", "chat", "not told"),
        Difference("seed", "1", "not known", blocks=False),
    )
    silent = structs.replace(LOADED, load=structs.replace(LOADED.load, profile="untold"))
    report = ComparisonReport(structs.replace(REFUSED, differs=differs), silent, silent)
    text = render(report, "table", Options(width=140))
    assert text.startswith("not comparable: rate differs; profile, api are not told\n")
    assert "skewguard baseline import --help" in text
    assert "record b again" not in text


def test_what_nobody_can_say_is_no_advice() -> None:
    """An import takes no source of prompts: what helps is another recording."""
    differs = (Difference("prompt source", "synthetic", "not told"),)
    text = render(
        ComparisonReport(structs.replace(REFUSED, differs=differs), LOADED, SLOWER), "table", Options(width=140)
    )
    assert text.startswith("not comparable: prompt source is not told\n")
    assert "record b again" in text


def test_refused_comparison_says_what_differs_and_what_to_do() -> None:
    """Without a verdict, the reader still knows the next step."""
    load = structs.replace(REFUSED, differs=(Difference("rate", "4 requests/s", "8 requests/s"),))
    text = render(ComparisonReport(load, LOADED, SLOWER), "table", Options(width=200))
    assert text.startswith("not comparable: rate differs\n")
    assert "record b again with what a had (rate): poisson 4 req/s for 60 s" in text


def test_invalid_side_is_named_in_the_advice() -> None:
    """What cannot be trusted is not compared against, and the advice is to record it again."""
    refused = Comparison("a", "b", False, (Difference("validity", "invalid", "valid"),))
    assert comparison_words.advice(refused, INVALID, LOADED).startswith("a cannot be trusted")


@pytest.mark.parametrize("form", ["table", "wide", "markdown", "html"])
def test_invalid_baseline_is_called_so_before_its_numbers(form: str) -> None:
    """Nobody reads a number of an invalid run before the word."""
    text = render(PERFORMANCE_REPORTS["baseline-invalid"], form, Options())
    assert -1 < text.lower().find("invalid") < text.find("68.3 ms" if form != "markdown" else "68\\.3 ms")


INTERRUPTED = structs.replace(
    LOADED, valid=False, partial=True, invalid_because=("the run ended before its load was sent: interrupted",)
)


@pytest.mark.parametrize("form", ["table", "wide", "markdown", "html"])
def test_what_somebody_ended_is_called_partial_and_not_invalid(form: str) -> None:
    """Nothing is wrong with what was measured until then."""
    text = render(BaselineReport((INTERRUPTED,), exit_code=130), form, Options())
    assert "INVALID" not in text
    assert "invalid:" not in text
    assert "partial: the run ended before its load was sent" in text.replace("\n", " ")


def test_what_ended_early_and_failed_as_well_is_invalid() -> None:
    """The ending is not all that is wrong with it."""
    worse = structs.replace(INTERRUPTED, invalid_because=(*INTERRUPTED.invalid_because, "7.9 % of the requests failed"))
    assert [baseline_words.state(each)[0] for each in (INTERRUPTED, worse, LOADED)] == ["partial", "INVALID", "valid"]


def test_gap_is_told_with_its_reason_and_never_as_a_number() -> None:
    """What could not be had stands under the numbers."""
    text = render(BaselineReport((structs.replace(TRAFFIC, metrics=(Metric("queue", "requests", gap="no gauge"),)),)))
    assert "not known: queue: no gauge" in text
    assert "0 requests" not in text


def test_gaps_with_one_reason_are_told_once() -> None:
    """A missing exporter is one sentence, not two."""
    told = tuple(Metric(name, "ratio", gap="no exporter") for name in ("gpu_utilization", "gpu_memory_used"))
    assert baseline_words.gaps(structs.replace(LOADED, metrics=told)) == [
        ("GPU utilization, GPU memory used", "no exporter")
    ]


def test_ids_are_cut_as_far_as_they_stay_apart() -> None:
    """What is shown can be typed, and means one baseline."""
    ids = ["01JDA6K2Q4W8E0R5T7Y9ABCDEF", "01JDA6K2Q4W8XXXXXXXXXXXXXX", ""]
    assert list(baseline_words.short_ids(ids).values()) == ["01JDA6K2Q4W8E", "01JDA6K2Q4W8X", ""]


def test_share_of_a_load_says_that_it_says_nothing_alone() -> None:
    """One of four machines saw a quarter of the load."""
    text = render(BaselineReport((structs.replace(LOADED, part=(1, 4)),)), "table", Options(width=140))
    assert "2 of 4 of a load that several machines sent: it says nothing alone" in text


MISSED = BaselineReport(
    (LOADED,),
    stored="s.db",
    exit_code=1,
    objectives=(
        Objective("e2e", "p95", 3.0, "met", 2.062, "1 of 216 took longer, 5% may"),
        Objective("ttft", "p95", 0.1, "missed", 0.1188, "40 of 216 took longer, 5% may"),
        Objective("preemptions", "max", 1.0, "undecided", None, "it was not measured"),
        Objective("output_tokens_per_second", "min", 1000.0, "missed", 503.2),
    ),
)


@pytest.mark.parametrize("form", ["table", "wide", "markdown", "html"])
def test_missed_objective_stands_in_the_report_that_fails(form: str) -> None:
    """With what was measured and what decided: an exit code alone tells nobody which promise was broken."""
    said = render(MISSED, form, Options())
    assert "2 of 4 objectives missed" in said
    for word in (
        "TTFT p95 at most 100 ms",
        "119 ms",
        "40 of 216",
        "output tokens at least 1,000 tokens/s",
        "503 tokens/s",
    ):
        assert word in said
    assert "not known" in said


def test_missed_objective_is_no_good_news() -> None:
    """What ends with exit code 1 or 3 is not shown in green."""
    unknown = structs.replace(MISSED, objectives=MISSED.objectives[2:3])
    met = structs.replace(MISSED, objectives=MISSED.objectives[:1])
    assert [baseline_words.mood(each) for each in (MISSED, unknown, met)] == ["error", "warning", "good"]
    assert baseline_words.summary(unknown) == "valid baseline, its objective cannot be told, stored in s.db"
    assert baseline_words.summary(met) == "valid baseline, its objective met, stored in s.db"


def test_objectives_stand_in_the_document() -> None:
    """Each with its verdict; a document that holds none says nothing of them, and both are read back."""
    document = json.loads(render(MISSED, "json", Options()))
    assert [(each["name"], each["verdict"], each["value"]) for each in document["objectives"]] == [
        ("e2e", "met", 2.062), ("ttft", "missed", 0.1188), ("preemptions", "undecided", None),
        ("output_tokens_per_second", "missed", 503.2),
    ]  # fmt: skip
    assert "objectives" not in json.loads(render(BaselineReport((LOADED,)), "json", Options()))
    assert read(json.dumps(document).encode()).id == LOADED.id


@pytest.mark.parametrize(
    ("metric", "stat", "said"),
    [
        ("output_tokens_per_second", "max", "output tokens at most 5 tokens/s"),
        ("output_tokens_per_second", "min", "output tokens at least 5 tokens/s"),
        ("gpu_utilization", "min", "GPU utilization at least 500 %"),
        ("ttft", "p95", "TTFT p95 at most 5 s"),
    ],
)
def test_limit_is_said_as_it_is_judged(metric: str, stat: str, said: str) -> None:
    """`min` from below and all others from above, whichever way is better."""
    assert baseline_words.limit(metric, stat, 5.0) == said


def test_interval_that_ends_at_nothing_is_one() -> None:
    """No change at all is a number, and not an interval that nobody knows."""
    open_below = Compared("error_rate", "value", "ratio", "same", 0.0, 0.0, 0.0, (None, 0.0), points=True)
    assert comparison_words.interval(open_below) == "±0 points or less"


def test_plots_show_the_observations_that_metrics_are_made_of() -> None:
    """Warm-up and failures are in neither."""
    told = series.times(structs.replace(LOADED, samples=samples(100, failing=10)))
    assert {name: len(values) for name, values in told.items()} == {"ttft": 80, "tpot": 80, "e2e": 80}


def test_quantiles_of_plots_are_those_of_the_metrics() -> None:
    """The dot at p95 stands where the table says that p95 is."""
    judged = metrics.of_run(Run(LOAD, LOADED.started_at, 60.4, samples(), KERNEL, (6.0, 60.0)), slo={}, gpus=2)
    told = {each.name: (each.quantiles or {}).get("p95") for each in judged}
    drawn = {name: plots.quantile(values, 0.95) for name, values in series.times(LOADED).items()}
    assert drawn == pytest.approx({name: told[name] for name in drawn})


def test_noise_of_details_waits_for_wide() -> None:
    """A calibration knows twenty numbers, and a comparison judges eight."""
    noise = tuple(Noise("tpot", stat, 0.02, 0.01, 3) for stat in ("p50", "p90", "p95", "mean"))
    calibration = structs.replace(CALIBRATION, noise=noise)
    rows = [[row[0][0] for row in baseline_words.noise(calibration, wide=wide).rows] for wide in (False, True)]
    assert rows == [["TPOT p50", "TPOT p95"], ["TPOT p50", "TPOT p90", "TPOT p95", "TPOT mean"]]


def test_limit_in_a_reason_is_said_as_the_change_it_allows() -> None:
    """The reader compares `+23 %` with `+10 %`, and not with `1.1x`."""
    item = structs.replace(WORSE, reason="the whole interval is outside what is tolerated (at most 1.1x)")
    assert comparison_words.reason(item).endswith("(up to +10 %)")


def test_baseline_without_requests_one_by_one_has_no_curves() -> None:
    """Live traffic is told by buckets alone."""
    assert (series.times(TRAFFIC), series.flow(TRAFFIC)) == ({}, None)


def test_window_in_which_nothing_came_has_no_curve() -> None:
    """At most 0 tokens/s would be a rate that nobody measured."""
    assert series.flow(LOADED) is not None
    assert series.flow(structs.replace(LOADED, measured=(0.0, 1e-9))) is None


def test_side_without_rows_is_drawn_beside_one_that_has_them() -> None:
    """An imported baseline knows its quantiles alone: both sides are then shown by those, and neither is left out."""
    imported = structs.replace(LOADED, samples=None, id="IMPORTED")
    text = render(ComparisonReport(COMPARISON, imported, SLOWER), "html", Options())
    assert text.count("Between what each quantile lies. a, before:") == 3
    assert "Share of requests that took at most so long" not in text


def test_tolerance_is_marked_where_it_was_judged() -> None:
    """The line stands at what the contract allows of the earlier p95."""
    text = render(PERFORMANCE_REPORTS["comparison"], "html", Options())
    assert "tolerated p95: 16.9 ms" in text


def test_page_marks_both_sides_by_more_than_color() -> None:
    """Grey and dashed, blue and whole."""
    assert "svg .a { stroke: var(--a); stroke-dasharray" in plots.STYLE


# ---- machines --------------------------------------------------------------------------------------------------------


def test_worse_metric_fails_its_test_case() -> None:
    """One case for each metric; those that are worse fail."""
    root = ET.fromstring(render(PERFORMANCE_REPORTS["comparison"], "junit", Options()))  # noqa: S314  # our own text
    failed = [case.attrib["name"] for case in root.iter("testcase") if case.find("failure") is not None]
    assert (failed, int(root.attrib["tests"])) == (["TPOT p95", "E2E p95"], len(COMPARISON.metrics))


@pytest.mark.parametrize(("deciding", "outcome"), [(True, "error"), (False, "skipped")])
def test_open_metric_is_red_only_where_it_leaves_all_open(deciding: bool, outcome: str) -> None:
    """A tail that nobody promised does not stop a pipeline; what decides does."""
    metric = structs.replace(WORSE, verdict="inconclusive", deciding=deciding)
    told = (metric, structs.replace(WORSE, stat="p50", verdict="same"))
    report = ComparisonReport(Comparison("a", "b", True, metrics=told), LOADED, SLOWER, exit_code=3 if deciding else 0)
    root = ET.fromstring(render(report, "junit", Options()))  # noqa: S314  # our own text
    (case,) = [case for case in root.iter("testcase") if case.attrib["name"] == "TPOT p95"]
    assert [child.tag for child in case] == [outcome]


def test_open_comparison_that_is_allowed_is_not_red() -> None:
    """With `--allow-inconclusive` the exit code is 0, and a test report that fails would say otherwise."""
    told = (Compared("tpot", "p95", "s", "inconclusive", 0.01, 0.011, 1.1, (0.9, 1.3), reason="too few"),)
    report = ComparisonReport(Comparison("a", "b", True, metrics=told), LOADED, SLOWER, exit_code=0)
    text = render(report, "junit", Options())
    assert 'failures="0" errors="0" skipped="1"' in text
    assert "inconclusive: TPOT p95" in text


def test_annotation_of_a_metric_that_is_worse_is_an_error() -> None:
    """The runner shows errors first."""
    lines = render(PERFORMANCE_REPORTS["comparison"], "github", Options()).splitlines()
    assert [line.split(" ")[0] for line in lines] == ["::error", "::error", "::warning"]


@pytest.mark.parametrize(
    ("name", "verb_name"),
    [
        ("baseline", "baseline record"),
        ("comparison", "baseline compare"),
        ("calibration", "baseline calibrate"),
        ("baselines", "baseline list"),
    ],
)
def test_answer_belongs_to_its_verb(name: str, verb_name: str) -> None:
    """Formats are offered by the verb that answers."""
    assert verb(PERFORMANCE_REPORTS[name]) == verb_name


@pytest.mark.parametrize("verb_name", ["baseline show", "baseline merge"])
def test_verbs_that_show_a_baseline_have_its_formats(verb_name: str) -> None:
    """They answer with the same kind of report as `record`."""
    assert formats_for(verb_name) == formats_for("baseline record")


def test_imported_baseline_has_all_formats_but_that_of_rows() -> None:
    """Reports of other tools tell no requests one by one."""
    assert formats_for("baseline import") == [name for name in formats_for("baseline record") if name != "csv"]


# ---- secrets ---------------------------------------------------------------------------------------------------------

SECRET = "Zq9CorrectHorseBattery"  # noqa: S105  # nobody's
KEY = Fact("vllm.api_key", SECRET, "declared", Origin("object", "Deployment prod/chat", text=f"--api-key={SECRET}"))
LEAKY = structs.replace(
    LOADED,
    subject=structs.replace(LOADED.subject, kind="Endpoint", name=f"https://me:{SECRET}@chat.example/v1?key={SECRET}"),
    model=f"https://me:{SECRET}@models.example/chat",
    facts=(KEY,),
    notes=(f"asked with Bearer {SECRET}",),
    invalid_because=(f"401 for {SECRET}",),
)


@pytest.mark.parametrize(
    "report",
    [
        BaselineReport((LEAKY,), against=LEAKY, stored=f"postgresql://me:{SECRET}@db/records"),
        ComparisonReport(
            structs.replace(REFUSED, differs=(Difference("vllm.api_key", SECRET, "none"),)), LEAKY, LOADED
        ),
    ],
    ids=["baseline", "comparison"],
)
def test_secret_is_in_no_format_of_performance(report: BaselineReport | ComparisonReport) -> None:
    """A key known by its fact, a password in a URL: masked in every format."""
    for form in formats_for(verb(report)):
        assert SECRET not in render(report, form, Options(verbose=True, width=1000)), form


def test_model_that_looks_like_a_key_is_no_subject_in_any_format() -> None:
    """A document may come from anywhere: what it calls its model is shown as little as it is elsewhere."""
    key = "hf_" + 8 * "Zq9C"
    report = BaselineReport((structs.replace(LOADED, subject=Subject("Model", f"org/{key}"), model=key),))
    for form in formats_for("baseline show"):
        assert key not in render(report, form, Options(verbose=True, width=1000)), form


def test_secret_is_not_stored() -> None:
    """What goes to the store passes the same door."""
    assert SECRET.encode() not in write(LEAKY)


def test_door_leaves_samples_alone() -> None:
    """A number that equals a secret's is still the number that was measured, and 60,000 rows are not searched."""
    rows = samples(40)
    rows.prompt_tokens[-1] = 123456
    pin = Fact("vllm.api_key", "123456", "declared", Origin("object", "Deployment prod/chat"))
    text = write(structs.replace(LOADED, samples=rows, facts=(pin,)))
    assert json.loads(text)["samples"]["prompt_tokens"][-1] == 123456


@pytest.mark.parametrize(
    ("moment", "shown"),
    [
        ("2026-11-23T10:00:00Z", "2026-11-23 10:00 UTC"),
        ("2026-11-23T01:30:00+05:30", "2026-11-22 20:00 UTC"),
        ("2026-11-23T10:00:00", "2026-11-23 10:00 of an unknown zone"),
        ("2026-11-23 10:00:00.123", "2026-11-23 10:00 of an unknown zone"),
        ("", "at an unknown time"),
        ("20 minutes ago", "20 minutes ago"),
    ],
)
def test_a_moment_is_called_utc_only_where_it_is(moment: str, shown: str) -> None:
    """Another zone is reckoned over, and the clock of a machine nobody knows is not called UTC."""
    item = structs.replace(LOADED, started_at=moment)
    assert f" · {shown} · " in baseline_words.heading(item)
    report = ComparisonReport(COMPARISON, item, LOADED)
    assert shown in dict(comparison_words.sides(COMPARISON, report.a, report.b))["a"]
