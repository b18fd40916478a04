"""`verify --record-good`: what is remembered as verified, what is not, and that the cluster is left as it is."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from skewguard import api
from skewguard.adapters import store
from skewguard.adapters.store.keeping import Store
from skewguard.language.baselines import Baseline
from skewguard.language.errors import UsageError
from skewguard.language.facts import Subject
from skewguard.language.loads import Load, Prompts, Spread
from skewguard.language.records import Record
from skewguard.language.results import CheckReport
from skewguard.report import baseline_documents
from tests.fakes.api_server import ApiServer
from tests.json_schema import faults_of
from tests.observe.live import made

COMMIT = "9c925d64d72725edaf899c6cb9c377fd0709d9c5"
ARGS = ("--model=Qwen/Qwen3-8B", f"--revision={COMMIT}", "--max-model-len=8192")
PLAIN = "correct-horse-battery"
ENV = [
    {"name": "HF_TOKEN", "value": PLAIN},
    {"name": "LEVEL", "valueFrom": {"configMapKeyRef": {"name": "chat", "key": "level"}}},
]
NAMED = {
    "imagePullSecrets": [{"name": "registry"}],
    "volumes": [{"name": "keys", "secret": {"secretName": "keys", "items": [{"key": "tls.key", "path": "tls.key"}]}}],
}
"""Secrets by their names alone, without which the object cannot be put back."""
CONTRACT = """
apiVersion: skewguard.dev/v1alpha1
kind: ServingContract
metadata: {name: chat}
spec:
  targets: [{namespace: prod, kind: Deployment, name: chat}]
  limits: {max_model_len: %s}
  runtime: %s
"""


@pytest.fixture
def server() -> Iterator[ApiServer]:
    """A cluster with the Deployment `chat` of namespace prod, its key in clear, and the ConfigMap that it names."""
    with ApiServer() as running:
        running.add({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "prod"}})
        for each in made.chat(2, made.spec(made.container(*ARGS, f"--api-key={PLAIN}", env=ENV), **NAMED)):
            running.add(each)
        running.add(
            made.config(
                "chat", {"level": "INFO", "extra.yaml": f"api_key: {PLAIN}\nseed: 0\n"}, binaryData={"x": "aGk="}
            )
        )
        yield running


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Store]:
    """The store that is written to."""
    with store.open(str(tmp_path / "store.db"), environ={}) as opened:
        yield opened


def verify(
    server: ApiServer, folder: Path, limit: str = "8192", runtime: str = "{engine: vllm}", **more: Any
) -> CheckReport:
    contract = folder / "chat.yaml"
    contract.write_text(CONTRACT % (limit, runtime))
    given: dict[str, Any] = {"contracts": [str(contract)], "store": str(folder / "store.db"), "depth": "api", **more}
    return api.verify(
        ["deploy/chat"], kubeconfig=server.kubeconfig(folder, namespace="prod"), timeout=5, today="2026-11-28",
        record_good=True, environ={"SKEWGUARD_ACTOR": "ci"}, **given,
    )  # fmt: skip


def body(record: Record) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(bytes(record.body))
    if found.get("schema") == record.schema:
        assert faults_of(found) == []
    return found


def only(kept: Store, type: Any) -> tuple[Record, dict[str, Any]]:
    (record,) = kept.find(type)
    return record, body(record)


def test_what_keeps_its_contract_is_recorded(server: ApiServer, tmp_path: Path, kept: Store) -> None:
    """A validation and the snapshot that it names, found by the inputs that ran; the report says their ids."""
    report = verify(server, tmp_path)
    record, said = only(kept, "validation")
    snapshot, _ = only(kept, "snapshot")
    assert report.exit_code == 0, report.notes
    assert said["parts"] == {"contract": "pass", "baseline": "absent", "probes": "absent"}
    assert (said["contract"], said["snapshot"], said["baseline"]) == ("chat", snapshot.id, None)
    assert (record.actor, record.inputs_digest) == ("ci", said["inputs_digest"])
    assert said["inputs_digest"].startswith("inp1:")
    (note,) = [note for note in report.notes if note.startswith("recorded as good")]
    assert record.id in note
    assert snapshot.id in note
    assert kept.shown in note
    (told,) = report.recorded
    assert (told.validation, told.snapshot, told.inputs_digest) == (record.id, snapshot.id, record.inputs_digest)


def test_a_snapshot_holds_the_object_and_its_configmaps_without_secrets(
    server: ApiServer, tmp_path: Path, kept: Store
) -> None:
    """As somebody wrote them; what is masked is listed, since it cannot be brought back from here."""
    verify(server, tmp_path)
    record, said = only(kept, "snapshot")
    container = said["object"]["spec"]["template"]["spec"]["containers"][0]
    assert container["args"][:3] == list(ARGS)
    pod = said["object"]["spec"]["template"]["spec"]
    assert {name: pod[name] for name in NAMED} == NAMED
    assert "status" not in said["object"]
    assert said["config_maps"][0]["data"]["level"] == "INFO"
    assert "seed: 0" in said["config_maps"][0]["data"]["extra.yaml"]
    assert said["masked"] == [
        "config_maps[0].binaryData['x']",
        "object.spec.template.spec.containers[0].args[3]",
        "object.spec.template.spec.containers[0].env[0].value",
        "config_maps[0].data['extra.yaml']",
    ]
    assert said["images"] == {"vllm": [made.DIGEST]}
    assert said["revisions"][0]["hash"] == "hash2"
    assert said["facts"]["vllm"]["limits.max_model_len"]["value"] == 8192
    assert record.subject is not None
    assert (record.subject.kind, record.subject.name, record.subject.cluster) == ("Deployment", "chat", "fake")
    assert PLAIN.encode() not in b"".join(path.read_bytes() for path in tmp_path.glob("store.db*"))


@pytest.mark.parametrize(
    ("more", "code", "why"),
    [
        ({"limit": "4096"}, 1, "an error was found"),
        ({"limit": "4096", "fail_on": "never"}, 3, "an error was found"),
        ({"runtime": "{engine: vllm, quantization: fp8}"}, 3, "a clause of its contract is unknown"),
        ({"contracts": []}, 3, "no contract speaks of it"),
    ],
    ids=["broken", "never fails", "unknown", "no contract"],
)
def test_what_is_not_verified_is_not_recorded(
    server: ApiServer, tmp_path: Path, kept: Store, more: dict[str, Any], code: int, why: str
) -> None:
    """The exit code is that of the verification, and never 0; the report says why."""
    report = verify(server, tmp_path, **more)
    assert report.exit_code == code
    assert why in "".join(note for note in report.notes if note.startswith("nothing was recorded as good"))
    assert list(kept.find()) == []
    assert report.recorded == ()


def unready(objects: dict[str, Any]) -> None:
    """The second replica starts again and again."""
    status = objects["chat-hash2-1"]["status"]
    status["conditions"] = [{"type": "Ready", "status": "False"}]
    status["containerStatuses"][0] |= {"ready": False, "state": {"waiting": {"reason": "CrashLoopBackOff"}}}


def unplaced(objects: dict[str, Any]) -> None:
    """No machine takes the second replica."""
    objects["chat-hash2-1"]["status"] = {"phase": "Pending"}


def missing(objects: dict[str, Any]) -> None:
    """There is one replica of two."""
    del objects["chat-hash2-1"]


def unseen(objects: dict[str, Any]) -> None:
    """The object was edited a moment ago: what runs is of the one before."""
    objects["chat"]["metadata"]["generation"] = 9
    objects["chat"]["status"]["observedGeneration"] = 8


def paused(objects: dict[str, Any]) -> None:
    """An edit of the template may be in no pod."""
    objects["chat"]["spec"]["paused"] = True


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (unready, "1 of 2 replicas are not ready (chat-hash2-1: waiting: CrashLoopBackOff)"),
        (unplaced, "1 of 2 replicas are not ready (chat-hash2-1: "),
        (missing, "1 of 2 replicas are there"),
        (unseen, "its controller has not looked at the newest edit yet"),
        (paused, "it is paused"),
    ],
    ids=lambda change: getattr(change, "__name__", ""),
)
def test_what_does_not_run_whole_is_not_recorded(
    tmp_path: Path, kept: Store, change: Callable[[dict[str, Any]], None], why: str
) -> None:
    """A replica that cannot start, or an edit that no replica has seen, is nothing to go back to."""
    objects = {each["metadata"]["name"]: each for each in made.chat(2, made.spec(made.container(*ARGS)))}
    change(objects)
    with ApiServer() as running:
        running.add({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "prod"}})
        for each in objects.values():
            running.add(each)
        report = verify(running, tmp_path)
    assert report.exit_code == 3
    assert why in report.notes[-1]
    assert list(kept.find()) == []


def test_an_unknown_clause_that_is_allowed_is_named(server: ApiServer, tmp_path: Path, kept: Store) -> None:
    """The validation says what it does not know."""
    verify(server, tmp_path, runtime="{engine: vllm, quantization: fp8}", allow_unknown=True)
    assert only(kept, "validation")[1]["undecided"] == ["runtime.quantization"]


def test_the_latest_valid_baseline_of_the_same_inputs_is_named(server: ApiServer, tmp_path: Path, kept: Store) -> None:
    """Neither an invalid one nor one of other inputs."""
    verify(server, tmp_path)
    digest = only(kept, "validation")[0].inputs_digest
    assert digest is not None

    def measured(valid: bool, inputs: str) -> str:
        subject = Subject("Deployment", "chat")
        text = baseline_documents.write(
            Baseline(
                subject,
                "2026-11-28T10:00:00Z",
                60.0,
                "load",
                Load("poisson", Prompts("synthetic", Spread(512), Spread(128))),
                valid=valid,
            )
        )
        return kept.append("baseline", "b/v1", text, subject=subject, actor="a", tool="t", inputs_digest=inputs).id

    measured(True, digest)
    wanted = measured(True, digest)
    measured(False, digest), measured(True, "inp1:other")
    verify(server, tmp_path)
    said = body(next(kept.find("validation")))
    assert (said["baseline"], said["parts"]["baseline"]) == (wanted, "pass")


def test_what_was_changed_meanwhile_is_not_recorded(
    server: ApiServer, tmp_path: Path, kept: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A snapshot is of what was verified, or there is none."""
    from skewguard.observe.sources.live import snapshots

    whole = snapshots.take

    def after_an_edit(*given: Any) -> snapshots.Taken:
        edited = made.deployment("chat", made.spec(made.container(*ARGS, "--seed=1", env=ENV)))
        server.add(edited)
        return whole(*given)

    monkeypatch.setattr(snapshots, "take", after_an_edit)
    report = verify(server, tmp_path)
    assert report.exit_code == 3
    assert "was changed while it was verified; verify it again" in report.notes[-1]
    assert list(kept.find()) == []


def test_a_store_that_cannot_be_used_leaves_the_report(server: ApiServer, tmp_path: Path) -> None:
    """What was verified is shown all the same; exit code 2."""
    report = verify(server, tmp_path, store=str(tmp_path))
    assert report.exit_code == 2
    assert report.live[0].state == "verified"
    assert str(tmp_path) in report.errors[-1].message


def test_an_endpoint_is_no_workload_to_remember() -> None:
    """It has no object that could be brought back."""
    with pytest.raises(UsageError, match="rules out --record-good"):
        api.verify(endpoint="http://localhost:8000", record_good=True)
