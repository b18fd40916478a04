"""What a command installs over the engine of its image."""

import pytest

from skewguard.knowledge.engines.installs import installed
from skewguard.language.workloads import Invocation
from tests.knowledge.engines.vllm_cases import tokens


def of(*commands: str, certain: bool = True) -> tuple[str | None, bool] | None:
    """(version, certain) of what some commands install."""
    starts = [Invocation(tokens(*command.split()), "shell", certain) for command in commands]
    found = installed("vllm", starts)
    return None if found is None else (found.version, found.certain)


@pytest.mark.parametrize(
    ("command", "version"),
    [
        ("pip3.12 install vllm===0.9.2", "0.9.2"),
        ("uv pip install -U vllm==0.9.2", "0.9.2"),
        ("uv run --with vllm==0.9.2 vllm serve m", "0.9.2"),
        ("uvx --from vllm==0.9.2 vllm serve m", "0.9.2"),
        ("uvx --from vllm vllm serve m", None),
        ("pip install --pre vllm", None),
        ("pip install vllm~=0.9.0", None),
        ("pip install -e /src/vllm", None),
        ("pip install vllm@https://example.com/x.tar.gz", None),
    ],
)
def test_requirement_names_the_version_or_leaves_it_open(command: str, version: str | None) -> None:
    """Only an exact version is one."""
    assert (version, True) == of(command)


@pytest.mark.parametrize(
    "command",
    [
        "pip install vllm",
        "pip download vllm==0.9.2",
        "pip install -r vllm==0.9.2",
        "pip install --target vllm==0.9.2 accelerate",
        "pip install vllm-ascend==0.9.2",
        "pip install https://example.com/flash_attn-2.7.0-cp38-abi3-linux_x86_64.whl",
        "echo install vllm==0.9.2",
    ],
)
def test_command_that_changes_nothing_of_the_engine_is_none(command: str) -> None:
    """Other packages, other programs, and what the image has already."""
    assert of(command) is None


def test_last_installation_counts_and_one_in_doubt_leaves_all_in_doubt() -> None:
    """The second of two overwrites the first."""
    assert ("0.10.0", True) == of("pip install vllm==0.9.2", "pip install vllm==0.10.0")
    assert ("0.9.2", False) == of("pip install vllm==0.9.2", certain=False)
