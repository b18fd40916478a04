"""What SGLang makes of environment variables."""

import pytest

from skewguard.knowledge.engines import sglang
from skewguard.knowledge.engines.interface import Release, Variable
from skewguard.language.facts import Origin
from skewguard.language.workloads import EnvVar
from tests.knowledge.engines.sglang_cases import anything, exactly, some

HERE = Origin("file", "deploy.yaml", "deploy.yaml", 7, 1)


def read(release: Release | str, name: str, value: str | None = "1") -> tuple[Variable, ...]:
    """One variable, read by one release."""
    known = exactly(release) if isinstance(release, str) else release
    return sglang.environment([EnvVar(name, value, HERE)], known)


@pytest.mark.parametrize(
    ("version", "name", "outcome"),
    [
        ("0.4.10", "SGLANG_USE_MODELSCOPE", "read"),
        ("0.5.23", "SGLANG_USE_MODELSCOPE", "read"),
        ("0.4.6", "SGL_ENABLE_JIT_DEEPGEMM", "read"),
        ("0.4.3", "SGL_ENABLE_JIT_DEEPGEMM", "unread"),
        ("0.5.15", "SGLANG_BACKUP_PORT_BASE", "read"),
        ("0.5.5", "SGLANG_BACKUP_PORT_BASE", "unread"),
        ("0.5.23", "SGLANG_LOG_LEVL", "unread"),
        ("0.5.23", "TENSOR_PARALLEL_SIZE", "unread"),
        ("0.5.23", "MEM_FRACTION_STATIC", "unread"),
    ],
)
def test_variable_is_read_by_some_releases(version: str, name: str, outcome: str) -> None:
    """Read, not yet or never read."""
    (variable,) = read(version, name)

    assert variable.outcome == outcome
    assert bool(variable.message) is (outcome != "read")


@pytest.mark.parametrize(
    "name", ["PATH", "HF_HOME", "SGLANG_ARGS", "SGLANG_SERVICE_HOST", "SGLANG_PORT_30000_TCP", "SGL_PORT_30000_TCP"]
)
def test_variable_of_other_programs_is_not_sglangs(name: str) -> None:
    """Nothing is said about them."""
    assert read("0.5.23", name) == ()


def test_variable_that_is_gone_names_what_took_its_place() -> None:
    """The flag that says the same now."""
    (variable,) = read("0.5.23", "SGLANG_CUTLASS_MOE")

    assert variable.outcome == "dead"
    assert variable.suggestion == "--moe-runner-backend=cutlass"


@pytest.mark.parametrize(("version", "outcome"), [("0.5.2", "unread"), ("0.5.5", "read"), ("0.5.23", "read")])
def test_old_beginning_of_a_name_counts_as_the_new_one(version: str, outcome: str) -> None:
    """`SGL_` is written over to `SGLANG_` from 0.5.3 on; a variable that only has the new name is then read."""
    assert "SGLANG_USE_MODELSCOPE" in sglang.variables("0.5.5")
    assert [variable.outcome for variable in read(version, "SGL_USE_MODELSCOPE")] == [outcome]


@pytest.mark.parametrize(
    ("version", "name", "new"),
    [
        ("0.5.3", "SGL_ENABLE_JIT_DEEPGEMM", None),  # still read under its own name
        ("0.5.4", "SGL_ENABLE_JIT_DEEPGEMM", "SGLANG_ENABLE_JIT_DEEPGEMM"),
        ("0.5.23", "SGL_ENABLE_JIT_DEEPGEMM", "SGLANG_ENABLE_JIT_DEEPGEMM"),
        ("0.5.10", "SGLANG_GC_LOG", "SGLANG_LOG_GC"),
        ("0.5.10", "SGL_DISABLE_TP_MEMORY_INBALANCE_CHECK", "SGLANG_ENABLE_TP_MEMORY_INBALANCE_CHECK"),
        ("0.5.23", "SGLANG_EPLB_ROCM_P2P_BATCH_CHUNK_SIZE", "SGLANG_EPLB_P2P_BATCH_CHUNK_SIZE"),
    ],
)
def test_old_name_that_the_table_once_knew_is_read_and_names_the_new_one(
    version: str, name: str, new: str | None
) -> None:
    """A name that releases read before the rename is not dead after it."""
    (variable,) = read(version, name)

    assert variable.outcome == "read"
    assert (variable.renamed.name(name) if variable.renamed else None) == new


@pytest.mark.parametrize(
    ("version", "name"),
    [
        ("0.5.21", "SGLANG_GC_LOG"),  # no longer copied
        ("0.5.18", "SGL_DISABLE_TP_MEMORY_INBALANCE_CHECK"),  # copied to a name that nobody reads
        ("0.5.4", "SGL_CUTLASS_MOE_OF_OLD"),
    ],
)
def test_old_name_without_a_reader_is_not_read(version: str, name: str) -> None:
    """Copying helps nothing where the new name is none that the release reads."""
    assert [variable.outcome for variable in read(version, name)] != ["read"]


def test_number_is_passed_over_where_it_is_none() -> None:
    """A warning and the default, where older releases fail at the same value."""
    (old,) = read("0.5.5", "SGLANG_PORT", "tcp://10.0.0.1:30000")
    (new,) = read("0.5.23", "SGLANG_PORT", "tcp://10.0.0.1:30000")

    assert (old.outcome, new.outcome) == ("invalid", "invalid")
    assert "Service named sglang" in old.message
    assert "passes over" in new.message
    assert "default" in new.message


@pytest.mark.parametrize(
    ("version", "value", "outcome", "says"),
    [
        ("0.5.23", "true", "read", ""),
        ("0.5.23", "Yes", "read", ""),
        ("0.5.23", "", "read", ""),
        ("0.5.23", "on", "invalid", "passes over `on` and takes its default"),
        ("0.4.10", "1", "read", ""),
        ("0.4.10", "off", "read", ""),
        ("0.4.10", "yes", "invalid", "reads `yes` as false"),
    ],
)
def test_switch_takes_the_words_of_its_release(version: str, value: str, outcome: str, says: str) -> None:
    """Newer releases pass over a word that they do not know; older ones take all but `true` and `1` for false."""
    (variable,) = read(version, "SGLANG_ALLOW_OVERWRITE_LONGER_CONTEXT_LEN", value)

    assert (variable.outcome, variable.passed_over) == (outcome, outcome == "invalid")
    assert says in variable.message


def test_word_of_another_programs_variable_is_that_programs() -> None:
    """SGLang describes some of them too; what their own program takes is not known here."""
    assert [variable.outcome for variable in read("0.5.23", "HF_HUB_DISABLE_XET", "ON")] == ["read"]


@pytest.mark.parametrize(("value", "outcome"), [("29500", "read"), (None, "read"), ("$(PORT)", "read")])
def test_number_that_is_one_or_unknown_is_read(value: str | None, outcome: str) -> None:
    """What is not known does not fail."""
    assert read("0.5.5", "SGLANG_PORT", value)[0].outcome == outcome


def test_unknown_version_names_the_releases_of_each_outcome() -> None:
    """Read by some, not yet by others."""
    found = {
        variable.outcome: variable.versions for variable in read(some("0.5.5", "0.5.15"), "SGLANG_BACKUP_PORT_BASE")
    }

    assert found == {"unread": ("0.5.5",), "read": ("0.5.15",)}
    assert [variable.outcome for variable in read(anything(), "SGLANG_USE_MODELSCOPE")] == ["read"]
