"""What a shell script starts: its commands with their variables filled in, as far as reading can tell.

A value that only a running shell could give (a command substitution, a variable nothing defines, what a branch
assigned) stays as it is written and is marked as unresolved; a program behind `if`, `for`, `case`, `||` or a function
is marked as uncertain. Nothing is guessed, and nothing is executed.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from msgspec import Struct, structs

from skewguard.language.workloads import EnvVar
from skewguard.observe.sources import grammar, lexing, texts
from skewguard.observe.sources.expansion import Lookup
from skewguard.observe.sources.grammar import Step
from skewguard.observe.sources.syntax import Part, Word
from skewguard.observe.sources.texts import Field, Run, Text
from skewguard.observe.sources.variables import MAX_WORDS, Variables

MAX_STEPS = 5_000
"""Most commands and block borders of one script that are read; no script that starts an engine has as many."""


MAX_SOURCED = 5
"""Deepest file that sources a file (and, squared, the most such files of one script)."""


class Started(Struct, frozen=True):
    """One program start of a script: its words, whether it is certain, and the variables the script gave it.

    `values` are those variables for a shell that it starts in turn. `sourced` are files that the script read before,
    which are not in the input and may have set any variable. `replaces`: it was started by `exec`.
    """

    words: tuple[Field, ...]
    certain: bool
    environment: tuple[EnvVar, ...]
    values: Mapping[str, Text | None]
    sourced: tuple[str, ...] = ()
    replaces: bool = False


class Script(Struct):
    """A script to read: its text, its `$0 $1 …` (None: not known), and what it finds around it.

    `lookup` gives the container's variables, `sourced` the text of a file by path, `unseen` names unseen sources that
    might define variables. `environment` and `values` hold what an outer shell exported. `cut` becomes True where it
    is too long to be read to its end.
    """

    text: Text
    lookup: Lookup
    sourced: Callable[[str], Text | None]
    name: Field | None = None
    positional: list[Field] | None = None
    unseen: tuple[str, ...] = ()
    environment: tuple[EnvVar, ...] = ()
    values: Mapping[str, Text | None] = {}
    cut: bool = False


def started(script: Script) -> Iterator[Started]:
    """The programs a script starts, in order."""
    return _Shell(script).read(script.text, 0)


_DECLARING = frozenset(("export", "declare", "typeset", "readonly", "local"))
_CHANGING = frozenset(("set", "shift", "unset", "read", "mapfile", "readarray", "getopts"))
_SILENT = frozenset(
    (
        ":", "cd", "trap", "wait", "shopt", "umask", "alias", "unalias", "hash", "pushd", "popd", "jobs", "disown", "fg",
        "bg", "history", "type", "bind", "caller", "dirs", "enable", "let", "((", "[[", "[", "test", "break", "continue",
    )
)  # fmt: skip


class _Scope(Struct):
    """What held when a block was entered, and which names were assigned and exported inside it since."""

    block: str
    certain: bool
    values: dict[str, Text | None]
    arrays: dict[str, list[Field] | None]
    positional: list[Field] | None
    exports: dict[str, EnvVar]
    assigned: set[str]
    exported: set[str]


class _Target(Struct, frozen=True):
    """The left side of an assignment word, and the parts of its right side."""

    name: str
    parts: tuple[Part, ...]
    appends: bool
    element: bool


class _Shell:
    """One shell, from its first command to its last."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.variables = Variables(script.lookup, script.positional, script.name, script.unseen)
        self.variables.values.update(script.values)
        self.variables.exports.update({entry.name: entry for entry in script.environment})
        self.functions: set[str] = set()
        self.exports_all = False
        self.ended = False
        self.steps = 0
        self.files = 0
        self.scopes: list[_Scope] = []

    def read(self, text: Text, depth: int) -> Iterator[Started]:
        """Read one text in this shell: the script itself, a sourced file, or the words of `eval`."""
        items = lexing.lex(text.masked()).items
        self.script.cut = self.script.cut or len(items) >= lexing.MAX_ITEMS
        for step in grammar.steps(items):
            self.steps += 1
            if self.ended or self.steps > MAX_STEPS:
                self.script.cut = self.script.cut or not self.ended
                return
            if step.kind == "command":
                yield from self._command(text, step, depth)
            else:
                self._border(step)

    def _border(self, step: Step) -> None:
        if step.kind == "loop":
            self._assigned(step.words[0].plain or "", None)
        elif step.kind == "function":
            self.functions.add(step.words[0].plain or "")
        elif step.kind == "enter":
            held = self.variables
            self.scopes.append(
                _Scope(
                    step.block,
                    step.certain,
                    dict(held.values),
                    dict(held.arrays),
                    held.positional,
                    dict(held.exports),
                    set(),
                    set(),
                )
            )
            if step.block == "function":
                held.positional = None
        elif self.scopes and step.kind == "branch":
            self._restore(self.scopes[-1])
        elif self.scopes and step.kind == "leave":
            self._leave(self.scopes.pop())

    def _restore(self, scope: _Scope) -> None:
        """Begin another branch with what held before the first."""
        self.variables.values, self.variables.arrays = dict(scope.values), dict(scope.arrays)
        self.variables.exports = dict(scope.exports)

    def _leave(self, scope: _Scope) -> None:
        if self.scopes:
            self.scopes[-1].assigned |= scope.assigned
        if scope.block == "group" and scope.certain:
            return
        self._restore(scope)
        self.variables.positional = scope.positional
        if scope.block == "subshell":
            return
        for name in scope.assigned:
            self.variables.assign(name, None)
        exports = self.variables.exports
        for name in scope.exported | (scope.assigned & exports.keys()):
            self._exported(name, _entry(name, None, self.script.text.runs[:1]))

    # ---- commands --------------------------------------------------------------------------------------------------

    def _command(self, text: Text, step: Step, depth: int) -> Iterator[Started]:
        words = list(step.words)
        targets: list[tuple[Word, _Target]] = []
        while words and (target := _target(words[0], text)) is not None:
            targets.append((words.pop(0), target))
        if not words:
            for word, target in targets:
                self._assign(text, word, target, doubtful=step.doubtful)
            return
        if words[0].plain in _DECLARING:
            self._declare(text, words, doubtful=step.doubtful)
            return
        given = {target.name: self._joined(text, target) for _, target in targets if not target.element}
        fields = [field for word in words for field in self.variables.fields(text, word)][:MAX_WORDS]
        if fields:
            yield from self._run(fields, step, given, depth)

    def _run(self, fields: list[Field], step: Step, given: Mapping[str, Text | None], depth: int) -> Iterator[Started]:
        name = _known(fields[0])
        if name in ("command", "builtin") and len(fields) > 1 and not (_known(fields[1]) or "").startswith("-"):
            yield from self._run(fields[1:], step, given, depth)
        elif name == "exec":
            yield from self._exec(fields[1:], step, given)
        elif name == "exit":
            self.ended = self._ends(step)
        elif name in (".", "source"):
            yield from self._source(fields, step, depth)
        elif name == "eval":
            yield from self._eval(fields[1:], step, depth)
        elif name in _CHANGING:
            self._change(name, fields[1:], certain=step.certain)
        elif name is None or (name not in _SILENT and name not in self.functions):
            yield self._started(fields, step, given)

    def _started(self, fields: Sequence[Field], step: Step, given: Mapping[str, Text | None]) -> Started:
        exports = dict(self.variables.exports)
        for name, value in given.items():
            exports[name] = _entry(name, value, fields[0])
        values = {name: self.variables.values.get(name) for name in exports if name in self.variables.values}
        sourced = self.variables.assumes
        return Started(tuple(fields), step.certain, tuple(exports.values()), {**values, **given}, sourced)

    def _exec(self, fields: list[Field], step: Step, given: Mapping[str, Text | None]) -> Iterator[Started]:
        while fields and (_known(fields[0]) or "") in ("-c", "-l", "-cl", "-lc", "-a", "--"):
            fields = fields[2:] if _known(fields[0]) == "-a" else fields[1:]
        if fields:
            yield structs.replace(self._started(fields, step, given), replaces=True)
            self.ended = self._ends(step)

    def _ends(self, step: Step) -> bool:
        """Whether nothing after this command is reached."""
        inside = any(scope.block not in ("group", "while") for scope in self.scopes)
        return self.ended or (step.certain and step.alone and not inside)

    def _source(self, fields: list[Field], step: Step, depth: int) -> Iterator[Started]:
        path = _known(fields[1]) if len(fields) > 1 else None
        self.files += 1
        within = depth < MAX_SOURCED and self.files <= MAX_SOURCED**2
        text = self.script.sourced(path) if path is not None and within else None
        if text is None:
            unread = path or "a file that the script sources"
            if not unread.endswith("/activate"):  # a virtual environment sets PATH alone
                self._unread(unread)
            return
        for each in self.read(text, depth + 1):
            yield structs.replace(each, certain=each.certain and step.certain)

    def _unread(self, source: str) -> None:
        """Note something the shell runs within itself and nobody can read: it may set any variable."""
        self.variables.assumes = tuple(dict.fromkeys((*self.variables.assumes, source)))

    def _eval(self, fields: list[Field], step: Step, depth: int) -> Iterator[Started]:
        runs: list[Run] = []
        for field in fields:
            if runs:
                runs.append(Run(" ", field[0].node, field[0].start, field[0].start, whole=True))
            runs.extend(field)
        self.files += 1
        if depth >= MAX_SOURCED or not runs or self.files > MAX_SOURCED**2:
            return
        text = Text(runs)
        for each in self.read(text, depth + 1):
            yield structs.replace(each, certain=each.certain and step.certain)
        if text.unresolved:
            self._unread(f"`eval` of {', '.join(text.unresolved)}")

    # ---- assignments -----------------------------------------------------------------------------------------------

    def _joined(self, text: Text, target: _Target) -> Text | None:
        value = self.variables.joined(text, target.parts)
        if not target.appends:
            return value
        before = self.variables.values.get(target.name)
        if before is None and target.name not in self.variables.values:
            binding = self.script.lookup(target.name)
            before = Text(()) if binding is None else binding.value
        return None if before is None else Text((*before.runs, *value.runs))

    def _assign(self, text: Text, word: Word, target: _Target, *, doubtful: bool) -> None:
        name = target.name
        if word.array is None:
            self._assigned(name, None if doubtful or target.element else self._joined(text, target))
            return
        words = [field for each in word.array for field in self.variables.fields(text, each)]
        before = self.variables.arrays.get(name, []) if target.appends else []
        self._mark(name)
        self.variables.assign_array(name, None if doubtful or before is None else [*before, *words])

    def _assigned(self, name: str, value: Text | None) -> None:
        self._mark(name)
        self.variables.assign(name, value)
        if name in self.variables.exports or self.exports_all or self.script.lookup(name) is not None:
            self._export(name)

    def _mark(self, name: str) -> None:
        if self.scopes:
            self.scopes[-1].assigned.add(name)

    def _export(self, name: str, *, doubtful: bool = False) -> None:
        value = None if doubtful else self.variables.values.get(name)
        if doubtful or name in self.variables.values:
            place = value.runs if value is not None and value.runs else self.script.text.runs[:1]
            self._exported(name, _entry(name, value, place))

    def _exported(self, name: str, entry: EnvVar) -> None:
        self.variables.exports[name] = entry
        if self.scopes:
            self.scopes[-1].exported.add(name)

    def _declare(self, text: Text, words: list[Word], *, doubtful: bool) -> None:
        """`export A=b`, `export A`, `declare -x A=b`, `local A=b`."""
        exporting = words[0].plain == "export"
        for word in words[1:]:
            if word.plain is not None and word.plain.startswith("-"):
                exporting = exporting or ("x" in word.plain and words[0].plain in ("declare", "typeset"))
                continue
            target = _target(word, text)
            if target is not None:
                self._assign(text, word, target, doubtful=doubtful)
            name = target.name if target is not None else word.plain
            if exporting and name:
                self._export(name, doubtful=doubtful)

    def _change(self, name: str, fields: list[Field], *, certain: bool) -> None:
        words = [_known(field) for field in fields]
        if name == "set":
            self._set(fields, words, certain=certain)
        elif name == "shift":
            count = int(words[0]) if words and words[0] is not None and re.fullmatch(r"\d{1,4}", words[0]) else 1
            held = self.variables.positional
            self.variables.positional = held[count:] if held is not None and certain else None
        elif name == "unset":
            for word in words:
                self._assigned(word or "", Text(()) if certain and word else None)
                if word in self.variables.exports:
                    gone = _entry(word, None, self.script.text.runs[:1])
                    self._exported(word, structs.replace(gone, why_unknown="the script unsets it"))
        else:
            for word in words:
                if word and not word.startswith("-"):
                    self._assigned(word, None)

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


def _target(word: Word, text: Text) -> _Target | None:
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
    return _Target(match[1], parts, bool(match[3]), bool(match[2]))


def _known(field: Field) -> str | None:
    """A word's text, when all of it is known."""
    if any(run.unresolved for run in field):
        return None
    return field[0].text if len(field) == 1 else "".join([run.text for run in field])


def _entry(name: str, value: Text | None, place: Sequence[Run]) -> EnvVar:
    if value is None or not value.runs:
        text = "" if value is not None else None
        why = None if value is not None else "the shell decides its value"
        return EnvVar(name, text, texts.origin(place), "shell", why_unknown=why)
    if value.unresolved:
        why = f"it is put together from {', '.join(value.unresolved)}, which only the running container knows"
        source = "secret" if value.secret else "shell"
        return EnvVar(name, None, texts.origin(value.runs), source, why_unknown=why)  # type: ignore[arg-type]
    return EnvVar(name, value.text, texts.origin(value.runs), "shell", assumes=value.assumes)
