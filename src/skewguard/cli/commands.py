"""The verbs. Heavy rooms are imported inside them, so that `--help` costs no more than click."""

import os
from typing import TYPE_CHECKING, Any

import click

from skewguard import __version__
from skewguard.cli import baseline_commands, import_command, live_commands, options, retire_command
from skewguard.cli.things import TakesCommandLine, tell_misplaced

if TYPE_CHECKING:
    from collections.abc import Callable

    from skewguard.language.results import CheckReport, Report


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes, the first that applies: 130 interrupted, 1 failed or different, 4 internal error, "
    "2 unreadable input or bad usage, 3 undecided, 0 fine.",
)
@click.version_option(__version__, prog_name="skewguard")
def program() -> None:
    """Keep the model you serve the model you validated.

    skewguard resolves what an LLM inference server really runs with, from manifests and from what is running, and
    compares it with what was promised.
    """


program.add_command(live_commands.verify)
program.add_command(live_commands.discover)
baseline_commands.baseline.add_command(import_command.import_)
baseline_commands.baseline.add_command(retire_command.retire)
program.add_command(baseline_commands.baseline)


@program.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@options.CONTRACT
@options.FAIL_ON
@options.ALLOW_UNKNOWN
@options.MODEL_CONFIG
@options.GPU
@options.SANITY
@click.option(
    "--listen",
    metavar="[HOST:]PORT",
    help="Serve the gate over HTTP: / answers 200 or a failure, /result always 200 with the exit code in its JSON.",
)
@options.TABLES
@options.shared
def check(
    files: tuple[str, ...],
    contracts: tuple[str, ...],
    fail_on: str | None,
    allow_unknown: bool,
    model_configs: tuple[str, ...],
    gpu: str | None,
    sanity: dict[str, Any],
    listen: str | None,
    tables: str | None,
    outputs: tuple[str, ...],
    namespace: str | None,
    verbose: bool,
    color: bool | None,
) -> int:
    """Check rendered manifests: files, folders, globs, or - for stdin.

    Against contracts (found in .skewguard/ above the working folder, or given); without one: pins, arguments, limits,
    hardware, scaling and serving. With --endpoint as one gate: the engine that was rolled out is asked what it is, and gets
    a small load for some seconds, which is held to the contract's `performance.slo`.

    \b
        skewguard check deploy.yaml
        helm template ./chart | skewguard check - -o table -o sarif=skew.sarif
        skewguard check deploy.yaml --endpoint http://chat-canary:8000
    """
    from skewguard import api
    from skewguard.cli import output, progress

    wanted = output.parse(outputs, "check")
    said = api.sanity(**sanity)

    def checked(counted: Any = None, *, list_passed: bool = True) -> "CheckReport":
        return api.check(
            files,
            contracts=contracts,
            fail_on=fail_on,
            allow_unknown=allow_unknown,
            namespace=namespace,
            environ=os.environ,
            progress=counted,
            list_passed=list_passed,
            model_configs=model_configs,
            gpu=gpu,
            tables=tables,
            sanity=said,
        )

    if listen is not None:
        return _serve_gate(listen, checked, files, outputs, sanity["endpoint"])
    with progress.files() as counted:
        result = checked(counted, list_passed=output.lists_passed(wanted))
    return output.emit(result, wanted, verbose=verbose, color=color)


def _serve_gate(
    place: str,
    checked: "Callable[[], CheckReport]",
    files: tuple[str, ...],
    outputs: tuple[str, ...],
    endpoint: str | None,
) -> int:
    """Serve the check. Raises `UsageError` for what a service cannot have."""
    from skewguard.cli import gate_service
    from skewguard.language.errors import UsageError

    if endpoint is None:
        raise UsageError("--listen serves the gate of a rollout, which asks an endpoint", hint="add --endpoint URL")
    if "-" in files:
        raise UsageError("standard input can be read once, and a service reads its manifests again and again")
    if outputs:
        raise UsageError("a service answers with JSON and writes no results", hint="leave -o out")
    return gate_service.serve(place, checked)


@program.command(cls=TakesCommandLine)
@click.argument("thing", nargs=-1, required=True, metavar="THING")
@options.ENGINES
@options.MODEL_CONFIG
@options.GPU
@options.TABLES
@options.shared
def settings(
    thing: tuple[str, ...],
    model_configs: tuple[str, ...],
    gpu: str | None,
    tables: str | None,
    outputs: tuple[str, ...],
    namespace: str | None,
    reach: dict[str, Any],
    verbose: bool,
    color: bool | None,
) -> int:
    """Show effective settings with their origins.

    THING is a manifest, a command line, a workload of a cluster (kind/name), or the URL of an engine.

    \b
        skewguard settings deploy.yaml
        skewguard settings deploy/chat -n prod
        skewguard settings http://localhost:8000
        skewguard settings -o json 'vllm==0.11.0 -- serve Qwen/Qwen3-8B --max-model-len 32k'
    """
    from skewguard import api
    from skewguard.cli import output

    wanted = output.parse(outputs, "settings")
    found = api.settings(
        thing, namespace=namespace, model_configs=model_configs, gpu=gpu, tables=tables, environ=os.environ, **reach
    )
    code = _answer(found, wanted, verbose, color)
    tell_misplaced(thing)
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
@options.ENGINES
@options.MODEL_CONFIG
@options.GPU
@options.TABLES
@options.shared
def diff(
    a: str,
    b: str | None,
    engines: tuple[str, ...],
    model_configs: tuple[str, ...],
    gpu: str | None,
    tables: str | None,
    outputs: tuple[str, ...],
    namespace: str | None,
    reach: dict[str, Any],
    verbose: bool,
    color: bool | None,
) -> int:
    """Show which effective settings of two things differ, and why.

    \b
        skewguard diff staging.yaml production.yaml
        skewguard diff deploy.yaml deploy/chat -n prod
        skewguard diff staging:chat/deploy/chat production:chat/deploy/chat
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
        **reach,
    )
    return _answer(result, wanted, verbose, color)


@program.command()
@click.argument("name")
@options.TABLES
@options.OUTPUT
@options.VERBOSE
@options.COLOR
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


@program.command(cls=TakesCommandLine)
@click.argument("thing", nargs=-1, required=True, metavar="THING")
@click.option("--write", is_flag=True, help="Write new files .skewguard/NAME.yaml instead of stdout.")
@options.ENGINES
@options.MODEL_CONFIG
@options.GPU
@options.TABLES
@options.NAMESPACE
def init(
    thing: tuple[str, ...],
    write: bool,
    model_configs: tuple[str, ...],
    gpu: str | None,
    tables: str | None,
    namespace: str | None,
    reach: dict[str, Any],
) -> int:
    """Write a contract from a manifest or from what runs: everything pinned that can be.

    \b
        skewguard init deploy.yaml
        skewguard init deploy/chat -n prod --write
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
        **reach,
    )
    output.print_out(contract.text for contract in result.contracts if contract.path is None)
    output.remark(result)
    tell_misplaced(thing)
    return result.exit_code


def _answer(result: "Report", wanted: "tuple[tuple[str, str | None], ...]", verbose: bool, color: bool | None) -> int:
    from skewguard.cli import output

    return output.emit(result, wanted, verbose=verbose, color=color)
