"""What vLLM makes of environment variables: read, no longer read, never read, or refused.

vLLM ignores a variable it does not know without a word up to 0.16, and with one warning line from 0.17 on.
"""

from collections.abc import Iterator, Sequence

from skewguard.knowledge.engines import vllm_history
from skewguard.knowledge.engines.interface import Release, Variable
from skewguard.knowledge.engines.tables import Table
from skewguard.knowledge.engines.versions import span
from skewguard.language.facts import Origin
from skewguard.language.workloads import EnvVar

NOT_OURS = (
    "VLLM_ADDITIONAL_ARGS",  # KServe's LLMInferenceService presets append it to the command
    "VLLM_ARGS",
    "VLLM_EXTRA_ARGS",  # entrypoint scripts of charts
    "VLLM_SERVICE_",  # Kubernetes service links
    "VLLM_PORT_",
    "VLLM_ASCEND_",  # platform plugins read these themselves
    "VLLM_HPU_",
    "VLLM_GAUDI_",
    "VLLM_OMNI_",
    "VLLM_SPYRE_",
    "VLLM_NEURON_",
    "VLLM_PROMPT_SEQ_",
    "VLLM_PROMPT_BS_",
    "VLLM_DECODE_BS_",
    "VLLM_DECODE_BLOCK_",
)
"""Names, or beginnings of names, that other programs around vLLM read."""

LOOK_LIKE_SETTINGS: dict[str, str] = {
    "MODEL": "--model",
    "MODEL_ID": "--model",
    "MODEL_NAME": "--model",
    "MODEL_PATH": "--model",
    "HF_MODEL_ID": "--model",
    "SERVED_MODEL_NAME": "--served-model-name",
    "TOKENIZER": "--tokenizer",
    "REVISION": "--revision",
    "MODEL_REVISION": "--revision",
    "DTYPE": "--dtype",
    "QUANTIZATION": "--quantization",
    "QUANTIZE": "--quantization",
    "KV_CACHE_DTYPE": "--kv-cache-dtype",
    "MAX_MODEL_LEN": "--max-model-len",
    "MAX_MODEL_LENGTH": "--max-model-len",
    "CONTEXT_LENGTH": "--max-model-len",
    "MAX_NUM_SEQS": "--max-num-seqs",
    "MAX_NUM_BATCHED_TOKENS": "--max-num-batched-tokens",
    "GPU_MEMORY_UTILIZATION": "--gpu-memory-utilization",
    "TENSOR_PARALLEL_SIZE": "--tensor-parallel-size",
    "TENSOR_PARALLEL": "--tensor-parallel-size",
    "TP_SIZE": "--tensor-parallel-size",
    "TP": "--tensor-parallel-size",
    "NUM_SHARD": "--tensor-parallel-size",
    "PIPELINE_PARALLEL_SIZE": "--pipeline-parallel-size",
    "PP_SIZE": "--pipeline-parallel-size",
    "DATA_PARALLEL_SIZE": "--data-parallel-size",
    "DP_SIZE": "--data-parallel-size",
    "TRUST_REMOTE_CODE": "--trust-remote-code",
    "ENFORCE_EAGER": "--enforce-eager",
    "SWAP_SPACE": "--swap-space",
    "BLOCK_SIZE": "--block-size",
    "ENABLE_PREFIX_CACHING": "--enable-prefix-caching",
    "ENABLE_CHUNKED_PREFILL": "--enable-chunked-prefill",
    "MAX_LORA_RANK": "--max-lora-rank",
    "TOOL_CALL_PARSER": "--tool-call-parser",
    "CHAT_TEMPLATE": "--chat-template",
}
"""Names that people give settings in the environment, with the flag that sets it. vLLM reads none of them."""

SUCCESSORS: dict[str, tuple[str | None, str]] = {
    "VLLM_ATTENTION_BACKEND": ("--attention-backend", ""),
    "VLLM_USE_V1": (None, "there is one engine now"),
    "VLLM_ALL2ALL_BACKEND": ("--all2all-backend", ""),
    "VLLM_FLASH_ATTN_VERSION": ("--attention-config.flash_attn_version", ""),
    "VLLM_LOG_LEVEL": ("VLLM_LOGGING_LEVEL", ""),
}
"""What took the place of a variable (vLLM's release notes)."""


def read(table: Table, env: Sequence[EnvVar], release: Release) -> tuple[Variable, ...]:
    """Every variable that concerns vLLM, in order; of one written twice, the entry that counts."""
    last = {entry.name: entry for entry in env}
    return tuple(
        variable for entry in env if last[entry.name] is entry for variable in _variable(table, entry, release)
    )


def _variable(table: Table, entry: EnvVar, release: Release) -> Iterator[Variable]:
    runs = table.env_runs(entry.name)
    if runs:
        yield from _known(table, entry, release, runs)
    elif entry.name in LOOK_LIKE_SETTINGS:
        flag = LOOK_LIKE_SETTINGS[entry.name]
        yield Variable(
            entry.name, "unread", _place(entry), f"vLLM reads no variable `{entry.name}`; only `{flag}` sets this", flag
        )
    elif entry.name.startswith("VLLM_") and not entry.name.startswith(NOT_OURS):
        yield _strange(table, entry)


def _place(entry: EnvVar) -> Origin:
    return entry.name_origin or entry.origin


def _strange(table: Table, entry: EnvVar) -> Variable:
    near = SUCCESSORS.get(entry.name, (None, ""))[0] or vllm_history.nearest(entry.name, table.env_names())
    hint = f"; the nearest is `{near}`" if near else ""
    return Variable(entry.name, "unread", _place(entry), f"no version of vLLM reads `{entry.name}`{hint}", near)


def _known(
    table: Table, entry: EnvVar, release: Release, runs: tuple[tuple[int, int, object, str], ...]
) -> Iterator[Variable]:
    sorts: dict[str, list[str]] = {}
    for version in release.candidates:
        sorts.setdefault(_outcome(entry, table.index(version), runs), []).append(version)
    for outcome, versions in sorts.items():
        some = tuple(versions) if len(sorts) > 1 else ()
        who = span("vLLM", versions)
        if outcome == "read":
            yield Variable(entry.name, "read", entry.origin, "", None, some)
        elif outcome == "invalid":
            yield Variable(entry.name, "invalid", entry.origin, _refusal(entry, who), None, some)
        else:
            yield _silent(table, entry, outcome, who, runs, some)


def _outcome(entry: EnvVar, at: int, runs: tuple[tuple[int, int, object, str], ...]) -> str:
    run = next((run for run in runs if run[0] <= at <= run[1]), None)
    if run is None:
        return "dead" if any(last < at for _, last, _, _ in runs) else "not-yet"
    return "read" if entry.value is None or _fits(entry.value, run[3]) else "invalid"


def _fits(value: str, kind: str) -> bool:
    if "$(" in value or kind == "text":
        return True
    try:
        float(value) if kind == "float" else int(value)
    except ValueError:
        return False
    return True


def _refusal(entry: EnvVar, who: str) -> str:
    if entry.name == "VLLM_PORT" and "://" in (entry.value or ""):
        return (
            f"{who} takes a number in `VLLM_PORT`, not `{entry.value}`: this is what Kubernetes injects for a Service "
            "named vllm. The server does not start"
        )
    return f"{who} takes a number in `{entry.name}`, not `{entry.value}`, and fails when it reads it"


def _silent(
    table: Table,
    entry: EnvVar,
    outcome: str,
    who: str,
    runs: tuple[tuple[int, int, object, str], ...],
    some: tuple[str, ...],
) -> Variable:
    if outcome == "not-yet":
        first = table.versions[runs[0][0]]
        text = f"{who} does not read `{entry.name}` yet; {first} is the first that does"
        return Variable(entry.name, "unread", _place(entry), text, None, some)
    successor, advice = SUCCESSORS.get(entry.name, (None, ""))
    last = table.versions[max(run[1] for run in runs)]
    more = f"; `{successor}` took its place" if successor else f"; {advice}" if advice else ""
    text = f"{who} no longer reads `{entry.name}`, {last} was the last that did{more}"
    return Variable(entry.name, "dead", _place(entry), text, successor, some)
