"""Results as text: what a person reads and what machines read. Decides nothing, reads nothing, knows no cluster.

What may enter: pure renderers from the values of `language.results` to text. What may not: input or output, a
verdict, a way round `rendered`. `rendered` is the one door: it redacts the whole report and every source line before
a format sees them, so no format can forget to.
"""

from collections.abc import Iterable

from skewguard.language.errors import UsageError
from skewguard.language.results import (
    AccessReport,
    CheckReport,
    DiffReport,
    DiscoverReport,
    Explanation,
    InitReport,
    Report,
    SettingsReport,
)
from skewguard.report import redaction
from skewguard.report.formats import FORMATS, Format
from skewguard.report.options import Options

__all__ = ["FORMATS", "Format", "Options", "formats_for", "kept", "remarks", "render", "rendered", "summary", "verb"]


_VERBS = (
    (SettingsReport, "settings"),
    (DiffReport, "diff"),
    (DiscoverReport, "discover"),
    (AccessReport, "check-access"),
)


def render(report: Report, name: str = "table", options: Options | None = None) -> str:
    """The report as text of format `name`, redacted, ending in a newline (or empty where there is nothing to say).

    Raises `UsageError` when there is no such format, or this kind of report cannot be shown in it.
    """
    return "".join(rendered(report, name, options))


def rendered(report: Report, name: str = "table", options: Options | None = None) -> Iterable[str]:
    """The same in parts, of which no two need to be in memory. Raises at once."""
    chosen = _format(name, verb(report))
    clean, view = redaction.behind_the_door(report, options or Options())
    text = chosen.render(clean, view)
    return (text,) if isinstance(text, str) else text


def summary(report: CheckReport) -> str:
    """The closing line of a check (or `verify`), for the error stream when the result itself goes elsewhere."""
    from skewguard.report import summaries

    return summaries.check(report)


def kept(report: Report) -> str:
    """The closing line of what was recorded or learned, with its id: where it is kept, for the error stream.

    Empty for a share of a load that is kept nowhere: a pod prints it to its log, which holds both streams, and has to be JSON.
    """
    from skewguard.language.baselines import BaselineReport, CalibrationReport
    from skewguard.report import baseline_words

    clean, _ = redaction.behind_the_door(report, Options())
    if isinstance(clean, BaselineReport):
        if clean.stored is None and clean.baselines and all(each.part is not None for each in clean.baselines):
            return ""
        ids = ", ".join(each.id for each in clean.baselines if each.id)
        return f"{ids}: {baseline_words.summary(clean)}" if ids else baseline_words.summary(clean)
    if isinstance(clean, CalibrationReport) and clean.calibration is not None:
        return baseline_words.noise_summary(clean.calibration, clean.stored)
    return "; ".join(clean.notes) if isinstance(clean, CalibrationReport) else ""


def remarks(report: InitReport, options: Options | None = None) -> str:
    """What is to be said beside the contracts of `init`: where they were written, what could not be read or seen."""
    from skewguard.report.terminal import inputs

    clean, view = redaction.behind_the_door(report, options or Options())
    return inputs.remarks(clean, view)


def verb(report: Report) -> str:
    """The verb that answers with this kind of report; of several (`baseline record`, `import` and `show`) the first."""
    if isinstance(report, CheckReport):
        return "check" if report.context is None else "verify"
    known = next((name for kind, name in _VERBS if isinstance(report, kind)), None)
    return known or ("explain" if isinstance(report, Explanation) else _measuring(report))


def _measuring(report: Report) -> str:
    from skewguard.language import baselines  # the other verbs do not pay for it

    verbs = (
        (baselines.ComparisonReport, "baseline compare"),
        (baselines.CalibrationReport, "baseline calibrate"),
        (baselines.BaselineList, "baseline list"),
    )
    return next((name for kind, name in verbs if isinstance(report, kind)), "baseline record")


def formats_for(verb_name: str) -> list[str]:
    """The formats in which a verb can answer."""
    return [name for name, form in FORMATS.items() if verb_name in form.verbs]


def _format(name: str, verb_name: str) -> Format:
    chosen = FORMATS.get(name)
    possible = ", ".join(formats_for(verb_name))
    if chosen is None:
        raise UsageError(f"There is no output format {name!r}.", hint=f"{verb_name} can answer as {possible}.")
    if verb_name not in chosen.verbs:
        verbs = " and ".join(chosen.verbs)
        raise UsageError(
            f"The format {name} can show the result of {verbs} only, not of {verb_name}.",
            hint=f"{verb_name} can answer as {possible}.",
        )
    return chosen
