"""Newer engine tables: named by option, variable or project, for every verb that reads engines."""

import json
from pathlib import Path
from typing import Any

import pytest

from skewguard import api
from skewguard.knowledge.engines import tables
from tests.cli.running import GOOD, Run, write

NEW = "vllm/vllm-openai:v0.99.0"
OLD = tables.packaged("vllm").versions[-1]
ITSELF = Path(tables.__file__).parent / "data" / "vllm.json"


@pytest.fixture(autouse=True)
def newer() -> Any:
    """The package's table under another version, with a release of tomorrow that is as the newest of today."""
    content = json.loads(ITSELF.read_text("utf-8"))
    last = len(content["versions"]) - 1
    content["table_version"] = "2099.1.1"
    content["versions"].append("0.99.0")
    for section in ("flags", "env", "configs"):
        for runs in content[section].values():
            runs[-1][1] += runs[-1][1] == last
    write("newer/vllm.json", json.dumps(content))
    write("x.yaml", GOOD.replace("vllm/vllm-openai:v0.11.0", NEW))
    return content


def version(run: Run, *words: str) -> str:
    """The version of vLLM's table that a result names."""
    found = run(*words, "-o", "json").document["tool"]
    assert ("table_files" in found) == (found["tables"]["vllm"] == "2099.1.1")
    return str(found["tables"]["vllm"])


@pytest.mark.parametrize(
    "words",
    [
        ("check", "x.yaml"),
        ("settings", "x.yaml"),
        ("settings", "vllm==0.99.0 -- serve m"),
        ("diff", "x.yaml", "--engine", "vllm==0.11.0", "--engine", "vllm==0.99.0"),
        ("explain", "vllm/max-num-seqs"),
        ("explain", "vllm==0.99.0"),
    ],
)
def test_every_verb_takes_newer_tables(run: Run, words: tuple[str, ...]) -> None:
    """And says in its result that they are not the package's, and from where."""
    assert version(run, *words[:1], "--tables", "newer", *words[1:]) == "2099.1.1"
    told = " ".join(run(*words[:1], "--tables", "newer", *words[1:]).out.split())
    assert "the table of vLLM is newer/vllm.json (2099.1.1; by --tables), not the package's" in told


def test_init_takes_newer_tables(run: Run) -> None:
    """What the release decides at its start is then known."""
    without, with_them = run("init", "x.yaml"), run("init", "--tables", "newer", "x.yaml")

    assert (0, 0) == (without.code, with_them.code)
    assert without.out != with_them.out
    assert "by --tables" in with_them.err


def test_option_goes_before_the_variable_and_that_before_the_project(
    run: Run, monkeypatch: pytest.MonkeyPatch, newer: Any
) -> None:
    """As everywhere."""
    assert version(run, "check", "x.yaml") != "2099.1.1"
    write(".skewguard/config.yaml", "tables: own/\n")
    write(".skewguard/own/vllm.json", json.dumps({**newer, "table_version": "2099.3"}))
    files = [run("check", "x.yaml", "-o", "json").document["tool"]["table_files"]]
    monkeypatch.setenv("SKEWGUARD_TABLES", "other")
    write("other/vllm.json", json.dumps({**newer, "table_version": "2099.2"}))
    files.append(run("check", "x.yaml", "-o", "json").document["tool"]["table_files"])
    files.append(run("check", "x.yaml", "--tables", "newer", "-o", "json").document["tool"]["table_files"])

    expected = [".skewguard/own/vllm.json", "other/vllm.json", "newer/vllm.json"]
    assert files == [{"vllm": file} for file in expected]


def test_tables_in_the_projects_folder_are_no_contracts(run: Run) -> None:
    """Nor told as such."""
    write(".skewguard/config.yaml", "tables: own\n")
    write(".skewguard/own/vllm.json", Path("newer/vllm.json").read_text())

    assert "is no contract" not in run("check", "x.yaml").out


def test_older_tables_than_the_packages_are_said_to_be(run: Run, newer: Any) -> None:
    """A pinned folder is forgotten."""
    write("newer/vllm.json", json.dumps({**newer, "table_version": "2020.1.1"}))
    own = tables.packaged("vllm").table_version
    told = " ".join(run("check", "x.yaml", "--tables", "newer").out.split())

    assert f"(2020.1.1; by --tables), not the package's ({own}, which is newer)" in told


@pytest.mark.parametrize(
    ("folder", "said"),
    [
        ("gone", "the engine tables that --tables names cannot be used: gone does not exist"),
        ("empty", "the engine tables that --tables names cannot be used: empty holds none of vllm.json, sglang.json"),
        ("x.yaml", "the engine tables that --tables names cannot be used: x.yaml is no folder"),
        ("broken", "broken/sglang.json cannot be used: it is no engine table (Input data was truncated)"),
        ("swapped", "swapped/sglang.json cannot be used: it is the table of 'vllm', and its name says sglang"),
        ("future", "future/vllm.json is an engine table of format 9, and this skewguard reads format 1"),
        ("binary", "binary/vllm.json is a binary file"),
    ],
)
def test_folder_that_cannot_be_used_stops_the_run(run: Run, folder: str, said: str) -> None:
    """An answer by other tables than those asked for would mislead: exit code 2, and what is wrong."""
    Path("empty").mkdir()
    write("broken/sglang.json", "{")
    write("swapped/sglang.json", Path("newer/vllm.json").read_text())
    write("future/vllm.json", '{"engine": "vllm", "format": 9, "releases": []}')
    write("binary/vllm.json", b"\x00")
    done = run("check", "x.yaml", "--tables", folder)

    assert (2, "") == (done.code, done.out)
    assert said in done.err


def test_folder_of_the_project_is_told_at_its_line(run: Run) -> None:
    """The file that names it is the one to be mended."""
    write(".skewguard/config.yaml", "fail_on: error\ntables: gone\n")
    done = run("explain", "vllm/max-num-seqs")

    assert (2, True) == (done.code, ".skewguard/config.yaml:2:9: the engine tables that `tables` names" in done.err)


def test_calls_of_the_library_do_not_share_tables() -> None:
    """Each answers by its own."""
    found = [api.explain("vllm/max-num-seqs", tables=folder).tables.files for folder in ("newer", None)]

    assert found == [{"vllm": "newer/vllm.json"}, {}]
