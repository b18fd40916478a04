"""Writes every page of docs/ and manifest of deploy/ that is made from the code, or with --check says which ones are not current.

A page that repeats what the code says goes stale; these are made from the registry of checks, the vocabulary, the
contract's reader, the command line, the result documents and the layers that import-linter enforces.
"""

import argparse
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

import accelerator_page
import access_files
import click
import contract_resource
import metrics_page
import upgrade_page

from skewguard.cli.commands import program
from skewguard.judge.checks.interface import Check
from skewguard.judge.checks.registry import CHECKS
from skewguard.knowledge.contract import schema
from skewguard.language import dialects
from skewguard.language.vocabulary import ROWS
from skewguard.report import schemas

ROOT = Path(__file__).resolve().parent.parent
MADE = "<!-- made by `make docs`: edit the code, not this page -->\n"
MADE_FILE = "made by `make docs`: edit the code, not this file"
PICTURE_BEGINS = "<!-- picture begins: made by `make docs` from [tool.importlinter] of pyproject.toml -->\n"
PICTURE_ENDS = "<!-- picture ends -->\n"

GROUPS = {
    "pin": "what runs can change without an edit",
    "args": "arguments and variables that do not do what they say",
    "runtime": "settings of the engine that do not fit each other",
    "limits": "lengths and concurrency",
    "parallel": "GPUs and how the model is split over them",
    "hardware": "which GPU a pod lands on",
    "scaling": "what adds and removes replicas",
    "serving": "the way of a request, from client to engine",
    "contract": "what the team promised",
    "facts": "sources that contradict each other",
}


def main() -> int:
    """Write or compare, and say what was done."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 when a page is not current")
    only_check: bool = parser.parse_args().check
    wanted = dict(pages())
    stale = [path for path, text in wanted.items() if not path.exists() or path.read_text("utf-8") != text]
    whole = (*(ROOT / "docs" / "checks").glob("*.md"), *(ROOT / "deploy" / "rbac").rglob("*.yaml"))
    left_over = [path for path in whole if path not in wanted]
    for path in [] if only_check else stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(wanted[path], "utf-8")
    for path in [] if only_check else left_over:
        path.unlink()
    for path in [*stale, *left_over]:
        print(f"{'not current' if only_check else 'written'}: {path.relative_to(ROOT)}")
    if only_check and (stale or left_over):
        print("run `make docs` and commit what it writes")
        return 1
    return 0


def pages() -> Iterator[tuple[Path, str]]:
    """Every generated page and its text."""
    docs = ROOT / "docs"
    for check in sorted(CHECKS.values(), key=lambda check: check.id):
        yield docs / "checks" / f"{check.id}.md", check_page(check)
    yield docs / "checks" / "README.md", check_index()
    yield docs / "settings.md", settings_page()
    yield docs / "command-line.md", command_page()
    yield docs / "releases.md", upgrade_page.page(MADE)
    yield docs / "accelerators.md", accelerator_page.page(MADE)
    yield docs / "contract.schema.json", schema.text()
    for name, text in schemas.files().items():
        yield docs / "formats" / name, text
    yield docs / "access.md", access_files.page(MADE)
    traffic = docs / "baseline-from-traffic.md"
    yield traffic, metrics_page.with_table(traffic.read_text("utf-8"))
    deploy = ROOT / "deploy"
    for name, text in access_files.manifests(MADE_FILE):
        yield deploy / "rbac" / name, text
    yield deploy / "crd" / "servingcontract.yaml", contract_resource.text(MADE_FILE)
    architecture = docs / "architecture.md"
    yield architecture, with_picture(architecture.read_text("utf-8"))


def check_page(check: Check) -> str:
    """One check: why, how to mend it, before and after, how to waive it."""
    parts = [
        f"# {check.id}",
        MADE,
        f"**{check.title}**",
        f"Severity: {check.severity}. Category: {check.category}. Decided: {', '.join(check.phases)}.",
        f"## Why it matters\n\n{_sentence(check.why)}",
        f"## What to do\n\n{_sentence(check.remedy)}",
    ]
    if check.bad:
        parts.append(f"Before:\n\n```yaml\n{check.bad.strip()}\n```")
    if check.good:
        parts.append(f"After:\n\n```yaml\n{check.good.strip()}\n```")
    parts.append(
        "## When it does not apply\n\n"
        "Say why, at the object or in the contract; the finding is then shown as waived with your reason.\n\n"
        f'```yaml\nmetadata:\n  annotations:\n    skewguard.dev/ignore.{check.id}: "the reason"\n```'
    )
    if check.aliases:
        parts.append(f"Former names, still understood: {', '.join(f'`{alias}`' for alias in check.aliases)}.")
    if check.sources:
        parts.append("## Sources\n\n" + "\n".join(f"- {source}" for source in check.sources))
    return "\n\n".join(part.rstrip("\n") for part in parts) + "\n"


def check_index() -> str:
    """All checks by group."""
    lines = [
        "# Checks",
        "",
        MADE,
        f"{len(CHECKS)} checks. `skewguard explain NAME` shows the same in the terminal. **error**: will not start, is",
        "silently not applied, or contradicts itself or the contract. **warning**: what runs can change without an edit,",
        "or is known to hurt. **note**: implicit, fixed at this version; shown with `-v`.",
    ]
    for group, meaning in GROUPS.items():
        rows = sorted((check for check in CHECKS.values() if check.group == group), key=lambda check: check.id)
        if rows:
            lines += ["", f"## {group}: {meaning}", "", "| check | severity | says |", "|---|---|---|"]
            lines += [f"| [{check.id}]({check.id}.md) | {check.severity} | {_cell(check.title)} |" for check in rows]
    return "\n".join(lines) + "\n"


def settings_page() -> str:
    """The vocabulary: what contracts, results and waivers call each setting."""
    engines = sorted({engine for row in ROWS for engine in row.called})
    head = ["setting", "type", "unit", "meaning", *engines]
    lines = [
        "# Settings",
        "",
        MADE,
        "Contracts, results, waivers and `explain` use these names. A setting of an engine outside this table is named",
        "`<engine>.<destination>` (`vllm.compilation_config`), an environment variable `<engine>.env.NAME`.",
        "",
        f"| {' | '.join(head)} |",
        f"|{'---|' * len(head)}",
    ]
    for row in ROWS:
        called = [_called(engine, row.called.get(engine)) for engine in engines]
        choices = f": {', '.join(row.choices)}" if row.choices else ""
        lines.append(f"| {' | '.join([f'`{row.name}`', row.type, row.unit, _cell(row.meaning + choices), *called])} |")
    return "\n".join(lines) + "\n"


def _called(engine: str, dest: str | None) -> str:
    """An engine's own name of a setting, as one cell."""
    if dest is None:
        return ""
    return f"not `{dest}`" if dialects.inverts(engine, dest) else f"`{dest}`"


def command_page() -> str:
    """The help text of every verb."""
    context = click.Context(program, info_name="skewguard", max_content_width=100, terminal_width=100)
    parts = ["# Command line", MADE, f"```text\n{program.get_help(context).rstrip()}\n```", *verbs(program, context)]
    return "\n\n".join(part.rstrip("\n") for part in parts) + "\n"


def verbs(group: click.Group, context: click.Context) -> Iterator[str]:
    """The help text of every command of a group, and of those below it."""
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is not None and not command.hidden:
            inner = click.Context(command, info_name=name, parent=context, max_content_width=100, terminal_width=100)
            yield f"## {inner.command_path}\n\n```text\n{command.get_help(inner).rstrip()}\n```"
            if isinstance(command, click.Group):
                yield from verbs(command, inner)


def with_picture(text: str) -> str:
    """The architecture page with the picture between its two marks drawn anew."""
    before, _, rest = text.partition(PICTURE_BEGINS)
    _, _, after = rest.partition(PICTURE_ENDS)
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    return f"{before}{PICTURE_BEGINS}\n```text\n{picture(settings)}```\n\n{PICTURE_ENDS}{after}"


def picture(settings: Mapping[str, object]) -> str:
    """The layers as import-linter holds them: a row may import the rows below it, `|` stands between strangers."""
    contracts = settings["tool"]["importlinter"]["contracts"]  # type: ignore[index]
    drawn = []
    for contract in contracts:
        if contract["type"] == "layers":
            rows = [layer.replace("(", "").replace(")", "") for layer in contract["layers"]]
            width = max(len(row) for row in rows) + 4
            line = f"+{'-' * width}+"
            boxes = f"\n{line}\n".join(f"|{row:^{width}}|" for row in rows)
            drawn.append(f"{contract['containers'][0]}\n{line}\n{boxes}\n{line}\n")
    rules = [f"- {contract['name']}" for contract in contracts if contract["type"] != "layers"]
    return "\n".join(drawn) + "\nand besides\n" + "\n".join(rules) + "\n"


def _sentence(text: str) -> str:
    text = text if text.startswith("vLLM") else text[:1].upper() + text[1:]
    return text if text.endswith((".", "`", "…", ":")) else f"{text}."


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


if __name__ == "__main__":
    sys.exit(main())
