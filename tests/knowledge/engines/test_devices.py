"""What GPUs did, from an exporter's page and from what drivers' programs print."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skewguard.knowledge.engines.live import devices
from skewguard.knowledge.engines.live.devices import Used

MIB = 2**20
PAGE = b"""# HELP DCGM_FI_DEV_GPU_UTIL GPU utilization (in %).
# TYPE DCGM_FI_DEV_GPU_UTIL gauge
DCGM_FI_DEV_GPU_UTIL{gpu="0",UUID="GPU-a",device="nvidia0",Hostname="n1",container="vllm",namespace="prod",pod="chat-0"} 87
DCGM_FI_DEV_GPU_UTIL{gpu="1",UUID="GPU-b",device="nvidia1",Hostname="n1",container="vllm",namespace="prod",pod="other"} 12
# HELP DCGM_FI_DEV_FB_USED Framebuffer memory used (in MiB).
# TYPE DCGM_FI_DEV_FB_USED gauge
DCGM_FI_DEV_FB_USED{gpu="0",UUID="GPU-a",device="nvidia0",Hostname="n1",container="vllm",namespace="prod",pod="chat-0"} 72000
DCGM_FI_DEV_FB_USED{gpu="1",UUID="GPU-b",device="nvidia1",Hostname="n1",container="vllm",namespace="prod",pod="other"} 100
"""


def test_exporter_shows_the_gpus_of_the_pods_that_are_meant() -> None:
    """Percent are shares, and MiB bytes."""
    assert devices.dcgm(PAGE, "prod", ("chat-0",)) == Used((0.87,), (72000.0 * MIB,))
    assert devices.dcgm(PAGE) == Used((0.87, 0.12), (72000.0 * MIB, 100.0 * MIB))
    assert devices.dcgm(PAGE, "dev", ("chat-0",)).empty


def test_partition_has_its_profiling_ratio() -> None:
    """A MIG instance has no utilisation; two of one GPU are two."""
    page = b"""DCGM_FI_PROF_GR_ENGINE_ACTIVE{gpu="0",UUID="GPU-a",GPU_I_ID="1"} 0.5
DCGM_FI_PROF_GR_ENGINE_ACTIVE{gpu="0",UUID="GPU-a",GPU_I_ID="2"} 0.25
"""
    assert devices.dcgm(page) == Used((0.5, 0.25), ())


@pytest.mark.parametrize("blank", ["9223372036854775794", "2147483632", "140737488355328", "NaN", "-1"])
def test_value_that_dcgm_does_not_have_is_none(blank: str) -> None:
    """Its blanks are huge numbers, and no memory that is full."""
    page = f'DCGM_FI_DEV_GPU_UTIL{{gpu="0"}} {blank}\nDCGM_FI_DEV_FB_USED{{gpu="0"}} {blank}\n'

    assert devices.dcgm(page.encode()).empty


def test_nvidia_smi_prints_percent_and_mebibytes() -> None:
    """A line for each GPU; a partition has no utilisation."""
    assert devices.nvidia_smi("35, 10240\n[N/A], 20480\n") == Used((0.35,), (10240.0 * MIB, 20480.0 * MIB))


def test_rocm_smi_prints_json() -> None:
    """A card for each GPU, beside what concerns the system."""
    text = '{"card0": {"GPU use (%)": "50", "VRAM Total Used Memory (B)": "1000"}, "system": {"Driver version": "6"}}'

    assert devices.rocm_smi(text) == Used((0.5,), (1000.0,))


@given(st.text(max_size=200))
def test_whatever_a_program_prints_is_read(text: str) -> None:
    """Nothing that is printed breaks the reader, or shows more than a whole GPU at work."""
    for used in (devices.nvidia_smi(text), devices.rocm_smi(text), devices.dcgm(text.encode())):
        assert all(0 <= share <= 1 for share in used.utilization)
