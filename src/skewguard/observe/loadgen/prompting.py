"""What is asked: prompts made from words and a seed, read from a file, or as long as those of production.

A prompt is a pure function of the set and its number, so that any process can make any of them, and only when it is due.
Lengths are meant in tokens of the served model. What is sent are common English words, each of which is one token in the
usual vocabularies; how many they were is what the server counts.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from skewguard.language.baselines import Buckets
from skewguard.language.errors import InputError, UsageError
from skewguard.language.loads import Load, Prompts, Spread
from skewguard.observe.loadgen.wording import PromptSet

__all__ = ["PromptSet", "from_load", "mixed", "of_file", "recorded", "synthetic", "trace"]

_MOST_LINES = 1_000_000


def synthetic(prompt_tokens: Spread, output_tokens: Spread, *, shared_prefix: int = 0, seed: int = 1) -> PromptSet:
    """Words drawn from a seed. Each prompt begins with the `shared_prefix`, and then with words that no other has."""
    _positive(prompt_tokens, "prompt")
    if output_tokens.mean is not None or output_tokens.minimum is not None:
        _positive(output_tokens, "output")
    described = Prompts("synthetic", prompt_tokens, output_tokens, shared_prefix)
    return _named(PromptSet(described, seed))


def recorded(pairs: Iterable[tuple[int, int]], *, seed: int = 1, name: str | None = None) -> PromptSet:
    """A mix of lengths (prompt, output) taken from production; which comes when is drawn from the seed."""
    lengths = tuple(pairs)
    if not lengths:
        raise InputError("a recorded mix without a single length")
    prompts, outputs = zip(*lengths, strict=True)
    described = Prompts("recorded", _spread(prompts), _spread(outputs), name=name)
    return _named(PromptSet(described, seed, lengths=lengths))


def mixed(prompt_tokens: Buckets, output_tokens: Buckets, number: int = 1000) -> tuple[tuple[int, int], ...]:
    """Lengths as two histograms of an engine tell them, evenly within each bucket; the two are drawn apart.

    An engine does not tell which prompt got which answer: the k-th length of one is paired with a far one of the other.
    """
    prompts, outputs = _quantiles(prompt_tokens, number), _quantiles(output_tokens, number)
    stride = next(step for step in range(int(number * 0.618) or 1, number + 2) if _coprime(step, number))
    return tuple((prompts[k], outputs[k * stride % number]) for k in range(number))


def trace(text: str, *, seed: int = 1, name: str | None = None) -> PromptSet:
    """Requests of a recorded trace, JSON lines of `{"at": seconds, "prompt_tokens": n, "output_tokens": n}`."""
    lines = sorted(_lines(text, name), key=lambda line: _number(line, "at"))
    if not lines:
        raise InputError("a trace without a single request", file=name)
    first = _number(lines[0], "at")
    lengths = tuple((_length(line, "prompt_tokens"), _length(line, "output_tokens")) for line in lines)
    prompts, outputs = zip(*lengths, strict=True)
    described = Prompts("recorded", _spread(prompts), _spread(outputs), name=name)
    times = tuple(_number(line, "at") - first for line in lines)
    return _named(PromptSet(described, seed, lengths=lengths, times=times))


def of_file(text: str, *, output_tokens: Spread | None = None, seed: int = 1, name: str | None = None) -> PromptSet:
    """Prompts of JSON lines with a `prompt` (a text) or `messages` (of a chat), sent in their order, again and again.

    A line's `output_tokens` (or `max_tokens`) bounds its answer, else `output_tokens` of the load does, else the server.
    """
    lines = _lines(text, name)
    if not lines:
        raise InputError("a file of prompts without a single prompt", file=name)
    contents = tuple(_content(line) for line in lines)
    outputs = tuple(_bound(line) for line in lines)
    known = [bound for bound in outputs if bound]
    spread = output_tokens or (_spread(known) if len(known) == len(outputs) else Spread(None))
    described = Prompts("file", Spread(None), spread, name=name)
    return _named(PromptSet(described, seed, contents=contents, outputs=outputs))


def from_load(load: Load, text: str | None = None) -> PromptSet:
    """The prompts that a load describes; `text` is the file it names. Raises `UsageError`, `InputError`."""
    prompts = load.prompts
    if load.seed is None or prompts.source == "untold":
        raise UsageError("it is not known what another tool sent, so it cannot be sent again", hint="describe the load")
    if load.profile == "trace":
        return trace(text or "", seed=load.seed, name=prompts.name)
    if prompts.source == "file":
        lengths = prompts.output_tokens if prompts.output_tokens.mean is not None else None
        return of_file(text or "", output_tokens=lengths, seed=load.seed, name=prompts.name)
    if prompts.source == "recorded" and text:
        pairs = [
            (_length(line, "prompt_tokens"), _length(line, "output_tokens")) for line in _lines(text, prompts.name)
        ]
        return recorded(pairs, seed=load.seed, name=prompts.name)
    if prompts.source == "observed":
        raise UsageError("what production asked is not known, only how long it was", hint="use a recorded mix")
    shared = prompts.shared_prefix
    return synthetic(prompts.prompt_tokens, prompts.output_tokens, shared_prefix=shared, seed=load.seed)


def _named(made: PromptSet) -> PromptSet:
    """With the digest of everything that decides what is sent."""
    described = made.described
    told = [
        "prompts/1", described.source, made.seed, described.shared_prefix, str(described.prompt_tokens),
        str(described.output_tokens), made.lengths, made.contents, made.outputs, made.times,
    ]  # fmt: skip
    digest = hashlib.sha256(json.dumps(told).encode()).hexdigest()
    fields = {**{name: getattr(described, name) for name in Prompts.__struct_fields__}, "digest": digest}
    return PromptSet(Prompts(**fields), made.seed, made.lengths, made.contents, made.outputs, made.times)


class _Line(Struct, frozen=True):
    """One line of a file, and where it stands."""

    said: Mapping[str, Any]
    number: int
    file: str | None

    def wrong(self, what: str) -> InputError:
        """What is wrong with it, and where."""
        return InputError(what, file=self.file, line=self.number)


def _lines(text: str, name: str | None) -> list[_Line]:
    found: list[_Line] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            raise InputError("that line is no JSON", file=name, line=number) from None
        if not isinstance(value, dict):
            raise InputError("that line is no JSON object", file=name, line=number)
        found.append(_Line(value, number, name))
    if len(found) > _MOST_LINES:
        raise InputError(f"more than {_MOST_LINES:,} lines", file=name)
    return found


def _content(line: _Line) -> str:
    messages, prompt = line.said.get("messages"), line.said.get("prompt")
    if isinstance(messages, list) and messages:
        return json.dumps(messages)
    if isinstance(prompt, str) and prompt:
        return json.dumps(prompt)
    raise line.wrong('it has neither a "prompt" (a text) nor "messages" (a list)')


def _bound(line: _Line) -> int:
    bound = line.said.get("output_tokens", line.said.get("max_tokens"))
    return bound if isinstance(bound, int) and bound > 0 else 0


def _number(line: _Line, key: str) -> float:
    value = line.said.get(key)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < float("inf"):
        raise line.wrong(f"it has no {key!r} that is a number")
    return float(value)


def _length(line: _Line, key: str) -> int:
    value = int(_number(line, key))
    if value < 1:
        raise line.wrong(f"its {key!r} is below 1")
    return value


def _spread(lengths: Sequence[int]) -> Spread:
    return Spread(sum(lengths) / len(lengths), min(lengths), max(lengths))


def _positive(spread: Spread, what: str) -> None:
    low = spread.minimum if spread.minimum is not None else spread.mean
    high = spread.maximum if spread.maximum is not None else spread.mean
    if low is None or high is None or low < 1 or high < low:
        raise UsageError(f"a synthetic load needs the {what} tokens of its requests: a number, or a range")


def _quantiles(buckets: Buckets, number: int) -> list[int]:
    """So many lengths, evenly spaced in rank. The last bucket has no upper bound: its lower one is taken."""
    total = buckets.counts[-1] if buckets.counts else 0
    if total <= 0:
        raise InputError("a histogram of lengths without a single request in it")
    lengths, bucket = [], 0
    for rank in range(number):
        wanted = (rank + 0.5) / number * total
        while buckets.counts[bucket] < wanted:
            bucket += 1
        low, high = (buckets.bounds[bucket - 1] if bucket else 0.0), buckets.bounds[bucket]
        below = buckets.counts[bucket - 1] if bucket else 0.0
        within = (wanted - below) / (buckets.counts[bucket] - below)
        lengths.append(max(1, round(low if high == float("inf") else low + (high - low) * within)))
    return lengths


def _coprime(a: int, b: int) -> bool:
    while b:
        a, b = b, a % b
    return a == 1
