"""What paths on a command line name: files, folders, globs and standard input.

One bad input never hides the others: whatever cannot be read comes back as an `InputError` in its place. Reading is
lazy, one file at a time, so that a folder of thousands of manifests costs the memory of one.
"""

import os
import stat
import sys
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from msgspec import Struct

from skewguard.adapters import files, places
from skewguard.language.errors import InputError

ENDINGS = (".yaml", ".yml", ".json")
_SKIPPED_FOLDERS = frozenset(("node_modules", "__pycache__", "venv", "site-packages"))
_MAX_DEPTH = 100


class Input(Struct, frozen=True):
    """One input: its text, or why there is none.

    `path` is fit to be printed (odd characters escaped). `named` is False for files that a folder sweep or a glob
    found, which may turn out to be no manifests. `skipped` says why a file of a sweep was left out on purpose.
    """

    path: str
    text: str | None = None
    named: bool = True
    error: InputError | None = None
    skipped: str | None = None


def read_inputs(paths: Iterable[str], stdin: BinaryIO | None = None) -> Iterator[Input]:
    """Every input that `paths` name: files, folders (swept recursively), globs (also `**`), `-` for standard input.

    Order is that of `paths`, inside folders that of names; a file reached twice is read once. `stdin` is the binary
    stream behind `-` (default: the process's own).
    """
    files.forget()
    places.forget()
    seen: set[str] = set()
    for path in paths:
        if path == "-":
            if "-" not in seen:
                seen.add("-")
                yield _from_stdin(stdin or sys.stdin.buffer)
        else:
            yield from _of_path(path, seen)


def _of_path(path: str, seen: set[str]) -> Iterator[Input]:
    path = files.at_home(path)
    try:
        found = os.stat(path)
    except (OSError, ValueError) as error:
        if _is_glob(path) and not os.path.lexists(path.replace("\x00", "")):
            yield from _of_glob(path, seen)
        else:
            yield Input(files.shown(path), error=files.unreadable(path, error))
        return
    if stat.S_ISDIR(found.st_mode):
        yield from _sweep(path, seen)
    elif _first_time(files.real(path), seen):
        yield _read(path, named=True)


def _of_glob(pattern: str, seen: set[str]) -> Iterator[Input]:
    """A glob that no shell expanded. Files of other endings count only where the pattern asks for an ending."""
    from glob import glob

    try:
        found = sorted(glob(pattern, recursive=True))
    except (OSError, ValueError, RecursionError) as error:
        yield Input(
            files.shown(pattern), error=files.error_of(pattern, f"cannot be expanded: {error}", "mend the pattern")
        )
        return
    if not found:
        yield Input(
            files.shown(pattern),
            error=files.error_of(pattern, "matches no file", "check the pattern and the working folder"),
        )
    asks_for_ending = "." in pattern.rpartition("*")[2]
    for path in found:
        if os.path.isdir(path):
            yield from _sweep(path, seen)
        elif (asks_for_ending or path.lower().endswith(ENDINGS)) and _first_time(files.real(path), seen):
            yield _read(path, named=False)


def _sweep(folder: str, seen: set[str]) -> Iterator[Input]:
    """Every manifest-like file below a folder, by name. Links to folders are followed, but not in circles."""
    waiting: list[Iterator[Input | tuple[str, str]]] = [_entries(folder, files.real(folder), seen)]
    above = [files.real(folder)]
    while waiting:
        entry = next(waiting[-1], None)
        if entry is None:
            waiting.pop()
            above.pop()
        elif isinstance(entry, Input):
            yield entry
        elif entry[1] in above:
            hint = "remove the link, or name the folders one by one"
            yield Input(
                files.shown(entry[0]),
                named=False,
                error=files.error_of(entry[0], "is a link to a folder above it", hint),
            )
        elif len(above) >= _MAX_DEPTH:
            reason = f"lies more than {_MAX_DEPTH} folders deep"
            yield Input(files.shown(entry[0]), named=False, error=files.error_of(entry[0], reason, "name it directly"))
        elif _first_time(entry[1], seen):
            waiting.append(_entries(*entry, seen))
            above.append(entry[1])


def _entries(folder: str, real: str, seen: set[str]) -> Iterator[Input | tuple[str, str]]:
    """The inputs of one folder, and its sub-folders as (path, real path)."""
    try:
        with os.scandir(folder) as scan:
            entries = sorted(scan, key=lambda entry: entry.name)
    except OSError as error:
        yield Input(files.shown(folder), named=False, error=files.unreadable(folder, error))
        return
    chart = os.path.basename(real) == "templates" and os.path.exists(os.path.join(real, os.pardir, "Chart.yaml"))
    for entry in entries:
        path = os.path.normpath(entry.path) if folder == "." else entry.path
        where = files.real(entry.path) if entry.is_symlink() else os.path.join(real, entry.name)
        if _is_folder(entry):
            if not entry.name.startswith(".") and entry.name not in _SKIPPED_FOLDERS:
                yield path, where
        elif entry.name.lower().endswith(ENDINGS) and _first_time(where, seen):
            found = _read(path, named=False)
            templated = (chart or _in_chart(real)) and found.text is not None and "{{" in found.text
            yield Input(found.path, named=False, skipped=_CHART) if templated else found


_CHART = "a template of a Helm chart; `helm template CHART | skewguard check -` checks what it renders to"


def _in_chart(real: str) -> bool:
    """Whether a folder lies inside the `templates` of a Helm chart."""
    head, inside, _ = real.rpartition(f"{os.sep}templates{os.sep}")
    return bool(inside) and os.path.exists(os.path.join(head, "Chart.yaml"))


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _first_time(real: str, seen: set[str]) -> bool:
    if real in seen:
        return False
    seen.add(real)
    return True


def _is_glob(path: str) -> bool:
    return any(char in path for char in "*?[")


def _read(path: str, *, named: bool) -> Input:
    try:
        return Input(files.shown(path), files.read_text(path), named)
    except InputError as error:
        return Input(files.shown(path), named=named, error=error)


def _from_stdin(stream: BinaryIO) -> Input:
    try:
        return Input(files.STDIN, files.read_stream(stream))
    except InputError as error:
        return Input(files.STDIN, error=error)
