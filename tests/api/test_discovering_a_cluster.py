"""`discover` from end to end: an API server in this process, and what is said where some of it may not be read."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from skewguard.api.discovering import discover
from skewguard.language.verifications import DiscoverReport
from tests.api.test_kept_contracts import CONTRACT, config_map
from tests.fakes.api_server import ApiServer
from tests.observe.live import made

Discover = Callable[..., DiscoverReport]
READ = ("pods", "nodes", "configmaps", "services", "deployments", "replicasets", "ingresses", "servingcontracts")


@pytest.fixture
def server() -> Iterator[ApiServer]:
    """A Deployment of two replicas in prod under a contract kept there, and one without engine in staging."""
    chat = made.deployment(pod=made.spec(made.container("--model", "Qwen/Qwen3-8B", "--max-model-len", "32768")))
    revision = made.replica_set(chat)
    web = made.deployment("web", made.spec({"name": "nginx", "image": "nginx:1.27"}), namespace="staging")
    with ApiServer() as api:
        for each in (chat, revision, web, made.node()):
            api.add(each)
        for name in ("chat-a", "chat-b"):
            api.add(made.pod(revision, name))
        api.add(config_map(CONTRACT))
        yield api


@pytest.fixture
def found(server: ApiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Discover:
    """`discover` as a user of the namespace prod, away from any contract of this repository."""
    monkeypatch.chdir(tmp_path)
    kubeconfig = server.kubeconfig(tmp_path, namespace="prod")
    return lambda **more: discover(kubeconfig=kubeconfig, timeout=20, **more)


def test_the_workloads_of_the_namespace_are_listed_with_the_contracts_kept_there(found: Discover) -> None:
    """The context's namespace, one workload, under the contract of a ConfigMap."""
    report = found()
    (row,) = report.workloads
    assert (str(row.subject), row.engine, row.version) == ("Deployment prod/chat container vllm", "vllm", "0.11.0")
    assert (row.model, row.ready, row.desired) == ("Qwen/Qwen3-8B", 2, 2)
    assert (row.contract, row.state) == ("chat", "verified")
    assert (report.context, report.exit_code, report.unread) == ("fake", 0, ())


def test_all_namespaces_are_listed_and_what_is_no_engine_is_counted(found: Discover) -> None:
    """What runs no engine is no row, and is told."""
    report = found(all_namespaces=True)
    assert [row.subject.name for row in report.workloads] == ["chat"]
    assert any("no engine" in note or "no inference engine" in note for note in report.notes)


def test_no_engine_is_asked(found: Discover, server: ApiServer) -> None:
    """Only lists and objects of the API are read."""
    found()
    assert all(asked.startswith("GET ") and "/proxy" not in asked and "/log" not in asked for asked in server.asked)


@pytest.mark.parametrize("resource", READ)
def test_a_right_that_is_missing_is_told_and_the_rest_is_listed(
    found: Discover, server: ApiServer, resource: str
) -> None:
    """Each right refused in turn: no crash, the right named among what could not be read, the exit code 0."""
    server.rights.deny(None, resource)
    report = found()
    assert any(each.kind == "denied" and f" {resource}" in each.would_need for each in report.unread)
    assert report.exit_code == 0
    assert [row.engine for row in report.workloads] == ["vllm"]


def test_nothing_that_may_be_read_is_an_error(found: Discover, server: ApiServer) -> None:
    """Every right refused: exit code 2, with what was refused."""
    server.rights.deny(None, "*")
    report = found()
    assert (report.workloads, report.exit_code) == ((), 2)
    assert any("list pods" in (each.hint or "") for each in report.errors)


def test_a_broken_contract_in_the_cluster_is_told_beside_the_list(found: Discover, server: ApiServer) -> None:
    """The workload is listed, the contract is an error with its place, and the exit code is 2."""
    server.add(config_map(CONTRACT.replace("limits", "limit")))
    report = found()
    assert [row.contract for row in report.workloads] == [None]
    assert report.errors[0].file == "ConfigMap prod/skewguard-chat key chat.yaml line 6"
    assert report.exit_code == 2
