"""Files that vLLM does not go by, although they are the model's."""

from typing import Any

import pytest

from tests.knowledge.engines.vllm_asking import LENGTH, PLAIN, gap, value


@pytest.mark.parametrize(
    ("version", "words", "env", "model", "why"),
    [
        ("0.11.0", ("--config-format", "mistral"), {}, PLAIN, "--config-format"),
        ("0.11.0", ("--load-format", "gguf"), {}, PLAIN, "GGUF"),
        ("0.11.0", ("--hf-config-path", "/c"), {}, PLAIN, "--hf-config-path"),
        ("0.11.0", (), {"VLLM_MODEL_REDIRECT_PATH": "/r"}, PLAIN, "VLLM_MODEL_REDIRECT_PATH"),
        ("0.11.0", (), {}, {**PLAIN, "speculators_config": {"verifier": {}}}, "speculator"),
        ("0.11.0", ("--hf-overrides", '{"text_config": {"a": 1}}'), {}, PLAIN, "whole part"),
        ("0.12.0", ("--hf-overrides", '{"hidden_size": "x"}'), {}, PLAIN, "hidden_size"),
    ],
)
def test_what_makes_other_files_count(
    version: str, words: tuple[str, ...], env: dict[str, str], model: dict[str, Any], why: str
) -> None:
    """The gap says what stands in the way of the checkpoint that was given."""
    assert why in gap(LENGTH, version, *words, env=env, model=model).reason


def test_the_other_side_of_each() -> None:
    """Releases before do not know it, or read it otherwise."""
    assert value(LENGTH, "0.8.4", env={"VLLM_MODEL_REDIRECT_PATH": "/r"}, model=PLAIN) == 8192
    assert value(LENGTH, "0.10.2", model={**PLAIN, "speculators_config": {"verifier": {}}}) == 8192
    assert value(LENGTH, "0.12.0", "--hf-overrides", '{"vision_config": {"a": 1}}', model=PLAIN) == 8192
    assert value(LENGTH, "0.11.0", "--config-format", "hf", model=PLAIN) == 8192
    assert value(LENGTH, "0.11.0", "--hf-overrides", '{"max_position_embeddings": 100}', model=PLAIN) == 100
