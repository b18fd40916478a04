"""Objects without what the API server, controllers and admission fill in: what is left, somebody wrote.

The server writes its defaults into every object, so that a live one does not tell a written `imagePullPolicy` from a
filled-in one. A value that is the default is taken for filled in, unless `kubectl apply` recorded it as written
(`kubectl.kubernetes.io/last-applied-configuration`). Nothing is lost by that: what is left out has the same effect.

Sources: pkg/apis/core/v1/defaults.go, pkg/apis/apps/v1/defaults.go, pkg/apis/autoscaling/v2/defaults.go; the CRDs of
KubeRay and LeaderWorkerSet; plugin/pkg/admission/{serviceaccount,defaulttolerationseconds,priority}.
"""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from skewguard.language.objects import Json

Values = dict[str, Any]

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_POD: Values = {
    "restartPolicy": "Always",
    "dnsPolicy": "ClusterFirst",
    "schedulerName": "default-scheduler",
    "securityContext": {},
    "terminationGracePeriodSeconds": 30,
    "enableServiceLinks": True,
}
_CONTAINER: Values = {
    "terminationMessagePath": "/dev/termination-log",
    "terminationMessagePolicy": "File",
    "resources": {},
}
_PROBE: Values = {"timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3}
_HTTP: Values = {"path": "/", "scheme": "HTTP"}
_SCALING: Values = {"minReplicas": 1}
_RAY_GROUP: Values = {"minReplicas": 0, "maxReplicas": 2_147_483_647, "numOfHosts": 1}
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_VOLUMES = ("configMap", "secret", "projected", "downwardAPI")
_DROPPED = ("managedFields", "resourceVersion", "generation", "selfLink")
"""Parts of the metadata that change without anybody editing the object."""
_BY_CONTROLLERS = (
    LAST_APPLIED, "deployment.kubernetes.io/revision", "deployment.kubernetes.io/revision-history",
    "deprecated.daemonset.template.generation", "batch.kubernetes.io/controller-uid", "batch.kubernetes.io/job-name",
    "controller-uid", "job-name",
)  # fmt: skip
"""Annotations and labels that controllers write into an object and its template."""


def of(value: Mapping[str, Json]) -> Values:
    """A whole object as somebody wrote it, as far as that can be told. The object itself is not changed."""
    found = {key: part for key, part in value.items() if key != "status"}
    said = _applied(value)
    metadata = found.get("metadata")
    if isinstance(metadata, dict):
        found["metadata"] = _metadata(metadata)
    if isinstance(found.get("spec"), dict):
        found["spec"] = _spec(found["spec"], _mapping(said.get("spec")), found.get("kind"))
    return found


def _metadata(metadata: Values) -> Values:
    found = {key: part for key, part in metadata.items() if key not in _DROPPED}
    for part in ("annotations", "labels"):
        if isinstance(found.get(part), dict):
            found[part] = {key: text for key, text in found[part].items() if key not in _BY_CONTROLLERS}
    return found


def replicas_are_written(value: Mapping[str, Json]) -> bool:
    """Whether `kubectl apply` recorded that somebody wrote `spec.replicas`."""
    return "replicas" in _mapping(_applied(value).get("spec"))


def _applied(value: Mapping[str, Json]) -> Values:
    annotations = _mapping(_mapping(value.get("metadata")).get("annotations"))
    text = annotations.get(LAST_APPLIED)
    if not isinstance(text, str):
        return {}
    try:
        return _mapping(msgspec.json.decode(text))
    except (msgspec.DecodeError, RecursionError):
        return {}


def _spec(spec: Values, said: Values, kind: object) -> Values:
    """The spec of an object: that of a pod, one that holds templates, or another."""
    if isinstance(spec.get("containers"), list):
        return pod(spec, said)
    if isinstance(spec.get("metadata"), dict):
        spec = {**spec, "metadata": _metadata(spec["metadata"])}
    found = _without(spec, _SCALING, said) if kind == "HorizontalPodAutoscaler" else dict(spec)
    for step in ("template", "spec", "workerTemplate", "leaderTemplate", "leaderWorkerTemplate", "jobTemplate"):
        if isinstance(found.get(step), dict):
            found[step] = _spec(found[step], _mapping(said.get(step)), None)
    for step in ("headGroupSpec", "rayClusterConfig", "rayClusterSpec"):
        if isinstance(found.get(step), dict):
            found[step] = _spec(found[step], _mapping(said.get(step)), None)
    if isinstance(found.get("workerGroupSpecs"), list):
        groups = _named(said.get("workerGroupSpecs"), "groupName")
        found["workerGroupSpecs"] = _each(
            found["workerGroupSpecs"],
            lambda each: _spec(_without(each, _RAY_GROUP, _own(groups, each, "groupName")), {}, None),
        )
    return found


def pod(spec: Values, said: Values | None = None) -> Values:
    """A pod's spec without defaults."""
    said = said or {}
    found = _without(spec, _POD, said)
    for field in ("containers", "initContainers"):
        if isinstance(found.get(field), list):
            found[field] = _containers(found[field], said.get(field))
    if isinstance(found.get("volumes"), list):
        found["volumes"] = _each(found["volumes"], _volume)
    return found


def _containers(values: list[Json], said: Json) -> list[Json]:
    recorded = _named(said, "name")
    return _each(values, lambda each: _container(each, _own(recorded, each, "name")))


def _container(value: Values, said: Values) -> Values:
    policy = {"imagePullPolicy": _pull_policy(value.get("image"))}
    found = _without(value, {**_CONTAINER, **policy}, said)
    for name in _PROBES:
        if isinstance(found.get(name), dict):
            found[name] = _probe(found[name], _mapping(said.get(name)))
    if isinstance(found.get("ports"), list):
        found["ports"] = _each(found["ports"], lambda port: _without(port, {"protocol": "TCP"}, {}))
    if isinstance(found.get("env"), list):
        found["env"] = _each(found["env"], _variable)
    return found


def _probe(value: Values, said: Values) -> Values:
    found = _without(value, _PROBE, said)
    if isinstance(found.get("httpGet"), dict):
        found["httpGet"] = _without(found["httpGet"], _HTTP, _mapping(said.get("httpGet")))
    return found


def _variable(entry: Values) -> Values:
    source = entry.get("valueFrom")
    field = source.get("fieldRef") if isinstance(source, dict) else None
    if not isinstance(source, dict) or not isinstance(field, dict):
        return entry
    return {**entry, "valueFrom": {**source, "fieldRef": _without(field, {"apiVersion": "v1"}, {})}}


def _volume(value: Values) -> Values:
    found = dict(value)
    for kind in _VOLUMES:
        if isinstance(found.get(kind), dict):
            found[kind] = _without(found[kind], {"defaultMode": 420}, {})
    if isinstance(found.get("hostPath"), dict):
        found["hostPath"] = _without(found["hostPath"], {"type": ""}, {})
    return found


def _pull_policy(image: Json) -> str:
    """The policy that the server fills in: `Always` where the tag is `latest` or none, also beside a digest."""
    name = image if isinstance(image, str) else ""
    name, at, _ = name.partition("@")
    tag = name.rpartition("/")[2].partition(":")[2]
    return "Always" if tag == "latest" or (not tag and not at) else "IfNotPresent"


def _without(value: Values, defaults: Values, said: Values) -> Values:
    """A mapping without the entries that are a default and were not recorded as written."""
    return {
        key: part for key, part in value.items() if key not in defaults or key in said or not _is(part, defaults[key])
    }


def _is(part: Json, default: Json) -> bool:
    return type(part) is type(default) and bool(part == default)


def _each(values: list[Json], change: Callable[[Values], Values]) -> list[Json]:
    return [change(each) if isinstance(each, dict) else each for each in values]


def _mapping(value: Json) -> Values:
    return value if isinstance(value, dict) else {}


def _named(values: Json, key: str) -> dict[str, Values]:
    """The entries of a list by their name."""
    listed = values if isinstance(values, list) else []
    return {each[key]: each for each in listed if isinstance(each, dict) and isinstance(each.get(key), str)}


def _own(named: Mapping[str, Values], value: Values, key: str) -> Values:
    name = value.get(key)
    return named.get(name, {}) if isinstance(name, str) else {}
