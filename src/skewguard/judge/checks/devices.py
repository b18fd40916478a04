"""How many GPUs a server needs, and how many its pods have."""

import re
from functools import lru_cache

from skewguard.judge.checks import evidence, members
from skewguard.judge.checks.interface import Case
from skewguard.language import scheduling
from skewguard.language.facts import Choice, Gap, Located
from skewguard.language.workloads import Container

WHOLE = ("nvidia.com/gpu", "amd.com/gpu", "habana.ai/gaudi", "gpu.intel.com/i915", "gpu.intel.com/xe")
"""Resources of which one is one device that one process drives; slices, shares and TPU boards count otherwise."""

TENSOR, PIPELINE, DATA = "parallelism.tensor", "parallelism.pipeline", "parallelism.data"


def needed(case: Case) -> int | None:
    """GPUs that one server needs over all its pods; None when that is not known or the processes lie elsewhere."""
    tensor = evidence.integer(case, TENSOR)
    if tensor is None or any(evidence.concealed(case, setting) or _open(case, setting) for setting in (PIPELINE, DATA)):
        return None
    pipeline = evidence.integer(case, PIPELINE) or 1
    context = evidence.integer(case, f"{case.engine}.prefill_context_parallel_size") or 1
    data = _data_parallel(case)
    return None if data is None or tensor < 1 else tensor * pipeline * context * data


def least(case: Case) -> int | None:
    """GPUs that one server needs at the least: where the other sizes are not known, those of its tensor parallelism."""
    placed = given(case, f"{case.engine}.data_parallel_backend") == "ray"
    return needed(case) or (None if placed else evidence.integer(case, TENSOR))


def _open(case: Case, setting: str) -> bool:
    """Whether the engine decides a size by what is not in the input: releases alone differ in having it, at 1."""
    found = case.sheet.effective(setting)
    return isinstance(found, Choice) or (isinstance(found, Gap) and found.rule.startswith(f"{case.engine}."))


def _data_parallel(case: Case) -> int | None:
    """Copies of the engine in the pods of this workload: those of other pods (external balancing) are not counted."""
    name = f"{case.engine}.{{}}".format
    total = evidence.integer(case, DATA) or 1
    if total <= 1 or on(case, name("enable_dp_attention")):
        return 1  # attention copies share the GPUs of the tensor-parallel group
    local = evidence.integer(case, name("data_parallel_size_local"))
    if given(case, name("data_parallel_backend")) == "ray":
        return None
    spread = on(case, name("data_parallel_external_lb")) or given(case, name("data_parallel_rank")) is not None
    if local is not None:
        return local * pods(case) if pods(case) > 1 and local * pods(case) <= total else local
    return 1 if spread else total


def on(case: Case, setting: str) -> bool:
    """Whether somebody switched a setting on."""
    return given(case, setting) is True


def given(case: Case, setting: str) -> object:
    """What somebody wrote for a setting; None where nobody did."""
    fact = case.sheet.declared(setting)
    return fact.value if fact is not None else None


def pods(case: Case) -> int:
    """Pods that act as one server: the group's size, or the nodes that the arguments name."""
    nodes = evidence.integer(case, f"{case.engine}.nnodes") or 1
    return max(case.workload.group_size or 1, nodes)


def devices(container: Container) -> int | None:
    """Whole devices that a container asks for; None where it asks for slices, shares, claims or none at all."""
    asked = scheduling.accelerator_resources(container)
    if len(asked) != 1 or container.resources.claims:
        return None
    name, amount = next(iter(asked.items()))
    number = scheduling.quantity(amount.value)
    if name not in WHOLE or number is None or number % scheduling.WHOLE:
        return None
    return number // scheduling.WHOLE


def available(case: Case) -> int | None:
    """GPUs of all pods of the server; None when they cannot be counted (shared, unseen, of another kind)."""
    if placed_by_ray(case):
        return None if _shared(case) else _whole_cluster(case)
    own = devices(case.container)
    if case.workload.group_size is None or _shared(case):
        return None
    workers = members.workers(case)
    if not workers:
        return None if own is None else own * pods(case)
    each = [max((devices(item) or 0 for item in member.template.containers), default=0) for member in workers]
    if len(set(each)) > 1:
        return None
    return (own or 0) + each[0] * (pods(case) - 1)


def placed_by_ray(case: Case) -> bool:
    """Whether Ray Serve looks for the GPUs of each replica in its cluster, wherever the container itself runs."""
    return case.recognition is not None and case.recognition.wrapper == "ray.serve.llm"


def _whole_cluster(case: Case) -> int | None:
    """The GPUs that a Ray cluster can have at most; None where nothing bounds them.

    Source: Ray serve/engines/vllm/vllm_models.py: one bundle of one GPU for each process, on any node of the cluster.
    """
    total = devices(case.container) or 0
    for member in members.workers(case):
        most = member.most_pods
        boxes = [box for box in member.template.containers if scheduling.accelerator_resources(box)]
        each = [devices(box) for box in boxes]
        if most is None or None in each:
            return None
        total += most * sum(number for number in each if number is not None)
    return total


def uncountable(case: Case) -> tuple[str, Located[str]] | None:
    """The GPU resource of the server's pods whose amount is no number yet."""
    boxes = (case.container, *(box for member in members.workers(case) for box in member.template.containers))
    return next((unclear for box in boxes if (unclear := scheduling.uncountable(box)) is not None), None)


def _shared(case: Case) -> bool:
    """Whether scheduling says that one resource is only a share of a GPU (time-slicing, MPS, MIG)."""
    return any(_says_shared(term.key, term.values) for term in case.workload.template.node_terms)


@lru_cache(maxsize=256)
def _says_shared(key: str, values: tuple[str, ...]) -> bool:
    return re.search(r"sharing|time-slic|mps|mig", key, re.IGNORECASE) is not None or any(
        re.search(r"-SHARED$|-MIG-", value) for value in values
    )
