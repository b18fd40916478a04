"""All releases of an engine as one table: for each name the runs of releases in which its record did not change.

The text is JSON with one name on a line, so that a person and a diff can read it.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from skewguard.knowledge.engines import versions
from skewguard.knowledge.engines.newer_tables import FORMAT
from tools.engine_tables.release import Extract

Runs: TypeAlias = list[list[Any]]
Content: TypeAlias = dict[str, Any]
SECTIONS = ("flags", "env", "configs")


def pack(engine: str, table_version: str, extracts: Iterable[Extract]) -> Content:
    """The table of several releases."""
    ordered = sorted(extracts, key=lambda each: versions.key(each.version) or ())
    content: Content = {"engine": engine, "table_version": table_version, "versions": [e.version for e in ordered]}
    parts = {
        "flags": [{name: (flag,) for name, flag in each.flags.items()} for each in ordered],
        "env": [{name: _variable(*held) for name, held in each.variables.items()} for each in ordered],
        "configs": [{name: (default,) for name, default in each.configs.items()} for each in ordered],
    }
    return content | {section: _runs(parts[section]) for section in SECTIONS}


def unpack(content: Content) -> dict[str, Extract]:
    """Every release of a table."""
    releases = content["versions"]
    by_release = {section: [_at(content[section], at) for at in range(len(releases))] for section in SECTIONS}
    return {
        version: Extract(
            version,
            {name: record for name, (record,) in by_release["flags"][at].items()},
            {name: (held[0], held[1] if len(held) > 1 else "text") for name, held in by_release["env"][at].items()},
            {name: default for name, (default,) in by_release["configs"][at].items()},
        )
        for at, version in enumerate(releases)
    }


def text(content: Content) -> str:
    """The table as it is written to its file."""
    named = {"engine": content["engine"], "table_version": content["table_version"], "format": FORMAT}
    head = "{" + "".join(f"{_json(name)}:{_json(value)}," for name, value in named.items())
    parts = [head, f'"versions":{_json(content["versions"])},']
    for section in SECTIONS:
        lines = [f"{_json(name)}:{_json(content[section][name])}" for name in sorted(content[section])]
        parts += [f'"{section}":{{', ",\n".join(lines), "}" if section == SECTIONS[-1] else "},"]
    return "\n".join(part for part in [*parts, "}"] if part) + "\n"


def same(one: Content, other: Content) -> bool:
    """Whether two tables hold the same, whatever versions of their own they carry."""
    return all(one[part] == other[part] for part in ("engine", "versions", *SECTIONS))


def next_version(current: str, month: str) -> str:
    """The version of a table made in a month (`2026.11`): counted from 1 in each month."""
    before, _, count = current.rpartition(".")
    return f"{month}.{int(count) + 1 if before == month and count.isdecimal() else 1}"


def _variable(default: Any, kind: str) -> tuple[Any, ...]:
    return (default,) if kind == "text" else (default, kind)


def _runs(releases: Sequence[Mapping[str, Sequence[Any]]]) -> dict[str, Runs]:
    found: dict[str, Runs] = {}
    for at, release in enumerate(releases):
        for name, held in release.items():
            runs = found.setdefault(name, [])
            if runs and runs[-1][1] == at - 1 and _json(runs[-1][2:]) == _json(held):
                runs[-1][1] = at
            else:
                runs.append([at, at, *held])
    return found


def _at(runs_by_name: Mapping[str, Runs], at: int) -> dict[str, list[Any]]:
    return {name: run[2:] for name, runs in runs_by_name.items() for run in runs if run[0] <= at <= run[1]}


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False)
