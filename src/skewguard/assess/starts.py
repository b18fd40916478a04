"""The starts of an engine in one container: what they agree on, and what the shell or a second server leaves open.

A script may start the engine in the arms of an `if`, in a loop, or twice side by side. What every start says is the
container's setting; what they say differently is a gap, never the value of one of them. A start that may not happen
leaves a doubt on all that is read from it.
"""

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct, structs

from skewguard.assess.sharing import Reading
from skewguard.assess.unknowns import invocations
from skewguard.knowledge.engines import tables
from skewguard.knowledge.engines.answers import of_release
from skewguard.knowledge.engines.interface import Argument, EngineModule, Inputs, Parsed, Recognition, Release, Variable
from skewguard.language import redact
from skewguard.language.facts import Choice, Effective, Fact, Gap, assuming
from skewguard.language.sheet import Derive
from skewguard.language.workloads import Container, EnvVar, Invocation, UnseenEnv


class Start(Struct, frozen=True):
    """One start, and what the engine makes of its arguments."""

    invocation: Invocation
    reading: Reading

    @property
    def parsed(self) -> Parsed:
        """The arguments as the engine reads them."""
        return self.reading.parsed

    @property
    def place(self) -> str:
        """Where a reader finds it."""
        argv = self.invocation.argv
        return str(argv[0].origin) if argv else "the image's entrypoint"


class Starts(Struct, frozen=True):
    """All starts of one container. `assumes` names what decides whether they happen, `key` tells them from others."""

    title: str
    each: tuple[Start, ...]
    assumes: tuple[str, ...] = ()
    rivals: tuple[str, ...] = ()
    key: str = ""

    @property
    def several(self) -> bool:
        """Whether more than one engine start stands in the container."""
        return len(self.each) + len(self.rivals) > 1


# ---- environment ---------------------------------------------------------------------------------------------------


def with_environment(container: Container, found: Recognition) -> Container:
    """The container with what its shell exports to the engine, and with the files that the shell sourced unseen."""
    starts = invocations(found)
    if not any(each.environment or each.unseen for each in starts):
        return container
    given = [{entry.name: entry for entry in each.environment} for each in starts]
    names = dict.fromkeys(name for entries in given for name in entries)
    added = tuple(
        _variable(name, [entries.get(name) or container.variable(name) for entries in given]) for name in names
    )
    unseen = dict.fromkeys(source for each in starts for source in each.unseen)
    return structs.replace(container, env=(*container.env, *added), unseen_env=(*container.unseen_env, *_once(unseen)))


def _once(sources: Mapping[UnseenEnv, None]) -> Iterator[UnseenEnv]:
    names = set()
    for source in sources:
        if source.ref not in names:
            names.add(source.ref)
            yield source


def _variable(name: str, entries: Sequence[EnvVar | None]) -> EnvVar:
    """The variable as every start gets it; of unknown value where they get it differently."""
    first = next(entry for entry in entries if entry is not None)
    if all(entry is not None and entry.value == first.value for entry in entries):
        return first
    return EnvVar(name, None, first.origin, "shell", why_unknown="the starts of the engine get it differently")


def with_renamed(container: Container, variables: Sequence[Variable]) -> Container:
    """The container with what the engine copies from old names of variables to the new ones, as the engine does it."""
    added = [
        _copied(entry, variable)
        for variable in variables
        if variable.outcome == "read" and variable.renamed is not None
        if (entry := container.variable(variable.name)) is not None
        if not (variable.renamed.yields and container.variable(variable.renamed.name(variable.name) or "") is not None)
    ]
    return structs.replace(container, env=(*container.env, *added)) if added else container


def _copied(entry: EnvVar, variable: Variable) -> EnvVar:
    assert variable.renamed is not None
    name = variable.renamed.name(variable.name) or variable.name
    if variable.renamed.changed or variable.versions:
        return structs.replace(entry, name=name, value=None, why_unknown=f"the engine works it out from {entry.name}")
    return structs.replace(entry, name=name)


def possible(module: EngineModule, release: Release, container: Container) -> tuple[EnvVar, ...]:
    """The variables of the engine that an unseen source may set, as variables whose value nobody knows."""
    if not container.unseen_env:
        return ()
    names = dict.fromkeys(name for version in release.candidates for name in module.variables(version))
    return tuple(
        EnvVar(name, None, container.origin, why_unknown=f"{', '.join(sources)} may set it", assumes=sources)
        for name in names
        if (sources := container.doubts(name))
    )


def unseen(module: EngineModule | None, release: Release | None, container: Container) -> tuple[UnseenEnv, ...]:
    """The unseen sources that may set a variable of the engine; all of them where its variables are not known."""
    if module is None or release is None or not container.unseen_env:
        return container.unseen_env
    names = {name for version in release.candidates for name in module.variables(version)}
    return tuple(each for each in container.unseen_env if any(name.startswith(each.prefix) for name in names))


# ---- arguments -----------------------------------------------------------------------------------------------------


def agreed(starts: Starts) -> Parsed:
    """What all starts together say of the engine's arguments."""
    if not starts.several and not starts.assumes:
        return starts.each[0].parsed
    every = [start.parsed for start in starts.each]
    values, gaps = _values(starts)
    return Parsed(
        arguments=tuple(argument for start in starts.each for argument in _arguments(start, starts)),
        values=values,
        gaps=gaps,
        starts=_start(starts),
        entrypoint=" or ".join(dict.fromkeys(parsed.entrypoint for parsed in every)),
        blind=next((parsed.blind for parsed in every if parsed.blind is not None), _rival(starts)),
        versions=every[0].versions if len(every) == 1 else _common(every),
        decided=_decided(starts),
    )


def _common(every: Sequence[Parsed]) -> tuple[str, ...]:
    return tuple(version for version in every[0].versions if all(version in parsed.versions for parsed in every))


def _start(starts: Starts) -> bool | None:
    """Whether the parser takes the arguments: only where each start is certain, and all of them are alike in it."""
    answers = {start.parsed.starts for start in starts.each}
    if answers == {False} and not starts.rivals:
        return False
    return True if answers == {True} and not starts.assumes and not starts.rivals else None


def _rival(starts: Starts, setting: str = "*") -> Gap | None:
    """The gap of everything where another engine may serve instead."""
    if not starts.rivals:
        return None
    names = " and ".join(starts.rivals)
    return Gap(setting, f"the container starts {names} as well", "starts", (starts.key,), "one engine in one container")


def _arguments(start: Start, starts: Starts) -> Iterator[Argument]:
    """A start's arguments; a fault that not every start has says so, and is in doubt where the shell decides."""
    others = [each.parsed for each in starts.each if each is not start]
    for argument in start.parsed.arguments:
        if argument.fault is None or not starts.several or (others and all(_has(other, argument) for other in others)):
            yield argument
            continue
        number = len(starts.each) + len(starts.rivals)
        told = f"this is one of {number} starts in the container"
        if start.invocation.certain:
            yield structs.replace(argument, message=f"{argument.message}; {told}")
            continue
        doubt = f"{told}, and the shell decides which of them happens"
        yield structs.replace(argument, message=f"{argument.message}; {doubt}", doubt=argument.doubt or doubt)


def _has(parsed: Parsed, argument: Argument) -> bool:
    return any(each.fault == argument.fault and each.text == argument.text for each in parsed.arguments)


# ---- values --------------------------------------------------------------------------------------------------------


def _values(starts: Starts) -> tuple[dict[str, Fact], dict[str, Gap]]:
    values: dict[str, Fact] = {}
    gaps: dict[str, Gap] = {}
    every = [start.parsed for start in starts.each]
    for dest in dict.fromkeys(dest for parsed in every for dest in (*parsed.values, *parsed.gaps)):
        held = [_held(parsed, dest) for parsed in every]
        first = next(item for item in held if item is not None)
        both = joined(starts, first.setting, held)
        if isinstance(both, Fact):
            values[dest] = both
        elif isinstance(both, Gap):
            gaps[dest] = both
    for dest, fact in every[0].values.items() if len(every) == 1 else ():
        if dest in gaps:
            values[dest] = assuming(fact, starts.assumes)  # written, and the engine may overrule it
    return values, gaps


def _held(parsed: Parsed, dest: str) -> Fact | Gap | None:
    return parsed.gaps.get(dest) or parsed.values.get(dest)


def _decided(starts: Starts) -> dict[str, Fact]:
    """What the engine decides against the words of every start."""
    every = [start.parsed.decided for start in starts.each]
    found = {}
    for dest in every[0]:
        both = joined(starts, every[0][dest].setting, [decided.get(dest) for decided in every])
        if isinstance(both, Fact):
            found[dest] = both
    return found


def joined(starts: Starts, setting: str, answers: Sequence[Effective | None]) -> Effective | None:
    """One answer from those of all starts: theirs where they agree, else a gap that names what each of them has."""
    first = answers[0]
    if starts.rivals and any(answer is not None for answer in answers):
        return _rival(starts, setting)
    if all(_same(first, answer) for answer in answers):
        more = [unseen for answer in answers if isinstance(answer, Fact | Choice) for unseen in answer.assumes]
        return assuming(first, (*more, *starts.assumes)) if first is not None else None
    shown = "; ".join(f"{_shown(answer)} at {start.place}" for start, answer in zip(starts.each, answers, strict=True))
    unsure = any(not start.invocation.certain for start in starts.each)
    who = "the shell decides which" if unsure else "each with words of its own"
    reason = f"{starts.title} is started in {len(starts.each)} ways, {who}: {shown}"
    return Gap(setting, reason, "starts", (starts.key,), "one start of the engine, or the same value in each of them")


def deriving(starts: Starts, module: EngineModule, release: Release, container: Container, inputs: Inputs) -> Derive:
    """What gives the engine's own values in all starts, and says what an unseen source could change of them."""
    open_ = possible(module, release, container)
    sources = tuple(dict.fromkeys(ref for entry in open_ for ref in container.doubts(entry.name)))

    def asking(reading: Reading) -> Derive:
        plain = reading.derive(module, container.env, release, inputs)
        if not open_:
            return plain
        otherwise = reading.derive(module, (*container.env, *open_), release, inputs)

        def ask(setting: str) -> Effective | None:
            answer = plain(setting)
            if answer is None or isinstance(answer, Gap) or answer == (other := otherwise(setting)):
                return answer
            return assuming(answer, sources) if isinstance(answer, Fact) else other

        return ask

    each = [asking(start.reading) for start in starts.each]
    if not starts.several and not starts.assumes:
        return each[0]
    return lambda setting: joined(starts, setting, [ask(setting) for ask in each])


def common(starts: Starts, module: EngineModule, release: Release) -> Mapping[str, Effective | None]:
    """What follows from nothing but the release, as far as a container of it has asked; empty where starts may differ."""
    if starts.several or starts.assumes or starts.rivals:
        return {}
    return of_release(tables.load(module.NAME), starts.each[0].reading.parsed, release)


def _same(a: Effective | None, b: Effective | None) -> bool:
    if isinstance(a, Fact) and isinstance(b, Fact):
        return type(a.value) is type(b.value) and bool(a.value == b.value)
    if isinstance(a, Choice) and isinstance(b, Choice):
        return (a.rule, a.inputs, a.arms) == (b.rule, b.inputs, b.arms)
    if isinstance(a, Gap) and isinstance(b, Gap):
        return (a.rule, a.inputs) == (b.rule, b.inputs)
    return a is b


def _shown(answer: Effective | None) -> str:
    if answer is None:
        return "not set"
    if not isinstance(answer, Fact):
        return "what is not known"
    name = answer.setting.rpartition(".")[2]
    return f"`{answer.value}`" if redact.tree(answer.value, name) == answer.value else "a secret"
