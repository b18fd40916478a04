"""What `check` is asked to load beside its manifests, and what came of it. Light: every check imports this."""

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from skewguard.judge.checks.interface import Case
from skewguard.knowledge.contract.values import Binding
from skewguard.language.errors import UsageError
from skewguard.language.results import InputProblem

DURATION_S = 15.0


class Sanity(Struct, frozen=True):
    """What to load: the URL, as which workload, for how many seconds, how it is reached (seconds that one answer may
    take, key, certificates), and who is told meanwhile.

    `on_live`: also where users are served, and then with a small load.
    """

    url: str
    as_: str | None = None
    seconds: float = DURATION_S
    model: str | None = None
    on_live: bool = False
    told: Callable[[Any], None] | None = None
    timeout: float | None = None
    api_key_env: str | None = None
    api_key_file: str | None = None
    ca_file: str | None = None


def sanity(
    endpoint: str | None,
    *,
    as_: str | None = None,
    seconds: float | None = None,
    model: str | None = None,
    timeout: float | None = None,
    api_key_env: str | None = None,
    api_key_file: str | None = None,
    ca_file: str | None = None,
    on_live: bool = False,
    told: Callable[[Any], None] | None = None,
) -> Sanity | None:
    """What `check` is to load beside its manifests; None without an endpoint. Raises `UsageError` for what needs one."""
    if endpoint is None:
        lost = {
            "--as": as_,
            "--sanity-duration": seconds,
            "--model": model,
            "--api-key-env": api_key_env,
            "--api-key-file": api_key_file,
            "--ca-file": ca_file,
            "--on-live": on_live or None,
        }
        if given := [name for name, value in lost.items() if value is not None]:
            raise UsageError(f"{given[0]} says something of an endpoint, and none was given", hint="add --endpoint URL")
        return None
    return Sanity(
        endpoint, as_, seconds or DURATION_S, model, on_live, told, timeout, api_key_env, api_key_file, ca_file
    )


class Gated(Struct, frozen=True):
    """What came of it: the case that was loaded under the contract of its manifest, or why there is none."""

    cases: tuple[Case, ...] = ()
    bindings: tuple[Binding, ...] = ()
    problems: tuple[InputProblem, ...] = ()
    notes: tuple[str, ...] = ()
