"""The value of a setting of SGLang that nobody wrote: a literal default, what follows from another, a rule's answer."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from msgspec import Struct

from skewguard.knowledge import checkpoints
from skewguard.knowledge.engines import answers, sglang_rules, sglang_sampling
from skewguard.knowledge.engines.answers import Engine
from skewguard.knowledge.engines.interface import FlagKind, Inputs, Parsed, Release
from skewguard.knowledge.engines.readings import UNKNOWABLE, Unknowable
from skewguard.knowledge.engines.sglang_grammar import possible
from skewguard.knowledge.engines.sglang_ground import Ground
from skewguard.knowledge.engines.sglang_overruling import declared
from skewguard.knowledge.engines.tables import Flag, Table
from skewguard.language import vocabulary
from skewguard.language.errors import InputError
from skewguard.language.facts import Effective, Fact, Gap, Origin
from skewguard.language.workloads import EnvVar

SGLANG = Engine("sglang", "SGLang")
_LEAST = {"parallelism.expert": 2, "runtime.chunked_prefill": 1}
VIEWS = {
    "parallelism.expert": "ep_size",
    "runtime.chunked_prefill": "chunked_prefill_size",
    "tokenizer.revision": "revision",
    sglang_sampling.SETTING: "sampling_defaults",
}
"""Settings that SGLang has no argument for and another one's value decides: experts are spread above 1, prompts are
split above 0, the tokenizer is loaded at the model's revision, whatever repository it is from
(`managers/tokenizer_manager.py`), and requests are sampled as the model's files say, where those are asked."""

_FOLLOWS = {"tokenizer_path": "model_path", "served_model_name": "model_path"}
_UNDECIDED = (None, "auto")


def kind(flag: Flag) -> FlagKind:
    """Whether the default is a value, or worked out at the start."""
    if flag.required:
        return "required"
    if isinstance(flag.default, dict) and any(key.startswith("$") for key in flag.default):
        return "computed"
    decided = flag.dest in sglang_rules.RULES or flag.dest in sglang_rules.RESOLVED
    return "computed" if decided and flag.default in _UNDECIDED and flag.fallback is None else "literal"


@lru_cache(maxsize=128)
def settings(table: Table, candidates: tuple[str, ...]) -> tuple[str, ...]:
    """Every setting name that any of these releases has: vocabulary names first."""
    dests = dict.fromkeys(dest for version in candidates for dest in table.by_dest(version))
    names = {vocabulary.named(SGLANG.name, dest) for dest in dests}
    names.update(setting for setting, dest in VIEWS.items() if dest in dests)
    own = sorted(name for name in names if name not in vocabulary.BY_NAME)
    return (*(name for name in vocabulary.BY_NAME if name in names), *own)


@lru_cache(maxsize=128)
def _names(table: Table, candidates: tuple[str, ...]) -> frozenset[str]:
    return frozenset(settings(table, candidates))


def derive(
    table: Table, setting: str, parsed: Parsed, env: Sequence[EnvVar], release: Release, inputs: Inputs
) -> Effective | None:
    """The engine's own value of a setting; None when none of the candidate releases has it."""
    kept = answers.of_release(table, parsed, release)
    if setting in kept:
        return kept[setting]
    if setting not in _names(table, release.candidates):
        return None
    dest = VIEWS.get(setting) or vocabulary.destination(SGLANG.name, setting)
    if dest is None:
        return None
    if parsed.blind is not None and dest not in parsed.values:
        blind = parsed.blind
        return Gap(setting, blind.reason, blind.rule, blind.inputs, blind.would_need)
    if release.beyond and (setting not in VIEWS or dest not in parsed.values):
        return answers.beyond(SGLANG, setting, release)
    candidates = possible(release.candidates, parsed.entrypoint, known=release.certainty != "unknown")
    asking = _Asking(table, parsed, {entry.name: entry for entry in env}, release, inputs)
    if setting not in VIEWS and not asking.decides(dest):
        kept[setting] = answers.of_table(SGLANG, table, setting, dest, candidates, release.key)
        return kept[setting]
    found = [
        (version, asking.answer(setting, dest, version)) for version in candidates if dest in table.by_dest(version)
    ]
    return answers.agreed(SGLANG, setting, found, len(candidates), release.key)


class _Asking(Struct):
    """One question, asked of each candidate release."""

    table: Table
    parsed: Parsed
    env: Mapping[str, EnvVar]
    release: Release
    inputs: Inputs

    def decides(self, dest: str) -> bool:
        """Whether anything but the release decides this destination."""
        return dest in sglang_rules.RULES or dest in sglang_rules.RESOLVED or dest in _FOLLOWS

    def answer(self, setting: str, dest: str, version: str) -> Effective:
        if setting in _LEAST:
            return self._view(setting, dest, version)
        if setting == sglang_sampling.SETTING:
            return sglang_sampling.default_sampling(setting, self._ground(version))
        if setting in VIEWS or dest in _FOLLOWS:
            return self._linked(setting, _FOLLOWS.get(dest, dest), version)
        flag = self.table.by_dest(version)[dest]
        rule = sglang_rules.RULES.get(dest)
        found = None
        if rule is not None and (flag.default in (None, "auto", False) or dest in sglang_rules.OVER_LITERALS):
            found = rule(setting, self._ground(version))
        elif dest in sglang_rules.RESOLVED and flag.default in _UNDECIDED and flag.fallback is None:
            found = sglang_rules.resolved(setting, self._ground(version))
        return found or answers.literal(SGLANG, self.table, version, setting, dest)

    def _linked(self, setting: str, other: str, version: str) -> Effective:
        """Tokenizer and served name follow the model."""
        gap, written = self.parsed.gaps.get(other), self.parsed.values.get(other)
        if gap is not None:
            return Gap(setting, gap.reason, gap.rule, gap.inputs, gap.would_need)
        if written is None:
            return answers.literal(SGLANG, self.table, version, setting, other)
        origin = Origin(kind="rule", ref=f"follows --{other.replace('_', '-')} in SGLang {version}")
        return Fact(setting, written.value, "derived", origin, written.assumes)

    def _view(self, setting: str, dest: str, version: str) -> Effective:
        """What a number says of a switch that SGLang does not have."""
        gap, written = self.parsed.gaps.get(dest), self.parsed.values.get(dest)
        if gap is not None:
            return Gap(setting, gap.reason, gap.rule, gap.inputs, gap.would_need)
        number = (
            self.parsed.decided.get(dest) or written or self.answer(vocabulary.named(SGLANG.name, dest), dest, version)
        )
        least = _LEAST[setting]
        if isinstance(number, Fact) and isinstance(number.value, int):
            origin = Origin(kind="rule", ref=f"follows --{dest.replace('_', '-')} in SGLang {version}")
            return Fact(setting, number.value >= least, "derived", origin, number.assumes)
        sizes = number.values() if not isinstance(number, Fact | Gap) else []
        if sizes and all(isinstance(size, int) and size >= least for size in sizes):
            origin = Origin(kind="rule", ref=f"whatever --{dest.replace('_', '-')} turns out to be in SGLang {version}")
            return Fact(setting, True, "derived", origin)  # the value of a fact
        inputs = () if isinstance(number, Fact) else number.inputs
        return Gap(setting, f"it follows {dest}, which is not known", f"sglang.follows-{dest}", inputs, "its number")

    def _ground(self, version: str) -> Ground:
        model, revision = self._said("model_path"), self._said("revision")
        return Ground(
            version=version,
            declared=self._declared,
            variable=self._variable,
            hardware=self.inputs.hardware,
            checkpoint=self._checkpoint(),
            model_key=f"config.json@{model}@{revision or 'main'}",
            arguments_key=f"arguments@{self.release.key}",
        )

    def _declared(self, dest: str) -> Any:
        return declared(self.parsed, dest)

    def _variable(self, name: str) -> str | Unknowable | None:
        entry = self.env.get(name)
        if entry is None:
            return None
        return UNKNOWABLE if entry.value is None else entry.value

    def _said(self, dest: str) -> Any:
        """A value for an input key: as written; what nobody knows by the key of that unknown."""
        gap, written = self.parsed.gaps.get(dest), self.parsed.values.get(dest)
        if gap is not None:
            return gap.inputs[0] if gap.inputs else "?"
        return written.value if written is not None else None

    def _checkpoint(self) -> checkpoints.Checkpoint | None:
        """The model's files, with what the arguments override in them."""
        found, changes = self.inputs.checkpoint, self._declared("json_model_override_args")
        if found is None or changes is None or changes == {}:
            return found
        try:
            return checkpoints.overridden(found, changes) if isinstance(changes, dict) else None
        except InputError:
            return None
