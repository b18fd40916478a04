"""Numbers that the parser takes and no engine can serve with: lengths, counts and ports (group `limits`)."""

from collections.abc import Iterator

from skewguard.judge.checks import evidence
from skewguard.judge.checks.interface import Case, Result, check, fail
from skewguard.language.facts import Fact

HIGHEST_PORT = 65535
COUNTS = {
    "limits.max_model_len": "holds no prompt",
    "limits.max_num_seqs": "lets no request run",
    "parallelism.tensor": "leaves no GPU to a layer",
    "parallelism.pipeline": "leaves no stage to the layers",
    "parallelism.data": "leaves no engine behind the server",
}
"""What less than one of each comes to, by setting."""
VLLM_COUNTS = {"limits.max_num_batched_tokens": "lets no token into a step"}
"""What only vLLM refuses below one: SGLang takes -1 for a prefill that is not split."""


def senseless(engine: str, fact: Fact) -> str | None:
    """What is the matter with a number that no engine can serve with, in words; None for any other value."""
    number = fact.value
    if isinstance(number, bool) or not isinstance(number, int):
        return None
    if fact.setting == f"{engine}.port":
        return None if 0 < number <= HIGHEST_PORT else f"is no port from 1 to {HIGHEST_PORT} that a Service could name"
    told = COUNTS | (VLLM_COUNTS if engine == "vllm" else {})
    return told.get(fact.setting) if number < 1 else None


@check(
    "limits.impossible-number",
    title="A number leaves nothing to serve with",
    category="runtime",
    severity="error",
    until_ready=True,
    why="The parser takes any whole number. A length or a count below one, or a port that does not exist, ends the "
    "engine when it is used, or leaves a server that never answers. Only from vLLM 0.14.0 on does a length of -1 "
    "mean what fits into the memory.",
    remedy="write the number you validated",
    bad="args: [--model=m, --max-model-len=-1]   # vLLM 0.11.0",
    good="args: [--model=m, --max-model-len=8192]",
    sources=("vLLM vllm/engine/arg_utils.py: human_readable_int, and from 0.14.0 on human_readable_int_or_auto",),
    reads_arguments=True,
)
def impossible_number(case: Case) -> Iterator[Result]:
    """A length, count or port outside what can be."""
    for setting in (*COUNTS, *VLLM_COUNTS, f"{case.engine}.port"):
        fact = case.sheet.declared(setting)
        wrong = senseless(case.engine, fact) if fact is not None else None
        if fact is not None and wrong is not None and evidence.read_by_engine(case):
            name = evidence.flag(case, setting) or setting
            yield fail(
                f"`{name}` is {fact.value}, which {wrong}: {case.title} does not serve with it",
                remedy=f"write the number you validated after `{name}`, or remove it",
                setting=setting,
                anchor=name,
                fact=fact,
            )
