"""Write the pages that are made from the code: checks, settings, command line, contract schema.

`python scripts/generate_docs.py` writes them, `--check` fails when one is not current. README sections between
`<!-- generated: NAME -->` and `<!-- end -->` are kept the same way.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from skewguard.cli.commands import program
from skewguard.judge.checks import registry
from skewguard.judge.checks.interface import Check
from skewguard.knowledge.contract import schema
from skewguard.language import vocabulary

ROOT = Path(__file__).parent.parent
MADE = "<!-- Made by scripts/generate_docs.py from the code; do not edit. -->\n\n"


def pages() -> Iterator[tuple[str, str]]:
    """Path below the repository and text of every generated page."""
    checks = sorted(registry.CHECKS.values(), key=lambda check: check.id)
    yield "docs/checks/README.md", index_of(checks)
    for check in checks:
        yield f"docs/checks/{check.id}.md", page_of(check)
    yield "docs/settings.md", settings_page()
    yield "docs/command-line.md", command_page()
    yield "docs/contract.schema.json", json.dumps(schema.schema(), indent=2, ensure_ascii=False) + "\n"


def index_of(checks: list[Check]) -> str:
    """The table of all checks."""
    rows = [f"| [{check.id}]({check.id}.md) | {check.severity} | {check.category} | {check.title} |" for check in checks]
    head = "# Checks\n\n| check | severity | category | what it finds |\n|---|---|---|---|\n"
    return MADE + head + "\n".join(rows) + "\n"


def page_of(check: Check) -> str:
    """One check's page."""
    parts = [
        f"# {check.id}\n\n{check.title}",
        f"Severity: **{check.severity}** · category: {check.category} · phases: {', '.join(check.phases)}",
        f"## Why it matters\n\n{check.why}",
        f"## What to do\n\n{check.remedy}",
    ]
    if check.bad:
        parts.append(f"## Found\n\n```yaml\n{check.bad.strip()}\n```")
    if check.good:
        parts.append(f"## Mended\n\n```yaml\n{check.good.strip()}\n```")
    if check.aliases:
        parts.append(f"Former names, still accepted in waivers: {', '.join(check.aliases)}")
    if check.sources:
        parts.append("## Sources\n\n" + "\n".join(f"- {source}" for source in check.sources))
    return MADE + "\n\n".join(parts) + "\n"


def settings_page() -> str:
    """The vocabulary as a table."""
    lines = ["# Settings", "", "The names that contracts, JSON documents, waivers and reports use.", ""]
    lines += ["| setting | type | unit | meaning | vLLM calls it |", "|---|---|---|---|---|"]
    for row in vocabulary.ROWS:
        vllm = f"`{row.called['vllm']}`" if "vllm" in row.called else ""
        lines.append(f"| `{row.name}` | {row.type} | {row.unit} | {row.meaning} | {vllm} |")
    lines += ["", "Settings of an engine outside this table are named `<engine>.<dest>`, such as"]
    lines += ["`vllm.compilation_config`, its environment variables `<engine>.env.NAME`.", ""]
    return MADE + "\n".join(lines)


def command_page() -> str:
    """Every verb's `--help`, as it prints."""
    parts = ["# Command line", _help(program, ["skewguard"])]
    parts += [_help(command, ["skewguard", name]) for name, command in sorted(program.commands.items())]
    return MADE + "\n\n".join(parts) + "\n"


def _help(command: click.Command, names: list[str]) -> str:
    context = click.Context(command, info_name=" ".join(names), terminal_width=100)
    return f"## {' '.join(names)}\n\n```text\n{command.get_help(context).rstrip()}\n```"


def main() -> int:
    """Write the pages, or with `--check` say which are not current."""
    check = "--check" in sys.argv[1:]
    wanted = dict(pages())
    stale = [path for path, text in wanted.items() if _read(path) != text]
    orphans = [path for path in _made() if path not in wanted]
    if check:
        for path in stale + orphans:
            sys.stderr.write(f"{path} is not current; run `make docs`\n")
        return 1 if stale or orphans else 0
    for path, text in wanted.items():
        (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / path).write_text(text, encoding="utf-8")
    for path in orphans:
        (ROOT / path).unlink()
    return 0


def _read(path: str) -> str | None:
    file = ROOT / path
    return file.read_text(encoding="utf-8") if file.exists() else None


def _made() -> list[str]:
    return [f"docs/checks/{file.name}" for file in (ROOT / "docs" / "checks").glob("*.md")]


if __name__ == "__main__":
    sys.exit(main())
