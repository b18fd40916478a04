"""What is read with commands in a container: by a fake API server, whose containers run the probe on this machine."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from skewguard.adapters.cluster import access
from skewguard.adapters.cluster.reach import Reach
from skewguard.language.facts import Subject
from skewguard.language.running import Answers
from skewguard.observe.sources import inside
from tests.fakes.api_server import ApiServer
from tests.fakes.streaming import Ran
from tests.observe.live import made

COMMIT, OTHER = "9c925d64d72725edaf899c6cb9c377fd0709d9c5", "e985a63cdc139290c5f700ff1929f0b5942cced2"
MODEL = "Qwen/Qwen3-8B"
H100 = "NVIDIA H100 80GB HBM3, 81559, 550.54.15, Disabled\n"
MI300 = (
    '{"card0": {"Card Series": "AMD Instinct MI300X OAM"}, "card1": {"Card Series": "AMD Instinct MI300X OAM"}, '
    '"system": {"Driver version": "6.10.5"}}'
)
NOT_THERE = Ran(code=127)


@pytest.fixture
def server() -> Iterator[ApiServer]:
    """A cluster with one pod."""
    with ApiServer() as running:
        running.add(made.pod(made.replica_set(made.deployment("chat")), "chat-0"))
        yield running


def looked(
    server: ApiServer,
    tmp_path: Path,
    programs: dict[str, Ran],
    model: str | None = MODEL,
    tokenizer: str | None = None,
) -> Answers:
    """What is seen in a container with these programs; its Python runs here, with an empty home or the given one."""
    home = {"HF_HOME": str(tmp_path / "hf"), "PATH": os.environ["PATH"]}

    def run(words: list[str]) -> Ran:
        if words[0] in programs:
            return programs[words[0]]
        if words[0] != "python3":
            return NOT_THERE
        done = subprocess.run([sys.executable, *words[1:]], env=home, capture_output=True, check=False)
        return Ran(done.stdout, done.stderr, done.returncode)

    server.on_exec("prod", "chat-0", "vllm", run)
    with access.connect(kubeconfig=server.kubeconfig(tmp_path, namespace="prod"), deadline=60) as cluster:
        return inside.look(Reach(cluster), "prod", "chat-0", "vllm", model, tokenizer, Subject("Pod", "chat-0"))


def told(answers: Answers) -> dict[str, object]:
    """Every setting with its value."""
    return {fact.setting: fact.value for fact in answers.facts}


def cached(tmp_path: Path, *commits: str, fetched: float = 0.0) -> None:
    """A cache of the Hub that holds the model at these commits; its ref was written at `fetched` (seconds since 1970)."""
    repo = tmp_path / "hf" / "hub" / "models--Qwen--Qwen3-8B"
    for commit in commits:
        (repo / "snapshots" / commit).mkdir(parents=True)
    (repo / "refs").mkdir()
    ref = repo / "refs" / "main"
    ref.write_text(commits[0])
    os.utime(ref, (fetched, fetched))


def test_gpus_are_what_their_driver_names(server: ApiServer, tmp_path: Path) -> None:
    """Two GPUs of one kind."""
    found = told(looked(server, tmp_path, {"nvidia-smi": Ran(H100.encode() * 2)}))
    assert found == {
        "hardware.gpu_count": 2,
        "hardware.gpu_class": "H100-80GB-SXM",
        "hardware.gpu_memory": 81559 * 2**20,
        "hardware.driver_version": "550.54.15",
    }


def test_a_part_of_a_gpu_is_not_the_whole(server: ApiServer, tmp_path: Path) -> None:
    """Under MIG the driver names the whole GPU, of which the container has a part."""
    found = told(looked(server, tmp_path, {"nvidia-smi": Ran(H100.replace("Disabled", "Enabled").encode())}))
    assert found == {"hardware.driver_version": "550.54.15"}


def test_gpus_of_several_sizes_have_no_size(server: ApiServer, tmp_path: Path) -> None:
    """The first one is not all of them."""
    rows = H100 + "NVIDIA L4, 23034, 550.54.15, [N/A]\n"
    found = told(looked(server, tmp_path, {"nvidia-smi": Ran(rows.encode())}))
    assert found == {"hardware.gpu_count": 2, "hardware.driver_version": "550.54.15"}


def test_gpus_of_amd_are_asked_for_with_their_own_program(server: ApiServer, tmp_path: Path) -> None:
    """Where there is no nvidia-smi."""
    answers = looked(server, tmp_path, {"rocm-smi": Ran(MI300.encode())})
    assert told(answers)["hardware.gpu_count"] == 2
    assert told(answers)["hardware.driver_version"] == "6.10.5"
    assert [each.hides for each in answers.unread] == ["model.revision"]


@pytest.mark.parametrize(
    ("programs", "reason"),
    [
        ({}, "ended with exit code 127"),
        ({"nvidia-smi": Ran(b"No devices were found\n")}, "names no GPU"),
        ({"nvidia-smi": Ran(H100.encode(), code=None)}, "its connection ended"),
        ({"nvidia-smi": Ran(b"Failed to initialize NVML\n", code=255)}, "ended with exit code 255"),
        ({"nvidia-smi": Ran(H100.encode() * 10_000)}, "its output is too long"),
    ],
    ids=["no program", "no device", "cut off", "a broken driver", "endless"],
)
def test_gpus_that_cannot_be_seen_are_said_once(
    server: ApiServer, tmp_path: Path, programs: dict[str, Ran], reason: str
) -> None:
    """No GPU is counted that was not seen, and the reason is the first program's."""
    answers = looked(server, tmp_path, programs)
    (unread,) = [each for each in answers.unread if "GPU" in each.hides]
    assert reason in unread.reason
    assert unread.what == "nvidia-smi in pod chat-0"
    assert not [name for name in told(answers) if name.startswith("hardware.")]


def test_the_only_snapshot_of_the_model_is_its_revision(server: ApiServer, tmp_path: Path) -> None:
    """The cache holds one commit of it, from before the process started."""
    cached(tmp_path, COMMIT)
    assert told(looked(server, tmp_path, {}, tokenizer=MODEL)) == {
        "model.revision": COMMIT,
        "tokenizer.revision": COMMIT,
    }


def test_a_folder_s_revision_stands_beside_its_files(server: ApiServer, tmp_path: Path) -> None:
    """As `hf download --local-dir` notes it, whatever signs are in the path."""
    folder = tmp_path / "models [v1]"
    notes = folder / ".cache" / "huggingface" / "download"
    notes.mkdir(parents=True)
    (notes / "config.json.metadata").write_text(f"{COMMIT}\netag\n0.0\n")
    assert told(looked(server, tmp_path, {}, model=str(folder))) == {"model.revision": COMMIT}


@pytest.mark.parametrize(
    ("commits", "fetched", "model"),
    [
        ((COMMIT, OTHER), 0.0, MODEL),
        ((COMMIT,), 4e9, MODEL),
        ((COMMIT,), 0.0, "org/tokenizer"),
        ((COMMIT,), 0.0, "x'); print('{}"),
        ((COMMIT,), 0.0, None),
    ],
    ids=["two snapshots", "fetched after the start", "another repository", "no name of a model", "unknown model"],
)
def test_a_revision_in_doubt_is_said_to_be_so(
    server: ApiServer, tmp_path: Path, commits: tuple[str, ...], fetched: float, model: str | None
) -> None:
    """Another commit may have been loaded, or it is another model's: none is told, and that is."""
    cached(tmp_path, *commits, fetched=fetched)
    answers = looked(server, tmp_path, {}, model=model)
    assert "model.revision" not in told(answers)
    assert [each.what for each in answers.unread if each.hides == "model.revision"] == ["python3 in pod chat-0"]


@pytest.mark.parametrize("printed", [b"", b"not json", b"[1, 2]", b'{"refs": null}', b'{"commits": ["<html>"]}'])
def test_what_the_probe_prints_otherwise_says_nothing(server: ApiServer, tmp_path: Path, printed: bytes) -> None:
    """Whatever stands under the name python3."""
    answers = looked(server, tmp_path, {"python3": Ran(printed), "nvidia-smi": Ran(H100.encode())})
    assert "model.revision" not in told(answers)
    assert [each.hides for each in answers.unread] == ["model.revision"]


def test_without_the_right_it_is_named(server: ApiServer, tmp_path: Path) -> None:
    """Commands need `create pods/exec`."""
    server.rights.deny(None, "pods/exec")
    unread = looked(server, tmp_path, {}).unread
    assert {each.hides for each in unread} == {"the GPUs as the driver sees them", "model.revision"}
    assert all("pods/exec" in each.would_need for each in unread)


def test_files_of_the_model_are_known_by_their_hashes(server: ApiServer, tmp_path: Path) -> None:
    """Two replicas whose chat templates differ are then seen to differ; what changed after the start was not loaded."""
    folder = tmp_path / "model"
    folder.mkdir()
    for name in ("config.json", "tokenizer.json", "chat_template.jinja"):
        (folder / name).write_text(name)
        os.utime(folder / name, (0, 0))
    (folder / "tokenizer_config.json").write_text("{}")
    os.utime(folder / "tokenizer_config.json", (4e9, 4e9))
    found = told(looked(server, tmp_path, {}, model=str(folder), tokenizer=str(folder)))

    assert found == {
        f"artifact.{name}": f"sha256:{hashlib.sha256(name.encode()).hexdigest()}"
        for name in ("config.json", "tokenizer.json", "chat_template.jinja")
    }


def test_a_tokenizer_of_its_own_has_its_own_files(server: ApiServer, tmp_path: Path) -> None:
    """Those beside the model are not what is loaded."""
    cached(tmp_path, COMMIT)
    folder = tmp_path / "tokenizer"
    folder.mkdir()
    snapshot = tmp_path / "hf" / "hub" / "models--Qwen--Qwen3-8B" / "snapshots" / COMMIT
    for path in (folder / "tokenizer.json", snapshot / "tokenizer.json"):
        path.write_text(str(path.parent))
        os.utime(path, (0, 0))
    found = told(looked(server, tmp_path, {}, tokenizer=str(folder)))

    assert found == {
        "model.revision": COMMIT,
        "artifact.tokenizer.json": f"sha256:{hashlib.sha256(str(folder).encode()).hexdigest()}",
    }
