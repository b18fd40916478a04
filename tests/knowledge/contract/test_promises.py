"""What stands in a clause, and what it promises."""

import pytest

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
from tests.knowledge.contract.texts import clause, complaints, contract_text

DIGEST = "sha256:" + "ab" * 32


@pytest.mark.parametrize(
    ("body", "setting", "promise"),
    [
        ("limits: {max_model_len: 32768}", "limits.max_model_len", Exactly(32768, "32768")),
        ("limits: {max_model_len: 32k}", "limits.max_model_len", Exactly(32000, "32k")),
        ("limits: {max_model_len: '32K'}", "limits.max_model_len", Exactly(32768, "32K")),
        ("limits: {max_num_seqs: {max: 256}}", "limits.max_num_seqs", Range(None, 256)),
        ("limits: {max_num_seqs: {min: 8, max: 1k}}", "limits.max_num_seqs", Range(8, 1000)),
        ("serving: {request_timeout: {min: 600s}}", "serving.request_timeout", Range(600.0, None)),
        ("serving: {request_timeout: 10m}", "serving.request_timeout", Exactly(600.0, "10m")),
        ("hardware: {gpu_memory: {min: 80GiB}}", "hardware.gpu_memory", Range(80 * 2**30, None)),
        ("runtime: {dtype: bfloat16}", "runtime.dtype", Exactly("bfloat16", "bfloat16")),
        ("runtime: {quantization: null}", "runtime.quantization", Nothing()),
        ("runtime: {quantization: ~}", "runtime.quantization", Nothing()),
        ("runtime: {quantization: 'null'}", "runtime.quantization", Exactly("null", "null")),
        ("runtime: {quantization: unset}", "runtime.quantization", Unset()),
        ("runtime: {quantization: 'unset'}", "runtime.quantization", Exactly("unset", "unset")),
        ("runtime: {quantization: {equals: unset}}", "runtime.quantization", Exactly("unset", "unset")),
        ("runtime: {quantization: any}", "runtime.quantization", Anything()),
        ("runtime: {quantization: [null, fp8]}", "runtime.quantization", OneOf((Nothing(), Exactly("fp8", "fp8")))),
        ("runtime: {prefix_caching: true}", "runtime.prefix_caching", Exactly(True, "true")),
        ("runtime: {prefix_caching: 'no'}", "runtime.prefix_caching", Exactly(False, "no")),
        ("runtime: {gpu_memory_utilization: 0.90}", "runtime.gpu_memory_utilization", Exactly(0.9, "0.90")),
        ("runtime: {version: 0.11}", "runtime.version", Exactly("0.11", "0.11")),
        ("runtime: {version: '>=0.11,<0.12'}", "runtime.version", Versions(">=0.11,<0.12")),
        ("runtime: {version: '~=0.11.0'}", "runtime.version", Versions("~=0.11.0")),
        ("runtime: {version: '==0.11.*'}", "runtime.version", Versions("==0.11.*")),
        ("runtime: {version: '>=0.11,<=0.11.0'}", "runtime.version", Versions(">=0.11,<=0.11.0")),
        ("runtime: {version: '>0.9,<0.10,!=0.9.1'}", "runtime.version", Versions(">0.9,<0.10,!=0.9.1")),
        ("runtime: {version: b4567}", "runtime.version", Exactly("b4567", "b4567")),
        ("runtime: {version: v0.11.0rc1+cu129}", "runtime.version", Exactly("v0.11.0rc1+cu129", "v0.11.0rc1+cu129")),
        ("limits: {max_model_len: -1}", "limits.max_model_len", Exactly(-1, "-1")),
        ("parallelism: {tensor: 0}", "parallelism.tensor", Exactly(0, "0")),
        ("runtime: {gpu_memory_utilization: '1'}", "runtime.gpu_memory_utilization", Exactly(1.0, "1")),
        ("runtime: {gpu_memory_utilization: {min: .5}}", "runtime.gpu_memory_utilization", Range(0.5, None)),
        ("autoscaling: {signal: [queue, kv-cache]}", "autoscaling.signal",
         OneOf((Exactly("queue", "queue"), Exactly("kv-cache", "kv-cache")))),
        ("autoscaling: {signal: {equals: [queue, gpu]}}", "autoscaling.signal", Exactly(["queue", "gpu"])),
        ("runtime: {version: ['0.11.0', '>=0.12']}", "runtime.version",
         OneOf((Exactly("0.11.0", "0.11.0"), Versions(">=0.12")))),
        (f"runtime: {{image_digest: {DIGEST}}}", "runtime.image_digest", Exactly(DIGEST, DIGEST)),
        ("hardware: {gpu_class: [H100-80GB, H200]}", "hardware.gpu_class",
         OneOf((Exactly("H100-80GB", "H100-80GB"), Exactly("H200", "H200")))),
        ("model: {lora: {equals: [a, b]}}", "model.lora", Exactly(["a", "b"])),
        ("model: {served_name: {equals: [a, b]}}", "model.served_name", Exactly(["a", "b"])),
        ('tokenizer: {reasoning_parser: {equals: ""}}', "tokenizer.reasoning_parser", Exactly("")),
        ("model: {id: 0123}", "model.id", Exactly("0123", "0123")),
        ("runtime: {hf_overrides: {equals: {a: 1}}}", "runtime.hf_overrides", Exactly({"a": 1})),
        ("engine_settings: {vllm.compilation_config: {equals: {level: 3}}}", "vllm.compilation_config",
         Exactly({"level": 3})),
        ("engine_settings: {vllm.max_lora_rank: 16}", "vllm.max_lora_rank", Exactly(16, "16")),
        ("engine_settings: {vllm.max_lora_rank: {max: 16}}", "vllm.max_lora_rank", Range(None, 16)),
        ("engine_settings: {vllm.env.VLLM_USE_V1: 1}", "vllm.env.VLLM_USE_V1", Exactly("1", "1")),
        ("engine_settings: {vllm.*: unset}", "vllm.*", Unset()),
    ],
)  # fmt: skip
def test_promise_is_read(body: str, setting: str, promise: Promise) -> None:
    """Each way of writing a promise gives the promise of the row's type."""
    read = clause(body)

    assert (setting, promise) == (read.setting, read.promise)


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ("limits: {max_num_seqs: lots}", "6:26 limits.max_num_seqs is an integer, not 'lots' (for example 256 or 32k)"),
        ("limits: {max_num_seqs: auto}",
         "6:26 limits.max_num_seqs is an integer, not 'auto' (write unset to leave it to the engine)"),
        ("limits: {max_num_seqs: }",
         ("6:26 limits.max_num_seqs has no value (write null to promise that it is explicitly none, "
         "unset to leave it to the engine, or remove the line)")),
        ("limits: {max_num_seqs: {min: 9, max: 2}}",
         "6:26 limits.max_num_seqs: min is greater than max, so nothing can keep it"),
        ("limits: {max_num_seqs: {maximum: 2}}",
         "6:27 limits.max_num_seqs cannot be promised with 'maximum' (did you mean max?)"),
        ("limits: {max_num_seqs: {}}", "6:26 limits.max_num_seqs: write either {min: …, max: …} or {equals: …}"),
        ("limits: {max_num_seqs: {min: 1, equals: 2}}",
         "6:26 limits.max_num_seqs: write either {min: …, max: …} or {equals: …}"),
        ("limits: {max_num_seqs: {equals: [1]}}", "6:35 limits.max_num_seqs is an integer, not a list"),
        ("limits: {max_num_seqs: []}",
         "6:26 limits.max_num_seqs is one of nothing (list the allowed values, or remove the line)"),
        ("limits: {max_num_seqs: [[1]]}",
         "6:27 limits.max_num_seqs: a list inside a list means nothing (write {equals: [...]})"),
        ("runtime: {dtype: {min: 3}}", "6:20 runtime.dtype is a string and has no range (list the values)"),
        ("runtime: {version: {min: 3}}",
         '6:22 runtime.version is a version and has no range (a version range is a text such as ">=0.11,<0.12")'),
        ("runtime: {version: '>=zero'}",
         "6:22 runtime.version: '>=zero' is no version range (write it as PEP 440 does: \">=0.11,<0.12\")"),
        ("runtime: {image_digest: abc}",
         "6:27 runtime.image_digest is a sha256 digest of 64 hex digits, not 'abc'"),
        ("runtime: {version: banana}",
         "6:22 runtime.version is one version, not 'banana' (for example 0.11.0, or a range such as \">=0.11,<0.12\")"),
        ("runtime: {version: '0.11,0.12'}",
         "6:22 runtime.version is one version, not '0.11,0.12' (for example 0.11.0, or a range such as \">=0.11,<0.12\")"),
        ("runtime: {version: 0.11.x}",
         "6:22 runtime.version is one version, not '0.11.x' (for all of a series write \"==0.11.*\")"),
        ("runtime: {version: '>=0.12,<0.11'}",
         "6:22 runtime.version: '>=0.12,<0.11' excludes every version, so nothing can keep it"),
        ("runtime: {version: '> 0.11.0, <= 0.11'}",
         "6:22 runtime.version: '> 0.11.0, <= 0.11' excludes every version, so nothing can keep it"),
        ("runtime: {gpu_memory_utilization: 95}",
         "6:37 runtime.gpu_memory_utilization is a share from 0 to 1, not '95' (write 0.95)"),
        ("runtime: {gpu_memory_utilization: {max: -0.1}}",
         "6:43 runtime.gpu_memory_utilization is a share from 0 to 1, not '-0.1'"),
        ("parallelism: {tensor: -1}", "6:25 parallelism.tensor cannot be negative, not '-1'"),
        ("hardware: {gpu_count: [1, -2]}", "6:29 hardware.gpu_count cannot be negative, not '-2'"),
        ("autoscaling: {signal: [queue, concurency]}",
         "6:33 autoscaling.signal: 'concurency' is not known (did you mean concurrency?)"),
        ("runtime: {gpu_memory_utilization: nan}",
         "6:37 runtime.gpu_memory_utilization must be a finite number, not 'nan'"),
        ("runtime: {hf_overrides: [a]}",
         "6:27 runtime.hf_overrides is a mapping, and a bare list means one of (write {equals: [...]} instead)"),
        ("runtime: {hf_overrides: {equals: [a]}}", "6:36 runtime.hf_overrides is a mapping, not a list"),
        ("model: {lora: a}", "6:17 model.lora is a list (write {equals: …} with the whole list)"),
        ("model: {id: ''}", '6:15 model.id must not be empty (remove the line, or write null, unset or {equals: ""})'),
        ("hardware: {gpu_class: [any, H200]}", "6:26 hardware.gpu_class: `any` in a list makes the whole list mean nothing"),
    ],
)  # fmt: skip
def test_promise_that_cannot_be_meant_is_told_with_its_place(body: str, complaint: str) -> None:
    """A clause of the wrong type or shape is one mistake, at the value, with what to write instead."""
    assert [complaint] == complaints(contract_text(body))
