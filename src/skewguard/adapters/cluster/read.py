"""Objects of a cluster, read: lists in pages, single objects, logs, and which kinds the server knows.

Callers say what they want of an object with a msgspec struct of their own: fields that it does not name are skipped by
the decoder and never become Python values. `dict` takes whole objects. A page is decoded, handed on and forgotten.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import Struct, field

from skewguard.adapters.cluster import discovery
from skewguard.adapters.cluster.calls import Call
from skewguard.adapters.cluster.errors import Expired, NotThere, Unusable
from skewguard.adapters.cluster.resources import PODS, Resource, right
from skewguard.adapters.cluster.session import Cluster
from skewguard.adapters.cluster.together import ahead, each

T = TypeVar("T")
R = TypeVar("R")

PAGE = 500
"""Objects in one page, as kubectl asks for them."""

RESTARTS = 3
"""How often a list begins again when the server has forgotten where it was."""


class ListMeta(Struct, frozen=True):
    """What a page says about the list."""

    continue_: str = field(name="continue", default="")
    version: str = field(name="resourceVersion", default="")


class Page(Struct, Generic[T]):
    """One page of a list."""

    items: list[T] | None = None
    metadata: ListMeta = ListMeta()
    kind: str = ""


class Named(Struct, frozen=True):
    """What tells one object from another."""

    name: str = ""
    namespace: str = ""
    uid: str = ""


class _Bare(Struct, frozen=True):
    metadata: Named = Named()


class Reader:
    """Reads one cluster. `cluster.notes` tells of objects that were left out because they could not be understood."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self._decoders: dict[Any, msgspec.json.Decoder[Any]] = {}
        self._resources: tuple[Resource, ...] | None = None

    def list(
        self,
        resource: Resource,
        type_: type[T],
        *,
        namespace: str | None = None,
        labels: str | None = None,
        fields: str | None = None,
    ) -> Iterator[T]:
        """Every object of a kind, in pages; in all namespaces where none is named. Selectors as kubectl writes them.

        A list that the server lets expire goes on where it was (or, where it cannot, begins again) and gives no object
        twice, as far as `type_` names `metadata.uid`. Raises a `ClusterError`, also in the middle.
        """
        call = _listing(resource, namespace, labels, fields)
        seen: set[str] = set()
        token, restarts = "", 0
        coming = ahead(partial(self._ask, call, token, resource))
        while True:
            try:
                page = self._decode_page(coming(), type_, call, resource)
            except Expired as error:
                restarts += 1
                if not token or restarts > RESTARTS:
                    raise
                token = error.resume
                coming = ahead(partial(self._ask, call, token, resource))
                continue
            token = page.metadata.continue_
            if token:  # the server makes the next page while this one is used
                coming = ahead(partial(self._ask, call, token, resource))
            yield from self._fresh(page.items or [], seen, restarts, last=not token)
            if not token:
                return

    def pages(
        self,
        resource: Resource,
        type_: type[T],
        *,
        namespace: str | None = None,
        labels: str | None = None,
        fields: str | None = None,
    ) -> Iterator[Page[T]]:
        """The same list as it comes, with its version; `Expired` where the server forgets it in the middle."""
        call = _listing(resource, namespace, labels, fields)
        token = ""
        while True:
            page = self._page(call, token, resource, type_)
            yield page
            token = page.metadata.continue_
            if not token:
                return

    def get(self, resource: Resource, name: str, namespace: str | None, type_: type[T]) -> T | None:
        """One object; None where there is none of that name. Raises `NotThere` where the server does not know the kind."""
        call = Call(
            resource.path(namespace, name),
            f"{resource.title} {f'{namespace}/' if namespace else ''}{name}",
            right("get", resource, namespace),
        )
        try:
            body = self.cluster.ask(call).body
        except NotThere as error:
            if error.names_object:
                return None
            raise _unserved(resource, self.cluster) from None
        found: T = _completed(self._decode(body, type_, call), resource)
        return found

    def log(
        self, namespace: str, pod: str, container: str, *, head_bytes: int, previous: bool = False, seconds: float = 30
    ) -> bytes:
        """The first bytes of a container's log, as the node still has it: it may have been rotated.

        `previous`: of the run before the last restart. Raises a `ClusterError`: `Refused` where there is no such run.
        """
        params = {"container": container, "limitBytes": str(head_bytes)}
        if previous:
            params["previous"] = "true"
        call = Call(
            PODS.path(namespace, pod, "log"),
            f"the log of container {container} of pod {namespace}/{pod}",
            right("get", PODS, namespace, "log"),
            params,
            limit=head_bytes,
            cut=True,
            seconds=seconds,
        )
        return self.cluster.ask(call).body

    def resources(self) -> tuple[Resource, ...]:
        """Every kind that the server serves, the preferred version of each group first. Asked for once."""
        if self._resources is None:
            self._resources = discovery.resources(self.cluster)
        return self._resources

    def each(self, tasks: Sequence[Callable[[], R]]) -> tuple[R, ...]:
        """Run tasks at the same time, at most 8, and give their results in order. The first error ends all."""
        return each(self.cluster, tasks)

    def _page(self, call: Call, token: str, resource: Resource, type_: type[T]) -> Page[T]:
        return self._decode_page(self._ask(call, token, resource), type_, call, resource)

    def _ask(self, call: Call, token: str, resource: Resource) -> bytes:
        params = {**call.params, **({"continue": token} if token else {})}
        try:
            return self.cluster.ask(msgspec.structs.replace(call, params=params)).body
        except NotThere:
            raise _unserved(resource, self.cluster) from None

    def _fresh(self, items: Sequence[T], seen: set[str], restarts: int, *, last: bool) -> Iterator[T]:
        """Items that were not given before; a list of one page needs no memory of them."""
        for item in items:
            uid = uid_of(item)
            if restarts and uid in seen:
                continue
            if uid and not (last and not restarts):
                seen.add(uid)
            yield item

    def _decode_page(self, body: bytes, type_: type[T], call: Call, resource: Resource) -> Page[T]:
        decoder = self._decoder(Page[type_])  # type: ignore[valid-type]  # a type made for each caller's struct
        try:
            page: Page[T] = decoder.decode(body)
        except msgspec.ValidationError:
            page = self._readable(body, type_, call, resource)
        except (msgspec.DecodeError, RecursionError):
            raise self._no_json(call, body) from None
        if page.items is None and not page.kind.endswith("List"):
            raise self._no_json(call, body)
        if type_ is dict:
            page.items = [_completed(item, resource) for item in page.items or []]
        return page

    def _readable(self, body: bytes, type_: type[T], call: Call, resource: Resource) -> Page[T]:
        """A page in which some object is not of the shape of its kind: the others are read, it is told of."""
        whole: Page[msgspec.Raw] = self._decode(body, Page[msgspec.Raw], call)
        items: list[T] = []
        decoder = self._decoder(type_)
        for raw in whole.items or []:
            try:
                items.append(decoder.decode(raw))
            except msgspec.ValidationError as error:
                self.cluster.note(f"{resource.title} {_name_in(raw)} was left out: {error}")
        return Page(items, whole.metadata, whole.kind)

    def _decode(self, body: bytes, type_: Any, call: Call) -> Any:
        try:
            return self._decoder(type_).decode(body)
        except msgspec.ValidationError as error:
            raise Unusable(f"{call.what} from {self.cluster.place} is not of its shape: {error}") from None
        except (msgspec.DecodeError, RecursionError):
            raise self._no_json(call, body) from None

    def _decoder(self, type_: Any) -> "msgspec.json.Decoder[Any]":
        decoder = self._decoders.get(type_)
        if decoder is None:
            decoder = self._decoders[type_] = msgspec.json.Decoder(type_)
        return decoder

    def _no_json(self, call: Call, body: bytes) -> Unusable:
        beginning = body.lstrip()[:1]
        what = "a web page" if beginning == b"<" else "what no API server says"
        return Unusable(
            f"{self.cluster.place} answered with {what} when asked for {call.what}",
            hint="check the `server` of the cluster: there may be a login page or another service before it",
        )


def _listing(resource: Resource, namespace: str | None, labels: str | None, fields: str | None) -> Call:
    params = {"limit": str(PAGE), "labelSelector": labels or "", "fieldSelector": fields or ""}
    place = f" in namespace {namespace}" if namespace and resource.namespaced else ""
    return Call(
        resource.path(namespace),
        f"{resource.title}{place}",
        right("list", resource, namespace),
        {key: text for key, text in params.items() if text},
    )


def uid_of(item: Any) -> str:
    """The uid of an object of any type that names it; empty where it does not."""
    if isinstance(item, dict):
        meta = item.get("metadata")
        uid = meta.get("uid") if isinstance(meta, dict) else None
    else:
        uid = getattr(getattr(item, "metadata", None), "uid", None)
    return uid if isinstance(uid, str) else ""


def _completed(item: Any, resource: Resource) -> Any:
    """A whole object with the kind that lists leave out, as kubectl shows it."""
    if isinstance(item, dict):
        return {"apiVersion": resource.api_version, "kind": resource.kind, **item}
    return item


def _name_in(raw: msgspec.Raw) -> str:
    try:
        meta = msgspec.json.decode(raw, type=_Bare).metadata
    except msgspec.DecodeError:
        return "without a name"
    return f"{meta.namespace}/{meta.name}" if meta.namespace else meta.name


def _unserved(resource: Resource, cluster: Cluster) -> NotThere:
    return NotThere(f"{cluster.place} does not serve {resource.title} ({resource.api_version})")
