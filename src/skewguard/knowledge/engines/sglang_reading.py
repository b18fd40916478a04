"""One release of SGLang reads one argument vector: which word does what, which values result, does it start."""

from collections.abc import Sequence
from typing import Any, ClassVar

from msgspec import structs

from skewguard.knowledge.engines import conversions, grammar, shapes
from skewguard.knowledge.engines.grammar import Take, Word
from skewguard.knowledge.engines.parsing import Oddity, Parsing, Troubles
from skewguard.knowledge.engines.preparing import Trouble
from skewguard.knowledge.engines.readings import Reading, Simulation
from skewguard.knowledge.engines.sglang_grammar import (
    FIRST_MODEL_TYPE,
    FIRST_SERVE,
    SERVE,
    SHORT_FORMS,
    Program,
    behaviour,
)
from skewguard.knowledge.engines.sglang_successors import SUCCESSORS
from skewguard.knowledge.engines.sglang_words import MODEL, MODEL_TYPE, prepare
from skewguard.knowledge.engines.tables import Flag, Table
from skewguard.language.workloads import TextFile


def simulate(
    table: Table, version: str, program: Program, words: Sequence[Word], files: Sequence[TextFile]
) -> Simulation:
    """How release `version` reads `words`, the program and its sub-command taken off."""
    return _Simulation(table, version, program).run(words, files)


class _Simulation(Parsing):
    """The state of one reading."""

    successors = SUCCESSORS
    troubles: ClassVar[Troubles] = {
        "config-refused": ("invalid", "invalid"),
    }

    def __init__(self, table: Table, version: str, program: Program) -> None:
        super().__init__(table, version, program, table.spellings(version))
        self._program = program
        self._does = behaviour(version)
        self._moved: Word | None = None

    def run(self, words: Sequence[Word], files: Sequence[TextFile]) -> Simulation:
        if self._program == SERVE and not self._does.serve:
            return self._no_program()
        prepared = prepare(words, self._program, self._does, files, self._known.flags)
        self._moved = prepared.moved
        self._before(prepared)
        self._read(grammar.parse(prepared.words, self._known))
        if prepared.model_hidden:
            self._hidden_model()
        self._required()
        self._judge()
        return self._result

    def _no_program(self) -> Simulation:
        """A release without the `sglang` command."""
        self._result.starts = False
        self._result.readings.append(
            Reading(
                (-1,),
                SERVE,
                "unknown",
                grammar.NOWHERE,
                SERVE,
                fault="not-yet",
                detail=("", "", FIRST_SERVE),
                fatal=True,
            )
        )
        return self._result

    def _trouble(self, trouble: Trouble) -> None:
        if trouble.what == "model-type":
            self._model_type(trouble)
        else:
            super()._trouble(trouble)

    def _model_type(self, trouble: Trouble) -> None:
        """What `sglang serve` reads itself: which of its servers runs."""
        word, value = trouble.word, trouble.value
        text = value.text if value is not None else word.text.partition("=")[2]
        origin = value.token.origin if value is not None else None
        self._result.readings.append(
            Reading(word.key, word.token.text, "parsed", word.token.origin, MODEL_TYPE, None, text, origin)
        )

    def _strange(self, take: Take, name: str) -> None:
        if name != MODEL_TYPE:
            super()._strange(take, name)
            return
        why = "model-type" if self._program != SERVE else ""
        detail = ("", "", FIRST_MODEL_TYPE, MODEL_TYPE, "")
        value = take.explicit_or_values()
        self._record.tell(take, "unknown", "not-yet", value=value, why=why, detail=detail, fatal=True, flag=name)

    def _converted(self, flag: Flag, texts: Sequence[str]) -> Any:
        if flag.action != "lora":
            return super()._converted(flag, texts)
        return [_adapter(text.strip()) if self._does.lora_objects else text for text in texts]

    def _oddity(self, take: Take, flag: Flag) -> Oddity:
        if take.values and take.values[0] is self._moved:  # written as a word of its own, whatever the parser sees
            return ("literal-variable" if shapes.is_literal(self._moved) else None), "", None, ()
        odd = super()._oddity(take, flag)
        if odd[0] == "abbreviated" and take.word.text.partition("=")[0] in SHORT_FORMS:
            return None, "", None, ()
        return odd

    def _hidden_model(self) -> None:
        """The model is given where `sglang serve` does not look: by a spelling it does not know, or in the file."""
        readings = self._result.readings
        for index, reading in enumerate(readings):
            if reading.dest == "model_path" and reading.outcome == "parsed" and self._result.blind is None:
                in_file = reading.source == "config-file"
                readings[index] = structs.replace(
                    reading,
                    outcome="invalid",
                    fault="model-by-flag",
                    why="model-in-file" if in_file else "model-unseen",
                    suggestion=f"{MODEL}={reading.value}" if in_file else MODEL,
                    fatal=True,
                )

    def _required(self) -> None:
        """The parser ends where a required flag is missing."""
        told = {reading.dest for reading in self._result.readings}
        for flag in {flag.name: flag for flag in self._known.flags.values() if flag.required}.values():
            if flag.dest not in told and self._result.blind is None:
                self._result.readings.append(
                    Reading(
                        (-1,),
                        flag.name,
                        "invalid",
                        grammar.NOWHERE,
                        flag.name,
                        flag.dest,
                        fault="missing-value",
                        why="required",
                        suggestion=f"{MODEL}=MODEL" if flag.dest == "model_path" else f"{flag.name}=VALUE",
                        fatal=True,
                    )
                )


def _adapter(text: str) -> Any:
    """PATH, NAME=PATH or a JSON object, whose keys the parser asks for."""
    if not (text.startswith("{") and text.endswith("}")):
        return text
    value = conversions.json_value(text)
    if not isinstance(value, dict) or not {"lora_name", "lora_path"} <= value.keys():
        raise conversions.Refused('PATH, NAME=PATH or {"lora_name": …, "lora_path": …}')
    return value
