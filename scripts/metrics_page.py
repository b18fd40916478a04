"""The table of what each engine calls what its page of metrics tells of performance, from the rows that read it."""

from collections.abc import Iterator, Sequence

from skewguard.knowledge.engines.live import performance_rows
from skewguard.knowledge.engines.live.performance_rows import Row, Source

BEGINS = "<!-- table begins: made by `make docs` from the rows of knowledge/engines/live/performance_rows.py -->\n"
ENDS = "<!-- table ends -->\n"

NAMES = {
    "vllm": "vLLM",
    "sglang": "SGLang",
    "tgi": "TGI",
    "trtllm": "TensorRT-LLM",
    "llamacpp": "llama.cpp",
    "nim": "NIM",
}
THINGS = {
    ("gauge", "running"): "requests computed at once",
    ("gauge", "waiting"): "requests that wait",
    ("gauge", "kv_cache_usage"): "KV cache in use",
    ("counter", "requests"): "requests that ended well",
    ("counter", "aborted"): "requests broken off",
    ("counter", "failed"): "requests that failed",
    ("counter", "prompt_tokens"): "prompt tokens",
    ("counter", "output_tokens"): "output tokens",
    ("counter", "preemptions"): "preemptions",
    ("counter", "prefix_queries"): "prompt tokens looked for in the prefix cache",
    ("counter", "prefix_hits"): "prompt tokens found there",
    ("histogram", "ttft"): "TTFT",
    ("histogram", "itl"): "ITL",
    ("histogram", "tpot"): "TPOT",
    ("histogram", "e2e"): "E2E",
    ("histogram", "prompt_tokens"): "length of prompts",
    ("histogram", "output_tokens"): "length of answers",
}


def with_table(text: str) -> str:
    """The page with its table made anew."""
    before, _, rest = text.partition(BEGINS)
    _, _, after = rest.partition(ENDS)
    return f"{before}{BEGINS}\n{chr(10).join(_lines())}\n{ENDS}{after}"


def _lines() -> Iterator[str]:
    for engine, rows in performance_rows.ROWS.items():
        yield f"**{NAMES[engine]}**, at `{performance_rows.PATHS.get(engine, '/metrics')}`"
        yield ""
        yield "| what | kind | series |"
        yield "|---|---|---|"
        yield from (f"| {THINGS[row.kind, row.name]} | {row.kind} | {_sources(row)} |" for row in rows)
        if missing := _missing(rows):
            yield f"| *not told* | | {', '.join(missing)} |"
        yield ""


def _sources(row: Row) -> str:
    return "; ".join(_source(source) for source in row.sources)


def _source(source: Source) -> str:
    since = f"since {source.since}" if source.since else ""
    last = f"up to {source.last}" if source.last else ""
    how = f"`{source.label}` {'not ' if source.but else ''}{' or '.join(source.among)}" if source.label else ""
    told = ", ".join(part for part in (since, last, how) if part)
    return f"`{source.name}`{f' ({told})' if told else ''}"


def _missing(rows: Sequence[Row]) -> list[str]:
    known = {(row.kind, row.name) for row in rows}
    return [meaning for thing, meaning in THINGS.items() if thing not in known]
