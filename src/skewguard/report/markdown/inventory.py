"""The inference workloads of a cluster, and what skewguard may read there, as Markdown."""

from skewguard.language.verifications import AccessReport, DiscoverReport
from skewguard.report import inventory, live_words, rights
from skewguard.report.markdown import inputs
from skewguard.report.markdown.check import MOODS
from skewguard.report.markdown.page import joined, text
from skewguard.report.markdown.verify import in_words
from skewguard.report.options import View

_LEFT_OUT = "{} more parts are left out here: `-o html` shows all."


def discovered(report: DiscoverReport, view: View) -> str:
    """One row for each workload."""
    blocks = [f"### {MOODS[inventory.mood(report)]} skewguard discover: {text(inventory.summary(report))}"]
    blocks += in_words(inventory.table(report, wide=view.verbose))
    unread = [f"- {text(live_words.unread(item))}" for item in report.unread]
    if unread:
        blocks.append("**Could not be read**\n\n" + "\n".join(unread))
    blocks += [*inputs.problems(report.errors), *inputs.notes(report.notes)]
    return joined(blocks, f"<sub>exit code {report.exit_code}</sub>", _LEFT_OUT)


def access(report: AccessReport, view: View) -> str:
    """One row for each purpose."""
    blocks = [f"### {MOODS[rights.mood(report)]} skewguard verify --check-access: {text(rights.summary(report))}"]
    blocks += [text(rights.heading(report)), *in_words(rights.table(report, wide=view.verbose))]
    blocks += [*inputs.problems(report.errors), *inputs.notes(report.notes)]
    return joined(blocks, f"<sub>exit code {report.exit_code}</sub>", _LEFT_OUT)
