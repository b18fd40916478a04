"""Pods that work together as one server, or as the two halves of prefill and decode."""

from typing import Any

import pytest
from msgspec import structs

from skewguard.judge.checks import groups, members
from skewguard.judge.checks.interface import Case
from skewguard.knowledge.contract import loading
from skewguard.knowledge.contract.values import Binding
from skewguard.knowledge.engines.interface import Recognition
from skewguard.language.facts import Fact, Gap, Origin, Subject
from skewguard.language.neighbours import Autoscaler, Backend, Route, Timeout
from skewguard.language.workloads import Mount, Port, Service, Volume
from tests.judge.cases import at, case, run, service, severities, verdicts

assert groups

IMAGE, PAIR, PAIR_SETTINGS, SETTINGS, GPUS = (
    "parallel.group-image",
    "parallel.pair-image",
    "parallel.pair-settings",
    "parallel.group-settings",
    "hardware.group-gpus",
)
VLLM = "vllm/vllm-openai"
A, B = "sha256:" + "a" * 64, "sha256:" + "b" * 64


def together(*roles: tuple[str | None, dict[str, Any]]) -> list[Case]:
    """Cases of one LeaderWorkerSet, one for each role, knowing each other."""
    made: list[Case] = []
    for role, more in roles:
        subject = {"kind": "LeaderWorkerSet", "role": role}
        made.append(case(subject=subject, siblings=[each.workload for each in made], **more))
    for each in made:
        each.members = tuple(other for other in made if other is not each)
        each.inventory = made[-1].inventory
    return made


def of_image(tag: str, version: str | None = None, name: str = VLLM) -> dict[str, Any]:
    """What a case is made of whose image is all that matters."""
    return {"image": f"{name}{tag}", "declared": {"runtime.version": version} if version else {}}


def worker(leader: dict[str, Any], own: dict[str, Any]) -> Case:
    """The worker of a group of two."""
    return together(("leader", leader), ("worker", own))[1]


@pytest.mark.parametrize(
    ("leader", "own", "answer"),
    [
        (of_image(":v0.11.0", "0.11.0"), of_image(":v0.11.0", "0.11.0"), ("pass", None)),
        (of_image(":v0.11.0", "0.11.0"), of_image(":v0.10.2", "0.10.2"), ("fail", "error")),
        (of_image(":v0.11.0", "0.11.0"), of_image(":v0.11.0", "0.11.0", f"mirror.corp/{VLLM}"), ("pass", None)),
        (of_image(f":v0.11.0@{A}", "0.11.0"), of_image(f":v0.11.0@{B}", "0.11.0"), ("fail", "warning")),
        (of_image(f":v0.11.0@{A}", "0.11.0"), of_image(":v0.11.0", "0.11.0"), ("pass", None)),
        (of_image(":latest"), of_image(":latest"), ("pass", None)),
        (of_image(":latest"), of_image(":nightly"), ("fail", "warning")),
        (of_image(":latest"), of_image(":latest", name=f"mirror.corp/{VLLM}"), ("pass", None)),
        (of_image(f":a@{A}"), of_image(f":b@{A}"), ("pass", None)),
        (of_image(":1", name="corp/leader"), of_image(":1", name="corp/worker"), ("unknown", None)),
        (of_image(":${TAG}"), of_image(":nightly"), ("pass", None)),
        (of_image(":v0.11.0", "0.11.0"), {**of_image(":v0.11.0", "0.11.0"), "engine": "sglang"}, ("fail", "error")),
    ],
)
def test_group_image_wants_one_engine_in_every_member(
    leader: dict[str, Any], own: dict[str, Any], answer: tuple[str, str | None]
) -> None:
    """Other versions are an error, other tags and digests a warning, a mirror is fine, and strangers are unknown."""
    subject = worker(leader, own)

    assert ([answer[0]], [answer[1]] if answer[1] else []) == (verdicts(IMAGE, subject), severities(IMAGE, subject))


def test_group_image_says_what_to_write_where() -> None:
    """The edit names the worker's image, the leader's, and the place."""
    (answer,) = run(IMAGE, worker(of_image(":v0.11.0", "0.11.0"), of_image(":v0.10.2", "0.10.2")))

    assert "The worker runs vLLM 0.10.2" in answer.message
    assert f"change `{VLLM}:v0.10.2` to `{VLLM}:v0.11.0` at deploy.yaml" in answer.remedy
    assert answer.expected == f"{VLLM}:v0.11.0"


def test_leader_and_single_pods_are_held_against_nobody() -> None:
    """The worker is told once; the leader, and pods without a group, are not told again."""
    leader = together(("leader", of_image(":a", "0.11.0")), ("worker", of_image(":b", "0.10.2")))[0]

    assert verdicts(IMAGE, leader) == verdicts(IMAGE, case()) == verdicts(PAIR, case()) == ["skipped"]
    assert verdicts(GPUS, leader) == verdicts(SETTINGS, leader) == ["skipped"]


def test_workers_without_an_engine_as_leader_are_held_against_the_first_of_them() -> None:
    """A Ray head need not run the engine; its worker groups still have to agree."""
    first, second = together(("worker", of_image(":v0.11.0", "0.11.0")), ("2-worker", of_image(":v0.10.2", "0.10.2")))

    assert (verdicts(IMAGE, first), verdicts(IMAGE, second)) == (["skipped"], ["fail"])
    assert "The worker runs vLLM 0.10.2, the first worker (" in run(IMAGE, second)[0].message
    assert verdicts(GPUS, second) == ["skipped"]


def test_worker_is_held_against_the_leader_of_its_own_group() -> None:
    """Prefill and decode of one object have a leader each."""
    old, new = of_image(":v0.10.2", "0.10.2"), of_image(":v0.11.0", "0.11.0")
    made = together(("prefill", old), ("prefill-worker", old), ("decode-leader", new), ("decode-worker", new))

    assert [verdicts(IMAGE, each) for each in made] == [["skipped"], ["pass"], ["skipped"], ["pass"]]
    assert [severities(PAIR, each) for each in made] == [[], [], ["warning"], []]


@pytest.mark.parametrize(
    ("prefill", "decode", "settings"),
    [
        ({"model.id": "m", "runtime.dtype": "bfloat16"}, {"model.id": "m", "runtime.dtype": "bfloat16"}, []),
        ({"runtime.kv_cache_dtype": "fp8"}, {"runtime.kv_cache_dtype": "auto"}, ["runtime.kv_cache_dtype"]),
        ({"model.revision": "a" * 40}, {"model.revision": "b" * 40}, ["model.revision"]),
        ({"model.id": "org/m"}, {"model.id": "/models/m"}, []),
        ({"limits.max_model_len": 8192}, {"limits.max_model_len": 4096}, ["limits.max_model_len"]),
        ({"limits.max_model_len": 4096}, {"limits.max_model_len": 8192}, []),
        ({"limits.max_num_seqs": 8}, {"limits.max_num_seqs": 256}, []),
        ({"runtime.dtype": "bfloat16"}, {}, []),
    ],
)
def test_decode_computes_what_prefill_began(
    prefill: dict[str, Any], decode: dict[str, Any], settings: list[str]
) -> None:
    """Another model, revision or format, or less length, is told; a batch size of its own is what the split is for."""
    made = together(("prefill", {"declared": prefill}), ("decode", {"declared": decode}))
    answers = [each for each in run(PAIR_SETTINGS, made[1]) if each.verdict == "fail"]

    assert [each.setting for each in answers] == settings
    assert verdicts(PAIR_SETTINGS, made[0]) == ["skipped"]


def test_members_of_one_tag_and_other_bytes_are_pinned_to_what_one_of_them_runs() -> None:
    """Both name the same image, so that the edit is the digest."""
    made = together(*((role, of_image(":v0.11.0", "0.11.0")) for role in ("leader", "worker")))
    for each, digest in zip(made, (A, B), strict=True):
        each.sheet.add(Fact("runtime.image_digest", digest, "observed", Origin("object", "Pod prod/big-0")))
    (answer,) = run(IMAGE, made[1])

    assert answer.remedy.startswith(f"write `{VLLM}:v0.11.0@{A}` in both (what its leader runs")


def test_several_engines_in_the_leader_leave_open_which_one_is_meant() -> None:
    """Nothing says which of two engines a worker belongs to."""
    first, second, last = together(
        ("leader", of_image(":v0.11.0", "0.11.0")), ("leader", {}), ("worker", of_image(":v0.10.2", "0.10.2"))
    )

    assert members.leader_of(last) is None
    assert verdicts(IMAGE, first) == verdicts(IMAGE, second) == verdicts(IMAGE, last) == ["skipped"]


@pytest.mark.parametrize(
    ("role", "group"),
    [(None, ""), ("leader", ""), ("worker", ""), ("2-worker", ""), ("decode", "decode"), ("decode-worker", "decode"),
     ("decode-leader", "decode"), ("2-decode-worker", "decode"), ("long-prefill", "long-prefill")],
)  # fmt: skip
def test_role_names_the_group(role: str | None, group: str) -> None:
    """The last word is the part, what is before it the group, a number in front only tells equal roles apart."""
    assert group == Subject("LeaderWorkerSet", "chat", role=role).team


@pytest.mark.parametrize(
    ("leader", "own", "expected"),
    [
        ({"parallelism.tensor": 16}, {"parallelism.tensor": 16}, ["pass"]),
        ({"parallelism.tensor": 16}, {"parallelism.tensor": 8}, ["fail"]),
        ({"runtime.dtype": "bfloat16", "limits.max_model_len": 8}, {"runtime.dtype": "half", "limits.max_model_len": 9},
         ["fail", "fail"]),
        ({"model.id": "a/b"}, {"model.id": "a/c"}, ["fail"]),
        ({"model.id": "a/b"}, {"model.id": "/models/b"}, ["pass"]),
        ({"vllm.node_rank": 0, "vllm.headless": False}, {"vllm.node_rank": 1, "vllm.headless": True}, ["pass"]),
    ],
)  # fmt: skip
def test_group_settings_wants_one_share_of_one_model(
    leader: dict[str, Any], own: dict[str, Any], expected: list[str]
) -> None:
    """What shares are built from must be the same; ranks, ports and roles differ on purpose."""
    assert expected == verdicts(SETTINGS, worker({"declared": leader}, {"declared": own}))


def test_group_settings_compares_with_what_the_engine_takes_by_itself() -> None:
    """A worker that leaves the parallelism out has the default of 1."""
    (answer,) = run(SETTINGS, worker({"declared": {"parallelism.tensor": 8}}, {"derived": {"parallelism.tensor": 1}}))

    assert "--tensor-parallel-size 1, its leader with 8" in answer.message
    assert "add `- --tensor-parallel-size=8`" in answer.remedy


def test_group_settings_leaves_workers_alone_that_only_join() -> None:
    """Who runs `ray start` inherits the leader's settings."""
    joins = {"recognition": Recognition(engine="vllm", reason="ray start", runs="worker")}

    assert ["skipped"] == verdicts(SETTINGS, worker({"declared": {"parallelism.tensor": 8}}, joins))


def on(gpu: str | None, count: int) -> dict[str, Any]:
    """A member on some GPUs."""
    return {"declared": {"hardware.gpu_class": gpu} if gpu else {}, "gpus": count, "workload": {"group_size": 2}}


@pytest.mark.parametrize(
    ("leader", "own", "settings"),
    [
        (on("H100-80GB", 8), on("H100-80GB", 8), []),
        (on("H100-80GB", 8), on("A100-80GB", 8), ["hardware.gpu_class"]),
        (on("H100-80GB", 8), on(None, 8), []),
        (on("H100-80GB", 8), on("H100-80GB", 4), ["hardware.gpu_count"]),
        (on("H100-80GB", 8), on("A100-80GB", 4), ["hardware.gpu_class", "hardware.gpu_count"]),
        (on("L4", 0), on("H100-80GB", 8), []),
    ],
)
def test_group_gpus_wants_equal_members(leader: dict[str, Any], own: dict[str, Any], settings: list[str]) -> None:
    """Another class or number is a warning; a leader without GPUs only leads, and an unnamed class is another finding."""
    subject = worker(leader, own)

    assert settings == [answer.setting for answer in run(GPUS, subject)]
    assert ["warning"] * len(settings) == severities(GPUS, subject)


def test_group_gpus_leaves_a_sum_that_is_too_small_to_the_check_of_sums() -> None:
    """One edit is one finding."""
    lead = on("H100-80GB", 8)
    lead["declared"] |= {"parallelism.tensor": 16}

    assert verdicts(GPUS, worker(lead, on("H100-80GB", 4))) == ["pass"]


def shared(**more: Any) -> dict[str, Any]:
    """A member with shared memory."""
    return {
        "container": {"mounts": (Mount("dshm", "/dev/shm", at()),)},  # noqa: S108 - inside the container
        "template": {"volumes": (Volume("dshm", "emptyDir", at(), medium="Memory"),)},
        **more,
    }


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ({"gpus": 8}, ["fail"]),
        (shared(gpus=8), ["pass"]),
        ({"gpus": 1}, ["pass"]),
        ({"gpus": 8, "template": {"host_ipc": True}}, ["pass"]),
    ],
)
def test_workers_need_shared_memory_as_their_leader_does(own: dict[str, Any], expected: list[str]) -> None:
    """The processes of a worker's pod talk through its own /dev/shm; one process talks to nobody."""
    declared = {"parallelism.tensor": 8, "parallelism.pipeline": 2}
    subject = worker(
        shared(declared=declared, gpus=8, workload={"group_size": 2}), own | {"workload": {"group_size": 2}}
    )

    assert expected == verdicts("parallel.shm-missing", subject)


def test_shared_memory_that_an_operator_mounts_is_not_missing() -> None:
    """KubeRay mounts a memory volume at /dev/shm of every Ray container."""
    more: dict[str, Any] = {"declared": {"parallelism.tensor": 8}, "gpus": 8, "workload": {"api_version": "ray.io/v1"}}

    assert verdicts("parallel.shm-missing", case(subject={"kind": "RayService"}, **more)) == ["pass"]


def test_case_of_a_group_equals_itself_alone() -> None:
    """Members know each other in a circle, so that comparing them field by field would never end."""
    first, second = together(("leader", {}), ("worker", {}))

    assert (first == first, first == second) == (True, False)  # noqa: PLR0124 - that is the question


def test_memory_that_the_preset_of_the_leader_may_mount_is_not_missing() -> None:
    """A preset that is not in the input holds the worker's template as well as the leader's."""
    preset = Gap("runtime.engine", "not in the input", rule="preset")
    lead = {"declared": {"parallelism.tensor": 8}, "gpus": 8, "container": {"gaps": (preset,)}}
    subject = worker(lead | {"workload": {"group_size": 2}}, {"gpus": 8, "workload": {"group_size": 2}})

    assert verdicts("parallel.shm-missing", subject) == ["pass"]


def promised(body: str, subject: Case) -> list[str]:
    """The verdicts of a contract that names the object and no role."""
    text = (
        "apiVersion: skewguard.dev/v1alpha1\nkind: ServingContract\nmetadata: {name: chat}\n"
        f"spec:\n  targets: [{{kind: LeaderWorkerSet, name: chat}}]\n  {body}\n"
    )
    subject.binding = Binding((loading.load([("chat.yaml", text)]).contracts[0],))
    return [answer.verdict for answer in run("contract.mismatch", subject)]


JOINS = Recognition(engine="vllm", reason="ray start", runs="worker")


@pytest.mark.parametrize(
    ("body", "joining", "serving"),
    [
        ("model: {id: a/b}", ["skipped"], ["fail"]),
        ("parallelism: {tensor: 8}", ["skipped"], ["fail"]),
        ("serving: {request_timeout: {min: 60s}}", ["skipped"], ["skipped"]),
        ("autoscaling: {min_replicas: 2}", ["skipped"], ["skipped"]),
        ("runtime: {version: 0.11.0}", ["fail"], ["fail"]),
        ("hardware: {gpu_class: H100-80GB}", ["fail"], ["fail"]),
    ],
)
def test_contract_holds_workers_to_what_is_their_own(body: str, joining: list[str], serving: list[str]) -> None:
    """Who only joins inherits the leader's settings; who starts the engine has arguments; nobody routes to either."""
    own = {"model.id": "x/y", "parallelism.tensor": 2, "runtime.version": "0.10.2", "hardware.gpu_class": "L4"}
    joins = {"declared": {key: own[key] for key in ("runtime.version", "hardware.gpu_class")}, "recognition": JOINS}

    assert (joining, serving) == (promised(body, worker({}, joins)), promised(body, worker({}, {"declared": own})))


def selecting(*, headless: bool = False, **labels: str) -> Service:
    """A Service at the engine's port."""
    return service("chat", selector=labels, ports=(Port(80, at(81), target=8000),), headless=headless)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (selecting(app="chat"), ["fail"]),
        (selecting(app="chat", role="leader"), ["pass"]),
        (selecting(app="chat", headless=True), ["pass"]),
        (service("chat", selector={"app": "chat"}, ports=(Port(80, at(81), target=9090),)), ["pass"]),
    ],
)
def test_service_reaches_the_leader_alone(found: Service, expected: list[str]) -> None:
    """Workers listen to nobody; a headless Service only names pods, and another port is another purpose."""
    lead = {"template": {"labels": {"app": "chat", "role": "leader", "x/y": "1"}}, "derived": {"vllm.port": 8000}}
    subject = worker(lead, {"template": {"labels": {"app": "chat"}}})
    subject.inventory = structs.replace(subject.inventory, services=(found,))

    answers = run("serving.worker-selected", subject)
    assert expected == ([answer.verdict for answer in answers] or ["pass"])
    assert all('`role: "leader"`' in answer.remedy for answer in answers)


def test_what_scales_or_routes_a_group_is_told_with_its_leader() -> None:
    """One object has one autoscaler and one way to it, whatever the number of its roles."""
    labels = {"template": {"labels": {"app": "chat"}}, "declared": {"limits.max_output_tokens": 4096}}
    cpu = Autoscaler("HorizontalPodAutoscaler", "h", "prod", at(90), "LeaderWorkerSet", "chat")
    way = Route("Ingress", "i", "prod", at(91), (Backend("chat", 80, "prod"),), (Timeout("read", 5, at(92)),))
    leader, member = together(("leader", labels), ("worker", labels))
    around = structs.replace(member.inventory, autoscalers=(cpu,), routes=(way,), services=(selecting(app="chat"),))
    leader.inventory = member.inventory = around

    for check in ("scaling.host-signal", "serving.timeout-too-short"):
        assert (verdicts(check, leader), verdicts(check, member)) == (["fail"], ["skipped"])
