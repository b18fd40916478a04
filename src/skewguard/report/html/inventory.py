"""The inference workloads of a cluster, and what skewguard may read there, each as a page."""

from skewguard.language.verifications import AccessReport, DiscoverReport
from skewguard.report import inventory, rights
from skewguard.report.html import inputs
from skewguard.report.html.page import el, listed, prose, section, written
from skewguard.report.html.verify import in_words, unread
from skewguard.report.options import View


def discovered(report: DiscoverReport, _view: View) -> str:
    """One row for each workload, and what each is known by."""
    known = [
        prose(f"{inventory.name(item, report.context)}: {note}", "span")
        for item in report.workloads
        for note in item.notes
    ]
    return written(
        "skewguard discover",
        el("h1", "skewguard discover"),
        prose(inventory.summary(report), of=f"verdict {inventory.mood(report)}"),
        *in_words(inventory.table(report, wide=True)),
        section("Known by", listed(known)),
        section("Could not be read", unread([(item, 1) for item in report.unread])),
        inputs.problems(report.errors),
        inputs.notes(report.notes),
    )


def access(report: AccessReport, _view: View) -> str:
    """One row for each purpose, with the rights behind it."""
    return written(
        "skewguard verify --check-access",
        el("h1", "skewguard verify --check-access"),
        prose(rights.summary(report), of=f"verdict {rights.mood(report)}"),
        prose(rights.heading(report)),
        *in_words(rights.table(report, wide=True)),
        inputs.problems(report.errors),
        inputs.notes(report.notes),
    )
