"""Where files lie in a project: its folder, its files, and the path by which a file is known again."""

import os
from collections.abc import Collection
from functools import cache

from skewguard.adapters import files


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


def beside(file: str | None, path: str) -> str:
    """A path that is written in a file, which means it from its own folder; of no file: from the working folder."""
    path = files.at_home(path)
    return os.path.join(os.path.dirname(file), path) if file else path


def lies_in(path: str, others: Collection[str]) -> bool:
    """Whether a file is one of these, or lies in one of them."""
    real = files.real(path)
    return any(real == place or real.startswith(place + os.sep) for place in map(files.real, others))


def anchor_of(path: str) -> str:
    """The path of a file as it enters identities: relative to the folder that holds `.skewguard` or `.git`.

    Without either, relative to the working folder. Separators are `/` on every system.
    """
    if path == files.STDIN or not path:
        return path
    whole = os.path.abspath(path)
    root = _root(os.path.dirname(whole)) or os.getcwd()
    inside = whole.startswith(root + os.sep)
    return (whole[len(root) + 1 :] if inside else os.path.relpath(whole, root)).replace(os.sep, "/")


@cache
def _root(folder: str) -> str | None:
    if any(os.path.lexists(os.path.join(folder, name)) for name in (".skewguard", ".git")):
        return folder
    parent = os.path.dirname(folder)
    return None if parent == folder else _root(parent)


def forget() -> None:
    """Folders change between two calls of a long-lived process."""
    _root.cache_clear()
