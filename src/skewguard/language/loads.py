"""What an engine is loaded with, as values: the arrivals, the requests, and where they come from.

A load is a description that is compared: two baselines say something about each other only where their loads match.
Lengths are tokens of the served model, times seconds, rates requests per second.
"""

from typing import Final, Literal

from msgspec import Struct

UNTOLD: Final = "untold"
"""What the report of another tool does not say, or says in words that mean none of ours: never taken for the usual."""

NOT_TOLD = "not told"
"""What stands for it in words."""

SAYABLE = frozenset({"profile", "api", "rate", "concurrency"})
"""What `baseline import` takes of a load from somebody who knows it, where a report does not tell it: by options of these names."""

Profile = Literal["poisson", "constant", "concurrency", "burst", "stages", "trace", "observed", "untold"]
"""How requests arrive: at random, evenly, each as soon as another ends (closed loop), all at once, in `stages`, as a
recorded trace says, as production sent them (`observed`, where nothing was sent by us), or nobody says how (`untold`)."""

API = Literal["completions", "chat", "untold"]
"""Which API is asked; `untold` where the report of another tool does not say it."""


class Spread(Struct, frozen=True):
    """A mix of lengths in tokens: `mean`, and the `minimum` and `maximum` of an even spread; all equal for a fixed one.

    None where it is not known (a file of prompts whose tokens nobody counted yet). Of traffic that an engine counted itself
    there are `bounds`, the upper ends of its buckets, and `counts`, the requests in each of them and in the one above all.
    """

    mean: float | None
    minimum: int | None = None
    maximum: int | None = None
    bounds: tuple[float, ...] = ()
    counts: tuple[float, ...] = ()

    def __str__(self) -> str:
        if self.mean is None:
            return "unknown"
        if self.minimum is None or self.minimum == self.maximum:
            return f"{self.mean:g}"
        return f"{self.minimum}-{self.maximum}"


class Prompts(Struct, frozen=True):
    """Where prompts come from. `digest` (sha256) names the set that was sent, so that two runs can be known to match.

    `synthetic` are words drawn from the seed; `shared_prefix` are the tokens that all of them begin with (what a prefix
    cache can reuse); `file` is a JSONL file; `recorded` a mix of lengths taken from production; `untold` what the report of
    another tool does not say.
    """

    source: Literal["synthetic", "file", "recorded", "observed", "untold"]
    prompt_tokens: Spread
    output_tokens: Spread
    shared_prefix: int = 0
    digest: str | None = None
    name: str | None = None


class Stage(Struct, frozen=True):
    """One stretch of a load in stages. One of `rate` and `concurrency` is set."""

    duration: float
    rate: float | None = None
    concurrency: int | None = None


class Load(Struct, frozen=True):
    """A load. `rate` belongs to poisson and constant, `concurrency` to the closed loop, `stages` to stages; all of them may stand
    beside a profile that is untold. Of traffic that was observed, `rate` are the requests that ended per second, and `concurrency`
    is the median of those that were computed at once.

    It ends after `duration` seconds or `requests`, whichever comes first; `warmup` seconds come before and count for nothing.
    `seed` draws arrivals, lengths and words, so that the same load can be sent again; None for what another tool or production sent.
    `stream` (answers come token by token) and `ignore_eos` (the end of an answer is ignored) are None where nobody tells it.
    """

    profile: Profile
    prompts: Prompts
    rate: float | None = None
    concurrency: int | None = None
    requests: int | None = None
    duration: float | None = None
    warmup: float = 0.0
    stages: tuple[Stage, ...] = ()
    api: API = "chat"
    stream: bool | None = True
    seed: int | None = 1
    ignore_eos: bool | None = False
