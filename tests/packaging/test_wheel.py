"""The wheel: built, installed into an empty environment, and used there as a user would."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import skewguard

ROOT = Path(__file__).resolve().parents[2]
TOOLS = Path(sys.executable).parent
MINUTES = 300.0

pytestmark = pytest.mark.slow


def _run(*words: str | Path, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    return subprocess.run(
        [str(word) for word in words],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=MINUTES,
        check=False,
    )


def _must(*words: str | Path, cwd: Path = ROOT) -> str:
    done = _run(*words, cwd=cwd)
    assert done.returncode == 0, f"{words[0]} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this tree."""
    folder = tmp_path_factory.mktemp("dist")
    _must(TOOLS / "hatchling", "build", "--target", "wheel", "--directory", folder)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment that holds the wheel and what it depends on, and nothing else.

    The packages come from the cache that setting up this repository has filled; the index is asked only where that
    cache was cleared.
    """
    home = tmp_path_factory.mktemp("empty") / "venv"
    uv = TOOLS / "uv"
    _must(uv, "venv", "--quiet", "--python", sys.executable, home)
    install = (uv, "pip", "install", "--quiet", "--python", home / "bin/python", "-c", "requirements/run.txt", wheel)
    if _run(*install, "--offline").returncode != 0:
        _must(*install)
    return home / "bin"


def test_wheel_holds_code_and_engine_tables_and_nothing_else(wheel: Path) -> None:
    """Tests, docs and examples stay out; the tables that every answer rests on are in."""
    names = zipfile.ZipFile(wheel).namelist()

    assert {name.partition("/")[0].partition("-")[0] for name in names} == {"skewguard"}
    assert [name for name in names if name.startswith("skewguard/knowledge/engines/data/") and name.endswith(".json")]
    assert [name for name in names if "/tests/" in name or name.endswith((".pyc", ".pyi"))] == []


def test_installed_program_says_its_version(installed: Path, tmp_path: Path) -> None:
    """Both commands start in an empty environment."""
    for program in ("skewguard", "kubectl-skew"):
        assert skewguard.__version__ in _must(installed / program, "--version", cwd=tmp_path)


def test_installed_program_checks_a_manifest(installed: Path, tmp_path: Path) -> None:
    """One check finds what it should, far from the repository."""
    example = ROOT / "examples/skewed/01-swallowed-quantization.yaml"
    manifest = tmp_path / "deploy.yaml"
    manifest.write_text(example.read_text("utf-8"), "utf-8")

    done = _run(installed / "skewguard", "check", "deploy.yaml", cwd=tmp_path)

    assert done.returncode == 1, done.stderr
    assert "--quantization bitsandbytes" in done.stdout
