"""What an answer tells of its tokens: when the first and the last came, how many chunks, how many tokens the server counted.

Read as it comes, by events of a stream or from one whole document. A token shows text, reasoning or a call of a tool, or only in
the running count: half a character and a token of control have no text. The event that says why the answer ended comes with its last
token, whatever it shows. Tokens are never counted from chunks: an engine may send several in one.

The chunks of one answer differ in their text alone. Once one was read as JSON, those that begin like it, up to the first
letter of the text, are known without that; the last of them is read for its counts, if nothing behind it has them.
"""

import json
from array import array
from contextlib import suppress
from typing import Any

import msgspec
from msgspec import Struct

from skewguard.observe.loadgen.answers import BadAnswer, CutOff

_LONGEST_LINE = 4 * 2**20
MOST_WHOLE = 16 * 2**20
_NONE = -1
_QUOTE, _BRACE = b'"}'
_TEXTS = tuple(
    f'"{name}":{space}"'.encode()
    for name in ("content", "text", "reasoning_content", "reasoning")
    for space in ("", " ")
)
_MANY = 2**62
_BROKEN_OFF = ("abort", "error", "cancelled", "timeout")
"""Reasons of an end with which engines say that they did not finish an answer (vLLM, SGLang, LMDeploy; TensorRT-LLM)."""


class _Said(Struct, gc=False):
    """The fields of a delta, of a message: whatever they hold, they are asked only whether it is nothing."""

    content: Any = None
    reasoning_content: Any = None
    reasoning: Any = None
    tool_calls: Any = None
    function_call: Any = None
    refusal: Any = None


class _Choice(Struct, gc=False):
    delta: _Said | None = None
    message: _Said | None = None
    text: Any = None
    finish_reason: Any = None


class _Usage(Struct, gc=False):
    prompt_tokens: Any = None
    completion_tokens: Any = None


class _Event(Struct, gc=False):
    choices: list[_Choice] | None = None
    usage: _Usage | None = None
    error: Any = None
    object: Any = None
    message: Any = None


_decode = msgspec.json.Decoder(_Event).decode


class Telling:
    """What one answer told. Times are those of the stamps handed in; 0 where nothing came.

    `censored`: the first came at this moment or before: with others in one read, or unseen. `shared`: something came after the last
    token in its read; `apart`: how long after it (ns), where that was a later one. `ended`: the server said that this is all of it, with a reason of the end, a count apart, or `[DONE]`.
    """

    __slots__ = (
        "_alike", "_data", "_over", "_rest", "_uncounted", "apart", "censored", "chunks", "ended", "first", "first_tokens", "gaps", "last",
        "output_tokens", "prompt_tokens", "shared",
    )  # fmt: skip

    def __init__(self) -> None:
        self._rest = b""
        self._data: list[bytes] = []
        self._alike = b""
        self._uncounted = b""
        self._over = 0
        self.first = 0
        self.last = 0
        self.chunks = 0
        self.gaps = array("d")
        self.prompt_tokens = _NONE
        self.output_tokens = _NONE
        self.first_tokens = _NONE
        self.censored = False
        self.shared = False
        self.apart = 0
        self.ended = False

    def feed(self, body: bytes, stamp: int) -> None:
        """What came in one read, and when. Raises `BadAnswer`. The hot one: most reads hold one event, like the one before."""
        alike = self._alike
        if (
            alike
            and body.startswith(alike)
            and body.endswith(b"}\n\n")
            and body[len(alike)] != _QUOTE
            and body.find(b"\n") == len(body) - 2
            and not self._rest
            and not self._data
        ):
            self._token(stamp)
            self._uncounted = body
            return
        before = self.chunks
        if self._rest or self._data or not body.endswith(b"\n\n"):
            self._lines(body, stamp)
        else:
            self._events(body, stamp)
        if self.chunks > before + 1 and before == 0:
            self.censored = True

    def _events(self, body: bytes, stamp: int) -> None:
        """Whole events, as a server writes them. Where it writes many at once, one that is like the one before costs no call."""
        for event in body[:-2].split(b"\n\n"):
            alike = self._alike
            if (
                alike
                and event.startswith(alike)
                and event[-1] == _BRACE
                and event[len(alike)] != _QUOTE
                and b"\n" not in event
            ):
                self.gaps.append((stamp - self.last) / 1e9)
                self.chunks += 1
                self.last = stamp
                self.shared, self.apart = False, 0
                self._uncounted = event
            elif event.startswith(b"data:") and b"\n" not in event:
                self._told(event[5:].strip(), stamp)
            else:
                self._lines(event + b"\n\n", stamp)

    def _lines(self, text: bytes, stamp: int) -> None:
        lines = (self._rest + text).split(b"\n")
        self._rest = lines.pop()
        if len(self._rest) > _LONGEST_LINE:
            raise BadAnswer("an event of more than 4 MiB")
        for line in lines:
            if line.startswith(b"data:"):
                self._data.append(line[5:].strip())
            elif line.startswith(b"error:"):  # a field that is none of the standard: llama.cpp's servers of 2024
                self._fault(_Event(error=line[6:].strip().decode("utf-8", "replace")))
            elif (not line or line == b"\r") and self._data:
                data = self._data[0] if len(self._data) == 1 else b"\n".join(self._data)
                self._data.clear()
                self._told(data, stamp)

    def _told(self, data: bytes, stamp: int) -> None:
        """One event; judged as in `feed`, so that it does not matter how reads cut it. One without data is none."""
        if not data:
            return
        event = b"data: " + data
        if self._alike and event.startswith(self._alike) and _has_text(event, len(self._alike)):
            self._token(stamp)
            self._uncounted = event
        else:
            self._event(data, stamp)

    def finish(self, stamp: int) -> None:
        """The stream is over: an event that no empty line closed counts as well. Raises `BadAnswer`."""
        rest, self._rest = self._rest, b""
        self.feed(rest + b"\n\n", stamp)
        self._count_last()
        self._over = self._over or stamp
        if not self.chunks and not self.ended and self.output_tokens == _NONE:
            raise BadAnswer("a stream without a single event")

    def settle(self) -> None:
        """The answer is whole: take the counts of its last chunk, where nothing behind it had any. Tokens of which none was seen
        came until it was over."""
        with suppress(BadAnswer):
            self._count_last()
        if self._over and not self.chunks and self.output_tokens > 0:
            self._unseen(self._over)

    def _unseen(self, stamp: int) -> None:
        self.first = self.last = stamp
        self.censored = True

    def _count_last(self) -> None:
        """What the last chunk says beside its text, where it was not read as JSON. Raises `BadAnswer`."""
        data, self._uncounted = self._uncounted, b""
        if not data:
            return
        try:
            event = _decoded(data[5:])
        except BadAnswer:
            return
        self._usage(event.usage)
        self._ends(event)

    def whole(self, document: bytes, stamp: int, *, stream: bool) -> None:
        """An answer in one piece: when its first token was there, nobody can know; where a `stream` was asked for, it came until
        then. Raises `BadAnswer`."""
        event = _decoded(document)
        if event.error is not None or event.object == "error":
            self._fault(event)
        if event.choices is None:
            raise BadAnswer("a JSON document that is no answer of this API")
        self._ends(event)
        self._usage(event.usage)
        if self.output_tokens > 0 or any(_says(choice) for choice in event.choices):
            if stream:
                self._unseen(stamp)
            else:
                self.last = stamp
                self.chunks = 1
                self.first_tokens = self.output_tokens
        self.ended = True

    def _event(self, data: bytes, stamp: int) -> None:
        self._count_last()
        if data == b"[DONE]":
            self.ended = True
            self._behind(stamp)
            return
        event = _decoded(data)
        if event.error is not None or event.object == "error":
            self._fault(event)
        if event.choices:
            self._chosen(event, data, stamp)
        else:
            self._behind(stamp)
            self.ended = self.ended or (event.usage is not None and _count(event.usage.completion_tokens) > _NONE)
        if event.usage is not None:
            self._usage(event.usage)

    def _chosen(self, event: _Event, data: bytes, stamp: int) -> None:
        """An event of the answer itself: with text, with a token that has none, with the reason of the end, or with nothing."""
        choices = event.choices or ()
        ends = self._ends(event)
        if shows := any(_says(choice) for choice in choices):
            self._alike = b"data: " + begin if (begin := _beginning(data)) else b""
        if shows or self._counts_more(event, ends=ends):
            self._token(stamp)
            if event.usage is not None and self.chunks == 1:
                self.first_tokens = _count(event.usage.completion_tokens)
        elif not ends:
            self._behind(stamp)
        elif self.chunks:
            self.last = stamp
            self.shared, self.apart = False, 0
        if ends and not self._over:
            self._over = stamp

    def _ends(self, event: _Event) -> bool:
        """Whether an event says why the answer ended. Raises `BadAnswer` where that is no end that was asked for."""
        reasons = [choice.finish_reason for choice in event.choices or () if choice.finish_reason]
        for reason in reasons:
            if reason in _BROKEN_OFF:
                raise CutOff(f"the server broke it off (finish_reason {reason})")
        self.ended = self.ended or bool(reasons)
        return bool(reasons)

    def _counts_more(self, event: _Event, *, ends: bool) -> bool:
        """Whether the running count went on. One that comes for the first time is of all tokens so far, and not of this event, where
        it may be that of a role, or of the whole answer."""
        if event.usage is None:
            return False
        before = self.output_tokens
        if before == _NONE and not ends and not any(choice.delta or choice.message for choice in event.choices or ()):
            before = 0  # completions have no role to begin with
        return _count(event.usage.completion_tokens) > before > _NONE

    def _token(self, stamp: int) -> None:
        if self.chunks:
            self.gaps.append((stamp - self.last) / 1e9)
        else:
            self.first = stamp
        self.chunks += 1
        self.last = stamp
        self.shared, self.apart = False, 0

    def _behind(self, stamp: int) -> None:
        """Something that is no token: whether it came in the read of the last one is kept, of the first such."""
        if self.chunks and not self.shared and not self.apart:
            self.shared = stamp == self.last
            self.apart = stamp - self.last

    def _usage(self, usage: _Usage | None) -> None:
        if usage is not None:
            self._uncounted = b""
            self.prompt_tokens = max(self.prompt_tokens, _count(usage.prompt_tokens))
            self.output_tokens = max(self.output_tokens, _count(usage.completion_tokens))

    @staticmethod
    def _fault(event: _Event) -> None:
        told = event.error if event.error is not None else event.message
        text = str(told.get("message") or told) if isinstance(told, dict) else str(told)
        raise BadAnswer(f"the server ended it with an error: {text}")


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


def _has_text(event: bytes, at: int) -> bool:
    return event[at] != _QUOTE and event.endswith(b"}") if len(event) > at else False


def _beginning(data: bytes) -> bytes:
    """What a chunk begins with, up to its text; nothing where that is not a plain one."""
    for field in _TEXTS:
        at = data.find(field)
        end = at + len(field)
        if at >= 0 and data[end] != _QUOTE:
            return data[:end]
    return b""


def _decoded(data: bytes) -> _Event:
    with suppress(msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return _decode(data)
    try:  # Python's own reader takes what Python servers write: NaN, and one half of a pair of surrogates
        return msgspec.convert(json.loads(data), _Event)
    except (msgspec.MsgspecError, RecursionError, ValueError):
        raise BadAnswer("what came is no answer of this API") from None


def _count(tokens: Any) -> int:
    """A number of tokens; what is none, or no int of the client's rows, is not told."""
    return tokens if type(tokens) is int and 0 <= tokens < _MANY else _NONE
