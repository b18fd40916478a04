"""What two sides make of the same words: flags that stop one start, variables that go dead, another entrypoint.

The checks of each side say what is wrong with a word there; here the answers are laid side by side. What both sides
say alike is no difference.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import structs

from skewguard.judge.checks import anchors, evidence, faults
from skewguard.judge.checks.interface import Case
from skewguard.knowledge import engines
from skewguard.knowledge.engines import recognition
from skewguard.knowledge.engines.interface import Argument, Variable
from skewguard.language import redact
from skewguard.language.facts import Origin
from skewguard.language.findings import Finding, Severity
from skewguard.language.rereadings import EntrypointChange, Treatment, WordChange
from skewguard.language.vocabulary import BY_NAME, canonical, named
from skewguard.language.workloads import Token

OF_ARGUMENTS: Mapping[str, Treatment] = {
    "args.unknown": "refused",
    "args.misspelt": "refused",
    "args.removed": "refused",
    "args.not-yet": "refused",
    "args.ambiguous": "refused",
    "args.invalid-value": "refused",
    "args.missing-value": "refused",
    "args.unexpected-value": "refused",
    "args.model-by-flag": "refused",
    "args.swallowed": "dropped",
    "args.ignored": "dropped",
    "args.duplicated": "overridden",
    "args.abbreviated": "abbreviated",
    "args.deprecated": "deprecated",
    "args.depends-on-version": "unknown",
}
"""What a side does with an argument about which one of these checks speaks, unless its parser says it more exactly."""

OF_VARIABLES: Mapping[str, Treatment] = {
    "args.dead-env": "dead",
    "args.unread-env": "unread",
    "args.invalid-env": "refused",
}

Key = tuple[str, str, int]
"""The name of a word, the word as written, and which of several alike it is: the same on both sides."""


def arguments(one: Case, other: Case, a: Sequence[Finding], b: Sequence[Finding]) -> Iterator[WordChange]:
    """The arguments of a container that the two sides do not treat alike. `a` and `b` are the sides' findings."""
    yield from _changes(one, other, a, b, OF_ARGUMENTS)
    yield from _other_meanings(one, other)


def environment(one: Case, other: Case, a: Sequence[Finding], b: Sequence[Finding]) -> Iterator[WordChange]:
    """The variables of a container that only one side reads."""
    yield from _changes(one, other, a, b, OF_VARIABLES)


def _changes(
    one: Case, other: Case, a: Sequence[Finding], b: Sequence[Finding], kinds: Mapping[str, Treatment]
) -> Iterator[WordChange]:
    left, right = _keyed(item for item in a if item.check in kinds), _keyed(item for item in b if item.check in kinds)
    for key in dict.fromkeys([*right, *left]):
        was, now = left.get(key), right.get(key)
        told = now or was
        before = _treatment(one, was, kinds) if was else _without_fault(one, key)
        after = _treatment(other, now, kinds) if now else _without_fault(other, key)
        if before == after or told is None:
            continue
        worse = told if now and now.verdict == "fail" else _milder(told, keep_remedy=now is not None)
        yield WordChange(
            subject=one.sheet.subject,
            name=key[0],
            before=before,
            after=after,
            severity=worse.severity,
            message=worse.message,
            remedy=worse.remedy,
            setting=_setting(one, key) or _setting(other, key) or told.setting,
            origin=_place(told),
        )


def _milder(finding: Finding, *, keep_remedy: bool) -> Finding:
    """A fault of the first side alone, which needs no edit for the second; or one that nobody can be sure of."""
    return structs.replace(finding, severity="note", remedy=finding.remedy if keep_remedy else "")


def _keyed(findings: Iterable[Finding]) -> dict[Key, Finding]:
    seen: Counter[tuple[str, str]] = Counter()
    keyed: dict[Key, Finding] = {}
    for finding in findings:
        place = _place(finding)
        word = (finding.anchor or "", (place.text if place else None) or "")
        keyed[*word, seen[word]] = finding
        seen[word] += 1
    return keyed


def _place(finding: Finding) -> Origin | None:
    return finding.observed.origin if finding.observed else None


def _treatment(case: Case, finding: Finding, kinds: Mapping[str, Treatment]) -> Treatment:
    """What a side does with the word of one of its findings: as its parser says, else as the check means it."""
    if finding.verdict != "fail":
        return "unknown"
    usual = kinds[finding.check]
    argument = next((item for item in faults.everywhere(case) if item.fault and item.origin == _place(finding)), None)
    if argument is None or usual not in ("refused", "dropped"):
        return usual
    return {True: "refused", False: "dropped", None: "unknown"}[argument.fatal]  # type: ignore[return-value]


def _without_fault(case: Case, key: Key) -> Treatment:
    of_the_whole = key[0] == "image"  # the anchor of what hangs on the version: all words together
    return "read" if of_the_whole or any(True for _ in _written(case, key)) else "absent"


def _written(case: Case, key: Key) -> Iterator[Argument | Variable]:
    """The words of a case with this name, written alike."""
    name, text, _ = key
    for argument in case.parsed.arguments if case.parsed else ():
        if (argument.origin.text or "") == text and name in (anchors.of_argument(argument), anchors.of_word(text)):
            yield argument
    for variable in case.variables:
        if variable.name == name:
            yield variable


def _setting(case: Case, key: Key) -> str | None:
    for word in _written(case, key):
        if isinstance(word, Variable):
            return f"{case.engine}.env.{word.name}"
        if word.dest is not None and word.outcome == "parsed":
            return named(case.engine, word.dest)
    return None


# ---- words that both sides read, each in its own way ---------------------------------------------------------------


def _other_meanings(one: Case, other: Case) -> Iterator[WordChange]:
    """Words that are read on both sides, as another setting or another value."""
    if one.engine != other.engine:
        return
    taken = _read(other)
    for key, argument in _read(one).items():
        again = taken.get(key)
        if again is None or argument.dest is None or again.dest is None:
            continue
        was, now = named(one.engine, argument.dest), named(other.engine, again.dest)
        if was == now and canonical(was, argument.value) == canonical(now, again.value):
            continue
        name = anchors.of_word(again.text)
        yield WordChange(
            subject=one.sheet.subject,
            name=name,
            before="read",
            after="read otherwise",
            severity=_gravity(was, now),
            message=_otherwise(name, (was, argument), (now, again)),
            remedy=f"`skewguard explain {other.engine}/{again.dest}` shows the flag through all versions",
            setting=now,
            origin=again.origin,
        )


def _read(case: Case) -> dict[tuple[Origin, str], Argument]:
    """The arguments that a side reads for certain, by their place in the input."""
    words = case.parsed.arguments if case.parsed else ()
    return {(item.origin, item.text): item for item in words if item.outcome == "parsed" and not item.versions}


def _gravity(was: str, now: str) -> Severity:
    return "warning" if was in BY_NAME or now in BY_NAME else "note"


def _otherwise(name: str, was: tuple[str, Argument], now: tuple[str, Argument]) -> str:
    a, b = (redact.value(name, str(side[1].value)) for side in (was, now))
    if was[0] != now[0]:
        return f"`{name}` sets {was[0]} to `{a}` in A, and {now[0]} to `{b}` in B"
    return f"the same `{name}` gives `{a}` in A and `{b}` in B"


# ---- the image's entrypoint ----------------------------------------------------------------------------------------


def entrypoint(case: Case) -> str | None:
    """What the image starts before these arguments; None where a command is written, or nobody can know it."""
    found, image, module = case.recognition, evidence.image(case), engines.ENGINES.get(case.engine)
    if found is None or found.invocation is None or found.invocation.via != "image" or module is None:
        return None
    if image is None or not recognition.of_image(image.name).entrypoint or case.release is None or case.release.beyond:
        return None
    commands = {module.entrypoint(version) for version in case.release.candidates}
    return " ".join(commands.pop()) or None if len(commands) == 1 else None


def entrypoints(one: Case, other: Case) -> Iterator[EntrypointChange]:
    """That the image starts another program on the two sides, and what this alone does to the arguments."""
    before, after = entrypoint(one), entrypoint(other)
    if before is None or after is None or before == after:
        return
    names = " and ".join(_told_apart(other, before))
    effect = f"this alone changes how {names} is taken" if names else "this alone changes none of them"
    message = (
        f"The image starts `{before}` in A and `{after}` in B, and `args` without `command` are words of that program: "
        f"{effect}. A `command` in the manifest starts the same program on both sides"
    )
    yield EntrypointChange(one.sheet.subject, before, after, message)


def _told_apart(case: Case, program: str) -> list[str]:
    """The words that another program of the same version would take in another way than the image's own."""
    found, module, origin = case.recognition, engines.ENGINES[case.engine], case.container.origin
    if found is None or case.release is None or case.parsed is None:
        return []
    argv = (*(Token(word, origin) for word in program.split()), *found.argv)
    there = module.parse(argv, case.release, case.container.files)
    treated = [{(item.origin, item.text, item.fault): item for item in side.arguments} for side in (case.parsed, there)]
    apart = [item for key, item in treated[0].items() if key not in treated[1]]
    names = dict.fromkeys(anchors.of_argument(item) for item in apart)
    return ["a word without a flag" if name == anchors.POSITIONAL else f"`{name}`" for name in names]
