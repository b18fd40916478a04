"""Autoscalers, and what each of them looks at.

Sources: autoscaling/v1 and v2, KEDA scalers, KServe component extension spec, Knative autoscaling annotations, NIM
operator, KubeAI, AIBrix PodAutoscaler; metric names of vLLM, SGLang, TGI, Triton and DCGM.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cache

from msgspec import structs

from skewguard.language.facts import Located, Origin
from skewguard.language.neighbours import Autoscaler, Signal
from skewguard.language.surroundings import same_namespace
from skewguard.language.trees import Node
from skewguard.observe.sources import embedded, pods, ray
from skewguard.observe.sources.embedded import Inner
from skewguard.observe.sources.objects import Object
from skewguard.observe.sources.pieces import Reading

# The first pattern that matches names the signal: a KV cache metric holds the word gpu too, a queue's the word requests.
_PATTERNS = (
    ("queue", r"waiting|queue|pending|backlog|deferred"),
    ("concurrency", r"running|concurren|in_?flight|ongoing|active_re"),
    ("kv-cache", r"kv_?cache|cache_usage|cache_utilization"),
    ("gpu", r"dcgm|gpu|nvidia"),
    ("latency", r"ttft|tpot|\bitl\b|latency|time_to|time_per|duration|e2e"),
    ("tokens", r"token"),
    ("requests", r"request|\brps\b|\bqps\b|http_"),
    ("cpu", r"cpu"),
    ("memory", r"memory"),
)
_QUEUES = (
    "rabbitmq", "kafka", "apache-kafka", "aws-sqs-queue", "azure-servicebus", "azure-queue", "gcp-pubsub", "nats-jetstream",
    "redis", "redis-streams", "redis-cluster", "pulsar", "activemq", "artemis-queue", "ibmmq", "solace-event-queue",
)  # fmt: skip


def read(reading: Reading) -> Iterator[Autoscaler]:
    """The autoscalers that one object is, or holds."""
    own = reading.object
    if own.kind == "HorizontalPodAutoscaler":
        if not _of_keda(own, reading):
            yield _of_adapter(_horizontal(own, own.root.get("spec")), reading)
    elif own.kind == "ScaledObject":
        yield _of_adapter(_keda(own), reading)
    elif own.kind == "VerticalPodAutoscaler":
        yield _vertical(own)
    elif own.kind == "PodAutoscaler" and own.group.endswith("aibrix.ai"):
        yield _aibrix(own)
    elif own.kind == "InferenceService" and own.group == "serving.kserve.io":
        yield from _kserve(own)
    elif own.kind == "LLMInferenceService" and own.group == "serving.kserve.io":
        yield from _llm_service(own)
    else:
        yield from _of_platform(own, reading)


def _of_platform(own: Object, reading: Reading) -> Iterator[Autoscaler]:
    """The scaling that a platform's resource holds in fields of its own."""
    if own.group == "serving.knative.dev" and own.kind == "Service":
        yield from _knative(own, own.root.get("spec", "template", "metadata", "annotations"))
    elif own.kind == "NIMService" and own.root.get("spec", "scale", "enabled").boolean():
        yield _horizontal(own, own.root.get("spec", "scale", "hpa"), itself=True)
    elif own.kind == "Model" and own.group == "kubeai.org":
        yield from _kubeai(own)
    elif own.kind == "VLLMRuntime" and own.root.get("spec", "autoscalingConfig", "enabled").boolean():
        yield _vllm_runtime(own)
    elif own.kind.startswith("Ray") and own.group.endswith("ray.io"):
        yield from ray.autoscalers(reading)


def signal_of(name: str) -> str:
    """The kind of signal that a metric's name (or a query) speaks of."""
    lowered = name.lower()
    return next((kind for kind, pattern in _compiled() if pattern.search(lowered)), "other")


@cache
def _compiled() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((kind, re.compile(pattern)) for kind, pattern in _PATTERNS)


def _horizontal(own: Object, spec: Node, *, itself: bool = False) -> Autoscaler:
    target = spec.get("scaleTargetRef")
    signals = [*_metrics(spec.get("metrics").elements()), *_metrics(_annotated(own))]
    cpu = spec.get("targetCPUUtilizationPercentage")
    if cpu:
        signals.append(Signal("cpu", "targetCPUUtilizationPercentage", cpu.origin))
    return Autoscaler(
        kind=own.kind,
        name=own.name,
        namespace=own.namespace,
        origin=own.origin,
        target_kind=own.kind if itself else target.get("kind").text(),
        target_name=own.name if itself else target.get("name").text(),
        signals=tuple(signals),
        min_replicas=pods.count(spec.get("minReplicas")),
        max_replicas=pods.count(spec.get("maxReplicas")),
    )


_BETA = "autoscaling.alpha.kubernetes.io/metrics"


def _annotated(own: Object) -> Sequence[Inner]:
    """The metrics of an autoscaling/v1 object that v1 has no field for: the API server shows them in an annotation."""
    node = own.metadata.get("annotations", _BETA)
    root = embedded.read(node) if node.text() and own.version == "autoscaling/v1" else None
    return root.elements() if root is not None else ()


def _of_keda(own: Object, reading: Reading) -> bool:
    """Whether a ScaledObject of the input makes or owns this HorizontalPodAutoscaler: an export holds both.

    Sources: KEDA pkg/controllers/keda/hpa.go (`keda-hpa-NAME`, managed-by label), the ScaledObject's
    `advanced.horizontalPodAutoscalerConfig.name` together with `scaledobject.keda.sh/transfer-hpa-ownership`.
    """
    if own.metadata.get("labels", "app.kubernetes.io/managed-by").text() == "keda-operator":
        return True
    if any(ref.get("kind").text() == "ScaledObject" for ref in own.metadata.get("ownerReferences").elements()):
        return True
    for each in reading.objects.of_kind("ScaledObject"):
        given = each.root.get("spec", "advanced", "horizontalPodAutoscalerConfig", "name").text()
        if own.name == (given or f"keda-hpa-{each.name}") and same_namespace(each.namespace, own.namespace):
            return True
    return False


def _of_adapter(scaler: Autoscaler, reading: Reading) -> Autoscaler:
    """An autoscaler of a RoleBasedGroupScalingAdapter sets the replicas of one role of a RoleBasedGroup."""
    if scaler.target_kind != "RoleBasedGroupScalingAdapter":
        return scaler
    from skewguard.observe.sources import rolebased

    found = rolebased.scaled_role(scaler.target_name or "", reading.object, reading.objects)
    if found is None:
        return scaler
    group, role = found
    return structs.replace(scaler, target_kind=rolebased.KIND, target_name=group, target_role=role)


_METRICS = {
    "Resource": "resource", "ContainerResource": "containerResource", "Pods": "pods", "Object": "object",
    "External": "external",
}  # fmt: skip


def _metrics(nodes: Sequence[Node] | Sequence[Inner]) -> Iterator[Signal]:
    for node in nodes:
        kind = node.get("type").text() or ""
        metric = node.get(_METRICS.get(kind, kind.lower()))
        for path in (("metric", "name"), ("name",), ("metricName",)):
            name = metric.get(*path)
            text = name.text()
            if text is not None:
                found = text if kind in ("Resource", "ContainerResource") else signal_of(text)
                yield Signal(found if found in _KINDS else signal_of(found), text, name.origin)
                break


_KINDS = frozenset((*(kind for kind, _ in _PATTERNS), "schedule", "other"))


_PAUSED, _PAUSED_AT = "autoscaling.keda.sh/paused", "autoscaling.keda.sh/paused-replicas"
_FALSE = ("0", "f", "F", "false", "FALSE", "False")
"""What Go's ParseBool takes for no; anything else that stands there pauses (KEDA NeedToBePausedByAnnotation)."""


def _keda(own: Object) -> Autoscaler:
    spec = own.root.get("spec")
    target = spec.get("scaleTargetRef")
    annotations = own.metadata.get("annotations")
    held, number = annotations.get(_PAUSED), annotations.get(_PAUSED_AT)
    off = number if number.present else held if held.present and held.text() not in _FALSE else None
    return Autoscaler(
        kind=own.kind,
        name=own.name,
        namespace=own.namespace,
        origin=own.origin,
        target_kind=target.get("kind").text() or "Deployment",
        target_name=target.get("name").text(),
        signals=tuple(_trigger(node) for node in spec.get("triggers").elements()),
        min_replicas=pods.count(spec.get("minReplicaCount")),
        max_replicas=pods.count(spec.get("maxReplicaCount")),
        idle_replicas=pods.count(spec.get("idleReplicaCount")),
        paused=off.origin if off is not None else None,
        paused_at=_number(number),
    )


def _number(node: Node) -> Located[int] | None:
    """A number in an annotation, which is text."""
    text = (node.text() or "").strip()
    return Located(int(text), node.origin) if text.isdecimal() and text.isascii() and len(text) < _DIGITS else None


_DIGITS = 10


def _vertical(own: Object) -> Autoscaler:
    """A VerticalPodAutoscaler; without a mode it is `Auto`."""
    spec = own.root.get("spec")
    target, mode = spec.get("targetRef"), spec.get("updatePolicy", "updateMode")
    return Autoscaler(
        kind=own.kind,
        name=own.name,
        namespace=own.namespace,
        origin=own.origin,
        target_kind=target.get("kind").text(),
        target_name=target.get("name").text(),
        mode=Located(mode.text() or "", mode.origin) if mode.text() else None,
    )


def _trigger(node: Node) -> Signal:
    kind = node.get("type").text() or ""
    origin = node.get("type").origin
    if kind in ("cpu", "memory"):
        return Signal(kind, kind, origin)
    if kind == "cron":
        return Signal("schedule", kind, origin)
    for field in ("query", "metricName", "metric", "queueName"):
        value = node.get("metadata", field)
        text = value.text()
        if text:
            found = "queue" if kind in _QUEUES else signal_of(text)
            return Signal(found, text.strip(), value.origin)
    return Signal("queue" if kind in _QUEUES else signal_of(kind), kind, origin)


def _aibrix(own: Object) -> Autoscaler:
    spec = own.root.get("spec")
    target = spec.get("scaleTargetRef")
    named = [source.get("targetMetric") for source in spec.get("metricsSources").elements()]
    return Autoscaler(
        kind=own.kind,
        name=own.name,
        namespace=own.namespace,
        origin=own.origin,
        target_kind=target.get("kind").text(),
        target_name=target.get("name").text(),
        target_role=spec.get("subTargetSelector", "roleName").text(),
        signals=tuple(Signal(signal_of(node.text() or ""), node.text() or "", node.origin) for node in named if node),
        min_replicas=pods.count(spec.get("minReplicas")),
        max_replicas=pods.count(spec.get("maxReplicas")),
    )


# ---- platforms -----------------------------------------------------------------------------------------------------


def _kserve(own: Object) -> Iterator[Autoscaler]:
    predictor = own.root.get("spec", "predictor")
    annotations = own.metadata.get("annotations")
    if annotations.get("serving.kserve.io/autoscalerClass").text() in ("external", "none"):
        return  # KServe makes no autoscaler then, whatever the fields say
    if predictor.get("minReplicas") or predictor.get("maxReplicas") or predictor.get("scaleMetric"):
        metric = predictor.get("scaleMetric")
        signals = [Signal(_named(metric.text() or ""), metric.text() or "", metric.origin)] if metric else []
        signals += _metrics_of_kserve(predictor.get("autoScaling", "metrics").elements())
        yield _of(own, tuple(signals), predictor.get("minReplicas"), predictor.get("maxReplicas"), predictor.origin)
    elif any(key.startswith("autoscaling.knative.dev/") for key, _ in annotations.items()):
        yield from _knative(own, annotations)


def _llm_service(own: Object) -> Iterator[Autoscaler]:
    """The scaling of an LLMInferenceService, for decode and for prefill apart.

    Source: kserve pkg/apis/serving/v1alpha2 ScalingSpec: KEDA's triggers, or the Workload Variant Autoscaler, which
    follows the saturation of KV cache and queue.
    """
    spec = own.root.get("spec")
    for node, role in ((spec, "decode" if spec.get("prefill") else None), (spec.get("prefill"), "prefill")):
        scaling = node.get("scaling")
        if not scaling:
            continue
        signals = [_trigger(trigger) for trigger in scaling.get("keda", "triggers").elements()]
        if scaling.get("wva").present:
            signals.append(Signal("queue", "wva", scaling.get("wva").origin))
        made = _of(own, tuple(signals), scaling.get("minReplicas"), scaling.get("maxReplicas"), scaling.origin)
        idle = scaling.get("keda", "idleReplicaCount") or scaling.get("wva", "keda", "idleReplicaCount")
        yield structs.replace(made, target_role=role, idle_replicas=pods.count(idle))


def _metrics_of_kserve(nodes: Sequence[Node]) -> Iterator[Signal]:
    for node in nodes:
        kind = node.get("type").text() or ""
        inner = node.get(kind[:1].lower() + kind[1:])
        name = next(
            (found for path in (("name",), ("metric", "query"), ("metric", "name"), ("metric", "metricNames", 0))
             if (found := inner.get(*path))),
            node.get("type"),
        )  # fmt: skip
        yield Signal(_named(name.text() or ""), name.text() or "", name.origin)


def _knative(own: Object, annotations: Node) -> Iterator[Autoscaler]:
    prefix = "autoscaling.knative.dev/"
    held = {key.removeprefix(prefix): value for key, value in annotations.items() if key.startswith(prefix)}
    if not held:
        return
    low = held.get("min-scale", held.get("minScale", Node.absent()))
    high = held.get("max-scale", held.get("maxScale", Node.absent()))
    metric = held.get("metric", held.get("target", Node.absent()))
    text = held["metric"].text() or "" if "metric" in held else "concurrency"  # Knative's default metric
    place = metric.origin if metric else annotations.origin
    yield _of(own, (Signal(_named(text), text, place),), low, high, annotations.origin)


def _kubeai(own: Object) -> Iterator[Autoscaler]:
    spec = own.root.get("spec")
    target = spec.get("targetRequests")
    if spec.get("autoscalingDisabled").boolean() or not (spec.get("maxReplicas") or target):
        return
    signals = (Signal("concurrency", "targetRequests", target.origin if target else own.origin),)
    yield _of(own, signals, spec.get("minReplicas"), spec.get("maxReplicas"), own.origin)


def _vllm_runtime(own: Object) -> Autoscaler:
    """The ScaledObject that production-stack's operator makes: on running requests and on tokens, from the engine's metrics.

    Source: operator/internal/controller/vllmruntime_controller.go reconcileScaledObject.
    """
    scaling = own.root.get("spec", "autoscalingConfig")
    found = []
    for kind, field in (("concurrency", "requestsRunningThreshold"), ("tokens", "generationTokensThreshold")):
        node = scaling.get("triggers", field)
        found.append(Signal(kind, field, node.origin if node else scaling.origin))
    return _of(own, tuple(found), scaling.get("minReplicas"), scaling.get("maxReplicas"), scaling.origin)


def _named(metric: str) -> str:
    return {"rps": "requests", "concurrency": "concurrency"}.get(metric) or signal_of(metric)


def _of(own: Object, signals: tuple[Signal, ...], low: Node, high: Node, origin: Origin) -> Autoscaler:
    return Autoscaler(
        kind=own.kind,
        name=own.name,
        namespace=own.namespace,
        origin=origin,
        target_kind=own.kind,
        target_name=own.name,
        signals=signals,
        min_replicas=pods.count(low),
        max_replicas=pods.count(high),
    )
