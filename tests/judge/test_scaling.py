"""Checks of what changes the number of replicas."""

from typing import Any

import pytest

from skewguard.judge.checks import scaling  # noqa: F401 - importing it registers the checks
from skewguard.judge.checks.interface import Case
from skewguard.language.workloads import Autoscaler, Signal
from tests.judge.cases import at, case, located, run, severities, verdicts


def scaler(*kinds: str, kind: str = "HorizontalPodAutoscaler", name: str = "chat", **more: Any) -> Autoscaler:
    more.setdefault("target_kind", "Deployment")
    more.setdefault("target_name", "chat")
    signals = tuple(Signal(kind=one, name=one, origin=at(90, one)) for one in kinds)
    return Autoscaler(kind=kind, name=name, namespace="prod", origin=at(85), signals=signals, **more)


def under(*scalers: Autoscaler, **more: Any) -> Case:
    return case(inventory={"autoscalers": scalers}, **more)


@pytest.mark.parametrize(
    ("subject", "verdict"),
    [
        (under(scaler("queue")), "pass"),
        (under(scaler("gpu")), "pass"),
        (under(scaler("cpu")), "fail"),
        (under(scaler("memory", kind="ScaledObject")), "fail"),
        (under(scaler("cpu", "queue")), "fail"),
        (under(scaler()), "fail"),
        (under(), "skipped"),
        (under(scaler("cpu", target_name="other")), "skipped"),
        (under(scaler("cpu"), image="vllm-cpu:v0.11.0"), "skipped"),
    ],
)
def test_host_signal_wants_a_signal_of_the_engine(subject: Case, verdict: str) -> None:
    """CPU and memory fail, also as the default of an HPA without metrics; other workloads and CPU builds do not."""
    assert [verdict] == verdicts("scaling.host-signal", subject)


def test_host_signal_beside_a_queue_is_a_note() -> None:
    """A good signal beside it decides most of the time."""
    assert severities("scaling.host-signal", under(scaler("cpu", "queue"))) == ["note"]


@pytest.mark.parametrize(
    ("engine", "kind", "words"),
    [
        ("vllm", "HorizontalPodAutoscaler", "vllm_num_requests_waiting"),
        ("vllm", "ScaledObject", "sum(vllm:num_requests_waiting)"),
        ("sglang", "ScaledObject", "sum(sglang:num_queue_reqs)"),
        ("ollama", "HorizontalPodAutoscaler", "requests in flight"),
    ],
)
def test_host_signal_names_the_metric_of_the_engine(engine: str, kind: str, words: str) -> None:
    """The edit holds the metric that this engine exports."""
    (answer,) = run("scaling.host-signal", under(scaler("cpu", kind=kind), engine=engine))

    assert words in answer.remedy


@pytest.mark.parametrize(
    ("subject", "verdict"),
    [
        (under(scaler("queue")), "pass"),
        (under(scaler("queue"), workload={"replicas": located(2, 7)}), "fail"),
        (under(scaler("queue", kind="InferenceService"), workload={"replicas": located(2, 7)}), "skipped"),
        (under(workload={"replicas": located(2, 7)}), "skipped"),
    ],
)
def test_replicas_contested_wants_one_owner(subject: Case, verdict: str) -> None:
    """Written replicas beside an autoscaler fail; without one nobody can say."""
    assert [verdict] == verdicts("scaling.replicas-contested", subject)


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        (under(scaler("queue")), ["skipped"]),
        (under(scaler("cpu"), scaler("queue", kind="ScaledObject", name="keda")), ["fail"]),
        (under(scaler("cpu"), scaler("cpu", name="b"), scaler("cpu", name="c")), ["fail", "fail"]),
        (under(scaler("cpu"), scaler("cpu", name="b", target_name="other")), ["skipped"]),
        (under(), ["skipped"]),
    ],
)
def test_two_autoscalers_finds_every_rival(subject: Case, expected: list[str]) -> None:
    """Each autoscaler beyond the first is an error."""
    assert expected == verdicts("scaling.two-autoscalers", subject)


@pytest.mark.parametrize(
    ("least", "most", "verdict"), [(1, 4, "pass"), (4, 4, "pass"), (4, 2, "fail"), (None, 2, "pass")]
)
def test_bounds_wants_least_below_most(least: int | None, most: int, verdict: str) -> None:
    """A minimum above the maximum is refused by the API server."""
    bounds: dict[str, Any] = {
        "min_replicas": None if least is None else located(least, 88),
        "max_replicas": located(most, 89),
    }

    assert [verdict] == verdicts("scaling.bounds", under(scaler("queue", **bounds)))


def test_bounds_without_an_autoscaler_is_skipped() -> None:
    """Nothing in the input has bounds."""
    assert verdicts("scaling.bounds", under()) == ["skipped"]


@pytest.mark.parametrize(
    ("subject", "verdict"),
    [
        (under(scaler("queue", min_replicas=located(0, 88))), "fail"),
        (under(scaler("queue", min_replicas=located(1, 88))), "pass"),
        (under(), "skipped"),
    ],
)
def test_to_zero_notes_cold_starts(subject: Case, verdict: str) -> None:
    """A minimum of 0 is noted."""
    assert [verdict] == verdicts("scaling.to-zero", subject)
