"""What vLLM says of itself: `/version`, `/v1/models`, `/metrics`, `/server_info` in developer mode, and its log.

Read in the sources of releases 0.4.2 to 0.33.0 (`entrypoints/openai/api_server.py`, `v1/metrics/loggers.py`, `v1/engine/core.py`,
`config/`), and held to recordings of 0.17.1 and 0.32.0. In production nothing but the log's head shows the number format,
quantization, parallelism and the limit of requests: `/server_info` needs VLLM_SERVER_DEV_MODE, which opens endpoints that
stop and change the server, so nobody is asked to set it.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from skewguard.knowledge.engines.live import metrics, printed, settling, shapes
from skewguard.knowledge.engines.live.interface import Endpoint, Heard, Said
from skewguard.knowledge.engines.live.log_lines import Line
from skewguard.knowledge.engines.live.settling import Field

NAME = "vllm"
READS_LOGS = True

OWN = frozenset((
    "host", "port", "uds", "root_path", "api_server_count", "data_parallel_rank", "data_parallel_start_rank",
    "data_parallel_rpc_port", "data_parallel_address", "data_parallel_size_local", "master_addr", "master_port",
    "node_rank", "device_ids", "kv_cache_size_tokens", "num_gpu_blocks",
))  # fmt: skip
"""Addresses and ranks of a process, and what it measured at its start."""

SHOWN = frozenset((
    "kv_cache_size_tokens", "num_gpu_blocks", "kv_cache_bytes_per_token", "default_sampling_params", "loaded_adapters",
    "chat_template_sha256",
))  # fmt: skip

_FIELDS = Field(
    NAME,
    echoes=("revision", "code_revision", "tokenizer_revision", "override_generation_config", "hf_overrides",
            "chat_template", "download_dir"),
    nothing=("quantization", "speculative_config"),
    aliases={
        "max_seq_len": "max_model_len",
        "cache_dtype": "kv_cache_dtype",
        "policy": "scheduling_policy",
        "chunked_prefill_enabled": "enable_chunked_prefill",
    },
    mappings=("hf_overrides", "override_generation_config"),
    measured=("kv_cache_size_tokens", "num_gpu_blocks"),
    passed_over=("model_tag",),
)  # fmt: skip

# ---- endpoints -----------------------------------------------------------------------------------------------------


def read_models(answer: Any) -> Heard:
    """`GET /v1/models` since 0.6.2: names, length and, as `root`, the path of the model, also where it is served under another
    name. Loaded adapters have it as their parent, or (prompt adapters, which ended with 0.9) no length of their own.
    """
    models = _with_length(answer) or shapes.served(answer)
    if not models:
        return Heard(troubles=("it names no model",))
    said = [*_served(models), *_FIELDS.all({"model": models[0].get("root")})]
    others = [each.get("id") for each in shapes.listed(answer) if each not in models]
    adapters = sorted(name for name in others if isinstance(name, str))
    if adapters:
        said.append(Said("vllm.loaded_adapters", adapters, effective=True))
    return Heard(tuple(said))


def read_old_models(answer: Any) -> Heard:
    """`GET /v1/models` up to 0.6.1: names, and from 0.5.0 on the length. `root` is the first name again, of adapters too,
    which nothing but the missing length tells from models.
    """
    models = _with_length(answer) or shapes.served(answer)[:1]
    return Heard(tuple(_served(models))) if models else Heard(troubles=("it names no model",))


def _with_length(answer: Any) -> list[Mapping[str, Any]]:
    return [each for each in shapes.served(answer) if shapes.count(each.get("max_model_len")) is not None]


def _served(models: Sequence[Mapping[str, Any]]) -> Iterator[Said]:
    names = [each["id"] for each in models]
    length = shapes.count(models[0].get("max_model_len"))
    yield from _FIELDS.all({"served_model_name": names, "max_model_len": length})


def read_metrics(page: bytes) -> Heard:
    """`GET /metrics`: the labels of `vllm:cache_config_info`, one series for each engine of the process.

    What `auto` came out as is not among them, but the bytes of one token give its width away: memory over blocks times
    their size, where the platform or the user fixed the memory.
    """
    found = metrics.series(page, ("vllm:cache_config_info",))
    ranks = [each.labels for each in found if "block_size" in each.labels]  # every release's has it
    if not ranks:
        return Heard(troubles=("it has no vllm:cache_config_info (--disable-log-stats?)",))
    shared = {name: value for name, value in ranks[0].items() if all(other.get(name) == value for other in ranks)}
    fields = {name: _typed(value) for name, value in shared.items() if name != "engine"}
    said = [*_FIELDS.all(fields), *_width(shared)]
    differing = sorted(set(ranks[0]) - set(shared) - {"engine", "num_gpu_blocks", *_MEASURED})
    troubles = (f"the engines of this process differ in {', '.join(differing[:20])}",) if differing else ()
    return Heard(tuple(said), troubles=troubles)


_MEASURED = ("kv_cache_size_tokens", "kv_cache_max_concurrency")


def _width(labels: Mapping[str, str]) -> Iterator[Said]:
    """Bytes of one token in the KV cache of one rank, where they come out whole."""
    memory = _typed(labels.get("kv_cache_memory_bytes", "None")) or _typed(
        labels.get("cpu_kvcache_space_bytes", "None")
    )
    blocks, size = (_typed(labels.get(name, "None")) for name in ("num_gpu_blocks", "block_size"))
    numbers = [number for number in (memory, blocks, size) if type(number) is int and number > 0]
    if len(numbers) == 3 and numbers[0] % (numbers[1] * numbers[2]) == 0:
        yield Said("vllm.kv_cache_bytes_per_token", numbers[0] // (numbers[1] * numbers[2]), effective=True)


def read_server_info(answer: Any) -> Heard:
    """`GET /server_info` (developer mode): the configuration that the server came up with, as JSON from 0.11.0 on."""
    config = answer.get("vllm_config") if isinstance(answer, dict) else None
    if isinstance(config, str):
        return Heard(tuple(_FIELDS.all(_configured(config) | _ONE_NAME)))
    if not isinstance(config, dict):
        return Heard(troubles=("it holds no vllm_config",))
    said: list[Said] = []
    for name in _SECTIONS:
        section = config.get(name)
        said += _FIELDS.all({**_where_weights_are(section), **_ONE_NAME}) if isinstance(section, dict) else ()
    if config.get("speculative_config", ...) is None:
        said.append(Said("runtime.speculative", None, effective=True))
    return Heard(settling.latest(said))


def _configured(text: str) -> dict[str, Any]:
    """A printed configuration; `load_format` was an enumeration up to 0.10 (`LoadFormat.AUTO`, whose value is `auto`)."""
    fields = printed.fields(text)
    named = re.fullmatch(r"LoadFormat\.([A-Z_]+)", str(fields.get("load_format")))
    return fields | {"load_format": named[1].lower()} if named else fields


_ONE_NAME: dict[str, Any] = {"served_model_name": None}
"""What a configuration says of the names it is served under: the first of them, however many there are."""


def _where_weights_are(section: Mapping[str, Any]) -> Mapping[str, Any]:
    """A section with the model's own place. What is streamed from a bucket has `model_weights` for it, and for `model` and
    `tokenizer` a folder of this process that holds the small files.
    """
    weights = section.get("model_weights")
    if not isinstance(weights, str) or not weights:
        return section
    return {**section, "model": weights, "tokenizer": None}


_SECTIONS = (
    "model_config", "cache_config", "parallel_config", "scheduler_config", "load_config", "lora_config",
    "structured_outputs_config",
)  # fmt: skip
"""Parts of the configuration whose fields are called as the flags that set them."""


def read_tokenizer_info(answer: Any) -> Heard:
    """`GET /tokenizer_info` (`--enable-tokenizer-info-endpoint`): the chat template itself, kept as its SHA-256."""
    template = answer.get("chat_template") if isinstance(answer, dict) else None
    if not isinstance(template, str):
        return Heard(troubles=("it holds no chat template",))
    return Heard((Said("vllm.chat_template_sha256", shapes.digest(template), effective=True),))


def read_completion(answer: Any) -> Heard:
    """One token, for the hash of its configuration that vLLM puts into every answer (none before 0.21.0)."""
    return Heard(fingerprint=shapes.text(answer, "system_fingerprint"))


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint("/version", shapes.version),
    Endpoint("/v1/models", read_models, since="0.6.2", hides=("model.id", "model.served_name", "limits.max_model_len")),
    Endpoint("/v1/models", read_old_models, before="0.6.2", hides=("model.served_name", "limits.max_model_len")),
    Endpoint(
        "/metrics",
        read_metrics,
        form="metrics",
        hides=("runtime.prefix_caching", "runtime.kv_cache_dtype", "runtime.block_size", "runtime.gpu_memory_utilization"),
    ),
    Endpoint(
        "/server_info?config_format=json",
        read_server_info,
        since="0.8.5",
        optional=True,
        absent="it answers with VLLM_SERVER_DEV_MODE=1 alone, which is not meant for production; the log's head says the same",
        hides=("runtime.dtype", "runtime.quantization", "parallelism.tensor", "limits.max_num_seqs",
),
    ),
    Endpoint(
        "/tokenizer_info",
        read_tokenizer_info,
        since="0.10.0",
        optional=True,
        absent="it answers with --enable-tokenizer-info-endpoint alone",
    ),
    Endpoint(
        "/v1/completions",
        read_completion,
        since="0.21.0",
        optional=True,
        absent="the model completes no text",
        body={"prompt": "a", "max_tokens": 1, "temperature": 0},
    ),
)  # fmt: skip


def recognised(path: str, answer: Any) -> bool:
    """vLLM says so itself as the owner of its models, and names its metrics after itself."""
    if isinstance(answer, bytes):
        return path == "/metrics" and metrics.begins_with(answer, "vllm:")
    return path == "/v1/models" and shapes.owner(answer, "vllm")


# ---- log -----------------------------------------------------------------------------------------------------------

_START = re.compile(
    r"vLLM (?:API )?server version (?P<version>[^\s,]{1,100}).*|[^v]{0,100}  version (?P<drawn>\d\S{0,100})"
)
"""In words up to 0.14, beside a drawn name from 0.16 on."""
_CONFIG = re.compile(r"Initializing an? (?:V[01] )?LLM engine \(v(?P<version>[^)]+)\) with config: (?P<config>.*)")
_ARGS = re.compile(r"(?P<given>non-default )?args: (?P<args>[{N].*)")
_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"Using max model len (\d+)"), "max_model_len"),
    (re.compile(r"Auto-fit max_model_len: reduced from \d+ to (\d+)"), "max_model_len"),
    (re.compile(r"Chunked prefill is enabled with max_num_batched_tokens=(\d+)"), "max_num_batched_tokens"),
    (re.compile(r"[\w/+ ]{1,40} KV cache size: ([\d,]+) tokens"), "kv_cache_size_tokens"),
    (re.compile(r"(?:Downcasting|Upcasting|Casting) torch\.\w+ to (torch\.\w+)"), "dtype"),
    (re.compile(r"Using ([A-Z][A-Z0-9_]+) attention backend out of potential backends"), "attention_backend"),
)
"""Lines that say one value, by the destination it is of; the text is the same in all releases that print it."""
_SAMPLING = re.compile(r"Default vLLM sampling parameters have been overridden by .{1,200}?: `(\{.*\})`")


def read_log(lines: Sequence[Line]) -> Heard | None:
    """The lines that say what is in effect, and the arguments that are not at their default.

    Releases before 0.9.0 print every argument (`Namespace(…)`), given or not, which says nothing of who wrote it. Values that were sampled with are printed from 0.16 on. A later line corrects an earlier one: `Auto-fit` the length.
    """
    said: list[Said] = []
    version: str | None = None
    started = False
    untold: dict[str, Any] = {}
    for line in lines:
        if begun := _CONFIG.fullmatch(line.message):
            version, started = begun["version"], True
            said += _FIELDS.all(_configured(begun["config"]) | untold, line=line.number)
        elif start := _START.fullmatch(line.message):
            version, started = version or start["version"] or start["drawn"], True
        elif args := _ARGS.fullmatch(line.message):
            started = True
            given = printed.mapping(args["args"]) or {}
            untold = _untold(given)
            said += _FIELDS.all(given if args["given"] else {}, echo=True, line=line.number)
        else:
            said += _single(line)
    return Heard(settling.latest(said), version) if started else None


def _untold(given: Mapping[str, Any]) -> dict[str, Any]:
    """What the engine's line, under these arguments, does not say: of several names all but the first, and of a model in a
    bucket its place, where stands a folder of this process for its small files.
    """
    names = given.get("served_model_name")
    several = _ONE_NAME if isinstance(names, list) and len(names) > 1 else {}
    places = (given.get(name) for name in ("model", "model_tag"))
    streamed = any(isinstance(place, str) and "://" in place for place in places)
    return several | ({"model": None, "tokenizer": None} if streamed else {})


def _single(line: Line) -> Iterator[Said]:
    for pattern, dest in _PATTERNS:
        if match := pattern.match(line.message):
            text = match[1].replace(",", "")
            yield from _FIELDS.all({dest: int(text) if text.isdecimal() else text}, line=line.number)
            if dest == "max_num_batched_tokens":
                yield Said("runtime.chunked_prefill", value=True, effective=True, line=line.number)
    if match := _SAMPLING.match(line.message):
        values = printed.mapping(match[1])
        if values is not None:
            yield Said("vllm.default_sampling_params", values, effective=True, line=line.number)


# ---- values --------------------------------------------------------------------------------------------------------


def _typed(text: str) -> Any:
    """A label's text as the value whose `str` it is."""
    try:
        return printed.literal(text)
    except printed.NotLiteral:
        return text
