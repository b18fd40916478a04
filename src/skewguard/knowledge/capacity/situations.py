"""Every answer by its name, for one engine as its settings were resolved."""

from collections.abc import Callable, Mapping

from msgspec import structs

from skewguard.knowledge.capacity import cache, decoding, obstacles, room, weights
from skewguard.knowledge.capacity.situation import (
    CLASS,
    DTYPE,
    KV,
    LENGTH,
    PIPELINE,
    QUANTIZATION,
    RUNNING,
    SHARE,
    TENSOR,
    Situation,
    of,
)
from skewguard.knowledge.capacity.values import Amount, Answer, gap
from skewguard.knowledge.checkpoints import Checkpoint
from skewguard.language.accelerators import Accelerator
from skewguard.language.facts import Arm, Bound, Choice, Effective, Fact, Gap, Origin

WEIGHTS, PER_TOKEN = "capacity.weight_bytes", "capacity.kv_bytes_per_token"
TOKENS, REQUESTS = "capacity.kv_tokens", "capacity.full_length_requests"
DECODE, BATCH = "capacity.decode_tokens_per_second", "capacity.batch_decode_tokens_per_second"
NO_ROOM = room.NO_ROOM


def answer(situation: Situation, name: str) -> Answer:
    """The answer of one of `NAMES`."""
    found: Answer | None = _same_by_all(situation, name) or _blocked(situation, name)
    if found is None:
        assert situation.checkpoint is not None
        found = _ANSWERS[name](situation, situation.checkpoint)
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
    """The settings without which an answer cannot be given; what decides how much of a device there is not among them."""
    return _NEEDS[name]


def sizes(engine: str) -> tuple[str, ...]:
    """The settings that decide whether it fits on a device."""
    return (*_NEEDS[REQUESTS], *(share for name, share in SHARE.items() if name == engine))


def assumed(situation: Situation) -> tuple[str, ...]:
    """The unseen sources that could still change whether it fits."""
    return situation.assumed(sizes(situation.engine))


def short_on(situation: Situation) -> list[Accelerator]:
    """The classes, of several that may run it, on which the arithmetic shows that it does not fit."""
    return [each for each, on_it in situation.by_class() if isinstance(lacking(on_it), Amount)]


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
    return Fact(name, found.value, "derived", origin, (*found.assumes, *situation.assumed(needs(name))))


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

    SGLang starts without room for a request of full length, and vLLM cuts a length of `auto` to the room there is: then
    the weights alone must fit.
    """
    alone = situation.engine != "vllm" or obstacles.fitted(situation.known(LENGTH))
    blocked = _blocked(situation, DECODE if alone else REQUESTS) or obstacles.given(situation)
    share = obstacles.most(situation)
    if blocked is not None:
        return blocked
    if isinstance(share, Gap):
        return share
    assert situation.checkpoint is not None
    assert situation.device is not None
    return room.missing(situation.checkpoint, situation.plan(), room.generous(situation.device), share, alone=alone)


def _blocked(situation: Situation, name: str) -> Gap | None:
    """What keeps an answer from being given, the model first."""
    placed = name not in (WEIGHTS, PER_TOKEN)
    blocked = obstacles.model(situation)
    if placed and blocked is None and (name in _SPEEDS or obstacles.reserved(situation) is None):
        blocked = obstacles.device(situation) or (
            None if name in _SPEEDS else obstacles.unknown(situation, SHARE[situation.engine])
        )
    for setting in () if blocked else _NEEDS[name]:
        blocked = blocked or obstacles.unknown(situation, setting)
    return obstacles.moved(situation, obstacles.PLACE) if placed and blocked is None else blocked


# ---- the answers -----------------------------------------------------------------------------------------------------


def _weights(situation: Situation, checkpoint: Checkpoint) -> Answer:
    return weights.total(checkpoint, situation.plan())


def _per_token(situation: Situation, checkpoint: Checkpoint) -> Answer:
    return cache.per_token(checkpoint, situation.plan())


def _room(situation: Situation, checkpoint: Checkpoint) -> Answer:
    """Bytes that one device has for the KV cache."""
    given = obstacles.reserved(situation)
    if given is not None:
        return given
    share = situation.value(SHARE[situation.engine])
    return room.on_device(checkpoint, situation.plan(), _the_device(situation), share)


def _the_device(situation: Situation) -> Accelerator:
    """The class that runs it, where `obstacles.device` found nothing in the way."""
    assert situation.device is not None
    return situation.device


def _tokens(situation: Situation, checkpoint: Checkpoint) -> Answer:
    left = _room(situation, checkpoint)
    return left if isinstance(left, Gap) else room.tokens(checkpoint, situation.plan(), left)


def _requests(situation: Situation, checkpoint: Checkpoint) -> Answer:
    left = _room(situation, checkpoint)
    return left if isinstance(left, Gap) else room.requests(checkpoint, situation.plan(), left)


def _decode(situation: Situation, checkpoint: Checkpoint) -> Answer:
    if situation.value("runtime.speculative") or situation.value("sglang.speculative_algorithm"):
        return gap("decode", "speculative decoding gives several tokens in one step", "a server without it")
    return decoding.decode_rate(checkpoint, situation.plan(), _the_device(situation), running=1, context=0)


def _batch(situation: Situation, checkpoint: Checkpoint) -> Answer:
    running, one = situation.value(RUNNING), _decode(situation, checkpoint)
    if isinstance(one, Gap):
        return one
    if not isinstance(running, int) or not 0 < running <= _MOST_REQUESTS:
        return gap("decode", "how many requests run at once is not known", RUNNING)
    return decoding.batch_rate(checkpoint, situation.plan(), _the_device(situation), running)


_MOST_REQUESTS = 2**32
_SPEEDS = (DECODE, BATCH)
_ANSWERS: Mapping[str, Callable[[Situation, Checkpoint], Answer]] = {
    WEIGHTS: _weights, PER_TOKEN: _per_token, TOKENS: _tokens, REQUESTS: _requests, DECODE: _decode,
    BATCH: _batch,
}  # fmt: skip
_OF_CACHE = (DTYPE, QUANTIZATION, KV, TENSOR, PIPELINE)
_NEEDS: Mapping[str, tuple[str, ...]] = {
    WEIGHTS: (DTYPE, QUANTIZATION), PER_TOKEN: (DTYPE, KV, TENSOR, PIPELINE), TOKENS: _OF_CACHE,
    REQUESTS: (*_OF_CACHE, LENGTH), DECODE: (DTYPE, QUANTIZATION, TENSOR, PIPELINE),
    BATCH: (DTYPE, QUANTIZATION, TENSOR, PIPELINE, RUNNING),
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


__all__ = [
    "BATCH",
    "CLASS",
    "DECODE",
    "MEANINGS",
    "NAMES",
    "NO_ROOM",
    "PER_TOKEN",
    "REQUESTS",
    "SHARE",
    "TOKENS",
    "UNITS",
    "WEIGHTS",
    "Situation",
    "answer",
    "assumed",
    "bound",
    "fact",
    "lacking",
    "needs",
    "of",
    "short_on",
    "sizes",
]
