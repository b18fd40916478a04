"""The contract that `init` writes: valid, kept by the manifest it was written from, and silent about secrets."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec import structs

from skewguard.judge.checks import contract as checks
from skewguard.judge.checks.interface import Case
from skewguard.knowledge.contract import quoting, writer
from skewguard.knowledge.contract.values import Contract
from skewguard.language import documents
from skewguard.language.facts import Arm, Choice, Gap
from tests.judge.cases import case, variable
from tests.knowledge.contract.texts import load

CHECKPOINT = Gap(
    "limits.max_model_len",
    "config.json of the model is not in the input",
    rule="max-model-len",
    inputs=("config.json@m@main",),
    would_need="--model-config",
)
TIER = Choice(
    "limits.max_num_batched_tokens", "batch-tier", ("gpu@x",), (Arm("GPU memory ≥ 70 GiB", 8192), Arm("else", 2048))
)
BASE: dict[str, Any] = {
    "runtime.engine": "vllm",
    "runtime.version": "0.11.0",
    "runtime.image": "vllm/vllm-openai:v0.11.0",
    "model.id": "Qwen/Qwen3-8B",
    "model.served_name": ["chat", "other"],
    "limits.max_num_seqs": 256,
    "runtime.dtype": "auto",
    "runtime.hf_overrides": {"rope": [1, True, None, "null"]},
    "model.lora": ["b", "a"],
    "hardware.gpu_class": "H100-80GB",
    "hardware.gpu_count": 1,
    "autoscaling.signal": ["queue", "cpu"],
    "autoscaling.min_replicas": 2,
    "serving.request_timeout": 600.0,
    "vllm.max_lora_rank": 16,
    "vllm.uvicorn_log_level": "unset",
    "vllm.api_key": "sk-abcdefabcdefabcdef012345",
    "vllm.compilation_config": {"level": 3},
    "vllm.env.VLLM_LOGGING_LEVEL": "INFO",
}


def base(changes: Mapping[str, Any] | None = None) -> Case:
    """A container with something of everything; `changes` by setting, None removes."""
    changes = changes or {}
    declared = {**BASE, **changes}
    draft = case(
        declared={name: value for name, value in declared.items() if value is not None},
        derived={"runtime.prefix_caching": True, "runtime.speculative": None},
        open_settings=[item for item in (CHECKPOINT, TIER) if item.setting not in changes],
        variables=[variable("VLLM_LOGGING_LEVEL")],
    )
    assert draft.parsed is not None
    # The driver takes every gap for something written that cannot be read; here the engine leaves them open.
    draft.parsed = structs.replace(draft.parsed, gaps={})
    return draft


def written(draft: Case) -> Contract:
    """The contract of `init`, read back."""
    loaded = load(writer.write(draft, "chat"))
    assert loaded.errors == []
    return loaded.contracts[0]


def broken(draft: Case, contract: Contract) -> list[str]:
    """The settings whose clauses are not kept or cannot be decided."""
    return [
        str(answer.setting) for answer in checks.judge(draft, contract) if answer.verdict not in ("pass", "skipped")
    ]


def test_contract_is_kept_by_its_own_manifest() -> None:
    """Checking what it was written from gives neither a failure nor an unknown."""
    assert broken(base(), written(base())) == []


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("limits.max_num_seqs", 255),
        ("limits.max_model_len", 4096),
        ("limits.max_num_batched_tokens", 2048),
        ("runtime.dtype", "float16"),
        ("runtime.prefix_caching", False),
        ("runtime.speculative", {"method": "ngram"}),
        ("runtime.hf_overrides", {"rope": [1, 1, None, "null"]}),
        ("runtime.version", "0.11.1"),
        ("runtime.image", "vllm/vllm-openai:v0.11.1"),
        ("model.served_name", ["other", "chat"]),
        ("model.lora", ["a"]),
        ("hardware.gpu_class", "H100-94GB"),
        ("hardware.gpu_count", 2),
        ("hardware.partition", "1g.10gb"),
        ("autoscaling.signal", ["queue"]),
        ("autoscaling.min_replicas", 1),
        ("autoscaling.max_replicas", 9),
        ("serving.request_timeout", 60.0),
        ("vllm.max_lora_rank", 32),
        ("vllm.compilation_config", {"level": 2}),
        ("vllm.scheduling_policy", "priority"),
        ("vllm.env.VLLM_LOGGING_LEVEL", "DEBUG"),
        ("vllm.env.VLLM_ATTENTION_BACKEND", "FLASHINFER"),
    ],
)
def test_contract_notices_every_change_of_what_runs(setting: str, value: Any) -> None:
    """A setting that changes, or that somebody sets for the first time, breaks the clause of that setting."""
    assert setting in broken(base({setting: value}), written(base()))


def test_open_setting_is_a_todo_with_its_reason_and_choices() -> None:
    """What the engine decides is promised as unset, and the comment names what it depends on."""
    text = writer.write(base(), "chat")

    assert (
        "    # TODO max_model_len: config.json of the model is not in the input; --model-config would tell. Write\n"
        "    # the value you validated\n"
        "    max_model_len: unset\n"
    ) in text
    assert (
        "    # TODO max_num_batched_tokens: the engine decides at start (GPU memory ≥ 70 GiB: 8192 tokens; else:\n"
        "    # 2048 tokens). Write the value you validated\n"
        "    max_num_batched_tokens: unset\n"
    ) in text


def test_secret_never_enters_the_contract() -> None:
    """A key on the command line is neither written down nor promised."""
    text = writer.write(base(), "chat")

    assert ("sk-abcdef" in text, "    vllm.api_key: any\n" in text) == (False, True)


def test_sections_stand_in_the_order_of_the_documentation() -> None:
    """Identity first, what surrounds the engine last."""
    text = writer.write(base(), "chat")
    found = [line.strip(" :") for line in text.splitlines() if line.startswith("  ") and line[2] not in " #"]

    assert [
        "model", "runtime", "limits", "hardware", "autoscaling", "serving", "engine_settings",
    ] == [name for name in found if not name.startswith("targets")]  # fmt: skip


def test_target_names_role_and_container_where_the_kind_has_several() -> None:
    """Two halves of one object must not end under two contracts each."""
    text = writer.write(case(subject={"role": "prefill"}), "chat")

    assert "  targets: [{namespace: prod, kind: Deployment, name: chat, role: prefill}]\n" in text


def test_unreadable_value_is_a_todo_and_no_promise() -> None:
    """What somebody wrote and nobody can read is neither unset nor a value."""
    hidden = Gap("limits.max_num_seqs", "its value comes from a shell variable", rule="argument")
    outside = Gap("vllm.port", "its value comes from a shell variable", rule="argument")
    draft = case(open_settings=[hidden, outside])
    assert draft.parsed is not None
    assert {"limits.max_num_seqs", "vllm.port"} == {gap.setting for gap in draft.parsed.gaps.values()}
    text = writer.write(draft, "chat")

    assert "# TODO max_num_seqs: somebody sets it, and its value comes from a shell variable." in text
    assert "max_num_seqs: unset" not in text
    assert "    vllm.port: any\n" in text
    assert broken(draft, written(draft)) == []


def test_value_that_the_engine_overrules_is_a_todo() -> None:
    """Somebody wrote it, and what is in effect is not known: neither is promised."""
    overruled = Gap("runtime.chunked_prefill", "engine V1 splits prompts whatever this flag says", rule="forced")
    draft = case(declared={"runtime.chunked_prefill": False}, open_settings=[overruled])
    text = writer.write(draft, "chat")

    assert "# TODO chunked_prefill: somebody sets it, and engine V1 splits prompts" in text
    assert "chunked_prefill: unset" not in text
    assert broken(draft, written(draft)) == []


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**6), 10**9) | st.floats(0, 1e6) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=20), inner, max_size=3),
    max_leaves=8,
)


@given(VALUES)
def test_any_value_survives_the_quoting(value: Any) -> None:
    """A value written into YAML reads back as the same value."""
    tree = documents.read(f"a: {quoting.scalar(value)}\n", "x.yaml")[0][0].root.get("a").value()

    assert json.loads(json.dumps(value)) == tree


@given(st.text())
def test_any_sentence_stays_in_its_comment(sentence: str) -> None:
    """No text can end a comment and become YAML."""
    documents_read, errors = documents.read("\n".join([*quoting.comment(sentence), "a: 1"]) + "\n", "x.yaml")

    assert ([], {"a": 1}) == (errors, documents_read[0].root.value())


@example({"autoscaling.signal": "0"})
@given(st.dictionaries(st.sampled_from(sorted(BASE)), VALUES.filter(lambda value: value is not None), max_size=5))
def test_contract_of_any_settings_is_valid_and_kept(changes: dict[str, Any]) -> None:
    """Whatever a manifest sets, its own contract reads back without mistakes and no clause of it fails."""
    draft = base(changes)
    failed = [answer.setting for answer in checks.judge(draft, written(draft)) if answer.verdict == "fail"]

    assert failed == []
