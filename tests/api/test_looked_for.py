"""What was looked for around a workload of a cluster: what is not there is known, what was refused is not."""

from pathlib import Path

import pytest

from skewguard import api
from skewguard.language.facts import Effective, Fact, Gap
from skewguard.language.results import CheckReport
from tests.api.test_verifying import CONTRACT, fill, verify
from tests.fakes.api_server import ApiServer
from tests.observe.live import made

SCALED = CONTRACT + "  autoscaling: {signal: queue, min_replicas: 2}\n  serving: {request_timeout: {min: 600s}}\n"


@pytest.fixture
def contract(tmp_path: Path) -> str:
    """A contract that speaks of what stands around `chat`."""
    path = tmp_path / "chat.yaml"
    path.write_text(SCALED)
    return str(path)


def known(report: CheckReport, setting: str) -> Effective:
    """What is in effect on the first replicas."""
    (live,) = report.live
    return next(row.groups[0] for row in live.settings if row.setting == setting)


def test_an_autoscaler_that_was_looked_for_and_is_not_there_is_known(tmp_path: Path, contract: str) -> None:
    """Nothing scales it: the promised signal is broken, the number of replicas rests on nothing unseen."""
    with ApiServer() as server:
        fill(server)
        report = verify(server, tmp_path, "deploy/chat", contracts=[contract])
    signal, least = known(report, "autoscaling.signal"), known(report, "autoscaling.min_replicas")
    found = {item.setting: (item.verdict, item.message) for item in report.findings if item.contract}

    assert isinstance(signal, Fact)
    assert (signal.value, signal.origin.ref) == (None, "the autoscalers of namespace prod")
    assert isinstance(least, Fact)
    assert (least.value, least.assumes) == (2, ())
    assert found["autoscaling.signal"][0] == "fail"
    assert "no Ingress or route of namespace prod leads to it" in found["serving.request_timeout"][1]
    assert not any("in the same input" in item.message + item.remedy for item in report.findings)


def test_an_autoscaler_that_may_not_be_read_is_a_gap_that_names_the_right(tmp_path: Path, contract: str) -> None:
    """Then nobody knows whether something scales it."""
    with ApiServer() as server:
        fill(server)
        server.rights.deny(None, "horizontalpodautoscalers")
        report = verify(server, tmp_path, "deploy/chat", contracts=[contract])
    signal, least = known(report, "autoscaling.signal"), known(report, "autoscaling.min_replicas")

    assert isinstance(signal, Gap)
    assert "horizontalpodautoscalers" in signal.reason
    assert "list horizontalpodautoscalers" in signal.would_need
    assert isinstance(least, Fact)
    assert least.assumes == ("an autoscaler that could not be read",)


def test_an_autoscaler_of_something_above_may_scale_it(tmp_path: Path, contract: str) -> None:
    """It scales a resource whose controller makes the workload, for all that is known."""
    with ApiServer() as server:
        fill(server)
        server.add(
            {
                "apiVersion": "autoscaling/v2",
                "kind": "HorizontalPodAutoscaler",
                "metadata": made.meta("chat-model"),
                "spec": {
                    "scaleTargetRef": {"apiVersion": "example.com/v1", "kind": "ModelServer", "name": "chat"},
                    "maxReplicas": 4,
                },
            }
        )
        report = verify(server, tmp_path, "deploy/chat", contracts=[contract])
    signal = known(report, "autoscaling.signal")

    assert isinstance(signal, Gap)
    assert signal.reason == "HorizontalPodAutoscaler chat-model scales ModelServer chat, which may stand above it"


def test_a_manifest_says_nothing_of_what_is_elsewhere(tmp_path: Path) -> None:
    """The autoscaler of a file may stand in any other."""
    path = tmp_path / "deploy.yaml"
    path.write_text(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: chat}\nspec: {template: {spec: {containers: "
        "[{name: vllm, image: 'vllm/vllm-openai:v0.11.0', args: [--model=m]}]}}}\n"
    )
    (subject,) = api.settings((str(path),)).subjects
    signal = next(line.effective for line in subject.settings if line.setting == "autoscaling.signal")

    assert isinstance(signal, Gap)
    assert signal.reason == "no autoscaler of this workload is in the input"
