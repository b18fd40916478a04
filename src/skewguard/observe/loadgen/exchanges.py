"""One request and what came back for it."""

from skewguard.observe.loadgen.answers import Answer, BadAnswer, CutOff
from skewguard.observe.loadgen.telling import MOST_WHOLE, Telling

_MOST_REFUSAL = 64 * 2**10


class Exchange:
    """One request. Moments are nanoseconds of the monotonic clock. `slot`: it holds one of the closed loop's.

    `tries`: how often it was sent; `waits`: how often because the server said when to come again.
    `plain`: which of `bodies.COUNTS` it asked for.
    """

    __slots__ = (
        "_document", "_events", "_stream", "answer", "fresh", "intended", "number", "plain", "sent", "slot", "telling",
        "tries", "waits",
    )  # fmt: skip

    def __init__(self, number: int, intended: int, *, slot: bool, stream: bool) -> None:
        self.number = number
        self.intended = intended
        self.slot = slot
        self.sent = 0
        self.tries = 0
        self.waits = 0
        self.fresh = False
        self.plain = 0
        self._stream = stream
        self.again()

    def again(self) -> None:
        """Nothing came yet (any more)."""
        self.answer = Answer()
        self.telling = Telling()
        self._document = b""
        self._events: bool | None = None

    def feed(self, data: bytes, stamp: int) -> bool:
        """What was read, and when it came; whether the answer is whole now. Raises `BadAnswer`."""
        answer = self.answer
        body = answer.feed(data)
        if body:
            self._take(body, stamp)
        if answer.done:
            self._finish(stamp)
            if self.succeeded and not self.telling.ended:
                raise CutOff("the stream ended, and nothing in it said that the answer was over: it was cut off")
        return answer.done

    def closed(self, stamp: int) -> bool:
        """The connection was closed by the server; whether the answer is whole. Raises `BadAnswer`."""
        if not self.answer.ended():
            return False
        self._finish(stamp)
        return self.telling.ended or not self.succeeded

    @property
    def succeeded(self) -> bool:
        """Whether the status is one of success."""
        return 200 <= self.answer.status < 300

    @property
    def refusal(self) -> str:
        """What the server said beside a status that is none of success."""
        return self._document.decode("utf-8", "replace")

    def _take(self, body: bytes, stamp: int) -> None:
        if self._events is None:
            self._events = self._streamed()
        if self._events:
            self.telling.feed(body, stamp)
        elif not self.succeeded:
            self._document = (self._document + body)[:_MOST_REFUSAL]
        elif len(self._document) + len(body) > MOST_WHOLE:
            raise BadAnswer(f"an answer of more than {MOST_WHOLE // 2**20} MiB in one piece")
        else:
            self._document += body

    def _streamed(self) -> bool:
        """Whether the answer is a stream of events, and no refusal. Raises `BadAnswer`."""
        kind = self.answer.kind
        if not self.succeeded:
            return False
        if kind.startswith(b"text/html"):
            raise BadAnswer("a web page, where an engine was expected")
        return self._stream and not kind.startswith(b"application/json")

    def _finish(self, stamp: int) -> None:
        if not self.succeeded:
            return
        if self._streamed():
            self.telling.finish(stamp)
        else:
            self.telling.whole(self._document, stamp, stream=self._stream)
        self._document = b""
