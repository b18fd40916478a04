"""The manifests of deploy/ that gate a rollout: their very commands are run, against a fake engine instead of a cluster's."""

import json
import os
import re
import signal
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from skewguard.cli import gate_service
from skewguard.language.errors import UsageError
from skewguard.language.results import CheckReport
from tests.cli.running import Run, program
from tests.deployed import DEPLOY, documents, pods
from tests.fakes import engine
from tests.fakes.engine import Answer

MODELS = json.dumps(
    {"data": [{"id": "chat", "owned_by": "vllm", "root": "Qwen/Qwen3-8B", "max_model_len": 8192}]}
).encode()
STEADY = Answer(ttft=0.02, gap=0.002)


def command(name: str, url: str, gate: Path) -> list[str]:
    """The words of a manifest's one container, with the engine, the folder and the time that there are here."""
    (spec,) = pods(documents(name))
    (container,) = spec["containers"]
    words = [*container["command"], *container["args"]]
    assert words[0] == "skewguard"
    text = "\0".join(words[1:]).replace("/gate/", f"{gate}/")
    text = re.sub(r"--endpoint=[^\0]+", f"--endpoint={url}", text)
    text = re.sub(r"--(sanity-)?duration=\w+", r"--\1duration=1.5s", text).replace("--warmup=10s", "--warmup=0s")
    return text.replace("--listen=0.0.0.0:8080", "--listen=127.0.0.1:0").split("\0")


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    """What the ConfigMap of the gates mounts, without objectives: how quiet this machine is, is not the question."""
    (config,) = documents("gate/config.yaml")
    for name, text in config["data"].items():
        (tmp_path / name).write_text(re.sub(r"(?m)^  performance:.*\n", "", text))
    return tmp_path


JOBS = ("argo-rollouts/analysis-job.yaml", "argo-cd/presync-job.yaml", "argo-cd/postsync-job.yaml")
EVERY = sorted(str(path.relative_to(DEPLOY)) for folder in ("gate", "gate-service", "argo-rollouts", "flagger", "argo-cd", "load-job")
               for path in (DEPLOY / folder).glob("*.yaml"))  # fmt: skip


@pytest.mark.parametrize("name", JOBS)
def test_a_gates_command_passes_a_sound_engine(run: Run, gate: Path, name: str) -> None:
    """As the pod runs it: exit code 0."""
    with engine.serving(STEADY, models=MODELS) as url:
        outcome = run(*command(name, url, gate))
    assert outcome.code == 0, outcome.out + outcome.err


@pytest.mark.parametrize("name", ["argo-rollouts/analysis-job.yaml", "argo-cd/postsync-job.yaml"])
def test_a_gates_command_fails_an_engine_that_fails(run: Run, gate: Path, name: str) -> None:
    """As the pod runs it: exit code 1."""
    with engine.serving(Answer(status=500), models=MODELS) as url:
        assert run(*command(name, url, gate)).code == 1


@contextmanager
def service(words: list[str]) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    """The gate's service in a process of its own, and its URL."""
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen([*program(), *words], stderr=subprocess.PIPE, text=True, env=environment)
    try:
        assert process.stderr is not None
        found = re.search(r"http://[\d.:]+", process.stderr.readline())
        assert found is not None
        yield found[0], process
    finally:
        process.kill()
        process.communicate(timeout=30)


def ask(url: str, body: bytes | None = None) -> tuple[int, Any]:
    """One request of a controller."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body), timeout=60) as answer:  # noqa: S310
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def test_the_service_answers_flagger_and_argo_rollouts(gate: Path) -> None:
    """A webhook is told by the status, a web metric by the exit code in the body, and SIGTERM ends it in peace."""
    broken = [False]
    with (
        engine.serving(lambda _number, _body: Answer(status=500) if broken[0] else STEADY, models=MODELS) as url,
        service(command("gate-service/deployment.yaml", url, gate)) as (address, process),
    ):
        webhook = ask(f"{address}/", b'{"name": "chat", "namespace": "prod", "phase": "Progressing"}')
        metric = ask(f"{address}/result")
        broken[0] = True
        refused = ask(f"{address}/", b"{}")
        told = ask(f"{address}/result")
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0
    assert (webhook[0], webhook[1]["exit_code"]) == (200, 0)
    assert (metric[0], metric[1]["exit_code"]) == (200, 0)
    assert (refused[0], refused[1]["exit_code"]) == (422, 1)
    assert (told[0], told[1]["exit_code"]) == (200, 1)


def test_the_log_of_the_service_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    """An exit code alone sends whoever reads the log to a second place."""

    def broken() -> CheckReport:
        raise UsageError("no engine of the manifests is deploy/other")

    reply = gate_service._run(broken, plain=False)
    assert (reply.status, json.loads(reply.body)["exit_code"]) == (502, 2)
    assert "gate: exit code 2: no engine of the manifests is deploy/other" in capsys.readouterr().err


@pytest.mark.slow
def test_the_indexed_job_sends_one_load_in_shares(run: Run, gate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each pod by its number prints its share, and merging them gives one load without a gap or a request twice."""
    (job,) = documents("load-job/job.yaml")
    shares = []
    with engine.serving(STEADY, models=MODELS) as url:
        words = [each.replace("--rate=400", "--rate=40") for each in command("load-job/job.yaml", url, gate)]
        for index in range(job["spec"]["completions"]):
            monkeypatch.setenv("JOB_COMPLETION_INDEX", str(index))
            outcome = run(*words)
            assert outcome.document["part"], outcome.err
            shares.append(gate / f"{index}.json")
            shares[-1].write_text(outcome.out + outcome.err)  # a log holds both
    merged = run("baseline", "merge", *map(str, shares), "--no-store", "-o", "json")
    requests = merged.document["requests"]
    assert requests["sent"] == sum(json.loads(share.read_text())["requests"]["sent"] for share in shares)
    assert requests["failed"] == {}


def test_the_web_metric_asks_for_what_the_service_answers() -> None:
    """Its path, its field, and the time that a run takes."""
    (template,) = documents("argo-rollouts/analysis-web.yaml")
    (service_of,) = documents("gate-service/service.yaml")
    (metric,) = template["spec"]["metrics"]
    web = metric["provider"]["web"]
    host = f"{service_of['metadata']['name']}.prod.svc:{service_of['spec']['ports'][0]['port']}"
    assert web["url"] == f"http://{host}/result"
    assert (web["jsonPath"], metric["successCondition"]) == ("{$.exit_code}", "asInt(result) == 0")
    (canary,) = documents("flagger/canary.yaml")
    (hook,) = canary["spec"]["analysis"]["webhooks"]
    assert hook["url"] == f"http://{host}/"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--listen=8080"], "asks an endpoint"),
        (["--listen=8080", "--endpoint=http://x", "-o", "json"], "leave -o out"),
        (["--listen=x", "--endpoint=http://x"], "no place to listen"),
    ],
)
def test_a_service_that_cannot_be_meant_is_refused(run: Run, gate: Path, words: list[str], message: str) -> None:
    """Before anything listens."""
    outcome = run("check", str(gate / "manifest.yaml"), *words)
    assert outcome.code == 2
    assert message in outcome.err


@pytest.mark.parametrize("name", [name for name in EVERY if name.endswith("kustomization.yaml")])
def test_a_kustomization_names_files_that_are_there(name: str) -> None:
    """And the image that the user sets is the one that the manifests have."""
    (made,) = documents(name)
    folder = (DEPLOY / name).parent
    for each in (*made["resources"], *(patch["path"] for patch in made.get("patches", ()))):
        assert (folder / each).exists()
    assert [image["name"] for image in made["images"]] == ["skewguard"]


@pytest.mark.parametrize("name", [name for name in EVERY if any(pods(documents(name)))])
def test_every_pod_has_no_rights_it_does_not_need(name: str) -> None:
    """No root, no privileges, no writable root, no token of the API, bounded memory, and the image that is to be set."""
    if name == "gate/config.yaml":
        return
    for spec in pods(documents(name)):
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["automountServiceAccountToken"] is False
        for container in spec["containers"]:
            assert container["image"] == "skewguard"
            assert container["securityContext"]["readOnlyRootFilesystem"] is True
            assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
            assert "memory" in container["resources"]["limits"]


@pytest.mark.parametrize("name", [*JOBS, "load-job/job.yaml"])
def test_every_job_ends_and_is_cleared_away(name: str) -> None:
    """It has a deadline, is not tried again, and goes away by itself."""
    text = (DEPLOY / name).read_text("utf-8")
    assert "activeDeadlineSeconds" in text
    assert "ttlSecondsAfterFinished" in text
    assert re.search(r"backoffLimit(PerIndex)?: 0", text)
