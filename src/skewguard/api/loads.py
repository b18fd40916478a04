"""The load of a recording: what was asked for, over what the contract promises, over a small default."""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from skewguard.language import vocabulary
from skewguard.language.errors import UsageError
from skewguard.language.loads import API, Load, Profile, Prompts, Spread, Stage
from skewguard.language.measures import MEASURES, STATS, TIMES

DURATION_S = 60.0
LONGEST_S = 180.0
ANSWERS = 200
"""Nobody said how long: for a minute, and longer where a minute gives fewer answers than a comparison of a p95 needs."""
SPARE = 20
"""Answers more than that, since a random schedule has now fewer and now more."""
CONCURRENCY = 4
PROMPT_TOKENS, OUTPUT_TOKENS = 512, 128
WARMUP_S = 10.0
"""Seconds before anything counts; a sixth of a shorter run."""
SEED = 1

_OPEN = ("poisson", "constant")
_FIXED = ("stages", "trace")
"""Profiles that say themselves when requests leave, and when it is over."""


class Wish(Struct, frozen=True, kw_only=True):
    """What was asked for of a load. None: it was not spoken of. Times are seconds, lengths `N` or `MIN-MAX` tokens.

    `stages` is `RATE:DURATION,…`, or `cN:DURATION` for N requests at once; `prompts` and `trace` are paths of files.
    """

    profile: Profile | None = None
    rate: float | None = None
    concurrency: int | None = None
    requests: int | None = None
    duration: float | None = None
    warmup: float | None = None
    prompt_tokens: str | None = None
    output_tokens: str | None = None
    shared_prefix: int | None = None
    prompts: str | None = None
    trace: str | None = None
    stages: str | None = None
    seed: int | None = None
    api: API | None = None
    ignore_eos: bool = False


def described(wish: Wish, promised: Mapping[str, Any], longest: float = LONGEST_S) -> Load:
    """The load to send. `promised` is `performance.load` of a contract, `longest` how many seconds one of a rate may last of which

    nobody said how long. Raises `UsageError` for what cannot be meant.
    """
    _refuse_contradictions(wish)
    profile = _profile(wish, promised)
    choose = _Choice(wish, promised)
    rate = choose("rate", None) if profile in _OPEN else None
    if profile in _OPEN and rate is None:
        raise UsageError(
            f"a {profile} load has a rate, and none was given", hint="such as --rate 4 requests per second"
        )
    requests = None if profile in _FIXED else choose("requests", None)
    concurrency = choose("concurrency", CONCURRENCY) if profile == "concurrency" else None
    if profile == "burst":
        requests = requests or choose("concurrency", CONCURRENCY)
    counted = requests is not None and (wish.requests is not None or "duration" not in promised)
    duration = _duration(wish, choose, profile, longest, counted=counted)
    return Load(
        profile=profile,
        prompts=_prompts(wish, choose),
        rate=rate,
        concurrency=concurrency,
        requests=requests,
        duration=duration,
        warmup=choose("warmup", min(WARMUP_S, duration / 6) if duration and profile != "burst" else 0.0),
        stages=stages(wish.stages) if wish.stages else (),
        api=wish.api or "chat",
        seed=choose("seed", SEED),
        ignore_eos=wish.ignore_eos,
    )


class _Choice:
    """A value of the load by its name: as asked for, else as promised, else the default."""

    def __init__(self, wish: Wish, promised: Mapping[str, Any]) -> None:
        self._wish = wish
        self._promised = promised

    def __call__(self, name: str, default: Any) -> Any:
        wished = getattr(self._wish, name)
        if wished is not None:
            return wished
        promised = self._promised.get(name)
        return default if promised is None else promised


def _duration(wish: Wish, choose: _Choice, profile: Profile, longest: float, *, counted: bool) -> float | None:
    """Seconds that are measured; None where the requests themselves say when it is over."""
    if wish.duration is not None or counted or profile in (*_FIXED, "burst"):
        return wish.duration
    return float(choose("duration", _usual(choose("rate", None) if profile in _OPEN else None, longest)))


def _usual(rate: float | None, longest: float) -> float:
    """Seconds of a load of which nobody said how long: of a rate so long that it gives answers enough, within limits."""
    return DURATION_S if rate is None else max(DURATION_S, min(longest, math.ceil((ANSWERS + SPARE) / rate)))


def is_unbounded(wish: Wish, promised: Mapping[str, Any]) -> bool:
    """Whether nobody said when the load is over, so that it may go on until it has answers enough."""
    said = (wish.duration, wish.requests, promised.get("duration"), promised.get("requests"))
    return all(each is None for each in said)


def _profile(wish: Wish, promised: Mapping[str, Any]) -> Profile:
    """The profile that was named, else the one that the other words mean, else the contract's."""
    if wish.profile is not None:
        return wish.profile
    if wish.stages is not None:
        return "stages"
    if wish.trace is not None:
        return "trace"
    kept: Profile | None = promised.get("profile")
    if wish.rate is not None:
        return kept if kept in _OPEN else "poisson"
    if wish.concurrency is not None:
        return "concurrency"
    if kept is None and "rate" in promised:
        return "poisson"
    return kept or "concurrency"


def _refuse_contradictions(wish: Wish) -> None:
    named = {
        "--rate": wish.rate, "--concurrency": wish.concurrency, "--requests": wish.requests, "--stages": wish.stages,
        "--trace": wish.trace, "--duration": wish.duration, "--prompt-tokens": wish.prompt_tokens,
        "--shared-prefix": wish.shared_prefix, "--prompts": wish.prompts,
    }  # fmt: skip
    given = {name for name, value in named.items() if value is not None}
    for name in ("--rate", "--concurrency", "--requests", "--duration"):
        value = named[name]
        if isinstance(value, (int, float)) and not 0 < value < float("inf"):
            raise UsageError(f"{name} {value} is not greater than 0")
    for one, others, why in _APART:
        if one in given and (wrong := sorted(given & set(others))):
            raise UsageError(f"{one} and {wrong[0]} contradict each other: {why}", hint="leave one of them out")
    _refuse_of_profile(wish)


_APART: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("--rate", ("--concurrency",), "requests leave at a rate, or each as soon as another one ends"),
    ("--stages", ("--rate", "--concurrency", "--requests", "--duration", "--trace"), "stages say all of it themselves"),
    ("--trace", ("--rate", "--concurrency", "--requests"), "a trace says when each request leaves"),
    ("--trace", ("--prompts",), "a trace says how long each prompt is, and words of that length are made for it"),
    ("--prompts", ("--prompt-tokens", "--shared-prefix"), "the prompts of a file are as long as they are"),
)


def _refuse_of_profile(wish: Wish) -> None:
    """Raise for a profile that was named without what it lives by, or with what it does not know."""
    needs = {"stages": wish.stages, "trace": wish.trace}
    if wish.profile in needs and needs[wish.profile] is None:
        raise UsageError(f"--profile {wish.profile} needs --{wish.profile}")
    other = next(
        (name for name, value in needs.items() if value is not None and wish.profile not in (None, name)), None
    )
    if other is not None:
        raise UsageError(f"--{other} and --profile {wish.profile} contradict each other", hint="leave one of them out")
    if wish.rate is not None and wish.profile in ("concurrency", "burst"):
        raise UsageError(f"a load of profile {wish.profile} has no rate", hint="--profile poisson or constant has one")
    if wish.concurrency is not None and wish.profile in _OPEN:
        raise UsageError(
            f"a {wish.profile} load sends at its rate, however many requests are under way",
            hint="--profile concurrency keeps a number of them under way",
        )


# ---- lengths, stages, objectives, parts ------------------------------------------------------------------------------


def _prompts(wish: Wish, choose: _Choice) -> Prompts:
    output = spread(wish.output_tokens, "--output-tokens") or _fixed(choose("output_tokens", OUTPUT_TOKENS))
    if wish.prompts is not None:
        return Prompts("file", Spread(None), output, name=wish.prompts)
    prompt = spread(wish.prompt_tokens, "--prompt-tokens") or _fixed(choose("prompt_tokens", PROMPT_TOKENS))
    shared = wish.shared_prefix or 0
    if prompt.minimum is not None and shared > prompt.minimum:
        raise UsageError(
            f"a prefix of {shared} tokens that all prompts share is longer than the shortest of them ({prompt.minimum})",
            hint="raise --prompt-tokens or lower --shared-prefix",
        )
    return Prompts("synthetic", prompt, output, shared_prefix=shared, name=wish.trace)


def _fixed(tokens: str | int) -> Spread:
    if isinstance(tokens, str):
        return spread(tokens, "the load") or Spread(None)
    return Spread(float(tokens), tokens, tokens)


def spread(text: str | None, of: str) -> Spread | None:
    """`256` or `100-400` tokens. Raises `UsageError`."""
    if text is None:
        return None
    found = re.fullmatch(r"(\d{1,9})(?:-(\d{1,9}))?", text.strip())
    low, high = (int(found[1]), int(found[2] or found[1])) if found else (0, 0)
    if not 0 < low <= high:
        raise UsageError(f"{of} {text!r} is no number of tokens", hint="write 256, or 100-400 for an even spread")
    return Spread((low + high) / 2, low, high)


def stages(text: str) -> tuple[Stage, ...]:
    """`10:30s,20:30s`, and `c8:30s` for 8 requests at once. Raises `UsageError`."""
    return tuple(_stage(part.strip()) for part in text.split(","))


def _stage(text: str) -> Stage:
    level, _, length = text.partition(":")
    try:
        duration = vocabulary.seconds(length)
        size = int(level[1:]) if level.startswith("c") else float(level)
    except (ValueError, OverflowError):
        size, duration = 0, 0.0
    if not 0 < size < float("inf") or not duration > 0:
        raise UsageError(
            f"{text!r} is no stage of a load",
            hint="write requests per second and a time, as in 10:30s,20:30s; c8:30s keeps 8 requests under way",
        )
    return Stage(duration, concurrency=size) if isinstance(size, int) else Stage(duration, rate=size)


def objectives(words: Sequence[str], promised: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """Service level objectives: those that are promised, and over them `METRIC.STATISTIC=LIMIT`. Raises `UsageError`."""
    found = {name: dict(limits) for name, limits in promised.items()}
    for word in words:
        name, stat, limit = _objective(word)
        found.setdefault(name, {})[stat] = limit
    return found


def _objective(word: str) -> tuple[str, str, float]:
    path, _, text = word.partition("=")
    name, _, stat = path.strip().partition(".")
    if name not in MEASURES:
        raise UsageError(f"--slo {word}: {name!r} is no metric of a baseline", hint=f"one of {', '.join(MEASURES)}")
    known = STATS if name in TIMES else ("min", "max")
    if stat not in known:
        example = "ttft.p95=2s" if name in TIMES else f"{name}.min=100"
        raise UsageError(f"--slo {word}: {name} has {', '.join(known)}", hint=f"write it as {example}")
    try:
        limit = vocabulary.seconds(text) if name in TIMES else float(text)
    except (ValueError, OverflowError):
        limit = -1.0
    if not 0 <= limit < float("inf"):
        shape = "a time such as 250ms or 2s" if name in TIMES else "a number"
        raise UsageError(f"--slo {word}: {text!r} is not {shape}")
    return name, stat, limit


def part(text: str | None, environ: Mapping[str, str]) -> tuple[int, int] | None:
    """`K/N` as (K - 1, N), or what an indexed Job says of itself; None where all of it is sent from here.

    Kubernetes gives `JOB_COMPLETION_INDEX` to the pods of an indexed Job, counted from 0; of how many is written as
    `--part /N`. Raises `UsageError`.
    """
    if text is None:
        return None
    given, _, count = text.partition("/")
    index = environ.get("JOB_COMPLETION_INDEX", "") if not given else ""
    if not given and count.isdecimal() and not index.isdecimal():
        raise UsageError(
            f"--part {text} is no part of a load here: JOB_COMPLETION_INDEX, which tells the number, "
            f"{'is no number' if index else 'is not set'}",
            hint=f"only the pods of an indexed Job have it; elsewhere say which of the {count} this is: --part 1/{count}",
        )
    number = str(int(index) + 1) if index.isdecimal() else given
    if not (number.isdecimal() and count.isdecimal() and 0 < int(number) <= int(count)):
        raise UsageError(
            f"--part {text} is no part of a load",
            hint="write 2/4 for the second of four machines; in an indexed Job /4 takes the number from JOB_COMPLETION_INDEX",
        )
    return int(number) - 1, int(count)
