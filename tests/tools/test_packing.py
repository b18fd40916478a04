"""From releases to a table and back."""

import json

import msgspec

from skewguard.knowledge.engines import tables
from tools.engine_tables import changes, packing
from tools.engine_tables.release import Extract

PORT = {"dest": "port", "flags": ["--port"], "type": "int", "default": 8000}
OLD = Extract("0.9.0", {"--port": PORT}, {"X_A": (1, "int")}, {"C.f": None})
MIDDLE = Extract("0.10.0", {"--port": PORT, "--new": {"dest": "new", "flags": ["--new"], "type": "str"}}, {}, {})
NEW = Extract("0.10.0.post1", {"--port": {**PORT, "default": 9000}}, {"X_A": (True, "text")}, {"C.f": None, "C.g": []})


def test_table_holds_runs_in_the_order_of_releases() -> None:
    """0.10.0 comes behind 0.9.0, whatever order they were read in; what did not change is one run."""
    content = packing.pack("x", "2026.11.1", [NEW, OLD, MIDDLE])

    assert content["versions"] == ["0.9.0", "0.10.0", "0.10.0.post1"]
    assert content["flags"]["--port"] == [[0, 1, PORT], [2, 2, {**PORT, "default": 9000}]]
    assert content["env"]["X_A"] == [[0, 0, 1, "int"], [2, 2, True]]
    assert content["configs"]["C.f"] == [[0, 0, None], [2, 2, None]]


def test_true_and_one_are_not_the_same_default() -> None:
    """Python takes them for equal; a table must not."""
    releases = [Extract(version, {}, {"X": (default, "text")}, {}) for version, default in (("1", 1), ("2", True))]

    assert packing.pack("x", "0", releases)["env"]["X"] == [[0, 0, 1], [1, 1, True]]


def test_table_is_read_back_release_by_release() -> None:
    """So that a refresh reads only what is new."""
    content = packing.pack("x", "2026.11.1", [OLD, MIDDLE, NEW])

    assert list(packing.unpack(content).values()) == [OLD, MIDDLE, NEW]
    assert packing.unpack(json.loads(packing.text(content))) == packing.unpack(content)


def test_text_is_one_name_on_a_line_and_the_product_reads_it() -> None:
    """A person can read it, and so can a diff."""
    text = packing.text(packing.pack("x", "2026.11.1", [OLD, MIDDLE, NEW]))

    assert [line[:8] for line in text.splitlines() if line.startswith('"--')] == ['"--new":', '"--port"']
    assert tables.parse(text).by_dest("0.10.0.post1")["port"].default == 9000


def test_version_of_a_table_counts_in_its_month() -> None:
    """It starts anew with each month."""
    assert [packing.next_version(each, "2026.11") for each in ("2026.11.1", "2026.11.12", "2026.10.4", "0")] == [
        "2026.11.2",
        "2026.11.13",
        "2026.11.1",
        "2026.11.1",
    ]


def test_same_content_under_another_version_is_the_same() -> None:
    """Nothing is written where nothing is new."""
    assert packing.same(packing.pack("x", "1", [OLD]), packing.pack("x", "2", [OLD]))
    assert not packing.same(packing.pack("x", "1", [OLD]), packing.pack("x", "1", [OLD, NEW]))


def test_changes_tell_what_came_went_and_changed() -> None:
    """What stays is not told."""
    assert list(changes.lines(MIDDLE, NEW)) == [
        "0.10.0 → 0.10.0.post1",
        "  - flag --new",
        "  ~ flag --port: default 8000 → 9000",
        "  + variable X_A (default true)",
        "  + config field C.f (default null)",
        "  + config field C.g (default [])",
    ]


def test_record_fields_are_those_the_product_knows() -> None:
    """A part that `tables.Flag` does not have would be read by nobody."""
    known = set(msgspec.structs.asdict(tables.HELP))

    for engine in ("vllm", "sglang"):
        content = tables.load(engine)
        for version in content.versions[:: len(content.versions) // 4]:
            for flag in content.flags(version):
                assert set(msgspec.structs.asdict(flag)) == known
