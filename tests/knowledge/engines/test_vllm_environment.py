"""What vLLM makes of environment variables."""

import pytest

from skewguard.knowledge.engines import vllm
from skewguard.knowledge.engines.interface import Release, Variable
from skewguard.language.facts import Origin
from skewguard.language.workloads import EnvVar
from tests.knowledge.engines.vllm_cases import anything, exactly, some

HERE = Origin("file", "deploy.yaml", "deploy.yaml", 7, 1)


def read(release: Release | str, name: str, value: str | None = "1") -> tuple[Variable, ...]:
    """One variable, read by one release."""
    known = exactly(release) if isinstance(release, str) else release
    return vllm.environment([EnvVar(name, value, HERE)], known)


@pytest.mark.parametrize(
    ("version", "name", "outcome"),
    [
        ("0.11.0", "VLLM_USE_V1", "read"),
        ("0.11.1", "VLLM_USE_V1", "dead"),
        ("0.6.3", "VLLM_USE_V1", "unread"),
        ("0.14.1", "VLLM_ATTENTION_BACKEND", "read"),
        ("0.15.1", "VLLM_ATTENTION_BACKEND", "dead"),
        ("0.33.0", "VLLM_LOG_LEVEL", "unread"),
        ("0.33.0", "VLLM_LOGGING_LEVEL", "read"),
        ("0.33.0", "MODEL", "unread"),
        ("0.33.0", "TENSOR_PARALLEL_SIZE", "unread"),
    ],
)
def test_variable_is_read_by_some_releases(version: str, name: str, outcome: str) -> None:
    """Read, no longer read, never read."""
    (variable,) = read(version, name, None)

    assert variable.outcome == outcome
    assert bool(variable.message) is (outcome != "read")


@pytest.mark.parametrize("name", ["PATH", "HF_HOME", "VLLM_ADDITIONAL_ARGS", "VLLM_SERVICE_HOST", "VLLM_PORT_8000_TCP"])
def test_variable_of_other_programs_is_not_vllms(name: str) -> None:
    """Nothing is said about them."""
    assert read("0.33.0", name) == ()


def test_variable_near_a_known_one_names_it() -> None:
    """A misspelt variable is ignored in silence up to 0.16."""
    (variable,) = read("0.33.0", "VLLM_LOGING_LEVEL")

    assert variable.suggestion == "VLLM_LOGGING_LEVEL"


def test_port_from_a_service_is_refused() -> None:
    """A Service named vllm injects `tcp://…`."""
    (variable,) = read("0.33.0", "VLLM_PORT", "tcp://10.0.0.1:8000")

    assert variable.outcome == "invalid"
    assert "Service named vllm" in variable.message


@pytest.mark.parametrize(
    ("value", "outcome"), [("1", "read"), (" 0 ", "read"), ("true", "invalid"), (None, "read"), ("$(X)", "read")]
)
def test_number_is_wanted_where_the_engine_reads_one(value: str | None, outcome: str) -> None:
    """`VLLM_USE_V1=true` fails; what is not known does not."""
    assert read("0.10.2", "VLLM_USE_V1", value)[0].outcome == outcome


def test_unknown_version_names_the_releases_of_each_outcome() -> None:
    """Read by some, dead in others."""
    found = {variable.outcome: variable.versions for variable in read(some("0.11.0", "0.11.1"), "VLLM_USE_V1")}

    assert found == {"read": ("0.11.0",), "dead": ("0.11.1",)}
    assert read(anything(), "CUDA_VISIBLE_DEVICES")[0].versions == ()


def test_last_of_two_entries_counts() -> None:
    """As in Kubernetes."""
    entries = [EnvVar("VLLM_PORT", "tcp://x", HERE), EnvVar("VLLM_PORT", "80", HERE)]

    assert [variable.outcome for variable in vllm.environment(entries, exactly("0.33.0"))] == ["read"]


def test_every_variable_of_the_table_has_its_default() -> None:
    """For `explain` and upgrades."""
    assert vllm.variables("0.33.0")["VLLM_LOGGING_LEVEL"] == "INFO"
    assert (vllm.variables("0.7.3")["VLLM_USE_V1"], vllm.variables("0.8.0")["VLLM_USE_V1"]) == (False, True)


@pytest.mark.parametrize(
    ("version", "name", "value", "outcome"),
    [
        ("0.10.2", "VLLM_USE_V1", "0", "read"),
        ("0.11.0", "VLLM_USE_V1", "0", "invalid"),
        ("0.11.0", "VLLM_USE_V1", "1", "read"),
        ("0.11.1", "VLLM_USE_V1", "0", "dead"),
        ("0.10.0", "VLLM_ATTENTION_BACKEND", "FLASH", "read"),  # passed over without a word
        ("0.10.1", "VLLM_ATTENTION_BACKEND", "FLASH", "invalid"),
        ("0.11.0", "VLLM_ATTENTION_BACKEND", "FLASH", "invalid"),
        ("0.11.0", "VLLM_ATTENTION_BACKEND", "FLASH_ATTN", "read"),
        ("0.11.0", "VLLM_ATTENTION_BACKEND", None, "read"),
        ("0.10.2", "VLLM_ATTENTION_BACKEND", "FLASH_ATTN_VLLM_V1", "read"),
        ("0.11.0", "VLLM_ATTENTION_BACKEND", "FLASH_ATTN_VLLM_V1", "invalid"),
        ("0.14.1", "VLLM_ATTENTION_BACKEND", "PALLAS", "invalid"),
        ("0.15.0", "VLLM_ATTENTION_BACKEND", "FLASH", "dead"),
    ],
)
def test_word_that_a_release_ends_at_is_refused(version: str, name: str, value: str | None, outcome: str) -> None:
    """The server of 0.11.0 asserts engine V1; names of attention backends are those of the release."""
    (variable,) = read(version, name, value)

    assert variable.outcome == outcome
