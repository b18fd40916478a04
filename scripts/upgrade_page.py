"""The page of silent changes: what each release of an engine changes for whoever writes nothing down.

Made from the tables and the rules: one standard server without a single option is resolved under every release, and
neighbours are compared.
"""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from msgspec import Struct, json

from skewguard.assess import cases
from skewguard.assess.given import Given
from skewguard.judge import comparison
from skewguard.knowledge import checkpoints, engines
from skewguard.knowledge.engines.interface import EngineModule
from skewguard.knowledge.project import Project
from skewguard.language import accelerators
from skewguard.language.facts import Effective, Fact
from skewguard.language.sheet import Sheet
from skewguard.language.vocabulary import BY_NAME
from skewguard.language.workloads import Inventory
from skewguard.observe.sources import command_lines
from skewguard.report import words

GPUS = ("H100-80GB", "L4")
"""One on each side of the memory sizes at which batch limits part."""

MODEL = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "torch_dtype": "bfloat16",
    "max_position_embeddings": 8192,
    "hidden_size": 4096,
    "intermediate_size": 14336,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "num_hidden_layers": 32,
    "vocab_size": 128256,
}
"""A dense decoder in bfloat16 that nothing special is known of."""

OWN_ENTRYPOINT = ("--model=m",)
STARTS = {"sglang": ("python3", "-m", "sglang.launch_server", "--model-path=m")}
"""What starts an engine whose image has no entrypoint of its own."""

ABOUT = """\
A default that nobody writes down moves with the release. This page lists, for every release that skewguard knows, what
becomes different without an edit, against the release before it in the table. What an upgrade does to *your* manifest:
`skewguard diff FILE --engine vllm==A --engine vllm==B`.

**Settings** (in bold those that contracts and checks know by name) are of a server without a single option: a dense
Llama in bfloat16 with a context of {context} tokens, on one {gpus}, started by the image's own entrypoint where it has one. They
come from the engine's flag defaults and from the rules by which it decides at its start. Another model or GPU may get other values
by the same rules. *No value*: the engine decides later, or does without. What no manifest can tell is not listed, nor is
a setting that only one of the two releases has. **Variables** are defaults of the environment. A flag that is **gone**
stops the start; a variable that is **no longer read** is ignored in silence."""

ASKED_FOR = ("runtime.version", "runtime.engine", "runtime.image", "runtime.image_digest")


class Row(Struct, frozen=True):
    """One value that changes by itself; `where` names the GPU where it is not the same on all of them."""

    setting: str
    before: str
    after: str
    where: str = ""


class Release(Struct):
    """One version of an engine: what it runs with under each GPU, and what it knows."""

    version: str
    sheets: Mapping[str, Sheet]
    spellings: frozenset[str]
    variables: Mapping[str, Any]
    entrypoint: str


def page(made: str) -> str:
    """The whole page. `made` is the line that says where it comes from."""
    about = ABOUT.format(context=MODEL["max_position_embeddings"], gpus=" or ".join(GPUS))
    parts = ["# What changes by itself between releases", made, about]
    for module in engines.ENGINES.values():
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


def _release(module: EngineModule, version: str) -> Release:
    flags = module.flags(version)
    return Release(
        version,
        {gpu: _sheet(module, version, gpu) for gpu in GPUS},
        frozenset(spelling for flag in flags for spelling in flag.spellings if _is_canonical(spelling)),
        module.variables(version),
        " ".join(module.entrypoint(version)),
    )


def _is_canonical(spelling: str) -> bool:
    """Spelled as people write it: parsers take `_` for `-`, and `--no-x` goes with `--x`."""
    return spelling.startswith("--") and "_" not in spelling and not spelling.startswith("--no-")


def _sheet(module: EngineModule, version: str, gpu: str) -> Sheet:
    """The settings of a server without options."""
    argv = STARTS.get(module.NAME, OWN_ENTRYPOINT)
    text = f"{module.NAME}=={version} -- {' '.join(argv)}"
    workload = command_lines.workload(text, module.NAME, argv, lambda _path: None)
    files = {"config.json": json.encode(MODEL).decode()}
    given = Given(only=checkpoints.read(files, {}, "m", whole=True), gpus=accelerators.candidates(gpu))
    inventory = Inventory(workloads=(workload,))
    (judged,) = cases.judged(inventory, Project(), cases.Version(module.NAME, version), given)
    assert judged.case is not None, text
    return judged.case.sheet


def _section(title: str, a: Release, b: Release) -> str:
    """What changes from one release to the next; empty where nothing does."""
    rows = sorted(_settings(a, b), key=lambda row: (row.setting not in BY_NAME, row.setting))
    gone, dead = sorted(a.spellings - b.spellings), sorted(a.variables.keys() - b.variables.keys())
    variables = list(_variables(a.variables, b.variables))
    lines = []
    if a.entrypoint != b.entrypoint:
        lines.append(f"The image starts `{b.entrypoint}` instead of `{a.entrypoint}`.")
    if rows or variables:
        table = [_line(row) for row in (*rows, *variables)]
        lines.append("\n".join(["| what | before | after | where |", "|---|---|---|---|", *table]))
    if gone:
        lines.append(f"Gone: {_listed(gone)}.")
    if dead:
        lines.append(f"No longer read: {_listed(dead)}.")
    return "\n\n".join([f"### {title} {b.version}, after {a.version}", *lines]) if lines else ""


def _settings(a: Release, b: Release) -> Iterator[Row]:
    found: dict[tuple[str, str, str], list[str]] = {}
    for gpu in GPUS:
        for item in comparison.differences(a.sheets[gpu], b.sheets[gpu]):
            if item.decided and item.setting not in ASKED_FOR and not (_empty(item.a) and _empty(item.b)):
                key = (item.setting, _value(item.setting, item.a), _value(item.setting, item.b))
                found.setdefault(key, []).append(gpu)
    for key, gpus in found.items():
        yield Row(*key, where="" if len(gpus) == len(GPUS) else ", ".join(gpus))


def _empty(item: Effective) -> bool:
    """No value, or one that holds nothing: another notation for the same."""
    return isinstance(item, Fact) and item.value in (None, "", [], {})


def _value(setting: str, item: Effective) -> str:
    row = BY_NAME.get(setting)
    if isinstance(item, Fact):
        return _shown(item.value, row.unit if row else "")
    return words.effective(item)


def _variables(a: Mapping[str, Any], b: Mapping[str, Any]) -> Iterator[Row]:
    for name in sorted(a.keys() & b.keys()):
        before, after = _default(a[name]), _default(b[name])
        if before != after:
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
