"""Errors in words, on the error stream."""

import click

from skewguard.language.errors import SkewguardError


def tell(error: SkewguardError) -> None:
    """Say what is wrong, where, and what to do about it."""
    from skewguard.report.characters import visible_lines

    place = error.file or ""
    if error.file and error.line:
        place += f":{error.line}" + (f":{error.column}" if error.column else "")
    named = error.file is not None and error.message.startswith(error.file)  # the message says which file
    at = f"{place}: " if place and not (named and error.line is None) else ""
    click.echo(visible_lines(f"error: {at}{error.message}"), err=True)
    if error.hint:
        click.echo(visible_lines(f"  hint: {error.hint}"), err=True)
