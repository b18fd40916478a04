"""What a short load of an endpoint shows at once: requests that fail, and an engine that serves another model (group `serving`).

What the contract promises of it is judged by `contract.mismatch`.
"""

from collections.abc import Iterator

from skewguard.judge.checks import disagreements
from skewguard.judge.checks.interface import Case, Result, check, fail, unknown
from skewguard.language.facts import Fact, Origin


@check(
    "serving.fails-under-load",
    title="Requests fail under a small load",
    category="serving",
    severity="error",
    phases=("load",),
    why="The manifest is in order and the engine is up, and still some requests of a load that any engine bears get no complete "
    "answer. Users meet the same failures.",
    remedy="look at the engine's log and at what stands before it (gateway, route, API key) at the time of the load",
    sources=("`skewguard check FILE --endpoint URL` sends the load",),
)
def fails_under_load(case: Case) -> Iterator[Result]:
    """A request that failed, or none that was completed in time."""
    if case.measured is None:
        return
    asked = case.measured.requests
    failed = {kind: count for kind, count in asked.failed.items() if kind != "stopped" and count}
    at = Origin("endpoint", f"a load sent to {case.sheet.subject.name}")
    if failed:
        told = ", ".join(f"{count:,} {_KINDS.get(kind, kind)}" for kind, count in failed.items())
        yield fail(
            f"{sum(failed.values()):,} of {asked.sent or 0:,} requests of a small load got no complete answer: {told}",
            anchor="requests",
            at=at,
            value=failed,
            expected={},
        )
    elif not asked.completed:
        yield unknown(
            f"none of {asked.sent or 0:,} requests was completed before the load ended, so nothing is known of it",
            remedy="give it longer with --sanity-duration",
            anchor="requests",
            at=at,
        )


_KINDS = {
    "timeout": "timed out",
    "refused": "refused",
    "reset": "broken off by a reset",
    "closed-early": "closed before the end of the answer",
    "http": "answered with an HTTP error",
    "rate-limited": "turned away (429)",
    "bad-answer": "answered with what is no answer",
}


@check(
    "serving.other-model",
    title="The endpoint serves another model than the manifest",
    category="model",
    severity="error",
    phases=("load",),
    why="What answers at the URL is not what the manifest starts: an old revision, another Service behind the same name, or a "
    "route that leads elsewhere. Everything that was measured is then of the wrong engine.",
    remedy="see where the URL leads (Service, route, revision that is live), or give the URL of this workload",
    sources=(
        "the names and, of vLLM, the path (`root`) of `GET /v1/models`; `GET /model_info` of SGLang, `GET /info` of TGI",
    ),
)
def other_model(case: Case) -> Iterator[Result]:
    """The names that the manifest gives its model, and none of those that the endpoint answers to; or the same name, and behind
    it another model than the manifest starts.
    """
    if case.wished is None:
        return
    wanted = case.wished.sheet.effective("model.served_name")
    shown = case.sheet.effective("model.served_name")
    if isinstance(wanted, Fact) and isinstance(shown, Fact):
        names, served = _names(wanted), _names(shown)
        if names and served and not names & served:
            yield _other(case, wanted, shown, served, names)
            return
    named = _names(shown) if isinstance(shown, Fact) else frozenset()
    wanted, shown = case.wished.sheet.effective("model.id"), case.sheet.effective("model.id")
    if not isinstance(wanted, Fact) or not isinstance(shown, Fact):
        return
    if shown.value not in named and disagreements.other(wanted, shown):  # old releases and gateways repeat the name
        yield _other(case, wanted, shown, _names(shown), _names(wanted))


def _other(case: Case, wanted: Fact, shown: Fact, served: frozenset[str], names: frozenset[str]) -> Result:
    what = f"{case.sheet.subject.name} serves {_told(served)}"
    starts = f"{case.wished.sheet.subject} starts its engine " if case.wished is not None else ""
    starts += "as" if wanted.setting == "model.served_name" else "with"
    return fail(
        f"{what}, and {starts} {_told(names)}",
        setting=wanted.setting,
        anchor=wanted.setting,
        fact=shown,
        expected=wanted.value,
    )


def _names(fact: Fact) -> frozenset[str]:
    value = fact.value
    return frozenset(str(each) for each in (value if isinstance(value, list) else [value]) if each)


def _told(names: frozenset[str]) -> str:
    return " and ".join(f"`{name}`" for name in sorted(names))
