"""`python -m tools.real_engine`: set up a real vLLM on this machine's CPU, or serve a small model with it."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from tools.real_engine import checkpoint, installing, serving

MINUTES = 60.0


def main(words: Sequence[str] | None = None) -> None:
    """Read the command line and do it."""
    parser = argparse.ArgumentParser(prog="python -m tools.real_engine", description=__doc__)
    parser.add_argument("--cache", type=Path, default=installing.default_cache(), help="where engines are kept")
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("install", help="set it up, or find it (6 GB of disk, some minutes the first time)")
    serve = verbs.add_parser("serve", help="serve a model of noise until the input ends (Ctrl-D)")
    serve.add_argument("--seed", type=int, default=1, help="which noise")
    serve.add_argument("flag", nargs="*", help="flags of `vllm serve`, after --")
    given = parser.parse_args(words)
    try:
        home = installing.find_or_install(given.cache, deadline=20 * MINUTES)
        if given.verb == "install":
            print(home)
        else:
            _serve(home, given.seed, given.flag)
    except (installing.Unavailable, serving.NotStarted) as reason:
        sys.exit(f"a real vLLM cannot be had: {reason}")


def _serve(home: Path, seed: int, flags: Sequence[str]) -> None:
    with TemporaryDirectory() as scratch:
        model = checkpoint.write(Path(scratch) / "model", seed=seed)
        log = Path(scratch) / "server.log"
        program, variables = serving.vllm(home, model), serving.variables_of(home)
        with serving.start(program, flags, log=log, variables=variables, deadline=10 * MINUTES) as engine:
            print(f"{engine.url} serves; its log is {log}", flush=True)
            sys.stdin.read()


if __name__ == "__main__":
    main()
