"""What an engine decides at its start, as a book of rules: for engines whose rules look at few things.

A rule answers for one release: a value, a choice, a gap; None leaves the parser's default. Its id ends in the release
that began to decide so, where that matters.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from msgspec import Struct

from skewguard.knowledge.checkpoints import Checkpoint
from skewguard.knowledge.engines import answers, twins
from skewguard.knowledge.engines.answers import Engine
from skewguard.knowledge.engines.interface import FlagKind, Hardware, Inputs, Parsed, Release
from skewguard.knowledge.engines.readings import UNKNOWABLE, Unknowable
from skewguard.knowledge.engines.tables import Flag, Table
from skewguard.language import vocabulary
from skewguard.language.facts import Effective, Fact, Gap, Origin, Value
from skewguard.language.workloads import EnvVar


class Ground(Struct):
    """What the rules of one release may look at. `ask` is where a running server tells what it took."""

    engine: Engine
    ask: str
    version: str
    parsed: Parsed
    env: Mapping[str, EnvVar]
    release: Release
    inputs: Inputs
    model: str

    @property
    def hardware(self) -> Hardware:
        """The machine, as far as it is known."""
        return self.inputs.hardware

    @property
    def checkpoint(self) -> Checkpoint | None:
        """The model's own files; None where nobody gave them."""
        return self.inputs.checkpoint

    @property
    def model_key(self) -> str:
        """The input key of the model's own files."""
        model, revision = self.said(self.model), self.said("revision")
        return f"config.json@{model}@{revision or 'main'}"

    def said(self, dest: str) -> Any:
        """A value for an input key: as written; what nobody knows by the key of that unknown."""
        gap, written = self.parsed.gaps.get(dest), self.parsed.values.get(dest)
        if gap is not None:
            return gap.inputs[0] if gap.inputs else "?"
        return written.value if written is not None else None

    def declared(self, dest: str) -> Any:
        """What somebody wrote for a destination: `UNKNOWABLE` where nobody can know it, None where nobody did."""
        written = self.parsed.values.get(dest)
        if dest in self.parsed.gaps or (written is None and self.parsed.blind is not None):
            return UNKNOWABLE
        return written.value if written is not None else None

    def number(self, dest: str, default: int) -> int | None:
        """A written whole number, or the default; None where it cannot be known."""
        value = self.declared(dest)
        if value is UNKNOWABLE:
            return None
        return value if isinstance(value, int) and not isinstance(value, bool) else default

    def variable(self, name: str) -> str | Unknowable | None:
        """The text of a variable: `UNKNOWABLE` where it is set to what nobody knows, None where it is not set."""
        entry = self.env.get(name)
        if entry is None:
            return None
        return UNKNOWABLE if entry.value is None else entry.value

    # ---- answers --------------------------------------------------------------------------------------------------

    def derived(self, setting: str, rule: str, value: Value, why: str = "", assumes: tuple[str, ...] = ()) -> Fact:
        """A value that a rule of this release gives."""
        ref = f"default of {self.engine.title} {self.version} (rule {rule}{', ' + why if why else ''})"
        return Fact(setting, value, "derived", Origin(kind="rule", ref=ref), assumes)

    def gap(self, setting: str, rule: str, reason: str, *inputs: str) -> Gap:
        """The answer that inputs decide which are not there: those of the model, where none is named."""
        keys = inputs or (self.model_key,)
        need = f"the model's config.json, or {self.ask}" if keys == (self.model_key,) else self.ask
        return Gap(setting, reason, f"{self.engine.name}.{rule}", keys, need)

    def unknown(self, setting: str, what: str) -> Gap:
        """The answer where an argument or a variable that decides cannot be read."""
        key = f"arguments@{self.release.key}"
        return Gap(setting, what, f"{self.engine.name}.unknown-argument", (key,), "the arguments in the same input")

    def follows(self, setting: str, dest: str) -> Effective | None:
        """The value of another destination, where somebody wrote it."""
        gap, written = self.parsed.gaps.get(dest), self.parsed.values.get(dest)
        if gap is not None:
            return Gap(setting, gap.reason, gap.rule, gap.inputs, gap.would_need)
        if written is None:
            return None
        ref = f"follows --{dest.replace('_', '-')} in {self.engine.title} {self.version}"
        return Fact(setting, written.value, "derived", Origin(kind="rule", ref=ref), written.assumes)


Rule = Callable[[str, Ground], Effective | None]


class Book(Struct, frozen=True, eq=False):
    """One engine's rules by destination, and by setting those of its `views`: what it has no argument for.

    `model` is the destination of the model's name, `undecided` the defaults that leave a destination to its rule.
    """

    engine: Engine
    ask: str
    rules: Mapping[str, Rule]
    views: Mapping[str, Rule]
    model: str
    undecided: tuple[Value, ...] = (None,)

    def kind(self, flag: Flag) -> FlagKind:
        """Whether a flag's default is a value, or worked out at the start."""
        expression = isinstance(flag.default, dict) and any(key.startswith("$") for key in flag.default)
        decided = flag.dest in self.rules and flag.default in self.undecided
        return "computed" if expression or decided else "literal"

    def settings(self, table: Table, candidates: tuple[str, ...]) -> tuple[str, ...]:
        """Every setting name that any of these releases has: vocabulary names first."""
        return _settings(self, table, candidates)

    def derive(
        self, table: Table, setting: str, parsed: Parsed, env: Sequence[EnvVar], release: Release, inputs: Inputs
    ) -> Effective | None:
        """The engine's own value of a setting; None when none of the candidate releases has it."""
        if setting not in self.settings(table, release.candidates):
            return None
        dest = vocabulary.destination(self.engine.name, setting)
        if parsed.blind is not None and (dest is None or dest not in parsed.values):
            blind = parsed.blind
            return Gap(setting, blind.reason, blind.rule, blind.inputs, blind.would_need)
        if release.beyond:
            return answers.beyond(self.engine, setting, release)
        by_name = {entry.name: entry for entry in env}
        candidates = parsed.versions or release.candidates
        if dest is not None and dest not in self.rules and not self._open(table, dest, by_name, candidates):
            return answers.of_table(self.engine, table, setting, dest, candidates, release.key)
        found: list[tuple[str, Effective]] = []
        for version in candidates:
            ground = Ground(self.engine, self.ask, version, parsed, by_name, release, inputs, self.model)
            answer = self._answer(table, setting, dest, ground)
            if answer is not None:
                found.append((version, answer))
        return answers.agreed(self.engine, setting, found, len(candidates), release.key)

    def _open(self, table: Table, dest: str, env: Mapping[str, EnvVar], candidates: Sequence[str]) -> bool:
        return any(twins.undecided(table, dest, env, version, "") is not None for version in candidates)

    def _answer(self, table: Table, setting: str, dest: str | None, ground: Ground) -> Effective | None:
        if dest is None:
            return self.views[setting](setting, ground)
        if dest not in table.by_dest(ground.version):
            return self.views[setting](setting, ground) if setting in self.views else None
        open_ = twins.undecided(table, dest, ground.env, ground.version, setting)
        if open_ is not None:
            return open_
        rule = self.rules.get(dest)
        answer = rule(setting, ground) if rule is not None else None
        return answer or answers.literal(self.engine, table, ground.version, setting, dest)


@lru_cache(maxsize=128)
def _settings(book: Book, table: Table, candidates: tuple[str, ...]) -> tuple[str, ...]:
    dests = dict.fromkeys(
        dest for version in candidates for dest, flag in table.by_dest(version).items() if flag.action != "help"
    )
    names = {vocabulary.named(book.engine.name, dest) for dest in dests} | set(book.views)
    own = sorted(name for name in names if name not in vocabulary.BY_NAME)
    return (*(name for name in vocabulary.BY_NAME if name in names), *own)
