"""A container's environment: what the kubelet gives it, in order, and where each value comes from.

The order is the kubelet's (pkg/kubelet/kubelet_pods.go, makeEnvironment): `envFrom` first, then `env`, where a later
entry wins and may refer to earlier ones by `$(NAME)`. A Secret's value is never read; whether it has the key is.
"""

import re
from collections.abc import Sequence
from functools import cache

from msgspec import structs

from skewguard.language.facts import Origin, Subject
from skewguard.language.trees import Node
from skewguard.language.workloads import EnvVar, Missing, UnseenEnv
from skewguard.observe.sources import texts
from skewguard.observe.sources.expansion import Binding, expand
from skewguard.observe.sources.objects import Ledger, Objects, called, supply
from skewguard.observe.sources.texts import Text


@cache
def _injected() -> re.Pattern[str]:
    """Names that controllers and the kubelet set in every container they make."""
    return re.compile(
        r"LWS_\w+|KUBERAY_\w+|RBG_\w+|FQ_RAY_IP|RAY_(?:ADDRESS|IP|PORT|CLUSTER_NAME|USAGE_STATS_\w+)|ENTRY_ADDRESS|"
        r"WORKER_INDEX|GROUP_SIZE|JOB_COMPLETION_INDEX|GROVE_\w+|DYN_\w+|KUBERNETES_\w+|"
        r"[A-Z][A-Z0-9_]*_SERVICE_(?:HOST|PORT\w*)"
    )


@cache
def _injected_by_platforms() -> re.Pattern[str]:
    """Names that only platforms' controllers set (KServe, AIBrix, Dynamo): a plain Deployment has none of them."""
    return re.compile(
        r"POD_(?:NAME|NAMESPACE|IP|UID|INDEX)|NODE_NAME|ROLE_\w+|ROLESET_\w+|STORM_SERVICE_\w+|HEAD_SVC|HEAD_ADDRESS|"
        r"RAY_NODE_COUNT|REQUEST_GPU_COUNT|(?:TENSOR|PIPELINE|DATA|EXPERT)_PARALLEL_SIZE|ISVC_NAME|"
        r"INFERENCE_SERVICE_NAME|MODEL_NAME|MODEL_DIR|STORAGE_URI"
    )


def injected(name: str) -> bool:
    """Whether a controller or the kubelet sets a variable of this name, mostly another value in each pod."""
    return _injected().fullmatch(name) is not None


PLAIN_KINDS = frozenset(
    (
        "Pod",
        "Deployment",
        "StatefulSet",
        "DaemonSet",
        "ReplicaSet",
        "Job",
        "CronJob",
        "Rollout",
        "ReplicationController",
    )
)


MAX_GROWTH = 262_144
"""Most characters that references may add to the variables or words of a container; Linux starts none with 2 MiB."""


class Environment:
    """The variables of one container, and the lookup that expansion asks."""

    def __init__(
        self, objects: Objects, ledger: Ledger, subject: Subject, place: Origin, *, open_: bool = False
    ) -> None:
        """`open_`: the controller is not known, so that it may set any variable of the names people use."""
        self._open = open_
        self.entries: list[EnvVar] = []
        self.unseen: list[UnseenEnv] = []
        self._objects = objects
        self._ledger = ledger
        self._subject = subject
        self._place = place
        self._bindings: dict[str, Binding] = {}
        self._injected: dict[str, Binding] = {}
        self._growth = 0

    def lookup(self, name: str) -> Binding | None:
        """What `$(name)` stands for at this point; None where nothing in the input defines it."""
        found = self._bindings.get(name) or self._injected.get(name)
        if found is not None or not name.isupper():
            return found
        platform = self._open or (self._subject.kind not in PLAIN_KINDS and _injected_by_platforms().fullmatch(name))
        if not platform and not _injected().fullmatch(name):
            return None
        binding = Binding(None, "controller", self._place)
        self._injected[name] = binding
        why = "a controller sets it when it makes the pod"
        self.entries.append(EnvVar(name, None, self._place, "controller", why_unknown=why))
        return binding

    @property
    def unseen_names(self) -> tuple[str, ...]:
        """The sources that are not in the input and could define any variable."""
        return tuple(source.ref for source in self.unseen)

    # ---- envFrom ---------------------------------------------------------------------------------------------------

    def add_sources(self, sources: Sequence[Node]) -> None:
        """Read `envFrom`."""
        for source in sources:
            prefix = source.get("prefix").text() or ""
            for field, kind in (("configMapRef", "ConfigMap"), ("secretRef", "Secret")):
                ref = source.get(field)
                name = ref.get("name").text()
                if name:
                    self._add_source(kind, name, prefix, ref, optional=ref.get("optional").boolean() is True)

    def _add_source(self, kind: str, name: str, prefix: str, ref: Node, *, optional: bool) -> None:
        namespace = self._subject.namespace
        title = called(kind, name, namespace)
        if kind == "ConfigMap":
            data = self._objects.config(name, namespace)
            for key, (value, origin) in (data or {}).items():
                self._from_config(prefix + key, value, origin, f"{title} key {key}")
        else:
            keys = self._objects.secret_keys(name, namespace)
            for key, origin in (keys or {}).items():
                self._define(
                    EnvVar(prefix + key, None, origin, "secret", f"{title} key {key}", "its value is a secret"), None
                )
            data = None if keys is None else {}
        if data is not None:
            return
        place = ref.get("name").origin
        self.unseen.append(UnseenEnv(title, prefix, optional, place))
        # What an earlier source defined, this one may define again.
        self.entries = [
            structs.replace(entry, assumes=(*entry.assumes, title)) if entry.name.startswith(prefix) else entry
            for entry in self.entries
        ]
        for known, binding in list(self._bindings.items()):
            if known.startswith(prefix):
                assumes = (*binding.assumes, title)
                self._bindings[known] = Binding(binding.value, binding.source, binding.origin, assumes)
        names = f"variables named {prefix}…" if prefix else "variables"
        self._ledger.miss(
            Missing(
                title,
                f"{names} of container {self._subject.container}",
                supply(kind, name, namespace),
                place,
                self._subject,
            )
        )

    def _from_config(self, name: str, value: Node, origin: Origin, ref: str) -> None:
        text = texts.of(value)
        if name and "=" not in name:
            entry = EnvVar(name, text.text, value.origin, "config-map", ref, name_origin=origin)
            self._define(entry, text)

    # ---- env -------------------------------------------------------------------------------------------------------

    def add(self, entry: Node) -> None:
        """Read one entry of `env`."""
        name = entry.get("name").text()
        if not name:
            return
        source = entry.get("valueFrom")
        name_origin = entry.get("name").origin
        if not source or entry.get("value").text():
            self._literal(name, entry.get("value"), name_origin)
            return
        for field, reader in (
            ("configMapKeyRef", self._config_key),
            ("secretKeyRef", self._secret_key),
            ("fieldRef", self._downward),
            ("resourceFieldRef", self._downward),
            ("fileKeyRef", self._file_key),
        ):
            ref = source.get(field)
            if ref:
                reader(name, ref, name_origin)
                return
        self._unknown(name, name_origin, "field", None, "the manifest does not say where its value comes from")

    def _literal(self, name: str, node: Node, name_origin: Origin) -> None:
        if not node:
            origin = node.origin if node.present else name_origin
            text = Text((texts.Run("", node, 0, 0),))
            self._define(EnvVar(name, "", origin, name_origin=name_origin), text)
            return
        written = texts.of(node)
        text = expand(written, self.lookup, self.unseen_names)
        self._growth += max(len(text.text) - len(written.text), 0)
        why = (
            _why_unknown(text) if self._growth <= MAX_GROWTH else "the variables together grow too long to be passed on"
        )
        # A reference that nothing can define any more is text, and stays as it is written.
        value = text.text if why is None else None
        self._define(
            EnvVar(name, value, node.origin, why_unknown=why, name_origin=name_origin, assumes=text.assumes),
            text if why is None else None,
            secret=text.secret,
        )

    def _config_key(self, name: str, ref: Node, name_origin: Origin) -> None:
        config, key = ref.get("name").text() or "", ref.get("key").text() or ""
        namespace, optional = self._subject.namespace, ref.get("optional").boolean() is True
        title = called("ConfigMap", config, namespace)
        data = self._objects.config(config, namespace)
        if data is None:
            self._miss(f"{title} key {key}", name, supply("ConfigMap", config, namespace), ref)
            self._unknown(name, name_origin, "config-map", f"{title} key {key}", f"{title} is not in the input")
        elif key in data:
            value = data[key][0]
            text = texts.of(value)
            entry = EnvVar(name, text.text, value.origin, "config-map", f"{title} key {key}", name_origin=name_origin)
            self._define(entry, text)
        else:
            self._lacking(title, key, name, ref, name_origin, "config-map", optional=optional)

    def _secret_key(self, name: str, ref: Node, name_origin: Origin) -> None:
        secret, key = ref.get("name").text() or "", ref.get("key").text() or ""
        namespace, optional = self._subject.namespace, ref.get("optional").boolean() is True
        title = called("Secret", secret, namespace)
        keys = self._objects.secret_keys(secret, namespace)
        if keys is None or key in keys:
            self._unknown(name, name_origin, "secret", f"{title} key {key}", "its value is a secret")
        else:
            self._lacking(title, key, name, ref, name_origin, "secret", optional=optional)

    def _downward(self, name: str, ref: Node, name_origin: Origin) -> None:
        path = ref.get("fieldPath").text()
        if path is None:
            resource = ref.get("resource").text()
            self._unknown(name, name_origin, "resource", resource, f"it is the container's {resource}")
        else:
            self._unknown(name, name_origin, "field", path, f"it is the pod's {path}, which only the running pod has")

    def _file_key(self, name: str, ref: Node, name_origin: Origin) -> None:
        path = ref.get("path").text()
        self._unknown(name, name_origin, "field", path, f"an init container writes it to {path}")

    def _lacking(
        self, title: str, key: str, name: str, ref: Node, name_origin: Origin, source: str, *, optional: bool
    ) -> None:
        """The object is in the input and has no such key: the container never starts, or the kubelet passes over it."""
        if optional:
            return  # what an earlier entry defined stays
        why = f"{title} has no key {key}"
        self._miss(f"{title} key {key}", name, f"add the key {key} to {title}; without it the pod does not start", ref)
        self.entries.append(
            EnvVar(name, None, name_origin, source, f"{title} key {key}", why, name_origin)  # type: ignore[arg-type]
        )

    def _unknown(self, name: str, origin: Origin, source: str, ref: str | None, why: str) -> None:
        self._define(EnvVar(name, None, origin, source, ref, why, origin), None)  # type: ignore[arg-type]

    def _miss(self, ref: str, name: str, how: str, node: Node) -> None:
        place = node.get("name").origin
        hides = f"the value of {name} in container {self._subject.container}"
        self._ledger.miss(Missing(ref, hides, how, place, self._subject))

    def _define(self, entry: EnvVar, value: Text | None, *, secret: bool = False) -> None:
        self.entries.append(entry)
        source = "secret" if secret else entry.source
        self._bindings[entry.name] = Binding(value, source, entry.origin)


def _why_unknown(text: Text) -> str | None:
    """Why a text with references cannot be known; None when it can (undefined references are literal text)."""
    open_ = [name for run in text.runs for name in run.unresolved if name.startswith("$(") or run.assumes]
    if not open_:
        return None
    return f"it refers to {', '.join(dict.fromkeys(name.removeprefix('$(').removesuffix(')') for name in open_))}"
