"""What the llama.cpp server says of itself: `GET /props`, which needs no key.

Read in `tools/server` (`get_props`) of builds up to b10573. The context there is that of one slot, whatever `-c` said of all.
"""

import re
from collections.abc import Sequence
from typing import Any

from skewguard.knowledge.engines.live import metrics, shapes
from skewguard.knowledge.engines.live.interface import Endpoint, Heard, Said
from skewguard.knowledge.engines.live.log_lines import Line
from skewguard.knowledge.engines.live.settling import Field

NAME = "llamacpp"
OWN = frozenset(("hostname", "port"))
SHOWN = frozenset(("chat_template_sha256", "model_path"))
READS_LOGS = False

_FIELDS = Field(NAME, measured=("model_path",))


def read_props(answer: Any) -> Heard:
    """`GET /props`: slots, the context of each, the file, its name, the chat template, the build."""
    if not recognised("/props", answer):
        return Heard(troubles=("it says nothing of slots",))
    told = ("model_path", "model_alias")
    fields = {"n_parallel": shapes.count(answer["total_slots"]), **{name: answer.get(name) for name in told}}
    said = [*_FIELDS.all(fields)]
    context = shapes.count(answer["default_generation_settings"].get("n_ctx"))
    if context is not None:
        said.append(Said("limits.max_model_len", context, effective=True))
    template = answer.get("chat_template")
    if isinstance(template, str) and template:
        said.append(Said("llamacpp.chat_template_sha256", shapes.digest(template), effective=True))
    named = re.match(r"b\d{1,9}\b", shapes.text(answer, "build_info") or "")
    return Heard(tuple(said), named[0] if named else None)


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint("/props", read_props, hides=("limits.max_model_len", "limits.max_num_seqs", "model.served_name")),
)


def recognised(path: str, answer: Any) -> bool:
    """The server says so itself as the owner of its models, and in what its properties and metrics are called."""
    if isinstance(answer, bytes):
        return path == "/metrics" and metrics.begins_with(answer, "llamacpp:")
    if not isinstance(answer, dict):
        return False
    if path == "/props":
        settings = answer.get("default_generation_settings")
        return isinstance(settings, dict) and type(answer.get("total_slots")) is int
    return path == "/v1/models" and shapes.owner(answer, "llamacpp")


def read_log(_lines: Sequence[Line]) -> Heard | None:
    """Nothing: the texts of its log change from build to build."""
    return None
