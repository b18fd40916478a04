"""Python's own parser over the flags of a release, and vectors of words for it: what our reading has to equal."""

import argparse
import contextlib
import io
import json
from collections.abc import Iterable, Sequence
from typing import Any

from hypothesis import strategies as st
from msgspec import structs

from skewguard.knowledge.engines import conversions
from skewguard.knowledge.engines.tables import Flag

VALUES = (
    "m", "org/model", "8", "-1", "32k", "25.6k", "auto", "None", "true", "False", "half", "fp8", "mp", "0.5", "1e3",
    '{"a": 1}', "[1]", "a=1,b=2", "a=b", "", "x y", "debug",
)  # fmt: skip
_FITTING = {
    "int": ("4", "-1", " 7 "),
    "si-int": ("4", "32k", "1M", "-1"),
    "float": ("0.5", "1e-3"),
    "human-int": ("32k", "8K", "4096"),
    "human-int-or-auto": ("auto", "-1", "25.6k"),
    "json": ('{"a": [1, null]}', "3"),
    "json-or-str": ('{"a": 1}', "cpu"),
    "bool-text": ("true", "False"),
    "object": ("{}",),
    "level-or-object": ("3", "{}"),
    "pairs": ("a=1,b=2",),
}


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


class _Gone(argparse.Action):
    """A switch that stops the parser, or does nothing."""

    def __init__(self, option_strings: list[str], dest: str, flag: Flag, **more: Any) -> None:
        super().__init__(option_strings, dest, nargs=0, default=None, help=more.get("help"))
        self.flag = flag

    def __call__(
        self, parser: argparse.ArgumentParser, _namespace: object, _values: object, _option: str | None = None
    ) -> None:
        if self.flag.action == "refused":
            parser.error("gone")


class _Constant(argparse.Action):
    """Takes a value, and stores another one."""

    def __init__(self, option_strings: list[str], dest: str, flag: Flag, **more: Any) -> None:
        super().__init__(option_strings, dest, default=None, **more)
        self.flag = flag

    def __call__(
        self, _parser: object, namespace: argparse.Namespace, _values: object, _option: str | None = None
    ) -> None:
        setattr(namespace, self.dest, self.flag.const)


def _type(flag: Flag) -> Any:
    plain = structs.replace(flag, choices=None)

    def convert(text: str) -> Any:
        try:
            return conversions.convert(plain, text)
        except conversions.Refused as refused:
            raise argparse.ArgumentTypeError(str(refused)) from None

    return convert


def _valued(flag: Flag) -> dict[str, Any]:
    """What `add_argument` is told of an argument that takes values."""
    more: dict[str, Any] = {} if flag.nargs is None else {"nargs": flag.nargs}
    if flag.nargs == "?":
        more["const"] = flag.const
    if flag.choices is not None:
        more["choices"] = list(flag.choices)
    return {**more, "type": _type(flag), "required": flag.required}


def _add(parser: argparse.ArgumentParser, flag: Flag) -> None:
    if flag.action in ("refused", "retired"):
        parser.add_argument(*flag.flags, dest=flag.dest, action=_Gone, flag=flag)
    elif flag.action == "const":
        parser.add_argument(*flag.flags, dest=flag.dest, action="store_const", const=flag.const)
    elif flag.action == "const-value":
        parser.add_argument(*flag.flags, dest=flag.dest, action=_Constant, flag=flag, type=_type(flag))
    elif flag.switch:
        parser.add_argument(*flag.flags, dest=flag.dest, action=_Toggle, flag=flag)
    elif flag.action == "boolean":
        parser.add_argument(*flag.flags, dest=flag.dest, action=_Boolean, nargs="?", const="True")
    elif flag.action == "append":
        parser.add_argument(*flag.flags, dest=flag.dest, action="append", type=_type(flag))
    else:
        parser.add_argument(*flag.flags, dest=flag.dest, **_valued(flag))


def parser(flags: Iterable[Flag]) -> argparse.ArgumentParser:
    """The standard library's parser with these flags, defaults left out."""
    made = argparse.ArgumentParser(prog="server")
    for flag in flags:
        if flag.name.startswith("-"):
            _add(made, flag)
        else:
            made.add_argument(flag.dest, nargs="?")
    return made


def answered(made: argparse.ArgumentParser, words: Sequence[str]) -> dict[str, Any] | None:
    """What the parser makes of the words, without what they leave open; None when it refuses them."""
    with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
        try:
            found = vars(made.parse_args(list(words)))
        except SystemExit:
            return None
    return {dest: value for dest, value in found.items() if value is not None}


def text_of(values: dict[str, Any]) -> str:
    """Values in a form that tells 1 from true."""
    return json.dumps(values, sort_keys=True, default=str)


def _fitting(flag: Flag) -> tuple[str, ...]:
    if flag.choices is not None:
        return tuple(str(choice) for choice in flag.choices if choice is not None)
    return _FITTING.get(flag.type or "str", ("abc", "org/m"))


@st.composite
def vectors(draw: st.DrawFn, flags: Sequence[Flag]) -> list[str]:
    """Words around the flags of a release: exact, cut short, with `=`, with a fitting value or with any other."""
    words: list[str] = []
    for _ in range(draw(st.integers(0, 6))):
        flag = draw(st.sampled_from(flags))
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
    return words


@st.composite
def historic(draw: st.DrawFn, names: Sequence[str]) -> list[str]:
    """Words around flags of any release, some of them misspelt."""
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
