"""The manifests of deploy/ that gate a rollout, on a real API server: it keeps every field, and lets their pods run restricted."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.cluster import roles
from tests.deployed import documents, pods
from tools.control_plane import waiting
from tools.control_plane.client import Refused
from tools.control_plane.namespaces import Namespace
from tools.control_plane.plane import Plane

BUILT_IN = (
    "gate/config.yaml", "gate-service/deployment.yaml", "gate-service/service.yaml", "gate-service/network-policy.yaml",
    "argo-cd/presync-job.yaml", "argo-cd/postsync-job.yaml", "load-job/job.yaml",
)  # fmt: skip
CUSTOM = ("argo-rollouts/analysis-job.yaml", "argo-rollouts/analysis-web.yaml", "flagger/canary.yaml")

TEXT, NUMBER, ANY = (
    {"type": "string"},
    {"type": "integer"},
    {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
)


def shape(**fields: Any) -> dict[str, Any]:
    """An object with these fields and no others."""
    return {"type": "object", "properties": fields}


def several(item: dict[str, Any]) -> dict[str, Any]:
    """A list of them."""
    return {"type": "array", "items": item}


WEB = shape(url=TEXT, method=TEXT, timeoutSeconds=NUMBER, jsonPath=TEXT, headers=several(shape(key=TEXT, value=TEXT)))
JOB = shape(metadata=ANY, spec=ANY)
METRIC = shape(
    name=TEXT, count=NUMBER, interval=TEXT, failureLimit=NUMBER, consecutiveErrorLimit=NUMBER, successCondition=TEXT,
    failureCondition=TEXT, provider=shape(job=JOB, web=WEB),
)  # fmt: skip
HOOK = shape(
    name=TEXT, url=TEXT, timeout=TEXT, metadata=ANY, type={"type": "string", "enum": [
        "confirm-rollout", "pre-rollout", "rollout", "confirm-traffic-increase", "confirm-promotion", "post-rollout", "rollback", "event"]},
)  # fmt: skip
KINDS = {
    "AnalysisTemplate": ("argoproj.io", "v1alpha1", "analysistemplates",
                         shape(args=several(shape(name=TEXT, value=TEXT)), metrics=several(METRIC))),
    "Canary": ("flagger.app", "v1beta1", "canaries", shape(
        targetRef=shape(apiVersion=TEXT, kind=TEXT, name=TEXT), progressDeadlineSeconds=NUMBER, service=shape(port=NUMBER),
        analysis=shape(interval=TEXT, threshold=NUMBER, iterations=NUMBER, webhooks=several(HOOK)))),
}  # fmt: skip
"""What their documentation says of the fields that are used here: Argo Rollouts 1.x, Flagger 1.x."""


@pytest.fixture
def restricted(control_plane: Plane) -> Iterator[Namespace]:
    """A namespace that takes no pod with more rights than the restricted standard allows."""
    with control_plane.namespace(labels={"pod-security.kubernetes.io/enforce": "restricted"}) as made:
        yield made


def install(namespace: Namespace, kind: str) -> None:
    """The custom kind with its fields, served. It stays."""
    group, version, plural, spec = KINDS[kind]
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"kind": kind, "listKind": f"{kind}List", "plural": plural, "singular": kind.lower()},
            "versions": [
                {"name": version, "served": True, "storage": True, "schema": {"openAPIV3Schema": shape(spec=spec)}}
            ],
        },
    }
    namespace.client.apply(definition)
    waiting.ready(namespace.client, f"customresourcedefinition/{plural}.{group}", None, deadline_s=roles.DEADLINE_S)
    path = f"/apis/{group}/{version}/namespaces/{namespace.name}/{plural}"
    namespace.client.retry(lambda: namespace.client.send("GET", path), roles.DEADLINE_S)


def create(namespace: Namespace, thing: Any) -> None:
    """Create an object strictly: an unknown field is refused, and not dropped in silence."""
    path = namespace.client.path(thing, namespace.name).rpartition("/")[0]
    namespace.client.send("POST", path, thing, fieldValidation="Strict")


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_field_is_known_to_the_api_server(restricted: Namespace, name: str) -> None:
    """A typo in a field would be dropped by a plain apply: here it is refused."""
    for thing in documents(name):
        create(restricted, thing)
        assert restricted.get(thing["apiVersion"], thing["kind"], thing["metadata"]["name"])


@pytest.mark.parametrize("name", CUSTOM)
def test_custom_objects_have_the_fields_of_their_kinds(restricted: Namespace, name: str) -> None:
    """As the documentation of Argo Rollouts and Flagger names them."""
    for thing in documents(name):
        install(restricted, thing["kind"])
        create(restricted, thing)


def test_a_misspelt_field_of_a_custom_object_is_refused(restricted: Namespace) -> None:
    """So that the test above says something."""
    (thing,) = documents("argo-rollouts/analysis-web.yaml")
    install(restricted, thing["kind"])
    thing["spec"]["metrics"][0]["provider"]["web"]["jsonpath"] = "{$.exit_code}"
    with pytest.raises(Refused, match="jsonpath"):
        create(restricted, thing)


def test_the_job_inside_an_analysis_is_a_job(restricted: Namespace) -> None:
    """Argo Rollouts takes any shape there, and the Job it makes is then refused."""
    (template,) = documents("argo-rollouts/analysis-job.yaml")
    (metric,) = template["spec"]["metrics"]
    job = metric["provider"]["job"]
    create(
        restricted,
        {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "made", **job["metadata"]}, "spec": job["spec"]},
    )


@pytest.mark.parametrize("name", [*(name for name in BUILT_IN if name != "gate/config.yaml"), *CUSTOM])
def test_every_pod_runs_under_the_restricted_standard(restricted: Namespace, name: str) -> None:
    """The API server itself judges it, by admitting a pod of that shape."""
    for number, spec in enumerate(pods(documents(name))):
        create(restricted, {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": f"pod-{number}"}, "spec": spec})


def test_an_indexed_job_gives_each_pod_its_number(namespace: Namespace) -> None:
    """The controller sets JOB_COMPLETION_INDEX, from which --part takes its share."""
    (job,) = documents("load-job/job.yaml")
    namespace.gpu_node("a")
    namespace.apply(job)
    names = namespace.wait_for_pods(f"job-name={job['metadata']['name']}", job["spec"]["completions"])
    made = [pod for pod in namespace.pods(f"job-name={job['metadata']['name']}") if pod["metadata"]["name"] in names]
    indexes = {pod["metadata"]["annotations"]["batch.kubernetes.io/job-completion-index"] for pod in made}
    assert indexes == {str(index) for index in range(job["spec"]["completions"])}
    variables = {each["name"] for pod in made for each in pod["spec"]["containers"][0]["env"]}
    assert "JOB_COMPLETION_INDEX" in variables
    assert f"--part=/{job['spec']['completions']}" in job["spec"]["template"]["spec"]["containers"][0]["args"]
    assert job["spec"]["parallelism"] == job["spec"]["completions"]
