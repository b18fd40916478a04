"""Checks of what Kubernetes believes about an engine: probes that kill it while it loads, or can never fail.

How long a model takes to load nobody knows from a manifest. The estimate here is a lower bound for a known size:
20 s for the engine itself, and 1 s for each GiB read from disk (1,000 MiB/s is the most that an AWS gp3 volume is
documented to give); where no volume keeps the model, 5 s more for each GiB downloaded (1.7 Gbit/s). The size is the
number of parameters in the model's name (`Qwen3-8B`, `Mixtral-8x7B`) times the bytes of its number format. A name
that says nothing leaves the size unknown.
"""

import math
import re
from collections.abc import Callable, Iterator

from msgspec import Struct

from skewguard.judge.checks import evidence, listening, probe_paths, serving_cache
from skewguard.judge.checks.interface import Case, Result, check, fail, skipped, unknown
from skewguard.language.facts import Fact, Origin
from skewguard.language.workloads import Container, Probe

ENGINE_START_S = 20
READ_S_PER_GIB = 1.0
DOWNLOAD_S_PER_GIB = 5.0
PATIENT_S = 1800
USUAL_S = 300
"""A budget that a model of any common size may need: below it a model of unknown size is doubted, above it not."""
LONG_DELAY_S = 3600

_STARTS = (
    r"vllm\s+serve|vllm\.entrypoints|sglang\.launch_server|sglang\s+serve|text-generation-launcher|trtllm-serve"
    r"|lmdeploy\s+serve|llama-server|ollama\s+serve|tritonserver"
)
_FOR_EVER = r"(?:sleep\s+(?:infinity|inf\b|\d{5,}|\d+[hd]\b)|tail\s+-[fF]\s+/dev/null)"


class Loading(Struct, frozen=True):
    """The least time a model takes to load, and what that rests on."""

    seconds: float
    because: str


@check(
    "serving.liveness-kills-loading",
    title="A liveness probe that gives up before the model is loaded",
    category="serving",
    severity="warning",
    why="Without a startupProbe the liveness probe counts from the start of the container. If the model is not "
    "loaded within its budget, the kubelet ends the engine, and the next start has the same fate: the pod never "
    "serves, or only when disk and network have a good day.",
    remedy="Add a startupProbe with a budget above the longest load; the liveness probe waits for it.",
    bad="livenessProbe: {httpGet: {path: /health, port: 8000}, initialDelaySeconds: 60}",
    good="startupProbe: {httpGet: {path: /health, port: 8000}, periodSeconds: 10, failureThreshold: 60}\n"
    "livenessProbe: {httpGet: {path: /health, port: 8000}}",
    sources=("Kubernetes: Configure Liveness, Readiness and Startup Probes", "AWS: EBS gp3 volumes, throughput"),
)
def liveness_kills_loading(case: Case) -> Iterator[Result]:
    """The liveness budget, without a startupProbe, against the least load time."""
    probe = case.container.liveness
    if probe is None or case.container.startup is not None or _asks_nothing(probe):
        yield skipped("no liveness probe counts while the model loads")
        return
    yield from _against_loading(case, probe, "livenessProbe", _startup_edit)


@check(
    "serving.startup-too-short",
    title="A startup probe that gives up before the model is loaded",
    category="serving",
    severity="warning",
    why="The kubelet ends a container whose startupProbe has not succeeded within its budget. A model that needs "
    "longer on a cold disk never serves there.",
    remedy="Raise failureThreshold until the budget is above the longest load.",
    bad="startupProbe: {httpGet: {path: /health, port: 8000}, periodSeconds: 5, failureThreshold: 6}",
    good="startupProbe: {httpGet: {path: /health, port: 8000}, periodSeconds: 10, failureThreshold: 60}",
    sources=("Kubernetes: Configure Liveness, Readiness and Startup Probes", "AWS: EBS gp3 volumes, throughput"),
)
def startup_too_short(case: Case) -> Iterator[Result]:
    """The startup budget against the least load time."""
    probe = case.container.startup
    if probe is None or _asks_nothing(probe):
        yield skipped("no startupProbe")
        return
    yield from _against_loading(case, probe, "startupProbe", _threshold_edit)


@check(
    "serving.probe-never-fails",
    title="A probe that can never fail",
    category="serving",
    severity="warning",
    why="A probe that answers without asking the engine is worse than none: a hung or dead engine stays Ready, and "
    "the Service keeps sending it requests.",
    remedy="Ask the engine: `httpGet: {path: /health, port: 8000}`.",
    bad="livenessProbe: {exec: {command: [sh, -c, echo alive]}}",
    good="livenessProbe: {httpGet: {path: /health, port: 8000}}",
    sources=("Kubernetes: Configure Liveness, Readiness and Startup Probes",),
)
def probe_never_fails(case: Case) -> Iterator[Result]:
    """An exec probe whose last command succeeds whatever happened."""
    for name, probe in probes(case.container):
        if _asks_nothing(probe):
            yield fail(
                f"The {name} runs {' '.join(probe.command)!r}, which succeeds whether or not {case.title} works.",
                remedy=f"Replace it by `{name}: {{httpGet: {{path: /health, port: {_port(case)}}}}}`.",
                at=probe.origin,
                anchor=name,
                value=list(probe.command),
            )


@check(
    "serving.probe-path",
    title="A probe of a path that the engine does not serve",
    category="serving",
    severity="error",
    why="The engine answers 404 at a path it does not serve, and the kubelet counts that as a failure each time: a "
    "readiness probe keeps the pod out of the Service for ever, a liveness or startup probe ends the engine again and again.",
    remedy="Ask `/health`.",
    bad="readinessProbe: {httpGet: {path: /healthz, port: 8000}}",
    good="readinessProbe: {httpGet: {path: /health, port: 8000}}",
    sources=("vLLM vllm/entrypoints/openai/api_server.py: the router's GET paths", "Kubernetes: HTTP probes"),
)
def probe_path(case: Case) -> Iterator[Result]:
    """An HTTP probe at the engine's own port whose path no release of the engine serves."""
    for name, probe in probes(case.container):
        if probe_paths.is_dead(case, probe):
            yield fail(
                f"The {name} asks {case.title} for `{probe.path}`, which it does not serve: the answer is 404 each time, "
                + (
                    "and the pod never becomes ready."
                    if name == "readinessProbe"
                    else "and the kubelet ends the engine."
                ),
                remedy=f"Write `path: /health` in the {name} ({probe.origin}).",
                at=probe.origin,
                anchor=name,
                value=probe.path,
                expected="/health",
                severity=None if evidence.own_image(case) else "warning",
            )


@check(
    "serving.probe-delay",
    title="A probe that waits an hour or longer before its first question",
    category="serving",
    severity="warning",
    why="Until initialDelaySeconds are over a readiness probe keeps the pod out of the Service though it could serve, "
    "and a liveness probe lets a dead engine stand.",
    remedy="Use a startupProbe for the time of loading, and no initialDelaySeconds.",
    bad="livenessProbe: {initialDelaySeconds: 86400}",
    good="startupProbe: {periodSeconds: 10, failureThreshold: 120}",
    sources=("Kubernetes: Configure Liveness, Readiness and Startup Probes",),
)
def probe_delay(case: Case) -> Iterator[Result]:
    """InitialDelaySeconds of an hour or more."""
    for name, probe in probes(case.container):
        delay = probe.initial_delay_s or 0
        if delay >= LONG_DELAY_S:
            effect = "the pod gets no request" if name == "readinessProbe" else "a dead engine goes unnoticed"
            yield fail(
                f"The {name} asks for the first time after {delay / 3600:.1f} h: until then {effect}.",
                remedy=f"Remove `initialDelaySeconds` from the {name}, and cover the load with a startupProbe "
                "(`periodSeconds: 10`, `failureThreshold`: a tenth of the seconds it takes).",
                at=probe.origin,
                anchor=name,
                value=delay,
            )


@check(
    "serving.hidden-exit",
    title="A command that hides a dead engine",
    category="serving",
    severity="warning",
    why="When the engine ends, the shell goes on, and the container stays running: Kubernetes sees nothing to "
    "restart, and the exit code and the last log lines are never looked at.",
    remedy="Let the engine be the container's process: put `exec` before its command, at the end of the script.",
    bad="args: ['vllm serve Qwen/Qwen3-8B || sleep infinity']",
    good="args: ['exec vllm serve Qwen/Qwen3-8B']",
    sources=("Kubernetes: Pod Lifecycle, container restarts",),
)
def hidden_exit(case: Case) -> Iterator[Result]:
    """What follows the engine in a shell line keeps the container alive or turns its failure into success."""
    asked = case.container.liveness is not None and not _asks_nothing(case.container.liveness)
    for text, origin in _scripts(case.container):
        hiding = _hides(text)
        if hiding:
            yield fail(
                f"`{hiding}` follows {case.title}: when the engine ends, the container goes on"
                + (" until the liveness probe gives up." if asked else ", and nothing restarts it."),
                remedy=f"Remove `{hiding}`, and start the engine with `exec`.",
                at=origin,
                anchor=hiding.split()[0],
                value=hiding,
                severity="note" if asked else None,
            )
            return


def loading(case: Case) -> Loading | None:
    """The least time the model takes to load; None where its size is not known."""
    model = case.sheet.effective("model.id")
    parameters = parameters_of(model.value) if isinstance(model, Fact) and isinstance(model.value, str) else None
    if not isinstance(model, Fact) or parameters is None:
        return None
    size = parameters * 1e9 * _bytes_per_parameter(case, model.value) / 2**30
    seconds, how = ENGINE_START_S + size * READ_S_PER_GIB, f"read at {1 / READ_S_PER_GIB:.0f} GiB/s"
    place = serving_cache.cache_place(case)
    if place is not None and serving_cache.covering(case.container, place.path) is None:
        seconds += size * DOWNLOAD_S_PER_GIB
        how = f"downloaded at every start at {1 / DOWNLOAD_S_PER_GIB:.1f} GiB/s, and {how}"
    because = f"{parameters:g} billion parameters in its name, about {size:.0f} GiB, {how}"
    return Loading(seconds, because)


def parameters_of(name: str) -> float | None:
    """Billions of parameters in a model's name; None where it names none, or only active ones (`A3B`).

    `8x7B` counts 8 times 7 (its experts share the rest, so it is up to a fifth less).
    """
    last = name.rstrip("/").rpartition("/")[2]
    sizes = []
    pattern = r"(?<![A-Za-z0-9.])(?:(\d{1,3})x)?(\d{1,4}(?:\.\d{1,3})?)([bBmM])(?![A-Za-z0-9])"
    for times, number, unit in re.findall(pattern, last):
        sizes.append(int(times or 1) * float(number) / (1 if unit in "bB" else 1000))
    return max(sizes) if sizes else None


def _against_loading(
    case: Case, probe: Probe, name: str, edit: Callable[[Case, Probe, float], str]
) -> Iterator[Result]:
    """The budget of a probe against the load time, and its answer."""
    if probe.budget_s >= PATIENT_S:
        return
    known = loading(case)
    if known is None and probe.budget_s >= USUAL_S:
        yield skipped("how long this model takes to load is not known: its name says no size")
    elif known is None:
        yield unknown(
            f"The {name} gives up after {probe.budget_s} s, and how long this model takes to load is not known: its "
            "name says no size.",
            remedy=f"Compare {probe.budget_s} s with the load time in the engine's log on a cold node.",
            at=probe.origin,
            anchor=name,
            value=probe.budget_s,
        )
    elif probe.budget_s < known.seconds:
        yield fail(
            f"The {name} gives up after {probe.budget_s} s, but the model takes at least {known.seconds:.0f} s to load "
            f"({known.because}): the kubelet ends the engine before it serves, again and again.",
            remedy=edit(case, probe, known.seconds),
            at=probe.origin,
            anchor=name,
            value=probe.budget_s,
            expected={"min": math.ceil(known.seconds)},
        )


def _startup_edit(case: Case, probe: Probe, seconds: float) -> str:
    """A startupProbe with twice the least load time, asking what the liveness probe asks."""
    path = "/health" if probe_paths.is_dead(case, probe) else probe.path or "/health"
    asks = "tcpSocket: {port: %s}" if probe.handler == "tcp" else f"httpGet: {{path: {path}, port: %s}}"
    port = _answering(case, probe)
    return (
        f"Add `startupProbe: {{{asks % port}, periodSeconds: 10, failureThreshold: {math.ceil(seconds / 5)}}}`; the "
        "liveness probe then waits for it."
    )


def _threshold_edit(_: Case, probe: Probe, seconds: float) -> str:
    """The failureThreshold that gives twice the least load time at the probe's own period."""
    period = probe.period_s or 10
    return f"Set `failureThreshold: {math.ceil(2 * seconds / period)}` (at periodSeconds {period}) on the startupProbe."


def probes(container: Container) -> list[tuple[str, Probe]]:
    """The probes a container has, each with the field it stands in."""
    named = (
        ("livenessProbe", container.liveness),
        ("readinessProbe", container.readiness),
        ("startupProbe", container.startup),
    )
    return [(name, probe) for name, probe in named if probe is not None]


def _asks_nothing(probe: Probe) -> bool:
    """Whether an exec probe succeeds whatever the state of the engine: by its last command, or `||` before it."""
    if probe.handler != "exec" or not probe.command:
        return False
    shell = probe.command[0].rpartition("/")[2] in ("sh", "bash", "ash", "dash")
    script = probe.command[-1] if shell and len(probe.command) > 1 else " ".join(probe.command)
    constant = (
        r"(?:/bin/|/usr/bin/)?(?:true|:|exit 0|echo\b[^&|;\n]*|printf\b[^&|;\n]*|sleep\s+[\d.]+\w?|date|hostname)"
    )
    return re.search(rf"(?:^|\|\||;|\n)\s*{constant}\s*;?\s*$", script.strip()) is not None


def _scripts(container: Container) -> Iterator[tuple[str, Origin]]:
    """Every text that a shell of the container runs: its own words, and mounted scripts those words name."""
    words = (*(container.command or ()), *(container.args or ()))
    for word in words:
        if not word.secret:
            yield word.text, word.origin
    said = " ".join(word.text for word in words)
    for file in container.files:
        if file.text is not None and file.path in said:
            yield file.text, file.origin


def _hides(text: str) -> str | None:
    """The words after the last start of an engine that keep the container alive or swallow its exit code."""
    lines = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    starts = list(re.finditer(_STARTS, lines))
    if not starts:
        return None
    rest = lines[starts[-1].end() :]
    found = re.search(rf"\|\|\s*(?:{_FOR_EVER}|true\b|:(?=\s|$)|exit\s+0\b)|(?<=[;&\n])\s*{_FOR_EVER}", rest)
    return " ".join(found.group(0).split()) if found else None


def _bytes_per_parameter(case: Case, model: str) -> float:
    """Bytes of one parameter in the checkpoint: by the name, the quantization or the number format; else 2."""
    known = case.sheet.effective("runtime.quantization")
    method = str(known.value) if isinstance(known, Fact) and known.value else ""
    words = f"{model} {method}".lower()
    if re.search(r"awq|gptq|int4|w4a|nvfp4|mxfp4|gpt-oss|4bit|nf4|fp4", words):
        return 0.5
    if re.search(r"fp8|int8|w8a8|8bit", words):
        return 1.0
    return 2.0


def _answering(case: Case, probe: Probe) -> int | str:
    """The port a new probe should ask: the one that the old probe asks, unless nobody of the pod listens there."""
    number = probe.port if isinstance(probe.port, int) else listening.number(case.container, probe.port)
    engine = listening.engine_port(case)
    if probe.port is None or (
        engine is not None and number is not None and not listening.served(case, number, engine.value)
    ):
        return _port(case)
    return probe.port


def _port(case: Case) -> int:
    known = case.sheet.effective(f"{case.engine}.port")
    return known.value if isinstance(known, Fact) and isinstance(known.value, int) else 8000
