"""Fields that a custom resource does not have, where they nearly have the name of one that it has.

A name that is like no other is passed over: a newer release of the operator may have it.
"""

from collections.abc import Iterable
from difflib import get_close_matches

from skewguard.language.facts import Origin
from skewguard.language.workloads import Hint
from skewguard.observe.sources.pieces import Reading

ALIKE = 0.82
"""How alike two names must be, with case and underscores aside, for one to be a slip of the other."""


def misspelt(
    reading: Reading, where: str, known: Iterable[str], written: Iterable[tuple[str, Origin]], end: str
) -> None:
    """Hint at the fields of `where` that are nearly one of `known`. `end` says what comes of it."""
    plain = {_plain(name): name for name in known}
    for name, place in written:
        if name in plain.values():
            continue
        near = get_close_matches(_plain(name), plain, n=1, cutoff=ALIKE)
        if near:
            message = f"`{where}` has no field `{name}`; the nearest is `{plain[near[0]]}`. {end}"
            reading.ledger.hint(Hint("unknown-field", message, place, reading.subject, name))


def _plain(name: str) -> str:
    return name.replace("_", "").replace("-", "").lower()
