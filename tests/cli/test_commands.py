"""The command line: verbs, formats and exit codes, as a user meets them."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from skewguard.cli.boundary import run
from tests.searching import examples

CODES = {0, 1, 2, 3, 4, 130}
GOOD = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: chat, namespace: prod}
spec:
  template:
    spec:
      containers:
        - name: vllm
          image: vllm/vllm-openai:v0.11.0
          args: [--model=Qwen/Qwen3-8B, --max-num-seqs=64]
"""
BAD = GOOD.replace("--max-num-seqs=64", '"--max-num-seqs 64"')
CONTRACT = """
apiVersion: skewguard.dev/v1alpha1
kind: ServingContract
metadata: {name: chat}
spec:
  targets: [{kind: Deployment, name: chat}]
"""


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a good and a bad manifest."""
    monkeypatch.chdir(tmp_path)
    for name, text in (("good.yaml", GOOD), ("bad.yaml", BAD), ("broken.yaml", "a: [\n"), ("no.yaml", "a: 1\n")):
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["check", "good.yaml"], 0),
        (["check", "bad.yaml"], 1),
        (["check", "bad.yaml", "--fail-on", "never"], 0),
        (["check", "good.yaml", "--fail-on", "warning"], 1),
        (["check", "broken.yaml"], 2),
        (["check", "no.yaml"], 2),
        (["check", "missing.yaml"], 2),
        (["check", "good.yaml", "broken.yaml"], 2),
        (["check", "bad.yaml", "broken.yaml"], 1),
        (["check", "good.yaml", "-o", "nonsense"], 2),
        (["check", "good.yaml", "-o", "json", "-o", "sarif"], 2),
        (["check"], 2),
        (["settings", "good.yaml"], 0),
        (["settings", "vllm==0.11.0 -- serve m"], 0),
        (["settings", "vllm==0.11.0", "--", "serve", "m"], 0),
        (["settings", "deploy/chat"], 2),
        (["diff", "good.yaml", "good.yaml"], 0),
        (["diff", "good.yaml", "bad.yaml"], 1),
        (["diff", "good.yaml", "--engine", "vllm==0.10.2", "--engine", "vllm==0.11.0"], 1),
        (["diff", "good.yaml"], 2),
        (["explain", "limits.max_num_seqs"], 0),
        (["explain", "vllm/max-num-seqs"], 0),
        (["explain", "limits.max_num_seq"], 2),
        (["init", "good.yaml"], 0),
        (["init", "no.yaml"], 2),
        (["--help"], 0),
        (["--version"], 0),
        (["nonsense"], 2),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_command_ends_with_its_documented_code(words: list[str], code: int) -> None:
    """Exit codes are those of the README, whatever is asked."""
    assert code == run(words)


def test_unknown_clause_gives_three_and_is_allowed_away(place: Path) -> None:
    """A promise nobody can decide from the manifest is 3, and 0 with --allow-unknown."""
    clause = "  runtime: {prefix_caching: true}\n"
    (place / "contract.yaml").write_text(CONTRACT + clause, encoding="utf-8")
    words = ["check", "good.yaml", "--contract", "contract.yaml"]

    assert (3, 0) == (run(words), run([*words, "--allow-unknown"]))


def test_one_bad_input_does_not_hide_the_others(capsys: pytest.CaptureFixture[str]) -> None:
    """The broken file is told with its place, and the bad one is still judged."""
    run(["check", "broken.yaml", "bad.yaml", "-o", "json"])
    document = json.loads(capsys.readouterr().out)

    assert ["broken.yaml"] == [error["file"] for error in document["errors"]]
    assert "args.swallowed" in {finding["check"] for finding in document["findings"]}


def test_machine_format_keeps_stdout_to_itself(capsys: pytest.CaptureFixture[str]) -> None:
    """JSON goes to stdout, the summary to stderr."""
    run(["check", "good.yaml", "-o", "json"])
    said = capsys.readouterr()

    assert "skewguard.dev/report/v1" == json.loads(said.out)["schema"]
    assert "1 engine" in said.err


def test_written_contract_is_found_and_kept(place: Path) -> None:
    """`init --write` and `check` are one road; a second write refuses to overwrite."""
    assert 0 == run(["init", "good.yaml", "--write"])
    assert run(["check", "good.yaml", "--allow-unknown"]) == 0
    assert 2 == run(["init", "good.yaml", "--write"])
    (place / "good.yaml").write_text(GOOD.replace("=64", "=128"), encoding="utf-8")
    assert 1 == run(["check", "good.yaml", "--allow-unknown"])


def test_file_of_fifty_megabytes_is_refused_and_the_others_checked(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file over the limit is an error with what to do."""
    (place / "huge.yaml").write_bytes(b"a: 1\n" * 10_000_000)
    run(["check", "huge.yaml", "bad.yaml", "-o", "json"])
    document = json.loads(capsys.readouterr().out)

    assert ["huge.yaml"] == [error["file"] for error in document["errors"]]
    assert 1 == document["exit_code"]


_QUIET = examples(60, HealthCheck.function_scoped_fixture)
_WORDS = st.text("abcM-=_{}$\"' \n\\/.:0123é|;&", max_size=14)


@_QUIET
@given(st.lists(_WORDS, max_size=6), st.sampled_from(["args", "command"]))
def test_any_argument_list_is_checked(words: list[str], field: str) -> None:
    """No argument list ends in a traceback."""
    container = {"name": "v", "image": "vllm/vllm-openai:v0.11.0", field: words}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [container]}}
    Path("any.yaml").write_text(json.dumps(pod, ensure_ascii=False), encoding="utf-8")

    assert run(["check", "any.yaml", "-o", "json=out.json"]) in CODES - {4}


@_QUIET
@given(st.text(max_size=120))
def test_any_text_is_checked_or_refused(text: str) -> None:
    """No file ends in a traceback."""
    Path("any.yaml").write_text(text, encoding="utf-8", errors="replace")

    assert run(["check", "any.yaml"]) in CODES - {4}


@_QUIET
@given(st.text("vllm serve\"'$(){}|&;<>\n\\ -=#`abc", max_size=60))
def test_any_shell_string_is_checked(script: str) -> None:
    """No script ends in a traceback."""
    container = {"name": "v", "image": "vllm/vllm-openai:v0.11.0", "command": ["sh", "-c", script]}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [container]}}
    Path("any.yaml").write_text(json.dumps(pod), encoding="utf-8")

    assert run(["check", "any.yaml"]) in CODES - {4}
