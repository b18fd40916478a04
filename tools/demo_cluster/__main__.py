"""`python -m tools.demo_cluster`: start the demonstration, show what skewguard says of it, and stop it.

With `--keep` it stays up until Ctrl-C, so that you can try more. Exits with 0: findings are what it shows.
"""

import argparse
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from tools.control_plane import binaries
from tools.control_plane.plane import Plane
from tools.control_plane.running import ControlPlane
from tools.demo_cluster import engines, workloads

ROOT = Path(__file__).parent.parent.parent
CONTRACT = Path("tools/demo_cluster/contract.yaml")
CONTEXTS = {"production": "prod", "staging": "staging"}
FINE = {0, 1, 3}
"""Exit codes of a tool that works: in order, something found, something that cannot be known."""

Step = tuple[str, tuple[str, ...]]
TOUR: Sequence[Step] = (
    ("Which engines run here, and what is known of them?", ("discover", "-A")),
    (
        "Is production what was validated? Every replica is asked.",
        ("verify", "deploy/chat", "--contract", f"{CONTRACT}"),
    ),
    (
        "And the rest of it, without a contract: do the replicas of one workload agree?",
        ("verify", "-n", "prod", "--depth", "logs"),
    ),
    ("What does the chat endpoint run with, and who says so?", ("settings", "deploy/chat")),
    ("Where does production differ from staging?", ("diff", "staging:deploy/chat", "production:deploy/chat")),
    ("A contract to start from, written from what runs.", ("init", "staging:deploy/chat")),
)


def main(words: Sequence[str] | None = None) -> int:
    """Read the command line and do it; 0, or 1 where there is no control plane or skewguard itself broke."""
    parser = argparse.ArgumentParser(prog="python -m tools.demo_cluster", description=__doc__)
    parser.add_argument("--keep", action="store_true", help="stay up until Ctrl-C")
    given = parser.parse_args(words)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        found = binaries.ready(print)
    except binaries.NotToBeHad as why:
        print(f"no control plane on this machine: {why}", file=sys.stderr)
        return 1
    started = time.monotonic()
    with ExitStack() as stack:
        plane = stack.enter_context(ControlPlane(found)).plane
        _fill(plane, stack)
        print(
            f"a Kubernetes {plane.kubectl('version').splitlines()[-1].rpartition(' ')[2]} control plane with two ",
            end="",
        )
        print(f"namespaces stands after {time.monotonic() - started:.0f} s; its contexts: {', '.join(CONTEXTS)}\n")
        kubeconfig = plane.write_kubeconfig(plane.folder / "kubeconfig", plane.users["admin"], CONTEXTS)
        print(f"export KUBECONFIG={kubeconfig}")
        worked = [_show(step, kubeconfig) for step in TOUR]
        if given.keep:
            _wait(kubeconfig)
    return 0 if all(worked) else 1


def _fill(plane: Plane, stack: ExitStack) -> None:
    """Both namespaces, and a recorded server behind each pod of an engine."""
    for name, make in (("staging", workloads.staging), ("prod", workloads.production)):
        namespace = stack.enter_context(plane.namespace(name))
        for behind in make(namespace):
            engines.serve(namespace, behind, stack)


def _show(step: Step, kubeconfig: Path) -> bool:
    """One command and what it says; False if it broke."""
    why, words = step
    print(f"\n{why}\n$ {shlex.join(['skewguard', *words])}\n", flush=True)
    environment = {**os.environ, "KUBECONFIG": str(kubeconfig)}
    code = subprocess.run(
        [sys.executable, "-m", "skewguard", *words], cwd=ROOT, env=environment, check=False
    ).returncode
    print(f"\n[exit code {code}]", flush=True)
    return code in FINE


def _wait(kubeconfig: Path) -> None:
    print(f"\nIt stays up until Ctrl-C. In another terminal:\n\n  export KUBECONFIG={kubeconfig}")
    for why, words in TOUR:
        print(f"  {shlex.join(['skewguard', *words]):70}  # {why}")
    print("  kubectl get pods -A -o wide", flush=True)
    try:
        signal.pause()
    except KeyboardInterrupt:
        print("stopping")


if __name__ == "__main__":
    sys.exit(main())
