"""Files of a folder are read whole or by their beginning, and no more of them."""

import json
from pathlib import Path

import pytest

from skewguard.adapters import folders
from skewguard.adapters.folders import Headed
from skewguard.language.errors import InputError

HEADED = Headed(".safetensors", 8, 100)


def test_a_folder_gives_texts_and_beginnings(tmp_path: Path) -> None:
    """Named files come whole, headed ones up to the end of their header with their size, others not at all."""
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "README.md").write_text("no")
    (tmp_path / "a.safetensors").write_bytes((2).to_bytes(8, "little") + b"{}" + b"\x00" * 50)
    found = folders.read(str(tmp_path), ("config.json", "absent.json"), HEADED)
    assert found.texts == {"config.json": "{}"}
    assert found.heads == {"a.safetensors": ((2).to_bytes(8, "little") + b"{}", 60)}
    assert found.whole


def test_a_file_below_the_folder_is_read_where_it_is_named(tmp_path: Path) -> None:
    """By its path inside the folder; others there are not looked at."""
    (tmp_path / "1_Pooling").mkdir()
    (tmp_path / "1_Pooling" / "config.json").write_text("{}")
    (tmp_path / "1_Pooling" / "other.json").write_text("{}")
    found = folders.read(str(tmp_path), ("1_Pooling/config.json", "2_Dense/config.json"), HEADED)
    assert found.texts == {"1_Pooling/config.json": "{}"}


def test_a_header_that_is_too_long_is_not_read(tmp_path: Path) -> None:
    """A length beyond the limit is given as it is, without what it promises."""
    (tmp_path / "a.safetensors").write_bytes((10**15).to_bytes(8, "little") + b"x" * 500)
    head, size = folders.read(str(tmp_path), (), HEADED).heads["a.safetensors"]
    assert (len(head), size) == (8, 508)


def test_a_single_file_stands_for_the_first_name(tmp_path: Path) -> None:
    """One file, whatever it is called, is taken for the config."""
    path = tmp_path / "my-model.json"
    path.write_text(json.dumps({"a": 1}))
    found = folders.read(str(path), ("config.json",), HEADED)
    assert (found.texts, found.whole) == ({"config.json": '{"a": 1}'}, False)


@pytest.mark.parametrize("name", ["absent", "folder/broken.safetensors"])
def test_what_is_not_there_is_told(tmp_path: Path, name: str) -> None:
    """A path that does not exist, and a broken link to a shard, are errors with the name."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "broken.safetensors").symlink_to(tmp_path / "gone")
    path = tmp_path / "folder" if "/" in name else tmp_path / name
    with pytest.raises(InputError, match=name.rpartition("/")[2]):
        folders.read(str(path), ("config.json",), HEADED)


def test_named_files_of_a_folder_are_given_by_path(tmp_path: Path) -> None:
    """Those that are there; others are left alone."""
    (tmp_path / "a.json").write_text("{}")
    (tmp_path / "c.json").write_text("{")
    assert folders.texts(str(tmp_path), ("a.json", "b.json")) == {str(tmp_path / "a.json"): "{}"}


@pytest.mark.parametrize(
    ("name", "said"),
    [("empty", "holds none of a.json, b.json"), ("gone", "does not exist"), ("file", "is no folder")],
)
def test_folder_without_any_of_the_named_files_is_an_error(tmp_path: Path, name: str, said: str) -> None:
    """What is wrong with it is said."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=said):
        folders.texts(str(tmp_path / name), ("a.json", "b.json"))
