"""Where PostgreSQL's programs are: on PATH, or where Debian, the Red Hats and Homebrew put what is not on it."""

import os
import pwd
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

OLDEST = 12
"""Oldest release that tests use."""

_FOLDERS = (
    ("/usr/lib/postgresql", "*/bin"),
    ("/usr/pgsql-*", "bin"),
    ("/opt/homebrew/opt/postgresql@*", "bin"),
    ("/usr/local/opt/postgresql@*", "bin"),
    ("/usr/local/pgsql", "bin"),
)


class NotToBeHad(Exception):
    """There is no PostgreSQL to test with; says what would give one."""


class Account(Struct, frozen=True):
    """Whom the server runs as."""

    name: str
    uid: int
    gid: int


class Programs(Struct, frozen=True):
    """`initdb` and `postgres` of one release. `account` is whom to become; None: whoever starts it is no root."""

    initdb: Path
    postgres: Path
    account: Account | None


def find() -> Programs:
    """The programs of the newest release there is. Raises `NotToBeHad`."""
    found = {version: folder for folder in _candidates() if (version := _version(folder)) >= OLDEST}
    if not found:
        raise NotToBeHad("no PostgreSQL was found; as root on Debian or Ubuntu `make postgresql` installs it")
    folder = found[max(found)]
    return Programs(folder / "initdb", folder / "postgres", _account())


def _candidates() -> Iterator[Path]:
    for beginning, below in _FOLDERS:
        root = Path(beginning)
        for home in root.parent.glob(root.name):
            yield from home.glob(below)
    on_path = shutil.which("initdb")
    if on_path is not None:
        yield Path(on_path).resolve().parent


def _version(folder: Path) -> int:
    """The release that really answers there, 0 for none: names on PATH may lead nowhere."""
    programs = (folder / "initdb", folder / "postgres")
    if not all(os.access(program, os.X_OK) for program in programs):
        return 0
    said = subprocess.run([programs[1], "--version"], capture_output=True, text=True, check=False, timeout=30)
    number = re.search(r"\(PostgreSQL\) (\d+)", said.stdout)
    return int(number[1]) if number else 0


def _account() -> Account | None:
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid)
    raise NotToBeHad("PostgreSQL does not run as root, and there is no account `postgres` or `nobody` to run it as")
