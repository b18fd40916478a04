"""Reports of what runs, made by hand: a skewed deployment, a fleet, an endpoint, an inventory, and the rights of a user."""

from collections.abc import Mapping
from typing import Any

from msgspec import structs

from skewguard.language.facts import Fact, Gap, Origin, Subject
from skewguard.language.findings import Observed
from skewguard.language.results import (
    AccessReport,
    CheckReport,
    ContractLine,
    DiscoverReport,
    InputProblem,
    SubjectLine,
)
from skewguard.language.running import Owner, Revision, Unread
from skewguard.language.verifications import Access, Compared, Discovered, LiveSubject, ReplicaGroup
from tests.report.reports import CLAUSE, RUN_AT, SEQS, TABLES, fact, finding, summary

CONTEXT = "prod-eu"
CHAT = Subject("Deployment", "chat", "prod", "vllm", group="apps", cluster=CONTEXT)
ARGS = Origin(
    "object",
    "Deployment prod/chat .spec.template.spec.containers[0].args[3]",
    text="--max-model-len=32768",
)
FIRST = ("chat-7d4f9c6b8d-x2k9p", "chat-7d4f9c6b8d-m4t8w")
OTHER = ("chat-7d9fb5c8cc-q8w2z",)


def said_by(pod: str, what: str = "GET /v1/models") -> Origin:
    """An answer of an engine."""
    return Origin("endpoint", f"{what} of pod {pod}")


def observed(setting: str, value: Any, pod: str) -> Fact:
    """What a running engine says of itself."""
    return fact(setting, value, said_by(pod), authority="observed", observed_at=RUN_AT)


LOG = Unread(
    "the start-up log of pod chat-7d9fb5c8cc-q8w2z",
    "the user may not read it",
    "the effective configuration that the engine prints at its start",
    "get pods/log in prod",
    kind="denied",
)
NO_DTYPE = Gap("runtime.dtype", "the start-up log could not be read", "log", (), "get pods/log in prod")
ARGO = Owner(
    "Application", "chat", "argocd", "argoproj.io", "annotation", Origin("object", "Deployment prod/chat .metadata")
)
HELM = Owner("Helm release", "chat", "prod", None, "label", Origin("object", "Deployment prod/chat .metadata"), False)

SKEWED = LiveSubject(
    CHAT,
    "vllm",
    "0.11.0",
    "chat",
    "skewed",
    desired=3,
    groups=(
        ReplicaGroup(FIRST, ("node-a", "node-b"), 2, "7d4f9c6b8d"),
        ReplicaGroup(OTHER, ("node-c",), 0, "7d9fb5c8cc", current=False, restarts=12, note="waiting: CrashLoopBackOff"),
    ),
    settings=(
        Compared(
            "runtime.dtype",
            promised="bfloat16",
            groups=(observed("runtime.dtype", "bfloat16", FIRST[0]), NO_DTYPE),
        ),
        Compared(
            "limits.max_model_len",
            "tokens",
            "32768 tokens",
            fact("limits.max_model_len", 32768, ARGS),
            None,
            (
                observed("limits.max_model_len", 32768, FIRST[0]),
                observed("limits.max_model_len", 8192, OTHER[0]),
            ),
            differs=True,
            broken=True,
        ),
        Compared(
            "hardware.gpu_class",
            groups=(
                observed("hardware.gpu_class", "H100-80GB", FIRST[0]),
                observed("hardware.gpu_class", "A100-80GB", OTHER[0]),
            ),
            differs=True,
        ),
        Compared(
            "limits.max_num_seqs",
            "requests",
            derived=SEQS,
            groups=(
                fact("limits.max_num_seqs", 1024, said_by(FIRST[0]), authority="observed"),
                fact("limits.max_num_seqs", 1024, said_by(OTHER[0]), authority="observed"),
            ),
        ),
        Compared(
            "runtime.quantization",
            promised="none",
            groups=(Gap("runtime.quantization", "nobody set it", "absent"),) * 2,
        ),
    ),
    owners=(ARGO, HELM),
    revisions=(
        Revision("7d4f9c6b8d", "chat-7d4f9c6b8d", 4, RUN_AT, current=True, desired=3, ready=2),
        Revision("7d9fb5c8cc", "chat-7d9fb5c8cc", 3, RUN_AT, current=False),
    ),
    unread=(LOG, LOG),
)

MISMATCH = finding(
    "contract.mismatch",
    subject=CHAT,
    setting="limits.max_model_len",
    contract=CLAUSE,
    expected=32768,
    message="The contract promises 32768 tokens, 1 of 3 replicas runs with 8192.",
    remedy="Finish the rollout: `kubectl rollout status deployment/chat -n prod`.",
    observed=Observed(8192, "observed", said_by(OTHER[0])),
    pods=OTHER,
)
REPLICAS_DIFFER = finding(
    "hardware.replicas-differ",
    subject=structs.replace(CHAT, container=None, uid="1f6c"),
    category="hardware",
    severity="warning",
    setting="hardware.gpu_class",
    message="2 replicas run on H100-80GB and 1 on A100-80GB, so their answers and speed differ.",
    remedy="Select one class: nodeSelector `nvidia.com/gpu.product: NVIDIA-H100-80GB-HBM3`.",
    observed=Observed("A100-80GB", "observed", Origin("label", "node node-c label nvidia.com/gpu.product")),
    pods=OTHER,
)
OPEN = finding(
    "contract.mismatch",
    subject=CHAT,
    verdict="unknown",
    setting="runtime.dtype",
    contract=CLAUSE,
    expected="bfloat16",
    message="Whether 1 of 3 replicas runs with bfloat16 is not known: its start-up log could not be read.",
    remedy="Grant `get pods/log` in prod.",
    pods=OTHER,
)

_VECTOR = Subject("StatefulSet", "embed", "prod", "tei", group="apps", cluster=CONTEXT)
FINE = LiveSubject(
    _VECTOR,
    "vllm",
    "0.11.0",
    "embed",
    "verified",
    desired=3,
    groups=(ReplicaGroup(("embed-0", "embed-1", "embed-2"), ("node-d", "node-e"), 3, "6c8f5d7b9"),),
    settings=(
        Compared(
            "limits.max_model_len", "tokens", "8192 tokens", groups=(observed("limits.max_model_len", 8192, "embed-0"),)
        ),
    ),
)


def verified(*subjects: LiveSubject, **more: Any) -> CheckReport:
    """A report of `verify` about these subjects."""
    findings = more.pop("findings", ())
    return CheckReport(
        run_at=RUN_AT,
        phases=("live",),
        tables=TABLES,
        contracts=(ContractLine("chat", CLAUSE.origin, 1),),
        subjects=tuple(
            SubjectLine(item.subject, item.engine, "its image says so", item.version, item.contract)
            for item in subjects
        ),
        findings=findings,
        summary=summary(
            findings, (), engines=len(subjects), under_contract=sum(item.contract is not None for item in subjects)
        ),
        live=subjects,
        context=more.pop("context", CONTEXT),
        **more,
    )


VERIFY = verified(FINE, SKEWED, findings=(REPLICAS_DIFFER, OPEN, MISMATCH), exit_code=1)


def _of_fleet(number: int, state: Any, **more: Any) -> LiveSubject:
    subject = Subject("Deployment", f"model-{number}", "team", "vllm", group="apps", cluster=CONTEXT)
    group = ReplicaGroup((f"model-{number}-5f7c9d8b6-b{number}d2z",), ("node-a",), 1)
    return LiveSubject(subject, "vllm", "0.11.0", None, state, desired=1, groups=(group,), **more)


_HIDDEN = Unread("nodes", "the user may not list them", "the class of every GPU", "list nodes", kind="denied")
FLEET = verified(
    *(_of_fleet(number, "unpromised", unread=(_HIDDEN,)) for number in range(4)),
    structs.replace(_of_fleet(4, "empty"), groups=(), desired=0),
    FINE,
    SKEWED,
    findings=(REPLICAS_DIFFER, OPEN, MISMATCH),
    exit_code=1,
)

URL = "https://chat.example.com:8000"
ENDPOINT = verified(
    LiveSubject(
        Subject("Endpoint", "chat.example.com:8000", container="server"),
        "vllm",
        "0.11.0",
        "chat",
        "verified",
        groups=(ReplicaGroup(("chat.example.com:8000",), ready=1),),
        settings=(
            Compared(
                "limits.max_model_len",
                "tokens",
                "32768 tokens",
                groups=(fact("limits.max_model_len", 32768, Origin("endpoint", f"GET {URL}/v1/models")),),
            ),
        ),
    ),
    context=URL,
)

DISCOVER = DiscoverReport(
    CONTEXT,
    (
        Discovered(
            _VECTOR,
            "vllm",
            "0.11.0",
            "BAAI/bge-m3",
            "embed",
            3,
            ("L4",),
            3,
            3,
            "embed",
            "verified",
            notes=("the image is vllm/vllm-openai",),
        ),
        Discovered(Subject("Deployment", "new", "dev", "server"), "sglang"),
        Discovered(
            CHAT,
            "vllm",
            "0.11.0",
            "Qwen/Qwen3-8B",
            "chat",
            3,
            ("A100-80GB", "H100-80GB"),
            3,
            2,
            "chat",
            "skewed",
            "Argo CD Application argocd/chat",
        ),
    ),
    unread=(_HIDDEN,),
    tables=TABLES,
    notes=("kind Foo of example.com was read by the shape of its pod template",),
)

ACCESS = AccessReport(
    CONTEXT,
    "jane@example.com",
    (
        Access("list", "pods", "prod", True, "every replica", "nothing can be verified"),
        Access("get", "pods/log", "prod", False, "start-up logs", "what engines decide at their start is not known"),
        Access("list", "nodes", None, None, "GPU classes", "the class of every GPU stays unknown"),
    ),
    notes=("a reader role is in deploy/rbac",),
    exit_code=0,
)

LIVE_REPORTS: Mapping[str, Any] = {
    "verify": VERIFY,
    "verify-fine": verified(FINE),
    "verify-fleet": FLEET,
    "verify-endpoint": ENDPOINT,
    "discover": DISCOVER,
    "discover-nothing": DiscoverReport(CONTEXT, errors=(InputProblem(None, "no server answers", hint="connect"),)),
    "access": ACCESS,
}
