"""The tools we are compared with, each in an environment of its own in the user's cache folder.

    python -m benchmarks.loadgen.peers [NAME …]        installs them, one after another: about 7 GB of disk, some minutes

A tool whose environment cannot be made is not measured, and the page says why. Nothing is installed twice.
"""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tools.real_engine import installing

MINUTES = 60.0
PATIENCE_S = 15 * MINUTES


class Unavailable(Exception):
    """A tool cannot be had on this machine; the message says why, and what would help."""


class Peer(NamedTuple):
    """What is installed: one pinned release, with what else has to be pinned so that it resolves small.

    `pythons` are the minor versions it runs on, the one we like best first. No requirements: see `home`.
    """

    name: str
    release: str
    requirements: tuple[str, ...] = ()
    pythons: tuple[int, ...] = (11, 12, 13)


PEERS = {
    peer.name: peer
    for peer in (
        Peer("vllm", installing.release(installing.REQUIREMENTS.read_text("utf-8"))),
        Peer("inference-perf", "0.7.0", ("inference-perf==0.7.0",), (12, 13)),
        Peer("aiperf", "0.13.0", ("aiperf==0.13.0",), (11, 12)),
        # Of the same torch that the vLLM environment has, uv's cache holds one copy for both.
        Peer("guidellm", "0.8.1", ("guidellm==0.8.1", "torch==2.13.0"), (11, 12, 13)),
    )
}


def cache() -> Path:
    """Where the environments and the compiled mock are kept."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "skewguard" / "peers"


def python_of(peer: Peer) -> Path:
    """The interpreter of its environment, which is made if it is not there. Raises `Unavailable`."""
    return home(peer) / "bin" / "python"


def home(peer: Peer) -> Path:
    """Its environment. `vllm bench serve` is part of the engine, and comes with the one that the engine tests install."""
    if not peer.requirements:
        try:
            return installing.find_or_install(installing.default_cache(), deadline=PATIENCE_S)
        except installing.Unavailable as reason:
            raise Unavailable(str(reason)) from reason
    folder = cache() / peer.name
    wanted = hashlib.sha256("\n".join(peer.requirements).encode()).hexdigest()
    ready = folder / "ready"
    if not ready.exists() or ready.read_text("ascii") != wanted:
        _install(peer, folder)
        ready.write_text(wanted, "ascii")
    return folder


def _install(peer: Peer, folder: Path) -> None:
    python = next(_interpreters(peer.pythons), None)
    if python is None:
        wanted = " or ".join(f"3.{minor}" for minor in peer.pythons)
        raise Unavailable(f"{peer.name} {peer.release} needs Python {wanted}, and there is none on PATH or in ~/.pyenv")
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    _uv("venv", "--quiet", "--python", python, str(folder))
    into = ("--python", str(folder / "bin" / "python"))
    _uv("pip", "install", "--quiet", "--compile-bytecode", *into, *peer.requirements)


def _interpreters(minors: tuple[int, ...]) -> Iterator[str]:
    """Those that run: a shim of pyenv may stand for a release that is not chosen."""
    for minor in minors:
        places = sorted(Path.home().glob(f".pyenv/versions/3.{minor}.*/bin/python3"))
        for found in (sys.executable, shutil.which(f"python3.{minor}"), *map(str, places)):
            if found and _runs(found, minor):
                yield found


def _runs(python: str, minor: int) -> bool:
    words = [python, "-c", f"import sys; sys.exit(sys.version_info[:2] != (3, {minor}))"]
    return subprocess.run(words, capture_output=True, check=False, timeout=60).returncode == 0


def _uv(*words: str) -> None:
    """uv of our own environment; it is told what scripts/bootstrap.sh tells it of mirrors and certificates."""
    uv = Path(sys.executable).parent / "uv"
    told = {"UV_PYTHON_DOWNLOADS": "never", "UV_SYSTEM_CERTS": "true"}
    for name, of_pip in (("UV_DEFAULT_INDEX", "PIP_INDEX_URL"), ("SSL_CERT_FILE", "PIP_CERT")):
        if os.environ.get(of_pip):
            told[name] = os.environ[of_pip]
    environment = {**told, **os.environ}
    try:
        subprocess.run([uv, *words], check=True, capture_output=True, text=True, timeout=PATIENCE_S, env=environment)
    except subprocess.TimeoutExpired as late:
        raise Unavailable(f"installing took longer than {PATIENCE_S / MINUTES:.0f} minutes") from late
    except subprocess.CalledProcessError as failed:
        raise Unavailable(f"uv could not install it: {failed.stderr.strip()[-400:]}") from failed


def main() -> int:
    """Install what is asked for; 1 if anything could not be."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", choices=[[], *PEERS], help=", ".join(PEERS))
    failed = 0
    for name in parser.parse_args().names or PEERS:
        try:
            print(f"{name} {PEERS[name].release}: {home(PEERS[name])}", flush=True)
        except Unavailable as reason:
            failed = 1
            print(f"{name} {PEERS[name].release}: not installed: {reason}", flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(main())
