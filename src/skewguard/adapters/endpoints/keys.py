"""An engine's API key: from a variable or a file, never from the command line, which everybody on the machine can read."""

import os

from msgspec import Struct

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
            raise InputError(f"cannot read the API key: {error}", file=file) from None
    text = os.environ.get(variable or usual)
    if text is None and variable is not None:
        raise InputError(f"the API key is to be in {variable}, which is not set", hint=f"export {variable}=…")
    return _key(text, f"${variable or usual}") if text is not None else None


def _key(text: str, source: str) -> Key:
    text = text.strip()
    if not text or not text.isascii() or not text.isprintable():
        raise InputError(f"{source} holds no API key: it is one line of printable ASCII")
    return Key(text, source)
