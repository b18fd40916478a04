"""One workload and the ConfigMaps that it names, whole, as somebody wrote them: what may be brought back one day."""

from typing import Any

from msgspec import Struct

from skewguard.adapters.cluster.read import Reader
from skewguard.language.facts import Subject
from skewguard.language.running import Live, Unread
from skewguard.observe.sources.live import wholes, written
from skewguard.observe.sources.live.asking import Asking, Served

Json = dict[str, Any]

_CONFIG_MAP = "ConfigMap"


class Taken(Struct, frozen=True):
    """The object and its ConfigMaps; `unread` are those that could not be read. `same`: the object is as `Live` was read from.

    `value` None: it is not there any more, or cannot be read.
    """

    value: Json | None
    config_maps: tuple[Json, ...] = ()
    unread: tuple[Unread, ...] = ()
    same: bool = False


def take(reader: Reader, live: Live) -> Taken:
    """Read an object again, whole. What runs was read before: `same` tells whether somebody wrote to it since."""
    asking = Asking(reader)
    served = Served(asking.resources())
    value = _read(asking, served, live.subject)
    if value is None:
        return Taken(None, unread=tuple(asking.unread.values()))
    whole = wholes.of(value)
    names = sorted(name for kind, name in whole.named if kind == _CONFIG_MAP)
    found = [_read(asking, served, Subject(_CONFIG_MAP, name, live.subject.namespace)) for name in names]
    maps = tuple(written.of(each) for each in found if each is not None)
    return Taken(whole.value(), maps, tuple(asking.unread.values()), same=whole.mark == live.written)


def _read(asking: Asking, served: Served, subject: Subject) -> Json | None:
    resource = served.kind(subject.kind, subject.group or "")
    if resource is None:
        return None
    found: Json | None = asking.get(resource, subject.name, subject.namespace, dict, "what a snapshot is to hold")
    return found
