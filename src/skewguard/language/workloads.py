"""Workloads and what surrounds them, as values: every field that a person wrote keeps the place it was written at.

Nothing here knows YAML or an API server: `observe.sources` builds these values, checks and engines read them.
A field that is absent is None or empty, never a Kubernetes default pretended to be written; the defaults that a
reader needs are properties whose docstring names them.
"""

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct, field

from skewguard.language.facts import Gap, Located, Origin, Subject
from skewguard.language.neighbours import Autoscaler, Route


class Token(Struct, frozen=True):
    """One word of an argument vector, after Kubernetes' `$(VAR)` and the shell's quoting.

    `unresolved` names what could not be known: `$(NAME)` that no source defines, a shell variable, a command
    substitution. `text` then still holds the word with those parts as written. `secret` marks a value that came
    from a Secret (its text is a placeholder then, and must not be shown). `assumes` names unseen sources
    (an `envFrom` that is not in the input) that could change a variable used here. `splits` is True where a shell
    makes any number of words of what is not known (`$ARGS` without quotes, `"$@"`); else the word is exactly one.
    """

    text: str
    origin: Origin
    unresolved: tuple[str, ...] = ()
    secret: bool = False
    assumes: tuple[str, ...] = ()
    splits: bool = False


InvocationVia = Literal["image", "exec", "shell", "script", "field"]


class Invocation(Struct, frozen=True):
    """One program start: its argument vector, and how it is reached.

    `via` is "image" when the arguments go to the image's own entrypoint (no `command` was written), "exec" for a
    plain `command`, "shell" for a line of `sh -c`, "script" for a line of a script from a ConfigMap, "field" for arguments that a custom
    resource holds in a field of its own. `certain` is False behind shell control flow (`if`, `for`, `case`,
    functions): the program may or may not be started so. `environment` holds `NAME=value` assignments and exports
    of the shell before it, `unseen` the files that the shell sourced before it and nobody can read. `replaces`: the
    shell becomes this program (`exec`), and nothing behind it in the script runs. `assumes` names unseen sources that
    could give it further arguments.
    """

    argv: tuple[Token, ...]
    via: InvocationVia
    certain: bool = True
    environment: tuple["EnvVar", ...] = ()
    unseen: tuple["UnseenEnv", ...] = ()
    replaces: bool = False
    assumes: tuple[str, ...] = ()


EnvSource = Literal["literal", "config-map", "secret", "field", "resource", "shell", "image", "controller"]


class EnvVar(Struct, frozen=True):
    """An environment variable. `value` is None when it cannot be known; `why_unknown` then says why.

    A Secret's value is never held here: `value` is None, `source` is "secret". `ref` names the ConfigMap, Secret or
    field it comes from. `origin` is the place of the value (of the name, where there is no value). `assumes` names
    unseen sources that could change it.
    """

    name: str
    value: str | None
    origin: Origin
    source: EnvSource = "literal"
    ref: str | None = None
    why_unknown: str | None = None
    name_origin: Origin | None = None
    assumes: tuple[str, ...] = ()


class UnseenEnv(Struct, frozen=True):
    """An `envFrom` whose ConfigMap or Secret is not in the input: it may set or hide variables (with `prefix`).

    `sourced`: a file that a script reads before the start, and that can change what `env` says as well.
    """

    ref: str
    prefix: str
    optional: bool
    origin: Origin
    sourced: bool = False


class TextFile(Struct, frozen=True):
    """A file inside a container whose text is in the input (a ConfigMap key, mounted), or is known to be unseen.

    `text` is None when the source is not in the input or is a Secret; `ref` names it (`ConfigMap prod/vllm-config
    key config.yaml`). `lines` is the place of each line of `text`, in order.
    """

    path: str
    text: str | None
    ref: str
    origin: Origin
    lines: tuple[Origin, ...] = ()


class Port(Struct, frozen=True):
    """A container or Service port. `target` is the Service's targetPort (number or name)."""

    number: int | None
    origin: Origin
    name: str | None = None
    target: int | str | None = None
    protocol: str = "TCP"


class Probe(Struct, frozen=True):
    """A liveness, readiness or startup probe. Seconds; None where the manifest leaves the Kubernetes default."""

    origin: Origin
    handler: Literal["http", "tcp", "exec", "grpc", "none"]
    path: str | None = None
    port: int | str | None = None
    command: tuple[str, ...] = ()
    initial_delay_s: int | None = None
    period_s: int | None = None
    timeout_s: int | None = None
    failure_threshold: int | None = None
    port_origin: Origin | None = None

    @property
    def budget_s(self) -> int:
        """Seconds until the kubelet gives up: initialDelay + period × failureThreshold (defaults 0, 10 and 3).

        Source: Kubernetes, "Configure Liveness, Readiness and Startup Probes".
        """
        period = 10 if self.period_s is None else self.period_s
        failures = 3 if self.failure_threshold is None else self.failure_threshold
        return (self.initial_delay_s or 0) + period * failures


class Mount(Struct, frozen=True):
    """A volumeMount: which volume, where, and whether it can be written."""

    volume: str
    path: str
    origin: Origin
    read_only: bool = False
    sub_path: str | None = None


class Volume(Struct, frozen=True):
    """A volume of the pod. `kind` is the field that defines it (`emptyDir`, `persistentVolumeClaim`, …)."""

    name: str
    kind: str
    origin: Origin
    ref: str | None = None
    medium: str | None = None
    size_bytes: int | None = None


class Resources(Struct, frozen=True):
    """Requests and limits by resource name, each with the place and the text as written."""

    requests: Mapping[str, Located[str]] = field(default_factory=dict)
    limits: Mapping[str, Located[str]] = field(default_factory=dict)
    claims: tuple[str, ...] = ()


class NodeTerm(Struct, frozen=True):
    """One node requirement: a nodeSelector pair (operator In, one value) or a matchExpression of required affinity.

    Terms with the same `alternative` number hold together (AND); different numbers are alternatives (OR).
    nodeSelector pairs have alternative -1: they hold always.
    """

    key: str
    operator: str
    values: tuple[str, ...]
    origin: Origin
    alternative: int = -1


class Toleration(Struct, frozen=True):
    """A toleration, as far as GPU pools use it."""

    key: str | None
    operator: str
    value: str | None
    effect: str | None
    origin: Origin


class Container(Struct, frozen=True):
    """One container. `command` and `args` are None when absent, () when written as an empty list.

    `invocations` are the programs it starts, shells unwrapped; empty when nothing could be told, and `gaps` say why.
    `env` is in order, later entries win. `files` are the mounted files the input knows of.
    `base_args` counts the leading words of `args` that a platform's template gives, for the words behind to overrule.
    `fields` are settings that a custom resource gives in fields of its own (KServe's `storageUri`, `model.uri`, …):
    vocabulary name → located text.
    """

    name: str
    origin: Origin
    image: Located[str] | None = None
    command: tuple[Token, ...] | None = None
    args: tuple[Token, ...] | None = None
    base_args: int = 0
    invocations: tuple[Invocation, ...] = ()
    env: tuple[EnvVar, ...] = ()
    unseen_env: tuple[UnseenEnv, ...] = ()
    files: tuple[TextFile, ...] = ()
    ports: tuple[Port, ...] = ()
    liveness: Probe | None = None
    readiness: Probe | None = None
    startup: Probe | None = None
    resources: Resources = field(default_factory=Resources)
    mounts: tuple[Mount, ...] = ()
    init: bool = False
    sidecar: bool = False
    read_only_root: bool = False
    pull_policy: Located[str] | None = None
    working_dir: str | None = None
    gaps: tuple[Gap, ...] = ()
    fields: Mapping[str, Located[str]] = field(default_factory=dict)

    def variable(self, name: str) -> EnvVar | None:
        """The entry that decides variable `name`: the last one, as in Kubernetes."""
        for entry in reversed(self.env):
            if entry.name == name:
                return entry
        return None

    def doubts(self, name: str) -> tuple[str, ...]:
        """Unseen sources that could give variable `name` another value than the input shows, or one at all.

        `env` stands above `envFrom` (the kubelet's order), and a file that a script sources above both.
        """
        entry = self.variable(name)
        known = entry.assumes if entry is not None else ()
        open_ = (each for each in self.unseen_env if name.startswith(each.prefix) and (each.sourced or entry is None))
        return tuple(dict.fromkeys((*known, *(each.ref for each in open_))))


class PodTemplate(Struct, frozen=True):
    """What every pod of a workload (or of one of its roles) is made from."""

    origin: Origin
    containers: tuple[Container, ...]
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, Located[str]] = field(default_factory=dict)
    volumes: tuple[Volume, ...] = ()
    node_terms: tuple[NodeTerm, ...] = ()
    tolerations: tuple[Toleration, ...] = ()
    service_links: bool = True
    host_network: bool = False
    host_ipc: bool = False
    runtime_class: str | None = None
    node_name: str | None = None
    termination_grace_s: int | None = None


class Workload(Struct, frozen=True):
    """One object that makes pods, or one role of it (leader, worker, prefill, decode).

    `group_size` is the number of pods that act as one server (LeaderWorkerSet size, Ray head + workers); 1 alone.
    `most_pods` bounds the pods of a Ray worker group, whatever its autoscaler does; None where nothing does.
    `generic` is True when the kind is not one skewguard knows and the pod template was found by its shape.
    `namespace_known` is False where the document names no namespace. `notes` are sentences for the reader.
    `members` names the sibling roles' subjects of the same group.
    """

    subject: Subject
    template: PodTemplate
    origin: Origin
    api_version: str = ""
    replicas: Located[int] | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, Located[str]] = field(default_factory=dict)
    group_size: int | None = 1
    most_pods: int | None = None
    members: tuple[Subject, ...] = ()
    generic: bool = False
    notes: tuple[str, ...] = ()

    @property
    def joins(self) -> bool:
        """Whether its pods are the workers of a server that another role of the object leads.

        A role that is merely called `worker`, beside a router and the like, serves by itself.
        """
        own = self.subject
        if own.part != "worker":
            return False
        leaders = [each for each in self.members if each.part != "worker" and each.team == own.team]
        return bool(leaders) or not any(each.part != "worker" for each in self.members)


class Service(Struct, frozen=True):
    """A Kubernetes Service, or (`kind` InferencePool) what leads to pods as one does.

    `external` is the name that an ExternalName Service stands for; such a Service selects no pods.
    """

    name: str
    namespace: str | None
    origin: Origin
    selector: Mapping[str, str] = field(default_factory=dict)
    ports: tuple[Port, ...] = ()
    headless: bool = False
    kind: str = "Service"
    external: str | None = None


class Hint(Struct, frozen=True):
    """Something odd about the document itself that changes what is served (a duplicate key, an unmounted volume)."""

    rule: str
    message: str
    origin: Origin
    subject: Subject | None = None
    anchor: str | None = None


class Missing(Struct, frozen=True):
    """A ConfigMap, Secret or file that the input refers to and does not hold: its name, and what that hides."""

    ref: str
    hides: str
    supply: str
    origin: Origin
    subject: Subject | None = None


class Refused(Struct, frozen=True):
    """Objects around workloads that a cluster did not list: which, why, in which namespace (None: in all), and the right."""

    what: str
    reason: str
    would_need: str
    namespace: str | None = None


class Looked(Struct, frozen=True):
    """That autoscalers and routes were asked for in a cluster, so that what was not found is not there.

    `autoscalers` and `routes` are those that could not be listed. Of each workload its own namespace was asked.
    """

    autoscalers: tuple[Refused, ...] = ()
    routes: tuple[Refused, ...] = ()


class Inventory(Struct, frozen=True):
    """Everything one set of inputs holds: what a check may look at besides its own container.

    `looked` is None of manifests: what is not among them may be anywhere.
    """

    workloads: tuple[Workload, ...] = ()
    services: tuple[Service, ...] = ()
    autoscalers: tuple[Autoscaler, ...] = ()
    routes: tuple[Route, ...] = ()
    missing: tuple[Missing, ...] = ()
    hints: tuple[Hint, ...] = ()
    claims: Mapping[str, Origin] = field(default_factory=dict)
    looked: Looked | None = None
