"""What running engines say of themselves: which endpoints a release has, and how its answers, metrics and log lines read.

What may enter: pure functions from decoded answers and text to settings, and the rule for each field whether it shows what
is in effect or only repeats what was asked for. What may not: asking (`observe.sources.asking`), a socket, a verdict.
"""

from collections.abc import Callable, Mapping

from skewguard.knowledge.engines.live.interface import Endpoint, Heard, LiveModule, Said

__all__ = ["Endpoint", "Heard", "LiveModule", "Said", "engines", "of", "own", "shown"]


def _llamacpp() -> LiveModule:
    from skewguard.knowledge.engines.live import llamacpp

    return llamacpp


def _nim() -> LiveModule:
    from skewguard.knowledge.engines.live import nim

    return nim


def _sglang() -> LiveModule:
    from skewguard.knowledge.engines.live import sglang

    return sglang


def _tgi() -> LiveModule:
    from skewguard.knowledge.engines.live import tgi

    return tgi


def _trtllm() -> LiveModule:
    from skewguard.knowledge.engines.live import trtllm

    return trtllm


def _vllm() -> LiveModule:
    from skewguard.knowledge.engines.live import vllm

    return vllm


_HOMES: Mapping[str, Callable[[], LiveModule]] = {
    "nim": _nim,
    "vllm": _vllm,
    "sglang": _sglang,
    "tgi": _tgi,
    "trtllm": _trtllm,
    "llamacpp": _llamacpp,
}
"""NIM first: an engine that answers as itself stands behind it."""


def engines() -> tuple[str, ...]:
    """Every engine whose answers are understood, in the order in which they are told apart."""
    return tuple(_HOMES)


def of(engine: str) -> LiveModule | None:
    """What is known of one engine's answers; None where nothing is."""
    home = _HOMES.get(engine)
    return home() if home is not None else None


def own(setting: str) -> bool:
    """Whether every process has a value of its own of a setting: an address, a rank, a seed drawn, a size measured.

    Such values are shown, and are no difference between two replicas.
    """
    engine, _, dest = setting.partition(".")
    module = of(engine)
    return module is not None and dest in module.OWN


def shown(engine: str) -> frozenset[str]:
    """The destinations of one engine that no argument sets, and only a running process shows: promises may name them."""
    module = of(engine)
    return module.SHOWN if module is not None else frozenset()
