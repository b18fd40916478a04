"""What took the place of SGLang's flags and variables (its deprecation messages and release notes)."""

from skewguard.knowledge.engines.history import Successors

SUCCESSORS = Successors(
    {
        "--collect-tokens-histogram": (None, "token histograms are collected wherever metrics are"),
        "--cuda-graph-bs": ("--cuda-graph-bs-decode", ""),
        "--cuda-graph-max-bs": ("--cuda-graph-max-bs-decode", ""),
        "--disable-disk-cache": ("--disable-outlines-disk-cache", ""),
        "--disable-flashinfer": ("--attention-backend=triton", ""),
        "--disable-flashinfer-sampling": ("--sampling-backend=pytorch", ""),
        "--disable-jump-forward": (None, "the engine no longer jumps forward"),
        "--enable-deepep-moe": ("--moe-a2a-backend=deepep", ""),
        "--enable-ep-moe": ("--ep-size", "set it to the size of the tensor-parallel group"),
        "--enable-expert-distribution-metrics": ("--expert-balancedness-report-mode", ""),
        "--enable-flashinfer-cutlass-moe": ("--moe-runner-backend=flashinfer_cutlass", ""),
        "--enable-flashinfer-mla": ("--attention-backend=flashinfer", ""),
        "--enable-flashinfer-trtllm-moe": ("--moe-runner-backend=flashinfer_trtllm", ""),
        "--enable-flashmla": ("--attention-backend=flashmla", ""),
        "--enable-overlap-schedule": (None, "the overlap schedule is on by default"),
        "--enable-piecewise-cuda-graph": (None, "piecewise CUDA graphs are on by default"),
        "--enable-triton-kernel-moe": ("--moe-runner-backend=triton_kernel", ""),
        "--hybrid-kvcache-ratio": ("--swa-full-tokens-ratio", ""),
        "--mamba-scheduler-strategy": ("--mamba-radix-cache-strategy", ""),
        "--nsa-decode-backend": ("--dsa-decode-backend", ""),
        "--nsa-prefill-backend": ("--dsa-prefill-backend", ""),
        "--piecewise-cuda-graph-max-tokens": ("--cuda-graph-max-bs-prefill", ""),
        "--piecewise-cuda-graph-tokens": ("--cuda-graph-bs-prefill", ""),
        "--prefill-round-robin-balance": (None, "prefill requests are balanced by themselves"),
        "--speculative-dflash-draft-window-size": ("--speculative-draft-window-size", ""),
        "--stream-output": ("--incremental-streaming-output", ""),
    }
)
