"""What skewguard may read in a cluster, in words: what is missing first."""

from skewguard.language.verifications import Access, AccessReport
from skewguard.report import words
from skewguard.report.live_words import Cell, Table

_ANSWERS: dict[bool | None, Cell] = {False: ("no", "error"), None: ("not told", "unknown"), True: ("yes", "good")}
_ORDER = (False, None, True)


def heading(report: AccessReport) -> str:
    """Who asks, and where."""
    return f"{report.user or 'a user that the server does not name'} in {report.context}"


def table(report: AccessReport) -> Table:
    """One row for each right; what is lost without it stands beside those that are missing."""
    rights = sorted(report.rights, key=lambda item: _ORDER.index(item.allowed))
    return Table(("may", "right", "where", "for", "without it"), tuple(_row(item) for item in rights))


def _row(item: Access) -> tuple[Cell, ...]:
    return (
        _ANSWERS[item.allowed],
        (f"{item.verb} {item.resource}", "strong"),
        (item.namespace or "the whole cluster", ""),
        (item.for_, ""),
        ("" if item.allowed else item.without, "warning"),
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
