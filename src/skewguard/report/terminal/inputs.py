"""What a person must know about the input itself: what is not in it, and what could not be read."""

from collections.abc import Sequence

from skewguard.language.results import InitReport, InputProblem, RestingPass
from skewguard.language.workloads import Missing
from skewguard.report import words
from skewguard.report.options import View
from skewguard.report.terminal.page import Page


def remarks(report: InitReport, view: View) -> str:
    """What is to be said beside the contracts: where they were written, what could not be read or seen."""
    page = Page(view.width, color=view.color)
    for contract in report.contracts:
        if contract.path is not None:
            page.line(f"wrote {contract.path}")
    missing_lines(page, report.missing)
    problem_lines(page, report.errors)
    notes_lines(page, report.notes)
    return page.text()


def missing_lines(page: Page, missing: Sequence[Missing]) -> None:
    """One entry for each ConfigMap, Secret or file that is not in the input: name, what it hides, how to supply it."""
    if not missing:
        return
    page.blank()
    page.line(("Not in the input", "strong"))
    for item in dict.fromkeys(missing):
        place = words.place(item.origin)
        text = f"{item.ref} ({place}) is missing: it hides {item.hides}. To supply it: {item.supply}"
        page.prose(text, indent=2, hang=2)


def resting_lines(page: Page, passes: Sequence[RestingPass]) -> None:
    """Passes that hold only if sources which could not be seen say nothing else: each with these sources."""
    if not passes:
        return
    page.blank()
    page.line(("Passes that rest on what could not be seen", "strong"))
    for item in dict.fromkeys(passes):
        about = f" of {item.setting}" if item.setting else ""
        text = f"{item.check}{about}, {words.subject(item.subject)}: rests on {', '.join(dict.fromkeys(item.on))}"
        page.prose(text, indent=2, hang=2)


def problem_lines(page: Page, problems: Sequence[InputProblem]) -> None:
    """Inputs that could not be read, each with its place and what to do."""
    if not problems:
        return
    page.blank()
    page.line(("Could not be read", "strong"))
    for problem in problems:
        page.prose(f"{problem_place(problem)}{problem.message}", indent=2, label=("error  ", "error"))
        if problem.hint:
            page.prose(problem.hint, indent=9)


def notes_lines(page: Page, notes: Sequence[str]) -> None:
    """Sentences about the input as a whole."""
    if notes:
        page.blank()
    for note in dict.fromkeys(notes):
        page.prose(note, label=("note: ", "note"))


def problem_place(problem: InputProblem) -> str:
    """`deploy.yaml:3:5: `, as far as it is known."""
    if problem.file is None or (problem.line is None and problem.message.startswith(problem.file)):
        return ""  # the message names the file itself
    numbers = [str(number) for number in (problem.line, problem.column) if number is not None]
    return ":".join([problem.file, *numbers]) + ": "
