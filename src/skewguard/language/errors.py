"""What can go wrong in a way the user can mend, and the exit codes of the command line.

SkewguardError
├── UsageError      the command line or a configuration value cannot be meant
└── InputError      a file, document or contract could not be read
"""

from collections.abc import Iterable
from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes, documented in `docs/exit-codes.md`; where several apply, `first` decides."""

    OK = 0
    FAILED = 1
    UNREADABLE = 2
    UNKNOWN = 3
    INTERNAL = 4
    INTERRUPTED = 130

    @staticmethod
    def first(codes: "Iterable[ExitCode]") -> "ExitCode":
        """The code of a run in which all of these happened: what was found goes before what could not be looked at."""
        happened = set(codes)
        return next((code for code in _ORDER if code in happened), ExitCode.OK)


_ORDER = (ExitCode.INTERRUPTED, ExitCode.FAILED, ExitCode.INTERNAL, ExitCode.UNREADABLE, ExitCode.UNKNOWN)


class SkewguardError(Exception):
    """Base of every error a user can mend.

    `message` says what is wrong, `hint` what to do about it, `file`, `line` and `column` (1-based) where.
    """

    exit_code = ExitCode.UNREADABLE

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        file: str | None = None,
        line: int | None = None,
        column: int | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.file = file
        self.line = line
        self.column = column


class UsageError(SkewguardError):
    """The command line, an environment variable or the project configuration asks for something impossible."""


class InputError(SkewguardError):
    """A file, a document in it, or a contract could not be read or understood."""
