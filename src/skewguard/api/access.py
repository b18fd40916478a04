"""`verify --check-access`: which of the rights that skewguard asks for the user has here, and what is lost without the rest.

Every row of `knowledge.rights` that a verb uses is asked of the server itself (SelfSubjectAccessReview), so that RBAC,
webhooks and whatever else decides there have their say. Nothing is stored by such a question, and nothing is tried out.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial

from msgspec import Struct

from skewguard.adapters.cluster import access, review
from skewguard.adapters.cluster.errors import ClusterError, Denied
from skewguard.adapters.cluster.read import Reader
from skewguard.adapters.cluster.resources import Resource
from skewguard.api import scopes, surroundings
from skewguard.knowledge import rights
from skewguard.knowledge.rights import Right, Role
from skewguard.language.errors import ExitCode
from skewguard.language.results import InputProblem
from skewguard.language.verifications import Access, AccessReport

USED: tuple[Role, ...] = ("reader", "prober", "exec")
"""The roles whose rows are asked about. No verb of this version uses the operator's."""


def check_access(
    *,
    context: str | None = None,
    kubeconfig: str | None = None,
    namespace: str | None = None,
    all_namespaces: bool = False,
    timeout: float = 30,
) -> AccessReport:
    """Ask for each right: in one namespace (the context's where none is named) or in all. `timeout` in seconds.

    The exit code is 0 where all of the reader's rights are there, 3 where one is missing or the server does not say.
    Raises a `ClusterError` where the cluster cannot be reached.
    """
    with access.connect(context, kubeconfig, deadline=timeout) as cluster:
        reader = Reader(cluster)
        user = _user(reader)
        served, notes = _served(reader)
        place = scopes.namespace_of(cluster, namespace, all_namespaces=all_namespaces)
        asked = [_Asked(row, verb, None if row.cluster else place) for row, verb in _wanted(served)]
        answers = reader.each([partial(_ask, reader, item, served) for item in asked])
        return AccessReport(
            context=cluster.context,
            user=user,
            rights=tuple(item.answered(answer.allowed) for item, answer in zip(asked, answers, strict=True)),
            errors=tuple(dict.fromkeys(answer.problem for answer in answers if answer.problem is not None)),
            notes=(*cluster.notes, *notes, *_summed_up(asked, answers)),
            exit_code=_exit_code(asked, answers),
        )


class _Asked(Struct, frozen=True):
    """One right in one place; `namespace` None is the whole cluster."""

    row: Right
    verb: str
    namespace: str | None

    def answered(self, allowed: bool | None) -> Access:
        return Access(self.verb, self.row.title, self.namespace, allowed, self.row.for_, self.row.without)


class _Answer(Struct, frozen=True):
    """What the server said; None with a problem where it could not be asked."""

    allowed: bool | None
    problem: InputProblem | None = None


def _user(reader: Reader) -> str | None:
    try:
        who = review.who(reader.cluster)
    except Denied:
        return None
    return who.username or None if who is not None else None


Served = dict[tuple[str, str], Resource]
"""What the server serves, by group and plural; empty where it does not say."""


def _served(reader: Reader) -> tuple[Served, list[str]]:
    try:
        found = reader.resources()
    except Denied as error:
        return {}, [f"{error.message}: rights to kinds that this cluster does not have are among these"]
    served: Served = {}
    for each in found:
        served.setdefault((each.group, each.plural), each)
    return served, []


def _wanted(served: Served) -> Iterator[tuple[Right, str]]:
    """Rows and verbs of kinds that the cluster has. `watch` shows nothing that `list` does not, and is not asked for."""
    for row in rights.ROWS:
        plural = row.resource.partition("/")[0]
        if row.role in USED and (not served or (row.group, plural) in served):
            yield from ((row, verb) for verb in row.verbs if verb != "watch")


def _ask(reader: Reader, item: _Asked, served: Served) -> _Answer:
    plural, _, below = item.row.resource.partition("/")
    resource = served.get((item.row.group, plural)) or Resource(
        item.row.group, "v1", plural, item.row.kind, namespaced=not item.row.cluster
    )
    try:
        return _Answer(review.may(reader.cluster, item.verb, resource, item.namespace, below))
    except ClusterError as error:
        return _Answer(None, surroundings.problem(error))


def _missing(role: Role, asked: Sequence[_Asked], answers: Iterable[_Answer]) -> list[str]:
    pairs = zip(asked, answers, strict=True)
    return [
        f"{item.verb} {item.row.title}"
        for item, answer in pairs
        if item.row.role == role and answer.allowed is not True
    ]


def _summed_up(asked: Sequence[_Asked], answers: Sequence[_Answer]) -> Iterator[str]:
    """For each role whether its own rights are there, beside those of the roles that it includes."""
    for role in USED:
        missing = _missing(role, asked, answers)
        state = f"without {', '.join(missing)}" if missing else "complete"
        yield f"skewguard-{role}: {state} ({rights.ROLES[role]})"


def _exit_code(asked: Sequence[_Asked], answers: Sequence[_Answer]) -> int:
    happened = [ExitCode.UNKNOWN] if _missing("reader", asked, answers) else []
    return ExitCode.first(happened)
