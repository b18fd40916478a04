"""The page of silent changes: what each release of an engine changes for whoever writes nothing down.

Made from the tables and the rules: standard servers without a single option (`upgrade_cases`) are resolved under every
release, and neighbours are compared.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import upgrade_cases
from msgspec import Struct
from upgrade_cases import Server

from skewguard.assess import cases
from skewguard.assess.given import Given
from skewguard.judge import comparison
from skewguard.knowledge import checkpoints, engines
from skewguard.knowledge.engines import tables
from skewguard.knowledge.engines.interface import EngineModule
from skewguard.knowledge.engines.tables import Table
from skewguard.knowledge.project import Project
from skewguard.language import accelerators
from skewguard.language.facts import Effective, Fact, Gap
from skewguard.language.sheet import Sheet
from skewguard.language.vocabulary import BY_NAME, canonical, named
from skewguard.language.workloads import Inventory
from skewguard.observe.sources import command_lines
from skewguard.report import words

OWN_ENTRYPOINT = ("--model=m",)
STARTS = {"sglang": ("python3", "-m", "sglang.launch_server", "--model-path=m")}
"""What starts an engine whose image has no entrypoint of its own."""
DEEPEST = 3
"""Objects within objects whose fields are told: `vllm.compilation_config.pass_config` has two dots."""

ABOUT = """\
A default that nobody writes down moves with the release. This page lists, for every release that skewguard knows, what
becomes different without an edit, against the release before it in the table. What an upgrade does to *your* manifest:
`skewguard diff FILE --engine vllm==A --engine vllm==B`.

**Settings** (in bold those that contracts and checks know by name) are of a server without a single option: a dense
Llama in bfloat16 with a context of {context} tokens, on one {gpus}, started by the image's own entrypoint where it has one. They
come from the engine's flag defaults and from the rules by which it decides at its start. *Where* is empty for a change that
is the same on both. Other GPUs and models, which a rule may treat apart, are named there: the settings known by name are
compared on {special}.

*No value*: the engine decides later, or does without. *Decided at the start*: the engine works it out from what no manifest
tells. A setting that only one of the two releases has is not listed. **Fields of objects** that one option takes whole
follow under its name. **Variables** are defaults of the environment, as the code reads them: what it declares for type
checkers may say otherwise. A flag that is **gone** stops the start; a variable that is **no longer read** is ignored in
silence."""

ASKED_FOR = ("runtime.version", "runtime.engine", "runtime.image", "runtime.image_digest")
EMPTY: tuple[Any, ...] = (None, "", [], {})
"""No value, and values that hold nothing: other notations for the same."""


class Row(Struct, frozen=True):
    """One value that changes by itself; `where` names the server where it is not the same on all of them."""

    setting: str
    before: str
    after: str
    where: str = ""


class Release(Struct):
    """One version of an engine: what it runs with on each server, and what it knows.

    `special` are settings of the servers that a rule treats apart; `replaced` are the defaults of what the servers were
    started with; `fields` are those of the objects that options take, under the option's destination.
    """

    version: str
    sheets: Mapping[str, Sheet]
    special: Mapping[str, Mapping[str, Effective]]
    replaced: Mapping[str, Any]
    fields: Mapping[str, Any]
    spellings: frozenset[str]
    variables: Mapping[str, Any]
    entrypoint: str


PARTIAL = ("nim",)
"""Engines whose releases are known from some pages alone: what a later page does not name may be there still."""


def page(made: str) -> str:
    """The whole page. `made` is the line that says where it comes from."""
    about = ABOUT.format(
        context=upgrade_cases.PLAIN["max_position_embeddings"],
        gpus=" or ".join(server.name for server in upgrade_cases.BASE),
        special=", ".join(f"“{server.name}”" for server in upgrade_cases.SPECIAL),
    )
    parts = ["# What changes by itself between releases", made, about]
    for module in (module for name, module in engines.ENGINES.items() if name not in PARTIAL):
        parts += _engine(module)
    return "\n\n".join(part.rstrip("\n") for part in parts) + "\n"


def _engine(module: EngineModule) -> Iterator[str]:
    yield f"## {module.TITLE}"
    yield f"From the table {module.table_version()}, newest release first."
    releases = [_release(module, version) for version in module.releases()]
    sections = [_section(module.TITLE, a, b) for a, b in pairwise(releases)]
    yield from (section for section in reversed(sections) if section)
    silent = [b.version for b, section in zip(releases[1:], sections, strict=True) if not section]
    if silent:
        yield f"Nothing of this kind changes in {', '.join(silent)}."


# ---- one release ----------------------------------------------------------------------------------------------------


def _release(module: EngineModule, version: str) -> Release:
    flags = module.flags(version)
    sheets = {server.name: _sheet(module, version, server) for server in upgrade_cases.BASE}
    written = {fact.setting for sheet in sheets.values() for fact in map(sheet.declared, sheet.names()) if fact}
    return Release(
        version,
        sheets,
        {server.name: _known_by_name(_sheet(module, version, server)) for server in upgrade_cases.SPECIAL},
        {flag.setting: flag.default for flag in flags if flag.setting in written and flag.kind == "literal"},
        dict(_fields(tables.load(module.NAME), module.NAME, version)),
        frozenset(spelling for flag in flags for spelling in flag.spellings if _is_canonical(spelling)),
        module.variables(version),
        " ".join(module.entrypoint(version)),
    )


def _is_canonical(spelling: str) -> bool:
    """Spelled as people write it: parsers take `_` for `-`, and `--no-x` goes with `--x`."""
    return spelling.startswith("--") and "_" not in spelling and not spelling.startswith("--no-")


def _sheet(module: EngineModule, version: str, server: Server) -> Sheet:
    """The settings of a server without options."""
    argv = STARTS.get(module.NAME, OWN_ENTRYPOINT)
    text = f"{module.NAME}=={version} -- {' '.join(argv)}"
    workload = command_lines.workload(text, module.NAME, argv, lambda _path: None)
    model = checkpoints.read(server.files, {}, "m", whole=True)
    given = Given(only=model, gpus=accelerators.candidates(server.gpu))
    inventory = Inventory(workloads=(workload,))
    (judged,) = cases.judged(inventory, Project(), cases.Version(module.NAME, version), given)
    assert judged.case is not None, text
    return judged.case.sheet


def _known_by_name(sheet: Sheet) -> dict[str, Effective]:
    return {setting: sheet.effective(setting) for setting in BY_NAME if setting not in ASKED_FOR}


def _fields(table: Table, engine: str, version: str) -> Iterator[tuple[str, Any]]:
    """The fields of the objects that options take, and of the objects in these, with their defaults."""
    told = table.by_dest(version)
    options = [flag for flag in table.flags(version) if not flag.switch]
    waiting = [(named(engine, flag.dest), flag.config or _title(flag.dest)) for flag in options]
    for path, config in waiting:
        for field, default in table.config_fields(config, version).items():
            inner = default.get("$object") if isinstance(default, dict) else None
            if inner is not None and path.count(".") < DEEPEST:
                waiting.append((f"{path}.{field}", inner))
            elif field not in told and not isinstance(default, dict):
                yield f"{path}.{field}", default


def _title(dest: str) -> str:
    """The class that an option is read into where the parser does not say so: `speculative_config`, `SpeculativeConfig`."""
    return "".join(part.title() for part in dest.split("_"))


# ---- from one to the next -------------------------------------------------------------------------------------------


def _section(title: str, a: Release, b: Release) -> str:
    """What changes from one release to the next; empty where nothing does."""
    base = list(_settings(a, b))
    rows = sorted([*base, *_special(a, b, base)], key=lambda row: (row.setting not in BY_NAME, row.setting, row.where))
    gone, dead = sorted(a.spellings - b.spellings), sorted(a.variables.keys() - b.variables.keys())
    rows += [*_changed(a.fields, b.fields), *_changed(a.variables, b.variables)]
    lines = []
    if a.entrypoint != b.entrypoint:
        lines.append(f"The image starts `{b.entrypoint}` instead of `{a.entrypoint}`.")
    if rows:
        table = [_line(row) for row in rows]
        lines.append("\n".join(["| what | before | after | where |", "|---|---|---|---|", *table]))
    if gone:
        lines.append(f"Gone: {_listed(gone)}.")
    if dead:
        lines.append(f"No longer read: {_listed(dead)}.")
    return "\n\n".join([f"### {title} {b.version}, after {a.version}", *lines]) if lines else ""


def _settings(a: Release, b: Release) -> Iterator[Row]:
    found: dict[tuple[str, str, str], list[str]] = {}
    for name, sheet in a.sheets.items():
        for item in comparison.differences(sheet, b.sheets[name]):
            if item.setting not in ASKED_FOR and _tells(item.setting, item.a, item.b):
                key = (item.setting, _value(item.setting, item.a), _value(item.setting, item.b))
                found.setdefault(key, []).append(name)
    for key, names in found.items():
        yield Row(*key, where="" if len(names) == len(a.sheets) else ", ".join(names))
    for row in _changed(a.replaced, b.replaced):
        yield Row(row.setting, row.before, row.after, "where none is given")


def _special(a: Release, b: Release, base: Sequence[Row]) -> Iterator[Row]:
    """What changes on the servers that a rule treats apart, besides what changes anyway."""
    known = {(row.setting, row.before, row.after) for row in base}
    found: dict[tuple[str, str, str], list[str]] = {}
    for name, before in a.special.items():
        for setting, left in before.items():
            right = b.special[name][setting]
            key = (setting, _value(setting, left), _value(setting, right))
            plain = isinstance(left, Fact) or isinstance(right, Fact)
            if plain and _tells(setting, left, right) and key not in known:
                found.setdefault(key, []).append(name)
    for key, names in found.items():
        yield Row(*key, where="; ".join(names))


def _tells(setting: str, a: Effective, b: Effective) -> bool:
    """Whether a change says something: from one value to another, or between a value and what is decided at the start."""
    if isinstance(a, Fact) and isinstance(b, Fact):
        empty = a.value in EMPTY and b.value in EMPTY
        return not empty and bool(canonical(setting, a.value) != canonical(setting, b.value))
    one, other = (a, b) if isinstance(a, Fact) else (b, a)
    if not isinstance(one, Fact) or (isinstance(other, Gap) and other.rule == "absent"):
        return not isinstance(a, Fact | Gap) and not isinstance(b, Fact | Gap) and a != b
    return one.value not in EMPTY


def _value(setting: str, item: Effective) -> str:
    row = BY_NAME.get(setting)
    if isinstance(item, Fact):
        return _shown(item.value, row.unit if row else "")
    return "*decided at the start*" if isinstance(item, Gap) else words.effective(item)


def _changed(a: Mapping[str, Any], b: Mapping[str, Any]) -> Iterator[Row]:
    for name in sorted(a.keys() & b.keys()):
        before, after = _default(a[name]), _default(b[name])
        if before != after and not (a[name] in EMPTY and b[name] in EMPTY):
            yield Row(name, before, after)


def _default(value: Any) -> str:
    return "computed at the start" if isinstance(value, Mapping) and "$expr" in value else _shown(value)


def _shown(value: Any, unit: str = "") -> str:
    """A value in code; None in words, for an engine may have a value that is spelled `none`."""
    return "*no value*" if value is None else f"`{words.value(value, unit) or ' '}`"


def _line(row: Row) -> str:
    name = f"**`{row.setting}`**" if row.setting in BY_NAME else f"`{row.setting}`"
    cells = (name, row.before, row.after, row.where)
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _listed(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
