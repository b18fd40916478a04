"""A first contract from what a manifest makes an engine run with: everything pinned that can be, the rest said.

What is known is promised as it is. What the engine decides at start from something unseen is promised as `unset`, so
that the day somebody sets it is noticed, with a TODO that names the reason and the possible values. What somebody
wrote and nobody can read (a Secret, a shell variable) is a TODO alone. Two patterns (`vllm.*`, `vllm.env.*`) promise
that no further setting appears. Keys and tokens never enter the text.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from skewguard.knowledge.contract import describing, promises, quoting, values
from skewguard.language import redact, vocabulary
from skewguard.language.facts import REPLICAS, Choice, Effective, Fact, Gap, Value
from skewguard.language.sheet import Sheet
from skewguard.language.vocabulary import Setting
from skewguard.language.workloads import Container, Workload

_WIDTH = 100
_LONGEST_S = 1e9
"""Seconds up to which a duration is written plainly; a longer one is no time limit."""


class Arguments(Protocol):
    """What the writer asks of the engine's reading of its arguments."""

    @property
    def gaps(self) -> Mapping[str, Gap]:
        """Settings that somebody wrote and nobody can read."""

    @property
    def blind(self) -> Gap | None:
        """Set when an unseen source may set anything."""


class Draft(Protocol):
    """What the writer asks of a container that runs an engine."""

    @property
    def workload(self) -> Workload:
        """The workload it belongs to."""

    @property
    def container(self) -> Container:
        """The container itself."""

    @property
    def engine(self) -> str:
        """The engine's name."""

    @property
    def title(self) -> str:
        """The engine's own spelling."""

    @property
    def sheet(self) -> Sheet:
        """Its settings."""

    @property
    def parsed(self) -> Arguments | None:
        """Its arguments; None where the engine has no grammar here."""

    @property
    def replicas(self) -> Sequence[object]:
        """The replicas that it was read of; none where a manifest alone was."""


def write(draft: Draft, name: str) -> str:
    """The commented text of a contract `name` for one container."""
    lines = [*_head(draft, name), *_targets(draft)]
    for section in vocabulary.SECTIONS:
        body = [line for row in vocabulary.ROWS if row.section == section for line in _row(draft, row)]
        if any(not line.startswith("#") for line in body):
            lines += [f"  {section}:", *(f"    {line}" for line in body)]
        else:
            lines += [f"  {line}" for line in body]
    lines += [f"  {line}" for line in _engine_settings(draft)]
    return "\n".join(lines) + "\n"


CORE = (
    "model.id",
    "model.revision",
    "runtime.dtype",
    "runtime.quantization",
    "limits.max_model_len",
    "limits.max_num_seqs",
    "parallelism.tensor",
)
"""Settings without which a contract holds little of what was validated."""


def unheld(draft: Draft) -> list[str]:
    """The core settings that the contract of a container promises nothing about, because nobody could read them."""
    found = []
    for row in (vocabulary.BY_NAME[name] for name in CORE):
        lines = list(_row(draft, row))
        told = any(not line.startswith("#") for line in lines)
        if not told and (lines or draft.parsed is None):
            found.append(row.name)
    return found


def _head(draft: Draft, name: str) -> Iterator[str]:
    about = draft.sheet.effective("runtime.version")
    version = f" {about.value}" if isinstance(about, Fact) else ""
    engine = f"{draft.title}{version}"
    source = f"read of what runs ({engine})" if draft.replicas else f"as {engine} takes its manifest"
    yield from quoting.comment(
        f"What {draft.sheet.subject} runs with, {source}. Read every TODO, loosen "
        "what may vary ({max: 256}, [H100-80GB, H200]), remove what you do not promise.",
        _WIDTH,
    )
    yield f"apiVersion: {values.API_VERSION}"
    yield f"kind: {values.KIND}"
    yield f"metadata: {{name: {quoting.text(name)}}}"
    yield "spec:"


def _targets(draft: Draft) -> Iterator[str]:
    subject = draft.sheet.subject
    fields = {"namespace": subject.namespace, "kind": subject.kind, "name": subject.name, "role": subject.role}
    if len(draft.workload.template.containers) > 1:
        fields["container"] = draft.container.name
    target = ", ".join(f"{key}: {quoting.text(_literal(value))}" for key, value in fields.items() if value)
    yield f"  targets: [{{{target}}}]"


def _literal(name: str) -> str:
    """A name as a glob that matches it. Kubernetes names hold no such characters; the names of files may."""
    return "".join("?" if mark in "*?[]" or mark.isspace() else mark for mark in name)


def _row(draft: Draft, row: Setting) -> Iterator[str]:
    """The lines of one vocabulary setting: its promise, with the comments that explain it."""
    hidden = _hidden(draft, row.name, bool(row.called.get(draft.engine)))
    told = draft.sheet.observed(row.name) or draft.sheet.echoed(row.name)
    if hidden is not None and told is None:
        yield from _todo(row.key, f"somebody sets it, and {hidden.reason}. Write the value you validated")
        return
    effective = draft.sheet.effective(row.name)
    empty = isinstance(effective, Fact) and effective.value == "" and draft.sheet.declared(row.name) is None
    if isinstance(effective, Fact) and not empty and not vocabulary.undecided(row.name, effective.value):
        yield from _known(row, effective)
    elif isinstance(effective, Fact):
        yield f"{row.key}: {values.UNSET}"
    else:
        yield from _open(draft, row, effective)


def _known(row: Setting, fact: Fact) -> Iterator[str]:
    if redact.tree(fact.value, row.name) != fact.value:
        yield from _todo(row.key, "the value looks like a secret and is not written down")
        return
    if not _has_type(row, fact.value):
        told = describing.value(row.name, fact.value)
        yield from _todo(row.key, f"the manifest gives {told}, which is no {row.type}. Write the value you validated")
        return
    wrong = promises.fault(row, fact.value)
    said = wrong[0] if wrong else "" if _is_listed(row, fact.value) else f"is one of {', '.join(row.choices)}"
    if said:
        told = describing.value(row.name, fact.value)
        yield from _todo(row.key, f"it {said}, and the manifest gives {told}. Write the value you validated")
        return
    source = f"  # {fact.origin.ref}" if fact.authority == "derived" else ""
    shown = f"{describing.plain(fact.value)}s" if row.type == "seconds" and fact.value else _promise(fact.value)
    yield f"{row.key}: {shown}{source}"


def _is_listed(row: Setting, value: Value) -> bool:
    """Whether the loader takes every word of a value whose words skewguard itself gives."""
    return not row.choices or all(each in row.choices for each in (value if isinstance(value, list) else [value]))


def _open(draft: Draft, row: Setting, effective: Effective) -> Iterator[str]:
    """What is left open: by the engine (until it meets GPU and checkpoint), or by objects that are not in the input."""
    if isinstance(effective, Choice):
        arms = "; ".join(f"{arm.when}: {describing.value(row.name, arm.value)}" for arm in effective.arms)
        contested = effective.at_once or effective.rule == "autoscaler"
        who = (
            "its replicas run apart in it"
            if effective.at_once
            else "several autoscalers set it"
            if contested
            else "the engine decides at start"
        )
        yield from _todo(row.key, f"{who} ({arms}). Write the value you validated")
        if not contested:
            yield f"{row.key}: {values.UNSET}"
    elif isinstance(effective, Gap):
        yield from _gap(draft, row, effective)


_WITHOUT_CLAUSE = ("runtime.version", "runtime.image", "runtime.image_digest")
"""Settings every engine has, so that `unset` would promise what cannot be."""


def _gap(draft: Draft, row: Setting, gap: Gap) -> Iterator[str]:
    absent = gap.rule == "absent"
    if absent and row.name == "hardware.partition":
        yield f"{row.key}: null"
        return
    if absent and (row.called or row.section not in ("hardware", "autoscaling") or row.phases == ("live",)):
        return
    if absent and row.name == "hardware.gpu_memory":
        return
    reason = gap.reason if not gap.would_need else f"{gap.reason}; {gap.would_need} would tell"
    yield from _todo(row.key, f"{reason}. Write the value you validated")
    clauses = row.name not in _WITHOUT_CLAUSE and gap.rule != REPLICAS  # some replica has a value of somebody's
    if clauses and (draft.parsed is not None or not row.called):
        yield f"{row.key}: {values.UNSET}"


def _engine_settings(draft: Draft) -> Iterator[str]:
    """What is set outside the vocabulary, and the promise that nothing else is."""
    body: list[str] = []
    prefix = f"{draft.engine}."
    for setting in draft.sheet.names():
        if setting.startswith(prefix) and setting not in vocabulary.BY_NAME:
            body.extend(_outside(draft, setting))
    blind = draft.parsed.blind if draft.parsed is not None else None
    if blind is None:
        body.append(f"{prefix}*: {values.UNSET}")
    else:
        body.extend(_todo(f"{prefix}*", f"anything may be set by what is not in the input: {blind.reason}"))
    if not draft.container.unseen_env:
        body.append(f"{prefix}env.*: {values.UNSET}")
    else:
        names = ", ".join(source.ref for source in draft.container.unseen_env)
        body.extend(_todo(f"{prefix}env.*", f"any variable may be set by what is not in the input: {names}"))
    if body:
        yield "engine_settings:"
        yield from (f"  {line}" for line in body)


def _outside(draft: Draft, setting: str) -> Iterator[str]:
    variable = ".env." in setting
    declared = draft.sheet.declared(setting)
    hidden = None if variable else _hidden(draft, setting, called=True, blind=False)
    if declared is None and variable and draft.container.variable(setting.partition(".env.")[2]) is not None:
        effective = draft.sheet.effective(setting)
        hidden = effective if isinstance(effective, Gap) else None
    if hidden is not None:
        yield from quoting.comment(f"{setting} is set, and {hidden.reason}", _WIDTH)
        yield f"{setting}: {values.ANY}"
    elif declared is not None and redact.tree(declared.value, setting.rpartition(".")[2]) != declared.value:
        yield from quoting.comment(f"{setting} holds a secret, which no contract should", _WIDTH)
        yield f"{setting}: {values.ANY}"
    elif declared is not None:
        effective = draft.sheet.effective(setting)  # another one, where the start decides it against what is written
        yield f"{setting}: {_promise((effective if isinstance(effective, Fact) else declared).value)}"


def _hidden(draft: Draft, setting: str, called: bool, *, blind: bool = True) -> Gap | None:
    """The reason why a value that somebody wrote (or may have written, with `blind`) cannot be read."""
    if draft.parsed is None or not called:
        return None
    for gap in draft.parsed.gaps.values():
        if gap.setting == setting:
            return gap
    return draft.parsed.blind if blind and draft.sheet.declared(setting) is None else None


def _has_type(row: Setting, value: Value) -> bool:
    """Whether the loader will accept the value for this row."""
    if value is None:
        return True
    if row.type in ("list", "mapping"):
        return isinstance(value, list if row.type == "list" else dict)
    if row.type in ("integer", "bytes"):
        return isinstance(value, int) and not isinstance(value, bool) and (value >= 0 or row.type == "integer")
    if row.type in ("number", "seconds"):
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        return number and (row.type == "number" or value == 0 or 0.001 <= value <= _LONGEST_S)
    if row.type == "boolean":
        return isinstance(value, bool)
    if row.type == "digest":
        bare = value.lower().removeprefix("sha256:") if isinstance(value, str) else ""
        return len(bare) == 64 and all(digit in "0123456789abcdef" for digit in bare)
    if isinstance(value, (list, dict)):
        return row.type == "string" or (row.type == "gpu-class" and isinstance(value, list))
    if value == "":
        return row.type == "string"
    return isinstance(value, str) and bool(value.strip())


def _promise(value: Value) -> str:
    shown = quoting.scalar(value)
    return f"{{equals: {shown}}}" if isinstance(value, (list, dict)) or value == "" else shown


def _todo(key: str, sentence: str) -> Iterator[str]:
    yield from quoting.comment(f"TODO {key}: {sentence}", _WIDTH)
