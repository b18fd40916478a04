"""click's own parser over the flags of a release: what our reading has to equal."""

from collections.abc import Iterable, Sequence
from typing import Any

import click
from hypothesis import strategies as st

from skewguard.knowledge.engines.tables import Flag

VALUES = (
    "m",
    "org/model",
    "8",
    "-1",
    "32k",
    "auto",
    "0.5",
    "1e-3",
    "pytorch",
    "debug",
    "--tp_size",
    "-x",
    "",
    "x y",
    "{}",
)
_TYPES: dict[str, Any] = {"int": int, "float": float}


def command(flags: Iterable[Flag]) -> click.Command:
    """The flags as a click command, without what its function would do."""
    parameters: list[click.Parameter] = []
    for flag in flags:
        if not flag.name.startswith("-"):
            parameters.append(click.Argument([flag.name], type=str))
            continue
        names = ["/".join(flag.flags)] if flag.action == "toggle" else list(flag.flags)
        kind = click.Choice([str(each) for each in flag.choices]) if flag.choices else _TYPES.get(flag.type or "", str)
        more: dict[str, Any] = {"is_flag": True} if flag.action == "true" else {"type": kind}
        if flag.action == "toggle":
            more = {}
        parameters.append(click.Option([*names, flag.dest], default=None, multiple=flag.action == "append", **more))
    return click.Command("serve", params=parameters)


def answer(known: click.Command, words: Sequence[str]) -> dict[str, Any] | None:
    """What click makes of the words; None where it does not start the command."""
    try:
        with known.make_context("serve", list(words)) as context:
            source = context.get_parameter_source
            written = {name: value for name, value in context.params.items() if _written(source(name))}
            return {name: list(value) if isinstance(value, tuple) else value for name, value in written.items()}
    except (click.ClickException, click.exceptions.Exit):
        return None


def _written(source: Any) -> bool:
    return source is not None and source.name == "COMMANDLINE"


def vectors(flags: Sequence[Flag]) -> st.SearchStrategy[list[str]]:
    """Words that are flags, beginnings of flags, values and others."""
    spelled = [spelling for flag in flags for spelling in flag.flags if spelling.startswith("-")]
    values = st.sampled_from(VALUES)
    word = st.one_of(
        st.sampled_from(spelled),
        st.sampled_from(spelled).map(lambda name: name[:-2]),
        st.tuples(st.sampled_from(spelled), values).map("=".join),
        values,
        st.sampled_from(("--", "-h", "--help", "--no-such", "-")),
    )
    return st.lists(word, max_size=6).map(lambda words: ["m", *words])
