"""The context length that vLLM takes from the model where nobody writes one.

Read in `_get_and_verify_max_len` and `ModelConfig.get_and_verify_max_len` (vllm/config.py, vllm/config/model.py),
`derive_max_model_len_and_key` (transformers_utils/model_arch_config_convertor.py) and `patch_rope_*`
(transformers_utils/config.py) of every release of the table. All of them look at the part of the config that generates
text, and multiply by what they take for the RoPE's scaling factor:

- to 0.5.3 the key is `type` alone, and a type that the release does not know stops the start: to 0.5.0 any factor counts
  but that of `su`, from 0.5.1 on also not that of `longrope`, in 0.5.3 of `extended`
- from 0.5.3.post1 on `rope_type` is read too, and `su`, `longrope` and `llama3` do not count; to 0.6.3 a type without
  factor stops the start (`mrope` excepted from 0.6.1 on), from 0.6.3.post1 on `rope_type` goes before `type`
- to 0.29 YaRN counts from the original length; from 0.30 on its factor is taken for applied already
- from 0.8.0 on Gemma 3's length is taken for scaled already
- from 0.8.3 on `model_max_length` of the config (Command-R) goes before the smallest of the keys
- 0.9.1 caps every model by the tokenizer's `model_max_length`, 0.9.2 those that pool, and from 0.10.0 on those of them
  with absolute positions
- from 0.11.1 on LongRoPE starts at the original length instead of the long one
- from 0.12 on `rope_parameters`, the form of Transformers 5, is read; releases before look at `rope_scaling` alone
"""

from collections.abc import Sequence

from skewguard.knowledge.checkpoints import Checkpoint, Rope
from skewguard.knowledge.engines import vllm_kinds
from skewguard.knowledge.engines.vllm_ground import Answer, Ground, derived, known, needs_model, of_model, open_answer
from skewguard.language.facts import Fact

KEYS = (
    "max_position_embeddings",
    "n_positions",
    "max_seq_len",
    "seq_length",
    "model_max_length",
    "max_target_positions",  # from 0.7.0 on
    "max_sequence_length",
    "max_seq_length",
    "seq_len",
)
WITHOUT_KEYS = 2048
"""Tokens that vLLM takes where no key of the config bounds the context."""

FITTED = (-1, "auto")
"""How one writes that the length is to fit into the GPU's memory."""

_UNSCALED = (
    ("0.5.3.post1", ("su", "longrope", "llama3")),
    ("0.5.3", ("su", "longrope", "extended")),
    ("0.5.1", ("su", "longrope")),
    ("0", ("su",)),
)
"""Types of RoPE whose factor does not make the context longer, by the first release that takes them so."""

_BY_TYPE = (
    ("linear", "0"),
    ("dynamic", "0"),
    ("yarn", "0"),
    ("su", "0"),
    ("longrope", "0.5.1"),
    ("deepseek_yarn", "0.5.1"),
    ("extended", "0.5.3"),
)
"""Types that releases to 0.5.3 know (`get_rope`, model_executor/layers/rotary_embedding.py), by their first release."""

_YARN = ("yarn", "deepseek_yarn", "deepseek_llama_scaling", "telechat3-yarn")
RULE = "vllm.max-model-len"


class _Unreadable(Exception):
    """This release cannot read the RoPE of this config: it would not start, or it hangs on Transformers' version."""


def max_model_len(setting: str, ground: Ground) -> Answer:
    """Unset: from the model's config; `auto` or -1 from 0.14 on: cut to what fits into the GPU's memory."""
    first = ground.era("0.8.3", "0.11.1", "0.30.0")
    if ground.declared("max_model_len") in FITTED and ground.since("0.14.0"):
        rule = f"vllm.max-model-len-fit@{first}"
        return needs_model(setting, ground, rule, "it is cut to what fits into the GPU's memory", ground.hardware.key)
    return full(setting, ground, f"{RULE}@{first}")


def full(setting: str, ground: Ground, rule: str) -> Answer:
    """The context length that the model has, memory left aside."""
    found = ground.checkpoint
    if found is None:
        return needs_model(setting, ground, rule, "the model's config decides the context length")
    key, length = _written(ground, found)
    if length is None and not found.decoder.class_known:
        reason = "config.json names no context length, and what its own class fills in is not known here"
        return open_answer(setting, rule, reason, (ground.model_key, f"class@{found.model_type}"), "the running server")
    try:
        tokens = _scaled(ground, found, WITHOUT_KEYS if length is None else length)
    except _Unreadable as error:
        return open_answer(
            setting, rule, str(error), (ground.model_key, f"transformers@vllm=={ground.version}"), "the running server"
        )
    capped = _capped(ground, found, tokens)
    if capped is not None:
        return of_model(setting, ground, "max-model-len", *capped)
    if key is None:
        return derived(setting, ground, "max-model-len", tokens, "config.json names no context length")
    return of_model(setting, ground, "max-model-len", tokens, f"{key} in config.json")


def _written(ground: Ground, found: Checkpoint) -> tuple[str | None, int | None]:
    """The key that bounds the context, and its tokens."""
    lengths = found.decoder.lengths
    keys = [key for key in KEYS if key in lengths and (key != "max_target_positions" or ground.since("0.7.0"))]
    key = min(keys, key=lambda name: lengths[name], default=None)
    if ground.since("0.8.3") and lengths.get("model_max_length"):
        key = "model_max_length"
    tokens = lengths[key] if key is not None else None
    window = found.decoder.sliding_window
    if ground.declared("disable_sliding_window") is True and window is not None and (tokens is None or window < tokens):
        return "sliding_window", window
    return key, tokens


def ropes(ground: Ground, found: Checkpoint) -> Sequence[Rope]:
    """The RoPE parameters that this release sees: those of the part that generates text, in a form that it reads."""
    at = "text" if found.decoder.key is not None else "config"
    return [
        rope
        for rope in found.ropes
        if rope.at == at and rope.details and (rope.form == "rope_scaling" or ground.since("0.12.0"))
    ]


def _scaled(ground: Ground, found: Checkpoint, length: int) -> int:
    """The length after the RoPE's scaling. Raises `_Unreadable`."""
    seen = ropes(ground, found)
    kind = found.decoder.model_type or found.model_type or ""
    if not seen or (ground.since("0.8.0") and "gemma3" in kind):
        return length
    factor: float = 1.0
    unscaled = next(types for first, types in _UNSCALED if ground.since(first))
    for rope in seen:
        method = _type(ground, rope)
        if method in unscaled or (ground.since("0.30.0") and method in _YARN):
            continue
        factor = _factor(ground, rope, method, factor)
        if method == "yarn":
            length = _original(rope)
    start = found.decoder.lengths.get("original_max_position_embeddings")
    if ground.since("0.11.1") and start is not None and any(rope.type in ("longrope", "su") for rope in seen):
        return start
    return int(length * factor)


def _type(ground: Ground, rope: Rope) -> str:
    old, new = rope.details.get("type"), rope.details.get("rope_type")
    if not ground.since("0.5.3.post1"):
        if not any(old == name and ground.since(first) for name, first in _BY_TYPE):
            raise _Unreadable(f"vLLM {ground.version} cannot read RoPE of type {rope.type}, and does not start")
        return str(old)
    chosen = old if old is not None and not ground.since("0.6.3.post1") else new if new is not None else old
    if chosen is None:
        if ground.since("0.23.0"):
            return "default"
        raise _Unreadable(f"the RoPE in config.json names no type, and vLLM {ground.version} does not start with it")
    return "default" if chosen == "mrope" and ground.since("0.6.3.post1") else str(chosen)


def _factor(ground: Ground, rope: Rope, kind: str, before: float) -> float:
    if rope.factor is not None:
        return 1.0 if kind == "mrope" and not ground.since("0.6.3.post1") else rope.factor
    if ground.since("0.6.3.post1") or (kind == "mrope" and ground.since("0.6.1")):
        return before
    raise _Unreadable(f"vLLM {ground.version} needs a factor for RoPE of type {kind}, and does not start without one")


def _original(rope: Rope) -> int:
    if rope.original_length is None:
        raise _Unreadable("the YaRN in config.json names no original length, and what stands in hangs on Transformers")
    return rope.original_length


def _capped(ground: Ground, found: Checkpoint, tokens: int) -> tuple[int, str] | None:
    """The length where something beside the config bounds it, and what that is."""
    limit = found.tokenizer_length
    pools = vllm_kinds.pooling(ground)
    absolute = found.config.get("position_embedding_type") == "absolute"
    everyone = ground.since("0.9.1") and not ground.since("0.9.2")
    asked = everyone or (pools and ground.since("0.9.2") and (absolute or not ground.since("0.10.0")))
    if asked and limit is not None and limit < tokens:
        return limit, "model_max_length in tokenizer_config.json"
    sentence = found.sentence or {}
    inside = sentence.get("max_seq_length")
    if ground.since("0.6.4") and isinstance(inside, int) and "do_lower_case" in sentence:
        return inside, "max_seq_length of its Sentence Transformers config"
    return None


def length(ground: Ground) -> Answer:
    """The context length that other rules reckon with: as written, else the model's, before any fitting to memory."""
    written = ground.declared("max_model_len")
    if known(written) and written not in FITTED:
        return ground.ask("max_model_len")
    if known(written) or written is None:
        return full("limits.max_model_len", ground, f"{RULE}@{ground.era('0.8.3', '0.11.1', '0.30.0')}")
    return ground.ask("max_model_len")


def tokens_of(answer: Answer) -> int | None:
    """The tokens of a context length that is known."""
    return answer.value if isinstance(answer, Fact) and isinstance(answer.value, int) else None
