"""One run out of the shares that several machines sent of one load, exactly: every row counts as if one had sent it.

Each share has its own clock, which begins where it began; the wall clocks of the machines, as good as they agree, say how far
these beginnings lie apart. Only the order of rows and the common window rest on that, and no latency does.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from skewguard.judge.baseline import matching
from skewguard.language.baselines import Baseline, Instrument, Run, Samples
from skewguard.language.figures import digits

_WARMUP, _MEASURED, _DRAIN = 0, 1, 2
_COLUMNS = tuple(name for name in Samples.__struct_fields__ if name not in ("gaps", "gap_counts"))
_MOMENTS = ("intended", "sent", "first", "last")

MOSTLY = 0.98
"""Share of a window that all shares may lack before it is told: less is what pods differ by that start together."""


def objections(shares: Sequence[Baseline]) -> Iterator[str]:
    """Why these are not the shares of one load; nothing where they are."""
    for each in shares:
        if each.kind != "load" or each.samples is None or each.measured is None or each.instrument is None:
            yield f"{_named(each)} holds no rows of requests that somebody sent"
        elif each.part is None:
            yield f"{_named(each)} is a whole load, and no share of one (`record --part K/N` sends a share)"
        elif not _is_told(each.started_at):
            yield f"{_named(each)} does not tell the moment at which it began, and with its zone"
    parts = [each.part for each in shares if each.part is not None]
    if len(parts) < len(shares) or not parts or not all(_is_told(each.started_at) for each in shares):
        return
    yield from _counted(parts)
    first = shares[0]
    for each in shares[1:]:
        if told := [f"{what} ({b} instead of {a})" for what, a, b in _unlike(first, each)]:
            yield f"{_named(each)} differs from {_named(first)} in {' and '.join(told)}"


def _unlike(first: Baseline, other: Baseline) -> Iterator[tuple[str, str, str]]:
    """In what two shares are not of one load and one thing, in words: what, as the first has it, as the other has it."""
    found = list(matching.load_differences(first.load, other.load))
    if first.inputs_digest != other.inputs_digest:
        found += matching.setting_differences(first, other)
    yield from ((each.what, each.a, each.b) for each in found)
    for what, one, another in (
        ("subject", matching.thing(first.subject), matching.thing(other.subject)),
        ("role", first.subject.role, other.subject.role),
        ("model", first.model, other.model),
    ):
        if one != another:
            yield what, one or matching.UNKNOWN, another or matching.UNKNOWN
    if first.inputs_digest != other.inputs_digest and not found:
        yield "inputs digest", first.inputs_digest or matching.UNKNOWN, other.inputs_digest or matching.UNKNOWN


def _is_told(moment: str) -> bool:
    """Whether a moment can be laid over those of other machines."""
    try:
        return datetime.fromisoformat(moment).tzinfo is not None
    except ValueError:
        return False


def _named(share: Baseline) -> str:
    if share.part is not None:
        return f"share {share.part[0] + 1} of {share.part[1]}"
    return share.id or f"the run of {share.started_at}"


def _counted(parts: Sequence[tuple[int, int]]) -> Iterator[str]:
    """What is wrong with their numbers."""
    sizes = sorted({size for _, size in parts})
    if len(sizes) > 1:
        yield f"they are shares of different loads: {' and '.join(f'of {size}' for size in sizes)}"
        return
    numbers = [index for index, _ in parts]
    if twice := sorted({index + 1 for index in numbers if numbers.count(index) > 1}):
        yield f"share {', '.join(map(str, twice))} of {sizes[0]} is there more than once"
    if missing := [index + 1 for index in range(sizes[0]) if index not in numbers]:
        yield f"share {', '.join(map(str, missing))} of {sizes[0]} is missing"


def _cut(windows: Sequence[tuple[float, float]], low: float, high: float) -> Iterator[str]:
    """What the shares measured beside each other, where that is clearly less than what each of them did."""
    longest = max(end - begin for begin, end in windows)
    spread = max(begin for begin, _ in windows) - min(begin for begin, _ in windows)
    if low >= high:
        yield (
            f"the shares were not sent together: they began up to {spread:.1f} s apart, and one had ended before another began,"
            " so that nothing of them is one load. Start them at the same time"
        )
    elif high - low < MOSTLY * longest:
        yield (
            f"the shares began up to {spread:.1f} s apart: what counts are the {high - low:.1f} s (of {longest:.1f} s) in which all"
            " of them were measured"
        )


def merged(shares: Sequence[Baseline]) -> Run:
    """The run of all of them: rows in the order of their intended start, the window in which all were measured, and of

    what the instruments say of themselves the worst. `objections` has none against them.
    """
    starts = [datetime.fromisoformat(each.started_at) for each in shares]
    began = min(starts)
    shifts = [(start - began).total_seconds() for start in starts]
    windows = [
        (low + shift, high + shift)
        for shift, each in zip(shifts, shares, strict=True)
        for low, high in [each.measured or (0, 0)]
    ]
    low, high, told = _window(windows, burst=shares[0].load.profile == "burst")
    return Run(
        load=shares[0].load,
        started_at=shares[starts.index(began)].started_at,
        duration=max(each.duration + shift for shift, each in zip(shifts, shares, strict=True)),
        samples=_rows(shares, shifts, (low, high)),
        instrument=_worst([each.instrument for each in shares if each.instrument is not None]),
        measured=(low, max(low, high)),
        model=shares[0].model,
        partial=any(each.partial for each in shares),
        stopped="; ".join(f"{_named(each)} was ended early" for each in shares if each.partial),
        notes=tuple(dict.fromkeys((*(note for each in shares for note in each.notes), *told))),
    )


def _window(windows: Sequence[tuple[float, float]], *, burst: bool) -> tuple[float, float, tuple[str, ...]]:
    """The window in which all were measured, and what has to be said of it. A burst is measured from its first request to its last
    answer, whichever share has them, as long as its shares were under way together."""
    low, high = max(begin for begin, _ in windows), min(end for _, end in windows)
    if not burst or low >= high:
        return low, high, tuple(_cut(windows, low, high))
    begins, ends = zip(*windows, strict=True)
    apart = f"the shares of this burst were sent up to {digits(low - min(begins))} s apart"
    return min(begins), max(ends), ((apart,) if low > min(begins) else ())


def _rows(shares: Sequence[Baseline], shifts: Sequence[float], window: tuple[float, float]) -> Samples:
    """All rows, by their intended start on the clock of the first share that began."""
    taken = [
        (samples, shift, _offsets(samples))
        for each, shift in zip(shares, shifts, strict=True)
        if (samples := each.samples)
    ]
    order = sorted(
        (samples.intended[row] + shift, number, row)
        for number, (samples, shift, _) in enumerate(taken)
        for row in range(len(samples.intended))
    )
    found = Samples()
    told = [name for name in _COLUMNS if all(getattr(samples, name) or not samples.intended for samples, _, _ in taken)]
    for at, number, row in order:
        samples, shift, offsets = taken[number]
        for name in told:
            value = getattr(samples, name)[row]
            getattr(found, name).append(value + shift if name in _MOMENTS else value)
        found.phase[-1] = _phase(samples.phase[row], at, window)
        found.gap_counts.append(samples.gap_counts[row])
        found.gaps.extend(samples.gaps[offsets[row] : offsets[row + 1]])
    return found


def _offsets(samples: Samples) -> list[int]:
    """Where the gaps of each row begin, and the last ones end."""
    found = [0]
    for count in samples.gap_counts:
        found.append(found[-1] + count)
    return found


def _phase(own: int, at: float, window: tuple[float, float]) -> int:
    """A row that its share measured counts where all of them measured."""
    if own != _MEASURED or window[0] <= at <= window[1]:
        return own
    return _WARMUP if at < window[0] else _DRAIN


def _worst(seen: Sequence[Instrument]) -> Instrument:
    """The worst of each. `processes` and `cores` are those of one machine, so that they can be held against its CPU."""
    clocks = {each.clock for each in seen}
    lags = [each.read_lag_p99 for each in seen if each.read_lag_p99 is not None]
    others = [each.others_cpu for each in seen if each.others_cpu is not None]
    return Instrument(
        clock=seen[0].clock if len(clocks) == 1 else "mixed",
        slip_p99=max(each.slip_p99 for each in seen),
        read_lag_p99=max(lags, default=None),
        censored=max(each.censored for each in seen),
        client_cpu=max(each.client_cpu for each in seen),
        others_cpu=max(others, default=None),
        cores=min(each.cores for each in seen),
        processes=max(each.processes for each in seen),
        tls=any(each.tls for each in seen),
        host=", ".join(dict.fromkeys(each.host for each in seen if each.host)) or None,
    )
