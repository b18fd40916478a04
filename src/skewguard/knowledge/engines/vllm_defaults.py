"""The value of a setting that nobody wrote: a literal default, what follows from another setting, or a rule's answer.

Where several releases may run, what all of them give is the value; where they differ, it is a choice by version.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from skewguard.knowledge.engines import answers, vllm_generations, vllm_rules, vllm_sampling
from skewguard.knowledge.engines.answers import Engine
from skewguard.knowledge.engines.interface import FlagKind, Inputs, Parsed, Release
from skewguard.knowledge.engines.readings import UNKNOWABLE, Unknowable
from skewguard.knowledge.engines.tables import Flag, Table
from skewguard.knowledge.engines.versions import since
from skewguard.knowledge.engines.vllm_grammar import possible
from skewguard.knowledge.engines.vllm_ground import Answer, Ground
from skewguard.knowledge.engines.vllm_model import readable
from skewguard.language import vocabulary
from skewguard.language.facts import Fact, Gap, Origin
from skewguard.language.workloads import EnvVar

VLLM = Engine("vllm", "vLLM")
NOT_SETTINGS = ("model_tag",)

_UNDECIDED = (None, "auto")


def kind(flag: Flag) -> FlagKind:
    """Whether the default is a value, or worked out at the start."""
    if not flag.name.startswith("-") and flag.nargs is None:
        return "required"
    if isinstance(flag.default, dict) and any(key.startswith("$") for key in flag.default):
        return "computed"
    return "computed" if flag.dest in vllm_rules.RULES and flag.default in _UNDECIDED else "literal"


@lru_cache(maxsize=128)
def settings(table: Table, candidates: tuple[str, ...]) -> tuple[str, ...]:
    """Every setting name that any of these releases has: vocabulary names first."""
    dests = dict.fromkeys(dest for version in candidates for dest in table.by_dest(version))
    names = {vocabulary.named(VLLM.name, dest) for dest in dests if dest not in NOT_SETTINGS}
    names.update(vllm_sampling.SETTINGS)
    if any(_attention_variable(table, version) for version in candidates):
        names.add("runtime.attention_backend")
    own = sorted(name for name in names if name not in vocabulary.BY_NAME)
    return (*(name for name in vocabulary.BY_NAME if name in names), *own)


def derive(
    table: Table, setting: str, parsed: Parsed, env: Sequence[EnvVar], release: Release, inputs: Inputs
) -> Answer | None:
    """The engine's own value of a setting; None when none of the candidate releases has it."""
    kept = answers.of_release(table, parsed, release)
    if setting in kept:
        return kept[setting]
    dest = vocabulary.destination(VLLM.name, setting)
    if setting in vllm_sampling.SETTINGS:
        dest = None
    if setting not in _names(table, release.candidates) or (dest is None and setting not in vllm_sampling.SETTINGS):
        return None
    if parsed.blind is not None and (dest is None or dest not in parsed.values):
        blind = parsed.blind
        return Gap(setting, blind.reason, blind.rule, blind.inputs, blind.would_need)
    if release.beyond:
        return answers.beyond(VLLM, setting, release)
    candidates = possible(release.candidates, parsed.entrypoint, known=release.certainty != "unknown")
    if dest is not None and dest not in vllm_rules.RULES and dest not in _FOLLOWS:
        kept[setting] = answers.of_table(VLLM, table, setting, dest, candidates, release.key)
        return kept[setting]
    asking = _asking(table, parsed, env, release, inputs)
    found: list[tuple[str, Answer]] = []
    for version in candidates:
        answer = asking.answer(setting, dest, version)
        if answer is not None:
            found.append((version, answer))
    return answers.agreed(VLLM, setting, found, len(candidates), release.key)


@lru_cache(maxsize=128)
def _names(table: Table, candidates: tuple[str, ...]) -> frozenset[str]:
    return frozenset(settings(table, candidates))


# ---- one release ---------------------------------------------------------------------------------------------------


_latest: list["_Asking"] = []
"""Whom was asked last: the settings of one container are asked for one after another, and rest on each other.

Two, because a container with unseen variables is asked in turn with them and without.
"""


def _asking(table: Table, parsed: Parsed, env: Sequence[EnvVar], release: Release, inputs: Inputs) -> "_Asking":
    for known in _latest:
        if known.concerns(table, parsed, env, release, inputs):
            return known
    made = _Asking(table, parsed, env, release, inputs)
    _latest[:] = [made, *_latest[:1]]
    return made


def ground(
    table: Table, parsed: Parsed, env: Sequence[EnvVar], release: Release, inputs: Inputs, version: str
) -> Ground:
    """What the rules of one release may look at."""
    return _asking(table, parsed, env, release, inputs).ground(version)


class _Asking:
    """Questions about one container, asked of each candidate release."""

    def __init__(self, table: Table, parsed: Parsed, env: Sequence[EnvVar], release: Release, inputs: Inputs) -> None:
        self._table = table
        self._parsed = parsed
        self._variables = env
        self._env = {entry.name: entry for entry in env}
        self._release = release
        self._inputs = inputs
        self._grounds: dict[str, Ground] = {}
        self._known: dict[tuple[str, str], Answer] = {}

    def concerns(self, table: Table, parsed: Parsed, env: Sequence[EnvVar], release: Release, inputs: Inputs) -> bool:
        """Whether these very things are asked about."""
        same = self._table is table and self._parsed is parsed and self._variables is env
        return same and self._release is release and self._inputs is inputs

    def answer(self, setting: str, dest: str | None, version: str) -> Answer | None:
        if dest is None:
            return vllm_sampling.sampling(setting, self.ground(version))
        flag = self._table.by_dest(version).get(dest)
        if flag is None and not (dest == "attention_backend" and _attention_variable(self._table, version)):
            return None
        linked = self._linked(setting, dest, version)
        if linked is not None:
            return linked
        written = self._parsed.values.get(dest)
        undecided = flag is None or (written.value if written is not None else flag.default) in (*_UNDECIDED, -1)
        undecided |= written is None and dest in vllm_generations.OWN and vllm_generations.first_v1(version)
        if dest in vllm_rules.RULES and undecided:
            return self._attention(setting, version) or vllm_rules.RULES[dest](setting, self.ground(version))
        return answers.literal(VLLM, self._table, version, setting, dest)

    def _attention(self, setting: str, version: str) -> Fact | Gap | None:
        """The attention backend, where this release still takes it from the environment."""
        entry = self._env.get("VLLM_ATTENTION_BACKEND") if setting == "runtime.attention_backend" else None
        if entry is None or not _attention_variable(self._table, version):
            return None
        if entry.value is None:
            why = entry.why_unknown or "its value is not known"
            return Gap(setting, f"{entry.name} sets it, and {why}", "env", (f"env@{entry.name}",), "its value")
        return Fact(setting, entry.value, "declared", entry.origin, entry.assumes)

    def _linked(self, setting: str, dest: str, version: str) -> Answer | None:
        """A setting that follows another one: tokenizer and served name the model, one revision the other."""
        other = _FOLLOWS.get(dest)
        if other is None or (dest == "tokenizer_revision" and not since(version, "0.5.0")):
            return None
        gap = self._parsed.gaps.get(other)
        if gap is not None:
            return Gap(setting, gap.reason, gap.rule, gap.inputs, gap.would_need)
        written = self._parsed.values.get(other)
        if written is not None:
            ref = f"follows --{other.replace('_', '-')} in vLLM {version}"
            return Fact(setting, written.value, "derived", Origin(kind="rule", ref=ref), written.assumes)
        return answers.literal(VLLM, self._table, version, setting, other)

    def effective(self, dest: str, version: str) -> Answer:
        """What this release makes of a destination in the end: as written, else as its rules or its table give it."""
        known = self._known.get((dest, version))
        if known is None:
            known = self._known[(dest, version)] = self._in_the_end(dest, version)
        return known

    def _in_the_end(self, dest: str, version: str) -> Answer:
        setting = vocabulary.named(VLLM.name, dest)
        gap = self._parsed.gaps.get(dest)
        if gap is not None:
            return gap
        written = self._parsed.values.get(dest)
        if written is not None and written.value not in (*_UNDECIDED, -1):
            return written
        answer = self.answer(setting, dest, version)
        return answer if answer is not None else Gap(setting, f"vLLM {version} has no such setting", "absent")

    def ground(self, version: str) -> Ground:
        """What the rules of one release may look at."""
        if version not in self._grounds:
            self._grounds[version] = self._made(version)
        return self._grounds[version]

    def _made(self, version: str) -> Ground:
        model, revision = self._said("model", version), self._said("revision", version)
        generation = self._said("generation_config", version)
        place = model if generation in _UNDECIDED else generation
        checkpoint, why = readable(version, self._inputs.checkpoint, self._declared, self._variable)
        return Ground(
            version=version,
            declared=self._declared,
            variable=self._variable,
            ask=lambda dest: self.effective(dest, version),
            hardware=self._inputs.hardware,
            checkpoint=checkpoint,
            why_unread=why,
            serves=self._parsed.entrypoint.endswith("serve"),
            model_key=f"config.json@{model}@{revision or 'main'}",
            generation_key=f"generation_config.json@{place}@{revision or 'main'}",
        )

    def _declared(self, dest: str) -> Any:
        if dest in self._parsed.gaps:
            return UNKNOWABLE
        written = self._parsed.values.get(dest)
        return None if written is None else written.value

    def _variable(self, name: str) -> str | Unknowable | None:
        entry = self._env.get(name)
        if entry is None:
            return None
        return UNKNOWABLE if entry.value is None else entry.value

    def _said(self, dest: str, version: str) -> Any:
        """A value for an input key: as written, or the default; what nobody knows by the key of that unknown."""
        gap = self._parsed.gaps.get(dest)
        if gap is not None:
            return gap.inputs[0] if gap.inputs else "?"
        written = self._parsed.values.get(dest)
        if written is not None:
            return written.value
        flag = self._table.by_dest(version).get(dest)
        return flag.default if flag is not None else None


_FOLLOWS = {"tokenizer": "model", "served_model_name": "model", "tokenizer_revision": "revision"}


def _attention_variable(table: Table, version: str) -> bool:
    at = table.index(version)
    return any(first <= at <= last for first, last, _, _ in table.env_runs("VLLM_ATTENTION_BACKEND"))
