"""A short load against a contract: a limit is broken only where that is no chance, and what is not known is said."""

import pytest

from skewguard.judge.baseline import metrics
from skewguard.judge.checks import contract_load, registry
from skewguard.judge.checks.interface import Case, Result
from skewguard.knowledge.contract.loading import load
from skewguard.knowledge.contract.values import Binding, Contract
from skewguard.language.baselines import Baseline, Instrument, Requests, Run, Samples
from skewguard.language.facts import Fact, Origin, Subject
from skewguard.language.loads import Load, Prompts, Spread
from skewguard.language.sheet import Sheet
from skewguard.language.workloads import Container, Inventory, PodTemplate, Workload

ENDPOINT = Subject("Endpoint", "chat:8000")
AT = Origin("endpoint", "http://chat:8000")
LOAD = Load("concurrency", Prompts("synthetic", Spread(64.0), Spread(32.0)), concurrency=4, duration=15.0)
FINE = Instrument("kernel", 0.0, 0.0, 0.0, 0.1, 0.0, 2)


def samples(ttfts: list[float]) -> Samples:
    """Answers of nine tokens, 10 ms apart, with these times to the first."""
    made = Samples()
    for number, ttft in enumerate(ttfts):
        start = number * 0.1
        made.intended.append(start)
        made.sent.append(start)
        made.first.append(start + ttft)
        made.last.append(start + ttft + 0.08)
        made.prompt_tokens.append(64)
        made.output_tokens.append(9)
        made.first_tokens.append(1)
        made.chunks.append(9)
        made.status.append(200)
        made.failure.append("")
        made.censored.append(False)
        made.fresh.append(False)
        made.phase.append(1)
        made.gap_counts.append(8)
        made.gaps.extend([0.01] * 8)
    return made


def measured(ttfts: list[float], *, reasons: tuple[str, ...] = (), requests: Requests | None = None) -> Baseline:
    """The baseline of a run with these times to the first token."""
    rows = samples(ttfts)
    run = Run(LOAD, "", 15.0, rows, FINE, (0.0, len(ttfts) * 0.1))
    return Baseline(
        ENDPOINT, "", 15.0, "load", LOAD, valid=not reasons, invalid_because=reasons, samples=rows,
        metrics=metrics.of_run(run, slo={}, gpus=None),
        measured=run.measured,
        requests=requests or Requests(len(ttfts), len(ttfts)),
    )  # fmt: skip


def contract(performance: str) -> Contract:
    """A contract that promises this."""
    text = (
        "apiVersion: skewguard.dev/v1alpha1\nkind: ServingContract\nmetadata: {name: chat}\n"
        f"spec:\n  targets: [{{kind: Endpoint, name: '*'}}]\n  performance: {{slo: {performance}}}\n"
    )
    loaded = load([("c.yaml", text)])
    assert not loaded.errors
    return loaded.contracts[0]


def case(baseline: Baseline | None, served: str | None = None) -> Case:
    """An endpoint that was loaded, and serves a model under this name."""
    container = Container("server", AT)
    workload = Workload(ENDPOINT, PodTemplate(AT, (container,)), AT)
    sheet = Sheet(ENDPOINT)
    if served is not None:
        sheet.add(Fact("model.served_name", served, "observed", AT))
    return Case(workload, container, "vllm", "vLLM", sheet, Inventory(), phase="load", measured=baseline)


def answers(baseline: Baseline, promise: str) -> list[Result]:
    """What is said of each limit."""
    given = contract(promise)
    loaded = case(baseline)
    loaded.binding = Binding((given,), given=True)
    return list(contract_load.objectives(loaded, given))


def test_a_limit_that_is_met_passes() -> None:
    """Forty answers of 50 ms against 2 s."""
    (answer,) = answers(measured([0.05] * 40), "{ttft: {p95: 2s}}")
    assert (answer.verdict, answer.setting) == ("pass", "performance.ttft.p95")


def test_a_limit_that_is_missed_by_far_fails_with_its_evidence() -> None:
    """Forty answers of 3 s against 2 s: that is no chance."""
    (answer,) = answers(measured([3.0] * 40), "{ttft: {p95: 2s}}")
    assert answer.verdict == "fail"
    assert "at most 2 s, and it was 3 s" in answer.message
    assert answer.fact is not None
    assert answer.fact.value == pytest.approx(3.0)
    assert answer.expected == 2.0


def test_a_few_slow_answers_are_no_verdict() -> None:
    """Three of forty above the limit of a p95: one run in three of a server that keeps it looks so."""
    (answer,) = answers(measured([0.05] * 37 + [3.0] * 3), "{ttft: {p95: 2s}}")
    assert answer.verdict == "unknown"
    assert "may be chance" in answer.message


def test_a_quantile_that_so_few_requests_do_not_know_is_unknown() -> None:
    """The p99 of forty requests."""
    (answer,) = answers(measured([0.05] * 40), "{ttft: {p99: 2s}}")
    assert answer.verdict == "unknown"
    assert "--sanity-duration" in answer.message


def test_an_instrument_that_was_slow_decides_nothing() -> None:
    """Its reason is told."""
    baseline = measured([0.05] * 40, reasons=("requests left up to 90 ms late",))
    (answer,) = answers(baseline, "{ttft: {p95: 2s}}")
    assert answer.verdict == "unknown"
    assert "90 ms late" in answer.message


def test_a_throughput_that_a_small_load_does_not_reach_is_unknown() -> None:
    """Ten requests a second were sent: whether it could do a thousand, nobody tried."""
    reached, missed = answers(
        measured([0.05] * 40), "{requests_per_second: {min: 5}, output_tokens_per_second: {min: 9000}}"
    )
    assert reached.verdict == "pass"
    assert missed.verdict == "unknown"
    assert "baseline record" in missed.message


# ---- what a load shows at once ---------------------------------------------------------------------------------------


def said(check: str, given: Case) -> list[Result]:
    """The answers of one check."""
    return list(registry.CHECKS[check].run(given))


def test_requests_that_fail_are_counted_by_kind() -> None:
    """Each failure is one that users meet."""
    requests = Requests(44, 40, {"http": 3, "timeout": 1})
    (answer,) = said("serving.fails-under-load", case(measured([0.05] * 40, requests=requests)))
    assert answer.verdict == "fail"
    assert "4 of 44 requests" in answer.message
    assert "3 answered with an HTTP error, 1 timed out" in answer.message


def test_no_failure_is_a_pass() -> None:
    """What was stopped at the end of the load is none."""
    requests = Requests(41, 40, {"stopped": 1})
    assert not said("serving.fails-under-load", case(measured([0.05] * 40, requests=requests)))


def test_no_answer_in_time_is_unknown() -> None:
    """It may just be slow."""
    (answer,) = said("serving.fails-under-load", case(measured([0.05] * 40, requests=Requests(4, 0, {"stopped": 4}))))
    assert answer.verdict == "unknown"


@pytest.mark.parametrize(("served", "verdicts"), [("chat", []), ("other", ["fail"]), (None, [])])
def test_the_model_that_answers_is_the_manifests(served: str | None, verdicts: list[str]) -> None:
    """By its served name; what does not say it is no other model."""
    loaded = case(measured([0.05] * 40), served)
    loaded.wished = case(None, "chat")
    assert [each.verdict for each in said("serving.other-model", loaded)] == verdicts


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("ttft", 0.02, "20 ms"),
        ("e2e", 0.9999, "1,000 ms"),
        ("e2e", 1234.0, "1,234 s"),
        ("output_tokens_per_second", 12345.6, "12,346 tokens/s"),
        ("goodput", 1.0, "1 requests/s"),
        ("error_rate", 0.01, "1 %"),
    ],
)
def test_limit_is_said_with_its_unit_and_without_an_exponent(name: str, value: float, said: str) -> None:
    """`of at least 1` of what, and 1.23e+04 of anything, cost time that nobody has."""
    assert contract_load.told(name, value) == said
