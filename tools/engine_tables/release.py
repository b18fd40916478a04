"""What is read of one release, before it becomes a part of the table."""

from typing import Any

from msgspec import Struct

from tools.engine_tables.records import Record


class Extract(Struct, frozen=True):
    """One release: its flags by canonical spelling, its variables as (default, kind), its config fields.

    `strange` are conversions that nobody has read yet, `undecided` the conditions that could not be told.
    """

    version: str
    flags: dict[str, Record]
    variables: dict[str, tuple[Any, str]]
    configs: dict[str, Any]
    strange: tuple[str, ...] = ()
    undecided: tuple[str, ...] = ()
