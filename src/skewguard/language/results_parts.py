"""Parts that results of several kinds have in common."""

from msgspec import Struct


class InputProblem(Struct, frozen=True):
    """An input that could not be read or understood; `file` is None where no file is at fault. Positions 1-based."""

    file: str | None
    message: str
    line: int | None = None
    column: int | None = None
    hint: str | None = None
