"""llama.cpp's table against the list of arguments that its own documentation generator wrote for two builds."""

import json
from pathlib import Path
from typing import Any

import pytest

from skewguard.knowledge.engines import llamacpp

HELP: dict[str, dict[str, dict[str, Any]]] = json.loads(
    (Path(__file__).parents[2] / "data" / "llamacpp-help.json").read_text("utf-8")
)
UNLISTED = {"--rpc"}
"""Only where the backend is built in."""
LATER = {"b7556": {"--override-tensor"}}
"""Whose variable came after the list was written."""


@pytest.mark.parametrize("build", HELP)
def test_every_flag_is_as_the_generator_lists_it(build: str) -> None:
    """None is missing, none too many; each with all its spellings, its variable, and its number, which is rounded."""
    table = {tuple(sorted(flag.flags)): flag for flag in llamacpp.table().flags(build)}
    told = {tuple(row["spellings"]): row for row in HELP[build].values()}

    assert {flag.name for spelled, flag in table.items() if spelled not in told} <= UNLISTED
    assert told.keys() <= table.keys()
    for spelled, row in told.items():
        flag = table[spelled]
        assert flag.env == row.get("env") or flag.name in LATER.get(build, ())
        if "default" in row and isinstance(flag.default, int | float):
            assert float(flag.default) == pytest.approx(row["default"], abs=0.06)


def test_defaults_that_were_not_read_say_so() -> None:
    """A default that ends in no field of that name is worked out at the start, as far as the table knows."""
    untold = {
        flag.name
        for flag in llamacpp.table().flags("b10573")
        if HELP["b10573"].get(flag.name, {}).get("default") is not None and not isinstance(flag.default, int | float)
    }

    assert untold <= {
        "--seed", "--prio", "--prio-batch", "--dry-base", "--repeat-penalty", "--presence-penalty",
        "--frequency-penalty", "--spec-draft-prio", "--spec-draft-prio-batch",
    }  # fmt: skip
    assert all(isinstance(flag.default, dict) for flag in llamacpp.table().flags("b10573") if flag.name in untold)


@pytest.mark.parametrize(
    ("flag", "expected"),
    [
        ("--split-mode", dict.fromkeys(("b3716", "b4719", "b6100", "b7556", "b8703", "b8953", "b10573"), "layer")),
        ("--cache-type-k", dict.fromkeys(("b3716", "b4719", "b6100", "b7556", "b8703", "b10573"), "f16")),
        ("--flash-attn", {"b6324": False, **dict.fromkeys(("b6325", "b7556", "b8703", "b10573"), "auto")}),
        ("--reasoning-format", {"b4719": "deepseek", "b6100": "auto", "b7556": "deepseek", "b10573": "deepseek"}),
        ("--load-mode", {"b10205": "mmap", "b10385": "auto", "b10573": "auto"}),
        ("--spec-type", {"b7899": "none", "b8703": "none", "b8953": "none"}),
        ("--numa", dict.fromkeys(("b3716", "b4719", "b6100", "b7556", "b8703", "b10573"), None)),
    ],
)
def test_a_default_that_is_a_word_of_an_enumeration(flag: str, expected: dict[str, object]) -> None:
    """As `common_params` of `common/common.h` has it in each of these builds."""
    table = llamacpp.table()

    assert {
        build: next(each.default for each in table.flags(build) if each.name == flag) for build in expected
    } == expected


@pytest.mark.parametrize("flag", ["--pooling", "--rope-scaling"])
def test_unspecified_is_not_none(flag: str) -> None:
    """`none` is a word that the flag takes and another behaviour: unspecified, the model's own file decides."""
    table = llamacpp.table()

    for build in ("b4719", "b6100", "b7556", "b8703", "b10573"):
        found = next(each for each in table.flags(build) if each.name == flag)
        assert found.choices is not None
        assert "none" in found.choices
        assert isinstance(found.default, dict)
