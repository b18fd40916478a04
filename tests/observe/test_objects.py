"""A manifest read from an API server's JSON says what the same manifest says as a file; the places alone differ."""

from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct, structs

from skewguard.language import documents, objects
from skewguard.language.facts import Origin, Source
from skewguard.observe.sources import manifests

_EXAMPLES = sorted(path for path in Path("examples").rglob("*") if path.suffix in (".yaml", ".json"))


def _unplaced(value: Any) -> Any:
    """A value without the places in it."""
    if isinstance(value, (Origin, Source)):
        return None
    if isinstance(value, Struct):
        return {name: _unplaced(getattr(value, name)) for name in value.__struct_fields__ if name != "lines"}
    if isinstance(value, dict):
        return {key: _unplaced(each) for key, each in value.items()}
    return [_unplaced(each) for each in value] if isinstance(value, (list, tuple)) else value


@pytest.mark.parametrize("path", _EXAMPLES, ids=str)
def test_an_example_reads_the_same_from_a_server(path: Path) -> None:
    """Every example gives the same inventory through YAML and through JSON, apart from places and keys written twice."""
    read, _ = documents.read(path.read_text(encoding="utf-8"), str(path))
    values = [each.root.value() for each in read]
    live = [objects.document(value) for value in values if isinstance(value, dict)]
    from_file, from_server = manifests.read(read), manifests.read(live)
    assert from_file.objects == from_server.objects
    once = [hint for hint in from_file.inventory.hints if hint.rule != "duplicate-key"]
    written = structs.replace(from_file.inventory, hints=tuple(once))
    assert _unplaced(written) == _unplaced(from_server.inventory)


def test_a_live_object_names_its_cluster_and_no_file() -> None:
    """The subject of a live object has a cluster and no source."""
    value = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "a", "namespace": "n"},
        "spec": {"containers": [{"name": "c", "image": "i"}]},
        "status": {"x": {"containers": [{"name": "not-a-container", "image": "i"}]}},
    }
    (workload,) = manifests.read([objects.document(value, "prod-eu")]).inventory.workloads
    assert (workload.subject.cluster, workload.subject.source) == ("prod-eu", None)
    assert workload.origin.ref == "Pod n/a .metadata.name"
