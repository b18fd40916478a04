"""The same changes, judged by tools that teams gate manifests with today.

    python benchmarks/skewbench/peers.py [--conftest PATH] [--checkov PATH] [--kube-linter PATH]
                                         [--kubeconform PATH --schemas LOCATION] [--every 5] [-o docs/peers.md]

Every base and every changed text is a file; a tool found a change when it says of the changed file what it did not
say of the base, and raised a false alarm when it does so after a harmless change. conftest gets `snapshot.rego`, which
holds everything a manifest shows against what the base shows; the others have the checks they come with. A tool
whose path is not given is not run, and not listed. `--every N` takes each N-th change of a base, the same for all.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import run as skewbench
import yaml
from changing import operators
from harmless import OPERATORS as HARMLESS
from manifests import Manifest
from ruled import ROWS, leave_to_the_engine, put

RULED = skewbench.CATEGORIES[-1]


class Change(NamedTuple):
    """One changed text beside the text it was made from. `found`: what skewguard made of it."""

    category: str
    before: str
    after: str
    found: bool


def changes(base: skewbench.Base, every: int) -> Iterator[Change]:
    """Each `every`-th change of one base."""
    skewbench.prepare(base.name, base.text)
    for number, each in enumerate(operators(base.engine, base.version)):
        manifest = _copy(base)
        if number % every == 0 and each.apply(manifest):
            outcome = skewbench.change(base, each)
            yield Change(each.category, base.text, manifest.text(), outcome is not None and outcome.good)
    for name, apply in HARMLESS.items():
        text = apply(_copy(base), base.text)
        if text is not None:
            outcome = skewbench.leave(base, name)
            yield Change("harmless", base.text, text, outcome is not None and not outcome.good)
    for row in ROWS:
        manifest = _copy(base)
        outcome = skewbench.around(base, row)
        if (
            outcome is None
            or not leave_to_the_engine(manifest, row.arguments)
            or not put(manifest, row.engine, row.old)
        ):
            continue
        before = manifest.text()
        put(manifest, row.engine, row.new)
        if before != manifest.text():  # the others change the checkpoint alone, which these tools do not read
            found = outcome.good != row.harmless
            yield Change("harmless" if row.harmless else RULED, before, manifest.text(), found)


def _copy(base: skewbench.Base) -> Manifest:
    return Manifest.read(base.text, base.containers, base.version, base.engine).copy()


# ---- the tools -----------------------------------------------------------------------------------------------------

Said = dict[str, Counter[str]]
"""File name → what a tool says of it, lines left out."""


def _json(command: list[str]) -> object:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        return json.loads(done.stdout)
    except json.JSONDecodeError:
        raise SystemExit(f"{command[0]} answered no JSON (exit {done.returncode}): {done.stderr[-500:]}") from None


def version(path: str, word: str) -> str:
    """What a tool says of its own version; empty where it says nothing that looks like one."""
    said = subprocess.run([path, word], capture_output=True, text=True, check=False).stdout
    found = re.search(r"v?\d+\.\d+\S*", said.partition("\n")[0])
    return found.group() if found else ""


def kube_linter(path: str, folder: Path) -> Said:
    """All of its checks that are on by default."""
    said: Said = defaultdict(Counter)
    answer = _json([path, "lint", "--format", "json", str(folder)])
    for report in answer["Reports"] or []:  # type: ignore[index]
        name = Path(report["Object"]["Metadata"]["FilePath"]).name
        said[name][f"{report['Check']} {report['Diagnostic']['Message']}"] += 1
    return said


def checkov(path: str, folder: Path) -> Said:
    """Its Kubernetes checks."""
    said: Said = defaultdict(Counter)
    answer = _json([path, "-d", str(folder), "--framework", "kubernetes", "-o", "json", "--compact", "--quiet"])
    for one in answer if isinstance(answer, list) else [answer]:
        for failed in one.get("results", {}).get("failed_checks", []):
            said[Path(failed["file_path"]).name][f"{failed['check_id']} {failed['resource']}"] += 1
    return said


def kubeconform(path: str, folder: Path, schemas: str) -> Said:
    """The schemas of Kubernetes; kinds without one are skipped."""
    said: Said = defaultdict(Counter)
    command = [path, "-output", "json", "-strict", "-ignore-missing-schemas", "-schema-location", schemas, str(folder)]
    for resource in _json(command)["resources"]:  # type: ignore[index]
        if resource["status"] != "statusValid":
            said[Path(resource["filename"]).name][f"{resource['kind']} {resource['msg']}"] += 1
    return said


def conftest(path: str, folder: Path, pairs: dict[str, str]) -> Said:
    """`policy/snapshot.rego`, with the documents of its base as the data of each file."""
    said: Said = defaultdict(Counter)
    by_base: dict[str, list[str]] = defaultdict(list)
    for name, base in pairs.items():
        by_base[base].append(name)
    policy = str(Path(__file__).parent / "policy")
    for base, names in by_base.items():
        data = folder.parent / "base.json"
        documents = [each for each in yaml.safe_load_all((folder / base).read_text(encoding="utf-8")) if each]
        data.write_text(json.dumps({"base": documents}, default=str), encoding="utf-8")
        files = [str(folder / name) for name in (base, *names)]
        for result in _json([path, "test", "--policy", policy, "--data", str(data), "-o", "json", *files]):  # type: ignore[attr-defined]
            for failure in result.get("failures") or []:
                said[Path(result["filename"]).name][failure["msg"]] += 1
    return said


# ---- the whole -----------------------------------------------------------------------------------------------------


class Laid(NamedTuple):
    """The files of one run. `pairs`: changed file → the file it was made from."""

    changes: dict[str, Change]
    pairs: dict[str, str]


def lay_out(folder: Path, found: list[skewbench.Base], every: int) -> Laid:
    """Write every base and every change of it."""
    laid = Laid({}, {})
    names: dict[str, str] = {}
    for base in found:
        for change in changes(base, every):
            for text in (change.before, change.after):
                names.setdefault(text, f"{len(names)}.yaml")
                (folder / names[text]).write_text(text, encoding="utf-8")
            laid.changes[names[change.after]] = change
            laid.pairs[names[change.after]] = names[change.before]
        sys.stderr.write(f"\r{base.name:60.60}")
    sys.stderr.write("\n")
    return laid


def table(laid: Laid, tools: dict[str, Said]) -> str:
    """Recall by category and false alarms, for each tool."""
    categories = [*skewbench.CATEGORIES, "harmless"]
    lines = ["| tool | " + " | ".join(categories[:-1]) + " | false alarms |", "|---" * (len(categories) + 1) + "|"]
    for tool, said in {"skewguard": None, **tools}.items():
        hits, asked = Counter[str](), Counter[str]()
        for name, change in laid.changes.items():
            asked[change.category] += 1
            new = change.found if said is None else bool(said[name] - said[laid.pairs[name]])
            hits[change.category] += new
        shares = [
            f"{hits[each]} of {asked[each]} ({hits[each] / asked[each]:.0%})" if asked[each] else "–"
            for each in categories
        ]
        lines.append(f"| {tool} | " + " | ".join(shares) + " |")
    return "\n".join(lines)


def main() -> None:
    """Lay the files out, run the tools that are here, and print one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("conftest", "checkov", "kube-linter", "kubeconform", "schemas"):
        parser.add_argument(f"--{name}")
    parser.add_argument("--every", type=int, default=5)
    parser.add_argument("-o", "--output", type=Path)
    options = parser.parse_args()
    output = options.output.resolve() if options.output else None
    skipped: list[str] = []
    with tempfile.TemporaryDirectory() as place:
        os.chdir(place)
        folder = Path(place) / "files"
        folder.mkdir()
        laid = lay_out(folder, skewbench.bases(skewbench.ROOT / "examples", skipped), options.every)
        tools: dict[str, Said] = {}
        if options.conftest:
            tools[f"conftest {version(options.conftest, '--version')}, a snapshot policy"] = conftest(
                options.conftest, folder, laid.pairs
            )
        if options.kube_linter:
            tools[f"kube-linter {version(options.kube_linter, 'version')}, default checks"] = kube_linter(
                options.kube_linter, folder
            )
        if options.checkov:
            tools[f"checkov {version(options.checkov, '--version')}, Kubernetes checks"] = checkov(
                options.checkov, folder
            )
        if options.kubeconform and options.schemas:
            tools[f"kubeconform {version(options.kubeconform, '-v')}, strict"] = kubeconform(
                options.kubeconform, folder, options.schemas
            )
        os.chdir(skewbench.ROOT)
    text = f"{len(laid.changes)} changed files; every {options.every}. change of settings and structure.\n\n{table(laid, tools)}"
    print(text)
    if output:
        output.write_text(f"{HEAD}{text}\n", encoding="utf-8")


HEAD = """# The same changes, other tools

Made by `python benchmarks/skewbench/peers.py`. A change counts as found when a tool says of the changed file what it
did not say of the file it was made from; a false alarm is the same after a change that changes nothing that runs. The
files are this repository's examples, and the policy for conftest was written here, as well as we could.

The tools answer other questions, which is the point. A policy that holds every line finds every other line: the harmful,
and a good part of the harmless. Of a new tag or GPU class it says that it is new, not what the engine makes of it.
Changes of the model's files alone are left out, because none of these tools reads them.

"""


if __name__ == "__main__":
    main()
