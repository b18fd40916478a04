"""Recordings whose numbers are known, made of rows by a formula, as `record` would have kept them."""

import math
from pathlib import Path
from typing import Any

from msgspec import structs

from skewguard.api import keeping, measuring
from skewguard.knowledge.project import Project
from skewguard.language.baselines import Baseline, Instrument, Run, Samples
from skewguard.language.explanations import Tables
from skewguard.language.facts import Located, Origin, Subject
from skewguard.language.loads import Load, Prompts, Spread

CHAT = Subject("Deployment", "chat", "prod", "vllm", cluster="eu")
LOAD = Load(
    "constant", Prompts("synthetic", Spread(512, 512, 512), Spread(64, 64, 64), digest="d"), rate=10.0, duration=60.0
)
QUIET = Instrument("kernel", 0.0001, 0.0001, 0.0, 0.1, 0.1, 8)


def rows(slower: float = 1.0, number: int = 600) -> Samples:
    """Ten requests a second, each with a first token after about 50 ms and 63 more, 10 ms apart."""
    made = Samples()
    for index in range(number):
        wave = math.sin(index * 2.399)
        sent = index / 10
        first, tpot = sent + (0.05 + 0.002 * wave) * slower, (0.01 + 0.0002 * wave) * slower
        made.intended.append(sent)
        made.sent.append(sent)
        made.first.append(first)
        made.last.append(first + 63 * tpot)
        made.gap_counts.append(63)
        made.gaps.extend([tpot] * 63)
    for name, value in (
        ("prompt_tokens", 512), ("output_tokens", 64), ("first_tokens", 1), ("chunks", 64), ("status", 200), ("failure", ""),
        ("censored", False), ("fresh", False), ("phase", 1), ("last_censored", False),
    ):  # fmt: skip
        getattr(made, name).extend([value] * number)
    return made


def baseline(slower: float = 1.0, at: str = "2026-11-28T10:00:00+00:00", **more: Any) -> Baseline:
    """A valid recording of `chat`; `more` are fields that are others."""
    samples = rows(slower)
    bound = Baseline(CHAT, at, 0.0, "load", LOAD, replicas=2, gpus=2, inputs_digest="inp1:a", model="m", engine="vllm")
    run = Run(LOAD, at, 61.0, samples, QUIET, (0.0, 60.0), model="m")
    made = measuring.of_run(bound, run)
    assert made.valid, made.invalid_because
    return structs.replace(made, **more)


def invalid(**more: Any) -> Baseline:
    """One whose client was the bottleneck."""
    return baseline(**{"valid": False, "invalid_because": ("the client was late",), **more})


def keep(store: Path, *every: Baseline) -> list[str]:
    """Keep them in a store, the first one first; their ids."""
    project = Project(store=Located(str(store), Origin("file", "config")))
    with keeping.opened(project, {}) as kept:
        return [kept.keep(each, Tables()).id for each in every]
