"""Recorded engines behind the pods of the demonstration."""

import re
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from msgspec import structs

from tools import replay
from tools.control_plane.namespaces import Namespace
from tools.demo_cluster.workloads import Behind

RECORDINGS = Path(__file__).parents[2] / "tests" / "data" / "recordings"


def serve(namespace: Namespace, behind: Behind, stack: ExitStack) -> None:
    """Put a recorded server behind each pod of a workload that runs, until the stack is closed."""
    ready = [pod["metadata"]["name"] for pod in namespace.pods(f"app={behind.app}") if _runs(pod)]
    for pod, recorded in zip(ready, behind.recordings, strict=True):
        recording = _in_a_pod(replay.read(RECORDINGS / recorded))
        served = stack.enter_context(replay.serving(recording))
        namespace.answer(str(pod), log=recording.log, forward={8000: served.port})


def _in_a_pod(recording: replay.Recording) -> replay.Recording:
    """The recorded servers listened on loopback alone, each at a port of its own; here they say what the workload says."""
    answers = {
        asked: structs.replace(answer, body=_at_8000(answer.body)) for asked, answer in recording.answers.items()
    }
    return structs.replace(recording, answers=answers, log=_at_8000(recording.log.encode()).decode())


def _at_8000(text: bytes) -> bytes:
    on_all = re.sub(rb"""(['"]host['"]: ?['"])127\.0\.0\.1\b""", rb"\g<1>0.0.0.0", text)
    return re.sub(rb"""(['"]port['"]: ?)81\d\d\b""", rb"\g<1>8000", on_all)


def _runs(pod: Mapping[str, Mapping[str, object]]) -> bool:
    return pod["status"]["phase"] == "Running"
