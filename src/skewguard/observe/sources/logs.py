"""What the head of a start-up log says. A log whose head has rotated away is a gap: its tail says nothing of a start."""

from collections.abc import Iterator

from skewguard.knowledge.engines import live
from skewguard.knowledge.engines.live import Heard, log_lines
from skewguard.language.facts import Origin, Subject
from skewguard.language.running import Answers, Unread
from skewguard.observe.sources import answering

HEAD_BYTES = 512 * 1024
"""Bytes of a log that are its head: a release prints some 20 KB before it takes requests, SGLang's record alone 25."""

_HIDES = (
    "runtime.dtype", "runtime.quantization", "runtime.kv_cache_dtype", "parallelism.tensor", "parallelism.pipeline",
    "limits.max_num_seqs",
)  # fmt: skip


def read(
    log: bytes,
    engine: str | None = None,
    *,
    pod: str | None = None,
    container: str | None = None,
    subject: Subject | None = None,
    observed_at: str | None = None,
) -> Answers:
    """What the first bytes of one container's log say. `engine` None: whichever engine's start it is.

    `log` begins with the first line there still is; a last line that was cut is left out.
    """
    text = log[: log.rfind(b"\n") + 1].decode("utf-8", "replace")
    ref = f"log of pod {pod}" if pod else "the log"
    found = next(_starts(text, engine), None)
    if found is None:
        why = Unread(ref, _reason(text, engine), ", ".join(_HIDES), _NEEDS, subject, "absent")
        return Answers(pod, container, unread=(why,))
    name, heard = found
    at = observed_at or answering.now()
    origin = Origin("log", ref)
    return Answers(
        pod,
        container,
        name,
        heard.version,
        origin if heard.version is not None else None,
        facts=(*answering.facts(heard.said, "log", ref, at), *answering.told(name, heard.version, origin, at)),
        unread=tuple(answering.unread(heard, ref, _HIDES, subject)),
    )


_NEEDS = "the first lines that the container printed, from wherever logs are collected; or the same pod started anew"


def _starts(text: str, engine: str | None) -> Iterator[tuple[str, Heard]]:
    lines = log_lines.head(text)
    for name in (engine,) if engine is not None else live.engines():
        module = live.of(name)
        heard = module.read_log(lines) if module is not None else None
        if heard is not None:
            yield name, heard


def _reason(text: str, engine: str | None) -> str:
    if not text.strip():
        return "it is empty: nothing was printed yet"
    module = live.of(engine) if engine is not None else None
    if engine is not None and (module is None or not module.READS_LOGS):
        return f"nothing is known of what {engine} prints at its start"
    return "no line of a start is in it: its head has rotated away, or the engine's logger prints another format"
