"""HTTP to an engine: one question, one answer that is whole, small enough, and here in time.

A `Way` is how an engine is reached: by a URL, through a port that is forwarded to its pod, or through the API server's
proxy. Whatever answers there may be anything, so that every wait ends at the deadline, every body at its limit, no redirect
is followed and nothing is unpacked. What the answer means is not known here.
"""

from skewguard.adapters.endpoints.interface import MOST_BYTES, Answer, NoAnswer, Question, Way
from skewguard.adapters.endpoints.keys import KEY_VARIABLE, PROMETHEUS_VARIABLE, Key, key_from
from skewguard.adapters.endpoints.ways import Direct, Forwarded, Proxied

__all__ = [
    "KEY_VARIABLE",
    "MOST_BYTES",
    "PROMETHEUS_VARIABLE",
    "Answer",
    "Direct",
    "Forwarded",
    "Key",
    "NoAnswer",
    "Proxied",
    "Question",
    "Way",
    "key_from",
]
