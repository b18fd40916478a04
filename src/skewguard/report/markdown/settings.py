"""Effective settings as Markdown tables: what somebody wrote on top, what is left to the engine folded away."""

from collections.abc import Iterator, Sequence

from skewguard.language.facts import Fact
from skewguard.language.results import SettingLine, SettingsReport, SizeLine, SubjectSettings
from skewguard.report import arranging, sizes, summaries, words
from skewguard.report.markdown import inputs
from skewguard.report.markdown.page import code, folded, joined, table, text
from skewguard.report.options import View


def render(report: SettingsReport, view: View) -> str:
    """One section for each container."""
    blocks = [f"### skewguard settings: {text(summaries.settings(report))}"]
    for subject in report.subjects:
        blocks += _subject(subject, everything=view.verbose)
    blocks += [*inputs.missing(report.missing), *inputs.problems(report.errors), *inputs.notes(report.notes)]
    return joined(
        blocks, f"<sub>exit code {report.exit_code}</sub>", "{} more parts are left out: `-o html` shows all."
    )


def _entrypoint(subject: SubjectSettings) -> str:
    return code(subject.entrypoint) if subject.entrypoint else words.started(subject)


def _subject(subject: SubjectSettings, *, everything: bool) -> Iterator[str]:
    version = subject.version or "of unknown version"
    yield f"**{text(words.subject(subject.subject))}** {text(f'{subject.engine} {version}')}, {_entrypoint(subject)}"
    if (doubt := words.starts(subject)) is not None:
        yield doubt
    odd = [
        f"- **{line.outcome}** {code(line.text)} {code(words.place(line.origin))} {text(line.message)}"
        for line in subject.arguments
        if line.outcome != "parsed" or line.message
    ]
    odd += [
        f"- **{line.outcome}** {code(line.name)} {code(words.place(line.origin))} {text(line.message)}"
        for line in subject.environment
        if line.outcome != "read" or line.message
    ]
    if odd:
        yield "\n".join(odd)
    ordered = arranging.settings(subject.settings)
    news = [line for line in ordered if everything or arranging.is_setting_news(line)]
    yield _table(news)
    rest = [line for line in ordered if line not in news]
    if rest:
        yield folded(words.counted(len(rest), "more setting") + " that nobody wrote", [_table(rest)])
    yield from _capacity(subject.capacity)


def _capacity(lines: Sequence[SizeLine]) -> Iterator[str]:
    """Whether the model fits and what it costs, with what that assumes."""
    if not lines:
        return
    rows = [(code(line.name), text(sizes.said(line)), text(line.meaning)) for line in lines]
    yield "**Will it fit, and what will it cost**\n\n" + table(("size", "value", "of what"), rows)
    assumed = sizes.assumptions(lines)
    if assumed:
        yield folded(words.counted(len(assumed), "assumption"), ["\n".join(f"- {text(said)}" for said in assumed)])


def _table(lines: Sequence[SettingLine]) -> str:
    return table(("setting", "value", "authority", "origin"), [_row(line) for line in lines])


def _row(line: SettingLine) -> tuple[str, str, str, str]:
    said = words.shortened(words.effective(line.effective, line.unit))
    value = code(said) if isinstance(line.effective, Fact) else text(said)
    return code(line.setting), value, line.authority or "", text(words.origin_of(line))
