"""Clauses that name what no known release has: told as a doubt about the contract, never as a mistake in it."""

from collections.abc import Collection, Sequence

import pytest

from skewguard.knowledge.contract import loading
from skewguard.knowledge.contract.values import Exactly
from skewguard.language.facts import Value
from tests.knowledge.contract.texts import CHECKS, contract_text

TABLES: dict[str, dict[str, tuple[tuple[Value, ...], bool]]] = {
    "vllm": {
        "dtype": (("auto", "bfloat16", "float16", "half"), True),
        "quantization": (("awq", "fp8", "gptq"), False),
        "kv_cache_dtype": (("auto", "fp8", "fp8_e4m3"), True),
        "max_num_seqs": ((), False),
        "max_lora_rank": ((), False),
        "log_level": (("info", "debug"), True),
    },
    "sglang": {"dtype": (("auto", "bfloat16", "fp4"), True)},
}
"""Engine → destination → the listed values, and whether only they are taken."""


class Words:
    """Two engines with tables, one without."""

    def engines(self) -> Collection[str]:
        """All three."""
        return (*TABLES, "trtllm")

    def title(self, engine: str) -> str:
        """Their own spellings."""
        return {"vllm": "vLLM", "sglang": "SGLang", "trtllm": "TensorRT-LLM"}[engine]

    def releases(self, engine: str) -> Sequence[str] | None:
        """A few."""
        return ("0.9.0", "0.11.0", "0.11.2", "0.12.0") if engine in TABLES else None

    def choices(self, engine: str, dest: str) -> tuple[Collection[Value], bool] | None:
        """As in the tables."""
        return TABLES[engine].get(dest)

    def destinations(self, engine: str) -> Collection[str]:
        """As in the tables."""
        return TABLES[engine]

    def silence(self, engine: str, variable: str) -> str | None:
        """One variable is read, and those of other programs are nobody's business."""
        known = variable == "VLLM_PORT" or not variable.startswith("VLLM_")
        return None if known else f"{engine} does not read {variable}"


def load(body: str) -> loading.Loaded:
    """A contract for the Deployment chat, with the words above."""
    return loading.load([("chat.yaml", contract_text(body))], CHECKS, Words())


def doubts(body: str) -> list[str]:
    """The doubts about a contract without mistakes."""
    loaded = load(body)
    assert [] == loaded.errors
    return [str(clause.doubt) for clause in loaded.contracts[0].clauses if clause.doubt]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("runtime: {engine: vllm, dtype: bfloat61}",
         "no release of vLLM lists the value bfloat61; the nearest is bfloat16"),
        ("runtime: {engine: vllm, dtype: xyz}", "no release of vLLM lists the value xyz"),
        ("runtime: {engine: vllm, dtype: [bfloat16, flaot16]}",
         "no release of vLLM lists the value flaot16; the nearest is float16"),
        ("runtime: {dtype: bfloat61}", "no release of vLLM or SGLang lists the value bfloat61; the nearest is bfloat16"),
        ("runtime: {engine: [vllm, sglang], dtype: int3}", "no release of vLLM or SGLang lists the value int3"),
        ("runtime: {engine: vllm, quantization: fp9}", "no release of vLLM lists the value fp9; the nearest is fp8"),
        ("hardware: {gpu_class: [H200, H10O-80GB]}",
         "H10O-80GB is no GPU class that skewguard knows; the nearest is H100-80GB"),
        ("engine_settings: {vllm.max_numseqs: 5}",
         "no release of vLLM has a setting max_numseqs; the nearest is limits.max_num_seqs"),
        ("engine_settings: {vllm.zzz: unset}", "no release of vLLM has a setting zzz"),
        ("engine_settings: {vllm.log_level: inf0}", "no release of vLLM lists the value inf0; the nearest is info"),
        ("engine_settings: {vllm.env.VLLM_PROT: 1}", "vllm does not read VLLM_PROT"),
    ],
)  # fmt: skip
def test_name_that_no_release_has_is_doubted(body: str, said: str) -> None:
    """A value, a GPU class, a setting, a variable: with the nearest that is known."""
    assert [said] == doubts(body)


@pytest.mark.parametrize(
    "body",
    [
        "runtime: {engine: vllm, dtype: bf16}",
        "runtime: {engine: vllm, dtype: torch.float16}",
        "runtime: {engine: vllm, dtype: [null, half, unset]}",
        "runtime: {engine: vllm, quantization: my_own_method}",
        "runtime: {engine: vllm, attention_backend: ANY_THING}",
        "runtime: {engine: trtllm, dtype: bfloat61}",
        "runtime: {engine: [vllm, trtllm], dtype: bfloat61}",
        "runtime: {dtype: xyz}",
        "runtime: {dtype: fp4}",
        "runtime: {engine: vllm, version: 0.13.0}",
        "runtime: {engine: vllm, version: 0.15.0}",  # a release that was never packed into a table
        "runtime: {engine: vllm, version: 0.8.5}",
        "runtime: {engine: vllm, version: 0.11.1rc1}",
        "runtime: {engine: vllm, version: 'v0.11.2'}",
        "runtime: {engine: vllm, version: 0.11}",
        "runtime: {version: 0.11.1}",
        "hardware: {gpu_class: [NVIDIA-H100-80GB-HBM3, a100, unset]}",
        "engine_settings: {vllm.max_lora_rank: {max: 16}, vllm.*: unset, vllm.env.*: unset, trtllm.zzz: 1}",
        "engine_settings: {vllm.env.VLLM_PORT: 1, vllm.env.NCCL_DEBUG: INFO}",
        "model: {id: a/b}\nlimits: {max_num_seqs: 5}",
    ],
)
def test_innocent_name_is_not_doubted(body: str) -> None:
    """What a release has, what the tables cannot know, and what they only list examples of."""
    assert [] == doubts(body)


def test_doubt_is_sure_where_only_listed_values_are_taken() -> None:
    """Of a free text the tables list examples, so that another word may be right."""
    loaded = load("runtime: {engine: vllm, dtype: bfloat61, quantization: fp9}")
    assert {"runtime.dtype": True, "runtime.quantization": False} == {
        clause.setting: clause.doubt.sure for clause in loaded.contracts[0].clauses if clause.doubt
    }
    assert ["runtime.dtype"] == [clause.setting for clause in loaded.contracts[0].doubtful()]


def test_clauses_of_a_role_are_looked_at_too() -> None:
    """Each once, also where a role takes it over from the whole."""
    loaded = load("runtime: {engine: vllm, dtype: bfloat61}\nroles: {prefill: {runtime: {kv_cache_dtype: fp88}}}")
    assert [("runtime.dtype", 6), ("runtime.kv_cache_dtype", 7)] == [
        (clause.setting, clause.origin.line) for clause in loaded.contracts[0].doubtful()
    ]


@pytest.mark.parametrize(
    ("body", "said", "hint"),
    [
        ("runtime: {engine: vlm}", "runtime.engine: 'vlm' is not known", "did you mean vllm?"),
        ("runtime: {engine: vLLM}", "runtime.engine: 'vLLM' is not known", "did you mean vllm?"),
        ("runtime: {engine: [vllm, TensorRT-LLM]}", "runtime.engine: 'TensorRT-LLM' is not known",
         "did you mean trtllm?"),
        ("runtime: {engine: nothing}", "runtime.engine: 'nothing' is not known", "one of vllm, sglang, trtllm"),
        ("engine_settings: {vlm.foo: 1}", "'vlm.foo' names no engine that skewguard knows", "did you mean vllm.foo?"),
        ("engine_settings: {'sglnag.env.*': unset}", "'sglnag.env.*' names no engine that skewguard knows",
         "did you mean sglang.env.*?"),
    ],
)  # fmt: skip
def test_engine_that_nobody_knows_is_a_mistake(body: str, said: str, hint: str) -> None:
    """Engines are named by skewguard itself, so another name can never be met."""
    assert [(said, hint)] == [(error.message, error.hint) for error in load(body).errors]


def test_model_spec_is_looked_at_too() -> None:
    """And its engines have the names by which containers are recognised."""
    text = (
        "apiVersion: piqc.ai/v1alpha1\nkind: ModelSpec\nmetadata: {name: chat}\nspec:\n"
        "  identity: {model: {framework: TensorRT-LLM}}\n  runtime: {accelerator: {type: H10O}}\n"
    )
    (contract,) = loading.load([("chat.yaml", text)], CHECKS, Words()).contracts
    assert {("runtime.engine", Exactly("trtllm", "TensorRT-LLM")), ("hardware.gpu_class", Exactly("H10O", "H10O"))} == {
        (clause.setting, clause.promise) for clause in contract.clauses
    }
    assert ["hardware.gpu_class"] == [clause.setting for clause in contract.doubtful()]
