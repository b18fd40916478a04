"""`explain`: a setting, a check, one flag or variable through all versions, or a whole engine version."""

import re
from collections.abc import Iterator, Mapping, Sequence

from msgspec import structs

from skewguard.api import histories, results, surroundings
from skewguard.judge.checks import registry as checks
from skewguard.knowledge import engines
from skewguard.knowledge.engines import commands
from skewguard.knowledge.engines import versions as order
from skewguard.knowledge.engines.interface import EngineModule, FlagRecord
from skewguard.language import accelerators, dialects, vocabulary
from skewguard.language.errors import UsageError
from skewguard.language.results import (
    CheckExplanation,
    EngineReport,
    Explanation,
    FlagHistory,
    FlagLine,
    FlagRun,
    SettingExplanation,
    VariableDefault,
    VariableHistory,
    VariableRun,
)

_VARIABLE = re.compile(r"(?:(?P<engine>[a-z][a-z0-9-]*)[./])?(?P<mark>env[./])?(?P<name>[A-Z][A-Z0-9_]*)")
"""`vllm.env.VLLM_PORT`, `vllm/env/VLLM_PORT`, `vllm/VLLM_PORT`, `VLLM_PORT`."""


def explain(name: str, *, tables: str | None = None, environ: Mapping[str, str] | None = None) -> Explanation:
    """The explanation of a name. Raises `UsageError` with the nearest names when there is none.

    `tables` is a folder of engine tables that stand before the package's in this call, `environ` holds the variables
    `SKEWGUARD_*`.
    """
    with surroundings.of_call(tables_folder=tables, environ=environ) as around:
        found = _explained(name)
    if isinstance(found, CheckExplanation):
        return found
    return structs.replace(found, notes=(*around.notes, *found.notes))


def _explained(name: str) -> Explanation:
    if "==" in name:
        return _engine(*name.split("==", 1))
    if name in vocabulary.BY_NAME:
        return _setting(name)
    if name.startswith("capacity."):
        return _size(name)
    found = checks.find(name)
    if found is not None:
        return results.check_row(found)
    variable = _VARIABLE.fullmatch(name)
    if variable is not None:
        return _variable(variable["engine"], variable["name"])
    engine, separator, rest = name.partition("/" if "/" in name else ".")
    if separator and rest and ("/" in name or engine in engines.ENGINES):
        return _named(engine, rest)
    raise _unknown(name)


def _named(engine: str, name: str) -> Explanation:
    """What stands behind an engine's name: a variable, or else a flag or its destination."""
    if re.match(r"env[./]", name):
        return _variable(engine, name[4:])
    return _flag(engine, name)


def _setting(name: str) -> SettingExplanation:
    row = vocabulary.BY_NAME[name]
    called = {}
    for engine, dest in row.called.items():
        module = engines.ENGINES.get(engine)
        flags = {flag.dest: flag for flag in module.flags(module.releases()[-1])} if module else {}
        name = flags[dest].spellings[0] if dest in flags else dest
        called[engine] = f"{name} (says the opposite)" if dialects.inverts(engine, dest) else name
    return SettingExplanation(
        name=row.name,
        type=row.type,
        meaning=row.meaning,
        category=row.category,
        unit=row.unit,
        compare=row.compare,
        phases=row.phases,
        called=called,
        example=_example(row),
        values=_values(row.name),
        tables=engines.tables_used(),
    )


def _size(name: str) -> SettingExplanation:
    """An answer of the arithmetic of memory and speed: no setting, and nothing that a contract promises."""
    from skewguard.knowledge.capacity import situations

    if name not in situations.NAMES:
        raise UsageError(f"nothing here is called {name!r}", hint=f"these are computed: {', '.join(situations.NAMES)}")
    return SettingExplanation(
        name=name,
        type="number",
        meaning=situations.MEANINGS[name],
        category="hardware",
        unit=situations.UNITS[name],
        compare="exact",
        phases=("static", "live"),
        notes=(
            "computed from the model's own files, not set by anybody: `skewguard settings --model-config DIR` shows it",
        ),
        tables=engines.tables_used(),
    )


def _values(name: str) -> tuple[str, ...]:
    """The values of a setting that skewguard knows by name."""
    known = {"runtime.engine": tuple(commands.ENGINES), "hardware.gpu_class": accelerators.names()}
    return known.get(name, vocabulary.BY_NAME[name].choices)


_EXAMPLES = {
    "string": "auto",
    "integer": "1",
    "number": "0.9",
    "boolean": "true",
    "list": "{equals: []}",
    "mapping": "{equals: {}}",
    "seconds": "{min: 600s}",
    "bytes": "{min: 8Mi}",
    "version": '">=0.11,<0.12"',
    "gpu-class": "[H100-80GB, H200]",
    "digest": '"sha256:…"',
}


def _example(row: vocabulary.Setting) -> str:
    return f"spec:\n  {row.section}:\n    {row.key}: {_EXAMPLES[row.type]}\n"


def _module(engine: str) -> EngineModule:
    module = engines.ENGINES.get(engine)
    if module is None:
        known = ", ".join(engines.ENGINES)
        raise UsageError(f"nothing is known of the engine {engine!r}", hint=f"engines with a table: {known}")
    return module


def _flag(engine: str, flag: str) -> FlagHistory:
    module = _module(engine)
    asked = flag.lstrip("-").replace("_", "-")
    wanted = _long(module, asked)
    runs = module.history(wanted)
    whole = None if any(record for _, _, record in runs) else _completed(module, wanted)
    if whole is not None:
        wanted, runs = whole, module.history(whole)
    if not any(record for _, _, record in runs):
        newest = module.flags(module.releases()[-1])
        names = [spelling[2:] for record in newest for spelling in record.spellings if spelling.startswith("--")]
        close = _near(wanted, names, 0.6)
        near = f"did you mean {', '.join(f'{engine}/{name}' for name in close)}?" if close else None
        raise UsageError(f"no version of {module.TITLE} in the table has the flag --{wanted}", hint=near)
    settings = [record.setting for _, _, record in runs if record and record.setting]
    return FlagHistory(
        engine=engine,
        flag=_spelt(wanted, next(record for _, _, record in reversed(runs) if record)),
        setting=settings[-1] if settings else None,
        runs=tuple(FlagRun(first, last, _line(record) if record else None) for first, last, record in runs),
        tables=engines.tables_used(),
        notes=() if whole is None else (_beginning(module, asked, whole),),
    )


def _completed(module: EngineModule, name: str) -> str | None:
    """The only flag of the newest release that begins so: its parser takes a beginning for the name, where it is one."""
    begun = [
        (spelling[2:], record.dest)
        for record in module.flags(module.releases()[-1])
        for spelling in record.spellings
        if len(name) > 1 and spelling.startswith(f"--{name}")
    ]
    return begun[0][0] if len({dest for _, dest in begun}) == 1 and module.NAME in _COMPLETING else None


_COMPLETING = ("vllm", "sglang")
"""Engines whose parser (Python's argparse) takes the beginning of a name for the name."""


def _beginning(module: EngineModule, asked: str, whole: str) -> str:
    newest = module.releases()[-1]
    return f"{module.TITLE} {newest} takes `--{asked}` for `--{whole}`: the only flag that begins so"


def _long(module: EngineModule, name: str) -> str:
    """The name of a flag whose short spelling this is (`tp`), by the newest release; any other name as it stands."""
    for record in module.flags(module.releases()[-1]):
        if f"-{name}" in record.spellings:
            return next((each[2:] for each in record.spellings if each.startswith("--")), name)
    return name


def _spelt(name: str, record: FlagRecord) -> str:
    """The flag as its engine spells it: with underscores, as a word, as a variable; a destination as it was asked for."""
    if not any(each.startswith("-") for each in record.spellings):
        return record.spellings[0]
    return next((each for each in record.spellings if each.replace("_", "-") == f"--{name}"), f"--{name}")


def _variable(engine: str | None, name: str) -> VariableHistory:
    """One variable through the versions; without an engine, of the first one that reads it."""
    asked = [_module(engine)] if engine else list(engines.ENGINES.values())
    reading = [(module, runs) for module in asked if (runs := histories.variable(module.NAME, name))]
    if not reading:
        raise _unknown_variable(name, asked)
    (module, runs), *others = reading
    return VariableHistory(
        engine=module.NAME,
        name=name,
        setting=f"{module.NAME}.env.{name}",
        runs=tuple(
            VariableRun(first, last, VariableDefault(name, default) if read else None)
            for first, last, read, default in runs
        ),
        tables=engines.tables_used(),
        notes=(
            *(histories.silence(module.NAME, name, module.releases()[-1]) or "").splitlines(),
            *_old_name(module, name),
            *(f"{other.TITLE} reads it too: `skewguard explain {other.NAME}.env.{name}`" for other, _ in others),
        ),
    )


def _old_name(module: EngineModule, name: str) -> Iterator[str]:
    """Which releases take the name for another variable's."""
    taken = [(release, new) for release in module.releases() if (new := histories.new_name(module.NAME, name, release))]
    for new in dict.fromkeys(each for _, each in taken):
        releases = [release for release, each in taken if each == new]
        yield (
            f"{module.TITLE} {releases[0]} to {releases[-1]} takes it for `{new}`, whose old name it is, and warns; "
            f"its value counts for `{module.NAME}.env.{new}`"
        )


def _unknown_variable(name: str, asked: Sequence[EngineModule]) -> UsageError:
    """The engine's own answer to a variable it does not read, and the nearest it does."""
    known = [f"{module.NAME}.env.{each}" for module in asked for each in histories.variables(module.NAME)]
    close = [near for module in asked for near in _near(f"{module.NAME}.env.{name}", known, 0.85)]
    titles = " or ".join(module.TITLE for module in asked)
    said = next((text for module in asked if (text := histories.silence(module.NAME, name))), None)
    return UsageError(
        said or f"no version of {titles} in the table reads the variable {name}",
        hint=f"did you mean {', '.join(dict.fromkeys(close))}?" if close else None,
    )


def _engine(engine: str, version: str) -> EngineReport:
    module = _module(engine)
    wanted = version.removeprefix("v")
    if wanted not in module.releases():
        begun = [release for release in module.releases() if wanted and release.startswith(f"{wanted}.")]
        close = begun[:3] or order.neighbours(wanted, module.releases())
        fitting = order.fitting(wanted, module.releases())
        if fitting.fit == "between" and not begun:
            raise _between(module, wanted, *fitting.candidates)
        raise UsageError(
            f"{module.TITLE} {version or 'without a version'} is not in the table ({module.releases()[0]} to {module.releases()[-1]})",
            hint=f"near it: {', '.join(close)}" if close else f"known: {', '.join(module.releases())}",
        )
    return EngineReport(
        engine=engine,
        version=wanted,
        entrypoint=" ".join(module.entrypoint(wanted)),
        flags=tuple(_line(flag) for flag in module.flags(wanted)),
        env=tuple(VariableDefault(name, default) for name, default in module.variables(wanted).items()),
        tables=engines.tables_used(),
    )


def _between(module: EngineModule, version: str, below: str, above: str) -> UsageError:
    """Of a version that the table has only the releases on both sides of."""
    return UsageError(
        f"{module.TITLE} {version} is not in the table; it lies between {below} and {above}, and only what both share is "
        "known of it",
        hint=f"`skewguard explain {module.NAME}=={below}` and `skewguard explain {module.NAME}=={above}`",
    )


def _line(record: FlagRecord) -> FlagLine:
    return FlagLine(
        dest=record.dest,
        spellings=record.spellings,
        kind=record.kind,
        default=record.default,
        type=record.type,
        choices=record.choices,
        nargs=record.nargs,
        deprecated=record.deprecated,
        setting=record.setting,
    )


def _unknown(name: str) -> UsageError:
    plain = name.lstrip("-").replace("-", "_")
    settings = [row.name for row in vocabulary.BY_NAME.values() if plain == row.key or plain in row.called.values()]
    flags = [f"{module.NAME}/{name.lstrip('-')}" for module in engines.ENGINES.values() if module.history(name)]
    versions = [f"{module.NAME}=={module.releases()[-1]}" for module in engines.ENGINES.values() if name == module.NAME]
    close = [*settings, *flags] or versions or _near(name, [*vocabulary.BY_NAME, *checks.CHECKS], 0.5)
    hint = (
        f"did you mean {', '.join(close)}?"
        if close
        else "name a setting, a check, vllm/FLAG, vllm.env.VARIABLE or vllm==VERSION"
    )
    return UsageError(f"nothing here is called {name!r}", hint=hint)


def _near(name: str, names: Sequence[str], cutoff: float) -> list[str]:
    from difflib import get_close_matches

    return get_close_matches(name, names, n=3, cutoff=cutoff)
