"""Edits that keep a promise: only with what the release that runs here knows."""

import re

import pytest

from tests.assess.laid_out import case, findings

HEAD = (
    "apiVersion: skewguard.dev/v1alpha1\nkind: ServingContract\nmetadata: {name: c}\nspec:\n"
    "  targets: [{kind: Deployment, name: chat}]\n"
)


def remedy(version: str, args: str, spec: str) -> str:
    """The edit for the one clause of a contract that is not kept."""
    of = case(f"args: [--model=m, {args}]", image=f"vllm/vllm-openai:v{version}")
    found = findings(of, "contract.mismatch", contract=f"{HEAD}  {spec}\n")
    (told,) = [item for item in found if item.verdict in ("fail", "unknown")]
    return told.remedy


def test_switch_that_has_no_negative_form_is_removed() -> None:
    """0.6.6 has no `--no-enforce-eager`."""
    assert remedy("0.6.6", "--enforce-eager", "runtime: {enforce_eager: false}").startswith("remove `--enforce-eager`")


def test_what_stands_there_already_is_not_added() -> None:
    """Engine V1 may overrule the flag; writing it again decides nothing."""
    told = remedy("0.8.5", "--no-enable-chunked-prefill", "runtime: {chunked_prefill: false}")
    assert "--no-enable-chunked-prefill" not in told


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("vllm.bogus", "no release of vLLM has it"),
        ("sglang.schedule_policy", "take sglang.schedule_policy out of the contract"),
        ("vllm.optimization_level", "or run a release of vLLM that has it"),
    ],
)
def test_setting_that_no_argument_can_set_is_corrected_in_the_contract(setting: str, said: str) -> None:
    """A flag that the release does not have stops the start: it is never advised."""
    told = remedy("0.8.5", "--port=8000", f"engine_settings: {{{setting}: 1}}")
    assert said in told
    assert "--" not in told


@pytest.mark.parametrize(
    ("image", "model", "promise", "said"),
    [
        ("vllm/vllm-openai:v0.11.0", "--model=m", "dtype: fp16", "--dtype=float16"),
        ("vllm/vllm-openai:v0.11.0", "--model=m", "dtype: bf16", "--dtype=bfloat16"),
        ("vllm/vllm-openai:v0.11.0", "--model=m", "dtype: half", "--dtype=half"),  # a word of vLLM's own
        ("vllm/vllm-openai:v0.11.0", "--model=m", "kv_cache_dtype: bf16", "--kv-cache-dtype=bfloat16"),
        ("vllm/vllm-openai:v0.33.0", "--model=m", "kv_cache_dtype: bf16", "--kv-cache-dtype=bfloat16"),
        ("lmsysorg/sglang:v0.5.4", "--model-path=m", "dtype: fp16", "--dtype=float16"),
        ("lmsysorg/sglang:v0.5.4", "--model-path=m", "kv_cache_dtype: bf16", "--kv-cache-dtype=bf16"),
        ("ghcr.io/ggml-org/llama.cpp:server-b6700", "-m=m.gguf", "kv_cache_dtype: float32", "f32"),
        ("ghcr.io/huggingface/text-generation-inference:3.3.5", "--model-id=m", "dtype: bf16", "bfloat16"),
    ],
)
def test_promised_number_format_is_advised_in_the_engines_own_word(
    image: str, model: str, promise: str, said: str
) -> None:
    """A contract may say `fp16`; an engine refuses words that are not its own."""
    of = case(f"args: [{model}]", image=image)
    found = findings(of, "contract.mismatch", contract=f"{HEAD}  runtime: {{{promise}}}\n")
    (told,) = [item for item in found if item.verdict in ("fail", "unknown")]

    assert re.search(rf"{re.escape(said)}\b", told.remedy), told.remedy


def test_promised_value_without_a_word_of_the_release_is_not_advised() -> None:
    """vLLM 0.4.2 keeps its cache in the model's own format or in FP8; nothing says bfloat16."""
    told = remedy("0.4.2", "--kv-cache-dtype=fp8", "runtime: {kv_cache_dtype: bf16}")

    assert told.startswith("take runtime.kv_cache_dtype out of the contract")


def test_version_of_another_engine_is_no_version_of_this_one() -> None:
    """An image of SGLang 0.32.0 does not exist: what is promised is another engine."""
    of = case("args: [--model-path=m]", image="lmsysorg/sglang:v0.5.5")
    found = findings(of, "contract.mismatch", contract=f'{HEAD}  runtime: {{engine: vllm, version: "0.32.0"}}\n')
    told = {item.setting: item.remedy for item in found}

    assert told["runtime.engine"].startswith("run vllm ")
    assert told["runtime.version"].startswith("run vLLM, whose version the contract promises")


def test_an_empty_word_is_never_advised() -> None:
    """What is promised to be empty is kept by not writing it."""
    told = remedy("0.11.0", "--reasoning-parser=qwen3", 'tokenizer: {reasoning_parser: {equals: ""}}')

    assert told.startswith("remove `--reasoning-parser`")
