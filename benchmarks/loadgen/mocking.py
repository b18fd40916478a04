"""The mock whose truth is known: compiled once, started on a free port of the loopback interface, and asked."""

import hashlib
import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode

SOURCE = Path(__file__).parent / "mock" / "server.cpp"
COMPILERS = ("g++", "clang++", "c++")
PATIENCE_S = 120.0
HERE = "127.0.0.1"


class NoCompiler(Exception):
    """Nothing on this machine compiles C++17, or what does failed; the message says which, and what would help."""


class Truth(NamedTuple):
    """One request as the server saw it; moments are nanoseconds of the monotonic clock, which every process shares.

    `received` is the kernel's stamp of its arrival, `first` and `last` were taken just before the first and the last write
    of tokens (0: none). `complete`: answered to its end. `writes` are all of them, since `received`.
    """

    number: int
    connection: int
    fresh: bool
    status: int
    received: int
    first: int
    last: int
    tokens: int
    complete: bool
    writes: tuple[int, ...]


def read_truth(page: str) -> list[Truth]:
    """The page of `/mock/truth`, in the order of arrival."""
    truths = [_truth(line.split(",")) for line in page.splitlines()[1:]]
    return sorted(truths, key=lambda truth: truth.received)


def _truth(row: list[str]) -> Truth:
    number, connection, fresh, status, received, first, last, tokens, complete = map(int, row[:9])
    writes = tuple(map(int, row[9].split(";"))) if row[9] else ()
    return Truth(number, connection, fresh == 1, status, received, first, last, tokens, complete == 1, writes)


def build(cache: Path) -> Path:
    """Compile the server, unless this very source was compiled there before."""
    program = cache / f"mock-{hashlib.sha256(SOURCE.read_bytes()).hexdigest()[:16]}"
    if program.exists():
        return program
    compiler = next((found for name in COMPILERS if (found := shutil.which(name))), None)
    if compiler is None:
        raise NoCompiler(f"the mock is C++17, and there is none of {', '.join(COMPILERS)} on PATH; install one of them")
    cache.mkdir(parents=True, exist_ok=True)
    unfinished = program.with_suffix(".new")
    words = [compiler, "-O2", "-std=c++17", "-Wall", "-Wextra", str(SOURCE), "-o", str(unfinished)]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=PATIENCE_S)
    if done.returncode:
        raise NoCompiler(f"{compiler} could not compile {SOURCE.name}:\n{done.stderr[-2000:]}")
    return unfinished.rename(program)


class Mock(NamedTuple):
    """A server that runs."""

    port: int
    pid: int

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://{HERE}:{self.port}"

    def serve(self, settings: Mapping[str, float]) -> None:
        """Serve so from now on, and forget what was."""
        self._ask("POST", f"/mock/serving?{urlencode(settings)}")

    def truth(self) -> list[Truth]:
        """What it did since `serve`, once nothing is being answered any more."""
        return read_truth(self._ask("GET", "/mock/truth"))

    def state(self) -> dict[str, float]:
        """What runs, what was accepted, and CPU seconds used."""
        state: dict[str, float] = json.loads(self._ask("GET", "/mock/state"))
        return state

    def _ask(self, method: str, path: str) -> str:
        connection = HTTPConnection(HERE, self.port, timeout=PATIENCE_S)
        try:
            connection.request(method, path)
            return connection.getresponse().read().decode()
        finally:
            connection.close()


@contextmanager
def running(program: Path, core: int | None = None) -> Iterator[Mock]:
    """Serve until the block ends; on one core alone where it is named."""
    words = [str(program), *(["--core", str(core)] if core is not None else [])]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline().split()
        if not line:
            raise NoCompiler(f"the mock ended at its start with exit code {process.wait()}")
        yield Mock(int(line[1]), process.pid)
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()
