"""`check --endpoint`: the static checks and a short load of a fake engine, as one report and one exit code."""

import json
import threading
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from skewguard import api
from skewguard.api import gating, watching
from skewguard.language.errors import UsageError
from skewguard.language.results import CheckReport
from skewguard.observe.loadgen import running
from tests.cli.running import GOOD
from tests.fakes import engine, pages
from tests.fakes.engine import Answer

MODELS = json.dumps(
    {
        "object": "list",
        "data": [{"id": "chat", "object": "model", "owned_by": "vllm", "root": "chat", "max_model_len": 32768}],
    }
)
STEADY = Answer(ttft=0.02, gap=0.002)
CONTRACT = """\
apiVersion: skewguard.dev/v1alpha1
kind: ServingContract
metadata: {name: chat}
spec:
  targets: [{kind: Deployment, name: chat}]
  model: {served_name: chat}
"""


@pytest.fixture(autouse=True)
def _short_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine without traffic is looked at for a moment."""
    monkeypatch.setattr(watching, "LOOK_S", 0.1)


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    """A manifest and its contract."""
    manifest, contract = tmp_path / "deploy.yaml", tmp_path / "contract.yaml"
    manifest.write_text(GOOD)
    contract.write_text(CONTRACT)
    return str(manifest), str(contract)


def gated(files: tuple[str, str], url: str, **more: Any) -> CheckReport:
    """One gate, of a second and a half."""
    sanity = api.sanity(str(url), seconds=1.5, **more)
    return api.check([files[0]], contracts=[files[1]], sanity=sanity)


def verdicts(report: CheckReport) -> dict[tuple[str, str | None], str]:
    """What was found of the endpoint."""
    return {(each.check, each.setting): each.verdict for each in report.findings if each.subject.kind == "Endpoint"}


def served(files: tuple[str, str]) -> str:
    """The name that the manifest gives its model."""
    report = api.check([files[0]], contracts=[files[1]])
    found = next((each.observed for each in report.findings if each.setting == "model.served_name"), None)
    return str(found.value) if found is not None else "chat"


def test_a_sound_engine_passes(files: tuple[str, str]) -> None:
    """The report has both phases, and a line says what was sent."""
    models = MODELS.replace('"chat"', json.dumps(served(files))).encode()
    Path(files[1]).write_text(CONTRACT.replace("served_name: chat", f"served_name: {served(files)}"))
    with engine.serving(STEADY, models=models) as url:
        report = gated(files, url)
    assert (verdicts(report), report.errors) == ({}, ())
    assert (report.exit_code, report.phases) == (0, ("static", "load"))
    assert any("answered" in note for note in report.notes)
    assert report.summary.engines == 1


def test_failing_requests_fail_the_gate(files: tuple[str, str]) -> None:
    """Every third is answered 503."""
    with engine.serving(lambda number, _: Answer(status=503) if number % 3 == 0 else STEADY) as url:
        report = gated(files, url)
    assert report.exit_code == 1
    assert verdicts(report)["serving.fails-under-load", None] == "fail"


def test_another_model_fails_the_gate(files: tuple[str, str]) -> None:
    """What answers is not what was promised, nor what the manifest starts."""
    with engine.serving(STEADY, models=MODELS.replace('"chat"', '"other"').encode()) as url:
        report = gated(files, url)
    assert report.exit_code == 1
    found = verdicts(report)
    assert found["contract.mismatch", "model.served_name"] == "fail"
    assert found["serving.other-model", "model.served_name"] == "fail"


def test_an_endpoint_that_cannot_be_reached_is_no_pass(files: tuple[str, str]) -> None:
    """Exit code 2, with what to do."""
    report = gated(files, "http://127.0.0.1:9")
    assert report.exit_code == 2
    assert "could not be loaded" in report.errors[0].message
    assert report.phases == ("static",)


def test_static_findings_are_told_once(files: tuple[str, str]) -> None:
    """The endpoint adds its own findings and repeats none of the manifest's."""
    before = api.check([files[0]], contracts=[files[1]])
    with engine.serving(STEADY, models=MODELS.encode()) as url:
        after = gated(files, url)
    kept = [each.id for each in after.findings if each.subject.kind != "Endpoint"]
    assert kept == [each.id for each in before.findings]


def test_the_contracts_own_load_is_sent_for_the_time_there_is(files: tuple[str, str]) -> None:
    """Its rate and lengths, not its duration."""
    load = "{profile: constant, rate: 10, duration: 10m, warmup: 1m, prompt_tokens: 40, output_tokens: 5}"
    Path(files[1]).write_text(f"{CONTRACT}  performance: {{load: {load}}}\n")
    with engine.serving(STEADY) as url:
        gated(files, url)
    assert {request.body["max_tokens"] for request in url.requests} == {5}
    assert 10 <= len(url.requests) <= 20


def test_several_engines_ask_which_one_the_endpoint_is(files: tuple[str, str], tmp_path: Path) -> None:
    """And --as says it."""
    Path(files[0]).write_text(f"{GOOD}\n---\n{GOOD.replace('name: chat', 'name: other', 1)}")
    with pytest.raises(UsageError, match="2 engines"):
        gated(files, "http://127.0.0.1:9")
    assert gated(files, "http://127.0.0.1:9", as_="deployment/other").exit_code == 2
    with pytest.raises(UsageError, match="no engine of the manifests"):
        gated(files, "http://127.0.0.1:9", as_="deployment/gone")


def test_a_key_is_sent_and_told_nowhere(files: tuple[str, str], tmp_path: Path) -> None:
    """From a file; a server that wants it answers."""
    key = tmp_path / "key"
    key.write_text("s3cret-of-the-gate\n")
    with engine.serving(STEADY, key="s3cret-of-the-gate") as url:
        report = gated(files, url, api_key_file=str(key))
    assert ("serving.fails-under-load", None) not in verdicts(report)
    assert "s3cret" not in str(report)


@pytest.mark.parametrize(
    ("word", "given"), [("--as", {"as_": "deployment/chat"}), ("--sanity-duration", {"seconds": 30.0})]
)
def test_what_needs_an_endpoint_is_refused_without_one(word: str, given: dict[str, Any]) -> None:
    """An option that would do nothing is a mistake."""
    with pytest.raises(UsageError, match=f"{word} says something of an endpoint"):
        api.sanity(None, **given)


def test_a_gate_runs_in_any_thread(files: tuple[str, str]) -> None:
    """The service answers from threads of its own."""
    reports: list[CheckReport] = []
    with engine.serving(STEADY) as url:
        thread = threading.Thread(target=lambda: reports.append(gated(files, url)))
        thread.start()
        thread.join()
    assert reports[0].phases == ("static", "load")


# ---- beside the traffic of users ------------------------------------------------------------------------------------------


def page(running: int = 0, waiting: int = 0) -> dict[str, Any]:
    """A vLLM whose page of metrics shows requests of its users."""
    text = f"vllm:num_requests_running {running}\nvllm:num_requests_waiting {waiting}\n"
    return {"/metrics": text.encode}


def test_an_engine_with_users_gets_no_load_unasked(files: tuple[str, str]) -> None:
    """It is no pass, what it says of itself is judged all the same, and a word makes it go."""
    with engine.serving(STEADY, models=MODELS.replace('"chat"', '"other"').encode(), pages=page(running=3)) as url:
        report = gated(files, url)
        assert url.requests == []
    assert "requests: 3 running" in report.errors[0].message
    assert report.exit_code == 1
    assert verdicts(report)["serving.other-model", "model.served_name"] == "fail"
    with engine.serving(STEADY, models=MODELS.encode(), pages=page(running=3)) as url:
        assert gated(files, url).exit_code == 2
        assert gated(files, url, on_live=True).exit_code == 0


def test_engine_with_users_gets_no_load_under_the_path_of_its_api(files: tuple[str, str]) -> None:
    """Its metrics are found beside the API."""
    with engine.serving(STEADY, models=MODELS.encode(), pages=page(running=3)) as url:
        report = gated(files, f"{url}/v1")
        assert url.requests == []
    assert "requests: 3 running" in report.errors[0].message


def test_beside_users_the_load_is_small_whatever_the_contract_says(files: tuple[str, str]) -> None:
    """Its lengths are kept, its rate is not."""
    load = "{profile: constant, rate: 200, prompt_tokens: 40, output_tokens: 5}"
    Path(files[1]).write_text(f"{CONTRACT}  performance: {{load: {load}}}\n")
    slow = Answer(ttft=0.3)
    with engine.serving(slow, models=MODELS.encode(), pages=page(running=3)) as url:
        report = gated(files, url, on_live=True)
    assert {request.body["max_tokens"] for request in url.requests} == {5}
    assert len(url.requests) <= 4 * 6
    assert any("users were served meanwhile" in note for note in report.notes)


def test_users_who_come_after_the_look_leave_the_gate_without_a_verdict(files: tuple[str, str]) -> None:
    """The engine counted far more than was sent: what was measured is a mix, which keeps no promise and breaks none."""
    Path(files[1]).write_text(f"{CONTRACT}  performance: {{slo: {{e2e: {{p95: 30s}}}}}}\n")
    asked: list[engine.Request] = []
    with engine.serving(
        STEADY, models=MODELS.encode(), pages={"/metrics": lambda: pages.vllm(9 * len(asked), running=0)}
    ) as url:
        asked = url.requests
        mixed = gated(files, url)
        beside = gated(files, url, on_live=True)
    assert mixed.exit_code == 3
    assert any(note.startswith("somebody else was served beside the load") for note in mixed.notes)
    assert any("served beside the load" in each.message for each in mixed.findings if each.verdict == "unknown")
    assert any(note.startswith("somebody else was served beside the load") for note in beside.notes)


def test_a_load_that_ended_itself_is_no_pass(files: tuple[str, str]) -> None:
    """Requests wait in the engine: nobody knows what the rest of the load would have shown."""
    with engine.serving(STEADY, models=MODELS.encode(), pages=page(running=3, waiting=2)) as url:
        sanity = api.sanity(str(url), seconds=20.0, on_live=True)
        report = api.check([files[0]], contracts=[files[1]], sanity=sanity, allow_unknown=True)
    assert report.exit_code == 2
    assert "was ended early: requests wait" in report.errors[0].message


def test_a_gate_that_somebody_ends_has_no_verdict(files: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """What was measured until then passes nothing."""
    sent = gating._sent

    def ended(*words: Any) -> Any:
        run, *others = sent(*words)
        assert run is not None
        return structs.replace(run, partial=True, stopped=running.INTERRUPTED), *others

    monkeypatch.setattr(gating, "_sent", ended)
    with engine.serving(STEADY, models=MODELS.encode()) as url, pytest.raises(KeyboardInterrupt):
        gated(files, url)


@pytest.mark.parametrize(
    ("root", "verdict"),
    [("Qwen/Qwen3-8B", None), ("/models/qwen3-8b", None), ("chat", None), ("meta-llama/Llama-3.1-8B-Instruct", "fail")],
)
def test_another_model_under_the_same_name_fails_the_gate(
    files: tuple[str, str], root: str, verdict: str | None
) -> None:
    """vLLM tells the path of what it serves; a folder may be the model of the Hub that was fetched to it."""
    models = MODELS.replace('"root": "chat"', f'"root": "{root}"').encode()
    with engine.serving(STEADY, models=models) as url:
        report = gated(files, url)
    assert verdicts(report).get(("serving.other-model", "model.id")) == verdict
