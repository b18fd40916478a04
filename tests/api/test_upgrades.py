"""`diff` under two engine versions: what an upgrade does to the words of one manifest."""

from pathlib import Path

import pytest

from skewguard import api
from skewguard.language.results import DiffReport

MANIFEST = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: chat}
spec:
  selector: {matchLabels: {app: chat}}
  template:
    metadata: {labels: {app: chat}}
    spec:
      containers:
        - name: vllm
          image: IMAGE
"""
OFFICIAL = "vllm/vllm-openai:v0.11.0"


@pytest.fixture
def upgraded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> "Upgraded":
    """Diffs one container of these fields under two versions."""
    monkeypatch.chdir(tmp_path)
    return Upgraded()


class Upgraded:
    """Calls `diff` on a manifest made of a container's fields."""

    def __call__(self, a: str, b: str, fields: str, image: str = OFFICIAL) -> DiffReport:
        indented = "\n".join(f"          {line}" for line in fields.splitlines())
        Path("chat.yaml").write_text(MANIFEST.replace("IMAGE", image) + indented + "\n", "utf-8")
        return api.diff("chat.yaml", engines=(f"vllm=={a}", f"vllm=={b}"))


def words(report: DiffReport) -> dict[str, tuple[str, str, str]]:
    """Every word that is not treated alike: what becomes of it, and how grave that is."""
    return {item.name: (item.before, item.after, item.severity) for item in (*report.arguments, *report.environment)}


@pytest.mark.parametrize(
    ("a", "b", "argument", "expected"),
    [
        ("0.17.0", "0.18.0", "--swap-space=4", {"--swap-space": ("read", "refused", "error")}),
        ("0.18.0", "0.17.0", "--swap-space=4", {"--swap-space": ("refused", "read", "note")}),
        ("0.15.1", "0.16.0", "--swap-space=4", {}),
        ("0.18.0", "0.19.0", "--swap-space=4", {}),
        ("0.12.0", "0.13.0", "--task=generate", {"--task": ("deprecated", "refused", "error")}),
        ("0.8.5", "0.33.0", "--no-such-flag", {}),
        ("0.17.0", "0.18.0", "--max-model-len=many", {}),
    ],
)
def test_flag_that_one_version_refuses_is_named(
    upgraded: Upgraded, a: str, b: str, argument: str, expected: dict[str, tuple[str, str, str]]
) -> None:
    """What both versions take alike, or refuse alike, is no difference."""
    command = "command: [vllm, serve, m, '%s']"

    assert expected == words(upgraded(a, b, command % argument))


def test_refused_flag_has_its_place_its_reason_and_the_edit(upgraded: Upgraded) -> None:
    """At the flag itself, in the engine's own terms; and the setting that goes with it names the same reason."""
    report = upgraded("0.17.0", "0.18.0", "command: [vllm, serve, m]\nargs:\n  - --swap-space=4")
    (word,) = report.arguments
    (change,) = [item for item in report.changes if item.setting == "vllm.swap_space"]

    assert "chat.yaml:15:15" == str(word.origin)
    assert ("remove `--swap-space=4`", "vllm.swap_space") == (word.remedy, word.setting)
    assert "removed in 0.18.0" in word.message
    assert word.message == change.reason
    assert (True, False) == (report.starts_a, report.starts_b)


def test_variable_that_goes_dead_is_named(upgraded: Upgraded) -> None:
    """With what took its place."""
    fields = "command: [vllm, serve, m]\nenv:\n  - {name: VLLM_ATTENTION_BACKEND, value: FLASHINFER}"
    report = upgraded("0.14.1", "0.15.1", fields)

    assert {"VLLM_ATTENTION_BACKEND": ("read", "dead", "error")} == words(report)
    assert "--attention-backend=FLASHINFER" in report.environment[0].remedy


def test_dead_variable_that_held_the_default_is_a_note(upgraded: Upgraded) -> None:
    """Nothing changes with it."""
    fields = "command: [vllm, serve, m]\nenv:\n  - {name: VLLM_USE_V1, value: '1'}"

    assert {"VLLM_USE_V1": ("read", "dead", "note")} == words(upgraded("0.11.0", "0.11.1", fields))


def test_image_that_starts_another_program_is_told(upgraded: Upgraded) -> None:
    """A model as a positional word is dropped by `api_server` and served by `vllm serve`."""
    report = upgraded("0.11.0", "0.11.1", "args: [Qwen/Qwen3-8B]")
    (entry,) = report.entrypoints

    assert ("python3 -m vllm.entrypoints.openai.api_server", "vllm serve") == (entry.before, entry.after)
    assert (entry.before, entry.after) == (report.entrypoint_a, report.entrypoint_b)
    assert "dropped" == next(item for item in report.arguments if item.name == "positional").before


@pytest.mark.parametrize(
    ("b", "fields", "image"),
    [
        ("0.11.1", "command: [vllm, serve, m]", OFFICIAL),
        ("0.11.1", "args: [vllm, serve, m]", "registry.corp/ml/own-server:v1"),
        ("0.11.1", "args: [--model=m]", "registry.corp/ml/vllm-own:v1"),
        ("0.10.2", "args: [--model=m]", OFFICIAL),
    ],
)
def test_entrypoint_is_told_only_where_it_changes_and_is_known(
    upgraded: Upgraded, b: str, fields: str, image: str
) -> None:
    """Not with a command of one's own, nor for an image whose entrypoint nobody knows."""
    assert () == upgraded("0.11.0", b, fields, image).entrypoints


def test_one_word_of_two_meanings_is_told(upgraded: Upgraded) -> None:
    """The flag lives on under another name, and sets another destination."""
    report = upgraded("0.8.5", "0.33.0", "command: [vllm, serve, m, --disable-log-requests]")

    assert {"--disable-log-requests": ("read", "read otherwise", "note")} == words(report)
    assert "vllm.enable_log_requests" in report.arguments[0].message


def test_version_that_was_asked_for_is_an_expected_difference(upgraded: Upgraded) -> None:
    """It is no news, and alone no difference."""
    report = upgraded("0.11.1", "0.11.2", "command: [vllm, serve, m]")

    assert ["runtime.version"] == [item.setting for item in report.expected_differences]
    assert "runtime.version" not in [item.setting for item in report.changes]


def test_version_outside_the_tables_leaves_flags_unknown(upgraded: Upgraded) -> None:
    """A flag that no known version has may be a new one: undecided, not refused."""
    report = upgraded("0.17.0", "0.99.0", "command: [vllm, serve, m, --swap-space=4]")

    assert ("read", "unknown", "note") == words(report)["--swap-space"]
    assert not any(item.decided for item in report.arguments)
