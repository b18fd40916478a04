"""Settings that nobody wrote and the engine decides: what they are, and what they become without an edit here."""

from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from skewguard.judge.checks import evidence
from skewguard.judge.checks.interface import CHECKS, Case, Result, check, fail, skipped
from skewguard.knowledge import engines
from skewguard.knowledge.contract.values import Anything
from skewguard.knowledge.engines import images
from skewguard.language import accelerators, dialects, vocabulary
from skewguard.language.accelerators import Accelerator
from skewguard.language.facts import Choice, Effective, Fact, Value

SETTINGS = (
    "runtime.dtype",
    "limits.max_model_len",
    "limits.max_num_seqs",
    "limits.max_num_batched_tokens",
    "sglang.chunked_prefill_size",
    "runtime.quantization",
    "runtime.kv_cache_dtype",
    "runtime.prefix_caching",
    "runtime.chunked_prefill",
    "runtime.gpu_memory_utilization",
    "sglang.mem_fraction_static",
    "runtime.generation_config",
    "runtime.seed",
    "runtime.attention_backend",
)
"""What is looked at, the most consequential first."""

OF_THE_MODEL = ("runtime.dtype", "limits.max_model_len")
"""Told also where only the model's files say what they are: a reader of the manifest cannot see them."""

WITH_THE_MODEL = (
    "runtime.quantization",
    "runtime.kv_cache_dtype",
    "runtime.chunked_prefill",
    "runtime.attention_backend",
)
"""Nothing can be said of these without the model's files, and asking the rules costs more than all the others."""

TOLD_BY = {
    "gpu": (
        "hardware.gpu-class",
        "hardware.gpu-classes-mixed",
        "hardware.gpu-class-impossible",
        "hardware.gpu-label",
        "hardware.gpu-missing",
    ),
    "config.json": ("pin.model-revision", "pin.revision-commit", "pin.storage-uri"),
}
"""What may decide a setting, and the checks that say to pin it: where one of them speaks, its remedy is enough."""

PROBES = ("L40S", "H100-80GB")
"""A GPU of 48 GB and one of 80 GB: engines take other limits by themselves on each."""


class Change(Struct, frozen=True):
    """What a setting becomes: `when` in words (`from vLLM 0.33.0 on`, `on an L40S`), and the value."""

    when: str
    value: Value


class Left(Struct, frozen=True):
    """One setting that nobody wrote. `loose`: what decides it is not pinned, and no other check says so."""

    setting: str
    now: Effective
    changes: tuple[Change, ...] = ()
    loose: bool = False


@check(
    "runtime.left-to-chance",
    reads_arguments=True,
    title="Settings that nobody wrote become others without an edit",
    category="runtime",
    severity="note",
    phases=("static",),
    why="What nobody writes the engine decides by its release, the GPU and the model's files. It is fixed while these "
    "are, and then an upgrade or another node pool changes it in silence: vLLM moved float32 checkpoints from float16 to "
    "bfloat16 between two patch releases, and on a smaller GPU it takes 256 sequences instead of 1024, and SGLang splits "
    "prompts at 2048 tokens instead of 8192.",
    remedy="write what you validated, or promise it in a contract (`skewguard init`)",
    bad="args: [--model=Qwen/Qwen3-8B]",
    good="args: [--model=Qwen/Qwen3-8B, --dtype=bfloat16, --max-model-len=32768, --max-num-seqs=256]",
    aliases=("limits.length-implicit", "runtime.dtype-implicit"),
    sources=(
        "vLLM vllm/config: _get_and_verify_dtype, _get_and_verify_max_len, read for every version of the table",
        "vLLM EngineArgs.get_batch_defaults",
        "SGLang ServerArgs: limits by GPU memory",
    ),
)
def left_to_chance(case: Case) -> Iterator[Result]:
    """One note for all of them; a warning where what decides is not pinned and nothing else says so."""
    if not evidence.read_by_engine(case) or case.release is None:
        return
    if case.release.certainty != "exact" or _tag_moves(case):
        yield skipped("which release runs comes first: it is not known, or its tag can move")
        return
    found = list(_left(case))
    if not found:
        return
    count = "a setting" if len(found) == 1 else f"{len(found)} settings"
    yield fail(
        f"{case.title} decides {count} that nobody wrote: {'; '.join(map(_told, found))}",
        remedy=_remedy(case, found),
        at=case.container.origin,
        value=[_shown(each) for each in found],
        severity="warning" if any(each.loose for each in found) else None,
    )


def _left(case: Case) -> Iterator[Left]:
    contract = case.binding.contract if case.binding else None
    clauses = contract.promised(case.workload.subject.role) if contract else ()
    promised = {clause.setting for clause in clauses if not isinstance(clause.promise, Anything)}
    told: dict[str, bool] = {}
    blind = False
    for setting in SETTINGS:
        written = case.sheet.declared(setting)
        if setting in promised or (written is not None and written.value not in (None, "auto")):
            continue
        if vocabulary.destination(case.engine, setting) is None or evidence.concealed(case, setting) is not None:
            continue
        if blind and setting in WITH_THE_MODEL:
            continue
        now = case.sheet.effective(setting)
        blind |= "config.json" in _causes(now)
        if isinstance(now, Fact):
            changes = tuple(_changes(case, setting, now))
            if changes:
                yield Left(setting, now, changes)
        elif _worth(now) and not any(_is_told(case, cause, told) for cause in _causes(now)):
            yield Left(setting, now, loose=any(_loose(case, cause) for cause in _causes(now)))


def _worth(now: Effective) -> bool:
    """Whether what is not known is worth a word: arms that can be named, what hangs on the model alone, a drawn number."""
    of_the_model = now.setting in OF_THE_MODEL and "config.json" in _causes(now)
    return isinstance(now, Choice) or of_the_model or "random" in _causes(now)


# ---- what decides --------------------------------------------------------------------------------------------------


def _causes(now: Effective) -> list[str]:
    """The kinds of inputs that would decide: `gpu@scheduling(3f2a)` is `gpu`."""
    inputs = () if isinstance(now, Fact) else now.inputs
    return list(dict.fromkeys(key.partition("@")[0] for key in inputs))


def _is_told(case: Case, cause: str, known: dict[str, bool]) -> bool:
    """Whether another check already says to pin this input."""
    if cause not in known:
        known[cause] = any(_speak(case, *TOLD_BY.get(cause, ())))
    return known[cause]


def _speak(case: Case, *names: str) -> Iterator[bool]:
    """Whether these checks have something to say."""
    for name in names:
        yield any(answer.verdict in ("fail", "unknown") for answer in CHECKS[name].run(case))


def _loose(case: Case, cause: str) -> bool:
    """Whether an input can change without an edit. The tag comes first, and the model has checks of its own."""
    return cause == "gpu" and isinstance(case.sheet.effective("hardware.gpu_class"), Choice)


def _tag_moves(case: Case) -> bool:
    ref = evidence.image(case)
    return ref is not None and images.mutable_tag(ref) is not None


# ---- what it becomes -----------------------------------------------------------------------------------------------


def _changes(case: Case, setting: str, now: Fact) -> Iterator[Change]:
    """In a newer release, and on GPUs of another size, where the class is pinned."""
    if case.elsewhere is None or now.assumes:
        return
    yield from _in_newer_releases(case, setting, now)
    if now.origin.kind in ("rule", "config"):
        yield from _on_other_gpus(case, setting, now)


def _in_newer_releases(case: Case, setting: str, now: Fact) -> Iterator[Change]:
    """The first newer release that decides otherwise, where the newest one does."""
    releases = engines.ENGINES[case.engine].releases()
    version = case.release.candidates[0] if case.release else releases[-1]
    same, other = releases.index(version), len(releases) - 1
    if _otherwise(case, setting, now, releases[other]) is None:
        return
    while other - same > 1:
        middle = (same + other) // 2
        if _otherwise(case, setting, now, releases[middle]) is None:
            same = middle
        else:
            other = middle
    found = _otherwise(case, setting, now, releases[other])
    if found is not None:
        yield Change(f"from {case.title} {releases[other]} on", found.value)


def _on_other_gpus(case: Case, setting: str, now: Fact) -> Iterator[Change]:
    gpu = case.sheet.effective("hardware.gpu_class")
    mine = accelerators.find(str(gpu.value)) if isinstance(gpu, Fact) else None
    if mine is None or mine.vendor != "nvidia" or mine.partition is not None:
        return
    for probe in map(accelerators.find, PROBES):
        if probe is None or probe.name == mine.name:
            continue
        found = _otherwise(case, setting, now, None, probe)
        if found is not None:
            yield Change(f"on {'an' if probe.name[0] in 'AHL' else 'a'} {probe.name}", found.value)


def _otherwise(case: Case, setting: str, now: Fact, version: str | None, gpu: Accelerator | None = None) -> Fact | None:
    """The engine's other value there; None where it is the same, or nobody can know it."""
    found = case.elsewhere(setting, version, gpu) if case.elsewhere is not None else None
    known = isinstance(found, Fact) and not found.assumes
    return found if known and isinstance(found, Fact) and found.value != now.value else None


# ---- words ---------------------------------------------------------------------------------------------------------


def _told(left: Left) -> str:
    name = left.setting.rpartition(".")[2]
    if isinstance(left.now, Fact):
        changes = ", ".join(f"{_value(each.value)} {each.when}" for each in left.changes)
        return f"{name} is {_value(left.now.value)} ({changes})"
    if isinstance(left.now, Choice):
        return f"{name} is {', '.join(f'{_value(arm.value)} ({arm.when})' for arm in left.now.arms)}"
    if "random" in _causes(left.now):
        return f"{name} is drawn anew in every process"
    return f"{name} is taken from the model's config.json"


def _value(value: Value) -> str:
    return {None: "none", True: "on", False: "off"}[value] if value is None or isinstance(value, bool) else f"{value}"


def _shown(left: Left) -> dict[str, Any]:
    """One setting as JSON carries it; `now` is null where it is not known."""
    changes = left.changes if isinstance(left.now, Fact) else _arms(left.now)
    now = left.now.value if isinstance(left.now, Fact) else None
    becomes = [{"when": each.when, "value": each.value} for each in changes]
    return {"setting": left.setting, "known": isinstance(left.now, Fact), "now": now, "becomes": becomes}


def _arms(now: Effective) -> tuple[Change, ...]:
    return tuple(Change(arm.when, arm.value) for arm in now.arms) if isinstance(now, Choice) else ()


def _remedy(case: Case, found: list[Left]) -> str:
    """The words to add, with the values that hold now; what has no word is left to a contract."""
    words = {left.setting: word for left in found if (word := _word(case, left)) is not None}
    flags = {setting: word for setting, word in words.items() if word.startswith("-")}
    new = [word for setting, word in flags.items() if case.sheet.declared(setting) is None]
    edits = [evidence.add_several(case, new)] if new else []
    for name, _, value in (word.partition("=") for word in words.values() if word not in new):
        edits.append(evidence.add_words(case, name, value))
    contract = "promise it in a contract (`skewguard init`)"
    return f"write what you validated: {'; '.join(edits)}; or {contract}" if edits else contract


def _word(case: Case, left: Left) -> str | None:
    """How the engine is told the value that holds now; None where it has no word for it."""
    name = evidence.flag(case, left.setting)
    value = left.now.value if isinstance(left.now, Fact) else "VALUE"
    if name is None or value is None:
        return None
    if not isinstance(value, bool) or not name.startswith("-"):
        return f"{name}={int(value) if isinstance(value, bool) else value}"
    dest = vocabulary.destination(case.engine, left.setting) or ""
    if value != dialects.inverts(case.engine, dest):
        return name
    negative = f"--no-{name.removeprefix('--')}"
    module, version = engines.ENGINES[case.engine], case.release.candidates[0] if case.release else ""
    return negative if any(negative in flag.spellings for flag in module.flags(version)) else None
