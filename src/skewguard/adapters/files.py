"""Reading inputs and writing results on disk.

One bad input never hides the others: whatever cannot be read comes back as an `InputError` in its place. Reading is
lazy, one file at a time, so that a folder of thousands of manifests costs the memory of one. Nothing here blocks: a
pipe without a writer, a device or a socket is refused before it is opened for reading.
"""

import errno
import os
import re
import stat
import sys
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from typing import BinaryIO

from msgspec import Struct

from skewguard.language.errors import InputError, UsageError

MAX_BYTES = 32 * 2**20
"""Largest input that is read; the API server itself takes objects of 3 MiB at most."""

STDIN = "<stdin>"
"""How standard input is called in results."""

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
    _lines.cache_clear()  # of an earlier call: files change
    _root.cache_clear()
    seen: set[str] = set()
    for path in paths:
        if path == "-":
            if "-" not in seen:
                seen.add("-")
                yield _from_stdin(stdin or sys.stdin.buffer)
        else:
            yield from _of_path(path, seen)


def read_text(path: str) -> str:
    """The text of one file, UTF-8. Raises `InputError` with the file's name and what to do."""
    try:
        found = os.stat(path)
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from None
    if stat.S_ISDIR(found.st_mode):
        raise _error(path, "is a folder", "name a file in it")
    if not stat.S_ISREG(found.st_mode) and not (stat.S_ISFIFO(found.st_mode) and _opened_by_shell(path)):
        raise _error(path, f"is {_kind(found.st_mode)}, not a file", "give a file, or `-` to read standard input")
    try:
        return _decode(_bytes(path), path)
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from None


def exists(path: str) -> bool:
    """Whether the name is taken, also by a broken link."""
    return os.path.lexists(path)


def write_new(path: str, text: str) -> str:
    """Write a file that does not exist yet, whole or not at all; its folder is made. Returns the path.

    Raises `UsageError` when the file exists: nothing is ever overwritten.
    """
    try:
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        _appear(f"{_beside(path)}.new", path, text)
    except OSError as error:
        if isinstance(error, FileExistsError) and os.path.lexists(path):
            raise UsageError(
                f"{shown(path)} exists already and is left as it is",
                hint="remove it first, or print the text instead of writing it",
                file=shown(path),
            ) from None
        raise UsageError(f"cannot write {shown(path)}: {_words(error)}", file=shown(path)) from None
    return path


def write(path: str, text: str) -> None:
    """Write a result, whole or not at all, in place of what stood there. A device such as `/dev/stderr` is written to.

    Raises `UsageError` when it cannot be written.
    """
    target = _real(path)  # a link stays a link
    temporary = f"{_beside(target)}.out"
    try:
        if os.path.exists(target) and not os.path.isfile(target):
            with open(path, "w", encoding="utf-8") as device:
                device.write(text)
            return
        os.makedirs(os.path.dirname(target), exist_ok=True)
        _write_through(temporary, text)
        os.replace(temporary, target)
    except OSError as error:
        raise UsageError(f"cannot write {shown(path)}: {_words(error)}", file=shown(path)) from None


def line(path: str, number: int) -> str | None:
    """One line (1-based) of an input, to be shown under a finding; None when it cannot be had any more."""
    lines = _lines(path)
    return lines[number - 1] if 0 < number <= len(lines) else None


@lru_cache(maxsize=32)
def _lines(path: str) -> tuple[str, ...]:
    if path == STDIN:
        return tuple(_stdin_lines)
    try:
        return tuple(_split(read_text(path)))
    except InputError:
        return ()


def _split(text: str) -> list[str]:
    """Lines as YAML counts them."""
    return re.split(r"\r\n|[\r\n\x85\u2028\u2029]", text)


_stdin_lines: list[str] = []
"""Standard input can be read once; its lines are kept for showing them."""


def find_upward(start: str, name: str) -> str | None:
    """The nearest file or folder called `name` in `start` or a folder above it."""
    folder = os.path.abspath(start)
    while True:
        found = os.path.join(folder, name)
        if os.path.lexists(found):
            return found
        parent = os.path.dirname(folder)
        if parent == folder:
            return None
        folder = parent


def project_folder() -> str | None:
    """The nearest `.skewguard` folder, in the working folder or above it, relative to the working folder."""
    found = find_upward(".", ".skewguard")
    return os.path.relpath(found) if found and os.path.isdir(found) else None


def project_file(name: str) -> str | None:
    """A file of the nearest `.skewguard` folder, None where there is none."""
    folder = project_folder()
    path = os.path.join(folder, name) if folder else None
    return path if path and os.path.lexists(path) else None


def is_project_file(path: str, name: str) -> bool:
    """Whether a path is the file `name` of a `.skewguard` folder, this project's or another's."""
    folder, last = os.path.split(os.path.abspath(path))
    return last == name and os.path.basename(folder) == ".skewguard"


def anchor_of(path: str) -> str:
    """The path of a file as it enters identities: relative to the folder that holds `.skewguard` or `.git`.

    Without either, relative to the working folder. Separators are `/` on every system.
    """
    if path == STDIN or not path:
        return path
    whole = os.path.abspath(path)
    return os.path.relpath(whole, _root(os.path.dirname(whole)) or os.getcwd()).replace(os.sep, "/")


def shown(path: str) -> str:
    """A path fit to be printed: bytes that are no UTF-8 and control characters are escaped."""
    if not path:
        return "''"
    return path if path.isprintable() else "".join(map(_printable, path))


def _printable(char: str) -> str:
    if char.isprintable():
        return char
    if "\udc80" <= char <= "\udcff":  # how Python carries a byte that is no UTF-8
        return f"\\x{ord(char) - 0xDC00:02x}"
    return char.encode("unicode_escape").decode()


@cache
def _root(folder: str) -> str | None:
    if any(os.path.lexists(os.path.join(folder, name)) for name in (".skewguard", ".git")):
        return folder
    parent = os.path.dirname(folder)
    return None if parent == folder else _root(parent)


# ---- what a path names ---------------------------------------------------------------------------------------------


def _of_path(path: str, seen: set[str]) -> Iterator[Input]:
    try:
        found = os.stat(path)
    except (OSError, ValueError) as error:
        if _is_glob(path) and not os.path.lexists(path.replace("\x00", "")):
            yield from _of_glob(path, seen)
        else:
            yield Input(shown(path), error=_unreadable(path, error))
        return
    if stat.S_ISDIR(found.st_mode):
        yield from _sweep(path, seen)
    elif _first_time(_real(path), seen):
        yield _read(path, named=True)


def _of_glob(pattern: str, seen: set[str]) -> Iterator[Input]:
    """A glob that no shell expanded. Files of other endings count only where the pattern asks for an ending."""
    from glob import glob

    try:
        found = sorted(glob(os.path.expanduser(pattern), recursive=True))
    except (OSError, ValueError, RecursionError) as error:
        yield Input(shown(pattern), error=_error(pattern, f"cannot be expanded: {error}", "mend the pattern"))
        return
    if not found:
        yield Input(
            shown(pattern), error=_error(pattern, "matches no file", "check the pattern and the working folder")
        )
    asks_for_ending = "." in pattern.rpartition("*")[2]
    for path in found:
        if os.path.isdir(path):
            yield from _sweep(path, seen)
        elif (asks_for_ending or path.lower().endswith(ENDINGS)) and _first_time(_real(path), seen):
            yield _read(path, named=False)


def _sweep(folder: str, seen: set[str]) -> Iterator[Input]:
    """Every manifest-like file below a folder, by name. Links to folders are followed, but not in circles."""
    waiting: list[Iterator[Input | tuple[str, str]]] = [_entries(folder, _real(folder), seen)]
    above = [_real(folder)]
    while waiting:
        entry = next(waiting[-1], None)
        if entry is None:
            waiting.pop()
            above.pop()
        elif isinstance(entry, Input):
            yield entry
        elif entry[1] in above:
            hint = "remove the link, or name the folders one by one"
            yield Input(shown(entry[0]), named=False, error=_error(entry[0], "is a link to a folder above it", hint))
        elif len(above) >= _MAX_DEPTH:
            reason = f"lies more than {_MAX_DEPTH} folders deep"
            yield Input(shown(entry[0]), named=False, error=_error(entry[0], reason, "name it directly"))
        elif _first_time(entry[1], seen):
            waiting.append(_entries(*entry, seen))
            above.append(entry[1])


def _entries(folder: str, real: str, seen: set[str]) -> Iterator[Input | tuple[str, str]]:
    """The inputs of one folder, and its sub-folders as (path, real path)."""
    try:
        with os.scandir(folder) as scan:
            entries = sorted(scan, key=lambda entry: entry.name)
    except OSError as error:
        yield Input(shown(folder), named=False, error=_unreadable(folder, error))
        return
    chart = os.path.basename(real) == "templates" and os.path.exists(os.path.join(real, os.pardir, "Chart.yaml"))
    for entry in entries:
        path = os.path.normpath(entry.path) if folder == "." else entry.path
        where = _real(entry.path) if entry.is_symlink() else os.path.join(real, entry.name)
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


def _real(path: str) -> str:
    """The path without links; as it is where rights do not suffice to follow them."""
    try:
        return os.path.realpath(path)
    except OSError:
        return os.path.abspath(path)


def _first_time(real: str, seen: set[str]) -> bool:
    if real in seen:
        return False
    seen.add(real)
    return True


def _is_glob(path: str) -> bool:
    return any(char in path for char in "*?[")


# ---- reading -------------------------------------------------------------------------------------------------------


def _read(path: str, *, named: bool) -> Input:
    try:
        return Input(shown(path), read_text(path), named)
    except InputError as error:
        return Input(shown(path), named=named, error=error)


def _from_stdin(stream: BinaryIO) -> Input:
    try:
        text = _decode(_limited(stream.read(MAX_BYTES + 1), STDIN), STDIN)
    except InputError as error:
        return Input(STDIN, error=error)
    except (OSError, ValueError) as error:
        return Input(STDIN, error=InputError(f"standard input cannot be read: {error}", file=STDIN))
    _stdin_lines[:] = _split(text)
    _lines.cache_clear()
    return Input(STDIN, text)


def _bytes(path: str) -> bytes:
    # Not blocking: between the look at the file and its opening somebody may have put a pipe there.
    waits = os.stat(path).st_mode
    blocking = stat.S_ISFIFO(waits) and _opened_by_shell(path)
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | (0 if blocking else os.O_NONBLOCK))
    with open(descriptor, "rb", buffering=0) as file:
        size = os.fstat(descriptor).st_size
        if size > MAX_BYTES:
            raise _too_large(path)
        parts = []
        length = 0
        while length <= MAX_BYTES and (part := file.read(max(size + 1 - length, 2**16))):
            parts.append(part)
            length += len(part)
    return _limited(b"".join(parts), path)


def _limited(content: bytes, path: str) -> bytes:
    if len(content) > MAX_BYTES:
        raise _too_large(path)
    return content


def _too_large(path: str) -> InputError:
    return _error(
        path, f"is larger than {MAX_BYTES // 2**20} MiB", "split it; the API server takes no object that large"
    )


_MARKS = (
    (b"\xff\xfe\x00\x00", "UTF-32"),
    (b"\x00\x00\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
)


def _decode(content: bytes, path: str) -> str:
    for mark, name in _MARKS:
        if content.startswith(mark):
            hint = "save it as UTF-8 (Windows PowerShell's `>` writes UTF-16: use `| Out-File -Encoding utf8`)"
            raise _error(path, f"is {name} text, which is not read", hint)
    if b"\x00" in content:
        raise _error(path, "is a binary file", "leave it out, or give the manifest it was made from")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        line = before.count(b"\n") + 1
        column = len(before.rpartition(b"\n")[2].decode("utf-8", "replace")) + 1
        raise InputError(
            f"{shown(path)} is not UTF-8 text: byte 0x{content[error.start]:02x} in line {line}",
            hint="save it as UTF-8",
            file=shown(path),
            line=line,
            column=column,
        ) from None


def _opened_by_shell(path: str) -> bool:
    """`<(helm template …)` gives such a path, and it has a writer."""
    return os.path.abspath(path).startswith(("/dev/fd/", "/proc/self/fd/", "/dev/stdin"))


_KINDS = (
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def _kind(mode: int) -> str:
    return next((words for test, words in _KINDS if test(mode)), "something else")


def _unreadable(path: str, error: Exception) -> InputError:
    if isinstance(error, InputError):
        return error
    if isinstance(error, FileNotFoundError) and os.path.islink(path):
        return _error(path, f"is a broken link to {shown(os.readlink(path))}", "mend or remove the link")
    if isinstance(error, FileNotFoundError):
        return _error(path, "does not exist", _nearest(path))
    if isinstance(error, PermissionError):
        return _error(path, "may not be read by this user", "give read rights (chmod +r), or leave it out")
    return _error(path, f"cannot be read: {_words(error)}", "leave it out, or mend it")


def _nearest(path: str) -> str:
    from difflib import get_close_matches

    folder, name = os.path.split(path)
    stem, ending = os.path.splitext(name)
    try:
        stems = [each.removesuffix(ending) for each in os.listdir(folder or ".") if each.endswith(ending)]
        close = get_close_matches(stem, stems, n=1, cutoff=0.7)
    except OSError:
        return f"the folder {shown(folder)} does not exist either; check the path"
    if close:
        return f"did you mean {shown(os.path.join(folder, close[0] + ending))}?"
    return f"check the path; the working folder is {shown(os.getcwd())}"


def _words(error: Exception) -> str:
    return (error.strerror or str(error)) if isinstance(error, OSError) else str(error)


def _error(path: str, what: str, hint: str) -> InputError:
    return InputError(f"{shown(path)} {what}", hint=hint, file=shown(path))


_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)


def _beside(path: str) -> str:
    """The beginning of a name for half-written text, in the same folder."""
    folder, name = os.path.split(path)
    return os.path.join(folder, f".{name[:100]}.{os.getpid()}")


def _appear(temporary: str, path: str, text: str) -> None:
    """Write beside, then give the name: a link fails where the name is taken, a rename would overwrite."""
    _write_through(temporary, text)
    try:
        os.link(temporary, path)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        _write_through(path, text)  # a file system without hard links
    finally:
        os.unlink(temporary)


def _write_through(path: str, text: str) -> None:
    """Write and flush to the disk, so that a name never points to half a file; nothing stays where that fails."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
    try:
        with open(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(descriptor)
    except OSError:
        os.unlink(path)
        raise
