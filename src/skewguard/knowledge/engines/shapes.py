"""What the shape of a word tells about it: a flag and its value in one, a variable nothing expands, an unknown."""

import re
from functools import cache

from skewguard.knowledge.engines.grammar import Take, Word
from skewguard.knowledge.engines.tables import Flag


def unresolved(take: Take) -> bool:
    """Whether the value of a flag holds something that is not known."""
    words = list(take.values)
    if take.explicit is not None:
        words.append(take.word)
    for part in take.word.parts or ():
        words.extend((part.word, part.value_word or part.word))
    return any(is_unknown(word) for word in words)


def accepted(take: Take, flag: Flag) -> bool:
    """Whether the parser takes an unknown value whatever it is: free text, in one word that cannot look like a flag."""
    free = flag.type in (None, "str") and flag.choices is None and flag.config is None and flag.action is None
    words = [word for word in take.values if is_unknown(word)]
    behind = not any(
        word.token.splits or word.token.secret or starts_unresolved(word) or word.text.startswith("-") for word in words
    )
    return free and behind and not take.word.token.splits


def is_unknown(word: Word) -> bool:
    """Whether nobody can (or, of a Secret, may) know what the word says."""
    return bool(word.token.unresolved) or word.token.secret


def starts_unresolved(word: Word) -> bool:
    """Whether what is not known begins the word, so that it may be flags as well as a value."""
    return bool(word.token.unresolved) and word.text.lstrip("-\"'").startswith(("$", "`", "{{"))


def may_be_model(word: Word) -> bool:
    """Whether the names in an unresolved word leave it open that it is the model, and not a bundle of flags."""
    names = " ".join((*word.token.unresolved, word.text)).lower()
    return not re.search(r"arg|opt|flag|param|extra|@|\*|--[a-z]", names)


def is_folded(word: Word) -> bool:
    """Whether one word holds a flag with a space: `--flag value`, or ` --flag`."""
    text = word.token.text
    return word.source == "argument" and bool(
        re.match(r"(?s)(?:\s+-{1,2}[A-Za-z]|-{1,2}[A-Za-z][\w.-]*(?:=\S*)?\s)", text)
    )


def is_literal(word: Word) -> bool:
    """Whether a positional is written as a variable that nothing expands."""
    return not is_unknown(word) and literal_variable(word.token.text)


@cache
def _literal() -> re.Pattern[str]:
    return re.compile(r"\$\{[A-Za-z_]\w*\}|(?:^|[=/:,])\$[A-Za-z_]\w*(?=$|[/:,])|(?:^|=)<[A-Za-z][\w .-]*>$")


def literal_variable(text: str) -> bool:
    """Whether a word holds `${NAME}`, `$NAME` or a placeholder that nothing will expand; JSON and templates may."""
    if "$" not in text and "<" not in text:
        return False
    return (
        text.partition("=")[2].lstrip()[:1] not in ("{", "[")
        and text[:1] not in ("{", "[")
        and bool(_literal().search(text))
    )


def is_abbreviated(written: str, spelling: str) -> bool:
    """Whether `written` is less than the whole name of the flag."""
    return len(written) < len(spelling) and spelling.startswith(written)
