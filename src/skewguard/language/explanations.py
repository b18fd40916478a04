"""What `explain` answers with, as values: a setting, a check, a flag or a variable through all versions, an engine version.

`language.results` gives them on, beside the answers of the other verbs.
"""

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct, field

from skewguard.language.facts import Value
from skewguard.language.findings import Category, Phase, Severity


class Tables(Struct, frozen=True):
    """Which table of each engine was used: `versions` by engine, and `files` of those that are not the package's own."""

    versions: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)


class FlagLine(Struct, frozen=True):
    """One flag of one engine version. `default` means nothing where `kind` is computed or required."""

    dest: str
    spellings: tuple[str, ...]
    kind: Literal["literal", "computed", "required"]
    default: Value = None
    type: str | None = None
    choices: tuple[Value, ...] | None = None
    nargs: str | None = None
    deprecated: bool = False
    setting: str | None = None


class VariableDefault(Struct, frozen=True):
    """One environment variable of one engine version, with its default."""

    name: str
    default: Value


class EngineReport(Struct, frozen=True):
    """The answer of `explain vllm==0.11.0`: the whole command line of one engine version."""

    engine: str
    version: str
    entrypoint: str
    flags: tuple[FlagLine, ...] = ()
    env: tuple[VariableDefault, ...] = ()
    tables: Tables = Tables()
    notes: tuple[str, ...] = ()
    exit_code: int = 0


class SettingExplanation(Struct, frozen=True):
    """The answer of `explain limits.max_num_seqs`. `called` maps an engine to its flag or destination.

    `values` are the values that skewguard knows, where it knows all or most; empty where any may be.
    """

    name: str
    type: str
    meaning: str
    category: Category
    unit: str = ""
    compare: str = "exact"
    phases: tuple[Phase, ...] = ()
    called: Mapping[str, str] = field(default_factory=dict)
    example: str = ""
    values: tuple[str, ...] = ()
    tables: Tables = Tables()
    notes: tuple[str, ...] = ()
    exit_code: int = 0


class CheckExplanation(Struct, frozen=True):
    """One check's row, for `explain` and as the rule text of reports."""

    id: str
    title: str
    category: Category
    severity: Severity
    why: str
    remedy: str
    phases: tuple[Phase, ...] = ()
    bad: str = ""
    good: str = ""
    aliases: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    tables: Tables = Tables()
    exit_code: int = 0


class FlagRun(Struct, frozen=True):
    """A run of versions, first to last, in which a flag did not change; `flag` is None where it did not exist."""

    first: str
    last: str
    flag: FlagLine | None


class FlagHistory(Struct, frozen=True):
    """The answer of `explain vllm/max-num-seqs`: one flag through every version of the table."""

    engine: str
    flag: str
    setting: str | None
    runs: tuple[FlagRun, ...] = ()
    tables: Tables = Tables()
    notes: tuple[str, ...] = ()
    exit_code: int = 0


class VariableRun(Struct, frozen=True):
    """A run of versions, first to last, in which a variable had one default; `variable` is None where it is not read."""

    first: str
    last: str
    variable: VariableDefault | None


class VariableHistory(Struct, frozen=True):
    """The answer of `explain vllm.env.VLLM_PORT`: one environment variable through every version of the table."""

    engine: str
    name: str
    setting: str
    runs: tuple[VariableRun, ...] = ()
    tables: Tables = Tables()
    notes: tuple[str, ...] = ()
    exit_code: int = 0
