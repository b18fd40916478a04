"""Errors in words, on the error stream."""

from contextlib import suppress

import click

from skewguard.language.errors import SkewguardError


def say(text: str, *, nl: bool = True) -> None:
    """Write to the error stream; where nobody listens there is nobody to tell, and the exit code still counts."""
    with suppress(OSError):
        click.echo(text, err=True, nl=nl)


def tell(error: SkewguardError) -> None:
    """Say what is wrong, where, and what to do about it; what was typed may hold a secret, and is not repeated."""
    from skewguard.language import redact
    from skewguard.report.characters import visible_lines

    place = error.file or ""
    if error.file and error.line:
        place += f":{error.line}" + (f":{error.column}" if error.column else "")
    named = error.file is not None and error.message.startswith(error.file)  # the message says which file
    at = f"{place}: " if place and not (named and error.line is None) else ""
    say(visible_lines(f"error: {at}{redact.free_text(error.message)}"))
    if error.hint:
        say(visible_lines(f"  hint: {redact.free_text(error.hint)}"))


def interrupted(error: BaseException | None) -> None:
    """Say that a user ended it, and at what, where somebody noted that."""
    from skewguard.report.characters import visible

    notes = "".join(f" while {visible(note)}" for note in getattr(error, "__notes__", ()))
    say(f"interrupted{notes}")
