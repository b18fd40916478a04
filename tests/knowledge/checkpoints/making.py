"""Checkpoints made for tests: configs as their families write them, cut to what matters, and safetensors headers."""

import json
import struct
from typing import Any

from skewguard.knowledge import checkpoints
from skewguard.knowledge.checkpoints import Checkpoint

WIDTHS = {"F32": 4, "BF16": 2, "F16": 2, "F8_E4M3": 1, "I8": 1}


def head(tensors: dict[str, tuple[str, tuple[int, ...]]], *, cut: int = 0) -> tuple[bytes, int]:
    """The beginning of a safetensors file with these tensors, and its size; `cut` bytes are missing at its end."""
    entries: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    end = 0
    for name, (dtype, shape) in tensors.items():
        count = 1
        for length in shape:
            count *= length
        entries[name] = {"dtype": dtype, "shape": shape, "data_offsets": [end, end + count * WIDTHS[dtype]]}
        end += count * WIDTHS[dtype]
    header = json.dumps(entries).encode()
    return struct.pack("<Q", len(header)) + header, 8 + len(header) + end - cut


def of(config: dict[str, Any], heads: dict[str, tuple[bytes, int]] | None = None, **files: Any) -> Checkpoint:
    """A checkpoint folder with this config; other files by name, `__` for the dot."""
    texts = {"config.json": json.dumps(config)}
    for name, content in files.items():
        texts[name.replace("__", ".")] = content if isinstance(content, str) else json.dumps(content)
    return checkpoints.read(texts, heads or {}, "models/it", whole=True)


def alone(config: dict[str, Any]) -> Checkpoint:
    """A config.json of which nobody gave the folder."""
    return checkpoints.read({"config.json": json.dumps(config)}, {}, "config.json", whole=False)
