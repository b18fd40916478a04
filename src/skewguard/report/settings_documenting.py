"""The effective settings of containers as a document."""

from skewguard.language import facts, results
from skewguard.report import documents, parts, settings_documents


def document(report: results.SettingsReport) -> settings_documents.SettingsDocument:
    """The document of `settings`."""
    return settings_documents.SettingsDocument(
        tool=parts.tool(report.tables),
        exit_code=report.exit_code,
        subjects=[_subject_settings(item) for item in report.subjects],
        errors=parts.problems(report.errors),
        missing=parts.missing(report.missing),
        notes=list(report.notes),
    )


def _subject_settings(item: results.SubjectSettings) -> settings_documents.SubjectSettings:
    return settings_documents.SubjectSettings(
        subject=parts.subject(item.subject),
        engine=item.engine,
        version=item.version,
        entrypoint=item.entrypoint,
        starts=item.starts,
        arguments=[_argument(line) for line in item.arguments],
        environment=[
            settings_documents.Variable(line.name, line.outcome, line.message, parts.origin(line.origin))  # type: ignore[arg-type]
            for line in item.environment
        ],
        settings=[_setting(line) for line in item.settings],
        capacity=[_size(line) for line in item.capacity],
    )


def _size(line: results.SizeLine) -> settings_documents.Size:
    item = line.effective
    fact = item if isinstance(item, facts.Fact) else None
    return settings_documents.Size(
        name=line.name,
        meaning=line.meaning,
        unit=line.unit,
        effective=documents.Effective(**parts.effective(item)),
        bound=line.bound,
        assumes=[] if isinstance(item, facts.Gap) else list(item.assumes),
        origin=parts.origin(fact.origin) if fact else None,
    )


def _argument(line: results.ArgumentLine) -> settings_documents.Argument:
    return settings_documents.Argument(
        text=line.text,
        flag=line.flag,
        dest=line.dest,
        value=parts.plain(line.value),
        outcome=line.outcome,  # type: ignore[arg-type]
        message=line.message,
        origin=parts.origin(line.origin),
    )


def _setting(line: results.SettingLine) -> settings_documents.Setting:
    return settings_documents.Setting(
        setting=line.setting,
        unit=line.unit,
        effective=documents.Effective(**parts.effective(line.effective)),
        authority=line.authority,
        facts=[
            settings_documents.FactLine(
                parts.plain(fact.value), fact.authority, parts.origin(fact.origin), list(fact.assumes)
            )
            for fact in line.facts
        ],
    )
