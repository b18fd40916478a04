"""Every setting skewguard speaks of, named once.

Contracts, JSON documents, waivers and docs use these names. A setting of an engine that stands outside the
vocabulary is named `<engine>.<dest>` by the engine's own destination, an environment variable `<engine>.env.NAME`,
so that nothing is invisible to `diff`.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Literal

from msgspec import Struct, field

from skewguard.language import dialects
from skewguard.language.errors import UsageError
from skewguard.language.facts import Value
from skewguard.language.findings import Category, Phase

Type = Literal[
    "string", "integer", "number", "boolean", "list", "mapping", "seconds", "bytes", "version", "gpu-class", "digest"
]

Compare = Literal["exact", "dtype", "revision", "digest", "version", "gpu-class", "set", "quantization", "source"]


class Setting(Struct, frozen=True):
    """One row. `called` maps an engine to its destination for this setting (`dialects`). `unit` is empty for plain values.

    `choices` are all values there are, where skewguard itself gives them; empty where an engine or a team does.
    """

    name: str
    type: Type
    meaning: str
    category: Category
    unit: str = ""
    compare: Compare = "exact"
    phases: tuple[Phase, ...] = ("static", "live")
    called: Mapping[str, str] = field(default_factory=dict)
    choices: tuple[str, ...] = ()

    @property
    def section(self) -> str:
        """The contract section: `limits` of `limits.max_model_len`."""
        return self.name.partition(".")[0]

    @property
    def key(self) -> str:
        """The name inside its section: `max_model_len` of `limits.max_model_len`."""
        return self.name.partition(".")[2]


def _row(name: str, type_: Type, category: Category, meaning: str, **more: object) -> Setting:
    called = dialects.called(name)
    return Setting(name=name, type=type_, category=category, meaning=meaning, called=called, **more)  # type: ignore[arg-type]


_M: Category = "model"
_R: Category = "runtime"
_H: Category = "hardware"
_S: Category = "serving"
_O: Category = "orchestration"

ROWS: tuple[Setting, ...] = (
    _row("model.id", "string", _M, "Hub repository, URI or path of the weights"),
    _row(
        "model.revision",
        "string",
        _M,
        "Hub commit, branch or tag, or object version of the weights",
        compare="revision",
    ),
    _row("model.code_revision", "string", _M, "revision of the model's own Python code", compare="revision"),
    _row("model.source_uri", "string", _M, "where the platform fetches the weights from (KServe storageUri)"),
    _row("model.served_name", "string", _M, "name that clients ask for"),
    _row("model.lora", "list", _M, "LoRA adapters loaded at start", compare="set"),
    _row("tokenizer.id", "string", _M, "repository or path of the tokenizer"),
    _row("tokenizer.revision", "string", _M, "revision of the tokenizer", compare="revision"),
    _row("tokenizer.mode", "string", _M, "tokenizer implementation"),
    _row("tokenizer.chat_template", "string", _M, "chat template file or text"),
    _row("tokenizer.tool_call_parser", "string", _M, "parser of tool calls"),
    _row("tokenizer.reasoning_parser", "string", _M, "parser of reasoning text"),
    _row("runtime.engine", "string", _R, "inference engine"),
    _row("runtime.version", "version", _R, "version of the engine", compare="version"),
    _row("runtime.image", "string", _R, "container image as written"),
    _row("runtime.image_digest", "digest", _R, "digest of the container image", compare="digest"),
    _row("runtime.dtype", "string", _R, "number format of weights and activations", compare="dtype"),
    _row("runtime.quantization", "string", _R, "quantization method of the weights", compare="quantization"),
    _row("runtime.kv_cache_dtype", "string", _R, "number format of the KV cache", compare="dtype"),
    _row("runtime.gpu_memory_utilization", "number", _R, "share of GPU memory the engine takes", unit="fraction"),
    _row("runtime.prefix_caching", "boolean", _R, "reuse of KV blocks between equal prefixes"),
    _row("runtime.chunked_prefill", "boolean", _R, "prefill split into chunks beside decoding"),
    _row("runtime.enforce_eager", "boolean", _R, "no CUDA graphs and no compilation"),
    _row("runtime.seed", "integer", _R, "random seed of the engine"),
    _row("runtime.generation_config", "string", _R, "where default sampling parameters come from", compare="source"),
    _row("runtime.trust_remote_code", "boolean", _R, "run Python code of the model repository"),
    _row("runtime.hf_overrides", "mapping", _R, "changes to the model's config.json"),
    _row("runtime.load_format", "string", _R, "how weights are read"),
    _row("runtime.attention_backend", "string", _R, "attention kernels"),
    _row("runtime.speculative", "mapping", _R, "speculative decoding"),
    _row("runtime.block_size", "integer", _R, "tokens in one KV block", unit="tokens"),
    _row("limits.max_model_len", "integer", _R, "longest prompt plus output", unit="tokens"),
    _row("limits.max_num_seqs", "integer", _R, "requests in one batch", unit="requests"),
    _row("limits.max_num_batched_tokens", "integer", _R, "tokens in one step", unit="tokens"),
    _row("limits.max_output_tokens", "integer", _R, "hard cap of generated tokens", unit="tokens"),
    _row(
        "limits.default_output_tokens", "integer", _R, "generated tokens when a request names no limit", unit="tokens"
    ),
    _row("limits.max_prompt_tokens", "integer", _R, "longest prompt", unit="tokens"),
    _row("limits.max_queue", "integer", _R, "requests that may wait", unit="requests"),
    _row("parallelism.tensor", "integer", _H, "GPUs a layer is split over (TP)"),
    _row("parallelism.pipeline", "integer", _H, "stages the layers are split over (PP)"),
    _row("parallelism.data", "integer", _H, "copies of the engine behind one server (DP)"),
    _row("parallelism.expert", "boolean", _H, "experts spread over GPUs (EP)"),
    _row("hardware.gpu_class", "gpu-class", _H, "class of the GPU", compare="gpu-class"),
    _row("hardware.gpu_count", "integer", _H, "GPUs of one pod", unit="GPUs"),
    _row("hardware.gpu_memory", "bytes", _H, "memory of one GPU", unit="bytes", phases=("static", "live")),
    _row("hardware.driver_version", "string", _H, "GPU driver", phases=("live",)),
    _row("hardware.partition", "string", _H, "MIG profile or sharing of the GPU"),
    _row(
        "autoscaling.signal",
        "string",
        _O,
        "what the autoscaler looks at",
        choices=(
            "queue",
            "concurrency",
            "kv-cache",
            "gpu",
            "latency",
            "tokens",
            "requests",
            "cpu",
            "memory",
            "schedule",
            "other",
        ),
    ),
    _row("autoscaling.min_replicas", "integer", _O, "fewest replicas", unit="replicas"),
    _row("autoscaling.max_replicas", "integer", _O, "most replicas", unit="replicas"),
    _row("serving.request_timeout", "seconds", _S, "shortest time limit on the way of a request", unit="s"),
    _row("serving.retries", "integer", _S, "times a request is sent again on the way", unit="retries"),
    _row("serving.max_body_size", "bytes", _S, "largest request body on the way", unit="bytes"),
    _row("serving.streaming", "boolean", _S, "responses reach the client as they are made", phases=("live",)),
)

ARTIFACTS = "artifact."
"""What begins the settings of a model's files as a replica has them: `artifact.tokenizer.json` is a hash of that file."""

BY_NAME: Mapping[str, Setting] = {row.name: row for row in ROWS}
SECTIONS: tuple[str, ...] = tuple(dict.fromkeys(row.section for row in ROWS))

_UNITS = {"_bytes": "bytes", "_seconds": "s", "_tokens": "tokens"}
"""What a number of an engine's own is counted in, where its name ends so."""


def unit(setting: str) -> str:
    """The unit of a setting's number: as its row says, else as the engine's own name ends; empty where nothing tells."""
    row = BY_NAME.get(setting)
    if row is not None:
        return row.unit
    return next((unit for ending, unit in _UNITS.items() if setting.endswith(ending)), "")


_DTYPES = {
    "half": "float16",
    "float": "float32",
    "fp16": "float16",
    "bf16": "bfloat16",
    "fp32": "float32",
    "f16": "float16",
    "f32": "float32",
    "fp8_e4m3": "fp8",
}


_QUANTIZATIONS = {
    "marlin": "gptq",
    "gptq-marlin": "gptq",
    "gptq-marlin-24": "gptq",
    "auto-gptq": "gptq",
    "awq-marlin": "awq",
    "auto-awq": "awq",
    "gpt-oss-mxfp4": "mxfp4",
    "deepseek-v4-fp8": "fp8",
    "inc": "auto-round",
}
"""Names that engines have for the kernels of one format: the same weights, whichever of them runs."""


def named(engine: str, dest: str) -> str:
    """The vocabulary's name of an engine destination, else `<engine>.<dest>`."""
    return _names_of(engine).get(dest, f"{engine}.{dest}")


def destination(engine: str, setting: str) -> str | None:
    """The engine's destination of a setting, or None where the engine has none."""
    row = BY_NAME.get(setting)
    if row is not None:
        return row.called.get(engine)
    prefix, _, dest = setting.partition(".")
    return dest if prefix == engine and not dest.startswith("env.") else None


def spoken(engine: str, dest: str, value: Value) -> Value:
    """A value of an engine's destination as a value of the setting: the opposite, where the engine says the opposite."""
    return not value if isinstance(value, bool) and dialects.inverts(engine, dest) else value


_NAMES: dict[str, dict[str, str]] = {}


def _names_of(engine: str) -> dict[str, str]:
    if engine not in _NAMES:
        _NAMES[engine] = {row.called[engine]: row.name for row in ROWS if engine in row.called}
    return _NAMES[engine]


def nearest(name: str) -> str | None:
    """The vocabulary name a misspelt one probably means."""
    from difflib import get_close_matches

    close = get_close_matches(name, BY_NAME, n=1, cutoff=0.7)
    return close[0] if close else None


def typed(row: Setting, text: str) -> Value:
    """Read `text` as the row's type. Durations become seconds, sizes bytes.

    Raises `UsageError` when the text is not of that type.
    """
    try:
        return _READERS.get(row.type, str)(text)
    except ValueError:
        raise UsageError(f"{row.name} is {_article(row.type)}, not {text!r}") from None


def canonical(setting: str, value: Value) -> Value:
    """The form in which two values of a setting are compared: `half` and `float16` are one dtype."""
    row = BY_NAME.get(setting)
    if row is None or value is None:
        return value
    if row.compare == "dtype" and isinstance(value, str):
        lowered = value.lower().removeprefix("torch.")
        return _DTYPES.get(lowered, lowered)
    if row.compare == "quantization" and isinstance(value, str):
        lowered = value.lower().replace("_", "-")
        return _QUANTIZATIONS.get(lowered, lowered)
    if row.compare == "digest" and isinstance(value, str):
        return value.lower()
    if row.compare == "set" and isinstance(value, list):
        return sorted(value, key=str)
    if row.compare == "source" and value == "auto":
        return "model"
    return value


def same_word(setting: str, value: Value, words: Iterable[Value]) -> Value:
    """The one of an engine's words for a setting that says what `value` says (`float16` for `fp16`); None: there is none."""
    named = str(canonical(setting, value)).lower()
    among = [word for word in words if str(canonical(setting, word)).lower() == named]
    return next((each for each in (value, named) if each in among), among[0] if among else None)


def undecided(setting: str, value: Value) -> bool:
    """Whether a value leaves the setting to the engine. A source named `auto` is the model itself, and decided."""
    row = BY_NAME.get(setting)
    return value == "auto" and (row is None or row.compare != "source")


def _article(type_: str) -> str:
    return f"an {type_}" if type_[0] in "aeiou" else f"a {type_}"


def _boolean(text: str) -> bool:
    if text.lower() in ("true", "yes", "on"):
        return True
    if text.lower() in ("false", "no", "off"):
        return False
    raise ValueError(text)


def _integer(text: str) -> int:
    match = re.fullmatch(r"(-?\d+(?:\.\d+)?)([kKmMgG]?)", text.strip())
    if match is None:
        raise ValueError(text)
    number, suffix = match.groups()
    factor = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "K": 2**10, "M": 2**20, "G": 2**30}[suffix]
    value = float(number) * factor
    if not suffix:
        return int(number)
    return int(value)


_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_SIZES = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12, "ki": 2**10, "mi": 2**20, "gi": 2**30, "ti": 2**40}


def seconds(text: str) -> float:
    """`90`, `90s`, `1m30s`, `1h`, `250ms` as seconds. Raises ValueError."""
    text = text.strip()
    if re.fullmatch(r"\d+(?:\.\d+)?", text):
        return float(text)
    parts = re.findall(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)", text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError(text)
    return sum(float(number) * _SECONDS[unit] for number, unit in parts)


def size(text: str) -> int:
    """`8Gi`, `500M`, `80GiB`, `1024` as bytes. Raises ValueError."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kmgt]?i?)b?", text.strip().lower())
    if match is None or match.group(2) not in _SIZES:
        raise ValueError(text)
    return int(float(match.group(1)) * _SIZES[match.group(2)])


_READERS: Mapping[str, Callable[[str], Value]] = {
    "integer": _integer,
    "number": float,
    "boolean": _boolean,
    "seconds": seconds,
    "bytes": size,
}
