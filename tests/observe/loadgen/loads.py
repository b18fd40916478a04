"""Loads of tests: few requests, short prompts."""

from skewguard.language.baselines import Run
from skewguard.language.loads import Load, Spread
from skewguard.observe import loadgen
from skewguard.observe.loadgen import Target, prompting

PROMPTS = prompting.synthetic(Spread(32), Spread(8))


def load(**fields: object) -> Load:
    """A closed loop of four slots and twenty requests, but for what is said."""
    chosen = {"profile": "concurrency", "prompts": PROMPTS.described, "concurrency": 4, "requests": 20, **fields}
    return Load(**chosen)  # type: ignore[arg-type]


def ran(url: str, *, timeout_s: float = 60.0, key: str | None = None, **fields: object) -> Run:
    """What a run of that load gives."""
    return loadgen.run(Target(url, timeout_s=timeout_s, key=key), load(**fields), PROMPTS)
