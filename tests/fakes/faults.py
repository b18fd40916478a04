"""What goes wrong on purpose: answers given before the server looks at a request."""

import threading
from typing import NamedTuple


class Fault(NamedTuple):
    """Given to the next `times` requests whose path (with its query) holds `path`.

    `drop`: the connection is closed without an answer. `cut`: it is closed after half of the body. `hang`: nothing
    comes until the server closes. `drip`: the body comes byte by byte, slowly. Else: this status, type and body.
    """

    path: str
    times: int = 1
    status: int = 503
    headers: tuple[tuple[str, str], ...] = ()
    content_type: str = "application/json"
    body: bytes = b""
    drop: bool = False
    cut: bool = False
    hang: bool = False
    drip: bool = False


class Faults:
    """The faults that wait for their request."""

    def __init__(self) -> None:
        self._waiting: list[list[Fault | int]] = []
        self._lock = threading.Lock()
        self.over = threading.Event()

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._waiting.append([fault, fault.times])

    def take(self, path: str) -> Fault | None:
        """The fault for a request, which is then used up by one."""
        with self._lock:
            for entry in self._waiting:
                fault, left = entry
                assert isinstance(fault, Fault)
                assert isinstance(left, int)
                if left > 0 and fault.path in path:
                    entry[1] = left - 1
                    return fault
        return None
