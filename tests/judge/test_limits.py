"""Lengths, concurrency and memory shares that contradict each other; settings that nobody wrote."""

from typing import Any

import pytest

from skewguard.judge.checks import limits
from skewguard.language.facts import Arm, Choice
from tests.judge.cases import argument, case, env, gap, run, severities, verdicts

assert limits

LENGTH, STEP, SEQS = "limits.max_model_len", "limits.max_num_batched_tokens", "limits.max_num_seqs"
SPLIT, SHARE = "runtime.chunked_prefill", "runtime.gpu_memory_utilization"


def tier(setting: str, large: Any, small: Any) -> Choice:
    """What the memory of the GPU decides."""
    arms = (Arm("GPU memory ≥ 70 GiB", large), Arm("else", small))
    return Choice(setting, "batch-tier", ("gpu@scheduling(ab)",), arms)


@pytest.mark.parametrize(
    ("step", "split", "expected"),
    [(8192, False, ["fail"]), (8192, True, ["skipped"]), (32768, False, ["pass"]), (8192, None, ["skipped"])],
)
def test_step_below_length_matters_without_chunking(step: int, split: bool | None, expected: list[str]) -> None:
    """A step must hold the longest prompt unless prompts are split."""
    declared = {LENGTH: 32768, STEP: step} | ({} if split is None else {SPLIT: split})
    assert verdicts("limits.step-below-length", case(declared=declared)) == expected


def test_step_below_length_is_unknown_where_chunking_is_open() -> None:
    """A rule that leaves chunked prefill open is settled by writing it."""
    subject = case(declared={LENGTH: 32768, STEP: 8192}, open_settings=[tier(SPLIT, True, False)])
    (answer,) = run("limits.step-below-length", subject)
    assert (answer.verdict, answer.anchor) == ("unknown", "--enable-chunked-prefill")


def test_step_below_length_says_nothing_of_defaults_and_unknown_lengths() -> None:
    """Nobody wrote a limit, or the length is the checkpoint's."""
    assert verdicts("limits.step-below-length", case(derived={LENGTH: 32768, STEP: 8192, SPLIT: False})) == ["pass"]
    assert verdicts("limits.step-below-length", case(declared={STEP: 8192, SPLIT: False})) == ["pass"]


def test_step_below_length_names_both_values() -> None:
    """The reader sees the two numbers, and the spelling of the manifest."""
    subject = case(
        declared={LENGTH: 32768, STEP: 8192, SPLIT: False},
        arguments=[argument("--max_model_len=32768", flag="--max-model-len", dest="max_model_len")],
    )
    (answer,) = run("limits.step-below-length", subject)
    assert "--max-num-batched-tokens 8192 is less than --max-model-len 32768" in answer.message


@pytest.mark.parametrize(("seqs", "step", "expected"), [(512, 256, ["error"]), (256, 256, []), (1, 8192, [])])
def test_seqs_above_step_is_an_error(seqs: int, step: int, expected: list[str]) -> None:
    """Each sequence needs a token in each step."""
    assert severities("limits.seqs-above-step", case(declared={SEQS: seqs, STEP: step})) == expected


def test_seqs_above_step_counts_defaults_and_choices() -> None:
    """A written step against what the engine decides: always above, sometimes above, never above."""
    check = "limits.seqs-above-step"
    assert verdicts(check, case(declared={STEP: 128}, derived={SEQS: 256})) == ["fail"]
    assert verdicts(check, case(declared={STEP: 128}, open_settings=[tier(SEQS, 1024, 256)])) == ["fail"]
    assert verdicts(check, case(declared={STEP: 512}, open_settings=[tier(SEQS, 1024, 256)])) == ["unknown"]
    assert verdicts(check, case(declared={STEP: 2048}, open_settings=[tier(SEQS, 1024, 256)])) == ["pass"]
    assert verdicts(check, case(declared={SEQS: 512}, open_settings=[gap(STEP)])) == ["pass"]


@pytest.mark.parametrize(
    ("share", "expected"),
    [(90, ["error"]), (0, ["error"]), (-0.1, ["error"]), (1.5, ["error"]), (0.98, ["warning"]), (1, ["warning"]),
     (0.95, []), (0.9, [])],
)  # fmt: skip
def test_memory_share_is_a_fraction_with_room(share: float, expected: list[str]) -> None:
    """Outside (0, 1] it is refused; close to 1 nothing is left for the rest."""
    assert severities("limits.memory-share", case(declared={SHARE: share})) == expected


def test_memory_share_of_sglang_is_one_too() -> None:
    """Another setting, with the same bounds."""
    shared: dict[str, Any] = {"engine": "sglang", "title": "SGLang", "version": "0.5.5"}
    (answer,) = run("limits.memory-share", case(declared={"sglang.mem_fraction_static": 88}, **shared))
    assert answer.setting == "sglang.mem_fraction_static"
    assert answer.remedy.startswith("write `0.88` if 88 % was meant")
    assert "--mem-fraction-static 88" in answer.message


@pytest.mark.parametrize(("share", "fraction"), [(90, "0.9"), (92, "0.92"), (1.2, None), (0, None), (900, None)])
def test_memory_share_is_translated_only_where_it_looks_like_a_percentage(share: float, fraction: str | None) -> None:
    """90 meant 0.9; what 1.2 meant nobody knows, and the remedy names the range instead of a value."""
    (answer,) = run("limits.memory-share", case(declared={SHARE: share}))
    meant = f"write `{fraction}` if {share} % was meant: the flag takes " if fraction else "write "
    assert answer.remedy.startswith(f"{meant}a share above 0 and at most 1;")


def test_memory_share_that_is_unknown_passes() -> None:
    """A gap and a value of another type are not judged."""
    assert verdicts("limits.memory-share", case(open_settings=[gap(SHARE)])) == ["pass"]
    assert verdicts("limits.memory-share", case(declared={SHARE: "auto"})) == ["pass"]


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ({SHARE: 0.9, "vllm.kv_cache_memory_bytes": 2**34}, ["fail"]),
        ({SHARE: 0.9}, ["pass"]),
        ({"vllm.kv_cache_memory_bytes": 2**34}, ["pass"]),
        ({SHARE: 0.9, "vllm.kv_cache_memory_bytes": None}, ["pass"]),
    ],
)
def test_fixed_cache_size_overrides_the_share(declared: dict[str, Any], expected: list[str]) -> None:
    """Two ways to size the cache: one of them does nothing."""
    assert verdicts("limits.memory-share-overridden", case(declared=declared)) == expected


@pytest.mark.parametrize("setting", ["limits.max_output_tokens", "limits.default_output_tokens"])
def test_output_above_the_context_is_an_error(setting: str) -> None:
    """Prompt and output share the context."""
    check = "limits.output-above-length"
    assert severities(check, case(declared={setting: 8192, LENGTH: 4096})) == ["error"]
    assert verdicts(check, case(declared={setting: 1024, LENGTH: 4096})) == ["pass"]
    assert verdicts(check, case(declared={setting: 1024})) == ["pass"]


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ({"vllm.max_num_partial_prefills": 2, "vllm.max_long_partial_prefills": 4}, ["fail"]),
        ({"vllm.max_num_partial_prefills": 4, "vllm.max_long_partial_prefills": 2}, ["pass"]),
        ({"vllm.max_num_partial_prefills": 2, "vllm.long_prefill_token_threshold": 9000, LENGTH: 4096}, ["fail"]),
        ({"vllm.max_num_partial_prefills": 1, "vllm.long_prefill_token_threshold": 9000, LENGTH: 4096}, ["pass"]),
        ({"vllm.max_long_partial_prefills": 4}, ["pass"]),
    ],
)
def test_partial_prefills_have_an_order(declared: dict[str, Any], expected: list[str]) -> None:
    """Long ones are a part of all, and none is longer than the context."""
    assert verdicts("limits.partial-prefills", case(declared=declared)) == expected


@pytest.mark.parametrize(
    ("value", "expected"), [("1", ["fail"]), ("true", ["fail"]), ("0", ["pass"]), (None, ["pass"])]
)
def test_length_check_switched_off_is_a_warning(value: str | None, expected: list[str]) -> None:
    """Any length is taken, also beyond the model's own."""
    subject = case(environment=[env("VLLM_ALLOW_LONG_MAX_MODEL_LEN", value)])
    assert verdicts("limits.length-check-off", subject) == expected


def test_length_check_of_another_engine_is_its_own() -> None:
    """SGLang's variable says nothing to vLLM."""
    entries = [env("SGLANG_ALLOW_OVERWRITE_LONGER_CONTEXT_LEN", "1")]
    assert verdicts("limits.length-check-off", case(environment=entries)) == ["pass"]
    assert verdicts("limits.length-check-off", case(engine="sglang", environment=entries)) == ["fail"]
