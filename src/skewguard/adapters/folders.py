"""Some files of one folder, and the beginnings of others that are too large to be read whole.

For formats that begin with the length of their header: so many bytes and no more are read of each file.
"""

import os
from collections.abc import Sequence

from msgspec import Struct

from skewguard.adapters import files
from skewguard.language.errors import InputError

MOST_FILES = 10_000
"""Entries of a folder that are looked at."""


class Folder(Struct, frozen=True):
    """What was read: `texts` whole, `heads` as beginning and size in bytes, both by file name.

    `path` is fit to be printed. `whole` is False where a single file was given instead of a folder.
    """

    path: str
    whole: bool
    texts: dict[str, str]
    heads: dict[str, tuple[bytes, int]]


class Headed(Struct, frozen=True):
    """Files of which the beginning is read: their ending, the bytes that hold the header's length (little-endian),

    and the longest header that is taken for one."""

    ending: str
    prefix: int
    most: int


def read(path: str, names: Sequence[str], headed: Headed) -> Folder:
    """The files `names` of a folder (also below it: `a/b.json`), and the beginnings of those that end in `headed.ending`.

    A single file stands for the first of `names`. Raises `InputError` for what cannot be read.
    """
    shown = files.shown(path)
    if not os.path.isdir(path):
        return Folder(shown, whole=False, texts={names[0]: files.read_text(path)}, heads={})
    try:
        with os.scandir(path) as scan:
            found = sorted(entry.name for entry, _ in zip(scan, range(MOST_FILES), strict=False))
    except OSError as error:
        raise InputError(f"{shown} cannot be read: {error.strerror}", file=shown) from None
    below = [name for name in names if "/" in name and os.path.isfile(os.path.join(path, name))]
    texts = {name: files.read_text(os.path.join(path, name)) for name in names if name in (*found, *below)}
    heads = {name: _head(os.path.join(path, name), headed) for name in found if name.endswith(headed.ending)}
    return Folder(shown, whole=True, texts=texts, heads=heads)


def texts(path: str, names: Sequence[str]) -> dict[str, str]:
    """Those files `names` of a folder that are there, by the path fit to be printed. Raises `InputError`."""
    shown = files.shown(path)
    if files.exists(path) and not os.path.isdir(path):
        raise files.error_of(path, "is no folder", f"name the folder that holds {' or '.join(names)}")
    try:
        held = set(os.listdir(path))
    except (OSError, ValueError) as error:
        raise files.unreadable(path, error) from None
    found = [name for name in names if name in held]
    if not found:
        raise InputError(f"{shown} holds none of {', '.join(names)}", hint="check the path", file=shown)
    return {os.path.join(shown, name): files.read_text(os.path.join(path, name)) for name in found}


def listing(path: str) -> list[str] | None:
    """The names of the files of a folder, in order; None for anything else. Raises `InputError`."""
    if not os.path.isdir(path):
        return None
    try:
        with os.scandir(path) as scan:
            return sorted(entry.name for entry, _ in zip(scan, range(MOST_FILES), strict=False) if entry.is_file())
    except (OSError, ValueError) as error:
        raise files.unreadable(path, error) from None


def within(path: str, name: str) -> str:
    """The path of a file of a folder."""
    return os.path.join(path, name)


def beside(path: str, names: Sequence[str], limit: int) -> dict[str, str]:
    """The texts of those files that lie in the folder of another one, by name. Raises `InputError`."""
    folder = os.path.dirname(path)
    there = [name for name in names if os.path.isfile(os.path.join(folder, name))]
    return {name: files.read_text(os.path.join(folder, name), limit) for name in there}


def _head(path: str, headed: Headed) -> tuple[bytes, int]:
    """The beginning of one file, with its whole header; of what is no such file, the first bytes."""
    shown = files.shown(path)
    if not os.path.isfile(path):
        raise InputError(f"{shown} is no file", hint="a broken link? fetch the checkpoint again", file=shown)
    try:
        with open(path, "rb") as file:
            start = file.read(headed.prefix)
            length = int.from_bytes(start, "little")
            rest = file.read(length) if length <= headed.most else b""
            return start + rest, os.fstat(file.fileno()).st_size
    except OSError as error:
        raise InputError(f"{shown} cannot be read: {error.strerror}", file=shown) from None
