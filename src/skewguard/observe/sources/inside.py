"""What commands inside a container show, with leave to run them: its GPUs as the driver sees them, and what it loaded.

Programs that are not there, and images without Python, are `Unread`. Nothing is written and nothing is changed.
Sources: nvidia-smi(1) --query-gpu; rocm-smi --showproductname; huggingface_hub: the layout of its cache
(`models--org--name/refs`, `snapshots/COMMIT`, and `.cache/huggingface/download/*.metadata` beside a local folder).
"""

from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import DecodeError, Struct, json

from skewguard.adapters.cluster.errors import ClusterError
from skewguard.adapters.cluster.reach import Reach
from skewguard.language import accelerators
from skewguard.language.facts import Fact, Origin, Subject
from skewguard.language.running import Answers, Unread
from skewguard.language.workloads import Container
from skewguard.observe.sources import answering

_SMI = ("nvidia-smi", "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader,nounits")
_ROCM = ("rocm-smi", "--showproductname", "--showdriverversion", "--showmeminfo", "vram", "--json")
_MOST_BYTES = 256 * 2**10
_SECONDS = 20.0
_MIB = 2**20

PROBE = r"""
import glob, hashlib, json, os, re, time
env = os.environ.get
root = env("HF_HUB_CACHE") or env("HUGGINGFACE_HUB_CACHE")
if not root:
    home = env("HF_HOME") or os.path.join(env("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "huggingface")
    root = os.path.join(home, "hub")
out = {"cache": {}, "folders": {}, "started": None}
try:
    boot = next(int(line.split()[1]) for line in open("/proc/stat") if line.startswith("btime"))
    ticks = int(open("/proc/1/stat").read().rpartition(")")[2].split()[19])
    out["started"] = boot + ticks / os.sysconf("SC_CLK_TCK")
except (OSError, ValueError, StopIteration, IndexError):
    pass
for repo in sorted(glob.glob(os.path.join(root, "models--*")))[:50]:
    name = os.path.basename(repo)[8:].replace("--", "/")
    refs = {}
    for path in glob.glob(os.path.join(repo, "refs", "**"), recursive=True)[:50]:
        if os.path.isfile(path):
            refs[os.path.relpath(path, os.path.join(repo, "refs"))] = [open(path).read(64).strip(), os.path.getmtime(path)]
    snapshots = [each for each in os.listdir(os.path.join(repo, "snapshots"))] if os.path.isdir(os.path.join(repo, "snapshots")) else []
    out["cache"][name] = {"refs": refs, "snapshots": snapshots[:50]}
for folder in FOLDERS:
    commits = set()
    for path in glob.glob(os.path.join(folder, ".cache/huggingface/download/**/*.metadata"), recursive=True)[:200]:
        commits.add(open(path).readline().strip()[:64])
    hashes = {}
    for name in ("config.json", "tokenizer.json", "tokenizer_config.json", "chat_template.jinja", "generation_config.json"):
        path = os.path.join(folder, name)
        if os.path.isfile(path) and os.path.getsize(path) < 1 << 26:
            hashes[name] = hashlib.sha256(open(path, "rb").read()).hexdigest()
    if commits or hashes:
        out["folders"][folder] = {"commits": sorted(commits), "hashes": hashes}
print(json.dumps(out))
"""


def look(reach: Reach, namespace: str, pod: str, container: str, box: Container, subject: Subject) -> Answers:
    """What is inside one container. Never raises for what is not there."""
    glance = _Glance(reach, namespace, pod, container, subject)
    facts = [*glance.gpus(), *glance.revisions(_folders(box), box)]
    return Answers(pod, container, facts=tuple(facts), unread=tuple(glance.unread))


def _folders(box: Container) -> list[str]:
    """The folders that the container's words name: a model that lies on a disk has its commit beside it."""
    words = [token.text for start in box.invocations for token in start.argv]
    paths = [word.partition("=")[2] if word.startswith("--") else word for word in words]
    return list(dict.fromkeys(path for path in (*paths, "/mnt/models") if path.startswith("/") and ".." not in path))[
        :8
    ]


class _Glance:
    """Commands in one container, and what could not be had."""

    def __init__(self, reach: Reach, namespace: str, pod: str, container: str, subject: Subject) -> None:
        self._reach = reach
        self._at = (namespace, pod, container)
        self._pod = pod
        self._subject = subject
        self._now = answering.now()
        self.unread: list[Unread] = []

    def gpus(self) -> Iterator[Fact]:
        """The devices as their driver names them."""
        text = self._run(_SMI, "the GPUs as the driver sees them", quiet=True)
        rows = [
            [part.strip() for part in line.split(",")] for line in (text or "").splitlines() if line.count(",") == 2
        ]
        if rows:
            yield from self._nvidia(rows)
            return
        told = self._run(_ROCM, "the GPUs as the driver sees them")
        yield from self._amd(_decoded(told))

    def _nvidia(self, rows: Sequence[Sequence[str]]) -> Iterator[Fact]:
        origin = Origin("exec", f"nvidia-smi in pod {self._pod}", text=rows[0][0])
        yield from self._device({row[0] for row in rows}, len(rows), origin)
        if rows[0][1].isdecimal():
            yield self._fact("hardware.gpu_memory", int(rows[0][1]) * _MIB, origin)
        yield self._fact("hardware.driver_version", rows[0][2], origin)

    def _amd(self, told: Any) -> Iterator[Fact]:
        cards = (
            {key: row for key, row in told.items() if key.startswith("card") and isinstance(row, dict)}
            if isinstance(told, dict)
            else {}
        )
        names = {
            str(row.get("Card Series") or row.get("Card series") or row.get("Card Model") or "")
            for row in cards.values()
        }
        if cards:
            origin = Origin("exec", f"rocm-smi in pod {self._pod}", text=", ".join(sorted(names)))
            yield from self._device(names, len(cards), origin)
            driver = told.get("system", {}).get("Driver version") if isinstance(told.get("system"), dict) else None
            if driver:
                yield self._fact("hardware.driver_version", str(driver), origin)

    def _device(self, names: set[str], count: int, origin: Origin) -> Iterator[Fact]:
        yield self._fact("hardware.gpu_count", count, origin)
        known = accelerators.find(next(iter(names))) if len(names) == 1 else None
        if known is not None:
            yield self._fact("hardware.gpu_class", known.title, origin)

    def revisions(self, folders: Sequence[str], box: Container) -> Iterator[Fact]:
        """The commits of what was loaded, as far as the cache leaves no doubt."""
        text = self._run(
            ("python3", "-c", PROBE.replace("FOLDERS", repr(list(folders)))), "the revisions of the model's files"
        )
        try:
            told = json.decode(text or "", type=_Probed)
        except DecodeError:
            return
        origin = Origin("exec", f"the model cache in pod {self._pod}")
        for commit in _commits(told, box):
            yield self._fact("model.revision", commit, origin)
            break

    def _fact(self, setting: str, value: Any, origin: Origin) -> Fact:
        return Fact(setting, value, "observed", origin, observed_at=self._now)

    def _run(self, command: Sequence[str], hides: str, *, quiet: bool = False) -> str | None:
        """What a command prints; None where it cannot be run, which is told unless another way is tried."""
        what = f"{command[0]} in pod {self._pod}"
        try:
            ran = self._reach.exec_(*self._at, command, most_bytes=_MOST_BYTES, seconds=_SECONDS)
        except ClusterError as error:
            if not quiet or error.kind == "denied":
                self.unread.append(Unread(what, error.message, hides, error.would_need, self._subject, error.kind))
            return None
        if ran.code not in (0, None) or ran.cut:
            if not quiet:
                reason = "its output is too long" if ran.cut else f"it ended with {ran.code}"
                self.unread.append(Unread(what, reason, hides, "", self._subject, "unusable"))
            return None
        return ran.stdout.decode("utf-8", "replace")


def _decoded(text: str | None) -> Any:
    try:
        return json.decode(text) if text else None
    except DecodeError:
        return None


class _Repo(Struct, frozen=True):
    """One model of the cache: its refs with the time each was written, and the commits that lie there."""

    refs: dict[str, tuple[str, float]] = {}
    snapshots: tuple[str, ...] = ()


class _Folder(Struct, frozen=True):
    """The commits that are noted beside the files of a folder."""

    commits: tuple[str, ...] = ()


class _Probed(Struct, frozen=True):
    """What the probe prints. `started`: when the container's first process began, in seconds since 1970."""

    cache: dict[str, _Repo] = {}
    folders: dict[str, _Folder] = {}
    started: float | None = None


_LATER = 600
"""Seconds after the start of the process within which its own download writes a ref."""


def _commits(told: _Probed, box: Container) -> Iterator[str]:
    """The commit of a folder beside which it stands, else the only snapshot of the model in the cache.

    A ref that was written long after the process had started may be of another pod's download: it then says nothing.
    """
    for folder in told.folders.values():
        commits = [each for each in folder.commits if _is_commit(each)]
        if len(commits) == 1 == len(folder.commits):
            yield commits[0]
    words = {part for start in box.invocations for token in start.argv for part in token.text.split("=")}
    for name, repo in told.cache.items():
        newer = [at for _, at in repo.refs.values() if told.started is not None and at > told.started + _LATER]
        if name in words and len(repo.snapshots) == 1 and _is_commit(repo.snapshots[0]) and not newer:
            yield repo.snapshots[0]


def _is_commit(text: str) -> bool:
    return len(text) == 40 and all(char in "0123456789abcdef" for char in text)
