"""An engine's arguments as a wrapping program hands them on (see `wrappers`): the engine's own read as the engine does.

What is written stands; what is not is a gap, because the wrapping program has defaults of its own. A name that neither
the program nor any release of the engine knows is told where it is nearly one of the engine's: everything else may be
a flag of the program's newer version.
"""

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct, structs

from skewguard.knowledge.engines import history, keywords, tables
from skewguard.knowledge.engines.config_file import Entries, Entry, root_of
from skewguard.knowledge.engines.interface import Argument, EngineModule, Parsed, Release
from skewguard.knowledge.engines.tables import Table
from skewguard.knowledge.engines.wrappers import WRAPPERS, Wrapper
from skewguard.language import vocabulary
from skewguard.language.errors import InputError, UsageError
from skewguard.language.facts import Fact, Gap, assuming
from skewguard.language.trees import Node
from skewguard.language.workloads import TextFile, Token


def passes(name: str) -> bool:
    """Whether arguments of the wrapping program `name` reach the engine by names of the engine's own."""
    return name in WRAPPERS and WRAPPERS[name].passing != "none"


def read(module: EngineModule, name: str, argv: Sequence[Token], release: Release, files: Sequence[TextFile]) -> Parsed:
    """What reaches the engine of the arguments of wrapper `name`, program first or arguments alone."""
    wrapper = WRAPPERS[name]
    first = _first(name, argv)
    if wrapper.passing == "keywords":
        found = keywords.read(module, argv[first:], release, wrapper)
    else:
        found = _Flags(wrapper, tables.load(module.NAME), files).read(module, argv[first:], argv[0], release)
    return structs.replace(
        found, starts=None, entrypoint=wrapper.short, blind=found.blind or wrapper.gap(release, module.TITLE)
    )


def told(name: str, argv: Sequence[Token], files: Sequence[TextFile]) -> Iterator[Fact]:
    """What the flags of a wrapping program say of its engine that the engine's own grammar does not read.

    A file of further arguments overrules them; one that is not in the input may.
    """
    settings = WRAPPERS[name].settings if argv and name in WRAPPERS else {}
    chunks = list(_chunks(argv[_first(name, argv) :])) if settings else []
    found: dict[str, Fact] = {}
    for chunk in chunks:
        value, setting = chunk.value, settings.get(chunk.name)
        if setting is not None and value is not None and not value.unresolved:
            text = value.text.partition("=")[2] if value is chunk.flag else value.text
            found.update(_said(setting, text, value))
    above = [chunk.said for chunk in chunks if chunk.name == "override-engine-args"]
    for chunk in (each for each in chunks if each.name == "extra-engine-args"):
        file = _file(chunk, files)
        found.update(_said_in(file, settings) if file is not None else {})
        above += [chunk.said] if file is None else []
    yield from (assuming(fact, tuple(above)) for fact in found.values())


def _said(setting: str, text: str, token: Token) -> dict[str, Fact]:
    """One setting as its type; nothing for a text that is none of that type."""
    try:
        value = vocabulary.typed(vocabulary.BY_NAME[setting], text)
    except UsageError:
        return {}
    return {setting: Fact(setting, value, "declared", token.origin)}


def _said_in(file: TextFile, settings: Mapping[str, str]) -> dict[str, Fact]:
    """The settings that a YAML file of arguments gives by its plain entries."""
    said: dict[str, Fact] = {}
    found = Entries()
    root = root_of(file, found)
    for key, value in root.items() if root is not None else ():
        setting = settings.get(key.replace("_", "-"))
        if setting is not None and value.kind == "scalar":
            _Plain(file, (0,), root or Node.absent(), found).add(key, value)
            for word in found.words[-1:]:
                said.update(_said(setting, word.text, word.token))
    return said


def _first(name: str, argv: Sequence[Token]) -> int:
    """The index of the first argument: behind the word that names the program, or 0 for arguments alone."""
    if argv[0].text.startswith("-"):
        return 0
    module = f"/{name}".replace(".", "/")
    at = next((i for i, token in enumerate(argv) if token.text.endswith((name, module, "inference_api.py"))), 0)
    return at + 1


class _Chunk(Struct):
    """One flag with the words behind it."""

    flag: Token
    values: list[Token] = []

    @property
    def name(self) -> str:
        """The flag without dashes and value, `-` for `_`."""
        return self.flag.text.partition("=")[0].lstrip("-").replace("_", "-")

    @property
    def value(self) -> Token | None:
        """The word that holds the first value: the flag's own where it has one behind `=`."""
        return self.flag if "=" in self.flag.text else next(iter(self.values), None)

    @property
    def path(self) -> str:
        """The first value as a path."""
        return self.flag.text.partition("=")[2] or (self.values[0].text if self.values else "")

    @property
    def said(self) -> str:
        """The flag and its first value, for a reader."""
        return " ".join(token.text for token in (self.flag, *self.values[:1]))


def _file(chunk: _Chunk, files: Sequence[TextFile]) -> TextFile | None:
    """The file that a flag names, where its text is in the input."""
    return next((each for each in files if each.path == chunk.path and each.text is not None), None)


class _Flags:
    """The flags of one wrapping program on their way to the engine."""

    def __init__(self, wrapper: Wrapper, table: Table, files: Sequence[TextFile]) -> None:
        self._wrapper = wrapper
        self._table = table
        self._files = files
        self._odd: list[Argument] = []
        self._unseen: Gap | None = None

    def read(self, module: EngineModule, words: Sequence[Token], place: Token, release: Release) -> Parsed:
        """The engine's reading of what reaches it."""
        program = [Token(word, place.origin) for word in self._wrapper.program]
        kept = [token for chunk in _chunks(words) for token in self._passed(chunk)]
        parsed = module.parse((*program, *kept), release, self._files)
        told = tuple(item for item in map(_counted, parsed.arguments) if item is not None)
        return structs.replace(parsed, arguments=(*told, *self._odd), blind=self._unseen)

    def _passed(self, chunk: _Chunk) -> Iterator[Token]:
        """The words of a flag that reach the engine."""
        wrapper = self._wrapper
        if chunk.name == wrapper.file:
            yield from self._from_file(chunk)
        elif chunk.name in wrapper.renamed:
            yield from _renamed(chunk, wrapper.renamed[chunk.name])
        elif chunk.name.removeprefix("no-") in wrapper.own or chunk.name.startswith("dyn-"):
            return
        elif self._known(chunk):
            yield chunk.flag
            yield from chunk.values
        else:
            self._odd.extend(self._strange(chunk))

    def _known(self, chunk: _Chunk) -> bool:
        """Whether it is a flag of some release of the engine, or the beginning of one."""
        written = chunk.flag.text.partition("=")[0]
        return bool(self._table.runs(written) or self._table.ever_starting(f"--{chunk.name}"))

    def _from_file(self, chunk: _Chunk) -> Iterator[Token]:
        """The entries of the program's config file: they come behind every other word, and the last one wins."""
        path, file = chunk.path, _file(chunk, self._files)
        root = root_of(file, Entries()) if file is not None else None
        if file is None or root is None:
            reason = f"{path} is not in the input, and its entries overrule every other argument"
            self._unseen = Gap("*", reason, "unseen-arguments", (f"file@{path}",), path)
            return
        found = Entries()
        entry = _Plain(file, (0,), root.get("vllm"), found)
        for key, value in root.get("vllm").items():
            entry.add(key, value)
        before = len(self._odd)
        for each in _chunks([word.token for word in found.words]):
            yield from self._passed(each)
        self._odd[before:] = [_as_entry(each) for each in self._odd[before:]]

    def _strange(self, chunk: _Chunk) -> Iterator[Argument]:
        """What is said of a flag that nobody knows: only where it is nearly one of the engine's."""
        written = chunk.flag.text.partition("=")[0]
        first, space, _ = written.strip().partition(" ")
        swallowed = bool(space) and bool(self._table.runs(f"--{first.lstrip('-').replace('_', '-')}"))
        near = first if swallowed else self._nearest(f"--{chunk.name}")
        if near is None:
            return
        spelled = f"--{near.lstrip('-').replace('_', '-')}" if swallowed else near
        runs = self._table.runs(spelled)
        dest = runs[0][2].dest if runs else None
        yield Argument(
            text=chunk.flag.text,
            outcome="swallowed" if swallowed else "ignored" if self._wrapper.drops else "unknown",
            origin=chunk.flag.origin,
            dest=dest if swallowed or self._wrapper.drops else None,
            fault="swallowed" if swallowed else "ignored" if self._wrapper.drops else "misspelt",
            message=self._sentence(written, near, swallowed=swallowed),
            suggestion=None if swallowed else near,
            fatal=not self._wrapper.drops,
        )

    def _nearest(self, name: str) -> str | None:
        """The flag of the engine, or of the program itself, that a misspelt one most likely means."""
        own = [f"--{each}" for each in (*self._wrapper.own, *self._wrapper.renamed)]
        return history.slipped(name, own) or history.nearest_ever(self._table, name)

    def _sentence(self, written: str, near: str, *, swallowed: bool) -> str:
        who, engine = self._wrapper.short, self._wrapper.engine
        what = (
            f"`{written.strip()}` is one argument with a space in it"
            if swallowed
            else f"`{written}` is a flag of neither"
        )
        end = "drops it in silence" if self._wrapper.drops else "does not start with it"
        if swallowed:
            return f"{what}; {who} {end}"
        title = f" ({vocabulary.named(engine, near[2:].replace('-', '_'))})" if self._table.runs(near) else ""
        return f"{what} {who} nor its engine; the nearest is `{near}`{title}. {who} {end}"


def _as_entry(argument: Argument) -> Argument:
    """What is said of an entry of a file, whose names have no dashes before them."""
    return structs.replace(argument, source="config-file", message=argument.message.replace("`--", "`"))


class _Plain(Entry):
    """`key: value` as `--key`, `str(value)`: what KAITO makes of an entry, a boolean included."""

    def add(self, name: str, value: Node) -> None:
        """Add the two words of one entry; nothing for what cannot be unfolded."""
        try:
            text = str(self.content(value))
        except InputError:
            return
        self.scalar(self.flag(name), text, name, value)


def _chunks(words: Sequence[Token]) -> Iterator[_Chunk]:
    """Flags with the words behind them; words before the first flag belong to nobody."""
    chunk: _Chunk | None = None
    for token in words:
        if token.text.startswith("--") or (token.text.startswith("-") and not token.text[1:2].isdigit()):
            if chunk is not None:
                yield chunk
            chunk = _Chunk(token, [])
        elif chunk is not None:
            chunk.values.append(token)
    if chunk is not None:
        yield chunk


def _renamed(chunk: _Chunk, flag: str) -> Iterator[Token]:
    """A flag of the wrapping program under the engine's name for it."""
    _, equals, value = chunk.flag.text.partition("=")
    yield structs.replace(chunk.flag, text=f"{flag}{equals}{value}")
    yield from chunk.values


_TOLD = (
    "invalid",
    "abbreviated",
    "ambiguous",
    "missing-value",
    "duplicated",
    "deprecated",
    "removed",
    "not-yet",
    "literal-variable",
    "overruled",
)


def _counted(argument: Argument) -> Argument | None:
    """An argument of the engine's reading, as far as it holds behind the wrapping program; None where it does not."""
    if argument.fault is None or argument.fault in _TOLD:
        return argument
    behind = argument.fault in ("ignored", "unexpected-value") and argument.text.lower() == "false"
    return argument if behind else None
