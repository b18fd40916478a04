"""What released SGLang parsers answered when they were run: every flag and default is reproduced."""

import ast
import json
from pathlib import Path
from typing import Any

import pytest

from skewguard.knowledge.engines import tables
from skewguard.knowledge.engines.tables import Flag
from tests.knowledge.engines.cases import GROUND_TRUTH
from tests.knowledge.engines.sglang_cases import LAUNCH, simulated

FILES = sorted(GROUND_TRUTH.glob("sglang-*.json"))
CASES = [
    (path.stem.removeprefix("sglang-"), text, read)
    for path in sorted((GROUND_TRUTH / "cases").glob("sglang-*.json"))
    for text, read in json.loads(path.read_text("utf-8")).items()
]
"""(release, arguments, what its real parser made of them: values by destination, None where it refuses)."""
COPIED = {
    "tensor_parallel_size": "tp_size",
    "pipeline_parallel_size": "pp_size",
    "data_parallel_size": "dp_size",
    "expert_parallel_size": "ep_size",
    "attention_context_parallel_size": "attn_cp_size",
    "moe_data_parallel_size": "moe_dp_size",
}
"""Destinations that `ServerArgs.from_cli_args` copies to another field, which is the one that counts."""

DEPRECATED = {
    "DeprecatedAction": ("refused", "retired"),
    "DeprecatedAliasStoreAction": ("alias",),
    "DeprecatedStoreConstAction": ("const", "const-value"),
    "DeprecatedStoreTrueAction": ("const", "true"),
}
"""What the table calls each of the real parser's own actions for flags that are on their way out."""
ACTIONS = {
    "true": "_StoreTrueAction",
    "toggle": "BooleanOptionalAction",
    "const-value": "DeprecatedStoreConstAction",
    "lora": "LoRAPathAction",
}


def _known(path: Path) -> dict[str, Flag]:
    version = path.stem.removeprefix("sglang-")
    return {spelling: flag for flag in tables.load("sglang").flags(version) for spelling in flag.flags}


def _records(path: Path) -> list[dict[str, Any]]:
    return list(json.loads(path.read_text()))


def _literal(text: str) -> object:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_table_has_every_flag_the_real_parser_registered(path: Path) -> None:
    """Each spelling of each flag stands in the table of its version, under the same destination."""
    known = _known(path)
    wanted = {
        spelling: COPIED.get(record["dest"], record["dest"])
        for record in _records(path)
        for spelling in record["flags"]
    }

    assert {spelling: known[spelling].dest if spelling in known else None for spelling in wanted} == wanted
    assert set(known) == set(wanted)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_table_has_every_default_the_real_parser_registered(path: Path) -> None:
    """Each default equals the real one; an expression is told apart, never given a wrong value."""
    known = _known(path)
    wrong = []
    for record in _records(path):
        flag = known[record["flags"][0]]
        computed = isinstance(flag.default, dict) and any(key.startswith("$") for key in flag.default)
        if not computed and flag.default != _literal(record["default"]):
            wrong.append((flag.name, flag.default, record["default"]))

    assert wrong == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_table_says_how_each_flag_takes_its_values(path: Path) -> None:
    """Switch or value, how many values, and which ones: as the real parser registered them."""
    known = _known(path)
    wrong = []
    for record in _records(path):
        flag = known[record["flags"][0]]
        action = record["action"]
        alike = (flag.action or "") in DEPRECATED.get(action, ()) or ACTIONS.get(
            flag.action or "", "_StoreAction"
        ) == action
        values = None if flag.choices is None else sorted(str(each) for each in flag.choices)
        choices = record.get("choices")
        wanted = choices and sorted(str(_literal(each)) for each in choices)
        if not alike or (not flag.switch and flag.nargs != record.get("nargs")) or values != wanted:
            wrong.append((flag.name, flag.action, flag.nargs, values, record))

    assert wrong == []


def _as_words(value: object) -> object:
    """Adapters by name, as the first releases keep them, in the words that were written, as the later ones do."""
    if not isinstance(value, dict):
        return value
    return [path if name == path else f"{name}={path}" for name, path in value.items()]


@pytest.mark.parametrize(("version", "text", "read"), CASES)
def test_arguments_are_read_as_the_real_parser_read_them(version: str, text: str, read: dict[str, str] | None) -> None:
    """It starts or is refused alike, and every value that is not the default ends in the same place."""
    found = simulated(version, LAUNCH, ("--model-path", "m", *text.split()))
    defaults = {flag.dest: flag.default for flag in tables.load("sglang").flags(version)}

    assert found.starts is (read is not None)
    if read is not None:
        values = {dest: held.value for dest, held in found.values.items() if dest != "model_path"}
        assert {dest: value for dest, value in values.items() if value != defaults[dest]} == {
            COPIED.get(dest, dest): _as_words(_literal(value)) for dest, value in read.items()
        }
