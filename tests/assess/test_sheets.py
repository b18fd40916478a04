"""The sheet of a container: what the manifest says around the engine, and what it leaves open."""

import pytest

from skewguard.language.facts import Fact, Gap
from tests.assess.laid_out import case, clauses, effective, verdicts
from tests.assess.laid_out import findings as found_in

GPU = "args: [--model, m, --tensor-parallel-size, '4']\nresources: {limits: {nvidia.com/gpu: %s}}"
COUNT = "hardware.gpu_count"


@pytest.mark.parametrize("amount", ["$(N)", "500m", "'-1'", "four"])
def test_gpu_amount_that_is_no_number_is_a_gap(amount: str) -> None:
    """A placeholder or a fraction of a GPU is no count, and certainly not none."""
    found = effective(case(GPU % amount), COUNT)

    assert isinstance(found, Gap)
    assert ("quantity", "a whole number for nvidia.com/gpu") == (found.rule, found.would_need)


def test_gpu_amount_that_is_no_number_leaves_parallelism_and_contract_unknown() -> None:
    """Neither the check of the GPUs nor the promise of their number may call it good."""
    manifest = case(GPU % "$(N)")

    assert ("parallel.too-few-gpus", "unknown") in verdicts(found_in(manifest))
    assert {COUNT: "unknown"} == clauses(manifest, "hardware: {gpu_count: 4}")


def test_devices_of_a_resource_claim_are_not_counted_as_none() -> None:
    """A claim gives devices that the manifest does not count."""
    found = effective(case("args: [--model, m]\nresources: {claims: [{name: gpu}]}"), COUNT)

    assert isinstance(found, Gap)
    assert "claim" == found.rule


def test_gpu_amounts_that_are_numbers_are_facts() -> None:
    """Four GPUs are four, and a container that asks for none asks for 0."""
    counts = [effective(case(text), COUNT) for text in (GPU % "4", "args: [--model, m]")]

    assert [4, 0] == [item.value for item in counts if isinstance(item, Fact)]


def test_slice_of_a_gpu_has_the_memory_of_its_profile() -> None:
    """An H100 named by a label, and a MIG slice of it asked for: 10 GB do not take the batch of 80."""
    node = "nodeSelector: {nvidia.com/gpu.product: NVIDIA-H100-80GB-HBM3}"
    found = case("args: [--model, m]\nresources: {limits: {nvidia.com/mig-1g.10gb: 1}}", pod=node)

    assert "H100-80GB-SXM MIG 1g.10gb" == getattr(effective(found, "hardware.gpu_class"), "value", None)
    assert 256 == getattr(effective(found, "limits.max_num_seqs"), "value", None)
