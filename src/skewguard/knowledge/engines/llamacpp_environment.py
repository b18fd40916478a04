"""What the llama.cpp server makes of environment variables: many flags have one that begins with `LLAMA_ARG_`.

Read in `common/arg.cpp`, from b3716 on. A switch is on at `1`, `true`, `on` or `enabled`, and else as it was; a pair of
switches ends the start at a word it does not know. From b7376 on a pair has a second variable, `LLAMA_ARG_NO_…`,
which switches it off by being there, whatever it says.
"""

from collections.abc import Iterator, Sequence

from msgspec import structs

from skewguard.knowledge.engines.environment import Manner
from skewguard.knowledge.engines.llamacpp_reading import from_environment
from skewguard.knowledge.engines.llamacpp_rules import LLAMACPP
from skewguard.knowledge.engines.tables import Table
from skewguard.language.workloads import EnvVar

_OPPOSITE = "LLAMA_ARG_NO_"

MANNER = Manner(
    LLAMACPP,
    prefixes=("LLAMA_ARG_",),
    not_ours=(),
    look_alikes={
        "MODEL": "model.id",
        "MODEL_ID": "model.id",
        "MODEL_PATH": "model.id",
        "CTX_SIZE": "llamacpp.n_ctx",
        "CONTEXT_SIZE": "llamacpp.n_ctx",
        "N_GPU_LAYERS": "llamacpp.n_gpu_layers",
        "GPU_LAYERS": "llamacpp.n_gpu_layers",
        "N_PARALLEL": "limits.max_num_seqs",
    },
    successors={
        "LLAMA_ARG_KV_SPLIT": ("LLAMA_ARG_KV_UNIFIED", ""),
        "LLAMA_ARG_NO_MMAP": ("LLAMA_ARG_LOAD_MODE", "`none` is the value that says the same"),
    },
    port="LLAMA_ARG_PORT",
    twin=from_environment,
)


def plain(table: Table, env: Sequence[EnvVar], versions: Sequence[str]) -> Iterator[EnvVar]:
    """The variables, those that switch a pair off by being there as the pair's own."""
    for entry in env:
        name = entry.name.replace(_OPPOSITE, "LLAMA_ARG_", 1)
        flags = [table.twin(name, version) for version in versions] if entry.name.startswith(_OPPOSITE) else []
        pair = bool(flags) and all(flag is not None and flag.off for flag in flags)
        yield structs.replace(entry, name=name, value="0") if pair and entry.value is not None else entry
