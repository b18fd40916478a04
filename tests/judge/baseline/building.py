"""Runs and baselines that tests build by hand: every number of them is known."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import structs

from skewguard.language.baselines import Baseline, Instrument, Metric, Number, Run, Samples
from skewguard.language.facts import Subject
from skewguard.language.loads import Load, Prompts, Spread
from skewguard.language.measures import MEASURES

SUBJECT = Subject("Deployment", "chat", namespace="prod")
PROMPTS = Prompts("synthetic", Spread(512), Spread(128), digest="sha256:1")
LOAD = Load("poisson", PROMPTS, rate=4.0, duration=60.0, warmup=10.0)
QUIET = Instrument("kernel", 0.0001, 0.0001, 0.0, 0.2, 0.1, 8)


def samples(rows: Sequence[Mapping[str, Any]]) -> Samples:
    """Rows, each with what it does not say as a complete answer of 10 tokens in 10 chunks, sent when intended."""
    columns: dict[str, list[Any]] = {name: [] for name in Samples.__struct_fields__}
    for row in rows:
        start = row.get("intended", 0.0)
        usual = {
            "intended": start, "sent": start, "first": start + 0.1, "last": start + 1.0, "prompt_tokens": 20,
            "output_tokens": 10, "first_tokens": 1, "chunks": 10, "status": 200, "failure": "", "censored": False,
            "last_censored": False, "fresh": False, "phase": 1, "gap_counts": 0,
        }  # fmt: skip
        for name, value in (usual | dict(row)).items():
            columns[name].append(value)
    return Samples(**columns)


def failed(kind: str, **more: Any) -> dict[str, Any]:
    """A row without an answer."""
    return {"failure": kind, "first": math.nan, "last": math.nan, "output_tokens": -1, "prompt_tokens": -1, **more}


def run(rows: Sequence[Mapping[str, Any]], **changed: Any) -> Run:
    """A run whose measured window is ten seconds long."""
    plain = Run(LOAD, "2026-01-05T10:00:00Z", 10.0, samples(rows), QUIET, (0.0, 10.0))
    return structs.replace(plain, **changed)


def metric(name: str, value: float | None = None, n: int = 5000, **quantiles: Number) -> Metric:
    """A metric with one value or with quantiles."""
    return Metric(name, MEASURES[name].unit, value=value, quantiles=quantiles or None, n=n, source="a test")


def bare(*metrics: Metric, **changed: Any) -> Baseline:
    """A baseline without rows."""
    plain = Baseline(SUBJECT, "2026-01-05T10:00:00Z", 60.0, "load", LOAD, replicas=1, gpus=1, metrics=metrics)
    return structs.replace(plain, **changed)
