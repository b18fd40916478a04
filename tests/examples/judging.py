"""What the product says about each example, in the form of `expected.yaml`.

python -m tests.examples.judging    # writes the table again; read the difference before you commit it
"""

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
TABLE = Path(__file__).parent / "expected.yaml"
HEAD = """\
# What `skewguard check` says about every example: exit code, number of engines, and every finding above a note.
# Written by `python -m tests.examples.judging`: read the difference before you commit it.
"""
BESIDE = {
    "contract/": ("--contract", "contract/.skewguard"),
    "capacity/": ("--model-config", "capacity/model"),
}
"""What is given beside the examples of a folder."""
FILES = sorted(
    path.relative_to(EXAMPLES).as_posix()
    for path in EXAMPLES.rglob("*")
    if path.suffix in (".yaml", ".json") and path.name != "config.json" and ".skewguard" not in path.parts
)


@cache
def report(name: str) -> tuple[int, dict[str, Any]]:
    """Exit code and JSON document of `check` on one example, started as a user does."""
    beside = next((words for folder, words in BESIDE.items() if name.startswith(folder)), ())
    done = subprocess.run(
        [sys.executable, "-m", "skewguard", "check", name, *beside, "-o", "json"],
        cwd=EXAMPLES,
        env={**os.environ, "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def findings(name: str) -> list[str]:
    """Every finding above a note: verdict, severity, check, and what it is about, with how often."""
    _, document = report(name)
    return sorted(
        " ".join(filter(None, (item["verdict"], item["severity"], item["check"], item["setting"], item["anchor"])))
        for item in document["findings"]
        if item["severity"] != "note"
    )


def judged(name: str) -> dict[str, Any]:
    """The row of one example."""
    code, document = report(name)
    engines = sum(1 for subject in document["subjects"] if subject["engine"])
    return {"exit": code, "engines": engines, "findings": findings(name)}


def main() -> None:
    """Write the table."""
    rows = {name: judged(name) for name in FILES}
    TABLE.write_text(HEAD + yaml.safe_dump(rows, sort_keys=True, width=200), "utf-8")


if __name__ == "__main__":
    main()
