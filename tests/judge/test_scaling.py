"""Checks of what changes the number of replicas."""

from typing import Any

import pytest

from skewguard.judge.checks import scaling  # noqa: F401 - importing it registers the checks
from skewguard.judge.checks.interface import Case
from skewguard.language.neighbours import Autoscaler, Signal
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


def test_engine_whose_queue_has_no_known_name_is_given_none() -> None:
    """Which engine is behind NIM nobody knows: the advice names no metric of any."""
    (answer,) = run("scaling.host-signal", under(scaler("cpu"), engine="nim", title="NVIDIA NIM", version="1.10.0"))
    assert "num_requests_waiting" not in answer.remedy
    assert "requests in flight" in answer.remedy


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


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, ["fail"]),
        ({"min_replicas": located(1, 88)}, ["pass"]),
        ({"idle_replicas": located(0, 87), "min_replicas": located(2, 88)}, ["fail"]),
        ({"paused": at(86)}, ["pass"]),
    ],
)
def test_to_zero_knows_the_default_of_keda(more: dict[str, Any], expected: list[str]) -> None:
    """Without a minimum KEDA's is 0, an idle number stands below the minimum, and what is paused scales nowhere."""
    assert expected == verdicts("scaling.to-zero", under(scaler("queue", kind="ScaledObject", **more)))


def test_to_zero_expects_no_waking_by_cpu() -> None:
    """KEDA scales to 0 on no CPU or memory trigger alone, and a HorizontalPodAutoscaler's default is 1."""
    assert verdicts("scaling.to-zero", under(scaler("cpu", kind="ScaledObject"))) == ["pass"]
    assert verdicts("scaling.to-zero", under(scaler("queue"))) == ["pass"]


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        (under(scaler("queue", kind="ScaledObject", paused=at(86))), ["fail"]),
        (under(scaler("queue", kind="ScaledObject", paused=at(86), paused_at=located(3, 86))), ["fail"]),
        (under(scaler("queue", kind="ScaledObject")), ["pass"]),
        (under(), ["skipped"]),
    ],
)
def test_paused_autoscaler_is_told(subject: Case, expected: list[str]) -> None:
    """Its numbers have no effect until the annotation is gone."""
    assert expected == verdicts("scaling.paused", subject)


def test_paused_autoscaler_is_no_rival_and_contests_nothing() -> None:
    """What scales nothing undoes nobody's work."""
    held = scaler("queue", kind="ScaledObject", name="keda", paused=at(86))

    assert verdicts("scaling.two-autoscalers", under(scaler("queue"), held)) == ["pass"]
    assert verdicts("scaling.replicas-contested", under(held, workload={"replicas": located(2, 7)})) == ["skipped"]


def test_same_autoscaler_of_another_environment_is_no_rival() -> None:
    """One object cannot exist twice; the input holds it once for each environment."""
    twice = under(scaler("queue", min_replicas=located(1, 88)), scaler("queue", min_replicas=located(3, 89)))

    assert verdicts("scaling.two-autoscalers", twice) == ["pass"]


@pytest.mark.parametrize(
    ("mode", "expected"),
    [(None, ["fail"]), ("Auto", ["fail"]), ("Recreate", ["fail"]), ("InPlaceOrRecreate", ["fail"]), ("Off", ["pass"]),
     ("Initial", ["pass"])],
)  # fmt: skip
def test_vertical_autoscaler_that_restarts_is_told(mode: str | None, expected: list[str]) -> None:
    """Off only recommends, Initial leaves running pods alone, and the default is Auto."""
    one = scaler(kind="VerticalPodAutoscaler", mode=None if mode is None else located(mode, 89))

    assert expected == verdicts("scaling.vertical", under(one))
    assert verdicts("scaling.two-autoscalers", under(one, scaler("queue"))) == ["skipped"]


def test_vertical_without_one_is_skipped() -> None:
    """Nothing in the input changes requests."""
    assert verdicts("scaling.vertical", under(scaler("queue"))) == ["skipped"]
