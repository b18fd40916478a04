"""Whether two baselines were measured under the same load, and in what else they differ.

A ratio of two numbers measured under different loads says nothing, so a difference of load *blocks*: the comparison is refused and
says why. What one wants to compare (another version, image, dtype) is told beside the verdict. What is not known of a side is told
too; it blocks where it is known of the other side in a way that decides (a load that is not the same kind of thing), and where
nobody knows of either side what the load was: two reports that do not tell how requests arrived are not known to match.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from msgspec import structs

from skewguard.judge.baseline import rows as rowing
from skewguard.judge.baseline import validity
from skewguard.language import accelerators
from skewguard.language.baselines import Baseline, Between, Calibration, Difference
from skewguard.language.facts import AUTHORITIES, Fact, Subject
from skewguard.language.loads import NOT_TOLD, SAYABLE, UNTOLD, Load, Spread, Stage

TRAFFIC = 0.20
"""How far rate and mean tokens of two windows of live traffic may lie apart, as a share of the smaller."""

HITS = 0.10
"""How far prefix-cache hit rates may lie apart: ten points. Prompts found in the cache cost no prefill."""

COUNTED = 0.05
"""How far the server's own counts of prompt tokens may lie apart, as a share: the words are the same but for the few that keep a run from
finding an earlier one's prompts in the cache, so more is another tokenizer or chat template. A quarter of the tolerance on TTFT."""

ANSWERED = 0.10
"""How far mean answer lengths may lie apart. They are sampled unless the load ignores the end of an answer: 10 % more tokens are
10 % more time, which is half of the tolerance on an end-to-end time."""

UNKNOWN = "not known"


def differences(a: Baseline, b: Baseline) -> tuple[Difference, ...]:
    """Everything in which the two differ; those that block keep them from being compared."""
    return (
        *_validity(a, b),
        *_failures(a, b),
        *_kinds(a, b),
        *_loads(a, b),
        *_counts(a, b),
        *_hardware(a, b),
        *_cache(a, b),
        *_told(a, b),
    )


def calibrates(calibration: Calibration, a: Baseline, b: Baseline) -> bool:
    """Whether what was learned is the noise of this subject under this load (how long it lasted aside)."""
    same = _identity(calibration.subject) == _identity(a.subject) == _identity(b.subject)
    watched = {calibration.load.profile, a.load.profile} == {"observed"}
    differs = _traffic if watched else load_differences
    return same and not any(each.blocks for each in differs(calibration.load, a.load))


def foreign(calibration: Calibration) -> Difference:
    """That a calibration is not used."""
    reason = "the calibration is of another subject or load: its noise floors are not used"
    return Difference(
        "calibration", calibration.id or calibration.made_at, "these baselines", blocks=False, reason=reason
    )


def other_settings(calibration: Calibration, a: Baseline, b: Baseline) -> tuple[Difference, ...]:
    """That a calibration is used which was learned with other settings than either of the two has."""
    known = {a.inputs_digest, b.inputs_digest}
    if None in known or calibration.inputs_digest is None or calibration.inputs_digest in known:
        return ()
    reason = "neither of the two ran with the settings with which its noise was learned: calibrate again"
    called = calibration.id or calibration.made_at
    return (Difference("settings of the calibration", called, "these baselines", blocks=False, reason=reason),)


def another_thing(a: Baseline, b: Baseline) -> Difference | None:
    """The first thing that keeps two from being runs of the very same thing at the same load, between which all is noise.

    What is known of one side alone keeps them from it too. Observed facts do not: they are what a run found.
    """
    told = (
        ("subject", thing(a.subject), thing(b.subject)),
        ("inputs", a.inputs_digest, b.inputs_digest),
        *((what, getattr(a, what), getattr(b, what)) for what in ("model", "engine", "version")),
    )
    for what, one, other in told:
        if one != other:
            return Difference(what, _text(one), _text(other))
    return next((each for each in differences(a, b) if each.blocks), None)


def thing(subject: Subject) -> str:
    """What was measured, in words, without what says which pod or revision of it answered."""
    at = f"{subject.cluster}:" if subject.cluster else ""
    return f"{at}{structs.replace(subject, pod=None, revision=None, uid=None, source=None)}"


def _identity(subject: Subject) -> tuple[str | None, ...]:
    return (subject.kind, subject.namespace, subject.name, subject.container, subject.role)


def _validity(a: Baseline, b: Baseline) -> Iterator[Difference]:
    if a.valid and b.valid:
        return
    one, other = ("valid" if each.valid else "invalid: " + "; ".join(each.invalid_because) for each in (a, b))
    yield Difference("validity", one, other, reason="an invalid measurement is no baseline")


def _failures(a: Baseline, b: Baseline) -> Iterator[Difference]:
    """Our own run of which so many failed is not valid; other tools keep theirs."""
    if not (a.valid and b.valid) or "traffic" in {a.kind, b.kind}:
        return
    one, other = _failed(a), _failed(b)
    if max(one or 0.0, other or 0.0) > validity.ERRORS:
        reason = f"more than {validity.ERRORS:.0%} on a side: its numbers are those of the requests that survived"
        first, second = (UNKNOWN if each is None else f"{each:.1%}" for each in (one, other))
        yield Difference("requests that failed", first, second, reason=reason)


def _failed(baseline: Baseline) -> float | None:
    metric, seen = baseline.metric("error_rate"), baseline.requests
    if metric is not None and isinstance(metric.value, float):
        return metric.value
    return sum(seen.failed.values()) / seen.sent if seen.sent else None


def _kinds(a: Baseline, b: Baseline) -> Iterator[Difference]:
    if a.kind != b.kind:
        reason = "a load that was sent and live traffic are not the same load"
        yield Difference("kind", a.kind, b.kind, reason=reason)
    one, other = (each.made_by.split()[0] if each.made_by else "skewguard" for each in (a, b))
    if one != other:
        reason = "each tool starts its clocks elsewhere and counts tokens its own way"
        yield Difference("made by", one, other, reason=reason)


# ---- the load that was described -------------------------------------------------------------------------------------


def _loads(a: Baseline, b: Baseline) -> Iterator[Difference]:
    if "traffic" in {a.kind, b.kind}:
        if a.kind == b.kind:
            yield from _traffic(a.load, b.load)
        return
    yield from load_differences(a.load, b.load)


Field = tuple[str, Callable[[Load], Any]]

_BLOCKING: tuple[Field, ...] = (
    ("profile", lambda load: load.profile),
    ("rate", lambda load: load.rate),
    ("concurrency", lambda load: load.concurrency),
    ("stages", lambda load: ", ".join(map(_stage, load.stages)) or None),
    ("api", lambda load: load.api),
    ("streaming", lambda load: _switch(load.stream, "on", "off")),
    ("prompt source", lambda load: load.prompts.source),
    ("prompt tokens", lambda load: _spread(load.prompts.prompt_tokens)),
    ("output tokens", lambda load: _spread(load.prompts.output_tokens)),
    ("shared prefix", lambda load: load.prompts.shared_prefix),
    ("prompt set", lambda load: load.prompts.digest),
    ("ignores the end of an answer", lambda load: _switch(load.ignore_eos, "yes", "no")),
)


def _switch(value: bool | None, on: str, off: str) -> str | None:
    return None if value is None else on if value else off


_TOLD: tuple[Field, ...] = (
    ("seed", lambda load: load.seed),
    ("duration", lambda load: load.duration),
    ("requests", lambda load: load.requests),
    ("warm-up", lambda load: load.warmup),
)


_LIVES_BY: dict[str, str] = {
    "poisson": "rate",
    "constant": "rate",
    "concurrency": "concurrency",
    "stages": "stages",
}
"""What a profile is nothing without: two of an unknown rate are not known to match."""


def untold(load: Load) -> tuple[str, ...]:
    """What is not told of a load without which nothing is known to match it; empty where all of it is."""
    found = [what for what, value in (("profile", load.profile), ("api", load.api)) if value == UNTOLD]
    needed = _LIVES_BY.get(load.profile)
    return (*found, *([needed] if needed is not None and not getattr(load, needed) else []))


def load_differences(a: Load, b: Load) -> Iterator[Difference]:
    """Where two loads that were sent are not the same load, or not known to be. A length, switch or digest that one side
    does not know is told, and that no side tells which prompts were sent: few tools do, and of none could it be said."""
    unknown = {what: (what in untold(a), what in untold(b)) for what in (*untold(a), *untold(b))}
    for what, read in _BLOCKING:
        one, other = read(a), read(b)
        if what in unknown:
            yield Difference(what, *_sides(one, other, unknown[what]), reason=_unsaid(what, *unknown[what]))
        elif what == "prompt source" and UNTOLD in {one, other}:
            reason = _unsaid(what, one == UNTOLD, other == UNTOLD)
            yield Difference(what, _text(one), _text(other), blocks=one != other, reason=reason)
        elif one != other:
            reason = "" if one is not None and other is not None else "known of one side alone"
            blocks = not reason or what in {"rate", "concurrency", "stages"}
            yield Difference(what, _text(one), _text(other), blocks=blocks, reason=reason)
    for what, read in _TOLD:
        if read(a) != read(b):
            yield Difference(what, _text(read(a)), _text(read(b)), blocks=False)


def _sides(one: object, other: object, unknown: tuple[bool, bool]) -> tuple[str, str]:
    first, second = (NOT_TOLD if gone else _text(value) for value, gone in zip((one, other), unknown, strict=True))
    return first, second


def _unsaid(what: str, first: bool, second: bool) -> str:
    whose = "neither report tells it" if first and second else f"the report of {'a' if first else 'b'} does not tell it"
    way = f": who knows it says it with `skewguard baseline import --{what}`" if what in SAYABLE else ""
    return f"{whose}, so that nobody knows whether the loads were alike{way}"


_OBSERVED: tuple[Field, ...] = (
    ("rate", lambda load: load.rate),
    ("mean prompt tokens", lambda load: load.prompts.prompt_tokens.mean),
    ("mean output tokens", lambda load: load.prompts.output_tokens.mean),
)


def _text(value: object) -> str:
    if value is None:
        return UNKNOWN
    if value == UNTOLD:
        return NOT_TOLD
    return f"{value:g}" if isinstance(value, float) else str(value)


def _spread(spread: Spread) -> str | None:
    return None if spread.mean is None else str(spread)


def _stage(stage: Stage) -> str:
    rate = f"{stage.rate:g} requests/s" if stage.rate is not None else f"concurrency {stage.concurrency}"
    return f"{stage.duration:g} s at {rate}"


def _traffic(a: Load, b: Load) -> Iterator[Difference]:
    """Two windows of production: alike within a fifth, since nobody can send them again."""
    for what, read in _OBSERVED:
        one, other = read(a), read(b)
        if one is None or other is None:
            yield Difference(what, _text(one), _text(other), reason="not known whether the traffic was alike")
        elif _apart(one, other) > TRAFFIC:
            yield Difference(what, f"{one:.4g}", f"{other:.4g}", reason=f"more than {TRAFFIC:.0%} apart")


def _apart(one: float, other: float) -> float:
    """How far two numbers lie apart, as a share of the smaller."""
    low, high = sorted((one, other))
    if low <= 0:
        return 0.0 if high <= 0 else float("inf")
    return high / low - 1


# ---- the load as the server saw it -----------------------------------------------------------------------------------


def _counts(a: Baseline, b: Baseline) -> Iterator[Difference]:
    if a.samples is None or b.samples is None or a.kind != b.kind:
        return
    one, other = rowing.of(a.samples), rowing.of(b.samples)
    for what, limit, means in (
        ("prompt tokens as the server counted them", COUNTED, (_mean(one, one.prompt), _mean(other, other.prompt))),
        ("output tokens as the server counted them", ANSWERED, (_mean(one, one.output), _mean(other, other.output))),
    ):
        if means[0] is None or means[1] is None:
            if means[0] is not means[1]:
                yield Difference(what, _text(means[0]), _text(means[1]), blocks=False, reason="known of one side alone")
        elif _apart(means[0], means[1]) > limit:
            one_said, other_said = f"{means[0]:.1f} on average", f"{means[1]:.1f} on average"
            yield Difference(what, one_said, other_said, reason=f"more than {limit:.0%} apart")


def _mean(rows: rowing.Rows, column: rowing.Array) -> float | None:
    known = rows.counted & (column >= 0)
    return float(column[known].mean()) if known.any() else None


def _cache(a: Baseline, b: Baseline) -> Iterator[Difference]:
    one, other = _share(a), _share(b)
    what = "prefix-cache hit rate"
    if one is None or other is None:
        if one is not other or a.load.prompts.shared_prefix:
            reason = "prompts that are found in the cache cost no prefill: read TTFT with that in mind"
            yield Difference(what, _percent(one), _percent(other), blocks=False, reason=reason)
    elif abs(one - other) > HITS + 1e-9:
        reason = f"more than {HITS * 100:.0f} points apart: one side answered from a warm cache"
        yield Difference(what, _percent(one), _percent(other), reason=reason)


def _share(baseline: Baseline) -> float | None:
    metric = baseline.metric("prefix_cache_hit_rate")
    return None if metric is None or isinstance(metric.value, Between) else metric.value


def _percent(share: float | None) -> str:
    return UNKNOWN if share is None else f"{share:.0%}"


# ---- what served it --------------------------------------------------------------------------------------------------


def _hardware(a: Baseline, b: Baseline) -> Iterator[Difference]:
    yield from _number("replicas", a.replicas, b.replicas)
    yield from _number("GPUs", a.gpus, b.gpus)
    one, other = _gpu(a), _gpu(b)
    if one != other:
        known = one is not None and other is not None
        yield Difference(
            "GPU class", _text(one), _text(other), blocks=known, reason="" if known else "known of one side alone"
        )


def _number(what: str, one: int | None, other: int | None) -> Iterator[Difference]:
    if one != other:
        known = one is not None and other is not None
        yield Difference(
            what, _text(one), _text(other), blocks=known, reason="" if known else "known of one side alone"
        )


def _gpu(baseline: Baseline) -> str | None:
    """The GPU class by its one name, whichever label or driver spelt it."""
    fact = _decided(baseline.facts).get("hardware.gpu_class")
    if fact is None:
        return None
    found = accelerators.find(str(fact.value))
    return found.title if found is not None else str(fact.value)


def _decided(facts: tuple[Fact, ...]) -> Mapping[str, Fact]:
    """The fact of the highest authority of each setting."""
    decided: dict[str, Fact] = {}
    for fact in sorted(facts, key=lambda each: AUTHORITIES.index(each.authority)):
        decided[fact.setting] = fact
    return decided


def _told(a: Baseline, b: Baseline) -> Iterator[Difference]:
    """What may well be the reason for comparing: told, and never in the way."""
    told: list[str] = []
    for what, one, other in (
        ("model", a.model, b.model),
        ("engine", a.engine, b.engine),
        ("version", a.version, b.version),
    ):
        if one != other:
            told.append(what)
            yield Difference(what, _text(one), _text(other), blocks=False)
    yield from (each for each in setting_differences(a, b) if each.what.removeprefix("runtime.") not in told)
    one, other = (each.endpoint and each.endpoint.removesuffix("/v1") for each in (a, b))
    if one and other and one != other:
        reason = "what lies on the way (a gateway, TLS, the network) is in the times too"
        yield Difference("endpoint", one, other, blocks=False, reason=reason)


def setting_differences(a: Baseline, b: Baseline) -> Iterator[Difference]:
    """The settings of which both know the value, and not the same one; the GPUs are told apart by their class."""
    left, right = _decided(a.facts), _decided(b.facts)
    for setting in sorted(left.keys() & right.keys() - {"hardware.gpu_class", "hardware.gpu_count"}):
        if left[setting].value != right[setting].value:
            yield Difference(setting, _text(left[setting].value), _text(right[setting].value), blocks=False)
