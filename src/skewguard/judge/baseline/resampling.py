"""How far a number measured in one window could have come out otherwise: bootstrap over blocks of time.

Requests of one server are not independent: they share its batch, and a long prefill slows all that decode beside it.
What is drawn again is therefore not single requests but blocks of time, none shorter than an answer takes (Künsch 1989;
Politis and Romano 1994). Draws come from a fixed seed: the same two baselines always get the same verdict.
"""

import math
from functools import lru_cache
from typing import NamedTuple

from skewguard.judge.baseline.rows import Array

DRAWS = 800
"""Draws of the blocks. Only a standard deviation is taken from them, which 800 give within 2.5 %."""

MOST, FEWEST = 40, 8
"""Blocks of a window at most (more would cut answers apart), and at least: with fewer their spread says next to nothing."""

CHANCE = 1.28
SEED = 20240229


# ---- Student's t -----------------------------------------------------------------------------------------------------


def student(tail: float, freedom: int) -> float:
    """The point that Student's t with `freedom` degrees exceeds with probability `tail`."""
    low, high = 0.0, 1.0
    while _beyond(high, freedom) > tail:
        low, high = high, high * 2
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _beyond(middle, freedom) > tail else (low, middle)
    return (low + high) / 2


def _beyond(point: float, freedom: int) -> float:
    """P(t > point), by the finite sums for whole degrees of freedom (Abramowitz and Stegun 26.7.3 and 26.7.4)."""
    angle = math.atan(point / math.sqrt(freedom))
    sine, square = math.sin(angle), math.cos(angle) ** 2
    odd = freedom % 2
    term = total = (math.cos(angle) if odd else 1.0) * (freedom > 1)
    for step in range(2 + odd, freedom - 1, 2):
        term *= square * (step - 1) / step
        total += term
    inside = 2 / math.pi * (angle + sine * total) if odd else sine * total
    return (1 - inside) / 2


# ---- blocks ----------------------------------------------------------------------------------------------------------


class Blocks(NamedTuple):
    """A window cut into `number` blocks of equal length."""

    start: float
    end: float
    number: int

    @property
    def edges(self) -> Array:
        """The moments between blocks, with both ends."""
        import numpy as np

        return np.linspace(self.start, self.end, self.number + 1)

    def of(self, moments: Array) -> Array:
        """The block of each moment; the last block takes its own end."""
        import numpy as np

        length = max(self.end - self.start, 1e-12)
        index: Array = np.clip(((moments - self.start) / length * self.number).astype(int), 0, self.number - 1)
        return index


def count(seconds: float, lifetime: float) -> int:
    """How many blocks a window is cut into: none shorter than a request is served at the median."""
    return min(MOST, int(seconds / max(lifetime, 1e-9)))


def dependence(rests: list[Array]) -> float:
    """How neighbouring blocks hang together: the correlation at lag 1 of what each side's blocks hold beyond the average.

    0 where it is negative, or no more than blocks that have nothing to do with each other show every tenth time.
    """
    import numpy as np

    power = sum(float(np.dot(rest, rest)) for rest in rests)
    found = sum(float(np.dot(rest[1:], rest[:-1])) for rest in rests) / power if power > 0 else 0.0
    return found if found > CHANCE / math.sqrt(sum(map(len, rests))) else 0.0


def rest(sums: Array, sizes: Array) -> Array:
    """What each block holds beyond the average of its size."""
    found: Array = sums - sizes * (sums.sum() / max(sizes.sum(), 1e-12))
    return found


def stretch(held: float, freedom: float) -> tuple[float, int]:
    """What correlated blocks make of a standard deviation, and of its degrees of freedom, as a first-order autoregression.

    n blocks of correlation r have a mean as spread as that of n·(1 − r)/(1 + r) independent ones, and tell of their variance what
    n·(1 − r²)/(1 + r²) would (Bayley and Hammersley 1946).
    """
    square = held * held
    return math.sqrt((1 + held) / (1 - held)), max(1, int(freedom * (1 - square) / (1 + square)))


@lru_cache(maxsize=16)
def draws(blocks: int, stream: int = 0) -> Array:
    """How often each block is drawn in each draw, draws × blocks. The first row draws every block once: the data itself.

    Two sides that are not drawn together take different streams. Kept, since all metrics of a comparison draw alike: half of its time.
    """
    import numpy as np

    chosen = np.random.default_rng((SEED, blocks, stream)).multinomial(blocks, np.full(blocks, 1 / blocks), size=DRAWS)
    weights: Array = np.vstack([np.ones(blocks), chosen])
    weights.setflags(write=False)
    return weights


# ---- what is drawn again ---------------------------------------------------------------------------------------------


def shares(sums: Array, sizes: Array, weights: Array) -> Array:
    """The ratio of two totals in each draw: a mean, a share, or a rate (sizes being seconds)."""
    import numpy as np

    found: Array = (weights @ sums) / np.maximum(weights @ sizes, 1e-12)
    return found


def deviation(values: Array) -> float:
    """The standard deviation over the draws (the first is the data itself)."""
    return float(values[1:].std())


def freedom(blocks: int, one: float, other: float, *, together: bool) -> float:
    """Degrees of freedom behind the sum of two variances (Welch and Satterthwaite); those of one side where both are drawn together."""
    if together or one + other == 0:
        return blocks - 1
    return (one**2 + other**2) ** 2 / ((one**4 + other**4) / (blocks - 1))
