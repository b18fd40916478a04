"""Paths that people probe out of habit, and that no release of vLLM serves.

vLLM answers GET at `/health`, `/ping` (0.7.0), `/load` (0.8.0), `/version`, `/metrics`, `/v1/models`, `/docs`, `/redoc`
and `/openapi.json`, and at more in its development mode and in coming releases. So the paths listed here are those of
other servers alone: a path that nobody knows is no fault.
"""

from skewguard.judge.checks import listening
from skewguard.judge.checks.interface import Case
from skewguard.language.workloads import Probe

FOREIGN = frozenset(
    (
        "/", "/healthz", "/livez", "/readyz", "/ready", "/live", "/alive", "/liveness", "/readiness", "/healthcheck",
        "/health_check", "/health-check", "/health/live", "/health/ready", "/api/health", "/api/healthz", "/status",
        "/actuator/health", "/v1/health", "/v1/health/live", "/v1/health/ready", "/v2/health/live", "/v2/health/ready",
        "/health_generate",
    )
)  # fmt: skip
"""Kubernetes' own components, Spring, Triton, NIM and SGLang serve these."""


def is_dead(case: Case, probe: Probe) -> bool:
    """Whether an HTTP probe asks the engine itself for a path that it never serves.

    A root path, a middleware or another listener may serve anything: such a probe is left alone.
    """
    engine = listening.engine_port(case)
    if case.engine != "vllm" or probe.handler != "http" or engine is None or _altered(case):
        return False
    number = probe.port if isinstance(probe.port, int) else listening.number(case.container, probe.port)
    path = (probe.path or "/").partition("?")[0].rstrip("/") or "/"
    meant = number == engine.value or not (number is None or listening.company(case))  # else a neighbour may answer
    return meant and path in FOREIGN


def _altered(case: Case) -> bool:
    """Whether something may change the paths, or nobody can see whether it does."""
    if case.parsed is None or case.parsed.blind is not None:
        return True
    for dest in ("root_path", "middleware"):
        known = case.sheet.declared(f"vllm.{dest}")
        if (known is not None and known.value) or dest in case.parsed.gaps:
            return True
    return False
