"""The options that several verbs have, each written once, so that it reads and means the same everywhere."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

OUTPUT = click.option(
    "-o",
    "--output",
    "outputs",
    multiple=True,
    metavar="FORMAT[=PATH]",
    help="Result format, to stdout or to PATH. Repeatable. Default: table.",
)


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
