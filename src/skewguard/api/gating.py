"""`check --endpoint`: the engine that the checked manifests run as, asked what it is, and loaded for some seconds."""

from collections.abc import Callable, Sequence
from typing import Any

from msgspec import Struct, structs

from skewguard.adapters.endpoints import key_from
from skewguard.api import loads, measuring, things, witnessing
from skewguard.api.loads import Wish
from skewguard.api.surroundings import Around
from skewguard.api.witnessing import Reached
from skewguard.assess import endpoints
from skewguard.judge.checks.interface import Case
from skewguard.knowledge.contract.values import Binding
from skewguard.language.baselines import Baseline
from skewguard.language.errors import InputError, UsageError
from skewguard.language.facts import Fact, Subject
from skewguard.language.loads import Load
from skewguard.language.results import InputProblem
from skewguard.language.running import Answers
from skewguard.observe import loadgen
from skewguard.observe.loadgen import prompting
from skewguard.observe.sources.live.wanted import named

DURATION_S = 15.0
CONCURRENCY = 4
PROMPT_TOKENS, OUTPUT_TOKENS = "64", "32"
"""The sanity profile where a contract names no load: a few dozen small requests, which any engine that serves bears."""
WARMUP = 0.1
"""Share of the duration that counts for nothing."""
GRACE_S = 60.0
"""Seconds that one answer may take longer than the load lasts."""


class Sanity(Struct, frozen=True):
    """What to load: the URL, as which workload, for how many seconds, how it is reached, and who is told meanwhile."""

    url: str
    as_: str | None = None
    seconds: float = DURATION_S
    reached: Reached = Reached()
    model: str | None = None
    told: Callable[[Any], None] | None = None


def sanity(
    endpoint: str | None,
    *,
    as_: str | None = None,
    seconds: float = DURATION_S,
    model: str | None = None,
    timeout: float = witnessing.TIMEOUT_S,
    api_key_env: str | None = None,
    api_key_file: str | None = None,
    ca_file: str | None = None,
    told: Callable[[Any], None] | None = None,
) -> Sanity | None:
    """What `check` is to load beside its manifests; None without an endpoint. Raises `UsageError` for what needs one."""
    if endpoint is None:
        lost = {
            "--as": as_,
            "--model": model,
            "--api-key-env": api_key_env,
            "--api-key-file": api_key_file,
            "--ca-file": ca_file,
        }
        if given := [name for name, value in lost.items() if value is not None]:
            raise UsageError(f"{given[0]} says something of an endpoint, and none was given", hint="add --endpoint URL")
        return None
    reached = Reached(timeout=timeout, api_key_env=api_key_env, api_key_file=api_key_file, ca_file=ca_file)
    return Sanity(endpoint, as_, seconds, reached, model, told)


class Gated(Struct, frozen=True):
    """What came of it: the case that was loaded under the contract of its manifest, or why there is none."""

    cases: tuple[Case, ...] = ()
    bindings: tuple[Binding, ...] = ()
    problems: tuple[InputProblem, ...] = ()
    notes: tuple[str, ...] = ()


def gate(asked: Sanity, cases: Sequence[Case], bindings: Sequence[Binding], around: Around) -> Gated:
    """Ask the engine and load it. An endpoint that cannot be reached is a problem, and never a pass. Raises `UsageError`."""
    wished, bound = _meant(asked.as_, cases, bindings)
    manner = asked.reached.manner()
    expected = wished.engine if wished is not None else None
    answers = witnessing.ask_url(asked.url, manner, asked.reached.ca_file, expected)
    dead = [each for each in answers.unread if each.kind in ("unreachable", "timeout")]
    if dead and not answers.facts:
        return Gated(problems=(_unreachable(asked.url, dead[0].reason),))
    case = _case(asked.url, answers, wished, around)
    load = _load(asked, bound)
    try:
        run = loadgen.run(_target(asked, case, wished), load, prompting.from_load(load), progress=asked.told)
    except InputError as error:
        return Gated(problems=(_unreachable(asked.url, error.message),))
    contract = bound.contract
    slo = contract.performance.get("slo", {}) if contract is not None else {}
    case.measured = measuring.of_run(Baseline(case.sheet.subject, "", 0.0, "load", load, slo=slo), run)
    case.phase, case.wished = "load", wished
    interrupted = (f"the load was ended early: {run.stopped}",) if run.partial else ()
    return Gated((case,), (bound,), notes=(_told(case.measured), *interrupted))


def _unreachable(url: str, reason: str) -> InputProblem:
    hint = f"see whether it answers from this machine, with `curl -sv {url}/v1/models`"
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
    """The contract's load, cut to the time that there is; else the small one."""
    promised = dict(bound.contract.performance.get("load", {})) if bound.contract is not None else {}
    seconds = min(asked.seconds, float(promised.pop("duration", None) or asked.seconds))
    warmup = min(seconds * WARMUP, float(promised.pop("warmup", None) or seconds))
    if promised:
        return loads.described(Wish(duration=seconds, warmup=warmup), promised)
    small = Wish(
        concurrency=CONCURRENCY,
        duration=seconds,
        warmup=warmup,
        prompt_tokens=PROMPT_TOKENS,
        output_tokens=OUTPUT_TOKENS,
    )
    return loads.described(small, {})


def _target(asked: Sanity, case: Case, wished: Case | None) -> loadgen.Target:
    key = key_from(asked.reached.api_key_env, asked.reached.api_key_file)
    return loadgen.Target(
        asked.url,
        asked.model or _served(case, wished),
        key.text if key is not None else None,
        asked.reached.ca_file,
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
    first = f", TTFT p50 {median * 1000:.3g} ms" if isinstance(median, float) else ""
    asked = measured.requests
    return f"{measured.subject.name}: {asked.sent or 0:,} requests in {measured.duration:.3g} s, {asked.completed or 0:,} answered{first}"
