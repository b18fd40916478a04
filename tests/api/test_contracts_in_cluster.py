"""Which contracts are asked of a cluster, and what is said of those that may not be read."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from skewguard.adapters.cluster import access
from skewguard.adapters.cluster.read import Reader
from skewguard.api import kept_contracts
from skewguard.api.contracts import Contracts
from tests.api.test_kept_contracts import CONTRACT, config_map, resource
from tests.fakes.api_server import ApiServer

SPEC: dict[str, Any] = {"targets": [{"kind": "Deployment", "name": "embed"}]}


@pytest.fixture
def server() -> Iterator[ApiServer]:
    with ApiServer() as api:
        api.add(config_map(CONTRACT))
        api.add(resource(SPEC, "staging", "embed"))
        api.add({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "other", "namespace": "prod"}})
        yield api


@pytest.fixture
def reader(server: ApiServer, tmp_path: Path) -> Iterator[Reader]:
    with access.connect(kubeconfig=server.kubeconfig(tmp_path), deadline=20) as reached:
        yield Reader(reached)


def names(kept: kept_contracts.Kept) -> list[str]:
    return sorted(contract.name for contract in kept.contracts.contracts)


def test_contracts_of_the_asked_namespace_are_read(reader: Reader, server: ApiServer) -> None:
    """One namespace is asked for its own contracts alone, and ConfigMaps by their label."""
    kept = kept_contracts.in_cluster(Contracts(), reader, ["prod"])
    assert (names(kept), kept.unread) == (["chat"], ())
    assert all("/namespaces/prod/" in asked for asked in server.asked)
    assert any("labelSelector=skewguard.dev%2Fholds%3Dcontract" in asked for asked in server.asked)


def test_all_namespaces_are_read_at_once(reader: Reader, server: ApiServer) -> None:
    """None stands for all, whatever else is named."""
    kept = kept_contracts.in_cluster(Contracts(), reader, ["prod", None])
    assert names(kept) == ["chat", "embed"]
    assert len(server.asked) == 2


def test_contracts_that_were_asked_for_stand_alone(reader: Reader, server: ApiServer) -> None:
    """With `--contract` the cluster is not asked for any."""
    kept = kept_contracts.in_cluster(Contracts(asked=True), reader, [None])
    assert (names(kept), server.asked) == ([], [])


def test_a_cluster_without_the_custom_resource_keeps_none(tmp_path: Path) -> None:
    """A kind that nobody installed is no news."""
    with ApiServer(without=("skewguard.dev",)) as api:
        api.add(config_map(CONTRACT))
        with access.connect(kubeconfig=api.kubeconfig(tmp_path), deadline=20) as reached:
            kept = kept_contracts.in_cluster(Contracts(), Reader(reached), ["prod"])
    assert (names(kept), kept.unread) == (["chat"], ())


def test_no_right_is_needed_to_a_kind_that_nobody_installed(tmp_path: Path) -> None:
    """RBAC refuses before the server says that there is no such kind; what it serves says so."""
    with ApiServer(without=("skewguard.dev",)) as api:
        api.rights.deny("list", "servingcontracts")
        with access.connect(kubeconfig=api.kubeconfig(tmp_path), deadline=20) as reached:
            assert kept_contracts.in_cluster(Contracts(), Reader(reached), ["prod"]).unread == ()


@pytest.mark.parametrize("denied", ["configmaps", "servingcontracts"])
def test_contracts_that_may_not_be_read_are_told_with_the_right(server: ApiServer, reader: Reader, denied: str) -> None:
    """A refusal hides the contracts of that kind alone, and names the right that is missing."""
    server.rights.deny("list", denied)
    kept = kept_contracts.in_cluster(Contracts(), reader, [None])
    (unread,) = kept.unread
    assert unread.kind == "denied"
    assert unread.would_need.startswith(f"list {denied}")
    assert len(kept.contracts.contracts) == 1
