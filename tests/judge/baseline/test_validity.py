"""What keeps a run from being a baseline, and what does not."""

from typing import Any

import pytest
from msgspec import structs

from skewguard.judge.baseline import metrics, validity
from skewguard.language.baselines import Metric, Run
from skewguard.language.loads import Load
from tests.judge.baseline.building import LOAD, QUIET, failed, run


def against(measured: Run) -> str:
    return " | ".join(validity.reasons(measured, of(measured)))


def of(measured: Run) -> tuple[Metric, ...]:
    return metrics.of_run(measured, slo={}, gpus=1)


def even(count: int = 100, ttft: float = 0.1, **more: Any) -> list[dict[str, Any]]:
    starts = [10 * each / count for each in range(count)]
    return [{"intended": start, "first": start + ttft, "last": start + ttft + 1, **more} for start in starts]


def test_run_without_fault_may_be_a_baseline() -> None:
    """Nothing is said against a quiet client and complete answers."""
    assert against(run(even())) == ""


@pytest.mark.parametrize(("ttft", "invalid"), [(0.02, True), (2.0, False)])
def test_lateness_matters_against_what_is_measured(ttft: float, invalid: bool) -> None:
    """Leaving 5 ms late spoils a TTFT of 20 ms and not one of 2 s."""
    late = structs.replace(QUIET, slip_p99=0.005)

    assert ("did not keep its own schedule" in against(run(even(ttft=ttft), instrument=late))) is invalid


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({"slip_p99": 0.05}, "50 ms late"),
        ({"read_lag_p99": 0.2}, "connections stood idle"),
        ({"read_lag_p99": 0.02, "clock": "mixed"}, "the client's, not the server's"),
        ({"censored": 0.24}, "24% of the first tokens"),
        ({"client_cpu": 0.97}, "used 0.97 cores"),
        ({"others_cpu": 7.5, "clock": "user", "read_lag_p99": None}, "machine was full"),
    ],
)
def test_instrument_that_was_slow_makes_no_baseline(changed: dict[str, Any], word: str) -> None:
    """Each of its own faults is named with its number."""
    assert word in against(run(even(), instrument=structs.replace(QUIET, **changed)))


@pytest.mark.parametrize(
    ("used", "said"),
    [
        ({"client_cpu": 0.06, "others_cpu": 1.83, "cores": 2}, "the client used 0.06 of 2 cores, other programs 1.8"),
        ({"client_cpu": 0.06, "others_cpu": None, "cores": 2}, "more --processes would not help"),
        ({"client_cpu": 0.8, "others_cpu": 0.1, "cores": 2}, "Use more --processes"),
    ],
)
def test_way_out_of_lateness_is_that_of_who_used_the_processors(used: dict[str, Any], said: str) -> None:
    """More processes help a client that was busy itself, and nobody else."""
    assert said in against(run(even(), instrument=structs.replace(QUIET, slip_p99=0.05, **used)))


def test_lateness_is_weighed_against_nothing_where_nothing_was_measured() -> None:
    """A share of a median that does not exist is no limit: what was wrong with the answers is said alone."""
    late = structs.replace(QUIET, slip_p99=0.01, read_lag_p99=0.01)
    lost = validity.reasons(measured := run([failed("http", intended=5.0)] * 40, instrument=late), of(measured))

    assert "late" not in " ".join(lost)
    assert "unread" not in " ".join(lost)
    assert lost[0].startswith("100.0% of the requests failed (40 http; limit 1%): nothing was measured")


def test_what_failed_stands_before_what_was_late() -> None:
    """The first reason is the one that closes the report."""
    late = structs.replace(QUIET, slip_p99=0.5)
    measured = run([*even(50), *(failed("http", intended=5.0) for _ in range(50))], instrument=late)

    assert "failed" in validity.reasons(measured, of(measured))[0]


def test_what_is_not_known_of_the_instrument_is_no_fault() -> None:
    """User stamps know no read lag, and some platforms do not tell of others' load."""
    unknown = structs.replace(QUIET, clock="user", read_lag_p99=None, others_cpu=None)

    assert against(run(even(), instrument=unknown)) == ""


def test_busy_neighbour_is_no_fault_where_the_kernel_stamps() -> None:
    """Slip and read lag show whether it harmed: an engine on the same host is a neighbour too."""
    assert against(run(even(), instrument=structs.replace(QUIET, others_cpu=7.9))) == ""


@pytest.mark.parametrize(
    ("changed", "said"),
    [({}, "proxy_buffering off"), ({"read_lag_p99": 0.002}, "less other work"), ({"clock": "user"}, "less other work")],
)
def test_tokens_that_came_together_are_blamed_on_who_kept_them(changed: dict[str, Any], said: str) -> None:
    """A client that read everything at once did not put them together: a proxy that buffers did, and no quieter machine helps."""
    seen = structs.replace(QUIET, censored=1.0, **changed)

    assert said in against(run(even(), instrument=seen))


def test_upper_bounds_are_no_fault_of_answers_in_one_piece() -> None:
    """Without streaming every first token comes with the last."""
    whole = run(even(), load=structs.replace(LOAD, stream=False), instrument=structs.replace(QUIET, censored=1.0))

    assert against(whole) == ""


def test_failures_are_named_by_kind() -> None:
    """More than one in a hundred fails: the kinds and their numbers are said."""
    rows = [*even(90), *(failed("timeout", intended=5.0) for _ in range(3)), failed("http", intended=5.0)]

    assert "4.3% of the requests failed (3 timeout, 1 http" in against(run(rows))


@pytest.mark.parametrize(
    ("rows", "word"),
    [
        ([], "no request was sent"),
        (even(phase=0), "nothing is left"),
        (even(20), "only 20 complete answers"),
        (even(output_tokens=0), "held no token"),
        (even(output_tokens=-1, first_tokens=-1), "counted no tokens in 100 of 100"),
    ],
)
def test_answers_that_say_nothing_make_no_baseline(rows: list[dict[str, Any]], word: str) -> None:
    """Too few, none, empty, or uncounted."""
    assert word in against(run(rows))


def test_run_that_was_stopped_says_by_what() -> None:
    """A partial run is shown and is no baseline."""
    assert "it was interrupted" in against(run(even(), partial=True, stopped="it was interrupted"))


def test_server_that_does_not_keep_up_is_told_and_is_no_fault_of_the_run() -> None:
    """Half of what was asked comes back in time: a fact about the server, not about the instrument."""
    slow = run([row | {"last": row["intended"] * 2 + 1} for row in even()], load=structs.replace(LOAD, rate=10.0))
    told = validity.notes(slow, metrics.of_run(slow, slo={}, gpus=1))

    assert against(slow) == ""
    assert len(told) == 1
    assert "saturated at this load" in told[0]


def test_closed_loop_is_never_behind() -> None:
    """It asks for no rate."""
    loop = Load("concurrency", LOAD.prompts, concurrency=4)
    measured = run(even(), load=loop)

    assert validity.notes(measured, metrics.of_run(measured, slo={}, gpus=1)) == ()


def test_answers_that_show_no_token_are_told_of() -> None:
    """What is not known of them is said beside the numbers; the run is a baseline all the same."""
    rows = [
        row | ({"chunks": 0, "censored": True, "first": row["last"]} if at < 3 else {}) for at, row in enumerate(even())
    ]
    measured = run(rows)
    *_, told = validity.notes(measured, metrics.of_run(measured, slo={}, gpus=1))

    assert against(measured) == ""
    assert "3 of 100 answers showed none of their tokens" in told


@pytest.mark.parametrize(("count", "said"), [(20, ""), (50, "--duration 50s"), (100, "--duration 30s"), (200, "")])
def test_run_too_short_to_be_compared_says_how_long_would_do(count: int, said: str) -> None:
    """In time: before somebody compares it. Of fewer than make a baseline the reason against it says so already."""
    measured = run(even(count))
    told = validity.too_few(measured, of(measured))

    assert said in told
    assert bool(told) is bool(said)
    assert not said or f"{count} answers were measured, and a comparison of a p95 needs 200" in told


def test_advice_on_length_counts_what_there_is_least_of() -> None:
    """Answers in one chunk have no time per token: 250 answers are enough for all but that."""
    rows = [row | ({} if at < 50 else {"chunks": 1, "last": row["first"]}) for at, row in enumerate(even(250))]
    told = validity.too_few(run(rows), of(run(rows)))

    assert told.startswith("50 of 250 answers that were measured have a TPOT, and a comparison of a p95 needs 200")
    assert "--duration 50s" in told


@pytest.mark.parametrize(
    ("status", "note", "said"),
    [
        (
            404,
            'http: status 404 {"error":{"message":"The model `llama` does not exist.","code":404}} (40 requests)',
            "The server answered with status 404 (The model `llama` does not exist.). Name a model that GET /v1/models lists",
        ),
        (401, "http: status 401 Unauthorized (40 requests)", "status 401 (Unauthorized). Give the API key"),
        (422, "", "status 422. It refuses what this load asks"),
        (503, "http: status 503 (40 requests)", "status 503. Look at the server's log"),
    ],
)
def test_advice_on_failures_fits_what_the_server_answered(status: int, note: str, said: str) -> None:
    """A lower load mends no wrong name and no missing key."""
    measured = run([failed("http", status=status, intended=5.0)] * 40, notes=(note,))

    assert said in against(measured)
    assert "lower the load" not in against(measured) or status == 503


def test_failures_outside_the_measured_time_are_told_apart() -> None:
    """The report counts all of them: the two numbers are joined by what was before and after."""
    rows = [failed("http", status=500, intended=5.0, phase=phase) for phase in (0,) * 10 + (1,) * 12 + (2,) * 3]

    assert "(12 http, 10 more in the warm-up, 3 more after the measured time; limit 1%)" in against(run(rows))


def test_run_of_which_every_request_was_refused_is_not_to_be_let_run_on() -> None:
    """It ended in its warm-up, and would end there again."""
    rows = [failed("http", status=404, intended=1.0, phase=0)] * 22
    told = against(run(rows, partial=True, stopped="all of the first 22 requests were answered with an HTTP error"))

    assert (
        "all of the first 22 requests were answered with an HTTP error. The server answered with status 404. Name"
        in told
    )
    assert "Let it run" not in told
