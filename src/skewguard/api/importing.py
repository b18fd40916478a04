"""`baseline import`: what other load tools wrote, or `-o json` of a recording, as baselines. Each file for itself: one that is broken hides no other."""

from collections.abc import Hashable, Mapping, Sequence
from contextlib import nullcontext

from msgspec import Struct, structs

from skewguard.adapters import files, folders
from skewguard.api import keeping, surroundings, things
from skewguard.api.keeping import Kept
from skewguard.knowledge import engines
from skewguard.language.baselines import Baseline, BaselineReport
from skewguard.language.errors import ExitCode, InputError
from skewguard.language.explanations import Tables
from skewguard.language.facts import Subject
from skewguard.language.results_parts import InputProblem
from skewguard.observe.sources import reports
from skewguard.observe.sources.live.wanted import named
from skewguard.report import baseline_documents


def import_baselines(
    paths: Sequence[str],
    *,
    as_: str | None = None,
    namespace: str | None = None,
    store: str | None = None,
    keep: bool = True,
    environ: Mapping[str, str] | None = None,
) -> BaselineReport:
    """Read reports of other load tools (files, or folders of them) and keep them as baselines of the workload `as_`.

    The exit code is 2 where one of them cannot be read, 3 where one is not valid (it is kept, and never compared with).
    Raises `UsageError` for a workload or store that cannot be meant.
    """
    found = read(paths, as_, namespace)
    tables = engines.tables_used()
    with keeping.named(store, environ) if keep and found.baselines else nullcontext(None) as kept:
        made, again = _kept(kept, found.baselines, tables) if kept is not None else (found.baselines, ())
        place = kept.place if kept is not None else None
    codes = [ExitCode.UNREADABLE] if found.problems else []
    codes += [] if all(each.valid for each in made) else [ExitCode.UNKNOWN]
    return BaselineReport(
        made,
        stored=place,
        tables=tables,
        errors=found.problems,
        notes=(*found.notes, *again),
        exit_code=ExitCode.first(codes),
    )


def _kept(kept: Kept, found: Sequence[Baseline], tables: Tables) -> tuple[tuple[Baseline, ...], tuple[str, ...]]:
    """The baselines with their ids, and what is to be said of those that were kept already: one run is one recording."""
    known: dict[Subject, dict[Hashable, str]] = {}
    made, notes = [], []
    for each in found:
        if each.subject not in known:
            known[each.subject] = {_told(old): old.id for old in kept.baselines(each.subject)}
        ids = known[each.subject]
        if each.made_by is not None and (run := _told(each)) in ids:
            made.append(structs.replace(each, id=ids[run]))
            notes.append(f"this run of {each.made_by} is kept already, as {ids[run]}: it was not kept again")
        else:
            made.append(kept.keep_once(each, tables))
            ids[_told(each)] = made[-1].id
    return tuple(made), tuple(notes)


def _told(baseline: Baseline) -> Hashable:
    """What tells one run of a tool from any other: when it was, and every number."""
    numbers = (
        f"{each.name} {each.value} {each.mean} {sorted((each.quantiles or {}).items())}" for each in baseline.metrics
    )
    return (baseline.made_by, baseline.started_at, baseline.duration, baseline.requests.sent, *numbers)


class Imported(Struct, frozen=True):
    """What was read of the files: the baselines in their order, what could not be read, and what is worth a word."""

    baselines: tuple[Baseline, ...]
    problems: tuple[InputProblem, ...]
    notes: tuple[str, ...]


def read(paths: Sequence[str], as_: str | None = None, namespace: str | None = None) -> Imported:
    """The baselines of reports: files, or folders of them. `as_` is the `[namespace/]kind/name` that they are about."""
    subject = _subject(as_, namespace)
    baselines: list[Baseline] = []
    problems: list[InputProblem] = []
    notes: list[str] = []
    for path in paths:
        try:
            inside = folders.listing(path)
            if inside is None:
                baselines += _of_file(path, subject)
            else:
                _of_folder(path, inside, subject, (baselines, problems, notes))
        except InputError as error:
            problems.append(surroundings.problem(error))
    return Imported(tuple(baselines), tuple(problems), tuple(notes))


def _subject(as_: str | None, namespace: str | None) -> Subject | None:
    if as_ is None:
        return None
    meant = named(as_)
    return Subject(things.full_kind(meant.kind), meant.name, meant.namespace or namespace, group=meant.group)


def _of_file(path: str, subject: Subject | None) -> tuple[Baseline, ...]:
    text = files.read_text(path, files.MOST_OF_RESULTS)
    shown = files.shown(path)
    if baseline_documents.is_one(text):
        own = baseline_documents.read(text.encode(), shown)
        return (own if subject is None else structs.replace(own, subject=subject),)
    beside = folders.beside(path, reports.companions(text, shown), limit=files.MOST_OF_RESULTS)
    return reports.read(text, shown, beside, subject)


def _of_folder(
    path: str,
    names: Sequence[str],
    subject: Subject | None,
    found: tuple[list[Baseline], list[InputProblem], list[str]],
) -> None:
    """Every report in it, not below it; what lies beside a report and is none is counted, and what is broken is told."""
    baselines, problems, notes = found
    before, left = len(baselines), []
    for name in reports.among(names):
        try:
            baselines += _of_file(folders.within(path, name), subject)
        except reports.Unknown:
            left.append(name)
        except InputError as error:
            problems.append(surroundings.problem(error))
    if len(baselines) == before and not problems:
        raise files.error_of(path, "holds no report that is known", "name the file itself, to see why")
    if left:
        notes.append(f"{files.shown(path)}: {_count(left)} that no format knows: {', '.join(sorted(left)[:5])}")


def _count(left: Sequence[str]) -> str:
    return "1 file" if len(left) == 1 else f"{len(left):,} files"
