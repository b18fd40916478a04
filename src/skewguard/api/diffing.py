"""`diff`: which effective settings of two things differ, and why."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct, field

from skewguard.api import inputs, resolving, surroundings, things
from skewguard.assess import evaluation, observed
from skewguard.judge import comparison, rereading
from skewguard.judge.checks.registry import CHECKS, Case
from skewguard.knowledge import engines as knowledge_of
from skewguard.language import vocabulary
from skewguard.language.errors import ExitCode, InputError, UsageError
from skewguard.language.facts import Effective, Fact, Gap, Subject
from skewguard.language.findings import Effect
from skewguard.language.rereadings import EntrypointChange, WordChange
from skewguard.language.results import Change, DiffReport, ExpectedDifference, InputProblem, Undecided
from skewguard.language.running import ENDPOINT

Pairs = list[tuple[Case, Case]]

_WORD_CHECKS = [CHECKS[name] for name in (*rereading.OF_ARGUMENTS, *rereading.OF_VARIABLES)]


class Found(Struct):
    """What differs, gathered container by container."""

    changes: list[Change] = field(default_factory=list)
    undecided: list[Undecided] = field(default_factory=list)
    expected: list[ExpectedDifference] = field(default_factory=list)
    arguments: list[WordChange] = field(default_factory=list)
    environment: list[WordChange] = field(default_factory=list)
    entrypoints: list[EntrypointChange] = field(default_factory=list)
    unseen: int = 0


def diff(
    a: str,
    b: str | None = None,
    *,
    engines: Sequence[str] = (),
    namespace: str | None = None,
    model_configs: Sequence[str] = (),
    gpu: str | None = None,
    tables: str | None = None,
    environ: Mapping[str, str] | None = None,
    **reach: Any,
) -> DiffReport:
    """Compare two things, or one thing under two engine versions (`engines`: two of `NAME==VERSION`).

    Exit code: the first that applies of 1 something differs, 2 an input could not be read, 3 something cannot be
    decided. What stands on one side alone differs only where all of the other side could be read. `model_configs`,
    `gpu` and `tables` (a folder of engine tables that stand before the package's) hold for both sides, `environ` holds
    the variables `SKEWGUARD_*`. `reach` are the fields of `witnessing.Reached`: how a cluster and its engines are reached.
    """
    how = inputs.reached(reach)
    names, versions = _sides(a, b, tuple(engines))
    if a == b == "-":
        raise UsageError("standard input is named for both sides, and can be read once", hint="save one of them first")
    with surroundings.of_call(tables_folder=tables, environ=environ, model_configs=model_configs, gpu=gpu) as around:
        left, right = (
            inputs.of_thing(things.parse((name,)), around, namespace=namespace, version=version, reached=how)
            for name, version in zip((a, b or a), versions, strict=True)
        )
        _comparable(names, left, right, versions)
        return _report(names, left, right, upgrade=b is None)


def _report(names: tuple[str, str], left: inputs.Loaded, right: inputs.Loaded, *, upgrade: bool) -> DiffReport:
    pairs, rest_a, rest_b = pair(left.cases, right.cases)
    found = Found()
    for one, other in pairs:
        _compare(one, other, found, upgrade=upgrade)
    only_a, lost_a = _alone(rest_a, names[1], right)
    only_b, lost_b = _alone(rest_b, names[0], left)
    problems = tuple(dict.fromkeys(left.problems + right.problems))
    words = (*found.arguments, *found.environment)
    happened = {
        ExitCode.FAILED: found.changes or any(word.decided for word in words) or only_a or only_b,
        ExitCode.UNREADABLE: problems,
        ExitCode.UNKNOWN: found.undecided or words,
    }
    return DiffReport(
        a=names[0],
        b=names[1],
        compared=len(pairs),
        arguments=tuple(found.arguments),
        environment=tuple(found.environment),
        entrypoints=tuple(found.entrypoints),
        entrypoint_a=_entrypoint(left.cases),
        entrypoint_b=_entrypoint(right.cases),
        changes=tuple(found.changes),
        undecided=tuple(found.undecided),
        only_in_a=only_a,
        only_in_b=only_b,
        starts_a=_starts(left.cases),
        starts_b=_starts(right.cases),
        expected_differences=tuple(found.expected),
        tables=knowledge_of.tables_used(),
        errors=problems,
        missing=left.inventory.missing + right.inventory.missing,
        notes=tuple(dict.fromkeys((*left.notes, *right.notes, *_not_to_be_seen(found), *lost_a, *lost_b))),
        exit_code=ExitCode.first(code for code, applies in happened.items() if applies),
    )


def _not_to_be_seen(found: Found) -> Iterator[str]:
    if found.unseen:
        several = "settings" if found.unseen > 1 else "setting"
        yield (
            f"not to be seen through a URL: {found.unseen:,} {several}, which {'are' if found.unseen > 1 else 'is'} set "
            "aside; `skewguard diff` of two workloads (`kind/name`) compares everything"
        )


def _alone(rest: Sequence[Case], other: str, side: inputs.Loaded) -> tuple[tuple[Subject, ...], tuple[str, ...]]:
    """What has no counterpart: as subjects, or as notes where the counterpart may be in what could not be read."""
    subjects = tuple(case.sheet.subject for case in rest)
    if not side.problems:
        return subjects, ()
    return (), tuple(f"{subject} has no counterpart in what could be read of {other}" for subject in subjects)


def _comparable(
    names: tuple[str, str], left: inputs.Loaded, right: inputs.Loaded, versions: tuple[str | None, str | None]
) -> None:
    """Raises an error where there is nothing to compare, rather than calling it equal."""
    for version in versions:
        engine = version.partition("==")[0].lower() if version else None
        if engine is not None and engine not in knowledge_of.ENGINES:
            known = ", ".join(knowledge_of.ENGINES)
            raise UsageError(f"nothing is known of the versions of {engine}", hint=f"engines with a table: {known}")
        if engine is not None and left.cases and all(case.engine != engine for case in left.cases):
            raise UsageError(f"{names[0]} runs no {engine}, so --engine {version} changes nothing in it")
    if not left.cases and not right.cases:
        sides = zip(names, (left, right), strict=True)
        why = [f"{name}: {_in_words(each)}" for name, side in sides for each in dict.fromkeys(side.problems)]
        raise InputError(
            "; ".join(("no inference engine on either side, so there is nothing to compare", *why)),
            hint="`skewguard check` says for every container why it is none",
        )


def _in_words(problem: InputProblem) -> str:
    return f"{problem.message} ({problem.hint})" if problem.hint else problem.message


def _sides(a: str, b: str | None, versions: tuple[str, ...]) -> tuple[tuple[str, str], tuple[str | None, str | None]]:
    if b is not None and not versions:
        return (a, b), (None, None)
    if b is None and len(versions) == 2:
        return (f"{a} under {versions[0]}", f"{a} under {versions[1]}"), (versions[0], versions[1])
    raise UsageError(
        "diff compares two things, or one thing under two engine versions",
        hint="`skewguard diff A B`, or `skewguard diff FILE --engine vllm==0.10.2 --engine vllm==0.11.0`",
    )


def pair(left: Sequence[Case], right: Sequence[Case]) -> tuple[Pairs, list[Case], list[Case]]:
    """Which case of one side is which of the other: the same object, else the same names, else the only one left."""
    pairs: Pairs = []
    rest_left, rest_right = list(left), list(right)
    for same in _SAMENESS:
        for one in list(rest_left):
            matches = [other for other in rest_right if same(one.sheet.subject, other.sheet.subject)]
            rivals = [other for other in rest_left if same(other.sheet.subject, one.sheet.subject)]
            if len(matches) == 1 and len(rivals) == 1:
                pairs.append((one, matches[0]))
                rest_left.remove(one)
                rest_right.remove(matches[0])
    if len(rest_left) == 1 == len(rest_right):
        pairs.append((rest_left.pop(), rest_right.pop()))
    return pairs, rest_left, rest_right


def _key(*fields: str) -> Callable[[Subject, Subject], bool]:
    return lambda a, b: all(getattr(a, field) == getattr(b, field) for field in fields)


_SAMENESS = (
    _key("kind", "namespace", "name", "role", "container"),
    _key("kind", "name", "role", "container"),
    _key("name", "role", "container"),
    _key("name", "role"),
    _key("role", "container"),
)


def _compare(one: Case, other: Case, found: Found, *, upgrade: bool) -> None:
    """Lay two cases of one container side by side; in an `upgrade` the version differs because it was asked for."""
    _reread(one, other, found)
    subject = one.sheet.subject
    told = {item.setting: item.message for item in (*found.arguments, *found.environment) if item.subject == subject}
    for difference in comparison.differences(one.sheet, other.sheet):
        if _is_unseen(one, difference.a) or _is_unseen(other, difference.b):
            found.unseen += 1
            continue
        unit = vocabulary.unit(difference.setting)
        before, after = _side(difference.a), _side(difference.b)
        if upgrade and difference.setting == "runtime.version":
            versions = f"{_version(one)} against {_version(other)}"
            found.expected.append(ExpectedDifference(difference.setting, f"{versions}: what was asked for", subject))
        elif (why := _of_its_place(one, other, difference)) is not None:
            found.expected.append(ExpectedDifference(difference.setting, why, subject))
        elif difference.decided:
            reason = told.get(difference.setting, difference.reason)
            effect = _effect(one, difference)
            found.changes.append(
                Change(subject, difference.setting, before, after, difference.severity, reason, unit, effect)
            )
        else:
            found.undecided.append(Undecided(subject, difference.setting, before, after, difference.inputs, unit))
    found.expected.extend(_expected(one, other))


def _is_unseen(case: Case, value: Effective) -> bool:
    """Whether a side cannot show it: through a URL only what the engine says of itself is to be seen."""
    return case.sheet.subject.kind == ENDPOINT and not isinstance(value, Fact)


_SIZES = ("autoscaling.min_replicas", "autoscaling.max_replicas")


def _of_its_place(one: Case, other: Case, difference: comparison.Difference) -> str | None:
    """Why two things that run differ in a setting as a matter of course; None where they do not."""
    if "live" not in (one.phase, other.phase):
        return None
    if difference.setting in _SIZES:
        return "how many replicas each side has is its own affair"
    return "it only says where one process is" if observed.of_process(difference.setting) else None


def _effect(case: Case, difference: comparison.Difference) -> tuple[Effect, ...]:
    """What one change alone does to memory and speed, where the model's own files were given."""
    a, b = difference.a, difference.b
    if case.inputs is None or case.inputs.checkpoint is None or not (isinstance(a, Fact) and isinstance(b, Fact)):
        return ()
    from skewguard.knowledge.capacity import effects

    return effects.of(case.situation, difference.setting, a.value, b.value)


def _reread(one: Case, other: Case, found: Found) -> None:
    """What the two sides make of the words themselves; nobody sees those of an engine behind a URL."""
    if ENDPOINT in (one.sheet.subject.kind, other.sheet.subject.kind):
        return
    a, b = (evaluation.evaluate(case, _WORD_CHECKS, str).findings for case in (one, other))
    found.arguments.extend(rereading.arguments(one, other, a, b))
    found.environment.extend(rereading.environment(one, other, a, b))
    found.entrypoints.extend(rereading.entrypoints(one, other))


def _version(case: Case) -> str:
    return (case.release.text if case.release else None) or "a version nobody knows"


def _entrypoint(cases: Sequence[Case]) -> str | None:
    commands = {rereading.entrypoint(case) for case in cases}
    return commands.pop() if len(commands) == 1 else None


def _side(value: Effective) -> Effective | None:
    return None if isinstance(value, Gap) and value.rule == "absent" else value


def _expected(one: Case, other: Case) -> list[ExpectedDifference]:
    a, b = one.sheet.subject, other.sheet.subject
    return [
        ExpectedDifference(field, f"{getattr(a, field)} against {getattr(b, field)}: what was compared", a)
        for field in ("cluster", "kind", "namespace", "name", "container")
        if getattr(a, field) != getattr(b, field)
    ]


def _starts(cases: Sequence[Case]) -> bool | None:
    answers = [resolving.starts(case) for case in cases if case.parsed is not None]
    if any(answer is False for answer in answers):
        return False
    return True if answers and all(answers) else None
