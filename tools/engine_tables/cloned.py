"""The tables of engines whose sources are a clone's: read every release that is asked for, write the table."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

from tools.engine_tables import changes, llamacpp, packing, tgi
from tools.engine_tables.clones import Clone
from tools.engine_tables.release import Extract

ENGINES: dict[str, ModuleType] = {"tgi": tgi, "llamacpp": llamacpp}
DATA = Path(__file__).parents[2] / "src" / "skewguard" / "knowledge" / "engines" / "data"

Say = Callable[[str], None]


def read(engine: str, folder: Path, say: Say) -> None:
    """Make one engine's table again from a clone, and say what its newest release changed."""
    module, file = ENGINES[engine], DATA / f"{engine}.json"
    extracts = list(_extracts(module, Clone(folder)))
    old = json.loads(file.read_text("utf-8")) if file.exists() else packing.pack(engine, "0", ())
    new = packing.pack(engine, old["table_version"], extracts)
    if packing.same(old, new):
        say(f"{engine}: nothing new; table {old['table_version']}, {len(new['versions'])} releases")
        return
    new["table_version"] = packing.next_version(old["table_version"], f"{datetime.now(tz=UTC):%Y.%m}")
    file.write_text(packing.text(new), "utf-8")
    say(f"{engine}: table {new['table_version']}, {len(new['versions'])} releases to {new['versions'][-1]}")
    known = packing.unpack(new)
    for line in changes.lines(*(known[version] for version in new["versions"][-2:])):
        say(line)


def _extracts(module: ModuleType, clone: Clone) -> Iterator[Extract]:
    wanted = getattr(module, "TAGS", None)
    for tag in clone.tags(module.TAG):
        if wanted is not None and tag not in wanted:
            continue
        texts = {path: text for path in module.SOURCES if (text := clone.text(tag, path)) is not None}
        found = module.extract(tag.removeprefix("v"), texts)
        assert isinstance(found, Extract)
        yield found
