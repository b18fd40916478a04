"""The value of a setting of `trtllm-serve` that nobody wrote: a literal default, what follows from another, or a gap."""

from collections.abc import Mapping
from functools import lru_cache

from msgspec import Struct

from skewguard.knowledge.engines import answers
from skewguard.knowledge.engines.answers import Engine
from skewguard.knowledge.engines.interface import FlagKind, Inputs, Parsed, Release
from skewguard.knowledge.engines.tables import Flag, Table
from skewguard.language import vocabulary
from skewguard.language.facts import Effective, Fact, Gap, Origin

TRTLLM = Engine("trtllm", "TensorRT-LLM")
ASK = "the running server's start-up log"

FIELDS: Mapping[str, str] = {
    "dtype": "LlmArgs.dtype",
    "enable_block_reuse": "KvCacheConfig.enable_block_reuse",
    "enable_chunked_prefill": "LlmArgs.enable_chunked_prefill",
    "free_gpu_memory_fraction": "KvCacheConfig.free_gpu_memory_fraction",
    "kv_cache_dtype": "KvCacheConfig.dtype",
    "load_format": "LlmArgs.load_format",
    "revision": "LlmArgs.revision",
    "tokenizer_mode": "LlmArgs.tokenizer_mode",
    "tokenizer_revision": "LlmArgs.tokenizer_revision",
}
"""Settings that the file can hold, each with its field in the engine's own record, whether or not a flag sets it.

`KvCacheConfig` and `BaseLlmArgs` were read in three states of `llmapi/llm_args.py` between 1.0.0 and 1.3.0rc29, which
agree in these."""

DECIDED: Mapping[str, str] = {
    "dtype": "`auto` is the checkpoint's own format, and float16 on a GPU older than Ampere",
    "kv_cache_dtype": "`auto` is what the checkpoint's quantization says",
    "max_seq_len": "it is deduced from the model's config.json",
    "quant_algo": "the checkpoint says how its weights are quantized",
}
"""What the model decides at the start, and why."""

_FOLLOWS = {"tokenizer": "model", "served_model_name": "model"}
_EXPERTS = "parallelism.expert"


def kind(flag: Flag) -> FlagKind:
    """Whether the default is a value, or worked out at the start."""
    if flag.required:
        return "required"
    computed = flag.dest in DECIDED or (isinstance(flag.default, dict) and "$expr" in flag.default)
    return "computed" if computed else "literal"


@lru_cache(maxsize=128)
def settings(table: Table, candidates: tuple[str, ...]) -> tuple[str, ...]:
    """Every setting name that any of these releases has: vocabulary names first."""
    dests = dict.fromkeys(dest for version in candidates for dest in table.by_dest(version))
    dests.update(dict.fromkeys((*FIELDS, *DECIDED)))
    names = {vocabulary.named(TRTLLM.name, dest) for dest in dests} | {_EXPERTS}
    own = sorted(name for name in names if name not in vocabulary.BY_NAME)
    return (*(name for name in vocabulary.BY_NAME if name in names), *own)


@lru_cache(maxsize=128)
def _names(table: Table, candidates: tuple[str, ...]) -> frozenset[str]:
    return frozenset(settings(table, candidates))


def derive(table: Table, setting: str, parsed: Parsed, release: Release, inputs: Inputs) -> Effective | None:
    """The engine's own value of a setting; None when none of the candidate releases has it."""
    if setting not in _names(table, release.candidates):
        return None
    dest = "moe_expert_parallel_size" if setting == _EXPERTS else vocabulary.destination(TRTLLM.name, setting)
    if dest is None:
        return None
    asking = _Asking(table, parsed, release, inputs)
    if setting == _EXPERTS:
        return asking.experts(dest)
    if parsed.blind is not None and dest not in parsed.values:
        blind = parsed.blind
        return Gap(setting, blind.reason, blind.rule, blind.inputs, blind.would_need)
    if release.beyond:
        return answers.beyond(TRTLLM, setting, release)
    found = [(version, answer) for version in release.candidates if (answer := asking.answer(setting, dest, version))]
    return answers.agreed(TRTLLM, setting, found, len(release.candidates), release.key)


class _Asking(Struct):
    """One question, asked of each candidate release."""

    table: Table
    parsed: Parsed
    release: Release
    inputs: Inputs

    def answer(self, setting: str, dest: str, version: str) -> Effective | None:
        """What one release gives; None where it has no such setting."""
        flag = self.table.by_dest(version).get(dest)
        if dest in _FOLLOWS and flag is not None:
            return self._linked(setting, _FOLLOWS[dest], version)
        if dest in DECIDED:
            return self._decided(setting, dest)
        if flag is not None:
            return answers.literal(TRTLLM, self.table, version, setting, dest)
        return self._field(setting, dest, version) if dest in FIELDS else None

    def _field(self, setting: str, dest: str, version: str) -> Effective:
        """The default of a field that no flag of this release sets."""
        config, _, name = FIELDS[dest].partition(".")
        fields = self.table.config_fields(config, version)
        if name not in fields:
            key = f"{FIELDS[dest]}@{TRTLLM.name}=={version}"
            return Gap(setting, f"{FIELDS[dest]} of {TRTLLM.title} {version} was not read", "unread", (key,), ASK)
        origin = Origin(kind="default", ref=f"default of {TRTLLM.title} {version} ({FIELDS[dest]})")
        return Fact(setting, fields[name], "derived", origin)

    def _decided(self, setting: str, dest: str) -> Gap:
        model, revision = self._said("model"), self._said("revision")
        keys = [f"config.json@{model}@{revision or 'main'}"]
        if dest == "dtype":
            keys.append(self.inputs.hardware.key)
        return Gap(setting, DECIDED[dest], f"trtllm.{dest.replace('_', '-')}", tuple(keys), ASK)

    def _linked(self, setting: str, other: str, version: str) -> Effective:
        """The tokenizer and the served name follow the model."""
        gap, written = self.parsed.gaps.get(other), self.parsed.values.get(other)
        if gap is not None:
            return Gap(setting, gap.reason, gap.rule, gap.inputs, gap.would_need)
        if written is None:
            return Gap(setting, "it follows the model, which is not known", "trtllm.follows", ("model",), "the model")
        origin = Origin(kind="rule", ref=f"follows MODEL in {TRTLLM.title} {version}")
        return Fact(setting, written.value, "derived", origin, written.assumes)

    def experts(self, dest: str) -> Effective:
        """Whether experts are spread: what a written size says; unset the engine maps them by model and size."""
        gap, written = self.parsed.gaps.get(dest), self.parsed.values.get(dest)
        if gap is None and written is not None and isinstance(written.value, int):
            origin = Origin(kind="rule", ref=f"follows --ep_size in {TRTLLM.title}")
            return Fact(_EXPERTS, written.value > 1, "derived", origin, written.assumes)
        gap = gap or self.parsed.blind
        if gap is not None:
            return Gap(_EXPERTS, gap.reason, gap.rule, gap.inputs, gap.would_need)
        key = f"config.json@{self._said('model')}@{self._said('revision') or 'main'}"
        return Gap(_EXPERTS, "the engine decides it where --ep_size is not written", "trtllm.experts", (key,), ASK)

    def _said(self, dest: str) -> object:
        """A value for an input key: as written; what nobody knows by the key of that unknown."""
        gap, written = self.parsed.gaps.get(dest), self.parsed.values.get(dest)
        if gap is not None:
            return gap.inputs[0] if gap.inputs else "?"
        return written.value if written is not None else None
