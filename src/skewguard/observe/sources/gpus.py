"""Looks at GPUs beside a run: an exporter's page, or with leave a command in a container. `sampling` does it on a beat."""

from collections.abc import Collection, Sequence
from time import time

from skewguard.adapters.cluster.deadlines import Deadline
from skewguard.adapters.cluster.errors import ClusterError, Kind
from skewguard.adapters.cluster.reach import Reach
from skewguard.adapters.endpoints import NoAnswer, Question, Way
from skewguard.knowledge.engines.live import devices
from skewguard.knowledge.engines.live.devices import Used
from skewguard.language.baselines import Devices
from skewguard.language.facts import Origin, OriginKind
from skewguard.language.running import Unread
from skewguard.observe.sources import asking
from skewguard.observe.sources.sampling import Probe

HIDES = "gpu_utilization, gpu_memory_used"
_SECONDS = 10.0
_MOST_BYTES = 2**20


def exporter(way: Way, *, namespace: str | None = None, pods: Collection[str] | None = None) -> Probe:
    """Reads a page of dcgm-exporter. `pods` None: every GPU of its node counts."""
    question = Question(devices.PATH)

    def look() -> Devices | Unread:
        place = way.shown(question)
        try:
            page = asking.page(way.ask(question, Deadline.after(_SECONDS)))
        except NoAnswer as error:
            return _lost(place, str(error), error.would_need, error.kind)
        if isinstance(page, NoAnswer):
            return _lost(place, str(page))
        return _told(devices.dcgm(page, namespace, pods), "endpoint", place, _WITHOUT)

    return look


_WITHOUT = "it shows no GPU of these pods (dcgm-exporter names pods with DCGM_EXPORTER_KUBERNETES=true alone)"


def command(reach: Reach, namespace: str, pod: str, container: str) -> Probe:
    """Runs nvidia-smi, or where there is none rocm-smi, in a container."""
    known = [(devices.NVIDIA, devices.nvidia_smi), (devices.AMD, devices.rocm_smi)]

    def look() -> Devices | Unread:
        missed: list[Unread] = []
        for words, read in list(known):
            place = f"{words[0]} in pod {pod}"
            told = _run(reach, (namespace, pod, container), words, place)
            if isinstance(told, str):
                found = _told(read(told), "exec", place, "it names no GPU")
                if isinstance(found, Devices):
                    known[:] = [(words, read)]
                    return found
                told = found
            missed.append(told)
        # A program that an image does not have says less than one that is there and fails.
        return next((each for each in missed if each.kind != "refused"), missed[0])

    return look


def _run(reach: Reach, at: tuple[str, str, str], words: Sequence[str], place: str) -> str | Unread:
    try:
        ran = reach.exec_(*at, words, most_bytes=_MOST_BYTES, seconds=_SECONDS)
    except ClusterError as error:
        return _lost(place, error.message, error.would_need, error.kind)
    if ran.code != 0:
        return _lost(place, f"it ended with exit code {ran.code}", kind="refused")
    return ran.stdout.decode("utf-8", "replace")


def _told(used: Used, kind: OriginKind, place: str, nothing: str) -> Devices | Unread:
    if used.empty:
        return _lost(place, nothing)
    return Devices(time(), Origin(kind, place), used.utilization, used.memory_used)


def _lost(place: str, reason: str, needs: str = "", kind: Kind = "unusable") -> Unread:
    return Unread(place, reason, HIDES, needs, kind=kind)
