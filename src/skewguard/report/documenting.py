"""Results as documents: the step from our own values to the keys that other programs read."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import UNSET, UnsetType

from skewguard import __version__
from skewguard.language import facts, findings, rereadings, results, workloads
from skewguard.report import documents, explanations

_HIDDEN_VERDICTS = ("pass", "skipped")
_LARGEST = 2**63


def document(report: results.Report) -> documents.Document:
    """The JSON document of a report."""
    if isinstance(report, results.CheckReport):
        return _check(report)
    if isinstance(report, results.SettingsReport):
        return _settings(report)
    if isinstance(report, results.DiffReport):
        return _diff(report)
    if isinstance(report, results.EngineReport):
        return _engine(report)
    if isinstance(report, results.FlagHistory):
        return _flag_history(report)
    if isinstance(report, results.VariableHistory):
        return _variable_history(report)
    if isinstance(report, results.SettingExplanation):
        return _setting_explanation(report)
    return _check_explanation(report)


def plain(value: Any) -> Any:
    """`value` as JSON can carry it: numbers that JSON has no word for, and integers beyond 64 bits, become text."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        return value if -_LARGEST <= value < _LARGEST else str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, Mapping):
        return {str(key): plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(part) for part in value]
    return str(value)


def _tool(tables: results.Tables) -> documents.Tool:
    return documents.Tool(__version__, dict(tables.versions), dict(tables.files) if tables.files else UNSET)


def _subject(item: facts.Subject) -> documents.Subject:
    source = documents.Source(item.source.path, item.source.document) if item.source else UNSET
    return documents.Subject(
        cluster=item.cluster,
        group=item.group,
        kind=item.kind,
        namespace=item.namespace,
        name=item.name,
        uid=_set(item.uid),
        role=_set(item.role),
        revision=_set(item.revision),
        container=_set(item.container),
        pod=_set(item.pod),
        source=source,
    )


def _set(value: str | None) -> str | UnsetType:
    return UNSET if value is None else value


def _origin(item: facts.Origin) -> documents.Origin:
    return documents.Origin(
        item.kind, item.ref, item.file, item.line, item.column, item.end_column, item.text, item.template
    )


def _finding(item: findings.Finding) -> documents.Finding:
    contract, waiver, observed = item.contract, item.waiver, item.observed
    return documents.Finding(
        id=item.id,
        check=item.check,
        group=item.group,
        category=item.category,
        verdict=item.verdict,
        severity=item.severity,
        setting=item.setting,
        anchor=item.numbered_anchor,
        subject=_subject(item.subject),
        contract=documents.Clause(contract.name, _origin(contract.origin)) if contract else None,
        waiver=documents.Waiver(waiver.reason, waiver.until) if waiver else None,
        expected=plain(item.expected),
        observed=_observed(observed) if observed else None,
        inputs=list(item.inputs),
        assumes=list(item.assumes),
        message=item.message,
        remedy=item.remedy,
    )


def _observed(item: findings.Observed) -> documents.Observed:
    return documents.Observed(plain(item.value), item.authority, _origin(item.origin) if item.origin else None)


def _check(report: results.CheckReport) -> documents.CheckDocument:
    summary = report.summary
    return documents.CheckDocument(
        tool=_tool(report.tables),
        exit_code=report.exit_code,
        run=documents.Run(report.run_at, list(report.phases)),
        contracts=[documents.Contract(line.name, _origin(line.origin), line.subjects) for line in report.contracts],
        subjects=[
            documents.CheckedSubject(_subject(line.subject), line.engine, line.version, line.reason, line.contract)
            for line in report.subjects
        ],
        findings=[_finding(item) for item in report.findings if item.verdict not in _HIDDEN_VERDICTS],
        gaps=[
            documents.GapLine(_subject(subject), gap.setting, gap.reason, gap.rule, list(gap.inputs), gap.would_need)
            for subject, gap in report.gaps
        ],
        errors=_problems(report.errors),
        missing=_missing(report.missing),
        notes=list(report.notes),
        summary=documents.Summary(
            files=summary.files,
            documents=summary.documents,
            skipped_files=summary.skipped_files,
            engines=summary.engines,
            under_contract=summary.under_contract,
            assumed=summary.assumed,
            by_verdict=dict(summary.by_verdict),
            by_severity=dict(summary.by_severity),
        ),
    )


def _problems(problems: Iterable[results.InputProblem]) -> list[documents.Problem]:
    return [documents.Problem(item.file, item.line, item.column, item.message, item.hint) for item in problems]


def _missing(items: Iterable[workloads.Missing]) -> list[documents.Missing]:
    return [
        documents.Missing(
            item.ref, item.hides, item.supply, _origin(item.origin), _subject(item.subject) if item.subject else None
        )
        for item in items
    ]


def _settings(report: results.SettingsReport) -> documents.SettingsDocument:
    return documents.SettingsDocument(
        tool=_tool(report.tables),
        exit_code=report.exit_code,
        subjects=[_subject_settings(item) for item in report.subjects],
        errors=_problems(report.errors),
        missing=_missing(report.missing),
        notes=list(report.notes),
    )


def _subject_settings(item: results.SubjectSettings) -> documents.SubjectSettings:
    return documents.SubjectSettings(
        subject=_subject(item.subject),
        engine=item.engine,
        version=item.version,
        entrypoint=item.entrypoint,
        starts=item.starts,
        arguments=[_argument(line) for line in item.arguments],
        environment=[
            documents.Variable(line.name, line.outcome, line.message, _origin(line.origin))  # type: ignore[arg-type]
            for line in item.environment
        ],
        settings=[_setting(line) for line in item.settings],
    )


def _argument(line: results.ArgumentLine) -> documents.Argument:
    return documents.Argument(
        text=line.text,
        flag=line.flag,
        dest=line.dest,
        value=plain(line.value),
        outcome=line.outcome,  # type: ignore[arg-type]
        message=line.message,
        origin=_origin(line.origin),
    )


def _setting(line: results.SettingLine) -> documents.Setting:
    return documents.Setting(
        setting=line.setting,
        unit=line.unit,
        effective=documents.Effective(**_effective(line.effective)),
        authority=line.authority,
        facts=[
            documents.FactLine(plain(fact.value), fact.authority, _origin(fact.origin), list(fact.assumes))
            for fact in line.facts
        ],
    )


def _effective(item: facts.Effective) -> dict[str, Any]:
    """The one of `value`, `choice` and `gap` that applies."""
    if isinstance(item, facts.Fact):
        return {"value": plain(item.value)}
    if isinstance(item, facts.Choice):
        arms = [documents.Arm(arm.when, plain(arm.value)) for arm in item.arms]
        return {"choice": documents.Choice(item.rule, list(item.inputs), arms)}
    return {"gap": documents.Gap(item.reason, item.rule, list(item.inputs), item.would_need)}


def _side(item: facts.Effective | None) -> documents.Side | None:
    if item is None:
        return None
    if isinstance(item, facts.Fact):
        return documents.Side(authority=item.authority, origin=_origin(item.origin), **_effective(item))
    return documents.Side(authority=None, origin=None, **_effective(item))


def _word(item: rereadings.WordChange) -> documents.WordChange:
    return documents.WordChange(
        _subject(item.subject),
        item.name,
        item.before,
        item.after,
        item.severity,
        item.setting,
        item.message,
        item.remedy,
        _origin(item.origin) if item.origin else None,
    )


def _entrypoints(report: results.DiffReport) -> documents.Entrypoints:
    changes = [
        documents.EntrypointChange(_subject(item.subject), item.before, item.after, item.message)
        for item in report.entrypoints
    ]
    return documents.Entrypoints(report.entrypoint_a, report.entrypoint_b, changes)


def _diff(report: results.DiffReport) -> documents.DiffDocument:
    return documents.DiffDocument(
        tool=_tool(report.tables),
        exit_code=report.exit_code,
        a=report.a,
        b=report.b,
        arguments=[_word(item) for item in report.arguments],
        environment=[_word(item) for item in report.environment],
        entrypoints=_entrypoints(report),
        changes=[
            documents.Change(
                _subject(item.subject), item.setting, _side(item.before), _side(item.after), item.severity, item.reason
            )
            for item in report.changes
        ],
        undecided=[
            documents.Undecided(
                _subject(item.subject), item.setting, _side(item.before), _side(item.after), list(item.inputs)
            )
            for item in report.undecided
        ],
        only_in_a=[_subject(item) for item in report.only_in_a],
        only_in_b=[_subject(item) for item in report.only_in_b],
        starts=documents.BothStart(report.starts_a, report.starts_b),
        expected_differences=[
            documents.Expected(_subject(item.subject) if item.subject else None, item.setting, item.reason)
            for item in report.expected_differences
        ],
        errors=_problems(report.errors),
        missing=_missing(report.missing),
        notes=list(report.notes),
    )


def _flag(line: results.FlagLine) -> explanations.Flag:
    return explanations.Flag(
        dest=line.dest,
        spellings=list(line.spellings),
        kind=line.kind,
        default=plain(line.default),
        type=line.type,
        choices=None if line.choices is None else [plain(choice) for choice in line.choices],
        nargs=line.nargs,
        deprecated=line.deprecated,
        setting=line.setting,
    )


def _engine(report: results.EngineReport) -> explanations.EngineDocument:
    return explanations.EngineDocument(
        tool=_tool(report.tables),
        exit_code=report.exit_code,
        engine=report.engine,
        version=report.version,
        entrypoint=report.entrypoint,
        flags=[_flag(line) for line in report.flags],
        env=[_variable_default(line) for line in report.env],
        notes=list(report.notes),
    )


def _flag_history(report: results.FlagHistory) -> explanations.FlagDocument:
    return explanations.FlagDocument(
        tool=_tool(report.tables),
        exit_code=report.exit_code,
        engine=report.engine,
        flag=report.flag,
        setting=report.setting,
        runs=[explanations.FlagRun(run.first, run.last, _flag(run.flag) if run.flag else None) for run in report.runs],
        notes=list(report.notes),
    )


def _variable_default(line: results.VariableDefault) -> explanations.VariableDefault:
    return explanations.VariableDefault(line.name, plain(line.default))


def _variable_history(report: results.VariableHistory) -> explanations.VariableDocument:
    return explanations.VariableDocument(
        tool=_tool(report.tables),
        exit_code=report.exit_code,
        engine=report.engine,
        name=report.name,
        setting=report.setting,
        runs=[
            explanations.VariableRun(run.first, run.last, _variable_default(run.variable) if run.variable else None)
            for run in report.runs
        ],
        notes=list(report.notes),
    )


def _setting_explanation(report: results.SettingExplanation) -> explanations.SettingDocument:
    return explanations.SettingDocument(
        tool=_tool(report.tables),
        exit_code=report.exit_code,
        name=report.name,
        type=report.type,
        unit=report.unit,
        meaning=report.meaning,
        category=report.category,
        compare=report.compare,
        phases=list(report.phases),
        called=dict(report.called),
        example=report.example,
        values=list(report.values),
        notes=list(report.notes),
    )


def _check_explanation(report: results.CheckExplanation) -> explanations.RuleDocument:
    return explanations.RuleDocument(
        tool=_tool(report.tables),
        exit_code=report.exit_code,
        id=report.id,
        title=report.title,
        category=report.category,
        severity=report.severity,
        phases=list(report.phases),
        why=report.why,
        remedy=report.remedy,
        bad=report.bad,
        good=report.good,
        aliases=list(report.aliases),
        sources=list(report.sources),
    )
