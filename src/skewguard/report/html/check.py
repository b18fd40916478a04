"""A check as a page: the verdict, the findings with their places, causes and edits, then all that was looked at."""

from collections.abc import Iterable
from xml.etree.ElementTree import Element

from skewguard.language.findings import Finding
from skewguard.language.results import CheckReport, SubjectLine
from skewguard.report import arranging, folding, pods, sizes, summaries, words
from skewguard.report.html import inputs
from skewguard.report.html.page import Part, el, pairs, prose, section, table, written
from skewguard.report.options import View

_EXIT = {
    0: "nothing at or above the severity that fails",
    1: "a finding at or above the severity that fails",
    2: "an input could not be read",
    3: "a promise of a contract cannot be decided",
    4: "a check crashed",
}


def render(report: CheckReport, view: View) -> str:
    """News first; then what a reader may want to know besides."""
    news = [finding for finding in report.findings if arranging.is_news(finding)]
    others = [finding for finding in report.findings if arranging.is_told(finding) and not arranging.is_news(finding)]
    news, idle = folding.fold(news)
    others += idle.findings if idle else ()
    return written(
        "skewguard check",
        el("h1", "skewguard check"),
        prose(summaries.check(report), of=f"verdict {summaries.mood(report)}"),
        section("Findings", *_findings(report, news, view), prose(idle.message) if idle else None),
        inputs.missing(report.missing),
        inputs.problems(report.errors),
        section("Notes, waivers and open questions", *_findings(report, others, view)),
        section("Engines", _engines(report)),
        section("Not known from the input", gaps(report)),
        inputs.notes(report.notes),
        section("This run", pairs(run(report))),
    )


def run(report: CheckReport) -> Iterable[tuple[str, str]]:
    """When it ran, how it ended, and with which tables and contracts."""
    yield "at", report.run_at
    yield "exit code", f"{report.exit_code}: {_EXIT.get(report.exit_code, 'see the documentation')}"
    yield "fails on", report.fail_on
    for engine, version in report.tables.versions.items():
        file = report.tables.files.get(engine)
        yield f"table of {engine}", f"{version}, from {file}" if file else version
    for contract in report.contracts:
        yield "contract", f"{contract.name}, {contract.origin}, binds {contract.subjects}"


def _engines(report: CheckReport) -> Part:
    if not report.subjects:
        return None
    failed: dict[object, list[Finding]] = {}
    for finding in report.findings:
        failed.setdefault(finding.subject, []).append(finding)
    rows = [_engine(line, failed.get(line.subject, [])) for line in report.subjects]
    return table(("container", "engine", "contract", "why it is one", "findings"), rows)


def _engine(line: SubjectLine, findings: list[Finding]) -> tuple[str, str, str, Element, str]:
    errors = sum(finding.verdict == "fail" and finding.severity == "error" for finding in findings)
    warnings = sum(finding.verdict == "fail" and finding.severity == "warning" for finding in findings)
    counts = [words.counted(errors, "error"), words.counted(warnings, "warning")]
    said = ", ".join(count for count in counts if not count.startswith("0 ")) or "none above a note"
    return words.subject(line.subject), words.engine(line), line.contract or "none", prose(line.reason, "span"), said


def gaps(report: CheckReport) -> Part:
    """What nobody can know from what was read, and what would tell."""
    if not report.gaps:
        return None
    rows = [
        (
            words.subject(subject),
            el("code", gap.setting, of="name"),
            prose(gap.reason, "span"),
            prose(gap.would_need, "span"),
        )
        for subject, gap in report.gaps
    ]
    return table(("container", "setting", "why", "would tell"), rows)


def _findings(report: CheckReport, findings: list[Finding], view: View) -> Iterable[Element]:
    lines = {line.subject: line for line in report.subjects}
    for of_file in arranging.by_file(findings):
        yield el("h3", el("code", of_file.file or "not in a file"))
        for of_subject in of_file.subjects:
            yield el("p", words.heading(of_subject.subject, lines.get(of_subject.subject)), of="faint")
            yield from (article(finding, view) for finding in of_subject.findings)


def article(finding: Finding, view: View) -> Element:
    """One finding with its cause, its edit and its evidence."""
    word, style = arranging.word(finding)
    rule = view.rules.get(finding.check)
    return el(
        "article",
        el(
            "p",
            el("span", word, of=f"word {style}"),
            " ",
            el("code", finding.check),
            " ",
            el("span", finding.setting or ""),
            " ",
            el("span", words.place(finding.origin), of="place faint"),
        ),
        prose(finding.message),
        prose(f"on: {pods.folded(finding.pods, most=None)}") if finding.pods else None,
        _excerpt(finding, view),
        prose(f"why: {rule.why}", of="faint")
        if rule is not None and rule.why and finding.verdict != "waived"
        else None,
        prose(f"effect: {sizes.effect(finding.effect)}") if finding.effect else None,
        _remedy(finding),
        el("details", el("summary", "evidence", of="faint"), pairs(_evidence(finding))),
        of=style,
    )


def _remedy(finding: Finding) -> Part:
    if finding.verdict == "waived" and finding.waiver is not None:
        until = f" (until {finding.waiver.until})" if finding.waiver.until else ""
        return prose(f"waived: {finding.waiver.reason}{until}")
    return el("p", el("strong", "fix: ", of="good"), prose(finding.remedy, "span")) if finding.remedy else None


def _evidence(finding: Finding) -> Iterable[tuple[str, str]]:
    yield from words.evidence(finding)
    if finding.contract is not None:
        yield "contract", f"{finding.contract.name}, {words.place(finding.contract.origin)}"
    if finding.verdict == "unknown" and finding.inputs:
        yield "would decide", words.needed(finding.inputs)


def _excerpt(finding: Finding, view: View) -> Part:
    marked = view.marked(finding.origin) if finding.origin else None
    if marked is None or finding.origin is None:
        return None
    around = 400  # a line may hold a megabyte
    first, last = max(marked.start - around, 0), min(marked.end, marked.start + around)
    before = ("…" if first else "") + marked.text[first : marked.start]
    after = marked.text[last : last + around] + ("…" if len(marked.text) > last + around else "")
    return el("pre", f"{finding.origin.line} | {before}", el("mark", marked.text[marked.start : last]), after)
