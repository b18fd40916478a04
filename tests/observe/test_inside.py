"""What commands inside a container show: devices as their driver names them, and the commit that was loaded."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from skewguard.adapters.cluster import access
from skewguard.adapters.cluster.reach import Reach
from skewguard.language.facts import Origin, Subject
from skewguard.language.running import Answers
from skewguard.language.workloads import Container, Invocation, Token
from skewguard.observe.sources import inside
from tests.fakes.api_server import ApiServer
from tests.fakes.streaming import Ran
from tests.observe.live import made

COMMIT, OTHER = "9c925d64d72725edaf899c6cb9c377fd0709d9c5", "a" * 40
SMI = "NVIDIA H100 80GB HBM3, 81559, 570.86.15\n"
ROCM = {
    "card0": {"Card Series": "AMD Instinct MI300X OAM", "VRAM Total Memory (B)": "206141652992"},
    "system": {"Driver version": "6.10.5"},
}
WHO = Subject("Deployment", "chat", "prod", container="vllm")


def words(*texts: str) -> Container:
    """A container that starts an engine with these words."""
    origin = Origin("object", "Pod prod/chat")
    argv = tuple(Token(text, origin) for text in ("vllm", "serve", *texts))
    return Container("vllm", origin, invocations=(Invocation(argv, "exec"),))


class Cell:
    """One pod whose commands answer what a test says."""

    def __init__(self, server: ApiServer, folder: Path) -> None:
        self.server, self.folder = server, folder
        server.add(made.pod(None, "chat-0"))

    def look(self, answers: dict[str, Ran], *texts: str) -> Answers:
        """What is seen, where each program answers so and every other is not there."""

        def run(command: Sequence[str]) -> Ran:
            return answers.get(command[0], Ran(stderr=b"no such program", code=127))

        self.server.on_exec("prod", "chat-0", "vllm", run)
        with access.connect(None, self.server.kubeconfig(self.folder, namespace="prod"), deadline=10) as cluster:
            return inside.look(Reach(cluster), "prod", "chat-0", "vllm", words(*texts), WHO)


@pytest.fixture
def cell(tmp_path: Path) -> Iterator[Cell]:
    """A pod in a cluster of this process."""
    with ApiServer() as server:
        yield Cell(server, tmp_path)


def told(answers: Answers) -> dict[str, Any]:
    """The facts by setting; all of them are observed."""
    assert {fact.authority for fact in answers.facts} <= {"observed"}
    return {fact.setting: fact.value for fact in answers.facts}


def probe(**found: Any) -> dict[str, Ran]:
    """What the probe of the caches prints."""
    printed = {"cache": {}, "folders": {}, "started": 1000.0, **found}
    return {"python3": Ran(stdout=msgspec.json.encode(printed))}


def test_the_driver_names_its_devices(cell: Cell) -> None:
    """Two H100 with their memory and driver."""
    assert told(cell.look({"nvidia-smi": Ran(stdout=(SMI * 2).encode())})) == {
        "hardware.gpu_count": 2,
        "hardware.gpu_class": "H100-80GB-SXM",
        "hardware.gpu_memory": 81559 * 2**20,
        "hardware.driver_version": "570.86.15",
    }


def test_amd_devices_are_told_by_their_own_program(cell: Cell) -> None:
    """Where there is no nvidia-smi."""
    assert told(cell.look({"rocm-smi": Ran(stdout=msgspec.json.encode(ROCM))})) == {
        "hardware.gpu_count": 1,
        "hardware.gpu_class": "MI300X",
        "hardware.driver_version": "6.10.5",
    }


def test_two_classes_in_one_pod_name_no_class(cell: Cell) -> None:
    """Their number is known, and that is all."""
    mixed = SMI + "NVIDIA L4, 23034, 570.86.15\n"

    assert "hardware.gpu_class" not in told(cell.look({"nvidia-smi": Ran(stdout=mixed.encode())}))


@pytest.mark.parametrize(
    ("found", "commit"),
    [
        ({"cache": {"org/m": {"refs": {"main": [COMMIT, 900.0]}, "snapshots": [COMMIT]}}}, COMMIT),
        ({"cache": {"org/m": {"refs": {"main": [COMMIT, 99999.0]}, "snapshots": [COMMIT]}}}, None),
        ({"cache": {"org/m": {"refs": {}, "snapshots": [COMMIT, OTHER]}}}, None),
        ({"cache": {"org/other": {"refs": {}, "snapshots": [COMMIT]}}}, None),
        ({"folders": {"/mnt/models": {"commits": [COMMIT], "hashes": {}}}}, COMMIT),
        ({"folders": {"/mnt/models": {"commits": [COMMIT, OTHER], "hashes": {}}}}, None),
        ({"folders": {"/mnt/models": {"commits": ["<html>"], "hashes": {}}}}, None),
    ],
)
def test_the_commit_is_told_where_the_cache_leaves_no_doubt(
    cell: Cell, found: dict[str, Any], commit: str | None
) -> None:
    """One snapshot of the model that is served, not newer than the process; or the commit beside a folder of files."""
    assert told(cell.look(probe(**found), "--model=org/m")).get("model.revision") == commit


@pytest.mark.parametrize("printed", [b"", b"not json", b"[1, 2]", b'{"cache": null}'])
def test_what_the_probe_prints_otherwise_says_nothing(cell: Cell, printed: bytes) -> None:
    """Whatever stands under the name python3."""
    assert told(cell.look({"python3": Ran(stdout=printed)})) == {}


def test_programs_that_are_not_there_are_unread(cell: Cell) -> None:
    """An image without a shell, Python or the driver's tools: said, with what that hides."""
    seen = cell.look({})

    assert (seen.facts, {item.what for item in seen.unread}) == (
        (), {"rocm-smi in pod chat-0", "python3 in pod chat-0"}
    )  # fmt: skip


def test_without_the_right_it_is_named(cell: Cell) -> None:
    """Commands need `create pods/exec`."""
    cell.server.rights.deny(None, "pods/exec")

    assert all("pods/exec" in item.would_need for item in cell.look({}).unread)
