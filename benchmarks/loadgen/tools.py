"""How each tool is told what to do in a cell, and where in its report the means stand.

All get the same prompts or prompts of the same length, the same completions API, streaming, one prompt a request. Peers run
as they come, except where two cores make a default absurd: GuideLLM's ten worker processes and inference-perf's one for
each core are one each, which is faster here.
"""

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import fmean
from typing import Any, NamedTuple

from benchmarks.loadgen.arithmetic import Reported
from benchmarks.loadgen.cells import PEAK, Cell
from benchmarks.loadgen.peers import PEERS, python_of
from benchmarks.loadgen.wording import PROMPT_TOKENS, Wording

MODEL = "mock"
OFFLINE = {"HF_HUB_OFFLINE": "1"}


class Place(NamedTuple):
    """Where a tool finds the server and its prompts, and where it may write in this cell."""

    url: str
    folder: Path
    wording: Wording


class Tool(NamedTuple):
    """A load generator. `program` starts it; with an `entry` (module and function) it stays for all cells of a round.

    `peak_requests`: how many it sends in about two seconds where the loop is closed. `even`: its constant arrivals are.
    `note` is what a reader of its numbers has to know; `fine` are exit codes with which it has measured.
    """

    name: str
    title: str
    program: tuple[str, ...]
    words: Callable[[Cell, Place], list[str]]
    read: Callable[[Path], Reported]
    peak_requests: int
    entry: tuple[str, str] | None = None
    variables: Mapping[str, str] = {}
    even: bool = True
    ours: bool = False
    deadline_s: float = 90.0
    note: str = ""
    fine: frozenset[int] = frozenset({0})

    def fitted(self, cell: Cell) -> Cell:
        """The cell as this tool gets it."""
        return cell._replace(requests=min(cell.requests, self.peak_requests)) if cell.kind == PEAK else cell


def _report(folder: Path, name: str) -> Any:
    return json.loads((folder / name).read_text("utf-8"))


# ---- ours ------------------------------------------------------------------------------------------------------------


def client() -> Tool:
    """`skewguard.observe.loadgen` alone, from one load process; it starts anew in each cell."""
    return Tool(
        "client",
        "skewguard's load client",
        (sys.executable, str(Path(__file__).parent / "drivers" / "ours.py")),
        _client_words,
        _client_read,
        peak_requests=16_000,
        ours=True,
        note="`skewguard.observe.loadgen` alone, as a library, one load process; it starts anew in each cell.",
    )


def _client_words(cell: Cell, place: Place) -> list[str]:
    fields = {"rate": cell.rate, "concurrency": cell.concurrency, "requests": cell.requests, "tokens": cell.tokens}
    described = json.dumps(fields | {"prompt_tokens": PROMPT_TOKENS})
    return [place.url, str(place.folder / "result.json"), described]


def _client_read(folder: Path) -> Reported:
    report = _report(folder, "result.json")
    return Reported(report["ttft_s"], report["e2e_s"], report["requests"])


def command() -> Tool:
    """`skewguard baseline record`, as a user has it: what the server is, its metrics beside the load, a verdict on itself."""
    return Tool(
        "command",
        "skewguard baseline record",
        (sys.executable, "-m", "skewguard", "baseline", "record"),
        _command_words,
        _command_read,
        peak_requests=16_000,
        ours=True,
        note="The whole command: it asks the server what it is, looks for 3 s whether it has traffic of its users before it"
        " sends anything (which is most of its start-up), reads its metrics beside the load, and judges itself (on a busy"
        " machine it calls its result invalid, and exits with 3); it starts anew in each cell.",
        fine=frozenset({0, 3}),
    )


def _command_words(cell: Cell, place: Place) -> list[str]:
    pace = ["--profile", "constant", "--rate", f"{cell.rate:g}"] if cell.rate else []
    loop = ["--concurrency", str(cell.concurrency)] if cell.concurrency else []
    return [
        *("--endpoint", place.url, "--model", MODEL, "--api", "completions", "--requests", str(cell.requests)),
        *("--prompt-tokens", str(PROMPT_TOKENS), "--output-tokens", str(cell.tokens), "--warmup", "0s", "--no-store"),
        *("-o", f"json={place.folder / 'result.json'}"),
        *pace,
        *loop,
    ]


def _command_read(folder: Path) -> Reported:
    """Means over its rows: it cuts ramp and drain off what it shows, and shows no mean where too many are only bounded."""
    rows = _report(folder, "result.json")["samples"]
    whole = [at for at, failure in enumerate(rows["failure"]) if not failure]
    ttft, e2e = (fmean(rows[end][at] - rows["intended"][at] for at in whole) for end in ("first", "last"))
    return Reported(ttft, e2e, len(whole))


# ---- vllm bench serve ------------------------------------------------------------------------------------------------


def vllm() -> Tool:
    """`vllm bench serve`: closed loop by a semaphore over all requests at once; a constant rate is a very even gamma."""
    return Tool(
        "vllm",
        f"vllm bench serve {PEERS['vllm'].release}",
        (str(python_of(PEERS["vllm"])),),
        _vllm_words,
        _vllm_read,
        peak_requests=2000,
        entry=("vllm.entrypoints.cli.main", "main"),
        variables={**OFFLINE, "VLLM_TARGET_DEVICE": "cpu", "VLLM_NO_USAGE_STATS": "1"},
        note="Its constant rate is a gamma distribution that hardly varies (burstiness 10⁶); it stays for all cells of a round.",
    )


def _vllm_words(cell: Cell, place: Place) -> list[str]:
    pace = ["--request-rate", f"{cell.rate:g}", "--burstiness", "1000000"] if cell.rate else []
    loop = ["--max-concurrency", str(cell.concurrency)] if cell.concurrency else []
    return [
        *("bench", "serve", "--backend", "openai", "--base-url", place.url, "--endpoint", "/v1/completions"),
        *("--model", MODEL, "--tokenizer", str(place.wording.tokenizer), "--ready-check-timeout-sec", "0"),
        *(
            "--dataset-name",
            "random",
            "--random-input-len",
            str(PROMPT_TOKENS),
            "--random-output-len",
            str(cell.tokens),
        ),
        *("--num-prompts", str(cell.requests), "--percentile-metrics", "ttft,tpot,itl,e2el", "--disable-tqdm"),
        *("--save-result", "--result-dir", str(place.folder), "--result-filename", "result.json"),
        *pace,
        *loop,
    ]


def _vllm_read(folder: Path) -> Reported:
    report = _report(folder, "result.json")
    return Reported(report["mean_ttft_ms"] / 1e3, report["mean_e2el_ms"] / 1e3, report["completed"])


# ---- inference-perf --------------------------------------------------------------------------------------------------


def inference_perf() -> Tool:
    """Its `constant` arrivals are random ones, rescaled (`loadgen/load_timer.py`): there is no grid to be late against."""
    return Tool(
        "inference-perf",
        f"inference-perf {PEERS['inference-perf'].release}",
        (str(python_of(PEERS["inference-perf"])),),
        _inference_perf_words,
        _inference_perf_read,
        peak_requests=1200,
        entry=("inference_perf", "main_cli"),
        variables=OFFLINE,
        even=False,
        note="One worker. Its `constant` arrivals are random ones, rescaled, so that there is no grid to be late against;"
        " it stays for all cells of a round.",
    )


def _inference_perf_words(cell: Cell, place: Place) -> list[str]:
    if cell.rate:
        load: dict[str, Any] = {"type": "constant", "stages": [{"rate": cell.rate, "duration": round(cell.seconds)}]}
    else:
        stage = {"num_requests": cell.requests, "concurrency_level": cell.concurrency}
        load = {"type": "concurrent", "stages": [stage]}
    configuration = {
        "load": {"num_workers": 1, "worker_max_concurrency": 1000, "interval": 0, **load},
        "api": {"type": "completion", "streaming": True},
        "server": {"type": "vllm", "model_name": MODEL, "base_url": place.url, "ignore_eos": True},
        "tokenizer": {"pretrained_model_name_or_path": str(place.wording.tokenizer)},
        "data": {"type": "random", "input_distribution": _all(PROMPT_TOKENS), "output_distribution": _all(cell.tokens)},
        "storage": {"local_storage": {"path": str(place.folder)}},
    }
    file = place.folder / "configuration.yml"
    file.write_text(json.dumps(configuration), "utf-8")  # JSON is YAML
    return ["-c", str(file)]


def _all(length: int) -> dict[str, int]:
    return {"min": length, "max": length, "mean": length, "std_dev": 0}


def _inference_perf_read(folder: Path) -> Reported:
    successes = _report(folder, "stage_0_lifecycle_metrics.json")["successes"]
    latency = successes["latency"]
    return Reported(latency["time_to_first_token"]["mean"], latency["request_latency"]["mean"], successes["count"])


# ---- AIPerf ----------------------------------------------------------------------------------------------------------


def aiperf() -> Tool:
    """It ends its process after each run, so it starts anew in each cell. It looks for a tokenizer's folder only online."""
    return Tool(
        "aiperf",
        f"AIPerf {PEERS['aiperf'].release}",
        (str(python_of(PEERS["aiperf"])), "-m", "aiperf"),
        _aiperf_words,
        _aiperf_read,
        peak_requests=1000,
        note="Default workers. It ends its process after each run, so it starts anew in each cell.",
    )


def _aiperf_words(cell: Cell, place: Place) -> list[str]:
    prompts = place.folder / "prompts.jsonl"
    texts = (json.loads(line)["prompt"] for line in place.wording.prompts.read_text("utf-8").splitlines())
    prompts.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts), "utf-8")
    pace = ["--request-rate", f"{cell.rate:g}", "--arrival-pattern", "constant"] if cell.rate else []
    loop = ["--concurrency", str(cell.concurrency)] if cell.concurrency else []
    return [
        *("profile", "--model", MODEL, "--url", place.url),
        *("--endpoint-type", "completions", "--streaming", "--tokenizer", str(place.wording.tokenizer)),
        *("--input-file", str(prompts), "--custom-dataset-type", "single_turn", "--ui-type", "none"),
        *("--request-count", str(cell.requests)),
        *("--extra-inputs", f"max_tokens:{cell.tokens}", "--extra-inputs", "ignore_eos:true"),
        *("--artifact-dir", str(place.folder)),
        *pace,
        *loop,
    ]


def _aiperf_read(folder: Path) -> Reported:
    report = _report(folder, "profile_export_aiperf.json")
    ttft, e2e = (report[name]["avg"] / 1e3 for name in ("time_to_first_token", "request_latency"))
    return Reported(ttft, e2e, round(report["request_count"]["avg"]))


# ---- GuideLLM --------------------------------------------------------------------------------------------------------


def guidellm() -> Tool:
    """It falls behind a rate that it cannot send, so each cell of it has an end in seconds as well."""
    return Tool(
        "guidellm",
        f"GuideLLM {PEERS['guidellm'].release}",
        (str(python_of(PEERS["guidellm"])),),
        _guidellm_words,
        _guidellm_read,
        peak_requests=400,
        entry=("guidellm.__main__", "cli"),
        variables={**OFFLINE, "GUIDELLM__MAX_WORKER_PROCESSES": "1"},
        note="One worker process; each cell ends after 8 s, for it falls behind a rate that it cannot send. It stays for all"
        " cells of a round.",
    )


def _guidellm_words(cell: Cell, place: Place) -> list[str]:
    profile = f"kind=constant,rate={cell.rate:g}" if cell.rate else f"kind=concurrent,streams={cell.concurrency}"
    backend = (
        f"kind=openai_http,target={place.url},model={MODEL},request_format=/v1/completions,max_tokens={cell.tokens}"
    )
    return [
        *("run", "--disable-console", "--backend", backend, "--profile", profile),
        *("--constraint", f"kind=max_requests,count={cell.requests}", "--constraint", "kind=max_duration,seconds=8"),
        *("--data", f"kind=json_file,path={place.wording.prompts}"),
        *("--tokenizer", f"kind=huggingface_auto,model={place.wording.tokenizer}"),
        *("--output", f"kind=json,path={place.folder / 'result.json'}"),
    ]


def _guidellm_read(folder: Path) -> Reported:
    metrics = _report(folder, "result.json")["benchmarks"][0]["metrics"]
    ttft, e2e = (metrics[name]["successful"]["mean"] for name in ("time_to_first_token_ms", "request_latency"))
    return Reported(ttft / 1e3, e2e, metrics["request_totals"]["successful"])


OURS: dict[str, Callable[[], Tool]] = {"client": client, "command": command}
THEIRS: dict[str, Callable[[], Tool]] = {
    "vllm": vllm,
    "inference-perf": inference_perf,
    "aiperf": aiperf,
    "guidellm": guidellm,
}
