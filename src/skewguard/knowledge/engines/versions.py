"""Versions of engines: their order, and which table versions can speak for one that is not in the table.

The order is that of Python packages (PEP 440), which nearly every engine with a table is; llama.cpp counts its builds
(`b4719`). `packaging` is not imported for it: that alone costs as much as starting the interpreter several times over.
"""

import re
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import Literal

from msgspec import Struct

Fit = Literal["exact", "between", "newer", "older", "unknown"]
Key = tuple[tuple[int, ...], tuple[int, int], int, int]

_INFINITE = 1 << 62
_NO_VERSION: Key = ((), (0, 0), 0, 0)
_PHASES = {"a": 0, "alpha": 0, "b": 1, "beta": 1, "c": 2, "rc": 2, "pre": 2, "preview": 2}


class Fitting(Struct, frozen=True):
    """How a version meets a table: the table versions that can speak for it, and how good that is."""

    fit: Fit
    candidates: tuple[str, ...]


@cache
def _pattern() -> re.Pattern[str]:
    return re.compile(
        r"v?(?P<release>\d+(?:\.\d+)*)"
        r"(?:[-_.]?(?P<phase>alpha|beta|preview|pre|rc|a|b|c)[-_.]?(?P<pre>\d*))?"
        r"(?:-(?P<bare>\d+)|[-_.]?(?:post|rev|r)[-_.]?(?P<post>\d*))?"
        r"(?P<isdev>[-_.]?dev[-_.]?(?P<dev>\d*))?"
        r"(?:\+(?P<local>[a-z0-9]+(?:[-_.][a-z0-9]+)*))?",
        re.IGNORECASE,
    )


@cache
def key(text: str) -> Key | None:
    """A key that sorts as PEP 440 does, the local part (`+cu129`) left out; None when `text` is no version."""
    plain = re.sub(r"^b(?=\d+$)", "", text.strip())  # a build: b4719
    match = _pattern().fullmatch(plain) if text.isascii() and len(text) < 100 else None
    if match is None:
        return None
    release = tuple(int(part) for part in match["release"].split("."))
    while len(release) > 1 and release[-1] == 0:
        release = release[:-1]
    post_written = match["post"] is not None or match["bare"] is not None
    post = int(match["bare"] or match["post"] or 0) if post_written else -1
    dev = int(match["dev"] or 0) if match["isdev"] else _INFINITE
    if match["phase"]:
        pre = (_PHASES[match["phase"].lower()], int(match["pre"] or 0))
    else:
        pre = (-1, 0) if match["isdev"] and not post_written else (3, 0)
    return release, pre, post, dev


@cache  # the releases of the tables and the firsts that rules name
def since(version: str, first: str) -> bool:
    """Whether the release `version` is `first` or newer. What is no version is older than all."""
    mine, other = key(version), key(first)
    return mine is not None and other is not None and mine >= other


def span(title: str, versions: Sequence[str]) -> str:
    """`vLLM 0.11.0`, or `vLLM 0.10.0 to 0.33.0`; the title alone where no version is known."""
    known = sorted({version for version in versions if key(version)}, key=lambda version: key(version) or _NO_VERSION)
    if not known:
        return title
    return f"{title} {known[0]}" if len(known) == 1 else f"{title} {known[0]} to {known[-1]}"


def minor_only(text: str) -> bool:
    """True for `0.9`, `v0.9` and `0.9.*`: a series of releases, not one of them."""
    return bool(re.fullmatch(r"v?\d+\.\d+(\.\*)?", text.strip(), re.IGNORECASE)) and text.isascii()


def fitting(text: str | None, table: Sequence[str]) -> Fitting:
    """Which versions of `table` (oldest first) can speak for version `text`; every one of them when it is unknown."""
    return _fitting(text, tuple(table))


@lru_cache(maxsize=256)
def _fitting(text: str | None, table: tuple[str, ...]) -> Fitting:
    everything = Fitting("unknown", table)
    if text is None or not table:
        return everything
    if minor_only(text):
        return _series(text, table)
    wanted = key(text)
    if wanted is None:
        return everything
    keys = [key(version) or wanted for version in table]
    if wanted in keys:
        return Fitting("exact", (table[keys.index(wanted)],))
    if wanted > keys[-1]:
        return Fitting("newer", (table[-1],))
    if wanted < keys[0]:
        return Fitting("older", (table[0],))
    above = next(index for index, known in enumerate(keys) if known > wanted)
    return Fitting("between", (table[above - 1], table[above]))


def neighbours(text: str, table: Sequence[str]) -> tuple[str, ...]:
    """Up to three versions of `table` (oldest first) between which `text` lies, or that lie next to it; none for no version."""
    wanted = key(text)
    if wanted is None:
        return ()
    above = next((index for index, each in enumerate(table) if (key(each) or wanted) > wanted), len(table))
    first = min(max(above - 2, 0), max(len(table) - 3, 0))
    return tuple(table[first : first + 3])


def after(text: str, table: Sequence[str]) -> Fitting:
    """For a build made some time after release `text`: that release and the next one of the table."""
    wanted = key(text)
    if wanted is None or not table:
        return Fitting("unknown", tuple(table))
    known = [key(version) or wanted for version in table]
    below = [version for version, at in zip(table, known, strict=True) if at <= wanted]
    above = [version for version, at in zip(table, known, strict=True) if at > wanted]
    if not above:
        return Fitting("newer", (table[-1],))
    if not below:
        return Fitting("older", (table[0],))
    return Fitting("between", (below[-1], above[0]))


def _series(text: str, table: Sequence[str]) -> Fitting:
    """Every table version of a minor series; where the table has none, its neighbours on both sides."""
    stem = text.strip().lower().removeprefix("v").removesuffix(".*")
    inside = tuple(version for version in table if f"{version}.".startswith(f"{stem}."))
    if inside:
        return Fitting("unknown", inside)
    return fitting(f"{stem}.0", table)
