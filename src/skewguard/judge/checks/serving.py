"""Checks of the way into a container: the port and address an engine listens on, and those others knock at.

The other parts of the group `serving` stand in the modules listed as `PARTS`.
"""

from collections.abc import Iterator

from msgspec import Struct

from skewguard.judge.checks import listening, members, serving_cache, serving_probes, serving_timeouts, starting
from skewguard.judge.checks.evidence import add_words, flag, known
from skewguard.judge.checks.interface import Case, Result, check, fail, skipped
from skewguard.language import surroundings
from skewguard.language.facts import Located, Origin
from skewguard.language.workloads import Service

PARTS = (serving_timeouts, serving_probes, serving_cache)

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_EVERYWHERE = "0.0.0.0"  # noqa: S104 - what the reader is told to write
_NO_PORT = "the port the engine listens on is not known"


class Knock(Struct, frozen=True):
    """Somebody who expects an answer at a port: what, where it is written, and how much it hurts when none comes."""

    who: str
    number: int
    origin: Origin
    decisive: bool


@check(
    "serving.port-mismatch",
    reads_arguments=True,
    title="A port where the engine does not listen",
    category="serving",
    severity="error",
    why="A readiness probe at the wrong port keeps the pod out of the Service for ever, a liveness probe ends the "
    "engine again and again, and a Service at the wrong port refuses every connection.",
    remedy="Give the engine the port that probes and Service use, or the other way round.",
    bad="args: [--port, '8080']\nreadinessProbe: {httpGet: {path: /health, port: 8000}}",
    good="args: [--port, '8000']\nreadinessProbe: {httpGet: {path: /health, port: 8000}}",
    sources=("vLLM: --port (default 8000)", "SGLang: --port (default 30000)", "Kubernetes: Service, targetPort"),
)
def port_mismatch(case: Case) -> Iterator[Result]:
    """Probes, Services and container ports at a number where nothing of the pod listens."""
    port = listening.engine_port(case)
    if port is None:
        yield skipped(_NO_PORT)
        return
    by_number: dict[int, list[Knock]] = {}
    for knock in _knocks(case, port.value):
        by_number.setdefault(knock.number, []).append(knock)
    for number, knocks in by_number.items():
        decisive = [knock for knock in knocks if knock.decisive]
        if not decisive and len(by_number) > 1:
            continue
        yield fail(
            f"{case.title} listens on port {port.value}, but {_listed([knock.who for knock in knocks])} "
            f"{'goes' if len(knocks) == 1 else 'go'} to {number}, where nothing answers.",
            remedy=_port_edit(case, port.value, knocks, alone=len(by_number) == 1),
            at=(decisive or knocks)[0].origin,
            setting=f"{case.engine}.port",
            anchor="--port",
            value=port.value,
            expected=number,
            severity=None if decisive and not listening.company(case) and not _others_start(case) else "warning",
        )


def _port_edit(case: Case, port: int, knocks: list[Knock], *, alone: bool) -> str:
    """The edit of those who knock at the wrong port; that of the engine too, where it leaves nobody at a wrong one."""
    edit = f"Write {port} in {_listed([f'{knock.who} ({knock.origin})' for knock in knocks])}"
    if not alone or port in _asked(case):
        return f"{edit}."
    name = flag(case, f"{case.engine}.port") or "--port"
    return f"{edit}; or, for the engine: {add_words(case, name, str(knocks[0].number))}."


def _asked(case: Case) -> set[int | None]:
    """The numbers at which probes, Services and the container's own declaration expect an answer."""
    box = case.container
    targets: list[int | str | None] = [probe.port for _, probe in serving_probes.probes(box)]
    targets += [item.number for item in box.ports]
    for service in surroundings.services_of(case.workload, case.inventory):
        targets += [item.target if item.target is not None else item.number for item in service.ports]
    return {target if isinstance(target, int) else listening.number(box, target) for target in targets}


def _others_start(case: Case) -> bool:
    """Whether the container starts another program, which may be the one that listens."""
    starts = [item for item in case.container.invocations if not starting.is_remnant(item)]
    return len(starts) > 1


@check(
    "serving.port-name",
    title="A port name that no container port has",
    category="serving",
    severity="error",
    why="A named port is looked up among the container's ports. Without one of that name a Service has no endpoints, "
    "and a probe fails each time.",
    remedy="Name the container port, or write the number.",
    bad="ports: [{containerPort: 8000}]\nreadinessProbe: {httpGet: {port: http}}",
    good="ports: [{containerPort: 8000, name: http}]\nreadinessProbe: {httpGet: {port: http}}",
    sources=("Kubernetes: Service, port definitions",),
)
def port_name(case: Case) -> Iterator[Result]:
    """A probe or Service that names a port no container declares."""
    own = {port.name for port in case.container.ports}
    pod = {port.name for box in case.workload.template.containers for port in box.ports}
    for name, probe in serving_probes.probes(case.container):
        if isinstance(probe.port, str) and probe.port not in own:
            yield _unnamed(f"The {name}", probe.port, probe.port_origin or probe.origin, name)
    for service in surroundings.services_of(case.workload, case.inventory):
        for port in service.ports:
            if isinstance(port.target, str) and port.target not in pod:
                yield _unnamed(f"Service {service.name}", port.target, port.origin, f"Service/{service.name}")


@check(
    "serving.loopback",
    reads_arguments=True,
    title="An engine that listens to its own pod alone",
    category="serving",
    severity="warning",
    why="An engine bound to 127.0.0.1 answers inside its pod only. The Service, the probes and every client outside "
    "are refused, while the log says that the server is up. SGLang binds 127.0.0.1 unless told otherwise. An error where "
    "a probe or a Service of the input is refused, a warning where nothing in the input knocks from outside.",
    remedy="Bind all interfaces: `--host 0.0.0.0`.",
    bad="args: [--model-path, Qwen/Qwen3-8B, --port, '30000']",
    good="args: [--model-path, Qwen/Qwen3-8B, --port, '30000', --host, 0.0.0.0]",
    sources=("SGLang ServerArgs.host (default 127.0.0.1)", "vLLM: --host"),
)
def loopback(case: Case) -> Iterator[Result]:
    """A loopback address, written or the engine's default, and nothing in the pod that could stand in front."""
    host = _host(case)
    if host is None or host.value not in _LOOPBACK or listening.worker(case):
        yield skipped("the address is not loopback, or is not known")
        return
    if listening.company(case):
        yield skipped("another container of the pod may stand in front")
        return
    services = surroundings.services_of(case.workload, case.inventory)
    probes = [name for name, probe in serving_probes.probes(case.container) if probe.handler in ("http", "tcp", "grpc")]
    cut = [*probes, *(f"Service {service.name}" for service in services)]
    effect = (
        f"{_listed(cut)} {'is' if len(cut) == 1 else 'are'} refused" if cut else "nothing outside the pod reaches it"
    )
    yield fail(
        f"{case.title} listens on {host.value} only: {effect}.",
        remedy=f"For the engine: {add_words(case, '--host', _EVERYWHERE)}.",
        at=host.origin,
        setting=f"{case.engine}.host",
        anchor="--host",
        value=host.value,
        expected=_EVERYWHERE,
        severity="error" if cut else None,
    )


@check(
    "serving.worker-selected",
    title="A Service that sends requests to the workers of a group",
    category="serving",
    severity="error",
    why="Only the leader of a group answers requests; its workers compute their share and listen to nobody else. A "
    "Service that selects both spreads connections over all pods, and those that reach a worker are refused.",
    remedy="Add a label to the selector that the leader's pods alone have.",
    bad="selector: {leaderworkerset.sigs.k8s.io/name: chat}",
    good="selector: {leaderworkerset.sigs.k8s.io/name: chat, role: leader}",
    sources=("LeaderWorkerSet examples: the vLLM leader Service", "Kubernetes: Service, selectors"),
)
def worker_selected(case: Case) -> Iterator[Result]:
    """A Service, not headless, whose selector fits the worker's pods and whose target is the leader's port."""
    leader = members.leader_of(case)
    port = listening.engine_port(leader) if leader is not None else None
    if leader is None or port is None:
        yield skipped("the container is no worker, or the port of its leader is not known")
        return
    boxes = (*case.workload.template.containers, *leader.workload.template.containers)
    for service in surroundings.services_of(case.workload, case.inventory):
        targets = [item.target if item.target is not None else item.number for item in service.ports]
        numbers = {
            listening.number(box, target) if isinstance(target, str) else target for target in targets for box in boxes
        }
        if service.headless or port.value not in numbers:
            continue
        told = _own_label(leader, case)
        yield fail(
            f"Service {service.name} selects the workers too, and its port leads to {port.value}, where the leader "
            "alone listens: a part of all requests is refused.",
            remedy=f"Add `{told}` to its selector."
            if told
            else "Give the leader's pods a label of their own, and select it.",
            at=service.origin,
            anchor=f"Service/{service.name}",
        )


def _own_label(leader: Case, worker: Case) -> str:
    """A label that the leader's pods have and the workers' have not, one that a person gave before a controller's."""
    labels = leader.workload.template.labels.items() - worker.workload.template.labels.items()
    first = min(labels, key=lambda label: ("/" in label[0], label), default=None)
    return f'{first[0]}: "{first[1]}"' if first else ""


def _host(case: Case) -> Located[str] | None:
    fact = known(case, f"{case.engine}.host")
    return Located(fact.value, fact.origin) if fact is not None and isinstance(fact.value, str) else None


def _knocks(case: Case, port: int) -> Iterator[Knock]:
    """Everybody who expects the engine at another port than `port`, where nobody else of the pod may listen."""
    box = case.container
    for name, probe in serving_probes.probes(box):
        number = probe.port if isinstance(probe.port, int) else listening.number(box, probe.port)
        if probe.handler in ("http", "tcp", "grpc") and number is not None and not listening.served(case, number, port):
            yield Knock(f"the {name}", number, probe.port_origin or probe.origin, decisive=True)
    for service in surroundings.services_of(case.workload, case.inventory):
        yield from _service_knocks(case, service, port)
    declared = {item.number: item for item in box.ports if item.number is not None}
    if declared and port not in declared and len(declared) == 1:
        number, item = next(iter(declared.items()))
        yield Knock("the containerPort", number, item.origin, decisive=False)


def _service_knocks(case: Case, service: Service, port: int) -> Iterator[Knock]:
    """A Service none of whose ports leads to the engine or to somebody else of the pod."""
    if service.headless or not service.ports:
        return
    boxes = case.workload.template.containers
    targets: list[tuple[int, Origin]] = []
    for item in service.ports:
        target = item.target if item.target is not None else item.number
        numbers = [target] if isinstance(target, int) else [listening.number(box, target) for box in boxes]
        targets += [(number, item.origin) for number in numbers if number is not None]
    if targets and not any(listening.served(case, number, port) for number, _ in targets):
        yield Knock(f"Service {service.name}", *targets[0], decisive=True)


def _unnamed(who: str, name: str, origin: Origin, anchor: str) -> Result:
    return fail(
        f"{who} goes to the port named {name!r}, and no container port has that name: it reaches nothing.",
        remedy=f"Add `name: {name}` to the container port that is meant, or write its number.",
        at=origin,
        anchor=anchor,
        value=name,
    )


def _listed(items: list[str]) -> str:
    return " and ".join([", ".join(items[:-1]), items[-1]]) if len(items) > 1 else items[0]
