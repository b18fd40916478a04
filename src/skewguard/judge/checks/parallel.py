"""Parallelism against the GPUs that are there, and what its processes need to talk to each other."""

import math
from collections.abc import Iterator

from skewguard.judge.checks import evidence, members
from skewguard.judge.checks.devices import (
    DATA,
    PIPELINE,
    TENSOR,
    available,
    devices,
    given,
    least,
    needed,
    on,
    placed_by_ray,
    pods,
    uncountable,
)
from skewguard.judge.checks.interface import CHECKS, Case, Result, check, fail, skipped, unknown
from skewguard.judge.checks.resource_fields import form
from skewguard.language import scheduling, surroundings
from skewguard.language.facts import Fact, Located
from skewguard.language.workloads import Volume

SHM = "/dev/shm"  # noqa: S108  # a mount point inside the container


# ---- enough, and not too many -------------------------------------------------------------------------------------


def _unclear(case: Case, resource: str, amount: Located[str]) -> Iterator[Result]:
    """Nobody can say whether the GPUs suffice, where the engine needs more than the one that is asked for anyway."""
    need = needed(case)
    if need is not None and need > 1:
        yield unknown(
            f"{_product(case)} needs {need} GPUs, and `{resource}: {amount.value}` is no number that they could be held "
            "against",
            remedy=f"{_asking(case, resource, need)}, or render the manifest first",
            setting=TENSOR,
            anchor=evidence.flag(case, TENSOR),
            at=amount.origin,
            inputs=(f"quantity@{resource}={amount.value}",),
            expected=need,
        )


def _asking(case: Case, resource: str, need: int) -> str:
    return form(case).gpus.format(resource=resource, count=math.ceil(need / pods(case)))


def _uncounted(case: Case) -> Iterator[Result]:
    """The GPUs of the server's pods have no sum: unknown where this pod's alone are too few for what the engine needs.

    No GPU at all is hardware.gpu-missing.
    """
    box, own, need = case.container, devices(case.container), least(case)
    if box.resources.claims or placed_by_ray(case) or (own is None and scheduling.accelerator_resources(box)):
        yield skipped("how many devices it gets is not said by a number of whole ones", setting=TENSOR)
    elif own and need is not None and need > own:
        subject = case.workload.subject
        yield unknown(
            f"{_product(case)} needs {need} GPUs, and the container asks for {own}: whether the GPUs of the pods that act "
            "with it make up for the rest cannot be told",
            remedy=f"lower the parallelism to {own}, or supply what says how many pods form one server",
            setting=TENSOR,
            anchor=evidence.flag(case, TENSOR),
            fact=_cause(case),
            inputs=(f"pods@{subject.kind} {subject.name}",),
            expected=need,
        )


def _elsewhere(case: Case) -> str:
    """Why the processes of this server need not run in the pods at hand; empty when they do."""
    if case.workload.joins or (case.recognition is not None and not evidence.words_read(case)):
        return "a group is judged on its leader"
    if placed_by_ray(case):
        return ""
    if (
        given(case, f"{case.engine}.distributed_executor_backend") == "ray"
        and pods(case) == 1
        and not case.workload.members
    ) or on(case, f"{case.engine}.use_ray"):
        return "the Ray cluster may hold GPUs outside this pod"
    return ""


def _product(case: Case) -> str:
    """The factors, for a reader: `--tensor-parallel-size 4 × --pipeline-parallel-size 2`."""
    factors = [
        f"{evidence.flag(case, setting) or setting} {value}"
        for setting in (TENSOR, PIPELINE, DATA)
        if (value := evidence.integer(case, setting)) is not None and (value > 1 or setting == TENSOR)
    ]
    return " × ".join(factors)


def _got(case: Case, total: int) -> str:
    own, number = devices(case.container), pods(case)
    if placed_by_ray(case):
        return f"the Ray cluster has {total} at most"
    if number > 1:
        return f"the {number} pods of its group have {total}"
    return f"the container asks for {own}"


@check(
    "parallel.too-few-gpus",
    reads_arguments=True,
    title="Parallelism needs more GPUs than the pods ask for",
    category="hardware",
    severity="error",
    until_ready=True,
    why="The engine starts one process for each GPU of its parallelism. Without a device for each, it fails at start, "
    "after the pod was scheduled and the image pulled.",
    remedy="ask for as many GPUs as the parallelism needs, or lower the parallelism",
    bad="args: [--tensor-parallel-size=4]\nresources: {limits: {nvidia.com/gpu: 2}}",
    good="args: [--tensor-parallel-size=4]\nresources: {limits: {nvidia.com/gpu: 4}}",
    sources=("vLLM documentation: Parallelism and Scaling",),
)
def too_few_gpus(case: Case) -> Iterator[Result]:
    """TP × PP × DP above the GPUs of the pods that form the server."""
    elsewhere = _elsewhere(case)
    if elsewhere:
        yield skipped(elsewhere, setting=TENSOR)
        return
    unclear = uncountable(case)
    if unclear is not None:
        yield from _unclear(case, *unclear)
        return
    total = available(case)
    if not total:
        yield from _uncounted(case)
        return
    gap = next((gap for gap in (evidence.concealed(case, item) for item in (TENSOR, PIPELINE, DATA)) if gap), None)
    need = least(case)
    if need is not None and need > total:
        yield _short(case, need, total)
    elif gap is not None:
        yield evidence.undecided(gap, "Whether the GPUs suffice cannot be told", TENSOR)


def _short(case: Case, need: int, total: int) -> Result:
    resource, amount = next(iter(scheduling.accelerator_resources(case.container).items()), ("nvidia.com/gpu", None))
    fact = _cause(case)
    more = f"{_asking(case, resource, need)}{' of each pod' if pods(case) > 1 else ''}"
    if placed_by_ray(case):
        more = f"give the worker groups {need} GPUs together"
    return fail(
        f"{_product(case)} needs {need} GPUs, and {_got(case, total)}: {case.title} does not start",
        remedy=f"{more}, or lower the parallelism to {total}",
        setting=TENSOR if fact is None else fact.setting,
        anchor=evidence.flag(case, TENSOR),
        fact=fact,
        at=None if fact else amount.origin if amount else None,
        expected=need,
    )


def _cause(case: Case) -> Fact | None:
    """The written factor that is above one, tensor first: where a reader has to look."""
    written = [fact for fact in map(case.sheet.declared, (TENSOR, PIPELINE, DATA)) if fact is not None]
    return next(
        (fact for fact in written if isinstance(fact.value, int) and fact.value > 1), written[0] if written else None
    )


@check(
    "parallel.idle-gpus",
    reads_arguments=True,
    title="GPUs that the engine does not use",
    category="hardware",
    severity="warning",
    why="The engine uses as many GPUs as its parallelism says. The others are paid for, held against other pods, and "
    "idle; most often the parallelism was meant to be higher.",
    remedy="raise the parallelism to the GPUs asked for, or ask for fewer",
    bad="args: [--model=m]\nresources: {limits: {nvidia.com/gpu: 4}}",
    good="args: [--model=m, --tensor-parallel-size=4]\nresources: {limits: {nvidia.com/gpu: 4}}",
    sources=("vLLM documentation: Parallelism and Scaling; tensor_parallel_size is 1 by default",),
)
def idle_gpus(case: Case) -> Iterator[Result]:
    """TP × PP × DP below the GPUs of the pods that form the server, and nothing else that could use them."""
    total = available(case)
    need = needed(case) if total and total > 1 else None
    found = case.recognition
    sure = found is None or found.invocation is None or found.invocation.certain
    several = (found is not None and bool(found.others)) or not sure  # a loop may start one for each GPU
    chosen = (
        case.container.variable("CUDA_VISIBLE_DEVICES") is not None
        or given(case, f"{case.engine}.base_gpu_id") is not None
    )
    if need is None or total is None or several or chosen or _elsewhere(case) or total <= need or placed_by_ray(case):
        return
    if any(answer.verdict == "fail" for answer in CHECKS["hardware.does-not-fit"].run(case)):
        yield skipped("hardware.does-not-fit comes first: what it proposes needs more GPUs than one")
        return
    amount = next(iter(scheduling.accelerator_resources(case.container).items()), None)
    spelled = evidence.flag(case, TENSOR) or TENSOR
    more = str(total // max(need // (evidence.integer(case, TENSOR) or 1), 1))
    yield fail(
        f"T{_got(case, total)[1:]} GPUs, and {case.title} uses {need} ({_product(case)}): {total - need} stay{'' if total - need > 1 else 's'} idle",
        remedy=f"write `{evidence.joined(case, spelled, more)}`, or ask for "
        f"{need // pods(case) or 1} GPU{'s' if need // pods(case) > 1 else ''} a pod",
        setting=TENSOR,
        anchor=amount[0] if amount else spelled,
        at=amount[1].origin if amount else None,
        fact=None if amount else _cause(case),
        expected=need,
    )


@check(
    "parallel.tensor-across-pods",
    reads_arguments=True,
    title="Tensor parallelism crosses pods",
    category="hardware",
    severity="note",
    why="Each layer of each token is exchanged between all GPUs of a tensor-parallel group. Between nodes that is fast "
    "only over RDMA; the documented layout keeps tensor parallelism inside a pod and pipelines between pods.",
    remedy="set tensor parallelism to the GPUs of one pod, and pipeline parallelism to the number of pods",
    bad="size: 2\nargs: [--tensor-parallel-size=16]   # 8 GPUs a pod",
    good="size: 2\nargs: [--tensor-parallel-size=8, --pipeline-parallel-size=2]",
    sources=("vLLM documentation: Parallelism and Scaling, multi-node",),
)
def tensor_across_pods(case: Case) -> Iterator[Result]:
    """TP above the GPUs of one pod of a group whose GPUs suffice together."""
    if pods(case) == 1 or placed_by_ray(case):
        return
    tensor, own, total = evidence.integer(case, TENSOR), devices(case.container), available(case)
    if tensor is None or not own or total is None or _elsewhere(case):
        return
    if own < tensor <= total and tensor * (evidence.integer(case, PIPELINE) or 1) <= total:
        yield fail(
            f"{evidence.flag(case, TENSOR) or TENSOR} {tensor} spans {math.ceil(tensor / own)} pods of {own} GPUs",
            remedy=f"write {evidence.flag(case, TENSOR) or TENSOR} {own} and {evidence.flag(case, PIPELINE) or PIPELINE} "
            f"{pods(case)}, or make sure that the pods reach each other over RDMA",
            setting=TENSOR,
            anchor=evidence.flag(case, TENSOR),
            fact=_cause(case),
        )


# ---- shared memory ---------------------------------------------------------------------------------------------------


@check(
    "parallel.shm-missing",
    reads_arguments=True,
    title="Several GPUs without shared memory",
    category="orchestration",
    severity="warning",
    why="The processes of a parallel server exchange data through /dev/shm, which has 64 MiB in a container by default. "
    "NCCL then fails at start or under load, with a bus error or a hang.",
    remedy="mount an emptyDir with `medium: Memory` at /dev/shm",
    bad="args: [--tensor-parallel-size=2]",
    good="volumes: [{name: dshm, emptyDir: {medium: Memory}}]\nvolumeMounts: [{name: dshm, mountPath: /dev/shm}]",
    sources=(
        "vLLM documentation: Using Kubernetes, shared memory",
        "NCCL documentation: Troubleshooting, shared memory",
    ),
)
def shm_missing(case: Case) -> Iterator[Result]:
    """More than one process in a pod, and /dev/shm left at its default or on a disk."""
    leads = members.leader_of(case) or case
    if _has_memory(case, leads) or _unmounted(case) is not None or not _talks(case, leads):
        return
    volume = _at_shm(case)
    fact = _cause(case) if leads is case else None
    whose = SHM if leads is case else f"{SHM} of the worker"
    message = (
        f"{whose} is the volume `{volume.name}`, which lies on the node's disk"
        if volume
        else f"{whose} has the default 64 MiB"
    )
    yield fail(
        f"{_product(leads)} runs several processes in one pod, and {message}",
        remedy=f"add `medium: Memory` to the emptyDir of `{volume.name}`"
        if volume
        else "add `- {name: dshm, emptyDir: {medium: Memory}}` to the pod's `volumes` and "
        "`- {name: dshm, mountPath: /dev/shm}` to the container's `volumeMounts`",
        setting=TENSOR,
        anchor=SHM,
        fact=fact,
        at=volume.origin if volume else None if fact else case.container.origin,
    )


def _has_memory(case: Case, leads: Case) -> bool:
    """Whether shared memory is there, or somebody who is not in the input mounts it.

    Sources: KubeRay pod.go BuildPod (mounts `shared-mem`, a memory volume, at /dev/shm); KServe's presets; Dynamo
    deploy/operator (`sharedMemory`, 8 GiB at /dev/shm unless disabled).
    """
    if case.workload.subject.kind.startswith("Dynamo"):
        return True
    ray = case.workload.subject.kind.startswith("Ray") and case.workload.api_version.startswith("ray.io/")
    gaps = (*case.container.gaps, *leads.container.gaps)
    unseen = any(gap.rule in ("preset", "serving-runtime") for gap in gaps)
    return ray or unseen or case.workload.template.host_ipc or _on_memory(case)


@check(
    "parallel.shm-not-mounted",
    title="Shared memory is defined and not mounted",
    category="orchestration",
    severity="warning",
    why="A memory volume that no container mounts gives nobody shared memory: /dev/shm keeps its 64 MiB.",
    remedy="mount the volume at /dev/shm",
    bad="volumes: [{name: dshm, emptyDir: {medium: Memory}}]",
    good="volumes: [{name: dshm, emptyDir: {medium: Memory}}]\nvolumeMounts: [{name: dshm, mountPath: /dev/shm}]",
    sources=("vLLM documentation: Using Kubernetes, shared memory",),
)
def shm_not_mounted(case: Case) -> Iterator[Result]:
    """A memory volume named after /dev/shm that no container of the pod mounts."""
    volume = _unmounted(case)
    if volume is not None:
        yield fail(
            f"The volume `{volume.name}` is defined, and no container of the pod mounts it: /dev/shm has the default 64 MiB",
            remedy=f"add `- {{name: {volume.name}, mountPath: /dev/shm}}` to the container's `volumeMounts`",
            anchor=volume.name,
            at=volume.origin,
        )


ONE_PROCESS = ("llamacpp",)
"""Engines that drive all GPUs of a pod from one process."""


def _talks(case: Case, leads: Case) -> bool:
    """Whether more than one process of the engine runs in one pod; `leads` is the case that says how many there are."""
    own = devices(case.container)
    if (
        case.engine in ONE_PROCESS
        or (own is not None and own <= 1)
        or _elsewhere(leads) == "a group is judged on its leader"
    ):
        return False
    need = needed(leads)
    return need is not None and need > 1 and (own is not None or pods(case) == 1)


def _at_shm(case: Case) -> Volume | None:
    """The emptyDir that is mounted at /dev/shm."""
    names = [mount.volume for mount in case.container.mounts if mount.path.rstrip("/") == SHM]
    return next(
        (item for item in case.workload.template.volumes if item.name in names and item.kind == "emptyDir"), None
    )


def _on_memory(case: Case) -> bool:
    mounted = any(mount.path.rstrip("/") in (SHM, "/dev") for mount in case.container.mounts)
    volume = _at_shm(case)
    return mounted and (volume is None or volume.medium == "Memory")


def _unmounted(case: Case) -> Volume | None:
    template = case.workload.template
    mounted = {mount.volume for container in template.containers for mount in container.mounts}
    return next(
        (item for item in template.volumes if surroundings.is_shared_memory(item) and item.name not in mounted),
        None,
    )
