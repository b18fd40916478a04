"""The commands of a shell script in order, and which of them are certain to run.

Not the whole grammar of POSIX XCU 2.10: enough of it to know where a command begins, and whether a condition, a loop
or a function stands around it. Nothing raises: a bracket that closes nothing is passed over.
"""

from collections.abc import Iterator, Sequence
from typing import Literal

from msgspec import Struct

from skewguard.observe.sources.syntax import Item, Word

StepKind = Literal["command", "loop", "enter", "branch", "leave", "function"]


class Step(Struct, frozen=True):
    """A command with its words, or a border of a block.

    `certain` is False where a condition decides whether the command runs, or the block is entered; `doubtful` is True
    where that condition stands on the same line (`&&` after a test, `||`). `alone` is False in a pipeline and in the
    background, where `exec` and `exit` do not end the script. `block` names the kind of block that is entered or
    left; for "function" and "loop" `words` holds the name.
    """

    kind: StepKind
    words: tuple[Word, ...] = ()
    certain: bool = True
    alone: bool = True
    block: str = ""
    doubtful: bool = False


class _Block(Struct):
    kind: str
    certain: bool
    doubtful: bool


_CLOSERS = {"fi": ("if",), "done": ("for", "while", "select"), "esac": ("case",), "}": ("group", "function")}
_CONTINUE = frozenset(("then", "do", "else", "elif", "!", "time", "coproc"))
_TESTS = frozenset(("[", "[[", "test", "grep", "which", "type", "hash", "command", "false", "!", "(("))
_SEPARATORS = frozenset((";", "\n", "&", ";;", ";&", ";;&"))


def steps(items: Sequence[Item]) -> Iterator[Step]:
    """The steps of a script, in the order they are written."""
    return _Reader(items).run()


class _Reader:
    """One run over the items of one script."""

    def __init__(self, items: Sequence[Item]) -> None:
        self.items = items
        self.at = 0
        self.stack: list[_Block] = []
        self.words: list[Word] = []
        self.doubtful = False  # the operators before this command make it depend on another one's result
        self.tested = False  # the command before `&&` was a test
        self.joined = False  # a line end right after `&&`, `||` or `|` separates nothing
        self.piped = False
        self.closed = False  # a block has just been closed: only an operator may follow
        self.function = False  # the next block is a function's body
        self.patterns = False  # between `in` or `;;` and the `)` of a case

    def run(self) -> Iterator[Step]:
        while self.at < len(self.items):
            item = self.items[self.at]
            self.at += 1
            if item.kind == "redirect":
                self._pass_over_target()
            elif self.patterns:
                yield from self._pattern(item)
            elif item.kind == "operator":
                yield from self._operator(item.text)
            elif item.word is not None:
                yield from self._word(item.word)
        yield from self._finish(alone=True)
        while self.stack:
            yield from self._close()

    def _pass_over_target(self) -> None:
        if self.at < len(self.items) and self.items[self.at].kind == "word":
            self.at += 1

    # ---- words -----------------------------------------------------------------------------------------------------

    def _word(self, word: Word) -> Iterator[Step]:
        self.joined = False
        if self.closed:
            return
        if self.words or word.plain is None:
            self.words.append(word)
            return
        plain = word.plain
        if plain in _CLOSERS:
            yield from self._closing(plain)
        elif plain in _CONTINUE:
            if plain in ("else", "elif"):
                yield Step("branch")
        elif plain in ("if", "while", "until", "{"):
            yield from self._open({"until": "while", "{": "group"}.get(plain, plain), self._endless(plain))
        elif plain in ("for", "select"):
            yield from self._open(plain)
            yield from self._loop_head()
        elif plain == "case":
            yield from self._open("case")
            self._case_head()
        elif plain == "function" and self.at < len(self.items) and self.items[self.at].word is not None:
            yield from self._named_function()
        elif plain == "[[":
            self._double_bracket(word)
        else:
            self.words.append(word)

    def _closing(self, word: str) -> Iterator[Step]:
        if self.stack and self.stack[-1].kind in _CLOSERS[word]:
            yield from self._close()
            self.closed = True

    def _endless(self, word: str) -> bool:
        """`while true` and `until false`: their body runs for certain."""
        first = self.items[self.at] if self.at < len(self.items) else None
        after = self.items[self.at + 1] if self.at + 1 < len(self.items) else None
        if first is None or after is None or after.text not in (";", "\n"):
            return False
        return (word == "while" and first.text in ("true", ":", "1")) or (word == "until" and first.text == "false")

    def _loop_head(self) -> Iterator[Step]:
        """The variable of a `for`, and the words up to `do`, none of which is a command."""
        if self.at < len(self.items) and self.items[self.at].word is not None:
            word = self.items[self.at].word
            self.at += 1
            if word is not None:
                yield Step("loop", (word,), certain=False)
        while self.at < len(self.items):
            item = self.items[self.at]
            if item.text == "do" or item.text in (";", "\n"):
                return
            self.at += 1

    def _case_head(self) -> None:
        while self.at < len(self.items):
            item = self.items[self.at]
            self.at += 1
            if item.text == "in":
                self.patterns = True
                return

    def _pattern(self, item: Item) -> Iterator[Step]:
        if item.kind == "operator" and item.text == ")":
            self.patterns = False
            yield Step("branch")
        elif item.text == "esac":
            self.patterns = False
            yield from self._closing("esac")

    def _named_function(self) -> Iterator[Step]:
        word = self.items[self.at].word
        self.at += 1
        self.function = True
        if word is not None:
            yield Step("function", (word,))

    def _double_bracket(self, word: Word) -> None:
        self.words.append(word)
        while self.at < len(self.items):
            item = self.items[self.at]
            self.at += 1
            if item.text in ("]]", "\n", ";"):
                return

    # ---- operators -------------------------------------------------------------------------------------------------

    def _operator(self, text: str) -> Iterator[Step]:
        if text == "(":
            yield from self._bracket()
        elif text == ")":
            yield from self._finish(alone=True)
            if any(block.kind in ("subshell", "function") for block in self.stack[-1:]):
                yield from self._close()
                self.closed = True
        elif text in _SEPARATORS:
            if text == "\n" and self.joined and not self.words:
                return
            yield from self._finish(alone=text != "&")
            self._separate()
            if text in (";;", ";&", ";;&") and self.stack and self.stack[-1].kind == "case":
                self.patterns = True
        else:
            yield from self._connect(text)

    def _bracket(self) -> Iterator[Step]:
        following = self.items[self.at] if self.at < len(self.items) else None
        if len(self.words) == 1 and following is not None and following.text == ")":
            self.at += 1
            self.function = True
            name, self.words = self.words[0], []
            yield Step("function", (name,))
        elif not self.words and not self.closed:
            yield from self._open("subshell", certain=True)

    def _connect(self, text: str) -> Iterator[Step]:
        piped = text in ("|", "|&")
        yield from self._finish(alone=not piped)
        self.joined, self.closed = True, False
        if piped:
            self.piped = True
            return
        self.piped = False
        self.doubtful = self.doubtful or text == "||" or self.tested

    def _separate(self) -> None:
        self.doubtful = self.tested = self.piped = self.closed = self.joined = False

    def _finish(self, *, alone: bool) -> Iterator[Step]:
        if not self.words:
            return
        words, self.words = tuple(self.words), []
        self.tested = words[0].plain in _TESTS
        yield Step("command", words, self._certain(), alone and not self.piped, doubtful=self.doubtful)

    def _certain(self) -> bool:
        return not self.doubtful and (not self.stack or self.stack[-1].certain)

    # ---- blocks ----------------------------------------------------------------------------------------------------

    def _open(self, kind: str, certain: bool = False) -> Iterator[Step]:
        if self.function:
            kind, certain, self.function = "function", False, False
        elif kind == "group":
            certain = True
        inside = certain and self._certain()
        self.stack.append(_Block(kind, inside, self.doubtful))
        self._separate()
        yield Step("enter", certain=inside, block=kind)

    def _close(self) -> Iterator[Step]:
        yield from self._finish(alone=True)
        block = self.stack.pop()
        self._separate()
        self.doubtful = block.doubtful
        yield Step("leave", block=block.kind)
