"""How the llama.cpp server reads an argument vector: whole names, values as words of their own, nothing else.

Read in `common_params_parse_ex` of `common/arg.cpp`, from b3716 on: `--name value`, never `--name=value`; a value is
whatever word comes next, also one that begins with a dash; underscores of a long name count as dashes; the last of
several wins; there are no positionals and no abbreviations.
"""

from collections.abc import Sequence

from skewguard.knowledge.engines.grammar import Take, Word
from skewguard.knowledge.engines.tables import Spellings


def parse(words: Sequence[Word], known: Spellings) -> list[Take]:
    """Every flag of a vector with its values, and every stray word, in order."""
    takes: list[Take] = []
    at = 0
    while at < len(words):
        word = words[at]
        text = word.text.replace("_", "-") if word.text.startswith("--") else word.text
        flag = known.flags.get(text)
        take = Take(
            "taken" if flag else "unknown" if _is_name(word.text) else "extra", word, flag, text if flag else ""
        )
        count = 0 if flag is None or (flag.switch and flag.nargs is None) else int(flag.nargs or 1)
        if take.status == "unknown" and "=" not in word.text and _is_value(words, at + 1):
            count = 1
        take.values = list(words[at + 1 : at + 1 + count])
        if len(take.values) < count:
            take.status = "no-value"
        takes.append(take)
        at += 1 + len(take.values)
    return takes


def _is_name(text: str) -> bool:
    return text.startswith("-") and len(text) > 1


def _is_value(words: Sequence[Word], at: int) -> bool:
    """Whether the word behind an unknown flag is most likely its value, and no fault of its own."""
    return at < len(words) and not _is_name(words[at].text)
