"""What SGLang says of itself: `/server_info`, `/model_info`, `/v1/models`, `/v1/loads`, `/metrics`, and its log.

Read in the sources of releases 0.4.0 to 0.5.23 (`srt/entrypoints/http_server.py`, `srt/managers/scheduler.py`,
`srt/server_args.py`), and held to recordings of 0.5.23. The record of `/server_info` is what the main process resolved: of
number formats, lengths and limits it only repeats what was asked for, and the log or other endpoints say what came of it.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import DecodeError, json

from skewguard.knowledge.engines import versions
from skewguard.knowledge.engines.live import metrics, printed, settling, shapes
from skewguard.knowledge.engines.live.interface import Endpoint, Heard, Said
from skewguard.knowledge.engines.live.log_lines import Line
from skewguard.knowledge.engines.live.settling import Field

NAME = "sglang"
READS_LOGS = True

OWN = frozenset((
    "host", "port", "nccl_port", "dist_init_addr", "node_rank", "base_gpu_id", "grpc_port", "smg_http_sidecar_port",
    "disaggregation_bootstrap_port", "engine_info_bootstrap_port", "encoder_bootstrap_port", "random_seed", "gated_launch_port",
    "max_total_num_tokens", "forward_pass_metrics_worker_id", "forward_pass_metrics_ipc_name", "numa_node", "crash_dump_folder",
))  # fmt: skip
"""Addresses and ranks of a process, what it measured at its start, and the seed that it draws anew."""
SHOWN = frozenset(("max_total_num_tokens", "default_sampling_params"))

_ASKED = (
    "dtype", "kv_cache_dtype", "quantization", "revision", "context_length", "max_running_requests",
    "json_model_override_args", "chat_template", "download_dir",
)  # fmt: skip
_TURNED = (
    "attention_backend", "decode_attention_backend", "prefill_attention_backend", "chunked_prefill_size",
    "disable_radix_cache", "disable_cuda_graph", "disable_chunked_prefix_cache", "mem_fraction_static",
)  # fmt: skip
"""What the schedulers of releases before 0.5.17 decided anew for some models and backends, each in its own process
(`ModelRunner.model_specific_adjustment`), so that the main process still shows what it was started with."""
_DECIDED = "0.5.17"


def _fields(echoes: tuple[str, ...]) -> Field:
    return Field(
        NAME,
        echoes=echoes,
        measured=("max_total_num_tokens",),
        mappings=("json_model_override_args",),
        passed_over=("random_seed",),
    )


_FIELDS, _BEFORE = _fields(_ASKED), _fields(_ASKED + _TURNED)
"""The fields of a record that is final, and of one that the schedulers may have changed."""
_EFFECTIVE = Field(NAME, measured=("max_total_num_tokens",))
"""Fields of answers that show what came of a setting, whatever the record repeats."""

# ---- endpoints -----------------------------------------------------------------------------------------------------


def read_server_info(answer: Any) -> Heard:
    """`GET /server_info`: the record of arguments as resolved, and above it what each scheduler made of it."""
    if not isinstance(answer, dict) or "model_path" not in answer:
        return Heard(troubles=("it is no record of SGLang's arguments",))
    release = shapes.text(answer, "version")
    said = [*_record(answer, final=_is_final(release))]
    schedulers = shapes.listed(answer, "internal_states")
    shared, differing = _shared(schedulers) if schedulers else ({}, [])
    said += _record(shared)
    limit = None if _copies(answer) else shared.get("effective_max_running_requests_per_dp")
    said += _EFFECTIVE.all({"max_running_requests": limit})
    return Heard(
        settling.latest(said),
        release,
        troubles=(f"the schedulers of this process differ in {', '.join(differing)}",) if differing else (),
        undecided=_FIELDS.undecided(answer, ("dtype", "kv_cache_dtype")),
    )


def _shared(states: Sequence[Mapping[str, Any]]) -> tuple[dict[str, Any], list[str]]:
    """What the schedulers of all data-parallel ranks say alike, and the settings in which they differ."""
    first = states[0]
    alike = {name: value for name, value in first.items() if all(other.get(name, ...) == value for other in states)}
    differing = [name for name in first if name not in alike and _FIELDS.one(name, first[name]) and name not in OWN]
    return alike, differing[:20]


def _is_final(release: str | None) -> bool:
    return release is not None and versions.key(release) is not None and versions.since(release, _DECIDED)


def _record(fields: Mapping[str, Any], line: int | None = None, *, final: bool = True) -> Iterator[Said]:
    """A record of arguments; what is not `final` only repeats what the schedulers began with. With data-parallel attention `dp_size` counts ranks inside one copy of the engine."""
    overrides = fields.get("json_model_override_args")
    known = {**fields, "disable_cuda_graph": _graphless(fields)}
    if isinstance(overrides, str):
        known["json_model_override_args"] = _decoded(overrides)
    for each in (_FIELDS if final else _BEFORE).all(known, line=line):
        inside = each.setting == "parallelism.data" and fields.get("enable_dp_attention") is True
        yield Said("sglang.dp_size", each.value, each.effective, line) if inside else each


def _graphless(fields: Mapping[str, Any]) -> bool | None:
    """Whether decoding runs without CUDA graphs. The switch alone does not tell: attention backends turn them off too."""
    found = fields.get("cuda_graph_config")
    decode = found.get("decode") if isinstance(found, dict) else None
    backend = shapes.text(decode, "backend")
    if backend is not None:
        return backend == "disabled"
    return True if fields.get("disable_cuda_graph") is True else None


def _copies(fields: Mapping[str, Any]) -> bool:
    """Whether a limit of the whole server is divided between data-parallel ranks, which each tell their part."""
    return bool(fields.get("dp_size", 1) != 1)


def _decoded(text: str) -> Any:
    try:
        return json.decode(text)
    except (DecodeError, RecursionError):
        return None


def read_model_info(answer: Any) -> Heard:
    """`GET /model_info`: paths of model and tokenizer, the name it is served under, the version of its weights."""
    if not isinstance(answer, dict) or not isinstance(answer.get("model_path"), str):
        return Heard(troubles=("it names no model",))
    names = ("model_path", "tokenizer_path", "served_model_name", "load_format", "reasoning_parser", "tool_call_parser",
             "weight_version")  # fmt: skip
    return Heard(tuple(_FIELDS.all({name: answer.get(name) for name in names})))


def read_models(answer: Any) -> Heard:
    """`GET /v1/models`: the name, and from 0.4.6 on the length. `root` is the name again, not the path."""
    models = shapes.served(answer)
    if not models:
        return Heard(troubles=("it names no model",))
    fields = {"served_model_name": models[0]["id"], "context_length": shapes.count(models[0].get("max_model_len"))}
    return Heard(tuple(_EFFECTIVE.all(fields)))


def read_loads(answer: Any) -> Heard:
    """`GET /v1/loads`: how many requests are taken at once, as it came out; of several ranks each tells its part of it."""
    ranks = shapes.listed(answer, "loads")
    limit = shapes.count(ranks[0].get("max_running_requests")) if len(ranks) == 1 else None
    return Heard(tuple(_EFFECTIVE.all({"max_running_requests": limit})), shapes.text(answer, "version"))


def read_metrics(page: bytes) -> Heard:
    """`GET /metrics`: length, size of a page, and the tokens that the KV cache holds, where all ranks agree."""
    found: dict[str, set[float]] = {}
    for each in metrics.series(page, _METRICS):
        found.setdefault(_METRICS[each.name], set()).add(each.value)
    whole = {dest: int(next(iter(values))) for dest, values in found.items() if len(values) == 1 and _whole(values)}
    return Heard(tuple(_EFFECTIVE.all(whole)))


_METRICS = {
    "sglang:context_len": "context_length",
    "sglang:page_size": "page_size",
    "sglang:max_total_num_tokens": "max_total_num_tokens",
}


def _whole(values: set[float]) -> bool:
    return all(0 < value < 1e15 and value.is_integer() for value in values)


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        "/server_info",
        read_server_info,
        instead="/get_server_info",
        hides=("model.revision", "parallelism.tensor", "runtime.prefix_caching", "runtime.quantization"),
    ),
    Endpoint("/model_info", read_model_info, instead="/get_model_info", hides=("model.id", "tokenizer.id")),
    Endpoint("/v1/models", read_models, hides=("model.served_name", "limits.max_model_len")),
    Endpoint(
        "/v1/loads",
        read_loads,
        optional=True,
        absent="this release does not have it",
        hides=("limits.max_num_seqs",),
    ),
    Endpoint(
        "/metrics",
        read_metrics,
        form="metrics",
        optional=True,
        absent="it answers with --enable-metrics alone",
        hides=("runtime.block_size",),
    ),
)


def recognised(path: str, answer: Any) -> bool:
    """SGLang says so itself as the owner of its models, and in what it names its metrics and arguments after."""
    if isinstance(answer, bytes):
        return path == "/metrics" and metrics.begins_with(answer, "sglang:")
    if not isinstance(answer, dict):
        return False
    if path in ("/server_info", "/get_server_info"):
        return {"model_path", "tokenizer_path", "mem_fraction_static"} <= answer.keys()
    return path == "/v1/models" and shapes.owner(answer, "sglang")


# ---- log -----------------------------------------------------------------------------------------------------------

_ARGS = re.compile(r"server_args=(?P<args>ServerArgs\(.*\)|\{.*\})")
_SCHEDULED = re.compile(r"max_total_num_tokens=\d+, ")
_CACHE = re.compile(r"KV Cache is allocated\.(?: dtype: torch\.(?P<dtype>\w+),)? #tokens: (?P<tokens>\d+)")
_WEIGHTS = re.compile(r"Load weight end\..*? dtype=torch\.(?P<dtype>\w+)")
_SAMPLING = re.compile(r"Using default chat sampling params from model generation config: (\{.*\})")


_FORMATS = ("runtime.dtype", "runtime.kv_cache_dtype")


def read_log(lines: Sequence[Line]) -> Heard | None:
    """The record of arguments, and the lines that say what came of lengths, limits and number formats.

    The KV cache has the model's own format where none was asked for, so that its line tells that of the weights too;
    older releases name that themselves when the weights are loaded. A draft model is loaded after the model and prints the
    same lines, so that the first counts. Only since 0.5.19 the record is printed as a dict, and is final.
    """
    said: list[Said] = []
    record: dict[str, Any] | None = None
    for line in lines:
        if args := _ARGS.fullmatch(line.message):
            record = printed.mapping(args["args"]) or {}
            said += _record(record, line.number, final=args["args"].startswith("{"))
        elif record is not None:
            told = {each.setting for each in said if each.effective and each.setting in _FORMATS}
            said += (each for each in _effects(line, record) if each.setting not in told)
    return None if record is None else Heard(settling.latest(said))


def _effects(line: Line, record: Mapping[str, Any]) -> Iterator[Said]:
    message = line.message
    if _SCHEDULED.match(message):
        found = printed.fields(message)
        names = {"context_len": "context_length"}
        wanted = ("max_total_num_tokens", "chunked_prefill_size", "max_prefill_tokens", "max_running_requests",
                  "context_len")  # fmt: skip
        told = {names.get(name, name): found.get(name) for name in wanted}
        yield from _EFFECTIVE.all(told | ({"max_running_requests": None} if _copies(record) else {}), line=line.number)
    elif cache := _CACHE.match(message):
        own = record.get("kv_cache_dtype") == "auto" and cache["dtype"] in ("bfloat16", "float16", "float32")
        formats = ("kv_cache_dtype", "dtype") if own else ("kv_cache_dtype",)
        yield from _EFFECTIVE.all(dict.fromkeys(formats, cache["dtype"]), line=line.number)
    elif weights := _WEIGHTS.match(message):
        yield from _EFFECTIVE.all({"dtype": weights["dtype"]}, line=line.number)
    elif sampling := _SAMPLING.match(message):
        values = printed.mapping(sampling[1])
        if values is not None:
            yield Said("sglang.default_sampling_params", values, effective=True, line=line.number)
