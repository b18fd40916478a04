"""What an answer tells of its tokens: when the first and the last came, how many chunks, how many tokens the server counted.

Read as it comes, by events of a stream or from one whole document. A token is text, reasoning or a call of a tool; a role or
an empty text is none. Tokens are never counted from chunks: an engine may send several in one.
"""

from array import array
from typing import Any

import msgspec
from msgspec import Struct

from skewguard.observe.loadgen.answers import BadAnswer

_LONGEST_LINE = 4 * 2**20
MOST_WHOLE = 16 * 2**20
_NONE = -1
_MANY = 2**62


class _Said(Struct):
    """The fields of a delta, of a message: whatever they hold, they are asked only whether it is nothing."""

    content: Any = None
    reasoning_content: Any = None
    reasoning: Any = None
    tool_calls: Any = None
    function_call: Any = None
    refusal: Any = None


class _Choice(Struct):
    delta: _Said | None = None
    message: _Said | None = None
    text: Any = None


class _Usage(Struct):
    prompt_tokens: Any = None
    completion_tokens: Any = None


class _Event(Struct):
    choices: list[_Choice] | None = None
    usage: _Usage | None = None
    error: Any = None
    object: Any = None
    message: Any = None


_decode = msgspec.json.Decoder(_Event).decode


class Telling:
    """What one answer told. Times are those of the stamps handed in; 0 where nothing came.

    `censored`: other tokens came in the read of the first. `shared`: something came after the last token in its read.
    """

    __slots__ = (
        "_data", "_rest", "apart", "censored", "chunks", "ended", "error", "first", "first_tokens", "gaps", "last",
        "output_tokens", "prompt_tokens", "shared",
    )  # fmt: skip

    def __init__(self) -> None:
        self._rest = b""
        self._data: list[bytes] = []
        self.first = 0
        self.last = 0
        self.chunks = 0
        self.gaps = array("d")
        self.prompt_tokens = _NONE
        self.output_tokens = _NONE
        self.first_tokens = _NONE
        self.censored = False
        self.shared = False
        self.apart = False
        self.ended = False
        self.error = ""

    def feed(self, body: bytes, stamp: int) -> None:
        """What came in one read, and when. Raises `BadAnswer`."""
        lines = (self._rest + body).split(b"\n")
        self._rest = lines.pop()
        if len(self._rest) > _LONGEST_LINE:
            raise BadAnswer("an event of more than 4 MiB")
        before = self.chunks
        for line in lines:
            if line.startswith(b"data:"):
                self._data.append(line[5:].strip())
            elif (not line or line == b"\r") and self._data:
                data = self._data[0] if len(self._data) == 1 else b"\n".join(self._data)
                self._data.clear()
                self._event(data, stamp)
        if self.chunks > before + 1 and before == 0:
            self.censored = True

    def finish(self, stamp: int) -> None:
        """The stream is over: an event that no empty line closed counts as well. Raises `BadAnswer`."""
        rest, self._rest = self._rest, b""
        self.feed(rest + b"\n\n", stamp)
        if not self.chunks and not self.ended and self.output_tokens == _NONE and not self.error:
            raise BadAnswer("a stream without a single event")

    def whole(self, document: bytes, stamp: int) -> None:
        """An answer in one piece: its tokens all come at its end. Raises `BadAnswer`."""
        event = _decoded(document)
        self._fault(event)
        if event.choices is None:
            raise BadAnswer("a JSON document that is no answer of this API")
        if any(_says(choice) for choice in event.choices):
            self.first = self.last = stamp
            self.chunks = 1
            self.censored = True
        self._usage(event.usage)
        if self.chunks:
            self.first_tokens = self.output_tokens
        self.ended = True

    def _event(self, data: bytes, stamp: int) -> None:
        if data == b"[DONE]":
            self.ended = True
            self._behind(stamp)
            return
        event = _decoded(data)
        if event.choices:
            for choice in event.choices:
                if _says(choice):
                    self._token(stamp)
                    if event.usage is not None and self.chunks == 1:
                        self.first_tokens = _count(event.usage.completion_tokens)
                    break
            else:
                self._behind(stamp)
        else:
            self._fault(event)
            self._behind(stamp)
        if event.usage is not None:
            self._usage(event.usage)

    def _token(self, stamp: int) -> None:
        if self.chunks:
            self.gaps.append((stamp - self.last) / 1e9)
        else:
            self.first = stamp
        self.chunks += 1
        self.last = stamp
        self.shared = self.apart = False

    def _behind(self, stamp: int) -> None:
        """Something that is no token: whether it came in the read of the last one is kept, of the first such."""
        if self.chunks and not self.shared and not self.apart:
            self.shared = stamp == self.last
            self.apart = not self.shared

    def _usage(self, usage: _Usage | None) -> None:
        if usage is not None:
            self.prompt_tokens = max(self.prompt_tokens, _count(usage.prompt_tokens))
            self.output_tokens = max(self.output_tokens, _count(usage.completion_tokens))

    def _fault(self, event: _Event) -> None:
        if event.error is not None or event.object == "error":
            told = event.error if event.error is not None else event.message
            self.error = str(told.get("message") or told) if isinstance(told, dict) else str(told)
            raise BadAnswer(f"the server ended it with an error: {self.error}")


def _says(choice: _Choice) -> bool:
    said = choice.delta or choice.message
    if said is None:
        return bool(choice.text)
    return bool(
        said.content
        or said.reasoning_content
        or said.reasoning
        or said.tool_calls
        or said.function_call
        or said.refusal
        or choice.text
    )


def _decoded(data: bytes) -> _Event:
    try:
        return _decode(data)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        raise BadAnswer("what came is no answer of this API") from None


def _count(tokens: Any) -> int:
    """A number of tokens; what is none, or no int of the client's rows, is not told."""
    return tokens if type(tokens) is int and 0 <= tokens < _MANY else _NONE
