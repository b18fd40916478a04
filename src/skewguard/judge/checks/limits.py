"""Lengths and concurrency that contradict each other, and memory shares that cannot hold."""

from collections.abc import Callable, Iterator
from typing import Any

from skewguard.judge.checks import evidence
from skewguard.judge.checks.interface import Case, Result, check, fail, skipped, unknown
from skewguard.language.facts import Choice, Fact

SCHEDULER = ("vLLM vllm/config/scheduler.py: checks of the scheduler's limits",)


def _above(case: Case, larger: str, smaller: str) -> bool | None:
    """Whether `larger` exceeds `smaller` in every possible case (None: in some, or not known)."""
    left, right = _numbers(case, larger), _numbers(case, smaller)
    if not left or not right:
        return None
    outcomes = {a > b for a in left for b in right}
    return outcomes.pop() if len(outcomes) == 1 else None


def _numbers(case: Case, setting: str) -> list[float]:
    values = evidence.possible(case, setting)
    numbers = [value for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
    return numbers if len(numbers) == len(values) and all(number > 0 for number in numbers) else []


def _written(case: Case, *settings: str) -> Fact | None:
    """The first of these settings that somebody wrote: where a reader has to look."""
    return next((fact for fact in map(case.sheet.declared, settings) if fact is not None), None)


def _said(case: Case, setting: str) -> str:
    """A setting and its value: `--max-num-seqs 512`, or `max_num_seqs, 256 by default`."""
    name = evidence.flag(case, setting) or setting
    effective = case.sheet.effective(setting)
    if isinstance(effective, Fact):
        return f"{name} {effective.value}" + (" (a default)" if effective.authority == "derived" else "")
    if isinstance(effective, Choice):
        return f"{name} ({', '.join(f'{arm.value} when {arm.when}' for arm in effective.arms)})"
    return name


@check(
    "limits.step-below-length",
    reads_arguments=True,
    title="One step cannot hold the longest prompt",
    category="runtime",
    severity="error",
    until_ready=True,
    why="Without chunked prefill a prompt is computed in one step, so that a step must hold the longest one. The engine "
    "refuses to start, or never schedules long prompts.",
    remedy="raise the tokens of a step to the longest length, or switch chunked prefill on",
    bad="args: [--max-model-len=32768, --max-num-batched-tokens=8192, --no-enable-chunked-prefill]",
    good="args: [--max-model-len=32768, --max-num-batched-tokens=32768, --no-enable-chunked-prefill]",
    sources=SCHEDULER,
)
def step_below_length(case: Case) -> Iterator[Result]:
    """max_num_batched_tokens below max_model_len while prompts are not split."""
    step, length, split = "limits.max_num_batched_tokens", "limits.max_model_len", "runtime.chunked_prefill"
    fact = _written(case, step, split)
    if fact is None or not _above(case, length, step):
        return
    chunked = set(evidence.possible(case, split))
    if chunked == {False}:
        yield fail(
            f"Prompts are not split (chunked prefill is off), and {_said(case, step)} is less than {_said(case, length)}: "
            f"{case.title} does not start",
            remedy=f"raise {evidence.flag(case, step) or step} to at least {evidence.integer(case, length)}, or switch "
            "chunked prefill on",
            setting=step,
            anchor=evidence.flag(case, step) or step,
            fact=fact,
        )
    elif chunked == {True} or not chunked:
        yield skipped("prompts are split, or the engine decides", setting=step)
    else:
        flag = evidence.flag(case, split) or split
        yield unknown(
            f"{_said(case, step)} is less than {_said(case, length)}, and whether prompts are split is left to {case.title}",
            remedy=f"write `{flag}`",
            setting=step,
            anchor=flag,
            fact=fact,
        )


@check(
    "limits.seqs-above-step",
    reads_arguments=True,
    title="More sequences than tokens in a step",
    category="runtime",
    severity="error",
    until_ready=True,
    why="Each running sequence needs at least one token in each step; the engine refuses limits that deny it.",
    remedy="lower the number of sequences, or raise the tokens of a step",
    bad="args: [--max-num-seqs=512, --max-num-batched-tokens=256]",
    good="args: [--max-num-seqs=256, --max-num-batched-tokens=2048]",
    sources=SCHEDULER,
)
def seqs_above_step(case: Case) -> Iterator[Result]:
    """max_num_seqs above max_num_batched_tokens."""
    seqs, step = "limits.max_num_seqs", "limits.max_num_batched_tokens"
    fact = _written(case, step, seqs)
    if fact is None:
        return
    above = _above(case, seqs, step)
    if above:
        yield fail(
            f"{_said(case, seqs)} is more than {_said(case, step)}: {case.title} refuses to start",
            remedy=f"write a {evidence.flag(case, seqs) or seqs} of at most {evidence.integer(case, step)}, or raise "
            f"{evidence.flag(case, step) or step}",
            setting=seqs,
            anchor=evidence.flag(case, seqs) or seqs,
            fact=fact,
        )
    elif above is None and isinstance(case.sheet.effective(seqs), Choice) and _written(case, step):
        choice = case.sheet.effective(seqs)
        yield unknown(
            f"{_said(case, seqs)} may be more than {_said(case, step)}",
            remedy=f"write {evidence.flag(case, seqs) or seqs}",
            setting=seqs,
            anchor=evidence.flag(case, seqs) or seqs,
            fact=fact,
            inputs=choice.inputs if isinstance(choice, Choice) else (),
        )


_SHARES = ("runtime.gpu_memory_utilization", "sglang.mem_fraction_static")
"""What each engine calls the share of the GPU's memory that it plans with; they do not mean quite the same."""


@check(
    "limits.memory-share",
    reads_arguments=True,
    title="The share of GPU memory cannot hold",
    category="runtime",
    severity="error",
    until_ready=True,
    why="The share is a fraction of the whole device. Outside 0 to 1 the engine refuses it or finds no such memory; close "
    "to 1 nothing is left for CUDA graphs, the driver and fragmentation, and the server dies of memory under load.",
    remedy="write a share between 0 and 0.95",
    bad="args: [--gpu-memory-utilization=90]",
    good="args: [--gpu-memory-utilization=0.90]",
    sources=(
        "vLLM vllm/config/cache.py: gpu_memory_utilization is greater than 0 and at most 1",
        "SGLang sglang/srt/model_executor: the KV cache gets what mem_fraction_static leaves beside the weights",
    ),
)
def memory_share(case: Case) -> Iterator[Result]:
    """A share outside (0, 1], or above 0.95."""
    fact = _written(case, *_SHARES)
    share = fact.value if fact is not None else None
    if fact is None or isinstance(share, bool) or not isinstance(share, int | float):
        return
    setting = fact.setting
    flag = evidence.flag(case, setting) or setting
    if not 0 < share <= 1:
        yield fail(
            f"{flag} {share:g} is no fraction of the GPU's memory: {case.title} does not start with it",
            remedy=_share_edit(share),
            setting=setting,
            anchor=flag,
            fact=fact,
        )
    elif share > 0.95:
        yield fail(
            f"{flag} {share:g} leaves {(1 - share) * 100:.0f} % of the GPU's memory to everything else; long prompts or "
            "CUDA graphs can end the server for lack of memory",
            remedy="write 0.95 or less",
            setting=setting,
            anchor=flag,
            fact=fact,
            severity="warning",
        )


def _share_edit(share: float) -> str:
    """The share a percentage stands for; what is no likely percentage gets the range alone, for nobody knows the value."""
    valid = "a share above 0 and at most 1; 0.95 or less leaves room for CUDA graphs and fragmentation"
    return (
        f"write `{share / 100:g}` if {share:g} % was meant: the flag takes {valid}"
        if _is_percentage(share)
        else f"write {valid}"
    )


def _is_percentage(share: float) -> bool:
    return 10 <= share <= 95  # below, it is rather a fraction with a slip; above, the fraction would be warned of


@check(
    "limits.memory-share-overridden",
    reads_arguments=True,
    title="A fixed KV cache size overrides the memory share",
    category="runtime",
    severity="warning",
    why="With a fixed size in bytes the engine no longer sizes the KV cache by the share of GPU memory. Whoever edits the "
    "share changes nothing about the cache.",
    remedy="keep one of the two",
    bad="args: [--gpu-memory-utilization=0.8, --kv-cache-memory-bytes=20G]",
    good="args: [--kv-cache-memory-bytes=20G]",
    sources=("vLLM vllm/config/cache.py: kv_cache_memory_bytes",),
)
def memory_share_overridden(case: Case) -> Iterator[Result]:
    """gpu_memory_utilization beside kv_cache_memory_bytes."""
    setting, fixed = "runtime.gpu_memory_utilization", f"{case.engine}.kv_cache_memory_bytes"
    share, size = case.sheet.declared(setting), case.sheet.declared(fixed)
    if share is not None and size is not None and size.value is not None:
        flag, other = evidence.flag(case, setting) or setting, evidence.flag(case, fixed) or fixed
        yield fail(
            f"{flag} {share.value} does not size the KV cache: {other} fixes it at {size.value} bytes",
            remedy=f"remove {flag} or {other}",
            setting=setting,
            anchor=flag,
            fact=share,
        )


@check(
    "limits.output-above-length",
    reads_arguments=True,
    title="The output limit exceeds the context",
    category="runtime",
    severity="error",
    why="Prompt and output share the context. An output limit above it can never be reached: every request is cut by the "
    "context instead.",
    remedy="lower the output limit below the longest length",
    bad="""args: [--max-model-len=4096, '--override-generation-config={"max_new_tokens": 8192}']""",
    good="""args: [--max-model-len=4096, '--override-generation-config={"max_new_tokens": 1024}']""",
)
def output_above_length(case: Case) -> Iterator[Result]:
    """A hard or default output limit above max_model_len."""
    length = "limits.max_model_len"
    for setting in ("limits.max_output_tokens", "limits.default_output_tokens"):
        fact = case.sheet.declared(setting)
        if fact is not None and _above(case, setting, length):
            yield fail(
                f"The output limit of {fact.value} tokens exceeds {_said(case, length)}, which holds prompt and output",
                remedy=f"lower it below {evidence.integer(case, length) or 'the context'}",
                setting=setting,
                anchor=setting,
                fact=fact,
            )
            return


@check(
    "limits.partial-prefills",
    reads_arguments=True,
    title="The limits of partial prefills contradict each other",
    category="runtime",
    severity="error",
    until_ready=True,
    why="The engine checks at start that long prompts are a part of all partial prefills, and that a long prompt is not "
    "longer than the context.",
    remedy="bring the limits into order",
    bad="args: [--max-num-partial-prefills=2, --max-long-partial-prefills=4]",
    good="args: [--max-num-partial-prefills=4, --max-long-partial-prefills=2]",
    sources=SCHEDULER,
)
def partial_prefills(case: Case) -> Iterator[Result]:
    """More long partial prefills than partial prefills; a long-prefill threshold above the context."""
    name = f"{case.engine}.{{}}".format
    count, long = name("max_num_partial_prefills"), name("max_long_partial_prefills")
    threshold, length = name("long_prefill_token_threshold"), "limits.max_model_len"
    rules: tuple[tuple[str, str, Callable[[], Any]], ...] = (
        (long, count, lambda: True),
        (threshold, length, lambda: (evidence.integer(case, count) or 1) > 1),
    )
    for larger, smaller, matters in rules:
        fact = case.sheet.declared(larger)
        if fact is not None and _above(case, larger, smaller) and matters():
            yield fail(
                f"{_said(case, larger)} exceeds {_said(case, smaller)}: {case.title} refuses to start",
                remedy=f"lower {evidence.flag(case, larger) or larger} to at most {evidence.integer(case, smaller)}",
                setting=larger,
                anchor=evidence.flag(case, larger) or larger,
                fact=fact,
            )
