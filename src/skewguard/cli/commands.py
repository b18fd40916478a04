"""The verbs. Heavy rooms are imported inside them, so that `--help` costs no more than click."""

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from skewguard import __version__

if TYPE_CHECKING:
    from skewguard.language.results import Report

F = TypeVar("F", bound=Callable[..., Any])

_OUTPUT = click.option(
    "-o",
    "--output",
    "outputs",
    multiple=True,
    metavar="FORMAT[=PATH]",
    help="Result format, to stdout or to PATH. Repeatable. Default: table.",
)


def _bare(_context: click.Context, _option: click.Parameter, value: str | None) -> str | None:
    """`-n=prod` is what kubectl takes too; click leaves the equals sign to the value."""
    return value.removeprefix("=") or None if value is not None else None


_NAMESPACE = click.option("-n", "--namespace", callback=_bare, help="Namespace of objects that name none.")
_VERBOSE = click.option("-v", "--verbose", is_flag=True, help="Show notes, waived findings and gaps too.")
_COLOR = click.option("--color/--no-color", default=None, help="Colours; default: when stdout is a terminal.")

_MODEL_CONFIG = click.option(
    "--model-config",
    "model_configs",
    multiple=True,
    metavar="[MODEL=]DIR",
    help="Checkpoint folder (or config.json) of the model, for what the engine takes from it. Repeatable with MODEL=.",
)
_GPU = click.option("--gpu", metavar="CLASS", help="GPU class where the manifest names none, such as H100; or cpu.")

_TABLES = click.option(
    "--tables",
    metavar="DIR",
    help="Folder of engine tables newer than the package's. Default: SKEWGUARD_TABLES, then the project's.",
)


def _shared(command: F) -> F:
    for option in (_COLOR, _VERBOSE, _NAMESPACE, _OUTPUT):
        command = option(command)
    return command


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes, the first that applies: 130 interrupted, 1 failed or different, 4 internal error, "
    "2 unreadable input or bad usage, 3 undecided, 0 fine.",
)
@click.version_option(__version__, prog_name="skewguard")
def program() -> None:
    """Keep the model you serve the model you validated.

    skewguard resolves what an LLM inference server will really run with, from manifests, and compares it with what
    was promised.
    """


@program.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--contract", "contracts", multiple=True, metavar="FILE|DIR", help="Contracts to hold the input to.")
@click.option(
    "--fail-on",
    type=click.Choice(["error", "warning", "note", "never"]),
    help="Lowest severity that gives exit code 1. Default: error.",
)
@click.option("--allow-unknown", is_flag=True, help="Exit 0 although a contract clause cannot be decided.")
@_MODEL_CONFIG
@_GPU
@_TABLES
@_shared
def check(
    files: tuple[str, ...],
    contracts: tuple[str, ...],
    fail_on: str | None,
    allow_unknown: bool,
    model_configs: tuple[str, ...],
    gpu: str | None,
    tables: str | None,
    outputs: tuple[str, ...],
    namespace: str | None,
    verbose: bool,
    color: bool | None,
) -> int:
    """Check rendered manifests: files, folders, globs, or - for stdin.

    Against contracts (found in .skewguard/ above the working folder, or given); without one: pins, arguments, limits,
    hardware, scaling and serving.

    \b
        skewguard check deploy.yaml
        helm template ./chart | skewguard check - -o table -o sarif=skew.sarif
    """
    from skewguard import api
    from skewguard.cli import output

    wanted = output.parse(outputs, "check")
    with output.progress() as progress:
        result = api.check(
            files,
            contracts=contracts,
            fail_on=fail_on,
            allow_unknown=allow_unknown,
            namespace=namespace,
            environ=os.environ,
            progress=progress,
            list_passed=output.lists_passed(wanted),
            model_configs=model_configs,
            gpu=gpu,
            tables=tables,
        )
    return output.emit(result, wanted, verbose=verbose, color=color)


class _TakesCommandLine(click.Command):
    """A verb whose THING may be a command line, unquoted: `vllm==0.11.0 -- serve m --max-model-len 32k`.

    click drops the `--` that ends its own options, and THING needs it. So it is given twice, where it stands behind
    THING's first word (and not behind an option's value).
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        at = args.index("--") if "--" in args else 0
        if self._begins_thing(args[:at]):
            args = [*args[:at], "--", *args[at:]]
        return super().parse_args(ctx, args)

    def _begins_thing(self, words: list[str]) -> bool:
        """Whether a word of THING is among them, and not only options with their values."""
        takes_value = {name for option in self.params if not getattr(option, "is_flag", True) for name in option.opts}
        return any(
            not word.startswith("-") and before not in takes_value
            for before, word in zip(["", *words], words, strict=False)
        )


@program.command(cls=_TakesCommandLine)
@click.argument("thing", nargs=-1, required=True, metavar="THING")
@_MODEL_CONFIG
@_GPU
@_TABLES
@_shared
def settings(
    thing: tuple[str, ...],
    model_configs: tuple[str, ...],
    gpu: str | None,
    tables: str | None,
    outputs: tuple[str, ...],
    namespace: str | None,
    verbose: bool,
    color: bool | None,
) -> int:
    """Show effective settings with their origins.

    THING is a manifest, or a command line.

    \b
        skewguard settings deploy.yaml
        skewguard settings -o json 'vllm==0.11.0 -- serve Qwen/Qwen3-8B --max-model-len 32k'
    """
    from skewguard import api
    from skewguard.cli import output

    wanted = output.parse(outputs, "settings")
    found = api.settings(
        thing, namespace=namespace, model_configs=model_configs, gpu=gpu, tables=tables, environ=os.environ
    )
    code = _answer(found, wanted, verbose, color)
    _tell_misplaced(thing)
    return code


@program.command()
@click.argument("a", metavar="A")
@click.argument("b", required=False, metavar="B")
@click.option(
    "--engine",
    "engines",
    multiple=True,
    metavar="NAME==VERSION",
    help="Compare A with itself under two engine versions: give the option twice.",
)
@_MODEL_CONFIG
@_GPU
@_TABLES
@_shared
def diff(
    a: str,
    b: str | None,
    engines: tuple[str, ...],
    model_configs: tuple[str, ...],
    gpu: str | None,
    tables: str | None,
    outputs: tuple[str, ...],
    namespace: str | None,
    verbose: bool,
    color: bool | None,
) -> int:
    """Show which effective settings of two things differ, and why.

    \b
        skewguard diff staging.yaml production.yaml
        skewguard diff deploy.yaml --engine vllm==0.10.2 --engine vllm==0.11.0
    """
    from skewguard import api
    from skewguard.cli import output

    wanted = output.parse(outputs, "diff")
    result = api.diff(
        a,
        b,
        engines=engines,
        namespace=namespace,
        model_configs=model_configs,
        gpu=gpu,
        tables=tables,
        environ=os.environ,
    )
    return _answer(result, wanted, verbose, color)


@program.command()
@click.argument("name")
@_TABLES
@_OUTPUT
@_VERBOSE
@_COLOR
def explain(name: str, tables: str | None, outputs: tuple[str, ...], verbose: bool, color: bool | None) -> int:
    """Explain a setting, a check, a flag, a variable or an engine version.

    \b
        skewguard explain limits.max_num_seqs
        skewguard explain pin.image-tag
        skewguard explain vllm/max-num-seqs
        skewguard explain vllm.env.VLLM_USE_V1
        skewguard explain vllm==0.11.0
    """
    from skewguard import api
    from skewguard.cli import output

    wanted = output.parse(outputs, "explain")
    return _answer(api.explain(name, tables=tables, environ=os.environ), wanted, verbose, color)


@program.command(cls=_TakesCommandLine)
@click.argument("thing", nargs=-1, required=True, metavar="THING")
@click.option("--write", is_flag=True, help="Write new files .skewguard/NAME.yaml instead of stdout.")
@_MODEL_CONFIG
@_GPU
@_TABLES
@_NAMESPACE
def init(
    thing: tuple[str, ...],
    write: bool,
    model_configs: tuple[str, ...],
    gpu: str | None,
    tables: str | None,
    namespace: str | None,
) -> int:
    """Write a contract from a manifest: everything pinned that can be.

    \b
        skewguard init deploy.yaml
        skewguard init deploy.yaml --write
    """
    from skewguard import api
    from skewguard.cli import output

    result = api.init(
        thing,
        namespace=namespace,
        write=write,
        model_configs=model_configs,
        gpu=gpu,
        tables=tables,
        environ=os.environ,
    )
    output.print_out("".join(contract.text for contract in result.contracts if contract.path is None))
    output.remark(result)
    _tell_misplaced(thing)
    return result.exit_code


def _tell_misplaced(thing: tuple[str, ...]) -> None:
    """Say that options come first, where one of ours stands behind the `--` and the engine does not know it."""
    from skewguard import api

    command = click.get_current_context().command
    options = [name for option in command.params for name in (*option.opts, *option.secondary_opts)]
    lost = api.misplaced_options(thing, [name for name in options if name.startswith("-")])
    if lost:
        from skewguard.cli import telling
        from skewguard.report.characters import visible

        example = visible(f"skewguard {command.name} {lost[0]} … {thing[0].split(' ')[0]} -- …")
        telling.say(
            f"note: {', '.join(lost)} stands behind `--`, where every word is the engine's; for skewguard it must come "
            f"first: `{example}`"
        )


def _answer(result: "Report", wanted: "tuple[tuple[str, str | None], ...]", verbose: bool, color: bool | None) -> int:
    from skewguard.cli import output

    return output.emit(result, wanted, verbose=verbose, color=color)
