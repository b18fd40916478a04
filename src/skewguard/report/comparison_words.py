"""What two baselines say of each other, in words: the verdict in one sentence, then what moved, the worst first."""

import re
from collections.abc import Mapping, Sequence

from skewguard.language.baselines import Baseline, Compared, Comparison, Difference, Verdict
from skewguard.language.loads import NOT_TOLD, SAYABLE
from skewguard.report import baseline_words, load_words, quantities, words
from skewguard.report.live_words import Cell, Table

_DIGEST = re.compile(r"\b([0-9a-f]{12})[0-9a-f]{20,}\b")

ORDER: tuple[Verdict, ...] = ("worse", "inconclusive", "better", "same")
STYLES: Mapping[Verdict, str] = {"worse": "error", "inconclusive": "unknown", "better": "good", "same": "good"}
_MOODS: Mapping[Verdict, str] = {"worse": "error", "inconclusive": "warning", "better": "good", "same": "good"}


def sorted_metrics(item: Comparison) -> list[Compared]:
    """The worst first, in the order of the metrics otherwise."""
    return sorted(item.metrics, key=lambda each: ORDER.index(each.verdict))


def of_verdict(item: Comparison, verdict: Verdict) -> list[Compared]:
    """The metrics with this verdict."""
    return [each for each in item.metrics if each.verdict == verdict]


def headline(item: Comparison) -> str:
    """`worse: TPOT p95 +23 % (interval +19 % to +27 %), tolerated up to +10 %; and 1 more`."""
    if not item.comparable:
        return f"not comparable{_obstacles(item)}"
    verdict = item.verdict
    named = of_verdict(item, verdict)
    if verdict == "inconclusive":
        named = [each for each in named if each.deciding] or named
    if not named:
        return f"{verdict}: no metric could be compared"
    if verdict == "same":
        open_ones = len(of_verdict(item, "inconclusive"))
        rest = f"; {open_ones} cannot be told" if open_ones else ""
        return f"same{' in what these runs can tell' if open_ones else ''}: {words.counted(len(named), 'metric')} within what is tolerated{rest}"
    more = f"; and {len(named) - 1} more" if len(named) > 1 else ""
    return f"{verdict}: {sentence(gravest(named))}{more}"


def _obstacles(item: Comparison) -> str:
    """`: rate differs; profile, api are not told`: what is known to be apart, and what nobody knows to be alike."""
    blocking = [each for each in item.differs if each.blocks]
    if not blocking:
        return ", and nobody says why"
    apart, open_ones = ([each.what for each in blocking if _is_untold(each) is untold] for untold in (False, True))
    said = [f"{', '.join(apart)} {'differs' if len(apart) == 1 else 'differ'}"] if apart else []
    said += [f"{', '.join(open_ones)} {'is' if len(open_ones) == 1 else 'are'} {NOT_TOLD}"] if open_ones else []
    return f": {'; '.join(said)}"


def _is_untold(item: Difference) -> bool:
    return NOT_TOLD in (item.a, item.b)


def gravest(items: Sequence[Compared]) -> Compared:
    """The one that moved furthest; the first where none says how far."""
    from math import log

    def far(each: Compared) -> float:
        if each.effect is None:
            return -1.0
        return abs(each.effect) if each.points else abs(log(each.effect)) if each.effect > 0 else 1e9

    return max(items, key=far)


def sentence(item: Compared) -> str:
    """`TPOT p95 +23 % (interval +19 % to +27 %), tolerated up to +10 %`."""
    between = interval(item)
    said = f"{baseline_words.name(item.name, item.stat)} {effect(item)}"
    said += f" (interval {between})" if between else " (no interval can be had)"
    return said + (f", tolerated {quantities.tolerance(item.tolerance)}" if item.tolerance else "")


def effect(item: Compared) -> str:
    """How far it moved."""
    return "moved by an unknown amount" if item.effect is None else _moved(item, item.effect)


def _moved(item: Compared, value: float) -> str:
    return quantities.step(value, item.unit) if item.points else quantities.change(value)


def interval(item: Compared) -> str:
    """Between which two the effect lies; empty where nobody knows."""
    if item.interval is None:
        return ""
    low, high = item.interval
    if low is None or high is None:
        if low is None and high is None:
            return ""
        return f"{_moved(item, low)} or more" if low is not None else f"{_moved(item, high or 0.0)} or less"
    first, last = _moved(item, low), _moved(item, high)
    if first.partition(" ")[2] == "points" == last.partition(" ")[2]:
        first = first.partition(" ")[0]
    return f"{first} to {last}"


def mood(item: Comparison) -> str:
    """The style of the verdict."""
    return "warning" if not item.comparable else _MOODS[item.verdict]


def table(item: Comparison, *, everything: bool) -> Table:
    """A row for each metric that moved or cannot be told; `everything`: those that stayed the same too."""
    head = ("verdict", "metric", "change", "interval", "tolerated", "a", "b")
    shown = [each for each in sorted_metrics(item) if everything or each.verdict != "same"]
    return Table(head, tuple(_row(each) for each in shown))


def _row(item: Compared) -> tuple[Cell, ...]:
    return (
        (item.verdict, STYLES[item.verdict]),
        (baseline_words.name(item.name, item.stat), "strong"),
        ("unknown" if item.effect is None else effect(item), ""),
        (interval(item) or "none", ""),
        (quantities.tolerance(item.tolerance), "faint"),
        (quantities.number(item.a, item.unit), ""),
        (quantities.number(item.b, item.unit), ""),
    )


def reasons(item: Comparison) -> list[tuple[str, str]]:
    """Why each of those that are worse or open was judged so: metric and reason, equal reasons told once."""
    told: dict[str, list[str]] = {}
    for each in sorted_metrics(item):
        if each.verdict in ("worse", "inconclusive") and each.reason:
            told.setdefault(reason(each), []).append(baseline_words.name(each.name, each.stat))
    return [(", ".join(names), reason) for reason, names in told.items()]


def reason(item: Compared) -> str:
    """What decided, with limits in the words of the changes beside it."""
    return quantities.tolerance(item.reason)


def folded(item: Comparison) -> str:
    """`4 others same: output tokens, TTFT p95, …`; empty where none is."""
    same = of_verdict(item, "same")
    if not same:
        return ""
    others = "other" if len(same) < len(item.metrics) else "metric"
    names = ", ".join(baseline_words.name(each.name, each.stat) for each in same)
    return f"{words.counted(len(same), others)} same: {names}"


def differences(item: Comparison) -> Table:
    """What the two differ in, what keeps them from being compared first."""
    rows: list[tuple[Cell, ...]] = [
        (
            (each.what, "error" if each.blocks else "strong"),
            (_short(each.a), ""),
            (_short(each.b), ""),
            (each.reason, "faint"),
        )
        for each in sorted(item.differs, key=lambda each: not each.blocks)
    ]
    return Table(("differs", "a", "b", ""), tuple(rows))


def _short(text: str) -> str:
    """A digest by its first twelve characters, which tell two apart as well as all of them do."""
    return _DIGEST.sub(r"\1", text)


def sides(item: Comparison, a: Baseline, b: Baseline) -> list[tuple[str, str]]:
    """Names and texts: which two, and of what under which load, told once where it is the same."""
    told = [(name, *map(said, (a, b))) for name, said in (("of", _subject), ("load", baseline_words.load_of))]
    shared = [(name, one) for name, one, other in told if one == other]
    apart = [(one, other) for _, one, other in told if one != other]
    first = " · ".join([_side(a, item.a), *(one for one, _ in apart)])
    second = " · ".join([_side(b, item.b), *(other for _, other in apart)])
    return [("a", first), ("b", second), *shared]


def _subject(item: Baseline) -> str:
    return words.subject(item.subject)


def _side(item: Baseline, called: str) -> str:
    word = baseline_words.stamp(item)
    return f"{word}{' · ' if word else ''}{called or 'not stored'} · {baseline_words.exactly_when(item.started_at)}"


def advice(item: Comparison, a: Baseline, b: Baseline) -> str:
    """What to do where two baselines cannot be compared; empty where they can."""
    if item.comparable:
        return ""
    wrong = [letter for letter, each in (("a", a), ("b", b)) if not each.valid]
    if wrong:
        return f"{' and '.join(wrong)} cannot be trusted, and no number of such a run is compared: record again"
    if "traffic" in (a.kind, b.kind):
        return (
            "live traffic is as it is: compare two windows with a like load, or record both with a load that is sent "
            "(`skewguard baseline record` without --from traffic)"
        )
    blocking = [each for each in item.differs if each.blocks]
    if any(_is_untold(each) and each.what in SAYABLE for each in blocking):
        return (
            "who knows what was sent imports the report again and says it (`skewguard baseline import --help`); "
            "of what `skewguard baseline record` sends, all of it is known"
        )
    what = ", ".join(each.what for each in blocking)
    return f"record b again with what a had ({what}): {load_words.load(a.load)}"


def settled(item: Comparison) -> str:
    """How sure the verdicts are."""
    noise = "with the noise that calibration learned" if item.calibrated else (
        "without calibration: `skewguard baseline calibrate` learns the noise of two equal runs"
    )  # fmt: skip
    return f"at {quantities.said(item.confidence, 'ratio')} confidence, {noise}"
