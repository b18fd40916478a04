"""`baseline` as it is typed: what reaches the library, and how recordings leave the process."""

import json
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from skewguard import api
from skewguard.api import watching
from skewguard.judge.baseline import validity
from skewguard.language.baselines import BaselineReport
from skewguard.report import baseline_documents
from tests.api.recorded import baseline, invalid, keep
from tests.cli.running import Run, program, write
from tests.fakes import certificates, engine, pages

SMALL = ("--requests", "40", "--warmup", "0s", "--prompt-tokens", "16", "--output-tokens", "4")
LATER = "2026-11-28T11:00:00+00:00"


@pytest.fixture(autouse=True)
def calm(monkeypatch: pytest.MonkeyPatch) -> None:
    """A short look, and a machine that others do not use."""
    monkeypatch.setattr(watching, "LOOK_S", 0.2)
    monkeypatch.setattr(validity, "_of_instrument", lambda *_, **__: ())


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the library was asked to record, which answers with a recording made by hand."""
    seen: dict[str, Any] = {}

    def answer(workload: Any, **given: Any) -> BaselineReport:
        seen.update(given, workload=workload)
        return BaselineReport((baseline(),))

    monkeypatch.setattr(api, "record_baseline", answer, raising=False)
    return seen


def test_every_word_of_a_recording_reaches_the_library(run: Run, asked: dict[str, Any]) -> None:
    """The load and the way to the cluster, each together."""
    run(
        "baseline", "record", "deploy/chat", "-n=prod", "--endpoint", "http://chat", "--as", "deploy/c", "--profile", "poisson",
        "--rate", "4.5", "--requests", "9", "--duration", "2m", "--warmup", "0", "--prompt-tokens", "100-200",
        "--output-tokens", "64", "--shared-prefix", "32", "--seed", "7", "--api", "completions", "--ignore-eos", "--model", "m",
        "--slo", "ttft.p95=2s", "--slo", "goodput.min=1", "--processes", "2", "--part", "1/2", "--on-live", "--beat", "500ms",
        "--dcgm", "http://dcgm", "--prometheus", "http://prom", "--prometheus-match", 'pod="x"', "--store", "s.db",
        "--contract", "c.yaml", "--exec", "--api-key-env", "KEY", "--ca-file", "ca.pem", "--context", "eu", "--tables", "t",
    )  # fmt: skip
    load = {
        "profile": "poisson", "rate": 4.5, "concurrency": None, "requests": 9, "duration": 120.0, "warmup": 0.0,
        "prompt_tokens": "100-200", "output_tokens": "64", "shared_prefix": 32, "prompts": None, "trace": None,
        "stages": None, "seed": 7, "api": "completions", "ignore_eos": True,
    }  # fmt: skip
    wanted = {
        "workload": "deploy/chat", "load": load, "namespace": "prod", "endpoint": "http://chat", "as_": "deploy/c",
        "slo": ("ttft.p95=2s", "goodput.min=1"), "processes": 2, "part": "1/2", "on_live": True, "beat": 0.5, "model": "m",
        "dcgm": "http://dcgm", "prometheus": "http://prom", "prometheus_match": 'pod="x"', "store": "s.db", "keep": True,
        "contracts": ("c.yaml",), "exec_": True, "api_key_env": "KEY", "api_key_file": None, "ca_file": "ca.pem",
        "context": "eu", "kubeconfig": None, "depth": None, "timeout": 30.0, "tables": "t", "model_configs": (),
        "traffic": False, "window": None,
    }  # fmt: skip
    assert {name: asked[name] for name in wanted} == wanted
    assert set(asked) - set(wanted) == {"environ", "telling"}


def test_traffic_is_asked_for_by_a_word(run: Run, asked: dict[str, Any]) -> None:
    """With the length of its window."""
    run("baseline", "record", "deploy/chat", "--from", "traffic", "--window", "5m", "--no-store")
    assert (asked["traffic"], asked["window"], asked["keep"]) == (True, 300.0, False)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--rate", "0"), "--rate"),
        (("--concurrency", "0"), "--concurrency"),
        (("--duration", "0s"), "write it as 30s, 2m or 500ms"),
        (("--warmup", "-1s"), "write it as 30s, 2m or 500ms"),
        (("--profile", "observed"), "--profile"),
        (("-o", "sarif"), "no output format 'sarif'"),
    ],
)
def test_what_cannot_be_meant_is_refused(run: Run, asked: dict[str, Any], words: tuple[str, ...], said: str) -> None:
    """Before anything is read."""
    done = run("baseline", "record", "--endpoint", "http://x", *words)
    assert (done.code, asked) == (2, {})
    assert said in done.err


def test_recording_is_shown_and_kept(run: Run) -> None:
    """As a table, and as a document that says where it was kept."""
    with engine.serving(engine.Answer(ttft=0.01, gap=0.002)) as url:
        words = ("baseline", "record", "--endpoint", url, *SMALL, "--store", "s.db")
        done = run(*words, "-o", "table", "-o", "json=one.json")
    assert done.code == 0, done.err
    assert "40" in done.out
    document = json.loads(Path("one.json").read_text())
    assert (document["schema"], document["requests"]["completed"]) == ("skewguard.dev/baseline/v1", 40)
    assert document["stored"].endswith("s.db")
    listed = run("baseline", "list", "--store", "s.db", "-o", "json").document
    assert [each["id"] for each in listed["baselines"]] == [document["id"]]


def test_unreachable_endpoint_is_exit_code_2(run: Run) -> None:
    """Nothing was measured."""
    done = run("baseline", "record", "--endpoint", "http://127.0.0.1:9", "--no-store")
    assert (done.code, done.out) == (2, "")
    assert "nothing listens there" in done.err
    assert "`curl -sv http://127.0.0.1:9/v1/models`" in done.err


def test_address_without_a_list_of_models_says_what_was_asked_and_what_to_try(run: Run) -> None:
    """A gateway, a wrong port, a wrong path: the whole URL stands there, quoted where a shell would take it apart."""
    with engine.serving(models=b"") as url:
        done = run("baseline", "record", "--endpoint", f"{url}/a;b", "--no-store")
    assert (done.code, done.out) == (2, "")
    assert f"GET {url}/a;b/v1/models: status 404, and no list of models" in done.err
    assert f"`curl -sv '{url}/a;b/v1/models'`" in done.err
    assert "--model NAME" in done.err


@pytest.mark.parametrize("words", [("baseline", "record", "--no-store"), ("verify",)], ids=lambda words: words[0])
def test_certificate_that_nobody_knows_says_how_to_trust_it(run: Run, tmp_path: Path, words: tuple[str, ...]) -> None:
    """Self-signed, as inside a company."""
    with engine.serving(tls=certificates.serving(certificates.made_in(tmp_path))) as url:
        done = run(*words, "--endpoint", url)
    assert done.code == 2
    said = " ".join((done.err + done.out).split())
    assert "its certificate is not trusted: self-signed certificate" in said
    assert "it needs --ca-file PATH" in said


def test_interrupt_keeps_a_partial_recording(tmp_path: Path) -> None:
    """Ctrl-C on a terminal: what was measured is shown and kept, and can be compared with by nobody."""
    with engine.serving(engine.Answer(ttft=0.01, gap=0.01)) as url:
        words = ("baseline", "record", "--endpoint", url, "--duration", "60s", "--warmup", "0s", "--output-tokens", "4")
        store = ("--store", str(tmp_path / "s.db"))
        process = subprocess.Popen(
            [*program(), *words, *store, "-o", "json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            start_new_session=True,
        )  # fmt: skip
        until = time.monotonic() + 60
        while len(url.requests) < 20 and time.monotonic() < until and process.poll() is None:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    document = json.loads(out)
    assert (document["partial"], document["valid"], document["requests"]["completed"] >= 1) == (True, False, True)
    listed = subprocess.run(
        [*program(), "baseline", "list", *store, "--all", "-o", "json"], capture_output=True, text=True, check=True
    )
    assert [each["id"] for each in json.loads(listed.stdout)["baselines"]] == [document["id"]]


def test_end_of_a_window_that_a_scheduler_calls_keeps_what_was_watched(tmp_path: Path) -> None:
    """SIGTERM, with the words for it and the exit code of an interrupt."""
    asked: list[int] = []

    def page() -> bytes:
        asked.append(1)
        return pages.vllm(7 + len(asked))

    with engine.serving(engine.Answer(), pages={"/metrics": page}) as url:
        words = ("baseline", "record", "--endpoint", url, "--from", "traffic", "--window", "10m", "--beat", "50ms")
        process = subprocess.Popen(
            [*program(), *words, "--store", str(tmp_path / "s.db")], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, start_new_session=True,
        )  # fmt: skip
        until = time.monotonic() + 60
        while len(asked) < 20 and time.monotonic() < until and process.poll() is None:
            time.sleep(0.02)
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    said = " ".join(out.split())
    assert "partial: the window was ended early, after" in said
    assert "INVALID" not in said
    assert "Kept in" in said


# ---- what was recorded -----------------------------------------------------------------------------------------------


def test_recordings_are_listed_and_shown(run: Run) -> None:
    """Without the invalid one, unless all are asked for."""
    good, bad = keep(Path("s.db"), baseline(), invalid())
    assert good[:10] in run("baseline", "list", "--store", "s.db").out
    assert bad[:10] not in run("baseline", "list", "--store", "s.db").out
    assert bad[:10] in run("baseline", "list", "--all", "--store", "s.db").out
    shown = run("baseline", "show", bad, "--store", "s.db")
    assert (shown.code, "the client was late" in shown.out) == (0, True)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("list",), 0),
        (("list", "deploy/chat", "--all"), 0),
        (("show", "01JDK"), 2),
        (("show", "deploy/chat"), 2),
        (("export", "01JDK"), 2),
        (("compare", "01JDK", "01JDM"), 2),
        (("compare", "deploy/chat"), 2),
        (("calibrate", "deploy/chat"), 2),
        (("retire", "01JDK", "--reason", "x"), 2),
    ],
)
def test_reading_makes_no_store(
    run: Run, here: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], code: int
) -> None:
    """One that is not there holds nothing, which is said; a typo leaves no empty database behind, and no folder."""
    monkeypatch.setenv("XDG_DATA_HOME", str(here))
    for store in (("--store", "typo.db"), ()):
        done = run("baseline", *words, *store)
        assert done.code == code, done.err
        assert "nothing is kept there yet" in done.out + done.err
    assert sorted(path.name for path in here.iterdir()) == []


def test_store_of_the_environment_is_used(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no option names one."""
    (made,) = keep(Path("s.db"), baseline())
    monkeypatch.setenv("SKEWGUARD_STORE", "s.db")
    assert run("baseline", "show", made[:14], "-o", "json").document["id"] == made


def test_unknown_id_is_exit_code_2(run: Run) -> None:
    """And says what is near."""
    (made,) = keep(Path("s.db"), baseline())
    done = run("baseline", "show", "00000000", "--store", "s.db")
    assert (done.code, done.out, made in done.err) == (2, "", True)


def test_export_is_a_document_that_is_compared(run: Run) -> None:
    """From one machine to another, through a pipe."""
    first, second = keep(Path("s.db"), baseline(), baseline(at=LATER))
    write("a.json", run("baseline", "export", first, "--store", "s.db").out)
    piped = run("baseline", "export", second, "--store", "s.db").out
    done = run("baseline", "compare", "a.json", "-", "-o", "json", stdin=piped)
    assert (done.code, done.document["verdict"]) == (0, "same")


@pytest.mark.parametrize(("slower", "code", "verdict"), [(1.0, 0, "same"), (5.0, 1, "worse"), (0.5, 0, "better")])
def test_verdict_is_the_exit_code(run: Run, slower: float, code: int, verdict: str) -> None:
    """A gate for a pipeline."""
    write("a.json", baseline_documents.write(baseline()))
    write("b.json", baseline_documents.write(baseline(slower, LATER)))
    done = run("baseline", "compare", "a.json", "b.json", "-o", "table", "-o", "json=c.json")
    assert (done.code, json.loads(Path("c.json").read_text())["verdict"]) == (code, verdict)
    assert verdict in done.out


def test_what_may_not_be_compared_is_exit_code_3(run: Run) -> None:
    """It says in what the two differ."""
    write("a.json", baseline_documents.write(baseline()))
    write("b.json", baseline_documents.write(baseline(replicas=3)))
    done = run("baseline", "compare", "a.json", "b.json")
    assert (done.code, "replicas" in done.out) == (3, True)


def test_noise_is_learned_and_said(run: Run) -> None:
    """And kept for the next comparison."""
    keep(Path("s.db"), *(baseline(at=f"2026-11-28T1{each}:00:00+00:00") for each in range(3)))
    done = run("baseline", "calibrate", "deploy/chat", "--store", "s.db", "-o", "json")
    assert (done.code, done.document["schema"], len(done.document["calibration"]["baselines"])) == (
        0,
        "skewguard.dev/calibration/v1",
        3,
    )


def test_results_that_are_no_shares_are_not_merged(run: Run) -> None:
    """Each is told."""
    write("a.json", baseline_documents.write(baseline()))
    done = run("baseline", "merge", "a.json", "a.json", "--no-store")
    assert (done.code, "is a whole load, and no share of one" in done.err) == (2, True)


def test_single_result_that_is_no_share_is_told_as_one(run: Run) -> None:
    """Not as several."""
    write("a.json", baseline_documents.write(baseline()))
    assert "this one result is not one load" in run("baseline", "merge", "a.json", "--no-store").err


def test_id_that_is_not_kept_points_to_the_list(run: Run, tmp_path: Path) -> None:
    """Those near it are but some of all."""
    store = tmp_path / "s.db"
    (made,) = keep(store, baseline())
    told = run("baseline", "show", "nope", "--store", str(store)).err
    assert f"near it is {made}" in told
    assert "`skewguard baseline list --all`" in told


def test_plain_server_behind_https_is_said(run: Run) -> None:
    """What to write is said, and no code of a library."""
    with pages.Pages(pages.vllm) as page:
        done = run("baseline", "record", "--endpoint", page.url.replace("http:", "https:"), *SMALL, "--no-store")
    assert (done.code, "http:// in place of https://" in done.err, "_ssl.c" in done.err) == (2, True, False)


def test_file_that_is_no_report_is_not_sent_to_kubectl(run: Run) -> None:
    """It is no manifest; what can be imported is said."""
    write("srv.py", b"a: b\nimport os\ndef f(): return {1\n")
    done = run("baseline", "import", "srv.py", "--no-store")
    assert (done.code, "kubectl" in done.out, "the file of results" in " ".join(done.out.split())) == (2, False, True)


def test_recording_is_set_aside_from_the_command_line(run: Run, tmp_path: Path) -> None:
    """With the reason, without which it is refused; it is listed no more."""
    store = tmp_path / "s.db"
    (made,) = keep(store, baseline())
    assert run("baseline", "retire", made, "--store", str(store)).code == 2
    told = run("baseline", "retire", made[:20], "--reason", "throttled", "--store", str(store))
    assert (told.code, told.err) == (0, "")
    assert told.out == f"baseline {made} of Deployment prod/chat container vllm is set aside in {store}: throttled\n"
    assert run("baseline", "list", "--store", str(store), "-o", "json").document["baselines"] == []


def test_recording_that_goes_to_a_file_says_where_it_is_kept(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On stderr, with its id: stdout is for the result."""
    kept = BaselineReport((baseline(id="01JDK"),), stored="/home/dev/s.db")
    monkeypatch.setattr(api, "record_baseline", lambda *_, **__: kept, raising=False)
    told = run("baseline", "record", "--endpoint", "http://chat", "-o", f"json={tmp_path / 'x.json'}")
    assert (told.out, told.err) == ("", "01JDK: valid baseline, stored in /home/dev/s.db\n")
    assert "stored in" not in run("baseline", "record", "--endpoint", "http://chat").err


def test_export_refuses_a_format_by_its_own_name(run: Run, tmp_path: Path) -> None:
    """And says that it writes JSON unless another is asked for."""
    refused = run("baseline", "export", "x", "-o", "junit", "--store", str(tmp_path / "s.db"))
    assert "baseline export has no output format 'junit'" in refused.err
    assert "Default: json." in run("baseline", "export", "--help").out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--slo", "ttft.p95=2s"), "--slo"),
        (("--on-live",), "--on-live"),
        (("--endpoint", "http://x", "--as", "deploy/chat"), "--endpoint and --as"),
        (("--seed", "0"), "--seed"),
        (("--processes", "2"), "--processes"),
        (("--api-key-env", "KEY"), "--api-key-env"),
    ],
)
def test_words_of_a_recording_are_refused_where_none_is_made(run: Run, words: tuple[str, ...], said: str) -> None:
    """Who wrote them believes that they did something."""
    done = run("baseline", "calibrate", "deploy/chat", *words, "--store", "s.db")
    assert (done.code, done.out) == (2, "")
    assert f"{said}: nothing is recorded without --runs" in done.err


def test_share_that_goes_to_a_log_can_be_read_from_it(run: Run) -> None:
    """As the pods of an indexed Job print it: `kubectl logs` gives both streams as one, and `merge` reads that."""
    load = ("--rate", "40", "--requests", "80", "--warmup", "0s", "--prompt-tokens", "16", "--output-tokens", "4")
    with engine.serving(engine.Answer(ttft=0.01, gap=0.002)) as url:
        done = run("baseline", "record", "--endpoint", url, *load, "--part", "1/2", "--no-store", "-o", "json")
    assert done.code == 0, done.err
    assert baseline_documents.read((done.out + done.err).encode()).part == (0, 2)
