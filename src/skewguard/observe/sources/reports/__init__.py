"""Results of other tools' load runs, as baselines: their texts are handed in, and told apart by what they hold.

What may enter: what a report's fields mean, in which version, and in which unit. What may not: a file, a verdict, a number
that no report tells; a metric that a tool does not measure, or measures as something else, is a gap that says so.
"""

from collections.abc import Iterable, Mapping

from skewguard.language.baselines import Baseline
from skewguard.language.errors import InputError
from skewguard.language.facts import Subject
from skewguard.observe.sources.reports import aiperf, guidellm, inference_perf, llmd, parsing, vllm_bench
from skewguard.observe.sources.reports.interface import Format, Report

FORMATS: tuple[Format, ...] = (llmd, guidellm, aiperf, inference_perf, vllm_bench)
"""Every format, the one with the most telling marks first."""


class Unknown(InputError):
    """A text that is no report: in a folder it is something that lies beside one."""


def companions(text: str, path: str) -> tuple[str, ...]:
    """The names of the files beside a report that tell more of it. Raises as `read` does."""
    trees = parsing.trees(text, path)
    return _format(trees, path).companions(parsing.name_of(path))


def read(text: str, path: str, beside: Mapping[str, str], subject: Subject | None) -> tuple[Baseline, ...]:
    """The baselines of one report: one for each run or stage in it. `beside` are texts by the names of `companions`.

    `subject` None: the endpoint or model that the report names. Raises `InputError` for a text that is broken (with the
    place) or of a version that is not known, and `Unknown` for one that is no report at all.
    """
    trees = parsing.trees(text, path)
    form = _format(trees, path)
    more = {name: parsing.trees(each, name) for name, each in beside.items()}
    found = form.baselines(Report(path, trees, more, subject))
    if not found:
        raise InputError(f"{path} is a report of {form.TITLE} without a single run in it", file=path)
    return found


def among(names: Iterable[str]) -> tuple[str, ...]:
    """Of the files of one folder those that may be reports: what is told by another of them, or sums others up, is none."""
    told = sorted(name for name in names if name.lower().endswith((".json", ".jsonl", ".yaml", ".yml")))
    beside = {aiperf.ROWS, inference_perf.CONFIG, *inference_perf.summed_up(told)}
    return tuple(name for name in told if name not in beside and not name.endswith(_NEVER))


_NEVER = ("_prometheus_metrics.json", "per_request_lifecycle_metrics.json", "inputs.json", ".pytorch.json")
"""What these tools write beside their reports, and reads as none."""


def _format(trees: tuple[object, ...], path: str) -> Format:
    found = next((form for form in FORMATS if trees and form.recognises(trees[0])), None)
    if found is None:
        raise Unknown(f"{path} is no report that is known", hint=_hint(trees), file=path)
    return found


def _hint(trees: tuple[object, ...]) -> str:
    first = trees[0] if trees else None
    if isinstance(first, dict) and aiperf.is_row(first):
        return f"it holds single requests of AIPerf: name {aiperf.SUMMARY}, which lies beside it"
    return f"reports of these are read: {', '.join(form.TITLE for form in FORMATS)}"
