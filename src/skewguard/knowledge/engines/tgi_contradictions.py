"""Lengths that contradict each other: TGI's launcher compares them at its start and ends.

Read in `main` of `launcher/src/main.rs` of every release from 1.4.0 on. Before 2.4.1 it compares defaults too: a total
that somebody wrote below the default of the input, which does not follow it, ends the start.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import structs

from skewguard.knowledge.engines.interface import Argument, Parsed, Release
from skewguard.knowledge.engines.tgi_rules import BY_MEMORY, CAP
from skewguard.knowledge.engines.versions import since
from skewguard.language.facts import Fact

_FIRST_COMPUTED = "2.0.0"
_OLD_DEFAULTS = {"max_input_tokens": 1024, "max_total_tokens": 2048, "max_batch_prefill_tokens": 4096}
_NAMES = ("max_input_tokens", "max_total_tokens", "max_batch_prefill_tokens", "max_batch_total_tokens")


def told(parsed: Parsed, release: Release) -> Parsed:
    """`parsed`, with the values marked that stop every release which may run."""
    written = {dest: parsed.values[dest] for dest in _NAMES if dest in parsed.values}
    versions = parsed.versions or release.candidates
    if not written or release.beyond or parsed.blind is not None or any(dest in parsed.gaps for dest in _NAMES):
        return parsed
    each = [list(_contradictions(written, version)) for version in versions]
    if all(each):
        dest, message = each[-1][0]
        return _with(parsed, _refused(written[dest], dest, message), starts=False)
    total = written.get("max_total_tokens")
    if total is None or not all(_below_default(written, version) for version in versions):
        return parsed
    doubt = f"the model's positions, unless config.json says fewer than {total.value}"
    message = (
        f"max_input_tokens has no value, and its default is one less than the model's positions, at most {CAP - 1}: with "
        f"max_total_tokens {total.value} Text Generation Inference does not start on a model of as many positions"
    )
    return _with(parsed, _refused(total, "max_total_tokens", message, doubt), starts=parsed.starts and None)


def _below_default(written: dict[str, Fact], version: str) -> bool:
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


def _contradictions(written: dict[str, Fact], version: str) -> Iterator[tuple[str, str]]:
    """The written destination at fault and what is wrong, for one release."""
    known = {dest: fact.value for dest, fact in written.items()}
    for smaller, larger, equal in _rules(version):
        low, high = _value(known, smaller, version), _value(known, larger, version)
        if isinstance(low, int) and isinstance(high, int) and (low > high or (low == high and not equal)):
            at = larger if larger in written else smaller
            if at in written:
                yield at, _sentence(smaller, low, larger, high, written, version, equal=equal)


def _rules(version: str) -> Sequence[tuple[str, str, bool]]:
    """(smaller, larger, whether they may be equal) of what the release compares."""
    rules = [("max_input_tokens", "max_total_tokens", False), ("max_total_tokens", "max_batch_total_tokens", True)]
    if not since(version, "2.4.0"):
        rules += [
            ("max_input_tokens", "max_batch_prefill_tokens", True),
            ("max_batch_prefill_tokens", "max_batch_total_tokens", True),
        ]
    return rules


def _value(known: dict[str, Any], dest: str, version: str) -> Any:
    """What is written, else the least that the default comes to; None where nothing is known of it."""
    if dest in known or since(version, BY_MEMORY):
        return known.get(dest)
    if not since(version, _FIRST_COMPUTED):
        return _OLD_DEFAULTS.get(dest)
    return None


def _sentence(
    smaller: str, low: int, larger: str, high: int, written: dict[str, Fact], version: str, *, equal: bool
) -> str:
    def name(dest: str, value: int) -> str:
        return f"{dest} {value}" + ("" if dest in written else f" (its default in {version})")

    than = "at most" if equal else "less than"
    return f"{name(smaller, low)} has to be {than} {name(larger, high)}: Text Generation Inference does not start"
