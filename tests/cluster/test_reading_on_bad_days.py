"""Reading a real API server while it restarts, and while it does not answer."""

import pytest

from skewguard.adapters.cluster import access, read
from skewguard.adapters.cluster.errors import TooSlow
from skewguard.adapters.cluster.read import Reader
from skewguard.adapters.cluster.resources import Resource
from tools.control_plane.running import ControlPlane

CONFIG_MAPS = Resource("", "v1", "configmaps", "ConfigMap")


def test_a_list_goes_on_through_a_restart(own_control_plane: ControlPlane, monkeypatch: pytest.MonkeyPatch) -> None:
    """An API server that is replaced between two pages is waited for, and no object is missing or comes twice."""
    monkeypatch.setattr(read, "PAGE", 2)
    names = [f"c{index}" for index in range(9)]
    plane = own_control_plane.plane
    with plane.client() as client:
        made = [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}} for name in names]
        client.apply(*made, namespace="default")
    with access.connect(kubeconfig=str(plane.kubeconfig), deadline=90) as cluster:
        seen = []
        for each in Reader(cluster).list(CONFIG_MAPS, dict, namespace="default"):
            seen.append(each["metadata"]["name"])
            if len(seen) == 1:
                own_control_plane.restart_apiserver()
    assert [name for name in seen if name != "kube-root-ca.crt"] == names


def test_a_server_that_does_not_answer(own_control_plane: ControlPlane) -> None:
    """Its connections stay open and nothing comes: the deadline ends the call."""
    plane = own_control_plane.plane
    with access.connect(kubeconfig=str(plane.kubeconfig), deadline=1.5) as cluster:
        reader = Reader(cluster)
        assert list(reader.list(CONFIG_MAPS, dict, namespace="kube-system"))
        own_control_plane.suspend_apiserver()
        try:
            list(reader.list(CONFIG_MAPS, dict, namespace="kube-system"))
            raised = None
        except TooSlow as error:
            raised = error
        finally:
            own_control_plane.resume_apiserver()
    assert "configmaps in namespace kube-system did not come" in str(raised)
