"""What is the matter with an argument of the llama.cpp server, in a sentence for the person on call."""

from skewguard.knowledge.engines.readings import Reading
from skewguard.knowledge.engines.sentences import Voice

SERVER = "llama-server"


def _attached(reading: Reading, who: str, _program: str) -> str:
    name = reading.suggestion or reading.flag
    return f"{who} takes a flag and its value as two words, and knows no `{name}=…`: the server does not start"


def _cut(reading: Reading, who: str, _program: str) -> str:
    return f"{who} reads a number up to its first letter: `{reading.flag} {reading.detail[0]}` is {reading.value}"


def _help(reading: Reading, _who: str, _program: str) -> str:
    return f"`{reading.text}` prints and ends: no server starts"


VOICE = Voice(
    "llama.cpp",
    own={"attached": _attached, "cut": _cut, "help": _help},
    stray={SERVER: "; the model goes behind `-m` or `-hf`"},
)
