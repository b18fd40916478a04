"""The edit that mends one argument, in words that fit its fault and the place where it stands."""

from collections.abc import Callable, Mapping

from skewguard.judge.checks import beginnings, contract_edits, evidence
from skewguard.judge.checks.interface import Case
from skewguard.knowledge.engines.interface import Argument
from skewguard.language import redact

OFF = ("false", "0", "no", "off")
"""Values by which somebody means to leave a switch off."""


def remedy(case: Case, argument: Argument) -> str:
    """The edit for one argument's fault; empty for the check's general remedy."""
    if argument.source == "config-file" and argument.fault != "literal-variable":
        return _in_file(case, argument)
    if argument.fault in ("ignored", "unexpected-value") and argument.text.lower() in ("true", "false"):
        return _one_of_two(case, argument)
    if argument.fault in ("missing-value", "invalid") and beginnings.wanted(case, argument):
        return beginnings.told(case)
    edit = _EDITS.get(argument.fault or "")
    return edit(case, argument) if edit is not None else _replaced(case, argument)


def _in_file(case: Case, argument: Argument) -> str:
    """The line of a `--config` file to change: its words are the file's, not those that the engine makes of it."""
    key = argument.text.removeprefix("--")
    line = f"the line `{key}` at {(argument.value_origin or argument.origin).brief}"
    if argument.fault == "ignored" and argument.suggestion is None:
        off = contract_edits.negation(case, argument.dest, argument.flag) if argument.dest and argument.flag else None
        return f"remove {line}" + (f", and {evidence.add_switch(case, off)}" if off else "")
    if argument.fault == "overruled" and argument.suggestion is not None:
        return f"remove {line}, and write `{argument.suggestion}` on the command line"
    if argument.suggestion is not None and argument.suggestion.startswith("-"):
        name, equals, value = argument.suggestion.removeprefix("--").partition("=")
        return f"write `{name}{': ' + value if equals else ''}` in {line}"
    if argument.fault in ("invalid", "missing-value"):
        return f"write a value that the flag takes in {line}, or remove the line"
    if argument.doubt:
        return f"compare `{key}` with the options of this release, or read the server's log"
    return f"remove {line}"


def _invalid(_case: Case, argument: Argument) -> str:
    """The nearest value that the flag takes, in place of the one that it refuses."""
    if not argument.suggestion:
        return ""
    name, equals, _ = argument.text.partition("=")
    right = f"{name}={argument.suggestion}" if equals else argument.suggestion
    return f"write `{right}` instead of `{argument.text if equals else argument.value}`, if that was meant"


def _replaced(case: Case, argument: Argument) -> str:
    """The engine's own suggestion instead of the word, else to remove what it does not know."""
    written, better = argument.text, argument.suggestion
    name, equals, value = written.partition("=")
    if argument.fault == "missing-value" and better is not None:
        return f"add `{better}`"
    if better is None:
        return f"remove `{whole(argument)}`" if argument.fault in ("removed", "unknown", "not-yet") else ""
    if better in (written, argument.value):
        return f"write `{better}` as the first word after the sub-command"
    if equals and "=" not in better and name.startswith("-") and better.startswith("-"):
        better = evidence.joined(case, better, value)
    return f"write `{better}` instead of `{written}`"


def _without_value(case: Case, argument: Argument) -> str:
    """The edit for a word that nothing takes: what it is meant to say, in the form that the engine reads."""
    written, better = argument.text, argument.suggestion
    name, equals, value = written.partition("=")
    if better is not None:
        return f"write `{better}` instead of `{written}`"
    if equals and name.startswith("-"):
        return f"remove `{written}`" if value.lower() in OFF else f"write `{name}` instead of `{written}`"
    if beginnings.means_model(case, argument):
        return f"write `{_as_model(case, written)}` instead of `{written}`"
    return f"remove `{written}`"


def _read_form(case: Case, argument: Argument) -> str:
    """The form in which the engine reads what it ignores now."""
    name, equals, value = argument.text.partition("=")
    if argument.suggestion:
        return f"write `{argument.suggestion}` instead of `{argument.text}`"
    if argument.source == "argument" and name.startswith("--") and equals:
        return f"write `- {name}` and `- {value}` as two list items"
    if argument.flag is None and not argument.text.startswith("-"):
        if not beginnings.means_model(case, argument):
            return f"remove `{argument.text}`"
        return f"write `{_as_model(case, argument.text)}` instead of `{argument.text}`"
    return ""


def _obeyed(_case: Case, argument: Argument) -> str:
    """Away with an argument that the engine decides against, or where it is decided."""
    other = f"change {argument.suggestion}" if argument.suggestion else "run a release that obeys it"
    return f"remove `{whole(argument)}`, or {other}"


def _as_model(case: Case, word: str) -> str:
    """A word, as the flag that names the model."""
    return evidence.joined(case, evidence.flag(case, "model.id") or "--model", word)


def _one_of_two(case: Case, argument: Argument) -> str:
    """What to write for `--switch false`: nobody knows whether the flag or its value says what was meant."""
    switch = _before(case, argument)
    if argument.text.lower() == "true" or switch is None:
        return f"remove `{argument.text}`"
    other = f"write `{argument.suggestion}`" if argument.suggestion else "remove both words"
    return f"{other} for `{switch} {argument.text}` if `{argument.text}` was meant; remove only `{argument.text}` if `{switch}` was"


def _before(case: Case, argument: Argument) -> str | None:
    """The flag in front of a word."""
    flag = None
    for each in case.parsed.arguments if case.parsed else ():
        if each.origin == argument.origin:
            return flag
        flag = each.text if each.flag else flag
    return None


def _apart(written: str, better: str | None) -> str:
    """How to write a token that holds a flag and its value (or several) as words of their own."""
    parts = written.split()
    if len(parts) == 2 and parts[0].startswith("-"):  # a flag and its value
        return f"write `- {parts[0]}` and `- {parts[1]}` as two list items, or `- {parts[0]}={parts[1]}`"
    if parts and parts[0].startswith("-") and len(parts) > 1:
        return (
            "write each word as a list item of its own: "
            + ", ".join(f"`- {part}`" for part in parts[:6])
            + (
                ", …" if len(parts) > 6 else ""  # enough to show the form
            )
        )
    return f"write `{better}` instead of `{written}`" if better else f"remove `{written}`"


def whole(argument: Argument) -> str:
    """A flag with its value, as one would look for it in the manifest; a secret's value stays hidden."""
    alone = argument.value is None or (isinstance(argument.value, bool) and argument.value_origin is None)
    if "=" in argument.text or alone:
        return argument.text
    words = argument.value if isinstance(argument.value, list) else [argument.value]
    return " ".join((argument.text, *(redact.value(argument.flag or argument.text, str(word)) for word in words)))


_EDITS: Mapping[str, Callable[[Case, Argument], str]] = {
    "swallowed": lambda _case, argument: _apart(argument.text, argument.suggestion),
    "ignored": _read_form,
    "overruled": _obeyed,
    "unexpected-value": _without_value,
    "invalid": _invalid,
}
"""How the faults are mended that a word in its place does not mend."""
