"""Starts a program in a process group of its own and ends the whole group when the input ends: `keeping PROGRAM …`.

The input is a pipe from the process that asked. The kernel closes it however that process ends, so no server outlives
the test that started it, not even one that is killed.
"""

import os
import select
import signal
import subprocess
import sys
from collections.abc import Sequence

PATIENCE = 15.0
"""Seconds that the group has to end by itself before it is killed."""


def keep(words: Sequence[str]) -> int:
    """Run the program until it ends or the input does; the program's exit code, negative for a signal."""
    child = subprocess.Popen(words, stdin=subprocess.DEVNULL, process_group=0)
    ended = os.pidfd_open(child.pid)
    select.select([ended, sys.stdin], [], [])
    _end(child, ended)
    return child.wait()


def _end(child: subprocess.Popen[bytes], ended: int) -> None:
    """What the program started may outlive it: the group is killed in any case."""
    _signal(child.pid, signal.SIGTERM)
    select.select([ended], [], [], PATIENCE)
    _signal(child.pid, signal.SIGKILL)


def _signal(group: int, number: signal.Signals) -> None:
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return


if __name__ == "__main__":
    sys.exit(keep(sys.argv[1:]))
