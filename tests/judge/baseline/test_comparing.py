"""Verdicts on pairs whose truth is known: small ones by hand, a few simulated; many stand in test_simulated_pairs."""

from collections.abc import Mapping
from typing import Any

import pytest
from msgspec import structs

from skewguard.judge.baseline import comparing, evidence, metrics, tolerances
from skewguard.language.baselines import Baseline, Between, Calibration, Compared, Comparison, Metric, Noise, Requests
from skewguard.language.facts import Subject
from tests.judge.baseline import simulation
from tests.judge.baseline.building import LOAD, SUBJECT, bare, metric, run
from tests.judge.baseline.simulation import Scene

LOOP = Scene(concurrency=4)


def row(comparison: Comparison, name: str, stat: str) -> Compared:
    return next(each for each in comparison.metrics if (each.name, each.stat) == (name, stat))


def tpot(value: float, n: int = 5000) -> Metric:
    return metric("tpot", n=n, p50=value, p95=value * 1.2)


def learned(spread: float, runs: int = 10, **changed: Any) -> Calibration:
    noise = tuple(
        Noise(name, stat, floor=0.0, spread=spread, pairs=runs * (runs - 1) // 2)
        for name, stat in (("tpot", "p50"), ("tpot", "p95"), ("output_tokens_per_second", "value"))
    )
    return structs.replace(Calibration(SUBJECT, LOAD, "2026-01-05T10:00:00Z", (), noise), **changed)


# ---- with rows -------------------------------------------------------------------------------------------------------


def test_slower_server_is_worse_with_its_effect_and_interval() -> None:
    """A fifth longer steps: time per token is worse, by about 1.2, and the interval holds that."""
    known = learned(0.005, load=simulation.load(LOOP))
    found = comparing.compare(simulation.baseline(LOOP, 1), simulation.baseline(LOOP, 2, slower=1.2), calibration=known)

    told = row(found, "tpot", "p50")
    assert found.verdict == told.verdict == "worse"
    assert told.effect == pytest.approx(1.2, abs=0.03)
    assert told.interval is not None
    low, high = told.interval
    assert low is not None
    assert high is not None
    assert 1.1 < low < 1.2 < high


def test_without_a_calibration_a_fifth_is_not_called_worse_and_the_way_out_is_named() -> None:
    """Runs of one server may differ by that much where nobody learned how far they do; half as long again they do not."""
    one = simulation.baseline(LOOP, 1)
    told = row(comparing.compare(one, simulation.baseline(LOOP, 2, slower=1.2)), "tpot", "p50")
    large = comparing.compare(one, simulation.baseline(LOOP, 2, slower=1.5))

    assert told.verdict == "inconclusive"
    assert "taken to differ by up to 1.25x: run baseline calibrate" in told.reason
    assert large.verdict == row(large, "tpot", "p50").verdict == "worse"


def test_effect_that_calibrated_runs_differ_in_is_not_called_worse_and_says_by_how_much() -> None:
    """Beyond the tolerance, but no further than ten runs of the very same thing lie apart."""
    noisy = learned(0.06, load=simulation.load(LOOP))
    found = comparing.compare(
        simulation.baseline(LOOP, 1), simulation.baseline(LOOP, 2, slower=1.25), calibration=noisy
    )

    told = row(found, "tpot", "p50")
    assert told.verdict == "inconclusive"
    assert "as 10 of them taught" in told.reason


def test_faster_server_is_better() -> None:
    """The other way round, it is better, and no metric is worse."""
    found = comparing.compare(simulation.baseline(LOOP, 1, slower=1.4), simulation.baseline(LOOP, 2))

    assert found.verdict == "better"
    assert row(found, "output_tokens_per_second", "value").verdict == "better"


def test_same_server_is_the_same() -> None:
    """Two runs of one thing, and the reason is said."""
    found = comparing.compare(simulation.baseline(LOOP, 1), simulation.baseline(LOOP, 2))

    assert found.verdict == "same"
    assert row(found, "tpot", "p50").reason == "the whole interval is within the tolerance"


def in_step(cycle: float) -> Baseline:
    """60 s of four requests at once that begin and end together, a third of the time before the first token."""
    rows = [
        {"intended": at * cycle, "first": (at + 0.33) * cycle, "last": (at + 0.999) * cycle, "output_tokens": 40, "chunks": 40, "phase": int(at > 3)}
        for at in range(int(66 / cycle)) for _ in range(4)
    ]  # fmt: skip
    load = structs.replace(LOAD, profile="concurrency", rate=None, concurrency=4)
    made = run(rows, load=load, measured=(4 * cycle, 4 * cycle + 60.0))
    found = metrics.of_run(made, slo={}, gpus=1)
    return bare(*found, load=load, samples=made.samples, measured=made.measured)


def test_requests_that_go_in_step_are_the_same_after_a_minute() -> None:
    """An engine that serves four at once in lumps of 1.67 s, twice: all is told, though a clock would see lumps."""
    found = comparing.compare(in_step(1.667), in_step(1.667 * 1.001))

    told = row(found, "output_tokens_per_second", "value")
    assert told.verdict == found.verdict == "same"
    assert told.interval is not None
    assert told.interval[0] is not None
    assert told.interval[0] > 0.97


def test_verdict_is_the_same_every_time() -> None:
    """Bootstrap draws come from a fixed seed."""
    one, other = simulation.baseline(LOOP, 1), simulation.baseline(LOOP, 2, slower=1.1)

    assert comparing.compare(one, other) == comparing.compare(one, other)


def test_tail_of_few_requests_is_inconclusive_and_says_how_many_are_needed() -> None:
    """A p99 of 140 requests: nobody can tell, and the comparison as a whole does not hang on it."""
    found = comparing.compare(simulation.baseline(Scene(rate=4), 1), simulation.baseline(Scene(rate=4), 2))

    told = row(found, "e2e", "p99")
    assert told.verdict == "inconclusive"
    assert "1000 are needed" in told.reason
    assert found.verdict == "same"


def test_window_of_a_few_lifetimes_tells_nothing() -> None:
    """Answers of 12 s in a window of 60 s: it has to be longer."""
    long = Scene(concurrency=4, output=900)
    found = comparing.compare(simulation.baseline(long, 1), simulation.baseline(long, 2))

    assert found.verdict == "inconclusive"
    assert "lifetimes of a request" in row(found, "output_tokens_per_second", "value").reason


def test_same_schedule_cancels_what_arrivals_do() -> None:
    """Poisson arrivals alone make 240 requests uncertain by 6 %; sent alike to both sides they cancel."""
    scene = Scene(rate=4)
    found = comparing.compare(simulation.baseline(scene, 1), simulation.baseline(scene, 2))

    low, high = row(found, "output_tokens_per_second", "value").interval or (None, None)
    assert low is not None
    assert high is not None
    assert high / low < 1.06


def test_waiting_near_saturation_is_never_plainly_worse() -> None:
    """More arrives than is served: TTFT grows with the length of the run, and the answer says so."""
    scene = Scene(rate=30.0, seconds=90)
    one, other = simulation.baseline(scene, 1), simulation.baseline(scene, 2, slower=1.5)
    found = comparing.compare(one, other)

    assert evidence.saturated(one)
    assert row(found, "ttft", "p95").verdict == "inconclusive"
    assert "near saturation" in row(found, "ttft", "p95").reason
    assert row(found, "output_tokens_per_second", "value").verdict == "worse"


def steady(ttft: float, slo: Mapping[str, Mapping[str, float]] | None = None, gap: float = 0.1) -> Baseline:
    """A minute of 4 requests/s, each served for a second after about so long a wait, never more than a few at once."""
    rows = [
        {"intended": at / 4, "first": at / 4 + ttft * (1 + at * 7 % 10 / 100), "last": at / 4 + ttft + 1.2, "gap_counts": 9}
        for at in range(240)
    ]  # fmt: skip
    plain = run(rows, measured=(0.0, 60.0))
    made = structs.replace(plain, samples=structs.replace(plain.samples, gaps=[gap] * 9 * 240))
    found = metrics.of_run(made, slo=slo or {}, gpus=1)
    return bare(*found, samples=made.samples, measured=made.measured, slo=slo or {})


def test_first_token_that_comes_later_without_a_queue_is_worse_whatever_objective_it_misses() -> None:
    """Every request misses its objective, and nothing waits in a queue: what is measured is the server."""
    slo = {"ttft": {"p95": 0.2}}
    one, other = steady(0.1, slo), steady(0.3, slo)

    assert (one.metric("goodput") or metric("goodput")).value == pytest.approx(4.0)
    assert (other.metric("goodput") or metric("goodput")).value == 0.0
    assert row(comparing.compare(one, other), "ttft", "p95").verdict == "worse"


def test_server_that_meets_no_objective_any_more_is_worse() -> None:
    """Nothing has no logarithm, and four requests per second less are all that there were."""
    limits = tolerances.of({"goodput": {"min_ratio": 0.9}})
    slo = {"ttft": {"p95": 0.2}}
    told = row(comparing.compare(steady(0.1, slo), steady(0.3, slo), tolerances=limits), "goodput", "value")

    assert told.verdict == "worse"
    assert told.points
    assert told.effect == pytest.approx(-4.0)


@pytest.mark.parametrize("gap", [0.0, 0.02])
def test_time_between_chunks_of_0_has_no_ratio(gap: float) -> None:
    """A server that sent all its chunks at once, and now each by itself: twenty milliseconds are not infinitely more than none."""
    limit = tolerances.of({"itl": {"p50": {"max_ratio": 1.1}}})
    one, other = (steady(0.1, gap=each) for each in (0.0, gap))

    told = row(comparing.compare(one, other, tolerances=limit), "itl", "p50")
    assert (told.verdict, told.reason) == ("inconclusive", "a value of 0 has no ratio")


def test_answers_that_show_no_token_are_as_long_as_they_were_served() -> None:
    """Blocks of the window are never shorter than a request is served, also where its first token was not seen before its last."""
    plain = steady(0.1)
    assert plain.samples is not None
    unseen = structs.replace(plain.samples, chunks=[0] * 240, first=plain.samples.last)
    side = evidence.side(structs.replace(plain, samples=unseen))

    assert side is not None
    assert side.lifetime == pytest.approx(1.3)


@pytest.mark.parametrize(("profile", "excused"), [("untold", False), ("poisson", False), ("concurrency", True)])
def test_queue_is_looked_for_unless_the_loop_is_known_to_be_closed(profile: str, excused: bool) -> None:
    """A load of which nobody tells how it arrived may have had a queue like any that comes at a rate."""
    queued = bare(metric("queue", p50=3.0), load=structs.replace(LOAD, profile=profile))

    assert (not evidence.saturated(queued)) is excused


def test_untold_loads_are_never_compared() -> None:
    """However alike their numbers are: the comparison is refused, and nothing is called the same."""
    silent = bare(metric("ttft", p50=0.1, p95=0.2), load=structs.replace(LOAD, profile="untold"))
    found = comparing.compare(silent, silent)

    assert (found.comparable, found.verdict, found.metrics) == (False, "inconclusive", ())


@pytest.mark.parametrize("seed", [1008, 1012, 1022, 1028])
def test_server_that_wanders_within_its_runs_is_not_called_worse_between_them(seed: int) -> None:
    """The very same one on a machine that others use: what a third of a minute does to it the next minute may do as well."""
    wandering = Scene(concurrency=8, seconds=30, prompt=32, output=32, base=0.03, wobble=0.3, memory=20.0)
    found = comparing.compare(simulation.baseline(wandering, seed), simulation.baseline(wandering, seed + 1))

    assert found.verdict == "inconclusive"
    assert any("moved so far within themselves" in each.reason for each in found.metrics)


def test_noise_learned_from_runs_widens_what_the_rows_say() -> None:
    """Runs of this server differ by 15 % from each other: a fifth more is no news."""
    one, other = simulation.baseline(LOOP, 1), simulation.baseline(LOOP, 2, slower=1.2)
    noisy = learned(0.15, load=simulation.load(LOOP))

    assert comparing.compare(one, other, calibration=noisy).verdict == "inconclusive"
    assert comparing.compare(one, other, calibration=learned(0.01, load=simulation.load(LOOP))).verdict == "worse"


def test_metric_of_which_a_calibration_tells_nothing_says_so() -> None:
    """It was only an interval in one of the runs that taught the others: to say that there is no calibration would be wrong."""
    known = learned(0.01, load=simulation.load(LOOP))
    known = structs.replace(known, noise=known.noise[2:])
    found = comparing.compare(simulation.baseline(LOOP, 1), simulation.baseline(LOOP, 2, slower=1.2), calibration=known)

    assert "without a calibration that tells of this metric" in row(found, "tpot", "p50").reason


def test_few_runs_support_only_a_wide_floor() -> None:
    """The same spread seen in three runs says less than in ten."""
    one, other = simulation.baseline(LOOP, 1), simulation.baseline(LOOP, 2, slower=1.2)
    runs = {count: learned(0.015, runs=count, load=simulation.load(LOOP)) for count in (3, 10)}

    assert [comparing.compare(one, other, calibration=each).verdict for each in runs.values()] == [
        "inconclusive",
        "worse",
    ]


def test_limit_on_the_side_of_gains_does_not_turn_worse_into_better() -> None:
    """Somebody limits how much faster a token may come: three times slower is no gain for that."""
    limits = tolerances.of({"tpot": {"p50": {"min_ratio": 0.5}}})

    assert row(comparing.compare(imported(0.01), imported(0.03), tolerances=limits), "tpot", "p50").verdict == "worse"


def test_calibration_learned_with_other_settings_is_used_and_told() -> None:
    """Noise of another batch limit may be another noise."""
    known = learned(0.005, load=simulation.load(LOOP), inputs_digest="inp1:old")
    one, other = (structs.replace(simulation.baseline(LOOP, each), inputs_digest="inp1:new") for each in (1, 2))

    found = comparing.compare(one, other, calibration=known)
    assert found.calibrated
    assert [(each.what, each.blocks) for each in found.differs] == [("settings of the calibration", False)]
    told = comparing.compare(structs.replace(one, inputs_digest="inp1:old"), other, calibration=known)
    assert not told.differs


def test_calibration_of_something_else_is_not_used_and_that_is_told() -> None:
    """Another subject's noise is no answer for this one."""
    foreign = learned(0.5, subject=Subject("Deployment", "other"), load=simulation.load(LOOP))
    found = comparing.compare(
        simulation.baseline(LOOP, 1), simulation.baseline(LOOP, 2, slower=1.5), calibration=foreign
    )

    assert not found.calibrated
    assert found.verdict == "worse"
    assert [each.what for each in found.differs] == ["calibration"]


# ---- without rows ----------------------------------------------------------------------------------------------------


def imported(value: float, n: int = 5000) -> Baseline:
    return bare(tpot(value, n), made_by="inference-perf 0.7")


def test_imported_numbers_alone_decide_nothing_near() -> None:
    """Means and quantiles of another tool: 20 % apart may be noise, and the way out is named."""
    found = comparing.compare(imported(0.010), imported(0.012))

    assert found.verdict == "inconclusive"
    assert "run baseline calibrate" in row(found, "tpot", "p50").reason
    assert row(found, "tpot", "p50").interval is None


@pytest.mark.parametrize(("n", "verdict"), [(5000, "worse"), (10, "inconclusive")])
def test_effect_that_no_noise_explains_is_believed_of_enough_requests(n: int, verdict: str) -> None:
    """Half as slow again is worse even so; of ten requests it is not."""
    assert comparing.compare(imported(0.010, n), imported(0.016, n)).verdict == verdict


@pytest.mark.parametrize(("value", "verdict"), [(0.0101, "same"), (0.0125, "worse"), (0.0080, "better")])
def test_learned_noise_decides_over_imported_numbers(value: float, verdict: str) -> None:
    """With a floor of about 4 % an interval can be had."""
    assert comparing.compare(imported(0.010), imported(value), calibration=learned(0.01)).verdict == verdict


@pytest.mark.parametrize(
    ("low", "high", "verdict"), [(0.05, 0.1, "inconclusive"), (0.1, 0.25, "inconclusive"), (0.25, 0.5, "worse")]
)
def test_buckets_are_worse_only_where_they_lie_apart(low: float, high: float, verdict: str) -> None:
    """A quantile from traffic is a bucket: the same or the next one may be the same value."""
    traffic = structs.replace(LOAD, profile="observed")
    one = bare(metric("tpot", p50=Between(0.05, 0.1)), kind="traffic", load=traffic)
    other = bare(metric("tpot", p50=Between(low, high)), kind="traffic", load=traffic)

    assert comparing.compare(one, other).verdict == verdict


@pytest.mark.parametrize(("n", "verdict"), [(200, "worse"), (199, "inconclusive")])
def test_buckets_of_few_requests_are_worse_than_none(n: int, verdict: str) -> None:
    """The p95 of a few dozen requests is that of the two slowest: in another bucket they may be by chance."""
    traffic = structs.replace(LOAD, profile="observed")
    one, other = (
        bare(metric("ttft", n=n, p95=bucket), kind="traffic", load=traffic)
        for bucket in (Between(0.05, 0.1), Between(0.5, 1.0))
    )
    told = row(comparing.compare(one, other), "ttft", "p95")

    assert told.verdict == verdict
    assert verdict == "worse" or told.reason == "199 observations are too few to compare p95: 200 are needed"


def test_noise_of_traffic_is_that_of_any_window_that_may_be_compared_with_it() -> None:
    """No two windows of production have the same rate and lengths to the last digit."""
    learned_at, seen = (
        structs.replace(LOAD, profile="observed", rate=rate, concurrency=running, duration=900.0)
        for rate, running in ((4.0, 7), (4.1, 8))
    )
    one = bare(tpot(0.010), kind="traffic", load=seen, duration=900.0)
    known = learned(0.01, load=learned_at)
    far = structs.replace(known, load=structs.replace(learned_at, rate=9.0))

    found = comparing.compare(one, bare(tpot(0.0125), kind="traffic", load=seen, duration=900.0), calibration=known)
    assert (found.calibrated, found.verdict) == (True, "worse")
    assert not comparing.compare(one, one, calibration=far).calibrated


def test_noise_of_long_runs_says_nothing_of_short_ones_without_rows() -> None:
    """A minute holds more chance than the quarter of an hour that was learned from, and no rows tell how much more."""
    known = learned(0.01, load=structs.replace(LOAD, duration=900.0))
    told = row(comparing.compare(imported(0.010), imported(0.0125), calibration=known), "tpot", "p50")

    assert told.verdict == "inconclusive"
    assert "without a calibration of runs as short as these" in told.reason


def test_throughput_of_traffic_is_demand() -> None:
    """Fewer tokens in the second window: fewer were asked for."""
    traffic = structs.replace(LOAD, profile="observed")
    one, other = (
        bare(metric("output_tokens_per_second", value), kind="traffic", load=traffic) for value in (1000.0, 700.0)
    )
    found = comparing.compare(one, other)

    assert found.verdict == "inconclusive"
    assert "what was asked for" in found.metrics[0].reason


def test_public_pair_of_the_same_thing_is_not_called_worse() -> None:
    """inference-perf's KubeCon 2025 runs, the largest differences of the pair that ran alike: TTFT p99 49 % apart at the knee."""
    one = bare(
        metric("output_tokens_per_second", 1000.0),
        metric("tpot", p50=0.020, p99=0.040),
        metric("ttft", p99=1.0),
        made_by="inference-perf",
    )
    other = bare(
        metric("output_tokens_per_second", 988.0), metric("tpot", p50=0.02058, p99=0.04388), metric("ttft", p99=1.49), made_by="inference-perf"
    )  # fmt: skip

    for a, b in ((one, other), (other, one)):
        assert "worse" not in {each.verdict for each in comparing.compare(a, b, tolerances=EVERY).metrics}


def test_public_pair_with_another_setting_is_called_worse() -> None:
    """The same runs with prefix cache and chunked prefill off: TPOT p50 51 % up, throughput 40 % down; at 1 request/s nothing to see."""
    one = bare(metric("output_tokens_per_second", 1000.0), metric("tpot", p50=0.020), made_by="inference-perf")
    other = bare(metric("output_tokens_per_second", 600.0), metric("tpot", p50=0.0302), made_by="inference-perf")
    idle = bare(metric("tpot", p50=0.01998), made_by="inference-perf")

    assert {each.verdict for each in comparing.compare(one, other).metrics} == {"worse"}
    assert comparing.compare(one, idle).verdict == "inconclusive"


EVERY = tolerances.of({"tpot": {"p99": {"max_ratio": 1.1}}})


# ---- refusal, points and the whole -----------------------------------------------------------------------------------


@pytest.mark.parametrize("known", ["metric", "count"])
def test_imported_run_whose_requests_failed_fast_is_never_better(known: str) -> None:
    """Half of them refused in a millisecond: the rest had the server to itself, and no other tool calls that invalid."""
    counted = Requests(sent=1000, completed=500, failed={"http": 500}) if known == "count" else Requests()
    rate = (metric("error_rate", 0.5),) if known == "metric" else ()
    fast = bare(tpot(0.005), *rate, made_by="vllm bench", requests=counted)
    found = comparing.compare(structs.replace(imported(0.01), made_by="vllm bench"), fast)

    assert not found.comparable
    assert [(each.what, each.a, each.b) for each in found.differs] == [("requests that failed", "not known", "50.0%")]


def test_loads_that_differ_are_not_compared() -> None:
    """Another rate: refused, with what differs, and no metric."""
    found = comparing.compare(imported(0.01), structs.replace(imported(0.01), load=structs.replace(LOAD, rate=8.0)))

    assert not found.comparable
    assert found.verdict == "inconclusive"
    assert [each.what for each in found.differs] == ["rate"]
    assert not found.metrics


@pytest.mark.parametrize(("share", "verdict"), [(0.62, "inconclusive"), (0.95, "worse"), (0.25, "worse")])
def test_utilization_is_compared_in_points_both_ways(share: float, verdict: str) -> None:
    """A GPU that does much more or much less for the same load is not the same."""
    one, other = (bare(metric("gpu_utilization", p50=each)) for each in (0.6, share))
    told = comparing.compare(one, other).metrics[0]

    assert told.points
    assert told.verdict == verdict
    assert told.effect == pytest.approx(share - 0.6)


@pytest.mark.parametrize(
    ("slower", "spread", "verdict"),
    [(1.2, 0.01, "worse"), (1.2, 0.08, "inconclusive"), (1.2, None, "inconclusive"), (1.5, None, "worse")],
)
def test_limit_in_seconds_has_the_noise_of_the_ratio(slower: float, spread: float | None, verdict: str) -> None:
    """A contract that lets a token take a millisecond longer: runs differ by as many percent as if it had said so in percent."""
    limit = tolerances.of({"tpot": {"p50": {"max_points": 0.001}}})
    one, other = simulation.baseline(LOOP, 1), simulation.baseline(LOOP, 2, slower=slower)
    known = learned(spread, load=simulation.load(LOOP)) if spread else None

    told = row(comparing.compare(one, other, tolerances=limit, calibration=known), "tpot", "p50")
    assert told.points
    assert told.verdict == verdict


def test_metric_that_one_side_lacks_is_inconclusive_and_says_why() -> None:
    """A server that no longer tells its tokens is not the same as one that did; a tail that came short decides nothing."""
    gap = Metric("tpot", "s", gap="the server counted no output tokens")
    found = comparing.compare(bare(tpot(0.01)), bare(gap))

    told = row(found, "tpot", "p50")
    assert (told.verdict, told.a, told.b, told.effect) == ("inconclusive", 0.01, None, None)
    assert told.reason == "b lacks it: the server counted no output tokens"
    assert [each.deciding for each in found.metrics] == [True, False]


def test_metric_that_both_lack_is_told_where_a_contract_limits_it() -> None:
    """Promised and never measured: the comparison is open; of defaults nothing is said."""
    limits = tolerances.of({"queue": {"p50": {"max_points": 3}}, "tpot": {"p99": {"max_ratio": 1.1}}})
    one, other = simulation.baseline(LOOP, 1), simulation.baseline(LOOP, 2)
    found = comparing.compare(one, other, tolerances=limits)

    assert found.verdict == "inconclusive"
    assert row(found, "queue", "p50").reason == "a lacks it: it was not measured; b lacks it: it was not measured"
    assert "gpu_utilization" not in {each.name for each in found.metrics}


def test_zero_has_no_ratio_and_stops_nothing() -> None:
    """Nothing served on one side: the effect is unknown, not infinite."""
    one, other = bare(metric("output_tokens_per_second", 0.0)), bare(metric("output_tokens_per_second", 100.0))

    assert comparing.compare(one, other).verdict == "inconclusive"
    assert comparing.compare(other, one).metrics[0].effect is None
