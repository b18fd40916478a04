"""One release reads one argument vector: the part that is alike in every engine whose parser is Python's `argparse`.

An engine's own reading takes `Parsing` and adds what only it does: its positionals, its steps before the parser.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from skewguard.knowledge.engines import choices, conversions, grammar, history, recording, shapes
from skewguard.knowledge.engines.grammar import Take, Word
from skewguard.knowledge.engines.history import Missing, Successors
from skewguard.knowledge.engines.interface import Fault, Outcome
from skewguard.knowledge.engines.preparing import Prepared, Trouble
from skewguard.knowledge.engines.readings import UNKNOWABLE, Held, Reading
from skewguard.knowledge.engines.tables import Flag, Spellings, Table

Troubles = Mapping[str, tuple[Fault, Outcome]]
Oddity = tuple[Fault | None, str, str | None, tuple[str, ...]]
"""The fault, why, suggestion and detail of a reading."""

TROUBLES: Troubles = {
    "no-value": ("missing-value", "invalid"),
    "config-twice": ("invalid", "invalid"),
    "config-not-yaml": ("invalid", "invalid"),
    "config-unreadable": ("invalid", "invalid"),
    "config-false": ("ignored", "ignored"),
}
"""What the steps before the parser can meet: the fault and the outcome of each."""


class Parsing:
    """The state of one reading. `troubles` are the engine's own, beside `TROUBLES`."""

    successors = Successors({})
    troubles: ClassVar[Troubles] = {}

    def __init__(self, table: Table, version: str, program: str, known: Spellings) -> None:
        self._table = table
        self._version = version
        self._known = known
        self._record = recording.Record(program)
        self._result = self._record.result
        self._switch: str | None = None
        self._opposite: str | None = None
        self._open: list[Word] = []

    def _read(self, takes: Sequence[Take]) -> None:
        for take in takes:
            self._take(take)
            switched = take.status == "taken" and take.flag is not None and take.flag.switch
            self._switch = take.spelling if switched else None
            self._opposite = (
                _spelling(take.flag, on=take.flag.negates(take.spelling)) if switched and take.flag else None
            )

    def _take(self, take: Take) -> None:
        if take.status == "taken":
            self._taken(take)
        elif take.status in ("positional", "extra"):
            self._positional(take)
        elif take.status in ("unknown", "ambiguous"):
            self._unknown(take)
        elif take.status == "no-value":
            self._record.tell(take, "invalid", "missing-value", fatal=True)
        else:
            self._refused_value(take)

    def _taken(self, take: Take) -> None:
        flag = take.flag
        assert flag is not None
        if flag.action == "help":
            self._record.tell(take, "invalid", "unexpected-value", why="help", fatal=True)
            return
        if flag.dest == "config":
            self._record.tell(take, "ignored", "ignored", value=" ".join(take.texts()), why="config-attached")
            return
        if flag.action in ("refused", "retired"):
            self._gone(take, flag)
            return
        try:
            value = self._value(take, flag)
        except conversions.Refused as refused:
            self._invalid(take, str(refused))
            return
        if value is UNKNOWABLE:
            self._unknowable(take, flag)
        fault, why, suggestion, detail = self._oddity(take, flag)
        if not self._fields_known(take, flag, value):
            return
        for word in take.values:
            if shapes.is_folded(word):
                fault, why = "swallowed", "as-value"
        self._record.tell(
            take,
            "swallowed" if fault == "swallowed" else "parsed",
            fault,
            value=value,
            why=why,
            detail=detail,
            suggestion=suggestion,
        )
        self._record.hold(take, flag, value)

    def _gone(self, take: Take, flag: Flag) -> None:
        """A flag that is known only to say that it is gone."""
        suggestion, advice = self.successors.of(flag.name)
        if flag.action == "retired":
            self._record.tell(take, "ignored", "ignored", why="retired", detail=(advice,), suggestion=suggestion)
        else:
            self._record.tell(
                take, "invalid", "removed", why="refused-flag", detail=(advice,), suggestion=suggestion, fatal=True
            )

    def _value(self, take: Take, flag: Flag) -> Any:
        """The typed value. Raises `conversions.Refused`."""
        if flag.switch:
            return flag.const if flag.action == "const" else not flag.negates(take.spelling)
        if shapes.unresolved(take):
            return UNKNOWABLE
        return self._converted(flag, take.texts())

    def _converted(self, flag: Flag, texts: Sequence[str]) -> Any:
        """The value of the words behind a flag. Raises `conversions.Refused`."""
        if flag.action == "boolean":
            return conversions.boolean(texts[0]) if texts else True
        if flag.nargs == "?" and not texts:
            return flag.const
        values = [conversions.convert(flag, text) for text in texts]
        if flag.action == "const-value":
            return flag.const
        return values if flag.collects else values[0]

    def _unknowable(self, take: Take, flag: Flag) -> None:
        """A value that nobody knows: the parser may refuse it, and a shell may make further arguments of it."""
        self._result.sure = self._result.sure and shapes.accepted(take, flag)
        for word in take.values:
            if word.token.splits and shapes.starts_unresolved(word) and not shapes.may_be_model(word):
                self._blinded(word)

    def _oddity(self, take: Take, flag: Flag) -> Oddity:
        """What is odd about an argument that works."""
        if any(
            shapes.literal_variable(word.token.text)
            for word in (*take.values, take.word)
            if not shapes.is_unknown(word)
        ):
            return "literal-variable", "", None, ()
        written = take.word.text.partition("=")[0]
        if take.word.parts is None and shapes.is_abbreviated(written, take.spelling):
            other = history.elsewhere(self._table, self.successors, self._version, written, flag)
            if other is not None:
                return other.fault, "read-as", other.suggestion, (*other.detail, take.spelling)
            return "abbreviated", "", take.spelling, ()
        if flag.deprecated:
            successor, advice = self.successors.of(flag.name)
            return "deprecated", "", successor, (advice,) if advice else ()
        return None, "", None, ()

    def _fields_known(self, _take: Take, _flag: Flag, _value: Any) -> bool:
        """Whether a JSON object holds only fields that its config class has. False when they stop the start."""
        return True

    def _invalid(self, take: Take, wanted: str) -> None:
        odd = any(shapes.literal_variable(word.token.text) for word in (*take.values, take.word))
        self._record.tell(
            take,
            "invalid",
            "literal-variable" if odd else "invalid",
            value=" ".join(take.texts()),
            why="refused",
            detail=(wanted,),
            suggestion=choices.meant(self._table.engine, take.flag, take.texts()),
            fatal=True,
        )

    def _refused_value(self, take: Take) -> None:
        flag, text = take.flag, (take.explicit or "").lower()
        assert flag is not None
        suggestion = None
        if text in ("true", "false"):
            suggestion = _spelling(flag, on=(text == "true") != flag.negates(take.spelling))
        self._record.tell(
            take, "invalid", "unexpected-value", value=take.explicit, why="switch", suggestion=suggestion, fatal=True
        )

    def _unknown(self, take: Take) -> None:
        name = take.word.text.partition("=")[0]
        value = take.explicit_or_values()
        if shapes.starts_unresolved(take.word):
            self._blinded(take.word)
        elif take.status == "ambiguous" and not self._outlived(name, take.candidates):
            successor, _ = self.successors.of(name)  # of an old name that is now the beginning of several
            self._record.tell(
                take,
                "ambiguous",
                "ambiguous",
                value=value,
                detail=take.candidates,
                suggestion=successor if successor in take.candidates else None,
                fatal=True,
                flag=name,
            )
        else:
            self._strange(take, name)

    def _outlived(self, name: str, candidates: Sequence[str]) -> bool:
        """Whether an ambiguous beginning is a flag of other releases, and none of what it could be took its place."""
        flags = [self._known.flags[each] for each in candidates]
        return all(
            history.elsewhere(self._table, self.successors, self._version, name, flag) is not None for flag in flags
        )

    def _strange(self, take: Take, name: str) -> None:
        """A flag that this release does not know."""
        found = self._missing(name)
        take.flag = found.flag
        self._record.tell(
            take,
            "unknown",
            found.fault,
            value=take.explicit_or_values(),
            detail=found.detail,
            suggestion=found.suggestion,
            fatal=True,
            flag=found.spelling,
        )

    def _missing(self, name: str) -> Missing:
        return history.missing(self._table, self.successors, self._version, name, serve=True)

    # ---- positionals ------------------------------------------------------------------------------------------

    def _positional(self, take: Take) -> None:
        """A word that belongs to no flag."""
        if shapes.starts_unresolved(take.word):
            self._blinded(take.word)
        else:
            self._stray(take)

    def _stray(self, take: Take) -> None:
        word = take.word
        if shapes.is_folded(word):
            self._tell_folded(take, fatal=True, why="refused")
            return
        behind = word.text.lower() in ("true", "false") and self._switch is not None
        why = "behind-switch" if behind else "stray"
        fault: Fault = "literal-variable" if shapes.is_literal(word) else "unexpected-value"
        self._record.tell(
            take,
            "invalid",
            fault,
            value=word.text,
            why=why,
            detail=self._behind(why),
            suggestion=self._meant(word, why),
            fatal=True,
        )

    def _behind(self, why: str) -> tuple[str, ...]:
        return (self._switch,) if why == "behind-switch" and self._switch else ()

    def _meant(self, word: Word, why: str) -> str | None:
        """The spelling that says what `false` behind a switch was to say; None where this release has none."""
        return self._opposite if why == "behind-switch" and word.text.lower() == "false" else None

    def _tell_folded(self, take: Take, *, fatal: bool, why: str) -> None:
        """A flag and its value (or a flag with a space before it) in one word."""
        first = take.word.token.text.split()[0]
        seen = grammar.option(first.replace("_", "-") if first.startswith("--") else first, self._known)
        flag = seen.flag if seen is not None else None
        _, _, value = take.word.token.text.strip().partition(" ")
        take.flag, take.spelling = flag, seen.spelling if seen is not None else ""
        suggestion = f"{first}={value.strip()}" if value.strip() and "=" not in first else first
        self._record.tell(
            take, "swallowed", "swallowed", value=value.strip() or None, why=why, suggestion=suggestion, fatal=fatal
        )

    def _blinded(self, word: Word) -> None:
        """A word that may stand for a flag, and where a shell splits it for any number of them."""
        self._open.append(word)
        if self._result.blind is None:
            names = ", ".join(word.token.unresolved) or word.text
            holds = "may hold further arguments" if word.token.splits else "may be a further argument"
            self._result.blind = f"`{word.token.text}` {holds}, and its value ({names}) is not known"
            self._result.blind_key = f"value@{names}"
        self._result.readings.append(
            Reading(word.key, word.token.text, "parsed", word.token.origin, why="blind", source=word.source)
        )

    # ---- the config file and the steps before the parser ------------------------------------------------------

    def _before(self, prepared: Prepared) -> None:
        """Tell what the steps before the parser met."""
        for trouble in prepared.troubles:
            self._trouble(trouble)
        if prepared.config is not None:
            self._config_file(*prepared.config)
        if prepared.unseen is not None and self._result.blind is None:
            self._result.blind = f"the config file {prepared.unseen} is not in the input, and may set anything else"
            self._result.blind_key = f"file@{prepared.unseen}"

    def _config_file(self, flag: Word, path: Word) -> None:
        value = UNKNOWABLE if shapes.is_unknown(path) else path.text
        self._result.values["config"] = Held(value, path, "--config")
        self._result.readings.append(
            Reading(
                flag.key,
                flag.token.text,
                "parsed",
                flag.token.origin,
                "--config",
                "config",
                recording.shown(value),
                path.token.origin,
                source=flag.source,
            )
        )

    def _trouble(self, trouble: Trouble) -> None:
        fault, outcome = self.troubles.get(trouble.what) or TROUBLES[trouble.what]
        word, value = trouble.word, trouble.value
        seen = grammar.option(word.text.replace("_", "-"), self._known) if word.text.startswith("--") else None
        flag = seen.flag if seen is not None else None
        dest = trouble.dest or (flag.dest if flag else None)
        self._result.readings.append(
            Reading(
                word.key,
                word.token.text,
                outcome,
                word.token.origin,
                flag.name if flag else None,
                dest,
                value.text if value else None,
                value.token.origin if value else None,
                fault,
                trouble.what,
                (trouble.detail,) if trouble.detail else (),
                trouble.suggestion,
                trouble.fatal,
                word.source,
            )
        )

    # ---- in the end -------------------------------------------------------------------------------------------

    def _judge(self) -> None:
        result = self._result
        for word in self._open:
            for dest, held in result.values.items():
                if self._may_override(word, dest, held):
                    held.assumes = (*held.assumes, word.token.text)
        if any(reading.fatal for reading in result.readings):
            result.starts = False
        elif result.blind is not None or not result.sure:
            result.starts = None

    def _may_override(self, word: Word, _dest: str, held: Held) -> bool:
        """Whether a word that may be any flag can give a destination another value: the last one on the line counts."""
        return held.word.source == "config-file" or held.word.key < word.key


def _spelling(flag: Flag, *, on: bool) -> str | None:
    """The long spelling that switches a flag on, or off; None where it has none."""
    return next((each for each in flag.flags if flag.negates(each) != on and each.startswith("--")), None)
