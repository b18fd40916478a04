"""`baseline compare`: whether b is better, the same or worse than a, metric by metric, or that nobody can tell."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

from skewguard.api import baselines, earlier, keeping, surroundings
from skewguard.api.contracts import Contracts, load_contracts
from skewguard.api.keeping import Kept, Word
from skewguard.knowledge import engines
from skewguard.knowledge.contract import binding
from skewguard.language.baselines import Baseline, Comparison, ComparisonReport
from skewguard.language.errors import ExitCode, UsageError
from skewguard.language.running import ENDPOINT

CONFIDENCE = 0.99


def compare_baselines(
    a: str,
    b: str | None = None,
    *,
    confidence: float = CONFIDENCE,
    allow_inconclusive: bool = False,
    store: str | None = None,
    contracts: Sequence[str] = (),
    namespace: str | None = None,
    context: str | None = None,
    environ: Mapping[str, str] | None = None,
) -> ComparisonReport:
    """Compare two recordings: ids of the store, files, `-`, or workloads (`kind/name`), which stand for their last valid one.

    Of a workload as `a` the last one that was verified good is taken, where there is one. Without `b`, `a` is held against
    what was recorded before it at the same load. Tolerances are those of the contract that is given or that binds the
    subject. The exit code is 1 where b is worse in anything, 3 where nobody can tell (with `allow_inconclusive` 0), or they may not
    be compared. Raises
    `UsageError` and `InputError`.
    """
    words = [keeping.meant(text, namespace, context) for text in ((a,) if b is None else (a, b))]
    if [word.kind for word in words].count("stdin") > 1:
        raise UsageError("standard input can be read once, and both sides are `-`", hint="give one of them a file")
    with surroundings.of_call(environ=environ) as around:
        promised = load_contracts(contracts, around.apart)
        with _store_for(words, store, environ) as kept:
            first, second, notes = _sides(kept, words)
            tolerances, told = _tolerances(promised, second)
            found = earlier.compared(kept, first, second, tolerances, confidence)
            told += _noise(kept, found, first, second)
        return ComparisonReport(
            found,
            first,
            second,
            engines.tables_used(),
            errors=(*around.problems, *promised.problems),
            notes=(*_twice(first, second), *notes, *told),
            exit_code=exit_code(found, unread=bool(around.problems or promised.problems), allow=allow_inconclusive),
        )


def _twice(a: Baseline, b: Baseline) -> list[str]:
    """That nothing was compared with anything else, where that is so."""
    return [f"A and B are one and the same recording, {a.id}"] if a.id and a.id == b.id else []


@contextmanager
def _store_for(words: Sequence[Word], store: str | None, environ: Mapping[str, str] | None) -> Iterator[Kept | None]:
    """The store, where a word means something in it; two files are compared without one, unless it was named."""
    needed = store is not None or len(words) == 1 or any(word.kind in ("id", "subject") for word in words)
    with keeping.named(store, environ, make=False) if needed else nullcontext(None) as kept:
        yield kept


def _sides(kept: Kept | None, words: Sequence[Word]) -> tuple[Baseline, Baseline, list[str]]:
    """Both recordings, with their rows, and how each was chosen."""
    if len(words) == 2:
        notes: list[str] = []
        first = _side(kept, words[0], notes, good=True)
        return first, _side(kept, words[1], notes), notes
    assert kept is not None
    found = _side(kept, words[0], [])
    base = earlier.fitting(kept, found)
    if base is None:
        raise UsageError(
            f"there is nothing to compare {words[0].text} with: it is the only valid recording of {found.subject}",
            hint="record another one, or name the one to compare with as well",
        )
    return kept.whole(base.baseline), found, [f"A is {base.baseline.id}: {base.why}"]


def _side(kept: Kept | None, word: Word, notes: list[str], *, good: bool = False) -> Baseline:
    if word.kind in ("file", "stdin"):
        return keeping.from_text(word)
    assert kept is not None
    if word.kind == "subject" and good and (found := earlier.last_good(kept, word)) is not None:
        notes.append(f"A is {found.id}: the last one of {word.text} that was verified good")
        return kept.whole(found)
    found = baselines.one(kept, word)
    if word.kind == "subject":
        notes.append(f"{'A' if good else 'B'} is {found.id}: the last valid one of {word.text}")
    return found


def _noise(kept: Kept | None, found: Comparison, a: Baseline, b: Baseline) -> list[str]:
    """Which calibration the noise is from, so that it can be set aside where it was made wrongly."""
    known = earlier.calibration(kept, a, b) if kept is not None and found.calibrated else None
    if known is None:
        return []
    return [f"noise is that of calibration {known.id}, {known.made_at[:10]}, of {len(known.baselines)} runs"]


def _tolerances(promised: Contracts, found: Baseline) -> tuple[Mapping[str, Any], list[str]]:
    """What the contract tolerates that is given alone, or that binds the subject; and which one that is."""
    given = promised.contracts
    if promised.asked and len(given) == 1:
        chosen = given[0]
    elif found.subject.kind == ENDPOINT:
        return {}, []
    else:
        (bound,) = binding.bind(given, [found.subject])
        if bound.contract is None:
            return {}, []
        chosen = bound.contract
    kept: Mapping[str, Any] = chosen.performance.get("tolerances", {})
    return kept, [f"tolerances of contract {chosen.name}"] if kept else []


def exit_code(found: Comparison, *, unread: bool = False, allow: bool = False) -> ExitCode:
    """1 where b is worse, 3 where nobody can tell; `allow` lets that pass, but never what may not be compared."""
    if found.comparable and found.verdict == "worse":
        return ExitCode.FAILED
    if unread:
        return ExitCode.UNREADABLE
    undecided = not found.comparable or (found.verdict == "inconclusive" and not allow)
    return ExitCode.UNKNOWN if undecided else ExitCode.OK
