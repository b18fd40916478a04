"""What the rules of vLLM's releases stand on: what is known at the start, and which of its two engines runs.

Engine V1 came beside the old one in 0.6.5, was tried first from 0.8.0 on and stands alone from 0.11.0 on
(`EngineArgs.create_engine_config` and `_is_v1_supported_oracle` of `vllm/engine/arg_utils.py`).
"""

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from skewguard.knowledge.engines.interface import Hardware
from skewguard.knowledge.engines.readings import UNKNOWABLE, Unknowable
from skewguard.knowledge.engines.versions import since
from skewguard.language.facts import Choice, Fact, Gap, Origin, Value


class Ground(Struct):
    """What the rules of one release may look at. `declared` gives what somebody wrote for a destination.

    It is `UNKNOWABLE` where that cannot be known, and None where nobody wrote anything. `variable` does the same for
    the environment.
    """

    version: str
    declared: Callable[[str], Any]
    variable: Callable[[str], str | Unknowable | None]
    hardware: Hardware
    model_key: str
    generation_key: str


Answer = Fact | Choice | Gap


def derived(setting: str, version: str, rule: str, value: Value, why: str = "") -> Fact:
    """A value that a rule of this release gives."""
    ref = f"default of vLLM {version} (rule {rule}{', ' + why if why else ''})"
    return Fact(setting, value, "derived", Origin(kind="rule", ref=ref))


def needs_model(setting: str, ground: Ground, rule: str, reason: str, *more: str) -> Gap:
    """The answer that only the model's own config can give."""
    return Gap(setting, reason, rule, (ground.model_key, *more), "the model's config.json, or the running server")


# ---- engine V0 or V1 --------------------------------------------------------------------------------------------------


def engine_v1(version: str, asked: str | None) -> bool | None:
    """Whether engine V1 runs; None where the release tries it, and falls back to the one before where it cannot.

    `asked` is VLLM_USE_V1. V1 is there on request from 0.6.5 on, tried first from 0.8.0 on, alone from 0.11.0 on.
    """
    if not since(version, "0.6.5") or since(version, "0.11.0"):
        return since(version, "0.11.0")
    wanted = asked is not None and asked.strip().isdigit() and int(asked) != 0
    if not since(version, "0.8.0"):
        return wanted
    return None if asked is None else wanted


def runs_v1(ground: Ground) -> bool | None:
    """Whether engine V1 runs; None where it is tried, or where nobody can know what it was asked."""
    asked = ground.variable("VLLM_USE_V1")
    if isinstance(asked, Unknowable):
        never = engine_v1(ground.version, "1") == engine_v1(ground.version, "0")
        return engine_v1(ground.version, "0") if never else None
    return engine_v1(ground.version, asked)


FALL_BACK = "a fall-back to engine V0"
"""What a value of engine V1 assumes not to happen where the release only tries V1 (0.8.0 to 0.10.2)."""

_V0_REASONS = (
    "num_scheduler_steps", "preemption_mode", "scheduler_delay_factor", "scheduling_policy", "kv_cache_dtype",
    "speculative_config", "speculative_model", "logits_processor_pattern", "disable_async_output_proc",
    "enable_prompt_adapter", "enable_prompt_embeds", "max_num_partial_prefills", "max_long_partial_prefills",
    "otlp_traces_endpoint", "collect_detailed_traces", "guided_decoding_backend",
)  # fmt: skip
"""Flags of which some values make some releases from 0.8.0 to 0.10.2 fall back (`_is_v1_supported_oracle`)."""

_V0_DEVICES = ("V100", "T4", "P100", "P4", "P40", "K80", "RTX-6000", "RTX-8000", "TITAN")
"""Names of NVIDIA's GPUs below compute capability 8.0, which engine V1 left to V0."""


_V1_BACKENDS = ("FLASH_ATTN", "FLASHINFER", "FLASHMLA", "TRITON_MLA", "PALLAS", "")
"""Attention backends that engine V1 has under the same name; others are V0's, or some releases' only."""


def falls_back(ground: Ground) -> bool | None:
    """Whether the release, which only tries engine V1, may fall back for a reason in sight; None where V1 is certain."""
    if runs_v1(ground) is not None:
        return None
    if ground.variable("VLLM_USE_V1") is UNKNOWABLE:
        return True
    gpu, backend = ground.hardware.accelerator, ground.variable("VLLM_ATTENTION_BACKEND")
    if backend is UNKNOWABLE or (isinstance(backend, str) and not (backend.endswith("_V1") or backend in _V1_BACKENDS)):
        return True
    return (gpu is not None and gpu.name.startswith(_V0_DEVICES)) or any(
        ground.declared(dest) not in (None, "auto", "fcfs") for dest in _V0_REASONS
    )


def undecided(setting: str, ground: Ground) -> Gap:
    """The answer where the engines V0 and V1 decide a setting differently, and nobody can know which one runs."""
    if ground.variable("VLLM_USE_V1") is UNKNOWABLE:
        key, need = "env@VLLM_USE_V1", "the value of VLLM_USE_V1"
        reason = f"the engines V0 and V1 of vLLM {ground.version} decide it differently, and VLLM_USE_V1 is not known"
        return Gap(setting, reason, "vllm.engine", (key,), need)
    reason = f"vLLM {ground.version} may fall back to engine V0 here, which decides it differently"
    need = "VLLM_USE_V1 in the container's env, or the running server's log"
    keys = ("engine@V0 or V1", ground.model_key, ground.hardware.key)
    return Gap(setting, reason, "vllm.engine", keys, need)
