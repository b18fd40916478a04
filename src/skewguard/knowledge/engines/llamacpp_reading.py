"""One build of the llama.cpp server reads one argument vector: which word does what, which values result."""

import re
from collections.abc import Sequence
from typing import Any

from skewguard.knowledge.engines import conversions, history, llamacpp_grammar
from skewguard.knowledge.engines.grammar import Take, Word
from skewguard.knowledge.engines.history import Missing, Successors
from skewguard.knowledge.engines.parsing import Oddity, Parsing
from skewguard.knowledge.engines.readings import Simulation
from skewguard.knowledge.engines.tables import Flag, Table
from skewguard.knowledge.engines.twins import NOTHING

SUCCESSORS = Successors(
    {
        "--draft": ("--spec-draft-n-max", ""),
        "--draft-min": ("--spec-draft-n-min", ""),
        "--no-mmap": ("--load-mode", "`none` is the value that says the same"),
        "--grp-attn-n": (None, "self-extend is gone"),
        "--grp-attn-w": (None, "self-extend is gone"),
        "--log-format": (None, ""),
    }
)
"""What took the place of removed flags (`common/arg.cpp` of the build that removed each)."""


def simulate(table: Table, version: str, program: str, words: Sequence[Word]) -> Simulation:
    """How build `version` reads `words`, the program taken off."""
    return _Simulation(table, version, program).run(words)


class _Simulation(Parsing):
    """The state of one reading."""

    successors = SUCCESSORS

    def __init__(self, table: Table, version: str, program: str) -> None:
        super().__init__(table, version, program, table.spellings(version))

    def run(self, words: Sequence[Word]) -> Simulation:
        self._read(llamacpp_grammar.parse(words, self._known))
        self._judge()
        return self._result

    def _strange(self, take: Take, name: str) -> None:
        dashed = name.replace("_", "-") if name.startswith("--") else name
        flag = self._known.flags.get(dashed)
        if flag is None or "=" not in take.word.text:
            super()._strange(take, dashed)
            return
        take.flag = flag
        value = take.word.text.partition("=")[2]
        self._record.tell(take, "unknown", "misspelt", value=value, why="attached", suggestion=dashed, fatal=True)

    def _missing(self, name: str) -> Missing:
        return history.uncompleted(self._table, self.successors, self._version, name)

    def _converted(self, flag: Flag, texts: Sequence[str]) -> Any:
        return list(texts) if flag.nargs == "2" else super()._converted(flag, texts)

    def _oddity(self, take: Take, flag: Flag) -> Oddity:
        odd = super()._oddity(take, flag)
        texts = take.texts()
        if odd[0] is None and flag.type in ("leading-int", "leading-float") and texts and _cut(texts[0]):
            return "ignored", "cut", _whole(flag, texts[0]), (texts[0],)
        return odd


def _cut(text: str) -> bool:
    """Whether something stands behind the number that is read."""
    return re.fullmatch(r"\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", text) is None


def _whole(flag: Flag, text: str) -> str | None:
    """`--ctx-size 32768` for `32k`; None for other endings."""
    match = re.fullmatch(r"(\d{1,9})[kK]", text)
    return f"{flag.name} {int(match[1]) * 1024}" if match is not None else None


def from_environment(flag: Flag, text: str) -> Any:
    """The value of a variable that stands for a flag; a switch is on at a word that says so, and else as it was.

    Raises `conversions.Refused`.
    """
    if flag.action in ("refused", "help"):
        raise conversions.Refused("nothing: what it set is gone")
    if flag.action == "toggle":
        return conversions.on_off(text)
    if flag.switch:
        on = text in ("1", "true", "on", "enabled")
        return (flag.const if flag.action == "const" else True) if on else NOTHING
    value = conversions.convert(flag, text)
    return [value] if flag.action == "append" else value
