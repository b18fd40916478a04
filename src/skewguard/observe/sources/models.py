"""Which models an address serves, whoever answers there."""

from collections.abc import Mapping
from contextlib import closing

from msgspec import DecodeError, json

from skewguard.adapters.cluster.deadlines import Deadline
from skewguard.adapters.endpoints import Direct, Key, NoAnswer, Question, Way
from skewguard.knowledge.engines.live import shapes

_PATH = "/v1/models"
_OTHER_NAMES = ("root", "parent")
"""vLLM names the path of a model as `root`, and the model that an adapter adapts as `parent`."""


def at_url(url: str, key: Key | None, ca_file: str | None, *, seconds: float) -> Mapping[str, frozenset[str]] | str:
    """The same of a URL, with or without the `/v1` that its API stands under."""
    with closing(Direct(url.rstrip("/").removesuffix("/v1"), key=key, ca_file=ca_file)) as way:
        return served(way, seconds=seconds)


def served(way: Way, *, seconds: float) -> Mapping[str, frozenset[str]] | str:
    """The names that requests may ask for, each with what else it is known by, as `GET /v1/models` lists them; or why not."""
    place = way.shown(Question(_PATH))
    try:
        answer = json.decode(way.ask(Question(_PATH), Deadline.after(seconds)).body)
    except NoAnswer as error:
        return f"{place}: {error}"
    except (DecodeError, ValueError, RecursionError):
        return f"{place}: its answer is no valid JSON"
    found = {
        each["id"]: frozenset(other for name in _OTHER_NAMES if isinstance(other := each.get(name), str) and other)
        for each in shapes.listed(answer)
        if isinstance(each.get("id"), str) and each["id"]
    }
    return found or f"{place} names no model"
