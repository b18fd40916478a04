"""Keeping what became of each word, and which value a destination ends with, while a vector is read."""

from typing import Any

from msgspec import structs

from skewguard.knowledge.engines.grammar import Take, Word
from skewguard.knowledge.engines.interface import Fault, Outcome
from skewguard.knowledge.engines.readings import UNKNOWABLE, Held, Reading, Simulation
from skewguard.knowledge.engines.tables import Flag


def shown(value: Any) -> Any:
    """A value for a reading: nothing where nobody can know it."""
    return None if value is UNKNOWABLE else value


class Record:
    """The readings and values of one vector, as they grow. `result` is what they end as."""

    def __init__(self, program: str) -> None:
        self.result = Simulation(program)
        self._last: dict[str, list[int]] = {}

    def hold(self, take: Take, flag: Flag, value: Any, *, listed: bool = True) -> None:
        """Note the value of a destination; an earlier one is overridden, or joined where the flag collects."""
        word = take.values[-1] if take.values else take.word
        held = self.result.values.get(flag.dest)
        if flag.action in ("append", "extend"):
            more = value if flag.action == "extend" and isinstance(value, list) else [value]
            collected = [*held.value, *more] if held is not None and isinstance(held.value, list) else more
            value = UNKNOWABLE if UNKNOWABLE in collected else collected
        elif held is not None:
            self._override(flag.dest, take.word)
        self.result.values[flag.dest] = Held(value, word, flag.name)
        if listed:
            count = len(take.word.parts) if take.word.parts else 1
            self._last[flag.dest] = list(range(len(self.result.readings) - count, len(self.result.readings)))

    def _override(self, dest: str, by: Word) -> None:
        for index in self._last.get(dest, ()):
            earlier = self.result.readings[index]
            files_turn = earlier.source == "config-file" and by.source == "argument"
            self.result.readings[index] = structs.replace(
                earlier,
                outcome="overridden",
                fault=None if files_turn else "duplicated",
                why="by-command-line" if files_turn else "",
                suggestion=None,
            )

    def tell(
        self,
        take: Take,
        outcome: Outcome,
        fault: Fault | None,
        *,
        value: Any = None,
        why: str = "",
        detail: tuple[str, ...] = (),
        suggestion: str | None = None,
        fatal: bool = False,
        flag: str | None = None,
        dest: str | None = None,
    ) -> None:
        """Add the reading of a flag with its values; one for each part of a joined JSON argument."""
        known = take.flag
        named = known is not None and known.name.startswith("-")
        first = Reading(
            take.word.key,
            take.word.token.text,
            outcome,
            take.word.token.origin,
            flag or (known.name if known is not None and named else None),
            dest or (known.dest if known is not None and named else None),
            shown(value),
            take.values[-1].token.origin if take.values else None,
            fault,
            why,
            detail,
            suggestion,
            fatal,
            take.word.source,
        )
        for part in take.word.parts or ():
            self.result.readings.append(
                structs.replace(
                    first,
                    key=part.word.key,
                    text=part.word.token.text,
                    origin=part.word.token.origin,
                    value=part.nested if outcome == "parsed" else first.value,
                    value_origin=part.value_word.token.origin if part.value_word else None,
                )
            )
        if not take.word.parts:
            self.result.readings.append(first)
