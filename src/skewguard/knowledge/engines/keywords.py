"""An engine's arguments given as keywords by destination, as Ray Serve LLM's `engine_kwargs` are.

The words come in pairs: a name and its value, a list or a mapping as JSON. No parser reads them: a name is a field of
the engine's arguments in a release or it is not, a value is taken as it stands, and `null` leaves the default.
"""

import json
from collections.abc import Iterator, Sequence

from skewguard.knowledge.engines import conversions, history, tables
from skewguard.knowledge.engines.interface import Argument, EngineModule, Fault, Parsed, Release
from skewguard.knowledge.engines.tables import Table
from skewguard.knowledge.engines.versions import span
from skewguard.knowledge.engines.wrappers import Wrapper
from skewguard.language import scalars, vocabulary
from skewguard.language.errors import UsageError
from skewguard.language.facts import Fact, Gap, Value
from skewguard.language.workloads import Token


def read(module: EngineModule, words: Sequence[Token], release: Release, wrapper: Wrapper) -> Parsed:
    """What the keywords set in the releases that may run, and which of them a release does not have."""
    table = tables.load(module.NAME)
    arguments: list[Argument] = []
    values: dict[str, Fact] = {}
    gaps: dict[str, Gap] = {}
    for name, value in zip(words[::2], words[1::2], strict=False):
        dest = name.text
        lacking = tuple(version for version in release.candidates if dest not in table.by_dest(version))
        if lacking:
            arguments.append(_lacking(table, module.TITLE, name, value, lacking, release, wrapper))
        if len(lacking) == len(release.candidates):
            continue
        held = _held(module.NAME, dest, value)
        if isinstance(held, Gap):
            gaps[dest] = held
        elif held is not None:
            values[dest] = held
        arguments.extend(_taken(table, module.TITLE, name, value, held, release, lacking))
    return Parsed(tuple(arguments), values, gaps, None, "", versions=release.candidates)


def _held(engine: str, dest: str, token: Token) -> Fact | Gap | None:
    """The value as a fact; a gap for what is not known, None for `null`."""
    setting = vocabulary.named(engine, dest)
    if token.unresolved:
        names = ", ".join(token.unresolved)
        reason = f"`{dest}` is `{token.text}`, and {names} is not in the input"
        return Gap(setting, reason, "unresolved", (f"value@{names}",), f"the value of {names}")
    value = _typed(setting, token.text)
    return None if value is None else Fact(setting, value, "declared", token.origin, token.assumes)


def _typed(setting: str, text: str) -> Value:
    row = vocabulary.BY_NAME.get(setting)
    if text[:1] in "[{":
        return _content(text)
    value = scalars.typed(text)
    if row is None or value is None:
        return value
    if row.type in ("integer", "number") and isinstance(value, str):
        return value  # `16k` is a word of the command line's parser alone
    try:
        return vocabulary.typed(row, text)
    except UsageError:
        return value


def _content(text: str) -> Value:
    """A list or a mapping; the text itself where it is neither."""
    try:
        content: Value = json.loads(text)
    except ValueError:
        return text
    return content


def _taken(
    table: Table,
    title: str,
    name: Token,
    value: Token,
    held: Fact | Gap | None,
    release: Release,
    lacking: tuple[str, ...],
) -> Iterator[Argument]:
    """The argument as the releases take it that have it; refused where none of them has the value among its choices."""
    having = [version for version in release.candidates if version not in lacking]
    choices = [table.by_dest(version)[name.text].choices for version in having]
    given = held.value if isinstance(held, Fact) else None
    kinds = [table.by_dest(version)[name.text].type for version in having]
    number = _no_number(given, kinds)
    refused = number or (isinstance(given, str) and all(each is not None and given not in each for each in choices))
    wanted = "a number" if number else ", ".join(f"`{each}`" for each in choices[-1] or ()) if refused else ""
    yield Argument(
        text=name.text,
        outcome="invalid" if refused else "parsed",
        origin=name.origin,
        flag=name.text,
        dest=name.text,
        value=given,
        value_origin=value.origin,
        fault="invalid" if refused else None,
        message=f"`{name.text}` of {title} takes {wanted}, not `{given}`: the engine does not start" if refused else "",
        suggestion=_meant(vocabulary.named(table.engine, name.text), given, choices[-1], number=number)
        if refused
        else None,
        fatal=refused,
        versions=() if refused or not lacking else tuple(having),
    )


_WHOLE = ("int", "human-int", "human-int-or-auto", "si-int")


def _no_number(given: Value, kinds: Sequence[str | None]) -> bool:
    """Whether a word stands where every release wants a number: the short forms of the command line are not read here."""
    if not isinstance(given, str) or given == "auto" or not all(kind in _WHOLE for kind in kinds):
        return False
    return scalars.number(given) is None


def _meant(setting: str, given: Value, choices: Sequence[Value] | None, *, number: bool) -> str | None:
    """What to write instead of a refused value: the number that the command line would make of it, the nearest choice."""
    if not number:
        same = vocabulary.same_word(setting, given, choices or ())
        return str(same) if same is not None else history.nearest(str(given), tuple(map(str, choices or ())))
    try:
        return str(conversions.human_integer(str(given)))
    except conversions.Refused:
        return None


def _lacking(
    table: Table, title: str, name: Token, value: Token, lacking: tuple[str, ...], release: Release, wrapper: Wrapper
) -> Argument:
    """A keyword that no release of `lacking` has: removed, not there yet, misspelt, or never one."""
    fault, told, better = _why(table, lacking, name.text)
    everywhere = len(lacking) == len(release.candidates)
    return Argument(
        text=name.text,
        outcome="unknown",
        origin=name.origin,
        flag=name.text,
        value=value.text,
        value_origin=value.origin,
        fault=fault,
        message=f"{span(title, lacking)} has no engine argument `{name.text}`{told}: {wrapper.short} refuses it, and the "
        "model is not deployed",
        suggestion=better,
        fatal=True if everywhere and not release.beyond else None,
        versions=() if everywhere else lacking,
    )


def _why(table: Table, lacking: tuple[str, ...], dest: str) -> tuple[Fault, str, str | None]:
    """The fault of a name that the newest of these releases does not have, what to say of it, and what to write."""
    at = table.index(lacking[-1])
    runs = table.runs_of_dest(dest)
    older = [last for _, last, _ in runs if last < at]
    newer = [first for first, _, _ in runs if first > at]
    if older:
        return "removed", f"; {table.versions[max(older)]} was the last to have it", None
    if newer:
        return "not-yet", f" yet; {table.versions[min(newer)]} is the first that has it", None
    near = history.nearest(dest, tuple(table.by_dest(lacking[-1])))
    return ("misspelt", f"; the nearest is `{near}`", near) if near else ("unknown", "", None)
