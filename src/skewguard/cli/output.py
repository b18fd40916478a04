"""Where results go: stdout or files, in one or several formats, with a progress line while there is nothing yet."""

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

from skewguard import api, report
from skewguard.language.errors import UsageError
from skewguard.language.results import CheckReport, Report

Wanted = tuple[tuple[str, str | None], ...]
"""Pairs of format and path; a path of None is stdout."""

PROGRESS_AFTER = 200
"""Files from which on a progress line is worth its place."""


def parse(outputs: tuple[str, ...], verb: str) -> Wanted:
    """The formats asked for. Raises `UsageError` for one that does not exist, or two that both go to stdout."""
    if not outputs:
        return (("table", None),)
    wanted = []
    for output in outputs:
        name, marker, path = output.partition("=")
        if name not in report.formats_for(verb):
            raise UsageError(
                f"{verb} has no output format {name!r}", hint=f"choose from {', '.join(report.formats_for(verb))}"
            )
        if marker and not path:
            raise UsageError(f"-o {output} names no file", hint=f"write -o {name}=PATH")
        wanted.append((name, path or None))
    if sum(path is None for _, path in wanted) > 1:
        raise UsageError(
            "only one result can go to stdout", hint="give the others a file, as in -o table -o sarif=skew.sarif"
        )
    return tuple(wanted)


def emit(result: Report, wanted: Wanted, *, verbose: bool, color: bool | None) -> None:
    """Write the result in every wanted format; where stdout carries a machine format, the summary goes to stderr."""
    for name, path in wanted:
        if path is not None:
            api.write_result(path, report.render(result, name, _options(result, False, verbose)))
    for name, path in wanted:
        if path is None:
            print_out(report.render(result, name, _options(result, _colored(color), verbose)))
    printed = [name for name, path in wanted if path is None]
    if isinstance(result, CheckReport) and not any(name in ("table", "wide") for name in printed):
        click.echo(report.summary(result), err=True)


def print_out(text: str) -> None:
    """Print a result. Quiet where the reader went away; raises `UsageError` where the text cannot be written."""
    try:
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
    width = shutil.get_terminal_size((100, 24)).columns
    return report.Options(
        color=color,
        width=max(60, min(width, 140)),
        verbose=verbose,
        lines=api.source_line,
        rules=api.rules() if isinstance(result, CheckReport) else {},
    )


def _colored(asked: bool | None) -> bool:
    if asked is not None:
        return asked
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return sys.stdout.isatty()


@contextmanager
def progress() -> Iterator[Callable[[int], None]]:
    """A callback (files read so far) that counts on stderr while it is a terminal and there is much to read."""
    drawn = False

    def draw(done: int) -> None:
        nonlocal drawn
        if done >= PROGRESS_AFTER and done % 25 == 0:
            drawn = True
            click.echo(f"\rreading: {done} files", err=True, nl=False)

    if not sys.stderr.isatty():
        yield lambda _done: None
        return
    yield draw
    if drawn:
        click.echo("\r\033[K", err=True, nl=False)
