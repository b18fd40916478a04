"""A table that is newer than the package's, from the text of a file: read with the care that somebody else's file needs."""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise

import msgspec
from msgspec import Struct

from skewguard.knowledge.engines import versions
from skewguard.knowledge.engines.conversions import KINDS
from skewguard.knowledge.engines.table_format import ACTIONS, ConfigRun, Content, EnvRun, FlagRun
from skewguard.knowledge.engines.tables import Table
from skewguard.language.errors import InputError

FORMAT = 1
"""The form of a table's file that is read here. A file that names none has the first."""


class _Head(Struct):
    """What every form of a table has."""

    engine: str
    format: int = 1


@lru_cache(maxsize=8)  # a library user checks often with the same ones, and what follows from a table is kept by it
def read(engine: str, text: str, file: str) -> Table:
    """The table of `engine` in `text`; `file` names it in messages. Raises `InputError` for what is none."""
    try:
        head = msgspec.json.decode(text, type=_Head)
        content = msgspec.json.decode(text, type=Content) if head.format <= FORMAT else None
    except (msgspec.DecodeError, UnicodeEncodeError) as error:
        raise _unusable(file, f"no engine table ({error})") from None
    if content is None:
        raise InputError(
            f"{file} is an engine table of format {head.format}, and this skewguard reads format {FORMAT}",
            hint="upgrade skewguard, or take tables that were made for this version",
            file=file,
        )
    fault = _fault(content, engine)
    if fault is not None:
        raise _unusable(file, fault)
    return Table(content, file)


def _unusable(file: str, what: str) -> InputError:
    hint = "take the tables of a newer skewguard as they are, or leave this file out: the package's table then holds"
    return InputError(f"{file} cannot be used: it is {what}", hint=hint, file=file)


def _fault(content: Content, engine: str) -> str | None:
    """What a table that has the right form is instead of a good one; None where it is one."""
    if content.engine != engine:
        return f"the table of {content.engine[:40]!r}, and its name says {engine}"
    if not re.fullmatch(r"[\w.+-]{1,40}", content.table_version):
        return f"without a version of its own ({content.table_version[:40]!r})"
    keys = [versions.key(version) for version in content.versions]
    ordered = [key for key in keys if key is not None]
    if not keys or len(ordered) < len(keys) or any(a >= b for a, b in pairwise(ordered)):
        return "without a list of releases, oldest first"
    return _misplaced(content) or next(_strange(content), None)


def _misplaced(content: Content) -> str | None:
    """A name that holds for releases which the table does not list."""
    last = len(content.versions) - 1
    sections: tuple[Mapping[str, Sequence[FlagRun | EnvRun | ConfigRun]], ...]
    sections = (content.flags, content.env, content.configs)
    for name, runs in (pair for section in sections for pair in section.items()):
        if not runs or any(not 0 <= run.first <= run.last <= last for run in runs):
            return f"broken: {name[:60]} holds for releases that are not among its {last + 1}"
    return None


def _strange(content: Content) -> Iterator[str]:
    """Flags that cannot be read here; a newer skewguard may know how."""
    for name, runs in content.flags.items():
        for flag in (run.flag for run in runs):
            if not flag.flags:
                yield f"broken: {name[:60]} has no spelling"
            for way, known in ((flag.type, KINDS), (flag.action, ACTIONS)):
                if way is not None and way not in known:
                    yield f"of a newer skewguard: {name[:60]} is read in a way ({way[:40]}) not known here"
