"""What is written against what the model's own config says: the context it was made for, the heads it has."""

from collections.abc import Iterator

from msgspec import structs

from skewguard.judge.checks import evidence
from skewguard.judge.checks.interface import Case, Result, check, fail, skipped, unknown
from skewguard.knowledge import engines
from skewguard.knowledge.checkpoints import Checkpoint, quantization
from skewguard.knowledge.engines import contexts
from skewguard.language import vocabulary
from skewguard.language.facts import Effective, Fact

LENGTH, TENSOR, QUANTIZATION = "limits.max_model_len", "parallelism.tensor", "runtime.quantization"


def _config(found: Checkpoint) -> str:
    """Where the model's config lies, for a reader."""
    return found.name if found.name.endswith(".json") else f"{found.name.rstrip('/')}/config.json"


@check(
    "limits.length-check-off",
    reads_arguments=True,
    title="The check of the context length is switched off",
    category="runtime",
    severity="warning",
    why="The engine then takes any context length, also beyond what the model was trained for: answers turn to noise past "
    "that point, or the server crashes with NaN or an index out of range, and nothing says why.",
    remedy="remove the variable, and set a length that the model supports",
    bad="env: [{name: VLLM_ALLOW_LONG_MAX_MODEL_LEN, value: '1'}]\nargs: [--max-model-len=131072]",
    good="args: [--max-model-len=32768]",
    sources=("vLLM vllm/config/model.py: VLLM_ALLOW_LONG_MAX_MODEL_LEN",),
)
def length_check_off(case: Case) -> Iterator[Result]:
    """The variable that lets a length exceed the model's own."""
    name = contexts.SWITCHES.get(case.engine, "")
    entry = case.container.variable(name)
    if entry is None or (entry.value or "").lower() not in ("1", "true"):
        return
    length = case.sheet.declared("limits.max_model_len")
    yield fail(
        f"{name} lets {case.title} take "
        + (f"max_model_len {length.value}" if length else "any context length")
        + " without asking whether the model supports it",
        setting=f"{case.engine}.env.{name}",
        anchor=name,
        at=entry.origin,
    )


@check(
    "limits.length-beyond-model",
    reads_arguments=True,
    title="The length is more than the model was made for",
    category="model",
    severity="error",
    until_ready=True,
    why="The engine compares the written length with the one in the model's config.json and does not start with a longer "
    "one, or serves it with a warning: past the model's own length, answers turn to noise.",
    remedy="lower the length to the model's own",
    bad="args: [--max-model-len=131072]   # max_position_embeddings of config.json: 40960",
    good="args: [--max-model-len=40960]",
    sources=(
        "vLLM vllm/config/model.py: _get_and_verify_max_len",
        "SGLang srt/configs/model_config.py: _derive_context_length",
    ),
)
def length_beyond_model(case: Case) -> Iterator[Result]:
    """A written length above what config.json says, where the model's files are given."""
    found = case.inputs.checkpoint if case.inputs is not None else None
    if found is None or case.engine not in contexts.SWITCHES:
        yield skipped("the model's own files are not in the input (--model-config)", setting=LENGTH)
        return
    written, own = case.sheet.declared(LENGTH), _unwritten(case, LENGTH)
    if written is None or not isinstance(written.value, int) or not isinstance(own, Fact):
        return
    longest = contexts.longest(case.engine, found, own.value)
    if longest is None or written.value <= longest:
        return
    flag = evidence.flag(case, LENGTH) or LENGTH
    message = f"`{flag} {written.value}` is more than {longest}, the length that {_config(found)} gives the model"
    more = {
        "setting": LENGTH,
        "anchor": flag,
        "fact": written,
        "remedy": evidence.adding(case, LENGTH, str(longest)) or "",
    }
    yield from _refused(case, message, more)


def _unwritten(case: Case, setting: str) -> Effective | None:
    """What the engine would take for a setting if nobody had written it."""
    dest, module = vocabulary.destination(case.engine, setting), engines.ENGINES.get(case.engine)
    if module is None or case.parsed is None or case.release is None or case.inputs is None:
        return None
    values = {name: fact for name, fact in case.parsed.values.items() if name != dest}
    unwritten = structs.replace(case.parsed, values=values)
    return module.derive(setting, unwritten, case.container.env, case.release, case.inputs)


def _refused(case: Case, message: str, more: dict[str, object]) -> Iterator[Result]:
    """What the release does with a length beyond the model's; nothing where a variable lets it pass, which is told."""
    name = contexts.SWITCHES[case.engine]
    entry, module = case.container.variable(name), engines.ENGINES[case.engine]
    candidates = case.release.candidates if case.release is not None else ()
    passed = {contexts.lets_pass(module, version, entry) for version in candidates}
    doubts = case.container.doubts(name)
    if passed == {False}:
        yield fail(f"{message}: {case.title} does not start", assumes=doubts, **more)
    elif passed == {True} and entry is None:
        yield fail(f"{message}: {case.title} serves it with a warning", severity="warning", assumes=doubts, **more)
    elif passed != {True}:
        key = case.release.key if case.release is not None and None not in passed else f"env@{name}"
        yield unknown(f"{message}; whether {case.title} starts with it is open ({name} decides)", inputs=(key,), **more)


@check(
    "parallel.heads-not-divided",
    reads_arguments=True,
    title="The GPUs cannot share the model's attention heads",
    category="model",
    severity="error",
    until_ready=True,
    why="Tensor parallelism gives each GPU the same number of attention heads. vLLM ends at start where they cannot be "
    "divided, after the pod was scheduled and the image pulled.",
    remedy="write a tensor parallelism that divides the number of attention heads",
    bad="args: [--tensor-parallel-size=3]   # num_attention_heads of config.json: 32",
    good="args: [--tensor-parallel-size=4]",
    sources=("vLLM ModelConfig.verify_with_parallel_config, every release",),
)
def heads_not_divided(case: Case) -> Iterator[Result]:
    """Attention heads of the model that tensor parallelism does not divide."""
    found = _files(case)
    if found is None:
        yield skipped("the model's own files are not in the input (--model-config)", setting=TENSOR)
        return
    size, heads = evidence.integer(case, TENSOR), found.decoder.heads
    if not size or not heads or heads % size == 0:
        return
    near = max(each for each in range(1, size) if heads % each == 0)
    flag = evidence.flag(case, TENSOR) or TENSOR
    yield fail(
        f"`{flag} {size}` does not divide the {heads} attention heads of the model ({_config(found)}): {case.title} does "
        "not start",
        remedy=f"write a `{flag}` that divides {heads}, such as {near}, and ask for as many GPUs",
        setting=TENSOR,
        anchor=flag,
        fact=case.sheet.declared(TENSOR),
        at=None if case.sheet.declared(TENSOR) else case.container.origin,
    )


_ASKING = {
    **dict.fromkeys(("gptq", "gptq_marlin", "auto_gptq", "awq_marlin"), (quantization.GPTQ,)),
    **dict.fromkeys(("awq", "auto_awq"), (quantization.GPTQ, quantization.AWQ)),
}
"""Methods that look for a file where config.json says nothing of quantization (`get_config_filenames`), with its names."""


@check(
    "runtime.weights-not-quantized",
    reads_arguments=True,
    title="The weights are not quantized as the arguments say",
    category="model",
    severity="error",
    until_ready=True,
    why="AWQ and GPTQ are formats of the weights themselves. Where neither config.json nor a file beside it describes them, "
    "vLLM ends while it loads the model: `Cannot find the config file`.",
    remedy="remove the flag, or serve a checkpoint that is quantized so",
    bad="args: [--model=Qwen/Qwen3-8B, --quantization=awq]   # config.json has no quantization_config",
    good="args: [--model=Qwen/Qwen3-8B-AWQ]",
    sources=("vLLM model_executor/model_loader/weight_utils.py: get_quant_config",),
)
def weights_not_quantized(case: Case) -> Iterator[Result]:
    """AWQ or GPTQ is asked for, and nothing in the model's folder describes it; a lone config.json cannot tell."""
    found, written = _files(case), case.sheet.declared(QUANTIZATION)
    if found is None or not found.whole:
        yield skipped("the model's own folder is not in the input (--model-config)", setting=QUANTIZATION)
        return
    wanted = _ASKING.get(str(written.value)) if written is not None else None
    if written is None or wanted is None or any(name in found.files for name in wanted):
        return
    if all(each.file == quantization.GPTQ for each in found.quantizations):
        flag = evidence.flag(case, QUANTIZATION) or QUANTIZATION
        yield fail(
            f"`{flag} {written.value}` wants quantized weights, and neither {_config(found)} nor a file beside it says that "
            f"they are: {case.title} does not start",
            remedy=f"remove `{flag}`, or serve a checkpoint that is quantized so",
            setting=QUANTIZATION,
            anchor=flag,
            fact=written,
        )


def _files(case: Case) -> Checkpoint | None:
    """The model's files, where nothing in the arguments changes what vLLM reads of them."""
    if case.engine != "vllm" or case.inputs is None or case.sheet.declared("runtime.hf_overrides") is not None:
        return None
    return case.inputs.checkpoint
