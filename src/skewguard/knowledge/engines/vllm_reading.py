"""One release of vLLM reads one argument vector: which word does what, which values result, does it start."""

from collections.abc import Sequence
from typing import Any

from msgspec import structs

from skewguard.knowledge.engines import conversions, grammar, recording, shapes, vllm_grammar, vllm_history
from skewguard.knowledge.engines.grammar import Take, Word
from skewguard.knowledge.engines.interface import Fault, Outcome
from skewguard.knowledge.engines.readings import UNKNOWABLE, Held, Reading, Simulation
from skewguard.knowledge.engines.tables import Flag, Table
from skewguard.knowledge.engines.vllm_grammar import SERVE, Program
from skewguard.knowledge.engines.vllm_words import Prepared, Trouble, prepare
from skewguard.language.workloads import TextFile


def simulate(
    table: Table, version: str, program: Program, words: Sequence[Word], files: Sequence[TextFile]
) -> Simulation:
    """How release `version` reads `words`, the program and its sub-command taken off."""
    return _Simulation(table, version, program).run(words, files)


class _Simulation:
    """The state of one reading."""

    def __init__(self, table: Table, version: str, program: Program) -> None:
        self._table = table
        self._version = version
        self._serve = program == SERVE
        self._does = vllm_grammar.behaviour(version)
        self._known = table.spellings(version, serve=self._serve)
        self._record = recording.Record(program)
        self._result = self._record.result
        self._switch: str | None = None

    def run(self, words: Sequence[Word], files: Sequence[TextFile]) -> Simulation:
        if self._serve and not self._does.serve:
            return self._no_program()
        toggles = {} if self._serve else self._known.flags
        prepared = prepare(words, self._result.program, self._does, files, toggles)  # type: ignore[arg-type]
        for trouble in prepared.troubles:
            self._trouble(trouble)
        if prepared.config is not None:
            self._config_file(prepared)
        takes = grammar.parse(prepared.words, self._known, model_to_come=self._serve)
        for take in self._model_first(takes):
            self._take(take, prepared)
        self._model()
        self._judge()
        return self._result

    def _no_program(self) -> Simulation:
        """A release without the `vllm` command."""
        self._result.starts = False
        self._result.readings.append(
            Reading(
                (-1,),
                "vllm serve",
                "unknown",
                _NOWHERE,
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

    def _take(self, take: Take, prepared: Prepared) -> None:
        if take.status == "taken":
            self._taken(take)
        elif take.status in ("positional", "extra"):
            self._positional(take, prepared)
        elif take.status in ("unknown", "ambiguous"):
            self._unknown(take)
        elif take.status == "no-value":
            self._record.tell(take, "invalid", "missing-value", fatal=True)
        else:
            self._refused_value(take)
        self._switch = take.spelling if take.status == "taken" and take.flag is not None and take.flag.switch else None

    def _taken(self, take: Take) -> None:
        flag = take.flag
        assert flag is not None
        if flag.action == "help":
            self._record.tell(take, "invalid", "unexpected-value", why="help", fatal=True)
            return
        if flag.dest == "config":
            self._record.tell(take, "ignored", "ignored", value=" ".join(take.texts()), why="config-attached")
            return
        try:
            value = self._value(take, flag)
        except conversions.Refused as refused:
            self._invalid(take, str(refused))
            return
        fault, why, suggestion = self._oddity(take, flag)
        if not self._fields_known(take, flag, value):
            return
        for word in take.values:
            if shapes.is_folded(word):
                fault, why = "swallowed", "as-value"
        self._record.tell(
            take, "swallowed" if fault == "swallowed" else "parsed", fault, value=value, why=why, suggestion=suggestion
        )
        self._record.hold(take, flag, value)

    def _value(self, take: Take, flag: Flag) -> Any:
        """The typed value. Raises `conversions.Refused`."""
        if flag.switch:
            return not flag.negates(take.spelling)
        texts = take.texts()
        if shapes.unresolved(take):
            return UNKNOWABLE
        if flag.action == "boolean":
            return conversions.boolean(texts[0]) if texts else True
        if flag.action in ("lora", "adapters"):
            structured = flag.action == "lora" and self._does.adapter_json
            return conversions.adapters(texts, structured=structured, limit=1 if self._does.adapter_equals else -1)
        if flag.nargs == "?" and not texts:
            return flag.const
        if flag.human_json and self._does.human_json:
            texts = [conversions.expand_human_numbers(text) for text in texts]
        values = [conversions.convert(flag, text) for text in texts]
        return values if flag.nargs == "+" else values[0]

    def _oddity(self, take: Take, flag: Flag) -> tuple[Fault | None, str, str | None]:
        """What is odd about an argument that works."""
        if any(
            shapes.literal_variable(word.token.text)
            for word in (*take.values, take.word)
            if not shapes.is_unknown(word)
        ):
            return "literal-variable", "", None
        written = take.word.text.partition("=")[0]
        if take.word.parts is None and shapes.is_abbreviated(written, take.spelling):
            return "abbreviated", "", take.spelling
        if flag.deprecated:
            return "deprecated", "", vllm_history.SUCCESSORS.get(flag.name, (None, ""))[0]
        return None, "", None

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

    def _invalid(self, take: Take, wanted: str) -> None:
        odd = any(shapes.literal_variable(word.token.text) for word in (*take.values, take.word))
        self._record.tell(
            take,
            "invalid",
            "literal-variable" if odd else "invalid",
            value=" ".join(take.texts()),
            why="refused",
            detail=(wanted,),
            fatal=True,
        )

    def _refused_value(self, take: Take) -> None:
        flag, text = take.flag, (take.explicit or "").lower()
        assert flag is not None
        suggestion = None
        if text in ("true", "false"):
            on = (text == "true") != flag.negates(take.spelling)
            suggestion = next((each for each in flag.flags if flag.negates(each) != on and each.startswith("--")), None)
        self._record.tell(
            take, "invalid", "unexpected-value", value=take.explicit, why="switch", suggestion=suggestion, fatal=True
        )

    def _unknown(self, take: Take) -> None:
        name = take.word.text.partition("=")[0]
        value = take.explicit_or_values()
        if shapes.starts_unresolved(take.word):
            self._blinded(take.word)
            return
        if take.status == "ambiguous":
            self._record.tell(
                take, "ambiguous", "ambiguous", value=value, detail=take.candidates, fatal=True, flag=name
            )
            return
        if name.startswith("-O") and self._does.level_flag == "plain" and not self._known.flags.get("-O"):
            name = "-O"
        base, dot, _ = name.partition(".")
        if dot and self._does.dotted == "unknown" and base in self._known.flags:
            take.flag = self._known.flags[base]
            self._record.tell(
                take, "unknown", "not-yet", value=value, why="dotted", detail=("", "", "0.9.0"), fatal=True
            )
            return
        found = vllm_history.missing(self._table, self._version, name, serve=self._serve)
        take.flag = found.flag
        detail = (found.last or "", found.gone or "", found.first or "", found.spelling, found.advice)
        self._record.tell(
            take,
            "unknown",
            found.fault,
            value=value,
            detail=detail,
            suggestion=found.suggestion,
            fatal=True,
            flag=found.spelling,
        )

    # ---- positionals ------------------------------------------------------------------------------------------

    def _positional(self, take: Take, prepared: Prepared) -> None:
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
            self._model_word(take, prepared)

    def _model_word(self, take: Take, prepared: Prepared) -> None:
        word = take.word
        value = UNKNOWABLE if shapes.is_unknown(word) else word.text
        self._result.values["model_tag"] = Held(value, word, "--model")
        if shapes.is_folded(word):
            self._tell_folded(take, fatal=True, why="as-model")
        elif word is prepared.moved:
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
            self._record.tell(take, "parsed", fault, value=value, why=why, dest="model", detail=self._behind(why))

    def _dropped(self, take: Take) -> None:
        """The API server module takes one positional and never looks at it."""
        word = take.word
        if shapes.is_folded(word):
            self._tell_folded(take, fatal=False, why="ignored")
            return
        behind = word.text.lower() in ("true", "false") and self._switch is not None
        why = "behind-switch" if behind else "positional"
        self._record.tell(take, "ignored", "ignored", value=word.text, why=why, detail=self._behind(why))

    def _stray(self, take: Take) -> None:
        word = take.word
        if shapes.is_folded(word):
            self._tell_folded(take, fatal=True, why="refused")
            return
        behind = word.text.lower() in ("true", "false") and self._switch is not None
        why = "behind-switch" if behind else "stray"
        fault: Fault = "literal-variable" if shapes.is_literal(word) else "unexpected-value"
        self._record.tell(take, "invalid", fault, value=word.text, why=why, detail=self._behind(why), fatal=True)

    def _behind(self, why: str) -> tuple[str, ...]:
        return (self._switch,) if why == "behind-switch" and self._switch else ()

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
        """A word that may stand for any number of flags."""
        if self._result.blind is None:
            names = ", ".join(word.token.unresolved) or word.text
            self._result.blind = f"`{word.token.text}` may hold further arguments, and its value ({names}) is not known"
            self._result.blind_key = f"value@{names}"
        self._result.readings.append(
            Reading(word.key, word.token.text, "parsed", word.token.origin, why="blind", source=word.source)
        )

    # ---- the config file and the steps before the parser ------------------------------------------------------

    def _config_file(self, prepared: Prepared) -> None:
        assert prepared.config is not None
        flag, path = prepared.config
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
        if prepared.unseen is not None and self._result.blind is None:
            self._result.blind = f"the config file {prepared.unseen} is not in the input, and may set anything else"
            self._result.blind_key = f"file@{prepared.unseen}"

    def _trouble(self, trouble: Trouble) -> None:
        fault, outcome = _TROUBLES[trouble.what]
        word, value = trouble.word, trouble.value
        seen = grammar.option(word.text.replace("_", "-"), self._known) if word.text.startswith("--") else None
        flag = seen.flag if seen is not None else None
        dest = "model" if trouble.what in ("model-by-flag", "no-model") else flag.dest if flag else None
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
                value.text if value and trouble.what == "model-by-flag" else None,
                trouble.fatal,
                word.source,
            )
        )
        if trouble.what == "model-by-flag" and value is not None:
            held = UNKNOWABLE if shapes.is_unknown(value) else value.text
            self._result.values["model"] = Held(held, value, "--model")

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
                    _NOWHERE,
                    None,
                    "model",
                    fault="missing-value",
                    why="no-model",
                    fatal=True,
                )
            )

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

    def _judge(self) -> None:
        result = self._result
        if any(reading.fatal for reading in result.readings):
            result.starts = False
        elif result.blind is not None:
            result.starts = None


_NOWHERE = grammar.NOWHERE
_TROUBLES: dict[str, tuple[Fault, Outcome]] = {
    "model-by-flag": ("model-by-flag", "invalid"),
    "no-value": ("missing-value", "invalid"),
    "no-model": ("missing-value", "invalid"),
    "dotted-no-value": ("missing-value", "invalid"),
    "served-name-first": ("invalid", "invalid"),
    "config-twice": ("invalid", "invalid"),
    "config-not-yaml": ("invalid", "invalid"),
    "config-unreadable": ("invalid", "invalid"),
    "config-false": ("ignored", "ignored"),
}
