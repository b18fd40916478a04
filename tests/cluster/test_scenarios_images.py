"""What was validated against what was pulled: clean fleets, tags that moved, runtimes that name no digest."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from skewguard.language.results import CheckReport
from tests.cli.running import program
from tests.cluster import scenes
from tests.cluster.scenes import DIGEST, MOVED, alarms, beside, chat, found, verify
from tools.control_plane.namespaces import Namespace
from tools.control_plane.plane import Plane

PROMISES = f"""
model: {{id: Qwen/Qwen3-8B, revision: {scenes.REVISION}}}
runtime: {{engine: vllm, version: "==0.11.0", image_digest: "{DIGEST}"}}
limits: {{max_model_len: 32768}}
hardware: {{gpu_class: H100-80GB, gpu_count: 1}}
"""
CONFIG_ID, OTHER_ID = "ab" * 32, "cd" * 32


@pytest.fixture(scope="module")
def fleet(control_plane: Plane) -> Iterator[Namespace]:
    """Workloads that differ in what their nodes report of the image alone."""
    with control_plane.namespace() as namespace:
        namespace.gpu_node("h100", count=64)
        crio = {scenes.IMAGE_ID: CONFIG_ID}
        namespace.apply(
            chat("clean", replicas=2, container=scenes.WHOLE, terminationGracePeriodSeconds=1800),
            chat("moved", replicas=3),
            chat("crio", replicas=2, pod_annotations=crio),
            chat("crio-apart", replicas=2, pod_annotations=crio),
        )
        for name in ("clean", "moved", "crio", "crio-apart"):
            namespace.wait_ready(f"deployment/{name}")
        namespace.set_image_id(scenes.pods(namespace, "moved")[1], f"mirror.corp/vllm@{MOVED}")
        namespace.set_image_id(scenes.pods(namespace, "crio-apart")[0], OTHER_ID)
        yield namespace


def held(plane: Plane, fleet: Namespace, folder: Path, name: str) -> CheckReport:
    """What `verify` says of one of them under its contract."""
    written = scenes.contract(folder / "contract.yaml", f"Deployment/{name}", PROMISES)
    return verify(plane, fleet, f"deploy/{name}", contracts=(written,))


def test_clean(control_plane: Plane, fleet: Namespace, tmp_path: Path) -> None:
    """Every replica keeps every promise: nothing is found, and each clause was seen to be kept."""
    report = held(control_plane, fleet, tmp_path, "clean")
    assert (alarms(report), report.exit_code) == (set(), 0)
    assert [(each.check, each.message) for each in report.findings] == []
    one = beside(report)
    assert (one.state, one.contract, one.desired) == ("verified", "clean", 2)
    assert [len(group.pods) for group in one.groups] == [2]
    assert not [each.setting for each in one.settings if each.differs or each.broken]


def test_clean_from_the_command_line(control_plane: Plane, fleet: Namespace, tmp_path: Path) -> None:
    """The process ends with 0; its document holds no finding, and its words on the terminal name none."""
    written = scenes.contract(tmp_path / "contract.yaml", "Deployment/clean", PROMISES)
    words = [
        *program(), "verify", "deploy/clean", "-n", fleet.name, "--kubeconfig", str(control_plane.kubeconfig),
        "--depth", "api", "--contract", written, "-o", "json", "-o", f"table={tmp_path / 'table'}",
    ]  # fmt: skip
    ran = subprocess.run(words, capture_output=True, timeout=60, check=False)
    document = msgspec.json.decode(ran.stdout)
    assert (ran.returncode, document["exit_code"], document["findings"]) == (0, 0, [])
    assert "clean" in (tmp_path / "table").read_text("utf-8")


def test_skew_from_the_command_line(control_plane: Plane, fleet: Namespace, tmp_path: Path) -> None:
    """The process ends with 1, and its words on the terminal name the pod and both digests."""
    written = scenes.contract(tmp_path / "contract.yaml", "Deployment/moved", PROMISES)
    words = [
        *program(), "verify", "deploy/moved", "-n", fleet.name, "--kubeconfig", str(control_plane.kubeconfig),
        "--depth", "api", "--contract", written,
    ]  # fmt: skip
    ran = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 1
    assert scenes.pods(fleet, "moved")[1] in ran.stdout
    assert DIGEST[:15] in ran.stdout
    assert MOVED[:15] in ran.stdout


def test_one_replica_on_another_digest(control_plane: Plane, fleet: Namespace, tmp_path: Path) -> None:
    """The tag moved before one machine pulled it: that pod is named, and the others are not."""
    report = held(control_plane, fleet, tmp_path, "moved")
    broken = found(report, "contract.mismatch")
    assert alarms(report) == {"contract.mismatch"}
    assert (broken.setting, broken.severity) == ("runtime.image_digest", "error")
    assert broken.pods == (scenes.pods(fleet, "moved")[1],)
    assert (beside(report).state, report.exit_code) == ("skewed", 1)


def test_one_replica_on_another_digest_without_a_contract(control_plane: Plane, fleet: Namespace) -> None:
    """Nothing was promised: that the replicas differ is told all the same."""
    report = verify(control_plane, fleet, "deploy/moved")
    assert alarms(report) == {"pin.replicas-image"}
    assert found(report, "pin.replicas-image").pods == (scenes.pods(fleet, "moved")[1],)


def test_an_index_and_its_manifest(control_plane: Plane, namespace: Namespace, tmp_path: Path) -> None:
    """One replica reports the digest of an image's index and one that of its manifest; the node lists both as one image."""
    node = namespace.gpu_node("h100")
    names = [f"{scenes.REPOSITORY}@{DIGEST}", f"{scenes.REPOSITORY}@{MOVED}"]
    namespace.client.patch(f"/api/v1/nodes/{node}/status", {"status": {"images": [{"names": names, "sizeBytes": 1}]}})
    namespace.apply(chat("chat", replicas=2))
    namespace.wait_ready("deployment/chat")
    namespace.set_image_id(scenes.pods(namespace, "chat")[0], names[1])
    report = held(control_plane, namespace, tmp_path, "chat")
    assert (alarms(report), report.exit_code, beside(report).state) == (set(), 0, "verified")


def test_config_ids_that_are_equal(control_plane: Plane, fleet: Namespace) -> None:
    """CRI-O reports the digest of the image's config: equal ones are one image, and nothing is told."""
    report = verify(control_plane, fleet, "deploy/crio")
    assert (alarms(report), report.exit_code) == (set(), 0)


def test_config_ids_against_a_promised_digest(control_plane: Plane, fleet: Namespace, tmp_path: Path) -> None:
    """They are digests of something else: whether the promise is kept is not known, and it is not called broken."""
    report = held(control_plane, fleet, tmp_path, "crio")
    (told,) = [each for each in report.findings if each.verdict != "pass" and each.severity != "note"]
    assert (told.verdict, told.setting) == ("unknown", "runtime.image_digest")
    assert (beside(report).state, report.exit_code) == ("undecided", 3)


def test_config_ids_that_differ(control_plane: Plane, fleet: Namespace) -> None:
    """Two configs are two images for certain."""
    report = verify(control_plane, fleet, "deploy/crio-apart")
    assert alarms(report) == {"pin.replicas-image"}


# ---- contracts that the cluster keeps, and two clusters ----------------------------------------------------------------


def test_a_contract_that_a_config_map_keeps(control_plane: Plane, fleet: Namespace) -> None:
    """Without `--contract` the one of the namespace's labelled ConfigMap binds, and it is broken by one pod."""
    text = scenes.contract_text("Deployment/moved", PROMISES)
    held = {"metadata": {"labels": {"skewguard.dev/holds": "contract"}}, "data": {"contract.yaml": text}}
    fleet.apply(scenes.config_map("promised", **held))
    report = verify(control_plane, fleet, "deploy/moved")
    assert alarms(report) == {"contract.mismatch"}
    assert [line.name for line in report.contracts] == ["moved"]
    assert "promised" in str(report.contracts[0].origin)
    assert report.exit_code == 1
