"""What released vLLM parsers answered when they were run: every flag, default and argument case is reproduced."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from skewguard.knowledge.engines import tables
from skewguard.knowledge.engines.readings import Simulation
from skewguard.knowledge.engines.tables import Flag
from skewguard.language.workloads import TextFile
from tests.knowledge.engines.vllm_cases import API_SERVER, GROUND_TRUTH, SERVE, config, simulated

FLAG_FILES = sorted(GROUND_TRUTH.glob("vllm-*.json"))
CASE_FILES = sorted(GROUND_TRUTH.glob("vllm-*-argv-cases.txt"))
SEVEN = "max-model-len: 7\n"
ARGUMENTS: dict[str, tuple[str, ...]] = {
    "underscore": ("m", "--max_model_len", "100"),
    "abbrev": ("m", "--tensor-parallel", "2"),
    "abbrev_gpu": ("m", "--gpu-memory", "0.5"),
    "eq": ("m", "--max-model-len=100"),
    "1k": ("m", "--max-model-len", "32k"),
    "1K": ("m", "--max-model-len", "32K"),
    "auto": ("m", "--max-model-len", "auto"),
    "minus1": ("m", "--max-model-len", "-1"),
    "apc": ("m", "--enable-prefix-caching"),
    "no_apc": ("m", "--no-enable-prefix-caching"),
    "disable_apc": ("m", "--disable-prefix-caching"),
    "cp_eq_false": ("m", "--enable-chunked-prefill=False"),
    "cp_eq_True": ("m", "--enable-chunked-prefill=True"),
    "cp_space_false": ("m", "--enable-chunked-prefill", "False"),
    "model_flag": ("--model", "mm", "--max-model-len", "5"),
    "model_both": ("m", "--model", "mm"),
    "dup": ("m", "--max-model-len", "5", "--max-model-len", "6"),
    "dup_spell": ("m", "--max-model-len", "5", "--max_model_len", "6"),
    "tp_alias_order": ("m", "-tp", "2", "--tensor-parallel-size", "4"),
    "dotted": ("m", "--compilation-config.level", "3"),
    "dotted_alias": ("m", "-cc.mode", "3"),
    "O3": ("m", "-O3"),
    "json": ("m", "--compilation-config", '{"level":3}'),
    "none": ("m", "--max-model-len", "None"),
    "yaml": ("m", "--config", SEVEN),
    "yaml_eq": ("m", "--config=/cfg/a.yaml"),
    "yaml_under": ("m", "--config", "max_model_len: 7\n"),
    "yaml_false_dash": ("m", "--config", "enable-prefix-caching: false\n"),
    "yaml_false_under": ("m", "--config", "enable_prefix_caching: false\n"),
    "yaml_false_direct": ("--config", "enable-prefix-caching: false\n"),
    "yaml_true": ("m", "--config", "enable-prefix-caching: true\n"),
    "yaml_cli_wins": ("m", "--config", SEVEN, "--max-model-len", "9"),
    "yaml_model": ("--config", "model: ymodel\nmax-model-len: 7\n"),
    "yaml_model_vs_cli": ("climodel", "--config", "model: ymodel\nmax-model-len: 7\n"),
    "yaml_null": ("m", "--config", "max-model-len: null\n"),
    "yaml_unknown": ("m", "--config", "max-model-length: 7\n"),
    "unknown_flag": ("m", "--no-such-flag"),
    "served_multi": ("m", "--served-model-name", "a", "b"),
    "served_before_model": ("--served-model-name", "a", "m"),
    "seed_str": ("m", "--seed", "None"),
}
"""The arguments behind each case; the text behind `--config` is what the file holds."""


REFUSED_BEHIND_THE_PARSER = {
    ("0.6.6", name) for name in ("model_flag", "model_both", "yaml_model_vs_cli", "served_before_model")
}
"""What the parser took and the program then refused: up to 0.8.2 `vllm serve` requires its positional and no `--model`.

The parser was run with that positional made optional.
"""


def _flags() -> Iterator[tuple[str, dict[str, Any]]]:
    for path in FLAG_FILES:
        for record in json.loads(path.read_text()):
            yield path.stem.removeprefix("vllm-"), record


def _cases() -> Iterator[tuple[str, str, dict[str, str]]]:
    for path in CASE_FILES:
        for line in path.read_text().splitlines():
            found = re.fullmatch(r"(\w+) +(\{.*\}|\(no change\))", line)
            if found and found[1] in ARGUMENTS:
                answer = {} if found[2].startswith("(") else ast.literal_eval(found[2])
                yield path.name.split("-")[1], found[1], answer


def _literal(text: str) -> object:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def _shown_default(flag: Flag) -> tuple[bool, object]:
    """Whether the table has a plain value to compare, and that value."""
    default = flag.default
    if isinstance(default, dict) and "$env" in default:
        return True, default.get("else")
    if isinstance(default, dict) and "$suppress" in default:
        return True, "==SUPPRESS=="
    return not (isinstance(default, dict) and any(key.startswith("$") for key in default)), default


@pytest.mark.parametrize("path", FLAG_FILES, ids=lambda path: path.stem)
def test_table_has_every_flag_the_real_parser_registered(path: Path) -> None:
    """Each spelling of each flag stands in the table of its version, under the same destination."""
    version = path.stem.removeprefix("vllm-")
    known = {spelling: flag for flag in tables.load("vllm").flags(version) for spelling in flag.flags}
    wanted = {spelling: record["dest"] for of, record in _flags() if of == version for spelling in record["flags"]}

    assert {spelling: known[spelling].dest if spelling in known else None for spelling in wanted} == wanted


@pytest.mark.parametrize("path", FLAG_FILES, ids=lambda path: path.stem)
def test_table_has_every_default_the_real_parser_registered(path: Path) -> None:
    """Each default equals the real one; config objects and expressions are told apart, never given a wrong value."""
    version = path.stem.removeprefix("vllm-")
    known = {spelling: flag for flag in tables.load("vllm").flags(version) for spelling in flag.flags}
    wrong = []
    for record in (record for of, record in _flags() if of == version):
        flag = known[record["flags"][0]]
        plain, default = _shown_default(flag)
        real = _literal(str(record["default"]))
        real = sorted(real) if isinstance(real, set) else list(real) if isinstance(real, tuple) else real
        named = isinstance(real, str) and str(default) in real
        if plain and default != real and not named:
            wrong.append((flag.name, default, real))

    assert wrong == []


def _files(texts: tuple[str, ...]) -> tuple[list[str], list[TextFile]]:
    words, files = list(texts), list[TextFile]()
    if "--config" in words:
        at = words.index("--config") + 1
        files.append(config(words[at]))
        words[at] = "/cfg/a.yaml"
    return words, files


def _simulate(version: str, name: str) -> Simulation:
    words, files = _files(ARGUMENTS[name])
    return simulated(version, API_SERVER if name == "yaml_false_direct" else SERVE, words, files)


def _held(result: Simulation, dest: str) -> object:
    held = result.values.get(dest)
    return None if held is None else held.value


@pytest.mark.parametrize(
    ("version", "name", "answer"), list(_cases()), ids=lambda value: value if isinstance(value, str) else ""
)
def test_argument_case_is_read_as_the_real_parser_read_it(version: str, name: str, answer: dict[str, str]) -> None:
    """The same cases fail, and the others give the same values; the recorded values are cut at 90 characters."""
    result = _simulate(version, name)

    if "ERROR" in answer or "EXC" in answer:
        assert result.starts is False
        return
    assert result.starts is ((version, name) not in REFUSED_BEHIND_THE_PARSER)
    for dest, recorded in answer.items():
        _compare(result, dest, recorded)


def _compare(result: Simulation, dest: str, recorded: str) -> None:
    if dest == "compilation_config":
        held = _held(result, dest)
        assert isinstance(held, dict)
        for key, value in held.items():
            assert re.search(rf"""['"]{key}['"]: ?\D*{value}""", recorded), (key, value, recorded)
    elif dest == "config":
        assert any(reading.value == _literal(recorded) for reading in result.readings if reading.dest == "config")
    elif dest in ("model", "model_tag"):
        given = {reading.value for reading in result.readings if reading.dest == "model"}
        assert recorded == "None" or _literal(recorded) in given
    else:
        assert _held(result, dest) == _literal(recorded)


def test_every_recorded_case_is_covered() -> None:
    """Four versions, each with every case."""
    assert len(list(_cases())) == len(ARGUMENTS) * len(CASE_FILES) == 160
