"""`baseline record`: a load sent and measured, or the traffic of users watched, bound to all that it was measured on."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from datetime import UTC, datetime
from typing import Any, Unpack

from msgspec import Struct, structs

from skewguard.api import earlier, keeping, loads, measured, measuring, sending, surroundings, watching
from skewguard.api.contracts import Contracts, load_contracts
from skewguard.api.keeping import Kept
from skewguard.api.loads import Wish
from skewguard.api.measured import Thing
from skewguard.api.observing_traffic import WINDOW_S, Progress
from skewguard.api.running import Terms
from skewguard.api.sending import Manner, Sent
from skewguard.api.watching import Observed, Watching
from skewguard.api.witnessing import Reach, Reached
from skewguard.knowledge import engines
from skewguard.language import addresses, certificates
from skewguard.language.baselines import Baseline, BaselineReport
from skewguard.language.errors import InputError, UsageError
from skewguard.language.loads import Load, Prompts, Spread
from skewguard.observe.loadgen.interrupts import Interrupts
from skewguard.observe.loadgen.live import Live


class Telling(Struct, frozen=True):
    """Who is told how it goes: of what is being read (`pods`, how many), of a running load, of a window (what was seen, seconds left)."""

    reading: Callable[[str, int], None] | None = None
    running: Callable[[Live], None] | None = None
    window: Progress | None = None


def record_baseline(
    workload: str | None = None,
    *,
    endpoint: str | None = None,
    as_: str | None = None,
    load: Mapping[str, Any] | None = None,
    traffic: bool = False,
    window: float | None = None,
    beat: float | None = None,
    slo: Sequence[str] = (),
    model: str | None = None,
    processes: int = 1,
    part: str | None = None,
    on_live: bool = False,
    dcgm: str | None = None,
    prometheus: str | None = None,
    prometheus_match: str | None = None,
    store: str | None = None,
    keep: bool = True,
    contracts: Sequence[str] = (),
    model_configs: Sequence[str] = (),
    tables: str | None = None,
    namespace: str | None = None,
    environ: Mapping[str, str] | None = None,
    telling: Telling | None = None,
    **reach: Unpack[Reach],
) -> BaselineReport:
    """Record a baseline of a workload (`kind/name`) or of the engine behind a URL, and keep it.

    `load` are words of a load as `loads.Wish` names them (`rate`, `concurrency`, `duration`, `prompt_tokens`, …); what they leave out
    is the contract's, then small defaults. With `traffic` nothing is sent: the engine's own counters are read for `window`
    seconds (900). `slo` are objectives as `ttft.p95=2s`. `part` is `K/N`: this machine's share of the load. Without `on_live` no
    load goes to an engine that has traffic of its users. The exit code is 1 where an objective was missed, 3 for a recording
    that is not valid (it is kept, and never compared with), 130 where it was interrupted. Raises `UsageError` for what cannot be
    meant or must not be done, `InputError` and `ClusterError` for what cannot be reached.
    """
    asked = Wish(**(load or {}))
    reached = Reached(**reach)
    endpoint, said = _meant(workload, endpoint, reached)
    _refuse_passed_over(
        {"--window": window is not None and not traffic, "--prometheus-match": bool(prometheus_match) and not prometheus,
         "--exec": reached.exec_ and workload is None, "--as": as_ is not None and workload is not None}
    )  # fmt: skip
    if traffic:
        _refuse_to_send(asked, {"--on-live": on_live, "--part": part, "--model": model, "--processes": processes != 1})
    telling, environ = telling or Telling(), environ or {}
    share = loads.part(part, environ)
    with surroundings.of_call(
        tables_folder=tables, store=store, environ=environ, model_configs=model_configs
    ) as around:
        terms = Terms(_read(load_contracts(contracts, around.apart)), around, _today())
        with keeping.opened(around.project, environ) if keep else nullcontext(None) as kept:
            if kept is not None:
                kept.refuse_read_only()
            thing = _thing(workload, endpoint, as_, terms, reached, namespace, telling)
            how = Watching(reached, reached.manner(), beat, dcgm, prometheus, prometheus_match)
            manner = Manner(endpoint or "", asked, model, processes, share, on_live, telling.running)
            bound = _bound(thing, said, slo, share)
            made = _measured(bound, thing, how, manner, window or WINDOW_S if traffic else None, telling)
            return _answered(made.baseline, kept, thing, around.problems, interrupted=made.interrupted)


def _thing(
    workload: str | None,
    endpoint: str | None,
    as_: str | None,
    terms: Terms,
    reached: Reached,
    namespace: str | None,
    telling: Telling,
) -> Thing:
    """What is to be measured: a workload, or else what answers at the endpoint."""
    if workload is None:
        return measured.of_url(endpoint or "", as_, terms, reached)
    return measured.of_workload(workload, terms, reached, namespace=namespace, url=endpoint, progress=telling.reading)


def _measured(
    bound: Baseline, thing: Thing, how: Watching, manner: Manner, window: float | None, telling: Telling
) -> Observed | Sent:
    """The traffic of users for so many seconds, or, where there is no window, the load that is to be sent."""
    if window is not None:
        return watching.recorded(bound, thing, how, window, telling.window)
    url = measured.refuse_without_address(thing)
    return sending.sent(bound, thing, structs.replace(manner, url=url), how)


def _today() -> str:
    return datetime.now(tz=UTC).date().isoformat()


def _meant(workload: str | None, endpoint: str | None, reached: Reached) -> tuple[str | None, tuple[str, ...]]:
    """The base of the endpoint, and what is to be noted of what was given. Raises where nothing is named."""
    if endpoint is not None:
        endpoint, said = addresses.base(endpoint)
        return endpoint, (*said, *certificates.unused(endpoint, reached.ca_file))
    if workload is None:
        raise UsageError("nothing to measure", hint="name a workload (deploy/chat), or an engine with --endpoint URL")
    return None, ()


_NEEDS = {
    "--window": "it is the time for which --from traffic watches; a load lasts for its --duration",
    "--prometheus-match": "it picks series of the Prometheus that --prometheus names",
    "--exec": "it runs commands in the pods of a WORKLOAD, and an endpoint alone has none",
    "--as": "it says what an endpoint stands for, and a WORKLOAD is named",
}


def _refuse_passed_over(given: Mapping[str, bool]) -> None:
    """Raises for an option that would do nothing: who wrote it believes that it does."""
    for name in (name for name, nothing in given.items() if nothing):
        raise UsageError(f"{name} would do nothing here: {_NEEDS[name]}", hint="leave it out, or add what it is for")


def _refuse_to_send(load: Wish, others: Mapping[str, object]) -> None:
    """Raises for words of a load where none is sent. 0 is a word too."""
    words = structs.asdict(load).items()
    sends = [f"--{name.replace('_', '-')}" for name, value in words if value is not None and value is not False]
    sends += [name for name, given in others.items() if given is not None and given is not False]
    if sends:
        raise UsageError(
            f"--from traffic sends nothing, which rules out {' and '.join(sends)}",
            hint="leave them out, or --from traffic",
        )


def _read(promised: Contracts) -> Contracts:
    """The contracts. Raises where one cannot be read: it says what is to be sent, and what was promised."""
    if promised.problems:
        first = promised.problems[0]
        message = f"nothing was sent, since a contract cannot be read: {first.message}"
        raise InputError(message, hint=first.hint, file=first.file, line=first.line, column=first.column)
    return promised


def _bound(thing: Thing, said: Sequence[str], slo: Sequence[str], share: tuple[int, int] | None) -> Baseline:
    """The baseline of a thing before anything was measured of it. `said` is to be noted of what was asked."""
    known = thing.bound
    unread = [
        f"{each.what}: {each.reason}" + (f", which hides {each.hides}" if each.hides else "") for each in thing.unread
    ]
    return Baseline(
        subject=known.subject,
        started_at="",
        duration=0.0,
        kind="load",
        load=Load("observed", Prompts("observed", Spread(None), Spread(None))),
        replicas=known.replicas,
        gpus=known.gpus,
        slo=loads.objectives(slo, thing.promised.get("slo", {})),
        facts=known.facts,
        gaps=known.gaps,
        inputs_digest=thing.inputs_digest,
        model=known.model,
        engine=known.engine,
        version=known.version,
        part=share,
        notes=tuple(dict.fromkeys((*said, *thing.notes, *unread))),
    )


def _answered(
    made: Baseline, kept: Kept | None, thing: Thing, problems: tuple[Any, ...], *, interrupted: bool
) -> BaselineReport:
    """Keep it, and show it beside what was recorded before it."""
    tables = engines.tables_used()
    beside = earlier.Beside()
    with Interrupts() as late:  # it is measured, and only has to be kept and shown
        saved = keeping.saved(kept, made, tables)
        made = saved.baseline
        if kept is not None and saved.place is not None and not late.heard:
            beside = earlier.beside(kept, made, thing.promised.get("tolerances"))
    problems = (*problems, *saved.problems, *beside.problems)
    interrupted = interrupted or saved.interrupted or late.heard
    found = measuring.judged(made)
    return BaselineReport(
        (made,),
        beside.against,
        beside.comparison,
        saved.place,
        tables,
        problems,
        notes=(f"load and objectives of contract {thing.contract.name}",) if thing.promised and thing.contract else (),
        exit_code=measuring.exit_code(made, found, interrupted=interrupted, unread=bool(problems)),
        objectives=found,
    )
