"""What runs, against what was promised, as a page: each subject with its findings, its replicas and its settings."""

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from skewguard.language.results import CheckReport
from skewguard.report import arranging, fleet, live_words, side_by_side, summaries
from skewguard.report.html import inputs
from skewguard.report.html.check import article, gaps, run
from skewguard.report.html.page import Part, el, listed, pairs, prose, section, table, written
from skewguard.report.options import View


def render(report: CheckReport, view: View) -> str:
    """Those in trouble first; everything that was compared stands behind a line that opens it."""
    told = fleet.told(report)
    return written(
        "skewguard verify",
        el("h1", "skewguard verify"),
        prose(summaries.check(report), of=f"verdict {summaries.mood(report)}"),
        *(_subject(item, view, report.context) for item in told.subjects),
        section("Other findings", *(article(item, view) for item in told.others if arranging.is_told(item))),
        section("Could not be read", unread(fleet.unread(told.subjects))),
        inputs.missing(report.missing),
        inputs.problems(report.errors),
        section("Not known from what was read", gaps(report)),
        inputs.notes(report.notes),
        section("This run", pairs(_run(report))),
    )


def _run(report: CheckReport) -> Iterator[tuple[str, str]]:
    yield "read from", report.context or ""
    yield from run(report)


def unread(items: list[fleet.Missed]) -> Element | None:
    """What could not be read, what that hides, and the right it needs."""
    return listed(prose(live_words.unread(item, number), "span") for item, number in items)


def _subject(item: fleet.OfLive, view: View, context: str | None) -> Element:
    word, style = live_words.state(item)
    live = item.live
    return el(
        "section",
        el("h2", el("span", word, of=f"word {style}"), " ", live_words.heading(live, context)),
        *(prose(f"owner: {live_words.owner(owner)}") for owner in live.owners),
        *(article(finding, view) for finding in item.findings if arranging.is_told(finding)),
        *in_words(live_words.replicas(live, whole=True)),
        *in_words(side_by_side.table(live, everything=False, whole=False)),
        _everything(side_by_side.table(live, everything=True, whole=True), side_by_side.hidden(live)),
    )


def _everything(made: live_words.Table, hidden: int) -> Part:
    if not hidden:
        return None
    return el("details", el("summary", f"all {len(made.rows)} settings that were compared"), *in_words(made))


def in_words(made: live_words.Table) -> Iterator[Element]:
    """A table, its notes under it; nothing where it is empty."""
    if made.rows:
        yield table(made.head, [[el("span", said, of=style) for said, style in row] for row in made.rows])
    for note in made.notes:
        yield prose(note, of="unknown")
