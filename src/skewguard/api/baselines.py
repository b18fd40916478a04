"""`baseline list`, `show` and `export`: what was recorded, as it was kept."""

from collections.abc import Iterator, Mapping
from itertools import islice

from skewguard.api import earlier, keeping, measuring
from skewguard.api.keeping import Kept, Word
from skewguard.knowledge import engines
from skewguard.language.baselines import Baseline, BaselineList, BaselineReport
from skewguard.language.errors import ExitCode, UsageError
from skewguard.language.facts import Subject
from skewguard.language.results_parts import InputProblem


def list_baselines(
    workload: str | None = None,
    *,
    limit: int = 20,
    every: bool = False,
    store: str | None = None,
    namespace: str | None = None,
    context: str | None = None,
    environ: Mapping[str, str] | None = None,
) -> BaselineList:
    """What was recorded of a workload (`kind/name`), of a URL, or of everything, the newest first, without rows.

    `every`: invalid and partial ones too. `store` is a URL or path; left out, that of `environ` (`SKEWGUARD_STORE`), of the
    project, of the user. Raises `UsageError` for what names no workload, and where the store cannot be read.
    """
    word = keeping.meant(workload, namespace, context) if workload is not None else None
    if word is not None and word.kind != "subject":
        raise UsageError(f"{workload!r} names no workload", hint="write kind/name, or the URL of an endpoint")
    with keeping.named(store, environ, make=False) as kept:
        subject = word.subject if word is not None else None
        unread: list[InputProblem] = []
        found = list(islice(_counting(kept.baselines(subject, most=None, unread=unread), every=every), limit + 1))
        notes = [f"there are more; -l shows more than {limit}"] if len(found) > limit else []
        if not found and not unread:
            notes.append(_nothing(kept, word, every=every))
        notes += _beside(kept, subject, unread) if every else []
        code = ExitCode.UNREADABLE if unread else ExitCode.OK
        return BaselineList(
            kept.place, tuple(found[:limit]), engines.tables_used(), tuple(unread), tuple(notes), exit_code=code
        )


def _beside(kept: Kept, subject: Subject | None, unread: list[InputProblem]) -> Iterator[str]:
    """What `--all` says beside the recordings: what was learned of noise, and what was set aside."""
    for each in kept.calibrations(subject, unread):
        yield f"calibration {each.id}, {each.made_at[:10]}: {keeping.placed(each.subject)}, {len(each.baselines)} runs"
    for aside, why in kept.retired.items():
        yield f"{aside} was {why}"


def _counting(found: Iterator[Baseline], *, every: bool) -> Iterator[Baseline]:
    return (each for each in found if every or each.valid)


def _nothing(kept: Kept, word: Word | None, *, every: bool) -> str:
    if not kept.is_there:
        return "nothing is kept there yet: `skewguard baseline record` makes the store"
    of = f" of {word.text}" if word is not None else ""
    hidden = None if every else next(kept.baselines(word.subject if word is not None else None), None)
    if hidden is not None:
        return f"no recording{of} is valid; --all shows the others"
    if word is not None and (others := _subjects(kept)):
        return f"nothing was recorded{of} yet; there is something of {', '.join(others[:3])}{', …' if len(others) > 3 else ''}"
    return f"nothing was recorded{of} yet: `skewguard baseline record` does it"


def _subjects(kept: Kept) -> list[str]:
    return list(dict.fromkeys(keeping.placed(each.subject) for each in kept.baselines(None)))


def show_baseline(
    thing: str,
    *,
    store: str | None = None,
    namespace: str | None = None,
    context: str | None = None,
    environ: Mapping[str, str] | None = None,
) -> BaselineReport:
    """One recording: by its id or the first letters of it, from a file or standard input (`-`), or the last valid one of

    a workload; beside what was recorded before it of the same subject at the same load. Raises `UsageError` and `InputError`.
    """
    word = keeping.meant(thing, namespace, context)
    if word.kind in ("file", "stdin"):
        given = keeping.from_text(word)
        return BaselineReport((given,), tables=engines.tables_used(), objectives=measuring.judged(given))
    with keeping.named(store, environ, make=False) as kept:
        found = one(kept, word)
        beside = earlier.beside(kept, found)
        code = ExitCode.UNREADABLE if beside.problem is not None else ExitCode.OK
        return BaselineReport(
            (found,),
            beside.against,
            beside.comparison,
            stored=kept.place,
            tables=engines.tables_used(),
            errors=beside.problems,
            exit_code=code,
            objectives=measuring.judged(found),
        )


def export_baseline(
    thing: str,
    *,
    store: str | None = None,
    namespace: str | None = None,
    context: str | None = None,
    environ: Mapping[str, str] | None = None,
) -> BaselineReport:
    """The same alone, to be written to a file and read again. Raises `UsageError` and `InputError`."""
    word = keeping.meant(thing, namespace, context)
    if word.kind in ("file", "stdin"):
        return BaselineReport((keeping.from_text(word),), tables=engines.tables_used())
    with keeping.named(store, environ, make=False) as kept:
        return BaselineReport((one(kept, word),), tables=engines.tables_used())


def one(kept: Kept, word: Word) -> Baseline:
    """The recording that a word means, from the store."""
    return kept.by_id(word.text) if word.kind == "id" else keeping.latest(kept, word)
