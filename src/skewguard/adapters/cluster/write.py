"""Changes to objects of others. Nothing in skewguard imports this but what mitigates, so that looking changes nothing.

Every change may be tried first (`dry_run`), names the version of the object that it was made for, and fails with
`Conflict` where somebody was quicker. None is ever sent twice.
"""

from typing import Any, Literal

import msgspec

from skewguard.adapters.cluster.calls import Call
from skewguard.adapters.cluster.errors import Unusable
from skewguard.adapters.cluster.resources import Resource, right
from skewguard.adapters.cluster.session import Cluster

MANAGER = "skewguard"
"""Who `managedFields` will name."""

Form = Literal["json", "merge", "strategic"]

_TYPES: dict[Form, str] = {
    "json": "application/json-patch+json",
    "merge": "application/merge-patch+json",
    "strategic": "application/strategic-merge-patch+json",
}


class Writer:
    """Changes one cluster."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster

    def patch(
        self,
        resource: Resource,
        name: str,
        namespace: str | None,
        change: Any,
        *,
        form: Form,
        uid: str,
        version: str,
        dry_run: bool,
        subresource: str = "",
    ) -> dict[str, Any]:
        """Change an object that has this uid and resourceVersion; the object as it is then. Raises a `ClusterError`.

        `change` is a list of steps (`json`), else a part of the object. The version is set in the patch, which a server
        answers with 409 where it is another; a `test` of it would be an opaque 422.
        """
        call = Call(
            resource.path(namespace, name, subresource or None),
            _what(resource, name, namespace),
            right("patch", resource, namespace, subresource),
            _params(dry_run=dry_run),
            method="PATCH",
            headers={"Content-Type": _TYPES[form]},
            body=msgspec.json.encode(_locked(change, form, uid, version)),
        )
        return self._object(call)

    def create(
        self, resource: Resource, namespace: str | None, content: dict[str, Any], *, dry_run: bool
    ) -> dict[str, Any]:
        """Make an object; it as it is then. Raises a `ClusterError`: `Conflict` where there is one of that name."""
        name = str((content.get("metadata") or {}).get("name") or "(new)")
        call = Call(
            resource.path(namespace),
            _what(resource, name, namespace),
            right("create", resource, namespace),
            _params(dry_run=dry_run),
            method="POST",
            headers={"Content-Type": "application/json"},
            body=msgspec.json.encode(content),
        )
        return self._object(call)

    def delete(
        self,
        resource: Resource,
        name: str,
        namespace: str | None,
        *,
        uid: str,
        version: str | None = None,
        dry_run: bool,
    ) -> None:
        """Delete the object of this uid (and resourceVersion). Raises a `ClusterError`: `Conflict` where it is another."""
        preconditions = {"uid": uid, **({"resourceVersion": version} if version else {})}
        options: dict[str, Any] = {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": preconditions}
        if dry_run:
            options["dryRun"] = ["All"]  # with a body, a server does not look at the query, and would delete
        call = Call(
            resource.path(namespace, name),
            _what(resource, name, namespace),
            right("delete", resource, namespace),
            method="DELETE",
            headers={"Content-Type": "application/json"},
            body=msgspec.json.encode(options),
        )
        self.cluster.ask(call)

    def _object(self, call: Call) -> dict[str, Any]:
        try:
            return msgspec.json.decode(self.cluster.ask(call).body, type=dict[str, Any])
        except msgspec.DecodeError:
            raise Unusable(f"{self.cluster.place} answered to a change of {call.what} with no object") from None


def _what(resource: Resource, name: str, namespace: str | None) -> str:
    return f"{resource.title} {namespace}/{name}" if namespace else f"{resource.title} {name}"


def _params(*, dry_run: bool) -> dict[str, str]:
    return {"fieldManager": MANAGER, **({"dryRun": "All"} if dry_run else {})}


def _locked(change: Any, form: Form, uid: str, version: str) -> Any:
    """A change for one version of one object: the same name may have been made again."""
    if form == "json":
        lock = [
            {"op": "test", "path": "/metadata/uid", "value": uid},
            {"op": "replace", "path": "/metadata/resourceVersion", "value": version},
        ]
        return [*lock, *change]
    meta = {**(change.get("metadata") or {}), "uid": uid, "resourceVersion": version}
    return {**change, "metadata": meta}
