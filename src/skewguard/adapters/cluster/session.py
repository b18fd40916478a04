"""Requests to one API server: with a deadline, retried where that helps, bounded in size, stopped at once on Ctrl-C."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from itertools import count
from typing import TYPE_CHECKING, Any, NoReturn, Self

import msgspec

from skewguard.adapters.cluster import failures
from skewguard.adapters.cluster.calls import Answer, Call, Place
from skewguard.adapters.cluster.deadlines import Deadline
from skewguard.adapters.cluster.errors import ClusterError, Unauthorized, Unusable

if TYPE_CHECKING:
    import httpx2

CONNECT_SECONDS = 10
RECONNECT_SECONDS = 40
"""How long a server that has answered before may be away. One that restarts is back after 3 s on an idle machine, 15 s on a
busy one."""

_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 2.0


class Stopped(ClusterError):
    """The user does not wait any more. Seen by nobody: the interrupt itself goes on to the boundary."""


class Cluster:
    """One API server, reached as one user. Made by `access.connect`; used by several threads at once.

    `namespace` is the context's. `notes` are what the user has to know about the way here, or about answers that were
    partly unreadable.
    """

    def __init__(
        self,
        place: Place,
        namespace: str,
        client: "httpx2.Client",
        deadline: Deadline,
        *,
        extensions: Mapping[str, Any] | None = None,
        unreadable: tuple[type[Exception], ...] = (),
        notes: tuple[str, ...] = (),
    ) -> None:
        self.place = place
        self.namespace = namespace
        self.deadline = deadline
        self.notes = list(notes)
        self._client = client
        self._extensions = dict(extensions or {})
        self._unreadable = unreadable
        self._reached = False
        self._stop = threading.Event()

    @property
    def context(self) -> str:
        """The context's name; `in-cluster` where there is none."""
        return self.place.context

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of every connection; requests under way end."""
        self._stop.set()
        self._client.close()

    def stop(self) -> None:
        """Let every thread that asks this server end at its next step."""
        self._stop.set()

    def note(self, text: str) -> None:
        """Remember something for the user, once."""
        if text not in self.notes:
            self.notes.append(text)

    def ask(self, call: Call) -> Answer:
        """One whole answer with a status below 300. Raises a `ClusterError`."""
        until = self.deadline.sooner(call.seconds)
        away = self.deadline.sooner(RECONNECT_SECONDS)
        for attempt in count():
            try:
                answer = self._once(call, until)
            except self._transport_errors() as error:
                problem: ClusterError = self._broken(error, call, until)
                pause = None if self._gives_up(error, call, away) else _backoff(attempt)
            else:
                if answer.status < 300:
                    return answer
                problem = failures.of_answer(call, answer, self.place)
                pause = _pause(answer, attempt) if _is_busy(call, answer) else None
            self._pause_or_raise(pause, until, problem)
        raise AssertionError("the loop ends by returning or raising")

    def open(self, call: Call, held: ExitStack, read_seconds: float | None = None) -> "httpx2.Response":
        """The beginning of an answer, whatever its status, whose body the caller reads while `held` is open.

        Raises a `ClusterError`; while the body is read, what `reading` turns into one.
        """
        with self.reading(call):
            response: httpx2.Response = held.enter_context(
                self._stream(call, self.deadline.sooner(call.seconds), read_seconds)
            )
        self._reached = True
        return response

    @contextmanager
    def reading(self, call: Call) -> Iterator[None]:
        """Turn what breaks while an opened answer is read into a `ClusterError`."""
        try:
            yield
        except self._transport_errors() as error:
            raise self._broken(error, call, self.deadline.sooner(call.seconds)) from None

    def once(self, call: Call) -> Answer:
        """One whole answer, whatever its status, asked for once. Raises a `ClusterError` where none comes."""
        with self.reading(call):
            return self._once(call, self.deadline.sooner(call.seconds))

    def refuse(self, call: Call, response: "httpx2.Response") -> NoReturn:
        """Raise the error that the status of an opened answer means."""
        body = self._body(response, failures_only(call), self.deadline.sooner(CONNECT_SECONDS))
        raise failures.of_answer(call, Answer(response.status_code, _lowered(response), body), self.place)

    def check(self, call: Call, until: Deadline) -> None:
        """Raise when the user or the deadline says that it is enough."""
        if self._stop.is_set():
            raise Stopped("interrupted")
        if until.passed:
            raise failures.too_slow(call, self.place, until.seconds)

    def rest(self, seconds: float) -> None:
        """Wait, but not longer than the user does."""
        if self._stop.wait(seconds):
            raise Stopped("interrupted")

    def _once(self, call: Call, until: Deadline) -> Answer:
        self.check(call, until)
        with self._stream(call, until) as response:
            self._reached = True
            wanted = call if response.status_code < 300 else failures_only(call)
            body = self._body(response, wanted, until)
            return Answer(response.status_code, _lowered(response), body)

    def _stream(self, call: Call, until: Deadline, read_seconds: float | None = None) -> Any:
        import httpx2

        left = max(until.left(), 0.001)
        quick = min(left, CONNECT_SECONDS)
        return self._client.stream(
            call.method,
            call.path,
            params=call.params or None,  # an empty mapping would take the query off the path
            headers=call.headers,
            content=call.body,
            timeout=httpx2.Timeout(connect=quick, read=min(left, read_seconds or left), write=left, pool=left),
            extensions=self._extensions,
        )

    def _body(self, response: "httpx2.Response", call: Call, until: Deadline) -> bytes:
        body = bytearray()
        for chunk in response.iter_bytes():
            body += chunk
            if len(body) > call.limit and not call.cut:
                raise Unusable(
                    f"{call.what} from {self.place}: the answer is larger than {call.limit >> 20} MiB and is not read"
                )
            if len(body) >= call.limit:
                break
            self.check(call, until)
        return bytes(body[: call.limit])

    def _transport_errors(self) -> tuple[type[Exception], ...]:
        import httpx2

        return (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError, ImportError, *self._unreadable)

    def _broken(self, error: Exception, call: Call, until: Deadline) -> ClusterError:
        import httpx2

        if isinstance(error, self._unreadable) and not isinstance(error, httpx2.HTTPError):
            return Unauthorized(
                f"the credentials of context {self.place.context} cannot be read any more",
                hint=self.place.login,
                would_need="valid credentials",
            )
        return failures.of_transport(error, call, self.place, until.seconds)

    def _gives_up(self, error: Exception, call: Call, away: Deadline) -> bool:
        """Whether a broken connection ends the call: a first contact that fails does, a change is not sent twice."""
        repeatable = call.patient and call.method == "GET" and self._reached
        return not repeatable or away.passed or failures.is_final(error)

    def _pause_or_raise(self, pause: float | None, until: Deadline, problem: ClusterError) -> None:
        if pause is None or pause >= until.left():
            raise problem
        self.rest(pause)


def failures_only(call: Call) -> Call:
    """The same call with room for a refusal alone, of which the beginning will do."""
    return msgspec.structs.replace(call, limit=2**20, cut=True)


def _lowered(response: "httpx2.Response") -> dict[str, str]:
    return {name.lower(): text for name, text in response.headers.items()}


def _is_busy(call: Call, answer: Answer) -> bool:
    """Whether to come again: 429 is said before anything is done, the others may be said in the middle of a change.

    A server that is behind the version it is asked for says 504 and when to come again.
    """
    if call.method != "GET" or not call.patient:
        return call.patient and answer.status == 429
    return answer.status in (429, 503) or (answer.status >= 500 and _asked_to_wait(answer) > 0)


def _backoff(attempt: int) -> float:
    return float(min(_FIRST_PAUSE * 2**attempt, _LONGEST_PAUSE))


def _pause(answer: Answer, attempt: int) -> float:
    """Seconds that the server asks to wait, else our own."""
    return max(_asked_to_wait(answer), _FIRST_PAUSE) if _asked_to_wait(answer) else _backoff(attempt)


def _asked_to_wait(answer: Answer) -> float:
    """Seconds of `Retry-After`, or `retryAfterSeconds` of a `Status`; 0 where neither stands."""
    text = answer.headers.get("retry-after", "")
    if text.isascii() and text.isdigit():
        return float(text[:6])
    details = failures.status_of(answer.body).details
    return float(min(max(details.retry_after, 0), 10**6)) if details is not None else 0.0
