"""Text that remembers where each of its characters was written, through expansion, quoting and splitting.

An argument such as `--model=$(MODEL)` is put together from several places; a word of a shell script stands in the
middle of a block scalar. A `Text` is a row of runs, each of them a slice of one scalar of the manifest, so that every
word cut out of it can still name its place.
"""

import bisect
from collections.abc import Iterable, Sequence

from msgspec import Struct

from skewguard.language.facts import Origin
from skewguard.language.trees import Node
from skewguard.language.workloads import Token

MAX_LENGTH = 32_768
"""Longest text that expansion may build: variables that double themselves end here."""

HELD = "\ue000"
"""Stands for each character of an unknown part where only the known text matters (a private-use code point)."""


class Run(Struct, frozen=True):
    """Characters with one source: `start` to `end` of `node.text()`.

    Where `whole` is False they are those very characters; where it is True the text stands for the whole slice (the
    value of a reference, an escape). `unresolved`, `secret`, `assumes` and `splits` are those of `Token`.
    """

    text: str
    node: Node
    start: int
    end: int
    whole: bool = False
    unresolved: tuple[str, ...] = ()
    secret: bool = False
    assumes: tuple[str, ...] = ()
    splits: bool = False

    def cut(self, start: int, end: int) -> "Run":
        """A part of the run."""
        if start == 0 and end == len(self.text):
            return self
        text, more = self.text[start:end], (self.unresolved, self.secret, self.assumes, self.splits)
        if self.whole:
            return Run(text, self.node, self.start, self.end, True, *more)
        first = self.start + start
        return Run(text, self.node, first, first + end - start, False, *more)


Field = list[Run]
"""One word of an argument vector."""


class Text:
    """A row of runs that reads as one string."""

    __slots__ = ("_offsets", "runs", "text")

    def __init__(self, runs: Sequence[Run]) -> None:
        self.runs = tuple(runs)
        self.text = self.runs[0].text if len(self.runs) == 1 else "".join([run.text for run in self.runs])
        self._offsets: list[int] | None = None

    @property
    def unresolved(self) -> tuple[str, ...]:
        """What could not be known in it."""
        return _union(run.unresolved for run in self.runs)

    @property
    def secret(self) -> bool:
        """Whether a Secret's value would stand in it."""
        return any(run.secret for run in self.runs)

    @property
    def assumes(self) -> tuple[str, ...]:
        """Unseen sources that could change it."""
        return _union(run.assumes for run in self.runs)

    def masked(self) -> str:
        """The text as a shell gets it, with every character of an unknown part replaced by `HELD`.

        A `$(NAME)` that nothing defines reaches the shell as it is written, which takes it for a command.
        """
        if not any(run.unresolved for run in self.runs):
            return self.text
        return "".join([HELD * len(run.text) if _is_held(run) else run.text for run in self.runs])

    def slice(self, start: int, end: int) -> list[Run]:
        """The runs of a part of the text."""
        if start >= end:
            return []
        if len(self.runs) == 1:
            return [self.runs[0].cut(start, end)]
        offsets = self._starts()
        index = max(bisect.bisect_right(offsets, start) - 1, 0)
        found = []
        while index < len(self.runs) and offsets[index] < end:
            run, offset = self.runs[index], offsets[index]
            low, high = max(start - offset, 0), min(end - offset, len(run.text))
            if low < high:
                found.append(run.cut(low, high))
            index += 1
        return found

    def standing_for(self, start: int, end: int, value: "Text | str") -> Run:
        """A run at the place of `start` to `end` here, whose text is `value`."""
        node, first, last = span(self.slice(start, end) or self.runs)
        if isinstance(value, str):
            return Run(value, node, first, last, whole=True)
        return Run(value.text, node, first, last, True, value.unresolved, value.secret, value.assumes)

    def unknown(self, start: int, end: int, name: str, *, assumes: tuple[str, ...] = ()) -> Run:
        """A run for a part whose value cannot be known: its text stays as written."""
        node, first, last = span(self.slice(start, end) or self.runs)
        return Run(self.text[start:end], node, first, last, True, (name,), False, assumes)

    def _starts(self) -> list[int]:
        if self._offsets is None:
            self._offsets, at = [], 0
            for run in self.runs:
                self._offsets.append(at)
                at += len(run.text)
        return self._offsets


def of(node: Node) -> Text:
    """The content of a scalar (empty for anything else)."""
    text = node.text() or ""
    return Text((Run(text, node, 0, len(text)),))


def span(runs: Sequence[Run]) -> tuple[Node, int, int]:
    """The scalar of the first run, and the slice of it that the runs cover."""
    node = runs[0].node
    start, end = runs[0].start, runs[0].end
    for run in runs:
        if run.node is not node and run.node.identity != node.identity:
            break
        start, end = min(start, run.start), max(end, run.end)
    return node, start, end


def origin(runs: Sequence[Run]) -> Origin:
    """The place of a word."""
    node, start, end = span(runs)
    if start == 0 and end == len(node.text() or ""):
        return node.origin
    return node.locate(start, end)


def token(runs: Sequence[Run]) -> Token:
    """A word as the argument vector holds it. `runs` is not empty (an empty word is one empty run)."""
    if len(runs) == 1:
        run = runs[0]
        return Token(run.text, origin(runs), run.unresolved, run.secret, run.assumes, run.splits)
    return Token(
        "".join([run.text for run in runs]),
        origin(runs),
        _union(run.unresolved for run in runs),
        any(run.secret for run in runs),
        _union(run.assumes for run in runs),
        any(run.splits for run in runs),
    )


def _is_held(run: Run) -> bool:
    return bool(run.unresolved) and (bool(run.assumes) or run.text != f"$({run.unresolved[0]})")


def _union(groups: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for group in groups for name in group))
