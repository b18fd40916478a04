"""What goes into the arithmetic and what comes out of it."""

from typing import Literal

from msgspec import Struct

from skewguard.language.facts import Bound, Gap


class Plan(Struct, frozen=True):
    """How the engine runs the model, as its own rules resolved it; None is a value that is not known.

    `dtype` is the number format of the weights in memory (`bfloat16`), `kv_dtype` that of the KV cache (`auto` is the
    format of the weights). `length` is the longest request and `block` the KV block, both in tokens. `quantization`
    is the method asked for by a flag, where there is one.
    """

    dtype: str | None = None
    kv_dtype: str = "auto"
    length: int | None = None
    block: int | None = None
    tensor: int = 1
    pipeline: int = 1
    quantization: str | None = None


class Amount(Struct, frozen=True):
    """A number with its `unit`, and what it rests on. `bound` says on which side of it the truth can lie."""

    value: float
    unit: Literal["bytes", "bytes per token", "tokens", "requests", "tokens/s"]
    bound: Bound
    assumes: tuple[str, ...] = ()


Answer = Amount | Gap
"""Test with `isinstance`."""


def gap(setting: str, reason: str, would_need: str) -> Gap:
    """What this arithmetic cannot answer."""
    return Gap(setting=setting, reason=reason, rule="capacity", would_need=would_need)


def together(*parts: Amount) -> tuple[str, ...]:
    """What several amounts assume, each said once."""
    return tuple(dict.fromkeys(said for part in parts for said in part.assumes))
