"""A check for a pull request: the verdict, then each finding with its place, its cause and the edit that mends it."""

from collections.abc import Iterator

from skewguard.language.findings import Finding
from skewguard.language.results import CheckReport
from skewguard.report import arranging, folding, pods, sizes, summaries, words
from skewguard.report.markdown import inputs
from skewguard.report.markdown.page import block, code, folded, joined, text
from skewguard.report.options import View
from skewguard.report.terminal.excerpt import excerpt

_SIGNS = {"error": "❌", "warning": "⚠️", "note": "ℹ️", "unknown": "❔", "crashed": "💥", "waived": "☑️"}
MOODS = {"error": "❌", "warning": "⚠️", "good": "✅"}
"""The sign of each way a run can end."""
_LINE = 110


def render(report: CheckReport, view: View) -> str:
    """News first; notes, waived findings and open questions behind a line that opens them."""
    news = [finding for finding in report.findings if arranging.is_news(finding)]
    others = [finding for finding in report.findings if arranging.is_told(finding) and not arranging.is_news(finding)]
    news, idle = folding.fold(news)
    blocks = [f"### {MOODS[summaries.mood(report)]} skewguard: {text(verdict(report))}"]
    blocks += _findings(report, news, view)
    if idle is not None:
        others += idle.findings
        blocks.append(f"- {_SIGNS['warning']} **warning** {code(idle.check)} {text(idle.message)}")
    blocks += [*inputs.missing(report.missing), *inputs.problems(report.errors)]
    if others:
        title = f"{words.counted(len(others), 'note, waiver or open question', 'notes, waivers and open questions')}"
        blocks.append(folded(title, _findings(report, others, view)))
    blocks += inputs.notes(report.notes)
    return joined(blocks, f"<sub>{text(ending(report))}</sub>", "{} more parts are left out here: `-o html` shows all.")


def verdict(report: CheckReport) -> str:
    """The counts, without those of the passes where there is anything else."""
    counts = words.verdicts(report.summary)
    return ", ".join(part for part in counts if "passed" not in part) or counts[0] if counts else "nothing to check"


def ending(report: CheckReport) -> str:
    """The last line: all counts, the exit code and the tables that were used."""
    tables = ", ".join(f"{engine} {version}" for engine, version in report.tables.versions.items())
    return f"{summaries.check(report)}; exit code {report.exit_code}" + (f"; engine tables: {tables}" if tables else "")


def _findings(report: CheckReport, findings: list[Finding], view: View) -> Iterator[str]:
    lines = {line.subject: line for line in report.subjects}
    for of_file in arranging.by_file(findings):
        for of_subject in of_file.subjects:
            said = words.heading(of_subject.subject, lines.get(of_subject.subject))
            yield f"**{code(of_file.file or 'not in a file')}** {text(said)}"
            for finding in of_subject.findings:
                yield finding_item(finding, view)


def finding_item(finding: Finding, view: View) -> str:
    """A list item: what, where, why, the source line, and the edit."""
    word, _ = arranging.word(finding)
    place = words.place(finding.origin)
    head = [f"{_SIGNS[word]} **{word}**", code(finding.check), code(finding.setting or ""), code(place)]
    lines = [" ".join(part for part in head if part), text(finding.message), *_on(finding), *_excerpt(finding, view)]
    if finding.contract is not None:
        lines.append(f"contract: {text(finding.contract.name)}, {code(words.place(finding.contract.origin))}")
    if finding.effect:
        lines.append(f"**effect:** {text(sizes.effect(finding.effect))}")
    if finding.verdict == "waived" and finding.waiver is not None:
        until = f" (until {finding.waiver.until})" if finding.waiver.until else ""
        lines.append(f"**waived:** {text(finding.waiver.reason + until)}")
    elif finding.remedy:
        lines.append(f"**fix:** {text(finding.remedy)}")
    if finding.verdict == "unknown" and finding.inputs:
        lines.append(f"**would decide:** {text(words.needed(finding.inputs))}")
    indented = "\n\n".join(lines).replace("\n", "\n  ")
    return f"- {indented}".replace("\n  \n", "\n\n")


def _on(finding: Finding) -> Iterator[str]:
    if finding.pods:
        yield f"**on:** {text(pods.folded(finding.pods))}"


def _excerpt(finding: Finding, view: View) -> Iterator[str]:
    marked = view.marked(finding.origin) if finding.origin else None
    if marked is None or finding.origin is None:
        return
    number = f"{finding.origin.line} | "
    cut = excerpt(marked, _LINE)
    under = " " * (len(number) - 2) + "| " + " " * cut.indent + "^" * cut.length
    yield block([f"{number}{cut.before}{cut.offence}{cut.after}", under], "text")
