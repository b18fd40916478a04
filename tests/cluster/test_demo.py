"""The demonstration's cluster: each of its workloads is skewed in one way, which is found, and nothing else is."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from skewguard import api
from skewguard.language.results import CheckReport
from tools.control_plane.namespaces import Namespace
from tools.control_plane.plane import Plane
from tools.demo_cluster import engines, workloads

CONTRACT = str(Path(workloads.__file__).with_name("contract.yaml"))


@pytest.fixture(scope="module")
def production(control_plane: Plane) -> Iterator[Namespace]:
    """The production of the demonstration, with its recorded engines."""
    with ExitStack() as stack:
        namespace = stack.enter_context(control_plane.namespace())
        for behind in workloads.production(namespace):
            engines.serve(namespace, behind, stack)
        yield namespace


def verified(plane: Plane, namespace: Namespace, workload: str, *, contracts: tuple[str, ...] = ()) -> CheckReport:
    """What `verify` says of one workload, asked by every way but commands inside."""
    return api.verify(
        [f"deploy/{workload}"], namespace=namespace.name, kubeconfig=str(plane.kubeconfig), contracts=contracts
    )


def told(report: CheckReport) -> set[str]:
    """The checks that found something worth an alarm."""
    return {each.check for each in report.findings if each.verdict in {"fail", "unknown"} and each.severity != "note"}


@pytest.mark.parametrize(
    ("workload", "found"),
    [
        ("search", {"hardware.replicas-gpu"}),
        ("summarise", {"facts.config-changed-since-start"}),
        ("translate", {"serving.not-ready", "serving.rollout-unfinished"}),
        ("agents", set()),
        ("web", set()),
    ],
)
def test_each_workload_is_told_for_what_is_wrong_with_it(
    control_plane: Plane, production: Namespace, workload: str, found: set[str]
) -> None:
    """Two classes of GPU, a ConfigMap that changed, a rollout half way; and silence on what is in order."""
    assert told(verified(control_plane, production, workload)) == found


def test_one_replica_that_broke_the_contract_is_named(control_plane: Plane, production: Namespace) -> None:
    """Of three replicas one was pulled after the tag had moved and runs with defaults: it is named, and the promises too."""
    report = verified(control_plane, production, "chat", contracts=(CONTRACT,))
    broken = [each for each in report.findings if each.check == "contract.mismatch"]
    odd = str(production.pods("app=chat")[-1]["metadata"]["name"])

    assert {each.setting for each in broken} == {
        "runtime.image_digest",
        "runtime.prefix_caching",
        "limits.max_model_len",
        "limits.max_num_seqs",
    }
    assert {each.pods for each in broken} == {(odd,)}
    assert report.exit_code == 1


def test_a_staging_that_keeps_the_contract_is_fine(control_plane: Plane, namespace: Namespace) -> None:
    """Every promise is kept by every replica, and each is seen to be."""
    with ExitStack() as stack:
        for behind in workloads.staging(namespace):
            engines.serve(namespace, behind, stack)
        report = verified(control_plane, namespace, "chat", contracts=(CONTRACT,))

    assert told(report) == set()
    assert report.exit_code == 0
