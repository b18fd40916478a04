"""Results as documents: the step from our own values to the keys that other programs read."""

from skewguard.language import rereadings, results, verifications
from skewguard.report import (
    check_documenting,
    documents,
    explanations,
    live_documenting,
    parts,
    settings_documenting,
)


def document(report: results.Report) -> documents.Document:
    """The JSON document of a report."""
    if isinstance(report, results.CheckReport):
        return check_documenting.document(report)
    if isinstance(report, verifications.DiscoverReport):
        return live_documenting.discovered(report)
    if isinstance(report, verifications.AccessReport):
        return live_documenting.access(report)
    if isinstance(report, results.SettingsReport):
        return settings_documenting.document(report)
    if isinstance(report, results.DiffReport):
        return _diff(report)
    if isinstance(report, results.Explanation):
        return _explanation(report)
    from skewguard.report import performance_documenting  # the other verbs do not pay for it

    return performance_documenting.document(report)


def _explanation(report: results.Explanation) -> documents.Document:
    if isinstance(report, results.EngineReport):
        return _engine(report)
    if isinstance(report, results.FlagHistory):
        return _flag_history(report)
    if isinstance(report, results.VariableHistory):
        return _variable_history(report)
    if isinstance(report, results.SettingExplanation):
        return _setting_explanation(report)
    return _check_explanation(report)


def _word(item: rereadings.WordChange) -> documents.WordChange:
    return documents.WordChange(
        parts.subject(item.subject),
        item.name,
        item.before,
        item.after,
        item.severity,
        item.setting,
        item.message,
        item.remedy,
        parts.origin(item.origin) if item.origin else None,
    )


def _entrypoints(report: results.DiffReport) -> documents.Entrypoints:
    changes = [
        documents.EntrypointChange(parts.subject(item.subject), item.before, item.after, item.message)
        for item in report.entrypoints
    ]
    return documents.Entrypoints(report.entrypoint_a, report.entrypoint_b, changes)


def _diff(report: results.DiffReport) -> documents.DiffDocument:
    return documents.DiffDocument(
        tool=parts.tool(report.tables),
        exit_code=report.exit_code,
        a=report.a,
        b=report.b,
        arguments=[_word(item) for item in report.arguments],
        environment=[_word(item) for item in report.environment],
        entrypoints=_entrypoints(report),
        changes=[
            documents.Change(
                parts.subject(item.subject),
                item.setting,
                parts.side(item.before),
                parts.side(item.after),
                item.severity,
                item.reason,
                parts.effects(item.effect),
            )
            for item in report.changes
        ],
        undecided=[
            documents.Undecided(
                parts.subject(item.subject),
                item.setting,
                parts.side(item.before),
                parts.side(item.after),
                list(item.inputs),
            )
            for item in report.undecided
        ],
        only_in_a=[parts.subject(item) for item in report.only_in_a],
        only_in_b=[parts.subject(item) for item in report.only_in_b],
        starts=documents.BothStart(report.starts_a, report.starts_b),
        expected_differences=[
            documents.Expected(parts.subject(item.subject) if item.subject else None, item.setting, item.reason)
            for item in report.expected_differences
        ],
        errors=parts.problems(report.errors),
        missing=parts.missing(report.missing),
        notes=list(report.notes),
    )


def _flag(line: results.FlagLine) -> explanations.Flag:
    return explanations.Flag(
        dest=line.dest,
        spellings=list(line.spellings),
        kind=line.kind,
        default=parts.plain(line.default),
        type=line.type,
        choices=None if line.choices is None else [parts.plain(choice) for choice in line.choices],
        nargs=line.nargs,
        deprecated=line.deprecated,
        setting=line.setting,
    )


def _engine(report: results.EngineReport) -> explanations.EngineDocument:
    return explanations.EngineDocument(
        tool=parts.tool(report.tables),
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
        tool=parts.tool(report.tables),
        exit_code=report.exit_code,
        engine=report.engine,
        flag=report.flag,
        setting=report.setting,
        runs=[explanations.FlagRun(run.first, run.last, _flag(run.flag) if run.flag else None) for run in report.runs],
        notes=list(report.notes),
    )


def _variable_default(line: results.VariableDefault) -> explanations.VariableDefault:
    return explanations.VariableDefault(line.name, parts.plain(line.default))


def _variable_history(report: results.VariableHistory) -> explanations.VariableDocument:
    return explanations.VariableDocument(
        tool=parts.tool(report.tables),
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
        tool=parts.tool(report.tables),
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
        tool=parts.tool(report.tables),
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
