"""Kinds of objects as an API server names them, and the paths they stand under."""

from urllib.parse import quote

from msgspec import Struct


class Resource(Struct, frozen=True, eq=False):
    """One kind of object at one version. `group` is empty for the core group.

    `names` (short names and the singular) and `verbs` are known of discovered ones alone, so they do not enter
    equality: a resource written down in a module equals the discovered one.
    """

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool = True
    names: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """The name that rights and messages use: `pods`, `deployments.apps`."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def api_version(self) -> str:
        """The `apiVersion` of its objects: `v1`, `apps/v1`."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def path(self, namespace: str | None = None, name: str | None = None, subresource: str | None = None) -> str:
        """The URL path of the collection, of one object, or of something below it (`log`, `proxy/metrics`)."""
        parts = ["apis", self.group, self.version] if self.group else ["api", self.version]
        if self.namespaced and namespace is not None:
            parts += ["namespaces", namespace]
        parts += [self.plural, *([] if name is None else [name])]
        below = f"/{subresource}" if subresource else ""
        return "/" + "/".join(quote(part, safe=":") for part in parts) + below

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Resource) and self._identity() == other._identity()

    def __hash__(self) -> int:
        return hash(self._identity())

    def _identity(self) -> tuple[str, str, str]:
        return self.group, self.version, self.plural


def right(verb: str, resource: Resource, namespace: str | None = None, subresource: str = "") -> str:
    """A right in words: `list pods in namespace prod`, `get pods/log in all namespaces`, `list nodes`."""
    title = f"{resource.plural}/{subresource}" if subresource else resource.plural
    title = f"{title}.{resource.group}" if resource.group else title
    if not resource.namespaced:
        return f"{verb} {title}"
    return f"{verb} {title} in " + ("all namespaces" if namespace is None else f"namespace {namespace}")


PODS = Resource("", "v1", "pods", "Pod")
NODES = Resource("", "v1", "nodes", "Node", namespaced=False)
EVENTS = Resource("events.k8s.io", "v1", "events", "Event")
