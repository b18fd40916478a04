"""`python -m tools.engine_tables`: bring the tables up to date, note that a rule's source was read again, or ask a real
parser what it registers.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from tools.engine_tables import asking, cloned, refreshing
from tools.engine_tables.fetching import default_cache


def main(words: Sequence[str] | None = None) -> None:
    """Read the command line and do it."""
    parser = argparse.ArgumentParser(prog="python -m tools.engine_tables", description=__doc__)
    parser.add_argument("--cache", type=Path, default=default_cache(), help="where engine sources are kept")
    verbs = parser.add_subparsers(dest="verb", required=True)
    refresh = verbs.add_parser("refresh", help="fetch new releases, write the tables, say what changed")
    refresh.add_argument("engine", nargs="*", help=f"{', '.join(refreshing.ENGINES)}; all when none is named")
    refresh.add_argument("--all", action="store_true", help="read every release again, after a change of this tool")
    refresh.add_argument("--offline", action="store_true", help="fetch nothing, read what is kept")
    read = verbs.add_parser("read", help="note that you have read functions again at the newest release")
    read.add_argument("engine", choices=list(refreshing.ENGINES))
    read.add_argument("function", nargs="*", help="all of them when none is named")
    clone = verbs.add_parser("clone", help="make a table again from a clone of the engine's repository")
    clone.add_argument("engine", choices=list(cloned.ENGINES))
    clone.add_argument("folder", type=Path, help="the clone, with its tags")
    ask = verbs.add_parser("ask", help="run released parsers and write what they register beside the tests")
    ask.add_argument("engine", choices=asking.ENGINES)
    ask.add_argument("version", nargs="+", help="releases whose source is kept")
    given = parser.parse_args(words)
    if given.verb == "clone":
        cloned.read(given.engine, given.folder, print)
        return
    if given.verb == "ask":
        asking.ask(given.engine, given.cache, given.version, print)
        return
    if given.verb == "read":
        refreshing.note_read(given.engine, given.cache, given.function)
        return
    for engine in given.engine or refreshing.ENGINES:
        refreshing.refresh(engine, given.cache, print, everything=given.all, offline=given.offline)


if __name__ == "__main__":
    main()
