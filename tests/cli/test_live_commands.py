"""`verify` and `discover` as they are typed: what reaches the library, and how its answer leaves the process."""

import subprocess
import sys
from typing import Any

import pytest

from skewguard import api
from skewguard.language.errors import UsageError
from tests.cli.running import Run, program, write
from tests.report.live_reports import ACCESS, DISCOVER, VERIFY


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the library was asked, which answers with reports made by hand."""
    seen: dict[str, Any] = {}
    for name, report in (("verify", VERIFY), ("check_access", ACCESS), ("discover", DISCOVER)):

        def answer(name: str = name, report: Any = report, **given: Any) -> Any:
            seen.update(given, verb=name)
            return report

        monkeypatch.setattr(api, name, answer, raising=False)
    return seen


def test_every_word_reaches_the_library(run: Run, asked: dict[str, Any]) -> None:
    """Options as for kubectl, also with an equals sign behind the short ones."""
    run(
        "verify", "deploy/chat", "sts/embed", "-n=prod", "-l=app=chat", "--context", "eu", "--kubeconfig", "k.yaml",
        "--contract", "c.yaml", "--depth", "endpoints", "--exec", "--api-key-env", "KEY", "--api-key-file", "key",
        "--fingerprint", "--ca-file", "ca.pem", "--timeout", "1m30s", "--fail-on", "warning", "--allow-unknown",
        "--model-config", "m", "--tables", "t", "--record-good", "--store", "s.db",
    )  # fmt: skip
    asked.pop("progress")
    asked.pop("environ")
    assert asked == {
        "verb": "verify",
        "workloads": ("deploy/chat", "sts/embed"),
        "namespace": "prod",
        "all_namespaces": False,
        "selector": "app=chat",
        "context": "eu",
        "kubeconfig": "k.yaml",
        "contracts": ("c.yaml",),
        "depth": "endpoints",
        "exec_": True,
        "fingerprint": True,
        "api_key_env": "KEY",
        "api_key_file": "key",
        "ca_file": "ca.pem",
        "timeout": 90.0,
        "fail_on": "warning",
        "allow_unknown": True,
        "model_configs": ("m",),
        "tables": "t",
        "record_good": True,
        "store": "s.db",
        "endpoint": None,
        "as_": None,
        "list_passed": False,
    }


@pytest.mark.parametrize(("words", "seconds"), [((), 30.0), (("--timeout", "5"), 5.0), (("--timeout=250ms",), 0.25)])
def test_time_to_wait_is_written_as_people_write_it(
    run: Run, asked: dict[str, Any], words: tuple[str, ...], seconds: float
) -> None:
    """Half a minute where nothing is said."""
    run("verify", *words)
    assert asked["timeout"] == seconds


@pytest.mark.parametrize("time", ["soon", "0", "-3s", "0s"])
def test_no_time_to_wait_is_refused(run: Run, asked: dict[str, Any], time: str) -> None:
    """With the way to write it, before anything is read."""
    done = run("verify", f"--timeout={time}")
    assert (2, {}) == (done.code, asked)
    assert "write it as 30s, 2m or 500ms" in done.err


def test_endpoint_stands_for_a_workload(run: Run, asked: dict[str, Any]) -> None:
    """An engine that no cluster shows is held to the contract of the workload that it is said to be."""
    run("verify", "--endpoint", "http://localhost:8000", "--as", "deployment/chat")
    assert ("http://localhost:8000", "deployment/chat") == (asked["endpoint"], asked["as_"])


def test_skew_fails_the_command(run: Run, asked: dict[str, Any]) -> None:
    """The exit code is that of the result; the table says what is wrong."""
    done = run("verify")
    assert (1, "") == (done.code, done.err)
    assert done.out.startswith("skewed  Deployment prod/chat")


def test_summary_goes_beside_a_document(run: Run, asked: dict[str, Any]) -> None:
    """JSON on standard output leaves the counts to the error stream."""
    done = run("verify", "-o", "json")
    assert done.document["context"] == "prod-eu"
    assert "2 workloads, 6 replicas in the cluster of context prod-eu" in done.err


def test_junit_asks_for_what_passed(run: Run, asked: dict[str, Any]) -> None:
    """A test report lists the passes too."""
    run("verify", "-o", "table", "-o", "junit=x.xml")
    assert asked["list_passed"] is True


def test_rights_are_asked_about_instead(run: Run, asked: dict[str, Any]) -> None:
    """`--check-access` reads no workload and needs only the way to the cluster."""
    done = run("verify", "--check-access", "-n", "prod", "--context", "eu", "-o", "json")
    assert asked == {
        "verb": "check_access",
        "namespace": "prod",
        "all_namespaces": False,
        "context": "eu",
        "kubeconfig": None,
        "timeout": 30.0,
    }
    assert done.document["schema"] == "skewguard.dev/access/v1"


def test_discover_hands_on_where_to_look(run: Run, asked: dict[str, Any]) -> None:
    """A list needs the way to the cluster, a place, a selector and contracts; the exit code is that of the result."""
    done = run("discover", "-A", "-l", "team=ml", "--contract", "c.yaml", "--timeout", "5", "-o", "json")
    asked.pop("progress")
    asked.pop("environ")
    assert asked == {
        "verb": "discover",
        "namespace": None,
        "all_namespaces": True,
        "selector": "team=ml",
        "context": None,
        "kubeconfig": None,
        "timeout": 5.0,
        "contracts": ("c.yaml",),
        "tables": None,
    }
    assert (done.code, done.document["schema"]) == (DISCOVER.exit_code, "skewguard.dev/discover/v1")


@pytest.mark.parametrize("words", [("verify", "--check-access"), ("discover",)])
def test_format_that_shows_verdicts_is_refused(run: Run, asked: dict[str, Any], words: tuple[str, ...]) -> None:
    """Neither rights nor an inventory are findings."""
    done = run(*words, "-o", "sarif")
    assert (2, {}) == (done.code, asked)
    assert "has no output format 'sarif'" in done.err


def test_plugin_of_kubectl_verifies(asked: dict[str, Any], run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """`kubectl skew verify deploy/chat -n prod` hands on every word behind `skew`."""
    monkeypatch.setattr(sys, "argv", ["/usr/local/bin/kubectl-skew", "verify"])
    assert "Usage: kubectl skew verify" in run("verify", "--help").out
    run("verify", "deploy/chat", "-n", "prod")
    assert (("deploy/chat",), "prod") == (asked["workloads"], asked["namespace"])


@pytest.mark.parametrize(
    ("verb", "things"),
    [
        ("settings", ["deploy/chat"]),
        ("diff", ["eu:deploy/chat", "us:deploy/chat"]),
        ("init", ["http://localhost:8000"]),
    ],
)
def test_things_that_run_are_reached_by_the_same_options(
    run: Run, monkeypatch: pytest.MonkeyPatch, verb: str, things: list[str]
) -> None:
    """`settings`, `diff` and `init` know the way to a cluster and to its engines by the words that `verify` knows."""
    seen: dict[str, Any] = {}

    def answer(*_things: Any, **given: Any) -> Any:
        seen.update(given)
        raise UsageError("seen")

    monkeypatch.setattr(api, verb, answer)
    run(verb, *things, "-n=prod", "--context", "eu", "--depth", "api", "--api-key-env", "KEY", "--timeout", "5s")
    reach = (
        "namespace",
        "context",
        "kubeconfig",
        "depth",
        "exec_",
        "api_key_env",
        "api_key_file",
        "ca_file",
        "timeout",
    )
    assert [seen[name] for name in reach] == ["prod", "eu", None, "api", False, "KEY", None, None, 5.0]


@pytest.mark.parametrize(
    "words",
    [("--help",), ("verify", "--help"), ("check", "x.yaml"), ("baseline", "--help"), ("baseline", "record", "--help")],
)
def test_start_pays_for_nothing_that_runs(words: tuple[str, ...]) -> None:
    """Help and a check of files load neither the way to a cluster nor the reports of what runs."""
    write("x.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: w, image: nginx}]}\n")
    code = (
        "import sys; from skewguard.cli.boundary import run; run(sys.argv[1:]); "
        "print(*sorted(name for name in sys.modules), sep='\\n')"
    )
    done = subprocess.run([program()[0], "-c", code, *words], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.splitlines())
    assert "skewguard.cli.live_commands" in loaded
    heavy = ("lightkube", "httpx", "httpx2", "ssl", "socket", "concurrent.futures", "skewguard.adapters.cluster",
             "skewguard.adapters.endpoints", "skewguard.observe.sources.live", "skewguard.report.fleet",
             "skewguard.report.pods", "skewguard.report.live_words", "skewguard.api.verifying", "numpy", "sqlalchemy",
             "skewguard.observe.loadgen", "skewguard.judge.baseline", "skewguard.adapters.store")  # fmt: skip
    assert loaded & set(heavy) == set()
