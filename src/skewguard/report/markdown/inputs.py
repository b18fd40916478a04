"""What a reader must know about the input itself, in Markdown: what is not in it, and what could not be read."""

from collections.abc import Iterator, Sequence

from skewguard.language.results import InputProblem
from skewguard.language.workloads import Missing
from skewguard.report import words
from skewguard.report.markdown.page import code, text
from skewguard.report.terminal.inputs import problem_place


def missing(items: Sequence[Missing]) -> Iterator[str]:
    """One list: each ConfigMap, Secret or file that is not in the input, what it hides, how to supply it."""
    lines = [
        f"- {text(item.ref)} ({code(words.place(item.origin))}) hides {text(item.hides)}. "
        f"To supply it: {text(item.supply)}"
        for item in dict.fromkeys(items)
    ]
    if lines:
        yield "**Not in the input**\n\n" + "\n".join(lines)


def problems(items: Sequence[InputProblem]) -> Iterator[str]:
    """One list: each input that could not be read, with its place and what to do."""
    lines = []
    for item in items:
        hint = f" {text(item.hint)}" if item.hint else ""
        lines.append(f"- {code(problem_place(item).removesuffix(': '))} {text(item.message)}{hint}")
    if lines:
        yield "**Could not be read**\n\n" + "\n".join(lines)


def notes(items: Sequence[str]) -> Iterator[str]:
    """One list of sentences about the input as a whole."""
    lines = [f"- {text(note)}" for note in dict.fromkeys(items)]
    if lines:
        yield "\n".join(lines)
