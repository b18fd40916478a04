"""Ctrl-C, and the end that a scheduler calls (SIGTERM), in a run: heard between two messages, never within one, so that nothing that was measured is torn."""

import signal
import threading
from types import FrameType
from typing import Any, Self


class Interrupts:
    """While it is entered, in the main thread of a program that did not arrange it otherwise, Ctrl-C and SIGTERM wait for `check`.

    A second one does not wait. CI servers and Kubernetes send SIGTERM, and mean the same: end, and keep what there is.
    """

    def __init__(self) -> None:
        self._heard = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        usual = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL}
        if threading.current_thread() is threading.main_thread():
            plain = [number for number, handler in usual.items() if signal.getsignal(number) is handler]
            self._before = {number: signal.signal(number, self._hear) for number in plain}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

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
