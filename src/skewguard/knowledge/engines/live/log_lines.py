"""The head of a start-up log: the lines that a process printed before it took requests, without what goes before them.

Only the head is read. Behind the line that says the server is up, requests are printed, and a prompt may look like any
line of the engine; and what is there of a log whose head is gone says nothing about a start.
"""

import re
from collections.abc import Iterator, Sequence

from msgspec import DecodeError, Struct, json

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_PROCESS = re.compile(r"\((?P<process>[A-Za-z][\w .-]{0,60}?) pid=\d+(?:, ip=[0-9a-fA-F.:]+)?\) ?")
_VLLM = re.compile(
    r"(?:DEBUG|INFO|WARNING|ERROR|CRITICAL) \d\d-\d\d \d\d:\d\d:\d\d \[?(?!(?:[\w./-]+/)?(?:request_)?logger\.py:)[\w./-]+:\d+\] ?"
)
"""Not what prints requests (`logger.py`, `request_logger.py`, at level DEBUG with a shortened path): a prompt may look like any
line."""
_SGLANG = re.compile(r"\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:[.,]\d+)?(?: [A-Za-z0-9 ,=._-]{1,40})?\] ?")
_UP = re.compile(
    r"(?:^|\s)(?:Application startup complete\.|Uvicorn running on |The server is fired up and ready to roll)"
)
"""Said by uvicorn and by SGLang once requests are taken."""


class Line(Struct, frozen=True):
    """One line of an engine's logger: its number in the log from 1, the process where it is named, and the message."""

    number: int
    message: str
    process: str = ""


def head(text: str) -> tuple[Line, ...]:
    """The lines of the engine's own logger up to the one that says the server is up."""
    return tuple(_lines(text.split("\n")))


def _lines(lines: Sequence[str]) -> Iterator[Line]:
    for number, raw in enumerate(lines, start=1):
        line = _COLOUR.sub("", raw).rstrip("\r")
        if _UP.search(line):
            return
        found = _logged(line, number)
        if found is not None:
            yield found


def _logged(line: str, number: int) -> Line | None:
    """What a logger printed; None for a line of another library, of a progress bar, of a traceback."""
    process = _PROCESS.match(line)
    rest = line[process.end() :] if process else line
    header = _VLLM.match(rest) or _SGLANG.match(rest)
    name = process["process"] if process else ""
    if header is not None:
        return Line(number, rest[header.end() :], name)
    return _structured(rest, number, name)


def _structured(text: str, number: int, process: str) -> Line | None:
    """A line of a logger that was configured to print JSON: `{"message": …}`."""
    if not (text.startswith("{") and text.endswith("}") and '"message"' in text):
        return None
    try:
        found = json.decode(text)
    except (DecodeError, RecursionError):
        return None
    message = found.get("message") if isinstance(found, dict) else None
    return Line(number, message, process) if isinstance(message, str) else None
