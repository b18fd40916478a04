"""Which of the words that a flag takes somebody most likely meant by one that it refuses."""

from collections.abc import Sequence

from skewguard.knowledge.engines.tables import Flag
from skewguard.language import vocabulary

_ALIKE = 0.6


def meant(engine: str, flag: Flag | None, texts: Sequence[str]) -> str | None:
    """The choice that says the same by another name, else the nearest number, else the word most alike; None: none is."""
    known = [str(each) for each in flag.choices or () if each] if flag is not None else []
    if flag is None or not known or len(texts) != 1:
        return None
    same = vocabulary.same_word(vocabulary.named(engine, flag.dest), texts[0], known)
    return str(same) if same is not None else _nearest(texts[0], known)


def _nearest(text: str, known: Sequence[str]) -> str | None:
    if all(each.isdecimal() for each in known):
        return min(known, key=lambda each: (abs(int(each) - int(text)), int(each))) if text.isdecimal() else None
    from difflib import get_close_matches

    close = get_close_matches(text, known, n=1, cutoff=_ALIKE)
    return close[0] if close else None
