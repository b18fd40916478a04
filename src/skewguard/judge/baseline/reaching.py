"""Whether a load reached the pods of the workload whose settings it is bound to: a URL may lead anywhere.

Two things tell. Before anything is sent, the model that answers at the URL has to be one that the workload serves. Afterwards the
pods' own counters have to have grown by what was answered.
"""

from collections.abc import Collection, Iterable, Mapping

from msgspec import Struct

from skewguard.judge.baseline import windows
from skewguard.language.baselines import Baseline, Run, Watched
from skewguard.language.facts import Fact

REACHED = 0.9
"""Share of the answers that the pods have to have counted at least: a last page that is read a moment early lacks a few."""
OTHERS = 1.1
"""Times what was sent that they may have counted before others' traffic is spoken of: failures and retries count twice."""
MISSED = "the load did not reach the pods of the workload"
"""How the reason begins: shares of one load keep it when they are merged."""
_COUNTS = {"requests": "requests", "output_tokens": "output tokens"}
_SETTINGS = ("model.served_name", "model.id")


class Reached(Struct, frozen=True):
    """What the counters of the pods say: why the run is none of them, and what has to be read beside it."""

    invalid_because: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def names(facts: Iterable[Fact]) -> frozenset[str]:
    """The names that a workload serves models under, and those of the models themselves."""
    return frozenset(
        name
        for fact in facts
        if fact.setting in _SETTINGS
        for name in (fact.value if isinstance(fact.value, list) else [fact.value])
        if isinstance(name, str) and name
    )


def stranger(own: Collection[str], there: Mapping[str, Collection[str]], asked: str | None) -> str:
    """Why what answers at a URL is not the workload; empty where it may be.

    `own` are the workload's names of models, `there` those that the URL serves, each with what else it is known by (its path, the model that
    it adapts), `asked` the one that requests are to name (None: the first that is served).
    """
    ours = [name for name, others in there.items() if not {name, *others}.isdisjoint(own)]
    if not ours:
        return f"it serves {_listed(there)}, and the workload {_listed(own)}"
    wanted = asked or next(iter(there))
    if wanted not in own and wanted not in ours:
        return f"the requests would ask for {wanted}, and the workload serves {_listed(own)}"
    return ""


def _listed(found: Iterable[str]) -> str:
    every = sorted(found)
    return ", ".join(every[:3]) + (f" and {len(every) - 3} more" if len(every) > 3 else "")


def counted(bound: Baseline, run: Run, watched: Watched) -> Reached:
    """What the pods counted from before the load until after it, against what the client saw of it."""
    found = windows.counted(watched)
    if isinstance(found, str):
        return Reached(notes=(f"whether the load reached the pods of the workload is not known: {found}",))
    name, total = found
    answered, sent = _of_client(run, name)
    if total < REACHED * answered:
        said = f"they counted {total:,.0f} of {answered:,} {_COUNTS[name]}"
        why = f"{MISSED}: {said}. Give the address that leads to these pods with --endpoint"
        return Reached((why,))
    if bound.part is None and not run.partial and total > OTHERS * max(sent, 1) + 1:
        said = f"the pods counted {total:,.0f} {_COUNTS[name]}, and {sent:,} were ours"
        return Reached(notes=(f"{said}: others were served beside the load, or several engines share in one answer",))
    return Reached()


def _of_client(run: Run, name: str) -> tuple[int, int]:
    """Whole answers and all that was sent, in requests; or the tokens of whole answers and of all."""
    rows = run.samples
    each = [1 if name == "requests" else max(tokens, 0) for tokens in rows.output_tokens]
    whole = sum(count for count, failure in zip(each, rows.failure, strict=True) if not failure)
    return whole, sum(each)
