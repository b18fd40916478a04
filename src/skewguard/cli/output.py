"""Where results go: stdout or files, in one or several formats."""

import os
import shutil
import sys
from collections.abc import Iterable
from typing import TextIO

import click

from skewguard import api, report
from skewguard.cli import telling
from skewguard.language.errors import ExitCode, UsageError
from skewguard.language.results import CheckReport, InitReport, Report

Wanted = tuple[tuple[str, str | None], ...]
"""Pairs of format and path; a path of None is stdout."""


def parse(outputs: tuple[str, ...], verb: str) -> Wanted:
    """The formats asked for. Raises `UsageError` for what cannot be meant, before anything is read."""
    wanted = tuple(_wanted(output.removeprefix("="), verb) for output in outputs) or (("table", None),)
    paths = [path for _, path in wanted]
    if paths.count(None) > 1:
        raise UsageError(
            "only one result can go to stdout", hint="give the others a file, as in -o table -o sarif=skew.sarif"
        )
    _distinct([path for path in paths if path is not None])
    return wanted


def _distinct(paths: list[str]) -> None:
    """Raises `UsageError` for a folder, for a file in one that is not there, and for two results in one file."""
    if not paths:
        return
    from pathlib import Path  # lazily: most results go to stdout

    places = [Path(path).absolute() for path in paths]
    for path, place in zip(paths, places, strict=True):
        if place.is_dir():
            raise UsageError(f"{path} is a folder, and a result is one file", hint="name a file in it")
        api.refuse_without_folder(path)
        if places.count(place) > 1 and place.parent != Path("/dev"):
            raise UsageError(f"two results would go to {path}, and the second would replace the first")


def _wanted(output: str, verb: str) -> tuple[str, str | None]:
    """One `FORMAT[=PATH]`; `-` is stdout, as elsewhere."""
    name, marker, path = output.partition("=")
    if name not in report.formats_for(verb):
        raise UsageError(
            f"{verb} has no output format {name!r}", hint=f"choose from {', '.join(report.formats_for(verb))}"
        )
    if marker and not path:
        raise UsageError(f"-o {output} names no file", hint=f"write -o {name}=PATH")
    return name, None if path in ("", "-") else path


def lists_passed(wanted: Wanted) -> bool:
    """Whether a wanted format lists the checks that passed, each by itself."""
    return any(report.FORMATS[name].lists_passed for name, _ in wanted)


def emit(result: Report, wanted: Wanted, *, verbose: bool, color: bool | None, told: bool = False) -> int:
    """Give the result in every wanted format, and the exit code of the whole.

    What cannot be written is told, and neither keeps the other formats back nor hides what was found. Where stdout
    carries nothing for people, the summary of a check goes to stderr, and with `told` that of what was kept.
    """
    failed = False
    for name, path in sorted(wanted, key=lambda each: each[1] is None):
        try:
            if path is not None:
                api.write_result(path, report.render(result, name, _options(result, False, verbose)))
            else:
                print_out(report.rendered(result, name, _options(result, _colored(color), verbose)))
        except UsageError as error:
            failed = True
            telling.tell(error)
    printed = [name for name, path in wanted if path is None]
    if not any(name in ("table", "wide") for name in printed):
        if isinstance(result, CheckReport):
            telling.say(report.summary(result))
        elif told and (said := report.kept(result)):
            telling.say(said)
    return ExitCode.first([ExitCode(result.exit_code), *([ExitCode.UNREADABLE] if failed else [])])


def remark(result: InitReport) -> None:
    """Say on stderr what was written, and what is to be said about the input."""
    telling.say(report.remarks(result, report.Options(color=_colored(None, sys.stderr), width=_width())), nl=False)


def print_out(parts: Iterable[str]) -> None:
    """Print a result. Quiet where the reader went away; raises `UsageError` where the text cannot be written."""
    try:
        for text in parts:
            click.echo(text, nl=False, color=True)
        sys.stdout.flush()
    except BrokenPipeError:
        silence_stdout()  # the reader has seen enough; the exit code still counts
    except OSError as error:
        silence_stdout()
        raise UsageError(f"cannot write to standard output: {error.strerror}") from None


def silence_stdout() -> None:
    """After writing failed for good: keep the interpreter from trying again, and complaining, when it flushes at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _options(result: Report, color: bool, verbose: bool) -> report.Options:
    return report.Options(
        color=color,
        width=_width(),
        verbose=verbose,
        lines=api.source_line,
        rules=api.rules() if isinstance(result, CheckReport) else {},
        blocks=_draws_blocks(sys.stdout),
    )


def _draws_blocks(stream: TextIO) -> bool:
    """Whether the stream's encoding has the characters that small plots are drawn with."""
    try:
        "▁█".encode(stream.encoding or "ascii")
    except (LookupError, UnicodeEncodeError):
        return False
    return True


def _width() -> int:
    return max(40, min(shutil.get_terminal_size((100, 24)).columns, 140))


def _colored(asked: bool | None, stream: TextIO | None = None) -> bool:
    if asked is not None:
        return asked
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return os.environ.get("TERM") != "dumb" and (stream or sys.stdout).isatty()
