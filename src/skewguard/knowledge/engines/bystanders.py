"""Programs and images that stand beside an inference engine and are none: why a container is *not* judged as one.

A router called `vllm-router`, a benchmark client in the engine's own image, a downloader that fills the cache:
judging them as engines would raise false alarms, so each is known by name, with the words that explain it.
"""

import re
from functools import cache

from skewguard.knowledge.engines.images import ends

_ROUTER = "it routes requests to engines and loads no model"
_CLIENT = "it sends load to an engine and serves nothing"
_DOWNLOAD = "it fetches files and ends"
_SIDECAR = "it stands beside an engine and loads no model"
_SIMULATOR = "it imitates an engine and loads no model"
_SHELL = "it keeps the container waiting; nothing in the manifest starts an engine"
_LISTS = "it prints what it finds and ends"
_OFFLINE = "it works through a file of prompts and ends; it serves nobody"
_OTHER_MODEL_SERVER = "it serves models, but is not an LLM engine that skewguard knows"
_DATABASE = "it stores data"
_METRICS = "it collects or exports metrics"
_TRAINER = "it trains models, and serves nobody"
_TOOLS = "it is a box of tools"
_COMPILER = "it compiles kernels for an engine and ends"
_PREPARER = "it prepares prompts for engines and loads no model"
_INTERFACE = "it is a user interface in front of an engine"

# Executable names; a sub-command after a blank must follow it.
PROGRAMS: dict[str, str] = {
    "vllm bench": _CLIENT,
    "vllm chat": _CLIENT,
    "vllm complete": _CLIENT,
    "vllm run-batch": _OFFLINE,
    "vllm launch": _PREPARER,
    "vllm collect-env": "it prints the environment and ends",
    "sglang generate": _OFFLINE,
    "sglang version": _LISTS,
    "trtllm-serve disaggregated": _ROUTER,
    "vllm-router": _ROUTER,
    "sglang-router": _ROUTER,
    "sgl-model-gateway": _ROUTER,
    "smg": _ROUTER,
    "amg": _ROUTER,
    "epp": _ROUTER,
    "pd-sidecar": _ROUTER,
    "llm-d-routing-sidecar": _ROUTER,
    "litellm": _ROUTER,
    "lmdeploy proxy": _ROUTER,
    "envoy": _ROUTER,
    "nginx": _ROUTER,
    "haproxy": _ROUTER,
    "traefik": _ROUTER,
    "agentgateway": _ROUTER,
    "llm-d-inference-sim": _SIMULATOR,
    "aibrix_runtime": _SIDECAR,
    "aibrix_download": _DOWNLOAD,
    "lmcache_server": _SIDECAR,
    "lmcache_controller": _SIDECAR,
    "mooncake_master": _SIDECAR,
    "etcd": _DATABASE,
    "redis-server": _DATABASE,
    "nats-server": _SIDECAR,
    "guidellm": _CLIENT,
    "inference-perf": _CLIENT,
    "genai-perf": _CLIENT,
    "aiperf": _CLIENT,
    "llmperf": _CLIENT,
    "locust": _CLIENT,
    "k6": _CLIENT,
    "wrk": _CLIENT,
    "hey": _CLIENT,
    "vegeta": _CLIENT,
    "lm_eval": _CLIENT,
    "lm-eval": _CLIENT,
    "evalscope": _CLIENT,
    "perf_analyzer": _CLIENT,
    "huggingface-cli": _DOWNLOAD,
    "hf": _DOWNLOAD,
    "aws": _DOWNLOAD,
    "gsutil": _DOWNLOAD,
    "gcloud": _DOWNLOAD,
    "s5cmd": _DOWNLOAD,
    "rclone": _DOWNLOAD,
    "azcopy": _DOWNLOAD,
    "modelscope": _DOWNLOAD,
    "git-lfs": _DOWNLOAD,
    "ollama pull": _DOWNLOAD,
    "ollama create": _DOWNLOAD,
    "ollama run": _CLIENT,
    "ngc": _DOWNLOAD,
    "download-to-cache": _DOWNLOAD,
    "create-model-store": _DOWNLOAD,
    "kaggle": _DOWNLOAD,
    "list-model-profiles": _LISTS,
    "check-cache-env": _LISTS,
    "mc": _DOWNLOAD,
    "wget": _DOWNLOAD,
    "aria2c": _DOWNLOAD,
    "dcgm-exporter": _METRICS,
    "node_exporter": _METRICS,
    "prometheus": _METRICS,
    "fluent-bit": _METRICS,
    "fluentd": _METRICS,
    "vector": _METRICS,
    "otelcol": _METRICS,
    "promtail": _METRICS,
    "nvidia-smi": _METRICS,
    "jupyter": _INTERFACE,
    "jupyter-lab": _INTERFACE,
    "streamlit": _INTERFACE,
    "gradio": _INTERFACE,
    "open-webui": _INTERFACE,
    "mlserver": _OTHER_MODEL_SERVER,
    "torchserve": _OTHER_MODEL_SERVER,
    "tensorflow_model_server": _OTHER_MODEL_SERVER,
    "text-embeddings-router": _OTHER_MODEL_SERVER,
    "infinity_emb": _OTHER_MODEL_SERVER,
    "sleep": _SHELL,
    "tail": _SHELL,
    "sshd": _SHELL,
    "pause": _SHELL,
}

# What follows `python -m`, by prefix of whole parts.
MODULES: dict[str, str] = {
    "vllm_router": _ROUTER,
    "sglang_router": _ROUTER,
    "sglang.srt.disaggregation.mini_lb": _ROUTER,
    "sglang.srt.disaggregation.launch_lb": _ROUTER,
    "dynamo.frontend": _ROUTER,
    "dynamo.router": _ROUTER,
    "dynamo.planner": _SIDECAR,
    "dynamo.mocker": _SIMULATOR,
    "litellm": _ROUTER,
    "lmdeploy.serve.proxy": _ROUTER,
    "aibrix": _SIDECAR,
    "lmcache.v1.api_server": _SIDECAR,
    "lmcache.server": _SIDECAR,
    "mooncake": _SIDECAR,
    "vllm.entrypoints.openai.run_batch": _OFFLINE,
    "vllm.entrypoints.cli.bench": _CLIENT,
    "vllm.benchmarks": _CLIENT,
    "sglang.bench_serving": _CLIENT,
    "sglang.bench_one_batch": _CLIENT,
    "sglang.bench_offline_throughput": _OFFLINE,
    "sglang.bench_one_batch_server": _CLIENT,
    "sglang.benchmark": _CLIENT,
    "sglang.profiler": _CLIENT,
    "sglang.test": _CLIENT,
    "sglang.eval": _CLIENT,
    "sglang.check_env": _LISTS,
    "sglang.compile_deep_gemm": _COMPILER,
    "guidellm": _CLIENT,
    "lm_eval": _CLIENT,
    "genai_perf": _CLIENT,
    "locust": _CLIENT,
    "pytest": _CLIENT,
    "mlserver": _OTHER_MODEL_SERVER,
    "http.server": _OTHER_MODEL_SERVER,
    "huggingface_hub": _DOWNLOAD,
    "jupyter": _INTERFACE,
    "notebook": _INTERFACE,
    "jupyterlab": _INTERFACE,
}

# Repositories of which only some tags are bystanders: end of the path, word in the tag.
TAGS: tuple[tuple[str, str, str], ...] = (
    ("nvidia/tritonserver", "sdk", _CLIENT),
    ("ggml-org/llama.cpp", "light", _OFFLINE),
    ("ggerganov/llama.cpp", "light", _OFFLINE),
)

# Ends of a repository's path (see `images.ends`).
REPOSITORIES: dict[str, tuple[str, ...]] = {
    _ROUTER: (
        "lmcache/lmstack-router",
        "production-stack/router",
        "vllm-router",
        "sgl-router",
        "sglang-router",
        "gateway-api-inference-extension/*",
        "llm-d/llm-d-inference-scheduler*",
        "llm-d/llm-d-routing-sidecar*",
        "llm-d/llm-d-router*",
        "berriai/litellm*",
        "litellm",
        "aibrix/gateway-plugins",
        "envoyproxy/*",
        "istio/*",
        "nginx",
        "nginx-*",
        "haproxy",
        "traefik",
        "kong",
    ),
    _SIMULATOR: ("llm-d/llm-d-inference-sim*",),
    _SIDECAR: (
        "aibrix/controller-manager",
        "aibrix/metadata-service",
        "aibrix/runtime",
        "aibrix/kvcache-watcher",
        "llm-d/llm-d-uds-tokenizer*",
    ),
    _METRICS: (
        "dcgm-exporter",
        "node-exporter",
        "prometheus",
        "fluent-bit",
        "fluentd",
        "grafana",
        "opentelemetry-collector*",
    ),
    _INTERFACE: ("open-webui",),
    _CLIENT: ("guidellm", "inference-perf", "aiperf", "genai-perf", "k6", "locust", "vegeta"),
    _TOOLS: ("curl", "busybox", "alpine", "bash", "aws-cli", "cloud-sdk", "git", "kubectl", "pause"),
    _DOWNLOAD: ("*storage-initializer", "huggingface-downloader", "model-downloader"),
    _OTHER_MODEL_SERVER: (
        "huggingface/text-embeddings-inference",
        "michaelf34/infinity",
        "seldonio/mlserver",
        "kserve/*server",
        "pytorch/torchserve*",
        "tensorflow/serving",
    ),
    _DATABASE: ("redis", "valkey", "etcd", "postgres", "minio/minio", "nats", "mooncake*"),
}

# Parts of a repository or script name that say it is not the server itself.
_WORDS: dict[str, str] = {
    **dict.fromkeys(("router", "gateway", "proxy", "epp", "scheduler", "loadbalancer", "lb", "frontend"), _ROUTER),
    **dict.fromkeys(
        (
            "bench",
            "benchmark",
            "benchmarks",
            "benchmarking",
            "perf",
            "client",
            "loadgen",
            "load",
            "eval",
            "evaluation",
            "smoke",
            "probe",
        ),
        _CLIENT,
    ),
    **dict.fromkeys(("exporter", "metrics", "monitor", "monitoring"), _METRICS),
    **dict.fromkeys(("verl", "openrlhf", "trl", "train", "trainer", "training", "finetune"), _TRAINER),
    **dict.fromkeys(
        (
            "download",
            "downloader",
            "downloads",
            "prefetch",
            "fetch",
            "puller",
            "upload",
            "uploader",
            "cacher",
            "preload",
            "sync",
        ),
        _DOWNLOAD,
    ),
    **dict.fromkeys(("sim", "simulator", "mock", "mocker", "fake"), _SIMULATOR),
    **dict.fromkeys(
        ("operator", "controller", "webhook", "autoscaler", "sidecar", "dashboard", "agent", "tokenizer"), _SIDECAR
    ),
    **dict.fromkeys(("ui", "webui", "chat", "playground", "docs", "gradio", "streamlit", "langchain"), _INTERFACE),
    **dict.fromkeys(("test", "tests", "convert", "quantize", "train", "finetune", "warmup"), _OFFLINE),
}


def of_words(name: str) -> str | None:
    """Why a repository or script of this name is not an engine, by the words in it; None when none of them says so."""
    for word in re.split(r"[^a-z0-9]+", name.lower()):
        if word in _WORDS:
            return _WORDS[word]
    return None


@cache
def of_repository(name: str) -> str | None:
    """Why an image "registry/repository" is not an engine, or None."""
    found = (reason for reason, patterns in REPOSITORIES.items() if any(ends(name, pattern) for pattern in patterns))
    return next(found, None)


def of_tag(name: str, tag: str | None) -> str | None:
    """Why an image is not an engine although its repository "registry/repository" holds one, or None."""
    words = (tag or "").split("-")
    return next((reason for pattern, word, reason in TAGS if word in words and ends(name, pattern)), None)


def of_module(module: str) -> str | None:
    """Why `python -m MODULE` is not an engine, or None."""
    parts = module.split(".")
    stems = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
    return next((MODULES[stem] for stem in stems if stem in MODULES), None)


def of_program(program: str, following: str) -> str | None:
    """Why an executable (with the word after it) is not an engine, or None."""
    return PROGRAMS.get(f"{program} {following}") or PROGRAMS.get(program)
