"""How often a verdict misleads: pairs of the same server, and of one that became slower, under many kinds of load.

A sample in as many tests as there are kinds, so that they spread over processes; `benchmarks/judging.py` is the whole proof.
"""

import pytest
from msgspec import structs

from skewguard.judge.baseline import calibrating, comparing
from skewguard.language.baselines import Calibration, Verdict
from tests.judge.baseline import simulation
from tests.judge.baseline.simulation import SCENES, Scene

SMALL = Scene(concurrency=4, spread_outputs=0.3)
OPEN = Scene(rate=4, spread_outputs=0.3)
SHIFTED = {"closed loop of 4": SMALL, "closed loop of 16": Scene(concurrency=16), "4 requests/s": OPEN}
SLOWER = {
    "a tenth less throughput": (SMALL, 1 / 0.9),
    "a fifth more time per token": (SMALL, 1.2),
    "a fifth more, open loop": (OPEN, 1.2),
}


def verdicts(scene: Scene, pairs: int, slower: float = 1.0, calibration: Calibration | None = None) -> list[Verdict]:
    """The verdicts on pairs of runs, none of which is used twice; the second is `slower`."""
    return [
        comparing.compare(
            simulation.baseline(scene, 2 * pair),
            simulation.baseline(scene, 2 * pair + 1, slower),
            calibration=calibration,
        ).verdict
        for pair in range(pairs)
    ]


def learned(scene: Scene) -> Calibration:
    """The noise of ten runs."""
    runs = tuple(simulation.baseline(scene, 10_000 + run) for run in range(10))
    return calibrating.calibrate(runs, "2026-01-05T10:00:00Z")


@pytest.mark.slow
@pytest.mark.parametrize("name", SCENES)
def test_pairs_of_the_same_thing_are_hardly_ever_called_worse(name: str) -> None:
    """Of thirty pairs of each kind none, or one by chance."""
    assert verdicts(SCENES[name], 30).count("worse") <= 1


@pytest.mark.slow
@pytest.mark.parametrize("name", SHIFTED)
def test_runs_of_a_server_that_shifts_are_hardly_ever_called_worse_without_a_calibration(name: str) -> None:
    """Runs of the same thing that differ by 6 % (standard deviation), of which nobody learned: two of sixty by chance."""
    assert verdicts(structs.replace(SHIFTED[name], shift=0.06), 60).count("worse") <= 2


@pytest.mark.slow
@pytest.mark.parametrize("shift", [0.02, 0.06])
def test_calibration_learns_what_runs_differ_in(shift: float) -> None:
    """Ten runs of the same server teach a floor under which hardly a pair is called worse."""
    scene = structs.replace(SMALL, shift=shift)

    assert verdicts(scene, 60, calibration=learned(scene)).count("worse") <= 2


@pytest.mark.slow
@pytest.mark.parametrize("name", SLOWER)
def test_regression_is_found_with_a_calibration(name: str) -> None:
    """After one minute each, 57 of 60 are called worse at least."""
    scene, slower = SLOWER[name]

    assert verdicts(scene, 60, slower, learned(scene)).count("worse") >= 57


@pytest.mark.parametrize("name", SCENES)
def test_few_pairs_of_the_same_thing_are_not_called_worse(name: str) -> None:
    """Three pairs of each kind, for every run of the tests."""
    assert "worse" not in verdicts(SCENES[name], 3)


@pytest.mark.parametrize("name", SHIFTED)
def test_large_regression_is_found_without_a_calibration(name: str) -> None:
    """Steps that take half as long again: two of two."""
    assert verdicts(SHIFTED[name], 2, slower=1.5) == ["worse", "worse"]


@pytest.mark.parametrize("name", SLOWER)
def test_smaller_regression_is_never_called_the_same(name: str) -> None:
    """Without a calibration nobody is woken for it, and nobody is told that all is well."""
    scene, slower = SLOWER[name]

    assert not {"same", "better"} & set(verdicts(scene, 3, slower))
