"""The word-by-word parser answers as Python's `argparse` does, over the flags of real releases."""

import argparse
import contextlib
import io
import json
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from skewguard.knowledge.engines import conversions, vllm
from skewguard.knowledge.engines.readings import Simulation, same_value
from skewguard.knowledge.engines.tables import Flag
from skewguard.knowledge.engines.vllm_grammar import API_SERVER, behaviour
from skewguard.knowledge.engines.vllm_program import groups
from tests.knowledge.engines.vllm_cases import anything, parse, simulated, some, tokens
from tests.searching import examples

VERSIONS = ("0.6.6", "0.10.2", "0.20.0", "0.33.0")
ADAPTERS = ("lora_modules", "prompt_adapters")
VALUES = (
    "m", "org/model", "8", "-1", "32k", "25.6k", "auto", "None", "true", "False", "half", "fp8", "mp", "0.5", "1e3",
    '{"a": 1}', "[1]", "a=1,b=2", "a=b", "", "x y", "debug",
)  # fmt: skip


class _Toggle(argparse.Action):
    """A switch whose spelling decides."""

    def __init__(self, option_strings: list[str], dest: str, flag: Flag, **more: Any) -> None:
        super().__init__(option_strings, dest, nargs=0, default=None, help=more.get("help"))
        self.flag = flag

    def __call__(
        self, _parser: object, namespace: argparse.Namespace, _values: object, option_string: str | None = None
    ) -> None:
        setattr(namespace, self.dest, not self.flag.negates(option_string or ""))


class _Boolean(argparse.Action):
    """`[=]true|false`."""

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: Any, _option: str | None = None
    ) -> None:
        if values.lower() not in ("true", "false"):
            parser.error("not a boolean")
        setattr(namespace, self.dest, values.lower() == "true")


def _type(flag: Flag) -> Any:
    plain = structs.replace(flag, choices=None)

    def convert(text: str) -> Any:
        try:
            return conversions.convert(plain, text)
        except conversions.Refused as refused:
            raise argparse.ArgumentTypeError(str(refused)) from None

    return convert


def _add(parser: argparse.ArgumentParser, flag: Flag) -> None:
    if flag.switch:
        parser.add_argument(*flag.flags, dest=flag.dest, action=_Toggle, flag=flag)
    elif flag.action == "boolean":
        parser.add_argument(*flag.flags, dest=flag.dest, action=_Boolean, nargs="?", const="True")
    elif flag.action == "append":
        parser.add_argument(*flag.flags, dest=flag.dest, action="append", type=_type(flag))
    else:
        more: dict[str, Any] = {} if flag.nargs is None else {"nargs": flag.nargs}
        if flag.nargs == "?":
            more["const"] = flag.const
        if flag.choices is not None:
            more["choices"] = list(flag.choices)
        parser.add_argument(*flag.flags, dest=flag.dest, type=_type(flag), **more)


def _flags(version: str) -> list[Flag]:
    return [flag for flag in vllm.table().flags(version) if not flag.serve_only]


@cache
def _stdlib(version: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="server")
    for flag in _flags(version):
        if flag.name.startswith("-"):
            _add(parser, flag)
        else:
            parser.add_argument(flag.dest, nargs="?")
    return parser


def _answered(version: str, words: list[str]) -> dict[str, Any] | None:
    """What the standard library's parser makes of the words; None when it refuses them."""
    with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
        try:
            found = vars(_stdlib(version).parse_args(words))
        except SystemExit:
            return None
    return {dest: value for dest, value in found.items() if value is not None and dest != "model_tag"}


def _fitting(flag: Flag) -> tuple[str, ...]:
    if flag.choices is not None:
        return tuple(str(choice) for choice in flag.choices if choice is not None)
    fitting = {
        "int": ("4", "-1", " 7 "),
        "float": ("0.5", "1e-3"),
        "human-int": ("32k", "8K", "4096"),
        "human-int-or-auto": ("auto", "-1", "25.6k"),
        "json": ('{"a": [1, null]}', "3"),
        "json-or-str": ('{"a": 1}', "cpu"),
        "object": ("{}",),
        "level-or-object": ("3", "{}"),
        "pairs": ("a=1,b=2",),
    }
    return fitting.get(flag.type or "str", ("abc", "org/m"))


@st.composite
def _vectors(draw: st.DrawFn, version: str) -> list[str]:
    """Words around the flags of a release: exact, cut short, with `=`, with a fitting value or with any other.

    vLLM's own steps before the parser have tests of their own: no underscores, dots or `--config` here.
    """
    flags = st.sampled_from([flag for flag in _flags(version) if flag.name.startswith("-") and flag.dest != "config"])
    words: list[str] = []
    for _ in range(draw(st.integers(0, 6))):
        flag = draw(flags)
        name = draw(st.sampled_from(flag.flags))
        if name.startswith("--") and draw(st.integers(0, 9)) == 0:
            name = name[: draw(st.integers(4, len(name)))]
        value = draw(st.sampled_from(_fitting(flag) if draw(st.integers(0, 9)) else VALUES))
        form = draw(st.sampled_from(("apart", "joined", "alone") if not flag.switch else ("alone", "alone", "joined")))
        if form == "joined":
            words.append(f"{name}={value}")
        else:
            words.extend([name, value] if form == "apart" else [name])
    if draw(st.integers(0, 4)) == 0:
        words.insert(draw(st.integers(0, len(words))), draw(st.sampled_from((*VALUES, "--no-such", "--"))))
    # `--config-format` cut short can be `--config`
    own = ("-O", "--config")
    return [word for word in words if word.partition("=")[0] not in own and not word.startswith("-O.")]


@pytest.mark.parametrize("version", VERSIONS)
@given(data=st.data())
@examples(120)
def test_simulation_answers_as_argparse(version: str, data: st.DataObject) -> None:
    """The same vectors are refused, and the others give the same values."""
    words = data.draw(_vectors(version))
    if any(word.startswith("-") and "." in word.partition("=")[0] for word in words):
        return  # a dotted argument: vLLM's own

    real = _answered(version, words)
    result = simulated(version, API_SERVER, words)
    if any(reading.why == "field" or reading.dest in ADAPTERS for reading in result.readings):
        return  # a config class or an action of the engine's own decides

    if real is None:
        assert result.starts is False
    else:
        assert [reading for reading in result.readings if reading.fatal] == []
        assert _json({dest: held.value for dest, held in result.values.items() if held.value is not None}) == _json(
            real
        )


def _json(values: dict[str, Any]) -> str:
    return json.dumps(values, sort_keys=True, default=str)


_ANY_WORD = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        ("--", "-", "--=", "-.", "--.", "-O", "-O.", "-=", "--config", "--model", "=", " ", "--a.", "-0.5")
    ),
    st.sampled_from(VALUES),
    st.builds(
        lambda name, text: f"--{name}{text}",
        st.sampled_from(("max_model_len", "model", "hf-overrides.a")),
        st.text(max_size=4),
    ),
)


@given(
    words=st.lists(_ANY_WORD, max_size=8),
    start=st.sampled_from(((), ("vllm", "serve"), ("python3", "-m", "vllm.entrypoints.openai.api_server"))),
)
@examples(150)
def test_any_vector_gets_an_answer(words: list[str], start: tuple[str, ...]) -> None:
    """Whatever the words are: no traceback, for a known version, a range and an unknown one."""
    for release in ("0.33.0", some("0.6.6", "0.9.2"), anything()):
        parsed = parse(release, *start, *words, from_image=not start)
        assert parsed.starts in (True, False, None)


@st.composite
def _historic(draw: st.DrawFn) -> list[str]:
    """Words around flags of any release."""
    names = vllm.table().ever_starting("--")
    words = ["m"] if draw(st.booleans()) else []
    for _ in range(draw(st.integers(1, 3))):
        name = draw(st.sampled_from(names))
        if draw(st.integers(0, 3)) == 0:
            name = name.replace("-", "_").replace("__", "--", 1)
        if draw(st.integers(0, 5)) == 0:
            name = name[: draw(st.integers(5, max(len(name), 5)))]
        value = draw(st.sampled_from(VALUES))
        words.extend(draw(st.sampled_from(([name], [name, value], [f"{name}={value}"], [f"{name} {value}"]))))
    return words


@given(
    words=_historic(),
    start=st.sampled_from((("vllm", "serve"), ("python3", "-m", "vllm.entrypoints.openai.api_server"))),
)
@examples(25)
def test_releases_of_one_group_read_alike(words: list[str], start: tuple[str, ...]) -> None:
    """The release that speaks for a group makes the same of the words as every other one in it."""
    for group in groups(vllm.table(), tokens(*start, *words), anything(), (), from_image=False):
        for version in group.versions:
            assert behaviour(version).serve or start[0] != "vllm"
            _same(simulated(version, group.simulation.program, words), group.simulation)  # type: ignore[arg-type]


def _same(a: Simulation, b: Simulation) -> None:
    assert a.starts == b.starts
    assert a.values.keys() == b.values.keys()
    assert all(same_value(held.value, b.values[dest].value) for dest, held in a.values.items())
    left, right = (sorted(each.readings, key=lambda reading: (reading.key, reading.text)) for each in (a, b))
    assert len(left) == len(right)
    assert all(one.alike(other) for one, other in zip(left, right, strict=True))
