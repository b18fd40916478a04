"""Every test of the command line runs in an empty folder, with no settings of its own environment."""

from pathlib import Path

import pytest

from tests.cli.running import Run, runner


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder, and none of the variables that change what is printed."""
    monkeypatch.chdir(tmp_path)
    for name in ("SKEWGUARD_FAIL_ON", "SKEWGUARD_STORE", "NO_COLOR", "FORCE_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command in this process."""
    return runner(capsys, monkeypatch)
