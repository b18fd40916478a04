"""What changed after a container had read it: by value, and by the version that it started with."""

from typing import Any

import pytest

from tests.observe.live import made
from tests.observe.live.made import AFTER, Values
from tests.observe.live.shelf import Shelf, seen

ENV: Values = {"envFrom": [{"configMapRef": {"name": "cfg"}}]}


def _cluster(config: Values, container: Values | None = None, **pod: Any) -> Shelf:
    spec = made.spec(container or made.container("--max-model-len", "$(LEN)", **ENV), **pod)
    return Shelf([*made.chat(2, spec), config])


def _changes(shelf: Shelf) -> list[tuple[str, str, str, int]]:
    (one,) = seen(shelf).live
    return [(each.ref, each.reference, each.changed_at, len(each.pods)) for each in one.changes]


def test_values_come_from_the_config_map() -> None:
    """A variable from a ConfigMap has its value now, with the key as its place."""
    found = seen(_cluster(made.config("cfg", {"LEN": "4096"})))
    words = found.live[0].replicas[0].template.containers[0].args or ()
    assert [each.text for each in words] == ["--max-model-len", "4096"]
    variable = found.live[0].workloads[0].template.containers[0].variable("LEN")
    assert variable is not None
    assert (variable.value, variable.origin.ref) == ("4096", "ConfigMap prod/cfg .data.LEN")


def test_a_config_map_that_changed_after_the_start() -> None:
    """Pods that started before the last change of the data run with older values."""
    assert _changes(_cluster(made.config("cfg", {"LEN": "1"}, changed=AFTER))) == [
        ("ConfigMap prod/cfg", "env", AFTER, 2)
    ]
    assert _changes(_cluster(made.config("cfg", {"LEN": "1"}))) == []


def test_only_the_pods_that_started_before_are_named() -> None:
    """A pod that started after the change, or whose container did again, has the new values."""
    shelf = _cluster(made.config("cfg", {"LEN": "1"}, changed=AFTER))
    shelf.objects[2]["status"]["containerStatuses"][0]["state"]["running"]["startedAt"] = "2026-11-21T08:00:01Z"
    assert _changes(shelf) == [("ConfigMap prod/cfg", "env", AFTER, 1)]


def test_a_config_map_that_was_made_again() -> None:
    """An object that is younger than the pod changed with that, also an immutable one."""
    made_again = made.config("cfg", {"LEN": "1"}, created=AFTER, changed=None, immutable=True)
    assert _changes(_cluster(made_again)) == [("ConfigMap prod/cfg", "env", AFTER, 2)]


def test_a_change_beside_the_data_is_none() -> None:
    """A label or an annotation that somebody set changes nothing for the pod."""
    config = made.config("cfg", {"LEN": "1"})
    entry = {"manager": "x", "operation": "Update", "time": AFTER, "fieldsV1": {"f:metadata": {"f:labels": {}}}}
    config["metadata"]["managedFields"].append(entry)
    assert _changes(_cluster(config)) == []


def test_without_a_record_of_changes_nothing_is_known() -> None:
    """A ConfigMap that records no time is said to be undated, unless it cannot change."""
    (one,) = seen(_cluster(made.config("cfg", {"LEN": "1"}, changed=None))).live
    assert one.changes == ()
    assert [each.what for each in one.unread] == ["the time of the last change of ConfigMap prod/cfg"]
    (one,) = seen(_cluster(made.config("cfg", {"LEN": "1"}, changed=None, immutable=True))).live
    assert (one.changes, one.unread) == ((), ())


@pytest.mark.parametrize(
    "volume", [{"configMap": {"name": "cfg"}}, {"projected": {"sources": [{"configMap": {"name": "cfg"}}]}}]
)
def test_a_mounted_config_map(volume: Values) -> None:
    """A file that changed under the engine counts for the container that mounts it."""
    mounts = [{"name": "files", "mountPath": "/etc/vllm"}]
    container = made.container("--config", "/etc/vllm/c.yaml", volumeMounts=mounts)
    config = made.config("cfg", {"c.yaml": "max-model-len: 1"}, changed=AFTER)
    assert _changes(_cluster(config, container, volumes=[{"name": "files", **volume}])) == [
        ("ConfigMap prod/cfg", "file", AFTER, 2)
    ]


def test_many_config_maps_are_one_list() -> None:
    """A fleet's ConfigMaps are listed once, not asked for one by one."""
    objects = []
    for number in range(60):
        own = made.spec(made.container("$(LEN)", envFrom=[{"configMapRef": {"name": f"cfg-{number}"}}]))
        objects += [made.deployment(f"d{number}", own), made.config(f"cfg-{number}", {"LEN": str(number)})]
    shelf = Shelf(objects)
    found = seen(shelf)
    assert [each.workloads[0].template.containers[0].args[0].text for each in found.live][:3] == ["0", "1", "10"]  # type: ignore[index]
    assert [each for each in shelf.asked if "configmaps" in each] == ["list configmaps in all namespaces"]


def test_a_missing_config_map_says_what_helps() -> None:
    """A ConfigMap that the cluster does not have, or that may not be read, is missing with the way to mend it."""
    shelf = _cluster(made.config("other", {}))
    assert [(each.ref, each.supply) for each in seen(shelf).inventory.missing] == [
        ("ConfigMap prod/cfg", "the cluster has no ConfigMap prod/cfg: create it, or take the reference out")
    ]
    shelf = Shelf(_cluster(made.config("cfg", {})).objects, denied=("configmaps",))
    found = seen(shelf)
    assert [each.supply for each in found.inventory.missing] == ["grant the right to get configmaps in namespace prod"]
    assert [(each.what, each.kind) for each in found.unread] == [("configmaps in namespace prod", "denied")]
