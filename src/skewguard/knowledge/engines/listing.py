"""What any engine with a table tells of itself: its flags, their history, its variables, its images."""

from collections.abc import Callable, Mapping
from functools import lru_cache

from skewguard.knowledge.engines import images, recognition
from skewguard.knowledge.engines.interface import FlagKind, FlagRecord
from skewguard.knowledge.engines.tables import Flag, Table
from skewguard.language import vocabulary
from skewguard.language.facts import Value
from skewguard.language.workloads import Container

Kind = Callable[[Flag], FlagKind]
"""Whether a flag's default is a value, or worked out at the start."""


def record(table: Table, flag: Flag, kind: Kind) -> FlagRecord:
    """One flag, for `explain`."""
    name = vocabulary.named(table.engine, flag.dest)
    sort = kind(flag)
    return FlagRecord(
        dest=flag.dest,
        spellings=flag.flags,
        kind=sort,
        default=None if sort == "computed" else flag.default,
        type=flag.type or ("bool" if flag.action != "help" else None),
        choices=flag.choices,
        nargs=flag.nargs,
        deprecated=flag.deprecated,
        setting=name if name in vocabulary.BY_NAME else None,
    )


@lru_cache(maxsize=512)  # every release of every engine
def records(table: Table, version: str, kind: Kind) -> tuple[FlagRecord, ...]:
    """Every flag of one version."""
    return tuple(record(table, flag, kind) for flag in table.flags(version))


@lru_cache(maxsize=512)
def variables(table: Table, version: str) -> Mapping[str, Value]:
    """Every environment variable of one version, with its default."""
    return {name: default for name, (default, _) in table.env(version).items()}


def history(table: Table, flag: str, kind: Kind) -> tuple[tuple[str, str, FlagRecord | None], ...]:
    """(first version, last version, record) runs of one flag or destination through the table; None: absent."""
    spelling = flag if flag.startswith("-") else f"--{flag.replace('_', '-')}"
    runs = table.runs(spelling) or table.runs_of_dest(flag.lstrip("-").replace("-", "_"))
    found: list[tuple[str, str, FlagRecord | None]] = []
    expected = 0
    for first, last, each in runs:
        if first > expected:
            found.append((table.versions[expected], table.versions[first - 1], None))
        found.append((table.versions[first], table.versions[last], record(table, each, kind)))
        expected = last + 1
    if found and expected < len(table.versions):
        found.append((table.versions[expected], table.versions[-1], None))
    return tuple(found)


def recognised_image(engine: str, container: Container) -> str | None:
    """Why this image is the engine's, in words; None when it is not."""
    if container.image is None:
        return None
    evidence = recognition.of_image(images.parse(container.image.value).name)
    return evidence.reason if evidence.engine == engine else None
