"""`baseline import`: what other load tools wrote, or `-o json` of a recording, as baselines. Each file for itself: one that is broken hides no other."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from typing import Any

from msgspec import Struct, structs

from skewguard.adapters import files, folders
from skewguard.api import keeping, surroundings, things
from skewguard.api.keeping import Kept
from skewguard.knowledge import engines
from skewguard.language.baselines import Baseline, BaselineReport
from skewguard.language.errors import ExitCode, InputError
from skewguard.language.explanations import Tables
from skewguard.language.facts import Subject
from skewguard.language.loads import API, UNTOLD, Load, Profile
from skewguard.language.results_parts import InputProblem
from skewguard.observe.sources import reports
from skewguard.observe.sources.live.wanted import named
from skewguard.report import baseline_documents


class Said(Struct, frozen=True, kw_only=True):
    """What somebody says of the load of reports that do not tell it. None: nobody says it. `rate`: requests per second."""

    profile: Profile | None = None
    api: API | None = None
    rate: float | None = None
    concurrency: int | None = None


def import_baselines(
    paths: Sequence[str],
    *,
    as_: str | None = None,
    said: Mapping[str, Any] | None = None,
    namespace: str | None = None,
    store: str | None = None,
    keep: bool = True,
    environ: Mapping[str, str] | None = None,
) -> BaselineReport:
    """Read reports of other load tools (files, or folders of them) and keep them as baselines of the workload `as_`.

    `said` is what somebody knows of their load that they do not tell: `profile`, `api`, `rate`, `concurrency`. The exit code is 2
    where one of them cannot be read, 3 where one is not valid (it is kept, and never compared with).
    Raises `UsageError` for a workload or store that cannot be meant.
    """
    found = _filled(read(paths, as_, namespace), Said(**(said or {})))
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
    known: dict[Subject, dict[Hashable, list[Baseline]]] = {}
    made, notes = [], []
    for each in found:
        if each.subject not in known:
            known[each.subject] = _by_run(kept.baselines(each.subject))
        same = known[each.subject].setdefault(_told(each), [])
        like = (one for one in same if each.made_by is None or not _tells_more(each.load, one.load))
        old = each if kept.holds(each) else next(like, None)
        if old is not None:
            made.append(structs.replace(each, load=old.load, notes=old.notes, id=old.id))
            what = f"this run of {each.made_by}" if each.made_by is not None else "this recording"
            notes.append(f"{what} is kept already, as {old.id}: it was not kept again")
            continue
        made.append(kept.keep(each, tables))
        if each.made_by is None:
            before = f" ({each.id} where it came from)" if each.id else ""
            notes.append(f"a recording of skewguard itself: it was kept as it is, as {made[-1].id} here{before}")
        notes += (_again(one, made[-1]) for one in same[:1] if each.made_by)
        same.insert(0, made[-1])
    return tuple(made), tuple(notes)


def _by_run(found: Iterable[Baseline]) -> dict[Hashable, list[Baseline]]:
    """Every run with what is kept of it, the newest first."""
    runs: dict[Hashable, list[Baseline]] = {}
    for each in found:
        runs.setdefault(_told(each), []).append(each)
    return runs


def _tells_more(new: Load, old: Load) -> bool:
    """Whether it says of one and the same run what an earlier import did not know, or otherwise."""
    pairs = ((getattr(new, field), getattr(old, field)) for field in Said.__struct_fields__)
    return any(told not in (None, UNTOLD, kept) for told, kept in pairs)


def _again(old: Baseline, new: Baseline) -> str:
    return (
        f"this run of {new.made_by} is kept already, as {old.id}, with another load: it is kept once more, as {new.id}; "
        f"`skewguard baseline retire {old.id}` sets the other aside"
    )


def _told(baseline: Baseline) -> Hashable:
    """What tells one run from any other: when it was, and every number."""
    numbers = (
        f"{each.name} {each.value} {each.mean} {sorted((each.quantiles or {}).items())}" for each in baseline.metrics
    )
    return (baseline.made_by, baseline.started_at, baseline.duration, baseline.requests.sent, *numbers)


def _filled(found: "Imported", said: Said) -> "Imported":
    """With what somebody said of the loads, where the reports do not tell it; what they tell stands, and that is noted."""
    filled = [_said_of(each, said) for each in found.baselines]
    kept = [note for note in (_contradiction(each, said) for each in filled) if note]
    return structs.replace(found, baselines=tuple(filled), notes=(*found.notes, *dict.fromkeys(kept)))


def _said_of(baseline: Baseline, said: Said) -> Baseline:
    """A rate belongs to a load that arrives at one, a number at once to a closed loop; of others they are not missing."""
    load = baseline.load
    more: dict[str, Any] = {}
    if load.profile == UNTOLD and said.profile is not None:
        more["profile"] = said.profile
    if load.api == UNTOLD and said.api is not None:
        more["api"] = said.api
    profile = more.get("profile", load.profile)
    if profile in ("poisson", "constant", UNTOLD) and load.rate is None and said.rate is not None:
        more["rate"] = said.rate
    if profile in ("concurrency", UNTOLD) and load.concurrency is None and said.concurrency is not None:
        more["concurrency"] = said.concurrency
    if not more:
        return baseline
    words = ", ".join(f"{name} {value}" for name, value in more.items())
    note = f"not told by the report, but said when it was imported: {words}"
    return structs.replace(baseline, load=structs.replace(load, **more), notes=(*baseline.notes, note))


def _contradiction(baseline: Baseline, said: Said) -> str:
    """What was said and is not so, by what the report tells."""
    pairs = {name: (getattr(said, name), getattr(baseline.load, name)) for name in Said.__struct_fields__}
    wrong = [
        f"{name} {told} and not {asked}" if told is not None else f"a load without {name}"
        for name, (asked, told) in pairs.items()
        if asked not in (None, told)
    ]
    if not wrong:
        return ""
    return f"a report of {baseline.made_by or 'skewguard'} tells {', '.join(wrong)}: what it tells stands"


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
