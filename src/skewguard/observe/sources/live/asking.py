"""Asking a cluster so that one refusal hides nothing else: what cannot be read is kept as `Unread`, with its right."""

from collections.abc import Callable, Iterator
from typing import TypeVar

from skewguard.adapters.cluster.errors import ClusterError
from skewguard.adapters.cluster.read import Reader
from skewguard.adapters.cluster.resources import Resource, right
from skewguard.language.facts import Subject
from skewguard.language.running import Unread

T = TypeVar("T")

Progress = Callable[[str, int], None]
"""Is told what is being read (`pods`) and how many of it there are so far."""

_EVERY = 500
"""Objects between two words on the progress."""


class Asking:
    """One run of questions to one cluster. `unread` holds each thing that could not be read once."""

    def __init__(self, reader: Reader, progress: Progress | None = None) -> None:
        self.reader = reader
        self.unread: dict[tuple[str, Subject | None], Unread] = {}
        self._failed: set[tuple[Resource, str | None]] = set()
        self._progress = progress or (lambda _what, _count: None)

    def list(
        self,
        resource: Resource,
        type_: type[T],
        hides: str,
        *,
        namespace: str | None = None,
        labels: str | None = None,
    ) -> Iterator[T]:
        """The objects of a kind; what came before an error is given, and the error is kept. `hides`: what is then not known."""
        count = 0
        try:
            for item in self.reader.list(resource, type_, namespace=namespace, labels=labels):
                count += 1
                if count % _EVERY == 0:
                    self._progress(resource.plural, count)
                yield item
        except ClusterError as error:
            self._failed.add((resource, namespace))
            needed = error.would_need or right("list", resource, namespace)
            self.miss(_unread(_collection(resource, namespace), error, hides, needed))
        self._progress(resource.plural, count)

    def get(self, resource: Resource, name: str, namespace: str | None, type_: type[T], hides: str) -> T | None:
        """One object; None where there is none, or where it cannot be read, which is then kept.

        What may not be read is asked for once, and not for each object; neither is what could not be listed.
        """
        if (resource, namespace) in self._failed or (resource, None) in self._failed:
            return None
        try:
            return self.reader.get(resource, name, namespace if resource.namespaced else None, type_)
        except ClusterError as error:
            title = f"{resource.kind} {f'{namespace}/' if namespace else ''}{name}"
            if error.kind == "denied":
                self._failed.add((resource, namespace))
                title = _collection(resource, namespace)
            self.miss(_unread(title, error, hides, error.would_need or right("get", resource, namespace)))
            return None

    def resources(self) -> tuple[Resource, ...]:
        """What the server serves; nothing where it does not say."""
        try:
            return self.reader.resources()
        except ClusterError as error:
            self.miss(_unread("the kinds that the cluster serves", error, "every workload", error.would_need))
            return ()

    def missed(self, resource: Resource, namespace: str | None) -> Unread | None:
        """Why the objects of a kind could not be listed; None where they were."""
        if (resource, namespace) not in self._failed:
            return None
        return self.unread.get((_collection(resource, namespace), None))

    def miss(self, unread: Unread) -> None:
        """Keep something that could not be read, once."""
        self.unread.setdefault((unread.what, unread.subject), unread)


def _collection(resource: Resource, namespace: str | None) -> str:
    return f"{resource.title} in namespace {namespace}" if namespace and resource.namespaced else resource.title


def _unread(what: str, error: ClusterError, hides: str, needed: str) -> Unread:
    return Unread(what, error.message, hides, needed, kind=error.kind)


class Served:
    """The kinds that a cluster serves, found as `kubectl` finds them."""

    def __init__(self, resources: tuple[Resource, ...]) -> None:
        self.all = tuple(each for each in resources if not each.verbs or "list" in each.verbs)
        self._kinds: dict[str, list[Resource]] = {}
        for each in self.all:
            self._kinds.setdefault(each.kind, []).append(each)

    def kind(self, kind: str, group: str | None = None) -> Resource | None:
        """The resource of a kind, of this API group where one is given; the preferred version comes first."""
        found = self._kinds.get(kind, ())
        return next((each for each in found if group is None or each.group == group), None)

    def of(self, kind: str) -> list[Resource]:
        """A kind in each group that has it, at the preferred version."""
        found: dict[str, Resource] = {}
        for each in self._kinds.get(kind, ()):
            found.setdefault(each.group, each)
        return list(found.values())

    def called(self, word: str, group: str | None) -> Resource | None:
        """What somebody means by `deploy`, `deployments`, `Deployment`, `deployments.apps`."""
        lower = word.lower()
        for each in self.all:
            if lower in (each.plural, each.kind.lower(), *each.names) and (
                group is None or each.group == group or each.group.startswith(f"{group}.")
            ):
                return each
        return None
