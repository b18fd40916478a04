"""What a record is made of on its way in: redacted, whoever forgot to, and small; and on its way out.

Bodies come redacted from the room `report`. They are redacted here once more, since a secret in an append-only store could
never be taken out again; what is redacted already passes unchanged, to the byte.
"""

import re
import zlib

import msgspec

from skewguard.language import redact, redacted_documents

_NUMBERS = re.compile(r"[-+0-9.eE,\s\[\]]{40,}")
"""Long rows of numbers. They are nobody's secret, and a million of them need not be searched for one."""

CODING = "zlib"


def body(content: bytes) -> str:
    """A JSON document, fit to be kept. Raises `ValueError` for what is none: an error of the caller."""
    return _json(content.decode())


def attachment(content: bytes) -> bytes:
    """A text, fit to be kept. Raises `ValueError` for bytes that are no UTF-8."""
    text = content.decode()
    shortened = _NUMBERS.sub(" ", text)
    if redact.free_text(shortened) == shortened and not _names_a_secret(shortened):
        return content
    try:
        return _json(text).encode()
    except msgspec.DecodeError:
        return redact.free_text(text).encode()


def packed(content: bytes) -> bytes:
    """Fewer bytes on the disk; level 6 is where more costs time and saves little."""
    return zlib.compress(content, 6)


def unpacked(coding: str, content: bytes) -> bytes:
    """The bytes again. Raises `ValueError` for a coding that only a newer skewguard knows."""
    if coding != CODING:
        raise ValueError(f"the attachment is coded as {coding}")
    return zlib.decompress(content)


def _json(text: str) -> str:
    tree = msgspec.json.decode(text)
    shown = redacted_documents.document(tree)
    return text if shown == tree else msgspec.json.encode(shown).decode()


def _names_a_secret(text: str) -> bool:
    """Whether a key of it names one; then its values are looked at one by one."""
    from skewguard.language import secret_names

    keys = set(re.findall(r'"([^"\\]{1,80})"\s*:', text))
    return any(secret_names.is_secret(key) for key in keys)
