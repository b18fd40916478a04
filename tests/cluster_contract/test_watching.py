"""What happens after a list."""

from collections.abc import Iterator

import pytest

from skewguard.adapters.cluster import access, watching
from skewguard.adapters.cluster.errors import Denied
from skewguard.adapters.cluster.read import Reader
from skewguard.adapters.cluster.resources import PODS
from tests.cluster_contract.benches import Bench
from tests.cluster_contract.test_reading import CONFIG_MAPS, GROUPS, ConfigMap, config_map

Events = Iterator[watching.Event[ConfigMap]]


def started(reader: Reader, bench: Bench) -> Events:
    return watching.watch(reader, CONFIG_MAPS, ConfigMap, namespace=bench.namespace, labels="app=chat", seconds=30)


def told(event: watching.Event[ConfigMap]) -> tuple[str, str | None]:
    return event.type, event.object.metadata.name if event.object is not None else None


def test_a_list_and_what_follows(reader: Reader, bench: Bench) -> None:
    """What is there, that this was all, and then each change."""
    bench.add(config_map("a", key="one"))
    events = started(reader, bench)
    assert [told(next(events)) for _ in range(3)] == [("listing", None), ("listed", "a"), ("synced", None)]
    bench.add(config_map("b"))
    bench.add(config_map("a", key="two"))
    bench.remove("b")
    seen = [next(events) for _ in range(3)]
    assert [told(each) for each in seen] == [("added", "b"), ("modified", "a"), ("deleted", "b")]
    assert all(each.version for each in seen)


def test_a_watch_from_a_version_that_is_forgotten(reader: Reader, bench: Bench) -> None:
    """It ends at once, so that the list is made again."""
    version = bench.forgotten_version()
    one = watching._Watch(reader, GROUPS, ConfigMap, reader.cluster.deadline, {}, bench.namespace)
    assert not list(one.changes(version))
    assert reader.cluster.deadline.left() > 1


def test_a_watch_for_a_while(reader: Reader, bench: Bench) -> None:
    """It ends by itself when its time is over."""
    events = watching.watch(reader, CONFIG_MAPS, ConfigMap, namespace=bench.namespace, labels="app=no", seconds=1)
    assert [told(each) for each in events][:2] == [("listing", None), ("synced", None)]


def test_a_watch_without_the_right(bench: Bench) -> None:
    """A right that is missing ends it with an error: it would never mend itself."""
    with access.connect(kubeconfig=bench.poor(), deadline=60) as cluster, pytest.raises(Denied) as caught:
        for _ in watching.watch(Reader(cluster), CONFIG_MAPS, ConfigMap, namespace=bench.namespace):
            pass
    assert caught.value.right == f"watch configmaps in namespace {bench.namespace}"
    assert PODS.plural not in caught.value.right
