"""From rows to metrics: what is counted where, and what is not known."""

import math
from typing import Any

import pytest
from msgspec import structs

from skewguard.judge.baseline import metrics
from skewguard.language.baselines import Between, Metric, Number, Run
from tests.judge.baseline.building import LOAD, failed, run


def of(measured: Run, name: str, *, slo: Any = None, gpus: int | None = 2) -> Metric:
    return {each.name: each for each in metrics.of_run(measured, slo=slo or {}, gpus=gpus)}[name]


def even(count: int, **more: Any) -> list[dict[str, Any]]:
    """Requests evenly over ten seconds."""
    return [{"intended": 10 * each / count, **more} for each in range(count)]


def quantile(metric: Metric, stat: str) -> Number:
    assert metric.quantiles is not None
    return metric.quantiles[stat]


def test_tokens_of_an_answer_that_straddles_an_edge_count_with_the_part_inside() -> None:
    """An answer of 11 tokens, evenly from -5 s to 5 s, delivers half of the ten after its first inside the window; one that ends late likewise."""
    early = {"intended": -6.0, "first": -5.0, "last": 5.0, "output_tokens": 11, "chunks": 11, "phase": 0}
    late = {"intended": 4.0, "first": 5.0, "last": 15.0, "output_tokens": 11, "chunks": 11}

    assert of(run([early]), "output_tokens_per_second").value == pytest.approx(0.5)
    assert of(run([late]), "output_tokens_per_second").value == pytest.approx(0.6)


def test_throughput_is_not_biased_by_long_answers_at_the_edges() -> None:
    """A closed loop of one that answers 100 tokens in 4 s delivers 25 tokens/s, whatever the window cuts."""
    rows = [
        {"intended": start, "first": start + 0.04, "last": start + 4.0, "output_tokens": 100, "chunks": 100,
         "phase": 0 if start < 0 else 1}
        for start in (-7.0, -3.0, 1.0, 5.0, 9.0)
    ]  # fmt: skip

    assert of(run(rows), "output_tokens_per_second").value == pytest.approx(25, rel=0.01)


@pytest.mark.parametrize(
    ("gaps", "earliest"),
    [
        ([0.2, 0.3, 0.4], 0.6),  # three chunks came apart, the fourth with what followed it
        ([0.2, 0.7, 0.0], 0.3),  # the last two were read together
        ([0.2, 0.3], 0.6),  # the end came 0.4 s after the last text
    ],
)
def test_last_token_that_was_read_late_came_after_the_read_before_it(gaps: list[float], earliest: float) -> None:
    """Its moment lies between that read and its own: the end-to-end time is an interval no wider than that."""
    rows = even(50, output_tokens=4, chunks=len(gaps) + 1, gap_counts=len(gaps), last_censored=True)
    samples = run([{**row, "first": row["intended"] + 0.1, "last": row["intended"] + 1.0} for row in rows])
    measured = structs.replace(samples, samples=structs.replace(samples.samples, gaps=gaps * 50))

    assert quantile(of(measured, "e2e"), "p50") == Between(pytest.approx(earliest), pytest.approx(1.0))  # type: ignore[arg-type]


def test_answers_that_show_no_token_are_delivered_all_the_same() -> None:
    """Half of the answers show no text: their tokens and their ends count, their first tokens have an upper bound, and nothing is said
    of the time per token that was not seen."""
    seen = even(50, first=0.1, last=1.1, output_tokens=11, chunks=11, first_tokens=1)
    unseen = even(50, first=1.1, last=1.1, output_tokens=11, chunks=0, first_tokens=-1, censored=True)
    rows = [
        {**row, "first": row["intended"] + row["first"], "last": row["intended"] + row["last"]}
        for row in (*seen, *unseen)
    ]

    measured = run(sorted(rows, key=lambda row: row["intended"]))

    assert of(measured, "requests_per_second").value == pytest.approx(10, rel=0.2)
    assert of(measured, "output_tokens_per_second").value == pytest.approx(110, rel=0.2)
    assert quantile(of(measured, "ttft"), "p95") == Between(pytest.approx(0.1), pytest.approx(1.1))  # type: ignore[arg-type]
    assert quantile(of(measured, "e2e"), "p50") == pytest.approx(1.1)
    assert quantile(of(measured, "tpot"), "p50") == pytest.approx(0.1)
    assert of(measured, "tpot").n == 50


def test_tokens_per_gpu_are_a_gap_where_nobody_knows_the_gpus() -> None:
    """Tokens per second and GPU need the number of GPUs."""
    assert of(run(even(50)), "output_tokens_per_second_per_gpu", gpus=None).gap == "not known how many GPUs serve it"
    per_gpu = of(run(even(50)), "output_tokens_per_second_per_gpu").value
    whole = of(run(even(50)), "output_tokens_per_second").value
    assert isinstance(per_gpu, float)
    assert whole == 2 * per_gpu


def test_waiting_before_the_request_left_belongs_to_its_latency() -> None:
    """A client that sent half a second late does not make the server faster."""
    late = [row | {"sent": row["intended"] + 0.5, "first": row["intended"] + 0.6} for row in even(50)]

    quantiles = of(run(late), "ttft").quantiles
    assert quantiles is not None
    assert quantiles["p50"] == pytest.approx(0.6)


def test_failed_requests_have_no_latency_and_are_counted() -> None:
    """One in ten that fails at once moves no quantile, and the error rate says so."""
    rows = [failed("http", intended=row["intended"]) if at % 10 == 0 else row for at, row in enumerate(even(100))]

    assert of(run(rows), "error_rate").value == pytest.approx(0.1)
    assert of(run(rows), "e2e").n == 90


def test_requests_that_we_ended_are_no_failures_of_the_server() -> None:
    """A run that was stopped leaves unfinished requests behind: neither good nor bad."""
    rows = [*even(50), failed("stopped", intended=9.0)]

    assert of(run(rows), "error_rate").value == 0
    assert of(run(rows), "error_rate").n == 50


@pytest.mark.parametrize(
    ("count", "told"),
    [(4, set()), (19, {"p50", "p90"}), (99, {"p50", "p90", "p95"}), (100, {"p50", "p90", "p95", "p99"})],
)
def test_quantile_is_left_out_where_it_would_be_the_maximum(count: int, told: set[str]) -> None:
    """A p99 of fewer than 100 requests is the slowest of them by another name."""
    assert set(of(run(even(count)), "e2e").quantiles or {}) == told


def test_quantile_that_upper_bounds_could_move_is_an_interval() -> None:
    """Half of the first tokens were read with later ones: the median lies between the earliest and the latest they can be."""
    rows = [row | {"censored": at % 2 == 0} for at, row in enumerate(even(100))]

    found = of(run(rows), "ttft").quantiles
    assert found is not None
    median = found["p50"]
    assert isinstance(median, Between)
    assert median.low is not None
    assert median.low < 0.1 == pytest.approx(median.high)
    assert found["p99"] == pytest.approx(0.1)


def test_time_per_token_uses_the_tokens_that_the_first_chunk_held() -> None:
    """Chunks of 4 tokens, 40 ms apart, are 10 ms per token: 100 tokens in 25 chunks, 4 of them at once in the first."""
    rows = even(50, first_tokens=4, output_tokens=100, chunks=25)
    rows = [row | {"last": row["intended"] + 0.1 + 24 * 0.04} for row in rows]

    found = of(run(rows), "tpot")
    assert found.quantiles is not None
    assert found.quantiles["p50"] == pytest.approx(0.010)


@pytest.mark.parametrize(("in_first", "truth"), [(4, 0.040 / 4), (1, 24 * 0.040 / 99)])
def test_first_chunk_of_unknown_size_gives_an_interval_that_holds_the_truth(in_first: int, truth: float) -> None:
    """100 tokens in 25 chunks without running usage: whether the first held one of them or four moves the time per token by 3 %."""
    rows = [
        row | {"last": row["intended"] + 0.1 + 24 * 0.04}
        for row in even(50, first_tokens=-1, output_tokens=100, chunks=25)
    ]
    told = [row | {"first_tokens": in_first} for row in rows]

    found, known = of(run(rows), "tpot"), of(run(told), "tpot")
    assert known.quantiles is not None
    assert known.quantiles["p50"] == pytest.approx(truth)
    assert found.quantiles is not None
    median = found.quantiles["p50"]
    assert isinstance(median, Between)
    assert median.low is not None
    assert median.high is not None
    assert median.low - 1e-9 <= truth <= median.high + 1e-9
    assert "about 4.0 tokens per chunk" in found.source


def test_many_chunks_make_the_size_of_the_first_matter_little() -> None:
    """200 tokens in 100 chunks: one number, within 1 % of both ends."""
    rows = [
        row | {"last": row["intended"] + 0.1 + 99 * 0.02}
        for row in even(50, first_tokens=-1, output_tokens=200, chunks=100)
    ]

    found = of(run(rows), "tpot")
    assert found.quantiles is not None
    assert found.quantiles["p50"] == pytest.approx(0.010, rel=0.01)


def test_few_chunks_of_unknown_size_make_the_time_per_token_a_gap() -> None:
    """Three chunks for 100 tokens: how many the first held decides, and nobody told."""
    found = of(run(even(50, first_tokens=-1, output_tokens=100, chunks=3)), "tpot")

    assert found.quantiles is None
    assert found.gap is not None
    assert "does not tell how many came in the first" in found.gap


def test_answers_in_one_piece_have_no_first_token() -> None:
    """Without streaming, TTFT, ITL and TPOT are gaps and the end-to-end time is none."""
    whole = run(even(50), load=structs.replace(LOAD, stream=False))

    assert {name for name in ("ttft", "itl", "tpot", "e2e") if of(whole, name).gap} == {"ttft", "itl", "tpot"}


def test_answers_without_a_count_of_tokens_are_no_zero() -> None:
    """A server that reports no usage has a gap for tokens per second."""
    untold = of(run(even(50, output_tokens=-1, first_tokens=-1)), "output_tokens_per_second")

    assert untold.value is None
    assert untold.gap is not None
    assert "no `usage`" in untold.gap


def test_goodput_counts_requests_that_met_every_bound() -> None:
    """A third is late to its first token: goodput is two thirds of the rate; without objectives it is a gap."""
    rows = [row | ({"first": row["intended"] + 0.9} if at % 3 == 0 else {}) for at, row in enumerate(even(90))]

    assert of(run(rows), "goodput", slo={"ttft": {"p95": 0.5}, "e2e": {"p99": 2.0}}).value == pytest.approx(6.0)
    assert of(run(rows), "goodput").gap is not None


def test_gaps_between_chunks_are_those_of_measured_requests() -> None:
    """A stall of the warm-up is no gap of the measured phase."""
    rows = [row | {"gap_counts": 2, "phase": int(at >= 10)} for at, row in enumerate(even(50))]
    gaps = [9.0 if at < 20 else 0.01 for at in range(100)]
    measured = run(rows)
    measured = structs.replace(measured, samples=structs.replace(measured.samples, gaps=gaps))

    found = of(measured, "itl")
    assert found.n == 80
    assert found.mean == pytest.approx(0.01)


def test_engine_that_died_in_the_warm_up_has_no_throughput() -> None:
    """Its answers before the window are none of the window: that it can do nothing is not known."""
    before = {"intended": -3.0, "first": -2.0, "last": -1.0, "output_tokens": 8, "chunks": 8, "phase": 0}
    measured = run([before, *(failed("refused", intended=float(each)) for each in range(5))])
    for name in ("requests_per_second", "output_tokens_per_second", "input_tokens_per_second"):
        assert (of(measured, name).value, of(measured, name).gap) == (
            None,
            "no answer came within the measured window, which is 10 s long: a longer load has them",
        )


@pytest.mark.parametrize(
    ("rows", "window", "said"),
    [
        ([failed("http")], (0.0, 10.0), "no request has a complete answer"),
        ([failed("http")], (10.0, 10.0), "no request has a complete answer"),
        ([{"intended": 0.0}, {"intended": 0.0}], (0.0, 0.00045), "which is 0.00045 s long"),
        ([{"intended": 0.0}, {"intended": 0.0}], (0.0, 0.0), "the measured window is empty: "),
    ],
)
def test_missing_throughput_has_the_reason_that_is_true(
    rows: list[dict[str, Any]], window: tuple[float, float], said: str
) -> None:
    """Nothing was answered, nothing while it was measured, or nothing was measured."""
    gap = of(run(rows, measured=window), "requests_per_second").gap

    assert gap is not None
    assert said in gap


def test_empty_run_has_gaps_and_no_number() -> None:
    """Nothing was sent: no metric has a value, and each says why."""
    for each in metrics.of_run(run([]), slo={}, gpus=1):
        assert each.value is None
        assert each.quantiles is None
        assert each.gap
    assert not math.isnan(of(run(even(5)), "e2e").n)
