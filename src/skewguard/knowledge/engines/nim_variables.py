"""What NIM makes of environment variables, as far as the pages that name them tell.

The pages are no source: a variable that no page names may be read all the same. One that the pages of another release
name is said to be dead with that reservation (`hearsay`); a name is called misspelt only where one letter or an
underscore parts it from one that a page names; every other unknown name passes.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import structs

from skewguard.knowledge.engines import conversions, history, twins
from skewguard.knowledge.engines.environment import Manner
from skewguard.knowledge.engines.environment import read as read_environment
from skewguard.knowledge.engines.interface import Release, Variable
from skewguard.knowledge.engines.nim_rules import NIM
from skewguard.knowledge.engines.tables import Flag, Table
from skewguard.knowledge.engines.versions import span
from skewguard.language.workloads import EnvVar

_SWITCH = {"0": False, "1": True}
_TRUTHS = frozenset((*_SWITCH, "true", "false", "yes", "no", "on", "off", "t", "f", "y", "n"))
"""What some parser somewhere takes for a truth: which of these words NIM takes beside 0 and 1, no page says."""


def value(flag: Flag, text: str) -> Any:
    """The value of a variable's text; what NIM makes of one that does not fit, no page says."""
    if not text:
        return twins.NOTHING
    if flag.type == "bool":
        return _SWITCH.get(text, twins.NOTHING)
    try:
        return conversions.convert(flag, text)
    except conversions.Refused:
        return twins.NOTHING


_MANNER = Manner(NIM, prefixes=("NIM_",), not_ours=(), look_alikes={}, successors={}, port="", twin=value)


def read(table: Table, env: Sequence[EnvVar], release: Release) -> tuple[Variable, ...]:
    """What NIM makes of each variable that concerns it."""
    texts = {entry.name: entry.value for entry in env}
    return tuple(
        said
        for variable in read_environment(_MANNER, table, env, release)
        for said in _said(table, variable, texts[variable.name], release)
    )


def _said(table: Table, variable: Variable, text: str | None, release: Release) -> Iterator[Variable]:
    """The answer, with no more in it than the pages tell; none where they tell nothing."""
    if variable.outcome == "dead":
        yield structs.replace(variable, message=_unnamed(table, variable, release), hearsay=True)
    elif variable.outcome == "unread":
        near = None if table.env_runs(variable.name) else _meant(table, variable.name, release)
        if near is not None:
            hint = f"no page of {NIM.title} names a variable `{variable.name}`; `{near}` is the nearest that one does"
            yield structs.replace(variable, message=hint, suggestion=near, hearsay=True)
    else:
        yield variable if text is None else _judged(table, variable, text, release)


def _unnamed(table: Table, variable: Variable, release: Release) -> str:
    last = table.versions[max(run[1] for run in table.env_runs(variable.name))]
    who = span(NIM.title, variable.versions or release.candidates)
    return (
        f"`{variable.name}` is named by the pages of {NIM.title} up to {last}, and by none of {who} that was read: "
        "it may have no effect"
    )


def _meant(table: Table, name: str, release: Release) -> str | None:
    """The variable of these releases that a name is, but for one letter or its underscores."""
    known = {each for each in table.env_names() if _read_by_any(table, each, release)}
    plain = name.replace("_", "")
    near = sorted(each for each in known if history.one_letter_apart(each.replace("_", ""), plain))
    return near[0] if len(near) == 1 and name not in known else None


def _read_by_any(table: Table, name: str, release: Release) -> bool:
    at = [table.index(version) for version in release.candidates]
    return any(run[0] <= index <= run[1] for run in table.env_runs(name) for index in at)


def _judged(table: Table, variable: Variable, text: str, release: Release) -> Variable:
    """`variable`, invalid where its text is no value of its kind, however one reads it."""
    flag = table.twin(variable.name, release.candidates[-1])
    wanted = _refused(flag, text) if flag is not None and "$(" not in text else None
    if wanted is None:
        return variable
    message = f"`{variable.name}` takes {wanted}, not `{text}`; no page says what {NIM.title} makes of that"
    return structs.replace(variable, outcome="invalid", message=message, passed_over=True)


def _refused(flag: Flag, text: str) -> str | None:
    """What a variable takes, where its text is none of that."""
    if not text:
        return None
    if flag.type == "bool":
        return None if text.lower() in _TRUTHS else "`0` or `1`"
    try:
        conversions.convert(flag, text)
    except conversions.Refused as refused:
        return str(refused)
    return None
