"""What Text Generation Inference says of itself: `GET /info`.

Read in `router/src/lib.rs` and `router/src/server.rs` of releases 1.4.0 to 3.3.7. The lengths are those that came out of the
warm-up. The number format is told up to 2.2.0, the sizes of a batch likewise; later releases say neither.
"""

from collections.abc import Sequence
from typing import Any

from skewguard.knowledge.engines.live import metrics, shapes
from skewguard.knowledge.engines.live.interface import Endpoint, Heard
from skewguard.knowledge.engines.live.log_lines import Line
from skewguard.knowledge.engines.live.settling import Field

NAME = "tgi"
OWN = frozenset(("hostname", "port", "prometheus_port", "max_batch_total_tokens"))
"""Addresses, and the tokens that the memory holds."""
SHOWN: frozenset[str] = frozenset()
READS_LOGS = False

_FIELDS = Field(
    NAME,
    aliases={"max_input_length": "max_input_tokens", "model_dtype": "dtype", "model_sha": "revision"},
)
_TOLD = (
    "model_id", "model_sha", "model_dtype", "max_concurrent_requests", "max_best_of", "max_stop_sequences",
    "max_input_length", "max_input_tokens", "max_total_tokens", "waiting_served_ratio", "max_batch_total_tokens",
    "max_waiting_tokens", "max_batch_size", "validation_workers", "max_client_batch_size",
)  # fmt: skip


def read_info(answer: Any) -> Heard:
    """`GET /info`: model, the commit that the Hub named at the start, and the limits in effect."""
    if not recognised("/info", answer):
        return Heard(troubles=("it says nothing of a model that TGI serves",))
    said = _FIELDS.all({name: answer.get(name) for name in _TOLD})
    return Heard(tuple(said), shapes.text(answer, "version"))


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        "/info",
        read_info,
        hides=("model.id", "model.revision", "limits.max_model_len", "limits.max_prompt_tokens"),
    ),
)


def recognised(path: str, answer: Any) -> bool:
    """TGI names its metrics after itself, and the image that it was built as."""
    if isinstance(answer, bytes):
        return path == "/metrics" and metrics.begins_with(answer, "tgi_")
    return path == "/info" and isinstance(answer, dict) and {"model_id", "docker_label"} <= answer.keys()


def read_log(_lines: Sequence[Line]) -> Heard | None:
    """Nothing: the launcher prints its arguments, each with its default, and not what came of them."""
    return None
