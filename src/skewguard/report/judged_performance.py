"""A comparison for CI servers: a test case for each metric in JUnit, an annotation for what is worse at GitHub.

A case fails where its metric is worse. What nobody can tell is an error where the whole comparison is open for want of it, and
skipped where the rest has decided or somebody allowed it to stay open: a CI server is never red where skewguard is not, and never
green over an open question that nobody allowed.
"""

from collections.abc import Iterator

from skewguard.language.baselines import Compared, ComparisonReport
from skewguard.language.results import Report
from skewguard.report import baseline_words, comparison_words, github, junit


def as_junit(report: Report) -> str:
    """A suite of the two: their names, and when the second was measured."""
    assert isinstance(report, ComparisonReport)
    item = report.comparison
    name = f"{report.b.subject}: {item.b or 'b'} against {item.a or 'a'}"
    return junit.written({name: list(cases(report))}, report.b.started_at)


def as_annotations(report: Report) -> str:
    """A line for each annotation."""
    assert isinstance(report, ComparisonReport)
    return github.lines(commands(report))


def cases(report: ComparisonReport) -> Iterator[junit.Case]:
    """What could not be read, what keeps the two from being compared, then each metric, the worst first."""
    for problem in report.errors:
        yield junit.problem(problem)
    item = report.comparison
    if not item.comparable:
        said = [f"{each.what}: a {each.a}, b {each.b}. {each.reason}" for each in item.differs if each.blocks]
        advice = comparison_words.advice(item, report.a, report.b)
        yield junit.Case(
            "comparable", "error", "inconclusive", comparison_words.headline(item), "\n".join([*said, advice])
        )
    for each in comparison_words.sorted_metrics(item):
        yield _case(each, is_open=item.verdict == "inconclusive" and bool(report.exit_code))


def _case(item: Compared, *, is_open: bool) -> junit.Case:
    named = baseline_words.name(item.name, item.stat)
    said, reason = comparison_words.sentence(item), comparison_words.reason(item)
    told = "\n".join(part for part in (said, reason) if part)
    if item.verdict == "worse":
        return junit.Case(named, "failure", "worse", said, told)
    if item.verdict == "inconclusive":
        outcome = "error" if is_open and item.deciding else "skipped"
        message = f"inconclusive: {said}" + (f". {reason}" if reason and outcome == "skipped" else "")
        return junit.Case(
            named, outcome, "inconclusive" if outcome == "error" else "", message, told if outcome == "error" else ""
        )
    return junit.Case(named, text=f"{item.verdict}: {said}")


def commands(report: ComparisonReport) -> Iterator[github.Command]:
    """An error for each metric that is worse, a warning for what cannot be told, a notice where all is well."""
    item = report.comparison
    for problem in report.errors:
        yield github.problem(problem)
    if not item.comparable:
        advice = comparison_words.advice(item, report.a, report.b)
        yield github.command("warning", None, "baseline not comparable", f"{comparison_words.headline(item)}\n{advice}")
        return
    levels = {"worse": "error", "inconclusive": "warning"}
    told = [each for each in comparison_words.sorted_metrics(item) if each.verdict in levels]
    for each in told:
        named = baseline_words.name(each.name, each.stat)
        message = "\n".join(part for part in (comparison_words.sentence(each), comparison_words.reason(each)) if part)
        yield github.command(levels[each.verdict], None, f"{named} {each.verdict}", message)
    if not told:
        yield github.command("notice", None, "baseline compare", comparison_words.headline(item))
