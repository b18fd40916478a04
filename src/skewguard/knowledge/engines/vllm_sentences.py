"""What is the matter with an argument that only vLLM takes so, in a sentence for the person on call."""

from skewguard.knowledge.engines.readings import Reading
from skewguard.knowledge.engines.sentences import Voice
from skewguard.knowledge.engines.vllm_grammar import SERVE


def _positional(reading: Reading, who: str, program: str) -> str:
    return (
        f"`{reading.text}` is a positional, which {who} takes and ignores under `{program}`: "
        "the model is the one of `--model`, or the built-in default"
    )


def _doubled(_reading: Reading, _who: str, _program: str) -> str:
    return "the image's own entrypoint already is `vllm serve`, so that this `serve` is taken as the name of the model"


def _no_model(_reading: Reading, who: str, _program: str) -> str:
    return f"`vllm serve` of {who} names no model and does not start without one"


def _model_by_flag(reading: Reading, who: str, _program: str) -> str:
    if reading.fault == "deprecated":
        return f"`vllm serve --model` works in {who} with a warning; the model is meant to be the first word behind `serve`"
    return f"`vllm serve` of {who} refuses `--model`: the model has to be the first word behind `serve`"


def _served_name_first(_reading: Reading, who: str, _program: str) -> str:
    return f"{who} wants the model as the first word behind `serve` when `--served-model-name` is given, and does not start"


VOICE = Voice(
    "vLLM",
    own={
        "positional": _positional,
        "doubled": _doubled,
        "no-model": _no_model,
        "model-by-flag": _model_by_flag,
        "served-name-first": _served_name_first,
    },
    stray={SERVE: "; the model is the one positional it takes"},
)
