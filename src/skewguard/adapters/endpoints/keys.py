"""An engine's API key: from a variable or a file, never from the command line, which everybody on the machine can read."""

import os
import re

from msgspec import Struct

from skewguard.language import redact
from skewguard.language.errors import InputError

KEY_VARIABLE = "SKEWGUARD_API_KEY"
"""The variable that an engine's API key is taken from where none is named."""
PROMETHEUS_VARIABLE = "SKEWGUARD_PROMETHEUS_TOKEN"
"""The variable that a token for Prometheus is taken from where none is named."""


class Key(Struct, frozen=True):
    """An engine's API key, and where it came from; only the latter is ever shown."""

    text: str
    source: str

    def __repr__(self) -> str:
        return f"Key(from {self.source})"


def key_from(variable: str | None = None, file: str | None = None, *, usual: str = KEY_VARIABLE) -> Key | None:
    """The API key of a file or of a variable; None where neither is named and the usual variable is not set.

    Raises `InputError` where the named one cannot be had.
    """
    if file is not None:
        try:
            with open(file, encoding="utf-8") as opened:
                return _key(opened.read(8192), file)
        except (OSError, UnicodeDecodeError) as error:
            raise _unreadable(file, error) from None
    if variable is not None and not _VARIABLE.fullmatch(variable):
        raise _typed("no name of a variable", "a variable")
    text = os.environ.get(variable or usual)
    if text is None and variable is not None:
        if _may_be_key(variable):
            raise _typed("no variable that is set", "a variable")
        raise InputError(f"the API key is to be in {variable}, which is not set", hint=f"export {variable}=…")
    return _key(text, f"${variable or usual}") if text is not None else None


_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_BEGINS = re.compile(r"sk-|hf_|nvapi-|eyJ|gh[pousr]_|glpat-|Bearer ", re.IGNORECASE)


def _may_be_key(text: str) -> bool:
    """Whether somebody may have typed the key where its place was asked for; in doubt yes: it is then not repeated."""
    if _BEGINS.match(text) or redact.free_text(text) != text:
        return True
    mixed = any(letter.isdigit() for letter in text) and any(letter.islower() for letter in text)
    return mixed and len(text) >= 12 and re.fullmatch(r"[A-Za-z0-9_+=-]+", text) is not None


def _typed(what: str, place: str) -> InputError:
    """The refusal of what may be a key itself, without it."""
    return InputError(
        f"what was given in place of the API key's {place.removeprefix('a ')} is {what}; it may be the key, and is not repeated here",
        hint=f"name {place} that holds the key: everybody on this machine can read the command line",
    )


def _unreadable(file: str, error: Exception) -> InputError:
    if isinstance(error, FileNotFoundError) and _may_be_key(file):
        return _typed("no file", "a file")
    reason = (error.strerror or "it cannot be opened").lower() if isinstance(error, OSError) else "it is no text"
    return InputError(
        f"the API key cannot be read: {reason}", hint="name a file that holds the key and nothing else", file=file
    )


def _key(text: str, source: str) -> Key:
    text = text.strip()
    if not text or not text.isascii() or not text.isprintable():
        raise InputError(f"{source} holds no API key: it is one line of printable ASCII")
    return Key(text, source)
