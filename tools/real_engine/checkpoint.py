"""A Llama written from a seed: of 116,000 parameters, the smallest checkpoint that vLLM's CPU build serves, or of a size that computes.

Its weights are noise and its tokenizer takes a text byte by byte. That is enough where an engine is asked how it was
started, and what it would say to a question is nobody's business. The same seed gives the same bytes on every machine.
"""

import json
from array import array
from collections.abc import Iterator
from pathlib import Path
from random import Random
from sys import byteorder
from typing import Any, NamedTuple

HEAD, CONTEXT = 32, 1024
"""Width of a head in numbers (the least that the attention kernels for CPUs take), positions in tokens."""


class Size(NamedTuple):
    """Widths in numbers: of the stream between the layers, and of the inner layer of each."""

    hidden: int
    inner: int
    layers: int

    @property
    def heads(self) -> int:
        """So many that their widths add up to the stream's."""
        return self.hidden // HEAD


SMALLEST = Size(64, 128, 2)
COMPUTING = Size(256, 512, 4)
"""2.8 million parameters: enough that on a processor the numbers cost more than the program around them."""

SPECIAL = ("<pad>", "<s>", "</s>", "<|im_start|>", "<|im_end|>")
VOCABULARY = len(SPECIAL) + 256

TEMPLATE = (
    "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\\n' + m['content'] + '<|im_end|>\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)


def write(folder: Path, *, seed: int, size: Size = SMALLEST) -> Path:
    """Write the checkpoint of this seed into a folder (4 bytes for each parameter) and give the folder back."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in (
        ("config.json", _config(size)),
        ("generation_config.json", {"bos_token_id": 1, "eos_token_id": 2, "temperature": 0.7, "top_p": 0.9}),
        ("tokenizer.json", _tokenizer()),
        ("tokenizer_config.json", _tokenizer_config()),
    ):
        (folder / name).write_text(json.dumps(content, indent=1, ensure_ascii=False), "utf-8")
    (folder / "model.safetensors").write_bytes(_safetensors(Random(seed), size))  # noqa: S311 (weights are no secret)
    return folder


def _config(size: Size) -> dict[str, Any]:
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "torch_dtype": "float32",
        "hidden_size": size.hidden,
        "intermediate_size": size.inner,
        "num_attention_heads": size.heads,
        "num_key_value_heads": size.heads,
        "head_dim": HEAD,
        "num_hidden_layers": size.layers,
        "max_position_embeddings": CONTEXT,
        "vocab_size": VOCABULARY,
        "hidden_act": "silu",
        "rms_norm_eps": 1e-5,
        "rope_theta": 10000.0,
        "tie_word_embeddings": False,
        "bos_token_id": 1,
        "eos_token_id": 2,
        "pad_token_id": 0,
    }


def _shapes(size: Size) -> Iterator[tuple[str, tuple[int, ...]]]:
    hidden, inner = size.hidden, size.inner
    yield "lm_head.weight", (VOCABULARY, hidden)
    yield "model.embed_tokens.weight", (VOCABULARY, hidden)
    for layer in range(size.layers):
        at = f"model.layers.{layer}"
        for norm in ("input_layernorm", "post_attention_layernorm"):
            yield f"{at}.{norm}.weight", (hidden,)
        for part in ("q_proj", "k_proj", "v_proj"):
            yield f"{at}.self_attn.{part}.weight", (hidden, hidden)
        yield f"{at}.self_attn.o_proj.weight", (hidden, hidden)
        for part in ("gate_proj", "up_proj"):
            yield f"{at}.mlp.{part}.weight", (inner, hidden)
        yield f"{at}.mlp.down_proj.weight", (hidden, inner)
    yield "model.norm.weight", (hidden,)


def _safetensors(random: Random, size: Size) -> bytes:
    """The format: length of the header in 8 bytes, little-endian; a header in JSON; the numbers, one after another."""
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    numbers = array("f")
    for name, shape in _shapes(size):
        start = len(numbers) * numbers.itemsize
        numbers.extend(_weights(random, shape))
        span = [start, len(numbers) * numbers.itemsize]
        header[name] = {"dtype": "F32", "shape": list(shape), "data_offsets": span}
    if byteorder == "big":
        numbers.byteswap()
    head = json.dumps(header, separators=(",", ":")).encode()
    head += b" " * (-len(head) % 8)
    return len(head).to_bytes(8, "little") + head + numbers.tobytes()


def _weights(random: Random, shape: tuple[int, ...]) -> Iterator[float]:
    if len(shape) == 1:
        return (1.0 for _ in range(shape[0]))
    return (random.uniform(-0.1, 0.1) for _ in range(shape[0] * shape[1]))


def _tokenizer() -> dict[str, Any]:
    """A byte-level BPE without merges: every byte of the text is one token."""
    vocabulary = {token: at for at, token in enumerate((*SPECIAL, *_letters()))}
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
    return {
        "version": "1.0",
        "added_tokens": [_added(at, token) for at, token in enumerate(SPECIAL)],
        "pre_tokenizer": byte_level,
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
            "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}},
        },
        "decoder": byte_level,
        "model": {"type": "BPE", "vocab": vocabulary, "merges": []},
    }


def _letters() -> Iterator[str]:
    """The letter that stands for each byte in a byte-level BPE: itself where it prints, else one from U+0100 on."""
    spare = 0x100
    for byte in range(256):
        if 0x21 <= byte <= 0x7E or 0xA1 <= byte <= 0xAC or byte >= 0xAE:
            yield chr(byte)
        else:
            yield chr(spare)
            spare += 1


def _added(at: int, token: str) -> dict[str, Any]:
    plain = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
    return {"id": at, "content": token, **plain, "special": True}


def _tokenizer_config() -> dict[str, Any]:
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": "<s>",
        "eos_token": "</s>",
        "pad_token": "<pad>",
        "model_max_length": CONTEXT,
        "chat_template": TEMPLATE,
    }
