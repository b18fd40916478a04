"""Our load client against the tools that engines are measured with today, on one mock whose truth is known.

    python -m benchmarks.loadgen [--rounds 5] [--quick] [--only NAME …] [--minutes 15] [-o docs/loadgen-speed.md]

Nothing else may be running. Peers are installed on the first run (`benchmarks/loadgen/peers.py`); one that cannot be is
listed with the reason. Every cell has a deadline. Results are written after each cell, so that a run which is cut off leaves
a page, and `--from FILE` makes the page again. `--minutes`: no round of a tool is begun that would not be done by then;
`--continue` makes those that are missing.
"""

import argparse
import compileall
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from benchmarks.loadgen import mocking, page, peers, running, wording
from benchmarks.loadgen.cells import Cell, cells
from benchmarks.loadgen.running import Outcome
from benchmarks.loadgen.tools import OURS, THEIRS, Tool

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "benchmarks" / "results" / "loadgen.json"
MINUTE = 60.0
QUICK = 1 / 3
"""Of each cell: a second of each paced one, which is the least that every tool can be asked for."""
MOST_PROMPTS = 4000


class Kept(msgspec.Struct):
    """What a run leaves: enough to make the page again."""

    run: dict[str, Any]
    ours: dict[str, str]
    peers: dict[str, str]
    outcomes: list[Outcome]


class Plan(NamedTuple):
    """What is run, and where. `until`: the moment after which no round of a tool is begun that would last beyond it."""

    tools: list[Tool]
    cells: tuple[Cell, ...]
    rounds: int
    until: float
    results: Path


def say(line: str) -> None:
    """One line of progress."""
    print(line, file=sys.stderr, flush=True)


def main() -> int:
    """Measure, print, and write to `-o` when given; 1 where a promise is missed."""
    options = _options()
    source: Path | None = options.source
    kept = msgspec.json.decode(source.read_bytes(), type=Kept) if source else _measured(options)
    text = page.render(kept.outcomes, kept.ours, kept.peers, kept.run)
    print(text)
    if options.output:
        options.output.write_text(text, "utf-8")
    known = page.gathered(kept.outcomes)
    verdicts = [found for name in kept.ours for _, found in page.judged(known, name, kept.peers)]
    return int(any(found is not None and not found.passed for found in verdicts))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="one short round: does everything work?")
    parser.add_argument("--only", nargs="+", metavar="NAME", choices=[*OURS, *THEIRS], help=", ".join([*OURS, *THEIRS]))
    parser.add_argument("--cells", nargs="+", metavar="CELL", choices=page.CELLS, help=", ".join(page.CELLS))
    parser.add_argument("--minutes", type=float, default=15.0)
    parser.add_argument("--results", type=Path, default=RESULTS, help="where every number of every round is kept")
    parser.add_argument("--from", dest="source", type=Path, help="make the page of results that were kept")
    parser.add_argument("--continue", dest="goes_on", action="store_true", help="make what `--results` still lacks")
    parser.add_argument("-o", "--output", type=Path)
    return parser.parse_args()


def _measured(options: argparse.Namespace) -> Kept:
    compileall.compile_dir(ROOT / "src", quiet=1)  # as an installed package is
    made, left_out = found({**OURS, **THEIRS}, options.only)
    began = time.monotonic()
    plan = Plan(
        made,
        tuple(cell for cell in cells(QUICK if options.quick else 1.0) if cell.name in (options.cells or page.CELLS)),
        1 if options.quick else options.rounds,
        began + options.minutes * MINUTE,
        options.results,
    )
    earlier = msgspec.json.decode(plan.results.read_bytes(), type=Kept) if options.goes_on else Kept({}, {}, {}, [])
    before = float(earlier.run.get("minutes", 0.0))
    command = " ".join(["python -m benchmarks.loadgen", *sys.argv[1:]])
    kept = Kept(
        {
            "command": " && ".join([earlier.run["command"], command] if options.goes_on else [command]),
            "machine": running.machine(),
            "left_out": left_out,
            "notes": {tool.name: tool.note for tool in made},
            "minutes": 0.0,
        },
        {tool.name: tool.title for tool in made if tool.ours},
        {tool.name: tool.title for tool in made if not tool.ours},
        earlier.outcomes,
    )
    done = {(outcome.tool, outcome.round) for outcome in earlier.outcomes}
    plan.results.parent.mkdir(parents=True, exist_ok=True)
    with mocking.running(mocking.build(peers.cache()), core=0) as mock, tempfile.TemporaryDirectory() as scratch:
        words = wording.write(Path(scratch), MOST_PROMPTS)
        for outcome in rounds(plan, mock, Path(scratch), words, left_out, done):
            kept.outcomes.append(outcome)
            kept.run["minutes"] = before + (time.monotonic() - began) / MINUTE
            plan.results.write_bytes(msgspec.json.encode(kept))
            say(f"  {outcome.cell}: {outcome.problem or _short(outcome.numbers)}")
    return kept


def found(tools: dict[str, Callable[[], Tool]], only: list[str] | None) -> tuple[list[Tool], list[str]]:
    """The tools that can be had, and why the others cannot."""
    made: list[Tool] = []
    left_out: list[str] = []
    for name, make in tools.items():
        if only and name not in only:
            continue
        try:
            made.append(make())
        except peers.Unavailable as reason:
            left_out.append(f"{name}: {reason}")
            say(f"{name} is left out: {reason}")
    return made, left_out


def rounds(
    plan: Plan,
    mock: mocking.Mock,
    scratch: Path,
    words: wording.Wording,
    left_out: list[str],
    done: set[tuple[str, int]],
) -> Iterator[Outcome]:
    """Tools in turn, each round begun by another, so that a machine that grows busy is no tool's bad luck alone."""
    lasted: dict[str, float] = {}
    for turn in range(plan.rounds):
        first = turn % len(plan.tools)
        for tool in plan.tools[first:] + plan.tools[:first]:
            if (tool.name, turn) in done:
                continue
            started = time.monotonic()
            if started + lasted.get(tool.name, 0.0) > plan.until:
                left_out.append(f"{tool.title}: round {turn} would have ended after the time that was given")
                say(f"round {turn}: {tool.name} is left out, time is up")
                continue
            say(f"round {turn}: {tool.title}")
            yield from running.run(tool, plan.cells, mock, turn, scratch / f"{tool.name}-{turn}", words)
            lasted[tool.name] = time.monotonic() - started


def _short(numbers: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.4g}" for name, value in numbers.items())


if __name__ == "__main__":
    sys.exit(main())
