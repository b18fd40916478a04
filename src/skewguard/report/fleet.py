"""What `verify` read, in the order a person reads it: each running subject with the findings about it, problems first."""

from collections import Counter
from collections.abc import Iterable, Sequence

from msgspec import Struct, structs

from skewguard.language.counting import Count
from skewguard.language.facts import Subject
from skewguard.language.findings import Finding
from skewguard.language.results import CheckReport
from skewguard.language.running import Unread
from skewguard.language.verifications import LiveSubject, State
from skewguard.report import arranging, sources, words

ENDPOINT = "Endpoint"
"""The kind of a subject that is a URL: nobody knows what stands behind it, so it has no replicas to count."""

LARGEST_IN_FULL = 3
"""Objects of a cluster that are shown with everything; more of them are a table with a line for each problem."""

_ORDER: dict[State, int] = {"skewed": 0, "undecided": 1, "empty": 2, "unpromised": 3, "verified": 4}
_FINE = ("verified", "unpromised", "empty")


Missed = tuple[Unread, int]
"""A source that could not be read, and the number of subjects it is missing for."""


class OfLive(Struct, frozen=True):
    """One running subject with the findings about it, the worst first."""

    live: LiveSubject
    findings: tuple[Finding, ...]

    @property
    def news(self) -> list[Finding]:
        """The findings that nobody should have to ask for."""
        return [finding for finding in self.findings if arranging.is_news(finding)]

    @property
    def is_fine(self) -> bool:
        """Nothing about it is news."""
        return self.live.state in _FINE and not self.news


class Told(Struct, frozen=True):
    """The subjects in reading order, and the findings about none of them (a contract that binds nothing)."""

    subjects: tuple[OfLive, ...]
    others: tuple[Finding, ...]

    @property
    def is_fleet(self) -> bool:
        """Whether there are too many to show each in full."""
        places = ((each.live.subject.cluster, *_object(each.live.subject)) for each in self.subjects)
        return len(set(places)) > LARGEST_IN_FULL


def told(report: CheckReport) -> Told:
    """Findings by the subject they are about; where a subject has several roles, a finding without one is of the first."""
    by_key: dict[tuple[str | None, ...], list[Finding]] = {}
    for finding in report.findings:
        by_key.setdefault(_key(finding.subject), []).append(finding)
    subjects = [OfLive(live, tuple(_taken(by_key, live.subject))) for live in report.live]
    subjects.sort(key=_rank)
    others = [finding for findings in by_key.values() for finding in findings]
    return Told(tuple(subjects), tuple(others))


def _taken(by_key: dict[tuple[str | None, ...], list[Finding]], subject: Subject) -> list[Finding]:
    """The findings about a subject, its container or its object, each given once."""
    role, container = subject.role, subject.container
    keys = dict.fromkeys(
        (_key(subject), _key(subject, role, None), _key(subject, None, container), _key(subject, None, None))
    )
    found = [finding for key in keys for finding in by_key.pop(key, ())]
    return sorted(found, key=arranging.rank)


_SAME = "(that of the subject)"


def _key(subject: Subject, role: str | None = _SAME, container: str | None = _SAME) -> tuple[str | None, ...]:
    """Whom a finding is about: pods, revisions and files do not matter."""
    role = subject.role if role is _SAME else role
    container = subject.container if container is _SAME else container
    return (*_object(subject), role, container)


def _object(subject: Subject) -> tuple[str | None, ...]:
    return subject.namespace, subject.kind, subject.name


def _rank(item: OfLive) -> tuple[object, ...]:
    worst = min((arranging.rank(finding)[:2] for finding in item.news), default=(9, 9))
    subject = item.live.subject
    return item.is_fine, _ORDER[item.live.state], worst, str(subject), subject.role or ""


def fine(subjects: Iterable[OfLive]) -> str:
    """The subjects without a problem, counted: `12 verified, 4 without a contract`."""
    counts = Counter(each.live.state for each in subjects if each.is_fine)
    named: dict[State, str] = {
        "verified": "verified",
        "unpromised": "without a contract",
        "empty": "without a replica",
    }
    return ", ".join(f"{counts[state]} {said}" for state, said in named.items() if counts[state])


def unread(subjects: Iterable[OfLive]) -> list[Missed]:
    """Each source that could not be read, once, with the number of subjects it is missing for."""
    counts: Counter[Unread] = Counter()
    first: dict[tuple[str, ...], Unread] = {}
    for each in subjects:
        for item in sources.folded(each.live):
            counts[first.setdefault((item.what, item.reason, item.hides, item.would_need), item)] += 1
    return list(counts.items())


def extent(report: CheckReport) -> str:
    """`3 workloads, 9 replicas in the cluster of context prod-eu`; an endpoint is only named, as nobody knows what stands behind it."""
    if "://" in (report.context or ""):
        return f"endpoint {report.context}"
    if not report.live:
        return f"no workload in {_place(report)}"
    objects = {(each.subject.cluster, *_object(each.subject)) for each in report.live}
    pods = {(each.subject.namespace, pod) for each in report.live for group in each.groups for pod in group.pods}
    return f"{words.counted(len(objects), 'workload')}, {words.counted(len(pods), 'replica')} in {_place(report)}"


def _place(report: CheckReport) -> str:
    return f"the cluster of context {report.context}"


def count(item: LiveSubject) -> Count:
    """The replicas of a subject, counted."""
    leaving = sum(group.terminating for group in item.groups)
    there = sum(len(group.pods) for group in item.groups) - leaving
    return Count(
        there,
        sum(min(group.ready, len(group.pods) - group.terminating) for group in item.groups),
        item.desired,
        leaving,
    )


def names(subjects: Sequence[Subject], context: str | None) -> list[str]:
    """The objects by name; the container and the role too, where several of one object are listed."""
    several = Counter((each.cluster, *_object(each)) for each in subjects)
    return [
        words.subject(
            each if several[each.cluster, *_object(each)] > 1 else structs.replace(each, container=None, role=None),
            context,
        )
        for each in subjects
    ]
