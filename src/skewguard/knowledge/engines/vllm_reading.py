"""One release of vLLM reads one argument vector: which word does what, which values result, does it start."""

from collections.abc import Sequence
from typing import Any, ClassVar

from msgspec import structs

from skewguard.knowledge.engines import conversions, grammar, history, shapes, vllm_grammar
from skewguard.knowledge.engines.grammar import Take, Word
from skewguard.knowledge.engines.history import Missing
from skewguard.knowledge.engines.interface import Fault
from skewguard.knowledge.engines.parsing import Parsing, Troubles
from skewguard.knowledge.engines.preparing import Trouble
from skewguard.knowledge.engines.readings import UNKNOWABLE, Held, Reading, Simulation
from skewguard.knowledge.engines.tables import Flag, Table
from skewguard.knowledge.engines.vllm_grammar import SERVE, Program
from skewguard.knowledge.engines.vllm_successors import SUCCESSORS
from skewguard.knowledge.engines.vllm_words import prepare
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
        "model-by-flag": ("model-by-flag", "invalid"),
        "no-model": ("missing-value", "invalid"),
        "dotted-no-value": ("missing-value", "invalid"),
        "served-name-first": ("invalid", "invalid"),
    }

    def __init__(self, table: Table, version: str, program: Program) -> None:
        self._serve = program == SERVE
        super().__init__(table, version, program, table.spellings(version, serve=self._serve))
        self._program = program
        self._does = vllm_grammar.behaviour(version)
        self._moved: Word | None = None

    def run(self, words: Sequence[Word], files: Sequence[TextFile]) -> Simulation:
        if self._serve and not self._does.serve:
            return self._no_program()
        toggles = {} if self._serve else self._known.flags
        prepared = prepare(words, self._program, self._does, files, toggles)
        self._moved = prepared.moved
        self._before(prepared)
        self._read(self._model_first(grammar.parse(prepared.words, self._known, model_to_come=self._serve)))
        self._model()
        self._judge()
        return self._result

    def _trouble(self, trouble: Trouble) -> None:
        super()._trouble(trouble)
        if trouble.what == "model-by-flag" and trouble.value is not None:
            held = UNKNOWABLE if shapes.is_unknown(trouble.value) else trouble.value.text
            self._result.values["model"] = Held(held, trouble.value, "--model")

    def _no_program(self) -> Simulation:
        """A release without the `vllm` command."""
        self._result.starts = False
        self._result.readings.append(
            Reading(
                (-1,),
                "vllm serve",
                "unknown",
                grammar.NOWHERE,
                "vllm serve",
                fault="not-yet",
                detail=("", "", "0.5.1"),
                fatal=True,
            )
        )
        return self._result

    # ---- each flag and positional -----------------------------------------------------------------------------

    def _model_first(self, takes: list[Take]) -> list[Take]:
        """Where an unresolved word stands in the model's place and a plain one follows, that one is the model."""
        free = [take for take in takes if take.status in ("positional", "extra")]
        if self._serve and free and free[0].word.token.unresolved:
            plain = [take for take in free[1:] if not take.word.token.unresolved and not shapes.is_folded(take.word)]
            if plain and not shapes.is_folded(plain[0].word):
                plain[0].status, plain[0].flag = "positional", free[0].flag
                free[0].status, free[0].flag = "extra", None
        return takes

    def _fields_known(self, take: Take, flag: Flag, value: Any) -> bool:
        """Tell of fields in a JSON object that its config class does not have. False when they stop the start."""
        if flag.config is None or not isinstance(value, dict):
            return True
        fields = self._table.config_fields(flag.config, self._version)
        strange = [name for name in value if name not in fields] if fields else []
        if not strange:
            return True
        if vllm_grammar.forbids(self._version, flag.config):
            self._record.tell(take, "invalid", "invalid", value=value, why="field", detail=(strange[0],), fatal=True)
            return False
        self._record.tell(take, "ignored", "ignored", value=value, why="field", detail=tuple(strange))
        self._record.hold(take, flag, value, listed=False)
        return False

    def _converted(self, flag: Flag, texts: Sequence[str]) -> Any:
        if flag.action in ("lora", "adapters"):
            structured = flag.action == "lora" and self._does.adapter_json
            return conversions.adapters(texts, structured=structured, limit=1 if self._does.adapter_equals else -1)
        if flag.human_json and self._does.human_json:
            texts = [conversions.expand_human_numbers(text) for text in texts]
        return super()._converted(flag, texts)

    def _strange(self, take: Take, name: str) -> None:
        if name.startswith("-O") and self._does.level_flag == "plain" and not self._known.flags.get("-O"):
            name = "-O"
        base, dot, _ = name.partition(".")
        if not dot or self._does.dotted != "unknown" or base not in self._known.flags:
            super()._strange(take, name)
            return
        take.flag = self._known.flags[base]
        value = take.explicit_or_values()
        self._record.tell(take, "unknown", "not-yet", value=value, why="dotted", detail=("", "", "0.9.0"), fatal=True)

    def _missing(self, name: str) -> Missing:
        return history.missing(self._table, self.successors, self._version, name, serve=self._serve)

    # ---- positionals ------------------------------------------------------------------------------------------

    def _positional(self, take: Take) -> None:
        word = take.word
        if shapes.starts_unresolved(word) and not (
            take.status == "positional" and self._serve and shapes.may_be_model(word)
        ):
            self._blinded(word)
        elif take.status == "extra":
            self._stray(take)
        elif not self._serve:
            self._dropped(take)
        else:
            self._model_word(take)

    def _model_word(self, take: Take) -> None:
        word = take.word
        value = UNKNOWABLE if shapes.is_unknown(word) else word.text
        if value is UNKNOWABLE and (word.token.splits or shapes.starts_unresolved(word)):
            self._result.sure = False  # it may be no word at all, or a flag
        self._result.values["model_tag"] = Held(value, word, "--model")
        if shapes.is_folded(word):
            self._tell_folded(take, fatal=True, why="as-model")
        elif word is self._moved:
            self._record.tell(
                take, "parsed", "deprecated", value=value, why="model-by-flag", suggestion=word.text, dest="model"
            )
        else:
            fault: Fault | None = "literal-variable" if shapes.is_literal(word) else None
            why = ""
            if word.text == "serve" and word.key[0] == 0:
                fault, why = "unexpected-value", "doubled"
            elif word.text.lower() in ("true", "false") and self._switch is not None:
                fault, why = "unexpected-value", "behind-switch"
            self._record.tell(
                take,
                "parsed",
                fault,
                value=value,
                why=why,
                dest="model",
                detail=self._behind(why),
                suggestion=self._meant(word, why),
            )

    def _dropped(self, take: Take) -> None:
        """The API server module takes one positional and never looks at it."""
        word = take.word
        if shapes.is_folded(word):
            self._tell_folded(take, fatal=False, why="ignored")
            return
        behind = word.text.lower() in ("true", "false") and self._switch is not None
        why = "behind-switch" if behind else "positional"
        self._record.tell(
            take,
            "ignored",
            "ignored",
            value=word.text,
            why=why,
            detail=self._behind(why),
            suggestion=self._meant(word, why),
        )

    # ---- in the end -------------------------------------------------------------------------------------------

    def _model(self) -> None:
        """The positional decides over `--model`; some releases refuse the flag, or a missing positional."""
        values = self._result.values
        tag = values.pop("model_tag", None)
        if not self._serve:
            return
        flagged = values.get("model")
        if self._does.model_flag == "late-error" and flagged is not None:
            default = self._table.by_dest(self._version)["model"].default
            if flagged.value != default:
                self._refuse_model_flag()
        if tag is not None:
            values["model"] = tag
        required = self._known.positional is not None and self._known.positional.nargs is None
        seen = tag is not None or any(reading.why in ("no-model", "model-by-flag") for reading in self._result.readings)
        if required and not seen and self._result.blind is None:
            self._result.starts = False
            self._result.readings.append(
                Reading(
                    (-1,),
                    "vllm serve",
                    "invalid",
                    grammar.NOWHERE,
                    None,
                    "model",
                    fault="missing-value",
                    why="no-model",
                    fatal=True,
                )
            )

    def _may_override(self, word: Word, dest: str, held: Held) -> bool:
        if dest == "model" and self._serve:
            return word.key < held.word.key  # `--model` gives way to the positional; a word before may be that
        return super()._may_override(word, dest, held)

    def _refuse_model_flag(self) -> None:
        readings = self._result.readings
        for index, reading in enumerate(readings):
            if reading.dest == "model" and reading.flag == "--model" and reading.outcome == "parsed":
                readings[index] = structs.replace(
                    reading,
                    outcome="invalid",
                    fault="model-by-flag",
                    why="model-by-flag",
                    fatal=True,
                    suggestion=str(reading.value),
                )
