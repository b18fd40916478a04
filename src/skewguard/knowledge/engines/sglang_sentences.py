"""What is the matter with an argument that only SGLang takes so, in a sentence for the person on call."""

from skewguard.knowledge.engines.readings import Reading
from skewguard.knowledge.engines.sentences import Voice
from skewguard.knowledge.engines.sglang_grammar import LAUNCH, SERVE


def _required(reading: Reading, who: str, program: str) -> str:
    what = "model" if reading.dest == "model_path" else f"`{reading.flag}`"
    return f"`{program}` of {who} is told no {what} and does not start without one"


def _model_unseen(reading: Reading, who: str, program: str) -> str:
    written = reading.text.partition("=")[0]
    return f"`{program}` of {who} looks for `--model-path` alone, does not see `{written}`, and does not start"


def _model_in_file(_reading: Reading, who: str, program: str) -> str:
    return f"`{program}` of {who} looks for the model on the command line alone, not in the file, and does not start"


def _model_type(_reading: Reading, who: str, program: str) -> str:
    return f"only `{SERVE}` takes `--model-type`; `{program}` of {who} does not start with it"


def _config_refused(reading: Reading, who: str, _program: str) -> str:
    return (
        f"{who} takes `{reading.text}` on the command line alone: a config file may hold plain switches and flags with "
        "one value. The server does not start"
    )


_STRAY = "; the model goes behind `--model-path`"

VOICE = Voice(
    "SGLang",
    own={
        "required": _required,
        "model-unseen": _model_unseen,
        "model-in-file": _model_in_file,
        "model-type": _model_type,
        "config-refused": _config_refused,
    },
    stray={SERVE: _STRAY, LAUNCH: _STRAY},
)
