"""Where the programs of a control plane are: `KUBEBUILDER_ASSETS`, PATH, the project's cache, or built into it now."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from msgspec import Struct

from tools.control_plane import building

Say = Callable[[str], object]

NEEDED: Mapping[str, tuple[int, int]] = {
    "etcd": (3, 5),
    "kube-apiserver": (1, 31),
    "kube-controller-manager": (1, 31),
    "kube-scheduler": (1, 31),
    "kubectl": (1, 28),
    "kwok": (0, 7),
}
"""Each program, with the oldest release that will do. etcd 3.4 has no streaming lists, which the API server asks for."""

ENVTEST = Path("/usr/local/kubebuilder/bin")
"""Where controller-runtime's envtest looks when `KUBEBUILDER_ASSETS` is not set."""


class NotToBeHad(Exception):
    """There is no control plane on this machine; the message says what is missing and what would help."""


class Binaries(Struct, frozen=True):
    """One path for each program of `NEEDED`."""

    paths: Mapping[str, Path]

    def __getitem__(self, name: str) -> Path:
        return self.paths[name]


def ready(say: Say) -> Binaries:
    """The programs, built first where they are nowhere. `say` hears what a build does; raises `NotToBeHad`."""
    found = find()
    missing = NEEDED.keys() - found.keys()
    if missing:
        try:
            building.build(missing, say)
        except building.CannotBuild as why:
            raise NotToBeHad(f"no {', '.join(sorted(missing))}: {why}") from why
        found = find()
    return Binaries(found)


def find() -> dict[str, Path]:
    """What is there already, by name; of a program that is in several places the first that is new enough."""
    return {name: path for name in NEEDED if (path := _first(name)) is not None}


def _first(name: str) -> Path | None:
    built = building.bin_folder() / name
    for path in _places(name):
        if path.is_file() and os.access(path, os.X_OK) and _version(path) >= NEEDED[name]:
            return path
    return built if built.is_file() else None


def _places(name: str) -> Iterator[Path]:
    if assets := os.environ.get("KUBEBUILDER_ASSETS"):
        yield Path(assets) / name
    if on_path := shutil.which(name):
        yield Path(on_path)
    yield ENVTEST / name


def _version(path: Path) -> tuple[int, int]:
    """What a program says of itself; (0, 0) where it does not."""
    words = ["version", "--client"] if path.name == "kubectl" else ["--version"]
    try:
        said = subprocess.run([path, *words], capture_output=True, text=True, timeout=20, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return 0, 0
    number = re.search(r"\bv?(\d+)\.(\d+)\.\d", said)
    return (int(number[1]), int(number[2])) if number else (0, 0)
