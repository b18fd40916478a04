"""Tables that are handed over: read with care, and in use for one call alone."""

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from skewguard.knowledge.engines import ENGINES, newer_tables, tables, tables_used
from skewguard.knowledge.engines.interface import Release
from skewguard.knowledge.engines.tables import Table
from skewguard.language.errors import InputError

FLAG = {"dest": "x", "flags": ["--x"], "type": "int", "default": 7}
TABLE: Mapping[str, Any] = {
    "engine": "vllm",
    "table_version": "2027.1.1",
    "versions": ["0.11.0", "0.40.0"],
    "flags": {"--x": [[0, 1, FLAG]]},
}


def table(**changes: Any) -> Table:
    """A small table."""
    return newer_tables.read("vllm", json.dumps({**TABLE, **changes}), "tables/vllm.json")


def test_newer_table_is_read_from_text() -> None:
    """And remembers its file."""
    found = table()

    assert [flag.dest for flag in found.flags("0.40.0")] == ["x"]
    assert (found.table_version, found.file) == ("2027.1.1", "tables/vllm.json")


def test_same_text_is_the_same_table() -> None:
    """What was worked out for it is kept."""
    assert table() is table()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "no engine table (Input data was truncated)"),
        ("[]", "no engine table (Expected `object`, got `array`)"),
        ('{"engine": "vllm"}', "no engine table (Object missing required field `table_version`)"),
        ('{"engine": "\\ud800"}', "no engine table"),
        (json.dumps({**TABLE, "engine": "sglang"}), "the table of 'sglang', and its name says vllm"),
        (json.dumps({**TABLE, "table_version": "\x1b[2J"}), "without a version of its own"),
        (json.dumps({**TABLE, "versions": []}), "without a list of releases, oldest first"),
        (json.dumps({**TABLE, "versions": ["0.40.0", "0.11.0"]}), "without a list of releases, oldest first"),
        (json.dumps({**TABLE, "versions": ["0.11.0", "main"]}), "without a list of releases, oldest first"),
        (json.dumps({**TABLE, "env": {"VLLM_X": [[1, 2, 0]]}}), "VLLM_X holds for releases that are not among its 2"),
        (json.dumps({**TABLE, "flags": {"--x": [[0, 1, {**FLAG, "flags": []}]]}}), "--x has no spelling"),
        (json.dumps({**TABLE, "flags": {"--x": [[0, 1, {**FLAG, "type": "era"}]]}}), "a way (era) not known here"),
        (json.dumps({**TABLE, "flags": {"--x": [[0, 1, {**FLAG, "action": "era"}]]}}), "a way (era) not known here"),
    ],
)
def test_broken_table_is_refused(text: str, said: str) -> None:
    """Never half a table, and the file is named."""
    with pytest.raises(InputError) as caught:
        newer_tables.read("vllm", text, "tables/vllm.json")

    assert said in caught.value.message
    assert caught.value.message.startswith("tables/vllm.json ")
    assert caught.value.file == "tables/vllm.json"


def test_table_of_a_newer_format_is_refused_for_that() -> None:
    """Whatever else has changed in it."""
    with pytest.raises(InputError, match="is an engine table of format 2, and this skewguard reads format 1") as caught:
        newer_tables.read("vllm", '{"engine": "vllm", "format": 2}', "vllm.json")

    assert caught.value.hint is not None
    assert "upgrade skewguard" in caught.value.hint


def test_table_holds_for_its_block_alone() -> None:
    """Before and behind it the package's counts, and inside it for the other engines."""
    before = tables_used()
    with tables.using({"vllm": table()}):
        inside = tables_used()

    assert inside.versions == {**before.versions, "vllm": "2027.1.1"}
    assert (inside.files, before.files) == ({"vllm": "tables/vllm.json"}, {})
    assert tables_used() == before


def test_block_is_left_by_an_error_as_well() -> None:
    """Or the next call would answer with the wrong table."""
    with pytest.raises(KeyError), tables.using({"vllm": table()}):
        raise KeyError

    assert tables_used().files == {}


def test_threads_do_not_see_each_others_tables() -> None:
    """Two calls at once may have two tables."""
    with tables.using({"vllm": table()}), ThreadPoolExecutor(1) as pool:
        other = pool.submit(tables_used).result()

    assert other.files == {}


def test_nothing_of_one_table_is_remembered_for_another() -> None:
    """Flags, variables and histories of one version are those of the table in use."""
    module = ENGINES["vllm"]
    release = Release("vllm", "0.11.0", ("0.11.0",), "exact", "", "version@x")
    own = [len(found) for found in (module.flags("0.11.0"), module.variables("0.11.0"), module.settings(release))]
    with tables.using({"vllm": table()}):
        assert [flag.dest for flag in module.flags("0.11.0")] == ["x"]
        assert module.variables("0.11.0") == {}
        assert "vllm.x" in module.settings(release)
        assert module.history("--x")
        assert module.releases() == ("0.11.0", "0.40.0")

    assert own == [
        len(found) for found in (module.flags("0.11.0"), module.variables("0.11.0"), module.settings(release))
    ]
    assert module.history("--x") == ()
