"""What requests of a run failed with, and what to do about it."""

import re
from collections import Counter

from skewguard.judge.baseline import rows as rowing
from skewguard.language.baselines import Run

FIRST_WORDS = 120
"""Characters of what a server said that a reason repeats: the whole of it is a note."""

_MESSAGE = re.compile(r'"message"\s*:\s*"((?:[^"\\]|\\.)*)')
"""Of an error as OpenAI's API words it, which may have been cut."""

_UNKNOWN_NAME = "Name a model that GET /v1/models lists (--model), and look at the address"
_NO_KEY = "Give the API key that it wants (--api-key-env, --api-key-file)"
_REFUSES = "It refuses what this load asks: change the load, or the server's limits"
_FAILS = "Look at the server's log, and mend it or lower the load"
_ELSE = "Mend the server or lower the load"


def kinds(run: Run) -> str:
    """Failures of the measured phase, the most frequent first, and how many others are among the failed of the report."""
    each = [
        (kind, phase)
        for kind, phase in zip(run.samples.failure, run.samples.phase, strict=True)
        if kind not in {"", "stopped"}
    ]
    measured = Counter(kind for kind, phase in each if phase == rowing.MEASURED)
    before = sum(phase == rowing.WARMUP for _, phase in each)
    after = sum(phase == rowing.DRAIN for _, phase in each)
    others = ((before, "in the warm-up"), (after, "after the measured time"))
    return ", ".join(
        [
            *(f"{count} {kind}" for kind, count in measured.most_common()),
            *(f"{n} more {when}" for n, when in others if n),
        ]
    )


def refused(run: Run) -> bool:
    """Whether what failed was answered with HTTP errors, mostly."""
    found = Counter(kind for kind in run.samples.failure if kind not in {"", "stopped"})
    return bool(found) and found.most_common(1)[0][0] == "http"


def advice(run: Run) -> str:
    """What to do: of HTTP errors after the most frequent status, with the server's first words."""
    if not refused(run):
        return f"{_ELSE}, then measure again"
    every = zip(run.samples.failure, run.samples.status, strict=True)
    status = Counter(number for kind, number in every if kind == "http").most_common(1)[0][0]
    return f"The server answered with status {status}{_said(run, status)}. {_way(status)}, then measure again"


def _way(status: int) -> str:
    if status in (401, 403):
        return _NO_KEY
    if status == 404:
        return _UNKNOWN_NAME
    return _REFUSES if 400 <= status < 500 else _FAILS


def _said(run: Run, status: int) -> str:
    """What the server said with it, which the load client keeps as a note with how often it was said."""
    begin = f"http: status {status} "
    said = next((note.removeprefix(begin).rpartition(" (")[0] for note in run.notes if note.startswith(begin)), "")
    worded = _MESSAGE.search(said)
    said = worded[1] if worded is not None else said
    cut = said if len(said) <= FIRST_WORDS else f"{said[:FIRST_WORDS].rstrip()}…"
    return f" ({cut})" if cut else ""
