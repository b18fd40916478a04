"""From what a cluster shows to the report of `verify`: contracts, states, exit codes, and each container side by side."""

import gc

from skewguard.api import running, surroundings
from skewguard.api.contracts import Contracts
from skewguard.api.running import Scope, Terms, Witnessed
from skewguard.assess import endpoints
from skewguard.judge.checks import disagreements, registry
from skewguard.judge.checks.interface import Case
from skewguard.knowledge.contract import loading
from skewguard.knowledge.contract.values import Binding
from skewguard.knowledge.project import Project
from skewguard.language.facts import Fact, Gap, Origin, Subject
from skewguard.language.results import CheckReport
from skewguard.language.running import Answers, Unread
from skewguard.language.sheet import Sheet
from tests.assess.running import ARGS, GPU, A, B, Stood, manifest, node, pod, stand, template

PLAIN = manifest()
HEAD = "apiVersion: skewguard.dev/v1alpha1\nkind: ServingContract\nmetadata: {{name: {name}}}\nspec:\n  targets: [{{{target}}}]\n"
PODS = Unread("pods in namespace prod", "403 Forbidden", "what runs", "list pods in namespace prod", kind="denied")


def contract(
    spec: str = "limits: {max_num_seqs: 256}", target: str = "kind: Deployment, name: chat", name: str = "c"
) -> str:
    """The text of a contract."""
    return f"{HEAD.format(name=name, target=target)}  {spec}\n"


def promised(*texts: str, asked: bool = False) -> Contracts:
    """Contracts at hand."""
    loaded = loading.load([(f"{number}.yaml", text) for number, text in enumerate(texts)], list(registry.CHECKS))
    assert not loaded.errors, loaded.errors
    return Contracts(tuple(loaded.contracts), asked=asked)


def report(
    stood: Stood, *texts: str, unread: tuple[Unread, ...] = (), named: bool = True, asked: bool = False
) -> CheckReport:
    """What `verify` says of a stand."""
    witnessed = Witnessed(Scope("prod-eu", named, "prod"), stood.inventory, (stood.live,), unread, stood.said)
    return running.report(witnessed, Terms(promised(*texts, asked=asked), surroundings.Around(), "2026-11-01"))


# ---- states and exit codes ---------------------------------------------------------------------------------------------


def states(said: CheckReport) -> tuple[list[str], int]:
    """The state of each container, and the exit code."""
    return [each.state for each in said.live], said.exit_code


def test_a_workload_that_keeps_its_contract_everywhere_is_verified() -> None:
    """Exit code 0."""
    assert states(report(stand(PLAIN, pod("a"), pod("b")), contract())) == (["verified"], 0)


def test_a_workload_without_contract_is_unpromised() -> None:
    """Nothing is wrong, and nothing is held to anything."""
    assert states(report(stand(PLAIN, pod("a")))) == (["unpromised"], 0)


def test_one_replica_that_breaks_a_promise_makes_the_workload_skewed() -> None:
    """Exit code 1."""
    stood = stand(PLAIN, pod("a"), pod("b", says={"limits.max_num_seqs": 512}))

    assert states(report(stood, contract())) == (["skewed"], 1)


def test_replicas_that_disagree_are_skewed_without_any_contract() -> None:
    """Two images under one tag."""
    assert states(report(stand(PLAIN, pod("a"), pod("b", digest=B)))) == (["skewed"], 1)


def test_an_error_beside_the_contract_is_no_verified_workload() -> None:
    """Every promise is kept, and none of the replicas serves: skewed, as the exit code says."""
    stood = stand(PLAIN, pod("a", ready=False))

    assert states(report(stood, contract())) == (["skewed"], 1)


def test_replicas_on_two_kinds_of_gpu_are_an_error_unless_the_contract_allows_them() -> None:
    """A mix that was validated is promised as a list."""
    a100 = pod("b", node=node("node-2", "NVIDIA-A100-SXM4-80GB"))
    stood = stand(PLAIN, pod("a"), a100)

    assert states(report(stood)) == (["skewed"], 1)
    allowed = contract("hardware: {gpu_class: [H100-80GB-SXM, A100-80GB-SXM]}")
    assert states(report(stood, allowed)) == (["verified"], 0)


def test_the_table_tells_every_setting_in_which_groups_differ() -> None:
    """Whoever says so: one group's declared value against another's observed one, of a replica that has not started."""
    stuck = pod(
        "b", template=template(f"{ARGS.replace('256', '4')}\n{GPU}"), revision="old", state="waiting", ready=False
    )
    said = report(stand(PLAIN, pod("a", says={"limits.max_num_seqs": 128}), stuck))
    (live,) = said.live

    assert [line.setting for line in live.settings if line.differs and line.setting.startswith("limits.max_num_s")] == [
        "limits.max_num_seqs"
    ]


def test_a_clause_that_nobody_can_know_leaves_it_undecided() -> None:
    """The node could not be read, and the contract speaks of its GPU: exit code 3."""
    said = report(stand(PLAIN, pod("a", node=None)), contract("hardware: {gpu_class: H100-80GB}"))

    assert states(said) == (["undecided"], 3)
    assert "the node of chat-a could not be read" in said.findings[0].message or any(
        "the node of chat-a could not be read" in item.message for item in said.findings
    )


def test_a_workload_that_is_scaled_to_none_is_empty() -> None:
    """That is no failure of its contract."""
    assert states(report(stand(PLAIN, desired=0), contract())) == (["empty"], 0)


def test_pods_that_may_not_be_read_leave_a_contract_unknown() -> None:
    """The manifest keeps every promise, which proves nothing of what runs; the right that is missing is named."""
    said = report(stand(PLAIN, desired=2), contract(), unread=(PODS,))
    (found,) = [item for item in said.findings if item.check == "contract.unseen"]

    assert states(said) == (["undecided"], 3)
    assert found.remedy == "it needs the right: list pods in namespace prod"
    assert said.live[0].unread == (PODS,)


def test_nothing_that_could_be_read_is_an_input_that_could_not() -> None:
    """Exit code 2, with each thing that was refused."""
    witnessed = Witnessed(Scope("prod-eu", namespace="prod"), manifest().__class__(), unread=(PODS,))
    said = running.report(witnessed, Terms(promised(), surroundings.Around(), "2026-11-01"))

    assert (said.exit_code, [item.message for item in said.errors]) == (2, ["pods in namespace prod: 403 Forbidden"])


# ---- contracts ---------------------------------------------------------------------------------------------------------


def test_a_contract_may_be_written_for_any_object_above_the_pods() -> None:
    """The InferenceService that made the Deployment."""
    above = Subject("InferenceService", "llm", "prod")
    said = report(stand(PLAIN, pod("a"), chain=(above,)), contract(target="kind: InferenceService, name: llm"))

    assert [line.contract for line in said.subjects] == ["c"]


def test_a_contract_that_binds_nothing_that_runs_is_an_error() -> None:
    """A whole namespace was verified, and the contract means something of it."""
    said = report(stand(PLAIN, pod("a")), contract(target="kind: Deployment, name: gone"), named=False)
    found = {item.check: (item.verdict, item.severity) for item in said.findings}

    assert found["contract.no-target"] == ("fail", "error")


def test_a_contract_of_what_was_not_asked_for_is_not_in_play() -> None:
    """Who verifies one workload, or one namespace, does not hear of the contracts of others."""
    others = (
        contract(target="kind: Deployment, name: other"),
        contract(target="kind: '*', name: x, namespace: dev", name="d"),
    )

    assert report(stand(PLAIN, pod("a")), *others).contracts == ()
    assert [line.name for line in report(stand(PLAIN, pod("a")), *others, named=False).contracts] == ["c"]


def test_a_contract_that_may_mean_what_could_not_be_read_is_unknown() -> None:
    """A refusal proves nothing about what is there."""
    unread = Unread("statefulsets.apps", "403", "workloads", "list statefulsets.apps", kind="denied")
    said = report(stand(PLAIN, pod("a")), contract(target="kind: StatefulSet, name: x"), named=False, unread=(unread,))
    (found,) = [item for item in said.findings if item.check == "contract.no-target"]

    assert (found.verdict, said.exit_code) == ("unknown", 3)


def test_two_digests_of_one_image_are_one_image() -> None:
    """A node lists the digest of the index beside that of its platform: the replicas agree, and the promise is kept."""
    stood = stand(PLAIN, pod("a"), pod("b", digest=B))
    given = promised(contract(f"runtime: {{image_digest: '{B}'}}"))
    witnessed = Witnessed(
        Scope("prod-eu", named=True), stood.inventory, (stood.live,), said=stood.said, images=(frozenset((A, B)),)
    )
    said = running.report(witnessed, Terms(given, surroundings.Around(), "2026-11-01"))

    assert states(said) == (["verified"], 0)
    assert len(said.live[0].groups) == 1


# ---- side by side ------------------------------------------------------------------------------------------------------


def test_each_container_is_laid_side_by_side() -> None:
    """What was promised, declared and seen, and the groups of equal replicas with their nodes."""
    pods = (pod("a", node=node("n1")), pod("b", node=node("n2")), pod("c", says={"limits.max_num_seqs": 512}))
    (live,) = report(stand(PLAIN, *pods), contract()).live
    first = live.settings[0]

    assert [(group.pods, group.machines, group.ready) for group in live.groups] == [
        (("chat-a", "chat-b"), ("n1", "n2"), 2),
        (("chat-c",), ("node-1",), 1),
    ]
    assert (first.setting, first.promised, first.broken) == ("limits.max_num_seqs", "256 requests", True)
    assert first.declared is not None
    assert first.declared.value == 256
    assert [(known.value, known.authority) for known in first.groups if isinstance(known, Fact)] == [
        (256, "declared"), (512, "observed")
    ]  # fmt: skip


def test_what_differs_stands_before_what_does_not() -> None:
    """A tired person reads the first lines."""
    (live,) = report(stand(PLAIN, pod("a"), pod("b", digest=B))).live

    assert [(each.setting, each.differs) for each in live.settings[:2]] == [
        ("runtime.image_digest", True), ("model.id", False)
    ]  # fmt: skip


# ---- an engine behind a URL --------------------------------------------------------------------------------------------


def test_of_an_endpoint_only_what_it_says_is_known() -> None:
    """Its arguments are not to be seen, so that no default of its release is taken for what it runs with."""
    origin = Origin("endpoint", "GET http://x:8000/v1/models")
    seen = Answers(
        None, None, "vllm", "0.20.0", origin, facts=(Fact("limits.max_model_len", 8192, "observed", origin),)
    )
    case = endpoints.case("http://x:8000", seen, Project())
    (party,) = case.parties
    known = [
        party.case.sheet.effective(name) for name in ("limits.max_model_len", "limits.max_num_seqs", "runtime.version")
    ]

    assert [item.value if isinstance(item, Fact) else item.rule for item in known] == [8192, "endpoint", "0.20.0"]
    assert isinstance(known[1], Gap)


def test_a_contract_is_held_against_an_endpoint() -> None:
    """What it shows is kept or broken, what it does not show is unknown; nothing else is said of it."""
    origin = Origin("endpoint", "GET http://x:8000/v1/models")
    seen = Answers(
        None, None, "vllm", "0.20.0", origin, facts=(Fact("limits.max_model_len", 8192, "observed", origin),)
    )
    case = endpoints.case("http://x:8000", seen, Project())
    given = promised(contract("limits: {max_model_len: 4096, max_num_seqs: 256}"), asked=True)
    bound = Binding(given.contracts)
    witnessed = Witnessed(Scope("http://x:8000", named=True), case.inventory)
    said = running.judged([case], [bound], given, Terms(given, surroundings.Around(), "2026-11-01"), witnessed)

    assert sorted((item.setting or "", item.verdict, item.pods) for item in said.findings) == [
        ("limits.max_model_len", "fail", ()), ("limits.max_num_seqs", "unknown", ())
    ]  # fmt: skip
    assert said.live[0].state == "skewed"


def test_no_case_outlives_its_report() -> None:
    """The command line collects no cycles: what was judged of a fleet goes before its report is written."""
    gc.collect()
    before = cases_in_memory()
    gc.disable()
    try:
        for _ in range(3):
            report(stand(PLAIN, pod("a"), pod("b", digest=B)))
        disagreements.apart.cache_clear()  # remembers the last case
        assert cases_in_memory() <= before
    finally:
        gc.enable()


def cases_in_memory() -> int:
    """Cases and their sheets, those of other tests among them."""
    return sum(type(each) in (Case, Sheet) for each in gc.get_objects())
