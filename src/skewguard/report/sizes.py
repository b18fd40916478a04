"""Memory and speed in words: a number with its unit and bound, and what a difference does to them."""

from collections.abc import Iterable

from skewguard.language.facts import Choice, Fact, Gap
from skewguard.language.findings import Effect
from skewguard.language.results import SizeLine
from skewguard.report import words

_BOUNDS = {"at-least": "at least ", "at-most": "at most "}
_SHORT = {
    "capacity.weight_bytes": "weights",
    "capacity.kv_bytes_per_token": "KV cache per token",
    "capacity.kv_tokens": "KV capacity",
    "capacity.full_length_requests": "full-length requests at once",
    "capacity.decode_tokens_per_second": "decode bound",
    "capacity.batch_decode_tokens_per_second": "decode bound of a full batch",
}
_SIZES = (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10))


def number(value: float, unit: str) -> str:
    """`14.96 GiB`, `128 KiB per token`, `43,344 tokens`, `0.33 requests`."""
    if unit.startswith("bytes"):
        name, size = next(((name, size) for name, size in _SIZES if value >= size), ("bytes", 1))
        return f"{_rounded(value / size)} {name}{unit.removeprefix('bytes')}"
    return f"{_rounded(value)} {unit}"


def _rounded(value: float) -> str:
    if value >= 1000 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.2f}" if value < 100 else f"{value:.1f}"


def said(line: SizeLine) -> str:
    """An answer of the arithmetic, or why there is none."""
    item = line.effective
    if isinstance(item, Gap) and item.rule == "capacity.no-room":
        return f"none: {item.reason}"
    if isinstance(item, Choice):
        said = [f"{number(arm.value, line.unit)} {arm.when}" for arm in item.arms]
        return _BOUNDS.get(line.bound or "", "") + ", ".join(said)
    if not isinstance(item, Fact):
        return words.effective(item)
    return f"{_BOUNDS.get(line.bound or '', '')}{number(item.value, line.unit)}"


def assumptions(lines: Iterable[SizeLine]) -> list[str]:
    """What the answers rest on, each said once."""
    return list(
        dict.fromkeys(each for line in lines if not isinstance(line.effective, Gap) for each in line.effective.assumes)
    )


def effect(items: Iterable[Effect]) -> str:
    """`weights 2× (14.96 → 29.92 GiB); KV capacity ÷2.3 (at most 151,552 → 65,000 tokens)`; empty where not known."""
    return "; ".join(_one(item) for item in items)


def _one(item: Effect) -> str:
    name, bound = _SHORT.get(item.name, item.name), _BOUNDS.get(item.bound, "")
    if item.before is None or item.after is None:
        before, after = (
            "none, as the weights leave no room" if each is None else f"{bound}{number(each, item.unit)}"
            for each in (item.before, item.after)
        )
        return f"{name} {before} → {after}"
    before, after = number(item.before, item.unit), number(item.after, item.unit)
    if before.partition(" ")[2] == after.partition(" ")[2]:
        before = before.partition(" ")[0]
    return f"{name} {_ratio(item.before, item.after)}({bound}{before} → {after})"


def _ratio(before: float, after: float) -> str:
    if not before or not after:
        return ""
    if after > before:
        return f"{_factor(after / before)}× "
    return f"÷{_factor(before / after)} "


def _factor(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
