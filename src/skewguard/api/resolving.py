"""`settings`: what each engine really runs with, and where every value comes from."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from skewguard.api import inputs, surroundings, things
from skewguard.judge.checks.interface import Case
from skewguard.knowledge import engines
from skewguard.language import vocabulary
from skewguard.language.errors import ExitCode
from skewguard.language.facts import Fact
from skewguard.language.results import (
    ArgumentLine,
    SettingLine,
    SettingsReport,
    SizeLine,
    SubjectSettings,
    VariableLine,
)


def settings(
    words: Sequence[str],
    *,
    namespace: str | None = None,
    model_configs: Sequence[str] = (),
    gpu: str | None = None,
    tables: str | None = None,
    environ: Mapping[str, str] | None = None,
    **reach: Any,
) -> SettingsReport:
    """The effective settings of every engine in a THING.

    `model_configs` are checkpoints (`DIR`, `config.json` or `MODEL=DIR`), `gpu` is the class to take where the
    manifest names none, `tables` a folder of engine tables that stand before the package's in this call. `environ` holds
    the variables `SKEWGUARD_*`. `reach` are the fields of `witnessing.Reached`: how a cluster and its engines are reached.
    """
    thing = things.parse(tuple(words))
    with surroundings.of_call(tables_folder=tables, environ=environ, model_configs=model_configs, gpu=gpu) as around:
        loaded = inputs.of_thing(thing, around, namespace=namespace, reached=inputs.reached(reach), every=True)
        return SettingsReport(
            subjects=tuple(laid_out(case) for case in loaded.cases),
            tables=engines.tables_used(),
            errors=loaded.problems,
            missing=loaded.inventory.missing,
            notes=loaded.notes,
            exit_code=ExitCode.UNREADABLE if loaded.problems else ExitCode.OK,
        )


def starts(case: Case) -> bool | None:
    """Whether the engine's parser accepts the arguments; not known of one that is ready though the tables refuse them."""
    answer = case.parsed.starts if case.parsed else None
    ready = any(party.ready for party in case.parties) or case.is_ready
    return None if ready and answer is False else answer


def laid_out(case: Case) -> SubjectSettings:
    """One case as the report shows it."""
    parsed = case.parsed
    return SubjectSettings(
        subject=case.sheet.subject,
        engine=case.engine,
        version=case.release.version if case.release else None,
        entrypoint=parsed.entrypoint if parsed else "",
        starts=starts(case),
        arguments=tuple(
            ArgumentLine(
                text=argument.text,
                outcome=argument.outcome,
                origin=argument.origin,
                flag=argument.flag,
                dest=argument.dest,
                value=argument.value,
                message=argument.message,
            )
            for argument in (parsed.arguments if parsed else ())
        ),
        environment=tuple(
            VariableLine(variable.name, variable.outcome, variable.origin, variable.message)
            for variable in case.variables
        ),
        settings=tuple(_line(case, name) for name in case.sheet.names()),
        capacity=tuple(_sizes(case)),
    )


def _sizes(case: Case) -> Iterator[SizeLine]:
    """What the model takes and gives, where its own files were given: without them there is one reason for all."""
    if case.inputs is None or case.inputs.checkpoint is None:
        return
    from skewguard.knowledge.capacity import situations

    for name in situations.NAMES:
        found, bound = case.sheet.effective(name), situations.bound(case.situation, name)
        yield SizeLine(name, situations.MEANINGS[name], situations.UNITS[name], found, bound)


def _line(case: Case, name: str) -> SettingLine:
    effective, facts = case.sheet.standing(name)
    authority = effective.authority if isinstance(effective, Fact) else None
    return SettingLine(name, effective, vocabulary.unit(name), authority, facts)
