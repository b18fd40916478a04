"""What runs of a Deployment, built by hand for tests: pods of its own template or of another one, on machines, answering.

live = stand(DEPLOYMENT, pod("a", node=H100), pod("b", node=A100))
(case,) = cases(live)
"""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct, structs

from skewguard.assess import replicas, standing
from skewguard.assess.replicas import Said
from skewguard.judge.checks import registry
from skewguard.judge.checks.interface import Case
from skewguard.knowledge.contract import binding, loading
from skewguard.knowledge.project import Project
from skewguard.language import accelerators
from skewguard.language.facts import Fact, Origin, Subject
from skewguard.language.findings import Finding
from skewguard.language.running import (
    Answers,
    ConfigChange,
    ImageId,
    Live,
    Machine,
    Progress,
    Replica,
    Revision,
    Running,
)
from skewguard.language.workloads import Inventory, PodTemplate, Workload
from tests.observe import reading

A, B = "sha256:" + "a" * 64, "sha256:" + "b" * 64
ARGS = "args: [--model=Qwen/Qwen3-8B, --max-num-seqs=256, --max-model-len=8192]"
GPU = "resources: {limits: {nvidia.com/gpu: '1'}}"
CONTRACT = (
    "apiVersion: skewguard.dev/v1alpha1\nkind: ServingContract\nmetadata: {name: chat}\n"
    "spec:\n  targets: [{kind: Deployment, name: chat}]\n"
)


def manifest(container: str = f"{ARGS}\n{GPU}", pod: str = "", beside: str = "") -> Inventory:
    """The Deployment `chat` of namespace prod, with one container `vllm`."""
    return reading.read(reading.deployment(container, pod, beside)).inventory


def node(name: str = "node-1", gpu: str | None = "NVIDIA-H100-80GB-HBM3", driver: str | None = "570.86.15") -> Machine:
    """A node as its labels tell."""
    found = accelerators.find(gpu) if gpu else None
    return Machine(
        name=name,
        origin=Origin("object", f"Node {name}"),
        accelerator=found,
        gpu_label=gpu,
        gpu_origin=Origin("label", f"label nvidia.com/gpu.product of node {name}", text=gpu),
        driver_version=driver,
    )


class Pod(Struct, frozen=True):
    """A pod to be: of which template (None: the workload's own), where, and what it shows."""

    name: str
    template: PodTemplate | None = None
    node: Machine | None = None
    digest: str | None = A
    config: str | None = None
    revision: str = "new"
    state: str = "running"
    ready: bool = True
    restarts: int = 0
    leaving: bool = False
    role: str | None = None
    says: Mapping[str, Any] = {}
    echoes: Mapping[str, Any] = {}
    logs: Mapping[str, Any] = {}
    version: str | None = None
    fingerprint: str | None = None


class Stood(Struct, frozen=True):
    """An inventory, what runs of it, and what the engines said."""

    inventory: Inventory
    live: Live
    said: Said


def pod(name: str, **more: Any) -> Pod:
    """A pod `chat-NAME`."""
    more.setdefault("node", node())
    return Pod(f"chat-{name}", **more)


def template(container: str, more: str = "") -> PodTemplate:
    """A pod template that differs from the workload's."""
    return manifest(container, more).workloads[0].template


def stand(
    inventory: Inventory,
    *pods: Pod,
    changes: Sequence[ConfigChange] = (),
    revisions: Sequence[str] = ("new",),
    desired: int | None = None,
    chain: Sequence[Subject] = (),
    progress: Sequence[Progress] = (),
) -> Stood:
    """What runs of the only object of an inventory; the first of `revisions` is the current one."""
    first = inventory.workloads[0]
    live = Live(
        subject=structs.replace(first.subject, role=None),
        workloads=inventory.workloads,
        origin=first.origin,
        chain=tuple(chain) or (structs.replace(first.subject, role=None),),
        revisions=tuple(
            Revision(name, f"chat-{name}", number, None, current=number == 0) for number, name in enumerate(revisions)
        ),
        replicas=tuple(_replica(each, inventory) for each in pods),
        desired=len(pods) if desired is None else desired,
        changes=tuple(changes),
        progress=tuple(progress),
    )
    return Stood(inventory, live, {each.name: (_answers(each),) for each in pods if _speaks(each)})


def _replica(each: Pod, inventory: Inventory) -> Replica:
    home = next(w for w in inventory.workloads if each.role in (None, w.subject.role))
    own = each.template if each.template is not None else home.template
    image_id = ImageId("an image", each.digest, each.config) if each.digest or each.config else None
    statuses = tuple(
        Running(box.name, "an image", image_id, each.ready, each.restarts, each.state) for box in own.containers
    )
    return Replica(
        subject=structs.replace(home.subject, kind="Pod", name=each.name, pod=each.name),
        uid=each.name,
        template=own,
        template_key=str(id(own)),
        origin=Origin("object", f"Pod prod/{each.name}"),
        machine=each.node,
        revision=each.revision,
        role=each.role,
        phase="Running" if each.state == "running" else "Pending",
        ready=each.ready and each.state == "running",
        terminating=each.leaving,
        containers=statuses,
    )


def _speaks(each: Pod) -> bool:
    return bool(each.says or each.echoes or each.logs or each.version or each.fingerprint)


def _answers(each: Pod) -> Answers:
    def place(path: str) -> Origin:
        return Origin("endpoint", f"GET {path} of pod {each.name}")

    seen = [Fact(name, value, "observed", place("/metrics")) for name, value in each.says.items()]
    echoed = [Fact(name, value, "declared", place("/server_info")) for name, value in each.echoes.items()]
    log = Origin("log", f"log of pod {each.name}, line 3", line=3)
    echoed += [Fact(name, value, "declared", log) for name, value in each.logs.items()]
    version = place("/version") if each.version else None
    return Answers(each.name, "vllm", "vllm", each.version, version, each.fingerprint, facts=(*seen, *echoed))


def cases(stood: Stood, contract: str | None = None) -> list[Case]:
    """The engines of what runs, under a contract whose spec holds these lines."""
    found = replicas.standings(stood.inventory, [stood.live], stood.said, Project())
    made = [each.case for each in found if each.case is not None]
    if contract is not None:
        lines = "\n".join(f"  {line}" for line in contract.splitlines())
        loaded = loading.load([("contract.yaml", f"{CONTRACT}{lines}\n")], list(registry.CHECKS))
        assert not loaded.errors, loaded.errors
        bound = binding.bind(tuple(loaded.contracts), [each.sheet.subject for each in made])
        for each, one in zip(made, bound, strict=True):
            each.binding = one
    return made


def findings(stood: Stood, *checks: str, contract: str | None = None) -> list[Finding]:
    """What the checks of a running workload found: those named, or all that fail or cannot be known."""
    rows = [row for row in registry.CHECKS.values() if "live" in row.phases]
    found = [item for case in cases(stood, contract) for item in standing.evaluate(case, rows, str).findings]
    return [item for item in found if not checks or item.check in checks]


def told(stood: Stood, contract: str | None = None) -> list[tuple[str, str]]:
    """Check and verdict of everything that is said beyond what the manifest itself brings."""
    quiet = {item.check for item in findings(stand(stood.inventory, pod("z"))) if item.verdict != "error"}
    return [(item.check, item.verdict) for item in findings(stood, contract=contract) if item.check not in quiet]


def workload(stood: Stood) -> Workload:
    """The first workload."""
    return stood.inventory.workloads[0]
