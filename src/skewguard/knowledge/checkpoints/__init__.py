"""What a model's own files say: the config.json of a checkpoint and what lies beside it, as one value.

What may enter: the meaning of the files of a Hugging Face checkpoint (config.json, generation_config.json,
tokenizer_config.json, quantization configs, the headers of safetensors), as text and bytes. What may not: what an
engine makes of them (`knowledge.engines` knows), and files (`adapters.folders` reads them).
"""

from skewguard.knowledge.checkpoints.reading import CONFIG, TEXTS, WEIGHTS, is_gguf, is_part, overridden, read
from skewguard.knowledge.checkpoints.values import (
    Checkpoint,
    Decoder,
    Dtypes,
    Experts,
    LatentAttention,
    Quantization,
    Rope,
    StateSpace,
    Tensor,
    Weights,
)

__all__ = [
    "CONFIG",
    "TEXTS",
    "WEIGHTS",
    "Checkpoint",
    "Decoder",
    "Dtypes",
    "Experts",
    "LatentAttention",
    "Quantization",
    "Rope",
    "StateSpace",
    "Tensor",
    "Weights",
    "is_gguf",
    "is_part",
    "overridden",
    "read",
]
