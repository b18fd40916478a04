"""What TGI makes of environment variables: every flag has one of its name, and a few have no flag.

Read in `launcher/src/main.rs` of every release from 1.4.0 on. A switch takes the words `true` and `false` and ends at
`1`: that is clap's own reader of a `bool`.
"""

from skewguard.knowledge.engines.environment import Manner
from skewguard.knowledge.engines.tgi_reading import from_environment
from skewguard.knowledge.engines.tgi_rules import TGI

_SUCCESSORS: dict[str, tuple[str | None, str]] = {
    "MAX_INPUT_LENGTH": ("MAX_INPUT_TOKENS", ""),
    "USE_PREFIX_CACHING": ("PREFIX_CACHING", ""),
    "FLASH_DECODING": ("ATTENTION", "`flashdecoding` is the value that says the same"),
    "ENABLE_CUDA_GRAPHS": (None, "CUDA graphs are on by default"),
    "DISABLE_USAGE_STATS": ("USAGE_STATS", "`off` is the value that says the same"),
    "DISABLE_CRASH_REPORTS": ("USAGE_STATS", "`no-stack` is the value that says the same"),
}

MANNER = Manner(
    TGI,
    prefixes=("TGI_",),
    not_ours=("TGI_SERVICE_", "TGI_PORT", "TGI_ARGS", "TGI_EXTRA_ARGS", "TGI_VERSION"),
    look_alikes={
        "MODEL": "model.id",
        "MODEL_NAME": "model.id",
        "MODEL_REVISION": "model.revision",
        "QUANTIZATION": "runtime.quantization",
        "MAX_MODEL_LEN": "limits.max_model_len",
        "MAX_MODEL_LENGTH": "limits.max_model_len",
        "NUM_SHARDS": "parallelism.tensor",
        "TENSOR_PARALLEL_SIZE": "parallelism.tensor",
        "TP_SIZE": "parallelism.tensor",
    },
    successors=_SUCCESSORS,
    port="PROMETHEUS_PORT",
    bare=True,
    twin=from_environment,
)
