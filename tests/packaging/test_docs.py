"""The pages that people read: every link leads somewhere, every task and verb is named."""

import re
from pathlib import Path

import pytest

from skewguard.cli.commands import program

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    page.relative_to(ROOT).as_posix()
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").rglob("*.md")]
)


@pytest.mark.parametrize("page", PAGES)
def test_every_link_inside_the_repository_leads_to_a_file(page: str) -> None:
    """A page is never linked under a name that it no longer has."""
    text = re.sub(r"```.*?```", "", (ROOT / page).read_text("utf-8"), flags=re.DOTALL)
    links = [link.partition("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in link]

    assert [link for link in links if link and not ((ROOT / page).parent / link).exists()] == []


def test_readme_names_every_verb() -> None:
    """A verb that the first page does not show is not found."""
    readme = (ROOT / "README.md").read_text("utf-8")

    assert [verb for verb in program.commands if f"skewguard {verb}" not in readme] == []


def test_tasks_of_the_makefile_that_pages_name_exist() -> None:
    """`make demo` and its like are tasks of the Makefile."""
    makefile = (ROOT / "Makefile").read_text("utf-8")
    tasks = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    named = {task for page in PAGES for task in re.findall(r"`?make ([a-z-]+)`", (ROOT / page).read_text("utf-8"))}

    assert named - tasks == set()
