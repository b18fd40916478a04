"""Names of pods and nodes in one line: `chat-7d4f…-{x2k9p,m4t8w}`, as a shell would write several.

A name is cut in the hash of its template alone, and only as far as every name shown beside it stays another one.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence

MOST_NAMED = 6
"""Names that one line shows; `wide` shows all."""

_HASH = re.compile(r"[bcdfghjklmnpqrstvwxz2456789]{6,10}\Z")
"""What Kubernetes makes of a hash (`SafeEncodeString` of apimachinery): no vowels, none of 0, 1 and 3."""

_CUTS = (4, 6)
"""Characters of a hash that are shown: the fewest that tell the names apart."""

_FEWEST_IN_RANGE = 3


def cut(names: Iterable[str]) -> Mapping[str, str]:
    """What each beginning of these names (all before the last `-`) is shown as; equal only to itself."""
    whole = dict.fromkeys(name.rpartition("-")[0] for name in names)
    for length in _CUTS:
        shown = {head: _cut(head, length) for head in whole}
        if len(set(shown.values())) == len(shown):
            return shown
    return {head: head for head in whole}


def _cut(head: str, length: int) -> str:
    before, dash, last = head.rpartition("-")
    if not dash or not _HASH.match(last):
        return head
    return f"{before}-{last[:length]}…"


def folded(names: Collection[str], shown: Mapping[str, str] | None = None, *, most: int | None = MOST_NAMED) -> str:
    """Names in one line, those with a common beginning in braces. `shown` is what `cut` gave; `most` None: all of them."""
    kept = sorted(names, key=_natural)[:most]
    by_head: dict[str, list[str]] = {}
    for name in kept:
        head, _, tail = name.rpartition("-")
        by_head.setdefault((shown or {}).get(head, head), []).append(tail)
    said = ", ".join(_braced(head, tails) for head, tails in by_head.items())
    more = len(names) - len(kept)
    return f"{said} and {more} more" if more else said


def _braced(head: str, tails: Sequence[str]) -> str:
    before = f"{head}-" if head else ""
    if len(tails) == 1:
        return before + tails[0]
    if not head:
        return ", ".join(tails)
    return f"{before}{{{_range(tails) or ','.join(tails)}}}"


def _range(tails: Sequence[str]) -> str:
    """`0..7` for the ordinals of a StatefulSet."""
    if len(tails) < _FEWEST_IN_RANGE or not all(tail.isascii() and tail.isdigit() and len(tail) < 10 for tail in tails):
        return ""
    numbers = [int(tail) for tail in tails]
    expected = list(range(numbers[0], numbers[0] + len(numbers)))
    return f"{tails[0]}..{tails[-1]}" if numbers == expected and all(str(int(tail)) == tail for tail in tails) else ""


def _natural(name: str) -> tuple[str, int, str]:
    """`chat-9` before `chat-10`."""
    head, _, tail = name.rpartition("-")
    return (head, int(tail), "") if tail.isascii() and tail.isdigit() and len(tail) < 10 else (head, -1, tail)
