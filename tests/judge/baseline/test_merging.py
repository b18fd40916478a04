"""One run out of the shares of a load: every row once, the window of all, the worst instrument."""

import math

import pytest
from msgspec import structs

from skewguard.judge.baseline import merging
from skewguard.language.baselines import Baseline, Instrument, Samples
from skewguard.language.facts import Fact, Origin, Subject
from skewguard.language.loads import Load, Prompts, Spread

LOAD = Load("constant", Prompts("synthetic", Spread(8, 8, 8), Spread(4, 4, 4), digest="d"), rate=4.0, duration=10.0)
QUIET = Instrument("kernel", 0.001, 0.0001, 0.0, 0.1, 0.5, 8, host="a")


def rows(*intended: float, phase: int = 1, gaps: int = 1) -> Samples:
    """Requests that left at these moments, each with gaps that tell whose they are."""
    number = len(intended)
    return Samples(
        intended=list(intended),
        sent=[at + 0.01 for at in intended],
        first=[at + 0.1 for at in intended],
        last=[at + 0.2 for at in intended],
        prompt_tokens=[8] * number,
        output_tokens=[4] * number,
        first_tokens=[1] * number,
        chunks=[gaps + 1] * number,
        status=[200] * number,
        failure=[""] * number,
        censored=[False] * number,
        fresh=[False] * number,
        phase=[phase] * number,
        gap_counts=[gaps] * number,
        gaps=[at + each / 1000 for at in intended for each in range(gaps)],
    )


def share(index: int, of: int, samples: Samples, *, at: str = "2026-11-28T10:00:00.000Z", **more: object) -> Baseline:
    """One share of the load."""
    made = Baseline(
        Subject("Endpoint", "chat:8000"), at, 12.0, "load", LOAD, instrument=QUIET, samples=samples, measured=(2.0, 10.0),
        model="m", part=(index, of),
    )  # fmt: skip
    return structs.replace(made, **more)


def test_rows_stand_in_the_order_of_their_intended_start() -> None:
    """With all that belongs to each, its gaps too."""
    run = merging.merged([share(0, 2, rows(3.0, 5.0, gaps=2)), share(1, 2, rows(4.0, 6.0))])
    assert run.samples.intended == [3.0, 4.0, 5.0, 6.0]
    assert run.samples.gap_counts == [2, 1, 2, 1]
    assert run.samples.gaps == [3.0, 3.001, 4.0, 5.0, 5.001, 6.0]
    assert run.samples.chunks == [3, 2, 3, 2]


def test_clocks_are_laid_over_each_other() -> None:
    """A machine that began half a second later has its rows there, and no latency changes."""
    run = merging.merged([share(0, 2, rows(3.0)), share(1, 2, rows(3.0), at="2026-11-28T10:00:00.500Z")])
    assert run.samples.intended == [3.0, 3.5]
    assert [last - at for last, at in zip(run.samples.last, run.samples.intended, strict=True)] == pytest.approx(
        [0.2, 0.2]
    )
    assert (run.started_at, run.duration, run.measured) == ("2026-11-28T10:00:00.000Z", 12.5, (2.5, 10.0))


def test_shares_that_began_apart_count_where_all_were_measured() -> None:
    """And the rest is said to be left out."""
    run = merging.merged([share(0, 2, rows(6.0)), share(1, 2, rows(3.0), at="2026-11-28T10:00:05Z")])
    assert run.measured == (7.0, 10.0)
    assert run.notes == (
        "the shares began up to 5.0 s apart: what counts are the 3.0 s (of 8.0 s) in which all of them were measured",
    )


def test_shares_that_were_never_under_way_together_are_told() -> None:
    """One after the other each had the engine to itself."""
    run = merging.merged([share(0, 2, rows(6.0)), share(1, 2, rows(3.0), at="2026-11-28T10:01:00Z")])
    assert run.measured[0] == run.measured[1]
    assert "the shares were not sent together: they began up to 60.0 s apart" in run.notes[0]


def test_what_only_some_measured_counts_for_nothing() -> None:
    """Before the window of all it is warm-up, after it drain."""
    late = share(1, 2, rows(2.0, 9.9), at="2026-11-28T10:00:01Z")
    run = merging.merged([share(0, 2, rows(2.0, 9.9)), late])
    assert (run.measured, run.samples.intended) == ((3.0, 10.0), [2.0, 3.0, 9.9, 10.9])
    assert run.samples.phase == [0, 1, 1, 2]


def test_warm_up_of_a_share_stays_one() -> None:
    """Also inside the window of all."""
    run = merging.merged([share(0, 2, rows(3.0)), share(1, 2, rows(3.0, phase=0))])
    assert run.samples.phase == [1, 0]


def test_worst_of_the_instruments_speaks() -> None:
    """Each for itself: a late client, another one with old stamps, a small machine."""
    worse = Instrument("user", 0.2, None, 0.3, 0.05, None, 2, processes=2, tls=True, host="b")
    run = merging.merged([share(0, 2, rows(3.0)), share(1, 2, rows(4.0), instrument=worse)])
    assert run.instrument == Instrument("mixed", 0.2, 0.0001, 0.3, 0.1, 0.5, 2, processes=2, tls=True, host="a, b")


def test_share_that_ended_early_makes_the_whole_partial() -> None:
    """And it is said which."""
    run = merging.merged([share(0, 2, rows(3.0)), share(1, 2, rows(4.0), partial=True)])
    assert (run.partial, run.stopped) == (True, "share 2 of 2 was ended early")


def test_request_without_an_answer_stays_without() -> None:
    """No moment of it is made up."""
    lost = rows(4.0)
    lost.first[0] = lost.last[0] = math.nan
    run = merging.merged([share(0, 2, rows(3.0)), share(1, 2, lost, at="2026-11-28T10:00:00.250Z")])
    assert math.isnan(run.samples.last[1])


def test_all_shares_of_one_load_are_no_objection() -> None:
    """In any order."""
    assert list(merging.objections([share(1, 2, rows(4.0)), share(0, 2, rows(3.0))])) == []


@pytest.mark.parametrize(
    ("second", "said"),
    [
        (share(0, 2, rows(4.0)), "share 1 of 2 is there more than once"),
        (share(1, 3, rows(4.0)), "shares of different loads: of 2 and of 3"),
        (share(1, 2, rows(4.0), model="other"), "share 2 of 2 differs from share 1 of 2 in model (other instead of m)"),
        (
            share(1, 2, rows(4.0), load=structs.replace(LOAD, seed=2, duration=20.0)),
            "share 2 of 2 differs from share 1 of 2 in seed (2 instead of 1) and duration (20 instead of 10)",
        ),
        (share(1, 2, rows(4.0), part=None, id="01X"), "01X is a whole load"),
        (structs.replace(share(1, 2, rows(4.0)), samples=None), "share 2 of 2 holds no rows"),
        (share(1, 2, rows(4.0), inputs_digest="inp1:x"), "in inputs digest (inp1:x instead of not known)"),
        (
            share(1, 2, rows(4.0), subject=Subject("Endpoint", "other:8000")),
            "in subject (Endpoint other:8000 instead of Endpoint chat:8000)",
        ),
        (share(1, 2, rows(4.0), at="yesterday"), "share 2 of 2 does not tell the moment"),
        (share(1, 2, rows(4.0), at="2026-11-28T10:00:00"), "with its zone"),
    ],
)
def test_what_is_no_load_together_is_named(second: Baseline, said: str) -> None:
    """Before anything is put together."""
    assert said in "; ".join(merging.objections([share(0, 2, rows(3.0)), second]))


def test_each_share_that_differs_is_named_with_the_setting() -> None:
    """In words that somebody can act on; a prompt file that is called otherwise and holds the same is the same load."""
    one, other = (
        Fact("runtime.dtype", dtype, "observed", Origin("log", "start-up log")) for dtype in ("bfloat16", "float16")
    )
    named = structs.replace(LOAD, prompts=structs.replace(LOAD.prompts, name="b.jsonl"))
    shares = [
        share(0, 3, rows(3.0), facts=(one,), inputs_digest="inp1:a"),
        share(1, 3, rows(4.0), facts=(one,), inputs_digest="inp1:a", load=named),
        share(2, 3, rows(5.0), facts=(other,), inputs_digest="inp1:b"),
    ]
    assert list(merging.objections(shares)) == [
        "share 3 of 3 differs from share 1 of 3 in runtime.dtype (float16 instead of bfloat16)"
    ]


def test_missing_share_is_named() -> None:
    """A load of which a part is missing was never sent as described."""
    assert list(merging.objections([share(0, 3, rows(3.0))])) == ["share 2, 3 of 3 is missing"]


@pytest.mark.parametrize(
    ("at", "measured", "counted"), [("10:00:00.500Z", (2.0, 10.5), 2), ("10:01:00.000Z", (62.0, 62.0), 0)]
)
def test_burst_is_measured_from_its_first_request_to_its_last_answer(
    at: str, measured: tuple[float, float], counted: int
) -> None:
    """Whichever share has them: each of its requests counts, where the shares were under way together."""
    burst = structs.replace(LOAD, profile="burst", rate=None, duration=None, requests=2)
    shares = [share(0, 2, rows(2.0), load=burst), share(1, 2, rows(2.0), at=f"2026-11-28T{at}", load=burst)]
    run = merging.merged(shares)
    assert run.measured == measured
    assert "apart" in run.notes[0]
    assert run.samples.phase.count(1) == counted
