"""What stands around workloads: what sets their replicas, and the ways by which requests come to them.

As with `workloads`, each field that a person wrote keeps the place it was written at.
"""

from msgspec import Struct

from skewguard.language.facts import Located, Origin


class Signal(Struct, frozen=True):
    """One thing an autoscaler looks at: `kind` is a value of `autoscaling.signal` (cpu, memory, gpu, queue,

    concurrency, requests, latency, tokens, kv-cache, schedule, other); `name` is the metric as written.
    """

    kind: str
    name: str
    origin: Origin


class Autoscaler(Struct, frozen=True):
    """A HorizontalPodAutoscaler, KEDA ScaledObject or a platform's own scaling fields, and what it scales.

    `target_role` is the role of the target whose replicas it sets, None for the object's. `idle_replicas` is the
    number while no signal is active (KEDA). `paused` is the place that switches it off, `paused_at` the number of
    replicas it then holds (None: the number it finds). A VerticalPodAutoscaler sets no replicas; `mode` is its
    update mode.
    """

    kind: str
    name: str
    namespace: str | None
    origin: Origin
    target_kind: str | None = None
    target_name: str | None = None
    signals: tuple[Signal, ...] = ()
    min_replicas: Located[int] | None = None
    max_replicas: Located[int] | None = None
    target_role: str | None = None
    idle_replicas: Located[int] | None = None
    paused: Origin | None = None
    paused_at: Located[int] | None = None
    mode: Located[str] | None = None

    @property
    def vertical(self) -> bool:
        """Whether it sets requests instead of replicas."""
        return self.kind == "VerticalPodAutoscaler"


class Timeout(Struct, frozen=True):
    """A time limit on the way of a request: its field or annotation name, seconds (None: switched off), place."""

    name: str
    seconds: float | None
    origin: Origin

    @property
    def bounds_answer(self) -> bool:
        """Whether it can end an answer: limits on connecting and on sending the request do not."""
        name = self.name.lower()
        return not any(word in name for word in ("connect", "send", "keepalive", "keep-alive", "client-header"))

    @property
    def between_bytes(self) -> bool:
        """Whether it counts the time between two bytes, which a streamed answer never lets grow long."""
        return any(word in self.name.lower() for word in ("read", "idle", "timeout-server", "timeout-client"))


class Backend(Struct, frozen=True):
    """Where a route leads: a Service (or, by `kind`, an InferencePool); `namespace` is the route's own where the

    reference names none.
    """

    name: str
    port: int | str | None = None
    namespace: str | None = None
    kind: str = "Service"


class Route(Struct, frozen=True):
    """A way to Services that an Ingress, HTTPRoute, VirtualService or the like opens, and the limits it sets there.

    An object whose rules have limits of their own is a route for each rule. `controller` is the ingress class as
    written (`ingressClassName`, or the annotation `kubernetes.io/ingress.class`), `family` what is known to implement
    the route (a key of `language.controllers`). `beside` marks what opens no way, and sets limits on the ways of others
    (a Service's annotations, a DestinationRule); `family` then says on whose. `ignored` are limits that the route's
    controller does not read: another controller's annotation, or a value in a form it refuses. A `body_bytes` of None
    inside is no limit. `untold` are settings that the route decides in a way that is not known here (nginx's
    `proxy-next-upstream-tries: "0"`); `assumes` names unseen sources that decide whether its limits are read.
    """

    kind: str
    name: str
    namespace: str | None
    origin: Origin
    backends: tuple[Backend, ...] = ()
    timeouts: tuple[Timeout, ...] = ()
    retries: tuple[Located[int], ...] = ()
    body_bytes: Located[int | None] | None = None
    controller: str | None = None
    family: str | None = None
    beside: bool = False
    ignored: tuple[Located[str], ...] = ()
    untold: tuple[str, ...] = ()
    assumes: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"
