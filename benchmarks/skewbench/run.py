"""SkewBench: does a check find every change of what runs, and stay silent at every change that changes nothing?

    python benchmarks/skewbench/run.py [--manifests DIR] [--category NAME] [--missed] [-o docs/skewbench.md]

Every base manifest is put under the contract that `init` writes for it. Every operator then makes one change.
Found: a new failing finding on a setting (or check) the operator expects. False alarm: any new fail or unknown
after a harmless change. Bases whose own check crashes or that hold no vLLM are left out, and said to be.
"""

import argparse
import os
import sys
import tempfile
from collections import Counter, defaultdict
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

import yaml
from changing import Operator, operators
from harmless import OPERATORS as HARMLESS
from manifests import Manifest

from skewguard import api
from skewguard.language.errors import SkewguardError
from skewguard.language.findings import Finding

ROOT = Path(__file__).parent.parent.parent
MERGED = "args.depends-on-version"
"""The one check that tells several faults of a container in one finding."""

CATEGORIES = ("model", "runtime", "hardware", "serving", "orchestration")


class Base(NamedTuple):
    """One base manifest under its contract."""

    name: str
    text: str
    engines: set[str]
    version: str | None
    known: tuple[tuple[str, str | None, str], ...]
    messages: frozenset[str]


class Outcome(NamedTuple):
    """One operator on one base."""

    base: str
    operator: str
    category: str
    good: bool
    found: tuple[str, ...]


def bases(folder: Path, skipped: list[str]) -> list[Base]:
    """Every base that can be put under a contract."""
    found = []
    for path in sorted([*folder.rglob("*.yaml"), *folder.rglob("*.yml"), *folder.rglob("*.json")]):
        text = path.read_text(encoding="utf-8", errors="replace")
        try:
            base = prepare(str(path.relative_to(folder)), text)
        except (SkewguardError, yaml.YAMLError) as error:
            skipped.append(f"{path.name}: {error}")
            continue
        if isinstance(base, str):
            skipped.append(f"{path.name}: {base}")
        else:
            found.append(base)
    return found


def prepare(name: str, text: str) -> Base | str:
    """Write the base and its contract into the working folder; a sentence where that cannot be."""
    Path("base.yaml").write_text(text, encoding="utf-8")
    list(yaml.safe_load_all(text))
    report = api.check(["base.yaml"])
    vllm = [line for line in report.subjects if line.engine == "vllm"]
    if report.errors:
        return f"is not read as it stands: {report.errors[0].message}"
    if not vllm:
        return "holds no vLLM"
    Path("contract.yaml").write_text("".join(item.text for item in api.init(["base.yaml"]).contracts), encoding="utf-8")
    engines = {line.subject.container for line in vllm if line.subject.container}
    versions = {line.version for line in vllm}
    said = findings(text)
    version = versions.pop() if len(versions) == 1 else None
    return Base(name, text, engines, version, tuple(map(_key, said)), frozenset(item.message for item in said))


def findings(text: str) -> list[Finding]:
    """What a check of a text under the base's contract says."""
    Path("base.yaml").write_text(text, encoding="utf-8")
    report = api.check(["base.yaml"], contracts=["contract.yaml"])
    problems = [problem.message for problem in report.errors]
    if problems:
        raise RuntimeError(f"the operator made something unreadable: {problems[0]}")
    return [item for item in report.findings if item.verdict in ("fail", "unknown", "error")]


def _key(item: Finding) -> tuple[str, str | None, str]:
    return item.check, item.setting, item.verdict + (item.subject.container or "")


def _says_more(item: Finding, base: Base) -> bool:
    return item.check == MERGED and item.message not in base.messages


def change(base: Base, operator: Operator) -> Outcome | None:
    """One changing operator; None where it does not apply."""
    manifest = Manifest.read(base.text, base.engines, base.version).copy()
    if not operator.apply(manifest):
        return None
    known = Counter(base.known)
    new = []
    for item in findings(manifest.text()):
        known[_key(item)] -= 1
        if item.verdict == "fail" and (known[_key(item)] < 0 or _says_more(item, base)):
            new.append(item)
    named = tuple(dict.fromkeys(item.setting or item.check for item in new))
    good = any(
        fnmatchcase(name, wanted)
        for item in new
        for name in (item.setting or "", item.check)
        for wanted in operator.expected
    )
    return Outcome(base.name, operator.name, operator.category, good, named)


def leave(base: Base, name: str) -> Outcome | None:
    """One harmless operator; None where it does not apply."""
    text = HARMLESS[name](Manifest.read(base.text, base.engines, base.version).copy(), base.text)
    if text is None:
        return None
    known = Counter(base.known)
    known.subtract(map(_key, found := findings(text)))
    new = [item for item in found if known[_key(item)] < 0]
    named = tuple(f"{item.verdict} {item.check} {item.setting or ''}".strip() for item in new)
    return Outcome(base.name, name, "harmless", not named, named)


def run(found: list[Base]) -> list[Outcome]:
    """Every operator on every base."""
    outcomes: list[Outcome] = []
    for base in found:
        prepare(base.name, base.text)
        outcomes += [made for each in operators(base.version) if (made := change(base, each)) is not None]
        outcomes += [made for name in HARMLESS if (made := leave(base, name)) is not None]
        sys.stderr.write(f"\r{base.name:60.60}")
    sys.stderr.write("\r" + " " * 60 + "\r")
    return outcomes


def summary(outcomes: list[Outcome], skipped: list[str], bases_used: int) -> str:
    """The tables."""
    changed = [item for item in outcomes if item.category != "harmless"]
    harmless = [item for item in outcomes if item.category == "harmless"]
    lines = [
        (
            f"{bases_used} base manifests, {len({item.operator for item in changed})} changing operators, "
            f"{len({item.operator for item in harmless})} harmless operators, {len(outcomes)} runs."
        ),
        "",
        "| category | changes | found | recall |",
        "|---|---|---|---|",
    ]
    for category in (*CATEGORIES, "all"):
        of = [item for item in changed if category in ("all", item.category)]
        hits = sum(item.good for item in of)
        lines.append(
            f"| {category} | {len(of)} | {hits} | {hits / len(of):.1%} |" if of else f"| {category} | 0 | – | – |"
        )
    alarms = [item for item in harmless if not item.good]
    lines += ["", f"False alarms: {len(alarms)} of {len(harmless)} harmless changes.", ""]
    lines += missed("Missed", [item for item in changed if not item.good])
    lines += missed("False alarms", alarms)
    if skipped:
        lines += ["### Left out", "", *(f"- {item}" for item in skipped), ""]
    return "\n".join(lines)


def missed(title: str, outcomes: list[Outcome]) -> list[str]:
    """A list by operator, with what was said instead."""
    if not outcomes:
        return []
    by_operator: dict[str, list[Outcome]] = defaultdict(list)
    for item in outcomes:
        by_operator[item.operator].append(item)
    lines = [f"### {title}", ""]
    for name, items in sorted(by_operator.items(), key=lambda pair: -len(pair[1])):
        said = Counter(name for item in items for name in item.found).most_common(3)
        instead = "; said instead: " + ", ".join(name for name, _ in said) if said else ""
        where = ", ".join(item.base for item in items[:6]) + (" …" if len(items) > 6 else "")
        lines.append(f"- {name} ({len(items)}): {where}{instead}")
    return [*lines, ""]


def main() -> int:
    """Run and print; exit 1 below a recall of 95 % or with any false alarm."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--manifests", type=Path, default=ROOT / "examples")
    parser.add_argument("-o", "--output", type=Path)
    options = parser.parse_args()
    output = options.output.resolve() if options.output else None
    folder = options.manifests.resolve()
    skipped: list[str] = []
    with tempfile.TemporaryDirectory() as place:
        os.chdir(place)
        found = bases(folder, skipped)
        outcomes = run(found)
        os.chdir(ROOT)
    text = summary(outcomes, skipped, len(found))
    print(text)
    if output:
        output.write_text(f"# SkewBench\n\nMade by `python benchmarks/skewbench/run.py`.\n\n{text}", encoding="utf-8")
    changed = [item for item in outcomes if item.category != "harmless"]
    recall = sum(item.good for item in changed) / max(len(changed), 1)
    return int(recall < 0.95 or any(not item.good for item in outcomes if item.category == "harmless"))


if __name__ == "__main__":
    sys.exit(main())
