"""The tokenizer and the prompts that every tool gets: made here, so that no tool asks a hub for one.

A word is a token. Some tools draw tokens at random and refuse a text that does not come back as the same number of tokens,
which a tokenizer of bytes or of merged letters cannot promise.
"""

import json
from pathlib import Path
from typing import Any, NamedTuple

WORDS = 512
PROMPT_TOKENS = 32
UNKNOWN = "<unk>"


class Wording(NamedTuple):
    """`tokenizer` is a folder as the hub would give it, `prompts` a JSONL file of texts, enough for the longest cell."""

    tokenizer: Path
    prompts: Path


def write(folder: Path, prompts: int) -> Wording:
    """Write both into a folder (0.5 MB for 4,000 prompts)."""
    made = Wording(folder / "tokenizer", folder / "prompts.jsonl")
    made.tokenizer.mkdir(parents=True, exist_ok=True)
    for name, content in (
        ("tokenizer.json", _tokenizer()),
        ("tokenizer_config.json", _configuration()),
        ("config.json", {"model_type": "llama", "architectures": ["LlamaForCausalLM"], "vocab_size": WORDS + 1}),
    ):
        (made.tokenizer / name).write_text(json.dumps(content), "utf-8")
    with made.prompts.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps({"prompt": prompt(number)}) + "\n" for number in range(prompts))
    return made


def prompt(number: int) -> str:
    """`PROMPT_TOKENS` words; no two of the first 512² prompts are equal."""
    return " ".join(_word((number // WORDS if at == 1 else number) + at * 7) for at in range(PROMPT_TOKENS))


def _word(number: int) -> str:
    return f"w{number % WORDS:03}"


def _tokenizer() -> dict[str, Any]:
    vocabulary = {UNKNOWN: 0} | {_word(number): number + 1 for number in range(WORDS)}
    flags = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
    return {
        "version": "1.0",
        "added_tokens": [{"id": 0, "content": UNKNOWN, **flags, "special": True}],
        "pre_tokenizer": {"type": "WhitespaceSplit"},
        "model": {"type": "WordLevel", "vocab": vocabulary, "unk_token": UNKNOWN},
    }


def _configuration() -> dict[str, Any]:
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "unk_token": UNKNOWN,
        "model_max_length": 8192,
        "clean_up_tokenization_spaces": False,
    }
