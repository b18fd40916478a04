"""The one place where errors become messages and exit codes."""

import gc
import os
import sys

import click

from skewguard import __version__
from skewguard.cli import telling
from skewguard.cli.commands import program
from skewguard.language.errors import ExitCode, SkewguardError, UsageError


def main() -> None:
    """Run the command line and leave the process with its exit code.

    Everything a command makes lives until its end and next to nothing is in cycles, so looking for garbage, also at
    the exit, would cost a third of the time of a large check and free nothing.
    """
    gc.disable()
    code = run(sys.argv[1:])
    gc.freeze()
    sys.exit(code)


def run(arguments: list[str]) -> int:
    """Run one command and give its exit code; every error is told on stderr, none escapes."""
    _open_streams()
    try:
        code = program.main(args=arguments, prog_name=_name(), standalone_mode=False)
        sys.stdout.flush()
    except SkewguardError as error:
        telling.tell(error)
        return error.exit_code
    except click.exceptions.Abort as error:
        telling.interrupted(error.__cause__)
        return ExitCode.INTERRUPTED
    except KeyboardInterrupt as error:
        telling.interrupted(error)
        return ExitCode.INTERRUPTED
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.ClickException as error:
        _tell_usage(error)
        return ExitCode.UNREADABLE
    except BrokenPipeError:
        from skewguard.cli import output

        output.silence_stdout()
        return ExitCode.OK
    except Exception as error:  # noqa: BLE001  # the boundary: a defect is reported, not thrown at the user
        if isinstance(error, FileNotFoundError) and _is_nowhere():
            hint = "change to a folder that is there"
            telling.tell(UsageError("the working folder does not exist any more", hint=hint))
            return ExitCode.UNREADABLE
        _tell_defect(error)
        return ExitCode.INTERNAL
    return int(code or 0)


def _open_streams() -> None:
    """Make the three streams usable: one that the caller closed leads nowhere, and no character is refused.

    A closed one must be taken, or the first file that is opened gets its number, and what is printed.
    """
    for name, flags, mode in (("stdin", os.O_RDONLY, "r"), ("stdout", os.O_WRONLY, "w"), ("stderr", os.O_WRONLY, "w")):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, flags), mode, encoding="utf-8"))
        elif mode == "w" and (stream.encoding or "utf-8").lower() != "utf-8":  # a stream in memory has none
            stream.reconfigure(errors="backslashreplace")  # a terminal of another character set


def _is_nowhere() -> bool:
    """Whether somebody removed the working folder."""
    from pathlib import Path

    try:
        Path.cwd()
    except FileNotFoundError:
        return True
    return False


def _name() -> str:
    return "kubectl skew" if os.path.basename(sys.argv[0]).startswith("kubectl-skew") else "skewguard"


def _tell_usage(error: click.ClickException) -> None:
    from io import StringIO

    from skewguard.report.characters import visible_lines

    said = StringIO()
    error.show(said)
    telling.say(visible_lines(said.getvalue()), nl=False)


def _tell_defect(error: Exception) -> None:
    """A report that can be pasted into an issue. Locals are not shown: they may hold what the input holds."""
    import platform
    import traceback

    frames = traceback.extract_tb(error.__traceback__)
    places = [
        f"  {frame.filename.rpartition('skewguard')[2].lstrip('/')}:{frame.lineno} {frame.name}" for frame in frames
    ]
    telling.say(
        "\n".join(
            [
                "error: skewguard failed; this is a defect, please report it with the lines below",
                f"  skewguard {__version__}, Python {platform.python_version()}, {platform.system()}",
                f"  {type(error).__name__}",
                *places[-8:],
            ]
        )
    )
