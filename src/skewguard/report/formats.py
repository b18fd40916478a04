"""The formats by name. Each is imported when asked for, so that a terminal report does not pay for the others."""

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, cast

from msgspec import Struct

from skewguard.language.results import CheckReport, Report
from skewguard.report.options import View

if TYPE_CHECKING:
    from skewguard.language.baselines import BaselineReport

MEASURING_VERBS = (
    "baseline record", "baseline import", "baseline merge", "baseline show", "baseline export", "baseline list",
    "baseline compare", "baseline calibrate",
)  # fmt: skip
"""Verbs whose result is numbers."""
PEOPLE_VERBS = ("check", "verify", "settings", "diff", "discover", "check-access", *MEASURING_VERBS)
"""Verbs whose result people pass on to each other; what `explain` says stands in the docs."""
ALL_VERBS = (*PEOPLE_VERBS, "explain")
ROWS_VERBS = ("baseline record", "baseline merge", "baseline show", "baseline export")
"""Verbs whose result may hold a row for each request."""
CHECKING_VERBS = ("check", "verify")
"""Verbs whose result is findings."""
JUDGING_VERBS = (*CHECKING_VERBS, "baseline compare")
"""Verbs whose result is verdicts."""


class Format(Struct, frozen=True):
    """One output format: what it is for, the verbs it can show, its renderer, and whether it lists what passed.

    A renderer gives the text, or parts of it where that may be large.
    """

    title: str
    verbs: tuple[str, ...]
    render: Callable[[Report, View], str | Iterator[str]]
    lists_passed: bool = False


def _table(report: Report, view: View) -> str:
    from skewguard.report import terminal

    return terminal.render(report, view, wide=False)


def _wide(report: Report, view: View) -> str:
    from skewguard.report import terminal

    return terminal.render(report, view, wide=True)


def _json(report: Report, view: View) -> Iterator[str]:
    from skewguard.report import json_text

    return json_text.parts(report, view)


def _yaml(report: Report, view: View) -> str:
    from skewguard.report import yaml_text

    return yaml_text.render(report, view)


def _sarif(report: Report, view: View) -> str:
    from skewguard.report import sarif

    return sarif.render(cast("CheckReport", report), view)


def _junit(report: Report, view: View) -> str:
    if isinstance(report, CheckReport):
        from skewguard.report import junit

        return junit.render(report, view)
    from skewguard.report import judged_performance

    return judged_performance.as_junit(report)


def _github(report: Report, view: View) -> str:
    if isinstance(report, CheckReport):
        from skewguard.report import github

        return github.render(report, view)
    from skewguard.report import judged_performance

    return judged_performance.as_annotations(report)


def _markdown(report: Report, view: View) -> str:
    from skewguard.report import markdown

    return markdown.render(report, view)


def _html(report: Report, view: View) -> str:
    from skewguard.report import html

    return html.render(report, view)


def _csv(report: Report, view: View) -> Iterator[str]:
    from skewguard.report import csv_rows

    return csv_rows.parts(cast("BaselineReport", report), view)


FORMATS: Mapping[str, Format] = {
    "table": Format("for a person at a terminal", ALL_VERBS, _table),
    "wide": Format("table with all evidence", ALL_VERBS, _wide),
    "json": Format("stable document for programs", ALL_VERBS, _json),
    "yaml": Format("the JSON document as YAML", ALL_VERBS, _yaml),
    "sarif": Format("SARIF 2.1.0, for code scanning", CHECKING_VERBS, _sarif),
    "junit": Format("JUnit XML, for test reports of CI servers", JUDGING_VERBS, _junit, lists_passed=True),
    "markdown": Format("Markdown, for a comment on a pull request", PEOPLE_VERBS, _markdown),
    "html": Format("one page that needs no network, to send or to print", PEOPLE_VERBS, _html),
    "github": Format("annotations of GitHub Actions", JUDGING_VERBS, _github),
    "csv": Format("the requests of a recording, a row for each", ROWS_VERBS, _csv),
}
