"""What skewguard may read in a cluster, in words: what is missing first."""

from collections.abc import Iterable, Sequence

from skewguard.language.verifications import Access, AccessReport
from skewguard.report import words
from skewguard.report.live_words import Cell, Table

_ANSWERS: dict[bool | None, Cell] = {False: ("no", "error"), None: ("not told", "unknown"), True: ("yes", "good")}
_ORDER = (False, None, True)


def heading(report: AccessReport) -> str:
    """Who asks, and where."""
    return f"{report.user or 'a user that the server does not name'} in {report.context}"


def table(report: AccessReport, *, wide: bool) -> Table:
    """One row for each purpose: what is missing first, with the rights it needs and what is lost without them.

    The rights that are there are named in `wide` alone.
    """
    purposes: dict[tuple[bool | None, str, str], list[Access]] = {}
    for item in sorted(report.rights, key=lambda item: _ORDER.index(item.allowed)):
        purposes.setdefault((item.allowed, item.for_, item.without), []).append(item)
    rows = [_row(items, wide=wide) for items in purposes.values()]
    head = ("may", "for", "rights", "without them")
    kept = [number for number in range(len(head)) if any(row[number][0] for row in rows)]
    return Table(tuple(head[number] for number in kept), tuple(tuple(row[number] for number in kept) for row in rows))


def _row(items: Sequence[Access], *, wide: bool) -> tuple[Cell, ...]:
    first = items[0]
    named = wide or not first.allowed
    return (
        _ANSWERS[first.allowed],
        (first.for_, ""),
        (_named(items) if named else "", "strong"),
        ("" if first.allowed else first.without, "warning"),
    )


def _named(items: Iterable[Access]) -> str:
    """`get, list pods in prod; list nodes`: as a role would grant them together."""
    verbs: dict[tuple[str | None, str], list[str]] = {}
    for item in items:
        verbs.setdefault((item.namespace, item.resource), []).append(item.verb)
    resources: dict[tuple[str | None, str], list[str]] = {}
    for (namespace, resource), asked in verbs.items():
        resources.setdefault((namespace, ", ".join(dict.fromkeys(asked))), []).append(resource)
    return "; ".join(
        f"{asked} {', '.join(named)}" + (f" in {namespace}" if namespace else "")
        for (namespace, asked), named in resources.items()
    )


def summary(report: AccessReport) -> str:
    """`9 of 12 rights; 2 missing, 1 not told`."""
    answers = [item.allowed for item in report.rights]
    if not answers:
        return "no right could be asked about"
    missing = [f"{answers.count(False)} missing"] if False in answers else []
    missing += [f"{answers.count(None)} not told"] if None in answers else []
    rights = words.counted(len(answers), "right")
    return f"{answers.count(True)} of {rights}; {', '.join(missing)}" if missing else f"all {rights}"


def mood(report: AccessReport) -> str:
    """The style of the closing line."""
    if report.errors:
        return "error"
    return "good" if report.rights and all(item.allowed for item in report.rights) else "warning"
