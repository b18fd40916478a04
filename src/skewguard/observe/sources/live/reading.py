"""The door: what is wanted in, what runs of it out.

    seen = live.read(reader, live.Wanted(namespace="prod"), cluster="prod-eu")

Nothing raises but an interrupt: what may not or cannot be read is an `Unread`, and everything else is read all the same.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence

from msgspec import Struct, structs

from skewguard.adapters.cluster.read import Reader
from skewguard.adapters.cluster.resources import NODES
from skewguard.language.running import Live, Unread
from skewguard.language.workloads import Inventory, Missing
from skewguard.observe.sources.live import assembling, claims, declaring, families, machines, shapes, surrounding
from skewguard.observe.sources.live.asking import Asking, Progress, Served
from skewguard.observe.sources.live.assembling import Made
from skewguard.observe.sources.live.choosing import Chosen, choose
from skewguard.observe.sources.live.declaring import Ground
from skewguard.observe.sources.live.families import Family
from skewguard.observe.sources.live.gathering import Gathering
from skewguard.observe.sources.live.wanted import Wanted
from skewguard.observe.sources.neighbours import Neighbours
from skewguard.observe.sources.objects import Ledger

FEW_NODES = 8
"""Most nodes that are read by their names; more of them are cheaper as a list."""
_OF_KSERVE = ("InferenceService", "LLMInferenceService")


class Seen(Struct, frozen=True):
    """What a cluster shows.

    `inventory` holds the workloads of every `Live` (the very values, so that the neighbours of one can be asked for)
    and the Services, autoscalers and routes of their namespaces. `unread` is what concerns everything; what concerns
    one workload stands with it. A name that leads to nothing is an Unread of kind `absent`. `left_out` counts the
    workloads that `Wanted.words` kept out. `images` are digests that a node lists as names of one image, for
    `image_ids.same`.
    """

    inventory: Inventory
    live: tuple[Live, ...] = ()
    unread: tuple[Unread, ...] = ()
    left_out: int = 0
    images: tuple[frozenset[str], ...] = ()


def read(reader: Reader, wanted: Wanted, *, cluster: str | None = None, progress: Progress | None = None) -> Seen:
    """Read what is wanted. `cluster` is the context's name, as subjects bear it.

    For every `Live`: `subject` is the topmost object of the chain of owners whose kind is known to make pods
    (`kinds.NAMES`), `chain` all from it down to the pods' own owner, and `owners` what stands above it or would redo a change
    (a controller of another kind, Helm, Argo CD, Flux, or the manager that wrote it last). Every `Replica` has
    its own pod's spec as admitted; where that is the template it was made from, word for word, `template` is the
    workload's own value (the same object), and its places are those of the workload. Pods that have ended are not among the replicas:
    a note of the workload counts them.
    """
    asking = Asking(reader, progress)
    gathering = Gathering(asking, Served(asking.resources()))
    chosen = choose(gathering, wanted)
    found = [each for uid, each in families.of(gathering).items() if chosen.tops is None or uid in chosen.tops]
    kept = found if wanted.names else list(families.serving(found, gathering, wanted.words))
    kept = sorted(_without_stand_ins(kept), key=_place)
    around = _around(gathering, chosen, kept, cluster)
    ground, images = _ground(gathering, chosen, kept, wanted, around, cluster)
    made = [assembling.live(each, gathering, ground) for each in kept]
    return Seen(
        inventory=structs.replace(
            _inventory([around, *made], asking), looked=surrounding.looked(asking, gathering.served, chosen.namespaces)
        ),
        live=tuple(each.live for each in made if each.live is not None),
        unread=tuple(asking.unread.values()),
        left_out=len(found) - len(kept),
        images=images,
    )


def _place(family: Family) -> tuple[str, str, str]:
    return family.head.meta.namespace or "", family.head.kind, family.head.meta.name


def _without_stand_ins(found: Sequence[Family]) -> Iterator[Family]:
    """Families but those without pods whose template a Rollout runs: they are read there."""
    rollouts = [each for family in found for each in family.members if each.head.kind == "Rollout"]
    taken = {declaring.taken_over(each.value()) for each in rollouts}
    for family in found:
        meta = family.head.meta
        if family.pods or (meta.namespace, family.head.kind, meta.name) not in taken:
            yield family


def _around(gathering: Gathering, chosen: Chosen, kept: Sequence[Family], cluster: str | None) -> Made:
    homes = {each.head.meta.namespace or "" for each in kept}
    if not kept:
        return Made(None, Ledger(), Neighbours((), (), ()))
    beside, ledger = surrounding.around(gathering.asking, gathering.served, chosen.namespaces, homes, cluster)
    return Made(None, ledger, beside)


def _ground(
    gathering: Gathering, chosen: Chosen, kept: Sequence[Family], wanted: Wanted, around: Made, cluster: str | None
) -> tuple[Ground, tuple[frozenset[str], ...]]:
    """What all families stand on, and the digests that are one image."""
    asking, served = gathering.asking, gathering.served
    pods = [pod for family in kept for pod in family.pods]
    nodes, why = _nodes(asking, {pod.node for pod in pods if pod.node is not None})
    platforms = any(each.head.kind in _OF_KSERVE for each in kept)
    ground = Ground(
        cluster=cluster,
        configs=surrounding.configs(asking, _read_at_start(gathering, kept), chosen.namespaces),
        templates=surrounding.templates(asking, served, cluster) if platforms else (),
        machines={each.metadata.name: machines.machine(each, wanted.accelerators) for each in nodes},
        devices=claims.read(asking, served, chosen.namespaces) if any(pod.claims for pod in pods) else {},
        scaled=frozenset(_scaled(around.beside)),
        no_nodes=why,
    )
    running = {
        item.image_id.digest for pod in pods for item in pod.containers if item.image_id and item.image_id.digest
    }
    return ground, tuple(_one_image(nodes, running))


def _nodes(asking: Asking, names: Collection[str]) -> tuple[list[shapes.Node], str | None]:
    """The nodes of these names, and why there are none where they cannot be read."""
    if not names:
        return [], None
    hides = "GPU classes, drivers and sharing of the machines"
    if len(names) <= FEW_NODES:
        found = [asking.get(NODES, name, None, shapes.Node, hides) for name in sorted(names)]
        nodes = [each for each in found if each is not None]
    else:
        nodes = [each for each in asking.list(NODES, shapes.Node, hides) if each.metadata.name in names]
    why = next((each.reason for each in asking.unread.values() if each.hides == hides), None)
    return nodes, why


def _read_at_start(gathering: Gathering, kept: Iterable[Family]) -> set[tuple[str, str, str]]:
    """(kind, namespace, name) of what the pods and templates name."""
    found: set[tuple[str, str, str]] = set()
    for family in kept:
        namespace = family.head.meta.namespace or ""
        for whole in family.members:
            found.update((kind, namespace, name) for kind, name in whole.named)
        for key in {pod.key for pod in family.pods}:
            found.update((each.kind, namespace, each.name) for each in gathering.pods.specs[key].references)
    return found


def _scaled(beside: Neighbours) -> Iterator[tuple[str | None, str, str]]:
    for each in beside.autoscalers:
        if each.target_kind and each.target_name and not each.vertical:
            yield each.namespace, each.target_kind, each.target_name


def _one_image(nodes: Iterable[shapes.Node], running: Collection[str]) -> Iterator[frozenset[str]]:
    """The digests under which a node lists one image, for images that run."""
    seen = set()
    for node in nodes:
        for image in node.status.images or ():
            digests = frozenset(name.rpartition("@")[2] for name in image.names or () if "@sha256:" in name)
            if len(digests) > 1 and digests & set(running) and digests not in seen:
                seen.add(digests)
                yield digests


def _inventory(made: Sequence[Made], asking: Asking) -> Inventory:
    beside = surrounding.joined([each.beside for each in made])
    return Inventory(
        workloads=tuple(workload for each in made if each.live is not None for workload in each.live.workloads),
        services=beside.services,
        autoscalers=beside.autoscalers,
        routes=beside.routes,
        missing=tuple(_told(item, asking) for each in made for item in each.ledger.missing.values()),
        hints=tuple(hint for each in made for hint in each.ledger.hints),
    )


def _told(item: Missing, asking: Asking) -> Missing:
    """What is missing, with what helps in a cluster: a right, or the object itself."""
    kind = item.ref.partition(" ")[0]
    title = item.ref.partition(" key ")[0]
    denied = next(
        (each for each in asking.unread.values() if each.what == title or each.what.startswith(f"{kind.lower()}s")),
        None,
    )
    if kind == "Secret":
        supply = "nothing has to be supplied: keys and values of Secrets are not read from a cluster"
    elif denied is not None:
        supply = f"grant the right to {denied.would_need}" if denied.would_need else denied.reason
    else:
        supply = f"the cluster has no {title}: create it, or take the reference out"
    return structs.replace(item, supply=supply)
