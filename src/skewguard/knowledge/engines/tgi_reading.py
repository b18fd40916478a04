"""One release of TGI's launcher reads one argument vector: which word does what, which values result, does it start."""

from collections.abc import Sequence
from typing import Any

from skewguard.knowledge.engines import conversions, history, tgi_grammar
from skewguard.knowledge.engines.grammar import Take, Word
from skewguard.knowledge.engines.history import Missing, Successors
from skewguard.knowledge.engines.parsing import Parsing
from skewguard.knowledge.engines.readings import Simulation
from skewguard.knowledge.engines.tables import Flag, Table

SUCCESSORS = Successors(
    {
        "--max-input-length": ("--max-input-tokens", ""),
        "--enable-cuda-graphs": (None, "CUDA graphs are on by default, and `--cuda-graphs` says for which batch sizes"),
        "--disable-usage-stats": ("--usage-stats=off", ""),
        "--disable-crash-reports": ("--usage-stats=no-stack", ""),
    }
)
"""What took the place of removed flags (`launcher/src/main.rs` of the release that removed each)."""


def simulate(table: Table, version: str, program: str, words: Sequence[Word]) -> Simulation:
    """How release `version` reads `words`, the program taken off."""
    return _Simulation(table, version, program).run(words)


class _Simulation(Parsing):
    """The state of one reading."""

    successors = SUCCESSORS

    def __init__(self, table: Table, version: str, program: str) -> None:
        super().__init__(table, version, program, tgi_grammar.spellings(table, version))

    def run(self, words: Sequence[Word]) -> Simulation:
        self._read(tgi_grammar.parse(words, self._known))
        self._judge()
        return self._result

    def _taken(self, take: Take) -> None:
        """A flag is taken once; lists alone may be given again."""
        flag = take.flag
        held = self._result.values.get(flag.dest) if flag is not None else None
        if flag is None or held is None or flag.action in ("append", "extend"):
            super()._taken(take)
            return
        self._record.tell(
            take,
            "invalid",
            "invalid",
            value=" ".join(take.texts()) or None,
            why="repeated",
            detail=(held.flag,),
            fatal=True,
        )

    def _missing(self, name: str) -> Missing:
        return history.uncompleted(self._table, self.successors, self._version, name)


def from_environment(flag: Flag, text: str) -> Any:
    """The value of a variable that stands for a flag; a switch takes `true` or `false`. Raises `conversions.Refused`."""
    if flag.switch:
        return conversions.convert(Flag(flag.dest, flag.flags, type="bool"), text)
    value = conversions.convert(flag, text)
    return [value] if flag.action == "append" else value
