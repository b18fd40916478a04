"""Which database is meant: a file of SQLite or a server of PostgreSQL, and how it is called where people read it."""

import os
import re
import sys
from collections.abc import Mapping
from typing import Literal
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from msgspec import Struct

from skewguard.adapters import files
from skewguard.language import redact
from skewguard.language.errors import UsageError

_POSTGRESQL = ("postgresql", "postgres")
_HINT = "sqlite:///PATH, a plain path, or postgresql://USER@HOST/DATABASE"


_CONNINFO = re.compile(
    r"\s*(?:postgres(?:ql)?:|(?:\w+\s*=\s*\S*\s+)*(?:host|hostaddr|dbname|service|password|passfile)\s*=)",
    re.IGNORECASE,
)
"""What libpq would take for its own, and a file would be named after, password and all."""

_HOSTS = re.compile(r"(?:(?:\[[^\]]*\]|[^:,\[\]]*)(?::\d*)?(?:,|\Z))*")


class Place(Struct, frozen=True):
    """One database. `target` is a path, or the URL as libpq reads it; `shown` is fit to be printed: no password in it.

    `default`: nobody named it. `secrets` are what no message may repeat.
    """

    backend: Literal["sqlite", "postgresql"]
    target: str
    shown: str
    default: bool = False
    secrets: tuple[str, ...] = ()

    def clean(self, text: str) -> str:
        """A message of the database, fit to be shown."""
        for secret in self.secrets:
            text = text.replace(secret, redact.pseudonym(unquote(secret)))
        return redact.free_text(text)


def place(url: str | None, environ: Mapping[str, str], beside: str | None = None) -> Place:
    """The database that `url` names; None: the user's own. Raises `UsageError` for what names none."""
    folder = os.path.dirname(beside or "")
    if not url:
        path = _own(environ)
        return Place("sqlite", path, files.shown(path), default=True)
    scheme, colon, _ = url.partition("://")
    if not colon:
        if _CONNINFO.match(url):
            raise UsageError("the store is written as words for libpq, and a URL is needed", hint=f"a store is {_HINT}")
        return _file(url, folder)
    if scheme.lower() in _POSTGRESQL:
        return _server(url)
    if scheme.lower() == "sqlite":
        return _sqlite_url(url, folder)
    raise UsageError(f"no store can be opened at {redact.free_text(scheme)}://…", hint=f"a store is {_HINT}")


def _own(environ: Mapping[str, str]) -> str:
    """XDG base directories; on macOS the folder that Apple gives to applications."""
    if sys.platform == "darwin" and not environ.get("XDG_DATA_HOME"):
        folder = os.path.join(_home(environ), "Library", "Application Support")
    else:
        given = environ.get("XDG_DATA_HOME", "")
        # The specification: a path that is not absolute is invalid, and ignored.
        folder = given if os.path.isabs(given) else os.path.join(_home(environ), ".local", "share")
    return os.path.join(folder, "skewguard", "store.db")


def _home(environ: Mapping[str, str]) -> str:
    home = environ.get("HOME") or os.path.expanduser("~")
    if not os.path.isabs(home):
        raise UsageError(
            "there is no home folder to keep records in", hint=f"name a store, with SKEWGUARD_STORE or --store: {_HINT}"
        )
    return home


def _sqlite_url(url: str, folder: str) -> Place:
    """`sqlite:///relative.db` and `sqlite:////absolute.db`, as every tool on SQLAlchemy reads them."""
    host, slash, path = url.partition("://")[2].partition("/")
    if host or not slash or not path:
        raise UsageError(
            f"{redact.free_text(files.shown(url))} names no file",
            hint="write sqlite:///relative/path.db or, with four slashes, sqlite:////absolute/path.db",
        )
    return _file(unquote(path), folder)


def _file(path: str, folder: str) -> Place:
    whole = os.path.abspath(os.path.join(folder, files.at_home(path)))
    above = os.path.dirname(whole)
    if os.path.isdir(whole):
        raise UsageError(
            f"the store cannot lie at {files.shown(whole)}: that is a folder, and a store is one file",
            hint=f"name a file in it: --store {files.shown(os.path.join(whole, 'skewguard.db'))}",
        )
    if not os.path.isdir(above):
        absolute = not os.path.isabs(path) and os.path.isdir(os.path.dirname(f"/{path}"))
        raise UsageError(
            f"the store cannot lie at {files.shown(whole)}: {files.shown(above)} is no folder",
            hint=f"for an absolute path write sqlite:////{path}" if absolute else f"mkdir -p {files.shown(above)}",
        )
    return Place("sqlite", whole, files.shown(whole))


def _server(url: str) -> Place:
    login, host, parts = _split(url)
    user, _, password = login.partition(":")
    asked = dict(parse_qsl(parts.query, keep_blank_values=True))
    raw = [word.partition("=") for word in parts.query.split("&")]
    secret = [value for name, _, value in raw if name in ("password", "sslpassword")]
    secrets = {each for word in (password, *secret) for each in (word, unquote(word)) if each}
    host = asked.get("host") or host
    if asked.get("service"):
        host = host or f"service {asked['service']}"
    named = f"{unquote(user)}@" if user else ""
    shown = f"postgresql://{named}{host}/{asked.get('dbname') or parts.path.lstrip('/')}"
    return Place("postgresql", url, redact.free_text(shown), secrets=tuple(sorted(secrets, key=len, reverse=True)))


def _split(url: str) -> tuple[str, str, SplitResult]:
    """User and password, hosts, and the rest: where libpq sees them, to which `#` and `?` may stand in a password.

    Raises `UsageError` where a password may stand where a host or a database is meant; it is not repeated.
    """
    rest = url.partition("://")[2]
    before, slash, after = rest.partition("/")
    login, at, host = before.partition("@")
    try:
        parts = urlsplit(f"postgresql://{host if at else before}{slash}{after}")
    except ValueError:
        parts = None
    if parts is None or not _HOSTS.fullmatch(parts.netloc) or "@" in parts.netloc + parts.path or parts.fragment:
        raise UsageError(
            "the URL of the store cannot be read: its host or its database holds what neither may hold",
            hint="in a password write `/` as %2F and `@` as %40, or leave it to PGPASSWORD or ~/.pgpass",
        )
    return login if at else "", parts.netloc, parts
