"""Changes after which something else runs. Each must be found, on the right setting.

Operators over settings are made from the vocabulary's rows and the engine's own table, so that a row nobody detects
counts as missed. The others change what surrounds the engine.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from manifests import Arguments, Manifest

from skewguard.knowledge import engines
from skewguard.knowledge.engines.interface import FlagRecord
from skewguard.knowledge.engines.versions import since
from skewguard.language.vocabulary import BY_NAME


class Words(NamedTuple):
    """What an engine calls the things that operators write."""

    values: tuple[str, ...]
    switch: str
    newer: str
    older: str
    image: str
    many: str
    variables: tuple[tuple[str, str], ...] = ()


WORDS = {
    "vllm": Words(
        values=("--max-model-len", "--max-num-seqs", "--dtype", "--gpu-memory-utilization"),
        switch="--enable-prefix-caching", newer=":v0.14.1", older=":v0.8.5",
        image="registry.example/fork/vllm-openai", many="--max-num-seqs",
        variables=(("VLLM_ATTENTION_BACKEND", "FLASHINFER"), ("VLLM_USE_V1", "1"),
                   ("VLLM_ALLOW_LONG_MAX_MODEL_LEN", "1"), ("VLLM_USE_MODELSCOPE", "1"),
                   ("VLLM_ENABLE_V1_MULTIPROCESSING", "1"), ("VLLM_WORKER_MULTIPROC_METHOD", "spawn"),
                   ("VLLM_USE_FLASHINFER_SAMPLER", "1")),
    ),
    "sglang": Words(
        values=("--context-length", "--max-running-requests", "--dtype", "--mem-fraction-static"),
        switch="--disable-radix-cache", newer=":v0.5.12", older=":v0.4.6",
        image="registry.example/fork/sglang", many="--max-running-requests",
        variables=(("SGLANG_USE_MODELSCOPE", "1"), ("SGLANG_ALLOW_OVERWRITE_LONGER_CONTEXT_LEN", "1"),
                   ("SGLANG_ENABLE_TORCH_COMPILE", "1"), ("SGLANG_DISABLE_TP_MEMORY_INBALANCE_CHECK", "1")),
    ),
}  # fmt: skip


class Operator(NamedTuple):
    """One change. `expected` are settings or check ids of which one must be named by a new failing finding.

    `undecidable`: what the engine takes instead may hang on what no manifest holds, and a new unknown counts too.
    """

    name: str
    category: str
    expected: tuple[str, ...]
    apply: Callable[[Manifest], bool]
    undecidable: bool = False


def operators(engine: str, version: str | None) -> list[Operator]:
    """Every operator; those over flags are those of an engine version."""
    found = [each for each in _STRUCTURAL if each.name not in NOT_OF.get(engine, ())]
    if version in engines.ENGINES[engine].releases():
        found += _over_settings(engine, version)
        found += _over_environment(engine, version)
    return found


# ---- settings ------------------------------------------------------------------------------------------------------

_JSON_VALUES = {
    "runtime.hf_overrides": '{"rope_theta": 12345}',
    "runtime.speculative": '{"method": "ngram", "num_speculative_tokens": 3, "prompt_lookup_max": 4}',
    "model.lora": "extra=org/adapter",
}
_VALUES = {
    "model.id": "other-org/Other-Model-3B", "model.revision": "main", "model.code_revision": "main",
    "tokenizer.id": "other-org/other-tokenizer", "tokenizer.revision": "main", "tokenizer.mode": "slow",
    "tokenizer.chat_template": "/templates/other.jinja", "tokenizer.tool_call_parser": "hermes",
    "tokenizer.reasoning_parser": "deepseek_r1", "model.served_name": "another-name", "runtime.dtype": "float16",
    "runtime.quantization": "fp8", "runtime.kv_cache_dtype": "fp8", "runtime.generation_config": "vllm",
    "runtime.load_format": "dummy", "runtime.attention_backend": "FLASHINFER", "runtime.block_size": "32",
    "limits.max_model_len": "4096", "runtime.gpu_memory_utilization": "0.55",
}  # fmt: skip
ON_SINCE_V1 = ("runtime.prefix_caching", "runtime.chunked_prefill")
"""What vLLM does by itself from 0.8.0 on, for the models of the bases."""
_NOT_WHAT_RUNS = {"config", "help", "version", "headless", "model_tag", "port", "grpc", "fail_on_environ_validation"}


def _over_settings(engine: str, version: str) -> Iterator[Operator]:
    engine_only = 0
    for flag in engines.ENGINES[engine].flags(version):
        if flag.dest in _NOT_WHAT_RUNS:
            continue
        if flag.setting in BY_NAME:
            row = BY_NAME[flag.setting]
            yield Operator(f"set {row.name}", row.category, (row.name,), _setter(flag, row.name))
            yield Operator(f"drop {row.name}", row.category, (row.name,), _dropper(flag, version), undecidable=True)
        elif _simple(flag) and engine_only < 60:
            engine_only += 1
            name = flag.setting or f"{engine}.{flag.dest}"
            yield Operator(f"set {name}", "runtime", (name,), _setter(flag, name))


def _simple(flag: FlagRecord) -> bool:
    return (
        flag.kind == "literal"
        and not flag.deprecated
        and flag.spellings[0].startswith("--")
        and _other(flag, "", None) is not None
    )


def _other(flag: FlagRecord, setting: str, current: str | None) -> tuple[str, ...] | None:
    """Words that set the flag to something else than what holds now; None where no value is known to be valid."""
    first = flag.spellings[0]
    value = _VALUES.get(setting) or _JSON_VALUES.get(setting)
    if value and (not flag.choices or value in flag.choices):
        return None if value == current else (first, value)
    if flag.choices:
        others = [
            str(each)
            for each in flag.choices
            if each is not None and str(each) not in (current, str(flag.default), "auto")
        ]
        return (first, others[0]) if others else None
    if isinstance(flag.default, bool) or setting in ON_SINCE_V1:
        negative = next((name for name in flag.spellings if name.startswith("--no-")), None)
        on = flag.default is True if current is None else current == "on"
        return (negative,) if on and negative else None if on else (first,)
    whole = flag.type in ("int", "human_readable_int") and not isinstance(flag.default, (list, dict))
    if whole or isinstance(flag.default, int):
        base = int(current) if current and current.isdigit() else int(flag.default or 0)
        return first, str(base * 2 if base > 1 else base + 2)
    if isinstance(flag.default, float):
        return first, str(round(flag.default / 2 + 0.01, 3))
    return None


def _setter(flag: FlagRecord, setting: str) -> Callable[[Manifest], bool]:
    def apply(manifest: Manifest) -> bool:
        for container in manifest.containers():
            arguments = Arguments(container)
            if not arguments.usable:
                continue
            spelled = [name.replace("_", "-") for name in flag.spellings]
            written = arguments.values(spelled)
            words = _other(flag, setting, _current(flag, arguments, written))
            if words is None:
                continue
            if flag.dest == "model":
                return _other_model(arguments, words[1])
            if written and not arguments.shell:
                arguments.drop(spelled)
            arguments.add(*words)
            return True
        return False

    return apply


def _current(flag: FlagRecord, arguments: Arguments, written: list[str]) -> str | None:
    """The value that is written now; for a switch `on` or `off`."""
    if not written:
        return None
    if flag.nargs == "0" or not flag.type or "bool" in flag.type or flag.setting in ON_SINCE_V1:
        negative = [name for name in flag.spellings if name.startswith(("--no-", "--disable-"))]
        return "off" if arguments.values(negative) else "on"
    return written[-1]


def _other_model(arguments: Arguments, model: str) -> bool:
    if arguments.shell:
        changed = [re.sub(r"(vllm serve )(?!-)\S+", rf"\g<1>{model}", word) for word in arguments.words]
        changed = [re.sub(r"(--model(?:-path)?[ =])\S+", rf"\g<1>{model}", word) for word in changed]
    elif named := [name for name in ("--model", "--model-path") if arguments.values([name])]:
        arguments.drop(named)
        changed = [*arguments.words, named[0], model]
    else:
        words = arguments.words
        positional = next((i for i, word in enumerate(words) if word == "serve"), None)
        at = positional + 1 if positional is not None else 0
        if at >= len(words) or words[at].startswith("-"):
            return False
        changed = [*words[:at], model, *words[at + 1 :]]
    different = changed != arguments.words
    arguments.set_words(changed)
    return different


def _dropper(flag: FlagRecord, version: str) -> Callable[[Manifest], bool]:
    def apply(manifest: Manifest) -> bool:
        for container in manifest.containers():
            arguments = Arguments(container)
            spelled = [name.replace("_", "-") for name in flag.spellings]
            written = arguments.values(spelled) if arguments.field else []
            if written and not _stays(flag, version, written[-1], arguments) and arguments.drop(spelled):
                return True
        return False

    return apply


def _stays(flag: FlagRecord, version: str, value: str, arguments: Arguments) -> bool:
    """Whether the engine takes the same value when nobody writes it."""
    models = [*arguments.values(["--model"]), *re.findall(r"serve (?!-)(\S+)", " ".join(arguments.words))]
    follows = {"tokenizer": models, "tokenizer_revision": arguments.values(["--revision"])}
    tier = flag.dest == "max_num_batched_tokens" and value in ("2048", "8192", "16384")
    on = flag.setting in ON_SINCE_V1 and since(version, "0.8.0") and _current(flag, arguments, [value]) == "on"
    if on or value in follows.get(flag.dest, []) or value == "auto" or tier:
        return True
    try:
        return float(value) == float(flag.default)
    except (TypeError, ValueError):
        return value == str(flag.default)


def _over_environment(engine: str, version: str) -> Iterator[Operator]:
    for name, value in WORDS[engine].variables:
        if name in engines.ENGINES[engine].variables(version):
            setting = f"{engine}.env.{name}"
            yield Operator(f"env {name}", "runtime", (setting, "runtime.attention_backend"), _environment(name, value))


def _environment(name: str, value: str) -> Callable[[Manifest], bool]:
    def apply(manifest: Manifest) -> bool:
        for container in manifest.containers():
            entries = container.setdefault("env", []) or []
            if any(entry.get("name") == name for entry in entries):
                continue
            container["env"] = [*entries, {"name": name, "value": value}]
            return True
        return False

    return apply


# ---- structure -----------------------------------------------------------------------------------------------------

_STRUCTURAL: list[Operator] = []
Change = Callable[[Any], bool]
NOT_OF = {"sglang": ("service named like the engine",)}
"""Changes that mean nothing to an engine: SGLang reads its port from no variable that a Service makes."""


def structural(category: str, *expected: str) -> Callable[[Callable[[Manifest], bool]], Callable[[Manifest], bool]]:
    """Register a change of the whole manifest."""

    def register(apply: Callable[[Manifest], bool]) -> Callable[[Manifest], bool]:
        _STRUCTURAL.append(Operator(apply.__name__.replace("_", " "), category, expected, apply))
        return apply

    return register


def on_container(category: str, *expected: str) -> Callable[[Change], Change]:
    """Register a change of the first engine container it applies to."""

    def register(change: Change) -> Change:
        def apply(manifest: Manifest) -> bool:
            return any(change(container) for container in manifest.containers())

        _STRUCTURAL.append(Operator(change.__name__.replace("_", " "), category, expected, apply))
        return change

    return register


def on_pod(category: str, *expected: str) -> Callable[[Change], Change]:
    """Register a change of the first pod spec with an engine that it applies to."""

    def register(change: Change) -> Change:
        def apply(manifest: Manifest) -> bool:
            return any(change(pod) for pod in manifest.pods())

        _STRUCTURAL.append(Operator(change.__name__.replace("_", " "), category, expected, apply))
        return change

    return register


def _image(container: dict[str, Any], pattern: str, replacement: str) -> bool:
    image = str(container.get("image", ""))
    changed = re.sub(pattern, replacement, image)
    container["image"] = changed
    return changed != image


SHARED_MEMORY = "/dev/shm"  # noqa: S108  # where NCCL looks, not a file of ours
_IMAGE = ("runtime.image", "runtime.version", "runtime.image_digest", "pin.image-tag", "pin.image-digest")


@on_container("runtime", *_IMAGE)
def image_tag_bumped(container: dict[str, Any]) -> bool:
    return _image(container, r":v?\d+\.\d+\.\d+[^@]*(@.*)?$", spoken(container).newer)


@on_container("runtime", *_IMAGE)
def image_tag_older(container: dict[str, Any]) -> bool:
    return _image(container, r":v?\d+\.\d+\.\d+[^@]*(@.*)?$", spoken(container).older)


@on_container("runtime", *_IMAGE)
def image_tag_floating(container: dict[str, Any]) -> bool:
    return _image(container, r":v?\d[^@]*(@.*)?$", ":latest")


@on_container("runtime", *_IMAGE)
def image_tag_removed(container: dict[str, Any]) -> bool:
    return _image(container, r":v?\d[^@]*(@.*)?$", "")


@on_container("runtime", *_IMAGE)
def image_digest_changed(container: dict[str, Any]) -> bool:
    return _image(container, r"@sha256:[0-9a-f]{64}", "@sha256:" + "ab" * 32)


@on_container("runtime", *_IMAGE)
def image_digest_dropped(container: dict[str, Any]) -> bool:
    return _image(container, r"@sha256:[0-9a-f]{64}", "")


@on_container("runtime", *_IMAGE)
def image_of_a_fork(container: dict[str, Any]) -> bool:
    return _image(container, r"^[^:@]+", spoken(container).image)


def _argument_change(change: Callable[[list[str]], list[str] | None]) -> Change:
    def apply(container: dict[str, Any]) -> bool:
        arguments = Arguments(container)
        if not arguments.usable or arguments.shell:
            return False
        words = change(arguments.words)
        if words is None or words == arguments.words:
            return False
        arguments.set_words(words)
        return True

    return apply


def spoken(container: dict[str, Any]) -> Words:
    """The words of the engine that a container starts."""
    seen = " ".join(str(container.get(field, "")) for field in ("image", "command", "args"))
    return WORDS["sglang" if "sglang" in seen else "vllm"]


def _valued(words: list[str], spoken: Words) -> tuple[int, str, str] | None:
    """Index, name and value of the first flag whose loss changes what runs."""
    for index, word in enumerate(words):
        name, marker, value = word.partition("=")
        if name.replace("_", "-") in spoken.values:
            if marker:
                return index, name, value
            if index + 1 < len(words):
                return index, name, words[index + 1]
    return None


_SLUGS = ("swallowed", "unknown", "misspelt", "ignored", "duplicated", "literal-variable", "invalid-value",
          "unexpected-value", "not-yet", "removed", "missing-value", "placeholder", "depends-on-version")  # fmt: skip
_ARGS = (
    *(f"args.{slug}" for slug in _SLUGS),
    "limits.max_model_len", "limits.max_num_seqs", "runtime.dtype", "runtime.gpu_memory_utilization",
)  # fmt: skip


@on_container("runtime", *_ARGS)
def flag_and_value_in_one_word(container: dict[str, Any]) -> bool:
    def change(words: list[str]) -> list[str] | None:
        found = _valued(words, spoken(container))
        if found is None:
            return None
        index, name, value = found
        width = 1 if "=" in words[index] else 2
        return [*words[:index], f"{name} {value}", *words[index + width :]]

    return _argument_change(change)(container)


@on_container("runtime", *_ARGS)
def flag_misspelt(container: dict[str, Any]) -> bool:
    def change(words: list[str]) -> list[str] | None:
        found = _valued(words, spoken(container))
        if found is None:
            return None
        index, name, _ = found
        return [*words[:index], words[index].replace(name, name[:-1] + "z"), *words[index + 1 :]]

    return _argument_change(change)(container)


@on_container("runtime", *_ARGS)
def flag_overridden_later(container: dict[str, Any]) -> bool:
    said = spoken(container)
    return _argument_change(lambda words: [*words, said.many, "3"] if _valued(words, said) else None)(container)


@on_container("runtime", *_ARGS)
def value_becomes_a_shell_variable(container: dict[str, Any]) -> bool:
    def change(words: list[str]) -> list[str] | None:
        found = _valued(words, spoken(container))
        if found is None:
            return None
        index, name, _ = found
        width = 1 if "=" in words[index] else 2
        return [*words[:index], f"{name}=${{LIMIT}}", *words[index + width :]]

    return _argument_change(change)(container)


@on_container("runtime", *_ARGS, "runtime.prefix_caching")
def boolean_given_a_value(container: dict[str, Any]) -> bool:
    said = spoken(container)
    return _argument_change(lambda words: [*words, f"{said.switch}=False"] if _valued(words, said) else None)(container)


@on_container(
    "model", "model.id", "args.ignored", "args.swallowed", "args.nothing-passed", "args.unexpected-value", *_ARGS
)
def arguments_emptied(container: dict[str, Any]) -> bool:
    if not isinstance(container.get("args"), list) or not container["args"] or Arguments(container).shell:
        return False
    container["args"] = []
    return True


@on_container("model", *_ARGS, "model.id", "args.starts-twice", "args.entrypoint-doubled")
def entrypoint_doubled(container: dict[str, Any]) -> bool:
    if container.get("command") or not isinstance(container.get("args"), list) or Arguments(container).shell:
        return False
    container["args"] = ["serve", *container["args"]]
    return True


@structural("model", "model.source_uri", "model.id")
def storage_uri_of_the_platform_changed(manifest: Manifest) -> bool:
    for item in manifest.mappings():
        for key in ("storageUri", "uri"):
            if isinstance(item.get(key), str) and "://" in item[key]:
                item[key] = "hf://other-org/Other-Model-3B"
                return True
    return False


_COUNT = ("hardware.gpu_count", "parallel.gpus", "hardware.request-limit", "parallel.gpu-count")


def _gpu(container: dict[str, Any]) -> tuple[dict[str, Any], str] | None:
    limits = (container.get("resources") or {}).get("limits")
    if not isinstance(limits, dict):
        return None
    name = next((key for key in limits if "gpu" in key), None)
    return (limits, name) if name else None


@on_container("hardware", *_COUNT, "parallelism.tensor")
def gpu_count_doubled(container: dict[str, Any]) -> bool:
    found = _gpu(container)
    if found is None:
        return False
    limits, name = found
    amount = int(limits[name]) * 2
    for part in container["resources"].values():
        if isinstance(part, dict) and name in part:
            part[name] = str(amount)
    return True


@on_container("hardware", *_COUNT)
def gpu_limit_and_request_differ(container: dict[str, Any]) -> bool:
    found = _gpu(container)
    if found is None:
        return False
    limits, name = found
    container["resources"].setdefault("requests", {})
    container["resources"]["requests"] = {
        **(container["resources"]["requests"] or {}),
        name: str(int(limits[name]) + 1),
    }
    return True


@on_container("hardware", "hardware.gpu_count", "hardware.gpu-missing", "hardware.*", "parallel.*")
def gpu_request_dropped(container: dict[str, Any]) -> bool:
    found = _gpu(container)
    if found is None:
        return False
    name = found[1]
    for part in container["resources"].values():
        if isinstance(part, dict):
            part.pop(name, None)
    return True


_CLASS = ("hardware.gpu_class", "hardware.class-open", "hardware.gpu-class")
_CLASS_KEYS = ("nvidia.com/gpu.product", "cloud.google.com/gke-accelerator", "karpenter.k8s.aws/instance-gpu-name",
               "node.kubernetes.io/instance-type", "gpu.nvidia.com/class")  # fmt: skip
_OTHER_CLASS = {"nvidia.com/gpu.product": "NVIDIA-L40", "cloud.google.com/gke-accelerator": "nvidia-tesla-t4",
                "karpenter.k8s.aws/instance-gpu-name": "l4", "node.kubernetes.io/instance-type": "g6.4xlarge",
                "gpu.nvidia.com/class": "L40"}  # fmt: skip


@on_pod("hardware", *_CLASS, "hardware.*")
def gpu_class_changed(pod: dict[str, Any]) -> bool:
    for key in _CLASS_KEYS:
        if key in (pod.get("nodeSelector") or {}):
            pod["nodeSelector"][key] = _OTHER_CLASS[key]
            return True
    return False


@on_pod("hardware", *_CLASS, "hardware.*")
def gpu_class_selector_dropped(pod: dict[str, Any]) -> bool:
    for key in _CLASS_KEYS:
        if key in (pod.get("nodeSelector") or {}):
            del pod["nodeSelector"][key]
            return True
    return False


@on_pod("hardware", *_CLASS, "hardware.*")
def gpu_class_left_open_by_affinity(pod: dict[str, Any]) -> bool:
    for key in _CLASS_KEYS:
        if key in (pod.get("nodeSelector") or {}):
            values = [pod["nodeSelector"].pop(key), _OTHER_CLASS[key]]
            terms = [{"matchExpressions": [{"key": key, "operator": "In", "values": values}]}]
            required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}
            pod["affinity"] = {"nodeAffinity": required}
            return True
    return False


@on_pod("hardware", "parallel.*")
def shared_memory_dropped(pod: dict[str, Any]) -> bool:
    for container in pod["containers"]:
        mounts = container.get("volumeMounts") or []
        kept = [mount for mount in mounts if mount.get("mountPath") != SHARED_MEMORY]
        words = " ".join(Arguments(container).words)
        if len(kept) < len(mounts) and re.search(r"tensor.parallel.size[= ][2-9]", words):
            container["volumeMounts"] = kept
            return True
    return False


# ---- orchestration -------------------------------------------------------------------------------------------------

_REPLICAS = ("autoscaling.min_replicas", "autoscaling.max_replicas", "scaling.*")


@structural("orchestration", *_REPLICAS)
def replicas_changed(manifest: Manifest) -> bool:
    if manifest.kinds("HorizontalPodAutoscaler", "ScaledObject"):
        return False  # the autoscaler decides
    for workload in manifest.workloads():
        spec = workload.get("spec") or {}
        if isinstance(spec.get("replicas"), int):
            spec["replicas"] += 2
            return True
    return False


@structural("orchestration", *_REPLICAS)
def fewest_replicas_changed(manifest: Manifest) -> bool:
    for scaler in manifest.kinds("HorizontalPodAutoscaler", "ScaledObject"):
        for key in ("minReplicas", "minReplicaCount"):
            if isinstance(scaler.get("spec", {}).get(key), int):
                scaler["spec"][key] += 1
                return True
    return False


@structural("orchestration", *_REPLICAS)
def most_replicas_changed(manifest: Manifest) -> bool:
    for scaler in manifest.kinds("HorizontalPodAutoscaler", "ScaledObject"):
        for key in ("maxReplicas", "maxReplicaCount"):
            if isinstance(scaler.get("spec", {}).get(key), int):
                scaler["spec"][key] += 3
                return True
    return False


@structural("orchestration", "autoscaling.signal", "scaling.*")
def scaled_on_cpu_instead(manifest: Manifest) -> bool:
    for scaler in manifest.kinds("ScaledObject"):
        scaler["spec"]["triggers"] = [{"type": "cpu", "metricType": "Utilization", "metadata": {"value": "60"}}]
        return True
    for scaler in manifest.kinds("HorizontalPodAutoscaler"):
        if "cpu" not in str(scaler["spec"].get("metrics")):
            target = {"type": "Utilization", "averageUtilization": 60}
            scaler["spec"]["metrics"] = [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]
            return True
    return False


@structural("orchestration", "autoscaling.signal", "scaling.*", "autoscaling.min_replicas")
def autoscaler_on_cpu_added(manifest: Manifest) -> bool:
    if manifest.kinds("HorizontalPodAutoscaler", "ScaledObject"):
        return False
    for workload in manifest.workloads():
        if workload.get("kind") in ("Deployment", "StatefulSet"):
            metadata = {key: workload["metadata"][key] for key in ("name", "namespace") if key in workload["metadata"]}
            target = {"apiVersion": workload["apiVersion"], "kind": workload["kind"], "name": metadata["name"]}
            cpu = {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 60}}
            spec = {"scaleTargetRef": target, "minReplicas": 1, "maxReplicas": 9,
                    "metrics": [{"type": "Resource", "resource": cpu}]}  # fmt: skip
            manifest.documents.append(
                {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": metadata, "spec": spec}
            )
            return True
    return False


@structural("orchestration", "args.*")
def service_named_like_the_engine(manifest: Manifest) -> bool:
    for workload in manifest.workloads():
        pods = Manifest([workload], manifest.engines, None).pods()
        if workload.get("kind") == "Deployment" and all(pod.get("enableServiceLinks") is not False for pod in pods):
            if any(s["metadata"].get("name") == "vllm" for s in manifest.kinds("Service")):
                return False
            metadata = {"name": "vllm"}
            if "namespace" in workload["metadata"]:
                metadata["namespace"] = workload["metadata"]["namespace"]
            spec = {"selector": {"app": "elsewhere"}, "ports": [{"port": 80}]}
            manifest.documents.append({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec})
            return True
    return False


@structural("orchestration", "parallel.*", "hardware.*")
def group_made_smaller(manifest: Manifest) -> bool:
    for workload in manifest.kinds("LeaderWorkerSet"):
        template = workload["spec"].get("leaderWorkerTemplate", {})
        if isinstance(template.get("size"), int) and template["size"] > 1:
            template["size"] -= 1
            return True
    return False


# ---- serving -------------------------------------------------------------------------------------------------------


@structural("serving", "serving.request_timeout", "serving.*")
def route_timeout_shortened(manifest: Manifest) -> bool:
    for route in manifest.kinds("Ingress"):
        annotations = route["metadata"].get("annotations") or {}
        for key in annotations:
            if "timeout" in key and "read" in key:
                annotations[key] = "5"
                return True
    for route in manifest.kinds("HTTPRoute"):
        for rule in route["spec"].get("rules", []):
            rule["timeouts"] = {"request": "5s", "backendRequest": "5s"}
            return True
    return False


@structural("serving", "serving.request_timeout", "serving.*")
def route_with_short_timeout_added(manifest: Manifest) -> bool:
    if manifest.kinds("Ingress", "HTTPRoute"):
        return False
    labels: list[dict[str, str]] = []
    for workload in manifest.workloads():
        template = (workload.get("spec") or {}).get("template") or {}
        if workload.get("kind") in ("Deployment", "StatefulSet"):
            labels.append(template.get("metadata", {}).get("labels") or {})
    for service in manifest.kinds("Service"):
        selector = (service.get("spec") or {}).get("selector")
        if not selector or not any(all(own.get(k) == v for k, v in selector.items()) for own in labels):
            continue
        metadata = {key: service["metadata"][key] for key in ("name", "namespace") if key in service["metadata"]}
        rule = {"backendRefs": [{"name": metadata["name"], "port": 80}], "timeouts": {"request": "3s"}}
        spec = {"parentRefs": [{"name": "gateway"}], "rules": [rule]}
        manifest.documents.append(
            {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": metadata, "spec": spec}
        )
        return True
    return False


@on_container("serving", "serving.*", "vllm.port")
def engine_port_moved(container: dict[str, Any]) -> bool:
    arguments = Arguments(container)
    if not arguments.usable or not container.get("ports"):
        return False
    arguments.drop(["--port"])
    arguments.add("--port", "9123")
    return True


@on_container("serving", "serving.*")
def liveness_kills_while_loading(container: dict[str, Any]) -> bool:
    if not isinstance(container.get("livenessProbe"), dict):
        return False
    container.pop("startupProbe", None)
    container["livenessProbe"].update(initialDelaySeconds=1, periodSeconds=2, failureThreshold=1)
    return True


@on_container("serving", "serving.*")
def liveness_that_cannot_fail(container: dict[str, Any]) -> bool:
    probe = container.get("livenessProbe")
    if not isinstance(probe, dict):
        return False
    for key in ("httpGet", "tcpSocket", "grpc"):
        probe.pop(key, None)
    probe["exec"] = {"command": ["echo", "alive"]}
    return True


@on_container("serving", "serving.*")
def cache_elsewhere(container: dict[str, Any]) -> bool:
    for mount in container.get("volumeMounts") or []:
        if "huggingface" in str(mount.get("mountPath")):
            if any(entry.get("name") == "HF_HOME" for entry in container.get("env") or []):
                return False
            container["env"] = [*(container.get("env") or []), {"name": "HF_HOME", "value": "/not/mounted"}]
            return True
    return False
