"""Values that contradict each other: TGI's launcher compares them at its start and ends.

Read in `main` and `find_num_shards` of `launcher/src/main.rs` of every release from 1.4.0 on. Before 2.4.1 it compares
defaults too: a total that somebody wrote below the default of the input, which does not follow it, ends the start, and so
does a prompt that is not shorter than the default of the total.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from msgspec import structs

from skewguard.knowledge.engines import twins
from skewguard.knowledge.engines.interface import Argument, Parsed, Release
from skewguard.knowledge.engines.tgi_rules import BY_MEMORY, CAP
from skewguard.knowledge.engines.versions import since
from skewguard.language.facts import Fact
from skewguard.language.workloads import EnvVar

_FIRST_COMPUTED = "2.0.0"
_OLD_DEFAULTS = {"max_input_tokens": 1024, "max_total_tokens": 2048, "max_batch_prefill_tokens": 4096}
_LENGTHS = ("max_input_tokens", "max_total_tokens", "max_batch_prefill_tokens", "max_batch_total_tokens")
_LENGTH_VARIABLES = (*_LENGTHS, "max_input_length")
_SHARDS = ("sharded", "num_shard")
_ENDS = "Text Generation Inference does not start"

Written = dict[str, Fact]
Refusals = Callable[[Written, str], Iterator[tuple[str, str]]]
"""The written destination at fault and what is wrong, for one release."""


def told(parsed: Parsed, env: Sequence[EnvVar], release: Release) -> Parsed:
    """`parsed`, with the values marked that stop every release which may run."""
    versions = parsed.versions or release.candidates
    if release.beyond or parsed.blind is not None:
        return parsed
    named = _told_twice(parsed, env, versions)
    defaults = not any(entry.value is None and entry.name.lower() in _LENGTH_VARIABLES for entry in env)
    lengths = _told(named, _LENGTHS, _lengths if defaults else _written_lengths, versions)
    if lengths is named and defaults:
        lengths = _told_total(named, versions)
    return _told(lengths, _SHARDS, _shards, versions)


def _written(parsed: Parsed, names: Sequence[str]) -> Written:
    """What is written of these; nothing where one of them is not known."""
    unknown = any(dest in parsed.gaps for dest in names)
    return {} if unknown else {dest: parsed.values[dest] for dest in names if dest in parsed.values}


def _told(parsed: Parsed, names: Sequence[str], refusals: Refusals, versions: Sequence[str]) -> Parsed:
    written = _written(parsed, names)
    each = [list(refusals(written, version)) for version in versions]
    if not written or not all(each):
        return parsed
    dest, message = each[-1][0]
    return _with(parsed, _refused(written[dest], dest, message), starts=False)


def _told_total(parsed: Parsed, versions: Sequence[str]) -> Parsed:
    written = _written(parsed, _LENGTHS)
    total = written.get("max_total_tokens")
    if total is None or not all(_below_default(written, version) for version in versions):
        return parsed
    doubt = f"the model's positions, unless config.json says fewer than {total.value}"
    message = (
        f"max_input_tokens has no value, and its default is one less than the model's positions, at most {CAP - 1}: with "
        f"max_total_tokens {total.value} {_ENDS} on a model of as many positions"
    )
    return _with(parsed, _refused(total, "max_total_tokens", message, doubt), starts=parsed.starts and None)


def _told_twice(parsed: Parsed, env: Sequence[EnvVar], versions: Sequence[str]) -> Parsed:
    """The old and the new name of the prompt's length, of which one at least is a variable."""
    entries = twins.certain(env)
    flags = {argument.flag for argument in parsed.arguments if argument.outcome in ("parsed", "overridden")}
    old, new = (entries.get(name) for name in ("MAX_INPUT_LENGTH", "MAX_INPUT_TOKENS"))
    olds, news = old or "--max-input-length" in flags, new or "--max-input-tokens" in flags
    entry = old or new
    if entry is None or not (olds and news and all(since(version, _FIRST_COMPUTED) for version in versions)):
        return parsed
    other = "--max-input-tokens" if new is None else "MAX_INPUT_TOKENS" if old is not None else "--max-input-length"
    message = f"`{entry.name}` sets the longest prompt, and so does `{other}`: {_ENDS} with both names of it"
    refused = _refused(Fact("", None, "declared", entry.origin), "max_input_tokens", message)
    return structs.replace(
        parsed, arguments=(*parsed.arguments, structs.replace(refused, text=entry.name)), starts=False
    )


def _below_default(written: Written, version: str) -> bool:
    """Whether a total is written that the default of the input, which does not follow it, exceeds for most models."""
    total = written["max_total_tokens"].value
    computed = since(version, _FIRST_COMPUTED) and not since(version, BY_MEMORY)
    return computed and "max_input_tokens" not in written and isinstance(total, int) and total < CAP


def _with(parsed: Parsed, refused: Argument, *, starts: bool | None) -> Parsed:
    """`parsed`, with this argument in place of the one that it is about."""
    kept = [item for item in parsed.arguments if item.dest != refused.dest or item.outcome != "parsed"]
    return structs.replace(parsed, arguments=(*kept, refused), starts=starts)


def _refused(fact: Fact, dest: str, message: str, doubt: str = "") -> Argument:
    flag = "--" + dest.replace("_", "-")
    return Argument(
        f"{flag}={fact.value}",
        "invalid",
        fact.origin,
        flag=flag,
        dest=dest,
        value=fact.value,
        value_origin=fact.origin,
        fault="invalid",
        message=message,
        fatal=None if doubt else True,
        doubt=doubt,
    )


def _shards(written: Written, _version: str) -> Iterator[tuple[str, str]]:
    shards, sharded = written.get("num_shard"), written.get("sharded")
    if shards is not None and shards.value == 0:
        yield "num_shard", f"num_shard 0 leaves no shard: {_ENDS}"
    elif shards is not None and shards.value == 1 and sharded is not None and sharded.value is True:
        yield "num_shard", f"num_shard 1 contradicts sharded true, which takes two and more: {_ENDS}"


def _lengths(written: Written, version: str) -> Iterator[tuple[str, str]]:
    known = {dest: fact.value for dest, fact in written.items()}
    for smaller, larger, equal in _rules(version):
        low, high = _value(known, smaller, version), _value(known, larger, version, most=True)
        if isinstance(low, int) and isinstance(high, int) and (low > high or (low == high and not equal)):
            at = larger if larger in written else smaller
            if at in written:
                yield at, _sentence(smaller, low, larger, high, written, version, equal=equal)


def _written_lengths(written: Written, version: str) -> Iterator[tuple[str, str]]:
    """What is wrong where an unseen source may set a length, so that no default is known to count."""
    for smaller, larger, _ in _rules(version):
        if smaller in written and larger in written:
            yield from _lengths({dest: written[dest] for dest in (smaller, larger)}, version)


def _rules(version: str) -> Sequence[tuple[str, str, bool]]:
    """(smaller, larger, whether they may be equal) of what the release compares."""
    rules = [("max_input_tokens", "max_total_tokens", False), ("max_total_tokens", "max_batch_total_tokens", True)]
    if not since(version, "2.4.0"):
        rules += [
            ("max_input_tokens", "max_batch_prefill_tokens", True),
            ("max_batch_prefill_tokens", "max_batch_total_tokens", True),
        ]
    return rules


def _value(known: dict[str, Any], dest: str, version: str, *, most: bool = False) -> Any:
    """What is written, else the default, `most` the highest that it comes to; None where nothing is known of it."""
    if dest in known or since(version, BY_MEMORY):
        return known.get(dest)
    if not since(version, _FIRST_COMPUTED):
        return _OLD_DEFAULTS.get(dest)
    return CAP if most and dest == "max_total_tokens" else None


def _sentence(smaller: str, low: int, larger: str, high: int, written: Written, version: str, *, equal: bool) -> str:
    def name(dest: str, value: int) -> str:
        default = "the most that it is by default" if since(version, _FIRST_COMPUTED) else "its default"
        return f"{dest} {value}" + ("" if dest in written else f" ({default} in {version})")

    than = "at most" if equal else "less than"
    return f"{name(smaller, low)} has to be {than} {name(larger, high)}: {_ENDS}"
