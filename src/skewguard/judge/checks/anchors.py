"""What a finding hangs on: the flag, variable or object at fault, by its name.

An anchor enters the finding's identity, which is kept in files, alerts and code scanning. So it is never a value: a
value changes while the fault stays, and it can be a secret. Where a word has no name it is `positional`.
"""

import re

from skewguard.judge.checks import evidence
from skewguard.judge.checks.interface import Case
from skewguard.knowledge.engines.interface import Argument
from skewguard.language.workloads import Token

POSITIONAL = "positional"
"""A word of the command line that belongs to no flag."""


def of_word(text: str) -> str:
    """The flag that a word begins with, in the spelling with dashes and without what is written behind it."""
    flag = re.match(r"-[A-Za-z]{1,40}|--[A-Za-z][\w-]{0,80}", text.strip())
    if flag is None:
        return POSITIONAL
    return flag.group().replace("_", "-")


def of_argument(argument: Argument) -> str:
    """The flag an argument is, as the engine spells it where the engine has it."""
    if argument.flag is None or argument.flag.startswith("-"):
        return of_word(argument.flag or argument.text)
    return argument.flag  # a program and its sub-command, as the engine's module names them


def of_token(case: Case, token: Token) -> str:
    """The flag that a word of the command line is, or whose value it is."""
    for argument in case.parsed.arguments if case.parsed else ():
        if token.origin in (argument.origin, argument.value_origin) and argument.flag is not None:
            return of_argument(argument)
    if token.text.startswith("-"):
        return of_word(token.text)
    for start in evidence.starts(case):
        for before, word in zip(start.argv, start.argv[1:], strict=False):
            if word is token and "=" not in before.text:
                return of_word(before.text)
    return POSITIONAL
