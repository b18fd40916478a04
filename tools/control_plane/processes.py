"""The programs of a control plane as processes that do not outlive the one that started them."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

# Runs first in the new process and then becomes the program (same process id), as another account where one is given
# (which comes first: a new account undoes the other). On Linux the kernel kills a process that
# asked for it (PR_SET_PDEATHSIG) as soon as its parent ends; a parent that ended before that is told by its id.
GUARD = """
import os, signal, sys
linux = sys.platform == "linux"
if linux:
    import ctypes  # which the other account may not be able to read
    kernel = ctypes.CDLL(None)
if sys.argv[2]:
    uid, gid = map(int, sys.argv[2].split(":"))
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)
if linux:
    kernel.prctl(1, signal.SIGKILL)
    if os.getppid() != int(sys.argv[1]):
        raise SystemExit(1)
os.execv(sys.argv[3], sys.argv[3:])
"""


class Process:
    """One running program; what it prints stands in its log. `account` is the user and group id it runs as."""

    def __init__(
        self,
        name: str,
        words: Sequence[str],
        folder: Path,
        environment: Mapping[str, str] | None = None,
        account: tuple[int, int] | None = None,
    ) -> None:
        self.name = name
        self._account = f"{account[0]}:{account[1]}" if account else ""
        self._words, self._folder, self._environment = tuple(words), folder, environment
        self.start()

    def start(self) -> None:
        """Run it, again where it has ended; what it prints now goes on in the same log."""
        guard = [sys.executable, "-I", "-S", "-c", GUARD, str(os.getpid()), self._account]
        with (self._folder / f"{self.name}.log").open("ab") as log:
            self._popen = subprocess.Popen(
                [*guard, *self._words],
                cwd=self._folder,
                env=None if self._environment is None else dict(self._environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C goes to the one that stops them in order
            )

    @property
    def ended(self) -> bool:
        """It runs no more, for whatever reason."""
        return self._popen.poll() is not None

    def signal(self, number: signal.Signals) -> None:
        """Send a signal; to a process that has ended it does nothing."""
        self._popen.send_signal(number)

    def stop(self, patience_s: float) -> None:
        """Ask it to end, and end it when it has not after `patience_s` seconds. Returns when it is gone."""
        self._popen.terminate()
        try:
            self._popen.wait(patience_s)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            self._popen.wait()
