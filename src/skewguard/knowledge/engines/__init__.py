"""What each inference engine and each of its versions means: which containers run one, what it makes of its arguments.

What may enter: argument grammars, version tables, start-time rules, image and command recognition, all as pure
functions over values. What may not: reading a manifest or a cluster, a verdict, a message about a team's contract.
"""

from skewguard.knowledge.engines import sglang, vllm
from skewguard.knowledge.engines.interface import EngineModule

ENGINES: dict[str, EngineModule] = {vllm.NAME: vllm, sglang.NAME: sglang}
"""Every engine with a table, by name."""


def table_versions() -> dict[str, str]:
    """The version of every engine's table, by engine."""
    return {name: module.table_version() for name, module in ENGINES.items()}
