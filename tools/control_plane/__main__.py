"""`python -m tools.control_plane`: build the programs into the cache, or run a control plane until Ctrl-C."""

import argparse
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from tools.control_plane import binaries, sharing
from tools.control_plane.running import ControlPlane


def main(words: Sequence[str] | None = None) -> int:
    """Read the command line and do it; 0, or 1 where there is no control plane to be had."""
    parser = argparse.ArgumentParser(prog="python -m tools.control_plane", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("build", help="find the programs, or build them into the cache, and say where they are")
    verbs.add_parser("run", help="run an empty one until Ctrl-C")
    share = verbs.add_parser("share", help="for `sharing`: run one as long as somebody uses it")
    share.add_argument("folder", type=Path)
    given = parser.parse_args(words)
    # Whoever asks it to end wants it to end in order.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        if given.verb == "share":
            sharing.share(given.folder)
        else:
            _build_or_run(run=given.verb == "run")
    except binaries.NotToBeHad as why:
        print(f"no control plane on this machine: {why}", file=sys.stderr)
        return 1
    return 0


def _build_or_run(*, run: bool) -> None:
    found = binaries.ready(print)
    if not run:
        print("\n".join(f"{name:24} {path}" for name, path in found.paths.items()))
        return
    with ControlPlane(found) as control_plane:
        print(f"export KUBECONFIG={control_plane.plane.kubeconfig}", flush=True)
        try:
            signal.pause()
        except KeyboardInterrupt:
            print("stopping")


if __name__ == "__main__":
    sys.exit(main())
