"""Positions: the RoPE of a config in its old and new forms, and the keys that bound the context."""

from collections.abc import Iterator
from typing import Literal

from skewguard.knowledge.checkpoints.fields import Fields
from skewguard.knowledge.checkpoints.values import Rope

LENGTHS = (
    "max_position_embeddings",
    "n_positions",
    "max_seq_len",
    "seq_length",
    "model_max_length",
    "max_target_positions",
    "max_sequence_length",
    "max_seq_length",
    "seq_len",
    "n_ctx",
    "original_max_position_embeddings",
    "max_source_positions",
)
"""Every key that some engine, or the model's own code, takes for a length in tokens."""

LAYER_TYPES = ("full_attention", "sliding_attention", "chunked_attention", "linear_attention", "main", "compress")
"""The names under which `rope_parameters` holds one set per layer type."""


def lengths(fields: Fields) -> dict[str, int]:
    """The lengths that a config names, in tokens."""
    found = {name: fields.integer(name) for name in LENGTHS}
    return {name: length for name, length in found.items() if length is not None}


def ropes(fields: Fields, at: Literal["config", "text"]) -> Iterator[Rope]:
    """Each set of RoPE parameters of a config; of both forms in one file the new one counts, as in Transformers 5."""
    new, old = fields.part("rope_parameters"), fields.part("rope_scaling")
    form: Literal["rope_scaling", "rope_parameters"] = "rope_parameters" if new else "rope_scaling"
    chosen = new or old
    if chosen is None:
        theta = fields.number("rope_theta", "rotary_emb_base")
        if theta is not None:
            yield Rope(None, theta=theta, at=at, form="rope_scaling")
        return
    nested = [name for name in chosen.values if name in LAYER_TYPES]
    if not nested:
        yield _rope(chosen, fields, at, form, None)
    for name in nested:
        inner = chosen.part(name)
        if inner is not None:
            yield _rope(inner, fields, at, form, name)


def _rope(
    fields: Fields,
    above: Fields,
    at: Literal["config", "text"],
    form: Literal["rope_scaling", "rope_parameters"],
    layers: str | None,
) -> Rope:
    theta = fields.number("rope_theta")
    return Rope(
        type=fields.text("rope_type", "type"),
        factor=fields.number("factor"),
        original_length=fields.integer("original_max_position_embeddings"),
        theta=theta if theta is not None else above.number("rope_theta", "rotary_emb_base"),
        layers=layers,
        at=at,
        form=form,
        details=fields.values,
    )
