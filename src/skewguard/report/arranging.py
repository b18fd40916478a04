"""The order in which a person reads findings and settings, the same in every format made for people: the worst first.

Findings stand under the file and the container they are about. What is news is told apart from what waits for `-v`.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from msgspec import Struct

from skewguard.language.facts import Fact, Gap, Subject
from skewguard.language.findings import Finding, Severity
from skewguard.language.rereadings import EntrypointChange, WordChange
from skewguard.language.results import DiffReport, SettingLine
from skewguard.report import words

K = TypeVar("K")

_RANK: dict[Severity, int] = {"error": 0, "warning": 1, "note": 2}
_VERDICTS = {"fail": 0, "error": 0, "unknown": 1, "waived": 2}


class OfSubject(Struct, frozen=True):
    """The findings about one container, in reading order."""

    subject: Subject
    findings: tuple[Finding, ...]


class OfFile(Struct, frozen=True):
    """The findings of one file, by container; `file` is empty where no file is at fault."""

    file: str
    subjects: tuple[OfSubject, ...]


class Reread(Struct, frozen=True):
    """What the two sides of a diff make of the same words of one container, the gravest first."""

    subject: Subject
    entrypoints: tuple[EntrypointChange, ...]
    words: tuple[WordChange, ...]


def reread(report: DiffReport) -> list[Reread]:
    """The words that two sides do not treat alike, by container."""
    changed = sorted((*report.arguments, *report.environment), key=lambda item: _RANK[item.severity])
    subjects = [*(item.subject for item in report.entrypoints), *(item.subject for item in changed)]
    return [
        Reread(
            subject,
            tuple(item for item in report.entrypoints if item.subject == subject),
            tuple(item for item in changed if item.subject == subject),
        )
        for subject in dict.fromkeys(subjects)
    ]


def is_news(finding: Finding) -> bool:
    """Notes, waived findings and unknowns that no contract asks about can wait; everything else is news."""
    if finding.verdict == "fail":
        return finding.severity != "note"
    if finding.verdict == "unknown":
        return finding.group == "contract"
    return finding.verdict == "error"


def is_told(finding: Finding) -> bool:
    """What a reader who asked for everything gets: all but passes and skips."""
    return finding.verdict in ("fail", "unknown", "waived", "error")


def by_file(findings: Iterable[Finding]) -> list[OfFile]:
    """Findings grouped by file and container, the group with the worst finding first."""
    return [
        OfFile(
            file,
            tuple(
                OfSubject(subject, tuple(sorted(of_subject, key=rank)))
                for subject, of_subject in _grouped(of_file, lambda finding: finding.subject)
            ),
        )
        for file, of_file in _grouped(findings, words.file_of)
    ]


def rank(finding: Finding) -> tuple[int, int, int, int]:
    """What sorts a finding among others: verdict, severity, line, column."""
    severity = 0 if finding.verdict == "error" else _RANK[finding.severity]
    origin = finding.origin
    line, column = (origin.line, origin.column) if origin else (None, None)
    return _VERDICTS.get(finding.verdict, 3), severity, line or 0, column or 0


def word(finding: Finding) -> tuple[str, str]:
    """The word a finding starts with, and its style: `error`, `warning`, `note`, `unknown`, `crashed`, `waived`."""
    if finding.verdict == "fail":
        return finding.severity, finding.severity
    if finding.verdict == "error":
        return "crashed", "error"
    return finding.verdict, "unknown" if finding.verdict == "unknown" else "faint"


def _grouped(findings: Iterable[Finding], key: Callable[[Finding], K]) -> list[tuple[K, list[Finding]]]:
    groups: dict[K, list[Finding]] = {}
    for finding in findings:
        groups.setdefault(key(finding), []).append(finding)
    return sorted(groups.items(), key=lambda group: min(rank(finding)[:2] for finding in group[1]))


def is_declared(line: SettingLine) -> bool:
    """Somebody wrote it, or the running process shows it."""
    return line.authority in ("declared", "observed") or any(fact.authority != "derived" for fact in line.facts)


def is_setting_news(line: SettingLine) -> bool:
    """Somebody wrote it, or it is a setting of the vocabulary that has a value or should have one."""
    from skewguard.language import vocabulary

    if is_declared(line):
        return True
    absent = isinstance(line.effective, Gap) and line.effective.rule == "absent"
    return line.setting in vocabulary.BY_NAME and not absent


def settings(lines: Sequence[SettingLine]) -> list[SettingLine]:
    """What somebody wrote first, then what is known, then what is open."""
    return sorted(lines, key=lambda line: 0 if is_declared(line) else 1 if isinstance(line.effective, Fact) else 2)
