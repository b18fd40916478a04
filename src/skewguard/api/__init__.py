"""The use cases, and the public library: one function for each verb. The command line owns no logic.

What may enter: the joining of rooms into an answer. What may not: a rule, a check, a word of terminal output.
"""

from skewguard.adapters.writing import write as write_result
from skewguard.api.checking import check
from skewguard.api.diffing import diff
from skewguard.api.explaining import explain
from skewguard.api.initializing import init
from skewguard.api.results import rules, source_line
from skewguard.api.settings import settings
from skewguard.api.things import misplaced as misplaced_options

__all__ = [
    "check",
    "diff",
    "explain",
    "init",
    "misplaced_options",
    "rules",
    "settings",
    "source_line",
    "write_result",
]
