"""The one place where errors become messages and exit codes."""

import gc
import os
import sys

import click

from skewguard import __version__
from skewguard.cli import telling
from skewguard.cli.commands import program
from skewguard.language.errors import ExitCode, SkewguardError


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
    if sys.stdout is None:  # closed by the caller, who wants the exit code alone
        sys.stdout = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w", encoding="utf-8")
    try:
        code = program.main(args=arguments, prog_name=_name(), standalone_mode=False)
        sys.stdout.flush()
    except SkewguardError as error:
        telling.tell(error)
        return error.exit_code
    except click.exceptions.Abort:
        click.echo("interrupted", err=True)
        return ExitCode.INTERRUPTED
    except KeyboardInterrupt:
        click.echo("interrupted", err=True)
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
        _tell_defect(error)
        return ExitCode.INTERNAL
    return int(code or 0)


def _name() -> str:
    return "kubectl skew" if os.path.basename(sys.argv[0]).startswith("kubectl-skew") else "skewguard"


def _tell_usage(error: click.ClickException) -> None:
    from io import StringIO

    from skewguard.report.characters import visible_lines

    said = StringIO()
    error.show(said)
    click.echo(visible_lines(said.getvalue()), err=True, nl=False)


def _tell_defect(error: Exception) -> None:
    """A report that can be pasted into an issue. Locals are not shown: they may hold what the input holds."""
    import platform
    import traceback

    frames = traceback.extract_tb(error.__traceback__)
    places = [
        f"  {frame.filename.rpartition('skewguard')[2].lstrip('/')}:{frame.lineno} {frame.name}" for frame in frames
    ]
    click.echo(
        "\n".join(
            [
                "error: skewguard failed; this is a defect, please report it with the lines below",
                f"  skewguard {__version__}, Python {platform.python_version()}, {platform.system()}",
                f"  {type(error).__name__}",
                *places[-8:],
            ]
        ),
        err=True,
    )
