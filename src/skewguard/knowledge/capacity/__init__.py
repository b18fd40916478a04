"""Whether a model fits on its accelerators, and how fast it can be at best: arithmetic over a checkpoint.

What may enter: sizes that follow from a checkpoint's files, a GPU class and values that are already resolved (dtype,
lengths, parallelism). What may not: how an engine version decides such a value (`knowledge.engines` knows), files, and
verdicts (`judge` gives them). Every answer is an `Amount` with what it assumes, or a `Gap` that says what is missing;
nothing unknown is ever 0.
"""

from skewguard.knowledge.capacity.cache import per_request, per_token
from skewguard.knowledge.capacity.decoding import decode_rate
from skewguard.knowledge.capacity.room import missing, on_device, requests, reserved, tokens
from skewguard.knowledge.capacity.situation import Situation
from skewguard.knowledge.capacity.values import Amount, Answer, Plan
from skewguard.knowledge.capacity.weights import per_device, total

__all__ = [
    "Amount",
    "Answer",
    "Plan",
    "Situation",
    "decode_rate",
    "missing",
    "on_device",
    "per_device",
    "per_request",
    "per_token",
    "requests",
    "reserved",
    "tokens",
    "total",
]
