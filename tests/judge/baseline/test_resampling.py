"""The arithmetic under a verdict, held against formulas."""

import math

import numpy as np
import pytest

from skewguard.judge.baseline import resampling
from skewguard.judge.baseline.objectives import at_most


@pytest.mark.parametrize("tail", [0.05, 0.005, 0.0005])
def test_student_has_its_closed_forms(tail: float) -> None:
    """With one, two and four degrees of freedom the quantile is a formula; with many it is the normal one."""
    share = 4 * tail * (1 - tail)
    four = 2 * math.sqrt(math.cos(math.acos(math.sqrt(share)) / 3) / math.sqrt(share) - 1)

    assert resampling.student(tail, 1) == pytest.approx(math.tan(math.pi * (0.5 - tail)))
    assert resampling.student(tail, 2) == pytest.approx((1 - 2 * tail) * math.sqrt(2 / share))
    assert resampling.student(tail, 4) == pytest.approx(four)


def test_bootstrap_finds_the_error_of_a_mean_of_independent_blocks() -> None:
    """Of forty blocks with standard deviation 1 the mean is uncertain by about 1/√40."""
    sums = np.random.default_rng(3).standard_normal(40)
    drawn = resampling.shares(sums, np.ones(40), resampling.draws(40))

    assert drawn[0] == pytest.approx(sums.mean())
    assert resampling.deviation(drawn) == pytest.approx(sums.std() / math.sqrt(40), rel=0.1)


def test_draws_are_the_same_every_time() -> None:
    """The same two baselines always get the same verdict; two sides are not drawn alike."""
    assert (resampling.draws(20) == resampling.draws(20)).all()
    assert (resampling.draws(20) != resampling.draws(20, stream=1)).any()


def test_blocks_that_hang_together_count_as_fewer() -> None:
    """A slow wave over the window is seen; blocks that alternate are not punished."""
    wave, zigzag = np.sin(np.arange(40) / 6), np.where(np.arange(40) % 2, 1.0, -1.0)

    assert resampling.dependence([wave]) > 0.8
    assert resampling.dependence([zigzag]) == 0
    wider, freedom = resampling.stretch(0.5, 39)
    assert wider == pytest.approx(math.sqrt(3))
    assert freedom == 23


def test_binomial_tail_is_exact() -> None:
    """Of ten tosses at most two heads: 56 of 1,024; many are told as few are."""
    assert at_most(2, 10, 0.5) == pytest.approx(56 / 1024)
    assert at_most(10, 10, 0.5) == 1
    assert at_most(480, 10_000, 0.05) == pytest.approx(at_most(240, 5_000, 0.05), abs=0.1)
