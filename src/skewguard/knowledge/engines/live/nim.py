"""What NVIDIA NIM says of itself: `GET /v1/metadata`, and the models of the engine behind it.

From its API reference (docs.nvidia.com, NIM for LLMs 1.x and 2.x). The profile decides about engine and parallelism; it is
told by its id, and what it holds stands in the image's manifest.
"""

from collections.abc import Sequence
from typing import Any

from skewguard.knowledge.engines.live import shapes
from skewguard.knowledge.engines.live.interface import Endpoint, Heard, Said
from skewguard.knowledge.engines.live.log_lines import Line
from skewguard.knowledge.engines.live.settling import Field

NAME = "nim"
OWN: frozenset[str] = frozenset()
SHOWN = frozenset(("model_profile",))
READS_LOGS = False

_FIELDS = Field(NAME)


def read_metadata(answer: Any) -> Heard:
    """`GET /v1/metadata`: the release of NIM, and from some release on the profile that was selected."""
    if not recognised("/v1/metadata", answer):
        return Heard(troubles=("it is no metadata of NIM",))
    profile = shapes.text(answer, "selectedModelProfileId")
    said = (Said("nim.model_profile", profile, effective=True),) if profile else ()
    return Heard(said, shapes.text(answer, "version"))


def read_models(answer: Any) -> Heard:
    """`GET /v1/models`: the name, and the length where the engine behind it tells it."""
    models = shapes.served(answer)
    if not models:
        return Heard(troubles=("it names no model",))
    fields = {"served_model_name": models[0]["id"], "max_model_len": shapes.count(models[0].get("max_model_len"))}
    return Heard(tuple(_FIELDS.all(fields)))


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint("/v1/metadata", read_metadata),
    Endpoint("/v1/models", read_models, hides=("model.served_name", "limits.max_model_len")),
)


def recognised(path: str, answer: Any) -> bool:
    """Its metadata name the assets and the licence of the container."""
    return (
        path == "/v1/metadata" and isinstance(answer, dict) and {"version", "modelInfo", "licenseInfo"} <= answer.keys()
    )


def read_log(_lines: Sequence[Line]) -> Heard | None:
    """Nothing: what it prints of its settings was never seen."""
    return None
