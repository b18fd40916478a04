"""What reads: lists, objects, discovery, logs, rights."""

from typing import Any

import pytest
from msgspec import Struct

from skewguard.adapters.cluster import access, read, review
from skewguard.adapters.cluster.errors import Denied, Expired, NotThere, Refused, Unauthorized
from skewguard.adapters.cluster.read import Reader
from skewguard.adapters.cluster.resources import NODES, PODS, Resource
from skewguard.adapters.cluster.session import Cluster
from tests.cluster_contract.benches import Bench

CONFIG_MAPS = Resource("", "v1", "configmaps", "ConfigMap")
GROUPS = Resource("leaderworkerset.x-k8s.io", "v1", "leaderworkersets", "LeaderWorkerSet")
FOOS = Resource("example.com", "v1", "foos", "Foo")


class Meta(Struct):
    name: str
    namespace: str
    uid: str


class ConfigMap(Struct):
    metadata: Meta
    data: dict[str, str] | None = None


def config_map(name: str, **data: str) -> dict[str, Any]:
    labels = {"app": "chat", "tier": name[0]}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "labels": labels}, "data": data}


def names(reader: Reader, bench: Bench, **selectors: str) -> list[str]:
    found = reader.list(CONFIG_MAPS, ConfigMap, namespace=bench.namespace, **{"labels": "app=chat", **selectors})
    return [each.metadata.name for each in found]


def test_pages(reader: Reader, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Five objects in pages of two: all of them, once, in the order of their names."""
    monkeypatch.setattr(read, "PAGE", 2)
    for name in "ebdac":
        bench.add(config_map(name))
    assert names(reader, bench) == ["a", "b", "c", "d", "e"]


def test_selectors(reader: Reader, bench: Bench) -> None:
    """By label and by field."""
    for name in ("a1", "a2", "b1"):
        bench.add(config_map(name))
    assert names(reader, bench, labels="app=chat,tier in (a,x)") == ["a1", "a2"]
    assert names(reader, bench, labels="app=chat,tier!=a,!gone") == ["b1"]
    assert names(reader, bench, fields="metadata.name=a2") == ["a2"]


def test_an_old_token_is_forgotten_and_resumed(reader: Reader, bench: Bench) -> None:
    """A list that has expired is refused with a token, with which the rest comes."""
    token = bench.forgotten_token()
    for name in ("a", "b", "c"):
        bench.add({"apiVersion": GROUPS.api_version, "kind": GROUPS.kind, "metadata": {"name": name}})
    call = read._listing(GROUPS, bench.namespace, None, None)
    with pytest.raises(Expired) as caught:
        reader._page(call, token, GROUPS, ConfigMap)
    assert caught.value.resume
    page = reader._page(call, caught.value.resume, GROUPS, ConfigMap)
    assert [each.metadata.name for each in page.items or []] == ["b", "c"]


def test_a_token_that_is_none(reader: Reader, bench: Bench) -> None:
    """What no server has given is refused, and is no expiry."""
    call = read._listing(CONFIG_MAPS, bench.namespace, None, None)
    with pytest.raises(Refused, match="invalid continue token"):
        reader._page(call, "???", CONFIG_MAPS, ConfigMap)


def test_an_empty_list(reader: Reader, bench: Bench) -> None:
    """None is an empty list."""
    assert names(reader, bench, labels="app=nobody") == []


def test_whole_objects(reader: Reader, bench: Bench) -> None:
    """With the kind that lists leave out."""
    bench.add(config_map("a", key="value"))
    (found,) = reader.list(CONFIG_MAPS, dict, namespace=bench.namespace, labels="app=chat")
    assert (found["apiVersion"], found["kind"], found["data"]) == ("v1", "ConfigMap", {"key": "value"})
    assert read.uid_of(found)


def test_one_object(reader: Reader, bench: Bench) -> None:
    """It, or None."""
    bench.add(config_map("a", key="value"))
    found = reader.get(CONFIG_MAPS, "a", bench.namespace, ConfigMap)
    assert found is not None
    assert found.data == {"key": "value"}
    assert reader.get(CONFIG_MAPS, "b", bench.namespace, ConfigMap) is None
    assert reader.get(NODES, "no-such-node", None, dict) is None


def test_an_unserved_kind(reader: Reader, bench: Bench) -> None:
    """It is told apart from an object that is not there."""
    with pytest.raises(NotThere, match=r"does not serve foos\.example\.com"):
        reader.get(FOOS, "a", bench.namespace, dict)
    with pytest.raises(NotThere, match=r"does not serve foos\.example\.com"):
        list(reader.list(FOOS, dict))


def test_a_missing_right(bench: Bench) -> None:
    """What is allowed is answered; what is not names the right."""
    with access.connect(kubeconfig=bench.poor(), deadline=60) as cluster:
        reader = Reader(cluster)
        assert names(reader, bench) == []
        refused = []
        for ask in (
            lambda: list(reader.list(PODS, dict, namespace=bench.namespace)),
            lambda: list(reader.list(CONFIG_MAPS, dict)),
            lambda: list(reader.list(NODES, dict)),
            lambda: reader.get(PODS, "a", bench.namespace, dict),
            lambda: reader.log(bench.namespace, "a", "vllm", head_bytes=10),
        ):
            with pytest.raises(Denied) as caught:
                ask()
            refused.append(caught.value.right.replace(bench.namespace, "NS"))
    assert refused == [
        "list pods in namespace NS",
        "list configmaps in all namespaces",
        "list nodes",
        "get pods in namespace NS",
        "get pods/log in namespace NS",
    ]


def test_a_stranger(bench: Bench) -> None:
    """Credentials that the server does not know are told apart from rights that are missing."""
    with access.connect(kubeconfig=bench.stranger(), deadline=60) as cluster, pytest.raises(Unauthorized) as caught:
        list(Reader(cluster).list(PODS, dict))
    assert "no-such-token" not in f"{caught.value} {caught.value.hint}"


def test_discovery(reader: Reader, bench: Bench) -> None:
    """Kinds with their short names, scopes and versions."""
    found = {(each.group, each.kind): each for each in reversed(reader.resources())}
    assert found["apps", "Deployment"].plural == "deployments"
    assert "deploy" in found["apps", "Deployment"].names
    assert found["apps", "Deployment"].namespaced
    assert not found["", "Node"].namespaced
    assert found["autoscaling", "HorizontalPodAutoscaler"].version == "v2"
    assert found["", "Pod"] == PODS
    assert "watch" in found["", "Pod"].verbs


def test_logs(reader: Reader, bench: Bench, engine: tuple[str, int]) -> None:
    """The head of a log, byte by byte; a container and a pod that are not there."""
    bench.run("chat-0", log="INFO one\nINFO two\nINFO three\n", port=8000, behind=engine)
    assert reader.log(bench.namespace, "chat-0", "vllm", head_bytes=12) == b"INFO one\nINF"
    with pytest.raises(Refused, match="container other is not valid for pod chat-0"):
        reader.log(bench.namespace, "chat-0", "other", head_bytes=12)
    with pytest.raises(NotThere):
        reader.log(bench.namespace, "gone", "vllm", head_bytes=12)


def test_what_one_may(bench: Bench) -> None:
    """Reviews answer for one right, and list all of them."""
    with access.connect(kubeconfig=bench.poor(), deadline=60) as cluster:
        assert review.may(cluster, "list", CONFIG_MAPS, bench.namespace) is True
        assert review.may(cluster, "list", CONFIG_MAPS) is False
        assert review.may(cluster, "get", PODS, bench.namespace, "log") is False
        assert not review.rules(cluster, bench.namespace).incomplete


def test_who_one_is(cluster: Cluster) -> None:
    """The name that the server knows, and the groups."""
    who = review.who(cluster)
    assert who is not None
    assert who.username == "admin"
    assert "system:authenticated" in (who.groups or ())
