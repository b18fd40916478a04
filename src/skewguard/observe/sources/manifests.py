"""The door: documents of manifests in, workloads and everything around them out.

    documents, errors = language.documents.read(text, path)
    found = manifests.read(documents)

Objects of one call know each other: a ConfigMap anywhere in it is found by a pod anywhere in it. Nothing raises: what
cannot be read is an `InputError` among the results, and the other objects are read all the same.
"""

from collections.abc import Hashable, Iterable, Iterator

from msgspec import Struct

from skewguard.language.documents import Document
from skewguard.language.errors import InputError
from skewguard.language.facts import Origin, Source
from skewguard.language.trees import Node
from skewguard.language.workloads import Inventory, Workload
from skewguard.observe.sources import kinds, neighbours, pieces, pods, rendering
from skewguard.observe.sources.objects import Ledger, Object, Objects
from skewguard.observe.sources.pieces import Reading

MAX_OBJECTS = 100_000
"""Most objects of one call; a `List` that holds itself by an alias ends here."""

unrendered = rendering.unrendered


class Manifests(Struct, frozen=True):
    """What the documents hold. `objects` counts Kubernetes objects; `foreign` are documents that are none.

    `errors` are documents that should have been rendered first.
    """

    inventory: Inventory
    objects: int
    foreign: tuple[Document, ...] = ()
    errors: tuple[InputError, ...] = ()


def read(documents: Iterable[Document], namespace: str | None = None) -> Manifests:
    """Everything the documents hold. `namespace` is that of objects which name none (kubectl's `-n`)."""
    objects: list[Object] = []
    foreign: list[Document] = []
    errors: list[InputError] = []
    for document in documents:
        found = list(objects_in(document, namespace))
        objects.extend(found)
        if _is_kustomization(document):
            errors.append(rendering.kustomization(document.path))
        elif not found and not _is_empty_list(document.root):
            foreign.append(document)
    objects = objects[:MAX_OBJECTS]
    ledger = Ledger()
    known = Objects(objects)
    workloads = list(_workloads(known, ledger))
    beside = neighbours.read(known, ledger)
    inventory = Inventory(
        workloads=tuple(workloads),
        services=beside.services,
        autoscalers=beside.autoscalers,
        routes=beside.routes,
        missing=tuple(ledger.missing.values()),
        hints=tuple(ledger.hints),
        claims=_claims(known),
    )
    return Manifests(inventory, len(objects), tuple(foreign), tuple(errors))


def objects_in(document: Document, namespace: str | None = None) -> Iterator[Object]:
    """The objects of a document: itself, or those a `List` or a Template holds, however deep."""
    waiting = [document.root]
    seen: set[Hashable] = set()
    while waiting and len(seen) < MAX_OBJECTS:
        node = waiting.pop()
        kind = node.get("kind").text()
        if kind is None or not node.get("apiVersion").text() or node.identity in seen:
            continue
        seen.add(node.identity)
        items = _items(node, kind)
        if items is not None:
            waiting.extend(reversed(items.elements()))
        else:
            yield _object(node, kind, document, namespace)


def _items(node: Node, kind: str) -> Node | None:
    """What a `List` of any kind, or an OpenShift Template, holds; None for an object of its own."""
    items = node.get("items")
    if kind.endswith("List") and items.kind == "sequence":
        return items
    if kind == "Template" and (node.get("apiVersion").text() or "").startswith("template.openshift.io/"):
        return node.get("objects")
    return None


def _object(node: Node, kind: str, document: Document, namespace: str | None) -> Object:
    version = node.get("apiVersion").text() or ""
    metadata = node.get("metadata")
    name = metadata.get("name").text() or metadata.get("generateName").text()
    return Object(
        root=node,
        kind=kind,
        group=version.rpartition("/")[0],
        version=version,
        name=name or "(no name)",
        namespace=metadata.get("namespace").text() or namespace,
        source=Source(document.path, document.index) if document.path else None,
        cluster=document.cluster,
    )


def _is_kustomization(document: Document) -> bool:
    version = document.root.get("apiVersion").text() or ""
    name = document.path.rpartition("/")[2]
    return version.startswith("kustomize.config.k8s.io/") or (
        name in ("kustomization.yaml", "kustomization.yml", "Kustomization") and not document.root.get("kind")
    )


def _is_empty_list(root: Node) -> bool:
    kind = root.get("kind").text() or ""
    return kind.endswith("List") and root.get("items").present and bool(root.get("apiVersion").text())


def _workloads(objects: Objects, ledger: Ledger) -> Iterator[Workload]:
    elsewhere = kinds.taken_over(objects.all)
    for each in objects.all:
        if (each.kind, each.name, each.namespace) in elsewhere:
            continue
        reading = Reading(each, objects, ledger)
        found = kinds.pieces(reading)
        if not found:
            continue
        spec = reading.spec
        for mapping in (each.root, spec, spec.get("template"), each.metadata):
            pods.duplicates(mapping, ledger, reading.subject)
        yield from pieces.workloads(reading, found)


def _claims(objects: Objects) -> dict[str, Origin]:
    return {each.name: each.origin for each in objects.of_kind("PersistentVolumeClaim")}
