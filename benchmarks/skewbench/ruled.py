"""Changes that leave every written setting as it is: only a rule of the engine can see what they do.

A base is put at one release, GPU class and checkpoint, every flag that could decide more than itself is taken out,
and the contract that `init` writes is cut down to one setting: nothing of release, image or GPU is promised. Then release, class or checkpoint change. `before` and `after` of each row are what the engine's sources of
those releases say, read by hand: a change counts as found only when the finding observes exactly `after`.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from manifests import Arguments, Manifest

LLAMA: dict[str, Any] = {
    "architectures": ["LlamaForCausalLM"], "model_type": "llama", "torch_dtype": "bfloat16", "hidden_size": 4096,
    "intermediate_size": 14336, "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 8,
    "vocab_size": 128256, "max_position_embeddings": 8192,
}  # fmt: skip
LLAMA3_ROPE = {**LLAMA, "max_position_embeddings": 131072, "rope_scaling": {
    "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
    "original_max_position_embeddings": 8192}}  # fmt: skip
YARN = {**LLAMA, "architectures": ["Qwen2ForCausalLM"], "model_type": "qwen2", "max_position_embeddings": 32768,
        "rope_scaling": {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32768}}  # fmt: skip
LONG_ROPE = {**LLAMA, "architectures": ["Phi3ForCausalLM"], "model_type": "phi3", "max_position_embeddings": 131072,
             "original_max_position_embeddings": 4096, "num_key_value_heads": 32, "hidden_size": 3072,
             "rope_scaling": {"type": "longrope", "short_factor": [1.0] * 48, "long_factor": [4.0] * 48}}  # fmt: skip
COMMAND_R = {**LLAMA, "architectures": ["CohereForCausalLM"], "model_type": "cohere", "max_position_embeddings": 8192,
             "model_max_length": 131072, "torch_dtype": "float16"}  # fmt: skip
FLOAT32 = {**LLAMA, "torch_dtype": "float32"}
MODELOPT = {**LLAMA, "quantization_config": {"quant_method": "modelopt", "quant_algo": "FP8",
                                             "kv_cache_scheme": {"type": "float", "num_bits": 8, "dynamic": False}}}  # fmt: skip
FP8 = {**LLAMA, "quantization_config": {"quant_method": "fp8", "activation_scheme": "dynamic"}}

H100, H200, A100, L4, T4, B200 = (
    "NVIDIA-H100-80GB-HBM3", "NVIDIA-H200", "NVIDIA-A100-SXM4-80GB", "NVIDIA-L4", "Tesla-T4", "NVIDIA-B200",
)  # fmt: skip


class State(NamedTuple):
    """What surrounds the written settings. `generation` is generation_config.json."""

    release: str
    gpu: str = H100
    config: dict[str, Any] = LLAMA
    generation: dict[str, Any] | None = None


class Row(NamedTuple):
    """One change of what surrounds the settings, and what the engine makes of `setting` before and after.

    `arguments` stand in place of the base's own, where the image's entrypoint is to read them.
    """

    name: str
    engine: str
    setting: str
    old: State
    new: State
    before: Any
    after: Any
    arguments: tuple[str, ...] = ()

    @property
    def harmless(self) -> bool:
        """Whether the engine takes the same value."""
        return bool(self.before == self.after)


def _between(engine: str, setting: str, releases: str, before: Any, after: Any, **state: Any) -> Row:
    old, new = releases.split(" ")
    what = state.pop("of", "")
    return Row(f"{setting} {old} → {new}{what}", engine, setting, State(old, **state),
               State(new, **state), before, after)  # fmt: skip


def _across(
    engine: str, setting: str, release: str, classes: tuple[str, str], before: Any, after: Any, **state: Any
) -> Row:
    old, new = classes
    return Row(f"{setting} {release} on {old} → {new}", engine, setting,
               State(release, old, **state), State(release, new, **state), before, after)  # fmt: skip


def _checkpoints(setting: str, release: str, of: str, old: State, new: State, before: Any, after: Any) -> Row:
    return Row(f"{setting} {release}, {of}", "vllm", setting, old, new, before, after)


MODEL = "org/Model-8B"

ROWS: tuple[Row, ...] = (
    # releases
    _between("vllm", "limits.max_model_len", "0.8.2 0.8.3", 8192, 131072, config=COMMAND_R, of=", Command-R"),
    _between("vllm", "limits.max_model_len", "0.11.0 0.11.1", 131072, 4096, config=LONG_ROPE, of=", LongRoPE"),
    _between("vllm", "limits.max_model_len", "0.29.0 0.30.0", 131072, 32768, config=YARN, of=", YaRN"),
    _between("vllm", "runtime.dtype", "0.9.0 0.9.1", "float16", "bfloat16", config=FLOAT32, of=", float32"),
    _between("vllm", "limits.max_num_seqs", "0.8.3 0.8.4", 1024, 256, gpu=L4, of=" on L4"),
    _between("vllm", "limits.max_num_batched_tokens", "0.8.4 0.8.5", 2048, 8192, gpu=A100, of=" on A100"),
    _between("vllm", "limits.max_num_batched_tokens", "0.8.5 0.9.0", 8192, 2048, gpu=A100, of=" on A100"),
    _between("vllm", "limits.max_num_batched_tokens", "0.27.0 0.28.0", 8192, 16384, gpu=B200, of=" on B200"),
    _between("vllm", "limits.max_num_seqs", "0.7.3 0.8.0", 256, 1024),
    _between("vllm", "runtime.gpu_memory_utilization", "0.19.0 0.20.0", 0.9, 0.92),
    _between("vllm", "runtime.seed", "0.7.3 0.8.0", 0, None),
    _between("vllm", "runtime.seed", "0.11.2 0.12.0", None, 0),
    _between("vllm", "runtime.prefix_caching", "0.7.3 0.8.0", False, True),
    _between("vllm", "runtime.chunked_prefill", "0.7.3 0.8.0", False, True),
    _between("vllm", "runtime.generation_config", "0.7.3 0.8.0", None, "auto"),
    _between("vllm", "limits.default_output_tokens", "0.7.3 0.8.0",
             None, 512, generation={"max_new_tokens": 512}),
    _between("vllm", "runtime.kv_cache_dtype", "0.13.0 0.14.0", "bfloat16", "fp8_e4m3",
             config=MODELOPT, of=", ModelOpt"),
    _between("vllm", "vllm.disable_cascade_attn", "0.17.0 0.18.0", False, True),
    _between("vllm", "vllm.prefix_caching_hash_algo", "0.10.1 0.10.2", "builtin", "sha256"),
    _between("vllm", "vllm.allowed_origins", "0.31.0 0.32.0", ["*"], []),
    _between("vllm", "vllm.max_logprobs", "0.4.3 0.5.0", 5, 20),
    _between("sglang", "sglang.schedule_policy", "0.4.3 0.4.6", "lpm", "fcfs"),
    # GPU classes
    _across("vllm", "limits.max_num_seqs", "0.8.5", (H100, L4), 1024, 256),
    _across("vllm", "limits.max_num_seqs", "0.11.0", (H100, L4), 1024, 256),
    _across("vllm", "limits.max_num_batched_tokens", "0.10.0", (H100, A100), 8192, 2048),
    _across("vllm", "limits.max_num_batched_tokens", "0.11.0", (H100, L4), 8192, 2048),
    _across("vllm", "limits.max_num_batched_tokens", "0.28.0", (H100, B200), 8192, 16384),
    _across("vllm", "runtime.dtype", "0.9.1", (A100, T4), "bfloat16", "float16", config=FLOAT32),
    _across("sglang", "sglang.chunked_prefill_size", "0.5.5", (H100, T4), 8192, 2048),
    # checkpoints
    _checkpoints("runtime.quantization", "0.11.0", "bfloat16 → FP8", State("0.11.0"),
                 State("0.11.0", config=FP8), None, "fp8"),
    _checkpoints("limits.max_model_len", "0.11.0", "8192 → 131072 positions", State("0.11.0"),
                 State("0.11.0", config=LLAMA3_ROPE), 8192, 131072),
    _checkpoints("runtime.dtype", "0.9.0", "bfloat16 → float32", State("0.9.0"),
                 State("0.9.0", config=FLOAT32), "bfloat16", "float16"),
    _checkpoints("limits.default_output_tokens", "0.11.0",
                 "other generation_config.json", State("0.11.0", generation={"max_new_tokens": 2048}),
                 State("0.11.0", generation={"max_new_tokens": 512}), 2048, 512),
    # the image's entrypoint: the module of the API server to 0.11.0, `vllm serve` from 0.11.1 on
    Row("positional model, back from vllm serve to the API server", "vllm", "model.id", State("0.11.1"),
        State("0.11.0"), MODEL, "Qwen/Qwen3-0.6B", (MODEL,)),
    Row("positional model, from the API server to vllm serve", "vllm", "model.id", State("0.11.0"),
        State("0.11.1"), "Qwen/Qwen3-0.6B", MODEL, (MODEL,)),
    Row("--model, from the API server to vllm serve", "vllm", "model.id", State("0.11.0"), State("0.11.1"),
        MODEL, MODEL, ("--model", MODEL)),
    # the same value on both sides
    _between("vllm", "limits.max_model_len", "0.29.0 0.30.0", 131072, 131072, config=LLAMA3_ROPE),
    _between("vllm", "limits.max_model_len", "0.11.0 0.11.1", 131072, 131072, config=YARN),
    _between("vllm", "runtime.dtype", "0.9.0 0.9.1", "bfloat16", "bfloat16", of=", bfloat16"),
    _between("vllm", "limits.max_num_seqs", "0.8.3 0.8.4", 1024, 1024, of=" on H100"),
    _between("vllm", "limits.max_num_batched_tokens", "0.27.0 0.28.0", 8192, 8192, of=" on H100"),
    _between("vllm", "runtime.gpu_memory_utilization", "0.18.0 0.19.0", 0.9, 0.9),
    _between("vllm", "runtime.seed", "0.12.0 0.33.0", 0, 0),
    _between("vllm", "runtime.prefix_caching", "0.8.0 0.11.0", True, True),
    _across("vllm", "limits.max_num_batched_tokens", "0.11.0", (H100, H200), 8192, 8192),
    _across("vllm", "limits.max_num_batched_tokens", "0.11.0", (A100, L4), 2048, 2048),
    _across("vllm", "limits.max_num_seqs", "0.11.0", (H100, B200), 1024, 1024),
    _across("vllm", "runtime.dtype", "0.11.0", (H100, L4), "bfloat16", "bfloat16"),
    _checkpoints("runtime.dtype", "0.11.0", "bfloat16 → float32", State("0.11.0"),
                 State("0.11.0", config=FLOAT32), "bfloat16", "bfloat16"),
    _checkpoints("limits.max_num_seqs", "0.11.0", "8192 → 131072 positions", State("0.11.0"),
                 State("0.11.0", config=LLAMA3_ROPE), 1024, 1024),
)  # fmt: skip

_IMAGES = {
    "vllm": r"^(\S*vllm/vllm-openai):v?\d+\.\d+\.\d+\S*$",
    "sglang": r"^(\S*lmsysorg/sglang):v?\d+\.\d+\.\d+\S*$",
}
_CLASS = "nvidia.com/gpu.product"
_CLASSES = (_CLASS, "cloud.google.com/gke-accelerator", "karpenter.k8s.aws/instance-gpu-name",
            "node.kubernetes.io/instance-type", "gpu.nvidia.com/class")  # fmt: skip


def put(manifest: Manifest, engine: str, state: State) -> bool:
    """Give every engine container the release's image, and every pod the class; False where that cannot be."""
    images = [str(container.get("image", "")) for container in manifest.containers()]
    if not images or any(not re.match(_IMAGES[engine], image) for image in images):
        return False
    for container in manifest.containers():
        container["image"] = re.sub(_IMAGES[engine], rf"\1:v{state.release}", str(container["image"]))
    elsewhere = [each for each in manifest.mappings() if isinstance(each.get("nodeSelector"), dict)]
    for pod in [*manifest.pods(), *elsewhere]:
        kept = {key: value for key, value in (pod.get("nodeSelector") or {}).items() if key not in _CLASSES}
        pod["nodeSelector"] = {**kept, _CLASS: state.gpu}
        (pod.get("affinity") or {}).pop("nodeAffinity", None)
    return True


_KEPT = ("--model", "--model-path", "--revision", "--tokenizer", "--served-model-name", "--host", "--port",
         "--tensor-parallel-size", "--tp", "--tp-size")  # fmt: skip


def leave_to_the_engine(manifest: Manifest, instead: tuple[str, ...]) -> bool:
    """Take every flag out that may decide more than itself, and the variables of vLLM.

    `instead` are arguments for the image's own entrypoint, for containers that have nothing else. False where the
    arguments are not plain words of the manifest.
    """
    for container in manifest.containers():
        if instead:
            if container.get("command") or not isinstance(container.get("args"), list):
                return False
            container["args"] = list(instead)
        arguments = Arguments(container)
        if not arguments.usable or arguments.shell or arguments.values(["--config"]):
            return False
        written = {word.partition("=")[0].replace("_", "-") for word in arguments.words if word.startswith("-")}
        arguments.drop([name for name in written if name not in _KEPT and name.startswith("--")])
        env = [entry for entry in container.get("env") or [] if not str(entry.get("name")).startswith("VLLM_")]
        container["env"] = env
    return bool(manifest.containers())


def files(state: State) -> Iterator[tuple[str, str]]:
    """The files of the checkpoint."""
    yield "config.json", json.dumps(state.config)
    yield "generation_config.json", json.dumps(state.generation or {})
