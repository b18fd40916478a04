"""Checks of memory: whether weights and one request of full length fit on the devices, and how many requests do.

They rest on arithmetic over the model's own files, which have to be given, and speak where it shows a lack whatever the
device reports: what it leaves out (activations, CUDA graphs, the driver) makes the lack larger.
"""

from collections.abc import Iterator

from skewguard.judge.checks import evidence, fitting_words, weights_alone
from skewguard.judge.checks.fitting_words import LENGTH
from skewguard.judge.checks.interface import Case, Result, check, fail, skipped, unknown
from skewguard.language import vocabulary
from skewguard.language.facts import Fact, Gap

FEWEST = 2
"""Requests of full length that a server should hold at once: with fewer, one long request stops all others."""


@check(
    "hardware.does-not-fit",
    title="The model does not fit on its GPUs",
    category="hardware",
    severity="error",
    until_ready=True,
    why="vLLM refuses to start unless its share of the GPU's memory holds the weights and the KV cache of one request of "
    "full length; SGLang refuses where the weights alone exceed its share. Of TGI and TensorRT-LLM it is told where the "
    "weights alone exceed all memory of the GPUs. The pod then restarts for ever, often after "
    "minutes of loading.",
    remedy="Use a GPU with more memory, spread the model over more GPUs, or lower the longest length.",
    bad="args: [meta-llama/Llama-3.1-8B-Instruct]   # 131072 tokens on one NVIDIA L4",
    good="args: [meta-llama/Llama-3.1-8B-Instruct, --max-model-len=32768]",
    sources=(
        "vLLM check_enough_kv_cache_memory (v1/core/kv_cache_utils.py), raise_if_cache_size_invalid (worker/worker.py)",
        "SGLang profile_max_num_token, init_memory_pool (model_executor/model_runner.py)",
    ),
    reads_arguments=True,
)
def does_not_fit(case: Case) -> Iterator[Result]:
    """Weights and one request of full length exceed the share of a device, however much more of it there may be.

    Of an engine whose share is not worked out: the weights alone exceed all of it.
    """
    silent = weights_alone.beyond(case) or _silent(case)
    if silent is not None:
        yield silent
        return
    from skewguard.knowledge.capacity import situations

    situation = case.situation
    lacking = situations.lacking(situation)
    if isinstance(lacking, Gap):
        short = situations.short_on(situation)
        if not short or len(short) < len(situation.classes):
            open_one = _open(lacking, "whether the model fits cannot be said")
            yield fitting_words.depends(case, short, lacking) if short else open_one
            return
        situation = situation.on(max(short, key=lambda each: each.memory_gib))
    needed = fitting_words.need(situation)
    if lacking is None or needed is None:
        return
    origin, anchor = fitting_words.place(case, length=needed.by_length)
    yield fail(
        fitting_words.lack(case, needed),
        remedy=fitting_words.remedies(case, situation, needed),
        at=origin,
        setting=LENGTH if needed.by_length else "hardware.gpu_class",
        anchor=anchor,
        assumes=situations.assumed(situation),
    )


@check(
    "hardware.few-full-length-requests",
    title="The KV cache holds hardly one request of full length",
    category="hardware",
    severity="warning",
    why="A request that finds no room in the KV cache waits, and one that grows beyond it throws out another (vLLM "
    "computes that one again). With room for one request of full length, a single long prompt stops everybody else. "
    "SGLang refuses a request that is longer than its cache.",
    remedy="Lower the longest length to what clients need, use an 8-bit KV cache, or give the engine more memory.",
    bad="args: [--max-model-len=131072]   # the KV cache holds 170,000 tokens",
    good="args: [--max-model-len=32768]",
    sources=("vLLM Scheduler.schedule: preemption", "SGLang validate_input_length (managers/utils.py)"),
    reads_arguments=True,
)
def few_full_length_requests(case: Case) -> Iterator[Result]:
    """It fits, but fewer than `FEWEST` requests of full length do, however much more memory there may be."""
    silent = _silent(case)
    if silent is not None:
        yield silent
        return
    from skewguard.knowledge.capacity import situations

    situation = case.situation
    needed = fitting_words.need(situation)
    most = situations.answer(situation.generous(), situations.REQUESTS)
    if needed is None or situations.lacking(situation) is not None:
        yield skipped("whether it fits at all is said by hardware.does-not-fit")
    elif isinstance(most, Gap):
        yield _open(most, "how many requests of full length fit cannot be said")
    elif most.value < min(FEWEST, evidence.integer(case, "limits.max_num_seqs") or FEWEST):
        origin, anchor = fitting_words.place(case, length=True)
        longest = fitting_words.longest_of(situation, FEWEST)
        yield fail(
            fitting_words.few(case, needed, most),
            remedy=(evidence.adding(case, LENGTH, str(longest)) or "") if longest is not None else "",
            at=origin,
            setting=LENGTH,
            anchor=anchor,
            assumes=situations.assumed(situation),
        )


# ---- when nothing is said --------------------------------------------------------------------------------------------


def _silent(case: Case) -> Result | None:
    """Why the arithmetic decides nothing here: no files of the model, or a model that is not only what they say."""
    if case.inputs is None or case.inputs.checkpoint is None:
        return skipped("the model's own files are not in the input (--model-config)")
    if not _worked_out(case.engine):
        return skipped(f"which share of the memory {case.title} takes is not worked out here")
    if case.inputs.checkpoint.decoder.key is not None:
        return skipped("the model has parts beside the text that an engine may leave out")
    refused = _refused(case)
    if refused is not None:
        return skipped(f"the value of {refused} is refused, and no other one is known to be meant")
    written = case.sheet.effective("runtime.load_format")
    if not isinstance(written, Fact) or written.value == "dummy":
        return skipped("its weights are not those of a checkpoint")
    for setting in (
        "runtime.speculative",
        "model.lora",
        f"{case.engine}.enable_lora",
        f"{case.engine}.speculative_algorithm",
    ):
        found = case.sheet.effective(setting)
        if isinstance(found, Fact) and found.value not in (None, False, "", [], {}):
            return skipped(f"another model runs beside it ({setting})")
    return None


def _refused(case: Case) -> str | None:
    """The flag of a size that the engine cannot read: it then does not start, for that reason."""
    from skewguard.knowledge.capacity import situations

    sizes = {vocabulary.destination(case.engine, setting) for setting in situations.sizes(case.engine)}
    written = case.parsed.arguments if case.parsed else ()
    return next((each.flag for each in written if each.outcome == "invalid" and each.dest in sizes), None)


def _worked_out(engine: str) -> bool:
    """Whether the arithmetic knows how much of a GPU an engine takes."""
    from skewguard.knowledge.capacity import situations

    return engine in situations.SHARE


def _open(gap: Gap, sentence: str) -> Result:
    """Unknown where more input would settle it; nothing where only the arithmetic has no answer."""
    from skewguard.knowledge.capacity import obstacles

    if gap.rule.startswith("capacity") or obstacles.fitted(gap):
        return skipped(gap.reason, setting=gap.setting)
    return evidence.undecided(gap, sentence, gap.setting) if gap.would_need else unknown(sentence, inputs=gap.inputs)
