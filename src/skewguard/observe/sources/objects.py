"""The other objects of the same input that a pod refers to, and the record of those that are not in it.

A namespace that one side does not name matches any: `helm template` without `-n` writes none. Where several objects
could be meant, none is taken.
"""

from msgspec import Struct

from skewguard.language.facts import Origin, Source, Subject
from skewguard.language.trees import Node
from skewguard.language.workloads import Hint, Missing


class Object(Struct, frozen=True):
    """One Kubernetes object of the input, with its document's place in the file or the cluster it was read from."""

    root: Node
    kind: str
    group: str
    version: str
    name: str
    namespace: str | None
    source: Source | None = None
    cluster: str | None = None

    @property
    def metadata(self) -> Node:
        """Its metadata."""
        return self.root.get("metadata")

    @property
    def origin(self) -> Origin:
        """The place of its name, or of its first key."""
        name = self.metadata.get("name")
        return name.origin if name else self.root.origin


class Objects:
    """Objects by kind and name."""

    def __init__(self, objects: list[Object]) -> None:
        self.all = objects
        self.memory: dict[str, object] = {}  # what a reader of one kind found out about all of them
        self._by_name: dict[tuple[str, str], list[Object]] = {}
        self._by_kind: dict[str, list[Object]] = {}
        for each in objects:
            self._by_name.setdefault((each.kind, each.name), []).append(each)
            self._by_kind.setdefault(each.kind, []).append(each)

    def find(self, kind: str, name: str, namespace: str | None) -> Object | None:
        """The one object of this kind and name that a pod in this namespace means."""
        found = self._by_name.get((kind, name), ())
        exact = [each for each in found if each.namespace == namespace]
        near = exact or [each for each in found if each.namespace is None or namespace is None]
        return near[-1] if len(near) == 1 or exact else None

    def of_kind(self, kind: str) -> list[Object]:
        """All objects of a kind, in order."""
        return self._by_kind.get(kind, [])

    def config(self, name: str, namespace: str | None) -> dict[str, tuple[Node, Origin]] | None:
        """The `data` of a ConfigMap: key → (value, place of the key); None when it is not in the input."""
        found = self.find("ConfigMap", name, namespace)
        return None if found is None else _entries(found.root, "data")

    def binary(self, name: str, namespace: str | None) -> dict[str, tuple[Node, Origin]]:
        """The `binaryData` of a ConfigMap, which reaches files and never variables."""
        found = self.find("ConfigMap", name, namespace)
        return {} if found is None else _entries(found.root, "binaryData")

    def secret_keys(self, name: str, namespace: str | None) -> dict[str, Origin] | None:
        """The keys of a Secret, never its values; None when it is not in the input."""
        found = self.find("Secret", name, namespace)
        if found is None:
            return None
        keys = {**_entries(found.root, "data"), **_entries(found.root, "stringData")}
        return {key: origin for key, (_, origin) in keys.items()}


class Ledger:
    """What reading comes upon besides the workloads: objects that are missing, and hints."""

    def __init__(self) -> None:
        self.missing: dict[tuple[str, str, Subject | None], Missing] = {}
        self.hints: list[Hint] = []

    def miss(self, missing: Missing) -> None:
        """Record something the input refers to and does not hold, once for each subject."""
        self.missing.setdefault((missing.ref, missing.hides, missing.subject), missing)

    def hint(self, hint: Hint) -> None:
        """Record something odd."""
        self.hints.append(hint)


def called(kind: str, name: str, namespace: str | None) -> str:
    """How an object is named to a reader: `ConfigMap prod/vllm-config`."""
    return f"{kind} {namespace}/{name}" if namespace else f"{kind} {name}"


def supply(kind: str, name: str, namespace: str | None) -> str:
    """The sentence that says how to supply an object."""
    where = f" -n {namespace}" if namespace else ""
    return (
        f"add the file that holds it to the command, or pipe it in: "
        f"`kubectl get {kind.lower()} {name}{where} -o yaml | skewguard check - FILE`"
    )


def _entries(root: Node, field: str) -> dict[str, tuple[Node, Origin]]:
    mapping = root.get(field)
    return {key: (value, mapping.key_origin(key)) for key, value in mapping.items()}
