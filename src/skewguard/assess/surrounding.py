"""What the objects around a workload make of its autoscaling and serving settings.

Several ways lead to one engine, and the worst of them counts: the shortest time, the most retries, the smallest body.
A way whose bound nobody wrote and no documentation tells leaves the setting open, whatever the other ways set.
"""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from skewguard.language import surroundings, ways
from skewguard.language.facts import Arm, Choice, Effective, Fact, Gap, Origin
from skewguard.language.neighbours import Autoscaler, Route, Signal
from skewguard.language.ways import Bound
from skewguard.language.workloads import Inventory, Looked, Refused, Workload

_SIGNAL, _LEAST, _MOST = "autoscaling.signal", "autoscaling.min_replicas", "autoscaling.max_replicas"
_SCALING = (_SIGNAL, _LEAST, _MOST)


def around(workload: Workload, inventory: Inventory) -> Iterator[Effective]:
    """One fact, choice or gap for every setting that stands around a workload."""
    yield from _scaling(workload, inventory)
    yield from _serving(workload, inventory)


# ---- autoscaling ---------------------------------------------------------------------------------------------------


def _scaling(workload: Workload, inventory: Inventory) -> Iterator[Effective]:
    scalers = surroundings.autoscalers_of(workload, inventory)
    if not scalers:
        yield from _unscaled(workload, inventory)
    else:
        acting = [scaler for scaler in scalers if scaler.paused is None] or scalers
        said = [{item.setting: item for item in _scaler(scaler)} for scaler in acting]
        for setting in _SCALING:
            yield from _agreed(setting, acting, [each.get(setting) for each in said])


_SCALED_FROM_OUTSIDE = (
    "Deployment",
    "StatefulSet",
    "ReplicaSet",
    "ReplicationController",
    "Rollout",
    "LeaderWorkerSet",
)
"""Kinds whose replicas nothing changes but somebody or an autoscaler; platforms scale by controllers of their own."""


def _unscaled(workload: Workload, inventory: Inventory) -> Iterator[Effective]:
    """No autoscaler is known: of a cluster that was asked for them that is knowledge, of manifests it is a gap."""
    gap = _unknown_scaler(workload, inventory)
    if workload.replicas is not None:
        unseen = () if gap is None else ("an autoscaler that could not be read",)
        if inventory.looked is None:
            unseen = ("an autoscaler that is not in the input",)
        for setting in (_LEAST, _MOST):
            yield Fact(setting, workload.replicas.value, "declared", workload.replicas.origin, assumes=unseen)
    where = f"the autoscalers of namespace {workload.subject.namespace}"
    yield gap or Fact(_SIGNAL, None, "observed", Origin("object", where))


def _unknown_scaler(workload: Workload, inventory: Inventory) -> Gap | None:
    """Why nobody can say that nothing scales a workload; None where it was looked for and is not there."""
    doubtful = surroundings.doubtful(workload, inventory)[0]
    named = [f"{scaler.kind} {scaler.name}" for scaler in doubtful]
    looked = inventory.looked
    needed = "the HorizontalPodAutoscaler or ScaledObject in the same input"
    if named:
        reason, needed = _doubt(named), "its namespace (`-n` says it)"
    elif looked is None:
        reason = "no autoscaler of this workload is in the input"
    elif refused := _refused(looked.autoscalers, workload):
        reason, needed = refused
    elif workload.subject.kind not in _SCALED_FROM_OUTSIDE:
        reason, needed = f"no autoscaler names it, and the controller of a {workload.subject.kind} may scale it", ""
    elif above := surroundings.autoscalers_above(workload, inventory):
        target = f"{above[0].target_kind} {above[0].target_name}"
        reason, needed = f"{above[0].kind} {above[0].name} scales {target}, which may stand above it", ""
    else:
        return None
    return Gap(
        _SIGNAL,
        reason,
        rule="autoscaler",
        inputs=(f"autoscaler@{workload.subject.kind}/{workload.subject.name}",),
        would_need=needed,
    )


def _refused(listed: Sequence[Refused], workload: Workload) -> tuple[str, str] | None:
    """Why some of these objects are not known in a workload's namespace, and the rights to them."""
    own = [each for each in listed if each.namespace in (None, workload.subject.namespace)]
    if not own:
        return None
    rights = " and ".join(dict.fromkeys(each.would_need for each in own if each.would_need))
    names = " and ".join(dict.fromkeys(each.what for each in own))
    return f"{names} could not be read", f"the right to {rights}" if rights else ""


def _doubt(named: Sequence[str]) -> str:
    """Why a neighbour that is in the input counts for nobody; empty where there is none."""
    if not named:
        return ""
    return f"{' and '.join(named)} {'names' if len(named) == 1 else 'name'} no namespace, and may be for a namesake of this workload in another one"


def _agreed(setting: str, scalers: Sequence[Autoscaler], said: Sequence[Effective | None]) -> Iterator[Effective]:
    """What one autoscaler says; of several, what all say, else a choice between them: none of them is the one."""
    known = [item for item in said if item is not None]
    values = [item.value for item in known if isinstance(item, Fact)]
    names = [f"{scaler.kind}/{scaler.name}" for scaler in scalers]
    if len(values) == len(said) and all(value == values[0] for value in values):
        yield known[0]
    elif len(said) == 1:
        yield from known
    elif len(values) == len(said):
        arms = tuple(Arm(f"{name} sets it", value) for name, value in zip(names, values, strict=True))
        yield Choice(setting, "autoscaler", tuple(f"autoscaler@{name}" for name in names), arms)
    else:
        gap = next((item for item in known if isinstance(item, Gap)), None)
        why = f": {gap.reason}" if gap else ", and not all of them say"
        yield Gap(
            setting,
            f"{' and '.join(names)} set it{why}",
            rule="autoscaler",
            inputs=tuple(f"autoscaler@{name}" for name in names),
            would_need="one autoscaler instead of several",
        )


def _scaler(scaler: Autoscaler) -> Iterator[Effective]:
    if scaler.paused is not None:
        yield from _paused(scaler, scaler.paused)
        return
    kinds = list(dict.fromkeys(signal.kind for signal in _signals(scaler)))
    if kinds:
        origin = scaler.signals[0].origin if scaler.signals else scaler.origin
        yield Fact(_SIGNAL, kinds[0] if len(kinds) == 1 else kinds, "declared", origin)
    least = scaler.idle_replicas or scaler.min_replicas
    for setting, located in ((_LEAST, least), (_MOST, scaler.max_replicas)):
        if located is not None:
            yield Fact(setting, located.value, "declared", located.origin)
        elif (scaler.kind, setting) in _DEFAULTS:
            yield Fact(setting, _DEFAULTS[scaler.kind, setting], "derived", _default(scaler))


_DEFAULTS = {
    ("HorizontalPodAutoscaler", _LEAST): 1,
    ("ScaledObject", _LEAST): 0,
    ("ScaledObject", _MOST): 100,
}
"""Sources: autoscaling/v2 HorizontalPodAutoscalerSpec (minReplicas); KEDA ScaledObject specification."""


def _signals(scaler: Autoscaler) -> Sequence[Signal]:
    """What it looks at; a HorizontalPodAutoscaler without a metric looks at CPU (autoscaling/v2, `metrics`)."""
    if scaler.signals or scaler.kind != "HorizontalPodAutoscaler":
        return scaler.signals
    return (Signal("cpu", "cpu", scaler.origin),)


def _default(scaler: Autoscaler) -> Origin:
    return Origin(kind="default", ref=f"default of {scaler.kind} {scaler.name}")


def _paused(scaler: Autoscaler, place: Origin) -> Iterator[Effective]:
    """Nothing scales while it is paused: the replicas stay at the number that is written, else at what they are."""
    yield Fact(_SIGNAL, None, "declared", place)
    for setting in (_LEAST, _MOST):
        if scaler.paused_at is not None:
            yield Fact(setting, scaler.paused_at.value, "declared", scaler.paused_at.origin)
        else:
            yield Gap(
                setting,
                f"{scaler.kind} {scaler.name} is paused, and the replicas stay at the number they have",
                rule="paused",
                inputs=(f"replicas@{scaler.kind}/{scaler.name}",),
                would_need="the running workload",
            )


# ---- serving -------------------------------------------------------------------------------------------------------


def _serving(workload: Workload, inventory: Inventory) -> Iterator[Effective]:
    routes = surroundings.routes_of(workload, inventory)
    nowhere = "" if ways.open_ways(routes) else _leads_elsewhere(workload, inventory)
    for setting, bounds, what in (
        ("serving.request_timeout", ways.timeouts(routes), "time limit"),
        ("serving.retries", ways.retries(routes), "number of retries"),
        ("serving.max_body_size", ways.bodies(routes), "limit of the body"),
    ):
        if bounds:
            yield _worst(setting, bounds, what)
        else:
            yield from _alone(setting, routes, _Nowhere(workload, inventory.looked, nowhere))


def _worst(setting: str, bounds: Sequence[Bound], what: str) -> Effective:
    """The bound that decides; a gap where a way is bounded by what nobody knows."""
    unknown = list(dict.fromkeys(str(bound.route) for bound in bounds if not bound.known))
    worst = ways.worst(setting, bounds)
    if unknown:
        names = " and ".join(unknown)
        known = () if worst is None or worst.value is None else (f"{setting}@{worst.value}",)
        sure = "certain " if any(setting in bound.route.untold for bound in bounds) else ""
        timed = setting == "serving.request_timeout"
        return Gap(
            setting,
            f"{names} set{'s' if len(unknown) == 1 else ''} no {sure}{what}, and what the controller does then is not known",
            rule="route",
            inputs=(*(f"route-default@{name.replace(' ', '/')}" for name in unknown), *known),
            would_need=f"a {what} on {names}" if timed else f"the configuration of the controller behind {names}",
        )
    decided = worst or bounds[0]
    if decided.default is None:
        return Fact(setting, decided.value, "declared", decided.origin, assumes=decided.route.assumes)
    return Fact(
        setting,
        decided.value,
        "derived",
        Origin(kind="default", ref=f"default of {decided.default} for {decided.route}"),
        assumes=(*decided.route.assumes, f"the configuration of {decided.default}"),
    )


class _Nowhere(Struct, frozen=True):
    """A workload to which no way is known. `reason` says why a route that may lead there does not count."""

    workload: Workload
    looked: Looked | None
    reason: str = ""

    @property
    def unseen(self) -> str:
        """What could still bound a request."""
        return "a route that is not in the input" if self.looked is None else "a route of another namespace"

    def gap(self, setting: str) -> Gap:
        """That nobody can say how a request comes here."""
        subject = self.workload.subject
        reason, needed = self._told()
        return Gap(setting, reason, rule="route", inputs=(f"route@{subject.kind}/{subject.name}",), would_need=needed)

    def _told(self) -> tuple[str, str]:
        if self.looked is None and self.reason:
            return self.reason, "the Service it leads to and its namespace, in the same input"
        if self.looked is None:
            return (
                "no route to this workload is in the input",
                "the Ingress, HTTPRoute or VirtualService in the same input",
            )
        refused = _refused(self.looked.routes, self.workload)
        if refused is not None:
            return refused
        if self.reason:
            return self.reason, ""
        return (
            f"no Ingress or route of namespace {self.workload.subject.namespace} leads to it",
            "the settings of whatever leads to it from elsewhere",
        )


def _alone(setting: str, routes: Sequence[Route], nowhere: _Nowhere) -> Iterator[Effective]:
    """No way to the workload is known: what stands beside a way is known, the way itself is not."""
    limits = [
        limit for route in routes for limit in route.timeouts if limit.bounds_answer and limit.seconds is not None
    ]
    counts = [count for route in routes for count in route.retries]
    if setting == "serving.request_timeout" and limits:
        shortest = min(limits, key=lambda limit: limit.seconds or 0.0)
        yield Fact(setting, shortest.seconds, "declared", shortest.origin, assumes=(nowhere.unseen,))
    elif setting == "serving.retries" and counts:
        most = max(counts, key=lambda count: count.value)
        yield Fact(setting, most.value, "declared", most.origin, assumes=(nowhere.unseen,))
    else:
        yield nowhere.gap(setting)


def _leads_elsewhere(workload: Workload, inventory: Inventory) -> str:
    """Why a route of the input may lead here and does not count; empty where there is none."""
    for route, backend in surroundings.unseen_backends(workload, inventory):
        there = "not in the input" if inventory.looked is None else "not in the cluster, or could not be read"
        return f"{route} leads to {backend.kind} {backend.name}, which is {there}"
    if not inventory.routes:
        return ""
    return _doubt([f"{service.kind} {service.name}" for service in surroundings.doubtful(workload, inventory)[1]])
