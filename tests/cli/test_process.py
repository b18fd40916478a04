"""The command as a process: names, pipes, signals, full disks."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tests.cli.running import BAD, GOOD, program, write


def test_module_runs_as_a_program(here: Path) -> None:
    """`python -m skewguard` with a real standard input."""
    done = subprocess.run([*program(), "check", "-"], input=BAD.encode(), capture_output=True, check=False)
    assert (1, b"") == (done.returncode, done.stderr)
    assert b"<stdin>:" in done.stdout


def test_plugin_name_is_shown_in_usage(here: Path) -> None:
    """As `kubectl-skew`, help speaks of `kubectl skew`."""
    starter = write("kubectl-skew", f"#!{sys.executable}\nfrom skewguard.cli import main\nmain()\n")
    Path(starter).chmod(0o700)
    done = subprocess.run(["./kubectl-skew", "check", "--help"], capture_output=True, text=True, check=False)
    assert (0, True) == (done.returncode, done.stdout.startswith("Usage: kubectl skew check"))
    fine = subprocess.run(["./kubectl-skew", "check", write("x.yaml", GOOD)], capture_output=True, check=False)
    assert (0, b"") == (fine.returncode, fine.stderr)


@pytest.mark.parametrize("words", [("explain", "vllm==0.11.0"), ("check", "x.yaml", "-v"), ("settings", "x.yaml")])
def test_reader_that_goes_away_is_no_error(here: Path, words: tuple[str, ...]) -> None:
    """`| head -1`: no message, and the verdict still stands."""
    write("x.yaml", BAD)
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as out:
        done = subprocess.run([*program(), *words], stdout=out, stderr=subprocess.PIPE, check=False)
    assert (1 if words[0] == "check" else 0, b"") == (done.returncode, done.stderr)


@pytest.mark.parametrize("words", [("check", "x.yaml"), ("init", "x.yaml"), ("settings", "x.yaml", "-o", "json")])
def test_full_disk_is_told(here: Path, words: tuple[str, ...]) -> None:
    """Not as a defect of the program; exit code 2."""
    write("x.yaml", GOOD)
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run([*program(), *words], stdout=full, stderr=subprocess.PIPE, check=False)
    assert (2, b"error: cannot write to standard output: No space left on device\n") == (done.returncode, done.stderr)


def test_closed_output_is_no_traceback(here: Path) -> None:
    """`>&-`: whoever closes it wants the exit code."""
    write("x.yaml", BAD)
    done = subprocess.run(
        ["sh", "-c", '"$@" >&-', "sh", *program(), "check", "x.yaml"], capture_output=True, check=False
    )
    assert (1, b"") == (done.returncode, done.stderr)


SHELL = ["sh", "-c"]


@pytest.mark.parametrize(
    ("redirection", "words", "code"),
    [
        ("2>&-", ("check", "x.yaml", "-o", "json"), 1),
        ("2>&-", ("check", "x.yaml", "gone.yaml"), 1),
        ("2>&-", ("explain", "nonsense"), 2),
        ("2>&-", ("nonsense",), 2),
        ("<&-", ("check", "-"), 2),
        ("<&- >&- 2>&-", ("check", "x.yaml"), 1),
        ("2>/dev/full", ("check", "x.yaml", "-o", "json"), 1),
        ("2>/dev/full", ("explain", "nonsense"), 2),
        ("2>/dev/full", ("nonsense",), 2),
        ("2>/dev/full", ("init", "x.yaml"), 0),
    ],
)
def test_stream_that_is_closed_or_full_changes_no_exit_code(
    here: Path, redirection: str, words: tuple[str, ...], code: int
) -> None:
    """Where nobody listens nothing can be said, and the verdict still stands."""
    write("x.yaml", BAD)
    done = subprocess.run([*SHELL, f'"$@" {redirection}', "sh", *program(), *words], capture_output=True, check=False)
    assert (code, False) == (done.returncode, b"Traceback" in done.stdout + done.stderr)


def test_result_is_not_written_into_by_messages(here: Path) -> None:
    """A file that is opened while stderr is closed must not get its number."""
    write("x.yaml", BAD)
    words = (*program(), "check", "x.yaml", "gone.yaml", "-o", "json=r.json")
    subprocess.run([*SHELL, '"$@" <&- >&- 2>&-', "sh", *words], check=False)
    assert "skewguard.dev/report/v1" == msgspec.json.decode(Path("r.json").read_bytes())["schema"]


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "utf-8"])
@pytest.mark.parametrize("form", ["table", "json"])
def test_character_set_of_the_terminal_is_no_error(here: Path, encoding: str, form: str) -> None:
    """What it lacks is shown by its number, which is how JSON writes it too."""
    write(
        "x.yaml",
        BAD.replace("name: chat\n", 'name: chat\n  labels: {a: "名前 ≥ é"}\n', 1).replace("nonsense=1", "名前=≥"),
    )
    environment = {**os.environ, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
    done = subprocess.run(
        [*program(), "check", "x.yaml", "-v", "-o", form], capture_output=True, env=environment, check=False
    )
    assert (1, False) == (done.returncode, b"Traceback" in done.stderr)
    if form == "json":
        assert msgspec.json.decode(done.stdout.decode("utf-8" if encoding == "ascii" else encoding))["findings"]


@pytest.mark.parametrize("words", [("check", "."), ("settings", "x.yaml"), ("init", "x.yaml", "--write")])
def test_working_folder_that_is_gone_is_told(here: Path, words: tuple[str, ...]) -> None:
    """Somebody removed it; exit code 2, and what to do."""
    Path("gone").mkdir()
    script = 'cd gone && rmdir ../gone && "$@"'
    done = subprocess.run([*SHELL, script, "sh", *program(), *words], capture_output=True, check=False)
    assert (2, b"") == (done.returncode, done.stdout)
    assert b"the working folder does not exist any more" in done.stderr


def _wait_until_idle(process: int) -> None:
    """Until a process has slept, and used no processor time, for half a second: it waits for something."""
    used = ""
    still = 0
    while still < 5:
        time.sleep(0.1)
        fields = Path(f"/proc/{process}/stat").read_text("utf-8").rpartition(")")[2].split()
        now = " ".join(fields[11:13])
        still = still + 1 if now == used and fields[0] == "S" else 0  # not one that is ready and gets no processor
        used = now


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Processes started here end on Ctrl-C, also where this one was started to ignore it, as `nohup` does."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_interrupt_ends_the_process_with_130(here: Path) -> None:
    """Ctrl-C while it waits for standard input."""
    process = subprocess.Popen(
        [*program(), "check", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    _wait_until_idle(process.pid)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert (130, b"", b"interrupted") == (process.returncode, out, err.strip())
