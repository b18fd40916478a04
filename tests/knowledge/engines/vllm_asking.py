"""Asking one release of vLLM what it makes of a setting, with or without the model's files and a GPU."""

from collections.abc import Mapping
from typing import Any

from skewguard.knowledge.checkpoints import Checkpoint
from skewguard.knowledge.engines import vllm
from skewguard.knowledge.engines.interface import Hardware, Inputs, Platform
from skewguard.language import accelerators
from skewguard.language.facts import Choice, Fact, Gap, Origin
from skewguard.language.workloads import EnvVar
from tests.knowledge.checkpoints import making
from tests.knowledge.engines.vllm_cases import exactly, serve

GPU_KEY = "gpu@scheduling(abc)"
SEQS, STEP, LENGTH = "limits.max_num_seqs", "limits.max_num_batched_tokens", "limits.max_model_len"
DTYPE, QUANT, KV = "runtime.dtype", "runtime.quantization", "runtime.kv_cache_dtype"
CHUNKED, CACHING = "runtime.chunked_prefill", "runtime.prefix_caching"

PLAIN: dict[str, Any] = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "torch_dtype": "bfloat16",
    "max_position_embeddings": 8192,
    "num_hidden_layers": 2,
}
"""A model that generates text with attention alone."""


def ask(
    setting: str,
    version: str,
    *words: str,
    model: Checkpoint | Mapping[str, Any] | None = None,
    gpu: str | tuple[str, ...] | None = None,
    platform: Platform | None = None,
    env: Mapping[str, str] | None = None,
    count: int | None = None,
) -> Fact | Choice | Gap | None:
    """One setting of `vllm serve m` and further words. `model` is a checkpoint, or what its config.json holds.

    `gpu` names the class that runs it, or several that may; `count` are the pod's.
    """
    found = [accelerators.find(name) for name in ((gpu,) if isinstance(gpu, str) else gpu or ())]
    classes = tuple(each for each in found if each is not None)
    assert len(classes) == len(found)
    one = classes[0] if len(classes) == 1 else None
    hardware = Hardware(GPU_KEY, one, classes if one is None else (), platform, count)
    checkpoint = making.of(dict(model)) if isinstance(model, Mapping) else model
    entries = [EnvVar(name, value, Origin("file", "deploy.yaml")) for name, value in (env or {}).items()]
    release = exactly(version)
    inputs = Inputs(hardware, checkpoint)
    parsed = vllm.settle(serve(release, "m", *words), entries, release, inputs)
    return vllm.derive(setting, parsed, entries, release, inputs)


def value(setting: str, version: str, *words: str, **more: Any) -> Any:
    """The value of a setting that has one."""
    found = ask(setting, version, *words, **more)
    assert isinstance(found, Fact), found
    return found.value


def gap(setting: str, version: str, *words: str, **more: Any) -> Gap:
    """The gap of a setting that has none."""
    found = ask(setting, version, *words, **more)
    assert isinstance(found, Gap), found
    return found


def choice(setting: str, version: str, *words: str, **more: Any) -> dict[str, Any]:
    """The arms of a choice, by what they hang on."""
    found = ask(setting, version, *words, **more)
    assert isinstance(found, Choice), found
    return {arm.when: arm.value for arm in found.arms}
