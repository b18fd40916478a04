"""What scenarios are told with: an engine as people deploy one, contracts as files, and what `verify` says of them."""

from pathlib import Path
from typing import Any

from skewguard import api
from skewguard.language.findings import Finding
from skewguard.language.results import CheckReport
from skewguard.language.verifications import LiveSubject
from tools.control_plane import objects
from tools.control_plane.client import Object
from tools.control_plane.namespaces import Namespace
from tools.control_plane.plane import Plane

REPOSITORY = "docker.io/vllm/vllm-openai"
DIGEST, MOVED = f"sha256:{'5e1d' * 16}", f"sha256:{'0ff5' * 16}"
"""What was validated, and what the same tag named when another machine pulled it."""
IMAGE = "vllm/vllm-openai:v0.11.0"
REVISION = "9c925d64d72725edaf899c6cb9c377fd0709d9c5"
ARGS = ("--model=Qwen/Qwen3-8B", f"--revision={REVISION}", "--max-model-len=32768")
IMAGE_ID = "skewguard.test/image-id"


def chat(name: str = "chat", *args: str, container: Object | None = None, **more: Any) -> Object:
    """A Deployment of vLLM, whose pods report the validated digest. `more` as for `objects.deployment`."""
    annotations = {IMAGE_ID: f"{REPOSITORY}@{DIGEST}", **more.pop("pod_annotations", {})}
    return objects.deployment(name, engine(*args, **(container or {})), pod_annotations=annotations, **more)


WHOLE: Object = {
    "image": f"{IMAGE}@{DIGEST}",
    "args": [
        *ARGS, "--dtype=bfloat16", "--max-num-seqs=128", "--max-num-batched-tokens=8192",
        "--gpu-memory-utilization=0.9", "--seed=0",
    ],
    "startupProbe": {"httpGet": {"path": "/health", "port": "http"}, "failureThreshold": 120},
    "readinessProbe": {"httpGet": {"path": "/health", "port": "http"}},
}  # fmt: skip
"""What leaves nothing to chance, not even in a note."""


def engine(*args: str, **more: Any) -> Object:
    """The container alone."""
    return {**objects.engine(IMAGE, args or ARGS), **more}


def config_map(name: str, **more: Any) -> Object:
    """A ConfigMap; `more` are its fields."""
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, **more.pop("metadata", {})}, **more}


def contract(path: Path, kind_and_name: str, promises: str) -> str:
    """A contract for one workload, written to a file; the file's path."""
    path.write_text(contract_text(kind_and_name, promises), "utf-8")
    return str(path)


def contract_text(kind_and_name: str, promises: str) -> str:
    """A contract for `kind/name`; `promises` are lines of its `spec`."""
    kind, name = kind_and_name.split("/")
    lines = "".join(f"  {line}\n" for line in promises.strip().splitlines())
    return (
        "apiVersion: skewguard.dev/v1alpha1\nkind: ServingContract\n"
        f"metadata: {{name: {name}}}\nspec:\n  targets: [{{kind: {kind}, name: {name}}}]\n{lines}"
    )


def verify(plane: Plane, namespace: Namespace, *names: str, depth: str = "api", **more: Any) -> CheckReport:
    """What `verify` says; of all that runs in the namespace, where no `kind/name` is given."""
    given: dict[str, Any] = {"kubeconfig": str(plane.kubeconfig), "namespace": namespace.name, "depth": depth, **more}
    return api.verify(names, **given)


def alarms(report: CheckReport) -> set[str]:
    """Everything that wakes somebody: checks that failed or could not tell. The input has no errors besides."""
    assert report.errors == ()
    return {each.check for each in report.findings if each.verdict in {"fail", "unknown"} and each.severity != "note"}


def found(report: CheckReport, check: str) -> Finding:
    """The one finding of a check."""
    (only,) = [each for each in report.findings if each.check == check]
    return only


def beside(report: CheckReport) -> LiveSubject:
    """The one container that was verified, with its replicas side by side."""
    (only,) = report.live
    return only


def apart(app: str) -> Object:
    """The fields of a pod that keep two replicas of one workload off one machine."""
    term = {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app": app}}}
    return {"affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}}


def pods(namespace: Namespace, app: str) -> list[str]:
    """The names of a workload's pods."""
    return [str(pod["metadata"]["name"]) for pod in namespace.pods(f"app={app}")]
