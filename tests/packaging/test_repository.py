"""What surrounds the code: requirements, the pre-commit hook and the GitHub Action say what the product understands."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from click import Choice, Command

from skewguard.cli.commands import program
from skewguard.report import formats

ROOT = Path(__file__).resolve().parents[2]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def _yaml(name: str) -> Any:
    return yaml.safe_load((ROOT / name).read_text("utf-8"))


def _options(command: Command) -> set[str]:
    return {spelling for parameter in command.params for spelling in parameter.opts if spelling.startswith("-")}


def test_requirements_ask_for_what_the_package_depends_on() -> None:
    """The pinned environment and the wheel have the same dependencies."""
    asked = [line for line in (ROOT / "requirements/run.in").read_text("utf-8").splitlines() if line[:1] != "#"]

    assert sorted(PROJECT["project"]["dependencies"]) == sorted(asked)


@pytest.mark.parametrize("name", ["dev", "run", "uv", "go", "vllm-cpu/requirements"])
def test_requirements_are_hashed_and_name_no_host(name: str) -> None:
    """A team behind a mirror installs the same files from there, and nothing else."""
    text = (ROOT / f"requirements/{name}.txt").read_text("utf-8")
    pins = re.findall(r"^[\w.-]+==\S+.*\\\n    --hash=sha256:", text, re.MULTILINE)

    assert len(re.findall(r"^[\w.-]+==", text, re.MULTILINE)) == len(pins)
    assert re.findall(r"https?://|--(?:extra-)?index-url|--find-links", text) == []


def test_hook_runs_a_verb_that_exists_on_files_it_reads() -> None:
    """The pre-commit hook calls `check` with the manifests of a commit, and no others."""
    (hook,) = _yaml(".pre-commit-hooks.yaml")
    name, verb = hook["entry"].split()

    assert (hook["id"], name, verb in program.commands) == ("skewguard-check", "skewguard", True)
    assert [bool(re.search(hook["files"], path)) for path in ("a/b.yaml", "c.yml", "d.json", "e.yaml.txt")] == [
        True,
        True,
        True,
        False,
    ]


def test_action_uses_options_that_exist() -> None:
    """The GitHub Action passes only options and formats that `check` understands."""
    script = _yaml("action.yml")["runs"]["steps"][-1]["run"]
    check = program.commands["check"]
    called = set(re.findall(r"(?<![\w$-])--?[a-z][a-z-]*(?= )", script.partition("mapfile")[2].partition("\n")[2]))
    formats_used = set(re.findall(r"-o \"?([a-z]+)", script))

    assert called - {"-n"} <= _options(check)
    assert formats_used <= set(formats.FORMATS)


def test_action_hands_its_inputs_over_by_environment() -> None:
    """No input is pasted into a shell line, where its text would run."""
    steps = _yaml("action.yml")["runs"]["steps"]

    assert [step["run"] for step in steps if "${{" in step.get("run", "")] == []


def test_action_default_severity_is_one_that_check_knows() -> None:
    """The default of `fail-on` is a severity."""
    (option,) = [parameter for parameter in program.commands["check"].params if parameter.name == "fail_on"]

    assert isinstance(option.type, Choice)
    assert _yaml("action.yml")["inputs"]["fail-on"]["default"] in option.type.choices


def test_both_console_scripts_start_the_same_program() -> None:
    """`skewguard` and `kubectl skew` are one program."""
    assert PROJECT["project"]["scripts"] == {"skewguard": "skewguard.cli:main", "kubectl-skew": "skewguard.cli:main"}


def test_every_rule_left_out_of_lint_says_why() -> None:
    """Each ignored lint rule stands with its reason."""
    text = (ROOT / "pyproject.toml").read_text("utf-8").partition("[tool.ruff.lint]")[2].partition("]\n\n")[0]
    ignored = [line for line in text.splitlines() if re.match(r'\s+"[A-Z]+\d*",', line)]

    assert [line for line in ignored if "#" not in line] == []


def test_no_module_is_longer_than_a_reader_keeps_in_mind() -> None:
    """At most 400 lines; a longer one has two subjects, and each gets a module and a name."""
    long = {
        path.relative_to(ROOT).as_posix(): count
        for path in (ROOT / "src").rglob("*.py")
        if (count := path.read_text("utf-8").count("\n")) > 400
    }
    assert {} == long


def test_recipe_of_the_image_copies_what_is_there_and_runs_without_root() -> None:
    """A numeric user is what `runAsNonRoot` can look at; what is installed is pinned by hash."""
    recipe = (ROOT / "deploy/image/Dockerfile").read_text("utf-8")
    copied = [
        word for words in re.findall(r"^COPY (?!--from)(.+) \S+$", recipe, re.MULTILINE) for word in words.split()
    ]
    assert copied
    assert all((ROOT / each).exists() for each in copied)
    assert re.search(r"^USER \d+:\d+$", recipe, re.MULTILINE)
    assert "--require-hashes --only-binary :all: -r requirements/run.txt" in recipe
