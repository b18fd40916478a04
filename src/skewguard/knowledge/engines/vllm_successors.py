"""What took the place of vLLM's flags."""

from skewguard.knowledge.engines.history import Successors

SUCCESSORS = Successors(
    {
        "--calculate-kv-scales": (None, "scales come from the checkpoint now"),
        "--cuda-graph-sizes": ("--cudagraph-capture-sizes", ""),
        "--device": (None, "the build of the image decides the device"),
        "--disable-async-output-proc": (None, "the engine it belonged to is gone"),
        "--disable-frontend-multiprocessing": (None, "the front end has its own process in every case"),
        "--disable-log-requests": ("--no-enable-log-requests", "requests are not logged unless asked for"),
        "--disable-mm-preprocessor-cache": ("--mm-processor-cache-gb=0", ""),
        "--enable-reasoning": (None, "`--reasoning-parser` alone switches it on"),
        "--engine-use-ray": (None, "use `--distributed-executor-backend=ray` for several nodes"),
        "--guided-decoding-backend": ("--structured-outputs-config.backend", ""),
        "--max-context-len-to-capture": ("--max-cudagraph-capture-size", ""),
        "--max-seq-len-to-capture": ("--max-cudagraph-capture-size", ""),
        "--multi-step-stream-outputs": (None, "the engine it belonged to is gone"),
        "--num-lookahead-slots": (None, "speculative decoding takes `--speculative-config` alone"),
        "--num-scheduler-steps": (None, "the engine it belonged to is gone; scheduling is asynchronous by itself"),
        "--num-speculative-tokens": ("--speculative-config", "a JSON object with `model` and `num_speculative_tokens`"),
        "--override-pooler-config": ("--pooler-config", ""),
        "--preemption-mode": (None, "preempted requests are always recomputed"),
        "--rope-scaling": ("--hf-overrides", "a JSON object with `rope_scaling` or `rope_parameters`"),
        "--rope-theta": ("--hf-overrides", "a JSON object with `rope_theta` or `rope_parameters`"),
        "--scheduler-delay-factor": (None, "the engine it belonged to is gone"),
        "--speculative-model": ("--speculative-config", "a JSON object with `model` and `num_speculative_tokens`"),
        "--swap-space": (None, "requests are preempted by recomputing; `--kv-offloading-size` is the nearest thing"),
        "--task": ("--runner", "and `--convert` to adapt a generative model for pooling"),
        "--use-v2-block-manager": (None, "it has long been the only block manager"),
        "--worker-use-ray": ("--distributed-executor-backend=ray", ""),
    }
)
"""What took the place of a removed flag, and what else to know (vLLM's release notes and deprecation messages)."""
