"""The text of one file or stream, with every limit and the words for what cannot be read.

Nothing here blocks: a pipe without a writer, a device or a socket is refused before it is opened for reading.
"""

import os
import re
import stat
from functools import lru_cache
from typing import BinaryIO

from skewguard.language.errors import InputError

MAX_BYTES = 32 * 2**20
"""Largest input that is read; the API server itself takes objects of 3 MiB at most."""

MOST_OF_RESULTS = 1024 * 2**20
"""Largest file of measurements that is read: a row for each request, with every gap between its chunks."""

STDIN = "<stdin>"
"""How standard input is called in results."""


def read_text(path: str, most_bytes: int = MAX_BYTES) -> str:
    """The text of one file, UTF-8. Raises `InputError` with the file's name and what to do."""
    try:
        found = os.stat(path)
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from None
    if stat.S_ISDIR(found.st_mode):
        raise error_of(path, "is a folder", "name a file in it")
    if not stat.S_ISREG(found.st_mode) and not (stat.S_ISFIFO(found.st_mode) and _opened_by_shell(path)):
        raise error_of(path, f"is {_kind(found.st_mode)}, not a file", "give a file, or `-` to read standard input")
    try:
        return _decode(_bytes(path, most_bytes), path)
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from None


def read_stream(stream: BinaryIO, most_bytes: int = MAX_BYTES) -> str:
    """The text of standard input, whose lines are kept for showing them. Raises `InputError`."""
    try:
        text = _decode(_limited(stream.read(most_bytes + 1), STDIN, most_bytes), STDIN)
    except (OSError, ValueError) as error:
        raise InputError(f"standard input cannot be read: {error}", file=STDIN) from None
    _stdin_lines[:] = _split(text)
    _lines.cache_clear()
    return text


def at_home(path: str) -> str:
    """A path with `~` as the home folder, where no shell did it: none does in `--contract=~/x`, nor between quotes."""
    return os.path.expanduser(path) if path.startswith("~") and not os.path.lexists(path) else path


def exists(path: str) -> bool:
    """Whether the name is taken, also by a broken link."""
    return os.path.lexists(path)


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
    if text.isascii() and "\r" not in text:
        return text.split("\n")
    return re.split(r"\r\n|[\r\n\x85\u2028\u2029]", text)


_stdin_lines: list[str] = []
"""Standard input can be read once; its lines are kept for showing them."""


def forget() -> None:
    """Files change between two calls of a long-lived process."""
    _lines.cache_clear()


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


def name(path: str) -> str:
    """The last part of a path."""
    return os.path.basename(path)


def real(path: str) -> str:
    """The path without links; as it is where rights do not suffice to follow them."""
    try:
        return os.path.realpath(path)
    except OSError:
        return os.path.abspath(path)


# ---- reading -------------------------------------------------------------------------------------------------------


def _bytes(path: str, most_bytes: int) -> bytes:
    # Not blocking: between the look at the file and its opening somebody may have put a pipe there.
    waits = os.stat(path).st_mode
    blocking = stat.S_ISFIFO(waits) and _opened_by_shell(path)
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | (0 if blocking else os.O_NONBLOCK))
    with open(descriptor, "rb", buffering=0) as file:
        size = os.fstat(descriptor).st_size
        if size > most_bytes:
            raise _too_large(path, most_bytes)
        parts = []
        length = 0
        while length <= most_bytes and (part := file.read(max(size + 1 - length, 2**16))):
            parts.append(part)
            length += len(part)
    return _limited(b"".join(parts), path, most_bytes)


def _limited(content: bytes, path: str, most_bytes: int) -> bytes:
    if len(content) > most_bytes:
        raise _too_large(path, most_bytes)
    return content


def _too_large(path: str, most_bytes: int) -> InputError:
    what = "split it" + ("; the API server takes no object that large" if most_bytes == MAX_BYTES else "")
    return error_of(path, f"is larger than {most_bytes // 2**20} MiB", what)


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
            raise error_of(path, f"is {name} text, which is not read", hint)
    if b"\x00" in content:
        raise error_of(path, "is a binary file", "leave it out, or give the manifest it was made from")
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


def unreadable(path: str, error: Exception) -> InputError:
    """Why a file or folder cannot be read, in words, and what to do."""
    if isinstance(error, InputError):
        return error
    if isinstance(error, FileNotFoundError) and os.path.islink(path):
        return error_of(path, f"is a broken link to {shown(os.readlink(path))}", "mend or remove the link")
    if isinstance(error, FileNotFoundError):
        return error_of(path, "does not exist", _nearest(path))
    if isinstance(error, PermissionError):
        return error_of(path, "may not be read by this user", "give read rights (chmod +r), or leave it out")
    return error_of(path, f"cannot be read: {words_of(error)}", "leave it out, or mend it")


def _nearest(path: str) -> str:
    from difflib import get_close_matches

    if " " in path and not os.path.isdir(os.path.split(path)[0] or "."):
        return "a command line is written as 'ENGINE==VERSION -- COMMAND', such as 'vllm==0.11.0 -- serve MODEL'"
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


def words_of(error: Exception) -> str:
    """What the system says of it."""
    return (error.strerror or str(error)) if isinstance(error, OSError) else str(error)


def error_of(path: str, what: str, hint: str) -> InputError:
    """An error about a file: what is wrong with it, and what to do."""
    return InputError(f"{shown(path)} {what}", hint=hint, file=shown(path))
