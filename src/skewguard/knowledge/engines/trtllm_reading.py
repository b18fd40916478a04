"""One release of `trtllm-serve` reads one argument vector: which word does what, which values result, does it start."""

from collections.abc import Mapping, Sequence

from msgspec import field as struct_field
from msgspec import structs

from skewguard.knowledge.engines import click_grammar, grammar, shapes
from skewguard.knowledge.engines.grammar import Take, Word
from skewguard.knowledge.engines.history import Missing
from skewguard.knowledge.engines.parsing import Parsing
from skewguard.knowledge.engines.readings import UNKNOWABLE, Held, Reading, Simulation
from skewguard.knowledge.engines.tables import Table
from skewguard.knowledge.engines.trtllm_grammar import CONFIG, FIRST_READ_KNOBS, SERVE, SERVER_ONLY, behaviour
from skewguard.knowledge.engines.trtllm_laying import FRACTION, Laying, found_at
from skewguard.knowledge.engines.versions import since
from skewguard.language.workloads import TextFile

UNUSED = "moe_cluster_parallel_size"
"""Taken by the parser and handed on to a function that has no such parameter, in every release that was read."""

_SHARE = "a share between 0 and 1"


class Laid(Simulation):
    """A reading of a vector and its file. `doubts` are destinations that the two leave open, each with the reason."""

    doubts: dict[str, str] = struct_field(default_factory=dict)


def simulate(table: Table, version: str, words: Sequence[Word], files: Sequence[TextFile], *, named: bool) -> Laid:
    """How release `version` reads `words`, the program taken off. `named`: its command `serve` stands before them."""
    return _Simulation(table, version).run(words, files, named=named)


class _Simulation(Parsing):
    """The state of one reading."""

    def __init__(self, table: Table, version: str) -> None:
        super().__init__(table, version, SERVE, click_grammar.known(table.spellings(version)))
        self._doubts: dict[str, str] = {}

    def run(self, words: Sequence[Word], files: Sequence[TextFile], *, named: bool) -> Laid:
        if not named and words:
            self._first(words[0])
        self._read(click_grammar.parse(words, self._known))
        self._required()
        self._drop_unused()
        self._file(files)
        self._share()
        self._judge()
        result = self._result
        return Laid(**{name: getattr(result, name) for name in Simulation.__struct_fields__}, doubts=self._doubts)

    def _read(self, takes: Sequence[Take]) -> None:
        """click converts the last text of a destination alone, so that an earlier one may be anything."""
        last = {take.flag.dest: take for take in takes if take.status == "taken" and take.flag is not None}
        super()._read([take for take in takes if not self._superseded(take, last)])

    def _superseded(self, take: Take, last: Mapping[str, Take]) -> bool:
        flag = take.flag
        if take.status != "taken" or flag is None or flag.action == "append" or last[flag.dest] is take:
            return False
        value = None if flag.switch else " ".join(take.texts())
        self._record.tell(take, "overridden", "duplicated", value=value)
        return True

    def _first(self, word: Word) -> None:
        """Before a command only `--help` is a flag of the program."""
        if not word.text.startswith("-") or word.text in ("-", "--", "--help") or shapes.starts_unresolved(word):
            return
        self._result.readings.append(
            Reading(
                (*word.key, -1),
                word.token.text,
                "invalid",
                word.token.origin,
                word.text.partition("=")[0],
                fault="unexpected-value",
                why="flag-first",
                fatal=True,
            )
        )

    def _missing(self, name: str) -> Missing:
        """Why a name is no flag: click completes no beginning of one, so that this is the first thing to say."""
        whole = [spelling for spelling in self._known.flags if spelling.startswith(name) and name.startswith("--")]
        if len({self._known.flags[spelling].dest for spelling in whole}) == 1 and len(name) > len("--x"):
            return Missing("misspelt", whole[0], self._known.flags[whole[0]], whole[0])
        found = super()._missing(name)
        here = self._table.by_dest(self._version).get(found.flag.dest) if found.flag is not None else None
        if here is not None and found.fault in ("not-yet", "removed"):  # this release calls it otherwise
            return Missing("misspelt", here.name, here, here.name)
        return structs.replace(found, spelling=name) if found.fault == "unknown" else found

    def _positional(self, take: Take) -> None:
        word = take.word
        if take.status == "extra" or (shapes.starts_unresolved(word) and not shapes.may_be_model(word)):
            super()._positional(take)
            return
        if shapes.is_folded(word):
            self._tell_folded(take, fatal=True, why="as-model")
            return
        value = UNKNOWABLE if shapes.is_unknown(word) else word.text
        if value is UNKNOWABLE and (word.token.splits or shapes.starts_unresolved(word)):
            self._result.sure = False  # it may be no word at all, or a flag
        self._result.values["model"] = Held(value, word, "MODEL")
        fault = "literal-variable" if shapes.is_literal(word) else None
        self._record.tell(take, "parsed", fault, value=value, dest="model")  # type: ignore[arg-type]

    def _required(self) -> None:
        """click ends where the model is missing."""
        told = any(reading.dest == "model" or reading.why == "as-model" for reading in self._result.readings)
        if told or self._result.blind is not None:
            return
        self._result.readings.append(
            Reading(
                (-1,), "MODEL", "invalid", grammar.NOWHERE, "MODEL", "model",
                fault="missing-value", why="required", suggestion="MODEL", fatal=True,
            )
        )  # fmt: skip

    def _drop_unused(self) -> None:
        held = self._result.values.pop(UNUSED, None)
        for index, reading in enumerate(self._result.readings):
            if held is not None and reading.dest == UNUSED and reading.outcome == "parsed":
                self._result.readings[index] = structs.replace(
                    reading, outcome="ignored", fault="overruled", why="unused", detail=(), suggestion=None
                )

    def _file(self, files: Sequence[TextFile]) -> None:
        """Lay the file of the options and the flags over each other, or say what it leaves open."""
        held = self._result.values.get(CONFIG)
        if held is None:
            return
        path = held.word.text if held.value is UNKNOWABLE else str(held.value)
        file = None if held.value is UNKNOWABLE else found_at(path, files)
        if file is None or file.text is None:
            self._unseen(f"{path} ({file.ref})" if file is not None else path)
            return
        Laying(self._table, self._version, self._result, self._doubts).lay(file, held.word)

    def _share(self) -> None:
        """A share of memory outside of 0 to 1 is refused by the engine's record, whoever wrote it."""
        held = self._result.values.get(FRACTION)
        if held is None or not isinstance(held.value, int | float) or 0 <= held.value <= 1:
            return
        if not since(self._version, FIRST_READ_KNOBS):
            return
        for index, reading in enumerate(self._result.readings):
            if reading.dest == FRACTION and reading.outcome == "parsed":
                del self._result.values[FRACTION]
                self._result.readings[index] = structs.replace(
                    reading, outcome="invalid", fault="invalid", why="refused", detail=(_SHARE,), fatal=True
                )
                return

    def _unseen(self, path: str) -> None:
        """The file may set anything, and lays it over the flags in the releases where it wins."""
        if self._result.blind is None:
            self._result.blind = f"the file {path} is not in the input, and may set anything else"
            self._result.blind_key = f"file@{path}"
        if behaviour(self._version).flags_win:
            return
        for dest in self._result.values:
            if dest not in SERVER_ONLY:
                self._doubts[dest] = f"the file {path} is not in the input, and is laid over the command line"
