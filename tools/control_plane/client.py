"""What a test asks of the API server: apply objects, read them, wait until one is as wanted.

A client of its own, so that a test of the product's client does not rest on that client.
"""

import json
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Self

import httpx2
from msgspec import Struct

Object = dict[str, Any]
MANAGER = "control-plane-tests"
AT_ONCE_S = 10.0
"""How long one answer may take."""


class Refused(Exception):
    """The API server said no; `status` is its code."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.status = status


class TooLong(Exception):
    """What was waited for did not come before the deadline; the message holds what was seen last."""


class Kind(Struct, frozen=True):
    """How a kind is asked for: the path below the server's root, with `namespaces/…` or without."""

    base: str
    plural: str
    namespaced: bool
    has_status: bool

    def path(self, namespace: str | None, name: str | None = None) -> str:
        """Of one object, or of all of them without a name."""
        inside = f"/namespaces/{namespace}" if self.namespaced and namespace else ""
        return f"{self.base}{inside}/{self.plural}" + (f"/{name}" if name else "")


class Client:
    """One user's connection. Close it, or use it as a context manager."""

    def __init__(self, server: str, authority: Path, token: str) -> None:
        self._http = httpx2.Client(
            base_url=server,
            verify=ssl.create_default_context(cafile=str(authority)),
            headers={"Authorization": f"Bearer {token}"},
            timeout=AT_ONCE_S,
            trust_env=False,  # a proxy of the environment does not know loopback
        )
        self._kinds: dict[tuple[str, str], Kind] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def send(self, method: str, path: str, body: object = None, kind: str = "application/json", **query: str) -> str:
        """One request; the answer's text. Raises `Refused`."""
        content = None if body is None else json.dumps(body).encode()
        headers = {} if body is None else {"Content-Type": kind}
        answer = self._http.request(method, path, params=query, content=content, headers=headers)
        if answer.is_success:
            return answer.text
        raise Refused(answer.status_code, _message(answer.text))

    def get(self, path: str, **query: str) -> Any:
        """One object or list, as JSON values. Raises `Refused`."""
        return json.loads(self.send("GET", path, **query))

    def kind(self, api_version: str, kind: str) -> Kind:
        """How objects of this kind are asked for; the API server is asked once. Raises `Refused` for one it does not serve."""
        if (api_version, kind) not in self._kinds:
            base = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
            served = self.get(base)["resources"]
            with_status = {each["name"].partition("/")[0] for each in served if each["name"].endswith("/status")}
            for each in served:
                name = each["name"]
                if "/" not in name:
                    known = Kind(base, name, each["namespaced"], name in with_status)
                    self._kinds[api_version, each["kind"]] = known
        if (api_version, kind) not in self._kinds:
            raise Refused(404, f"the server has no kind {kind} in {api_version}")
        return self._kinds[api_version, kind]

    def path(self, thing: Object, namespace: str | None = None) -> str:
        """The path of an object; `namespace` where its metadata says none."""
        metadata = thing["metadata"]
        kind = self.kind(thing["apiVersion"], thing["kind"])
        return kind.path(metadata.get("namespace", namespace), metadata["name"])

    def apply(self, *things: Object, namespace: str | None = None) -> None:
        """Make the cluster hold these, status included (server-side apply), in this order."""
        for thing in things:
            path = self.path(thing, namespace)
            self._apply(path, thing)
            if "status" in thing and self.kind(thing["apiVersion"], thing["kind"]).has_status:
                identity = {key: thing[key] for key in ("apiVersion", "kind", "status")}
                self._apply(f"{path}/status", {**identity, "metadata": {"name": thing["metadata"]["name"]}})

    def _apply(self, path: str, body: Object) -> None:
        self.send("PATCH", path, body, "application/apply-patch+yaml", fieldManager=MANAGER, force="true")

    def patch(self, path: str, body: Object) -> None:
        """A merge patch (RFC 7386)."""
        self.send("PATCH", path, body, "application/merge-patch+json")

    def delete(self, path: str) -> None:
        """Delete what is at `path`, at once; nothing there is fine."""
        try:
            self.send("DELETE", path, {"kind": "DeleteOptions", "apiVersion": "v1", "gracePeriodSeconds": 0})
        except Refused as refused:
            if refused.status != 404:
                raise

    def until(self, path: str, wanted: Callable[[Object], bool], deadline_s: float) -> Object:
        """The object at `path` as soon as it is as wanted, followed by a watch; raises `TooLong`."""
        end = time.monotonic() + deadline_s
        collection, _, name = path.rpartition("/")
        last: Object | None = None
        while (left := end - time.monotonic()) > 0:
            try:
                for thing in self._events(collection, name, left):
                    last = thing
                    if wanted(thing):
                        return thing
            except httpx2.TransportError:
                time.sleep(0.1)  # the API server is away or has gone: ask again until the deadline
        seen = json.dumps(last["status"] if last and "status" in last else last)
        raise TooLong(f"{path} is not as wanted after {deadline_s:g} s; last seen: {seen[:2000]}")

    def retry(self, request: Callable[[], str], deadline_s: float) -> str:
        """The answer of `request` as soon as there is one; raises `TooLong` with the last reason why not."""
        end = time.monotonic() + deadline_s
        why: Exception | None = None
        while time.monotonic() < end:
            try:
                return request()
            except (Refused, httpx2.TransportError) as refused:
                why = refused
                time.sleep(0.05)
        raise TooLong(f"no answer after {deadline_s:g} s: {why}") from why

    def _events(self, collection: str, name: str, seconds: float) -> Iterator[Object]:
        """What the object was and becomes. A deletion is an object with `deleted: true` in it."""
        query = {"watch": "true", "fieldSelector": f"metadata.name={name}", "timeoutSeconds": str(max(1, int(seconds)))}
        with self._http.stream(
            "GET", collection, params=query, timeout=httpx2.Timeout(AT_ONCE_S, read=seconds)
        ) as answer:
            if not answer.is_success:
                answer.read()
                raise Refused(answer.status_code, _message(answer.text))
            for line in answer.iter_lines():
                event = json.loads(line)
                if event["type"] in {"ADDED", "MODIFIED", "DELETED"}:
                    yield {**event["object"], "deleted": event["type"] == "DELETED"}


def _message(text: str) -> str:
    try:
        said: Mapping[str, object] = json.loads(text)
        return str(said["message"])
    except (ValueError, KeyError, TypeError):
        return text.strip()[:500]
