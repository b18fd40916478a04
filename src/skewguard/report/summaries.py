"""The closing line of each result, the same in every format made for people."""

from collections import Counter
from collections.abc import Iterable

from skewguard.language.findings import Finding
from skewguard.language.results import CheckReport, DiffReport, SettingsReport
from skewguard.report import arranging, words


def check(report: CheckReport, *, hint: bool = False) -> str:
    """`2 errors, 41 passed; 3 files; 3 engines, 2 under contract`. `hint` says how to see what is not shown."""
    summary = report.summary
    parts = [", ".join(words.verdicts(summary)) or ("no finding" if report.live else "nothing to check")]
    if hint and (hidden := _hidden(report.findings)):
        parts[0] += f" ({hidden} not shown: -v shows them)"
    if summary.assumed:
        unseen = "that could not be read" if report.context is not None else "not in the input"
        parts.append(f"{words.counted(summary.assumed, 'pass rests', 'passes rest')} on sources {unseen}")
    if report.errors:
        parts.append(words.counted(len(report.errors), "input problem"))
    if report.context is not None:
        from skewguard.report import fleet  # lazily: a check of files needs nothing of what runs

        return "; ".join([*parts, fleet.extent(report), words.engines(summary)])
    skipped = f" ({summary.skipped_files} more without Kubernetes objects skipped)" if summary.skipped_files else ""
    return "; ".join([*parts, words.counted(summary.files, "file") + skipped, words.engines(summary)])


def _hidden(findings: Iterable[Finding]) -> str:
    """What is no news, by kind: `3 notes, 1 unknown`."""
    counts = Counter(finding.verdict for finding in findings if not arranging.is_news(finding))
    kinds = [words.counted(counts["fail"], "note")] if counts["fail"] else []
    kinds += [f"{counts[verdict]} {verdict}" for verdict in ("unknown", "waived") if counts[verdict]]
    return ", ".join(kinds)


MOST_NAMED = 5
"""Checks that one sentence names."""


def undecided(report: CheckReport) -> str:
    """The checks whose answer is no news and could still be a failure, if somebody knew; empty where there is none."""
    waiting = [item for item in report.findings if item.verdict == "unknown" and not arranging.is_news(item)]
    by_check = Counter(item.check for item in waiting if item.severity != "note")
    named = [f"{check} ({number})" if number > 1 else check for check, number in by_check.most_common(MOST_NAMED)]
    more = f" and {len(by_check) - MOST_NAMED} more" if len(by_check) > MOST_NAMED else ""
    seen = "what could be read" if report.context is not None else "this input"
    return f"{', '.join(named)}{more} cannot be decided from {seen}" if named else ""


def mood(report: CheckReport) -> str:
    """The style of a check's closing line: `error`, `warning` or `good`."""
    severities = report.summary.by_severity
    if severities.get("error") or report.errors or report.summary.by_verdict.get("error"):
        return "error"
    return "warning" if severities.get("warning") or report.summary.by_verdict.get("unknown") else "good"


def diff(report: DiffReport) -> str:
    """`3 settings differ, 1 undecided`."""
    parts = [words.counted(len(report.changes), "setting differs", "settings differ")]
    if not report.changes:
        parts = [_no_change(report)]
    for noun, items in (("argument", report.arguments), ("variable", report.environment)):
        if items:
            parts.append(words.counted(len(items), f"{noun} is treated otherwise", f"{noun}s are treated otherwise"))
    if report.undecided:
        parts.append(f"{len(report.undecided)} undecided")
    if report.only_in_a or report.only_in_b:
        parts.append(f"{words.counted(len(report.only_in_a) + len(report.only_in_b), 'container')} on one side alone")
    if report.expected_differences:
        parts.append(f"{len(report.expected_differences)} expected")
    if report.errors:
        parts.append(words.counted(len(report.errors), "input problem"))
    return ", ".join(parts)


def _no_change(report: DiffReport) -> str:
    if not report.compared:
        return "nothing could be compared" if report.errors else "no container stands on both sides"
    return "no setting is known to differ" if report.undecided else "the effective settings are equal"


def diff_mood(report: DiffReport) -> str:
    """The style of a diff's closing line: `error`, `warning` or `good`."""
    if report.errors or not report.compared:
        return "error"
    return "warning" if report.exit_code else "good"


def settings(report: SettingsReport) -> str:
    """`2 engines, 14 settings written, 3 unknown`; how many somebody wrote, and how many nobody can know."""
    from skewguard.language.facts import Fact

    lines = [line for subject in report.subjects for line in subject.settings]
    written = sum(arranging.is_declared(line) for line in lines)
    unknown = sum(arranging.is_setting_news(line) and not isinstance(line.effective, Fact) for line in lines)
    engines = words.counted(len(report.subjects), "engine")
    return f"{engines}, {words.counted(written, 'setting')} written, {unknown} not known from the input"
