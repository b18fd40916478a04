"""`check --endpoint`: the engine that the checked manifests run as, asked what it is, and loaded for some seconds."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing

from msgspec import structs

from skewguard.adapters.endpoints import key_from
from skewguard.api import loads, measuring, observing_traffic, sending, things, watching, witnessing
from skewguard.api.gated import Gated, Sanity
from skewguard.api.loads import Wish
from skewguard.api.surroundings import Around
from skewguard.api.witnessing import Reached
from skewguard.assess import endpoints
from skewguard.judge.baseline import reaching
from skewguard.judge.baseline.busy import Busy
from skewguard.judge.baseline.reaching import Place
from skewguard.judge.checks.interface import Case
from skewguard.knowledge.contract.values import Binding
from skewguard.language import addresses, certificates
from skewguard.language.baselines import Baseline, Run
from skewguard.language.errors import InputError, UsageError
from skewguard.language.facts import Fact, Subject
from skewguard.language.loads import Load
from skewguard.language.results import InputProblem
from skewguard.language.running import Answers
from skewguard.observe import loadgen
from skewguard.observe.loadgen import prompting, running
from skewguard.observe.sources import sampling
from skewguard.observe.sources.live.wanted import named
from skewguard.report import quantities

CONCURRENCY = 4
PROMPT_TOKENS, OUTPUT_TOKENS = "64", "32"
"""The sanity profile where a contract names no load: a few dozen small requests, which any engine that serves bears."""
WARMUP = 0.1
"""Share of the duration that counts for nothing."""
GRACE_S = 60.0
"""Seconds that one answer may take longer than the load lasts."""


def gate(asked: Sanity, cases: Sequence[Case], bindings: Sequence[Binding], around: Around) -> Gated:
    """Ask the engine and load it. What cannot be reached or loaded to the end is a problem, and never a pass.

    Raises `UsageError`; and `KeyboardInterrupt` where somebody ended it, of which no verdict can be had.
    """
    url, said = addresses.base(asked.url)
    asked = structs.replace(asked, url=url)
    said += certificates.unused(url, asked.ca_file)
    wished, bound = _meant(asked.as_, cases, bindings)
    expected = wished.engine if wished is not None else None
    answers = witnessing.ask_url(asked.url, _reached(asked).manner(), asked.ca_file, expected)
    dead = [each for each in answers.unread if each.kind in ("unreachable", "timeout")]
    if dead and not answers.facts:
        return Gated(problems=(_unloaded(asked.url, dead[0].reason, witnessing.advice(asked.url, dead[0])),))
    case = _case(asked.url, answers, wished, around)
    case.phase, case.wished = "load", wished
    load = _load(asked, bound)
    try:
        run, notes, mixed = _sent(asked, case, load)
    except InputError as error:
        return Gated(problems=(_unloaded(asked.url, error.message, error.hint),))
    if run is None:
        return Gated((case,), (bound,), (_busy(asked.url, notes[0]),))
    contract = bound.contract
    slo = contract.performance.get("slo", {}) if contract is not None else {}
    case.measured = measuring.of_run(_unmeasured(case, load, slo), run, invalid_because=mixed)
    return Gated((case,), (bound,), tuple(_ended_early(asked.url, run)), (_told(case.measured), *said, *notes))


def _unmeasured(case: Case, load: Load, slo: Mapping[str, Mapping[str, float]] | None = None) -> Baseline:
    return Baseline(case.sheet.subject, "", 0.0, "load", load, slo=slo or {})


def _reached(asked: Sanity) -> Reached:
    timeout = witnessing.TIMEOUT_S if asked.timeout is None else asked.timeout
    return Reached(
        timeout=timeout, api_key_env=asked.api_key_env, api_key_file=asked.api_key_file, ca_file=asked.ca_file
    )


def _sent(asked: Sanity, case: Case, load: Load) -> tuple[Run | None, tuple[str, ...], tuple[str, ...]]:
    """The load, what is to be said of users' traffic beside it, and why its numbers are not its own, where they are not; no run
    where users keep it from being sent.
    """
    target, manner = _target(asked, case, case.wished), _reached(asked).manner()
    witnesses = observing_traffic.at_url(asked.url, manner, engine=case.engine, ca_file=asked.ca_file)
    with closing(witnesses), witnesses.sampler() as sampler:
        found = watching.look(sampler, sampling.BEAT_S)
        if (found.any or found.mute) and not asked.on_live:
            return None, (str(found) if found.any else found.why,), ()
        stop = sending.stopping(sampler) if asked.on_live or not found.told else None
        run = loadgen.run(target, load, prompting.from_load(load), progress=asked.told, stop=stop)
        place = Place(on_live=asked.on_live)
        reached = reaching.counted(_unmeasured(case, load), run, sampler.stop(), place)
    return run, (*_beside(found), *reached.notes, *reached.invalid_because), reached.invalid_because


def _beside(found: Busy) -> Iterator[str]:
    if found.any:
        yield f"users were served meanwhile ({found}): what was measured is the engine beside their traffic"
    elif not found.told:
        yield f"whether it had traffic of its users meanwhile is not known: {found.why}"


def _busy(url: str, found: str) -> InputProblem:
    message = f"{url} may have traffic of its users, which a load would slow down, so that none was sent: {found}"
    hint = "--on-live sends a small one beside it, which ends itself at 1 % errors or a standing queue"
    return InputProblem(None, message, hint=hint)


def _ended_early(url: str, run: Run) -> Iterator[InputProblem]:
    if run.partial and run.stopped == running.INTERRUPTED:
        raise KeyboardInterrupt
    if run.partial:
        hint = "look at the engine before anything goes on: what was measured until then is in the findings"
        yield InputProblem(None, f"the load of {url} was ended early: {run.stopped}", hint=hint)


def _unloaded(url: str, reason: str, hint: str | None) -> InputProblem:
    return InputProblem(None, f"{url} could not be loaded: {reason}", hint=hint)


def _meant(as_: str | None, cases: Sequence[Case], bindings: Sequence[Binding]) -> tuple[Case | None, Binding]:
    """The manifest that the endpoint runs, with its contract: the one that is named, else the only one."""
    pairs = [(case, bound) for case, bound in zip(cases, bindings, strict=True) if as_ is None or _is(case, as_)]
    several = {_bare(case.sheet.subject) for case, _ in pairs}
    if as_ is not None and not pairs:
        raise UsageError(
            f"no engine of the manifests is {as_}", hint="correct --as, or leave it out where there is one engine"
        )
    if len(several) > 1:
        names = ", ".join(sorted(str(each) for each in several)[:5])
        raise UsageError(
            f"the manifests run {len(several)} engines ({names}), and the endpoint is one of them",
            hint="say which one: --as kind/name",
        )
    serving = [pair for pair in pairs if pair[0].sheet.subject.part not in ("worker", "prefill")] or pairs
    return serving[0] if serving else (None, Binding())


def _is(case: Case, as_: str) -> bool:
    meant, who = named(as_), case.sheet.subject
    same = (things.full_kind(meant.kind), meant.name) == (who.kind, who.name)
    return same and (meant.namespace is None or who.namespace in (None, meant.namespace))


def _bare(who: Subject) -> Subject:
    return structs.replace(who, container=None, role=None, pod=None, uid=None, revision=None, source=None)


def _case(url: str, answers: Answers, wished: Case | None, around: Around) -> Case:
    """The endpoint as a case; one that does not say which engine it is (a gateway answers) is taken for the manifest's."""
    engine = answers.engine or (wished.engine if wished is not None else None)
    known = structs.replace(answers, engine=engine)
    return endpoints.case(url, known, around.project).parties[0].case


def _load(asked: Sanity, bound: Binding) -> Load:
    """The contract's load, cut to the time that there is; else the small one, and beside users' traffic no other."""
    promised = dict(bound.contract.performance.get("load", {})) if bound.contract is not None else {}
    seconds = min(asked.seconds, float(promised.pop("duration", None) or asked.seconds))
    warmup = min(seconds * WARMUP, float(promised.pop("warmup", None) or seconds))
    if promised and not asked.on_live:
        return loads.described(Wish(duration=seconds, warmup=warmup), promised)
    kept = {name: value for name, value in promised.items() if name in sending.ON_LIVE}
    small = Wish(
        concurrency=CONCURRENCY,
        duration=seconds,
        warmup=warmup,
        prompt_tokens=None if "prompt_tokens" in kept else PROMPT_TOKENS,
        output_tokens=None if "output_tokens" in kept else OUTPUT_TOKENS,
    )
    return loads.described(small, kept)


def _target(asked: Sanity, case: Case, wished: Case | None) -> loadgen.Target:
    key = key_from(asked.api_key_env, asked.api_key_file)
    return loadgen.Target(
        asked.url,
        asked.model or _served(case, wished),
        key.text if key is not None else None,
        asked.ca_file,
        timeout_s=asked.seconds + GRACE_S,
    )


def _served(case: Case, wished: Case | None) -> str | None:
    """The name that the manifest gives the model, where the endpoint answers to it; else the first that it names itself."""
    shown = case.sheet.effective("model.served_name")
    wanted = wished.sheet.effective("model.served_name") if wished is not None else None
    if not isinstance(shown, Fact) or not isinstance(wanted, Fact):
        return None
    names = wanted.value if isinstance(wanted.value, list) else [wanted.value]
    served = shown.value if isinstance(shown.value, list) else [shown.value]
    return next((str(name) for name in names if name in served), None)


def _told(measured: Baseline) -> str:
    """What was sent, in a line."""
    ttft = measured.metric("ttft")
    median = (ttft.quantiles or {}).get("p50") if ttft is not None else None
    first = f", TTFT p50 {quantities.said(median, 's')}" if isinstance(median, float) else ""
    asked, lasted = measured.requests, quantities.duration(measured.duration)
    return (
        f"{measured.subject.name}: {asked.sent or 0:,} requests in {lasted}, {asked.completed or 0:,} answered{first}"
    )
