"""Programs that take an engine's arguments among their own: which those are, and what is the program's own.

Sources: KServe python/huggingfaceserver `__main__.py` (vLLM's parser on top of its own, `parse_known_args`); Dynamo
components/src/dynamo/{vllm,sglang}/args.py (its own parser first, the engine's reads what is left), trtllm
`backend_args.py`; KAITO presets/workspace/inference/vllm/inference_api.py (the config file's entries after all other
words); Ray python/ray/llm/_internal/serve/engines/vllm/vllm_models.py (`engine_kwargs` by field name).
"""

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

from skewguard.knowledge.engines.interface import Release
from skewguard.language.facts import Gap, Value

Passing = Literal["flags", "keywords", "none"]


class Wrapper(Struct, frozen=True):
    """A program that runs an engine with arguments of its own beside the engine's.

    `what` says it to a reader, `short` is its name in a sentence. `certain`: it runs this engine and no other, else where it is told so by the words `chosen`.
    `passing`: the engine's arguments come as its flags, as keyword arguments by destination, or not at all. `program`
    is the engine's program whose grammar reads the flags. `own` are flags that the engine does not get, `renamed` those
    that it gets under another name, `settings` those that say a setting although the engine's grammar does not read
    them; all without dashes and with `-` for `_`. `file` is the flag of a YAML file whose entries under `vllm` come
    behind all other words. `drops`: a flag that neither knows is dropped in silence instead of refused. `leaves` are
    settings that it never gives, with the engine's own default. `form` is how an argument is added where that is no
    flag among the container's `args`. `plain`: its images hold the engine as released.
    """

    engine: str
    what: str
    short: str
    passing: Passing = "none"
    certain: bool = False
    chosen: str = ""
    program: tuple[str, ...] = ()
    own: frozenset[str] = frozenset()
    renamed: Mapping[str, str] = {}
    settings: Mapping[str, str] = {}
    file: str = ""
    drops: bool = False
    leaves: Mapping[str, Value] = {}
    form: str = ""
    plain: bool = False

    def gap(self, release: Release, title: str) -> Gap:
        """Why a setting that nobody wrote is not the default of the engine `title`: the program's own version decides."""
        return Gap(
            "*",
            f"{self.short} gives {title} arguments of its own beside those that are written; its version decides which",
            rule="wrapper",
            inputs=(f"wrapper@{self.short.replace(' ', '-')}", release.key),
        )


_VLLM = ("python3", "-m", "vllm.entrypoints.openai.api_server")
_SGLANG = ("python3", "-m", "sglang.launch_server")
_ALONE: Mapping[str, Value] = {
    **dict.fromkeys(("parallelism.tensor", "parallelism.pipeline", "parallelism.data"), 1),
    **dict.fromkeys(("model.revision", "model.code_revision", "tokenizer.revision")),
}

_DYNAMO = frozenset(
    (
        "namespace", "endpoint", "kv-state-endpoint", "discovery-backend", "store-kv", "request-plane", "response-plane",
        "event-plane", "fpm-trace", "connector", "custom-jinja-template", "endpoint-types", "dump-config-to",
        "migration-limit", "enable-local-indexer", "durable-kv-events", "output-modalities", "media-output-fs-url",
        "media-output-http-url", "health-check-payload", "engine-request-limit", "is-prefill-worker", "is-decode-worker",
        "use-vllm-tokenizer", "use-sglang-tokenizer", "sleep-mode-level", "route-to-encoder", "multimodal-processor",
        "multimodal-encode-worker", "multimodal-worker", "multimodal-decode-worker", "enable-multimodal",
        "mm-prompt-template", "frontend-decoding", "omni", "stage-configs-path", "model-express-url", "embedding-worker",
        "image-diffusion-worker", "video-generation-worker", "disagg-config", "disagg-config-key",
        "engine-config-json", "benchmark-mode", "gms-shadow-mode", "enable-rl", "version", "tcp-tls-insecure",
        "exclude-tools-when-tool-choice-none", "multimodal-embedding-cache-capacity-gb", "dedicated-mm-encoder",
    )
)  # fmt: skip
# `disaggregation-mode` is Dynamo's own beside vLLM, and SGLang's beside SGLang.
_DYNAMO_VLLM = _DYNAMO | {"disaggregation-mode"}

WRAPPERS: Mapping[str, Wrapper] = {
    "huggingfaceserver": Wrapper(
        "vllm",
        "KServe's Hugging Face server, which runs vLLM where it supports the model",
        "KServe's Hugging Face server",
        "flags",
        chosen="--backend=vllm",
        program=_VLLM,
        own=frozenset(
            (
                "model-dir", "tokenizer-revision", "backend", "task", "disable-lower-case", "disable-special-tokens",
                "tensor-input-names", "return-token-type-ids", "return-probabilities", "return-raw-logits",
                "disable-log-requests", "max-log-len", "http-port", "grpc-port", "workers", "max-threads",
                "max-asyncio-workers", "enable-grpc", "enable-docs-url", "enable-latency-logging", "predictor-host",
                "predictor-protocol", "configure-logging", "log-config-file", "access-log-format", "protocol",
            )
        ),
        renamed={
            "model-id": "--model",
            "model-name": "--served-model-name",
            "model-revision": "--revision",
            "max-length": "--max-model-len",
        },
        drops=True,
        leaves=_ALONE,
        plain=True,
    ),
    "dynamo.vllm": Wrapper(
        "vllm", "Dynamo's vLLM worker", "Dynamo's vLLM worker", "flags", True, program=_VLLM, own=_DYNAMO_VLLM, leaves=_ALONE
    ),
    "dynamo.sglang": Wrapper(
        "sglang", "Dynamo's SGLang worker", "Dynamo's SGLang worker", "flags", True, program=_SGLANG, own=_DYNAMO, leaves=_ALONE
    ),
    "dynamo.trtllm": Wrapper(
        "trtllm",
        "Dynamo's TensorRT-LLM worker",
        "Dynamo's TensorRT-LLM worker",
        certain=True,
        settings={
            "model": "model.id",
            "model-path": "model.id",
            "served-model-name": "model.served_name",
            "tensor-parallel-size": "parallelism.tensor",
            "pipeline-parallel-size": "parallelism.pipeline",
            "max-seq-len": "limits.max_model_len",
            "max-batch-size": "limits.max_num_seqs",
            "max-num-tokens": "limits.max_num_batched_tokens",
        },
    ),
    "kaito-preset": Wrapper(
        "vllm",
        "KAITO's preset server, which runs vLLM",
        "KAITO's preset",
        "flags",
        True,
        program=_VLLM,
        own=frozenset(
            (
                "kaito-adapters-dir", "kaito-max-probe-steps", "kaito-kv-cache-cpu-memory-utilization",
                "kaito-disable-rate-limit",
            )
        ),
        file="kaito-config-file",
        form="add `{name}: {value}` under `vllm:` in the ConfigMap that `inference.config` names",
    ),
    "ray.serve.llm": Wrapper(
        "vllm", "Ray Serve LLM, which runs vLLM", "Ray Serve LLM", "keywords", True, form="add `{name}: {value}` to `engine_kwargs`", leaves=_ALONE, plain=True
    ),
    "vllm-rs": Wrapper("vllm", "vLLM's Rust front end, whose parser is its own", "vLLM's Rust front end"),
    "sglang_router.launch_server": Wrapper(
        "sglang", "SGLang's router, which starts the servers itself", "SGLang's router"
    ),
    "djl-serving": Wrapper("vllm", "DJL Serving, which runs vLLM among other backends", "DJL Serving"),
}  # fmt: skip
"""By module, executable, or the name that an image or a resource stands for."""

SCRIPTS: Mapping[str, str] = {"vllm/inference_api.py": "kaito-preset"}
"""Ends of the path of a script that is one of them."""

REPOSITORIES: tuple[tuple[str, str], ...] = (
    ("huggingfaceserver*", "huggingfaceserver"),
    ("ai-dynamo/vllm-runtime", "dynamo.vllm"),
    ("ai-dynamo/sglang-runtime", "dynamo.sglang"),
    ("ai-dynamo/tensorrtllm-runtime", "dynamo.trtllm"),
    ("rayproject/ray-llm", "ray.serve.llm"),
    ("anyscale/ray-llm", "ray.serve.llm"),
    ("djl-inference", "djl-serving"),
    ("djl-serving", "djl-serving"),
)
"""End of an image's repository (see `images.ends`) → what it holds."""
