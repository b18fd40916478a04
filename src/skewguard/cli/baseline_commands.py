"""The verbs of `baseline`. Like `commands`: heavy rooms are imported inside them."""

import os
from collections.abc import Mapping
from typing import Any

import click

from skewguard.cli import load_options, options


@click.group()
def baseline() -> None:
    """Record how an engine performs, and compare it with how it did.

    A baseline is bound to what it was measured on: every setting, the image, the GPUs, the number of replicas. One whose
    instrument was the bottleneck is kept and shown, and never compared with.
    """


@baseline.command()
@click.argument("workload", required=False, metavar="[WORKLOAD]")
@load_options.LOAD
@load_options.RECORDING
@click.option(
    "--from",
    "from_",
    type=click.Choice(["load", "traffic"]),
    default="load",
    help="Send a load, or send nothing and read what the engine's own counters say of its users' traffic. Default: load.",
)
@click.option(
    "--window",
    type=options.Duration(),
    metavar="DURATION",
    help="How long traffic is watched (--from traffic). Default: 15m.",
)
@options.STORE
@load_options.NO_STORE
@options.CONTRACT
@options.ENGINES
@options.MODEL_CONFIG
@options.TABLES
@options.COLOR
@options.VERBOSE
@options.CLUSTER_NAMESPACE
@options.OUTPUT
def record(
    workload: str | None,
    load: dict[str, Any],
    recording: dict[str, Any],
    from_: str,
    window: float | None,
    store: str | None,
    no_store: bool,
    contracts: tuple[str, ...],
    reach: dict[str, Any],
    model_configs: tuple[str, ...],
    tables: str | None,
    color: bool | None,
    verbose: bool,
    namespace: str | None,
    outputs: tuple[str, ...],
) -> int:
    """Measure an engine at a known load, and keep the result.

    WORKLOAD is kind/name, as for kubectl. The load goes to --endpoint, or inside the cluster to the workload's own
    Service; never through the API server. What was not said of the load is taken from `performance.load` of the contract.
    An engine that has traffic of its users gets none without --on-live; --from traffic measures it without sending any.

    \b
        skewguard baseline record --endpoint http://localhost:8000 --rate 4
        skewguard baseline record deploy/chat -n prod --endpoint https://chat.example.com --slo ttft.p95=2s
        skewguard baseline record deploy/chat -n prod --from traffic --window 15m
        skewguard baseline record --endpoint http://chat:8000 --stages 2:1m,4:1m,8:1m -o table -o json=chat.json
    """
    from skewguard import api
    from skewguard.cli import output, progress

    wanted = output.parse(outputs, "baseline record")
    with progress.measuring(recording["endpoint"] or workload or "") as telling:
        result = api.record_baseline(
            workload,
            load=load,
            traffic=from_ == "traffic",
            window=window,
            store=store,
            keep=not no_store,
            contracts=contracts,
            model_configs=model_configs,
            tables=tables,
            namespace=namespace,
            environ=os.environ,
            telling=telling,
            **recording,
            **reach,
        )
    return output.emit(result, wanted, verbose=verbose, color=color, told=True)


@baseline.command()
@click.argument("a", metavar="A")
@click.argument("b", required=False, metavar="[B]")
@click.option(
    "--confidence",
    type=click.FloatRange(0.5, 0.9999),
    default=0.99,
    metavar="SHARE",
    help="How sure a verdict must be. Default: 0.99.",
)
@click.option(
    "--allow-inconclusive",
    is_flag=True,
    help="Exit 0 although nobody can tell; never where the two may not be compared.",
)
@options.STORE
@options.CONTRACT
@options.CLUSTER_NAMESPACE
@click.option("--context", help="Context of the workloads that are named without one.")
@options.COLOR
@options.VERBOSE
@options.OUTPUT
def compare(
    a: str,
    b: str | None,
    confidence: float,
    allow_inconclusive: bool,
    store: str | None,
    contracts: tuple[str, ...],
    namespace: str | None,
    context: str | None,
    color: bool | None,
    verbose: bool,
    outputs: tuple[str, ...],
) -> int:
    """Say whether B is better, the same or worse than A.

    Or that nobody can tell. A and B are ids of the store (the first letters do), files of `-o json`, - for standard input, or workloads
    (kind/name): A its last recording that was verified good, else its last valid one; B its last valid one. Without B: A
    itself against what was recorded before it of the same workload at the same load. Loads that differ are refused, and
    it is said in what. Tolerances are the contract's; noise that `calibrate` learned is taken into account.

    \b
        skewguard baseline compare deploy/chat -n prod
        skewguard baseline compare 01JDK 01JDM
        skewguard baseline compare main.json candidate.json -o table -o junit=performance.xml
    """
    from skewguard import api
    from skewguard.cli import output

    wanted = output.parse(outputs, "baseline compare")
    result = api.compare_baselines(
        a,
        b,
        confidence=confidence,
        allow_inconclusive=allow_inconclusive,
        store=store,
        contracts=contracts,
        namespace=namespace,
        context=context,
        environ=os.environ,
    )
    return output.emit(result, wanted, verbose=verbose, color=color)


@baseline.command()
@click.argument("things", nargs=-1, metavar="[ID...|WORKLOAD]")
@click.option(
    "--runs",
    type=click.IntRange(min=2),
    metavar="N",
    help="Record so many baselines first, one after another, with the options of `record`.",
)
@load_options.LOAD
@load_options.RECORDING
@options.STORE
@load_options.NO_STORE
@options.CONTRACT
@options.ENGINES
@options.MODEL_CONFIG
@options.TABLES
@options.COLOR
@options.VERBOSE
@options.CLUSTER_NAMESPACE
@options.OUTPUT
def calibrate(
    things: tuple[str, ...],
    runs: int | None,
    load: dict[str, Any],
    recording: dict[str, Any],
    store: str | None,
    no_store: bool,
    contracts: tuple[str, ...],
    reach: dict[str, Any],
    model_configs: tuple[str, ...],
    tables: str | None,
    color: bool | None,
    verbose: bool,
    namespace: str | None,
    outputs: tuple[str, ...],
) -> int:
    """Learn how far runs of the same thing lie apart.

    So that noise is never called a regression. From recordings of the store: those that are named, or of a workload the latest that are alike in everything. Or from
    --runs new ones. `compare` finds what was learned by itself.

    \b
        skewguard baseline calibrate deploy/chat -n prod
        skewguard baseline calibrate 01JDK 01JDM 01JDP
        skewguard baseline calibrate --runs 5 --endpoint http://localhost:8000 --rate 4
    """
    from skewguard import api
    from skewguard.cli import output, progress

    wanted = output.parse(outputs, "baseline calibrate")
    with progress.measuring(recording["endpoint"] or " ".join(things)) as telling:
        result = api.calibrate_baseline(
            things,
            runs=runs,
            load=load,
            store=store,
            keep=not no_store,
            contracts=contracts,
            model_configs=model_configs,
            tables=tables,
            namespace=namespace,
            environ=os.environ,
            telling=telling,
            **recording,
            **reach,
        )
    return output.emit(result, wanted, verbose=verbose, color=color, told=True)


@baseline.command(name="list")
@click.argument("workload", required=False, metavar="[WORKLOAD]")
@load_options.LIMIT
@click.option("--all", "every", is_flag=True, help="Invalid and partial ones too.")
@options.STORE
@options.CLUSTER_NAMESPACE
@click.option("--context", help="Context of a workload that is named without one.")
@options.COLOR
@options.VERBOSE
@options.OUTPUT
def list_(
    workload: str | None,
    limit: int,
    every: bool,
    store: str | None,
    namespace: str | None,
    context: str | None,
    color: bool | None,
    verbose: bool,
    outputs: tuple[str, ...],
) -> int:
    """List what was recorded, newest first.

    Of a workload (kind/name), of a URL, or of everything.

    \b
        skewguard baseline list
        skewguard baseline list deploy/chat -n prod --all
        skewguard baseline list -o json | jq -r '.baselines[0].id'
    """
    from skewguard import api
    from skewguard.cli import output

    wanted = output.parse(outputs, "baseline list")
    result = api.list_baselines(
        workload,
        limit=limit,
        every=every,
        store=store,
        namespace=namespace,
        context=context,
        environ=os.environ,
    )
    return output.emit(result, wanted, verbose=verbose, color=color)


@baseline.command()
@click.argument("thing", metavar="ID")
@options.STORE
@options.CLUSTER_NAMESPACE
@click.option("--context", help="Context of a workload that is named without one.")
@options.COLOR
@options.VERBOSE
@options.OUTPUT
def show(
    thing: str,
    store: str | None,
    namespace: str | None,
    context: str | None,
    color: bool | None,
    verbose: bool,
    outputs: tuple[str, ...],
) -> int:
    """Show one recording, valid or not.

    Beside it stands what was recorded before it of the same workload at the same load. ID is an id of the store (its first letters do), a file of `-o json`, - for standard input, or a workload: its last
    valid recording.

    \b
        skewguard baseline show 01JDK
        skewguard baseline show deploy/chat -n prod -o html=chat.html
    """
    from skewguard import api
    from skewguard.cli import output

    return _shown(api.show_baseline, output.parse(outputs, "baseline show"), verbose, color, thing,
                  store=store, namespace=namespace, context=context)  # fmt: skip


@baseline.command()
@click.argument("thing", metavar="ID")
@options.STORE
@options.CLUSTER_NAMESPACE
@click.option("--context", help="Context of a workload that is named without one.")
@options.COLOR
@options.VERBOSE
@options.EXPORT_OUTPUT
def export(
    thing: str,
    store: str | None,
    namespace: str | None,
    context: str | None,
    color: bool | None,
    verbose: bool,
    outputs: tuple[str, ...],
) -> int:
    """Write one recording with a row for each request.

    ID is as for `show`; `compare` reads the JSON again.

    \b
        skewguard baseline export 01JDK > chat.json
        skewguard baseline export deploy/chat -n prod -o html=chat.html
        skewguard baseline export 01JDK -o csv=requests.csv
    """
    from skewguard import api
    from skewguard.cli import output

    return _shown(api.export_baseline, output.parse(outputs or ("json",), "baseline export"), verbose, color, thing,
                  store=store, namespace=namespace, context=context)  # fmt: skip


@baseline.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@options.STORE
@load_options.NO_STORE
@options.COLOR
@options.VERBOSE
@options.OUTPUT
def merge(
    files: tuple[str, ...],
    store: str | None,
    no_store: bool,
    color: bool | None,
    verbose: bool,
    outputs: tuple[str, ...],
) -> int:
    """Put the shares of one load together.

    Several machines sent them. FILEs are those of `record --part K/N -o json=FILE`. Every request counts as if one machine had sent it: quantiles are those of all rows, what counts is the time in which
    all of them sent, and the worst instrument decides whether the whole is valid.

    \b
        skewguard baseline merge part-*.json
        skewguard baseline merge part-*.json --no-store -o json=whole.json
    """
    from skewguard import api
    from skewguard.cli import output

    wanted = output.parse(outputs, "baseline merge")
    result = api.merge_baselines(files, store=store, keep=not no_store, environ=os.environ)
    return output.emit(result, wanted, verbose=verbose, color=color, told=True)


def _shown(
    verb: Any, wanted: "tuple[tuple[str, str | None], ...]", verbose: bool, color: bool | None, what: Any,
    **words: Any,
) -> int:  # fmt: skip
    """Call a verb that reads what was kept, and give its answer."""
    from skewguard.cli import output

    environ: Mapping[str, str] = os.environ
    return output.emit(verb(what, environ=environ, **words), wanted, verbose=verbose, color=color)
