"""A program that appends records until it is killed: `python writing.py`, for tests that kill it.

Each line on stdin, `URL COUNT`, forks a process that opens the store and appends COUNT records (0: without end), so that
imports are paid for once. It prints `pid PID`, `kept ID` after each commit, and at the end `ended PID`.
"""

import os
import sys
from hashlib import sha256

from skewguard.adapters import store
from skewguard.adapters.store import keeping  # noqa: F401  # imported before the fork
from skewguard.language.facts import Subject

SUBJECT = Subject("Deployment", "chat", namespace="prod")


def say(words: str) -> None:
    os.write(1, f"{words}\n".encode())


def write(url: str, count: int) -> None:
    say(f"pid {os.getpid()}")
    with store.open(url, environ={}) as opened:
        number = 0
        while not count or number < count:
            number += 1
            rows = os.urandom(20_000).hex().encode()
            body = f'{{"sum": "{sha256(rows).hexdigest()}", "by": {os.getpid()}}}'.encode()
            made = opened.append(
                "baseline", "s/v1", body, subject=SUBJECT, actor="a", tool="t", attachments={"rows": rows}
            )
            say(f"kept {made.id}")


def main() -> None:
    import psycopg  # noqa: F401  # likewise

    for line in sys.stdin:
        url, count = line.split()
        child = os.fork()
        if child == 0:
            write(url, int(count))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        say(f"ended {child} {status}")


if __name__ == "__main__":
    main()
