"""What commands inside a container show, with leave to run them: its GPUs as the driver sees them, and what it loaded.

Programs that are not there, and images without Python, are `Unread`. Nothing is written and nothing is changed.
Sources: nvidia-smi(1) --query-gpu; rocm-smi --showproductname; huggingface_hub: the layout of its cache
(`models--org--name/refs`, `snapshots/COMMIT`, and `.cache/huggingface/download/*.metadata` beside a local folder).
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import DecodeError, Struct, json

from skewguard.adapters.cluster.errors import ClusterError
from skewguard.adapters.cluster.reach import Reach
from skewguard.language import accelerators
from skewguard.language.facts import Fact, Origin, Subject
from skewguard.language.running import Answers, Unread
from skewguard.language.vocabulary import ARTIFACTS
from skewguard.observe.sources import answering

_SMI = ("nvidia-smi", "--query-gpu=name,memory.total,driver_version,mig.mode.current", "--format=csv,noheader,nounits")
_ROCM = ("rocm-smi", "--showproductname", "--showdriverversion", "--showmeminfo", "vram", "--json")
_MOST_BYTES = 256 * 2**10
_SECONDS = 20.0
_MIB = 2**20
_LATER_S = 600
"""Seconds after its start in which a process may still be downloading; what is newer was fetched for another one."""

PROBE = r"""
import glob, hashlib, json, os
env = os.environ.get
root = env("HF_HUB_CACHE") or env("HUGGINGFACE_HUB_CACHE")
if not root:
    home = env("HF_HOME") or os.path.join(env("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "huggingface")
    root = os.path.join(home, "hub")
out = {"started": None, "refs": {}, "snapshots": [], "commits": [], "files": {}}
try:
    boot = next(int(line.split()[1]) for line in open("/proc/stat") if line.startswith("btime"))
    ticks = int(open("/proc/1/stat").read().rpartition(")")[2].split()[19])
    out["started"] = boot + ticks / os.sysconf("SC_CLK_TCK")
except (OSError, ValueError, StopIteration, IndexError):
    pass
repo = os.path.join(root, "models--" + MODEL.replace("/", "--"))
for path in glob.glob(os.path.join(glob.escape(repo), "refs", "**"), recursive=True)[:50]:
    if os.path.isfile(path):
        out["refs"][os.path.relpath(path, os.path.join(repo, "refs"))] = os.path.getmtime(path)
if os.path.isdir(os.path.join(repo, "snapshots")):
    out["snapshots"] = os.listdir(os.path.join(repo, "snapshots"))[:50]
commits = set()
for path in glob.glob(os.path.join(glob.escape(MODEL), ".cache/huggingface/download/**/*.metadata"), recursive=True)[:200]:
    commits.add(open(path).readline().strip()[:64])
out["commits"] = sorted(commits)
only = os.path.join(repo, "snapshots", out["snapshots"][0]) if len(out["snapshots"]) == 1 else None
folder = MODEL if os.path.isdir(MODEL) else only
for name in FILES if folder else ():
    path = os.path.join(folder, name)
    if os.path.isfile(path) and os.path.getsize(path) < 1 << 27:
        out["files"][name] = [hashlib.sha256(open(path, "rb").read()).hexdigest(), os.path.getmtime(path)]
print(json.dumps(out))
"""
"""Run with the model's id or folder as `MODEL`, and `FILES`. It reads names and times, the commit that files are of, and
hashes of the small files that decide how text becomes tokens and answers begin.
"""
_OF_MODEL = ("config.json", "generation_config.json")
_OF_TOKENIZER = ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja", "chat_template.json")


def look(
    reach: Reach, namespace: str, pod: str, container: str, model: str | None, tokenizer: str | None, subject: Subject
) -> Answers:
    """What is inside one container. `model` and `tokenizer` are the ids or folders that it serves, None where not known.

    Never raises for what is not there.
    """
    glance = _Glance(reach, namespace, pod, container, subject)
    facts = [*glance.gpus(), *glance.artifacts(model, tokenizer)]
    return Answers(pod, container, facts=tuple(facts), unread=tuple(glance.unread))


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
        missed: list[Unread] = []
        for command, read in ((_SMI, self._nvidia), (_ROCM, self._amd)):
            told = self._run(command, "the GPUs as the driver sees them")
            if isinstance(told, str):
                if facts := list(read(told)):
                    yield from facts
                    return
                told = self._lost(command, "it names no GPU", "the GPUs as the driver sees them")
            missed.append(told)
        # A program that an image does not have says less than one that is there and fails.
        self.unread.append(next((each for each in missed if each.kind != "refused"), missed[0]))

    def _nvidia(self, text: str) -> Iterator[Fact]:
        rows = [[part.strip() for part in line.split(",")] for line in text.splitlines() if line.count(",") == 3]
        if not rows:
            return
        names, sizes, drivers, partitioned = ({row[column] for row in rows} for column in range(4))
        origin = Origin("exec", f"nvidia-smi in pod {self._pod}", text=", ".join(sorted(names)))
        if "Enabled" not in partitioned:  # else it names the whole GPU, of which the container has a part
            yield from self._devices(names, len(rows), origin)
            if len(sizes) == 1 and (size := next(iter(sizes))).isdecimal():
                yield self._fact("hardware.gpu_memory", int(size) * _MIB, origin)
        if len(drivers) == 1:
            yield self._fact("hardware.driver_version", next(iter(drivers)), origin)

    def _amd(self, text: str) -> Iterator[Fact]:
        told = _decoded(text)
        cards = [row for key, row in told.items() if key.startswith("card") and isinstance(row, dict)]
        if not cards:
            return
        names = {str(next((row[key] for key in _AMD_NAMES if row.get(key)), "")) for row in cards}
        origin = Origin("exec", f"rocm-smi in pod {self._pod}", text=", ".join(sorted(names)))
        yield from self._devices(names, len(cards), origin)
        system = told.get("system")
        driver = system.get("Driver version") if isinstance(system, dict) else None
        if driver:
            yield self._fact("hardware.driver_version", str(driver), origin)

    def _devices(self, names: set[str], count: int, origin: Origin) -> Iterator[Fact]:
        yield self._fact("hardware.gpu_count", count, origin)
        known = accelerators.find(next(iter(names))) if len(names) == 1 else None
        if known is not None:
            yield self._fact("hardware.gpu_class", known.title, origin)

    def artifacts(self, model: str | None, tokenizer: str | None) -> Iterator[Fact]:
        """The commits of the model and tokenizer that were loaded, and their files, as far as nothing is in doubt."""
        if model is None:
            self.unread.append(self._lost(("python3",), "which model is served is not known", "model.revision"))
        elif model == tokenizer:
            yield from self._of(model, ("model.revision", "tokenizer.revision"), (*_OF_MODEL, *_OF_TOKENIZER))
        else:
            yield from self._of(model, ("model.revision",), _OF_MODEL)
        if tokenizer not in (None, model):
            yield from self._of(tokenizer or "", ("tokenizer.revision",), _OF_TOKENIZER)

    def _of(self, name: str, revisions: Sequence[str], files: Sequence[str]) -> Iterator[Fact]:
        """What lies in one folder, or in the cache under one name."""
        hides = ", ".join(revisions)
        script = PROBE.replace("MODEL", repr(name)).replace("FILES", repr(tuple(files)))
        printed = self._run(("python3", "-I", "-c", script), hides)
        if isinstance(printed, Unread):
            self.unread.append(printed)
            return
        told = _probed(printed)
        commit = _commit(told)
        if commit is None:
            reason = f"nothing in its model cache, or beside its files, leaves no doubt of which commit {name} is"
            self.unread.append(self._lost(("python3",), reason, hides))
        for setting in revisions if commit is not None else ():
            yield self._fact(setting, commit, Origin("exec", f"the model cache in pod {self._pod}"))
        for file, (digest, at) in told.files.items():
            if file in files and told.started is not None and at <= told.started + _LATER_S:
                origin = Origin("exec", f"{file} of {name} in pod {self._pod}")
                yield self._fact(f"{ARTIFACTS}{file}", f"sha256:{digest}", origin)

    def _fact(self, setting: str, value: Any, origin: Origin) -> Fact:
        return Fact(setting, value, "observed", origin, observed_at=self._now)

    def _run(self, command: Sequence[str], hides: str) -> str | Unread:
        """What a command prints, or why that cannot be had."""
        try:
            ran = self._reach.exec_(*self._at, command, most_bytes=_MOST_BYTES, seconds=_SECONDS)
        except ClusterError as error:
            what = f"{command[0]} in pod {self._pod}"
            return Unread(what, error.message, hides, error.would_need, self._subject, error.kind)
        if ran.code == 0:
            return ran.stdout.decode("utf-8", "replace")
        broken = "its output is too long" if ran.cut else "its connection ended before it did"
        return self._lost(command, broken if ran.code is None else f"it ended with exit code {ran.code}", hides)

    def _lost(self, command: Sequence[str], reason: str, hides: str) -> Unread:
        return Unread(f"{command[0]} in pod {self._pod}", reason, hides, "", self._subject, "unusable")


_AMD_NAMES = ("Card Series", "Card series", "Card Model")


def _decoded(text: str) -> dict[str, Any]:
    """The object that was printed; an empty one where there is none."""
    try:
        found = json.decode(text)
    except (DecodeError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


class _Probed(Struct, frozen=True):
    """What the probe prints. `started`: when the container's first process began, in seconds since 1970, as are the times
    at which the refs were written. `files` are hashes (hex) with the time of each file's last change. `commits` stand beside the files of a folder, `snapshots` in the cache.
    """

    started: float | None = None
    refs: dict[str, float] = {}
    snapshots: tuple[str, ...] = ()
    commits: tuple[str, ...] = ()
    files: dict[str, tuple[str, float]] = {}


def _probed(printed: str) -> _Probed:
    """What the probe printed; nothing, where it is of another form."""
    try:
        return json.decode(printed, type=_Probed)
    except (DecodeError, RecursionError):
        return _Probed()


def _commit(told: _Probed) -> str | None:
    """The commit that stands beside the model's files, else the only snapshot of it in the cache.

    A ref that was written long after the process had started is of another pod's download: it then says nothing.
    """
    newer = told.started is None or any(at > told.started + _LATER_S for at in told.refs.values())
    found = told.commits or (() if newer else told.snapshots)
    return found[0] if len(found) == 1 and re.fullmatch("[0-9a-f]{40}", found[0]) else None
