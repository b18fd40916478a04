"""The table of releases: what it answers about flags, their history and their fields."""

import pytest
from packaging.version import Version

from skewguard.knowledge.engines import ENGINES, tables, tables_used, vllm

TABLE = vllm.table()


def test_table_names_its_own_version() -> None:
    """Printed in every result."""
    assert tables_used().versions == {name: tables.load(name).table_version for name in ENGINES}
    assert all(version.startswith("2026.") for version in tables_used().versions.values())
    assert list(ENGINES)[:3] == ["vllm", "sglang", "tgi"]


def test_releases_are_in_order() -> None:
    """Oldest first, with every post and patch release."""
    assert (len(vllm.releases()), vllm.releases()[0], vllm.releases()[-1]) == (76, "0.4.2", "0.33.0")
    keys = [Version(version) for version in vllm.releases()]
    assert keys == sorted(keys)


def test_history_shows_runs_and_absence() -> None:
    """Came, changed, went, came back."""
    runs = [(first, last, record is not None) for first, last, record in vllm.history("--disable-log-requests")]

    assert runs == [
        ("0.4.2", "0.10.0", True),
        ("0.10.1", "0.16.0", True),
        ("0.17.0", "0.32.0", False),
        ("0.33.0", "0.33.0", True),
    ]
    assert vllm.history("--never-a-flag") == ()
    assert vllm.history("max_num_seqs")[0][2] is not None


def test_flag_record_tells_what_kind_of_default_it_has() -> None:
    """Literal, worked out at the start, or required."""
    kinds = {record.dest: record.kind for record in vllm.flags("0.11.0")}
    required = {record.dest: record.kind for record in vllm.flags("0.6.6")}

    assert (kinds["gpu_memory_utilization"], kinds["dtype"], kinds["max_num_seqs"]) == (
        "literal",
        "computed",
        "computed",
    )
    assert required["model_tag"] == "required"


def test_changes_of_a_name_are_where_it_can_be_read_differently() -> None:
    """`--swap-space` comes to an end in 0.18.0; changed defaults do not count."""
    assert TABLE.index("0.18.0") in TABLE.changes("--swap-space")
    assert TABLE.changes("--gpu-memory-utilization") <= {TABLE.index("0.31.0")}


def test_negative_spellings_are_told_from_positive_ones() -> None:
    """By release: `--disable-x` of an `--enable-x` switch, and the other way round."""
    enable = TABLE.by_dest("0.33.0")["enable_prefix_caching"]
    disable = TABLE.by_dest("0.33.0")["disable_log_stats"]

    assert [enable.negates(each) for each in enable.flags] == [
        each != "--enable-prefix-caching" for each in enable.flags
    ]
    assert not disable.negates("--disable-log-stats")


def test_fields_of_a_config_class_go_by_version() -> None:
    """`level` became `mode`."""
    assert "level" in TABLE.config_fields("CompilationConfig", "0.11.0")
    assert "level" not in TABLE.config_fields("CompilationConfig", "0.20.0")
    assert TABLE.config_fields("NoSuchConfig", "0.20.0") == {}


@pytest.mark.parametrize("version", vllm.releases())
def test_every_flag_has_a_type_that_can_be_converted(version: str) -> None:
    """And choices that are not empty."""
    from skewguard.knowledge.engines import conversions

    for flag in TABLE.flags(version):
        assert flag.switch or flag.action == "boolean" or flag.type in conversions._CONVERTERS
        assert flag.choices is None or flag.choices
