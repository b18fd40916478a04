"""What `check` and `verify` found, as a document."""

from msgspec import UNSET

from skewguard.language import findings, results
from skewguard.report import check_documents, live_documenting, parts

_HIDDEN_VERDICTS = ("pass", "skipped")


def document(report: results.CheckReport) -> check_documents.CheckDocument:
    """The document of `check` and `verify`."""
    summary = report.summary
    return check_documents.CheckDocument(
        tool=parts.tool(report.tables),
        exit_code=report.exit_code,
        run=check_documents.Run(report.run_at, list(report.phases)),
        contracts=[
            check_documents.Contract(line.name, parts.origin(line.origin), line.subjects) for line in report.contracts
        ],
        subjects=[
            check_documents.CheckedSubject(
                parts.subject(line.subject), line.engine, line.version, line.reason, line.contract
            )
            for line in report.subjects
        ],
        findings=[_finding(item) for item in report.findings if item.verdict not in _HIDDEN_VERDICTS],
        gaps=[
            check_documents.GapLine(
                parts.subject(subject), gap.setting, gap.reason, gap.rule, list(gap.inputs), gap.would_need
            )
            for subject, gap in report.gaps
        ],
        resting=[
            check_documents.RestingPass(item.check, parts.subject(item.subject), item.setting, list(item.on))
            for item in report.resting
        ],
        errors=parts.problems(report.errors),
        missing=parts.missing(report.missing),
        notes=list(report.notes),
        summary=check_documents.Summary(
            files=summary.files,
            documents=summary.documents,
            skipped_files=summary.skipped_files,
            engines=summary.engines,
            under_contract=summary.under_contract,
            assumed=summary.assumed,
            by_verdict=dict(summary.by_verdict),
            by_severity=dict(summary.by_severity),
        ),
        context=report.context,
        live=[live_documenting.subject(item) for item in report.live],
        recorded=[live_documenting.recorded(item) for item in report.recorded] or UNSET,
    )


def _finding(item: findings.Finding) -> check_documents.Finding:
    contract, waiver, observed = item.contract, item.waiver, item.observed
    return check_documents.Finding(
        id=item.id,
        check=item.check,
        group=item.group,
        category=item.category,
        verdict=item.verdict,
        severity=item.severity,
        setting=item.setting,
        anchor=item.numbered_anchor,
        subject=parts.subject(item.subject),
        contract=check_documents.Clause(contract.name, parts.origin(contract.origin)) if contract else None,
        waiver=check_documents.Waiver(waiver.reason, waiver.until) if waiver else None,
        expected=parts.plain(item.expected),
        observed=_observed(observed) if observed else None,
        inputs=list(item.inputs),
        assumes=list(item.assumes),
        message=item.message,
        remedy=item.remedy,
        effect=parts.effects(item.effect),
        pods=list(item.pods),
    )


def _observed(item: findings.Observed) -> check_documents.Observed:
    return check_documents.Observed(
        parts.plain(item.value), item.authority, parts.origin(item.origin) if item.origin else None
    )
