"""Asking the engines behind pods: each replica over HTTP, by the head of its log, and with leave by commands inside.

A port is forwarded where that is allowed; else GETs go through the API server's proxy, which takes no API key.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Literal

from msgspec import Struct

from skewguard.adapters.cluster.errors import ClusterError, Kind
from skewguard.adapters.cluster.reach import Reach
from skewguard.adapters.cluster.read import Reader
from skewguard.adapters.endpoints import Forwarded, Key, Proxied
from skewguard.assess.replicas import Standing
from skewguard.judge.checks import listening
from skewguard.judge.checks.interface import Case
from skewguard.language.facts import Fact, Gap
from skewguard.language.running import Answers, Replica, Unread
from skewguard.observe.sources import answering, asking, inside, logs
from skewguard.observe.sources.asking import About

Depth = Literal["api", "endpoints", "logs"]
DEPTHS: tuple[Depth, ...] = ("api", "endpoints", "logs")
"""What is read, each with all before it: the cluster's objects, what engines answer, the heads of their logs."""


class Manner(Struct, frozen=True):
    """How engines are asked: how deep, with which API key, and whether commands may be run in their containers.

    `each_s`: the seconds that one replica may take for all its answers. `spend`: each may be asked for one token.
    """

    depth: Depth
    key: Key | None = None
    exec_: bool = False
    each_s: float = 30.0
    spend: bool = False

    @property
    def silent(self) -> bool:
        """Whether nobody is asked."""
        return self.depth == "api" and not self.exec_


class Asked(Struct, frozen=True):
    """One replica of one container, as its case lays it out."""

    case: Case
    replica: Replica


def interview(
    reader: Reader, found: Iterable[Standing], manner: Manner, progress: Callable[[str, int], None] | None = None
) -> dict[str, tuple[Answers, ...]]:
    """What the engines say of themselves, by the uid of their pod. Nothing raises: what does not answer is `Unread`."""
    asked = [] if manner.silent else list(replicas_of(found))
    if progress is not None and asked:
        progress("replicas to ask", len(asked))
    tasks = [_Interview(reader, manner, each).answers for each in asked]
    said: dict[str, tuple[Answers, ...]] = {}
    for each, answers in zip(asked, reader.each(tasks) if tasks else (), strict=True):
        said[each.replica.uid] = (*said.get(each.replica.uid, ()), answers)
    return said


def replicas_of(found: Iterable[Standing]) -> Iterator[Asked]:
    """Every replica that has started and is not leaving."""
    for standing in found:
        for party in standing.case.parties if standing.case is not None else ():
            if party.started and not party.leaving:
                yield from (Asked(party.case, replica) for replica in party.replicas)


class _Interview:
    """One replica and its answers."""

    def __init__(self, reader: Reader, manner: Manner, asked: Asked) -> None:
        self._reader = reader
        self._reach = Reach(reader.cluster)
        self._manner = manner
        self._case = asked.case
        self._pod = asked.replica.name
        self._namespace = asked.replica.subject.namespace or reader.cluster.namespace
        self._container = asked.case.container.name
        self._subject = asked.case.sheet.subject

    def answers(self) -> Answers:
        """Everything that this replica says, in one."""
        parts = list(self._parts())
        return answering.joined(*parts) if parts else Answers(self._pod, self._container)

    def _parts(self) -> Iterator[Answers]:
        if self._manner.depth != "api" and not listening.worker(self._case):
            yield self._over_http()
        if self._manner.depth == "logs":
            yield self._log()
        if self._manner.exec_:
            model, tokenizer = _served(self._case)
            at = (self._reach, self._namespace, self._pod, self._container)
            yield inside.look(*at, model, tokenizer, self._subject)

    def _over_http(self) -> Answers:
        port = port_of(self._case)
        if port is None:
            reason = "the port it listens on is not known"
            return self._nothing("the engine's endpoints", reason, "a containerPort, or a literal --port")
        release = self._case.release
        version = release.version if release is not None and release.certainty == "exact" else None
        about = About(self._subject, self._pod, self._container, self._case.engine, version)
        way = Forwarded(self._reach, self._namespace, self._pod, port, key=self._manner.key)
        try:
            answers = asking.ask(way, about, deadline=self._manner.each_s, spend=self._manner.spend)
        finally:
            way.close()
        if not answers.facts and self._manner.key is None and any(_is_forbidden(each) for each in answers.unread):
            proxied = Proxied(self._reach, self._namespace, self._pod, port)
            through = asking.ask(proxied, about, deadline=self._manner.each_s)
            # Where the proxy is barred too, the right to ask for is the prober's: to forward a port.
            barred = through.unread and all(each.kind == "denied" for each in through.unread)
            answers = answers if barred and not through.facts else through
        return answers

    def _log(self) -> Answers:
        try:
            head = self._reader.log(self._namespace, self._pod, self._container, head_bytes=logs.HEAD_BYTES)
        except ClusterError as error:
            return self._nothing(f"log of pod {self._pod}", error.message, error.would_need, error.kind)
        return logs.read(head, self._case.engine, pod=self._pod, container=self._container, subject=self._subject)

    def _nothing(self, what: str, reason: str, needs: str, kind: Kind = "unusable") -> Answers:
        hides = "everything that the engine says of itself there"
        unread = Unread(what, reason, hides, needs, self._subject, kind)
        return Answers(self._pod, self._container, unread=(unread,))


def _served(case: Case) -> tuple[str | None, str | None]:
    """The model and the tokenizer that a container serves; a tokenizer that nobody names is the model's own."""
    known, other = case.sheet.effective("model.id"), case.sheet.effective("tokenizer.id")
    model = known.value if isinstance(known, Fact) and isinstance(known.value, str) else None
    if isinstance(other, Fact) and isinstance(other.value, str):
        return model, other.value
    unnamed = isinstance(other, Fact) or (isinstance(other, Gap) and other.rule == "absent")
    return model, model if unnamed else None


def _is_forbidden(unread: Unread) -> bool:
    return unread.kind == "denied" and "portforward" in unread.would_need


def port_of(case: Case) -> int | None:
    """Where the engine listens: as it was told, else the only port of its container."""
    known = listening.engine_port(case)
    if known is not None:
        return known.value
    echoed = case.sheet.effective(f"{case.engine}.port")
    if isinstance(echoed, Fact) and isinstance(echoed.value, int):
        return echoed.value
    named = [port.number for port in case.container.ports if port.name in (None, "http", "http1", "api", "openai")]
    numbers: Sequence[int] = [number for number in named if number is not None]
    return numbers[0] if len(numbers) == 1 else None


__all__ = ["DEPTHS", "Asked", "Depth", "Manner", "interview", "port_of", "replicas_of"]
