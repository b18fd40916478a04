"""What a shell script starts: its commands with their variables filled in, as far as reading can tell.

A value that only a running shell could give (a command substitution, a variable nothing defines, what a branch
assigned) stays as it is written and is marked as unresolved; a program behind `if`, `for`, `case`, `||` or a function
is marked as uncertain. Nothing is guessed, and nothing is executed.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

from msgspec import Struct, structs

from skewguard.language.workloads import EnvVar
from skewguard.observe.sources import assigning, grammar, lexing
from skewguard.observe.sources.assigning import CHANGING, DECLARING, NAMING, Assigning, Scope, Target, entry_of, known
from skewguard.observe.sources.expansion import Lookup
from skewguard.observe.sources.grammar import Step
from skewguard.observe.sources.syntax import Word
from skewguard.observe.sources.texts import Field, Run, Text
from skewguard.observe.sources.variables import MAX_WORDS, Variables

MAX_STEPS = 5_000
"""Most commands and block borders of one script that are read; no script that starts an engine has as many."""


MAX_SOURCED = 5
"""Deepest file that sources a file (and, squared, the most such files of one script)."""


class Started(Struct, frozen=True):
    """One program start of a script: its words, whether it is certain, and the variables the script gave it.

    `values` are those variables for a shell that it starts in turn. `sourced` are files that the script read before,
    which are not in the input and may have set any variable. `replaces`: it was started by `exec`. `assumes` names
    what could give it further words, where an expansion left none.
    """

    words: tuple[Field, ...]
    certain: bool
    environment: tuple[EnvVar, ...]
    values: Mapping[str, Text | None]
    sourced: tuple[str, ...] = ()
    replaces: bool = False
    assumes: tuple[str, ...] = ()


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


_SILENT = frozenset(
    (
        ":", "cd", "trap", "wait", "shopt", "umask", "alias", "unalias", "hash", "pushd", "popd", "jobs", "disown", "fg",
        "bg", "history", "type", "bind", "caller", "dirs", "enable", "((", "[[", "[", "test", "break", "continue",
    )
)  # fmt: skip


class _Shell(Assigning):
    """One shell, from its first command to its last."""

    def __init__(self, script: Script) -> None:
        self.script = script
        variables = Variables(script.lookup, script.positional, script.name, script.unseen)
        variables.values.update(script.values)
        variables.exports.update({entry.name: entry for entry in script.environment})
        super().__init__(variables, script.text.runs[:1])
        self.ended = False
        self.steps = 0
        self.files = 0

    def read(self, text: Text, depth: int) -> Iterator[Started]:
        """Read one text in this shell: the script itself, a sourced file, or the words of `eval`."""
        items = lexing.lex(text.masked()).items
        self.script.cut = self.script.cut or len(items) >= lexing.MAX_ITEMS
        waiting = assigning.hidden(items, text.masked())[::-1]
        for step in grammar.steps(items):
            self.steps += 1
            if self.ended or self.steps > MAX_STEPS:
                self.script.cut = self.script.cut or not self.ended
                return
            if step.kind == "command":
                while waiting and waiting[-1].at < step.words[-1].end:
                    self._hidden(waiting.pop(), doubtful=step.doubtful)
                yield from self._command(text, step, depth)
            else:
                self._border(step)

    def _border(self, step: Step) -> None:
        if step.kind == "loop":
            self._assigned(step.words[0].plain or "", None)
        elif step.kind == "function":
            self.function = step.words[0].plain or ""
            self.functions.setdefault(self.function, set())
        elif step.kind == "enter":
            held = self.variables
            self.scopes.append(
                Scope(
                    step.block,
                    step.certain,
                    dict(held.values),
                    dict(held.arrays),
                    held.positional,
                    dict(held.exports),
                    set(),
                    set(),
                    self.function if step.block == "function" else "",
                )
            )
            if step.block == "function":
                held.positional = None
        elif self.scopes and step.kind == "branch":
            self._restore(self.scopes[-1])
        elif self.scopes and step.kind == "leave":
            self._leave(self.scopes.pop())

    def _restore(self, scope: Scope) -> None:
        """Begin another branch with what held before the first."""
        self.variables.values, self.variables.arrays = dict(scope.values), dict(scope.arrays)
        self.variables.exports = dict(scope.exports)

    def _leave(self, scope: Scope) -> None:
        if self.scopes:
            self.scopes[-1].assigned |= scope.assigned
        if scope.block == "function":
            self.functions.setdefault(scope.function, set()).update(scope.assigned)
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
            self._exported(name, entry_of(name, None, self.place))

    # ---- commands --------------------------------------------------------------------------------------------------

    def _command(self, text: Text, step: Step, depth: int) -> Iterator[Started]:
        words = list(step.words)
        targets: list[tuple[Word, Target]] = []
        while words and (target := assigning.assignment(words[0], text)) is not None:
            targets.append((words.pop(0), target))
        if not words:
            for word, target in targets:
                self._assign(text, word, target, doubtful=step.doubtful)
            return
        if words[0].plain in DECLARING:
            self._declare(text, words, doubtful=step.doubtful)
            return
        given = {target.name: self._joined(text, target) for _, target in targets if not target.element}
        self.variables.vanished = ()
        fields = [field for word in words for field in self.variables.fields(text, word)][:MAX_WORDS]
        if fields:
            yield from self._run(fields, step, given, depth)

    def _run(self, fields: list[Field], step: Step, given: Mapping[str, Text | None], depth: int) -> Iterator[Started]:
        name = known(fields[0])
        if name in ("command", "builtin") and len(fields) > 1 and not (known(fields[1]) or "").startswith("-"):
            yield from self._run(fields[1:], step, given, depth)
        elif name == "exec":
            yield from self._exec(fields[1:], step, given)
        elif name == "exit":
            self.ended = self._ends(step)
        elif name in (".", "source"):
            yield from self._source(fields, step, depth)
        elif name == "eval":
            yield from self._eval(fields[1:], step, depth)
        elif name in CHANGING:
            self._change(name, fields[1:], certain=step.certain)
        elif name in DECLARING:
            self._declared(name, "", fields[1:], doubtful=step.doubtful)
        elif name in self.functions:
            for each in self.functions[name]:
                self._assigned(each, None)
        elif name is None or not ((name in NAMING and self._names(fields[1:], NAMING[name])) or name in _SILENT):
            yield self._started(fields, step, given)

    def _started(self, fields: Sequence[Field], step: Step, given: Mapping[str, Text | None]) -> Started:
        exports = dict(self.variables.exports)
        for name, value in given.items():
            exports[name] = entry_of(name, value, fields[0])
        values = {name: self.variables.values.get(name) for name in exports if name in self.variables.values}
        sourced = self.variables.assumes
        return Started(
            tuple(fields),
            step.certain,
            tuple(exports.values()),
            {**values, **given},
            sourced,
            assumes=self.variables.vanished,
        )

    def _exec(self, fields: list[Field], step: Step, given: Mapping[str, Text | None]) -> Iterator[Started]:
        while fields and (known(fields[0]) or "") in ("-c", "-l", "-cl", "-lc", "-a", "--"):
            fields = fields[2:] if known(fields[0]) == "-a" else fields[1:]
        if fields:
            yield structs.replace(self._started(fields, step, given), replaces=True)
            self.ended = self._ends(step)

    def _ends(self, step: Step) -> bool:
        """Whether nothing after this command is reached."""
        inside = any(scope.block not in ("group", "while") for scope in self.scopes)
        return self.ended or (step.certain and step.alone and not inside)

    def _source(self, fields: list[Field], step: Step, depth: int) -> Iterator[Started]:
        path = known(fields[1]) if len(fields) > 1 else None
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

    def _eval(self, fields: list[Field], step: Step, depth: int) -> Iterator[Started]:
        runs: list[Run] = []
        for field in fields:
            if runs:
                runs.append(Run(" ", field[0].node, field[0].start, field[0].start, whole=True))
            runs.extend(field)
        self.files += 1
        if depth >= MAX_SOURCED or self.files > MAX_SOURCED**2:
            self._unread("an `eval` inside others")
        if depth >= MAX_SOURCED or not runs or self.files > MAX_SOURCED**2:
            return
        text, vanished = Text(runs), self.variables.vanished
        for each in self.read(text, depth + 1):
            yield structs.replace(each, certain=each.certain and step.certain, assumes=(*each.assumes, *vanished))
        if text.unresolved:
            self._unread(f"`eval` of {', '.join(text.unresolved)}")
