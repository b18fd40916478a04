"""Reading releases from a clone: its tags, its files, and the table that is made of them."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.tools.test_tgi_source import SOURCE
from tools.engine_tables import cloned
from tools.engine_tables.clones import Clone


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A repository with two releases, of which the second renamed the file."""

    def git(*words: str) -> None:
        who = ("-c", "user.name=somebody", "-c", "user.email=somebody@example.org")
        subprocess.run(["git", "-C", str(tmp_path), *who, *words], check=True, capture_output=True)

    git("init", "--quiet")
    file = tmp_path / "launcher" / "src" / "main.rs"
    file.parent.mkdir(parents=True)
    for tag, text in (("v1.4.0", SOURCE), ("v2.0.0", SOURCE.replace("ratio: f32", "share: f32")), ("nightly", "")):
        file.write_text(text, "utf-8")
        git("add", "-A")
        git("commit", "--quiet", "-m", tag)
        git("tag", tag)
    return tmp_path


def test_files_are_read_at_their_tag(clone: Path) -> None:
    """A file that a release does not have is None."""
    read = Clone(clone)

    assert list(read.tags(r"v\d.*")) == ["v1.4.0", "v2.0.0"]
    assert read.text("v1.4.0", "launcher/src/main.rs") == SOURCE
    assert read.text("v1.4.0", "other") is None


def test_table_is_made_of_all_releases(clone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says what the newest changed, and nothing where nothing did."""
    monkeypatch.setattr(cloned, "DATA", tmp_path)
    said: list[str] = []
    cloned.read("tgi", clone, said.append)
    table = json.loads((tmp_path / "tgi.json").read_text("utf-8"))

    assert table["versions"] == ["1.4.0", "2.0.0"]
    assert [run[:2] for run in table["flags"]["--ratio"]] == [[0, 0]]
    assert any("+ flag --share" in line for line in said)

    said.clear()
    cloned.read("tgi", clone, said.append)
    assert [line.split(";")[0] for line in said] == ["tgi: nothing new"]
