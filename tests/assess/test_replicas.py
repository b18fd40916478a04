"""What runs, laid out replica by replica: which are one, what decides a setting, and what is said of it once."""

import pytest
from msgspec import structs

from skewguard.assess import comparing
from skewguard.language.facts import Fact, Origin
from skewguard.language.findings import Finding
from skewguard.language.running import ConfigChange, Device, Progress
from tests.assess.running import (
    ARGS,
    GPU,
    A,
    B,
    Pod,
    Stood,
    cases,
    findings,
    manifest,
    node,
    pod,
    stand,
    template,
    told,
)
from tests.observe import reading

PLAIN = manifest()
OTHER = template(f"{ARGS.replace('256', '512')}\n{GPU}")
A100, L4, BARE = node("n2", "NVIDIA-A100-SXM4-80GB"), node("n3", "NVIDIA-L4"), node("n4", None)
CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: cfg, namespace: prod}\ndata: {SEQS: '256'}\n"
SEQS = manifest(
    f"args: [--model=m, '--max-num-seqs=$(SEQS)']\nenvFrom: [{{configMapRef: {{name: cfg}}}}]\n{GPU}", beside=CONFIG
)
CHANGE = ConfigChange(
    "ConfigMap prod/cfg", ("chat-a",), "2026-11-01T00:00:00Z", "env", Origin("object", "ConfigMap cfg")
)
EXACT = "limits: {max_num_seqs: 256}"


def parties(*pods: Pod) -> list[tuple[str, ...]]:
    """Which pods are one."""
    (case,) = cases(stand(PLAIN, *pods))
    return [party.pods for party in case.parties]


def only(stood: Stood, check: str, contract: str | None = None) -> Finding:
    """The one finding of a check."""
    (found,) = findings(stood, check, contract=contract)
    return found


# ---- which are one -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("other", "one"),
    [
        (pod("b"), True),
        (pod("b", node=node("node-9")), True),
        (pod("b", ready=False), True),
        (pod("b", digest=B), False),
        (pod("b", digest=None, config=A), True),
        (pod("b", node=A100), False),
        (pod("b", node=node("node-9", driver="535.1")), False),
        (pod("b", revision="old"), False),
        (pod("b", leaving=True), False),
        (pod("b", state="waiting: ImagePullBackOff"), False),
        (pod("b", says={"limits.max_num_seqs": 512}), False),
        (pod("b", says={"runtime.seed": 4711, "sglang.node_rank": 3}), False),
    ],
)
def test_replicas_are_one_where_everything_read_of_them_is_equal(other: Pod, one: bool) -> None:
    """Digest, machine, revision, state and answers tell replicas apart; the node's name and being ready do not."""
    assert (len(parties(pod("a"), other)) == 1) is one


def test_what_only_tells_processes_apart_makes_no_second_party() -> None:
    """A rank and a seed that is drawn at each start differ between replicas that are equal."""
    a, b = ({"runtime.seed": number, "sglang.node_rank": number, "runtime.dtype": "bfloat16"} for number in (1, 2))

    assert parties(pod("a", says=a), pod("b", says=b)) == [("chat-a", "chat-b")]


def test_pods_that_are_over_are_no_replicas() -> None:
    """A pod that was evicted lies about until somebody removes it."""
    stood = stand(PLAIN, pod("a"), pod("b"))
    first, second = stood.live.replicas
    live = structs.replace(stood.live, replicas=(first, structs.replace(second, phase="Failed")))

    (case,) = cases(Stood(stood.inventory, live, {}))
    assert [party.pods for party in case.parties] == [("chat-a",)]


# ---- what decides ------------------------------------------------------------------------------------------------------


def effective(stood: Stood, setting: str) -> object:
    """What decides a setting on the first replica: its value with the authority; a gap's rule."""
    known = cases(stood)[0].parties[0].case.sheet.effective(setting)
    return (known.value, known.authority) if isinstance(known, Fact) else getattr(known, "rule", None)


@pytest.mark.parametrize(
    ("shown", "setting", "decides"),
    [
        (pod("a"), "runtime.image_digest", (A, "observed")),
        (pod("a", digest=None, config=B), "runtime.image_digest", "image-config"),
        (pod("a"), "hardware.gpu_class", ("H100-80GB-SXM", "observed")),
        (pod("a", node=None), "hardware.gpu_class", "node"),
        (pod("a"), "hardware.driver_version", ("570.86.15", "observed")),
        (pod("a", says={"limits.max_num_seqs": 512}), "limits.max_num_seqs", (512, "observed")),
        (pod("a", echoes={"limits.max_num_seqs": 512}), "limits.max_num_seqs", (256, "declared")),
        (pod("a", says={"runtime.quantization": None}), "runtime.quantization", (None, "observed")),
        (pod("a", version="0.10.2"), "runtime.version", ("0.10.2", "observed")),
        (pod("a", says={"runtime.dtype": "auto"}), "limits.max_model_len", (8192, "declared")),
    ],
)
def test_the_highest_authority_decides(shown: Pod, setting: str, decides: object) -> None:
    """What is seen in effect goes before what was written, and what a server echoes counts as written."""
    assert effective(stand(PLAIN, shown), setting) == decides


def test_the_node_decides_what_the_engine_derives() -> None:
    """The batch follows the memory of the GPU that a replica really has."""
    bare = manifest(f"args: [--model=m]\n{GPU}")
    values = [effective(stand(bare, pod("a", node=where)), "limits.max_num_seqs") for where in (node(), L4)]

    assert values == [(1024, "derived"), (256, "derived")]
    assert effective(stand(bare, pod("a", node=BARE)), "limits.max_num_seqs") == "vllm.batch-tier@0.9.0"


def test_the_version_that_runs_decides_what_the_engine_derives() -> None:
    """Defaults are those of the version that the engine tells, whatever the tag says."""
    known = (
        cases(stand(PLAIN, pod("a", version="0.20.0")))[0]
        .parties[0]
        .case.sheet.effective("runtime.gpu_memory_utilization")
    )

    assert isinstance(known, Fact)
    assert (known.value, known.origin.ref) == (0.92, "default of vLLM 0.20.0")


def test_an_image_named_by_digest_runs_as_named() -> None:
    """The runtime may show the index, one platform's manifest, or the config; the digest of the manifest holds."""
    text = reading.deployment(f"{ARGS}\n{GPU}").replace("openai:v0.11.0", f"openai:v0.11.0@{A}")
    pinned = reading.read(text).inventory

    assert effective(stand(pinned, pod("a", digest=B)), "runtime.image_digest") == (A, "declared")
    assert effective(stand(pinned, pod("a", digest=None, config=B)), "runtime.image_digest") == (A, "declared")


def test_devices_of_a_claim_tell_the_gpu() -> None:
    """Dynamic resource allocation gives devices with names and drivers of their own; no node label is needed."""
    claimed = manifest(f"{ARGS}\nresources: {{claims: [{{name: gpus}}]}}")
    stood = stand(claimed, pod("a", node=None))
    given = tuple(
        Device("c", "gpu.nvidia.com", "n", f"gpu-{number}",
               {"gpu.nvidia.com/productName": "NVIDIA H200", "gpu.nvidia.com/driverVersion": "570.1"})
        for number in (0, 1)
    )  # fmt: skip
    replica = structs.replace(stood.live.replicas[0], devices=given)
    stood = structs.replace(stood, live=structs.replace(stood.live, replicas=(replica,)))

    names = ("hardware.gpu_class", "hardware.gpu_count", "hardware.driver_version")
    assert [effective(stood, name) for name in names] == [
        ("H200-SXM", "observed"), (2, "observed"), ("570.1", "observed")
    ]  # fmt: skip


# ---- clean -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "pods",
    [
        (pod("a"), pod("b"), pod("c")),
        (pod("a", says={"runtime.dtype": "torch.bfloat16"}), pod("b", says={"runtime.dtype": "bfloat16"})),
        (pod("a", version="0.11.0"), pod("b")),
        (pod("a", echoes={"runtime.dtype": "auto", "limits.max_num_seqs": 256}), pod("b")),
        (pod("a", says={"model.id": "/root/.cache/hub/models--Qwen--Qwen3-8B"}), pod("b")),
        (pod("a", digest=B, leaving=True), pod("b")),
        (pod("a", fingerprint="vllm-1"), pod("b", fingerprint="vllm-1")),
    ],
)
def test_nothing_is_said_of_replicas_that_are_equal(pods: tuple[Pod, ...]) -> None:
    """Spellings, echoes that agree, cached paths and pods that leave are no skew."""
    assert told(stand(PLAIN, *pods)) == []


# ---- each cause once ---------------------------------------------------------------------------------------------------


FILE, OTHER_FILE = "artifact.chat_template.jinja", "artifact.tokenizer.json"


@pytest.mark.parametrize(
    ("pods", "said"),
    [
        ((pod("a"), pod("b", digest=B)), [("pin.replicas-image", "fail")]),
        ((pod("a"), pod("b", digest=None, config=B)), [("pin.replicas-image", "unknown")]),
        ((pod("a", version="0.11.0"), pod("b", version="0.10.2", digest=B)), [("pin.replicas-image", "fail")]),
        ((pod("a"), pod("b", node=A100)), [("hardware.replicas-gpu", "fail")]),
        ((pod("a"), pod("b", node=BARE)), [("hardware.gpu-class", "fail")]),
        ((pod("a"), pod("b", node=node("n5", driver="570.99.1"))), [("hardware.replicas-driver", "fail")]),
        ((pod("a", says={"runtime.kv_cache_dtype": "fp8"}), pod("b", says={"runtime.kv_cache_dtype": "bf16"})),
         [("facts.replicas-disagree", "fail")]),
        ((pod("a", says={"runtime.kv_cache_dtype": "fp8"}), pod("b")), []),
        ((pod("a", says={"limits.max_num_seqs": 512}), pod("b")), [("facts.disagree", "fail")]),
        ((pod("a", echoes={"limits.max_num_seqs": 512}), pod("b")), [("facts.disagree", "fail")]),
        ((pod("a", says={"runtime.chunked_prefill": False}), pod("b")), []),
        ((pod("a", echoes={"runtime.chunked_prefill": False}), pod("b")), []),
        ((pod("a", logs={"runtime.chunked_prefill": False}), pod("b")), []),
        ((pod("a", logs={"runtime.chunked_prefill": False}), pod("b", logs={"runtime.chunked_prefill": True})),
         [("facts.replicas-disagree", "fail")]),
        ((pod("c"), pod("a", says={"runtime.kv_cache_dtype": "fp8"}), pod("b", says={"runtime.kv_cache_dtype": "bf16"})),
         [("facts.replicas-disagree", "fail")]),
        ((pod("a", says={"model.revision": A[7:47]}), pod("b", says={"model.revision": B[7:47]})),
         [("pin.replicas-revision", "fail")]),
        ((pod("a", says={FILE: A, OTHER_FILE: A}), pod("b", says={FILE: B, OTHER_FILE: B})),
         [("facts.replicas-disagree", "fail")]),
        ((pod("a", says={FILE: A, "model.revision": A[7:47]}), pod("b", says={FILE: B, "model.revision": B[7:47]})),
         [("pin.replicas-revision", "fail")]),
        ((pod("a", says={FILE: A}), pod("b")), []),
        ((pod("a", template=OTHER), pod("b")), [("facts.pod-differs-from-template", "fail")]),
        ((pod("a", template=OTHER, revision="old"), pod("b")), [("serving.rollout-unfinished", "fail")]),
        ((pod("a", template=OTHER, revision="old"),), [("serving.rollout-unfinished", "fail")]),
        ((pod("a", fingerprint="vllm-1"), pod("b", fingerprint="vllm-2")), [("facts.replicas-fingerprint", "fail")]),
        ((pod("a", fingerprint="vllm-1", says={"limits.max_num_seqs": 512}), pod("b", fingerprint="vllm-2")),
         [("facts.disagree", "fail")]),
        ((pod("a", state="waiting: CrashLoopBackOff", ready=False), pod("b")), [("serving.not-ready", "fail")]),
        ((pod("a", ready=False), pod("b")), [("serving.not-ready", "fail")]),
    ],
)  # fmt: skip
def test_one_cause_is_told_once(pods: tuple[Pod, ...], said: list[tuple[str, str]]) -> None:
    """Each way in which replicas can run apart has one finding, whatever else follows from it."""
    assert told(stand(PLAIN, *pods, revisions=("new", "old"))) == said


@pytest.mark.parametrize(
    ("written", "told_of"),
    [("main", []), ("9c925d6", []), (A[7:47], []), (B[7:47], [("facts.disagree", "fail")])],
    ids=["branch", "short", "the same commit", "another commit"],
)
def test_a_branch_is_not_contradicted_by_the_commit_that_it_led_to(
    written: str, told_of: list[tuple[str, str]]
) -> None:
    """A process shows the commit that it loaded: only another full commit is something else."""
    text = manifest(f"args: [--model=m, --revision={written}, --max-num-seqs=256]\n{GPU}")
    found = findings(stand(text, pod("a", says={"model.revision": A[7:47]})), "facts.disagree")

    assert [(each.check, each.verdict) for each in found] == told_of


def test_a_fingerprint_that_a_setting_explains_is_no_finding() -> None:
    """The hash of another value is another hash."""
    pods = [
        pod(name, fingerprint=f"vllm-{name}", says={"runtime.kv_cache_dtype": value})
        for name, value in (("a", "fp8"), ("b", "bfloat16"))
    ]

    assert told(stand(PLAIN, *pods)) == [("facts.replicas-disagree", "fail")]


def test_a_changed_config_map_explains_what_the_replicas_run_with() -> None:
    """The pods that started before the change are named, with when it changed, and their difference is told with it."""
    pods = [pod(name, says={"limits.max_num_seqs": value}) for name, value in (("a", 128), ("b", 256))]
    found = only(stand(SEQS, *pods, changes=[CHANGE]), "facts.config-changed-since-start")

    assert (found.pods, found.severity, found.setting) == (("chat-a",), "warning", "limits.max_num_seqs")
    assert "ConfigMap prod/cfg was last written at 2026-11-01T00:00:00Z, after chat-a had started" in found.message
    assert "kubectl rollout restart -n prod deployment/chat" in found.remedy
    assert findings(stand(SEQS, *pods, changes=[CHANGE]), "facts.replicas-disagree", "facts.disagree") == []


def test_a_config_map_that_only_a_sidecar_reads_is_no_news() -> None:
    """The engine's own container takes nothing from it."""
    assert findings(stand(PLAIN, pod("a"), changes=[CHANGE]), "facts.config-changed-since-start") == []


def test_what_a_pod_took_from_a_changed_config_map_is_not_known() -> None:
    """The cluster shows the new content, and the contract is undecided for the pods of the old one."""
    found = only(stand(SEQS, pod("a"), pod("b"), changes=[CHANGE]), "contract.mismatch", EXACT)

    assert (found.verdict, found.pods) == ("unknown", ("chat-a",))


def test_gpu_differences_name_what_follows_from_them() -> None:
    """The limits that the engine derives from the GPU stand in the finding of the GPU."""
    found = only(stand(PLAIN, pod("a"), pod("b"), pod("c", node=L4)), "hardware.replicas-gpu")

    assert (
        "H100-80GB-SXM on chat-a and 1 more (label nvidia.com/gpu.product of node node-1), L4 on chat-c"
        in found.message
    )
    assert "from it follow limits.max_num_batched_tokens (8192 tokens and 2048 tokens)" in found.message
    assert (found.pods, found.severity) == (("chat-c",), "error")
    assert "kubectl delete pod -n prod chat-c" in found.remedy
    assert "promise `hardware.gpu_class: [H100-80GB-SXM, L4]`" in found.remedy


def test_replicas_image_supersedes_the_warning_of_the_tag() -> None:
    """What could happen to a tag has happened, and the remedy is the same."""
    one, two = (findings(stand(PLAIN, pod("a"), pod("b", digest=each)), "pin.image-digest") for each in (A, B))

    assert (len(one), two) == (1, [])


def test_a_rollout_that_changes_nothing_that_was_read_is_a_note() -> None:
    """A new annotation rolls out as well."""
    found = only(
        stand(PLAIN, pod("a", revision="old"), pod("b"), revisions=("new", "old")), "serving.rollout-unfinished"
    )

    assert (found.severity, found.pods) == ("note", ("chat-a",))


def test_of_a_rollout_the_settings_stand_with_both_values() -> None:
    """Which revision has which, and where to look."""
    found = only(
        stand(PLAIN, pod("a", revision="old", template=OTHER), pod("b"), revisions=("new", "old")),
        "serving.rollout-unfinished",
    )

    assert "they differ in limits.max_num_seqs (512 requests and 256 requests)" in found.message
    assert found.remedy == "see where it stands with `kubectl rollout status -n prod deployment/chat`"


STOPPED = Progress("Deployment prod/chat", stuck="ProgressDeadlineExceeded: timed out", since="2026-11-21T08:10:00Z")
PAUSED = Progress("Deployment prod/chat", held="it is paused", pending=True)
PARTED = Progress("StatefulSet prod/chat", held="its partition is 1")
BEHIND = Progress("Deployment prod/chat", behind=True)


@pytest.mark.parametrize(
    ("progress", "severity", "why"),
    [
        ((), "warning", "they differ in limits.max_num_seqs (512 requests and 256 requests)"),
        ((STOPPED,), "warning", "it came to a stop at 2026-11-21T08:10:00Z (ProgressDeadlineExceeded: timed out"),
        ((PARTED,), "note", "its partition is 1"),
        ((PAUSED,), "warning", "it is paused"),
        ((PARTED, STOPPED), "warning", "it came to a stop"),
    ],
)
def test_two_revisions_that_are_kept_on_purpose_are_a_note(
    progress: tuple[Progress, ...], severity: str, why: str
) -> None:
    """A partition wakes nobody; a pause half way may be forgotten, and what came to a stop says since when and why."""
    pods = (pod("a", revision="old", template=OTHER), pod("b"))
    found = only(stand(PLAIN, *pods, revisions=("new", "old"), progress=progress), "serving.rollout-unfinished")

    assert found.severity == severity
    assert why in found.message


@pytest.mark.parametrize(
    ("progress", "severity", "state"),
    [(STOPPED, "warning", "unpromised"), (PAUSED, "note", "unpromised"), (BEHIND, "note", "unpromised")],
)
def test_a_controller_that_waits_is_told_where_one_revision_runs(progress: Progress, severity: str, state: str) -> None:
    """Its replicas are alike: nothing is skewed."""
    stood = stand(PLAIN, pod("a"), pod("b"), progress=[progress])
    found = only(stood, "serving.rollout-unfinished")
    (case,) = cases(stood)

    assert found.severity == severity
    assert "Deployment prod/chat" in found.message
    assert comparing.laid_beside(case, [found], everything=False).state == state


@pytest.mark.parametrize("progress", [PAUSED, BEHIND])
def test_an_edit_that_is_in_no_pod_yet_is_no_change_on_the_way(progress: Progress) -> None:
    """The template says more than the pods were made from, and no policy changed them."""
    stood = stand(PLAIN, pod("a", template=OTHER), progress=[progress])

    assert findings(stood, "facts.pod-differs-from-template") == []


# ---- refuted by running ------------------------------------------------------------------------------------------------


def test_a_replica_that_is_ready_refutes_that_the_engine_does_not_start() -> None:
    """A flag that the tables do not know is an error of a replica that does not come up, and none of one that serves."""
    wrong = manifest(f"args: [--model=m, --no-such-flag]\n{GPU}")

    assert findings(stand(wrong, pod("a")), "args.unknown") == []
    assert len(findings(stand(wrong, pod("a", state="waiting: CrashLoopBackOff")), "args.unknown")) == 1


# ---- the contract ------------------------------------------------------------------------------------------------------


def test_a_clause_broken_by_some_replicas_is_one_finding_with_all_they_show() -> None:
    """Every value with its pods; that the manifest keeps the promise is said, so that nobody edits it."""
    shown = {"a": 512, "b": 256, "c": 1024}
    stood = stand(PLAIN, *(pod(name, says={"limits.max_num_seqs": value}) for name, value in shown.items()))
    found = only(stood, "contract.mismatch", EXACT)

    assert (found.verdict, found.severity, found.pods) == ("fail", "error", ("chat-a", "chat-c"))
    assert "shows 512 requests on chat-a" in found.message
    assert "shows 1024 requests on chat-c" in found.message
    assert found.remedy.startswith("deploy.yaml:11 keeps it already")
    assert findings(stood, "facts.disagree", "facts.replicas-disagree", contract=EXACT) == []


def test_a_policy_that_breaks_a_clause_is_told_with_the_clause() -> None:
    """The template keeps the promise, the pod does not: one finding, which says who is to be looked for."""
    stood = stand(PLAIN, pod("a", template=OTHER), pod("b"))
    found = only(stood, "contract.mismatch", EXACT)

    assert "its template says 256 requests (deploy.yaml:11), and something changed the pod on its way" in found.message
    assert "mutatingwebhookconfigurations" in found.remedy
    assert findings(stood, "facts.pod-differs-from-template", contract=EXACT) == []


@pytest.mark.parametrize(
    ("contract", "said"),
    [
        ("hardware: {gpu_class: [H100-80GB, A100-80GB]}", []),
        ("hardware: {gpu_class: H100-80GB}", [("contract.mismatch", "fail")]),
        ("limits: {max_model_len: 8192}", [("hardware.replicas-gpu", "fail")]),
    ],
)
def test_a_contract_may_allow_what_differs(contract: str, said: list[tuple[str, str]]) -> None:
    """Two classes that are both promised are as validated; a class that is not is told by the clause alone."""
    assert told(stand(PLAIN, pod("a"), pod("b", node=A100)), contract) == said


@pytest.mark.parametrize(
    ("contract", "said"),
    [
        ("hardware: {gpu_class: [H100-80GB, L4]}", []),
        ("hardware: {gpu_class: H100-80GB}", [("contract.mismatch", "fail")]),
    ],
)
def test_the_memory_of_another_class_is_no_news_beside_the_class(contract: str, said: list[tuple[str, str]]) -> None:
    """A class that is promised has its own memory, and one that is not is told by the clause alone."""
    assert told(stand(PLAIN, pod("a"), pod("b", node=L4)), contract) == said


def test_a_digest_is_not_compared_with_the_hash_of_a_config() -> None:
    """CRI-O's name of an image says nothing about the promised digest."""
    found = only(
        stand(PLAIN, pod("a", digest=None, config=B)), "contract.mismatch", f"runtime: {{image_digest: '{A}'}}"
    )

    assert found.verdict == "unknown"
    assert "names the image by its config" in found.message


def test_what_is_declared_is_judged_also_where_nothing_runs() -> None:
    """A workload that is scaled to none will run next what it declares; what only a replica could tell is not open."""
    spec = "limits: {max_num_seqs: 1}\nruntime: {image_digest: 'sha256:" + "c" * 64 + "'}"
    told = findings(stand(PLAIN, desired=0), contract=spec)

    assert [item.setting for item in told if item.check == "contract.mismatch"] == ["limits.max_num_seqs"]
    assert not [item for item in told if item.verdict == "unknown"]


@pytest.mark.parametrize(
    ("stood", "severity", "said"),
    [
        (stand(PLAIN, desired=2), "error", "0 of 2 replicas ready: no pod of it runs, and nothing serves"),
        (stand(PLAIN, pod("a", state="waiting: CrashLoopBackOff", ready=False)), "error", "0 of 1 replica ready: chat-a is not"),
        (stand(PLAIN, pod("a", ready=False), desired=2), "error", "0 of 2 replicas ready: chat-a is not (running)"),
        (stand(PLAIN, pod("a"), pod("b", ready=False)), "warning", "1 of 2 replicas ready: chat-b is not (running)"),
        (
            stand(PLAIN, pod("a"), pod("b"), pod("c", ready=False), desired=2),
            "warning",
            "2 of 2 replicas ready, 1 more than asked for: chat-c is not (running)",
        ),
    ],
)  # fmt: skip
def test_an_outage_is_an_error_and_a_part_of_it_a_warning(stood: Stood, severity: str, said: str) -> None:
    """None of the replicas that are asked for is ready: whatever keeps them, nothing serves."""
    found = only(stood, "serving.not-ready")

    assert (found.severity, said in found.message) == (severity, True), found.message


def test_what_a_server_fills_in_is_no_finding() -> None:
    """Defaults of the API server stand in every live object, and nobody wrote them."""
    filled = manifest(
        f"{ARGS}\n{GPU}\nimagePullPolicy: IfNotPresent\nterminationMessagePath: /dev/termination-log\n"
        "terminationMessagePolicy: File\nsecurityContext: {}\n"
        "readinessProbe: {httpGet: {path: /health, port: 8000, scheme: HTTP}, timeoutSeconds: 1, periodSeconds: 10, "
        "successThreshold: 1, failureThreshold: 3}",
        "restartPolicy: Always\nterminationGracePeriodSeconds: 30\ndnsPolicy: ClusterFirst\nsecurityContext: {}\n"
        "schedulerName: default-scheduler\nenableServiceLinks: true\n"
        "tolerations: [{key: node.kubernetes.io/not-ready, operator: Exists, effect: NoExecute, tolerationSeconds: 300}]",
    )
    bare = manifest(f"{ARGS}\n{GPU}\nreadinessProbe: {{httpGet: {{path: /health, port: 8000}}}}")
    said = [
        {(item.check, item.setting, item.verdict, item.severity) for item in findings(stand(each, pod("a"), pod("b")))}
        for each in (bare, filled)
    ]

    assert said[0] == said[1]


# ---- groups ------------------------------------------------------------------------------------------------------------

LWS = (
    "apiVersion: leaderworkerset.x-k8s.io/v1\nkind: LeaderWorkerSet\nmetadata: {name: big, namespace: prod}\nspec:\n"
    "  leaderWorkerTemplate:\n    size: 2\n    leaderTemplate: {spec: {containers: [{name: vllm, image: 'vllm/vllm-openai:v0.11.0',\n"
    "      args: [--model=m, --tensor-parallel-size=2, --nnodes=2], resources: {limits: {nvidia.com/gpu: '1'}}}]}}\n"
    "    workerTemplate: {spec: {containers: [{name: vllm, image: 'vllm/vllm-openai:v0.11.0',\n"
    "      args: [--model=m, --tensor-parallel-size=2, --nnodes=2, --headless], resources: {limits: {nvidia.com/gpu: '1'}}}]}}\n"
)


def test_a_worker_that_runs_another_image_than_its_leader_is_told() -> None:
    """The checks of groups hold the running members against each other: here by the digests that their nodes report."""
    group = reading.read(LWS).inventory
    found = findings(stand(group, pod("0", role="leader"), pod("0-1", role="worker", digest=B)), "parallel.group-image")

    assert [(item.verdict, item.severity, item.pods) for item in found] == [("fail", "warning", ("chat-0-1",))]


def test_a_subject_of_a_replica_is_that_of_its_workload() -> None:
    """Pods stand in the findings, not in the subject: an identity outlives every rollout."""
    found = only(stand(PLAIN, pod("a"), pod("b", digest=B)), "pin.replicas-image")

    assert (str(found.subject), found.subject.pod) == ("Deployment prod/chat container vllm", None)


MANY = {
    "limits.max_num_seqs": 512,
    "limits.max_model_len": 1024,
    "model.id": "other/model",
    "runtime.seed": 7,
}
SEEDED = manifest(f"args: [--model=Qwen/Qwen3-8B, --max-num-seqs=256, --max-model-len=8192, --seed=1]\n{GPU}")


def test_a_replica_that_was_started_wholly_otherwise_is_told_once() -> None:
    """Four settings or more have one cause; the document holds each of them."""
    (found,) = findings(stand(SEEDED, pod("a", says=MANY), pod("b")), "facts.disagree")

    assert found.pods == ("chat-a",)
    assert found.observed is not None
    assert found.observed.value == MANY
    assert found.expected == {
        "limits.max_num_seqs": 256, "limits.max_model_len": 8192, "model.id": "Qwen/Qwen3-8B", "runtime.seed": 1,
    }  # fmt: skip
    assert "limits.max_num_seqs 512 requests instead of 256 requests" in found.message


def test_a_waived_setting_of_many_has_a_finding_of_its_own() -> None:
    """So that the waiver excuses it, and nothing else."""
    waived = "waivers: [{check: facts.disagree, setting: runtime.seed, reason: drawn, until: 2099-01-01}]"
    stood = stand(SEEDED, pod("a", says=MANY), pod("b"))
    found = findings(stood, "facts.disagree", contract=waived)

    assert {each.setting for each in found} == set(MANY)


def test_a_ready_container_with_arguments_that_its_engine_refuses_is_told_once() -> None:
    """It runs, so nothing may say that it does not start; what it does with the argument is not known."""
    bad = manifest("args: [--model=Qwen/Qwen3-8B, --quantizaton=fp8, --no-such-flag]")
    (one,) = findings(stand(bad, pod("a"), pod("b")), "facts.runs-regardless")

    assert one.severity == "warning"
    assert "refuses `--quantizaton`, `--no-such-flag` by skewguard's tables, and the container is ready" in one.message
    assert not [item for item in findings(stand(bad, pod("a"))) if "not start" in item.message]
    assert findings(stand(bad, pod("a", ready=False)), "facts.runs-regardless") == []


def test_a_swallowed_argument_of_a_ready_container_stays_an_error() -> None:
    """Only that it would not start is not said."""
    one = only(stand(manifest('args: [--model=Qwen/Qwen3-8B, "--quantization fp8"]'), pod("a")), "args.swallowed")

    assert (one.severity, "not start" in one.message) == ("error", False)
