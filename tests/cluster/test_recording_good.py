"""`verify --record-good` on a real API server: what is remembered could be applied again, and the cluster is left as it was."""

import json
from pathlib import Path

import pytest

from skewguard import api
from skewguard.adapters import store
from tests.cluster import scenes
from tools.control_plane.namespaces import Namespace
from tools.control_plane.plane import Plane

SECRET = "correct-horse-battery"  # noqa: S105  # planted


@pytest.mark.slow
def test_a_verified_workload_is_remembered_as_it_could_be_applied_again(
    control_plane: Plane, namespace: Namespace, tmp_path: Path
) -> None:
    """The server takes the snapshot as the very object it has: nothing of it was lost, but what is masked."""
    namespace.gpu_node("a")
    env = [{"name": "LEVEL", "valueFrom": {"configMapKeyRef": {"name": "chat", "key": "level"}}}]
    namespace.apply(scenes.config_map("chat", data={"level": "INFO", "extra.yaml": f"api_key: {SECRET}\n"}))
    namespace.apply(scenes.chat(container={**scenes.WHOLE, "env": env}))
    namespace.wait_ready("deployment/chat")
    path = f"/apis/apps/v1/namespaces/{namespace.name}/deployments/chat"
    before = namespace.client.get(path)
    report = api.verify(
        ["deploy/chat"],
        namespace=namespace.name,
        kubeconfig=str(control_plane.kubeconfig),
        depth="api",
        contracts=[scenes.contract(tmp_path / "c.yaml", "Deployment/chat", "limits: {max_model_len: 32768}")],
        record_good=True,
        store=str(tmp_path / "store.db"),
        environ={},
    )
    assert report.exit_code == 0, report.notes
    with store.open(str(tmp_path / "store.db"), environ={}) as kept:
        (validation,), (snapshot,) = kept.find("validation"), kept.find("snapshot")
        said = json.loads(bytes(snapshot.body))
    assert json.loads(bytes(validation.body))["snapshot"] == snapshot.id
    assert said["masked"] == ["config_maps[0].data['extra.yaml']"]
    assert SECRET not in json.dumps(said)

    after = namespace.client.get(path)
    assert after["metadata"]["resourceVersion"] == before["metadata"]["resourceVersion"]
    again = json.loads(namespace.client.send("PUT", path, said["object"], dryRun="All"))
    assert again["spec"] == before["spec"]
