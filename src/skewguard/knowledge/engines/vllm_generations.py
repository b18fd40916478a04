"""Which of vLLM's two engines runs: the old one (V0), or V1.

Read in `EngineArgs._is_v1_supported_oracle` (vllm/engine/arg_utils.py) of 0.8.0 to 0.10.2. V0 alone to 0.6.3; V1 if
asked for (`VLLM_USE_V1=1`) to 0.7.3; from 0.8.0 on V1 unless something it lacks is asked for, and then V0 without a word
but one log line; V1 alone from 0.11.0 on.
"""

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from skewguard.knowledge.engines import vllm_kinds
from skewguard.knowledge.engines.readings import UNKNOWABLE, Unknowable
from skewguard.knowledge.engines.versions import since
from skewguard.knowledge.engines.vllm_ground import Ground, known
from skewguard.language.accelerators import Accelerator
from skewguard.language.facts import Gap

FALL_BACK = "a fall-back to engine V0"
"""What a value of engine V1 assumes not to happen where the model, which may be one that only V0 runs, is not known."""


class Engine(Struct, frozen=True):
    """The engine that runs, and why where it is the old one. `v1` None: what is written cannot tell, and `key` decides."""

    v1: bool | None
    why: str = ""
    assumes: tuple[str, ...] = ()
    key: str = ""


def engine_v1(version: str, asked: str | None) -> bool | None:
    """Whether engine V1 runs; None where the release tries it, and falls back to the one before where it cannot.

    `asked` is VLLM_USE_V1. V1 is there on request from 0.6.4 on, tried first from 0.8.0 on, alone from 0.11.0 on.
    """
    if not since(version, "0.6.4") or since(version, "0.11.0"):
        return since(version, "0.11.0")
    wanted = asked is not None and asked.strip().isdigit() and int(asked) != 0
    if not since(version, "0.8.0"):
        return wanted
    return None if asked is None else wanted


def first_v1(version: str) -> bool:
    """Whether this is the first release with V1 on request (0.6.4), whose V1 takes batch limits and prefix caching of

    its own whatever is written (`EngineCore.__init__`, vllm/v1/engine/core.py)."""
    return since(version, "0.6.4") and not since(version, "0.6.5")


OWN = ("max_num_seqs", "max_num_batched_tokens", "enable_prefix_caching")
"""What that first V1 sets by itself."""


class _Lack(Struct, frozen=True):
    """Something V1 lacks from `first` to before `until`: the destination that asks for it, and with which values."""

    dest: str
    asks: Callable[[Any], bool]
    first: str = "0.8.0"
    until: str = "0.11.0"


def _set(value: Any) -> bool:
    return bool(value)


def _more_than_one(value: Any) -> bool:
    return isinstance(value, int) and value > 1


def _one_of(*names: str) -> Callable[[Any], bool]:
    return lambda value: value in names


def _none_of(*names: str) -> Callable[[Any], bool]:
    return lambda value: str(value).partition(":")[0] not in names


_LACKS = (
    _Lack("load_format", _one_of("tensorizer"), until="0.9.0"),
    _Lack("load_format", _one_of("sharded_state")),
    _Lack("logits_processor_pattern", _set),
    _Lack("preemption_mode", _set),
    _Lack("disable_async_output_proc", _set),
    _Lack("scheduling_policy", _none_of("fcfs"), until="0.9.2"),
    _Lack("worker_cls", _none_of("auto"), until="0.8.2"),
    _Lack("worker_extension_cls", _set, until="0.8.2"),
    _Lack("num_scheduler_steps", _more_than_one, until="0.10.1"),
    _Lack("scheduler_delay_factor", _set),
    _Lack("additional_config", _set, until="0.8.5"),
    _Lack("guided_decoding_backend", _none_of("xgrammar"), until="0.8.2"),
    _Lack("guided_decoding_backend", _none_of("xgrammar", "guidance", "auto"), "0.8.2", "0.10.0"),
    _Lack("guided_decoding_backend", _none_of("xgrammar", "guidance", "auto", "outlines"), "0.10.0", "0.10.1"),
    _Lack("enable_prompt_adapter", _set, until="0.10.0"),
    _Lack("enable_prompt_embeds", _set, "0.9.0"),
    _Lack("cpu_offload_gb", _set, until="0.8.3"),
    _Lack("dtype", _one_of("float32", "float"), until="0.9.2"),
    _Lack("quantization", _one_of("bitsandbytes"), until="0.8.3"),
    _Lack("quantization", _one_of("gguf"), until="0.9.0"),
    _Lack("model_impl", _one_of("transformers"), until="0.8.3"),
    _Lack("max_num_partial_prefills", _more_than_one),
    _Lack("max_long_partial_prefills", _more_than_one),
    _Lack("long_prefill_token_threshold", _set, until="0.8.3"),
    _Lack("otlp_traces_endpoint", _set, until="0.10.2"),
    _Lack("collect_detailed_traces", _set, until="0.10.2"),
    _Lack("kv_transfer_config", _set, until="0.8.5"),
    _Lack("enable_lora", _set, until="0.8.3"),
    _Lack("pipeline_parallel_size", _more_than_one, until="0.8.3"),
    _Lack("speculative_model", _set, until="0.8.3"),
    _Lack("num_speculative_tokens", _set, until="0.8.3"),
)

_DRAFTS = (
    ("0.8.2", "0.9.0", ()),
    ("0.9.0", "0.10.0", ("ngram", "[ngram]", "medusa", "eagle", "eagle3", "deepseek_mtp")),
)
"""Methods of speculative decoding that V1 runs by default, by release; from 0.10.0 on the others stop the start."""

_BACKENDS = {
    "FLASH_ATTN_VLLM_V1": "0.8.0", "FLASH_ATTN": "0.8.0", "PALLAS": "0.8.0", "PALLAS_VLLM_V1": "0.8.0",
    "TRITON_MLA": "0.8.0", "FLASHMLA": "0.8.0", "TRITON_ATTN_VLLM_V1": "0.8.2", "FLASHINFER": "0.8.5",
    "FLASHINFER_VLLM_V1": "0.8.5", "ROCM_AITER_MLA": "0.9.0", "CUTLASS_MLA_VLLM_V1": "0.9.1",
    "TORCH_SDPA_VLLM_V1": "0.9.1", "FLEX_ATTENTION": "0.9.2", "CUTLASS_MLA": "0.10.1", "TREE_ATTN": "0.10.1",
    "XFORMERS_VLLM_V1": "0.10.1", "FLASHMLA_VLLM_V1": "0.10.2", "FLASH_ATTN_MLA": "0.10.2", "FLASHINFER_MLA": "0.10.2",
}  # fmt: skip
"""Values of VLLM_ATTENTION_BACKEND that V1 takes, by their first release."""


def engine(ground: Ground, gpu: Accelerator | None) -> Engine:
    """The engine that runs, on this GPU (None: on something else, or it does not matter)."""
    asked = ground.variable("VLLM_USE_V1")
    if isinstance(asked, Unknowable):
        sure = engine_v1(ground.version, "1") if _one_engine(ground) else None
        return Engine(sure, "VLLM_USE_V1 is not known", key="env@VLLM_USE_V1")
    runs = engine_v1(ground.version, asked)
    if runs is not None:
        return Engine(runs, "VLLM_USE_V1")
    why = _written(ground) or _device(ground, gpu) or _kv_cache(ground, gpu) or _model(ground)
    if why == UNKNOWN:
        return Engine(None, "an argument that may ask for what V1 lacks is not known", key="engine@V0 or V1")
    if why is not None:
        return Engine(False, why)
    return Engine(True, assumes=() if ground.checkpoint is not None else (FALL_BACK,))


UNKNOWN = "?"


def _one_engine(ground: Ground) -> bool:
    return engine_v1(ground.version, "1") == engine_v1(ground.version, "0")


def undecided(setting: str, ground: Ground, rule: str, runs: Engine) -> Gap:
    """The answer where the engines decide a setting differently, and nobody can know which one runs."""
    reason = f"the engines V0 and V1 of vLLM {ground.version} decide it differently, and {runs.why}"
    need = "the value of VLLM_USE_V1" if runs.key.startswith("env@") else "the running server's log"
    return Gap(setting, reason, rule, (runs.key,), need)


def _written(ground: Ground) -> str | None:
    """What is written that V1 lacks, as words; `UNKNOWN` where it is written and cannot be known."""
    for lack in _LACKS:
        if not ground.since(lack.first) or ground.since(lack.until):
            continue
        value = ground.declared(lack.dest)
        if value is UNKNOWABLE:
            return UNKNOWN
        if known(value) and lack.asks(value):
            return f"--{lack.dest.replace('_', '-')}"
    return _drafting(ground) or _pipeline(ground) or _backend(ground)


def _drafting(ground: Ground) -> str | None:
    config = ground.declared("speculative_config")
    if not isinstance(config, dict):
        return None
    method = config.get("method") or config.get("model")
    for first, until, methods in _DRAFTS:
        if ground.since(first) and not ground.since(until) and method not in methods:
            return "--speculative-config"
    return None


def _pipeline(ground: Ground) -> str | None:
    """Pipelines want Ray from 0.8.3 on, also `mp` from 0.9.0 on, and nothing in particular from 0.9.1 on."""
    if not _more_than_one(ground.declared("pipeline_parallel_size")) or ground.since("0.9.1"):
        return None
    takes = ("ray", "mp", "external_launcher") if ground.since("0.9.0") else ("ray",)
    return None if ground.declared("distributed_executor_backend") in takes else "--pipeline-parallel-size"


def _backend(ground: Ground) -> str | None:
    name = ground.variable("VLLM_ATTENTION_BACKEND")
    if isinstance(name, Unknowable):
        return UNKNOWN
    if name is None or ground.since(_BACKENDS.get(name, "99")):
        return None
    return "VLLM_ATTENTION_BACKEND"


def _device(ground: Ground, gpu: Accelerator | None) -> str | None:
    """V1 wants an NVIDIA GPU to 0.8.5, or a TPU in 0.9.0, or an x86 CPU from 0.9.1 on; AMD's from 0.9.2 on."""
    platform = ground.platform or "cuda"
    if gpu is not None and gpu.vendor == "amd":
        platform = "rocm"
    firsts = {"cuda": "0.8.0", "tpu": "0.9.0", "cpu": "0.9.1", "rocm": "0.9.2", "xpu": "0.9.2"}
    if not ground.since(firsts.get(platform, "99")):
        return f"a device of kind {platform}"
    old = gpu is not None and gpu.capability is not None and gpu.capability < 8
    return "a GPU older than Ampere" if old and not ground.since("0.10.2") else None


def _kv_cache(ground: Ground, gpu: Accelerator | None) -> str | None:
    """A KV cache of 8 bits wants Hopper, or AMD from 0.9.0 on; not at all before 0.8.2."""
    asked = ground.declared("kv_cache_dtype")
    if asked is UNKNOWABLE:
        return UNKNOWN
    if asked in (None, "auto"):
        return None
    hopper = gpu is not None and gpu.capability is not None and 9 <= gpu.capability < 10
    amd = gpu is not None and gpu.vendor == "amd" and ground.since("0.9.0")
    runs = ground.since("0.8.2") and str(asked).startswith("fp8") and (hopper or amd)
    return None if runs else "--kv-cache-dtype"


def _model(ground: Ground) -> str | None:
    found = ground.checkpoint
    if found is None:
        return None
    last = next((vllm_kinds.V0_UNTIL[name] for name in found.architectures if name in vllm_kinds.V0_UNTIL), None)
    if last is not None and since(last, ground.version):
        return "a model that only V0 runs"
    if vllm_kinds.pooling(ground) and not ground.since("0.9.2"):
        return "a model that pools"
    stateful = vllm_kinds.hybrid(ground) or vllm_kinds.attention_free(ground)
    return "a model with Mamba layers" if stateful and not ground.since("0.10.2") else None
