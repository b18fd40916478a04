"""SkewBench: does a check find every change of what runs, and stay silent at every change that changes nothing?

    python benchmarks/skewbench/run.py [--manifests DIR] [--category NAME] [--missed] [-o docs/skewbench.md]

Every base manifest is put under the contract that `init` writes for it. Every operator then makes one change.
Found: a new failing finding on a setting (or check) the operator expects. False alarm: any new fail or unknown
after a harmless change. The changes of `ruled` write nothing that the engine reads: release, GPU class or checkpoint
change around a setting that nobody wrote. Bases whose own check crashes or that hold no engine whose flags the
operators know are left out, and said to be.
"""

import argparse
import os
import sys
import tempfile
from collections import Counter, defaultdict
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from changing import Operator, operators
from harmless import OPERATORS as HARMLESS
from manifests import Manifest
from ruled import ROWS, Row, State, files, leave_to_the_engine, put

from skewguard import api
from skewguard.language.errors import SkewguardError
from skewguard.language.findings import Finding

ROOT = Path(__file__).parent.parent.parent
MERGED = "args.depends-on-version"
"""The one check that tells several faults of a container in one finding."""

KNOWN = ("vllm", "sglang")
CHECKPOINT = Path("checkpoint")
NAMES = {"runtime.engine", "runtime.version", "runtime.image", "runtime.image_digest"}
"""What is written of a runtime and decides nothing by itself."""

CATEGORIES = ("model", "runtime", "hardware", "serving", "orchestration", "seen only by a rule")


class Base(NamedTuple):
    """One base manifest under its contract."""

    name: str
    text: str
    engine: str
    containers: set[str]
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
    undecided: bool = False


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
    if report.errors:
        return f"is not read as it stands: {report.errors[0].message}"
    lines = [line for line in report.subjects if line.engine in KNOWN]
    if not lines:
        return f"holds none of {', '.join(KNOWN)}"
    if len({line.engine for line in lines}) > 1:
        return "holds two kinds of engine"
    Path("contract.yaml").write_text("".join(item.text for item in api.init(["base.yaml"]).contracts), encoding="utf-8")
    containers = {line.subject.container for line in lines if line.subject.container}
    versions = {line.version for line in lines}
    said = findings(text)
    version = versions.pop() if len(versions) == 1 else None
    messages = frozenset(item.message for item in said)
    return Base(name, text, str(lines[0].engine), containers, version, tuple(map(_key, said)), messages)


def findings(text: str, model_configs: tuple[str, ...] = ()) -> list[Finding]:
    """What a check of a text under the base's contract says."""
    Path("base.yaml").write_text(text, encoding="utf-8")
    report = api.check(["base.yaml"], contracts=["contract.yaml"], model_configs=model_configs)
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
    manifest = Manifest.read(base.text, base.containers, base.version, base.engine).copy()
    if not operator.apply(manifest):
        return None
    known = Counter(base.known)
    new = []
    for item in findings(manifest.text()):
        known[_key(item)] -= 1
        if (item.verdict == "fail" or operator.undecidable) and (known[_key(item)] < 0 or _says_more(item, base)):
            new.append(item)
    named = tuple(dict.fromkeys(item.setting or item.check for item in new))
    hits = [
        item
        for item in new
        if any(fnmatchcase(name, wanted) for name in (item.setting or "", item.check) for wanted in operator.expected)
    ]
    undecided = bool(hits) and all(item.verdict != "fail" for item in hits)
    return Outcome(base.name, operator.name, operator.category, bool(hits), named, undecided)


def leave(base: Base, name: str) -> Outcome | None:
    """One harmless operator; None where it does not apply."""
    text = HARMLESS[name](Manifest.read(base.text, base.containers, base.version, base.engine).copy(), base.text)
    if text is None:
        return None
    known = Counter(base.known)
    known.subtract(map(_key, found := findings(text)))
    new = [item for item in found if known[_key(item)] < 0]
    named = tuple(f"{item.verdict} {item.check} {item.setting or ''}".strip() for item in new)
    return Outcome(base.name, name, "harmless", not named, named)


def around(base: Base, row: Row) -> Outcome | None:
    """One change of release, class or checkpoint around a setting that nobody wrote; None where it does not apply."""
    manifest = Manifest.read(base.text, base.containers, base.version, base.engine).copy()
    if (
        base.engine != row.engine
        or not leave_to_the_engine(manifest, row.arguments)
        or not put(manifest, row.engine, row.old)
    ):
        return None
    category = "harmless" if row.harmless else CATEGORIES[-1]
    Path("base.yaml").write_text(manifest.text(), encoding="utf-8")
    lay(row.old)
    checkpoints = left_to_the_engine(row.setting)
    if checkpoints is None:
        return None
    promised, written = promise(row, checkpoints)
    if promised != row.before:
        return Outcome(base.name, row.name, category, good=False, found=(f"init wrote {promised!r}",))
    Path("contract.yaml").write_text(written, encoding="utf-8")
    early = _on(row.setting, findings(manifest.text(), checkpoints))
    put(manifest, row.engine, row.new)
    lay(row.new)
    late = _on(row.setting, findings(manifest.text(), checkpoints))
    observed = tuple(f"{item.verdict} {item.observed.value if item.observed else None!r}" for item in early or late)
    if row.harmless:
        return Outcome(base.name, row.name, category, not early and not late, observed)
    seen = [item for item in late if item.verdict == "fail" and item.observed and item.observed.value == row.after]
    return Outcome(base.name, row.name, category, not early and bool(seen), observed)


def lay(state: State) -> None:
    """Write the files of a checkpoint."""
    CHECKPOINT.mkdir(exist_ok=True)
    for name, text in files(state):
        (CHECKPOINT / name).write_text(text, encoding="utf-8")


def left_to_the_engine(setting: str) -> tuple[str, ...] | None:
    """The checkpoint under the name of every model that is served.

    None where an engine does not start with this release, gets no model, or somebody still writes what decides more.
    """
    subjects = api.settings(["base.yaml"]).subjects
    lines = [line for subject in subjects for line in subject.settings]
    ignored = any(argument.outcome == "ignored" for subject in subjects for argument in subject.arguments)
    if (ignored and setting != "model.id") or any(subject.starts is False for subject in subjects):
        return None
    written = {line.setting for line in lines if line.authority == "declared"} - NAMES
    if any(name.startswith(("runtime.", "limits.")) for name in written):
        return None
    models = {line.facts[0].value for line in lines if line.setting == "model.id" and line.facts}
    return tuple(f"{model}={CHECKPOINT}" for model in models) or (str(CHECKPOINT),)


def promise(row: Row, checkpoints: tuple[str, ...]) -> tuple[Any, str]:
    """What `init` promises of the one setting, and its contracts cut down to it."""
    group, _, name = row.setting.partition(".")
    documents = []
    value: Any = None
    for item in api.init(["base.yaml"], model_configs=checkpoints).contracts:
        contract = yaml.safe_load(item.text)
        spec = contract["spec"]
        if group == row.engine:
            kept = {"engine_settings": {row.setting: {"equals": row.before}}}
            value = row.before
        else:
            value = spec.get(group, {}).get(name, "nothing")
            kept = {group: {name: value}}
            value = value["equals"] if isinstance(value, dict) else value
        documents.append({**contract, "spec": {"targets": spec["targets"], **kept}})
    return value, yaml.safe_dump_all(documents)


def _on(setting: str, found: list[Finding]) -> list[Finding]:
    return [item for item in found if item.setting == setting and item.contract]


def run(found: list[Base]) -> list[Outcome]:
    """Every operator on every base."""
    outcomes: list[Outcome] = []
    for base in found:
        prepare(base.name, base.text)
        outcomes += [made for each in operators(base.engine, base.version) if (made := change(base, each)) is not None]
        outcomes += [made for name in HARMLESS if (made := leave(base, name)) is not None]
        outcomes += [made for row in ROWS if (made := around(base, row)) is not None]
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
    undecided = sum(item.undecided for item in changed)
    lines += ["", f"Of those found, {undecided} as unknown: what the engine takes instead is in no manifest."]
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
    """Run and print; exit 1 below a recall of 99 % or with any false alarm."""
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
        output.write_text(
            f"# SkewBench\n\nMade by `python benchmarks/skewbench/run.py`; [other tools](peers.md) on the same files.\n\n{text}",
            encoding="utf-8",
        )
    changed = [item for item in outcomes if item.category != "harmless"]
    recall = sum(item.good for item in changed) / max(len(changed), 1)
    return int(recall < 0.99 or any(not item.good for item in outcomes if item.category == "harmless"))


if __name__ == "__main__":
    sys.exit(main())
