"""What a verb answers with, as values: made by `api`, shown by `report`, decided by neither.

Everything a report prints is in here, so that every format says the same thing. Nothing here is redacted yet:
`report.render` redacts at its door, before a format sees a value.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Literal

from msgspec import Struct, field

from skewguard.language.explanations import (
    CheckExplanation,
    EngineReport,
    FlagHistory,
    FlagLine,
    FlagRun,
    SettingExplanation,
    Tables,
    VariableDefault,
    VariableHistory,
    VariableRun,
)
from skewguard.language.facts import Authority, Bound, Effective, Fact, Gap, Origin, Subject, Value
from skewguard.language.findings import (
    SEVERITIES,
    VERDICTS,
    Effect,
    Finding,
    Phase,
    Severity,
)
from skewguard.language.rereadings import EntrypointChange, WordChange
from skewguard.language.results_parts import InputProblem
from skewguard.language.verifications import AccessReport, DiscoverReport, LiveSubject, Recorded
from skewguard.language.workloads import Missing

FailOn = Literal["error", "warning", "note", "never"]
"""The weakest severity at which a failure makes the exit code 1."""


class SubjectLine(Struct, frozen=True):
    """One container that runs an engine: which, why we think so, and the name of the contract that binds it.

    `understood` is False where nobody here knows the grammar of the engine's arguments.
    """

    subject: Subject
    engine: str
    reason: str
    version: str | None = None
    contract: str | None = None
    understood: bool = True


class ContractLine(Struct, frozen=True):
    """A contract that was given: its name, the place it was read from, and how many subjects it binds."""

    name: str
    origin: Origin
    subjects: int = 0


class PassedCheck(Struct, frozen=True):
    """A check that found nothing on a subject (`pass`), or had nothing to decide there (`skipped`, with a reason)."""

    check: str
    subject: Subject
    verdict: Literal["pass", "skipped"]
    message: str = ""
    setting: str | None = None


class RestingPass(Struct, frozen=True):
    """A pass that holds only if sources that could not be seen say nothing else. `on` are these sources."""

    check: str
    subject: Subject
    setting: str | None
    on: tuple[str, ...]


class Summary(Struct, frozen=True):
    """The numbers under a check. `by_severity` counts the failures alone. `assumed` passes rest on unseen sources.

    `files` were read, `skipped_files` were not Kubernetes documents and were met in a folder, not asked for by name.
    """

    files: int = 0
    documents: int = 0
    skipped_files: int = 0
    engines: int = 0
    under_contract: int = 0
    assumed: int = 0
    by_verdict: Mapping[str, int] = field(default_factory=dict)
    by_severity: Mapping[str, int] = field(default_factory=dict)


class CheckReport(Struct, frozen=True):
    """The answer of `check` and `verify`.

    `run_at` is an ISO 8601 time. `findings` may hold every
    verdict, `passed` lists the passes and skips, which have no finding of their own, where they were asked for (the
    summary counts them always). `notes` are sentences about the input as a whole (no engine found, a kind read by its shape, a template that was not rendered). `fail_on` and
    `allow_unknown` are what the exit code was decided with, so that a report can show as failed what failed the run.
    `live` and `context` are of `verify` alone: what runs of each subject, and the cluster (or endpoint) it was read from.
    So is `recorded`: what was remembered as verified good, where that was asked for.
    """

    run_at: str
    phases: tuple[Phase, ...] = ("static",)
    tables: Tables = Tables()
    contracts: tuple[ContractLine, ...] = ()
    subjects: tuple[SubjectLine, ...] = ()
    findings: tuple[Finding, ...] = ()
    gaps: tuple[tuple[Subject, Gap], ...] = ()
    errors: tuple[InputProblem, ...] = ()
    missing: tuple[Missing, ...] = ()
    notes: tuple[str, ...] = ()
    passed: tuple[PassedCheck, ...] = ()
    resting: tuple[RestingPass, ...] = ()
    summary: Summary = Summary()
    exit_code: int = 0
    fail_on: FailOn = "error"
    allow_unknown: bool = False
    live: tuple[LiveSubject, ...] = ()
    context: str | None = None
    recorded: tuple[Recorded, ...] = ()


class ArgumentLine(Struct, frozen=True, gc=False):
    """One argument as the engine's parser takes it; `outcome` is one of `knowledge.engines.interface.Outcome`."""

    text: str
    outcome: str
    origin: Origin
    flag: str | None = None
    dest: str | None = None
    value: Value = None
    message: str = ""


class VariableLine(Struct, frozen=True, gc=False):
    """One environment variable that concerns the engine; `outcome` is read, unread, dead or invalid."""

    name: str
    outcome: str
    origin: Origin
    message: str = ""


class SettingLine(Struct, frozen=True, gc=False):
    """One setting of one subject: what is in effect, or the choice or gap in its place, and every fact about it."""

    setting: str
    effective: Effective
    unit: str = ""
    authority: Authority | None = None
    facts: tuple[Fact, ...] = ()


class SizeLine(Struct, frozen=True):
    """One answer of the arithmetic of memory and speed: a fact with what it assumes, or why there is none.

    `bound` says on which side of the value the truth can lie; None where there is no value.
    """

    name: str
    meaning: str
    unit: str
    effective: Effective
    bound: Bound | None = None


class SubjectSettings(Struct, frozen=True):
    """The effective settings of one container. `starts`: would its parser accept the arguments (None: cannot tell).

    `capacity` says whether the model fits and what it costs, where the model's own files were given.
    """

    subject: Subject
    engine: str
    version: str | None
    entrypoint: str
    starts: bool | None
    arguments: tuple[ArgumentLine, ...] = ()
    environment: tuple[VariableLine, ...] = ()
    settings: tuple[SettingLine, ...] = ()
    capacity: tuple[SizeLine, ...] = ()


class SettingsReport(Struct, frozen=True):
    """The answer of `settings`."""

    subjects: tuple[SubjectSettings, ...] = ()
    tables: Tables = Tables()
    errors: tuple[InputProblem, ...] = ()
    missing: tuple[Missing, ...] = ()
    notes: tuple[str, ...] = ()
    exit_code: int = 0


class Change(Struct, frozen=True):
    """A setting that differs. A side is None where that engine or version has no such setting.

    `effect` is what this change alone does to memory and speed of the first side.
    """

    subject: Subject
    setting: str
    before: Effective | None
    after: Effective | None
    severity: Severity
    reason: str
    unit: str = ""
    effect: tuple[Effect, ...] = ()


class Undecided(Struct, frozen=True):
    """A setting of which nobody can say whether it differs, and the inputs that would decide."""

    subject: Subject
    setting: str
    before: Effective | None
    after: Effective | None
    inputs: tuple[str, ...] = ()
    unit: str = ""


class ExpectedDifference(Struct, frozen=True):
    """A difference that follows from what was compared (two names, two namespaces) and is no news."""

    setting: str
    reason: str
    subject: Subject | None = None


class DiffReport(Struct, frozen=True):
    """The answer of `diff`. `a` and `b` are the two things as asked for; `starts_*` as in `SubjectSettings`.

    `compared` counts the containers that stand on both sides. `entrypoint_*` is what every image starts that is given
    arguments alone; None where they differ, or nobody can know it.
    """

    a: str
    b: str
    compared: int = 1
    arguments: tuple[WordChange, ...] = ()
    environment: tuple[WordChange, ...] = ()
    entrypoints: tuple[EntrypointChange, ...] = ()
    entrypoint_a: str | None = None
    entrypoint_b: str | None = None
    changes: tuple[Change, ...] = ()
    undecided: tuple[Undecided, ...] = ()
    only_in_a: tuple[Subject, ...] = ()
    only_in_b: tuple[Subject, ...] = ()
    starts_a: bool | None = None
    starts_b: bool | None = None
    expected_differences: tuple[ExpectedDifference, ...] = ()
    tables: Tables = Tables()
    errors: tuple[InputProblem, ...] = ()
    missing: tuple[Missing, ...] = ()
    notes: tuple[str, ...] = ()
    exit_code: int = 0


class WrittenContract(Struct, frozen=True):
    """One contract of `init`: its text, and the file it was written to (None: not written)."""

    text: str
    path: str | None = None


class InitReport(Struct, frozen=True):
    """The answer of `init`. What could not be read, or is not in the input, may be missing from the contracts."""

    contracts: tuple[WrittenContract, ...] = ()
    errors: tuple[InputProblem, ...] = ()
    missing: tuple[Missing, ...] = ()
    notes: tuple[str, ...] = ()
    exit_code: int = 0


Explanation = SettingExplanation | CheckExplanation | FlagHistory | VariableHistory | EngineReport
if TYPE_CHECKING:  # who answers with numbers imports them; no other cold start pays for their types
    from skewguard.language.baselines import Measured

    Report = CheckReport | SettingsReport | DiffReport | DiscoverReport | AccessReport | Explanation | Measured
else:
    Report = CheckReport | SettingsReport | DiffReport | DiscoverReport | AccessReport | Explanation


def tally(findings: Iterable[Finding], passed: Mapping[str, int]) -> tuple[dict[str, int], dict[str, int]]:
    """How many answers there are by verdict, and how many failures by severity; every name stands there, even at 0.

    `passed` are the numbers of passes and skips.
    """
    by_verdict: dict[str, int] = {**dict.fromkeys(VERDICTS, 0), **passed}
    by_severity: dict[str, int] = dict.fromkeys(SEVERITIES, 0)
    for finding in findings:
        by_verdict[finding.verdict] += 1
        if finding.verdict == "fail":
            by_severity[finding.severity] += 1
    return by_verdict, by_severity


__all__ = [
    "AccessReport",
    "ArgumentLine",
    "Change",
    "CheckExplanation",
    "CheckReport",
    "ContractLine",
    "DiffReport",
    "DiscoverReport",
    "EngineReport",
    "ExpectedDifference",
    "Explanation",
    "FailOn",
    "FlagHistory",
    "FlagLine",
    "FlagRun",
    "InitReport",
    "InputProblem",
    "PassedCheck",
    "Report",
    "SettingExplanation",
    "SettingLine",
    "SettingsReport",
    "SizeLine",
    "SubjectLine",
    "SubjectSettings",
    "Summary",
    "Tables",
    "Undecided",
    "VariableDefault",
    "VariableHistory",
    "VariableLine",
    "VariableRun",
    "WrittenContract",
    "tally",
]
