"""The command as a process: names, pipes, signals, full disks."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

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
