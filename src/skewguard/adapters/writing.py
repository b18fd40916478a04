"""Writing results: whole or not at all, and nothing is overwritten that was not meant."""

import errno
import os
import tempfile
from contextlib import suppress
from shlex import quote

from skewguard.adapters import files
from skewguard.language.errors import UsageError

_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)


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
                f"{files.shown(path)} exists already and is left as it is",
                hint="remove it first, or print the text instead of writing it",
                file=files.shown(path),
            ) from None
        raise UsageError(f"cannot write {files.shown(path)}: {files.words_of(error)}") from None
    return path


def write_somewhere(name: str, text: str) -> str | None:
    """Write a file of this name where that is possible: in the working folder, else in the one for temporary files.

    Returns the path; None where neither takes it.
    """
    for folder in (os.curdir, tempfile.gettempdir()):
        with suppress(UsageError):
            return write_new(os.path.abspath(os.path.join(folder, name)), text)
    return None


def refuse_without_folder(path: str) -> None:
    """Raise `UsageError` where the folder that a result is to lie in is not there: made by a typo, nobody would look into it."""
    folder = os.path.dirname(files.real(files.at_home(path)))
    if not os.path.isdir(folder):
        raise UsageError(
            f"cannot write {files.shown(path)}: there is no folder {files.shown(folder)}",
            hint=f"mkdir -p {quote(files.shown(folder))}, or name a file in a folder that is there",
        )


def write(path: str, text: str) -> None:
    """Write a result, whole or not at all, in place of what stood there. A device such as `/dev/stderr` is written to.

    Raises `UsageError` when it cannot be written; no folder is made.
    """
    refuse_without_folder(path)
    path = files.at_home(path)
    target = files.real(path)  # a link stays a link
    temporary = f"{_beside(target)}.out"
    try:
        if os.path.exists(target) and not os.path.isfile(target):
            with open(path, "w", encoding="utf-8") as device:
                device.write(text)
            return
        _write_through(temporary, text)
        os.replace(temporary, target)
    except OSError as error:
        raise UsageError(f"cannot write {files.shown(path)}: {files.words_of(error)}") from None


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
