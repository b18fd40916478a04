"""What runs, as documents: the live part of `verify`, and the answers of `discover` and `--check-access`."""

from skewguard.language import explanations, running, verifications
from skewguard.report import documents, live_documents, parts


def subject(item: verifications.LiveSubject) -> live_documents.LiveSubject:
    """One subject with its replicas."""
    return live_documents.LiveSubject(
        subject=parts.subject(item.subject),
        engine=item.engine,
        version=item.version,
        contract=item.contract,
        state=item.state,
        desired=item.desired,
        groups=[_group(group) for group in item.groups],
        settings=[_compared(line) for line in item.settings],
        owners=[_owner(owner) for owner in item.owners],
        revisions=[_revision(revision) for revision in item.revisions],
        unread=[_unread(each) for each in item.unread],
    )


def recorded(item: verifications.Recorded) -> live_documents.Recorded:
    """What was remembered of one subject."""
    return live_documents.Recorded(
        parts.subject(item.subject), item.validation, item.snapshot, item.store, item.baseline, item.inputs_digest
    )


def _group(item: verifications.ReplicaGroup) -> live_documents.ReplicaGroup:
    return live_documents.ReplicaGroup(
        pods=list(item.pods),
        machines=list(item.machines),
        ready=item.ready,
        revision=item.revision,
        current=item.current,
        restarts=item.restarts,
        terminating=item.terminating,
        role=item.role,
        note=item.note,
    )


def _compared(item: verifications.Compared) -> live_documents.Compared:
    sides: list[documents.Side] = [side for each in item.groups if (side := parts.side(each)) is not None]
    return live_documents.Compared(
        setting=item.setting,
        unit=item.unit,
        promised=item.promised,
        declared=parts.side(item.declared),
        derived=parts.side(item.derived),
        groups=sides,
        differs=item.differs,
        broken=item.broken,
    )


def _owner(item: running.Owner) -> live_documents.Owner:
    return live_documents.Owner(
        item.kind, item.name, item.namespace, item.group, item.via, item.certain, parts.origin(item.origin)
    )


def _revision(item: running.Revision) -> live_documents.Revision:
    return live_documents.Revision(
        item.hash, item.name, item.number, item.created_at, item.current, item.desired, item.ready
    )


def _unread(item: running.Unread) -> live_documents.Unread:
    about = parts.subject(item.subject) if item.subject else None
    return live_documents.Unread(item.what, item.reason, item.hides, item.would_need, item.kind, about)


def discovered(report: verifications.DiscoverReport) -> live_documents.DiscoverDocument:
    """The document of `discover`."""
    return live_documents.DiscoverDocument(
        tool=parts.tool(report.tables),
        exit_code=report.exit_code,
        context=report.context,
        workloads=[_discovered(item) for item in report.workloads],
        unread=[_unread(each) for each in report.unread],
        errors=parts.problems(report.errors),
        notes=list(report.notes),
    )


def _discovered(item: verifications.Discovered) -> live_documents.Discovered:
    return live_documents.Discovered(
        subject=parts.subject(item.subject),
        engine=item.engine,
        version=item.version,
        model=item.model,
        served_name=item.served_name,
        gpu_count=item.gpu_count,
        gpu_classes=list(item.gpu_classes),
        desired=item.desired,
        ready=item.ready,
        contract=item.contract,
        state=item.state,
        owner=item.owner,
        notes=list(item.notes),
    )


def access(report: verifications.AccessReport) -> live_documents.AccessDocument:
    """The document of `verify --check-access`."""
    return live_documents.AccessDocument(
        tool=parts.tool(explanations.Tables()),
        exit_code=report.exit_code,
        context=report.context,
        user=report.user,
        rights=[
            live_documents.Access(
                item.verb, item.resource, item.namespace, item.allowed, for_=item.for_, without=item.without
            )
            for item in report.rights
        ],
        errors=parts.problems(report.errors),
        notes=list(report.notes),
    )
