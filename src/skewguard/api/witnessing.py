"""Looking at a cluster: what runs of what is wanted, and what its engines say, as values."""

from collections.abc import Callable, Iterator
from shlex import quote
from typing import TypedDict

from msgspec import Struct, structs

from skewguard.adapters.cluster import access
from skewguard.adapters.cluster.read import Reader
from skewguard.adapters.endpoints import Direct, key_from
from skewguard.api import interviews, kept_contracts, running, scopes
from skewguard.api.contracts import Contracts
from skewguard.api.inputs import Loaded
from skewguard.api.interviews import DEPTHS, Depth, Manner
from skewguard.api.running import Scope, Terms, Witnessed
from skewguard.api.surroundings import Around
from skewguard.api.things import ObjectName, Thing
from skewguard.assess import comparing, endpoints, replicas
from skewguard.assess.replicas import Standing
from skewguard.judge.checks import disagreements, kubectl
from skewguard.judge.checks.disagreements import Apart
from skewguard.judge.checks.interface import Case, Party
from skewguard.knowledge.engines import commands
from skewguard.language import addresses, certificates
from skewguard.language.errors import InputError, UsageError
from skewguard.language.facts import REPLICAS, Gap
from skewguard.language.results import InputProblem
from skewguard.language.running import Answers, Unread
from skewguard.language.workloads import Inventory
from skewguard.observe.sources import asking, live
from skewguard.observe.sources.live.wanted import Named, Wanted

Progress = Callable[[str, int], None]
"""Is told what is being read (`pods`) and how many of it there are so far."""

TIMEOUT_S = 30.0
"""Seconds that one answer may take."""
ANSWERS = 10
"""How many times that everything together may take: a sweep of 5,000 workloads is some thirty pages."""


class Reach(TypedDict, total=False):
    """The words by which a verb is told how a cluster and its engines are reached; each may be left out.

    `timeout` is the seconds that one answer may take. `depth` is `api`, `endpoints` or `logs`, each with all before it; left
    out, what is named is read whole and sweeps by the API alone. `exec_` allows commands in the containers. The API key of the
    engines is in a variable or a file, and `ca_file` holds the certificates to trust for an endpoint.
    """

    context: str | None
    kubeconfig: str | None
    timeout: float
    depth: str | None
    exec_: bool
    api_key_env: str | None
    api_key_file: str | None
    ca_file: str | None


class Reached(Struct, frozen=True):
    """How a cluster and its engines are reached: the same words with their defaults, and whether engines may compute (`spend`)."""

    context: str | None = None
    kubeconfig: str | None = None
    timeout: float = TIMEOUT_S
    depth: str | None = None
    exec_: bool = False
    api_key_env: str | None = None
    api_key_file: str | None = None
    ca_file: str | None = None
    spend: bool = False

    def manner(self, *, swept: bool = False) -> Manner:
        """How engines are asked; a sweep asks none unless told to. Raises `UsageError` and `InputError`."""
        key = key_from(self.api_key_env, self.api_key_file)
        return Manner(_depth(self.depth, swept=swept), key, self.exec_, self.timeout, self.spend)


def _depth(depth: str | None, *, swept: bool) -> Depth:
    if depth is None:
        return "api" if swept else "logs"
    found = next((each for each in DEPTHS if each == depth), None)
    if found is None:
        raise UsageError(f"{depth!r} is no depth", hint=f"one of {', '.join(DEPTHS)}")
    return found


def wanted(around: Around, *names: Named, namespace: str | None, labels: str | None = None) -> Wanted:
    """What to read, with the words by which workloads with engines are told in a sweep."""
    words = (*commands.words(), *around.project.image_words)
    return Wanted(tuple(names), namespace, labels, words, around.project.accelerators)


def look(
    reader: Reader, scope: Scope, what: Wanted, around: Around, manner: Manner, progress: Progress | None = None
) -> Witnessed:
    """What runs of what is wanted, and what its engines say of themselves."""
    seen = live.read(reader, what, cluster=scope.context, progress=progress)
    witnessed = Witnessed(
        scope,
        seen.inventory,
        seen.live,
        seen.unread,
        images=seen.images,
        notes=(*reader.cluster.notes, *_left_out(seen.left_out)),
    )
    if manner.silent:
        return witnessed
    found, _, _ = running.standings(witnessed, around)
    return structs.replace(witnessed, said=interviews.interview(reader, found, manner, progress))


def witness(
    reader: Reader, scope: Scope, what: Wanted, terms: Terms, manner: Manner, progress: Progress | None = None
) -> tuple[Witnessed, Contracts]:
    """The same, and the contracts at hand with those that the cluster keeps for it.

    Raises `InputError` where nothing was found in a namespace that is not there.
    """
    witnessed = look(reader, scope, what, terms.around, manner, progress)
    if not witnessed.lives:
        told = scopes.existing(reader, scope.namespace)
        witnessed = structs.replace(witnessed, notes=(*witnessed.notes, *told))
    spaces = {scope.namespace, *(each.subject.namespace for each in witnessed.lives)} if scope.namespace else {None}
    kept = kept_contracts.in_cluster(terms.promised, reader, sorted(spaces, key=str))
    return structs.replace(witnessed, unread=(*witnessed.unread, *kept.unread)), kept.contracts


def _left_out(count: int) -> tuple[str, ...]:
    if not count:
        return ()
    several = "workloads that ask for no accelerator and name no engine were left out; name one to see it"
    alone = "workload that asks for no accelerator and names no engine was left out; name it to see it"
    return (f"{count:,} {alone if count == 1 else several}",)


def ask_url(url: str, manner: Manner, ca_file: str | None, engine: str | None = None) -> Answers:
    """What the engine behind a URL says of itself; `engine` is the one that is expected there."""
    way = Direct(url, key=manner.key, ca_file=ca_file)
    try:
        return asking.ask(way, asking.About(engine=engine), deadline=manner.each_s, spend=manner.spend)
    finally:
        way.close()


def advice(url: str, unread: Unread) -> str | None:
    """What to do about a URL that gave no answer."""
    if unread.would_need in certificates.NEEDS:
        return f"it needs {unread.would_need}"
    if unread.kind in ("unreachable", "timeout"):
        models = f"{url.rstrip('/').removesuffix('/v1')}/v1/models"
        return f"see whether it answers from this machine, with `curl -sv {quote(models)}`"
    return f"it needs: {unread.would_need}" if unread.would_need else None


# ---- one THING -------------------------------------------------------------------------------------------------------


def of_url(thing: Thing, around: Around, reached: Reached) -> Loaded:
    """The engine behind a URL, as an input. Raises `InputError` where none answers."""
    url, said = addresses.base(thing.text)
    answers = ask_url(url, reached.manner(), reached.ca_file)
    if answers.engine is None:
        told = "; ".join(f"{each.what}: {each.reason}" for each in answers.unread) or "no engine answers there"
        hint = next((advice(url, each) for each in answers.unread), None)
        raise InputError(f"{thing.text} tells of no engine: {told}", hint=hint)
    case = endpoints.case(url, answers, around.project)
    party = case.parties[0].case
    notes = (*around.notes, *said, *(_said(each) for each in answers.unread))
    return Loaded(case.inventory, (party,), around.problems, notes)


def of_object(
    name: ObjectName, around: Around, reached: Reached, namespace: str | None, *, every: bool = False
) -> Loaded:
    """The engines of one object of a cluster, as an input: as most of its replicas run them, or (`every`) all ways there are.

    A setting in which the replicas run apart is a choice of the former, whose arms say on how many each value runs.
    """
    if name.revision == "good":
        raise UsageError(f"no revision of {name.kind}/{name.name} has been recorded as good", hint="leave @good out")
    manner = reached.manner()
    with access.connect(
        name.context or reached.context, reached.kubeconfig, deadline=reached.timeout * ANSWERS
    ) as cluster:
        place = name.namespace or namespace or cluster.namespace
        scope = Scope(cluster.context, named=True, namespace=place)
        what = wanted(around, Named(name.kind, name.name, name.namespace, name.group), namespace=place)
        witnessed = look(Reader(cluster), scope, what, around, manner)
    found, problems, unused = running.standings(witnessed, around)
    picked = [each for standing in found for each in _picked(standing, name, every=every)]
    absent = tuple(running.unreadable(witnessed, running.cases_of(found)))
    return Loaded(
        inventory=witnessed.inventory,
        cases=tuple(picked),
        problems=(*around.problems, *problems, *absent),
        notes=tuple(dict.fromkeys((*around.notes, *witnessed.notes, *unused, *_notes(witnessed, found)))),
    )


def declared(
    name: ObjectName, around: Around, reached: Reached, namespace: str | None
) -> tuple[Inventory, tuple[InputProblem, ...]]:
    """The objects themselves, as their manifests say it."""
    with access.connect(
        name.context or reached.context, reached.kubeconfig, deadline=reached.timeout * ANSWERS
    ) as cluster:
        place = name.namespace or namespace or cluster.namespace
        what = wanted(around, Named(name.kind, name.name, name.namespace, name.group), namespace=place)
        scope = Scope(cluster.context, named=True, namespace=place)
        witnessed = look(Reader(cluster), scope, what, around, Manner("api"))
    return witnessed.inventory, tuple(running.unreadable(witnessed, ()))


def _picked(standing: Standing, name: ObjectName, *, every: bool) -> Iterator[Case]:
    case = standing.case
    if case is None:
        return
    parties = [party for party in case.parties if not party.leaving]
    if name.revision is not None:
        parties = _of_revision(parties, name)
    if not parties:
        yield case
    elif every:
        for party in parties:
            if len(parties) > 1:
                party.case.sheet.subject = structs.replace(party.case.sheet.subject, pod=party.pods[0])
            yield party.case
    else:
        yield as_most(case, parties)


def _of_revision(parties: list[Party], name: ObjectName) -> list[Party]:
    found = [party for party in parties if party.revision and party.revision == name.revision]
    if not found:
        known = ", ".join(dict.fromkeys(party.revision for party in parties if party.revision)) or "none"
        raise UsageError(
            f"no replica of {name.kind}/{name.name} runs revision {name.revision}",
            hint=f"revisions that run, by the hash of their template: {known}",
        )
    return found


def as_most(case: Case, parties: list[Party]) -> Case:
    """The case most replicas run as; a setting that they do not all run with has every value that there is."""
    if len(parties) == 1:
        return parties[0].case
    most = replicas.foremost(case)
    one = structs.replace(most, sheet=most.sheet.copied())
    who = case.workload.subject
    key = "replicas@" + "/".join(part for part in (who.cluster, who.namespace, who.kind, who.name) if part)
    certain = {item.setting: item for item in disagreements.apart(case)}
    for setting in dict.fromkeys((*certain, *comparing.differing(case))):
        values = tuple((party, party.case.sheet.effective(setting)) for party in parties)
        said = disagreements.sides(certain.get(setting) or Apart(setting, values, "itself"))
        how = "its replicas run apart in it" if setting in certain else "what is known of its replicas differs"
        unclear = Gap(setting, f"{how}: {said}", REPLICAS, (key,), "replicas that run the same")
        at_once = disagreements.at_once(certain[setting], key) if setting in certain else None
        one.sheet.leave_open(at_once or unclear)
    return one


def _notes(witnessed: Witnessed, found: list[Standing]) -> Iterator[str]:
    for standing in found:
        case = standing.case
        if case is None:
            continue
        parties = [party for party in case.parties if not party.leaving]
        if not parties:
            yield f"{case.sheet.subject}: no replica runs; what is shown is what its manifest says"
        elif len(parties) > 1:
            sides = "; ".join(kubectl.pods(party.pods) for party in parties)
            yield f"{case.sheet.subject}: its replicas are of {len(parties)} kinds ({sides}); `skewguard verify` says in what"
        for each in dict.fromkeys(item for party in parties for answers in party.answers for item in answers.unread):
            yield _said(each)
    if not any(standing.case is not None for standing in found):
        yield from (f"{each.subject}: {each.recognition.reason}" for each in found[:20])
    yield from (_said(each) for each in witnessed.unread if each.kind != "absent")


def _said(unread: Unread) -> str:
    needs = f"; it needs: {unread.would_need}" if unread.would_need else ""
    return f"{unread.what}: {unread.reason}, which hides {unread.hides}{needs}"
