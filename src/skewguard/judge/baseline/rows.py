"""The rows of a run as arrays: which count, what each says of a time, and when tokens came.

A row counts where its request was meant to leave in the measured phase and has a complete answer. Failures are counted
apart: a refused request answers in a millisecond, and one that timed out has no latency at all.
"""

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from skewguard.language.baselines import Samples

if TYPE_CHECKING:
    import numpy as np

Array: TypeAlias = "np.ndarray[Any, Any]"

WARMUP, MEASURED, DRAIN = 0, 1, 2

CLIENT = "load client"

UNTOLD = 0.01
"""Share of answers without a count of tokens up to which tokens are summed: below it the sum is short by no more."""

SAME_READ = 1e-6
"""Seconds within which two moments are those of one read: rows are kept to a tenth of it."""

UNSEEN = "no token of any answer was seen before the answer was over"

FEW_CHUNKS = 20
"""Chunks per answer from which the tokens of an untold first chunk matter little: between one and as many as the others hold lie 1/chunks
of the answer, a few percent of the time per token at most; below, that interval is too wide to be of use."""


class Series(NamedTuple):
    """Observations of one time in seconds at the moments `at`. `low` is `high` wherever the moment is known exactly.

    `gap` says why there are none; `source` how they were had.
    """

    at: Array
    low: Array
    high: Array
    source: str = CLIENT
    gap: str = ""


class Rows(NamedTuple):
    """Samples as arrays; `complete`: a whole answer; `counted`: complete and of the measured phase.

    `censored` and `bounded`: the moment of the first and of the last token is an upper bound.
    """

    samples: Samples
    intended: Array
    sent: Array
    first: Array
    last: Array
    output: Array
    prompt: Array
    first_tokens: Array
    chunks: Array
    measured: Array
    complete: Array
    stopped: Array
    censored: Array
    bounded: Array

    @property
    def counted(self) -> Array:
        """Rows whose latencies count."""
        return self.measured & self.complete

    @property
    def unseen(self) -> Array:
        """Whole answers of which no token was seen (their text was half a character, or none): all came until the end."""
        unseen: Array = self.complete & (self.chunks == 0)
        return unseen


def of(samples: Samples) -> Rows:
    """Samples as arrays."""
    import numpy as np

    failure = np.asarray(samples.failure, dtype=object)
    return Rows(
        samples,
        intended=np.asarray(samples.intended, dtype=float),
        sent=np.asarray(samples.sent, dtype=float),
        first=np.asarray(samples.first, dtype=float),
        last=np.asarray(samples.last, dtype=float),
        output=np.asarray(samples.output_tokens, dtype=float),
        prompt=np.asarray(samples.prompt_tokens, dtype=float),
        first_tokens=np.asarray(samples.first_tokens, dtype=float),
        chunks=np.asarray(samples.chunks, dtype=float),
        measured=np.asarray(samples.phase, dtype=int) == MEASURED,
        complete=np.asarray(failure == "", dtype=bool),
        stopped=np.asarray(failure == "stopped", dtype=bool),
        censored=np.asarray(samples.censored, dtype=bool),
        bounded=np.asarray(samples.last_censored or [False] * len(failure), dtype=bool),
    )


# ---- times -----------------------------------------------------------------------------------------------------------


def times(rows: Rows, *, stream: bool) -> dict[str, Series]:
    """TTFT and E2E from the intended start, the gaps between chunks, and the time per token after the first chunk.

    From the intended start, because a client that waits for a slow server before it sends would hide the waiting.
    """
    whole = "the answer was asked for in one piece: no moment of a first token is known"
    found = {"e2e": _e2e(rows)}
    if not stream:
        return {**found, **{name: _none(whole) for name in ("ttft", "itl", "tpot")}}
    return {**found, "ttft": _ttft(rows), "itl": _itl(rows), "tpot": _tpot(rows)}


def _none(gap: str) -> Series:
    import numpy as np

    empty = np.empty(0)
    return Series(empty, empty, empty, gap=gap)


def _e2e(rows: Rows) -> Series:
    import numpy as np

    chosen = rows.counted & np.isfinite(rows.last)
    high = (rows.last - rows.intended)[chosen]
    if not high.size:
        return _none("no request has a complete answer")
    bounded = rows.bounded[chosen]
    if not bounded.any():
        return Series(rows.intended[chosen], high, high)
    earliest = (_read_before(rows) - rows.intended)[chosen]
    return Series(rows.intended[chosen], np.where(bounded, np.clip(earliest, 0.0, high), high), high)


def _read_before(rows: Rows) -> Array:
    """When the read before that of the last token came: a lower bound of its moment. The request's own start where nothing was read
    before, or nobody kept when."""
    import numpy as np

    before = np.fmin(rows.sent, rows.last)
    counts = np.asarray(rows.samples.gap_counts, dtype=int)
    gaps = np.asarray(rows.samples.gaps, dtype=float)
    if counts.size != before.size or counts.sum() != gaps.size:
        return np.where(np.isfinite(rows.first), np.fmin(rows.first, rows.last), before)
    ends = np.cumsum(counts)
    for row in np.flatnonzero(rows.bounded):
        moments = rows.first[row] + np.concatenate(([0.0], np.cumsum(gaps[ends[row] - counts[row] : ends[row]])))
        earlier = moments[moments < rows.last[row] - SAME_READ]
        before[row] = earlier[-1] if earlier.size else before[row]
    return before


def _ttft(rows: Rows) -> Series:
    import numpy as np

    chosen = rows.counted & np.isfinite(rows.first)
    high = (rows.first - rows.intended)[chosen]
    if not high.size:
        return _none("no first token came")
    censored = rows.censored[chosen]
    earliest = np.maximum(rows.sent - rows.intended, 0.0)[chosen]
    low = np.where(censored, np.minimum(earliest, high), high) if censored.any() else high
    return Series(rows.intended[chosen], low, high)


def _itl(rows: Rows) -> Series:
    import numpy as np

    counts = np.asarray(rows.samples.gap_counts, dtype=int)
    gaps = np.asarray(rows.samples.gaps, dtype=float)
    if counts.size != rows.intended.size or counts.sum() != gaps.size or not gaps.size:
        return _none("no times between chunks were kept")
    chosen = np.repeat(rows.counted, counts)
    if not chosen.any():
        return _none("no complete answer came in more than one chunk")
    values = gaps[chosen]
    return Series(np.repeat(rows.intended, counts)[chosen], values, values)


def _tpot(rows: Rows) -> Series:
    """(last − first) / (tokens after the first chunk); how many the first chunk held is told, or known, or a gap.

    Where each chunk holds several and nobody told of the first, it held one at least (engines send the token of the prefill as soon as
    it is there) and about as many as the others at most: the time lies between.
    """
    import numpy as np

    counted = rows.counted & (rows.output > 0) & np.isfinite(rows.first)
    if not counted.any():
        return _none("the server counted no output tokens")
    counted &= ~rows.unseen
    if not counted.any():
        return _none(UNSEEN)
    in_first, source, gap = first_chunk(rows, counted)
    if gap:
        return _none(gap)
    after = rows.output - in_first
    chosen = counted & (after > 0) & (rows.chunks > 1)
    if not chosen.any():
        return _none("no answer had a token after its first chunk")
    unseen = chosen & (rows.censored | rows.bounded)
    if unseen[chosen].all():
        return _none(
            "of every answer the first or the last token was read together with others: when it came is not known"
        )
    if unseen.any():
        source = f"{source}; {unseen.sum()} answers whose first or last token was read together with others left out"
        chosen &= ~unseen
    span = (rows.last - rows.first)[chosen]
    values = span / after[chosen]
    fewest = np.where(rows.first_tokens > 0, rows.first_tokens, 1.0)[chosen]
    least = values if (in_first[chosen] == fewest).all() else span / (rows.output[chosen] - fewest)
    return Series(rows.intended[chosen], least, values, source=source)


def first_chunk(rows: Rows, chosen: Array) -> tuple[Array, str, str]:
    """Tokens in the first chunk of each row, how that is known, and why it is not.

    A server that tells running usage tells it. Else the number of chunks does: as many chunks as tokens are chunks of
    one (a token that ends the answer, or half a character, shows no text: one in ten may lack). With fewer chunks
    each holds several, and a first chunk is taken to be like the others where there are enough others.
    """
    import numpy as np

    told = rows.first_tokens > 0
    if told[chosen].all():
        return rows.first_tokens, CLIENT, ""
    per_chunk = rows.output / np.maximum(rows.chunks, 1)
    usual = float(np.median(per_chunk[chosen]))
    if usual <= 1.1:
        return np.where(told, rows.first_tokens, 1.0), CLIENT, ""
    if float(np.median(rows.chunks[chosen])) < FEW_CHUNKS:
        gap = f"about {usual:.1f} tokens come in each chunk, and the server does not tell how many came in the first"
        return rows.first_tokens, "", gap
    source = f"{CLIENT}; about {usual:.1f} tokens per chunk, the first taken to hold as many as the others"
    return np.where(told, rows.first_tokens, per_chunk), source, ""


# ---- what was delivered when -----------------------------------------------------------------------------------------


def delivered(rows: Rows, edges: Array) -> Array:
    """Output tokens that arrived between neighbouring moments of `edges`.

    Answers of every phase count with the part that falls inside: one that began in the warm-up delivers tokens in the
    window, one that ends in the drain only some of its own. Counting whole answers by their end (or start) instead
    would count too many (or few) whenever they are long against the window. Tokens after the first chunk are taken to
    come evenly; tokens of a request that failed are not known and not counted.
    """
    import numpy as np

    chosen = rows.complete & (rows.output > 0) & np.isfinite(rows.last)
    output, first, last = rows.output[chosen], rows.first[chosen], rows.last[chosen]
    first = np.where(np.isfinite(first), first, last)
    told = rows.first_tokens[chosen]
    in_first = np.where(told > 0, told, output / np.maximum(rows.chunks[chosen], 1))
    in_first = np.where(last > first, np.minimum(in_first, output), output)
    until = np.array([_until(edge, output, first, last, in_first) for edge in edges])
    return np.diff(until)


def _until(edge: float, output: Array, first: Array, last: Array, in_first: Array) -> float:
    import numpy as np

    part = np.clip((edge - first) / np.maximum(last - first, 1e-12), 0.0, 1.0)
    return float(np.where(edge >= first, in_first + (output - in_first) * part, 0.0).sum())


def completions(rows: Rows, edges: Array) -> Array:
    """Requests of any phase whose answer was complete between neighbouring moments."""
    import numpy as np

    return np.histogram(rows.last[rows.complete & np.isfinite(rows.last)], edges)[0].astype(float)


def prefilled(rows: Rows, edges: Array) -> Array:
    """Prompt tokens whose processing ended (the first token came) between neighbouring moments."""
    import numpy as np

    moment = np.where(np.isfinite(rows.first), rows.first, rows.last)
    chosen = rows.complete & (rows.prompt > 0) & np.isfinite(moment)
    return np.histogram(moment[chosen], edges, weights=rows.prompt[chosen])[0]


def untold(rows: Rows, column: Array) -> float:
    """Share of complete answers for which the server counted no tokens."""
    return float((column[rows.complete] < 0).mean()) if rows.complete.any() else 1.0


def good(rows: Rows, bounds: dict[str, float]) -> Array:
    """Which of all rows met every bound (by metric, in seconds); a failed request met none.

    An answer of which no token was seen met it where the whole of it did.
    """
    import numpy as np

    after = np.maximum(rows.output - first_chunk(rows, rows.complete & ~rows.unseen)[0], 1.0)
    whole = rows.last - rows.intended
    seen = {
        "ttft": rows.first - rows.intended,
        "e2e": whole,
        "tpot": np.where(rows.unseen, whole / np.maximum(rows.output, 1.0), (rows.last - rows.first) / after),
    }
    met = rows.complete.copy()
    for name, bound in bounds.items():
        met &= np.nan_to_num(seen[name], nan=np.inf) <= bound
    return met
