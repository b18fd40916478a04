"""Parallelism against GPUs, shared memory, and identities of prefill and decode."""

from typing import Any

import pytest
from msgspec import structs

from skewguard.judge.checks import devices, groups, parallel
from skewguard.knowledge.engines.interface import Recognition
from skewguard.language.facts import Subject
from skewguard.language.workloads import (
    Container,
    Invocation,
    Mount,
    NodeTerm,
    PodTemplate,
    Resources,
    Volume,
    Workload,
)
from tests.judge.cases import at, case, env, gap, located, run, severities, tokens, verdicts

assert groups
assert parallel

TENSOR, PIPELINE, DATA = "parallelism.tensor", "parallelism.pipeline", "parallelism.data"
ONE = {TENSOR: 1, PIPELINE: 1, DATA: 1}
FEW, IDLE, SHM = "parallel.too-few-gpus", "parallel.idle-gpus", "parallel.shm-missing"


def worker(gpus: int, *, kind: str = "LeaderWorkerSet", role: str = "worker", words: tuple[str, ...] = ()) -> Workload:
    """The workers of a group: the same object, another role."""
    box = Container(
        "worker",
        at(60),
        resources=Resources(limits={"nvidia.com/gpu": located(str(gpus))}),
        invocations=(Invocation(tokens(*words), "exec"),) if words else (),
    )
    subject = Subject(kind=kind, name="chat", namespace="prod", role=role)
    return Workload(subject, PodTemplate(at(60), (box,)), at(60))


def test_too_few_gpus_is_an_error_with_the_number_to_write() -> None:
    """TP=4 on two GPUs does not start."""
    (answer,) = run(FEW, case(declared={TENSOR: 4}, derived=ONE, gpus=2))
    assert severities(FEW, case(declared={TENSOR: 4}, derived=ONE, gpus=2)) == ["error"]
    assert "`nvidia.com/gpu: 4`" in answer.remedy
    assert (answer.setting, answer.expected) == (TENSOR, 4)
    assert answer.fact is not None
    assert answer.fact.value == 4


@pytest.mark.parametrize(
    ("declared", "gpus", "expected"),
    [
        ({TENSOR: 2}, 2, ["pass"]),
        ({TENSOR: 2, PIPELINE: 2}, 2, ["fail"]),
        ({TENSOR: 2, PIPELINE: 2}, 4, ["pass"]),
        ({TENSOR: 2, DATA: 4}, 4, ["fail"]),
        ({TENSOR: 2, DATA: 4, "vllm.data_parallel_size_local": 2}, 4, ["pass"]),
        ({TENSOR: 2, DATA: 4, "vllm.data_parallel_external_lb": True}, 2, ["pass"]),
        ({TENSOR: 2, DATA: 4, "vllm.data_parallel_rank": 0}, 2, ["pass"]),
        ({TENSOR: 8, DATA: 8, "vllm.enable_dp_attention": True}, 8, ["pass"]),
        ({TENSOR: 4, DATA: 2, "vllm.data_parallel_backend": "ray"}, 4, ["pass"]),
        ({TENSOR: 16, "vllm.nnodes": 2}, 8, ["pass"]),
        ({TENSOR: 4, "vllm.distributed_executor_backend": "ray"}, 2, ["skipped"]),
        ({TENSOR: 2}, None, ["pass"]),
    ],
)
def test_gpus_are_compared_with_the_processes_of_these_pods(
    declared: dict[str, Any], gpus: int | None, expected: list[str]
) -> None:
    """Copies behind another balancer, on other nodes or in a Ray cluster need no GPU here."""
    assert verdicts(FEW, case(declared=declared, derived=ONE, gpus=gpus)) == expected


@pytest.mark.parametrize(
    "limits",
    [{"google.com/tpu": "4"}, {"nvidia.com/mig-3g.40gb": "1"}, {"nvidia.com/gpu.shared": "1"},
     {"nvidia.com/gpu": "1", "nvidia.com/gpumem": "20000"}, {"aws.amazon.com/neuron": "1"}],
)  # fmt: skip
def test_shares_slices_and_boards_are_not_counted(limits: dict[str, str]) -> None:
    """One of these is not one device that one process drives."""
    subject = case(declared={TENSOR: 8}, derived=ONE, limits=limits)
    assert (verdicts(FEW, subject), verdicts(IDLE, subject)) == (["skipped"], ["pass"])


@pytest.mark.parametrize(
    "term",
    [
        NodeTerm("nvidia.com/gpu.product", "In", ("NVIDIA-A10G-SHARED",), at()),
        NodeTerm("cloud.google.com/gke-gpu-sharing-strategy", "In", ("time-sharing",), at()),
    ],
)
def test_time_slicing_on_purpose_is_not_counted(term: NodeTerm) -> None:
    """Scheduling that asks for shared GPUs says so."""
    subject = case(declared={TENSOR: 1}, derived=ONE, gpus=4, template={"node_terms": (term,)})
    assert verdicts(IDLE, subject) == ["pass"]


def test_group_has_the_gpus_of_all_its_pods() -> None:
    """A group of two pods of eight GPUs holds TP 8 × PP 2; of a group whose size nobody knows, nobody can tell."""
    for size, expected in ((2, ["pass"]), (1, ["fail"]), (None, ["unknown"])):
        subject = case(declared={TENSOR: 8, PIPELINE: 2}, derived=ONE, gpus=8, workload={"group_size": size})
        assert verdicts(FEW, subject) == expected


def test_workers_of_the_group_are_counted_by_their_own_request() -> None:
    """A head without GPUs leads workers that have them."""
    lead = {"kind": "LeaderWorkerSet", "role": "leader"}
    subject = case(
        declared={TENSOR: 8, PIPELINE: 2}, derived=ONE, subject=lead, workload={"group_size": 3}, siblings=[worker(8)]
    )
    assert devices.available(subject) == 16
    assert verdicts(FEW, subject) == ["pass"]
    short = case(
        declared={TENSOR: 8, PIPELINE: 2},
        derived=ONE,
        gpus=4,
        subject=lead,
        workload={"group_size": 2},
        siblings=[worker(4)],
    )
    assert verdicts(FEW, short) == ["fail"]


def test_workers_of_another_group_are_not_counted() -> None:
    """The decode leader of a prefill/decode resource has decode workers."""
    workers = [worker(8, role="decode-worker"), worker(1, role="prefill-worker")]
    for role, group in (
        ("decode-leader", workers),
        ("decode", workers),
        ("leader", [worker(8), worker(8, role="2-worker")]),
    ):
        lead = {"kind": "LeaderWorkerSet", "role": role}
        subject = case(declared={TENSOR: 8}, derived=ONE, subject=lead, workload={"group_size": 2}, siblings=group)
        assert devices.available(subject) == 8


def test_worker_is_judged_on_its_leader() -> None:
    """A member of a group has no parallelism of its own."""
    assert verdicts(FEW, case(declared={TENSOR: 8}, gpus=2, subject={"role": "worker"})) == ["skipped"]
    member = Recognition("vllm", "it joins a Ray group", runs="worker")
    assert verdicts(FEW, case(declared={TENSOR: 8}, gpus=2, recognition=member)) == ["skipped"]


def test_hidden_parallelism_is_unknown_where_an_input_would_tell() -> None:
    """A variable of an unseen ConfigMap decides; without a way to settle it, it is skipped."""
    told = gap(TENSOR, "$(TP) is not defined", "the ConfigMap with TP")
    assert verdicts(FEW, case(open_settings=[told], derived=ONE, gpus=2)) == ["unknown"]
    assert verdicts(FEW, case(open_settings=[gap(TENSOR)], derived=ONE, gpus=2)) == ["skipped"]


def test_idle_gpus_are_a_warning_with_the_parallelism_to_write() -> None:
    """Four GPUs and no parallelism: three idle."""
    subject = case(derived=ONE, gpus=4)
    (answer,) = run(IDLE, subject)
    assert severities(IDLE, subject) == ["warning"]
    assert answer.message == "The container asks for 4 GPUs, and vLLM uses 1 (--tensor-parallel-size 1): 3 stay idle"
    assert answer.remedy == "write `--tensor-parallel-size=4`, or ask for 1 GPU a pod"


@pytest.mark.parametrize(
    "more",
    [
        {"environment": [env("CUDA_VISIBLE_DEVICES", "0")]},
        {"recognition": Recognition("vllm", "r", others=(Invocation((), "shell"),))},
        {"open_settings": [gap(TENSOR)]},
        {"arguments": None, "derived": {}},
    ],
)
def test_gpus_that_something_else_may_use_are_not_idle(more: dict[str, Any]) -> None:
    """A chosen device, a second server, an unknown parallelism."""
    assert verdicts(IDLE, case(**{"derived": ONE, "gpus": 2, **more})) == ["pass"]


def test_tensor_parallelism_across_pods_is_a_note() -> None:
    """It works, and is slow without RDMA."""
    check = "parallel.tensor-across-pods"
    wide = case(declared={TENSOR: 16}, derived=ONE, gpus=8, workload={"group_size": 2})
    assert severities(check, wide) == ["note"]
    inside = case(declared={TENSOR: 8, PIPELINE: 2}, derived=ONE, gpus=8, workload={"group_size": 2})
    assert verdicts(check, inside) == ["pass"]
    assert verdicts(check, case(open_settings=[gap(TENSOR)], gpus=8, workload={"group_size": 2})) == ["pass"]


def memory(name: str = "dshm", path: str = "/dev/shm", medium: str | None = "Memory") -> dict[str, Any]:  # noqa: S108  # the container's
    """A pod with an emptyDir mounted at a path."""
    return {
        "container": {"mounts": (Mount(name, path, at()),)},
        "template": {"volumes": (Volume(name, "emptyDir", at(70), medium=medium),)},
    }


def test_several_gpus_without_shared_memory_are_a_warning() -> None:
    """NCCL needs more than 64 MiB; the remedy is both list items."""
    subject = case(declared={TENSOR: 2}, derived=ONE, gpus=2)
    (answer,) = run(SHM, subject)
    assert severities(SHM, subject) == ["warning"]
    assert "emptyDir: {medium: Memory}" in answer.remedy


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (memory(), ["pass"]),
        (memory(path="/dev/shm/"), ["pass"]),  # noqa: S108  # the container's
        (memory(medium=None), ["fail"]),
        (memory(name="cache", path="/cache", medium=None), ["fail"]),
        ({"template": {"host_ipc": True}}, ["pass"]),
        ({"container": {"mounts": (Mount("shm", "/dev/shm", at()),)}}, ["pass"]),  # noqa: S108  # the container's
    ],
)
def test_shared_memory_counts_where_it_is_memory(more: dict[str, Any], expected: list[str]) -> None:
    """Memory at /dev/shm, the host's own, or a volume of another kind."""
    assert verdicts(SHM, case(declared={TENSOR: 2}, derived=ONE, gpus=2, **more)) == expected


@pytest.mark.parametrize(
    ("declared", "gpus", "size"), [({TENSOR: 1}, 1, 1), ({TENSOR: 1, PIPELINE: 2}, 1, 2), ({}, 1, 1)]
)
def test_one_process_a_pod_needs_no_shared_memory(declared: dict[str, Any], gpus: int, size: int) -> None:
    """A pipeline over pods of one GPU talks over the network."""
    subject = case(declared=declared, derived=ONE, gpus=gpus, workload={"group_size": size})
    assert verdicts(SHM, subject) == ["pass"]


def test_unknown_parallelism_says_nothing_of_shared_memory() -> None:
    """Whether several processes run is not known."""
    assert verdicts(SHM, case(open_settings=[gap(TENSOR)], gpus=2)) == ["pass"]


def test_shared_memory_that_is_not_mounted_is_one_finding() -> None:
    """Defined and not mounted: told once, by the check that names the mount."""
    loose = {"volumes": (Volume("dshm", "emptyDir", at(70), medium="Memory"),)}
    subject = case(declared={TENSOR: 2}, derived=ONE, gpus=2, template=loose)
    (answer,) = run("parallel.shm-not-mounted", subject)
    assert (answer.verdict, answer.at) == ("fail", at(70))
    assert verdicts(SHM, subject) == ["pass"]


def test_shared_memory_that_a_container_mounts_is_mounted() -> None:
    """Also where another container of the pod mounts it."""
    assert verdicts("parallel.shm-not-mounted", case(**memory())) == ["pass"]
    other = {"volumes": (Volume("cache", "emptyDir", at(70)),)}
    assert verdicts("parallel.shm-not-mounted", case(template=other)) == ["pass"]


def transfer(**more: str) -> dict[str, Any]:
    """A KV transfer configuration."""
    return {"vllm.kv_transfer_config": {"kv_connector": "NixlConnector", **more}}


def other_role(*words: str, namespace: str = "prod") -> Workload:
    """A prefill Deployment with these arguments."""
    box = Container("vllm", at(60), invocations=(Invocation(tokens(*words), "exec"),))
    subject = Subject(kind="Deployment", name="prefill", namespace=namespace)
    return Workload(subject, PodTemplate(at(60), (box,)), at(60))


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("--kv-transfer-config", '{"engine_id": "0"}'), ["fail"]),
        (("--kv-transfer-config.engine_id", "0"), ["fail"]),
        (("--kv-transfer-config", '{"engine_id": "1"}'), ["pass"]),
        (("--model", "m"), ["pass"]),
    ],
)
def test_shared_engine_id_is_an_error(words: tuple[str, ...], expected: list[str]) -> None:
    """Two workloads under one literal id."""
    subject = case(declared=transfer(engine_id="0"), siblings=[other_role(*words)])
    assert verdicts("parallel.engine-id-shared", subject) == expected


def test_engine_id_of_its_own_passes() -> None:
    """No id, no configuration, or another namespace."""
    check, sibling = "parallel.engine-id-shared", other_role("--kv-transfer-config", '{"engine_id": "0"}')
    assert verdicts(check, case(declared=transfer(), siblings=[sibling])) == ["pass"]
    assert verdicts(check, case(siblings=[sibling])) == ["pass"]
    far = other_role("--kv-transfer-config", '{"engine_id": "0"}', namespace="dev")
    assert verdicts(check, case(declared=transfer(engine_id="0"), siblings=[far])) == ["pass"]


def test_workers_whose_gpus_are_no_number_leave_the_sum_unknown() -> None:
    """A placeholder in the workers' request is not counted as no GPU at all."""
    open_ = worker(0)
    (box,) = open_.template.containers
    box = structs.replace(box, resources=Resources(limits={"nvidia.com/gpu": located("$(N)")}))
    unclear = structs.replace(open_, template=structs.replace(open_.template, containers=(box,)))
    leader = {"kind": "LeaderWorkerSet", "role": "leader"}

    asked = case(
        declared={TENSOR: 8}, derived=ONE, gpus=4, subject=leader, workload={"group_size": 2}, siblings=[unclear]
    )

    assert ["unknown"] == verdicts(FEW, asked)
