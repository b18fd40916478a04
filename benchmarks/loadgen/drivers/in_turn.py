"""Runs a command line tool several times in one process: `in_turn.py MODULE FUNCTION NAME DESCRIPTOR`.

What a peer imports before its first request takes it 5 to 20 s, and a comparison of five tools in many cells would mostly
measure that. So its own entry point is called once per cell, with the arguments it would have had on its command line.
Each line of standard input is a list of words in JSON; after each call a line with its exit code goes to the descriptor
(standard output belongs to the tool). Nothing of the tool is changed, and only its own Python runs this file.
"""

import importlib
import json
import os
import sys
import traceback


def main() -> None:
    """Call, and say how it ended, until the input ends."""
    module, function, name, descriptor = sys.argv[1:5]
    for line in sys.stdin:
        sys.argv = [name, *json.loads(line)]
        code = call(module, function)
        sys.stdout.flush()
        sys.stderr.flush()
        os.write(int(descriptor), f"{code}\n".encode())


def call(module: str, function: str) -> int:
    """One run. The module is imported in the first of them, so that its import counts as start-up."""
    try:
        getattr(importlib.import_module(module), function)()
    except SystemExit as exit_:
        return exit_.code if isinstance(exit_.code, int) else int(exit_.code is not None)
    except Exception:  # noqa: BLE001 - whatever a peer fails with is reported, and the next cell goes on
        traceback.print_exc()
        return 1
    return 0


if __name__ == "__main__":
    main()
