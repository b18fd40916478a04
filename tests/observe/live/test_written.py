"""What the API server fills in is not taken for written, and what one pod alone has is no difference between pods."""

import json
from typing import Any

import pytest

from skewguard.observe.sources.live import admitted, written
from tests.observe.live import made


def _bare() -> dict[str, Any]:
    """A pod's spec as people write it."""
    return {"containers": [{"name": "vllm", "image": made.IMAGE, "args": ["--model", "m"]}]}


def test_defaults_are_taken_out() -> None:
    """A Deployment that the server completed reads as it was applied."""
    plain = written.of(made.deployment())["spec"]["template"]["spec"]
    limits = {"limits": {"nvidia.com/gpu": "1"}, "requests": {"nvidia.com/gpu": "1"}}
    assert plain == {"containers": [{**_bare()["containers"][0], "resources": limits}]}


def test_what_apply_recorded_stays() -> None:
    """A default that somebody applied is written."""
    value = made.deployment()
    applied = {"spec": {"template": {"spec": {"containers": [{"name": "vllm", "imagePullPolicy": "IfNotPresent"}]}}}}
    value["metadata"]["annotations"][written.LAST_APPLIED] = json.dumps(applied)
    found = written.of(value)
    assert found["spec"]["template"]["spec"]["containers"][0]["imagePullPolicy"] == "IfNotPresent"
    assert "terminationGracePeriodSeconds" not in found["spec"]["template"]["spec"]
    assert written.LAST_APPLIED not in found["metadata"]["annotations"]


@pytest.mark.parametrize("text", ["{", "[]", "null", '{"spec": 3}', '{"spec": {"template": []}}'])
def test_an_odd_record_of_apply_records_nothing(text: str) -> None:
    """A last-applied annotation of another shape is passed over."""
    value = made.deployment()
    value["metadata"]["annotations"][written.LAST_APPLIED] = text
    assert written.of(value)["spec"]["template"] == written.of(made.deployment())["spec"]["template"]


@pytest.mark.parametrize(
    ("image", "policy", "kept"),
    [
        ("vllm/vllm-openai", "Always", False),
        ("vllm/vllm-openai:latest", "Always", False),
        ("vllm/vllm-openai:latest", "IfNotPresent", True),
        ("registry:5000/vllm", "Always", False),
        ("vllm/vllm-openai:v1", "IfNotPresent", False),
        ("vllm/vllm-openai:v1", "Always", True),
        (f"vllm/vllm-openai@{made.DIGEST}", "IfNotPresent", False),
        (f"vllm/vllm-openai:v1@{made.DIGEST}", "IfNotPresent", False),
    ],
)
def test_the_pull_policy_that_the_server_fills_in_depends_on_the_tag(image: str, policy: str, kept: bool) -> None:
    """Another policy than the server would fill in was written by somebody."""
    found = written.pod({"containers": [{"name": "c", "image": image, "imagePullPolicy": policy}]})
    assert ("imagePullPolicy" in found["containers"][0]) is kept


def test_probes_keep_what_is_no_default() -> None:
    """Of a probe the fields stay that differ from the defaults."""
    probe = {"httpGet": {"path": "/health", "port": 8000, "scheme": "HTTP"}, "timeoutSeconds": 1, "periodSeconds": 5,
             "successThreshold": 1, "failureThreshold": 3}  # fmt: skip
    found = written.pod({"containers": [{"name": "c", "image": "i:1", "readinessProbe": probe}]})
    assert found["containers"][0]["readinessProbe"] == {
        "httpGet": {"path": "/health", "port": 8000},
        "periodSeconds": 5,
    }


def test_groups_of_ray_keep_what_is_no_default() -> None:
    """The bounds that KubeRay's CRD fills in were not written."""
    group = {"groupName": "g", "replicas": 2, "minReplicas": 0, "maxReplicas": 2147483647, "numOfHosts": 1,
             "template": {"spec": made.spec()}}  # fmt: skip
    found = written.of({"kind": "RayCluster", "spec": {"workerGroupSpecs": [group, "odd"]}})
    first, odd = found["spec"]["workerGroupSpecs"]
    assert set(first) == {"groupName", "replicas", "template"}
    assert "dnsPolicy" not in first["template"]["spec"]
    assert odd == "odd"


def test_the_object_itself_is_not_changed() -> None:
    """Taking out defaults leaves the value that was handed in as it is."""
    value = made.deployment()
    before = json.dumps(value)
    written.of(value)
    admitted.spec(made.admitted(made.spec()), "x")
    assert json.dumps(value) == before


def _key(value: dict[str, Any], name: str = "chat-1", **labels: str) -> str:
    return admitted.key(admitted.spec(value, name), admitted.labels(labels), {})


def test_what_admission_and_scheduling_add_is_no_difference() -> None:
    """Node, token, tolerations, priority and labels of a controller do not enter the key."""
    bare = made.spec()
    assert _key(made.admitted(bare, "a"), **{"app": "x", "pod-template-hash": "h"}) == _key(bare, app="x")
    assert _key(made.admitted(bare, "b")) == _key(made.admitted(bare, "a"))


def test_requests_that_the_server_took_from_limits_are_no_difference() -> None:
    """A pod gets its limits as requests; its template has none."""
    own = made.container(resources={"limits": {"nvidia.com/gpu": "1"}})
    assert _key(made.spec(own)) == _key(made.spec(made.container()))


def test_the_node_of_a_daemon_set_is_no_difference() -> None:
    """The affinity to its own node, which the controller writes, is taken out; what stands beside it stays."""
    field = {"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["gpu-1"]}]}
    terms = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [field]}}
    assert _key(made.spec(affinity={"nodeAffinity": terms})) == _key(made.spec())
    both = {"nodeSelectorTerms": [{**field, "matchExpressions": [{"key": "a", "operator": "Exists"}]}]}
    alone = {"nodeSelectorTerms": [{"matchExpressions": [{"key": "a", "operator": "Exists"}]}]}
    name = "requiredDuringSchedulingIgnoredDuringExecution"
    assert _key(made.spec(affinity={"nodeAffinity": {name: both}})) == _key(
        made.spec(affinity={"nodeAffinity": {name: alone}})
    )


def test_tolerations_are_no_difference() -> None:
    """Admission gives pods tolerations for their namespace or for the GPUs they ask for."""
    assert _key(made.spec(tolerations=[{"key": "nvidia.com/gpu", "operator": "Exists"}])) == _key(made.spec())


def test_the_node_is_found_however_the_json_is_spaced() -> None:
    """A proxy or another server may lay the JSON out with spaces."""
    value = made.admitted(made.spec(), "gpu-7")
    for text in (json.dumps(value), json.dumps(value, indent=2), json.dumps(value, separators=(",", ":"))):
        assert admitted.node(text.encode()) == "gpu-7"
        assert admitted.mark(text.encode(), {}, None) == admitted.mark(
            text.replace("gpu-7", "gpu-8").encode(), {}, None
        )
    assert admitted.node(b"{}") is None


def test_claims_of_a_stateful_set_are_no_difference() -> None:
    """The volume that a claim template gives each pod is its own."""

    def claimed(name: str) -> dict[str, Any]:
        return made.spec(volumes=[{"name": "data", "persistentVolumeClaim": {"claimName": f"data-{name}"}}])

    assert _key(claimed("web-0"), "web-0") == _key(claimed("web-1"), "web-1")
    assert _key(claimed("other"), "web-0") != _key(claimed("web-0"), "web-0")


def test_addresses_of_a_group_are_no_difference() -> None:
    """The leader's address, which a controller sets in each group, does not count; a variable of the team's does."""

    def with_(name: str, value: str) -> dict[str, Any]:
        return made.spec(made.container(env=[{"name": name, "value": value}]))

    assert _key(with_("LWS_LEADER_ADDRESS", "a")) == _key(with_("LWS_LEADER_ADDRESS", "b"))
    assert _key(with_("VLLM_USE_V1", "0")) != _key(with_("VLLM_USE_V1", "1"))


def test_a_label_that_somebody_took_off_is_a_difference() -> None:
    """Labels decide which Service leads to a pod."""
    assert _key(made.spec(), app="x") != _key(made.spec())
