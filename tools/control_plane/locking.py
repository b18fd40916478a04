"""Locks between processes: a lock file is freed by the operating system when its holder ends, however it ends."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Nobody else holds `path` inside; waits for whoever does."""
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def shared(path: Path) -> Iterator[None]:
    """One of any number of holders: `locked` waits for all of them, and they wait for it."""
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        yield


def is_held(path: Path) -> bool:
    """Somebody holds `path` alone now."""
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False
