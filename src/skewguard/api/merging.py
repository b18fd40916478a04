"""`baseline merge`: the results of several machines that sent one load together, as one."""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext

from msgspec import structs

from skewguard.api import keeping, measuring, surroundings
from skewguard.api.keeping import Word
from skewguard.judge.baseline import merging, reaching
from skewguard.knowledge import engines
from skewguard.language.baselines import Baseline, BaselineReport, Metric
from skewguard.language.errors import InputError


def merge_baselines(
    files: Sequence[str],
    *,
    store: str | None = None,
    keep: bool = True,
    environ: Mapping[str, str] | None = None,
) -> BaselineReport:
    """Merge the files that `record_baseline(part="K/N")` of each machine gave, and keep the whole in the store.

    Rows are those of all, so that quantiles are exact; the window is that in which all were measured, the instrument the
    worst of each. The exit code is 3 for a result that is not valid. Raises `InputError` for files that are not all shares
    of one load.
    """
    shares = [keeping.from_text(Word("stdin" if path == "-" else "file", path)) for path in files]
    if against := tuple(merging.objections(shares)):
        raise InputError(
            f"{_counted(len(shares))} not one load: {'; '.join(against)}",
            hint="give the results of all shares of one run, each once",
        )
    tables = engines.tables_used()
    made = _whole(shares)
    project, problems = surroundings.project(environ, {"store": store})
    with keeping.opened(project, environ) if keep else nullcontext(None) as kept:
        saved = keeping.saved(kept, made, tables)
    problems = (*problems, *saved.problems)
    found = measuring.judged(saved.baseline)
    code = measuring.exit_code(saved.baseline, found, interrupted=saved.interrupted, unread=bool(problems))
    return BaselineReport(
        (saved.baseline,), stored=saved.place, tables=tables, errors=problems, exit_code=code, objectives=found
    )


def _counted(number: int) -> str:
    return "this one result is" if number == 1 else f"these {number} results are"


def _whole(shares: Sequence[Baseline]) -> Baseline:
    first = structs.replace(shares[0], id="", part=None, notes=())
    run = merging.merged(shares)
    told = f"merged from {len(shares)} shares of one load"
    carried = [reason for each in shares for reason in each.invalid_because if reason.startswith(reaching.CARRIED)]
    return measuring.of_run(
        first, structs.replace(run, notes=(*run.notes, told)), _beside(shares), list(dict.fromkeys(carried))
    )


def _beside(shares: Sequence[Baseline]) -> tuple[Metric, ...]:
    """What the engine and its GPUs said beside the load, as the first share that knows it saw them: each saw the same engine.

    What is counted of requests is that of all rows, and never of one share (`measuring.of_run` sees to it).
    """
    return measuring.together((metric for each in shares for metric in each.metrics), ())
