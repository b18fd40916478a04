"""Recordings of real servers: what each was started with, what it said of itself, and the page that lists what differs.

The servers ran on CPUs with one small float32 checkpoint. `docs/recordings.md` is written by hand where it says why, and
the tests hold its tables to what is compared: a row that is no longer true fails as a row that is missing does.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from skewguard.knowledge import checkpoints
from skewguard.knowledge.checkpoints import Checkpoint
from skewguard.knowledge.engines.interface import EngineModule, Hardware, Inputs, Parsed, Release
from skewguard.language import vocabulary
from skewguard.language.facts import Effective, Fact, Origin, Subject
from skewguard.language.sheet import Sheet
from skewguard.language.workloads import EnvVar

DATA = Path(__file__).parents[2] / "data"
PAGE = Path(__file__).parents[3] / "docs" / "recordings.md"
SHOWN = 50
"""Characters of a value on the page."""


class Row(NamedTuple):
    """One setting whose resolved value is not what servers said, and which servers those are."""

    setting: str
    servers: str
    resolved: str
    said: str


def servers(pattern: str) -> list[Path]:
    """The recordings of one engine, in order."""
    return sorted((DATA / "recordings").glob(f"{pattern}/*.json"))


def name_of(path: Path) -> str:
    """How a recording is called: release and scenario."""
    return f"{path.parent.name}/{path.stem}"


@cache
def recorded(path: Path) -> dict[str, Any]:
    """One server: its command, its environment, and what it said."""
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found


@cache
def checkpoint() -> Checkpoint:
    """The checkpoint that all of them served: its small files, and the header of its weights."""
    folder = DATA / "checkpoints" / "tiny-f32"
    texts = {path.name: path.read_text() for path in folder.iterdir() if path.suffix in (".json", ".jinja")}
    heads = {"model.safetensors": ((folder / "model.safetensors.head").read_bytes(), 2_233_000)}
    return checkpoints.read(texts, heads, "tiny-f32", whole=True)


def sheet_of(module: EngineModule, path: Path, parsed: Parsed, release: Release) -> Sheet:
    """What is resolved from a recording's command, its environment and the checkpoint."""
    env = [EnvVar(name, text, Origin("file", "manifest.json")) for name, text in recorded(path)["env"].items()]
    inputs = Inputs(Hardware("gpu@none", platform="cpu"), checkpoint())
    settled = module.settle(parsed, env, release, inputs)
    sheet = Sheet(
        Subject("server", path.stem),
        module.settings(release),
        lambda setting: module.derive(setting, settled, env, release, inputs),
    )
    for fact in (*settled.values.values(), *settled.decided.values()):
        sheet.add(fact)
    return sheet


class Compared(NamedTuple):
    """One setting of one server: its name, what is resolved, and what the server said."""

    server: str
    setting: str
    resolved: Effective
    said: Any

    @property
    def differs(self) -> bool:
        """Whether the two are not the same value; what is not told differs from everything."""
        return not isinstance(self.resolved, Fact) or bool(
            vocabulary.canonical(self.setting, self.resolved.value) != vocabulary.canonical(self.setting, self.said)
        )


def compared(module: EngineModule, path: Path, sheet: Sheet, said: Mapping[str, Any]) -> Iterator[Compared]:
    """Every setting of the release that the server said something about."""
    known = set(sheet.names())
    for dest, value in said.items():
        setting = vocabulary.named(module.NAME, dest)
        if setting in known:
            yield Compared(
                name_of(path), setting, sheet.effective(setting), vocabulary.spoken(module.NAME, dest, value)
            )


def rows(found: Iterable[Compared]) -> set[Row]:
    """What differs, a row for each pair of values, with the servers it was seen on."""
    seen: dict[tuple[str, str, str], list[str]] = {}
    asked: dict[str, list[str]] = {}
    for each in found:
        asked.setdefault(each.setting, []).append(each.server)
        if each.differs:
            resolved = _shown(each.resolved.value) if isinstance(each.resolved, Fact) else "not told"
            seen.setdefault((each.setting, resolved, _shown(each.said)), []).append(each.server)
    return {Row(key[0], _servers(names, asked[key[0]]), key[1], key[2]) for key, names in seen.items()}


def _servers(names: Sequence[str], asked: Sequence[str]) -> str:
    """The releases of these servers, with the scenarios where not all that show the setting are among them."""
    found = []
    for release in dict.fromkeys(name.partition("/")[0] for name in names):
        own = [name.partition("/")[2] for name in names if name.startswith(f"{release}/")]
        every = len(own) == sum(name.startswith(f"{release}/") for name in asked)
        version = release.rpartition("-")[2]
        found.append(version if every else f"{version} ({', '.join(own)})")
    return "; ".join(found)


def listed(title: str) -> dict[Row, str]:
    """The rows of one engine's table of differences, with what the page says of each."""
    found: dict[Row, str] = {}
    for line in _section(title).splitlines():
        if line.startswith("| `"):
            setting, names, resolved, said, why = (cell.strip() for cell in line.strip("|").split(" | "))
            found[Row(setting.strip("` "), names, resolved, said)] = why
    return found


def no_settings(title: str) -> set[str]:
    """The fields that the page names as none that an argument sets."""
    items = [line for line in _section(title).splitlines() if line.startswith("- ")]
    return {name for item in items for name in re.findall(r"`(\w+)`", item.partition(": ")[2])}


def _section(title: str) -> str:
    _, _, text = PAGE.read_text("utf-8").partition(f"\n## {title}\n")
    return text.partition("\n## ")[0]


def _shown(value: Any) -> str:
    text = json.dumps(value, sort_keys=True)
    return f"`{text if len(text) <= SHOWN else text[: SHOWN - 1] + '…'}`"
