"""Ctrl-C in a run: heard between two messages, never within one, so that nothing that was measured is torn."""

import signal
import threading
from types import FrameType
from typing import Any, Self


class Interrupts:
    """While it is entered, in the main thread of a program that did not arrange it otherwise, Ctrl-C waits for `check`.

    A second one does not wait.
    """

    def __init__(self) -> None:
        self._heard = False
        self._before: Any = None

    def __enter__(self) -> Self:
        plain = signal.getsignal(signal.SIGINT) is signal.default_int_handler
        if plain and threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGINT, self._hear)
        return self

    def __exit__(self, *_: object) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)

    @property
    def heard(self) -> bool:
        """Whether one came."""
        return self._heard

    def check(self) -> None:
        """Raises `KeyboardInterrupt` where one came."""
        if self._heard:
            raise KeyboardInterrupt

    def _hear(self, _number: int, _frame: FrameType | None) -> None:
        if self._heard:
            raise KeyboardInterrupt
        self._heard = True
