"""What NIM decides at its start: nearly all of it by the model profile that it picks for the GPUs it finds.

NIM has no public source. What is said here is said by pages of its documentation, which the table names beside each
variable (`page`), and by the operator's source; a page that was not read is a gap. `1.10.0/configuration` and
`1.12.0/configuration` say that a profile's name holds the engine behind and both parallel sizes;
`2.0.0/reference/advanced-configuration` to `2.0.9` that the engine is vLLM and what goes before what.
"""

import re
from collections.abc import Iterator
from zlib import crc32

from skewguard.knowledge.engines import tables
from skewguard.knowledge.engines.answers import Engine
from skewguard.knowledge.engines.readings import UNKNOWABLE
from skewguard.knowledge.engines.start_rules import Book, Ground, Rule
from skewguard.knowledge.engines.versions import since
from skewguard.language import vocabulary
from skewguard.language.facts import Effective, Gap

NIM = Engine("nim", "NVIDIA NIM")
LAYERED = "2.0.0"
"""The first release that takes arguments, and lays them, variables, a file and the profile over each other."""

ASK = "`list-model-profiles` in the container, or the running server"
ASK_LAYERED = "`nim-serve --dry-run` in the container, or the running server"


def by_profile(setting: str, ground: Ground) -> Effective:
    """The answer for what the profile decides: equal where image, profile, GPU and NIM's other variables are."""
    unread = _unread(setting, ground)
    if unread is not None:
        reason = f"{unread} is set, and no page of NIM that was read says what this release makes of it"
    elif ground.declared("profile") not in (None, UNKNOWABLE):
        reason = (
            f"the model profile {ground.declared('profile')} decides it, which is in the image or fetched at the start"
        )
    else:
        reason = "NIM picks a model profile by the GPUs that it finds, and the profile decides it"
    return Gap(setting, reason, "nim.profile", tuple(_inputs(ground)), _ask(ground))


def _ask(ground: Ground) -> str:
    return ASK_LAYERED if since(ground.version, LAYERED) else ASK


def _inputs(ground: Ground) -> Iterator[str]:
    yield f"profile@{ground.said('profile') or ground.release.key.partition('@')[2]}"
    yield ground.release.key
    yield ground.hardware.key
    if ground.hardware.count is not None:
        yield f"gpus@{ground.hardware.count}"
    more = sorted((name, entry.value) for name, entry in ground.env.items() if name.startswith("NIM_"))
    if more:
        yield f"NIM_*@{crc32(repr(more).encode('utf-8', 'replace')):08x}"


def _unread(setting: str, ground: Ground) -> str | None:
    """A variable that other releases read for this setting, where this one may or may not."""
    dest = vocabulary.destination(NIM.name, setting)
    runs = tables.load(NIM.name).runs_of_dest(dest) if dest is not None else ()
    return next((flag.env for _, _, flag in runs if flag.env in ground.env), None)


def unstated(setting: str, ground: Ground) -> Effective:
    """The answer where no page that was read tells the default."""
    reason = "no page of NIM that was read says what it is where nobody sets it"
    return Gap(setting, reason, "nim.unstated", (ground.release.key,), _ask(ground))


def profile(setting: str, ground: Ground) -> Effective:
    """Picked by the GPUs, where nobody names one."""
    reason = "NIM picks it by the GPUs that it finds"
    return Gap(setting, reason, "nim.profile", (ground.release.key, ground.hardware.key), _ask(ground))


# ---- what a profile's name says -------------------------------------------------------------------------------------


def _of_name(pattern: str) -> Rule:
    """A parallel size as the name of the profile has it: `tensorrt_llm-trtllm_buildable-bf16-tp8-pp2`."""

    def answer(setting: str, ground: Ground) -> Effective:
        name = ground.declared("profile")
        found = re.search(pattern, name) if isinstance(name, str) and not since(ground.version, LAYERED) else None
        if found is None or _unread(setting, ground) is not None:
            return by_profile(setting, ground)
        return ground.derived(setting, "profile-name", int(found[1]), f"the profile is called {name}")

    return answer


def backend(setting: str, ground: Ground) -> Effective:
    """The engine behind: as the profile is called before 2.0.0, vLLM up to 2.0.9, one of several since."""
    if since(ground.version, LAYERED):
        if since("2.0.9", ground.version):
            return ground.derived(setting, "backend@2.0.0", "vllm")
        return by_profile(setting, ground)
    name = ground.declared("profile")
    known = ("tensorrt_llm", "vllm", "sglang")
    found = next((each for each in known if isinstance(name, str) and re.match(rf"{each}(?:-|$)", name)), None)
    if found is None:
        return by_profile(setting, ground)
    return ground.derived(setting, "profile-name", found, f"the profile is called {name}")


_TENSOR, _PIPELINE = _of_name(r"-tp(\d+)(?:-|$)"), _of_name(r"-pp(\d+)(?:-|$)")
_VIEWS: dict[str, Rule] = {
    "model.id": by_profile,
    "model.revision": by_profile,
    "model.served_name": by_profile,
    "runtime.dtype": by_profile,
    "runtime.quantization": by_profile,
    "runtime.kv_cache_dtype": by_profile,
    "runtime.gpu_memory_utilization": by_profile,
    "runtime.prefix_caching": by_profile,
    "limits.max_model_len": by_profile,
    "limits.max_num_seqs": by_profile,
    "limits.max_num_batched_tokens": by_profile,
    "parallelism.tensor": _TENSOR,
    "parallelism.pipeline": _PIPELINE,
    "nim.backend": backend,
}
BY_PROFILE = frozenset((*_VIEWS, "nim.profile"))
"""The settings that the profile decides, whichever release it is."""

BOOK = Book(
    engine=NIM,
    ask=ASK,
    rules={
        "backend": backend,
        "enable_kv_cache_host_offload": unstated,
        "enable_kv_cache_reuse": by_profile,
        "ft_model": unstated,
        "guided_decoding_backend": unstated,
        "max_cpu_loras": unstated,
        "max_gpu_loras": unstated,
        "max_model_len": by_profile,
        "max_num_seqs": by_profile,
        "model": by_profile,
        "peft_source": unstated,
        "pipeline_parallel_size": _PIPELINE,
        "profile": profile,
        "served_model_name": by_profile,
        "tensor_parallel_size": _TENSOR,
    },
    views=_VIEWS,
    model="model",
)
"""All rules: every variable without a default that a page tells has one."""
