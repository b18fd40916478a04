"""What is resolved from arguments, release and checkpoint equals what real SGLang servers said they run with.

The servers ran SGLang 0.5.23 on CPUs with a small float32 checkpoint. Their own record is compared field by field
(`/server_info`, the scheduler's state in it, and the `server_args=` line of the log), with what the log says of values in
effect where the record only repeats what was asked for. What differs is listed in `docs/recordings.md`.
"""

import ast
import json
import re
from pathlib import Path
from typing import Any

import pytest

from skewguard.knowledge.engines import sglang
from skewguard.knowledge.engines.interface import Parsed
from skewguard.language import vocabulary
from skewguard.language.facts import Fact
from skewguard.language.sheet import Sheet
from tests.knowledge.engines import recordings
from tests.knowledge.engines.recordings import Compared, name_of, recorded
from tests.knowledge.engines.sglang_cases import exactly, parse

SERVERS = recordings.servers("sglang-*")
ONLY_ASKED = {"dtype": "auto", "kv_cache_dtype": "auto", "watermark_config": "<redacted>"}
"""What the record repeats of the arguments, and not what came of it."""
IN_EFFECT = {
    "chunked_prefill_size": r" chunked_prefill_size=(\d+)",
    "context_length": r" context_len=(\d+)",
    "max_prefill_tokens": r" max_prefill_tokens=(\d+)",
    "max_running_requests": r" max_running_requests=(\d+)",
}
"""What the log says is in effect, by destination."""


def parsed_of(path: Path) -> Parsed:
    """What its command line says to its release."""
    program, *words = recorded(path)["cmd"]
    return parse(path.parent.name.rpartition("-")[2], program.rpartition("/")[2], *words)


def sheet_of(path: Path) -> Sheet:
    """What is resolved of it."""
    return recordings.sheet_of(sglang, path, parsed_of(path), exactly(path.parent.name.rpartition("-")[2]))


def log_of(path: Path) -> str:
    """The lines of its log that were kept, without those that print the whole record."""
    return "\n".join(line for line in recorded(path)["log"] if "server_args=" not in line)


def said_of(path: Path) -> dict[str, Any]:
    """What the server said of each destination: the scheduler's own state counts over the record it was given."""
    server = recorded(path)
    said = {name: value for name, value in server["server_info"].items() if ONLY_ASKED.get(name, ...) != value}
    said |= {name: value for name, value in server["internal_state"].items() if name in said}
    said["json_model_override_args"] = json.loads(said["json_model_override_args"])
    (cache,) = re.findall(r"KV Cache is allocated\. dtype: torch\.(\w+)", log_of(path))
    said |= {"kv_cache_dtype": cache, "dtype": cache}  # `auto` means the model's own for the cache
    return said | {dest: int(re.findall(line, log_of(path))[0]) for dest, line in IN_EFFECT.items()}


def compared(path: Path) -> list[Compared]:
    """Every setting of the release that the server said something about."""
    return list(recordings.compared(sglang, path, sheet_of(path), said_of(path)))


def test_resolved_settings_equal_what_the_servers_said() -> None:
    """Nothing differs but what the page lists with its reason: of the vocabulary only what no input decides."""
    differing = recordings.rows(each for path in SERVERS for each in compared(path))
    listed = recordings.listed("SGLang")

    assert differing == set(listed)
    assert all(listed.values())
    assert {row.setting for row in listed if row.setting in vocabulary.BY_NAME} == {
        "limits.max_num_seqs",
        "runtime.seed",
    }


def test_no_value_is_wrong() -> None:
    """Whatever differs is told to be unknown: no value is given that the server contradicts."""
    wrong = [each for path in SERVERS for each in compared(path) if each.differs and isinstance(each.resolved, Fact)]

    assert wrong == []


def test_every_field_that_is_no_setting_is_listed() -> None:
    """What the servers show besides: the page names each, so that nothing they say is passed over in silence."""
    shown = {
        dest
        for path in SERVERS
        for dest in said_of(path)
        if vocabulary.named("sglang", dest) not in sheet_of(path).names()
    }

    assert shown == recordings.no_settings("SGLang")


@pytest.mark.parametrize("path", SERVERS, ids=name_of)
def test_enough_is_compared(path: Path) -> None:
    """Servers are held to more than five hundred settings each, most of them by value."""
    found = compared(path)

    assert len(found) >= 520
    assert sum(not each.differs for each in found) >= 490


@pytest.mark.parametrize("path", SERVERS, ids=name_of)
def test_log_prints_the_record_that_the_endpoint_gives(path: Path) -> None:
    """The `server_args=` line and `/server_info` say the same, so that either can be read."""
    server = recorded(path)
    line = next(line for line in server["log"] if "server_args=" in line)
    printed = ast.literal_eval(line.partition("server_args=")[2])

    assert {name: server["server_info"].get(name, ...) for name in printed} == printed


@pytest.mark.parametrize("path", SERVERS, ids=name_of)
def test_other_endpoints_agree(path: Path) -> None:
    """Model, tokenizer, name and length as `/model_info`, `/v1/models` and the metrics give them."""
    server, sheet = recorded(path), sheet_of(path)
    info, models = server["model_info"], server["models"]
    cache = info["embedding"]["cache"]
    expected = {
        "model.id": info["model_path"],
        "tokenizer.id": info["tokenizer_path"],
        "model.served_name": models["id"],
        "limits.max_model_len": models["max_model_len"],
        "runtime.load_format": info["load_format"],
        "runtime.prefix_caching": not cache["radix_cache_disabled"],
    }
    known = {name: sheet.effective(name) for name in expected}

    assert {name: fact.value for name, fact in known.items() if isinstance(fact, Fact)} == expected
    assert info["served_model_name"] == models["id"]
    assert server["metrics"]["context_len"] == models["max_model_len"]


@pytest.mark.parametrize("path", SERVERS, ids=name_of)
def test_requests_at_once_are_those_written_or_are_not_told(path: Path) -> None:
    """What is written is in effect (`/v1/loads`); unwritten it follows the size of the cache."""
    at_once = recorded(path)["loads"]["max_running_requests"]
    resolved = sheet_of(path).effective("limits.max_num_seqs")

    assert not isinstance(resolved, Fact) or resolved.value == at_once
    assert isinstance(resolved, Fact) is ("--max-running-requests" in recorded(path)["cmd"])


@pytest.mark.parametrize("path", SERVERS, ids=name_of)
def test_requests_are_sampled_as_the_log_says(path: Path) -> None:
    """What a request gets that names no sampling, taken from the model's files."""
    (said,) = re.findall(r"sampling params from model generation config: (\{.*\})", log_of(path))
    found = sheet_of(path).effective("sglang.default_sampling_params")

    assert isinstance(found, Fact)
    assert found.value == ast.literal_eval(said)
