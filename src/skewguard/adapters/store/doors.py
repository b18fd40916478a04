"""What a record is made of on its way in: redacted, whoever forgot to, and small; and on its way out.

Bodies come redacted from the room `report`. They are redacted here once more, since a secret in an append-only store could
never be taken out again; what is redacted already passes unchanged, to the byte.
"""

import re
import zlib

import msgspec

from skewguard.language import redact, redacted_documents

_ROWS = re.compile(r"\[[-+0-9.,\seEnultrfas]{40,}\]")
"""Arrays of numbers, `null`, `true` and `false`: millions of them need not be looked at one by one."""

_LEVEL = 1
"""Of compression: 6 takes nine times as long on rows of measurements, and makes them 8 % smaller."""

CODING = "zlib"


def body(content: bytes) -> str:
    """A JSON document, fit to be kept. Raises `ValueError` for what is none: an error of the caller."""
    return _json(content.decode())


def attachment(content: bytes) -> bytes:
    """A text, JSON or not, fit to be kept. Raises `ValueError` for bytes that are no UTF-8."""
    text = content.decode()
    try:
        return _json(text).encode()
    except msgspec.DecodeError:
        return redact.free_text(text).encode()


def packed(content: bytes) -> bytes:
    """Fewer bytes on the disk."""
    return zlib.compress(content, _LEVEL)


def unpacked(coding: str, content: bytes) -> bytes:
    """The bytes again. Raises `ValueError` for a coding that only a newer skewguard knows."""
    if coding != CODING:
        raise ValueError(f"the attachment is coded as {coding}")
    return zlib.decompress(content)


def _json(text: str) -> str:
    """JSON without secrets; the very text where there are none."""
    msgspec.json.decode(text, type=msgspec.Raw)  # is it JSON at all?
    short = msgspec.json.decode(_ROWS.sub("[0]", text))  # below a secret's name the 0 is masked, and all is looked at
    if redacted_documents.document(short) == short:
        return text
    return msgspec.json.encode(redacted_documents.document(msgspec.json.decode(text))).decode()
