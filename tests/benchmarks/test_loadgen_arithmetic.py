"""The arithmetic of the comparison of load generators: from the server's truth to a verdict."""

import math

import pytest

from benchmarks.loadgen import arithmetic, mocking
from benchmarks.loadgen.arithmetic import Bar, Spread
from benchmarks.loadgen.mocking import Truth
from benchmarks.loadgen.watching import Sample

MS = 1_000_000
HEAD = "index,connection,fresh,status,received,first,last,tokens,complete,writes\n"


def truth(received: int, first: int = 0, last: int = 0, *, complete: bool = True) -> Truth:
    """A request of one chunk or two, with moments in milliseconds."""
    writes = () if not last else (first * MS - received * MS, last * MS - received * MS)
    return Truth(0, 2, fresh=False, status=200, received=received * MS, first=first * MS, last=last * MS, tokens=16,
                 complete=complete, writes=writes)  # fmt: skip


def test_truth_is_read_in_the_order_of_arrival() -> None:
    """The server writes a line when a request ends; which was first is told by its arrival."""
    page = HEAD + "1,3,0,200,2000,2500,2900,2,1,500;900\n0,2,1,200,1000,0,0,0,0,\n"

    assert mocking.read_truth(page) == [
        Truth(0, 2, fresh=True, status=200, received=1000, first=0, last=0, tokens=0, complete=False, writes=()),
        Truth(1, 3, fresh=False, status=200, received=2000, first=2500, last=2900, tokens=2, complete=True,
              writes=(500, 900)),
    ]  # fmt: skip


def test_requests_that_came_before_the_load_do_not_count() -> None:
    """A tool that first asks whether anybody is there is not measured by that."""
    truths = [truth(0, 1, 2), truth(10, 11, 12), truth(20, 21, 22)]

    assert arithmetic.counted(truths, 2) == truths[1:]


def test_requests_that_were_given_up_do_not_count() -> None:
    """What a tool cut off at its own end has no last token."""
    truths = [truth(0, 1, 2), truth(10, complete=False)]

    assert arithmetic.counted(truths, 2) == truths[:1]


def test_rate_of_a_closed_loop_runs_from_the_first_arrival_to_the_last_token() -> None:
    """Three requests in 500 ms are six a second, whatever the order of their ends."""
    truths = [truth(0, 100, 500), truth(10, 100, 200), truth(20, 100, 300)]

    assert arithmetic.rate(truths) == pytest.approx(6)


def test_rate_of_arrivals_counts_the_gaps() -> None:
    """Three arrivals 10 ms apart are 100 a second."""
    assert arithmetic.arrival_rate([truth(0), truth(10), truth(20)]) == pytest.approx(100)


def test_true_times_are_from_arrival_to_first_and_last_write() -> None:
    """Means over the requests, in seconds."""
    truths = [truth(0, 50, 200), truth(10, 80, 240)]

    assert (arithmetic.true_ttft(truths), arithmetic.true_e2e(truths)) == pytest.approx((0.060, 0.215))


def test_slips_of_even_arrivals_are_nothing() -> None:
    """A constant delay between client and server is no slip."""
    truths = [truth(1000 + 10 * at) for at in range(100)]

    assert max(abs(slip) for slip in arithmetic.slips(truths, 100)) < 1e-9


def test_slips_grow_where_a_client_falls_behind() -> None:
    """At 90 of 100 requests a second the last of a thousand comes 1.1 seconds late."""
    truths = [Truth(0, 2, False, 200, round(at / 90 * 1e9), 0, 0, 1, True, ()) for at in range(1000)]

    assert arithmetic.slips(truths, 100)[-1] == pytest.approx(999 / 90 - 999 / 100, abs=0.02)


def test_one_early_request_does_not_move_the_grid() -> None:
    """The grid is laid by the earliest hundredth, not by the earliest."""
    truths = [truth(1000)] + [truth(1050 + 10 * at) for at in range(1, 400)]

    assert arithmetic.percentile(arithmetic.slips(truths, 100), 0.5) == pytest.approx(0)


@pytest.mark.parametrize(("share", "expected"), [(0.0, 1.0), (0.5, 2.5), (0.99, 3.97), (1.0, 4.0)])
def test_percentile_lies_between_neighbours(share: float, expected: float) -> None:
    """As numpy's default does."""
    assert arithmetic.percentile([4.0, 1.0, 3.0, 2.0], share) == pytest.approx(expected)


def test_cpu_between_two_moments_is_read_off_the_line_between_samples() -> None:
    """A run neither begins nor ends at a sample."""
    samples = [Sample(0.0, 1.0, 10.0), Sample(1.0, 2.0, 10.5), Sample(2.0, 4.0, 11.0)]

    assert arithmetic.used_between(samples, 0.5, 1.5) == pytest.approx(1.5)
    assert arithmetic.others_between(samples, 0.5, 1.5) == pytest.approx(0.5)


def test_cpu_outside_the_samples_is_that_of_the_nearest() -> None:
    """Nothing is extrapolated."""
    samples = [Sample(1.0, 1.0, 0.0), Sample(2.0, 3.0, 0.0)]

    assert (arithmetic.used(samples, 0.0), arithmetic.used(samples, 9.0)) == (1.0, 3.0)


def test_cpu_of_no_samples_is_unknown() -> None:
    """Unknown, and not 0."""
    assert math.isnan(arithmetic.used([], 1.0))


def test_spread_leaves_out_what_is_unknown() -> None:
    """Median, least and most of what was measured."""
    assert arithmetic.spread([3.0, math.nan, 1.0, 2.0]) == Spread(2.0, 1.0, 3.0, 3)
    assert arithmetic.spread([math.nan]) is None


def one(value: float) -> Spread:
    """A number that never varied."""
    return Spread(value, value, value, 5)


@pytest.mark.parametrize(
    ("more", "ours", "ratio", "passed"),
    [(True, 500.0, 5.0, True), (True, 499.0, 4.99, False), (False, 2.0, 5.0, True), (False, -2.5, 4.0, False)],
)
def test_bar_is_held_against_the_best_peer(more: bool, ours: float, ratio: float, passed: bool) -> None:
    """The best is the one with the most, or the least; an error counts without its sign."""
    bar = Bar("number", "cell", 5, more, "title")
    peers = {"a": one(100.0 if more else -10.0), "b": one(90.0 if more else 11.0), "c": None}

    judged = arithmetic.judge(bar, one(ours), peers)

    assert judged is not None
    assert (judged.best, judged.passed) == ("a", passed)
    assert judged.ratio == pytest.approx(ratio)


def test_bar_without_a_peer_has_no_verdict() -> None:
    """Neither passed nor missed."""
    bar = Bar("number", "cell", 5, True, "title")

    assert arithmetic.judge(bar, one(1.0), {"a": None}) is None
    assert arithmetic.judge(bar, None, {"a": one(1.0)}) is None
