"""Why a request failed, from the words that a tool kept of it."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping

UNTOLD = "untold"
"""The kind of a failure of which a report says only that it was one."""

_WORDS = (
    ("rate-limited", r"\b429\b|too many requests|rate limit"),
    ("timeout", r"time(d )?.?out"),
    ("refused", r"refused|cannot connect|connect call failed|name or service not known"),
    ("reset", r"reset by peer|server disconnected|broken pipe|connection (was )?(lost|closed)"),
    ("closed-early", r"incomplete|payload is not completed|eof|never received a valid chunk"),
    ("stopped", r"cancel"),
    ("http", r"\b[45]\d\d\b|service unavailable|internal server error|bad (gateway|request)|not found|unauthorized"),
    ("bad-answer", r"json|decode"),
)


def kind(words: str) -> str:
    """The kind of a failure (`language.baselines.Failure`), empty without any words, `untold` for words that do not say it."""
    if not words:
        return ""
    return next((name for name, pattern in _WORDS if re.search(pattern, words, re.IGNORECASE)), UNTOLD)


def counted(kinds: Iterable[str]) -> Mapping[str, int]:
    """How many of each; an empty kind is no failure."""
    return dict(Counter(each for each in kinds if each))
