"""The variables of one shell, and what its words become with them (POSIX XCU 2.6: expansion and field splitting).

A word cut out of a variable's value keeps the place where the value was written; a value that fills a single word
stands at the place of the reference.
"""

import re

from msgspec import Struct, structs

from skewguard.language.workloads import EnvVar
from skewguard.observe.sources.expansion import Lookup
from skewguard.observe.sources.syntax import Part, Word
from skewguard.observe.sources.texts import MAX_LENGTH, Field, Run, Text

MAX_WORDS = 5_000
"""Most words that one list may grow to: an array that doubles itself ends here."""

IMAGE = "the image's own environment"
"""What `${NAME:-default}` assumes where nothing in the manifest defines NAME."""

_BLANK = " \t\n"


class _State(Struct, frozen=True):
    """What is known of one parameter: a value, that it exists and is not known, or that nothing defines it."""

    value: Text | None = None
    defined: bool = True
    secret: bool = False
    assumes: tuple[str, ...] = ()


class Variables:
    """Values by name: `values` of the shell (None: assigned, not known), above the container's own (`lookup`).

    `positional` are `$1 …` (None: not known), `name` is `$0`. `unseen` names sources that are not in the input and
    could define a variable; `assumes` grows by the files that the script sources and nobody can read.
    """

    def __init__(
        self,
        lookup: Lookup,
        positional: list[Field] | None = None,
        name: Field | None = None,
        unseen: tuple[str, ...] = (),
    ) -> None:
        self.lookup = lookup
        self.values: dict[str, Text | None] = {}
        self.arrays: dict[str, list[Field] | None] = {}
        self.exports: dict[str, EnvVar] = {}
        self.positional = positional
        self.name = name
        self.unseen = unseen
        self.assumes: tuple[str, ...] = ()
        self.vanished: tuple[str, ...] = ()
        """What the words that became nothing assume (`${EXTRA:+…}`, EXTRA unseen), until somebody clears it."""

    def assign(self, name: str, value: Text | None) -> None:
        """Set a variable; None for a value that is not known."""
        small = value is None or (len(value.text) <= MAX_LENGTH and len(value.runs) <= MAX_WORDS // 10)
        self.values[name] = value if small else None
        self.arrays.pop(name, None)

    def assign_array(self, name: str, words: list[Field] | None) -> None:
        """Set an array; None for one that is not known."""
        self.arrays[name] = words if words is None or len(words) <= MAX_WORDS else None
        self.values.pop(name, None)

    # ---- words -----------------------------------------------------------------------------------------------------

    def fields(self, text: Text, word: Word) -> list[Field]:
        """The words one word becomes: none, one, or several."""
        split = _Splitting()
        for part in word.parts:
            if part.kind == "literal":
                runs = _literal(text, part)
                split.keep(runs if part.quoted else _splitting(runs))
                continue
            listed = self._list(text, part) if part.kind == "parameter" else None
            if listed is None:
                self._split_value(split, text, part)
            elif part.quoted and "*" in (part.name, part.index):
                split.keep([text.standing_for(part.start, part.end, _spaced(listed))])
            else:
                split.words(listed, quoted=part.quoted)
        return split.done()

    def joined(self, text: Text, parts: tuple[Part, ...]) -> Text:
        """The value of an assignment: expanded, not split."""
        runs: Field = []
        for part in parts:
            if part.kind == "literal":
                runs.extend(_literal(text, part))
                continue
            listed = self._list(text, part) if part.kind == "parameter" else None
            if listed is not None:
                runs.append(text.standing_for(part.start, part.end, _spaced(listed)))
            else:
                runs.append(self._as_one(text, part, self._value(text, part)))
            if sum(len(run.text) for run in runs[-1:]) > MAX_LENGTH:
                break
        return Text(runs or text.slice(0, 0) or [_nothing(text, parts)])

    def _split_value(self, split: "_Splitting", text: Text, part: Part) -> None:
        value = self._value(text, part)
        one = self._as_one(text, part, value)
        listed = part.name == "@" or part.index == "@"  # a list is split into its words in quotes too
        number = part.kind == "opaque" and one.text.startswith("$((")
        if isinstance(value, Run):
            split.keep([one] if number or (part.quoted and not listed) else _splitting([one]))
        elif part.quoted:
            split.keep([one])
        else:
            if not value.text.strip():
                self.vanished = tuple(dict.fromkeys((*self.vanished, *value.assumes)))
            split.text(value, one)

    def _as_one(self, text: Text, part: Part, value: Text | Run) -> Run:
        return value if isinstance(value, Run) else text.standing_for(part.start, part.end, value)

    # ---- parameters ------------------------------------------------------------------------------------------------

    def _list(self, text: Text, part: Part) -> list[Field] | None:
        """What `$@`, `$*`, `${@:2}` and `${A[@]}` stand for; None for other parameters, and where it is not known."""
        of_script = part.name in ("@", "*")
        if not of_script and part.index not in ("@", "*"):
            return None
        whole = self.positional if of_script else self.arrays.get(part.name)
        if whole is None or part.operator == "":
            return whole
        if part.operator in (":-", "-", ":+", "+"):
            return whole if (part.operator in (":-", "-")) == bool(whole) else None
        offset = self.joined(text, part.argument).text.strip() if part.operator == ":" else ""
        if not re.fullmatch(r"\d{1,6}", offset):
            return None
        # `${@:1}` is the first argument, because `$0` is counted.
        return whole[max(int(offset) - (1 if of_script else 0), 0) :]

    def _value(self, text: Text, part: Part) -> Text | Run:
        """The value of a part, or a run that says that it is not known."""
        if part.kind == "opaque":
            return text.unknown(part.start, part.end, part.name or text.text[part.start : part.end])
        state = self._state(text, part)
        operator = part.operator.removeprefix(":")
        if operator in ("-", "=", "+") and (state.value is not None or not state.defined):
            return self._substituted(text, part, state, operator)
        if state.value is not None and operator in ("", "?") and part.operator != ":":
            return _assuming(state.value, (*state.assumes, *self.assumes))
        run = text.unknown(part.start, part.end, part.name, assumes=(*state.assumes, *self.assumes))
        return structs.replace(run, secret=True) if state.secret else run

    def _substituted(self, text: Text, part: Part, state: _State, operator: str) -> Text | Run:
        """`${A:-x}`, `${A:=x}` and `${A:+x}`, with or without the colon."""
        value = state.value
        given = value is not None and (bool(value.text) or not part.operator.startswith(":"))
        assumes = (*state.assumes, *self.assumes) if state.defined else (*self.unseen, *self.assumes, IMAGE)
        if operator == "+" and not state.defined and (self.unseen or self.assumes):
            return text.unknown(part.start, part.end, part.name, assumes=(*self.unseen, *self.assumes))
        if operator == "+":
            chosen = self.joined(text, part.argument) if given else _empty(text, part)
        elif given and value is not None:
            chosen = value
        else:
            chosen = self.joined(text, part.argument)
            if operator == "=":
                self.assign(part.name, chosen)
        return _assuming(chosen, assumes)

    def _state(self, text: Text, part: Part) -> _State:
        name = part.name
        if name.isdigit():
            return self._numbered(int(name[:6]))
        if name == "#" and self.positional is not None:
            return _State(Text((text.standing_for(part.start, part.end, str(len(self.positional))),)))
        if name in ("@", "*", "#", "?", "$", "!", "-") or part.index:
            return self._indexed(name, part.index)
        if name in self.arrays:
            return self._indexed(name, "0")
        if name in self.values:
            return _State(self.values[name])
        binding = self.lookup(name)
        if binding is None:
            return _State(defined=False, assumes=self.unseen)
        return _State(binding.value, secret=binding.source == "secret", assumes=binding.assumes)

    def _numbered(self, number: int) -> _State:
        if number == 0:
            return _State(Text(self.name)) if self.name else _State()
        if self.positional is None:
            return _State()
        if number > len(self.positional):
            return _State(_NO_TEXT)
        return _State(Text(self.positional[number - 1]))

    def _indexed(self, name: str, index: str) -> _State:
        words = self.arrays.get(name)
        if words is None or not re.fullmatch(r"\d{1,6}", index) or int(index) >= len(words):
            return _State()
        return _State(Text(words[int(index)]))


class _Splitting:
    """Words in the making: quoted and literal parts are kept together, unquoted values are split at blanks."""

    def __init__(self) -> None:
        self._done: list[Field] = []
        self._current: Field | None = None

    def keep(self, runs: Field) -> None:
        """Add to the word at hand."""
        if self._current is None:
            self._current = list(runs)
        else:
            self._current.extend(runs)

    def text(self, value: Text, as_one: Run) -> None:
        """Add an unquoted value: `as_one` is its run where it stays one word."""
        source = value.masked()  # what is not known is one piece, whatever stands for it
        pieces = list(re.finditer(rf"[^{_BLANK}]+", source))[:MAX_WORDS]
        if not pieces:
            if source:
                self._flush()
            return
        if len(pieces) == 1 and pieces[0].group() == source:
            self.keep(_splitting([as_one]))
            return
        if source[0] in _BLANK:
            self._flush()
        for number, piece in enumerate(pieces):
            if number:
                self._flush()
            self.keep(_splitting([_assumed(run, as_one.assumes) for run in value.slice(*piece.span())]))
        if source[-1] in _BLANK:
            self._flush()

    def words(self, words: list[Field], *, quoted: bool) -> None:
        """Add a list: quoted, each element is a word; unquoted, each is split once more."""
        for number, word in enumerate(words):
            if number:
                self._flush()
            if quoted:
                self.keep(word)
            else:
                self.text(Text(word), word[0])

    def done(self) -> list[Field]:
        """All words."""
        self._flush()
        return self._done

    def _flush(self) -> None:
        if self._current is not None and len(self._done) < MAX_WORDS:
            self._done.append(self._current)
        self._current = None


def _splitting(runs: Field) -> Field:
    """Runs outside quotes: what is not known of them may be any number of words."""
    return [structs.replace(run, splits=True) if run.unresolved else run for run in runs]


def _literal(text: Text, part: Part) -> Field:
    if part.text is not None:
        return [text.standing_for(part.start, part.end, part.text)]
    if part.start == part.end:
        return [text.standing_for(part.start, part.start + 1, "")]
    return text.slice(part.start, part.end)


def _nothing(text: Text, parts: tuple[Part, ...]) -> Run:
    start = parts[0].start if parts else 0
    return text.standing_for(start, start + 1, "")


def _empty(text: Text, part: Part) -> Text:
    return Text((text.standing_for(part.start, part.end, ""),))


def _spaced(words: list[Field]) -> Text:
    """Words joined by blanks, as `"$*"` does."""
    runs: Field = []
    for word in words:
        if runs:
            runs.append(Run(" ", word[0].node, word[0].start, word[0].start, whole=True))
        runs.extend(word)
    return Text(runs) if runs else _NO_TEXT


_NO_TEXT = Text(())


def _assuming(value: Text, assumes: tuple[str, ...]) -> Text:
    if not assumes or not value.runs:
        return value
    return Text([_assumed(run, assumes) for run in value.runs])


def _assumed(run: Run, assumes: tuple[str, ...]) -> Run:
    if not assumes or set(assumes) <= set(run.assumes):
        return run
    return structs.replace(run, assumes=tuple(dict.fromkeys((*run.assumes, *assumes))))
