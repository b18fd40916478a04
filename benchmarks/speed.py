"""How fast skewguard is, measured in one run: command lines resolved, cold start, and a fleet of manifests.

    python benchmarks/speed.py [--lines 2000] [--files 5000] [--repeat 5] [--conftest PATH] [-o docs/speed.md]

Each command runs as a whole process, in turn with the one it is compared with (A B A B …), and the operating
system's own accounting of the finished process is taken: CPU seconds (user + system), wall seconds, peak memory of
the process. The median is reported. Nothing here is a test: machines differ, ratios less so.
"""

import argparse
import compileall
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
LOAD_ALL = """
import sys, yaml
for path in sys.argv[1:]:
    import os
    for folder, _, names in os.walk(path):
        for name in names:
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                list(yaml.load_all(file, Loader=yaml.CSafeLoader))
"""
RULE = """
package main
import rego.v1
deny contains msg if {
  some container in input.spec.template.spec.containers
  endswith(container.image, ":latest")
  msg := sprintf("%s has a mutable tag", [container.name])
}
"""


class Measured(NamedTuple):
    """One finished process: CPU and wall seconds, peak memory in MiB."""

    cpu_s: float
    wall_s: float
    memory_mib: float


def measure(command: list[str]) -> Measured:
    """Run one command to its end, its output thrown away."""
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, _, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    process.returncode = 0
    return Measured(usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / 1024)


def in_turn(commands: dict[str, list[str]], repeat: int) -> dict[str, Measured]:
    """The median of each command over `repeat` rounds, after one round that is not counted."""
    rounds = [{name: measure(command) for name, command in commands.items()} for _ in range(repeat + 1)][1:]
    return {
        name: Measured(*(statistics.median(values) for values in zip(*(one[name] for one in rounds), strict=True)))
        for name in commands
    }


def table(title: str, results: dict[str, Measured], base: str) -> str:
    """Results as Markdown, with ratios to `base`."""
    lines = [f"### {title}", "", "| command | CPU s | wall s | memory MiB | CPU ratio |", "|---|---|---|---|---|"]
    for name, result in results.items():
        ratio = result.cpu_s / results[base].cpu_s
        lines.append(f"| {name} | {result.cpu_s:.3f} | {result.wall_s:.3f} | {result.memory_mib:.0f} | {ratio:.2f} |")
    return "\n".join([*lines, ""])


def fleet(folder: Path, files: int) -> None:
    """Write `files` manifests made from the examples: names and namespaces differ, as in a real fleet."""
    chosen = random.Random(1)
    texts = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "examples").rglob("*.yaml"))]
    texts = [text for text in texts if "kind: ServingContract" not in text]
    for number in range(files):
        text = chosen.choice(texts).replace("namespace: ", f"namespace: n{number % 50}-")
        target = folder / f"team-{number % 50}" / f"app-{number}.yaml"
        target.parent.mkdir(exist_ok=True)
        target.write_text(text, encoding="utf-8")


def cold_start(repeat: int) -> str:
    """`--help` and a one-file check against the imports that any Python tool of this kind pays."""
    example = str(next((ROOT / "examples" / "skewed").glob("*.yaml")))
    commands = {
        "python -c 'import yaml, click'": [sys.executable, "-c", "import yaml, click"],
        "skewguard --help": [sys.executable, "-m", "skewguard", "--help"],
        "skewguard check one.yaml": [sys.executable, "-m", "skewguard", "check", example],
    }
    return table("Cold start", in_turn(commands, repeat * 4), "python -c 'import yaml, click'")


def throughput(files: int, repeat: int, conftest: str | None) -> str:
    """A whole fleet in one call."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "fleet"
        folder.mkdir()
        fleet(folder, files)
        commands = {
            "PyYAML C loader alone": [sys.executable, "-c", LOAD_ALL, str(folder)],
            "skewguard check": [sys.executable, "-m", "skewguard", "check", str(folder), "-o", "json"],
        }
        if conftest:
            (Path(name) / "policy").mkdir()
            (Path(name) / "policy" / "tag.rego").write_text(RULE, encoding="utf-8")
            commands["conftest, one rule"] = [conftest, "test", "-p", f"{name}/policy", str(folder)]
        return table(f"{files} manifests", in_turn(commands, repeat), "PyYAML C loader alone")


def command_lines(count: int) -> list[str]:
    """Command lines of every release of every engine that has a table, in a fixed random order; no two are equal."""
    from skewguard.knowledge.engines import ENGINES

    chosen = random.Random(1)
    shapes = {
        "vllm": "serve org/model-{n} --max-model-len {length} --tensor-parallel-size 2 --gpu-memory-utilization 0.9",
        "sglang": "python -m sglang.launch_server --model-path org/model-{n} --context-length {length} --tp 2",
    }
    lines = []
    for number in range(count):
        name = chosen.choice(list(shapes))
        release = chosen.choice(ENGINES[name].releases())
        shape = shapes[name].format(n=number, length=chosen.choice((4096, 8192, 32768)))
        lines.append(f"{name}=={release} -- {shape}")
    return lines


def resolving(count: int, repeat: int) -> str:
    """All effective settings of command lines of mixed releases, in one process that has read its tables.

    What a library user pays (`skewguard.api.settings`), in CPU seconds of one core; the best of `repeat` rounds.
    """
    from skewguard import api  # here: a process that is started from a larger one counts its memory too

    lines = command_lines(count)
    best, settings = float("inf"), 0
    for _ in range(repeat + 1):
        settings = 0
        started = time.process_time()
        for line in lines:
            settings += len(api.settings([line], gpu="H100").subjects[0].settings)
        best = min(best, time.process_time() - started)
    return "\n".join(
        (
            "### Command lines of mixed releases",
            "",
            "| command lines | settings resolved | CPU s | command lines per second and core |",
            "|---|---|---|---|",
            f"| {count} | {settings} | {best:.3f} | {count / best:.0f} |",
            "",
        )
    )


def main() -> None:
    """Measure, print, and write to `-o` when given."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=5000)
    parser.add_argument("--lines", type=int, default=2000)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--conftest", default=shutil.which("conftest"))
    parser.add_argument("-o", "--output", type=Path)
    options = parser.parse_args()
    compileall.compile_dir(ROOT / "src", quiet=1)  # as an installed package is
    parts = [cold_start(options.repeat)]
    if options.files:
        parts.append(throughput(options.files, options.repeat, options.conftest))
    parts.append(resolving(options.lines, options.repeat))
    text = "\n".join(parts)
    print(text)
    if options.output:
        options.output.write_text(f"# Speed\n\nMade by `python benchmarks/speed.py`.\n\n{text}", encoding="utf-8")


if __name__ == "__main__":
    main()
