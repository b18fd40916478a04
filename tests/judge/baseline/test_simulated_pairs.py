"""How often a verdict misleads: pairs of the same server, and of one that became slower, under many kinds of load."""

import pytest

from skewguard.judge.baseline import calibrating, comparing
from skewguard.language.baselines import Calibration
from tests.judge.baseline import simulation
from tests.judge.baseline.simulation import Scene

SCENES = {
    "open loop": Scene(rate=4),
    "closed loop": Scene(concurrency=16),
    "small closed loop": Scene(concurrency=4),
    "answers of very different length": Scene(rate=4, spread_outputs=1.0),
    "steps that are slow together": Scene(concurrency=16, wobble=0.08, memory=5.0),
    "some very long prompts": Scene(rate=4, long_prompts=0.1),
    "stalls and long tails": Scene(concurrency=16, spread_outputs=0.8, long_prompts=0.1, stalls=0.003),
    "near the knee": Scene(rate=13.0, spread_outputs=0.3),
    "runs that differ by 1.5 %": Scene(concurrency=16, shift=0.015),
    "a drift as long as the window": Scene(concurrency=16, wobble=0.05, memory=30.0),
}
DEFAULTS = {
    "60 s at concurrency 4": Scene(concurrency=4, spread_outputs=0.3),
    "120 s at concurrency 16, runs that differ by 1 %": Scene(
        concurrency=16, seconds=120, spread_outputs=0.3, shift=0.01
    ),
}
OPEN = {"60 s at 4 requests/s": Scene(rate=4, spread_outputs=0.3)}

PAIRS = 110
REGRESSIONS = 200


def verdicts(scene: Scene, pairs: int, slower: float = 1.0, calibration: Calibration | None = None) -> list[str]:
    """The verdicts on pairs of runs, none of which is used twice; the second is `slower`."""
    return [
        comparing.compare(
            simulation.baseline(scene, 2 * pair),
            simulation.baseline(scene, 2 * pair + 1, slower),
            calibration=calibration,
        ).verdict
        for pair in range(pairs)
    ]


@pytest.mark.slow
def test_pairs_of_the_same_thing_are_hardly_ever_called_worse() -> None:
    """Of 1,100 pairs under ten kinds of load at most one in a hundred has any metric that is worse."""
    told = [verdict for scene in SCENES.values() for verdict in verdicts(scene, PAIRS)]

    assert len(told) == 1100
    assert told.count("worse") <= 11


@pytest.mark.slow
def test_calibration_learns_what_runs_differ_in() -> None:
    """Runs of one server that differ by 6 % from each other: ten of them teach a floor under which hardly a pair is called worse."""
    scene = Scene(concurrency=16, shift=0.06)
    runs = tuple(simulation.baseline(scene, 10_000 + run) for run in range(10))
    calibration = calibrating.calibrate(runs, "2026-01-05T10:00:00Z")

    assert verdicts(scene, 200, calibration=calibration).count("worse") <= 2


@pytest.mark.slow
@pytest.mark.parametrize("name", DEFAULTS)
def test_a_tenth_less_throughput_is_found(name: str) -> None:
    """Steps that take 1/0.9 as long: 95 of 100 such regressions are called worse in a small closed loop after one minute, in a larger one after two."""
    assert verdicts(DEFAULTS[name], REGRESSIONS, slower=1 / 0.9).count("worse") >= 0.95 * REGRESSIONS


@pytest.mark.slow
@pytest.mark.parametrize("name", DEFAULTS | OPEN)
def test_a_fifth_more_time_per_token_is_found(name: str) -> None:
    """Steps that take 1.2 times as long: 95 of 100 are called worse, closed loop or open."""
    assert verdicts((DEFAULTS | OPEN)[name], REGRESSIONS, slower=1.2).count("worse") >= 0.95 * REGRESSIONS


@pytest.mark.parametrize("name", SCENES)
def test_few_pairs_of_the_same_thing_are_not_called_worse(name: str) -> None:
    """Three pairs of each kind, for every run of the tests."""
    assert "worse" not in verdicts(SCENES[name], 3)


@pytest.mark.parametrize("name", DEFAULTS)
def test_few_regressions_are_found(name: str) -> None:
    """Two of each kind, for every run of the tests."""
    assert verdicts(DEFAULTS[name], 2, slower=1.25) == ["worse", "worse"]
