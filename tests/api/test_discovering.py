"""`discover`: each inference workload as one row, and what is not known of it told as such."""

import pytest
from msgspec import structs

from skewguard.api import discovering, surroundings
from skewguard.api.contracts import Contracts
from skewguard.api.running import Scope, Terms, Witnessed
from skewguard.language.facts import Origin
from skewguard.language.results import InputProblem
from skewguard.language.running import Owner, Unread
from skewguard.language.verifications import Discovered, DiscoverReport
from skewguard.report import inventory
from tests.api.test_running import contract, promised, report
from tests.assess.running import B, Stood, manifest, node, pod, stand, template

PLAIN = manifest()
PODS = Unread("pods in namespace prod", "403 Forbidden", "what runs", "list pods in namespace prod", kind="denied")


def listed(*stood: Stood, with_: Contracts | None = None, unread: tuple[Unread, ...] = ()) -> DiscoverReport:
    """What `discover` says of what runs in one namespace."""
    first = stood[0]
    lives = tuple(each.live for each in stood)
    witnessed = Witnessed(Scope("prod-eu", namespace="prod"), first.inventory, lives, unread)
    return discovering.listed(witnessed, Terms(with_ or Contracts(), surroundings.Around(), "2026-11-01"))


def row(*stood: Stood, **more: object) -> Discovered:
    """The only row."""
    (found,) = listed(*stood, **more).workloads  # type: ignore[arg-type]
    return found


def test_a_workload_is_one_row_with_what_it_serves() -> None:
    """Engine, model, GPUs of all replicas with their class, and how many of them are ready."""
    found = row(stand(PLAIN, pod("a"), pod("b", ready=False)))
    assert (found.engine, found.model, found.gpu_count, found.gpu_classes) == (
        "vllm",
        "Qwen/Qwen3-8B",
        2,
        ("H100-80GB-SXM",),
    )
    assert (found.desired, found.ready, found.state, found.contract) == (2, 1, "unpromised", None)


def test_a_row_says_by_what_the_engine_was_recognised() -> None:
    """The reason stands first among the notes."""
    assert "vllm" in row(stand(PLAIN, pod("a"))).notes[0].lower()


def test_every_class_that_replicas_run_on_is_named() -> None:
    """Two replicas on two classes: both are named, and their GPUs counted together."""
    other = node("node-2", "NVIDIA-A100-SXM4-80GB")
    found = row(stand(PLAIN, pod("a"), pod("b", node=other)))
    assert (found.gpu_count, found.gpu_classes) == (2, ("H100-80GB-SXM", "A100-80GB-SXM"))


def test_a_machine_that_cannot_be_read_leaves_its_class_open() -> None:
    """No class is guessed, and the GPUs that are asked for are counted."""
    found = row(stand(PLAIN, pod("a", node=None)))
    assert (found.gpu_count, found.gpu_classes) == (1, ())


def test_a_workload_without_gpu_has_none() -> None:
    """Nothing asks for a GPU: that is not known to be 0 where no limit says so."""
    found = row(stand(manifest("args: [--model=Qwen/Qwen3-8B]"), pod("a", node=node(gpu=None))))
    assert found.gpu_count in (None, 0)


def test_gpus_of_two_classes_are_counted_each() -> None:
    """Of six GPUs, which are how many."""
    report = listed(stand(PLAIN, pod("a"), pod("b"), pod("c", node=node("n", "NVIDIA-A100-SXM4-80GB"))))

    assert inventory.table(report, wide=False).rows[0][4][0] == "2 × H100-80GB-SXM, 1 × A100-80GB-SXM"


def test_pods_that_may_not_be_read_leave_numbers_open() -> None:
    """Ready and GPUs are not known, never 0, and the right that is missing is told."""
    report = listed(stand(PLAIN, desired=2), unread=(PODS,))
    (found,) = report.workloads
    assert (found.ready, found.gpu_count, found.desired) == (None, None, 2)
    assert report.unread == (PODS,)
    assert report.exit_code == 0


def test_a_workload_scaled_to_none_has_none_ready_and_no_gpus() -> None:
    """Here 0 is what is known."""
    found = row(stand(PLAIN, desired=0))
    assert (found.ready, found.gpu_count, found.state) == (0, 0, "empty")


def test_replicas_that_leave_are_not_counted() -> None:
    """A pod that is being deleted is neither ready nor does it count for the GPUs."""
    found = row(stand(PLAIN, pod("a"), pod("b", leaving=True), desired=1))
    assert (found.ready, found.gpu_count) == (1, 1)


def test_replicas_that_serve_different_models_are_told_and_none_is_chosen() -> None:
    """A rollout that changes the model: the row names no model, and the note names both."""
    old = template("args: [--model=Qwen/Qwen3-4B]\nresources: {limits: {nvidia.com/gpu: '1'}}")
    found = row(stand(PLAIN, pod("a"), pod("b", template=old, revision="old"), revisions=("new", "old")))
    assert found.model is None
    assert "replicas differ in model.id: Qwen/Qwen3-8B, Qwen/Qwen3-4B" in found.notes


def test_the_contract_and_the_state_are_those_of_verify() -> None:
    """A promise that is kept, and one that replicas break."""
    kept = promised(contract())
    assert row(stand(PLAIN, pod("a")), with_=kept).contract == "c"
    assert row(stand(PLAIN, pod("a")), with_=kept).state == "verified"
    assert row(stand(PLAIN, pod("a"), pod("b", digest=B)), with_=kept).state == "skewed"


@pytest.mark.parametrize(
    ("stood", "terms"),
    [
        (stand(PLAIN, pod("a"), pod("b")), ()),
        (stand(PLAIN, pod("a"), pod("b", digest=B)), ()),
        (stand(PLAIN, pod("a"), pod("b", node=node("node-2", "NVIDIA-A100-SXM4-80GB"))), ()),
        (stand(PLAIN, pod("a"), pod("b", template=template("args: [--model=other/model]"))), ()),
        (stand(PLAIN, pod("a", revision="new"), pod("b", revision="old"), revisions=("new", "old")), ()),
        (stand(PLAIN), ()),
        (stand(PLAIN, pod("a")), (contract(),)),
        (stand(PLAIN, pod("a")), (contract("limits: {max_num_seqs: 8}"),)),
        (stand(PLAIN, pod("a", node=None)), (contract("hardware: {gpu_class: H100-80GB}"),)),
        (stand(PLAIN, pod("a")), (contract(name="one"), contract(name="two"))),
    ],
)
def test_the_state_is_that_of_verify_whatever_is_the_matter(stood: Stood, terms: tuple[str, ...]) -> None:
    """The checks that `discover` leaves out decide no state."""
    assert row(stood, with_=promised(*terms)).state == report(stood, *terms).live[0].state


def test_the_owner_is_what_would_redo_a_change() -> None:
    """The first of the owners, named with its namespace."""
    stood = stand(PLAIN, pod("a"))
    owner = Owner("HelmRelease", "chat", "flux", None, "label", Origin("object", "Deployment prod/chat"))
    stood = structs.replace(stood, live=structs.replace(stood.live, owners=(owner,)))
    assert row(stood).owner == "HelmRelease flux/chat"


def test_containers_without_an_engine_are_counted_and_told() -> None:
    """A web server is no row; the notes count it and say why."""
    web = manifest("image: nginx:1.27")
    report = listed(stand(web, pod("a")))
    assert report.workloads == ()
    assert report.notes[0] == "containers of other pods, which run no inference engine that is known: 1"
    assert report.notes[1].startswith("Deployment prod/chat container vllm: ")


def test_what_stands_beside_an_engine_is_told_with_its_row() -> None:
    """A proxy in the same pod is no news of the whole list: the row says what it is."""
    report = listed(
        stand(manifest(pod="initContainers: [{name: proxy, image: 'nginx:1.27', restartPolicy: Always}]"), pod("a"))
    )
    assert report.notes == ()
    assert [note for note in report.workloads[0].notes if note.startswith("container proxy: ")]


def test_nothing_that_could_be_read_is_an_error() -> None:
    """Exit code 2, with what was refused and the right that it needs."""
    witnessed = Witnessed(Scope("prod-eu", namespace="prod"), manifest().__class__(), unread=(PODS,))
    report = discovering.listed(witnessed, Terms(Contracts(), surroundings.Around(), "2026-11-01"))
    assert report.exit_code == 2
    assert report.errors[0].hint == "it needs: list pods in namespace prod"


def test_a_contract_that_cannot_be_read_is_an_error_beside_the_rows() -> None:
    """The rows are there, and the exit code is 2."""
    broken = Contracts(problems=(InputProblem("ConfigMap prod/chat key c.yaml line 3", "limits.x is no setting"),))
    report = listed(stand(PLAIN, pod("a")), with_=broken)
    assert (len(report.workloads), report.exit_code) == (1, 2)
