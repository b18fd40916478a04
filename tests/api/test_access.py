"""What `--check-access` says of a user: each right with what it is for, and an exit code that a script can trust."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from skewguard.api.access import check_access
from skewguard.knowledge import rights
from skewguard.language.errors import UsageError
from skewguard.language.verifications import Access, AccessReport
from tests.fakes.api_server import ApiServer

Ask = Callable[..., AccessReport]


@pytest.fixture
def server() -> Iterator[ApiServer]:
    with ApiServer() as api:
        yield api


@pytest.fixture
def ask(server: ApiServer, tmp_path: Path) -> Ask:
    kubeconfig = server.kubeconfig(tmp_path, namespace="prod")
    return lambda **where: check_access(kubeconfig=kubeconfig, timeout=20, **where)


def of(report: AccessReport, verb: str, resource: str) -> Access:
    (found,) = [each for each in report.rights if (each.verb, each.resource) == (verb, resource)]
    return found


def test_a_user_with_every_right_is_told_so(ask: Ask) -> None:
    """All of the reader's rights: exit code 0, and the user and the context are named."""
    report = ask()
    assert (report.exit_code, report.user, report.context, report.errors) == (0, "admin", "fake", ())
    assert all(each.allowed for each in report.rights)


def test_a_missing_right_of_the_reader_is_told_with_what_is_unknown_without_it(server: ApiServer, ask: Ask) -> None:
    """One right refused: it stands in the report with what it is for, and the exit code is 3."""
    server.rights.deny("list", "nodes")
    report = ask()
    nodes = of(report, "list", "nodes")
    assert (nodes.allowed, nodes.namespace, report.exit_code) == (False, None, 3)
    assert "hardware" in nodes.without
    assert [each.resource for each in report.rights if not each.allowed] == ["nodes"]


def test_what_the_reader_does_not_need_is_told_and_does_not_count(server: ApiServer, ask: Ask) -> None:
    """Without exec and port-forward the reader is complete: the code is 0, and a note names what is missing."""
    for resource in ("pods/exec", "pods/portforward"):
        server.rights.deny(None, resource)
    report = ask()
    assert report.exit_code == 0
    assert of(report, "create", "pods/exec").allowed is False
    assert [note.partition(" (")[0] for note in report.notes[-3:]] == [
        "skewguard-reader: complete",
        "skewguard-prober: without create pods/portforward, get pods/portforward",
        "skewguard-exec: without create pods/exec, get pods/exec",
    ]


def test_rights_are_asked_for_in_the_namespace_of_the_context(server: ApiServer, ask: Ask) -> None:
    """Where no namespace is named, the context's is meant; one that is named goes before it."""
    server.rights.deny("list", "pods", "prod")
    assert of(ask(), "list", "pods").allowed is False
    elsewhere = of(ask(namespace="staging"), "list", "pods")
    assert (elsewhere.allowed, elsewhere.namespace) == (True, "staging")


def test_rights_in_all_namespaces_are_asked_for_at_once(ask: Ask) -> None:
    """With all namespaces no row names one."""
    assert {each.namespace for each in ask(all_namespaces=True).rights} == {None}


def test_one_namespace_and_all_of_them_cannot_be_meant(ask: Ask) -> None:
    """`-A -n prod` is refused, as in every verb that looks at a cluster."""
    with pytest.raises(UsageError, match="-A"):
        ask(namespace="prod", all_namespaces=True)


def test_kinds_that_the_cluster_does_not_have_need_no_right(tmp_path: Path) -> None:
    """A right to a platform that is not installed would only make the list longer."""
    with ApiServer(without=("ray.io",)) as api:
        report = check_access(kubeconfig=api.kubeconfig(tmp_path), timeout=20)
    resources = {each.resource for each in report.rights}
    assert "rayservices.ray.io" not in resources
    assert "leaderworkersets.leaderworkerset.x-k8s.io" in resources


def test_every_row_that_a_verb_uses_is_asked_about(server: ApiServer, ask: Ask) -> None:
    """Each verb of each row of reader, prober and exec whose kind is served; nothing of the operator's."""
    served = {(kind.group, kind.plural) for kind in server.kinds}
    wanted = {
        (verb, row.title)
        for row in rights.of("exec")
        for verb in row.verbs
        if verb != "watch" and (row.group, row.resource.partition("/")[0]) in served
    }
    assert {(each.verb, each.resource) for each in ask().rights} == wanted
    assert not [each for each in ask().rights if each.verb == "patch" or each.resource == "secrets"]


def test_a_right_that_the_server_does_not_answer_is_not_told(server: ApiServer, ask: Ask) -> None:
    """An authorizer that fails is no refusal: the right is unknown, the reason is an error, and the code is 3."""
    server.fault("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", status=500, times=1)
    report = ask()
    assert [each.allowed for each in report.rights].count(None) == 1
    assert report.exit_code == 3
    assert len(report.errors) == 1


def test_asking_changes_nothing(server: ApiServer, ask: Ask) -> None:
    """Only questions are sent: reviews, which no server stores, and reads."""
    ask()
    changing = [each for each in server.asked if not each.startswith("GET ")]
    assert changing
    assert all("selfsubject" in each for each in changing)
