"""What all releases of an engine say together, asked through the names that every engine module has."""

from collections.abc import Sequence
from functools import cache

from skewguard.knowledge import engines
from skewguard.knowledge.engines.interface import EngineModule, Release
from skewguard.language.facts import Origin, Value
from skewguard.language.workloads import EnvVar

Run = tuple[str, str, bool, Value]
"""First version, last version, whether it is read there, and its default."""


def variable(module: EngineModule, name: str) -> tuple[Run, ...]:
    """The runs of one environment variable through the table; empty when no release reads it."""
    runs: list[Run] = []
    for release in module.releases():
        known = module.variables(release)
        read, default = name in known, known.get(name)
        if runs and runs[-1][2:] == (read, default) and type(runs[-1][3]) is type(default):
            runs[-1] = (runs[-1][0], release, read, default)
        else:
            runs.append((release, release, read, default))
    return tuple(runs) if any(read for _, _, read, _ in runs) else ()


def variables(module: EngineModule) -> tuple[str, ...]:
    """Every environment variable that any release reads."""
    return _variables(module.NAME)


def silence(module: EngineModule, name: str, releases: Sequence[str]) -> str | None:
    """Why none of these releases reads a variable, in the engine's own words; None when one does, or nothing is said."""
    release = Release(module.NAME, None, tuple(releases), "exact" if len(releases) == 1 else "unknown", "", "")
    answers = module.environment((EnvVar(name, None, Origin("command-line", name)),), release)
    if not answers or any(answer.outcome in ("read", "invalid") for answer in answers):
        return None
    return answers[0].message


@cache
def _variables(engine: str) -> tuple[str, ...]:
    module = engines.ENGINES[engine]
    return tuple(dict.fromkeys(name for release in module.releases() for name in module.variables(release)))
