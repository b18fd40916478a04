"""What `trtllm-serve` says of itself: its release, and the name that it serves.

Read in `tensorrt_llm/serve/openai_server.py` and `openai_protocol.py`. Its `/metrics` are the statistics of steps as JSON, and
no endpoint of it that is meant for production shows a setting.
"""

from collections.abc import Sequence
from typing import Any

from skewguard.knowledge.engines.live import shapes
from skewguard.knowledge.engines.live.interface import Endpoint, Heard
from skewguard.knowledge.engines.live.log_lines import Line
from skewguard.knowledge.engines.live.settling import Field

NAME = "trtllm"
OWN = frozenset(("host", "port"))
SHOWN: frozenset[str] = frozenset()
READS_LOGS = False

_FIELDS = Field(NAME)


def read_models(answer: Any) -> Heard:
    """`GET /v1/models`: the name."""
    models = shapes.served(answer)
    if not models:
        return Heard(troubles=("it names no model",))
    return Heard(tuple(_FIELDS.all({"served_model_name": models[0]["id"]})))


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint("/version", shapes.version),
    Endpoint("/v1/models", read_models, hides=("model.served_name",)),
)


def recognised(path: str, answer: Any) -> bool:
    """It says so itself as the owner of its model."""
    return path == "/v1/models" and shapes.owner(answer, "tensorrt_llm")


def read_log(_lines: Sequence[Line]) -> Heard | None:
    """Nothing: what it prints of its settings was never seen."""
    return None
