"""`explain`: a setting, a check, one flag through all versions, or a whole engine version."""

from collections.abc import Sequence

from skewguard.judge.checks import registry as checks
from skewguard.judge.checks.interface import Check
from skewguard.knowledge import engines
from skewguard.knowledge.engines.interface import EngineModule, FlagRecord
from skewguard.language import vocabulary
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
)


def explain(name: str) -> Explanation:
    """The explanation of a name. Raises `UsageError` with the nearest names when there is none."""
    if "==" in name:
        return _engine(*name.split("==", 1))
    if "/" in name:
        return _flag(*name.split("/", 1))
    if name in vocabulary.BY_NAME:
        return _setting(name)
    found = checks.find(name)
    if found is not None:
        return check_row(found)
    engine, _, dest = name.partition(".")
    if engine in engines.ENGINES and dest:
        return _flag(engine, dest)
    raise _unknown(name)


def check_row(check: Check) -> CheckExplanation:
    """A check's row as a report shows it."""
    return CheckExplanation(
        id=check.id,
        title=check.title,
        category=check.category,
        severity=check.severity,
        why=check.why,
        remedy=check.remedy,
        phases=check.phases,
        bad=check.bad,
        good=check.good,
        aliases=check.aliases,
        sources=check.sources,
        tables=engines.table_versions(),
    )


def _setting(name: str) -> SettingExplanation:
    row = vocabulary.BY_NAME[name]
    called = {}
    for engine, dest in row.called.items():
        module = engines.ENGINES.get(engine)
        flags = {flag.dest: flag for flag in module.flags(module.releases()[-1])} if module else {}
        called[engine] = flags[dest].spellings[0] if dest in flags else dest
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
        tables=engines.table_versions(),
    )


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
    wanted = flag.lstrip("-").replace("_", "-")
    runs = module.history(wanted)
    if not any(record for _, _, record in runs):
        newest = module.flags(module.releases()[-1])
        names = [spelling.lstrip("-") for record in newest for spelling in record.spellings]
        close = _near(wanted, names, 0.6)
        near = f"did you mean {', '.join(f'{engine}/{name}' for name in close)}?" if close else None
        raise UsageError(f"no version of {module.TITLE} in the table has the flag --{wanted}", hint=near)
    settings = [record.setting for _, _, record in runs if record and record.setting]
    return FlagHistory(
        engine=engine,
        flag=f"--{wanted}",
        setting=settings[-1] if settings else None,
        runs=tuple(FlagRun(first, last, _line(record) if record else None) for first, last, record in runs),
        tables=engines.table_versions(),
    )


def _engine(engine: str, version: str) -> EngineReport:
    module = _module(engine)
    wanted = version.removeprefix("v")
    if wanted not in module.releases():
        begun = [release for release in module.releases() if wanted and release.startswith(f"{wanted}.")]
        close = begun[:3] or _near(wanted, module.releases(), 0.5)
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
        tables=engines.table_versions(),
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
    names = [*vocabulary.BY_NAME, *checks.CHECKS]
    close = _near(name, names, 0.5)
    hint = f"did you mean {', '.join(close)}?" if close else "name a setting, a check, vllm/FLAG or vllm==VERSION"
    return UsageError(f"nothing here is called {name!r}", hint=hint)


def _near(name: str, names: Sequence[str], cutoff: float) -> list[str]:
    from difflib import get_close_matches

    return get_close_matches(name, names, n=3, cutoff=cutoff)
