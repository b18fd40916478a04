"""When a run ends of which nobody said how long, and one that hears nothing."""

from typing import Any

import pytest
from msgspec import structs

from skewguard.observe import loadgen
from skewguard.observe.loadgen import Live, Target
from skewguard.observe.loadgen.enough import Until, Watch
from tests.fakes import engine
from tests.observe.loadgen.loads import PROMPTS, load

LOOP = load(requests=None, duration=60.0, warmup=10.0)
UNTIL = Until(200, 180.0)


def stands(elapsed: float, completed: int = 0, **more: Any) -> Live:
    return structs.replace(Live(elapsed, 0, completed, 0, 4, 1.0, planned_seconds=190.0), **more)


def looked(watch: Watch, *every: Live) -> list[bool]:
    """Whether it is enough at each of them."""
    return [watch.closes(watch.told(each)) for each in every]


def test_loop_goes_on_until_it_has_answers_enough() -> None:
    """Those of the warm-up do not count, its minute is always kept, and the end is called once."""
    slow = looked(
        Watch(LOOP, UNTIL), stands(10, 20), stands(70, 150), stands(90, 219), stands(91, 220), stands(92, 230)
    )
    assert slow == [False, False, False, True, False]
    assert looked(Watch(LOOP, UNTIL), stands(10, 100), stands(40, 5000), stands(70, 9000)) == [False, False, True]


def test_schedule_is_as_long_as_the_load_may_become() -> None:
    """Three minutes; what was said to end otherwise is left alone."""
    assert Watch(LOOP, UNTIL).longest.duration == 180.0
    for other in (load(requests=20), load(profile="poisson", rate=4.0, requests=None, duration=60.0)):
        assert Watch(other, UNTIL).longest == other
        assert looked(Watch(other, UNTIL), stands(500, 10_000)) == [False]
    assert Watch(LOOP, None).longest == LOOP


def test_progress_shows_the_end_that_is_seen_now() -> None:
    """Its minute first, then the answers that are missing and the longest time."""
    watch = Watch(LOOP, UNTIL)
    first, later = watch.told(stands(10, 20)), watch.told(stands(80, 100))
    assert (first.planned_seconds, first.planned) == (70.0, None)
    assert (later.planned_seconds, later.planned) == (190.0, 220)


@pytest.mark.parametrize(
    ("every", "said"),
    [
        ([stands(240)], ""),
        ([stands(251)], "the server sent nothing within 251 s, with 4 requests under way"),
        ([stands(251, in_flight=0)], ""),
        ([stands(5, heard=9), stands(300, heard=9)], ""),
        ([stands(5, heard=9), stands(311, heard=9)], "the server sent nothing for 306 s, with 4 requests under way"),
        ([stands(5, heard=9), stands(311, heard=10)], ""),
    ],
)
def test_stream_that_brings_nothing_is_given_up(every: list[Live], said: str) -> None:
    """After the end of the load, sooner where nothing ever came."""
    watch = Watch(load(requests=None, duration=180.0, warmup=10.0), None)
    assert [watch.silent(watch.told(each)) for each in every][-1] == said


def test_answer_in_one_piece_may_be_long_in_coming() -> None:
    """Nothing is heard of it before its end."""
    whole = Watch(load(requests=None, duration=180.0, stream=False), None)
    assert whole.silent(whole.told(stands(1000))) == ""


def test_run_ends_in_order_once_it_has_enough() -> None:
    """What is under way is answered; the load is the one that was asked for, and nothing is partial."""
    with engine.serving(engine.Answer(ttft=0.01)) as url:
        run = loadgen.run(
            Target(url), load(requests=None, duration=0.2), PROMPTS, until=Until(answers=200, seconds=600.0)
        )
    assert len(run.samples.failure) >= 200
    assert set(run.samples.failure) == {""}
    assert (run.partial, run.stopped, run.load.duration) == (False, "", 0.2)
    assert run.measured[1] < 600
