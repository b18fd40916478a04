"""Whether one value keeps one promise."""

from typing import Any

import pytest

from skewguard.knowledge.contract import comparing
from skewguard.knowledge.contract.values import (
    Anything,
    Exactly,
    Nothing,
    OneOf,
    Promise,
    Range,
    Unset,
    Versions,
)

HEX = "ab" * 32


@pytest.mark.parametrize(
    ("setting", "promise", "value", "kept"),
    [
        ("limits.max_num_seqs", Exactly(256), 256, True),
        ("limits.max_num_seqs", Exactly(256), 512, False),
        ("limits.max_num_seqs", Exactly(1), True, False),
        ("limits.max_num_seqs", Range(None, 256), 256, True),
        ("limits.max_num_seqs", Range(None, 256), 257, False),
        ("limits.max_num_seqs", Range(8, None), 7, False),
        ("limits.max_num_seqs", Range(8, 16), 12, True),
        ("limits.max_num_seqs", Range(None, 256), "auto", None),
        ("limits.max_num_seqs", Range(None, 256), None, False),
        ("limits.max_queue", Range(8, None), None, True),
        ("limits.max_queue", Range(8, 9), None, False),
        ("serving.request_timeout", Exactly(600.0), 600, True),
        ("serving.request_timeout", Range(600.0, None), 60.0, False),
        ("serving.request_timeout", Range(600.0, None), None, True),
        ("runtime.dtype", Exactly("float16"), "half", True),
        ("runtime.dtype", Exactly("bf16"), "torch.bfloat16", True),
        ("runtime.dtype", Exactly("bfloat16"), "float16", False),
        ("runtime.quantization", Exactly("AWQ"), "awq", True),
        ("runtime.quantization", Nothing(), None, True),
        ("runtime.quantization", Nothing(), "fp8", False),
        ("runtime.quantization", Exactly("fp8"), None, False),
        ("runtime.quantization", OneOf((Nothing(), Exactly("fp8"))), "fp8", True),
        ("runtime.quantization", OneOf((Nothing(), Exactly("fp8"))), "awq", False),
        ("runtime.prefix_caching", Exactly(True), True, True),
        ("runtime.prefix_caching", Exactly(True), 1, False),
        ("runtime.version", Exactly("0.11"), "0.11.0", True),
        ("runtime.version", Exactly("0.11.0"), "v0.11.0", True),
        ("runtime.version", Exactly("0.11.0"), "0.11.0+cu128", True),
        ("runtime.version", Exactly("0.11.0+cu126"), "0.11.0+cu128", False),
        ("runtime.version", Exactly("0.11.0"), "0.11.1", False),
        ("runtime.version", Exactly("0.11.0"), "nightly", False),
        ("runtime.version", Exactly("nightly"), "nightly", True),
        ("runtime.version", Versions(">=0.11,<0.12"), "0.11.2", True),
        ("runtime.version", Versions(">=0.11,<0.12"), "0.12.0", False),
        ("runtime.version", Versions(">=0.11,<0.12"), "0.12.0rc1", False),
        ("runtime.version", Versions(">=0.11,<0.12"), "nightly", None),
        ("runtime.version", Versions(">=0.11,<0.12"), None, False),
        ("runtime.image_digest", Exactly(f"sha256:{HEX}"), HEX.upper(), True),
        ("runtime.image_digest", Exactly(HEX), f"sha256:{HEX}", True),
        ("runtime.image_digest", Exactly(HEX), "sha256:" + "cd" * 32, False),
        ("model.revision", Exactly("main"), "Main", False),
        ("model.lora", Exactly(["b", "a"]), ["a", "b"], True),
        ("model.lora", Exactly(["b"]), ["a", "b"], False),
        ("model.served_name", Exactly("chat"), ["chat"], True),
        ("model.served_name", Exactly("chat"), ["chat", "other"], False),
        ("model.served_name", Exactly(["a", "b"]), ["b", "a"], False),
        ("runtime.hf_overrides", Exactly({"a": 1}), {"a": 1.0}, True),
        ("runtime.hf_overrides", Exactly({"a": 1}), {"a": True}, False),
        ("autoscaling.signal", OneOf((Exactly("queue"), Exactly("concurrency"))), ["queue", "concurrency"], True),
        ("autoscaling.signal", OneOf((Exactly("queue"), Exactly("concurrency"))), ["queue", "cpu"], False),
        ("autoscaling.signal", Exactly(["cpu", "queue"]), ["queue", "cpu"], True),
        ("hardware.gpu_memory", Range(80 * 2**30, None), 81559 * 2**20, True),
        ("hardware.gpu_memory", Exactly(80 * 10**9), 81559 * 2**20, True),
        ("hardware.gpu_memory", Range(80 * 2**30, None), 46068 * 2**20, False),
        ("hardware.gpu_memory", Exactly(80 * 2**30), 143771 * 2**20, False),
        ("vllm.max_lora_rank", Exactly(16, "16"), 16, True),
        ("vllm.max_lora_rank", Exactly("16", "16"), 16, True),
        ("vllm.max_lora_rank", Exactly(16, "16"), 32, False),
        ("vllm.x", Exactly(True, "true"), True, True),
        ("vllm.x", Exactly("True", "True"), True, True),
        ("vllm.x", Exactly({"level": 3}), {"level": 3}, True),
        ("vllm.x", Exactly({"level": 3}), {"level": 2}, False),
        ("vllm.x", Exactly("None", "None"), None, False),
        ("vllm.x", Anything(), "whatever", True),
        ("vllm.x", Unset(), "auto", True),
        ("vllm.x", Unset(), 3, None),
    ],
)
def test_promise_is_kept_or_not(setting: str, promise: Promise, value: Any, kept: bool | None) -> None:
    """Values are compared in the form the vocabulary gives them."""
    assert kept is comparing.kept(setting, promise, value)


@pytest.mark.parametrize(
    ("promised", "found", "kept"),
    [
        ("H100-80GB", "NVIDIA-H100-80GB-HBM3", True),
        ("H100-80GB", "nvidia-h100-80gb", True),
        ("H100-80GB", "NVIDIA-H100-PCIe", True),
        ("H100-80GB-SXM", "NVIDIA-H100-80GB-HBM3", True),
        ("H100-80GB-SXM", "NVIDIA-H100-PCIe", False),
        ("H100-80GB-SXM", "nvidia-h100-80gb", None),
        ("H100-80GB", "NVIDIA-A100-SXM4-80GB", False),
        ("A100-80GB", "A100", None),
        ("A100", "A100-40GB", True),
        ("acme-1", "ACME-1", True),
        ("acme-1", "H200", None),
    ],
)
def test_gpu_class_is_compared_and_not_its_spelling(promised: str, found: str, kept: bool | None) -> None:
    """A promise without a form factor is kept by each; one that names it by that one alone."""
    assert kept is comparing.kept("hardware.gpu_class", Exactly(promised), found)
