"""Volumes, mounts, and the files inside a container whose text is in the input.

Rules of the kubelet's configMap and projected volumes: a key is a file, `items` choose keys and paths, a `subPath`
mounts one file, the mount path alone the whole volume.
"""

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from skewguard.language import scheduling
from skewguard.language.facts import Origin, Subject
from skewguard.language.trees import Node
from skewguard.language.workloads import Missing, Mount, TextFile, Volume
from skewguard.observe.sources import texts
from skewguard.observe.sources.objects import Ledger, Objects, called, supply
from skewguard.observe.sources.texts import Text

# Fields of a volume that name what stands behind it: volume kind → path of the name.
_REFS: Mapping[str, tuple[str, ...]] = {
    "configMap": ("name",), "secret": ("secretName",), "persistentVolumeClaim": ("claimName",), "hostPath": ("path",),
    "csi": ("driver",), "image": ("reference",), "nfs": ("path",),
}  # fmt: skip
_GIVEN = frozenset(("kube-root-ca.crt", "openshift-service-ca.crt"))
"""ConfigMaps that every namespace has by itself."""


class Held(Struct, frozen=True):
    """A file of a volume before it is mounted: its path inside, and its text where it is known."""

    path: str
    ref: str
    origin: Origin
    value: Node | None = None


class Volumes(Struct, frozen=True):
    """The volumes of a pod by name, and the files that some of them hold. `unseen` are volumes with unknown files."""

    all: tuple[Volume, ...]
    files: Mapping[str, tuple[Held, ...]]
    unseen: Mapping[str, tuple[str, str, str, Origin]]


class Mounted(Struct, frozen=True):
    """What one container finds on its mounts. `folders` are paths whose files are not in the input → their source."""

    mounts: tuple[Mount, ...]
    files: tuple[TextFile, ...]
    texts: Mapping[str, Text]
    folders: tuple[tuple[str, str], ...]

    def find(self, path: str) -> tuple[Text | None, str | None]:
        """The text of a file, or the source that is not in the input and would hold it."""
        if path in self.texts:
            return self.texts[path], None
        for file in self.files:
            if file.path == path:
                return None, file.ref
        for folder, ref in self.folders:
            if path.startswith(folder.rstrip("/") + "/"):
                return None, ref
        return None, None


def volumes(nodes: Sequence[Node], objects: Objects, namespace: str | None) -> Volumes:
    """Read a pod's `volumes`."""
    found: list[Volume] = []
    files: dict[str, tuple[Held, ...]] = {}
    unseen: dict[str, tuple[str, str, str, Origin]] = {}
    for node in nodes:
        volume = _volume(node)
        if volume is None:
            continue
        found.append(volume)
        source = node.get(volume.kind)
        parts = source.get("sources").elements() if volume.kind == "projected" else [node]
        held: list[Held] = []
        for part in parts:
            for field, kind in (("configMap", "ConfigMap"), ("secret", "Secret")):
                ref = part.get(field)
                name = ref.get("name").text() or ref.get("secretName").text()
                if not ref or not name or name in _GIVEN:
                    continue
                if not _present(kind, name, objects, namespace):
                    unseen[volume.name] = (kind, name, called(kind, name, namespace), ref.origin)
                held.extend(_held(kind, name, ref, objects, namespace))
        files[volume.name] = tuple(held)
    return Volumes(tuple(found), files, unseen)


def mounted(nodes: Sequence[Node], pod: Volumes, ledger: Ledger, subject: Subject) -> Mounted:
    """Read a container's `volumeMounts`."""
    mounts: list[Mount] = []
    files: list[TextFile] = []
    known: dict[str, Text] = {}
    folders: list[tuple[str, str]] = []
    kinds = {volume.name: volume.kind for volume in pod.all}
    for node in nodes:
        mount = _mount(node)
        if mount is None:
            continue
        mounts.append(mount)
        kind = kinds.get(mount.volume, "")
        if kind not in ("configMap", "secret", "projected", ""):
            folders.append((mount.path, f"the {kind} volume `{mount.volume}`"))
        for path, held in _paths(mount, pod.files.get(mount.volume, ())):
            value = held.value
            files.append(
                TextFile(path, value.text() if value is not None else None, held.ref, held.origin,
                         value.lines() if value is not None else ())
            )  # fmt: skip
            if value is not None:
                known[path] = texts.of(value)
        if mount.volume in pod.unseen:
            source, name, title, _ = pod.unseen[mount.volume]
            folders.append((mount.path, title))
            if source == "ConfigMap":
                hides = f"the files at {mount.path} of container {subject.container}"
                how = supply(source, name, subject.namespace)
                ledger.miss(Missing(title, hides, how, mount.origin, subject))
            if not any(file.path.startswith(mount.path) for file in files):
                files.append(TextFile(mount.path, None, title, mount.origin))
    return Mounted(tuple(mounts), tuple(files), known, tuple(folders))


def _volume(node: Node) -> Volume | None:
    name = node.get("name").text()
    if name is None:
        return None
    kind, source = next(((key, value) for key, value in node.items() if key != "name"), ("emptyDir", node.get("name")))
    size = source.get("sizeLimit").text()
    amount = scheduling.quantity(size) if size else None
    return Volume(
        name=name,
        kind=kind,
        origin=node.get("name").origin,
        ref=source.get(*_REFS[kind]).text() if kind in _REFS else None,
        medium=source.get("medium").text(),
        size_bytes=amount // scheduling.WHOLE if amount is not None else None,
    )


def _mount(node: Node) -> Mount | None:
    name, path = node.get("name").text(), node.get("mountPath").text()
    if name is None or path is None:
        return None
    return Mount(
        volume=name,
        path=path,
        origin=node.get("mountPath").origin,
        read_only=node.get("readOnly").boolean() is True,
        sub_path=node.get("subPath").text() or node.get("subPathExpr").text(),
    )


def _present(kind: str, name: str, objects: Objects, namespace: str | None) -> bool:
    return objects.find(kind, name, namespace) is not None


def _held(kind: str, name: str, ref: Node, objects: Objects, namespace: str | None) -> Iterator[Held]:
    title = called(kind, name, namespace)
    values: dict[str, tuple[Node | None, Origin]] = {}
    if kind == "ConfigMap":
        values.update(objects.config(name, namespace) or {})
        values.update({key: (None, origin) for key, (_, origin) in objects.binary(name, namespace).items()})
    else:
        values.update({key: (None, origin) for key, origin in (objects.secret_keys(name, namespace) or {}).items()})
    items = ref.get("items").elements()
    if not items:
        for key, (value, origin) in values.items():
            yield Held(key, f"{title} key {key}", origin, value)
    for item in items:
        key, path = item.get("key").text() or "", item.get("path").text() or ""
        value, origin = values.get(key, (None, item.get("key").origin))
        yield Held(path, f"{title} key {key}", origin, value)


def _paths(mount: Mount, held: Sequence[Held]) -> Iterator[tuple[str, Held]]:
    base = mount.path.rstrip("/")
    for file in held:
        if mount.sub_path is None:
            yield f"{base}/{file.path}", file
        elif file.path == mount.sub_path.strip("/"):
            yield mount.path, file
        elif file.path.startswith(mount.sub_path.strip("/") + "/"):
            yield f"{base}/{file.path[len(mount.sub_path.strip('/')) + 1 :]}", file
