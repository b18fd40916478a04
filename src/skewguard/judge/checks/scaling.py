"""Checks of what changes the number of replicas: which signal it follows, and who else sets the number."""

from collections.abc import Iterator

from skewguard.judge.checks import members
from skewguard.judge.checks.hardware import on_cpu
from skewguard.judge.checks.interface import Case, Result, check, fail, skipped
from skewguard.language import surroundings
from skewguard.language.facts import Located
from skewguard.language.neighbours import Autoscaler

_UNSEEN = "no autoscaler of this workload is in the input"
_HOST_SIGNALS = ("cpu", "memory")
_QUEUE_METRICS = {
    "vllm": "vllm:num_requests_waiting",
    "sglang": "sglang:num_queue_reqs",
    "tgi": "tgi_queue_size",
    "trtllm": "trtllm_num_requests_waiting",
    "triton": "nv_inference_pending_request_count",
    "llamacpp": "llamacpp:requests_deferred",
}
"""What each engine calls its queue. NIM has none here: which engine is behind it, and under which name it then counts,
no manifest tells."""


@check(
    "scaling.host-signal",
    title="A GPU engine scaled on CPU or memory",
    category="orchestration",
    severity="warning",
    why="The GPU does the work. The engine's CPU is busy with one polling process whether one request runs or a "
    "hundred wait, and its memory is taken once, at start: CPU scales at random, memory never scales in.",
    remedy="Scale on the requests that wait in the engine's queue, through KEDA or a custom metrics adapter.",
    bad="metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 80}}}]",
    good="metrics: [{type: Pods, pods: {metric: {name: vllm_num_requests_waiting}, "
    "target: {type: AverageValue, averageValue: 5}}}]",
    sources=("GKE: Best practices for autoscaling LLM inference workloads with GPUs", "vLLM: metrics design"),
)
def host_signal(case: Case) -> Iterator[Result]:
    """An HPA or ScaledObject whose signals are CPU or memory, alone or beside a signal of the engine."""
    scalers = _scalers(case)
    if not scalers or on_cpu(case.container):
        yield skipped(_UNSEEN if not scalers else "on the CPU, CPU is a fair signal")
        return
    for scaler in scalers:
        host = [signal for signal in scaler.signals if signal.kind in _HOST_SIGNALS]
        default = scaler.kind == "HorizontalPodAutoscaler" and not scaler.signals
        if not host and not default:
            continue
        beside = len(host) < len(scaler.signals)
        names = (
            " and ".join(dict.fromkeys(signal.name for signal in host)) or "CPU, the default where it names no metric"
        )
        yield fail(
            f"{_named(scaler)} scales {case.title} on {names}: that does not follow the load of a GPU engine."
            + (" The highest answer of all its metrics wins, so this one can only add replicas." if beside else ""),
            remedy=_signal_edit(case.engine, scaler, beside=beside),
            at=host[0].origin if host else scaler.origin,
            setting="autoscaling.signal",
            anchor=scaler.name,
            value=[signal.kind for signal in scaler.signals] or ["cpu"],
            expected="queue",
            severity="note" if beside else None,
        )


@check(
    "scaling.replicas-contested",
    title="Both the manifest and an autoscaler set the number of replicas",
    category="orchestration",
    severity="warning",
    why="Every apply of the manifest sets `spec.replicas` back, and the autoscaler changes it again: a deployment "
    "under load drops to the written number, and the next minutes are cold starts.",
    remedy="Remove `replicas` from the workload; the autoscaler's minimum takes its place.",
    bad="spec: {replicas: 2}    # and a HorizontalPodAutoscaler with minReplicas 4",
    good="spec: {}    # the HorizontalPodAutoscaler alone decides",
    sources=("Kubernetes: Horizontal Pod Autoscaling, migrating Deployments to horizontal autoscaling",),
)
def replicas_contested(case: Case) -> Iterator[Result]:
    """`spec.replicas` is written though an autoscaler of another object owns it."""
    scalers = [scaler for scaler in _separate(case) if scaler.paused is None]
    replicas = case.workload.replicas
    if not scalers:
        yield skipped(_UNSEEN)
    elif replicas is not None:
        scaler = scalers[0]
        least = f" (at least {scaler.min_replicas.value})" if scaler.min_replicas else ""
        yield fail(
            f"replicas: {replicas.value} is written, and {_named(scaler)} sets the number too{least}: every apply "
            f"puts it back to {replicas.value}.",
            remedy="Remove `replicas` from the workload's spec.",
            at=replicas.origin,
            setting="autoscaling.min_replicas",
            anchor=scaler.name,
            value=replicas.value,
        )


@check(
    "scaling.two-autoscalers",
    title="Two autoscalers on one workload",
    category="orchestration",
    severity="error",
    why="Each computes its own number from its own signal and writes it over the other's: replicas flap, and every "
    "new replica loads the model again. KEDA makes a HorizontalPodAutoscaler of its own from each ScaledObject.",
    remedy="Keep one autoscaler, and give it both signals.",
    bad="kind: HorizontalPodAutoscaler  # target chat\n---\nkind: ScaledObject  # target chat",
    good="kind: ScaledObject  # target chat, both triggers",
    sources=("KEDA: Scaling Deployments, caveats", "Kubernetes: Horizontal Pod Autoscaling"),
)
def two_autoscalers(case: Case) -> Iterator[Result]:
    """More than one HPA or ScaledObject targets the workload."""
    scalers = _separate(case)
    if len(scalers) < 2:
        yield skipped(_UNSEEN) if not scalers else skipped("one autoscaler")
        return
    for first, other in _rivals(scalers):
        yield fail(
            f"{_named(first)} and {_named(other)} both set the replicas of {case.workload.subject.name}: each undoes "
            "what the other did.",
            remedy=f"Delete {_named(other)}, and add its metrics to {_named(first)}.",
            at=other.origin,
            setting="autoscaling.signal",
            anchor=other.name,
        )


@check(
    "scaling.bounds",
    title="An autoscaler whose least is above its most",
    category="orchestration",
    severity="error",
    why="The API server refuses a HorizontalPodAutoscaler whose maxReplicas is below minReplicas, and KEDA such a "
    "ScaledObject: nothing scales, and the last applied object stays.",
    remedy="Set the maximum to at least the minimum.",
    bad="minReplicas: 4\nmaxReplicas: 2",
    good="minReplicas: 2\nmaxReplicas: 4",
    sources=("Kubernetes ValidateHorizontalPodAutoscalerSpec (pkg/apis/autoscaling/validation)",),
)
def bounds(case: Case) -> Iterator[Result]:
    """The minimum is above the maximum."""
    scalers = _scalers(case)
    if not scalers:
        yield skipped(_UNSEEN)
    for scaler in scalers:
        # Kubernetes and KEDA take 1 and 0 for an absent minimum; neither can be above a valid maximum.
        if scaler.min_replicas and scaler.max_replicas and scaler.min_replicas.value > scaler.max_replicas.value:
            yield fail(
                f"{_named(scaler)} wants at least {scaler.min_replicas.value} and at most "
                f"{scaler.max_replicas.value} replicas: the API server refuses it.",
                remedy=f"Set the maximum to {scaler.min_replicas.value} or more.",
                at=scaler.max_replicas.origin,
                setting="autoscaling.max_replicas",
                anchor=scaler.name,
                value=scaler.max_replicas.value,
                expected={"min": scaler.min_replicas.value},
            )


@check(
    "scaling.to-zero",
    title="An engine that scales to zero",
    category="orchestration",
    severity="note",
    why="The first request after an idle time waits for a node, the image, the weights and the engine's warm-up: "
    "minutes, in which most clients give up and try again.",
    remedy="Keep one replica, or make sure that clients and the gateway wait as long as a cold start takes.",
    bad="minReplicaCount: 0",
    good="minReplicaCount: 1",
    sources=("KEDA: ScaledObject specification (minReplicaCount)", "Knative: Configuring scale to zero"),
)
def to_zero(case: Case) -> Iterator[Result]:
    """The minimum is 0: written, while idle, or KEDA's default."""
    scalers = _scalers(case)
    if not scalers:
        yield skipped(_UNSEEN)
    for scaler in scalers:
        written = scaler.idle_replicas or scaler.min_replicas
        if scaler.paused is None and _reaches_zero(scaler, written):
            yield fail(
                f"{_named(scaler)} lets {case.title} scale to zero"
                + ("" if written else ", KEDA's default where no minimum is written")
                + ": the first request after an idle time waits until a replica has loaded the model.",
                remedy=f"Set the minimum of {_named(scaler)} to 1, or let clients and gateway wait for a cold start.",
                at=written.origin if written else scaler.origin,
                setting="autoscaling.min_replicas",
                anchor=scaler.name,
                value=0,
                expected={"min": 1},
            )


def _reaches_zero(scaler: Autoscaler, written: Located[int] | None) -> bool:
    """Whether the least number is 0: written, or KEDA's default (CPU and memory triggers alone cannot wake it again)."""
    if written is not None:
        return written.value == 0
    return scaler.kind == "ScaledObject" and any(signal.kind not in _HOST_SIGNALS for signal in scaler.signals)


@check(
    "scaling.paused",
    title="An autoscaler that is paused",
    category="orchestration",
    severity="warning",
    why="An annotation switches KEDA's scaling off, most often during an incident, and nothing takes it away again: "
    "the minimum, the maximum and the signals that stand in the ScaledObject have no effect, and a load that grows "
    "meets the replicas of that day.",
    remedy="Remove the annotation when the reason for it is gone.",
    bad='annotations: {autoscaling.keda.sh/paused-replicas: "2"}',
    good="annotations: {}",
    sources=("KEDA: Pausing autoscaling (NeedToBePausedByAnnotation)",),
)
def paused(case: Case) -> Iterator[Result]:
    """A ScaledObject with KEDA's annotation that pauses it."""
    scalers = _scalers(case)
    if not scalers:
        yield skipped(_UNSEEN)
    for scaler in scalers:
        if scaler.paused is not None:
            number = "the number it finds" if scaler.paused_at is None else f"{scaler.paused_at.value}"
            yield fail(
                f"{_named(scaler)} is paused, and keeps the replicas of {case.workload.subject.name} at {number}: "
                "nothing scales, whatever its triggers show.",
                remedy="Remove the annotation `autoscaling.keda.sh/paused…`, or the ScaledObject.",
                at=scaler.paused,
                setting="autoscaling.signal",
                anchor=scaler.name,
            )


@check(
    "scaling.vertical",
    title="A vertical autoscaler that restarts an engine",
    category="orchestration",
    severity="warning",
    why="A VerticalPodAutoscaler that applies what it recommends evicts pods when their CPU or memory is off. Each "
    "eviction of an inference engine drops the answers it is generating and loads the model again, and its CPU and "
    "memory say little about its load.",
    remedy='Set `updateMode: "Off"`, read the recommendation, and write it into the manifest.',
    bad="kind: VerticalPodAutoscaler\nspec: {updatePolicy: {updateMode: Auto}}",
    good='kind: VerticalPodAutoscaler\nspec: {updatePolicy: {updateMode: "Off"}}',
    sources=("Kubernetes autoscaler: VerticalPodAutoscaler, update modes (Auto, the default, recreates pods)",),
)
def vertical(case: Case) -> Iterator[Result]:
    """A VerticalPodAutoscaler on the workload that is not `Off` and acts on pods that run."""
    found = _scalers(case, vertical=True)
    if not found:
        yield skipped("no VerticalPodAutoscaler of this workload is in the input")
    for scaler in found:
        mode = scaler.mode.value if scaler.mode else "Auto"
        if mode not in ("Off", "Initial"):
            written = f"updateMode {mode}" if scaler.mode else f"updateMode {mode}, the default"
            yield fail(
                f"{_named(scaler)} ({written}) restarts {case.title} to change its CPU and memory: answers break off, "
                "and the model loads again.",
                remedy=f'Set `updatePolicy: {{updateMode: "Off"}}` in {_named(scaler)}, and write what it recommends into '
                "the container's resources.",
                at=scaler.mode.origin if scaler.mode else scaler.origin,
                anchor=scaler.name,
                value=mode,
                expected="Off",
            )


def _scalers(case: Case, *, vertical: bool = False) -> list[Autoscaler]:
    """The autoscalers of the case's object; what they do to a group is told once, with its leader."""
    if members.leader_of(case) is not None:
        return []
    if vertical:
        return surroundings.vertical_autoscalers_of(case.workload, case.inventory)
    return surroundings.autoscalers_of(case.workload, case.inventory)


def _separate(case: Case) -> list[Autoscaler]:
    """The autoscalers that are objects of their own; a platform's scaling fields own the replicas they make."""
    found = _scalers(case)
    return [scaler for scaler in found if scaler.kind in ("HorizontalPodAutoscaler", "ScaledObject")]


def _rivals(scalers: list[Autoscaler]) -> list[tuple[Autoscaler, Autoscaler]]:
    """Pairs that act at the same time: not the object of another environment, and none that is paused."""
    awake = [scaler for scaler in scalers if scaler.paused is None]
    pairs = []
    for number, other in enumerate(awake):
        for first in awake[:number]:
            same = (first.kind, first.name) == (other.kind, other.name)
            if not same and surroundings.same_namespace(first.namespace, other.namespace):
                pairs.append((first, other))
                break
    return pairs


def _named(scaler: Autoscaler) -> str:
    return f"{scaler.kind} {scaler.name}"


def _signal_edit(engine: str, scaler: Autoscaler, *, beside: bool) -> str:
    if beside:
        return f"Remove the CPU and memory entries from {_named(scaler)}; its other signals decide then."
    metric = _QUEUE_METRICS.get(engine)
    if metric is None:
        return "Scale on the requests in flight for each replica, as the gateway or Service mesh counts them."
    if scaler.kind == "ScaledObject":
        return (
            f"Replace the trigger by `{{type: prometheus, metadata: {{serverAddress: …, query: sum({metric}), "
            'threshold: "5"}}`: a replica more for every 5 waiting requests.'
        )
    flat = metric.replace(":", "_")
    return (
        f"Replace the metric by `{{type: Pods, pods: {{metric: {{name: {flat}}}, target: {{type: AverageValue, "
        f'averageValue: "5"}}}}}}`, and let an adapter serve {metric} under that name.'
    )
