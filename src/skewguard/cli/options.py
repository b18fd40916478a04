"""The options that several verbs have, each written once, so that it reads and means the same everywhere."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, TypeVar, cast

import click

F = TypeVar("F", bound=Callable[..., Any])


def _output(default: str) -> Callable[[F], F]:
    return click.option(
        "-o",
        "--output",
        "outputs",
        multiple=True,
        metavar="FORMAT[=PATH]",
        help=f"Result format, to stdout or to PATH. Repeatable. Default: {default}.",
    )


OUTPUT, EXPORT_OUTPUT = _output("table"), _output("json")


def _bare(_context: click.Context, _option: click.Parameter, value: str | None) -> str | None:
    """`-n=prod` is what kubectl takes too; click leaves the equals sign to the value."""
    return value.removeprefix("=") or None if value is not None else None


NAMESPACE = click.option("-n", "--namespace", callback=_bare, help="Namespace of objects that name none.")
VERBOSE = click.option("-v", "--verbose", is_flag=True, help="Show notes, waived findings and gaps too.")
COLOR = click.option("--color/--no-color", default=None, help="Colours; default: when stdout is a terminal.")

MODEL_CONFIG = click.option(
    "--model-config",
    "model_configs",
    multiple=True,
    metavar="[MODEL=]DIR",
    help="Checkpoint folder (or config.json) of the model, for what the engine takes from it. Repeatable with MODEL=.",
)
GPU = click.option("--gpu", metavar="CLASS", help="GPU class where the manifest names none, such as H100; or cpu.")

TABLES = click.option(
    "--tables",
    metavar="DIR",
    help="Folder of engine tables newer than the package's. Default: SKEWGUARD_TABLES, then the project's.",
)

STORE = click.option(
    "--store",
    metavar="URL|PATH",
    help="Where records are kept: a SQLite file or postgresql://…. Default: SKEWGUARD_STORE, then the project's, "
    "then the user's own.",
)


def shared(command: F) -> F:
    """The options of every verb that answers with a result."""
    for option in (COLOR, VERBOSE, NAMESPACE, OUTPUT):
        command = option(command)
    return command


CONTRACT = click.option(
    "--contract", "contracts", multiple=True, metavar="FILE|DIR", help="Contracts to hold the input to."
)
FAIL_ON = click.option(
    "--fail-on",
    type=click.Choice(["error", "warning", "note", "never"]),
    help="Lowest severity that gives exit code 1. Default: error.",
)
ALLOW_UNKNOWN = click.option(
    "--allow-unknown", is_flag=True, help="Exit 0 although a contract clause cannot be decided."
)


# ---- what runs -----------------------------------------------------------------------------------------------------


class Duration(click.ParamType[float]):
    """`30s`, `2m`, `500ms` or plain seconds, as seconds. `none`: no time at all is a time too."""

    name = "duration"

    def __init__(self, *, none: bool = False) -> None:
        self._none = none

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The seconds. Fails for anything else, and for no time at all."""
        if isinstance(value, (int, float)):
            return float(value)
        from skewguard.language import vocabulary

        try:
            seconds = vocabulary.seconds(value)
        except (ValueError, OverflowError):
            seconds = -1.0
        if seconds < 0 or (seconds == 0 and not self._none):
            self.fail(f"{value!r} is no time to wait: write it as 30s, 2m or 500ms", param, ctx)
        return seconds


ALL_NAMESPACES = click.option("-A", "--all-namespaces", is_flag=True, help="Every namespace of the cluster.")
SELECTOR = click.option(
    "-l", "--selector", callback=_bare, metavar="LABELS", help="Only workloads with these labels, as for kubectl."
)
CLUSTER_NAMESPACE = click.option(
    "-n", "--namespace", callback=_bare, help="Namespace to look in. Default: that of the context."
)

_CLUSTER = {
    "context": click.option("--context", help="Context of the kubeconfig. Default: the current one."),
    "kubeconfig": click.option(
        "--kubeconfig", metavar="FILE", help="Default: KUBECONFIG, then ~/.kube/config, then the pod's own account."
    ),
    "timeout": click.option(
        "--timeout",
        type=Duration(),
        default="30s",
        metavar="DURATION",
        help="Longest wait for an answer. Default: 30s.",
    ),
}
_ENGINES = {
    "depth": click.option(
        "--depth",
        type=click.Choice(["api", "endpoints", "logs"]),
        help="How far to look: the cluster's API alone; the answers of the engines too; the head of their logs too. "
        "Default: logs for workloads that are named, else api.",
    ),
    "exec_": click.option(
        "--exec", "exec_", is_flag=True, help="Also run read-only commands in the pods, such as nvidia-smi."
    ),
    "api_key_env": click.option(
        "--api-key-env",
        metavar="NAME",
        help="Environment variable that holds the API key of the engines. Default: SKEWGUARD_API_KEY.",
    ),
    "api_key_file": click.option("--api-key-file", metavar="PATH", help="File that holds it."),
    "ca_file": click.option("--ca-file", metavar="PATH", help="Certificates to trust for an endpoint behind TLS."),
}

_SANITY = {
    "endpoint": click.option(
        "--endpoint", metavar="URL", help="Also ask and load the engine that the manifests run as, for some seconds."
    ),
    "as_": click.option("--as", "as_", metavar="KIND/NAME", help="Which engine of the manifests the endpoint is."),
    "seconds": click.option(
        "--sanity-duration",
        "seconds",
        type=Duration(),
        metavar="DURATION",
        help="How long the endpoint is loaded. Default: 15s, or less where the contract's own load is shorter.",
    ),
    "model": click.option("--model", metavar="NAME", help="Model to ask for, where the endpoint serves several."),
    "on_live": click.option(
        "--on-live", is_flag=True, help="Load the endpoint although it has traffic of its users, with a small load."
    ),
    "timeout": _CLUSTER["timeout"],
    **{name: _ENGINES[name] for name in ("api_key_env", "api_key_file", "ca_file")},
}


def gathering(name: str, given: Mapping[str, Callable[[Any], Any]]) -> Callable[[F], F]:
    """Options that a verb hands on together, in one mapping of this name."""

    def decorated(command: F) -> F:
        @wraps(command)
        def gathered(*words: Any, **values: Any) -> Any:
            together = {each: values.pop(each) for each in given}
            return command(*words, **{name: together}, **values)

        made: Any = gathered
        for option in reversed(list(given.values())):
            made = option(made)
        return cast("F", made)

    return decorated


def of_cluster(reach: Mapping[str, Any]) -> dict[str, Any]:
    """What of it leads to a cluster, and not to the engines in it."""
    return {name: reach[name] for name in _CLUSTER}


TERMS = gathering(
    "terms",
    {
        "contracts": CONTRACT,
        "fail_on": FAIL_ON,
        "allow_unknown": ALLOW_UNKNOWN,
        "model_configs": MODEL_CONFIG,
        "tables": TABLES,
        "store": STORE,
    },
)
"""What a verification is held to, and where its records are kept, gathered as `terms`."""

SANITY = gathering("sanity", _SANITY)
"""The endpoint that a check loads too, and how it is reached, gathered as `sanity`."""

CLUSTER = gathering("reach", _CLUSTER)
"""How to reach a cluster, gathered as `reach`: context, kubeconfig and timeout."""

ENGINES = gathering("reach", {**_CLUSTER, **_ENGINES})
"""The same, and how far to ask the engines in it."""
