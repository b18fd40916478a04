"""From what runs of a workload to cases: its manifest as it stands, and one case for each kind of replica.

Replicas that are equal in everything that was read of them are one party, and have one case between them. A party whose
pods are as the manifest says shares the manifest's own reading; one that was changed on its way into the cluster, or was
made from another revision, is read anew from its pods' own spec.
"""

from collections.abc import Mapping, Sequence

from msgspec import Struct, structs

from skewguard.assess import aged, cases, observed
from skewguard.assess.cases import Setting, Version
from skewguard.assess.given import Given, Node
from skewguard.assess.sharing import Vectors
from skewguard.judge.checks.interface import Case, Party
from skewguard.knowledge import engines
from skewguard.knowledge.engines import recognition
from skewguard.knowledge.engines.interface import Recognition
from skewguard.knowledge.project import Project
from skewguard.language import surroundings
from skewguard.language.facts import Subject
from skewguard.language.running import Answers, Live, Machine, Replica
from skewguard.language.workloads import Container, EnvVar, Inventory, Token, Workload

Said = Mapping[str, Sequence[Answers]]
"""What the engines of a pod said of themselves, by the pod's uid."""


class Standing(Struct, eq=False):
    """One container of a workload that runs, and why it is or is not an engine. `case` has its parties."""

    subject: Subject
    recognition: Recognition
    live: Live
    case: Case | None = None


def standings(
    inventory: Inventory, lives: Sequence[Live], said: Said, project: Project, given: Given | None = None
) -> list[Standing]:
    """Every container of everything that runs, in the order of the inventory."""
    homes = {_object(workload.subject): live for live in lives for workload in live.workloads}
    around, vectors = Setting(project, None, given or Given()), Vectors()
    found = [
        Standing(item.subject, item.recognition, home, item.case)
        for item in cases.judged(inventory, project, given=given, vectors=vectors)
        if (home := homes.get(_object(item.subject))) is not None
    ]
    for standing in found:
        if standing.case is not None:
            _stand(standing.case, standing.live, said, around, vectors)
    for standing in found:
        if standing.case is not None:
            _introduce(standing.case)
    return found


def _object(subject: Subject) -> tuple[str | None, str, str | None, str, str | None]:
    return subject.cluster, subject.kind, subject.namespace, subject.name, subject.role


def _stand(case: Case, live: Live, said: Said, around: Setting, vectors: Vectors) -> None:
    case.phase, case.live = "live", live
    hands = _Hands(case, live, around, vectors)
    groups: dict[object, list[Replica]] = {}
    for replica in live.replicas:
        if hands.plays(replica):
            groups.setdefault(hands.key(replica, said.get(replica.uid, ())), []).append(replica)
    case.parties = tuple(hands.party(group, said) for group in groups.values())


def _introduce(case: Case) -> None:
    """Make the replicas of one object's roles known to each other: each party to the largest one of every other role."""
    others = tuple(foremost(other) for other in case.members)
    for party in case.parties:
        party.case.members = others


def foremost(case: Case) -> Case:
    """The case most replicas of a container run as; the manifest's where none runs."""
    running = [party for party in case.parties if party.started and not party.leaving]
    return max(running, key=lambda party: len(party.replicas)).case if running else case


class _Hands:
    """What makes the parties of one container."""

    def __init__(self, case: Case, live: Live, around: Setting, vectors: Vectors) -> None:
        self._case = case
        self._live = live
        self._around = around
        self._vectors = vectors
        self._written = _container(case.workload.template.containers, case.container.name) or case.container
        self._gpu = observed.wants_gpu(case)
        self._current = {revision.hash for revision in live.revisions if revision.current}

    def plays(self, replica: Replica) -> bool:
        """Whether a pod runs this container: a pod of its role that is not over."""
        role = self._case.workload.subject.role
        of_role = len(self._live.workloads) == 1 or replica.role is None or replica.role == role
        there = _container(replica.template.containers, self._case.container.name) is not None
        return of_role and there and replica.phase not in ("Failed", "Succeeded")

    # ---- which replicas are one party ------------------------------------------------------------------------------

    def key(self, replica: Replica, answers: Sequence[Answers]) -> object:
        """Equal for replicas that are equal in everything that was read of them."""
        running = replica.running(self._case.container.name)
        image = running.image_id if running is not None else None
        return (
            replica.template_key,
            replica.revision,
            image and (image.digest or image.config or image.text),
            self._hardware(replica) if self._gpu else None,
            self._outdated(replica),
            replica.terminating,
            self._started(replica),
            tuple(_told(each) for each in self._own(answers)),
        )

    def _hardware(self, replica: Replica) -> object:
        if replica.devices:
            names = ("productName", "driverVersion")
            return tuple(sorted(str([observed.attribute(each, name) for name in names]) for each in replica.devices))
        here = replica.machine
        if here is None:
            return None
        title = here.accelerator.title if here.accelerator is not None else None
        return title, here.gpu_label, here.gpu_memory, here.driver_version, here.partition

    def _outdated(self, replica: Replica) -> tuple[str, ...]:
        """The sources this container reads that changed after the pod had started."""
        changed = (change.ref for change in self._live.changes if replica.name in change.pods)
        return tuple(ref for ref in dict.fromkeys(changed) if aged.reads(self._written, ref))

    def _started(self, replica: Replica) -> bool:
        running = replica.running(self._case.container.name)
        return replica.phase == "Running" if running is None else running.state.startswith("running")

    def _own(self, answers: Sequence[Answers]) -> list[Answers]:
        return [each for each in answers if each.container in (None, self._case.container.name)]

    # ---- what they run ---------------------------------------------------------------------------------------------

    def party(self, group: Sequence[Replica], said: Said) -> Party:
        """The party of equal replicas, with the case that the first of them stands for."""
        first = group[0]
        each_own = [self._own(said.get(replica.uid, ())) for replica in group]
        own = tuple(each_own[0])
        outdated = self._outdated(first)
        case = self._laid_out(first, own, outdated)
        case.phase, case.live, case.wished, case.parties = "live", self._live, self._case, ()
        case.replicas = tuple(group)
        observed.put(case, first, own)
        return Party(
            case=case,
            replicas=tuple(group),
            answers=own,
            current=first.revision in self._current if self._current and first.revision else None,
            started=self._started(first),
            outdated=outdated,
            leaving=first.terminating,
            unread=tuple(each for answers in each_own for one in answers for each in one.unread),
        )

    def _laid_out(self, replica: Replica, answers: Sequence[Answers], outdated: Sequence[str]) -> Case:
        wished = self._case
        box = _container(replica.template.containers, self._written.name)
        own = replica.template is wished.workload.template  # word for word, as the observer says
        changed = not own and box is not None and not self._alike(box)
        version, node = self._version(answers), self._node(replica)
        if not changed and not outdated and version is None and node is None:
            return structs.replace(wished, sheet=wished.sheet.copied())
        container = aged.without(box if changed and box is not None else self._written, outdated)
        workload, inventory = wished.workload, wished.inventory
        if changed:
            workload = structs.replace(workload, template=replica.template)
            inventory = _around(wished, workload)
        found = recognition.recognise(container, self._around.project, workload)
        if found.engine != wished.engine:
            found = structs.replace(found, engine=wished.engine, runs="wrapped")
        given = structs.replace(self._around.given, machine=node)
        around = Setting(self._around.project, version, given)
        case = cases.laid_out(workload, container, inventory, around, found, self._vectors)
        tagged = wished.sheet.declared("runtime.version")
        if version is not None and tagged is not None and not changed:
            case.sheet.add(tagged)
        return case

    def _version(self, answers: Sequence[Answers]) -> Version | None:
        """The version that the engine itself tells, where its manifest does not say the same for certain."""
        told = next((each for each in answers if each.version and each.engine in (None, self._case.engine)), None)
        release = self._case.release
        if told is None or told.version is None or release is None:
            return None
        if release.version == told.version and release.certainty == "exact":
            return None
        return Version(self._case.engine, told.version, "the engine says so itself", told.version_origin)

    def _node(self, replica: Replica) -> Node | None:
        """The node, where it tells another class of GPU than is known already, or which unknown one it is."""
        machine: Machine | None = replica.machine
        if not self._gpu or machine is None or self._case.inputs is None:
            return None
        known = self._case.inputs.hardware.accelerator
        if known is not None and machine.accelerator in (None, known):
            return None
        return Node(machine.name, machine.accelerator)

    def _alike(self, box: Container) -> bool:
        """Whether a pod's container is its manifest's, in everything that an engine reads."""
        mine = self._written
        return (
            _image(mine) == _image(box)
            and _same_words(mine.command, box.command)
            and _same_words(mine.args, box.args)
            and self._same_environment(mine, box)
            and _amounts(mine) == _amounts(box)
            and _unseen(mine) == _unseen(box)
        )

    def _same_environment(self, mine: Container, box: Container) -> bool:
        """Whether both set the same variables; what a controller or a sidecar's policy adds is not read by the engine."""
        given = {entry.name: _value(entry) for entry in mine.env}
        own = {entry.name: _value(entry) for entry in box.env}
        if any(own.get(name) != value for name, value in given.items()):
            return False
        added = own.keys() - given.keys()
        return not added or not added & self._read

    @property
    def _read(self) -> set[str]:
        module, release = engines.ENGINES.get(self._case.engine), self._case.release
        if module is None or release is None:
            return set()
        return {name for version in release.candidates for name in module.variables(version)}


def _container(containers: Sequence[Container], name: str) -> Container | None:
    return next((each for each in containers if each.name == name), None)


def _image(container: Container) -> str | None:
    return container.image.value if container.image is not None else None


def _same_words(a: Sequence[Token] | None, b: Sequence[Token] | None) -> bool:
    """Whether two vectors are the same words; a word that only the pod resolves is the manifest's own."""
    if a is None or b is None or len(a) != len(b):
        return (a or ()) == (b or ())
    return all(mine.text == own.text or bool(mine.unresolved) for mine, own in zip(a, b, strict=True))


def _value(entry: EnvVar) -> object:
    """What decides a variable; of a field of the pod which one it is, for each pod has its own."""
    return (entry.source, entry.ref) if entry.source in ("field", "resource", "secret") else (entry.value, entry.ref)


def _amounts(container: Container) -> object:
    return {name: located.value for name, located in container.resources.limits.items()}, container.resources.claims


def _unseen(container: Container) -> object:
    return [(source.ref, source.prefix) for source in container.unseen_env]


def _told(answers: Answers) -> object:
    """What an engine says of itself, without what only tells one process from its equals."""
    facts = sorted(
        (fact.setting, fact.authority, repr(fact.value))
        for fact in answers.facts
        if not observed.of_process(fact.setting) and fact.setting != "runtime.seed"
    )
    unread = sorted({(item.what.partition(" of ")[0], item.kind) for item in answers.unread})
    return answers.container, answers.engine, answers.version, answers.fingerprint, tuple(facts), tuple(unread)


def _around(case: Case, workload: Workload) -> Inventory:
    """What surrounds one workload, with another in its place: what belongs to it is found by the object itself."""
    whole, own = case.inventory, case.workload
    roles = surroundings.of_object(own.subject, whole)
    return Inventory(
        workloads=tuple(workload if each is own else each for each in roles) or (workload,),
        services=tuple(surroundings.services_of(own, whole)),
        autoscalers=(
            *surroundings.autoscalers_of(own, whole),
            *surroundings.vertical_autoscalers_of(own, whole),
            *surroundings.autoscalers_above(own, whole),
        ),
        routes=tuple(surroundings.routes_of(own, whole)),
        claims=whole.claims,
        looked=whole.looked,
    )
