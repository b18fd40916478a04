"""The HTTP side of the in-process API server: connections, and which request goes where."""

import base64
import hashlib
import http.server
import json
import socket
import ssl
import sys
import threading
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qs, parse_qsl, unquote, urlsplit

from tests.fakes import changing, listing, streaming
from tests.fakes.answers import Refusal, Reply, document, forbidden, not_found, status, unserved
from tests.fakes.faults import Fault
from tests.fakes.kinds import Kind, group_documents, plain

if TYPE_CHECKING:
    from tests.fakes.api_server import ApiServer

_AGGREGATED = "as=APIGroupDiscoveryList"


class Target(NamedTuple):
    """What a path names."""

    kind: Kind
    namespace: str | None
    name: str
    below: str


class Listener(http.server.ThreadingHTTPServer):
    """Listens, and knows its connections, so that they can be cut."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, address: tuple[str, int], handler: Any, api: "ApiServer", tls: ssl.SSLContext | None) -> None:
        self.api = api
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__(address, handler)
        if tls is not None:
            self.socket = tls.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._connections.add(request)
        super().process_request(request, client_address)

    def hang_up(self) -> None:
        with self._lock:
            for connection in self._connections:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue  # it is closed already

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a client that went away, and all of everything else."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class Handler(http.server.BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server: Listener

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        self._serve()

    do_POST = do_PATCH = do_DELETE = do_PUT = do_GET  # noqa: N815  # `http.server` names them so

    def _serve(self) -> None:
        api = self.server.api
        api.asked.append(f"{self.command} {self.path}")
        api.headers.append({name.lower(): text for name, text in self.headers.items()})
        fault = api.faults.take(self.path)
        if fault is not None:
            self._fail(fault)
            return
        try:
            reply = self._reply(api)
        except Refusal as refusal:
            reply = refusal.reply
        if reply is not None:
            self._send(reply)

    def _fail(self, fault: Fault) -> None:
        self._body()
        self.close_connection = fault.cut or fault.drop or fault.hang
        if fault.hang:
            self.server.api.faults.over.wait()
        if fault.drop or fault.hang:
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        body = fault.body or status(fault.status, "Fault", "a fault on purpose").body
        self.send_response(fault.status)
        for name, text in fault.headers:
            self.send_header(name, text)
        self.send_header("Content-Type", fault.content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if fault.drip:
            self._drip(body)
        else:
            self.wfile.write(body[: len(body) // 2] if fault.cut else body)

    def _drip(self, body: bytes) -> None:
        for index in range(len(body)):
            self.wfile.write(body[index : index + 1])
            if self.server.api.faults.over.wait(0.01):
                return

    def _send(self, reply: Reply) -> None:
        self.send_response(reply.status)
        for name, text in reply.headers:
            self.send_header(name, text)
        self.send_header("Content-Type", reply.content_type)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body)

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _reply(self, api: "ApiServer") -> Reply | None:
        body = self._body()
        user = self._user(api)
        parts = urlsplit(self.path)
        query = dict(parse_qsl(parts.query))
        if found := self._discovery(api, parts.path):
            return found
        if parts.path.rpartition("/")[2].startswith("selfsubject"):
            return document(api.rights.review(user, json.loads(body)), 201)
        target = _target(api, parts.path)
        self._check_rights(api, user, target, query)
        return self._act(api, target, query, body)

    def _user(self, api: "ApiServer") -> str:
        if not api.rights.known:
            raise Refusal(status(401, "Unauthorized", "Unauthorized"))
        if not api.tls and "Authorization" not in self.headers:
            return self.headers.get("Impersonate-User") or "admin"
        token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
        if token not in api.rights.users:
            raise Refusal(status(401, "Unauthorized", "Unauthorized"))
        return self.headers.get("Impersonate-User") or api.rights.users[token]

    def _discovery(self, api: "ApiServer", path: str) -> Reply | None:
        if path in ("/api", "/apis") and api.aggregated and _AGGREGATED in (self.headers.get("Accept") or ""):
            items = group_documents(api.kinds, path)
            return document({"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "items": items})
        if path == "/api":
            return document({"kind": "APIVersions", "versions": ["v1"]})
        if path == "/apis":
            return document({"kind": "APIGroupList", "apiVersion": "v1", "groups": _groups(api.kinds)})
        words = path.strip("/").split("/")
        if (words[0], len(words)) not in (("api", 2), ("apis", 3)):
            return None
        found = plain(api.kinds, words[1] if words[0] == "apis" else "", words[-1])
        if found is None:
            raise unserved()
        return document(found)

    def _check_rights(self, api: "ApiServer", user: str, target: Target, query: dict[str, str]) -> None:
        kind, below = target.kind, target.below.partition("/")[0]
        verb = _VERBS[self.command] if target.name or self.command != "GET" else "list"
        if query.get("watch") in ("1", "true"):
            verb = "watch"
        if below in ("exec", "portforward"):
            verb = "create"
        resource = f"{kind.plural}/{below}" if below else kind.plural
        name = target.name.partition(":")[0]
        if not api.rights.may(user, verb, resource, target.namespace):
            raise forbidden(user, verb, resource, kind.group, target.namespace, name)

    def _act(self, api: "ApiServer", target: Target, query: dict[str, str], body: bytes) -> Reply | None:
        kind, namespace = target.kind, target.namespace or ""
        match self.command:
            case "POST":
                return changing.create(api.store, kind, namespace, body, query)
            case "PATCH":
                type_ = self.headers.get("Content-Type") or ""
                return changing.patch(api.store, kind, namespace, target.name, body, type_, query, target.below)
            case "DELETE":
                return changing.delete(api.store, kind, namespace, target.name, body, query)
        if not target.name:
            return self._collection(api, target, query)
        if kind.plural == "pods" and target.below not in ("", "status"):
            return self._below_pod(api, target, query)
        found = api.store.get(kind, namespace, target.name)
        if found is None:
            raise not_found(kind, target.name)
        return document(found)

    def _collection(self, api: "ApiServer", target: Target, query: dict[str, str]) -> Reply | None:
        if query.get("watch") not in ("1", "true"):
            return api.lists.page(target.kind, target.namespace, query)
        version = int(query.get("resourceVersion") or 0)
        if api.watch_gone_status == 410 and version < api.store.forgotten:
            return status(410, "Expired", f"too old resource version: {version} ({api.store.forgotten})")
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for line in listing.watch(api.store, target.kind, target.namespace, query, api.closing):
            self.wfile.write(b"%x\r\n%b\r\n" % (len(line), line))
        if not api.closing.is_set():
            self.wfile.write(b"0\r\n\r\n")
        return None

    def _below_pod(self, api: "ApiServer", target: Target, query: dict[str, str]) -> Reply | None:
        namespace = target.namespace or ""
        name, _, port = target.name.partition(":")
        pod = api.store.get(target.kind, namespace, name)
        if pod is None:
            raise not_found(target.kind, name)
        verb, _, rest = target.below.partition("/")
        match verb:
            case "log":
                return _log(api, namespace, name, pod, query)
            case "proxy":
                parts = urlsplit(self.path)
                path = f"/{rest}" + (f"?{parts.query}" if parts.query else "")
                return streaming.proxy(api.ports.get((namespace, name, int(port or 80))), path, self.headers.items())
            case "exec":
                return self._exec(api, namespace, name, query)
            case "portforward":
                return self._forward(api, namespace, name, query)
        raise unserved()

    def _exec(self, api: "ApiServer", namespace: str, pod: str, query: dict[str, str]) -> Reply | None:
        words = parse_qs(urlsplit(self.path).query).get("command", [])
        run = api.execs.get((namespace, pod, query.get("container", "")))
        if run is None:
            message = f"container {query.get('container', '')} is not valid for pod {pod}"
            return status(400, "BadRequest", message)
        web = self._upgrade(api.exec_protocols)
        if isinstance(web, Reply):
            return web
        streaming.execute(web, run(words))
        return None

    def _forward(self, api: "ApiServer", namespace: str, pod: str, query: dict[str, str]) -> Reply | None:
        port = int(query.get("ports") or 0)
        if "*/*" not in (self.headers.get("Accept") or "*/*"):
            return Reply(406, b"406: Not Acceptable Available representations: ", "text/plain")
        web = self._upgrade(("v4.channel.k8s.io",))
        if isinstance(web, Reply):
            return web
        streaming.forward(web, port, api.ports.get((namespace, pod, port)))
        return None

    def _upgrade(self, spoken: tuple[str, ...]) -> "streaming.Socket | Reply":
        offered = [word.strip() for word in (self.headers.get("Sec-WebSocket-Protocol") or "").split(",")]
        chosen = next((word for word in offered if word in spoken), None)
        if chosen is None:
            return status(403, "Forbidden", f"unable to upgrade: {offered} is not spoken here")
        key = (self.headers.get("Sec-WebSocket-Key") or "") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        accept = base64.b64encode(hashlib.sha1(key.encode()).digest()).decode()  # noqa: S324  # RFC 6455 wants it
        self.close_connection = True
        self.send_response(101)
        for name, text in (("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Accept", accept)):
            self.send_header(name, text)
        self.send_header("Sec-WebSocket-Protocol", chosen)
        self.end_headers()
        self.wfile.flush()
        return streaming.Socket(self.connection)


_VERBS = {"GET": "get", "POST": "create", "PATCH": "patch", "DELETE": "delete", "PUT": "update"}


def _groups(kinds: tuple[Kind, ...]) -> list[dict[str, Any]]:
    named: dict[str, list[str]] = {}
    for kind in kinds:
        if kind.group and kind.version not in named.setdefault(kind.group, []):
            named[kind.group].append(kind.version)
    rows = {name: [{"groupVersion": f"{name}/{v}", "version": v} for v in versions] for name, versions in named.items()}
    return [{"name": name, "versions": row, "preferredVersion": row[0]} for name, row in rows.items()]


def _target(api: "ApiServer", path: str) -> Target:
    """`/api/v1/namespaces/prod/pods/x/log`, `/apis/apps/v1/deployments`, `/api/v1/nodes/x`."""
    words = [unquote(word) for word in path.strip("/").split("/")]
    group, version, rest = ("", words[1], words[2:]) if words[0] == "api" else (words[1], words[2], words[3:])
    namespace = None
    if len(rest) > 2 and rest[0] == "namespaces":
        namespace, rest = rest[1], rest[2:]
    plural, name, below = rest[0], rest[1] if len(rest) > 1 else "", "/".join(rest[2:])
    kind = next((k for k in api.kinds if (k.group, k.version, k.plural) == (group, version, plural)), None)
    if kind is None:
        raise unserved()
    return Target(kind, namespace, name, below)


def _log(api: "ApiServer", namespace: str, name: str, pod: dict[str, Any], query: dict[str, str]) -> Reply:
    names = [each["name"] for each in (pod.get("spec") or {}).get("containers") or []]
    container = query.get("container") or (names[0] if names else "")
    if container not in names:
        raise Refusal(status(400, "BadRequest", f"container {container} is not valid for pod {name}"))
    text = api.logs.get((namespace, name, container, query.get("previous") == "true"))
    if text is None:
        if query.get("previous") == "true":
            message = f'previous terminated container "{container}" in pod "{name}" not found'
        else:
            message = f'container "{container}" in pod "{name}" is waiting to start: ContainerCreating'
        raise Refusal(status(400, "BadRequest", message))
    limit = int(query.get("limitBytes") or len(text))
    return Reply(200, text[:limit], "text/plain")
