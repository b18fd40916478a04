"""Every answer by its name, for one engine as its settings were resolved.

A `Situation` holds what the arithmetic reads of a sheet. A setting that is a choice or a gap there makes a gap here,
with the inputs that would decide it; so does a setting that takes the arithmetic away from the device (offloading,
overrides of the config, context parallelism), where it is not at its neutral value.
"""

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct, structs

from skewguard.knowledge.capacity import cache, decoding, room, weights
from skewguard.knowledge.capacity.values import Amount, Answer, Plan, gap
from skewguard.knowledge.checkpoints import Checkpoint
from skewguard.language.accelerators import Accelerator
from skewguard.language.facts import Arm, Bound, Choice, Effective, Fact, Gap, Origin
from skewguard.language.sheet import Sheet

PREFIX = "capacity."
WEIGHTS, PER_TOKEN = "capacity.weight_bytes", "capacity.kv_bytes_per_token"
TOKENS, REQUESTS = "capacity.kv_tokens", "capacity.full_length_requests"
DECODE, BATCH = "capacity.decode_tokens_per_second", "capacity.batch_decode_tokens_per_second"

_DTYPE, _KV, _QUANTIZATION = "runtime.dtype", "runtime.kv_cache_dtype", "runtime.quantization"
_LENGTH, _BLOCK, _OVERRIDES = "limits.max_model_len", "runtime.block_size", "runtime.hf_overrides"
_RUNNING = "limits.max_num_seqs"
_TENSOR, _PIPELINE, _DATA = "parallelism.tensor", "parallelism.pipeline", "parallelism.data"
CLASS = "hardware.gpu_class"
SHARE: Mapping[str, str] = {"vllm": "runtime.gpu_memory_utilization", "sglang": "sglang.mem_fraction_static"}
"""The setting that says which share of a device weights and KV cache may take together, by engine."""

_NOTHING: tuple[Any, ...] = (None, False, "", "none", 0, [], {})
_ONE = (None, 0, 1)
_GENERATES = (None, "auto", "generate")
_OF_POSITIONS = frozenset({"rope_scaling", "rope_parameters", "rope_theta", "max_position_embeddings"})
"""Keys of a config that move positions alone: they size no weight and no cache."""
_Neutral = Mapping[str, Mapping[str, tuple[Any, ...]]]
_MODEL: _Neutral = {
    "vllm": {
        _OVERRIDES: _NOTHING, "vllm.model_class_overrides": _NOTHING, "vllm.quantization_config": _NOTHING,
        "vllm.language_model_only": _NOTHING, "vllm.task": _GENERATES, "vllm.runner": _GENERATES,
    },
    "sglang": {
        _OVERRIDES: _NOTHING, "sglang.torchao_config": _NOTHING, "sglang.modelopt_quant": _NOTHING,
        "sglang.language_model_only": _NOTHING, "sglang.encoder_only": _NOTHING, "sglang.is_embedding": _NOTHING,
    },
}  # fmt: skip
"""Settings that make another model of the files, with the values at which they do nothing."""
_PLACE: _Neutral = {
    "vllm": {
        "vllm.cpu_offload_gb": _NOTHING, "vllm.offload_group_size": _NOTHING, "vllm.num_gpu_blocks_override": _NOTHING,
        "vllm.decode_context_parallel_size": _ONE, "vllm.prefill_context_parallel_size": _ONE,
        "vllm.kv_cache_dtype_skip_layers": _NOTHING, "vllm.kv_sharing_fast_prefill": _NOTHING,
    },
    "sglang": {
        "sglang.cpu_offload_gb": _NOTHING, "sglang.offload_group_size": (None, 0, -1), "sglang.dwdp_size": _ONE,
        "sglang.enable_dp_attention": _NOTHING, "sglang.attn_cp_size": _ONE,
        "sglang.dcp_size": _ONE, "sglang.max_total_tokens": _NOTHING, "sglang.enable_hisparse": _NOTHING,
        "sglang.enable_kv_cache_sharding": _NOTHING, "sglang.prefill_only_disable_kv_cache": _NOTHING,
        "sglang.enable_double_sparsity": _NOTHING,
    },
}  # fmt: skip
"""Settings that lay weights or KV cache elsewhere than evenly on the devices, with the values at which they do nothing."""
_RESERVED, _CPU_SPACE = "vllm.kv_cache_memory_bytes", "vllm.env.VLLM_CPU_KVCACHE_SPACE"
_GIB = 2**30
NO_ROOM = room.NO_ROOM


class Situation(Struct, frozen=True):
    """What the arithmetic may look at. `ask` gives the effective value of a setting.

    `device` is the one class that runs it, None where several may (`classes`) or none is named; `on_cpu` is a server
    without GPU.
    `instead` are values to suppose in place of those of the sheet.
    """

    engine: str
    ask: Callable[[str], Effective]
    checkpoint: Checkpoint | None = None
    device: Accelerator | None = None
    on_cpu: bool = False
    classes: tuple[Accelerator, ...] = ()
    instead: Mapping[str, Any] = {}

    def known(self, setting: str) -> Effective:
        """The value that decides here."""
        if setting in self.instead:
            return Fact(setting, self.instead[setting], "declared", Origin("rule", "supposed"))
        found = self.ask(setting)
        if isinstance(found, Gap) and found.rule == "absent" and setting in (_TENSOR, _PIPELINE, _DATA):
            return Fact(setting, 1, "derived", Origin("rule", "this release does not split a model so"))
        return found

    def value(self, setting: str) -> Any:
        """The value where it is known, else None."""
        found = self.known(setting)
        return found.value if isinstance(found, Fact) else None

    def given(self, setting: str, value: Any) -> "Situation":
        """The same with another value of one setting, and of what follows it."""
        return structs.replace(self, instead={**self.instead, setting: value})

    def on(self, device: Accelerator) -> "Situation":
        """The same on another class."""
        return structs.replace(self, device=device, instead={**self.instead, CLASS: device.title})

    def by_class(self) -> "list[tuple[Accelerator, Situation]]":
        """The same on each class that may run it, where several may."""
        return [(each, self.on(each)) for each in self.classes] if self.device is None else []

    def generous(self) -> "Situation":
        """The same on as much memory as a device of the class can report."""
        return self if self.device is None else structs.replace(self, device=room.generous(self.device))

    def plan(self) -> Plan:
        """How the model runs, as far as is known."""
        length, block = self.value(_LENGTH), self.value(_BLOCK)
        return Plan(
            dtype=self.value(_DTYPE),
            kv_dtype=self.value(_KV) or "auto",
            length=length if isinstance(length, int) and length > 0 else None,
            block=block if isinstance(block, int) and block > 0 else None,
            tensor=self.value(_TENSOR) or 1,
            pipeline=self.value(_PIPELINE) or 1,
            quantization=self.value(_QUANTIZATION),
        )


def of(
    sheet: Sheet,
    engine: str,
    checkpoint: Checkpoint | None,
    device: Accelerator | None,
    *,
    on_cpu: bool = False,
    classes: tuple[Accelerator, ...] = (),
) -> Situation:
    """What the arithmetic reads of one container."""
    return Situation(engine, sheet.effective, checkpoint, device, on_cpu, classes)


def answer(situation: Situation, name: str) -> Answer:
    """The answer of one of `NAMES`."""
    found = _same_by_all(situation, name) or _blocked(situation, name) or _ANSWERS[name](situation)
    return structs.replace(found, setting=name) if isinstance(found, Gap) else found


def _same_by_all(situation: Situation, name: str) -> Amount | None:
    """The answer that all arms of an undecided setting give: `bfloat16` and `float16` weights are of one size."""
    for setting in _NEEDS[name]:
        open_one = situation.known(setting)
        if isinstance(open_one, Choice):
            found = [answer(situation.given(setting, value), name) for value in open_one.values()]
            first = found[0]
            return first if isinstance(first, Amount) and all(each == first for each in found) else None
    return None


def needs(name: str) -> tuple[str, ...]:
    """The settings without which an answer cannot be given."""
    return _NEEDS[name]


def fact(situation: Situation, name: str) -> Effective:
    """The answer as a fact of a sheet: derived, with where it comes from and what it assumes.

    A choice where several classes may run it and each has an answer of its own.
    """
    found = answer(situation, name)
    if isinstance(found, Gap):
        return _by_class(situation, name, found) or found
    model = situation.checkpoint.name if situation.checkpoint is not None else "the model"
    where = f" on {situation.device.title}" if situation.device is not None and name not in (WEIGHTS, PER_TOKEN) else ""
    origin = Origin("rule", f"arithmetic over the files of {model}{where}")
    return Fact(name, found.value, "derived", origin, found.assumes)


def _by_class(situation: Situation, name: str, open_one: Gap) -> Choice | None:
    found = [(each.title, answer(on_it, name)) for each, on_it in situation.by_class()]
    known = [(title, each) for title, each in found if isinstance(each, Amount)]
    if not known or len(known) < len(found):
        return None
    arms = tuple(Arm(f"on {title}", each.value) for title, each in known)
    assumes = tuple(dict.fromkeys(said for _, each in known for said in each.assumes))
    return Choice(name, open_one.rule, open_one.inputs, arms, assumes)


def lacking(situation: Situation) -> Answer | None:
    """Bytes that a device lacks at least, however much more than its class it reports; None where none are shown to be.

    SGLang starts without room for a request of full length, so there the weights alone must fit.
    """
    alone = situation.engine != "vllm"
    blocked = _blocked(situation, DECODE if alone else REQUESTS) or _given(situation)
    share = _most(situation)
    if blocked is not None:
        return blocked
    if isinstance(share, Gap):
        return share
    assert situation.checkpoint is not None
    assert situation.device is not None
    return room.missing(situation.checkpoint, situation.plan(), room.generous(situation.device), share, alone=alone)


def _most(situation: Situation) -> float | Gap:
    """The share of a device that weights and KV cache may take, at most: all of it where SGLang works it out itself."""
    setting = SHARE.get(situation.engine, "")
    share = situation.known(setting)
    if isinstance(share, Fact):
        return float(share.value)
    own = isinstance(share, Gap) and share.rule.startswith("sglang.mem-fraction-static")
    return 1.0 if own else _unknown(situation, setting) or gap(setting, "the share is not known", setting)


# ---- what stands in the way ------------------------------------------------------------------------------------------


def _blocked(situation: Situation, name: str) -> Gap | None:
    """What keeps an answer from being given, the model first."""
    placed = name not in (WEIGHTS, PER_TOKEN)
    blocked = _model(situation)
    if placed and blocked is None and (name in _SPEEDS or _reserved(situation) is None):
        blocked = _device(situation) or (None if name in _SPEEDS else _unknown(situation, SHARE[situation.engine]))
    for setting in () if blocked else _NEEDS[name]:
        blocked = blocked or _unknown(situation, setting)
    return _moved(situation, _PLACE) if placed and blocked is None else blocked


def _model(situation: Situation) -> Gap | None:
    if situation.engine not in SHARE:
        return gap("model", "the settings of this engine are not known here", "a look at the running server")
    if situation.checkpoint is None:
        return gap("model", "the model's own files are not in the input", "--model-config DIR")
    if situation.checkpoint.sentence is not None or situation.checkpoint.modules is not None:
        return gap("model", "it lies beside files of a model that embeds", "a model that generates text")
    return _moved(situation, _MODEL) or _spread(situation)


def _spread(situation: Situation) -> Gap | None:
    """Experts of several data-parallel ranks lie over the devices of all of them."""
    copies, checkpoint = situation.known(_DATA), situation.checkpoint
    if (
        checkpoint is None
        or checkpoint.decoder.experts is None
        or (isinstance(copies, Fact) and copies.value in (None, 1))
    ):
        return None
    return gap("weights", "how experts lie over data-parallel ranks is not known", "data parallelism of 1")


def _unknown(situation: Situation, setting: str) -> Gap | None:
    """Why a setting has no value, as the gap of an answer that needs it."""
    found = situation.known(setting)
    if isinstance(found, Fact):
        return None
    if isinstance(found, Choice):
        arms = ", ".join(f"{arm.value} {arm.when}" for arm in found.arms)
        return Gap(setting, f"{setting} is not decided ({arms})", found.rule, found.inputs, f"what decides {setting}")
    return Gap(setting, f"{setting}: {found.reason}", found.rule, found.inputs, found.would_need or setting)


def _moved(situation: Situation, rows: _Neutral) -> Gap | None:
    """The first setting that is not at a value where it does nothing."""
    for setting, neutral in rows[situation.engine].items():
        found = situation.known(setting)
        if isinstance(found, Gap) and found.rule == "absent":
            continue  # this release has no such setting
        if not isinstance(found, Fact):
            return _unknown(situation, setting)
        moves_positions = isinstance(found.value, Mapping) and set(found.value) <= _OF_POSITIONS
        if found.value not in neutral and not (setting == _OVERRIDES and moves_positions):
            return gap(setting, f"{setting} is {found.value!r}, and what it moves is not known", f"no {setting}")
    return None


def _given(situation: Situation) -> Gap | None:
    """The memory of the KV cache as a setting gives it: the engine then heeds no share of the device."""
    if _reserved(situation) is None:
        return None
    return gap("kv_cache", "the memory of the KV cache is given, and no share of the device counts", "no such setting")


def _device(situation: Situation) -> Gap | None:
    if situation.device is not None and situation.device.vendor != "aws":
        return None
    if situation.device is not None:
        return gap(CLASS, f"the cores of a {situation.device.name} share its memory", "another class")
    if situation.on_cpu:
        return gap(CLASS, "the memory that a server without GPU may use is not in the input", "a GPU class")
    found = situation.known(CLASS)
    if isinstance(found, Fact):
        return gap(CLASS, f"{found.value} is no single class of the table", "a class that the table holds")
    return _unknown(situation, CLASS)


# ---- the answers -----------------------------------------------------------------------------------------------------


def _weights(situation: Situation) -> Answer:
    assert situation.checkpoint is not None
    return weights.total(situation.checkpoint, situation.plan())


def _per_token(situation: Situation) -> Answer:
    assert situation.checkpoint is not None
    return cache.per_token(situation.checkpoint, situation.plan())


def _reserved(situation: Situation) -> Amount | None:
    """The memory that a setting gives to the KV cache of one device."""
    given, space = situation.value(_RESERVED), situation.value(_CPU_SPACE)
    if isinstance(given, int) and given > 0:
        return room.reserved(given)
    if situation.on_cpu and isinstance(space, str | int) and str(space).isdecimal() and int(space):
        return room.reserved(int(space) * _GIB)
    return None


def _room(situation: Situation) -> Answer:
    """Bytes that one device has for the KV cache."""
    given = _reserved(situation)
    if given is not None:
        return given
    assert situation.checkpoint is not None
    assert situation.device is not None
    share = situation.value(SHARE[situation.engine])
    return room.on_device(situation.checkpoint, situation.plan(), situation.device, share)


def _tokens(situation: Situation) -> Answer:
    assert situation.checkpoint is not None
    left = _room(situation)
    return left if isinstance(left, Gap) else room.tokens(situation.checkpoint, situation.plan(), left)


def _requests(situation: Situation) -> Answer:
    assert situation.checkpoint is not None
    left = _room(situation)
    return left if isinstance(left, Gap) else room.requests(situation.checkpoint, situation.plan(), left)


def _decode(situation: Situation) -> Answer:
    assert situation.checkpoint is not None
    if situation.value("runtime.speculative") or situation.value("sglang.speculative_algorithm"):
        return gap("decode", "speculative decoding gives several tokens in one step", "a server without it")
    assert situation.device is not None
    return decoding.decode_rate(situation.checkpoint, situation.plan(), situation.device, running=1, context=0)


def _batch(situation: Situation) -> Answer:
    running = situation.value(_RUNNING)
    one = _decode(situation)
    if isinstance(one, Gap) or not isinstance(running, int) or running < 1:
        return one if isinstance(one, Gap) else gap("decode", "how many requests run at once is not known", _RUNNING)
    assert situation.checkpoint is not None
    assert situation.device is not None
    return decoding.batch_rate(situation.checkpoint, situation.plan(), situation.device, running)


_SPEEDS = (DECODE, BATCH)
_ANSWERS: Mapping[str, Callable[[Situation], Answer]] = {
    WEIGHTS: _weights, PER_TOKEN: _per_token, TOKENS: _tokens, REQUESTS: _requests, DECODE: _decode,
    BATCH: _batch,
}  # fmt: skip
_OF_CACHE = (_DTYPE, _QUANTIZATION, _KV, _TENSOR, _PIPELINE)
_NEEDS: Mapping[str, tuple[str, ...]] = {
    WEIGHTS: (_DTYPE, _QUANTIZATION), PER_TOKEN: (_DTYPE, _KV, _TENSOR, _PIPELINE), TOKENS: _OF_CACHE,
    REQUESTS: (*_OF_CACHE, _LENGTH), DECODE: (_DTYPE, _QUANTIZATION, _TENSOR, _PIPELINE),
    BATCH: (_DTYPE, _QUANTIZATION, _TENSOR, _PIPELINE, _RUNNING),
}  # fmt: skip
NAMES: tuple[str, ...] = tuple(_ANSWERS)
"""What is answered, in the order of a report."""

UNITS: Mapping[str, str] = {
    WEIGHTS: "bytes", PER_TOKEN: "bytes per token", TOKENS: "tokens", REQUESTS: "requests", DECODE: "tokens/s",
    BATCH: "tokens/s",
}  # fmt: skip
MEANINGS: Mapping[str, str] = {
    WEIGHTS: "weights in memory, over all devices of one replica",
    PER_TOKEN: "KV cache of one more token, on the fullest device",
    TOKENS: "tokens that the KV cache of one replica holds",
    REQUESTS: "requests of the longest length that the KV cache holds at once",
    DECODE: "tokens that one request is given while it decodes",
    BATCH: "tokens that one replica gives in all while as many requests decode as may run at once",
}


def bound(situation: Situation, name: str) -> Bound | None:
    """On which side of an answer the truth can lie; None where there is no answer."""
    found = answer(situation, name)
    if isinstance(found, Gap) and situation.by_class():
        found = answer(situation.by_class()[0][1], name)
    return found.bound if isinstance(found, Amount) else None
