"""TGI's table against what the launcher of six releases prints at `--help`: names, variables, defaults and values."""

import json
from pathlib import Path
from typing import Any

import pytest

from skewguard.knowledge.engines import tgi
from skewguard.knowledge.engines.tables import Flag

HELP: dict[str, dict[str, dict[str, Any]]] = json.loads(
    (Path(__file__).parents[2] / "data" / "tgi-help.json").read_text("utf-8")
)


@pytest.mark.parametrize("version", HELP)
def test_every_flag_is_as_the_launcher_prints_it(version: str) -> None:
    """None is missing, none too many; each with its short form, variable, default and values."""
    table = {flag.name: flag for flag in tgi.table().flags(version)}
    told = {name: row for name, row in HELP[version].items() if name not in ("--help", "--version")}

    assert table.keys() == told.keys()
    assert {name: _row(flag, told[name]) for name, flag in table.items()} == told


def _row(flag: Flag, told: dict[str, Any]) -> dict[str, Any]:
    """A flag of the table as the help has it. Both ports say `-p`, and the parser takes it for the first."""
    short = next((each for each in flag.flags if not each.startswith("--")), None)
    default = None if flag.default is None or (flag.switch and flag.default is False) else str(flag.default)
    choices = list(flag.choices) if flag.choices else ["false", "true"] if flag.type == "bool" else None
    row = {"short": short, "env": flag.env, "default": default, "choices": choices}
    if flag.dest == "prometheus_port":
        row["short"] = told["short"]
    if flag.switch and told.get("default") == "false":
        row["default"] = "false"
    return {name: each for name, each in row.items() if each is not None}
