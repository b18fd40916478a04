"""Generated input is written to an empty working folder, one for each test."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder, and none of the variables that change what is printed."""
    monkeypatch.chdir(tmp_path)
    for name in ("SKEWGUARD_FAIL_ON", "SKEWGUARD_STORE", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path
