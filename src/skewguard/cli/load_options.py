"""The options that say what load a baseline is recorded at, how it is watched, and where it is kept."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from skewguard.cli import options

F = TypeVar("F", bound=Callable[..., Any])

_COUNT = click.IntRange(min=1)
_POSITIVE = click.FloatRange(min=0, min_open=True)

LOAD = options.gathering(
    "load",
    {
        "profile": click.option(
            "--profile",
            type=click.Choice(["poisson", "constant", "concurrency", "burst", "stages", "trace"]),
            help="How requests arrive: at random or evenly at --rate; each as soon as another ends, --concurrency of them "
            "under way; all at once; in stages; as a trace says. Default: the contract's, else what the other options "
            "mean, else concurrency.",
        ),
        "rate": click.option("--rate", type=_POSITIVE, metavar="N", help="Requests per second (poisson, constant)."),
        "concurrency": click.option(
            "--concurrency", type=_COUNT, metavar="N", help="Requests under way (concurrency). Default: 4."
        ),
        "requests": click.option("--requests", type=_COUNT, metavar="N", help="End after so many requests."),
        "duration": click.option(
            "--duration",
            type=options.Duration(),
            metavar="DURATION",
            help="End after this time. Default: 60s, or longer, 3m at most, where 60s give fewer than 200 answers.",
        ),
        "warmup": click.option(
            "--warmup",
            type=options.Duration(none=True),
            metavar="DURATION",
            help="Load that counts for nothing, sent before. Default: 10s, or a sixth of a shorter run.",
        ),
        "prompt_tokens": click.option(
            "--prompt-tokens", metavar="N|MIN-MAX", help="Length of prompts in tokens. Default: 512."
        ),
        "output_tokens": click.option(
            "--output-tokens", metavar="N|MIN-MAX", help="Most tokens that one answer may have. Default: 128."
        ),
        "shared_prefix": click.option(
            "--shared-prefix",
            type=click.IntRange(min=0),
            metavar="N",
            help="Tokens that all prompts begin with, which a prefix cache can reuse. Default: 0.",
        ),
        "prompts": click.option(
            "--prompts", metavar="FILE", help="Send the prompts of this JSONL file instead of made-up words."
        ),
        "trace": click.option(
            "--trace", metavar="FILE", help="Send at the moments, and with the lengths, of this JSONL trace."
        ),
        "stages": click.option(
            "--stages",
            metavar="RATE:TIME,...",
            help="Rates one after another, as in 10:30s,20:30s; c8:30s keeps 8 requests under way.",
        ),
        "seed": click.option(
            "--seed", type=click.IntRange(min=0), metavar="N", help="Draws arrivals, lengths and words. Default: 1."
        ),
        "api": click.option(
            "--api", type=click.Choice(["chat", "completions"]), help="Which API is asked. Default: chat."
        ),
        "ignore_eos": click.option(
            "--ignore-eos", is_flag=True, help="Ask for answers of exactly --output-tokens (vLLM, SGLang)."
        ),
    },
)
"""The load, gathered as `load`."""

SAID = options.gathering(
    "said",
    {
        "profile": click.option(
            "--profile",
            type=click.Choice(["poisson", "constant", "concurrency", "burst", "trace"]),
            help="How requests arrived, where a report does not tell: at random or evenly at a rate; each as soon as another "
            "ended; all at once; as a trace says.",
        ),
        "rate": click.option(
            "--rate", type=_POSITIVE, metavar="N", help="Requests per second, where a report does not tell them."
        ),
        "concurrency": click.option(
            "--concurrency", type=_COUNT, metavar="N", help="Requests under way, where a report does not tell it."
        ),
        "api": click.option(
            "--api",
            type=click.Choice(["chat", "completions"]),
            help="API that was asked, where a report does not tell.",
        ),
    },
)
"""What somebody says of the load of reports that do not tell it, gathered as `said`."""

RECORDING = options.gathering(
    "recording",
    {
        "endpoint": click.option(
            "--endpoint", metavar="URL", help="Send the load here. Without a WORKLOAD, no Kubernetes is needed."
        ),
        "as_": click.option(
            "--as", "as_", metavar="KIND/NAME", help="The workload that the endpoint stands for, to find its contract."
        ),
        "model": click.option(
            "--model", metavar="NAME", help="Name that requests give. Default: the one that the engine says it serves."
        ),
        "slo": click.option(
            "--slo",
            multiple=True,
            metavar="METRIC.STAT=LIMIT",
            help="Objective beside the contract's, such as ttft.p95=2s. Repeatable. One that is missed gives exit code 1.",
        ),
        "processes": click.option(
            "--processes", type=_COUNT, default=1, metavar="N", help="Processes that send. Default: 1."
        ),
        "part": click.option(
            "--part",
            metavar="K/N",
            help="Send every N-th request alone, as the K-th of N machines; /N takes K from an indexed Job. `merge` "
            "puts the results together.",
        ),
        "on_live": click.option(
            "--on-live", is_flag=True, help="Send synthetic load although the engine has traffic of its users."
        ),
        "prometheus": click.option(
            "--prometheus",
            metavar="URL",
            help="Take metrics of engines and GPUs from this Prometheus: with --from traffic its last window, at once. A "
            "token is taken from SKEWGUARD_PROMETHEUS_TOKEN.",
        ),
        "prometheus_match": click.option(
            "--prometheus-match", metavar="LABELS", help="Which of its series are meant. Default: those of the pods."
        ),
        "dcgm": click.option("--dcgm", metavar="URL", help="Take GPU use and memory from this dcgm-exporter."),
        "beat": click.option(
            "--beat",
            type=options.Duration(),
            metavar="DURATION",
            help="Time between two readings of metrics. Default: 1s.",
        ),
    },
)
"""What is measured and how it is watched, gathered as `recording`."""

NO_STORE = click.option(
    "--no-store", is_flag=True, help="Keep nothing: show the result, or write it with -o json=PATH."
)
LIMIT = click.option(
    "-l", "--limit", type=_COUNT, default=20, metavar="N", help="Most lines that are shown, newest first. Default: 20."
)
