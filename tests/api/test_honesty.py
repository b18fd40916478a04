"""What cannot be understood is said or compared as it stands, never called equal or kept."""

from pathlib import Path

import pytest

from skewguard import api
from skewguard.language.errors import InputError, UsageError

LMDEPLOY = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: chat}
spec:
  template:
    spec:
      containers:
        - name: server
          image: openmmlab/lmdeploy:v0.10.2
          command: [lmdeploy, serve, api_server, Qwen/Qwen3-8B, --tp, "2", --api-key, "s3cret-word"]
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_arguments_of_an_engine_without_grammar_are_compared_word_for_word(place: Path) -> None:
    """Another model and another parallelism under LMDeploy are a difference, though nobody reads its arguments."""
    (place / "a.yaml").write_text(LMDEPLOY, encoding="utf-8")
    (place / "b.yaml").write_text(LMDEPLOY.replace("8B", "14B").replace('"2"', '"8"'), encoding="utf-8")

    report = api.diff("a.yaml", "b.yaml")

    assert (1, ["lmdeploy.arguments"]) == (report.exit_code, [change.setting for change in report.changes])
    assert "s3cret-word" not in str(report)


def test_contract_of_an_engine_without_grammar_notices_other_arguments(place: Path) -> None:
    """`init` promises the words, and a changed word breaks the promise; a changed secret does not."""
    (place / "a.yaml").write_text(LMDEPLOY, encoding="utf-8")
    (place / "contract.yaml").write_text(api.init(["a.yaml"]).contracts[0].text, encoding="utf-8")
    (place / "other-key.yaml").write_text(LMDEPLOY.replace("s3cret-word", "an0ther-word"), encoding="utf-8")
    (place / "other.yaml").write_text(LMDEPLOY.replace('"2"', '"8"'), encoding="utf-8")

    codes = [
        api.check([name], contracts=["contract.yaml"]).exit_code for name in ("a.yaml", "other-key.yaml", "other.yaml")
    ]

    assert codes[0] == codes[1] != 1
    assert codes[2] == 1


def test_nothing_to_compare_is_an_error_and_not_equality(place: Path) -> None:
    """Two inputs without an engine are not equal."""
    (place / "a.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n", encoding="utf-8")

    with pytest.raises(InputError, match="nothing to compare"):
        api.diff("a.yaml", "a.yaml")


@pytest.mark.parametrize("engine", ["vlm==0.11.0", "lmdeploy==0.10.2"])
def test_version_of_an_engine_without_table_is_refused(place: Path, engine: str) -> None:
    """A typo in `--engine` is told, with the engines there are."""
    (place / "a.yaml").write_text(LMDEPLOY, encoding="utf-8")

    with pytest.raises(UsageError, match="nothing is known"):
        api.diff("a.yaml", engines=[engine, "vllm==0.11.0"])


def test_contract_whose_object_is_no_engine_any_more_fails(place: Path) -> None:
    """An image nobody recognises does not take a workload out from under its contract in silence."""
    (place / ".skewguard").mkdir()
    (place / ".skewguard" / "chat.yaml").write_text(
        "apiVersion: skewguard.dev/v1alpha1\nkind: ServingContract\nmetadata: {name: chat}\n"
        "spec:\n  targets: [{kind: Deployment, name: chat}]\n  limits: {max_num_seqs: 64}\n",
        encoding="utf-8",
    )
    unknown = without_evidence(LMDEPLOY)
    (place / "a.yaml").write_text(unknown, encoding="utf-8")

    report = api.check(["a.yaml"])

    assert 1 == report.exit_code
    assert ["contract.no-target"] == [item.check for item in report.findings if item.severity == "error"]


def without_evidence(text: str) -> str:
    """The manifest with an image and a command that tell nothing."""
    lines = [line for line in text.splitlines() if "command:" not in line]
    return "\n".join(lines).replace("openmmlab/lmdeploy:v0.10.2", "registry.example.com/ml/llm:blue")
