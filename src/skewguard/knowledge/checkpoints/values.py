"""A checkpoint as a value. What a file does not say is None, never 0; what it says beyond this stays in `config`."""

from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Struct, field

LayerKind = Literal["full", "sliding", "chunked", "linear", "mamba", "none"]
"""What a layer keeps of the past: all of it, a window, a chunk, a state (linear attention or Mamba), or nothing."""


class Rope(Struct, frozen=True):
    """How positions are encoded, from `rope_scaling` (old form) or `rope_parameters` (new form).

    `type` is as written, the old key `type` counting like `rope_type`. `layers` is the layer type it is for where the
    config tells layer types apart. `at` says whose it is: the whole config's ("config") or the text part's ("text").
    """

    type: str | None
    factor: float | None = None
    original_length: int | None = None
    theta: float | None = None
    layers: str | None = None
    at: Literal["config", "text"] = "config"
    form: Literal["rope_scaling", "rope_parameters"] = "rope_scaling"
    details: Mapping[str, Any] = field(default_factory=dict)


class Experts(Struct, frozen=True):
    """The experts of a mixture: how many, how many a token takes, their inner width, and those every token takes."""

    count: int
    per_token: int | None = None
    intermediate_size: int | None = None
    shared: int | None = None


class LatentAttention(Struct, frozen=True):
    """Multi-head latent attention (MLA): one compressed vector of `kv_lora_rank + rope_head_dim` per token and layer."""

    kv_lora_rank: int
    rope_head_dim: int | None = None
    nope_head_dim: int | None = None
    value_head_dim: int | None = None
    q_lora_rank: int | None = None


class StateSpace(Struct, frozen=True):
    """The state that Mamba and linear-attention layers keep for a request, by the config's own keys."""

    sizes: Mapping[str, int]


class Decoder(Struct, frozen=True):
    """The part that generates text. In a multimodal checkpoint it is a sub-config, named by `key`.

    Sizes are counts of elements: as written, else as the class of Transformers has them, and `filled` names those;
    `class_known` tells whether its class is known, so that what is None is None there too. `cache_heads` and
    `head_size` say what engines take where both leave them out. `lengths` holds every key that can bound the context, in tokens.
    `layer_kinds` has one entry per layer where the config tells layers apart, and is empty where it does not.
    """

    key: str | None = None
    model_type: str | None = None
    hidden_size: int | None = None
    intermediate_size: int | None = None
    layers: int | None = None
    heads: int | None = None
    kv_heads: int | None = None
    head_dim: int | None = None
    vocab_size: int | None = None
    tie_word_embeddings: bool | None = None
    sliding_window: int | None = None
    lengths: Mapping[str, int] = field(default_factory=dict)
    layer_kinds: tuple[LayerKind, ...] = ()
    experts: Experts | None = None
    latent: LatentAttention | None = None
    state: StateSpace | None = None
    class_known: bool = False
    filled: tuple[str, ...] = ()
    config: Mapping[str, Any] = field(default_factory=dict)

    @property
    def cache_heads(self) -> int | None:
        """Heads of keys and values: as written, else as many as there are heads."""
        return self.kv_heads if self.kv_heads is not None else self.heads

    @property
    def head_size(self) -> int | None:
        """Elements of one head: as written, else the hidden size shared among the heads."""
        if self.head_dim is not None:
            return self.head_dim
        if self.hidden_size is None or not self.heads:
            return None
        return self.hidden_size // self.heads


class Quantization(Struct, frozen=True):
    """How one file says that the weights are quantized.

    `method` is the `quant_method` in lower case, None where the file names none. `kv_cache` is what it says of the KV
    cache (`kv_cache_scheme`, or ModelOpt's `kv_cache_quant_algo`), None where it says nothing.
    """

    file: str
    method: str | None
    bits: int | None = None
    group_size: int | None = None
    kv_cache: Any = None
    details: Mapping[str, Any] = field(default_factory=dict)


class Dtypes(Struct, frozen=True):
    """The number formats that the config names, in the parts that can name one: `bfloat16`, `float32`, …"""

    config: str | None = None
    text: str | None = None
    vision: str | None = None
    encoder: str | None = None


class Tensor(Struct, frozen=True):
    """One tensor of a safetensors file: its format as written there (`BF16`), shape and bytes."""

    dtype: str
    shape: tuple[int, ...]
    bytes: int


class Weights(Struct, frozen=True):
    """The weights as the headers of the safetensors files have them; `bytes` counts the tensors, not the files.

    From the index alone (`source` "index") only the total is known. `missing` are shards that the index names and that
    are not there: `bytes` is then less than all.
    """

    bytes: int
    source: Literal["headers", "index"]
    tensors: Mapping[str, Tensor] = field(default_factory=dict)
    missing: tuple[str, ...] = ()

    @property
    def by_dtype(self) -> dict[str, int]:
        """Bytes of each number format."""
        found: dict[str, int] = {}
        for tensor in self.tensors.values():
            found[tensor.dtype] = found.get(tensor.dtype, 0) + tensor.bytes
        return found

    @property
    def parameters(self) -> int | None:
        """Elements of all tensors; None where only the total of bytes is known."""
        if not self.tensors:
            return None
        return sum(_elements(tensor.shape) for tensor in self.tensors.values())


def _elements(shape: tuple[int, ...]) -> int:
    count = 1
    for size in shape:
        count *= size
    return count


class Checkpoint(Struct, frozen=True):
    """The files of one checkpoint. `name` is the folder or file they came from, `files` the names that were read.

    `whole` is True for a folder: a file that is not there does not exist. From a lone config.json nothing else is
    known, and `generation`, `tokenizer` and `weights` being None then says nothing. `sentence` and `modules` are what
    Sentence Transformers lays beside a model that embeds: its tokenizer's limits, and the types of its modules; `pooling`
    is how it makes one vector of those of all tokens (`mean`, `cls`, `last`).
    """

    name: str
    files: tuple[str, ...]
    whole: bool
    architectures: tuple[str, ...]
    model_type: str | None
    decoder: Decoder
    dtypes: Dtypes
    ropes: tuple[Rope, ...] = ()
    quantizations: tuple[Quantization, ...] = ()
    generation: Mapping[str, Any] | None = None
    tokenizer: Mapping[str, Any] | None = None
    chat_template: str | None = None
    sentence: Mapping[str, Any] | None = None
    modules: tuple[str, ...] | None = None
    pooling: str | None = None
    weights: Weights | None = None
    config: Mapping[str, Any] = field(default_factory=dict)

    @property
    def quantization(self) -> Quantization | None:
        """What says how it is quantized, the config first."""
        return self.quantizations[0] if self.quantizations else None

    @property
    def tokenizer_length(self) -> int | None:
        """`model_max_length` of the tokenizer; None where it is absent or means that there is none (about 1e30)."""
        found = (self.tokenizer or {}).get("model_max_length")
        return int(found) if isinstance(found, int | float) and 0 < found < _NO_LIMIT else None

    @property
    def template_hash(self) -> str | None:
        """First 16 hex digits of the SHA-256 of the chat template's text."""
        if self.chat_template is None:
            return None
        import hashlib

        return hashlib.sha256(self.chat_template.encode()).hexdigest()[:16]


_NO_LIMIT = 10**18
