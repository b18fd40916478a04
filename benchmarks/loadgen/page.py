"""The page: bars, then each number of each tool as a median with the least and the most."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from benchmarks.loadgen import arithmetic
from benchmarks.loadgen.arithmetic import BARS, Judged, Spread
from benchmarks.loadgen.running import START, Outcome

QUIET, SOME = 0.1, 0.6


class Row(NamedTuple):
    """One number of one cell, as it is shown. `digits` behind the point."""

    cell: str
    number: str
    title: str
    digits: int


ROWS = (
    Row("peak", "rate", "peak requests/s", 0),
    Row("peak", "cpu_per_request_us", "CPU µs/request", 0),
    Row("chunks", "cpu_per_chunk_us", "CPU µs/chunk", 1),
    Row("paced-100", "ttft_error_ms", "TTFT error at 100/s, ms", 3),
    Row("paced-100", "e2e_error_ms", "E2E error at 100/s, ms", 3),
    Row("paced-400", "ttft_error_ms", "TTFT error at 400/s, ms", 3),
    Row("paced-400", "e2e_error_ms", "E2E error at 400/s, ms", 3),
    Row("paced-400", "rate", "requests/s reached of 400", 0),
    Row("paced-400", "slip_p50_ms", "slip p50 at 400/s, ms", 3),
    Row("paced-400", "slip_p99_ms", "slip p99 at 400/s, ms", 3),
    Row(START, "startup_s", "start-up to first request, s", 2),
    Row(START, "startup_cpu_s", "start-up, CPU s", 2),
    Row(START, "tail_s", "last token to exit, s", 2),
    Row("peak", "memory_mib", "peak memory (PSS), MiB", 0),
    Row("peak", "processes", "processes", 0),
)
CELLS = ("peak", "chunks", "paced-100", "paced-400")

Known = Mapping[tuple[str, str, str], Spread]
"""By tool, cell and number."""


def gathered(outcomes: Sequence[Outcome]) -> Known:
    """What every tool showed over the rounds."""
    values: dict[tuple[str, str, str], list[float]] = defaultdict(list)
    for outcome in outcomes:
        for name, value in outcome.numbers.items():
            values[outcome.tool, outcome.cell, name].append(value)
    spreads = ((key, arithmetic.spread(each)) for key, each in values.items())
    return {key: found for key, found in spreads if found is not None}


def noise(others_cores: float) -> str:
    """How much of the machine everything else took meanwhile, in a word."""
    if others_cores <= QUIET:
        return "quiet"
    return "some" if others_cores <= SOME else "busy"


def render(
    outcomes: Sequence[Outcome], ours: Mapping[str, str], peers: Mapping[str, str], run: Mapping[str, Any]
) -> str:
    """Markdown. `ours` and `peers`: names of tools with their titles; `run`: command, machine, what was left out."""
    known = gathered(outcomes)
    titles = {**ours, **peers}
    shown = [name for name in titles if any(key[0] == name for key in known)]
    lines = [
        *_head(run),
        *_notes(run, titles),
        *_bars(known, ours, peers),
        *_numbers(known, titles, shown),
        *_noises(known, titles, shown),
    ]
    lines += _left_out(run["left_out"], outcomes, titles)
    return "\n".join([*lines, ""])


def _head(run: Mapping[str, Any]) -> list[str]:
    machine = run["machine"]
    return [
        "# The load client, measured against others",
        "",
        (
            f"Made by `{run['command']}`, which took {run['minutes']:.0f} minutes, on {machine['cores']} cores"
            f" ({machine['processor']}), {machine['memory_gib']} GiB, Linux {machine['kernel']}, Python {machine['python']};"
            " client and server share the cores, over the loopback interface."
        ),
        "",
        (
            "The server (`benchmarks/loadgen/mock/server.cpp`) computes nothing and knows the truth: when the kernel had each"
            " request, and when it wrote each chunk. Tools ran in turn, round after round; a number is the median of the rounds,"
            " with the least and the most. Errors are a tool's reported mean less the server's, slip is the server's arrival"
            " times against an even grid. CPU is that of the tool's whole tree of processes between the first request and the"
            " last token; memory is its peak in the closed loop and with 100 streams."
        ),
        "",
        "- **peak**: closed loop, 64 connections, 16 streamed tokens, no delay, the answer in one write.",
        "- **chunks**: 100 streams at once, 256 tokens each, 10 ms apart, each token a write of its own.",
        "- **paced**: constant arrivals, first token after 50 ms ± 20 % (2 % of them: four times that), 16 tokens 10 ms apart.",
        "",
    ]


def _notes(run: Mapping[str, Any], titles: Mapping[str, str]) -> list[str]:
    """What a reader has to know of each tool: they run as they come, but for what is said here."""
    told = [f"- {titles[name]}: {note}" for name, note in run["notes"].items() if name in titles and note]
    return ["## The tools", "", *told, ""] if told else []


def judged(known: Known, ours: str, peers: Mapping[str, str]) -> list[tuple[arithmetic.Bar, Judged | None]]:
    """Every bar, for one of our ways to run."""
    return [
        (
            bar,
            arithmetic.judge(
                bar,
                known.get((ours, bar.cell, bar.number)),
                {name: known.get((name, bar.cell, bar.number)) for name in peers},
            ),
        )
        for bar in BARS
    ]


def _bars(known: Known, ours: Mapping[str, str], peers: Mapping[str, str]) -> list[str]:
    lines = ["## What we promise", "", "| promise | by | ours | best other | ratio | |", "|---|---|---|---|---|---|"]
    for name, title in ours.items():
        for bar, found in judged(known, name, peers):
            promise = f"{bar.title}: {'at least ' if bar.more else 'at most 1/'}{bar.times:g}{'x' if bar.more else ''}"
            if found is None:
                lines.append(f"| {promise} | {title} | – | – | – | not measured |")
                continue
            verdict = "pass" if found.passed else "**MISSED**"
            lines.append(
                f"| {promise} | {title} | {found.ours:.4g} | {found.theirs:.4g} ({peers[found.best]})"
                f" | {'' if bar.more else '1/'}{found.ratio:.1f} | {verdict} |"
            )
    return [*lines, ""]


def _numbers(known: Known, titles: Mapping[str, str], shown: Sequence[str]) -> list[str]:
    lines = ["## Every number", "", "| | " + " | ".join(titles[name] for name in shown) + " |"]
    lines.append("|---" * (len(shown) + 1) + "|")
    for row in ROWS:
        cells = (_told(known.get((name, row.cell, row.number)), row.digits) for name in shown)
        lines.append(f"| {row.title} | " + " | ".join(cells) + " |")
    return [*lines, ""]


def _told(found: Spread | None, digits: int) -> str:
    if found is None:
        return "–"
    return f"{found.median:.{digits}f} ({found.low:.{digits}f} to {found.high:.{digits}f}; {found.n})"


def _noises(known: Known, titles: Mapping[str, str], shown: Sequence[str]) -> list[str]:
    lines = [
        "## How quiet the machine was",
        "",
        f"Cores that everything else used meanwhile, median and most: quiet up to {QUIET}, some up to {SOME}, busy beyond.",
        "",
        "| | " + " | ".join(CELLS) + " |",
        "|---" * (len(CELLS) + 1) + "|",
    ]
    for name in shown:
        found = [known.get((name, cell, "others_cores")) for cell in CELLS]
        told = [f"{noise(each.median)} ({each.median:.2f}, {each.high:.2f})" if each else "–" for each in found]
        lines.append(f"| {titles[name]} | " + " | ".join(told) + " |")
    return [*lines, ""]


def _left_out(left_out: Sequence[str], outcomes: Sequence[Outcome], titles: Mapping[str, str]) -> list[str]:
    said = [
        *left_out,
        *(f"{titles[o.tool]}, {o.cell}, round {o.round}: {o.problem}" for o in outcomes if o.problem),
    ]
    if not said:
        return []
    return ["## Not measured", "", *(f"- {' '.join(item.split())}" for item in said), ""]
