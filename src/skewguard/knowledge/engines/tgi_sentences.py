"""What is the matter with an argument of TGI's launcher, in a sentence for the person on call."""

from skewguard.knowledge.engines.readings import Reading
from skewguard.knowledge.engines.sentences import Voice

LAUNCHER = "text-generation-launcher"
IMAGE = "tgi-entrypoint.sh"


def _repeated(reading: Reading, who: str, _program: str) -> str:
    first = reading.detail[0]
    if first != reading.flag:
        return f"`{reading.flag}` is the old name of what `{first}` sets already, and {who} does not start with both"
    return f"`{reading.flag}` is given a second time, which {who} refuses: the server does not start"


def _help(reading: Reading, _who: str, _program: str) -> str:
    return f"`{reading.text}` prints and ends: no server starts"


_STRAY = "; the model goes behind `--model-id`"
VOICE = Voice(
    "Text Generation Inference",
    own={"repeated": _repeated, "help": _help},
    stray={LAUNCHER: _STRAY, IMAGE: _STRAY},
)
