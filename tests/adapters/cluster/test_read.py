"""Lists, single objects, logs and discovery, with what a server does to them on a bad day."""

from collections.abc import Callable

import pytest
from msgspec import Struct

from skewguard.adapters.cluster.errors import Denied, Expired, NotThere, Refused, Unusable
from skewguard.adapters.cluster.read import Reader
from skewguard.adapters.cluster.resources import NODES, PODS, Resource
from tests.fakes.api_server import ApiServer


class Meta(Struct):
    name: str
    uid: str = ""


class Pod(Struct):
    metadata: Meta


FOOS = Resource("example.com", "v1", "foos", "Foo")


def test_a_list_comes_in_pages(reader: Reader, server: ApiServer, pods: Callable[[int], None]) -> None:
    """1,200 objects take three requests, and every object comes once."""
    pods(1200)
    names = [each.metadata.name for each in reader.list(PODS, Pod, namespace="prod")]
    assert names == [f"chat-{index:04}" for index in range(1200)]
    assert len([line for line in server.asked if "/pods" in line]) == 3


def test_an_empty_list_is_empty(reader: Reader) -> None:
    """A server writes `items: null` for none, and that is no error."""
    assert not list(reader.list(PODS, Pod))


def test_an_expired_page_goes_on_where_it_was(reader: Reader, server: ApiServer, pods: Callable[[int], None]) -> None:
    """A server that forgets the list in the middle gives a token to go on with, and nothing comes twice."""
    pods(1200)
    seen = []
    for each in reader.list(PODS, Pod):
        seen.append(each.metadata.name)
        if len(seen) == 100:
            server.store.compact()
    assert seen == sorted(set(seen))
    assert len(seen) == 1200


def test_a_list_that_begins_again_gives_nothing_twice(
    reader: Reader, server: ApiServer, pods: Callable[[int], None]
) -> None:
    """Without a token to go on with the list begins again, and objects are told apart by their uid."""
    server.lists.resumes = False
    pods(1200)
    seen = []
    for each in reader.list(PODS, Pod):
        seen.append(each.metadata.name)
        if len(seen) == 100:
            server.store.compact()
    assert sorted(seen) == sorted(set(seen))
    assert len(seen) == 1200


def test_a_list_that_expires_again_and_again_ends(
    reader: Reader, server: ApiServer, pods: Callable[[int], None]
) -> None:
    """Beginning again is bounded: the error says that the server forgets."""
    pods(600)
    server.fault("continue=", status=410, times=9)
    with pytest.raises(Expired, match="has forgotten"):
        list(reader.list(PODS, Pod))
    assert len([line for line in server.asked if "/pods" in line]) == 8


def test_selectors_and_namespaces_narrow_a_list(reader: Reader, server: ApiServer) -> None:
    """What is asked for by label, field and namespace is what comes."""
    for namespace in ("prod", "dev"):
        for name, node in (("a", "one"), ("b", "two")):
            meta = {"name": name, "namespace": namespace, "labels": {"app": name}}
            server.add({"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": {"nodeName": node}})
    assert len(list(reader.list(PODS, Pod))) == 4
    assert len(list(reader.list(PODS, Pod, namespace="dev", labels="app in (a,c)"))) == 1
    assert len(list(reader.list(PODS, Pod, fields="spec.nodeName=two"))) == 2


def test_whole_objects_know_their_kind(reader: Reader, server: ApiServer) -> None:
    """Lists leave out `kind` and `apiVersion` of their members; a whole object has them again."""
    server.add({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "namespace": "prod"}})
    (found,) = reader.list(PODS, dict)
    assert (found["apiVersion"], found["kind"], found["metadata"]["name"]) == ("v1", "Pod", "a")


def test_a_single_object(reader: Reader, server: ApiServer) -> None:
    """One object by its name; None where there is none; an error where the server does not know the kind."""
    server.add({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "gpu-1"}})
    found = reader.get(NODES, "gpu-1", None, Pod)
    assert found is not None
    assert found.metadata.name == "gpu-1"
    assert reader.get(NODES, "gpu-2", None, Pod) is None
    with pytest.raises(NotThere, match=r"does not serve foos\.example\.com"):
        reader.get(FOOS, "x", "prod", Pod)


def test_a_kind_that_is_not_served(reader: Reader) -> None:
    """A list of an unknown kind is an error that names it."""
    with pytest.raises(NotThere, match=r"does not serve foos\.example\.com \(example\.com/v1\)"):
        list(reader.list(FOOS, Pod))


@pytest.mark.parametrize(
    ("namespace", "right"), [("prod", "list pods in namespace prod"), (None, "list pods in all namespaces")]
)
def test_a_missing_right_is_named(reader: Reader, server: ApiServer, namespace: str | None, right: str) -> None:
    """A refusal names the right as `kubectl auth can-i` spells it, and the user as the server knows it."""
    server.rights.deny("list", "pods")
    with pytest.raises(Denied) as caught:
        list(reader.list(PODS, Pod, namespace=namespace))
    assert caught.value.right == right
    assert caught.value.kind == "denied"
    assert f"user admin of context fake (127.0.0.1:{server.url.rpartition(':')[2]}) may not {right}" in str(
        caught.value
    )


def test_one_odd_object_does_not_hide_the_others(reader: Reader, server: ApiServer) -> None:
    """An object that is not of its kind's shape is left out and told of; the rest of the page is read."""
    server.fault(
        "/pods",
        status=200,
        body=b'{"kind":"PodList","items":[{"metadata":{"name":"a"}},{"metadata":{"name":7}},{"metadata":{"name":"c"}}]}',
    )
    assert [each.metadata.name for each in reader.list(PODS, Pod)] == ["a", "c"]
    assert any("was left out" in note for note in reader.cluster.notes)


@pytest.mark.parametrize(
    ("body", "type_"),
    [
        (b"<html><form>Log in</form></html>", "text/html"),
        (b'{"kind":"PodList","items":[{"metadata":{"na', "application/json"),
        (b'{"items":"none"}', "application/json"),
        (b'{"kind":"Status","status":"Success"}', "application/json"),
        (b"[" * 100_000, "application/json"),
        (b"", "application/json"),
    ],
)
def test_what_is_no_list_is_an_error(reader: Reader, server: ApiServer, body: bytes, type_: str) -> None:
    """A login page, half a document or another one: an error, never an empty list."""
    server.fault("/pods", status=200, body=body or b" ", content_type=type_)
    with pytest.raises(Unusable):
        list(reader.list(PODS, Pod))


def test_the_head_of_a_log(reader: Reader, server: ApiServer) -> None:
    """The first bytes, as many as were asked for, even where the server sends more."""
    server.add({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "namespace": "prod"}, "spec": CONTAINERS})
    server.log("prod", "a", "vllm", b"INFO engine args\n" * 1000)
    assert reader.log("prod", "a", "vllm", head_bytes=20) == b"INFO engine args\nINF"
    server.fault("/log", status=200, body=b"x" * 5000, content_type="text/plain")
    assert reader.log("prod", "a", "vllm", head_bytes=30) == b"x" * 30


def test_logs_that_are_not_there(reader: Reader, server: ApiServer) -> None:
    """No earlier run, a pod that is gone, a right that is missing: each its own error."""
    server.add({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "namespace": "prod"}, "spec": CONTAINERS})
    with pytest.raises(Refused, match="previous terminated container"):
        reader.log("prod", "a", "vllm", head_bytes=20, previous=True)
    with pytest.raises(NotThere, match="log of container vllm of pod prod/gone"):
        reader.log("prod", "gone", "vllm", head_bytes=20)
    server.rights.deny("get", "pods/log")
    with pytest.raises(Denied) as caught:
        reader.log("prod", "a", "vllm", head_bytes=20)
    assert caught.value.right == "get pods/log in namespace prod"


@pytest.mark.parametrize("aggregated", [True, False])
def test_discovery_in_both_forms(reader: Reader, server: ApiServer, aggregated: bool) -> None:
    """Kinds, short names and scope, from the newer document or from one for each group."""
    server.aggregated = aggregated
    found = reader.resources()
    deployments = next(each for each in found if each.kind == "Deployment")
    assert (deployments.api_version, deployments.namespaced) == ("apps/v1", True)
    assert "deploy" in deployments.names
    assert not next(each for each in found if each.kind == "Node").namespaced
    assert [each.version for each in found if each.kind == "HorizontalPodAutoscaler"] == ["v2", "v1"]
    assert not [each for each in found if "/" in each.plural]


def test_a_group_whose_server_is_away_does_not_hide_the_others(reader: Reader, server: ApiServer) -> None:
    """An aggregated API that does not answer is noted, and everything else is known."""
    server.aggregated = False
    server.fault("/apis/keda.sh/v1alpha1", status=503, times=9)
    found = reader.resources()
    assert any(each.kind == "Deployment" for each in found)
    assert any("keda.sh/v1alpha1" in note for note in reader.cluster.notes)


CONTAINERS = {"containers": [{"name": "vllm"}]}
