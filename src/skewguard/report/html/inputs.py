"""What a reader must know about the input itself, on a page: what is not in it, and what could not be read."""

from collections.abc import Sequence
from xml.etree.ElementTree import Element

from skewguard.language.results import InputProblem
from skewguard.language.workloads import Missing
from skewguard.report import words
from skewguard.report.html.page import listed, prose, section
from skewguard.report.terminal.inputs import problem_place


def missing(items: Sequence[Missing]) -> Element | None:
    """Each ConfigMap, Secret or file that is not in the input: its name, what it hides, how to supply it."""
    lines = [
        prose(f"{item.ref} ({words.place(item.origin)}) hides {item.hides}. To supply it: {item.supply}", "span")
        for item in dict.fromkeys(items)
    ]
    return section("Not in the input", listed(lines))


def problems(items: Sequence[InputProblem]) -> Element | None:
    """Each input that could not be read, with its place and what to do."""
    lines = [prose(f"{problem_place(item)}{item.message} {item.hint or ''}", "span", of="error") for item in items]
    return section("Could not be read", listed(lines))


def notes(items: Sequence[str]) -> Element | None:
    """Sentences about the input as a whole."""
    return section("About the input", listed(prose(note, "span") for note in dict.fromkeys(items)))
