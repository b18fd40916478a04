"""One `Live` from what was gathered: what was declared, every pod under it, and what stands above."""

from collections.abc import Iterator

from msgspec import Struct, structs

from skewguard.language.facts import Origin, Subject
from skewguard.language.objects import ObjectNode
from skewguard.language.running import Live, Machine, Owner, Replica, Revision
from skewguard.language.workloads import PodTemplate, Workload
from skewguard.observe.sources import neighbours, pieces
from skewguard.observe.sources.layers import Layers
from skewguard.observe.sources.live import changes, climbing, declaring, machines, owners, pods, revisions, roles
from skewguard.observe.sources.live.declaring import Declared, Ground
from skewguard.observe.sources.live.families import Family
from skewguard.observe.sources.live.gathering import Gathering
from skewguard.observe.sources.live.pods import Kept
from skewguard.observe.sources.neighbours import Neighbours
from skewguard.observe.sources.objects import Ledger, Objects
from skewguard.observe.sources.pieces import Piece


class Made(Struct, frozen=True):
    """A family as a `Live`, with what reading it came upon, and the routes and autoscalers it gives by its own fields.

    `live` is None of what stands around all of them.
    """

    live: Live | None
    ledger: Ledger
    beside: Neighbours


def live(family: Family, gathering: Gathering, ground: Ground) -> Made:
    """One family as a value."""
    declared = declaring.of(family, gathering, ground)
    subject = family.head.subject(ground.cluster)
    running = sorted((pod for pod in family.pods if not pod.ended), key=lambda pod: pod.meta.name)
    if declared is not None:
        noted = tuple(_noted(each, len(family.pods) - len(running)) for each in declared.workloads)
        declared = structs.replace(declared, workloads=noted)
    read = {pod.key: gathering.pods.specs[pod.key].references for pod in running}
    found = Live(
        subject=subject,
        workloads=declared.workloads if declared is not None else (),
        origin=Origin("object", str(subject)),
        chain=tuple(each.subject(ground.cluster) for each in family.chain),
        owners=_owners(family, gathering),
        revisions=tuple(_revisions(family, gathering)),
        replicas=tuple(_Replicas(declared, subject, gathering, ground).all(running)),
        desired=_desired(family, gathering),
        progress=tuple(each.progress for each in family.members if each.progress is not None),
        changes=changes.of(running, read, ground.configs.versions),
        unread=tuple(changes.undated(running, read, ground.configs.versions, subject)),
        written=whole.mark if (whole := family.whole(family.head)) is not None else None,
    )
    if declared is None:
        return Made(found, Ledger(), Neighbours((), (), ()))
    beside = neighbours.read(Objects([declared.reading.object]), declared.reading.ledger)
    return Made(found, declared.reading.ledger, beside)


def _noted(workload: Workload, ended: int) -> Workload:
    if not ended:
        return workload
    what = "pod that has ended is" if ended == 1 else "pods that have ended are"
    return structs.replace(workload, notes=(*workload.notes, f"{ended} {what} left out (completed, failed or evicted)"))


def _owners(family: Family, gathering: Gathering) -> tuple[Owner, ...]:
    whole = family.whole(family.head)
    told = whole.owners if whole is not None else ()
    if whole is None and family.head.kind == "Pod" and family.pods:
        pod = family.pods[0]
        told = owners.of(pods.value(pod, gathering.pods.specs[pod.key]))
    return (*climbing.owners(family.above, family.head), *told)


def _revisions(family: Family, gathering: Gathering) -> Iterator[Revision]:
    """Those of the topmost object, else of the ones below it."""
    for head in family.chain:
        uid = head.meta.uid
        whole = family.whole(head)
        current = whole.revision if whole is not None else None
        found = (
            *revisions.of_sets(gathering.sets.get(uid, ()), current),
            *revisions.of_records(gathering.records.get(uid, ()), current),
        )
        yield from found
        if found and head is family.head:
            return


def _desired(family: Family, gathering: Gathering) -> int | None:
    """The topmost object's number, else the sum of those right below it that name one."""
    counting = {each.head.meta.uid: each.desired for each in family.members if each.desired is not None}
    own = counting.get(family.head.meta.uid)
    if own is not None or family.head.kind == "Pod":
        return own if own is not None else 1
    highest = [
        count
        for each in family.members
        if (count := counting.get(each.head.meta.uid)) is not None
        and not any(above.meta.uid in counting for above in gathering.climbing.above(each.head.meta))
    ]
    return sum(highest) if highest else None


class _Replicas:
    """The pods of one family; each distinct spec is read once."""

    def __init__(self, declared: Declared | None, subject: Subject, gathering: Gathering, ground: Ground) -> None:
        self._declared = declared
        self._subject = structs.replace(subject, uid=None)
        self._gathering = gathering
        self._ground = ground
        self._templates: dict[tuple[str, int | None], PodTemplate] = {}

    def all(self, running: list[Kept]) -> Iterator[Replica]:
        for pod in running:
            part = self._part(pod)
            workload = self._declared.workloads[part] if self._declared is not None and part is not None else None
            template = self._template(pod, part)
            if template is not None:
                yield self._replica(pod, template, workload)

    def _part(self, pod: Kept) -> int | None:
        """Which of the declared parts the pod is made of."""
        if self._declared is None:
            return None
        found = roles.part_of(pod.meta.labels or {}, pod.names, self._declared.workloads)
        return next((index for index, each in enumerate(self._declared.workloads) if each is found), None)

    def _template(self, pod: Kept, part: int | None) -> PodTemplate | None:
        """The pod's own spec; the part's own value, where the two are equal."""
        declared = self._declared
        if declared is None:
            return None
        if part is not None and declared.keys[part] == pod.key:
            return declared.workloads[part].template
        known = self._templates.get((pod.key, part))
        if known is None:
            value = pods.value(pod, self._gathering.pods.specs[pod.key])
            node = ObjectNode(value, f"Pod {pod.meta.namespace}/{pod.meta.name}")
            reading = structs.replace(declared.reading, ledger=Ledger())  # what was declared has told of it
            piece = declared.pieces[part] if part is not None else Piece(Layers([]), Layers([]))
            subject = declared.workloads[part].subject if part is not None else self._subject
            known = pieces.template_of(node, piece, reading, subject)
            self._templates[pod.key, part] = known
        return known

    def _replica(self, pod: Kept, template: PodTemplate, workload: Workload | None) -> Replica:
        subject = workload.subject if workload is not None else self._subject
        role = (subject.role if workload is not None else None) or roles.told(pod.meta.labels or {})
        namespace = pod.meta.namespace or ""
        claims = (self._ground.devices.get((namespace, name), ()) for name in pod.claims)
        return Replica(
            subject=structs.replace(subject, pod=pod.meta.name, revision=pod.revision),
            uid=pod.meta.uid,
            template=template,
            template_key=pod.key,
            origin=Origin("object", f"Pod {namespace}/{pod.meta.name}"),
            machine=self._machine(pod.node),
            revision=pod.revision,
            role=role,
            phase=pod.phase,
            unplaced=pod.unplaced,
            ready=pod.ready and not pod.terminating,
            terminating=pod.terminating,
            created_at=pod.meta.creation_timestamp,
            started_at=pod.started_at,
            ip=pod.ip,
            containers=pod.containers,
            devices=tuple(device for devices in claims for device in devices),
        )

    def _machine(self, node: str | None) -> Machine | None:
        if node is None:
            return None
        reason = self._ground.no_nodes or f"node {node} is no longer there"
        return self._ground.machines.get(node) or machines.absent(node, reason)
