"""`init`: what it writes, where, what it says beside, and that the manifest keeps its own contract."""

from pathlib import Path

import pytest

from tests.cli.running import GOOD, KEPT, UNSEEN, Run, write

EXAMPLES = Path(__file__).parents[2] / "examples"
MANIFESTS = sorted(
    path
    for path in (*EXAMPLES.rglob("*.yaml"), *EXAMPLES.rglob("*.json"))
    if ".skewguard" not in path.parts and path.name != "config.json"
)
SECOND = GOOD.replace("name: chat", "name: batch")


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: str(path.relative_to(EXAMPLES)))
def test_manifest_keeps_the_contract_made_from_it(run: Run, path: Path) -> None:
    """Whatever its shape: the contract is read without a mistake, binds every engine, and no promise of it fails."""
    made = run("init", str(path))
    assert 0 == made.code
    done = run("check", str(path), "--contract", write("c.yaml", made.out), "-o", "json").document
    assert ([], done["summary"]["engines"]) == (done["errors"], done["summary"]["under_contract"])
    said = [item for item in done["findings"] if item["group"] == "contract" and item["verdict"] == "fail"]
    assert [] == [(item["check"], item["setting"], item["message"]) for item in said]


def test_what_could_not_be_read_is_told_beside_the_contract(run: Run) -> None:
    """The broken document may have held what the contract lacks: exit code 2, and stdout is still a contract."""
    broken = "---\na: [\n---\nx: 1\n"
    done = run("init", write("x.yaml", GOOD + broken))
    assert (2, True, True) == (done.code, "x.yaml:" in done.err, "not valid YAML" in done.err)
    assert 0 == run("check", write("y.yaml", GOOD), "--contract", write("c.yaml", done.out)).code
    done = run("init", "x.yaml", "--write")
    assert (2, True, "") == (done.code, "wrote .skewguard/chat.yaml" in done.err, done.out)
    assert "not valid YAML" in done.err


def test_every_input_that_could_not_be_read_is_told(run: Run) -> None:
    """Not the first alone, also where no engine is left."""
    done = run("init", write("x.yaml", "a: [\n---\nb: [\n---\nkind: x\n"))
    assert (2, 3, "") == (done.code, done.err.count("x.yaml:"), done.out)


def test_what_is_not_in_the_input_is_told(run: Run) -> None:
    """With what it hides and how to supply it: the contract has a TODO there."""
    done = run("init", write("x.yaml", UNSEEN))
    said = " ".join(done.err.split())
    assert (0, True) == (done.code, "ConfigMap prod/gone key length (x.yaml:" in said)
    assert "TODO max_model_len" in done.out


def test_nothing_is_written_where_one_of_the_files_exists(run: Run, here: Path) -> None:
    """All of them or none, every taken name told, and nothing is ever overwritten."""
    write("x.yaml", f"{GOOD}---\n{SECOND}")
    write(".skewguard/batch.yaml", "mine\n")
    done = run("init", "x.yaml", "--write")
    assert (2, True, ["batch.yaml"]) == (
        done.code,
        ".skewguard/batch.yaml exists already" in done.err,
        [path.name for path in (here / ".skewguard").iterdir()],
    )
    Path(".skewguard/chat.yaml").symlink_to("gone")
    assert ".skewguard/chat.yaml, .skewguard/batch.yaml exist already" in run("init", "x.yaml", "--write").err
    assert "mine\n" == Path(".skewguard/batch.yaml").read_text("utf-8")


def test_names_that_give_one_file_are_told_apart(run: Run) -> None:
    """What a name may not hold in a file is replaced; two contracts still get two files."""
    write(
        "x.yaml",
        GOOD.replace("name: chat\n", 'name: "a/b"\n') + "---\n" + GOOD.replace("name: chat\n", 'name: "a b"\n'),
    )
    assert 0 == run("init", "x.yaml", "--write").code
    assert ["a-b-1.yaml", "a-b-2.yaml"] == sorted(path.name for path in Path(".skewguard").iterdir())


def test_contract_is_written_where_checks_look_for_it(run: Run, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder found upward; a second one below would hide the first."""
    write(".skewguard/config.yaml", "fail_on: error\n")
    write("k8s/x.yaml", GOOD)
    monkeypatch.chdir(here / "k8s")
    done = run("init", "x.yaml", "--write")
    assert (0, "wrote ../.skewguard/chat.yaml\n", True) == (
        done.code,
        done.err,
        (here / ".skewguard/chat.yaml").exists(),
    )
    assert "1 engine, 1 under contract" in " ".join(run("check", "x.yaml").out.split())


def test_engine_that_has_a_contract_already_is_told(run: Run) -> None:
    """Two on one container would both go unjudged."""
    write(".skewguard/ours.yaml", KEPT)
    done = run("init", write("x.yaml", GOOD), "--write")
    assert (0, True) == (
        done.code,
        "is under the contract chat already (.skewguard/ours.yaml:3)" in " ".join(done.err.split()),
    )
    assert "" == run("init", "x.yaml").err


def test_contract_that_drifted_from_its_manifest_is_noticed(run: Run) -> None:
    """The other direction: what `init` promised is held."""
    write("x.yaml", GOOD)
    run("init", "x.yaml", "--write")
    assert 0 == run("check", "x.yaml").code
    write("x.yaml", GOOD.replace("max-num-seqs=128", "max-num-seqs=64"))
    assert 1 == run("check", "x.yaml").code


def test_core_settings_that_the_contract_does_not_hold_are_told(run: Run) -> None:
    """In one line, with exit code 0; a contract that holds them all says nothing of it."""
    done = run("init", write("x.yaml", UNSEEN))
    assert (0, True) == (
        done.code,
        "does not hold limits.max_model_len (could not be read)" in " ".join(done.err.split()),
    )
    assert "does not hold" not in run("init", write("y.yaml", GOOD)).err
    other = GOOD.replace("vllm/vllm-openai:v0.11.0", "ollama/ollama:0.12.3")
    assert "does not hold model.id, model.revision" in " ".join(run("init", write("z.yaml", other)).err.split())
