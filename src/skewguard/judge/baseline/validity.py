"""Whether a run may become a baseline: reasons against it, in words for whoever is woken by them.

A client that was slow reports a slow server, and a comparison would call that a regression. What the instrument says of
itself is therefore held against what it measured: 5 ms late matters where the first token takes 20 ms, and not where it
takes 2 s. What is a fact about the server (it answers slower than it is asked) is a note, never a reason.
"""

import math
from collections.abc import Iterator, Mapping

from skewguard.judge.baseline import evidence, failures
from skewguard.judge.baseline import rows as rowing
from skewguard.language.baselines import Between, Instrument, Metric, Number, Run
from skewguard.language.figures import digits

LATE = 0.10
"""Share of the median TTFT by which requests may leave late (p99), or answers lie unread: half of the tolerance on a waiting time
(1.2x), so that the client alone cannot use it up."""

ALWAYS_FINE = 0.001
"""Seconds that never matter: twice the slip p99 of the prototype client on a quiet machine at 400 requests/s was 0.4 to 1.5 ms,
and no engine's first token comes so soon that a millisecond decides."""

CENSORED = 0.10
"""Share of first tokens whose moment is only an upper bound. On two cores with sixteen busy processes 24 to 35 % were, on
quiet ones none; above 10 % the p90 itself is no longer seen."""

BUSY = 0.85
"""Cores that one client process may use: it has one, and a single loop that is busy nearly all the time stamps late."""

OWN = 0.5
"""Cores of a client process from which it is itself what made it late, and a second one would help."""

CROWDED = 0.90
"""Share of all cores of the client's machine that everything on it may use. TTFT errors of the prototype's user stamps
grew from 0.05 ms to 4 ms between 0.8 and 2 busy cores of 2. Asked only where the kernel does not stamp what arrives: with its stamps,
slip and read lag show the harm itself, and a busy neighbour (the engine on the same host is one) is no fault of the run."""

ERRORS = 0.01
"""Share of requests that may fail: a failure has no latency, and beyond this share the p99 is that of the lucky ones."""

FEWEST = 30
"""Requests below which nothing is worth keeping: even a median is then known only to lie between the 9th and 22nd of them."""

SILENT = 0.01
"""Share of complete answers that may hold no token at all, or no count of them."""

MARGIN = 1.1
"""How much longer than it needs by its mean speed a run is advised to be, since the next one may be a little slower."""

ASKED = 0.95
"""Share of the asked rate below which the server is said not to keep up."""


def reasons(run: Run, metrics: tuple[Metric, ...]) -> tuple[str, ...]:
    """Why this run is no baseline, what weighs most first; empty where it may be one."""
    named = {metric.name: metric for metric in metrics}
    return (
        *_of_answers(run, named),
        *_of_window(run),
        *_of_instrument(run.instrument, _ttft(named), _median(named, "e2e"), stream=bool(run.load.stream)),
    )


def notes(run: Run, metrics: tuple[Metric, ...]) -> tuple[str, ...]:
    """What is true of the server, and has to be read beside its numbers."""
    return (*_behind(run, metrics), *_unseen(run))


def _behind(run: Run, metrics: tuple[Metric, ...]) -> Iterator[str]:
    """It does not keep up with what it is asked."""
    asked, done = run.load.rate, _value({metric.name: metric for metric in metrics}.get("requests_per_second"))
    if run.load.profile not in {"poisson", "constant"} or not asked or done is None:
        return
    offered = _offered(run) or asked
    if done < ASKED * offered:
        yield (
            f"the server completed {digits(done)} of {digits(offered)} requests/s: it is saturated at this load, its queue grows as long as"
            " the load lasts, and TTFT and end-to-end times tell how long that was"
        )


def _unseen(run: Run) -> Iterator[str]:
    """Its answers hold tokens that it does not show."""
    rows = rowing.of(run.samples)
    unseen, total = int((rows.unseen & rows.counted & (rows.output > 0)).sum()), int(rows.counted.sum())
    if unseen and run.load.stream:
        yield (
            f"{unseen} of {total} answers showed none of their tokens before they were over (no text, and no running count): of"
            " their first token an upper bound is known, and they are left out of ITL and TPOT"
        )


DECIDING = ("ttft", "tpot", "e2e")
"""Times of whose p95 a comparison decides; answers of one chunk have no TPOT, so that each has its own number of observations."""


def too_few(run: Run, metrics: tuple[Metric, ...]) -> str:
    """Why a later comparison of this run will tell little, and how long a run would tell more; empty where it has enough.

    It may be a baseline all the same: its medians are sound, and somebody may want no more than them.
    """
    least = evidence.needed("p95")
    counted = int(rowing.of(run.samples).counted.sum())
    seen = [(metric.n, metric.name) for metric in metrics if metric.name in DECIDING and metric.n]
    fewest, name = min(seen, default=(counted, "e2e"))
    if counted < FEWEST or fewest >= least or run.partial:
        return ""
    longer = math.ceil((run.measured[1] - run.measured[0]) * least / fewest / 10 * MARGIN) * 10
    way = f"--duration {longer}s" if run.load.profile in {"poisson", "constant", "concurrency"} else "a longer load"
    return (
        f"{_observed(fewest, counted, name)}, and a comparison of a p95 needs {least} on both sides: of tails it will say that nobody can"
        f" tell. At this speed {way} gives enough; or more at once, where that is the load you mean"
    )


def _observed(fewest: int, counted: int, name: str) -> str:
    """How many there are of the time that has the fewest."""
    if fewest == counted:
        return f"{counted} answers were measured"
    return f"{fewest} of {counted} answers that were measured have a {name.upper()}"


def _offered(run: Run) -> float | None:
    """Requests per second that the schedule asked for inside the window (a Poisson schedule never asks for its rate exactly)."""
    low, high = run.measured
    inside = sum(low <= moment < high for moment in run.samples.intended)
    return inside / (high - low) if high > low and inside else None


def _value(metric: Metric | None) -> float | None:
    return metric.value if metric is not None and isinstance(metric.value, float) else None


def _ttft(named: Mapping[str, Metric]) -> float | None:
    """The median TTFT (E2E where answers are not streamed), against which lateness is weighed."""
    found = _median(named, "ttft")
    return found if found is not None else _median(named, "e2e")


def _median(named: Mapping[str, Metric], name: str) -> float | None:
    metric = named.get(name)
    return (
        _high(metric.quantiles["p50"])
        if metric is not None and metric.quantiles and "p50" in metric.quantiles
        else None
    )


def _high(number: Number) -> float | None:
    return number.high if isinstance(number, Between) else number


# ---- the instrument --------------------------------------------------------------------------------------------------


def _of_instrument(seen: Instrument, ttft: float | None, e2e: float | None, *, stream: bool) -> Iterator[str]:
    if ttft is not None:  # where nothing was measured nothing came late: that alone is the reason then
        yield from _late(seen, ttft, e2e, stream=stream)
    yield from _of_processor(seen)


def _late(seen: Instrument, ttft: float, e2e: float | None, *, stream: bool) -> Iterator[str]:
    limit = max(ALWAYS_FINE, LATE * ttft)
    if seen.slip_p99 > limit:
        against = (
            f"limit {_ms(limit)}{_share(limit)} of the median {'time to first token' if stream else 'end-to-end time'}"
        )
        yield (
            f"requests left up to {_ms(seen.slip_p99)} late (p99; {against}): the client did not keep its own schedule."
            f" {_way_out(seen)}"
        )
    yield from _unread(seen, limit, e2e)
    if stream and seen.censored > CENSORED:
        yield (
            f"{seen.censored:.0%} of the first tokens were read together with later ones (limit {CENSORED:.0%}), so that only an"
            f" upper bound of their TTFT is known. {_sent_together(seen) or _way_out(seen)}"
        )


def _share(limit: float) -> str:
    """What the limit is a share of; the least limit is none."""
    return f": {LATE:.0%}" if limit > ALWAYS_FINE else f", the least there is; else {LATE:.0%}"


def _way_out(seen: Instrument) -> str:
    """What to do about lateness, by who used the processors: more processes help a client that was busy itself, and nobody else."""
    if seen.client_cpu >= OWN:
        return "Use more --processes, or a quieter machine"
    own = seen.client_cpu * seen.processes
    of = f"the client used {own:.2g} of {seen.cores} cores" + (
        f", other programs {seen.others_cpu:.2g}" if seen.others_cpu is not None else ""
    )
    return f"Measure from a machine with less other work: {of}, so that more --processes would not help"


def _sent_together(seen: Instrument) -> str:
    """Who is to blame for chunks in one read where the kernel says that none lay unread; empty where that is not known."""
    if seen.clock != "kernel" or seen.read_lag_p99 is None or seen.read_lag_p99 > ALWAYS_FINE:
        return ""
    return (
        f"They did not lie unread here (p99 {_ms(seen.read_lag_p99)}): the server, or a proxy before it, sends several at once. Measure"
        " past the proxy, or let it pass on what comes (nginx: proxy_buffering off)"
    )


def _unread(seen: Instrument, ttft_limit: float, e2e: float | None) -> Iterator[str]:
    """Where the kernel stamps what arrives, an answer that lies unread is timed right, but its connection sends nothing meanwhile."""
    if seen.read_lag_p99 is None:
        return
    kernel = seen.clock == "kernel"
    limit = max(ALWAYS_FINE, LATE * (e2e or 0.0)) if kernel else ttft_limit
    if seen.read_lag_p99 <= limit:
        return
    harm = (
        "connections stood idle that should have been used"
        if kernel
        else "their times are the client's, not the server's"
    )
    against = "end-to-end time" if kernel else "time to first token"
    yield (
        f"answers lay unread for up to {_ms(seen.read_lag_p99)} (p99; limit {_ms(limit)}{_share(limit)} of the median {against}):"
        f" {harm}. {_way_out(seen)}"
    )


def _of_processor(seen: Instrument) -> Iterator[str]:
    if seen.client_cpu > BUSY:
        yield (
            f"a client process used {seen.client_cpu:.2f} cores (limit {BUSY}): it was the bottleneck. Use more --processes,"
            " or spread the load over machines"
        )
    used = (seen.others_cpu or 0.0) + seen.client_cpu * seen.processes
    if seen.clock != "kernel" and seen.others_cpu and used > CROWDED * seen.cores:
        yield (
            f"the client's machine was full: {used:.1f} of {seen.cores} cores, {seen.others_cpu:.1f} of them used by other"
            f" programs (limit {CROWDED:.0%} in all). Measure from a quieter machine"
        )


def _ms(seconds: float) -> str:
    return f"{digits(seconds * 1000)} ms" if seconds < 1 else f"{digits(seconds)} s"


# ---- the answers -----------------------------------------------------------------------------------------------------


def _of_answers(run: Run, named: Mapping[str, Metric]) -> Iterator[str]:
    rows = rowing.of(run.samples)
    errors = _value(named.get("error_rate"))
    if errors is not None and errors > ERRORS:
        harm = "the latencies are those of the requests that survived" if rows.counted.any() else "nothing was measured"
        yield (
            f"{errors:.1%} of the requests failed ({failures.kinds(run)}; limit {ERRORS:.0%}): {harm}. {failures.advice(run)}"
        )
    counted = rows.counted
    total = int(counted.sum())
    if not total:
        return
    empty, untold = int((rows.output[counted] == 0).sum()), int((rows.output[counted] < 0).sum())
    if empty > SILENT * total:
        yield (
            f"{empty} of {total} answers held no token (limit {SILENT:.0%}): the model says nothing, which is fast and worthless."
            " Look at one answer; a wrong chat template or stop token does this"
        )
    if untold > SILENT * total:
        yield (
            f"the server counted no tokens in {untold} of {total} answers (limit {SILENT:.0%}; no `usage`): tokens per second and time"
            " per token cannot be had. Put a server that reports usage behind this URL, or one without a proxy that drops it"
        )


# ---- the window ------------------------------------------------------------------------------------------------------


def _of_window(run: Run) -> Iterator[str]:
    rows = rowing.of(run.samples)
    if run.partial:
        yield f"the run ended before its load was sent: {run.stopped or 'it was stopped'}{_way_on(run, rows)}"
        return  # that little was measured follows from it
    if not rows.intended.size:
        yield "no request was sent"
        return
    total = int((rows.measured & ~rows.stopped).sum())
    if not total:
        yield (
            "nothing is left of the run after its warm-up and drain were cut away: make it longer than its warm-up"
            " and a few answers"
        )
    elif int(rows.counted.sum()) < FEWEST:
        yield (
            f"only {int(rows.counted.sum())} complete answers were measured (limit {FEWEST}): too few to say anything of a run."
            " Measure longer, or with a higher rate or concurrency"
        )


def _way_on(run: Run, rows: rowing.Rows) -> str:
    """What to do about a run that ended early: one of which every request was refused would end so again."""
    if rows.complete.any() or not failures.refused(run):
        return ". Let it run to its end"
    told = bool((rows.measured & ~rows.stopped).any())  # with the failures of the measured phase
    return "" if told else f". {failures.advice(run)}"
