"""What is being read, on one line of the error stream while that is a terminal, and nothing where it is not."""

import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from skewguard.cli import telling

if TYPE_CHECKING:
    from skewguard.api.recording import Telling
    from skewguard.observe.loadgen.live import Live
    from skewguard.observe.sources.sampling import Seen

FILES_WORTH_A_LINE = 200
"""Files from which on a progress line is worth its place."""

BETWEEN_LINES = 0.1
"""Seconds between two drawings of the line: a terminal far away is slow, and nobody reads faster."""

_CLEAR = "\r\x1b[K"


@contextmanager
def files() -> Iterator[Callable[[int], None]]:
    """A callback (files read so far) that counts where there is much to read."""
    drawn = False

    def draw(done: int) -> None:
        nonlocal drawn
        if done >= FILES_WORTH_A_LINE and done % 25 == 0:
            drawn = True
            telling.say(f"\rreading: {done} files", nl=False)

    if not sys.stderr.isatty():
        yield lambda _done: None
        return
    yield draw
    if drawn:
        telling.say(_CLEAR, nl=False)


@contextmanager
def reading(place: str) -> Iterator[Callable[[str, int], None]]:
    """A callback (what is read, how many of it so far) that draws `reading prod: 1,250 pods, 612 workloads`.

    An interrupt leaves with a note on it that says what was being read.
    """
    line = _Line(place)
    try:
        yield line.count
    except KeyboardInterrupt as interrupt:
        interrupt.add_note(line.said())
        raise
    finally:
        line.clear()


@contextmanager
def measuring(place: str) -> "Iterator[Telling]":
    """Callbacks that draw what is read before a measurement, and then how it goes: `62 % · 38 s left · 3.9 req/s · …`."""
    from skewguard.api.recording import Telling

    line = _Line(place)
    try:
        yield Telling(line.count, line.running, line.watching)
    except KeyboardInterrupt as interrupt:
        interrupt.add_note(line.said())
        raise
    finally:
        line.clear()


class _Line:
    """Counts, and draws them now and then."""

    def __init__(self, place: str) -> None:
        self._place = place
        self._counts: dict[str, int] = {}
        self._is_shown = sys.stderr.isatty()
        self._due = time.monotonic() + BETWEEN_LINES
        self._drawn = False

    def count(self, what: str, number: int) -> None:
        """So many there are of it by now."""
        self._counts[what] = number
        self._draw(self.said)

    def running(self, live: "Live") -> None:
        """A load is being sent, and stands so."""
        self._draw(lambda: _stands(live))

    def watching(self, seen: "Seen", left: float) -> None:
        """A window of live traffic, and its seconds that are left."""
        self._draw(lambda: _watched(seen, left))

    def _draw(self, said: Callable[[], str]) -> None:
        now = time.monotonic()
        if self._is_shown and now >= self._due:
            self._due = now + BETWEEN_LINES
            self._drawn = True
            telling.say(_CLEAR + _fitting(said()), nl=False)

    def said(self) -> str:
        """The line in words. A place may be a URL, and a URL may hold a secret."""
        from skewguard.language import redact

        counts = ", ".join(_counted(number, what) for what, number in self._counts.items() if number)
        return f"reading {redact.free_text(self._place)}" + (f": {counts}" if counts else "")

    def clear(self) -> None:
        """Leave nothing behind."""
        if self._drawn:
            telling.say(_CLEAR, nl=False)


def _stands(live: "Live") -> str:
    from skewguard.report import load_words

    shares = [
        live.elapsed / live.planned_seconds if live.planned_seconds else None,
        (live.completed + live.failed) / live.planned if live.planned else None,
    ]
    left = live.planned_seconds - live.elapsed if live.planned_seconds else None
    return load_words.progress(
        done=max((share for share in shares if share is not None), default=None),
        left=left,
        rate=live.rate,
        in_flight=live.in_flight,
        failed=live.failed,
        ttft=live.ttft_p50,
        e2e=live.e2e_p50,
    )


def _watched(seen: "Seen", left: float) -> str:
    parts = [f"watching traffic · {left:.0f} s left", f"{seen.replicas} of {seen.of} replicas"]
    parts += [f"{seen.requests:,.0f} requests ended"] if seen.requests is not None else []
    parts += [f"{seen.running:.0f} running, {seen.waiting or 0:.0f} waiting"] if seen.running is not None else []
    return " · ".join([*parts, *([f"{seen.missed} pages missed"] if seen.missed else [])])


def _counted(number: int, what: str) -> str:
    """`1 pod`, `2 pods`, `1 ingress`, `1 replica to ask`, of a plural as the API writes it."""
    noun, space, rest = what.partition(" ")
    if number == 1:
        noun = f"{noun[:-3]}y" if noun.endswith("ies") else noun.removesuffix("es" if noun.endswith("sses") else "s")
    return f"{number:,} {noun}{space}{rest}"


def _fitting(text: str) -> str:
    """The text without anything a terminal obeys, and no longer than its line: what wraps is not cleared again."""
    from skewguard.report.characters import visible
    from skewguard.report.terminal.page import head

    return head(visible(text), shutil.get_terminal_size((80, 24)).columns - 1)
