"""`verify -A` over a fleet in which most workloads are alike: what is read once for many of them blames none for another."""

import re
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from typing import Any

import pytest
from msgspec import Struct

from skewguard.api.verifying import verify
from skewguard.language.results import CheckReport
from tests.fakes.api_server import ApiServer
from tests.observe.live import made
from tests.observe.live.made import Values

DEPLOYMENTS = 300
COMMIT = "9c925d64d72725edaf899c6cb9c377fd0709d9c5"
DIGEST, OTHER = f"sha256:{'1a' * 32}", f"sha256:{'2b' * 32}"
H100 = {"nvidia.com/gpu.product": "NVIDIA-H100-80GB-HBM3", "nvidia.com/gpu.count": "8"}
A100 = {"nvidia.com/gpu.product": "NVIDIA-A100-SXM4-80GB", "nvidia.com/gpu.count": "8"}
DRIVER = "nvidia.com/cuda.driver-version.full"
CONTRACT = """
apiVersion: skewguard.dev/v1alpha1
kind: ServingContract
metadata: {name: all}
spec:
  targets: [{kind: Deployment, name: "app-*"}]
  runtime: {engine: [vllm, sglang]}
  limits: {max_model_len: [4096, 8192]}
"""
Change = Callable[[Values], Any]


def nothing(_value: Values) -> None:
    """Leave it as it is."""


class Fault(Struct, frozen=True):
    """What is wrong with one workload: in the container or the pod spec of its template, in its second pod, or beside it."""

    container: Change = nothing
    spec: Change = nothing
    second: Change = nothing
    older: Change | None = None
    beside: Callable[[str, str], Sequence[Values]] = lambda _name, _namespace: ()


def words(*more: str) -> Change:
    """More arguments."""
    return lambda box: box["args"].extend(more)


def env(name: str, value: str) -> Change:
    """One more variable."""
    return lambda box: box.update(env=[{"name": name, "value": value}])


def image(tag: str) -> Change:
    """An image that is named by its tag alone."""
    return lambda box: box.update(image=f"vllm/vllm-openai:{tag}")


def revision(name: str) -> Change:
    """The model at another revision."""
    return lambda box: box["args"].__setitem__(3, name)


def length(tokens: str) -> Change:
    """Another length of the context."""
    return lambda box: box["args"].__setitem__(5, tokens)


def gpus(count: str) -> Change:
    """More devices."""
    return lambda box: box.update(resources={part: {"nvidia.com/gpu": count} for part in ("limits", "requests")})


def both(first: Change, second: Change) -> Change:
    """One after the other."""
    return lambda box: (first(box), second(box))


def on(node: str) -> Change:
    """The pod runs on another machine."""
    return lambda pod: pod["spec"].update(nodeName=node)


def shows(digest: str) -> Change:
    """The pod's node reports another image."""
    return lambda pod: pod["status"]["containerStatuses"][0].update(imageID=f"docker.io/vllm/vllm-openai@{digest}")


def admitted_with(word: str) -> Change:
    """A policy gave the pod one more argument."""
    return lambda pod: words(word)(pod["spec"]["containers"][0])


def reads_config(box: Values) -> None:
    """The container takes variables from a ConfigMap."""
    box["envFrom"] = [{"configMapRef": {"name": "changed"}}]


def waits(pod: Values) -> None:
    """The container does not come up."""
    pod["status"]["conditions"] = [{"type": "Ready", "status": "False"}]
    state = {"waiting": {"reason": "CrashLoopBackOff"}}
    pod["status"]["containerStatuses"][0].update(ready=False, restartCount=9, state=state)


def named(api: str, kind: str, name: str, namespace: str, spec: Values, **meta: Any) -> Values:
    """An object beside a workload."""
    own = made.meta(name, namespace=namespace, **meta)
    return {"apiVersion": api, "kind": kind, "metadata": {**own, "uid": f"{kind}-{name}"}, "spec": spec}


def scaler(name: str, namespace: str) -> list[Values]:
    """An autoscaler by the CPU of the host."""
    metric = {
        "type": "Resource",
        "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}},
    }
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}
    spec = {"scaleTargetRef": target, "minReplicas": 1, "maxReplicas": 4, "metrics": [metric]}
    return [named("autoscaling/v2", "HorizontalPodAutoscaler", name, namespace, spec)]


def config(name: str, namespace: str) -> list[Values]:
    """A ConfigMap that was changed after the pods had read it."""
    found = made.config("changed", {"VLLM_LOGGING_LEVEL": "INFO"}, changed=made.AFTER)
    found["metadata"]["namespace"] = namespace
    return [found]


def ingress(name: str, namespace: str) -> list[Values]:
    """A way in that gives up after a minute, and the Service behind it."""
    port = {"number": 8000}
    path = {"path": "/", "pathType": "Prefix", "backend": {"service": {"name": name, "port": port}}}
    rules = [{"host": f"{name}.example.com", "http": {"paths": [path]}}]
    times = {f"nginx.ingress.kubernetes.io/proxy-{each}-timeout": "20" for each in ("read", "send")}
    service = {"selector": {"app": name}, "ports": [{"port": 8000, "targetPort": 8000}]}
    return [
        named("v1", "Service", name, namespace, service),
        named(
            "networking.k8s.io/v1",
            "Ingress",
            name,
            namespace,
            {"ingressClassName": "nginx", "rules": rules},
            annotations=times,
        ),
    ]


def probe(box: Values) -> None:
    """A liveness probe that gives up long before a model is loaded."""
    box["livenessProbe"] = {
        "httpGet": {"path": "/health", "port": 8000},
        "initialDelaySeconds": 5,
        "failureThreshold": 1,
        "periodSeconds": 5,
    }


PLANTED: Mapping[str, Fault] = {
    "pin.replicas-image": Fault(container=image("v0.11.0"), second=shows(OTHER)),
    "hardware.replicas-gpu": Fault(spec=lambda spec: spec.pop("nodeSelector"), second=on("a100")),
    "hardware.replicas-driver": Fault(second=on("h100-old")),
    "facts.pod-differs-from-template": Fault(second=admitted_with("--max-num-seqs=16")),
    "facts.config-changed-since-start": Fault(container=reads_config, beside=config),
    "serving.not-ready": Fault(second=waits),
    "serving.rollout-unfinished": Fault(older=words("--max-num-seqs=16")),
    "contract.mismatch": Fault(container=length("2048")),
    "args.duplicated": Fault(container=words("--max-model-len=8192")),
    "args.unread-env": Fault(container=env("VLLM_ATTENTION_BACKENDS", "FLASHINFER")),
    "args.secret-in-clear": Fault(container=env("HF_TOKEN", "hf_" + "q1w2e3r4" * 4)),
    "pin.image-tag": Fault(container=image("latest")),
    "pin.model-revision": Fault(container=revision("main")),
    "pin.code-revision": Fault(container=words("--trust-remote-code", "--code-revision=main")),
    "pin.adapters": Fault(container=words("--enable-lora", "--lora-modules", "a=org/adapter")),
    "parallel.shm-missing": Fault(container=both(gpus("2"), words("--tensor-parallel-size=2"))),
    "parallel.idle-gpus": Fault(container=gpus("2")),
    "scaling.host-signal": Fault(beside=scaler),
    "serving.timeout-too-short": Fault(beside=ingress),
    "serving.liveness-kills-loading": Fault(container=probe),
}
FIRST, EVERY = 100, 7
"""Where the first fault is, and how many workloads are between two of them."""


def engine(number: int) -> Values:
    """One of a few containers, each of which many workloads have; those with a fault are of the commonest."""
    if number % 3 == 0:
        arguments = ["--model-path", "Qwen/Qwen3-8B", "--revision", COMMIT, "--context-length", "8192"]
        arguments += ["--host", "::"]
        command = ["python3", "-m", "sglang.launch_server"]
        return made.container(*arguments, image=f"lmsysorg/sglang:v0.5.9@{DIGEST}", command=command)
    arguments = ["--model", "Qwen/Qwen3-8B", "--revision", COMMIT, "--max-model-len", ("4096", "8192")[number % 2]]
    return made.container(*arguments, image=f"vllm/vllm-openai:v0.11.0@{DIGEST}")


def workload(number: int, fault: Fault | None) -> list[Values]:
    """A Deployment of two pods with all that belongs to it; one of ten without a fault is a web server."""
    box = engine(1 if fault else number)
    if number % 10 == 9 and fault is None:
        box = {"name": "web", "image": "nginx:latest"}
    spec = made.spec(box, nodeSelector=dict(H100), terminationGracePeriodSeconds=600)
    before = deepcopy(spec)
    fault = fault or Fault()
    fault.container(box)
    fault.spec(spec)
    name, namespace = f"app-{number}", f"team-{number % 10}"
    deployment = made.deployment(name, spec, namespace=namespace)
    sets = [made.replica_set(deployment)]
    if fault.older is not None:
        fault.older(before["containers"][0])
        sets.append(made.replica_set(made.deployment(name, before, namespace=namespace), 1, 1))
    for each in sets:
        each["metadata"]["namespace"] = namespace
    digest = f"docker.io/vllm/vllm-openai@{DIGEST}"
    owners = {"a": sets[0], "b": sets[-1]}
    pods = [
        deepcopy(made.pod(owner, f"{name}-{letter}", image_id=digest, node="h100", namespace=namespace))
        for letter, owner in owners.items()
    ]
    fault.second(pods[1])
    return [deployment, *sets, *pods, *fault.beside(name, namespace)]


def fleet() -> dict[str, str]:
    """The workload of each fault."""
    return {f"app-{FIRST + EVERY * place}": check for place, check in enumerate(PLANTED)}


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> CheckReport:
    """What `verify -A` says of the whole fleet."""
    folder = tmp_path_factory.mktemp("fleet")
    contract = folder / "all.yaml"
    contract.write_text(CONTRACT)
    planted = fleet()
    with ApiServer() as server:
        for labels, name in ((H100, "h100"), (A100, "a100"), ({**H100, DRIVER: "550.54.15"}, "h100-old")):
            server.add(made.node(name, {DRIVER: "570.133.20", **labels}))
        for number in range(DEPLOYMENTS):
            check = planted.get(f"app-{number}")
            for each in workload(number, PLANTED[check] if check else None):
                server.add(each)
        return verify(all_namespaces=True, contracts=[str(contract)], kubeconfig=server.kubeconfig(folder), timeout=60)


def test_every_planted_fault_is_found_and_nothing_else(report: CheckReport) -> None:
    """Twenty workloads of three hundred have one fault each, most in one word or one pod; each is told of its own."""
    told = {(item.subject.name, item.check) for item in report.findings}

    assert told == set(fleet().items())
    assert report.summary.engines == sum(
        number % 10 != 9 or f"app-{number}" in fleet() for number in range(DEPLOYMENTS)
    )


def test_a_finding_names_its_own_workload_alone(report: CheckReport) -> None:
    """Arguments and judgements that many workloads share come with the places and pods of each."""
    for item in report.findings:
        place = item.observed.origin.ref if item.observed and item.observed.origin else ""
        names = re.findall(r"app-\d+", " ".join((item.message, item.remedy, place, *item.pods)))
        assert set(names) <= {item.subject.name}, item
