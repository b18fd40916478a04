"""What is the matter with an argument, in a sentence for the person on call.

The sentences are the same for every engine whose parser is Python's `argparse`; what only one engine does has its
sentences beside that engine, by the reading's `why`.
"""

from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct

from skewguard.knowledge.engines.readings import Reading
from skewguard.knowledge.engines.versions import span

Maker = Callable[[Reading, str, str], str]
"""A reading, who reads it (`vLLM 0.11.0`) and the program, as a sentence."""


class Voice(Struct, frozen=True):
    """How one engine is spoken of. `own` are its sentences, by `why`.

    `stray` explains to somebody who wrote a word that belongs to no flag what the program takes (by program).
    """

    title: str
    own: Mapping[str, Maker]
    stray: Mapping[str, str]

    def sentence(self, reading: Reading, versions: Sequence[str], program: str) -> str:
        """The sentence for one reading; empty where nothing is odd."""
        who = span(self.title, versions)
        if reading.outcome == "overridden":
            return _overridden(reading)
        if reading.why == "blind":
            return f"`{reading.text}` may hold further arguments, and its value is not in the input"
        if reading.fault is None:
            return ""
        if reading.why in self.own:
            return self.own[reading.why](reading, who, program)
        if reading.why == "stray" and reading.fault == "unexpected-value":
            return _stray(reading, who, self.stray.get(program, ""))
        return _SENTENCES.get(reading.fault, _invalid)(reading, who, program)


def _name(reading: Reading) -> str:
    return reading.flag or reading.text.partition("=")[0].partition(" ")[0]


def _so(reading: Reading) -> str:
    return f"so {reading.dest} stays at its default" if reading.dest else "so it has no effect"


def _overridden(reading: Reading) -> str:
    name = _name(reading)
    if reading.why == "by-command-line":
        return f"`{name}` in the config file gives way to the command line"
    return f"`{name}` is given again further on; the last one wins, and this value is never applied"


def _swallowed(reading: Reading, who: str, _program: str) -> str:
    shape = "begins with a space" if reading.text[:1].isspace() else "is one argument with a space in it"
    said = f"`{reading.text.strip()}` {shape}; {who}"
    if reading.why == "ignored":
        return f"{said} takes it as a positional and ignores it, {_so(reading)}"
    if reading.why == "as-model":
        return f"{said} takes it as the name of the model, which no server can load"
    if reading.why == "as-value":
        return f"`{reading.text}` takes a word with a space in it as its value; that word looks like a flag of its own"
    return f"{said} takes it as a stray positional and does not start"


def _unknown(reading: Reading, who: str, _program: str) -> str:
    return f"{who} has no flag `{_name(reading)}`, and no version in the table ever had: the server does not start"


def _misspelt(reading: Reading, who: str, _program: str) -> str:
    written = reading.text.partition("=")[0].split(" ")[0]
    return f"{who} has no flag `{written}`; the nearest is `{reading.suggestion}`. The server does not start"


def _removed(reading: Reading, who: str, _program: str) -> str:
    if reading.why == "refused-flag":
        more = f" ({reading.detail[0]})" if reading.detail[0] else ""
        return f"{who} knows `{_name(reading)}` only to refuse it{more}: the server does not start"
    last, gone, first, written, advice, *read_as = reading.detail
    if read_as:
        return f"`{written}` was removed in {gone}, and {who} takes it as an abbreviation of `{read_as[0]}`, another flag, which then gets its value"
    back = f", and is back in {first}" if first else ""
    more = f" ({advice})" if advice else ""
    return f"{who} does not start with `{_name(reading)}`: it was removed in {gone}, {last} was the last to know it{back}{more}"


def _not_yet(reading: Reading, who: str, _program: str) -> str:
    first = reading.detail[2]
    if reading.why == "read-as":
        return f"`{reading.detail[3]}` is a flag from {first} on, and {who} takes it as an abbreviation of `{reading.detail[-1]}`, another flag"
    name = reading.text.partition("=")[0] if reading.why == "dotted" else _name(reading)
    return f"{who} does not know `{name}` yet: {first} is the first that does. The server does not start"


def _ambiguous(reading: Reading, who: str, _program: str) -> str:
    shown = ", ".join(f"`{name}`" for name in reading.detail[:6])
    more = ", …" if len(reading.detail) > 6 else ""
    return f"`{_name(reading)}` could be {shown}{more} in {who}: the server does not start"


def _abbreviated(reading: Reading, who: str, _program: str) -> str:
    written = reading.text.partition("=")[0]
    return f"`{written}` is an abbreviation that {who} completes to `{reading.suggestion}`; a release that adds a flag with the same beginning ends that"


def _ignored(reading: Reading, who: str, program: str) -> str:
    if reading.why == "config-attached":
        return f"`{reading.text}` is never read: {who} looks for `--config` and the path as two words, so no setting of the file applies"
    if reading.why == "retired":
        more = f": {reading.detail[0]}" if reading.detail[0] else ""
        return f"{who} accepts `{_name(reading)}` with a warning and does nothing with it{more}"
    if reading.why == "config-false":
        return f"`{reading.text.removeprefix('--')}: false` in the config file is dropped by {who} under `{program}`, {_so(reading)}"
    if reading.why == "field":
        return (
            f"{who} has no field {', '.join(f'`{name}`' for name in reading.detail)} in `{_name(reading)}` and drops it"
        )
    if reading.why == "behind-switch":
        return f"`{reading.text}` behind `{reading.detail[0]}` is a word of its own, which {who} ignores: the switch is on whatever it says"
    return f"`{reading.text}` has no effect in {who}"


def _unexpected(reading: Reading, who: str, _program: str) -> str:
    if reading.why == "help":
        return f"`{reading.text}` prints the help and ends: no server starts"
    if reading.why == "switch":
        return (
            f"`{_name(reading)}` takes no value in {who}, and `{reading.text}` gives it one: the server does not start"
        )
    if reading.why == "behind-switch":
        taken = "takes it as the name of the model" if reading.dest == "model" else "does not start"
        return f"`{reading.text}` behind `{reading.detail[0]}` is a word of its own: {who} {taken}"
    return _stray(reading, who, "")


def _stray(reading: Reading, who: str, hint: str) -> str:
    return f"`{reading.text}` belongs to no flag, and {who} does not start with a stray word{hint}"


def _missing_value(reading: Reading, who: str, _program: str) -> str:
    return f"`{_name(reading)}` needs a value in {who} and has none: the server does not start"


def _literal_variable(reading: Reading, _who: str, _program: str) -> str:
    end = ": the server does not start" if reading.fatal else ", and the engine gets it as it stands"
    held = reading.value if isinstance(reading.value, str) else reading.text
    return f"nothing expands `{held}` here (Kubernetes expands only `$(NAME)`){end}"


def _deprecated(reading: Reading, who: str, _program: str) -> str:
    advice = f" ({reading.detail[0]})" if reading.detail else ""
    return f"`{_name(reading)}` still works in {who} and is deprecated{advice}"


def _invalid(reading: Reading, who: str, _program: str) -> str:
    if reading.why == "field":
        return f"{who} has no field `{reading.detail[0]}` in `{_name(reading)}` and does not start"
    told = _FILE.get(reading.why)
    if told is not None:
        return told(reading, who)
    wanted = reading.detail[0] if reading.detail else "another value"
    return f"`{_name(reading)}` of {who} takes {wanted}, not `{reading.value}`: the server does not start"


_FILE: dict[str, Callable[[Reading, str], str]] = {
    "config-twice": lambda _reading, who: f"{who} takes one `--config` file and does not start with two",
    "config-not-yaml": lambda reading, who: (
        f"{who} takes a config file that ends in .yaml or .yml, not `{reading.text}`"
    ),
    "config-unreadable": lambda reading, who: (
        f"{who} cannot read the config file `{reading.text}`: {reading.detail[0]}"
    ),
}

_SENTENCES: dict[str, Maker] = {
    "swallowed": _swallowed,
    "unknown": _unknown,
    "misspelt": _misspelt,
    "removed": _removed,
    "not-yet": _not_yet,
    "ambiguous": _ambiguous,
    "abbreviated": _abbreviated,
    "ignored": _ignored,
    "unexpected-value": _unexpected,
    "missing-value": _missing_value,
    "literal-variable": _literal_variable,
    "deprecated": _deprecated,
    "invalid": _invalid,
    "duplicated": lambda reading, _who, _program: _overridden(reading),
}
