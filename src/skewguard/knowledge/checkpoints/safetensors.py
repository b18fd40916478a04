"""The header of a safetensors file: which tensors it holds, in which format.

The file begins with the header's length in 8 bytes, little-endian, then the header as JSON; the library refuses one of
more than 100 MB (`MAX_HEADER_SIZE` of safetensors), and so does this. The tensors follow; they are not looked at.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from msgspec import Struct

from skewguard.knowledge.checkpoints.values import Tensor, Weights
from skewguard.language.errors import InputError

PREFIX = 8
MOST = 100_000_000
INDEX = "model.safetensors.index.json"
_MISTRAL = "consolidated"  # the same weights once more, in Mistral's own format

Head = tuple[bytes, int]
"""The beginning of a file, with the whole header in it, and the size of the file in bytes."""


class _Entry(Struct):
    dtype: str
    shape: tuple[int, ...]
    data_offsets: tuple[int, int]


def weights(heads: Mapping[str, Head], index: Mapping[str, Any] | None, folder: str) -> Weights | None:
    """All weights of a checkpoint; None where it has none that can be told. `folder` goes before the names in messages.

    Where there is an index, the files it names are the checkpoint (as vLLM's `filter_duplicate_safetensors_files`
    takes them). Raises `InputError` for a file that is no safetensors file, or cut.
    """
    named = _shards(index)
    chosen = [name for name in heads if name in named] if named else _unindexed(heads)
    if not chosen:
        total = (index or {}).get("metadata", {}).get("total_size") if index else None
        return Weights(int(total), "index") if isinstance(total, int | float) else None
    found: dict[str, Tensor] = {}
    for name in chosen:
        found.update(tensors(heads[name], f"{folder}/{name}"))
    missing = tuple(name for name in named if name not in heads)
    return Weights(sum(tensor.bytes for tensor in found.values()), "headers", found, missing)


def _shards(index: Mapping[str, Any] | None) -> list[str]:
    named = (index or {}).get("weight_map")
    return sorted({name for name in named.values() if isinstance(name, str)}) if isinstance(named, Mapping) else []


def _unindexed(heads: Iterable[str]) -> list[str]:
    others = [name for name in heads if not name.startswith(_MISTRAL)]
    return others or list(heads)


def tensors(head: Head, file: str) -> dict[str, Tensor]:
    """The tensors of one file. Raises `InputError` for what is no safetensors file, and for one that is cut."""
    content, size = head
    length = int.from_bytes(content[:PREFIX], "little")
    if len(content) < PREFIX or not 0 < length <= MOST or len(content) < PREFIX + length:
        raise InputError(
            f"{file} does not begin with the header of a safetensors file",
            hint="it may be a pointer of Git LFS, or cut: fetch it whole, or give config.json alone",
            file=file,
        )
    entries = _entries(content[PREFIX : PREFIX + length], file)
    end = max((entry.data_offsets[1] for entry in entries.values()), default=0)
    if PREFIX + length + end > size:
        raise InputError(
            f"{file} is cut: its header names {PREFIX + length + end:,} bytes, and it has {size:,}",
            hint="fetch it again, or give config.json alone",
            file=file,
        )
    return {
        name: Tensor(entry.dtype, entry.shape, entry.data_offsets[1] - entry.data_offsets[0])
        for name, entry in entries.items()
    }


def _entries(header: bytes, file: str) -> dict[str, _Entry]:
    try:
        raw = msgspec.json.decode(header, type=dict[str, msgspec.Raw])
        return {name: msgspec.json.decode(text, type=_Entry) for name, text in raw.items() if name != "__metadata__"}
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise InputError(f"{file}: its safetensors header cannot be read: {error}", file=file) from None
