"""Speeds stand in the table with their sources, and nothing is said where no source is."""

import pytest

from skewguard.language import accelerator_sources, accelerator_speeds, accelerators
from skewguard.language.accelerator_speeds import Speed, speed


def found(text: str) -> Speed | None:
    accelerator = accelerators.find(text)
    assert accelerator is not None
    return speed(accelerator)


@pytest.mark.parametrize(
    ("text", "bandwidth"),
    [("NVIDIA-L4", 300e9), ("NVIDIA-A100-SXM4-80GB", 2039e9), ("NVIDIA-A100-80GB-PCIe", 1935e9), ("mi300x", 5300e9)],
)
def test_a_class_has_the_bandwidth_of_its_form(text: str, bandwidth: float) -> None:
    """Form factors of one class are told apart."""
    answer = found(text)
    assert answer is not None
    assert answer.bandwidth == bandwidth
    assert answer.source


def test_a_form_that_is_not_told_counts_where_all_are_alike() -> None:
    """Both forms of the A100 with 40 GB are as fast; those with 80 GB are not."""
    assert found("a100-40gb") is not None
    assert found("a100-80gb") is None


@pytest.mark.parametrize("text", ["A16", "NVIDIA-A100-SXM4-40GB-MIG-1g.5gb", "Tesla-T4-SHARED", "NVIDIA-A10-24Q"])
def test_what_no_page_says_is_none(text: str) -> None:
    """No data sheet, or only a part of the device."""
    assert found(text) is None


def test_a_format_without_a_figure_is_absent() -> None:
    """A T4 has no bfloat16, and none is made up."""
    answer = found("Tesla-T4")
    assert answer is not None
    assert dict(answer.flops) == {"float16": 65e12}


def test_forms_that_differ_in_arithmetic_alone_share_their_bandwidth() -> None:
    """An H200 of unknown form has the bandwidth of both, and no arithmetic that only one of them publishes."""
    answer = found("nvidia-h200-141gb")
    assert answer is not None
    assert (answer.bandwidth, dict(answer.flops)) == (4800e9, {})


def test_every_memory_has_a_source() -> None:
    """Each class says where its memory was taken from, and no other does."""
    assert set(accelerator_sources.MEMORY) == set(accelerators.names())


def test_every_row_is_a_class_and_form_that_exists() -> None:
    """The speeds know no class that the accelerators do not know, and each once."""
    rows = [(row[0], row[1]) for row in accelerator_speeds._TABLE]  # the table itself is what is tested
    assert len(rows) == len(set(rows))
    for name, form in rows:
        assert form in accelerators.forms(name)
