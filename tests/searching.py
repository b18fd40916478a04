"""How long a search for a counterexample goes on: tests say how many examples they want, the tier says how many of them."""

import os

from hypothesis import HealthCheck, settings

FULL = 100
"""Per cent; also how many examples a test takes that names no number (hypothesis' own default)."""
FAST = 25
"""Enough to meet what breaks at once; the full number is for `make test`."""


def load_profile(*, fast: bool) -> None:
    """Choose the tier, before any test module is imported. `SKEWGUARD_EXAMPLES=20` searches twenty times as long.

    A slow machine is not a defect: no deadline on one example. CI sees the same examples on every run.
    """
    share = (FAST if fast else FULL) * int(os.environ.get("SKEWGUARD_EXAMPLES", "1"))
    settings.register_profile("here", deadline=None, max_examples=share, suppress_health_check=[HealthCheck.too_slow])
    settings.register_profile(
        "ci",
        settings.get_profile("here"),
        derandomize=True,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    settings.load_profile("ci" if os.environ.get("CI") else "here")


def examples(number: int, *suppressed: HealthCheck) -> settings:
    """So many examples in the full tier, their share in the one that is loaded; at least one."""
    loaded = settings()
    return settings(
        max_examples=max(1, number * loaded.max_examples // FULL),
        suppress_health_check=[*loaded.suppress_health_check, *suppressed],
    )
