"""What each engine calls what its page of metrics tells of performance, release by release.

- vLLM: read in `vllm/engine/metrics.py` (V0) and `vllm/v1/metrics/loggers.py` (V1) of releases 0.4.2 to 0.33.0, and held to
  recordings of 0.17.1 and 0.32.0. `time_per_output_token_seconds` is observed between two steps of one request, in V0 as in V1,
  and was renamed `inter_token_latency_seconds` for it: it is no time per token of a whole answer. V1 drops a request whose
  client hung up without counting it (`v1/engine/output_processor.py`, `abort_requests`): `abort` are those of the engine itself.
- SGLang: read in `sglang/srt/metrics/collector.py` (to 0.5.9) and `srt/observability/metrics_collector.py` (from 0.5.10) of
  releases 0.4.0 to 0.5.23, and held to a recording of 0.5.23. Its hit rate is a gauge of the last batches; cached over all
  prompt tokens is the same for a window. A request that is aborted while it runs is among the finished ones too
  (`srt/managers/tokenizer_manager.py`, `collect_metrics`). It has a page with `--enable-metrics` alone.
- TGI: its documentation (`docs/source/reference/metrics.md`) and `router/src/server.rs`. It counts no first token, and tokens in
  histograms alone. `tgi_request_mean_time_per_token_duration` is the whole time of computing over all tokens, the first with its
  prompt among them: not TPOT.
- llama.cpp: `tools/server/README.md`. It has a page with `--metrics` alone, and no histogram.
- TensorRT-LLM: read in `tensorrt_llm/metrics/collector.py`. It has requests' times with `return_perf_metrics: true` alone.
- NIM: its documentation (Observability). Its series have no prefix, and its page lies at `/v1/metrics`.
"""

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

Kind = Literal["gauge", "counter", "histogram"]


class Source(Struct, frozen=True):
    """One series. `since` is the first release that has it, `last` the last that had it (None: open, or not told).

    `label` with `among` (or, where `but` is set, not among) picks its label sets.
    """

    name: str
    since: str | None = None
    last: str | None = None
    label: str | None = None
    among: tuple[str, ...] = ()
    but: bool = False

    def takes(self, labels: Mapping[str, str]) -> bool:
        """Whether a label set is one of those that are meant."""
        return self.label is None or (labels.get(self.label) in self.among) is not self.but


class Row(Struct, frozen=True):
    """One thing under our own name. `share`: a number between 0 and 1, of which label sets have a mean and no sum."""

    name: str
    kind: Kind
    sources: tuple[Source, ...]
    share: bool = False


def _gauge(name: str, *sources: Source, share: bool = False) -> Row:
    return Row(name, "gauge", sources, share)


def _counter(name: str, *sources: Source) -> Row:
    return Row(name, "counter", sources)


def _histogram(name: str, *sources: Source) -> Row:
    return Row(name, "histogram", sources)


_ENDED = ("abort", "error")

VLLM = (
    _gauge("running", Source("vllm:num_requests_running")),
    _gauge("waiting", Source("vllm:num_requests_waiting")),
    _gauge(
        "kv_cache_usage",
        Source("vllm:kv_cache_usage_perc", since="0.9.2"),
        Source("vllm:gpu_cache_usage_perc", last="0.11.2"),
        share=True,
    ),
    _counter("prompt_tokens", Source("vllm:prompt_tokens_total")),
    _counter("output_tokens", Source("vllm:generation_tokens_total")),
    _counter("requests", Source("vllm:request_success_total", label="finished_reason", among=_ENDED, but=True)),
    _counter("aborted", Source("vllm:request_success_total", label="finished_reason", among=("abort",))),
    _counter("failed", Source("vllm:request_success_total", label="finished_reason", among=("error",))),
    _counter("preemptions", Source("vllm:num_preemptions_total", since="0.4.3")),
    _counter(
        "prefix_queries",
        Source("vllm:prefix_cache_queries_total", since="0.9.2"),
        Source("vllm:gpu_prefix_cache_queries_total", since="0.7.3", last="0.11.2"),
    ),
    _counter(
        "prefix_hits",
        Source("vllm:prefix_cache_hits_total", since="0.9.2"),
        Source("vllm:gpu_prefix_cache_hits_total", since="0.7.3", last="0.11.2"),
    ),
    _histogram("ttft", Source("vllm:time_to_first_token_seconds")),
    _histogram(
        "itl",
        Source("vllm:inter_token_latency_seconds", since="0.10.2"),
        Source("vllm:time_per_output_token_seconds", last="0.14.1"),
    ),
    _histogram("tpot", Source("vllm:request_time_per_output_token_seconds", since="0.11.0")),
    _histogram("e2e", Source("vllm:e2e_request_latency_seconds")),
    _histogram("prompt_tokens", Source("vllm:request_prompt_tokens")),
    _histogram("output_tokens", Source("vllm:request_generation_tokens")),
)

SGLANG = (
    _gauge("running", Source("sglang:num_running_reqs")),
    _gauge("waiting", Source("sglang:num_queue_reqs")),
    _gauge("kv_cache_usage", Source("sglang:token_usage"), share=True),
    _counter("prompt_tokens", Source("sglang:prompt_tokens_total")),
    _counter("output_tokens", Source("sglang:generation_tokens_total")),
    _counter("requests", Source("sglang:num_requests_total", since="0.4.1.post6")),
    _counter("aborted", Source("sglang:num_aborted_requests_total", since="0.4.7")),
    _counter("preemptions", Source("sglang:num_retracted_requests_total", since="0.5.7")),
    _counter("prefix_queries", Source("sglang:prompt_tokens_total")),
    _counter("prefix_hits", Source("sglang:cached_tokens_total", since="0.4.3.post4")),
    _histogram("ttft", Source("sglang:time_to_first_token_seconds")),
    _histogram("itl", Source("sglang:inter_token_latency_seconds", since="0.4.3.post3")),
    _histogram("tpot", Source("sglang:request_time_per_output_token_seconds", since="0.5.22")),
    _histogram("e2e", Source("sglang:e2e_request_latency_seconds")),
    _histogram("prompt_tokens", Source("sglang:prompt_tokens_histogram", since="0.4.6.post4")),
    _histogram("output_tokens", Source("sglang:generation_tokens_histogram", since="0.4.6.post4")),
)
"""Up to 0.4.4 SGLang's `time_per_output_token_seconds` is the whole latency over the tokens, first token and all: not TPOT."""

TGI = (
    _gauge("running", Source("tgi_batch_current_size")),
    _gauge("waiting", Source("tgi_queue_size")),
    _counter("requests", Source("tgi_request_success")),
    _counter("failed", Source("tgi_request_failure")),
    _histogram("e2e", Source("tgi_request_duration")),
    _histogram("prompt_tokens", Source("tgi_request_input_length")),
    _histogram("output_tokens", Source("tgi_request_generated_tokens")),
)

LLAMACPP = (
    _gauge("running", Source("llamacpp:requests_processing")),
    _gauge("waiting", Source("llamacpp:requests_deferred")),
    _gauge("kv_cache_usage", Source("llamacpp:kv_cache_usage_ratio"), share=True),
    _counter("prompt_tokens", Source("llamacpp:prompt_tokens_total")),
    _counter("output_tokens", Source("llamacpp:tokens_predicted_total")),
)

TRTLLM = (
    _gauge("running", Source("trtllm_num_requests_running")),
    _gauge("waiting", Source("trtllm_num_requests_waiting")),
    _gauge("kv_cache_usage", Source("trtllm_kv_cache_utilization"), share=True),
    _counter("prompt_tokens", Source("trtllm_prompt_tokens_total")),
    _counter("output_tokens", Source("trtllm_generation_tokens_total")),
    _counter("requests", Source("trtllm_request_success_total")),
    _counter("failed", Source("trtllm_request_error_total")),
    _counter("prefix_queries", Source("trtllm_prompt_tokens_total")),
    _counter("prefix_hits", Source("trtllm_prompt_cached_tokens_total")),
    _histogram("ttft", Source("trtllm_time_to_first_token_seconds")),
    _histogram("tpot", Source("trtllm_time_per_output_token_seconds")),
    _histogram("e2e", Source("trtllm_e2e_request_latency_seconds")),
)

NIM = (
    _gauge("running", Source("num_requests_running")),
    _gauge("waiting", Source("num_requests_waiting")),
    _gauge("kv_cache_usage", Source("gpu_cache_usage_perc"), share=True),
    _counter("prompt_tokens", Source("prompt_tokens_total")),
    _counter("output_tokens", Source("generation_tokens_total")),
    _counter("requests", Source("request_success_total")),
    _counter("failed", Source("request_failure_total")),
    _histogram("ttft", Source("time_to_first_token_seconds")),
    _histogram("itl", Source("time_per_output_token_seconds")),
    _histogram("e2e", Source("e2e_request_latency_seconds")),
    _histogram("prompt_tokens", Source("request_prompt_tokens")),
    _histogram("output_tokens", Source("request_generation_tokens")),
)

ROWS: Mapping[str, tuple[Row, ...]] = {
    "vllm": VLLM, "sglang": SGLANG, "tgi": TGI, "trtllm": TRTLLM, "llamacpp": LLAMACPP, "nim": NIM,
}  # fmt: skip

PREFIXES: Mapping[str, str] = {
    "vllm": "vllm:", "sglang": "sglang:", "tgi": "tgi_", "trtllm": "trtllm_", "llamacpp": "llamacpp:", "nim": "num_request_max",
}  # fmt: skip

PATHS: Mapping[str, str] = {"trtllm": "/prometheus/metrics", "nim": "/v1/metrics"}
"""Where it is not `/metrics`. TensorRT-LLM mounts its page there in `tensorrt_llm/serve/openai_server.py`."""
