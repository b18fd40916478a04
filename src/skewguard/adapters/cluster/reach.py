"""What stands behind a pod: commands in its containers, its ports, and its answers through the API server's proxy."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from urllib.parse import urlencode

import httpcore2
import msgspec
from msgspec import Struct

from skewguard.adapters.cluster import failures, sockets
from skewguard.adapters.cluster.calls import Answer, Call
from skewguard.adapters.cluster.deadlines import Deadline
from skewguard.adapters.cluster.errors import Refused, Unreachable
from skewguard.adapters.cluster.resources import PODS, right
from skewguard.adapters.cluster.session import Cluster

EXEC_PROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io")
FORWARD_PROTOCOLS = ("v4.channel.k8s.io",)
"""The only one that carries bytes as they are: v5 is refused, and the newer ones tunnel SPDY."""

MOST_OUTPUT = 2**20
"""Bytes of a command's output that are kept, of stdout and stderr each."""

_STDOUT, _STDERR, _STATUS = 1, 2, 3
_DATA, _ERROR = 0, 1


class Ran(Struct, frozen=True):
    """What a command did. `code` None: its exit code is not known, because the output was `cut` or the connection ended."""

    stdout: bytes
    stderr: bytes
    code: int | None
    cut: bool = False


class Reach:
    """Goes to pods through one API server."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster

    def exec_(
        self,
        namespace: str,
        pod: str,
        container: str,
        command: Sequence[str],
        *,
        most_bytes: int = MOST_OUTPUT,
        seconds: float = 30,
    ) -> Ran:
        """Run a command in a container, without a shell and without input. Raises a `ClusterError`.

        `Refused`: it could not be started (no such program). A command that ends with another code than 0 is a `Ran`.
        """
        words = [("command", word) for word in command]
        query = urlencode([("container", container), ("stdout", "true"), ("stderr", "true"), *words])
        call = Call(
            f"{PODS.path(namespace, pod, 'exec')}?{query}",
            f"a command in container {container} of pod {namespace}/{pod}",
            right("create", PODS, namespace, "exec"),
            seconds=seconds,
        )
        until = self.cluster.deadline.sooner(seconds)
        channels = sockets.connect(self.cluster, call, EXEC_PROTOCOLS)
        try:
            return _run(channels, most_bytes, until, call, self.cluster)
        except _BROKEN as error:
            raise _problem(error, call, self.cluster, until) from None
        finally:
            channels.close()

    @contextmanager
    def forward(self, namespace: str, pod: str, port: int, *, seconds: float = 30) -> "Iterator[Tunnel]":
        """A connection to a port of a pod, as a stream of bytes, for the length of a `with`. Raises a `ClusterError`."""
        tunnel = self.stream(namespace, pod, port, Deadline.after(seconds))
        try:
            yield tunnel
        finally:
            tunnel.close()

    def stream(self, namespace: str, pod: str, port: int, deadline: Deadline) -> "Tunnel":
        """The same for who closes it himself, as a pool of connections does."""
        call = Call(
            PODS.path(namespace, pod, "portforward"),
            f"port {port} of pod {namespace}/{pod}",
            right("create", PODS, namespace, "portforward"),
            {"ports": str(port)},
            seconds=deadline.left(),
        )
        channels = sockets.connect(self.cluster, call, FORWARD_PROTOCOLS)
        return Tunnel(channels, call, self.cluster)

    def proxy_get(
        self,
        namespace: str,
        pod: str,
        port: int,
        target: str,
        *,
        most_bytes: int = 8 * 2**20,
        seconds: float = 15,
    ) -> Answer:
        """What a GET of `target` (path and query) of a pod's port answers, whatever its status, through the API server.

        The API server takes `Authorization` off and follows nothing. Raises a `ClusterError` for what the API server
        itself says: `Unreachable` where nobody listens behind the port.
        """
        path, question, query = target.partition("?")
        call = Call(
            PODS.path(namespace, f"{pod}:{port}", f"proxy/{path.lstrip('/')}") + question + query,
            f"GET {path} of pod {namespace}/{pod}",
            right("get", PODS, namespace, "proxy"),
            headers={"Accept": "*/*", "Accept-Encoding": "identity"},
            limit=most_bytes,
            patient=False,
            seconds=seconds,
        )
        answer = self.cluster.once(call)
        if answer.status >= 400 and failures.status_of(answer.body).kind:
            raise failures.of_answer(call, answer, self.cluster.place)
        return answer


class Tunnel(httpcore2.NetworkStream):
    """One connection to a port of a pod: bytes in, bytes out, for whoever speaks HTTP over an `httpcore2` stream.

    The other side does not close the tunnel when the pod closes the connection: read by `Content-Length` or chunks, and
    give a timeout. Raises `httpcore2`'s exceptions, and a `ClusterError` where the pod's port cannot be reached.
    """

    def __init__(self, channels: sockets.Channels, call: Call, cluster: Cluster) -> None:
        self._channels = channels
        self._call = call
        self._cluster = cluster
        self._named: set[int] = set()
        self._rest = b""

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Up to so many bytes; none when the connection is over."""
        end = None if timeout is None else Deadline.after(timeout)
        while not self._rest:
            message = self._channels.receive(None if end is None else end.left())
            if message is None:
                return b""
            self._take(*message)
        given, self._rest = self._rest[:max_bytes], self._rest[max_bytes:]
        return given

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send all of it."""
        for start in range(0, len(buffer), sockets.CHUNK):
            self._channels.send(_DATA, buffer[start : start + sockets.CHUNK], timeout)

    def close(self) -> None:
        """Let it go."""
        self._channels.close()

    def get_extra_info(self, info: str) -> object:
        """What a pool asks before it uses a connection again: one that is `is_readable` while it rests has ended."""
        return self._channels.ended if info == "is_readable" else None

    def _take(self, channel: int, content: bytes) -> None:
        if channel not in self._named:  # the first message of each channel names the port, in two bytes
            self._named.add(channel)
            content = content[2:]
        if channel == _DATA:
            self._rest += content
        elif channel == _ERROR and content:
            words = failures.shown(content.decode("utf-8", "replace"))
            raise Unreachable(f"{self._call.what} cannot be reached through {self._cluster.place}: {words}")


_BROKEN = (httpcore2.TimeoutException, httpcore2.NetworkError, httpcore2.ProtocolError)


def _problem(error: Exception, call: Call, cluster: Cluster, until: Deadline) -> Exception:
    if isinstance(error, httpcore2.TimeoutException):
        return failures.too_slow(call, cluster.place, until.seconds)
    return Unreachable(
        f"the connection of {cluster.place} broke during {call.what}",
        hint="try again: the API server may have restarted",
    )


def _run(channels: sockets.Channels, most_bytes: int, until: Deadline, call: Call, cluster: Cluster) -> Ran:
    output = {_STDOUT: bytearray(), _STDERR: bytearray()}
    while (message := channels.receive(until.left())) is not None:
        cluster.check(call, until)
        channel, content = message
        if channel == _STATUS:
            code = _exit_code(content, call, cluster)
            return Ran(bytes(output[_STDOUT]), bytes(output[_STDERR]), code)
        if channel in output:
            output[channel] += content
            if len(output[channel]) > most_bytes:
                kept = [bytes(part[:most_bytes]) for part in output.values()]
                return Ran(kept[0], kept[1], None, cut=True)
    return Ran(bytes(output[_STDOUT]), bytes(output[_STDERR]), None)


class _Cause(Struct, frozen=True):
    reason: str = ""
    message: str = ""


class _Causes(Struct, frozen=True):
    causes: tuple[_Cause, ...] = ()


class _Exit(Struct, frozen=True):
    status: str = ""
    message: str = ""
    reason: str = ""
    details: _Causes | None = None


def _exit_code(content: bytes, call: Call, cluster: Cluster) -> int | None:
    """The exit code in the last message of an exec (v4 and v5 write the same `Status`). None where it names none."""
    try:
        ended = msgspec.json.decode(content, type=_Exit)
    except msgspec.DecodeError:
        return None
    if ended.status == "Success":
        return 0
    causes = ended.details.causes if ended.details is not None else ()
    code = next((cause.message for cause in causes if cause.reason == "ExitCode"), "")
    if code.isascii() and code.isdigit():
        return int(code)
    raise Refused(
        f"{cluster.place} could not run {call.what}: {failures.shown(ended.message) or 'it does not say why'}"
    )
