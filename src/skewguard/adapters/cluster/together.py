"""Several calls at the same time: a bounded number of threads, and an end at once when somebody presses Ctrl-C."""

import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from skewguard.adapters.cluster.session import Cluster

R = TypeVar("R")

THREADS = 8
"""An API server gives a list several seats of its fair queue: more at a time would wait there, and keep others waiting."""


def each(cluster: Cluster, tasks: Sequence[Callable[[], R]]) -> tuple[R, ...]:
    """Run tasks at the same time, at most `THREADS` of them, and give their results in order.

    The first one that raises ends all, and its error is raised; so does Ctrl-C. Threads are never waited for: what
    still hangs in the network ends with its own deadline or with the process.
    """
    work = _Work(tasks)
    for _ in range(min(THREADS, len(tasks))):
        threading.Thread(target=work.run, daemon=True).start()
    try:
        return work.results()
    except KeyboardInterrupt:
        cluster.stop()
        raise


def ahead(task: Callable[[], R]) -> Callable[[], R]:
    """Begin a task now; what this gives waits for its result, and raises what it raised."""
    work = _Work([task])
    threading.Thread(target=work.run, daemon=True).start()
    return lambda: work.results()[0]


class _Work(Generic[R]):
    """Tasks, who takes which, and what came of them."""

    def __init__(self, tasks: Sequence[Callable[[], R]]) -> None:
        self._tasks = tasks
        self._next = iter(range(len(tasks)))
        self._lock = threading.Lock()
        self._ended = threading.Semaphore(0)
        self._done: dict[int, R] = {}
        self._raised: list[BaseException] = []
        self._over = False

    def run(self) -> None:
        """What one thread does: one task after the other, until none is left or one has failed."""
        while (index := self._take()) is not None:
            try:
                self._done[index] = self._tasks[index]()
            except BaseException as error:  # noqa: BLE001  # raised again in the thread that waits
                self._raised.append(error)
                self._over = True
            self._ended.release()

    def results(self) -> tuple[R, ...]:
        """Wait for all of them; raise what the first failure raised.

        An error that stayed here would hold on to every frame it went through, and those to what was read before.
        """
        for _ in self._tasks:
            self._ended.acquire()
            if self._raised:
                raise self._raised.pop(0)
        return tuple(self._done[index] for index in range(len(self._tasks)))

    def _take(self) -> int | None:
        with self._lock:
            return None if self._over else next(self._next, None)
