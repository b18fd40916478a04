"""What changes: patches with a lock, creating, deleting, Events."""

from typing import Any

import pytest

from skewguard.adapters.cluster import signal
from skewguard.adapters.cluster.errors import Conflict, NotThere, Refused
from skewguard.adapters.cluster.read import Reader
from skewguard.adapters.cluster.resources import EVENTS, Resource
from skewguard.adapters.cluster.session import Cluster
from skewguard.adapters.cluster.write import Form, Writer
from tests.cluster_contract.benches import Bench
from tests.cluster_contract.test_reading import CONFIG_MAPS, config_map

CHANGES: dict[Form, Any] = {
    "json": [{"op": "replace", "path": "/data/key", "value": "new"}],
    "merge": {"data": {"key": "new"}},
    "strategic": {"data": {"key": "new"}},
}
FORMS = tuple(CHANGES)


class Held:
    """One ConfigMap and what may be done with it."""

    def __init__(self, cluster: Cluster, bench: Bench) -> None:
        bench.add(config_map("a", key="old"))
        self.writer, self.reader, self.bench = Writer(cluster), Reader(cluster), bench
        self.meta = self.now()["metadata"]

    def now(self) -> dict[str, Any]:
        found = self.reader.get(CONFIG_MAPS, "a", self.bench.namespace, dict)
        assert found is not None
        return found

    def patch(self, form: Form, **other: Any) -> dict[str, Any]:
        lock = {"uid": self.meta["uid"], "version": self.meta["resourceVersion"], "dry_run": False, **other}
        return self.writer.patch(CONFIG_MAPS, "a", self.bench.namespace, CHANGES[form], form=form, **lock)


@pytest.fixture
def held(cluster: Cluster, bench: Bench) -> Held:
    return Held(cluster, bench)


@pytest.mark.parametrize("form", FORMS)
def test_a_patch(held: Held, form: Form) -> None:
    """It is there afterwards, under a new version."""
    assert held.patch(form)["data"] == {"key": "new"}
    assert held.now()["data"] == {"key": "new"}
    assert held.now()["metadata"]["resourceVersion"] != held.meta["resourceVersion"]


@pytest.mark.parametrize("form", FORMS)
def test_a_try(held: Held, form: Form) -> None:
    """A dry run shows what would be and changes nothing."""
    assert held.patch(form, dry_run=True)["data"] == {"key": "new"}
    assert held.now()["data"] == {"key": "old"}


@pytest.mark.parametrize("form", FORMS)
def test_somebody_was_quicker(held: Held, form: Form) -> None:
    """A patch made for an older version is a conflict and changes nothing."""
    held.bench.add(config_map("a", key="theirs"))
    with pytest.raises(Conflict):
        held.patch(form)
    assert held.now()["data"] == {"key": "theirs"}


@pytest.mark.parametrize("form", FORMS)
def test_the_same_name_made_again(held: Held, form: Form) -> None:
    """A patch made for another object of that name changes nothing."""
    with pytest.raises((Conflict, Refused)):
        held.patch(form, uid="11111111-2222-3333-4444-555555555555")
    assert held.now()["data"] == {"key": "old"}


def test_creating(held: Held) -> None:
    """Once; a second time is a conflict; a dry run makes nothing."""
    content = {**config_map("b"), "metadata": {"name": "b", "namespace": held.bench.namespace}}
    create = held.writer.create
    create(CONFIG_MAPS, held.bench.namespace, content, dry_run=True)
    assert held.reader.get(CONFIG_MAPS, "b", held.bench.namespace, dict) is None
    assert create(CONFIG_MAPS, held.bench.namespace, content, dry_run=False)["metadata"]["uid"]
    with pytest.raises(Conflict):
        create(CONFIG_MAPS, held.bench.namespace, content, dry_run=False)


def test_deleting(held: Held) -> None:
    """Only the object that was meant; a dry run deletes nothing; a second time it is not there."""
    space, uid = held.bench.namespace, held.meta["uid"]
    with pytest.raises(Conflict):
        held.writer.delete(CONFIG_MAPS, "a", space, uid="11111111-2222-3333-4444-555555555555", dry_run=False)
    held.writer.delete(CONFIG_MAPS, "a", space, uid=uid, version=held.meta["resourceVersion"], dry_run=True)
    assert held.now()
    held.writer.delete(CONFIG_MAPS, "a", space, uid=uid, dry_run=False)
    with pytest.raises(NotThere):
        held.writer.delete(CONFIG_MAPS, "a", space, uid=uid, dry_run=False)


def test_events(cluster: Cluster, held: Held) -> None:
    """The same thing said again is counted, another one stands beside it."""
    about = signal.About("v1", "ConfigMap", held.bench.namespace, "a", held.meta["uid"])
    for note in ("skewed", "skewed", "skewed", "other"):
        words = {"reason": "SkewDetected", "action": "Compare", "instance": "watcher-0"}
        signal.event(cluster, about, type="Warning", note=note, **words)
    found = sorted(held.reader.list(EVENTS, dict, namespace=held.bench.namespace), key=lambda each: str(each["note"]))
    mine = [each for each in found if each.get("reason") == "SkewDetected"]
    assert [(each["note"], (each.get("series") or {}).get("count")) for each in mine] == [
        ("other", None),
        ("skewed", 3),
    ]
    assert mine[0]["regarding"]["uid"] == held.meta["uid"]


def test_the_status_of_others_is_theirs(cluster: Cluster) -> None:
    """No status is written but of our own objects."""
    deployments = Resource("apps", "v1", "deployments", "Deployment")
    with pytest.raises(ValueError, match=r"deployments\.apps is not of skewguard\.dev"):
        signal.status(cluster, deployments, "chat", "prod", {})
