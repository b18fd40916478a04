"""ConfigMaps that changed after a container had read them at its start.

The time of a change is that of the last write to the data by any manager (`managedFields`); an object that was made
after the start changed with that. Where neither tells, nothing is known, and that is said.
"""

from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct

from skewguard.language.facts import Origin, Subject
from skewguard.language.running import ConfigChange, Unread
from skewguard.observe.sources.live import shapes
from skewguard.observe.sources.live.pods import Kept
from skewguard.observe.sources.live.references import Reference
from skewguard.observe.sources.objects import called

_DATA = ("f:data", "f:binaryData")


class Version(Struct, frozen=True):
    """When an object of a cluster was made and last written. `changed_at` None: it does not say.

    `fixed`: it is immutable, so that only another object in its place can differ.
    """

    created_at: str | None
    changed_at: str | None
    fixed: bool


Versions = Mapping[tuple[str, str, str], Version]
"""(kind, namespace, name) → version, of the objects that could be read."""


def version(meta: shapes.Versioned, *, immutable: bool | None) -> Version:
    """The version of a ConfigMap."""
    times = [
        each.time
        for each in meta.managed_fields or ()
        if each.time and any(key in (each.fields or {}) for key in _DATA)
    ]
    return Version(meta.creation_timestamp, max(times, default=None), immutable is True)


def of(
    pods: Iterable[Kept], references: Mapping[str, frozenset[Reference]], versions: Versions
) -> tuple[ConfigChange, ...]:
    """What changed after these pods started; `references` are those of each template key."""
    late: dict[tuple[str, str, str, str], list[str]] = {}
    for pod in pods:
        starts = {each.name: each.started_at for each in pod.containers}
        namespace = pod.meta.namespace or ""
        for each in references.get(pod.key, ()):
            found, start = versions.get((each.kind, namespace, each.name)), starts.get(each.container)
            if found is not None and start and _after(found, start):
                late.setdefault((each.kind, namespace, each.name, each.how), []).append(pod.meta.name)
    return tuple(_change(place, names, versions) for place, names in sorted(late.items()))


def undated(
    pods: Iterable[Kept], references: Mapping[str, frozenset[Reference]], versions: Versions, subject: Subject
) -> Iterator[Unread]:
    """The objects of which nobody can tell whether they changed after the pods started."""
    seen = set()
    for pod in pods:
        for each in references.get(pod.key, ()):
            place = (each.kind, pod.meta.namespace or "", each.name)
            found = versions.get(place)
            if found is None or found.fixed or found.changed_at is not None or place in seen:
                continue
            seen.add(place)
            title = called(each.kind, each.name, pod.meta.namespace)
            yield Unread(
                f"the time of the last change of {title}",
                "the object does not record who wrote its data when (no managedFields)",
                f"whether {title} changed after the pods had read it",
                "",
                subject,
            )


def _after(found: Version, start: str) -> bool:
    """Whether something was written after a start; the server's times sort as texts, and have no parts of a second."""
    latest = found.created_at if found.fixed else max(found.changed_at or "", found.created_at or "")
    return bool(latest) and str(latest) > start


def _change(place: tuple[str, str, str, str], pods: list[str], versions: Versions) -> ConfigChange:
    kind, namespace, name, how = place
    found = versions[kind, namespace, name]
    title = called(kind, name, namespace)
    changed = found.created_at if found.fixed else max(found.changed_at or "", found.created_at or "")
    origin = Origin("object", f"{title} .metadata.managedFields", text=changed)
    return ConfigChange(title, tuple(sorted(set(pods))), changed or "", "env" if how == "env" else "file", origin)
