"""Makes the ground truth that tests compare the tables with: what released parsers register when they are run.

Never at a user's run time and never in a test. Each release runs in a process of its own (`real_parser`), from its kept
source alone, without the network or a GPU.
"""

import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal
from zipfile import ZipFile

from tools.engine_tables import sglang
from tools.engine_tables.fetching import Cache

ENGINES = ("sglang",)
"""Engines whose parser is asked: SGLang's is the plain one of Python, and says all there is to say."""
TRUTH = Path(__file__).parents[2] / "tests" / "data" / "parser-ground-truth"
SCRIPT = Path(__file__).with_name("real_parser.py")
LONGEST_S = 300.0
"""Seconds until a parser that does not come up counts as one that never does."""


def ask(engine: str, cache: Path, versions: Sequence[str], say: Callable[[str], None]) -> None:
    """Write what the parser of each release registers, and what it makes of a few command lines.

    Raises `CalledProcessError` with its traceback on stderr.
    """
    kept = Cache(cache, sglang.PROJECT, sglang.WANTED)
    for version in versions:
        text = answer(kept.path(version), "flags")
        (TRUTH / f"{engine}-{version}.json").write_text(text, "utf-8")
        (TRUTH / "cases" / f"{engine}-{version}.json").write_text(answer(kept.path(version), "cases"), "utf-8")
        say(f"{engine} {version}: {text.count(chr(10)) - 2} arguments")


def answer(source: Path, what: Literal["flags", "cases"]) -> str:
    """What the parser of one kept source registers, an argument on each line, or what it reads; as JSON."""
    with TemporaryDirectory() as folder:
        with ZipFile(source) as files:
            files.extractall(folder)
        command = [sys.executable, str(SCRIPT), folder, what]  # this Python, and a script of ours
        return subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True, timeout=LONGEST_S).stdout
