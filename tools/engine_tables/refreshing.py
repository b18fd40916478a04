"""One refresh of an engine's table: fetch what is new, read it, write the table, and say what changed."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

from tools.engine_tables import changes, fingerprints, packing, sglang, source, trtllm, vllm
from tools.engine_tables.fetching import Cache
from tools.engine_tables.index import connect
from tools.engine_tables.release import Extract

ENGINES: dict[str, ModuleType] = {"vllm": vllm, "sglang": sglang, "trtllm": trtllm}
DATA = Path(__file__).parents[2] / "src" / "skewguard" / "knowledge" / "engines" / "data"
RULES = DATA / "rules-read.json"
AT_ONCE = 2
"""Releases that are read beside each other, each in a process of its own."""
DEEP = 5000
"""Python's own limit of calls within calls while a release is read, which is many of them deep."""

Say = Callable[[str], None]


def refresh(engine: str, cache: Path, say: Say, *, everything: bool = False, offline: bool = False) -> None:
    """Bring one table up to date. `everything` reads all releases again, as after a change of this tool."""
    module = ENGINES[engine]
    kept = Cache(cache, module.PROJECT, module.WANTED)
    file = DATA / f"{engine}.json"
    old = json.loads(file.read_text("utf-8")) if file.exists() else packing.pack(engine, "0", ())
    known = {} if everything else packing.unpack(old)
    if not offline and getattr(module, "FETCHED", True):
        _fetch(kept, module, known, say)
    if not kept.versions():
        say(f"{engine}: no sources are kept, and the index has none; the table stays as it is")
        return
    wanted = [version for version in kept.versions() if version not in known]
    read = {each.version: each for each in _extracts(engine, kept, wanted, say)}
    new = packing.pack(engine, old["table_version"], (known | read).values())
    _write(file, old, new, say)
    newest = packing.unpack(new)[new["versions"][-1]]
    before = packing.unpack(new)[new["versions"][-2]]
    for line in (*changes.lines(before, newest), *_unread(read.values()), *to_read(engine, kept)):
        say(line)


def to_read(engine: str, kept: Cache) -> Iterator[str]:
    """Which functions somebody should read again, by the newest release that is kept."""
    newest = source.opened(kept.versions()[-1], kept.path(kept.versions()[-1]))
    noted = fingerprints.parse(RULES.read_bytes()).get(engine, ())
    stale = list(fingerprints.changed(newest, ENGINES[engine].PROJECT, noted))
    yield f"{engine} {newest.version}: {len(stale)} of {len(noted)} functions behind the rules changed since they were read"
    yield from stale


def note_read(engine: str, cache: Path, functions: Sequence[str]) -> None:
    """Note that somebody has read functions (all of them when none is named) at the newest release that is kept."""
    module = ENGINES[engine]
    kept = Cache(cache, module.PROJECT, module.WANTED)
    newest = source.opened(kept.versions()[-1], kept.path(kept.versions()[-1]))
    noted = fingerprints.parse(RULES.read_bytes())
    read = fingerprints.read_again(newest, module.PROJECT, noted.get(engine, ()), functions)
    RULES.write_text(fingerprints.text({**noted, engine: read}), "utf-8")


def _fetch(kept: Cache, module: ModuleType, known: Mapping[str, Extract], say: Say) -> None:
    """Fetch the releases that are to be read, and the newest, whose functions are compared."""
    with connect() as index:
        releases = index.releases(module.PROJECT, module.FIRST)
        wanted = [each for each in releases[:-1] if each.version not in known] + releases[-1:]
        for artifact in kept.fill(index, wanted):
            say(f"fetched {artifact.filename}")


def _extracts(engine: str, kept: Cache, versions: Sequence[str], say: Say) -> Iterator[Extract]:
    with ProcessPoolExecutor(AT_ONCE) as pool:
        work = [pool.submit(_extract, engine, version, kept.path(version)) for version in versions]
        for each in work:
            found = each.result()
            say(f"read {engine} {found.version}: {len(found.flags)} flags, {len(found.variables)} variables")
            yield found


def _extract(engine: str, version: str, path: Path) -> Extract:
    sys.setrecursionlimit(DEEP)
    found = ENGINES[engine].extract(source.opened(version, path))
    assert isinstance(found, Extract)
    return found


def _write(file: Path, old: packing.Content, new: packing.Content, say: Say) -> None:
    engine, releases = new["engine"], f"{len(new['versions'])} releases to {new['versions'][-1]}"
    if packing.same(old, new):
        say(f"{engine}: nothing new; table {old['table_version']}, {releases}")
        return
    new["table_version"] = packing.next_version(old["table_version"], f"{datetime.now(tz=UTC):%Y.%m}")
    file.write_text(packing.text(new), "utf-8")
    say(f"{engine}: table {new['table_version']}, {releases}")


def _unread(extracts: Iterable[Extract]) -> Iterator[str]:
    """What the reading could not make sense of: a person teaches it the tool."""
    for each in extracts:
        yield from (f"  {each.version}: conversion not known, taken for text: {text}" for text in each.strange)
        yield from (f"  {each.version}: condition not told, both branches read: {text}" for text in each.undecided)
