"""What SGLang does around the plain parser of Python's `argparse`, by release.

Its parser is `argparse` itself: underscores stay underscores (`--tp_size` is unknown), unique beginnings are completed,
switches have no negative form. Read in `sglang/launch_server.py`, `sglang/cli/serve.py`, `sglang/cli/utils.py` and
`sglang/srt/server_args_config_parser.py` (from 0.5.19 on under `srt/utils`) of every release from 0.4.0 on. Each rule
names the first release that has it.
"""

from functools import cache
from typing import Literal

from msgspec import Struct

from skewguard.knowledge.engines.versions import since

Program = Literal["sglang serve", "sglang.launch_server"]

SERVE: Program = "sglang serve"
LAUNCH: Program = "sglang.launch_server"

FIRST_SERVE = "0.5.5"
FIRST_MODEL_TYPE = "0.5.10"
FIRST_CONFIG = "0.5.3"


SHORT_FORMS = frozenset(("--tp", "--dp"))
"""Beginnings of names that SGLang's own documents use throughout, as if they were flags; both fit one in every release."""


class Behaviour(Struct, frozen=True):
    """What one release does with an argument vector before the parser sees it.

    `model_alias`: `sglang serve` also looks for `--model`, which the parser always knew. `model_word`: it takes the
    model as its first word. `model_type`: it takes `--model-type`. `config`: how a `--config` file is read; `typed`
    asks the parser which of its flags are switches. `config_mappings`: mappings become JSON. `config_spellings`: every
    spelling of a flag counts for that, not its destination alone. `lora_objects`: adapters may be JSON objects.
    """

    serve: bool
    model_alias: bool
    model_word: bool
    model_type: bool
    config: Literal["unknown", "simple", "typed"]
    config_mappings: bool
    config_spellings: bool
    lora_objects: bool


@cache
def behaviour(version: str) -> Behaviour:
    """What release `version` does."""
    config: Literal["unknown", "simple", "typed"] = "typed" if since(version, "0.5.8") else "simple"
    return Behaviour(
        serve=since(version, FIRST_SERVE),
        model_alias=since(version, "0.5.11"),
        model_word=since(version, "0.5.16"),
        model_type=since(version, FIRST_MODEL_TYPE),
        config=config if since(version, FIRST_CONFIG) else "unknown",
        config_mappings=since(version, "0.5.14"),
        config_spellings=since(version, "0.5.23"),
        lora_objects=since(version, "0.5.1"),
    )


BOUNDARIES: dict[str, tuple[str, ...]] = {
    "serve": (FIRST_SERVE, FIRST_MODEL_TYPE, "0.5.11", "0.5.16"),
    "config": (FIRST_CONFIG, "0.5.8", "0.5.14", "0.5.23"),
    "lora": ("0.5.1",),
}
"""The releases at which words of each sort begin to be read in another way."""


def possible(candidates: tuple[str, ...], program: str, *, known: bool) -> tuple[str, ...]:
    """The candidates; of a version that is not known those that have the program, because somebody runs it."""
    if known or program != SERVE:
        return candidates
    return tuple(version for version in candidates if behaviour(version).serve) or candidates
