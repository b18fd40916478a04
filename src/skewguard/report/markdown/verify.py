"""What runs, against what was promised, as Markdown: each problem with its replicas and settings, the fine ones counted."""

from collections.abc import Iterator

from skewguard.language.results import CheckReport
from skewguard.report import arranging, fleet, live_words, side_by_side, summaries, words
from skewguard.report.markdown import inputs
from skewguard.report.markdown.check import MOODS, ending, finding_item, verdict
from skewguard.report.markdown.page import code, folded, joined, table, text
from skewguard.report.options import View

_SIGNS = {"good": "✅", "error": "❌", "warning": "⚠️", "unknown": "❔", "faint": "➖"}


def render(report: CheckReport, view: View) -> str:
    """The subjects in trouble first; of a fleet, those without a problem are counted."""
    told = fleet.told(report)
    shown = [item for item in told.subjects if not (told.is_fleet and item.is_fine)]
    blocks = [f"### {MOODS[summaries.mood(report)]} skewguard verify: {text(verdict(report))}"]
    for item in shown:
        blocks += _subject(item, view, report.context)
    if told.is_fleet and (fine := fleet.fine(told.subjects)):
        blocks.append(text(f"{fine}, with nothing to report"))
    news = [finding for finding in told.others if arranging.is_news(finding)]
    blocks += [finding_item(finding, view) for finding in news]
    unread = [text(live_words.unread(item, number)) for item, number in fleet.unread(told.subjects)]
    if unread:
        blocks.append("**Could not be read**\n\n" + "\n".join(f"- {said}" for said in unread))
    blocks += [*inputs.missing(report.missing), *inputs.problems(report.errors)]
    hidden = [finding for finding in report.findings if arranging.is_told(finding) and not arranging.is_news(finding)]
    if hidden:
        title = words.counted(len(hidden), "note, waiver or open question", "notes, waivers and open questions")
        blocks.append(folded(title, [finding_item(finding, view) for finding in hidden]))
    blocks += inputs.notes(report.notes)
    return joined(blocks, f"<sub>{text(ending(report))}</sub>", "{} more parts are left out here: `-o html` shows all.")


def _subject(item: fleet.OfLive, view: View, context: str | None) -> Iterator[str]:
    word, style = live_words.state(item)
    yield f"{_SIGNS[style]} **{word}** {text(live_words.heading(item.live, context))}"
    for owner in item.live.owners:
        yield f"owner: {text(live_words.owner(owner))}"
    for finding in item.news:
        yield finding_item(finding, view)
    yield from in_words(live_words.replicas(item.live, whole=False))
    yield from in_words(side_by_side.table(item.live, everything=view.verbose, whole=False))


def in_words(made: live_words.Table) -> Iterator[str]:
    """A table, its notes under it; nothing where it is empty."""
    if made.rows:
        rows = [[code(said) if style == "strong" else text(said) for said, style in row] for row in made.rows]
        yield table([text(name) for name in made.head], rows)
    for note in made.notes:
        yield text(note)
