"""The model's config.json as TGI's launcher reads it (`RawConfig` and `Config` of `launcher/src/main.rs`).

The launcher reads the top level alone. From 2.3.0 on it reads the quantization method too, and a method that it does not
know makes the whole file unreadable to it: every default is then the one for a model without config.json.
"""

from collections.abc import Mapping
from typing import Any

from skewguard.knowledge.engines.start_rules import Ground
from skewguard.knowledge.engines.versions import since

READS_METHOD = "2.3.0"
LAUNCHER = ("awq", "bitsandbytes", "bitsandbytes-fp4", "bitsandbytes-nf4", "eetq", "exl2", "fp8", "gptq", "marlin")
"""Methods that the launcher takes from config.json, from `READS_METHOD` on."""
SERVER: tuple[tuple[str, Mapping[str, str]], ...] = (
    ("2.0.0", {"awq": "awq", "gptq": "gptq"}),
    ("2.1.0", {"exl2": "exl2"}),
    ("2.2.0", {"fbgemm_fp8": "fp8"}),
    ("2.4.0", {"fp8": "fp8"}),
    ("2.4.1", {"compressed-tensors": "compressed-tensors"}),
)
"""Methods that the server takes from config.json itself, with what it runs, by the first release that does."""
COMPRESSED = "2.3.1"
"""The first release whose server looks for the method in `compression_config`, an older name of the section, too."""


def config(ground: Ground) -> Mapping[str, Any] | None:
    """The file as the launcher has it; None where it cannot read it, or nobody gave one."""
    if ground.checkpoint is None:
        return None
    method = _written(ground)
    if since(ground.version, READS_METHOD) and method is not None and method not in _of_launcher(ground.version):
        return None
    return ground.checkpoint.config


def positions(ground: Ground) -> int | None:
    """The positions that the launcher finds."""
    found = config(ground) or {}
    names = ["max_position_embeddings", "max_seq_len"]
    if since(ground.version, "2.0.4"):
        names.append("n_positions")
    return next((found[name] for name in names if isinstance(found.get(name), int)), None)


def head_size(ground: Ground) -> int | None:
    """Numbers of one attention head, as the launcher works them out."""
    found = config(ground) or {}
    own, hidden, heads = (
        found.get("head_dim"),
        found.get("hidden_size") or found.get("n_embd"),
        found.get("num_attention_heads"),
    )
    if isinstance(own, int):
        return own
    if isinstance(hidden, int) and isinstance(heads, int) and heads and hidden % heads == 0:
        return hidden // heads
    text = found.get("text_config")
    inner = text.get("head_dim") if isinstance(text, Mapping) else None
    if isinstance(inner, int) and since(ground.version, "3.2.2"):
        return inner
    gemma = isinstance(text, Mapping) and found.get("model_type") == "gemma3" and since(ground.version, "3.3.0")
    return 256 if gemma else None


def quantization_method(ground: Ground) -> tuple[str | None, str | None]:
    """What config.json names, and the method that runs for it; None where this release does not know it."""
    written = _written(ground)
    if written is None and since(ground.version, COMPRESSED):
        unnamed = "no method" if _section(ground, "compression_config") else None
        written = _method_in(ground, "compression_config") or unnamed
    if written is None:
        return None, None
    if since(ground.version, READS_METHOD) and written in _of_launcher(ground.version):
        return written, written
    known: dict[str, str] = {}
    for first, methods in SERVER:
        if since(ground.version, first):
            known.update(methods)
    return written, known.get(written)


def _of_launcher(version: str) -> tuple[str, ...]:
    return (*LAUNCHER, "compressed-tensors") if since(version, "2.4.1") else LAUNCHER


def _written(ground: Ground) -> str | None:
    return _method_in(ground, "quantization_config")


def _method_in(ground: Ground, name: str) -> str | None:
    method = _section(ground, name).get("quant_method")
    return str(method) if method is not None else None


def _section(ground: Ground, name: str) -> Mapping[str, Any]:
    found = (ground.checkpoint.config if ground.checkpoint is not None else {}).get(name)
    return found if isinstance(found, Mapping) else {}


def short_cache(ground: Ground) -> bool:
    """Whether a compressed-tensors checkpoint asks for a cache of 8-bit floats (`kv_cache_scheme`)."""
    section = _section(ground, "quantization_config") or _section(ground, "compression_config")
    scheme = section.get("kv_cache_scheme")
    return isinstance(scheme, Mapping) and (scheme.get("type"), scheme.get("num_bits")) == ("float", 8)
