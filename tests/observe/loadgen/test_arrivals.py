"""Schedules: a function of the load and its seed, shared by any number of processes without a rest."""

import statistics
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skewguard.language.errors import UsageError
from skewguard.language.loads import Load, Profile, Prompts, Spread, Stage
from skewguard.observe.loadgen import arrivals

PROMPTS = Prompts("synthetic", Spread(8), Spread(8))


def load(profile: Profile, **fields: object) -> Load:
    return Load(profile, PROMPTS, **fields)  # type: ignore[arg-type]


@given(
    st.sampled_from(["poisson", "constant"]),
    st.floats(min_value=0.5, max_value=500),
    st.integers(min_value=1, max_value=400),
    st.integers(min_value=0, max_value=2**31),
    st.integers(min_value=1, max_value=9),
    st.floats(min_value=0, max_value=2),
)
def test_schedule_is_a_function_of_load_and_seed(
    profile: Profile, rate: float, requests: int, seed: int, processes: int, warmup: float
) -> None:
    """The same seed gives the same moments, rising; the processes' parts are the whole, each arrival in exactly one."""
    wanted = load(profile, rate=rate, requests=requests, seed=seed, warmup=warmup)
    whole = arrivals.schedule(wanted)
    times = list(whole.times)
    assert times == list(arrivals.schedule(wanted).times) == sorted(times)
    assert sum(moment >= warmup for moment in times) == requests
    parts = [list(arrivals.share(whole, process, processes).times) for process in range(processes)]
    assert sorted(moment for part in parts for moment in part) == times


def test_poisson_arrivals_have_the_mean_and_the_spread_of_their_rate() -> None:
    """Gaps of 20,000 arrivals at 50 per second: their mean is the rate's within 3 %, and their deviation is about as large."""
    times = arrivals.schedule(load("poisson", rate=50, requests=20_000, seed=3)).times
    gaps = [after - before for before, after in pairwise(times)]
    assert statistics.mean(gaps) == pytest.approx(1 / 50, rel=0.03)
    assert statistics.stdev(gaps) == pytest.approx(1 / 50, rel=0.05)


def test_another_seed_is_another_schedule() -> None:
    """Seeds draw different moments."""
    one, other = (arrivals.schedule(load("poisson", rate=5, requests=10, seed=seed)).times for seed in (1, 2))
    assert list(one) != list(other)


def test_constant_arrivals_do_not_drift() -> None:
    """The ten-thousandth of 7 per second is due where the first says, not where added rounding errors do."""
    times = arrivals.schedule(load("constant", rate=7, requests=10_000)).times
    assert times[9999] == 9999 / 7


def test_load_ends_with_what_comes_first() -> None:
    """Duration or requests; both after the warm-up, during which as many come."""
    by_time = arrivals.schedule(load("constant", rate=10, duration=2.0, requests=1000, warmup=1.0))
    assert len(by_time.times) == 30
    by_number = arrivals.schedule(load("constant", rate=10, duration=20.0, requests=5, warmup=1.0))
    assert len(by_number.times) == 15


def test_burst_is_due_at_once() -> None:
    """All requests of a burst have one moment."""
    assert list(arrivals.schedule(load("burst", requests=4, warmup=0.5)).times) == [0.5] * 4


@given(st.integers(min_value=1, max_value=50), st.integers(min_value=1, max_value=200), st.integers(1, 9))
def test_closed_loop_is_shared_exactly(slots: int, requests: int, processes: int) -> None:
    """Slots and requests of the processes add up to those of the load."""
    whole = arrivals.schedule(load("concurrency", concurrency=slots, requests=requests))
    parts = [arrivals.share(whole, process, processes) for process in range(processes)]
    assert sum(part.slots for part in parts) == slots
    assert sum(part.quota or 0 for part in parts) == requests


def test_stages_follow_each_other() -> None:
    """A stage with a rate has arrivals, one with a concurrency has slots, and after the last there are none."""
    stages = (Stage(1.0, rate=50), Stage(2.0, concurrency=3), Stage(1.0, rate=20))
    whole = arrivals.schedule(load("stages", stages=stages))
    assert whole.steps == ((0.0, 0), (1.0, 3), (3.0, 0), (4.0, 0))
    assert all(moment < 1 or 3 <= moment < 4 for moment in whole.times)
    assert sum(moment < 1 for moment in whole.times) > 20


def test_trace_is_replayed_as_recorded() -> None:
    """The moments of a trace are its own."""
    assert list(arrivals.schedule(load("trace"), (0.0, 0.5, 0.25)).times) == [0.0, 0.25, 0.5]


@pytest.mark.parametrize(
    "wrong",
    [
        load("poisson", requests=1),
        load("poisson", rate=1),
        load("constant", rate=0, requests=1),
        load("concurrency", requests=1),
        load("concurrency", concurrency=1),
        load("burst"),
        load("stages"),
        load("stages", stages=(Stage(1.0),)),
        load("stages", stages=(Stage(1.0, rate=1, concurrency=1),)),
        load("trace"),
        load("observed"),
        load("untold", rate=1, requests=1),
        load("constant", rate=1, requests=1, api="untold"),
        load("constant", rate=1e9, duration=1e9),
    ],
)
def test_load_that_says_too_little_is_refused(wrong: Load) -> None:
    """Without a rate, an end, or a bound nobody can keep, there is no schedule."""
    with pytest.raises(UsageError):
        arrivals.schedule(wrong)
