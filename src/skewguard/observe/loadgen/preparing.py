"""Before a run: the target is reached, its model is known, and connections stand open."""

import contextlib
import json
import socket
from math import ceil
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from skewguard.language import certificates
from skewguard.observe.loadgen.answers import Answer, BadAnswer
from skewguard.observe.loadgen.connections import PATIENCE, Connection, Opening
from skewguard.observe.loadgen.messages import Plan

if TYPE_CHECKING:
    from skewguard.observe.loadgen.tls import Tls

_MOST_AHEAD = 512
_PIECE = 16384
_OTHER_FILES = 32
"""Of a load process: its pipes, its poll, its timer, what Python holds open."""

_MOST_MODELS = 2**20
_MACOS_FILES = 10240
"""OPEN_MAX of macOS, which says that there is no limit and takes no higher one (setrlimit(2) there)."""


class CannotBeginError(Exception):
    """The target cannot be loaded at all: why, and what to do."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class Opened(Struct):
    """A target that can be loaded."""

    opening: Opening
    model: str
    connections: list[Connection]


def prepare(plan: Plan) -> Opened:
    """Reach the target and open connections ahead. Raises `CannotBeginError`."""
    place = f"{plan.address.host}:{plan.address.port}"
    number = _number(plan)
    try:
        opening = Opening(plan.address.host, plan.address.port, _context(plan))
        first = _blocking(opening)
        model = plan.model or _discovered(first, plan)
        connections = [first, *_ahead(opening, number - 1)]
    except OSError as error:
        raise CannotBeginError(f"cannot connect to {place}: {_said(error)}", _hint(error, plan)) from None
    return Opened(opening, model, [connection for connection in connections if connection.fd >= 0])


def _context(plan: Plan) -> Any:
    if not plan.address.tls:
        return None
    from skewguard.observe.loadgen import tls

    try:
        return tls.context(plan.ca_file)
    except OSError as error:
        raise CannotBeginError(f"no certificates can be read from {plan.ca_file}: {_said(error)}") from None


def _number(plan: Plan) -> int:
    """How many connections to open ahead: this process's slots, or what arrives in half a second. Raises `CannotBeginError`."""
    load = plan.load
    slots = max(load.concurrency or 0, *(stage.concurrency or 0 for stage in load.stages), 0)
    slots = max(slots, (load.requests or 0) if load.profile == "burst" else 0)
    rates = [load.rate or 0.0, *(stage.rate or 0.0 for stage in load.stages)]
    at_once = min(slots, load.requests or slots)
    _allow(ceil(at_once / plan.processes))
    wanted = max(slots, ceil(max(rates) / 2), 1)
    if load.requests:
        wanted = min(wanted, load.requests)
    return max(1, min(_MOST_AHEAD, ceil(wanted / plan.processes)))


def _allow(connections: int) -> None:
    """As many open sockets as the system lets us. Raises `CannotBeginError` where those are fewer than are needed at once."""
    most = _most_files()
    if most is not None and connections + _OTHER_FILES > most:
        raise CannotBeginError(
            f"{connections:,} requests at once need as many connections, and a process here may have {most:,} files open",
            "raise the limit on open files (ulimit -n), or send fewer at once",
        )


def _most_files() -> int | None:
    """The limit on open files, raised as far as it may be; None where there is none."""
    try:
        import resource
    except ImportError:
        return None
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return None
    most = max(soft, _MACOS_FILES) if hard == resource.RLIM_INFINITY else hard
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
        return most
    return soft


def _blocking(opening: Opening) -> Connection:
    """The first connection, handshake and all."""
    sock = opening.first()
    return _shaken(_greeted(opening.wrap(sock)))


def _greeted(connection: Connection) -> Connection:
    """Connected, and what has to be sent first is: of TLS, the beginning of the handshake."""
    connection.sock.settimeout(PATIENCE)
    if connection.connecting:
        _wait_connected(connection)
    connection.sock.sendall(connection.out)
    connection.out = b""
    return connection


def _shaken(connection: Connection) -> Connection:
    """Ready to be used: the handshake is done."""
    if connection.tls is not None:
        _shake(connection.sock, connection.tls)
    connection.connecting = False
    connection.sock.setblocking(False)
    return connection


def _shake(sock: socket.socket, tls: "Tls") -> None:
    while True:
        sock.sendall(tls.waiting())
        if tls.up:
            return
        data = sock.recv(_PIECE)
        if not data:
            raise OSError("the server closed the connection within the TLS handshake")
        tls.opened(data)


def _ahead(opening: Opening, number: int) -> list[Connection]:
    """More connections. One that the server does not give is opened when it is needed, and fails then if it must.

    All begin their handshakes before the first is waited for: five hundred, one behind the other, would take a minute far away.
    """
    begun: list[Connection] = []
    greeted: list[Connection] = []
    found: list[Connection] = []
    with contextlib.suppress(OSError):
        begun.extend(opening.begin() for _ in range(number))
    with contextlib.suppress(OSError):
        greeted.extend(map(_greeted, begun))
    with contextlib.suppress(OSError):
        found.extend(map(_shaken, greeted))
    for connection in begun[len(found) :]:
        connection.close()
    return found


def _wait_connected(connection: Connection) -> None:
    import select

    poll = select.poll()
    poll.register(connection.fd, select.POLLOUT)
    if not poll.poll(PATIENCE * 1000):
        raise TimeoutError("no connection in time")
    failed = connection.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if failed:
        raise OSError(failed, "cannot connect")


def _discovered(connection: Connection, plan: Plan) -> str:
    """The first model that the server names."""
    connection.sock.settimeout(PATIENCE)
    request = (
        f"GET {plan.address.path}/models HTTP/1.1\r\n".encode() + plan.headers + b"Accept: application/json\r\n\r\n"
    )
    connection.send(request)
    answer, document = Answer(), b""
    try:
        while not answer.done and len(document) < _MOST_MODELS:
            data = connection.sock.recv(_PIECE)
            if not data:
                answer.ended()
                break
            document += answer.feed(connection.opened(data))
    except BadAnswer as wrong:
        raise CannotBeginError(f"{_asked(plan)}: {wrong}", _name_it(plan)) from None
    if not answer.keep:
        connection.close()
        connection.fd = -1
    else:
        connection.sock.setblocking(False)
    return _first_model(answer, document, plan)


def _first_model(answer: Answer, document: bytes, plan: Plan) -> str:
    where = _asked(plan)
    if answer.status in (401, 403):
        ways = "set SKEWGUARD_API_KEY, or name a variable or a file (--api-key-env, --api-key-file)"
        hint = f"it needs an API key: {ways}" if plan.key is None else "it does not take this API key"
        raise CannotBeginError(f"{where}: status {answer.status}", hint)
    if not answer.done or not 200 <= answer.status < 300:
        raise CannotBeginError(f"{where}: status {answer.status}, and no list of models", _name_it(plan))
    try:
        models = json.loads(document)["data"]
        name = models[0]["id"]
    except (ValueError, LookupError, TypeError, RecursionError):
        raise CannotBeginError(f"{where} names no model", _name_it(plan)) from None
    if not isinstance(name, str) or not name:
        raise CannotBeginError(f"{where} names no model", _name_it(plan))
    return name


def _asked(plan: Plan) -> str:
    """The question for the models, as people write it."""
    return f"GET {plan.address.url}/models"


def _name_it(plan: Plan) -> str:
    """What to do where nobody says which model is served there."""
    return f"`{_curl(plan)}` shows what answers there; where it is the engine, say which model to ask for: --model NAME"


def _curl(plan: Plan) -> str:
    from shlex import quote  # rarely needed, and a load process is to start at once

    return f"curl -sv {quote(f'{plan.address.url}/models')}"


def _said(error: OSError) -> str:
    reason = getattr(error, "verify_message", "") or getattr(error, "reason", "") or error.strerror or str(error)
    return str(reason).lower() if str(reason).isupper() else str(reason)


def _hint(error: OSError, plan: Plan) -> str:
    if getattr(error, "verify_message", ""):
        return f"it needs {certificates.needed(getattr(error, 'verify_code', 0))}"
    if plan.address.tls and type(error).__name__.startswith(
        "SSL"
    ):  # without importing ssl, which a plain load never needs
        return f"it needs {certificates.PLAIN}"
    return f"see whether it answers from this machine, with `{_curl(plan)}`"
