"""What the words of a shell script assign: `NAME=value` and, hidden in other words, `$((NAME*=2))` and `${NAME:=x}`.

Source: POSIX XCU 2.6.2 (`${NAME:=x}`), 2.6.4 (arithmetic), 2.9.1 (assignments); Bash manual, Shell Arithmetic.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct, structs

from skewguard.language.workloads import EnvVar
from skewguard.observe.sources import texts
from skewguard.observe.sources.syntax import Item, Part, Word
from skewguard.observe.sources.texts import Field, Run, Text
from skewguard.observe.sources.variables import Variables

DECLARING = frozenset(("export", "declare", "typeset", "readonly", "local"))
READING: Mapping[str, tuple[str, ...]] = {
    "read": ("REPLY",),
    "mapfile": ("MAPFILE",),
    "readarray": ("MAPFILE",),
    "getopts": ("OPTARG", "OPTIND"),
}
"""Builtins that assign the variables they are given → what they assign besides, or where none is given."""
NAMING = {"printf": "-v", "wait": "-p"}
"""Builtins with an option whose value is the variable they assign."""
CHANGING = frozenset(("set", "shift", "unset", "let", *READING))


class Target(Struct, frozen=True):
    """The left side of an assignment word, and the parts of its right side."""

    name: str
    parts: tuple[Part, ...]
    appends: bool
    element: bool


class Hidden(Struct, frozen=True):
    """An assignment inside another word, and where that word's part begins.

    `name` is None where only the running shell knows which variable it is. `default`: it is `${NAME:=x}`, which
    assigns where NAME has no value.
    """

    at: int
    name: str | None
    default: bool = False


def assignment(word: Word, text: Text) -> Target | None:
    """The assignment a word is; None when it is none."""
    if not word.parts or word.parts[0].kind != "literal" or word.parts[0].quoted:
        return None
    first = word.parts[0]
    match = re.compile(r"([A-Za-z_]\w*)(\[[^\]]*\])?(\+?)=", re.ASCII).match(text.text[first.start : first.end])
    if match is None:
        return None
    rest = Part("literal", first.start + match.end(), first.end)
    parts = ((rest,) if rest.start < rest.end else ()) + word.parts[1:]
    if not parts:
        parts = (Part("literal", first.end, first.end, quoted=True),)
    return Target(match[1], parts, bool(match[3]), bool(match[2]))


def arithmetic(expression: str) -> Iterator[str | None]:
    """The variables that an arithmetic expression assigns; None for one that is not written out (`$NAME=1`)."""
    one = r"(?:(?P<name>(?<![\w$])[A-Za-z_]\w*)|[\w}\)`])\s*(?:\[[^\]]*\]\s*)?"
    assigned = rf"{one}(?:(?:[-+*/%&|^]|<<|>>)?=(?!=)|\+\+|--)|(?:\+\+|--)\s*(?P<stepped>[A-Za-z_]\w*)"
    for match in re.finditer(assigned, expression, re.ASCII):
        yield match["name"] or match["stepped"]


def hidden(items: Sequence[Item], source: str) -> list[Hidden]:
    """The assignments inside the words of a script, in the order they are written."""
    if "((" not in source and "=" not in source:
        return []
    return [found for item in items if item.word is not None for found in _in_word(item.word, source)]


def _in_word(word: Word, source: str) -> Iterator[Hidden]:
    yield from _in_parts(word.parts, source)
    for each in word.array or ():
        yield from _in_word(each, source)


def _in_parts(parts: Sequence[Part], source: str) -> Iterator[Hidden]:
    for part in parts:
        if (
            part.kind == "opaque"
            and source.startswith(("((", "$(("), part.start)
            and source.endswith("))", 0, part.end)
        ):
            yield from (Hidden(part.start, name) for name in arithmetic(source[part.start : part.end].strip("$()")))
        elif part.kind == "parameter":
            if part.operator in ("=", ":="):
                yield Hidden(part.start, part.name, default=True)
            yield from _in_parts(part.argument, source)


class Scope(Struct):
    """What held when a block was entered, and which names were assigned and exported inside it since."""

    block: str
    certain: bool
    values: dict[str, Text | None]
    arrays: dict[str, list[Field] | None]
    positional: list[Field] | None
    exports: dict[str, EnvVar]
    assigned: set[str]
    exported: set[str]
    function: str = ""


class Assigning:
    """What the commands of one shell do to its variables; `place` is where the script stands."""

    def __init__(self, variables: Variables, place: Sequence[Run]) -> None:
        self.variables = variables
        self.place = place
        self.scopes: list[Scope] = []
        self.exports_all = False
        self.functions: dict[str, set[str]] = {}
        """The names that each function assigns."""
        self.function = ""
        self.computed: set[str] = set()
        self.references: dict[str, str] = {}

    def _unread(self, source: str) -> None:
        """Note something the shell runs within itself and nobody can read: it may set any variable."""
        self.variables.assumes = tuple(dict.fromkeys((*self.variables.assumes, source)))

    def _joined(self, text: Text, target: Target) -> Text | None:
        value = self.variables.joined(text, target.parts)
        if not target.appends:
            return value
        before = self.variables.values.get(target.name)
        if before is None and target.name not in self.variables.values:
            binding = self.variables.lookup(target.name)
            before = Text(()) if binding is None else binding.value
        return None if before is None else Text((*before.runs, *value.runs))

    def _assign(self, text: Text, word: Word, target: Target, *, doubtful: bool) -> None:
        name = target.name
        if word.array is None:
            unclear = doubtful or target.element or (target.appends and name in self.computed)
            self._assigned(name, None if unclear else self._joined(text, target))
            return
        words = [field for each in word.array for field in self.variables.fields(text, each)]
        before = self.variables.arrays.get(name, []) if target.appends else []
        self._mark(name)
        self.variables.assign_array(name, None if doubtful or before is None else [*before, *words])

    def _assigned(self, name: str, value: Text | None) -> None:
        """Set a variable; one that is computed (`declare -i`) or stands for another (`declare -n`) as far as it is known."""
        plain = value is not None and value.text.isdigit() and not value.text.startswith("0")
        value = None if name in self.references or (name in self.computed and not plain) else value
        for each in self._referred(name):
            self._mark(each)
            self.variables.assign(each, value)
            if each in self.variables.exports or self.exports_all or self.variables.lookup(each) is not None:
                self._export(each)

    def _referred(self, name: str) -> list[str]:
        """A variable, and those that it stands for by `declare -n`."""
        found = [name]
        while (following := self.references.get(found[-1])) is not None and following not in found:
            found.append(following)
        return found

    def _hidden(self, found: Hidden, *, doubtful: bool) -> None:
        """An assignment inside a word: what arithmetic gives is not worked out."""
        if found.name is None:
            self._unread("arithmetic of the script")
        elif not found.default:
            self._assigned(found.name, None)
        elif not doubtful:
            self._mark(found.name)
        elif self.variables.values.get(found.name) is None and self.variables.lookup(found.name) is None:
            self._assigned(found.name, None)

    def _mark(self, name: str) -> None:
        if self.scopes:
            self.scopes[-1].assigned.add(name)

    def _export(self, name: str, *, doubtful: bool = False) -> None:
        value = None if doubtful else self.variables.values.get(name)
        if doubtful or name in self.variables.values:
            place = value.runs if value is not None and value.runs else self.place
            self._exported(name, entry_of(name, value, place))

    def _exported(self, name: str, entry: EnvVar) -> None:
        self.variables.exports[name] = entry
        if self.scopes:
            self.scopes[-1].exported.add(name)

    def _declare(self, text: Text, words: list[Word], *, doubtful: bool) -> None:
        """`export A=b`, `export A`, `declare -x A=b`, `local A=b`, `declare -n A=B`."""
        declaring, options = words[0].plain or "", ""
        for word in words[1:]:
            target = assignment(word, text)
            if target is None:
                options = self._declared(declaring, options, self.variables.fields(text, word), doubtful=doubtful)
                continue
            self._typed(declaring, target.name, options, self._joined(text, target) if word.array is None else None)
            self._assign(text, word, target, doubtful=doubtful)
            self._exporting(declaring, options, target.name, doubtful=doubtful)

    def _declared(self, declaring: str, options: str, fields: list[Field], *, doubtful: bool) -> str:
        """Words of a declaration that are known only after expansion (`export "A=$B"`), and the options so far."""
        for field in fields:
            text = Text(field)
            match = re.compile(r"([A-Za-z_]\w*)(\[[^\]]*\])?(?:(\+?)=|\Z)", re.ASCII).match(text.masked())
            if text.masked().startswith("-"):
                options += text.text[1:]
            elif match is None or any(run.splits for run in field):
                self._unread(f"`{declaring}` of {', '.join(text.unresolved) or text.text}")
            else:
                if match[3] is not None:
                    plain = not doubtful and not match[2] and not match[3]
                    value = Text(text.slice(match.end(), len(text.text))) if plain else None
                    self._typed(declaring, match[1], options, value)
                    self._assigned(match[1], value)
                elif set(options) & set("inluc"):
                    self._typed(declaring, match[1], options, None)
                self._exporting(declaring, options, match[1], doubtful=doubtful)
        return options

    def _typed(self, declaring: str, name: str, options: str, value: Text | None) -> None:
        """Note the attributes that change what an assignment does: a number, another case, a reference."""
        if set(options) & set("iluc"):
            self.computed.add(name)
        if "n" in options and declaring in ("declare", "typeset", "local"):
            named = value.text if value is not None and not value.unresolved else ""
            if re.fullmatch(r"[A-Za-z_]\w*", named, re.ASCII):
                self.references[name] = named
            else:
                self._unread(f"the variable that {name} refers to")

    def _exporting(self, declaring: str, options: str, name: str, *, doubtful: bool) -> None:
        if declaring == "export" or ("x" in options and declaring in ("declare", "typeset")):
            self._export(name, doubtful=doubtful or (declaring == "export" and "n" in options))

    def _names(self, fields: list[Field], option: str) -> bool:
        """Whether a builtin assigns the variable that its option names (`printf -v NAME`)."""
        words = [known(field) for field in fields]
        for word, after in zip(words, (*words[1:], None), strict=False):
            if word is not None and word.startswith(option):
                self._unknown(word.removeprefix(option) or after)
                return True
        return False

    def _unknown(self, name: str | None) -> None:
        """Assign something that is not known to a variable or an element, or (None) to nobody knows which."""
        if name is None:
            self._unread("a variable that the script chooses")
        elif not name.startswith("-"):
            self._assigned(name.partition("[")[0], None)

    def _change(self, name: str, fields: list[Field], *, certain: bool) -> None:
        words = [known(field) for field in fields]
        if name == "set":
            self._set(fields, words, certain=certain)
        elif name == "shift":
            count = int(words[0]) if words and words[0] is not None and re.fullmatch(r"\d{1,4}", words[0]) else 1
            held = self.variables.positional
            self.variables.positional = held[count:] if held is not None and certain else None
        elif name == "unset":
            for word in words:
                if certain and word is not None and "[" not in word:
                    self._assigned(word, Text(()))
                else:
                    self._unknown(word)
                if word in self.variables.exports:
                    gone = entry_of(word, None, self.place)
                    self._exported(word, structs.replace(gone, why_unknown="the script unsets it"))
        elif name == "let":
            for word in words:
                for each in arithmetic(word) if word is not None else (None,):
                    self._unknown(each)
        else:
            for word in (*words, *READING[name]):
                self._unknown(word)

    def _set(self, fields: list[Field], words: list[str | None], *, certain: bool) -> None:
        """`set -- a b`, `set -a`; other options change nothing that is read here."""
        for number, word in enumerate(words):
            if word == "--":
                self.variables.positional = fields[number + 1 :] if certain else None
                return
            if word is None or not word.startswith(("-", "+")):
                if number == 0 or words[number - 1] not in ("-o", "+o", "-eo", "-euo", "-uo", "-exo", "-euxo", "-xeuo"):
                    self.variables.positional = fields[number:] if certain else None
                    return
            elif "a" in word[1:] and not word.startswith("--"):
                self.exports_all = word[0] == "-"
            elif word == "allexport" and number and words[number - 1] == "-o":
                self.exports_all = True


def known(field: Field) -> str | None:
    """A word's text, when all of it is known."""
    if any(run.unresolved for run in field):
        return None
    return field[0].text if len(field) == 1 else "".join([run.text for run in field])


def entry_of(name: str, value: Text | None, place: Sequence[Run]) -> EnvVar:
    """A variable as the programs that the shell starts get it; `place` is where it is set, if its value has no place."""
    if value is None or not value.runs:
        text = "" if value is not None else None
        why = None if value is not None else "the shell decides its value"
        return EnvVar(name, text, texts.origin(place), "shell", why_unknown=why)
    if value.unresolved:
        why = f"it is put together from {', '.join(value.unresolved)}, which only the running container knows"
        source = "secret" if value.secret else "shell"
        return EnvVar(name, None, texts.origin(value.runs), source, why_unknown=why)  # type: ignore[arg-type]
    return EnvVar(name, value.text, texts.origin(value.runs), "shell", assumes=value.assumes)
