"""Time limits, retries and body sizes as routes write them, in seconds, counts and bytes."""

import re
from collections.abc import Iterator, Mapping

from skewguard.language import vocabulary
from skewguard.language.facts import Located
from skewguard.language.neighbours import Timeout
from skewguard.language.trees import Node

_NGINXES = ("nginx.ingress.kubernetes.io/", "nginx.org/")
_ABSENT = Node.absent()


def timeout(name: str, node: Node, unit: float = 1.0) -> Iterator[Timeout]:
    """A limit that is written; numbers without a unit count in `unit` seconds."""
    seconds = duration(node, unit)
    if node and seconds is not None:
        yield Timeout(name, seconds or None, node.origin)
    elif node and (node.text() or "").lower() in ("infinity", "infinite"):
        yield Timeout(name, None, node.origin)


def duration(node: Node, unit: float = 1.0) -> float | None:
    """Seconds; None for what is no duration."""
    number = node.number()
    if number is not None:
        return number * unit
    text = (node.text() or "").strip()
    try:
        return vocabulary.seconds(re.sub(r"(\d)us\b", r"\1ms", text))
    except ValueError:
        return None


def retries(node: Node, first: int = 0) -> Iterator[Located[int]]:
    """A number of retries; `first` is 1 where the number counts the first try too."""
    number = node.integer()
    if number is not None:
        yield Located(max(number - first, 0), node.origin)


def body(node: Node) -> Located[int | None] | None:
    """A body size in nginx's units (powers of two), None inside for 0 (no limit); None where there is none."""
    match = re.fullmatch(r"(\d{1,12})\s*([kKmMgG]?)[bB]?", (node.text() or "").strip())
    if match is None:
        return None
    return Located(int(match[1]) << {"": 0, "k": 10, "m": 20, "g": 30}[match[2].lower()] or None, node.origin)


def annotated_retries(held: Mapping[str, Node]) -> Iterator[Located[int]]:
    """A POST is repeated by nginx only where `non_idempotent` says so; its number counts the first try."""
    for prefix in _NGINXES:
        tries = held.get(f"{prefix}proxy-next-upstream-tries", _ABSENT)
        if _repeats(held, prefix) and tries.integer():
            yield from retries(tries, first=1)
    yield from retries(held.get("konghq.com/retries", _ABSENT))


def untold(held: Mapping[str, Node]) -> tuple[str, ...]:
    """The settings that annotations decide in a way that is not known here.

    Without a number of tries the controller's configuration decides, and 0 is as many as there are servers. A
    middleware of Traefik's may do anything. Sources: ingress-nginx annotations and ConfigMap (proxy-next-upstream,
    proxy-next-upstream-tries), nginx ngx_http_proxy_module (proxy_next_upstream_tries), Traefik Retry and Buffering.
    """
    if "traefik.ingress.kubernetes.io/router.middlewares" in held:
        return ("serving.retries", "serving.max_body_size")
    uncounted = any(
        _repeats(held, prefix) and not held.get(f"{prefix}proxy-next-upstream-tries", _ABSENT).integer()
        for prefix in _NGINXES
    )
    return ("serving.retries",) if uncounted else ()


def _repeats(held: Mapping[str, Node], prefix: str) -> bool:
    """Whether nginx may send a POST again: the list says so, or a template is to fill it in."""
    text = held.get(f"{prefix}proxy-next-upstream", _ABSENT).text() or ""
    return "non_idempotent" in text or re.search(r"[${<]", text) is not None
