"""How often a performance verdict misleads: many pairs of simulated runs whose truth is known.

    python benchmarks/judging.py [--share 1.0] [--processes 2] [-o docs/judging.md]

Pairs of the very same server (A/A) under every kind of load of `tests/judge/baseline/simulation.py`, then of servers whose runs differ,
then of one that became slower; with a calibration and without. No run is used twice, each pair has its own arrivals and lengths, each twenty
pairs a calibration of their own, and all seeds lie far from those that tests use. No time is measured: a busy machine changes nothing.
"""

import argparse
import math
import os
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from multiprocessing import Pool
from pathlib import Path
from typing import NamedTuple

from msgspec import structs

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # two processes are enough threads
ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT)]

from skewguard.judge.baseline import calibrating, comparing  # noqa: E402
from skewguard.language.baselines import Calibration, Verdict  # noqa: E402
from tests.judge.baseline import simulation  # noqa: E402 - found beside this folder
from tests.judge.baseline.simulation import SCENES, Scene  # noqa: E402

GROUP = 20
"""Pairs that share a calibration: of one alone, the luck of its runs would decide about all pairs."""

FIRST_SEED = 500_000_000
"""No test comes near it."""

SMALL = Scene(concurrency=4, spread_outputs=0.3)
MEDIUM = Scene(concurrency=16, seconds=120, spread_outputs=0.3, shift=0.01)
OPEN = Scene(rate=4, spread_outputs=0.3)
SHIFTED = {"closed loop of 4": SMALL, "closed loop of 16": Scene(concurrency=16), "4 requests/s": OPEN}
SHIFTS = (0.02, 0.04, 0.06)
TENTH, FIFTH = 1 / 0.9, 1.2


class Cell(NamedTuple):
    """One line of the page. `slower`: how much longer the steps of the second run are. `runs`: those of a calibration (0: none).

    `at_most` and `at_least` are the bars on the share that is called worse.
    """

    part: str
    title: str
    scene: Scene
    pairs: int
    slower: float = 1.0
    runs: int = 0
    at_most: float | None = None
    at_least: float | None = None


def cells() -> Iterator[Cell]:
    """Every line, in the order of the page."""
    same = "The same server"
    for name, scene in SCENES.items():
        yield Cell(same, name, scene, 100, at_most=0.01)
    for shift in SHIFTS:
        part = f"The same server, its runs {shift:.0%} apart (standard deviation), not calibrated"
        for name, scene in SHIFTED.items():
            yield Cell(part, name, structs.replace(scene, shift=shift), 100 if shift > 0.05 else 40, at_most=0.01)
    for shift in (0.02, 0.06):
        apart = structs.replace(SMALL, shift=shift)
        yield Cell(
            "The same server, its runs apart, calibrated with ten", f"{shift:.0%}", apart, 100, runs=10, at_most=0.01
        )
    yield from _regressions()


def _regressions() -> Iterator[Cell]:
    found, open_ = "A regression, calibrated", "A regression, not calibrated"
    apart = structs.replace(SMALL, shift=0.01)
    yield Cell(found, "10 % throughput, closed loop of 4, 60 s, ten runs", SMALL, 200, TENTH, 10, at_least=0.95)
    yield Cell(found, "20 % TPOT, closed loop of 4, 60 s, ten runs", SMALL, 200, FIFTH, 10, at_least=0.95)
    yield Cell(found, "20 % TPOT, 4 requests/s, 60 s, ten runs", OPEN, 100, FIFTH, 10, at_least=0.95)
    yield Cell(found, "10 % throughput, 60 s, runs 1 % apart, ten of them", apart, 100, TENTH, 10)
    yield Cell(found, "10 % throughput, 60 s, runs 1 % apart, thirty of them", apart, 100, TENTH, 30)
    yield Cell(found, "20 % TPOT, 60 s, runs 1 % apart, ten of them", apart, 100, FIFTH, 10, at_least=0.95)
    yield Cell(found, "10 % throughput, loop of 16, 120 s, runs 1 % apart, ten of them", MEDIUM, 100, TENTH, 10)
    for slower in (TENTH, FIFTH, 4 / 3, 1.5):
        bar = 0.95 if slower > 1.3 else None
        for name, scene in (("closed loop of 4", SMALL), ("4 requests/s", OPEN)):
            yield Cell(open_, f"steps {slower:.2f} times as long, {name}, 60 s", scene, 20, slower, at_least=bar)


# ---- work ------------------------------------------------------------------------------------------------------------

Piece = tuple[int, int, int]
"""The number of a cell, of a group of its pairs, and how many pairs that has."""


def worked(piece: Piece) -> tuple[int, list[Verdict]]:
    """The verdicts on one group of pairs."""
    index, group, pairs = piece
    cell = list(cells())[index]
    seed = FIRST_SEED + index * 1_000_000 + group * 1000
    learned = _calibration(cell, seed) if cell.runs else None
    told: list[Verdict] = []
    for pair in range(pairs):
        scene = structs.replace(cell.scene, schedule=seed if learned is not None else seed + pair)
        one = simulation.baseline(scene, seed + 100 + 2 * pair)
        other = simulation.baseline(scene, seed + 101 + 2 * pair, cell.slower)
        told.append(comparing.compare(one, other, calibration=learned).verdict)
    return index, told


def _calibration(cell: Cell, seed: int) -> Calibration:
    scene = structs.replace(cell.scene, schedule=seed)
    runs = tuple(simulation.baseline(scene, seed + run) for run in range(cell.runs))
    return calibrating.calibrate(runs, "2026-01-05T10:00:00Z")


def pieces(every: Sequence[Cell], share: float) -> Iterator[Piece]:
    """Groups of pairs of every cell."""
    for index, cell in enumerate(every):
        wanted = max(1, round(cell.pairs * share))
        for group, start in enumerate(range(0, wanted, GROUP)):
            yield index, group, min(GROUP, wanted - start)


def measured(every: Sequence[Cell], share: float, processes: int) -> list[Counter[Verdict]]:
    """The verdicts of every cell."""
    todo = list(pieces(every, share))
    found: list[Counter[Verdict]] = [Counter() for _ in every]
    with Pool(processes) as pool:
        for done, (index, told) in enumerate(pool.imap_unordered(worked, todo), 1):
            found[index].update(told)
            if done % 10 == 0 or done == len(todo):
                print(f"{done} of {len(todo)} groups of pairs", file=sys.stderr, flush=True)
    return found


# ---- the page --------------------------------------------------------------------------------------------------------

Z95 = 1.96


def wilson(count: int, of: int) -> tuple[float, float]:
    """Between which two shares the true one lies with 95 % (Wilson 1927)."""
    share, square = count / of, Z95 * Z95 / of
    middle = share + square / 2
    half = Z95 * math.sqrt(share * (1 - share) / of + square / (4 * of))
    return max(0.0, (middle - half) / (1 + square)), min(1.0, (middle + half) / (1 + square))


class Line(NamedTuple):
    """One line as it is shown: `passed` is None where there is no bar."""

    title: str
    told: Counter[Verdict]
    bar: str
    passed: bool | None


def line(title: str, told: Counter[Verdict], cell: Cell) -> Line:
    """A cell against its bar."""
    worse, total = told["worse"], told.total()
    if cell.at_most is not None:
        return Line(title, told, f"at most {cell.at_most:.0%}", worse <= cell.at_most * total)
    if cell.at_least is not None:
        return Line(title, told, f"at least {cell.at_least:.0%}", worse >= cell.at_least * total)
    return Line(title, told, "", None)


def lines(every: Sequence[Cell], found: Sequence[Counter[Verdict]]) -> dict[str, list[Line]]:
    """By part. What the same server must not show is asked of all its loads together: of a single one chance alone shows some."""
    by_part: dict[str, list[Line]] = {}
    for cell, told in zip(every, found, strict=True):
        shown = line(cell.title, told, cell)
        by_part.setdefault(cell.part, []).append(
            shown._replace(passed=None, bar="") if cell.at_most is not None else shown
        )
    for part, shown in by_part.items():
        first = next(cell for cell in every if cell.part == part)
        if first.at_most is not None:
            together: Counter[Verdict] = sum((each.told for each in shown), Counter())
            shown.append(line("**all together**", together, first))
    return by_part


def page(by_part: dict[str, list[Line]], command: str) -> str:
    """The page in Markdown."""
    missed = sum(each.passed is False for shown in by_part.values() for each in shown)
    bars = sum(each.passed is not None for shown in by_part.values() for each in shown)
    head = [
        "# How often a performance verdict misleads",
        "",
        f"Made by `{command}` on simulated runs; [how a verdict is reached](decisions/0008-how-a-performance-verdict-is-reached.md).",
        f"{bars - missed} of {bars} bars pass. Behind each share called worse stands its 95 % interval (Wilson).",
    ]
    for part, shown in by_part.items():
        head += ["", f"## {part}", "", "| pairs | called worse | inconclusive | same or better | bar |", "|---|---|---|---|---|"]  # fmt: skip
        head += [_row(each) for each in shown]
    return "\n".join(head) + "\n"


def _row(each: Line) -> str:
    total, worse = each.told.total(), each.told["worse"]
    low, high = wilson(worse, total)
    verdict = "" if each.passed is None else f"{each.bar}: {'pass' if each.passed else '**MISSED**'}"
    fine = each.told["same"] + each.told["better"]
    return (
        f"| {total} · {each.title} | {worse} ({worse / total:.1%}, {low:.1%} to {high:.1%})"
        f" | {each.told['inconclusive']} | {fine} | {verdict} |"
    )


def main() -> int:
    """Simulate, judge, print, and write to `-o` when given; 1 where a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--share", type=float, default=1.0, help="of the pairs of each line")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("-o", "--output", type=Path)
    options = parser.parse_args()
    every = list(cells())
    by_part = lines(every, measured(every, options.share, options.processes))
    share = "" if options.share == 1.0 else f" --share {options.share:g}"
    text = page(by_part, f"python benchmarks/judging.py{share}")
    print(text)
    if options.output:
        options.output.write_text(text, encoding="utf-8")
    return int(any(each.passed is False for shown in by_part.values() for each in shown))


if __name__ == "__main__":
    sys.exit(main())
