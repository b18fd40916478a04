"""`baseline import`. Like `commands`: heavy rooms are imported inside it."""

import os
from typing import Any

import click

from skewguard.cli import load_options, options


@click.command("import")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--as", "as_", metavar="[NAMESPACE/]KIND/NAME", help="Workload whose performance it is.")
@load_options.SAID
@options.STORE
@load_options.NO_STORE
@options.NAMESPACE
@options.COLOR
@options.VERBOSE
@options.OUTPUT
def import_(
    files: tuple[str, ...],
    as_: str | None,
    said: dict[str, Any],
    store: str | None,
    no_store: bool,
    namespace: str | None,
    color: bool | None,
    verbose: bool,
    outputs: tuple[str, ...],
) -> int:
    """Keep what other load tools measured.

    FILEs are results of vllm bench serve, GuideLLM, AIPerf, inference-perf or llm-d-benchmark, or folders of them: each is
    told by what it holds. So are files of `baseline record -o json`, such as one that a store could not take. What a report does not tell is a gap, never 0. Without --as they are kept under the endpoint or
    the model that the report names.

    A report that does not tell how its requests arrived, or which API was asked, matches no other one: who knows it says it
    with --profile, --rate, --concurrency and --api. What a report does tell stands.

    \b
        skewguard baseline import benchmarks.json --as prod/deployment/chat
        skewguard baseline import stage_0_lifecycle_metrics.json --profile poisson --api chat --as deploy/chat
        skewguard baseline import reports-20260301/ --no-store
    """
    from skewguard import api
    from skewguard.cli import output

    wanted = output.parse(outputs, "baseline import")
    result = api.import_baselines(
        files, as_=as_, said=said, namespace=namespace, store=store, keep=not no_store, environ=os.environ
    )
    return output.emit(result, wanted, verbose=verbose, color=color, told=True)
