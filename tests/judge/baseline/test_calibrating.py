"""What runs of the same thing teach of noise."""

import math
from typing import Any

import pytest
from msgspec import structs

from skewguard.judge.baseline import calibrating, resampling
from skewguard.language.baselines import Baseline, Between
from skewguard.language.errors import InputError
from skewguard.language.facts import Subject
from tests.judge.baseline.building import LOAD, bare, metric


def runs(*values: float) -> tuple[Baseline, ...]:
    """One a minute."""
    return tuple(
        bare(metric("tpot", p50=value), id=f"run-{at}", started_at=f"2026-01-05T10:{at:02}:00Z")
        for at, value in enumerate(values)
    )


def test_floor_is_that_of_a_difference_of_two_runs() -> None:
    """Runs spread by 1 %: two of them by √2 %, and the floor by what Student's t allows with three of them."""
    (noise,) = calibrating.calibrate(runs(math.exp(-0.01), 1.0, math.exp(0.01)), "2026-01-05T10:00:00Z").noise

    assert (noise.name, noise.stat, noise.pairs, noise.points) == ("tpot", "p50", 3, False)
    assert noise.spread == pytest.approx(0.01 * math.sqrt(2))
    assert noise.floor == pytest.approx(resampling.student(0.005, 2) * noise.spread)


def test_more_runs_of_the_same_spread_support_a_lower_floor() -> None:
    """Ten runs say three times as much as three."""
    few = calibrating.calibrate(runs(0.99, 1.0, 1.01), "now").noise[0]
    many = calibrating.calibrate(runs(*[0.99, 1.0, 1.01] * 4), "now").noise[0]

    assert many.floor < few.floor / 2.5


def test_shares_are_learned_in_points_too() -> None:
    """GPU utilization is limited in points."""
    shares = tuple(bare(metric("gpu_utilization", p50=share)) for share in (0.5, 0.52, 0.54))

    spreads = {noise.points: noise.spread for noise in calibrating.calibrate(shares, "now").noise}
    assert spreads[True] == pytest.approx(0.02 * math.sqrt(2))


def test_what_one_run_lacks_or_knows_only_as_an_interval_is_not_learned() -> None:
    """No noise is claimed of what was not seen in every run."""
    partly = (*runs(1.0, 1.01), bare(metric("tpot", p50=Between(0.9, 1.1))))

    assert calibrating.calibrate(partly, "now").noise == ()


def test_two_runs_teach_nothing() -> None:
    """A spread needs three."""
    with pytest.raises(InputError, match="at least 3"):
        calibrating.calibrate(runs(1.0, 1.01), "now")


def test_runs_of_another_load_are_refused_by_name() -> None:
    """Noise of two loads is none of either."""
    other = structs.replace(runs(1.0)[0], id="other", load=structs.replace(LOAD, rate=9.0))

    with pytest.raises(InputError, match="other are not of the very same thing at the same load: rate is 4 and 9"):
        calibrating.calibrate((*runs(1.0, 1.01), other), "now")


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"subject": Subject("Endpoint", "slow:8000")}, "subject is .* and Endpoint slow:8000"),
        ({"inputs_digest": "inp1:b"}, "inputs is not known and inp1:b"),
        ({"model": "another"}, "model is .* and another"),
        ({"version": "9.9"}, "version is .* and 9.9"),
    ],
)
def test_runs_of_another_thing_are_refused_by_name(more: dict[str, Any], said: str) -> None:
    """How far two engines lie apart is no noise of either, and would hide that much of every loss."""
    other = structs.replace(runs(1.0)[0], id="other", **more)

    with pytest.raises(InputError, match=f"run-0 and other are not of the very same thing.*{said}"):
        calibrating.calibrate((*runs(1.0, 1.01), other), "now")


def test_run_that_is_named_twice_is_refused() -> None:
    """No recording differs from itself: it would make the noise smaller than it is."""
    with pytest.raises(InputError, match="run-0 is named twice"):
        calibrating.calibrate((*runs(1.0, 1.01), runs(1.0)[0]), "now")


@pytest.mark.parametrize(
    ("copied", "said"),
    [
        ({"id": ""}, r"run-0 and number 4 \(of 2026-01-05T10:00:00Z\) are copies of one run"),
        ({"id": "other-store"}, "run-0 and other-store are copies of one run"),
        ({"id": "", "notes": ("said by hand",)}, "run-0 and number 4"),
    ],
    ids=["a file", "kept in two stores", "a file that was touched"],
)
def test_copy_of_a_run_is_refused_whatever_it_is_called(copied: dict[str, Any], said: str) -> None:
    """A run is the same one by when it was and what it measured: copies would make the noise smaller than it is."""
    with pytest.raises(InputError, match=said):
        calibrating.calibrate((*runs(1.0, 1.01, 1.02), structs.replace(runs(1.0)[0], **copied)), "now")


def test_runs_without_ids_are_told_apart_by_when_they_were() -> None:
    """Two files that measured the same number at two times are two runs."""
    files = tuple(structs.replace(each, id="") for each in runs(1.0, 1.0, 1.01))

    assert calibrating.calibrate(files, "now").noise


def test_load_that_is_not_told_teaches_no_noise() -> None:
    """Nobody knows whether such runs were made at one load: the first that does not tell is named, with what it lacks."""
    silent = structs.replace(LOAD, profile="untold", api="untold")
    found = tuple(structs.replace(each, load=silent) for each in runs(1.0, 1.01, 1.02))

    with pytest.raises(InputError, match="run-0 does not tell the profile and the api of its load") as caught:
        calibrating.calibrate(found, "now")
    assert "baseline import" in (caught.value.hint or "")


@pytest.mark.parametrize("count", [3, 10, 31])
def test_number_of_runs_is_told_by_their_pairs(count: int) -> None:
    """n·(n − 1)/2 pairs."""
    assert calibrating.runs_behind(count * (count - 1) // 2) == count
