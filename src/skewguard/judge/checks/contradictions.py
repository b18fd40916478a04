"""Variables that say something else than an argument does (group `args`)."""

from collections.abc import Iterator

from msgspec import structs

from skewguard.judge.checks import environment, evidence
from skewguard.judge.checks.interface import Case, Result, check, fail
from skewguard.knowledge import engines
from skewguard.knowledge.engines.readings import same_value
from skewguard.language import secret_names
from skewguard.language.facts import Fact


@check(
    "args.env-contradicts",
    reads_arguments=True,
    title="A variable and an argument contradict each other",
    category="runtime",
    severity="warning",
    why="Where a variable and an argument say the same setting, the argument counts, whether the engine reads the variable "
    "or not. Whoever edits the variable changes nothing, and believes to have changed the server.",
    remedy="let the argument read the variable with `$(NAME)`, or remove one of the two",
    bad="env: [{name: TP_SIZE, value: '16'}]\nargs: [--tensor-parallel-size=8]",
    good="env: [{name: TP_SIZE, value: '8'}]\nargs: [--tensor-parallel-size=$(TP_SIZE)]",
)
def env_contradicts(case: Case) -> Iterator[Result]:
    """A variable that differs from the argument of its flag, or a number in one that only looks like the setting."""
    yield from _overruled(case)
    read = {item.name for item in case.variables if item.outcome in ("read", "invalid")}
    for entry in case.container.env:
        setting = environment.setting_of(case.engine, entry.name)
        fact = case.sheet.declared(setting) if setting else None
        if (
            fact is None
            or entry.name in read
            or not isinstance(fact.value, int | float)
            or isinstance(fact.value, bool)
        ):
            continue
        given = _number(entry.value)
        if given is not None and given != fact.value and case.container.variable(entry.name) is entry:
            yield fail(
                f"{entry.name} is {entry.value}, and {case.title} runs with {fact.value} from {fact.origin}: the variable "
                "is not read",
                remedy=f"write `{_reading(case, fact.setting, entry.name)}`, or remove {entry.name}",
                setting=setting,
                anchor=entry.name,
                at=entry.origin,
            )


def _overruled(case: Case) -> Iterator[Result]:
    """Variables that the engine reads for a flag which the arguments give another value: those go first."""
    for variable in case.variables:
        entry, dest = case.container.variable(variable.name), variable.stands_for
        written = case.parsed.values.get(dest) if case.parsed is not None and dest is not None else None
        if entry is None or dest is None or written is None or secret_names.is_secret(entry.name):
            continue
        said = _by_variable(case, dest)
        if said is None or said.origin != entry.origin or written.origin == entry.origin:
            continue
        if not same_value(said.value, written.value):
            yield fail(
                f"{entry.name} is {entry.value}, and {case.title} runs with {written.value} from {written.origin}: the "
                "argument goes before the variable",
                remedy=f"write `{_reading(case, written.setting, entry.name)}`, or remove {entry.name}",
                setting=written.setting,
                anchor=entry.name,
                at=entry.origin,
            )


def _by_variable(case: Case, dest: str) -> Fact | None:
    """What the variables would give a destination if no argument did."""
    module = engines.ENGINES.get(case.engine)
    if module is None or case.parsed is None or case.release is None or case.inputs is None:
        return None
    values = {name: fact for name, fact in case.parsed.values.items() if name != dest}
    silent = structs.replace(case.parsed, values=values)
    return module.settle(silent, case.container.env, case.release, case.inputs).values.get(dest)


def _reading(case: Case, setting: str, variable: str) -> str:
    """The argument that takes its value from a variable."""
    return evidence.joined(case, evidence.flag(case, setting) or setting, f"$({variable})")


def _number(text: str | None) -> float | None:
    try:
        return float(text or "")
    except ValueError:
        return None
