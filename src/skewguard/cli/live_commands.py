"""The verbs that look at what runs. Like `commands`: heavy rooms are imported inside them."""

import os
from typing import TYPE_CHECKING, Any

import click

from skewguard.cli import options

if TYPE_CHECKING:
    from skewguard.language.verifications import AccessReport


@click.command()
@click.argument("workloads", nargs=-1, metavar="[WORKLOAD...]")
@options.ALL_NAMESPACES
@options.SELECTOR
@click.option("--endpoint", metavar="URL", help="Ask this engine alone; no Kubernetes is needed.")
@click.option(
    "--as", "as_", metavar="KIND/NAME", help="The workload that the endpoint stands for, to find its contract."
)
@click.option(
    "--check-access", is_flag=True, help="Say what may be read here, and what stays unknown without the rest."
)
@options.ENGINES
@click.option(
    "--fingerprint", is_flag=True, help="Ask each replica for one token, since vLLM tells its fingerprint only so."
)
@click.option(
    "--record-good",
    is_flag=True,
    help="Remember what keeps its contract as verified good, in the store; nothing is written to the cluster.",
)
@options.TERMS
@options.COLOR
@options.VERBOSE
@options.CLUSTER_NAMESPACE
@options.OUTPUT
def verify(
    workloads: tuple[str, ...],
    all_namespaces: bool,
    selector: str | None,
    endpoint: str | None,
    as_: str | None,
    check_access: bool,
    fingerprint: bool,
    record_good: bool,
    reach: dict[str, Any],
    terms: dict[str, Any],
    color: bool | None,
    verbose: bool,
    namespace: str | None,
    outputs: tuple[str, ...],
) -> int:
    """Compare what is running with what was promised: every replica, setting by setting.

    WORKLOAD is kind/name, as for kubectl. Without one: every inference workload of the namespace. Nothing is changed,
    and no engine computes: verify reads the cluster's API, what the engines say of themselves, and the head of their logs.

    \b
        skewguard verify deploy/chat -n prod
        skewguard verify -A -o table -o json=fleet.json
        skewguard verify --endpoint https://chat.example.com --api-key-env CHAT_KEY --as deployment/chat
        skewguard verify --check-access -n prod
        skewguard verify deploy/chat -n prod --record-good
    """
    from skewguard import api
    from skewguard.cli import output, progress

    where: dict[str, Any] = {"namespace": namespace, "all_namespaces": all_namespaces}
    if check_access:
        wanted = output.parse(outputs, "check-access")
        return output.emit(_rights(endpoint, where, reach), wanted, verbose=verbose, color=color)
    wanted = output.parse(outputs, "verify")
    with progress.reading(endpoint or _place(workloads, namespace, all_namespaces)) as count:
        result = api.verify(
            workloads=workloads,
            endpoint=endpoint,
            as_=as_,
            fingerprint=fingerprint,
            record_good=record_good,
            selector=selector,
            environ=os.environ,
            progress=count,
            list_passed=output.lists_passed(wanted),
            **where,
            **reach,
            **terms,
        )
    return output.emit(result, wanted, verbose=verbose, color=color)


@click.command()
@options.ALL_NAMESPACES
@options.SELECTOR
@options.CLUSTER
@options.CONTRACT
@options.TABLES
@options.COLOR
@options.VERBOSE
@options.CLUSTER_NAMESPACE
@options.OUTPUT
def discover(
    all_namespaces: bool,
    selector: str | None,
    reach: dict[str, Any],
    contracts: tuple[str, ...],
    tables: str | None,
    color: bool | None,
    verbose: bool,
    namespace: str | None,
    outputs: tuple[str, ...],
) -> int:
    """List inference workloads: engine, version, model, GPUs, replicas, contract, state.

    It asks the cluster's API alone, and no engine.

    \b
        skewguard discover
        skewguard discover -A -o wide
        skewguard discover -A -o json | jq '.workloads[] | select(.contract == null) | .subject.name'
    """
    from skewguard import api
    from skewguard.cli import output, progress

    wanted = output.parse(outputs, "discover")
    with progress.reading(_place((), namespace, all_namespaces)) as count:
        result = api.discover(
            namespace=namespace,
            all_namespaces=all_namespaces,
            selector=selector,
            contracts=contracts,
            tables=tables,
            environ=os.environ,
            progress=count,
            **reach,
        )
    return output.emit(result, wanted, verbose=verbose, color=color)


def _rights(endpoint: str | None, where: dict[str, Any], reach: dict[str, Any]) -> "AccessReport":
    """What may be read of a cluster. Raises `UsageError` beside an endpoint, which knows no rights."""
    from skewguard import api
    from skewguard.language.errors import UsageError

    if endpoint:
        raise UsageError(
            "--check-access asks a cluster about rights, and --endpoint asks one engine without any cluster",
            hint="leave one of them out",
        )
    return api.check_access(**where, **options.of_cluster(reach))


def _place(workloads: tuple[str, ...], namespace: str | None, all_namespaces: bool) -> str:
    """What is being read, for the line that says so."""
    if all_namespaces:
        return "every namespace"
    return ", ".join(workloads) or namespace or "the namespace of the context"
