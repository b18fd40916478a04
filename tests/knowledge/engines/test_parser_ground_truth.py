"""The tables against what released parsers registered when they were run: vLLM's and SGLang's, version by version.

Third-party modules were stubbed for those runs. What a stub decided (the choices of a registry that was never filled,
the platform's device) is not compared.
"""

import ast
import json
from pathlib import Path
from typing import Any

import pytest

from skewguard.knowledge.engines import tables
from skewguard.knowledge.engines.tables import Flag

FILES = sorted((Path(__file__).parents[2] / "data" / "parser-ground-truth").glob("*.json"))
SGLANG = [path for path in FILES if path.stem.startswith("sglang-")]
ACTIONS = {
    "_StoreTrueAction": "true",
    "_AppendAction": "append",
    "BooleanOptionalAction": "toggle",
    "EnableDisableAction": "enable-disable",
    "StoreBoolean": "boolean",
    "DeprecatedStoreTrueAction": "true",
}
OWN_WORDS = ("boolean", "lora", "adapters")
"""Actions of the engines' own, which read their words in their own way."""


def _flags(path: Path) -> dict[str, Flag]:
    engine, _, version = path.stem.partition("-")
    return {spelling: flag for flag in tables.load(engine).flags(version) for spelling in flag.flags}


def _records(path: Path) -> list[dict[str, Any]]:
    records: list[dict[str, Any]] = json.loads(path.read_text("utf-8"))
    return records


def _literal(text: str) -> object:
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text
    return sorted(value) if isinstance(value, set) else list(value) if isinstance(value, tuple) else value


def _plain(default: Any) -> tuple[bool, object]:
    """Whether the table has a plain value to compare, and that value."""
    if isinstance(default, dict) and "$suppress" in default:
        return True, "==SUPPRESS=="
    return not (isinstance(default, dict) and any(key.startswith("$") for key in default)), default


@pytest.mark.parametrize("path", SGLANG, ids=lambda path: path.stem)
def test_no_spelling_of_sglang_is_missing_and_none_is_made_up(path: Path) -> None:
    """Each spelling that the real parser registered stands in the table, and no other."""
    real = {spelling for record in _records(path) for spelling in record["flags"]}

    assert set(_flags(path)) == real


@pytest.mark.parametrize("path", SGLANG, ids=lambda path: path.stem)
def test_no_default_of_sglang_is_wrong(path: Path) -> None:
    """Each default equals the real one; what is no plain value is told apart, never given a wrong one."""
    known, wrong = _flags(path), []
    for record in _records(path):
        plain, default = _plain(known[record["flags"][0]].default)
        real = _literal(record["default"])
        if plain and default != real:
            wrong.append((record["flags"][0], default, real))

    assert wrong == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_flag_takes_as_many_words_as_the_real_one(path: Path) -> None:
    """Switches none, lists one or more, and so on; and it is the sort of flag that it really is."""
    known, wrong = _flags(path), []
    for record in _records(path):
        flag = known[record["flags"][0]]
        count = None if record.get("nargs") in (None, 0) else str(record["nargs"])
        expected = ACTIONS.get(record["action"], flag.action)
        if flag.action != expected or (flag.action not in OWN_WORDS and flag.nargs != count):
            wrong.append((flag.name, flag.action, flag.nargs, record["action"], record.get("nargs")))

    assert wrong == []


def test_ground_truth_covers_each_layout_of_both_engines() -> None:
    """Seventeen releases of vLLM and ten of SGLang."""
    assert (len(FILES) - len(SGLANG), len(SGLANG)) == (17, 10)
