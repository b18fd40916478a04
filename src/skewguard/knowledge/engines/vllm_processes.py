"""How vLLM arranges its processes where nobody says it: what runs the workers, how many API servers, how steps overlap.

Read in `ParallelConfig.__post_init__` (vllm/config.py, vllm/config/parallel.py), `ServeSubcommand.cmd`
(vllm/entrypoints/cli/serve.py) and `VllmConfig.__post_init__` (vllm/config/vllm.py) of every release of the table.
"""

from typing import Any

from skewguard.knowledge.engines import vllm_kinds
from skewguard.knowledge.engines.readings import UNKNOWABLE
from skewguard.knowledge.engines.vllm_ground import (
    Answer,
    Ground,
    behind,
    derived,
    known,
    needs_model,
    open_answer,
)
from skewguard.language.facts import Arm, Choice, Fact

PLACED = "a Ray placement group around it"
"""What an executor of processes assumes not to be there: vLLM inside a Ray actor takes Ray."""

_SERVER = "the running server"


def _size(ground: Ground, *dests: str) -> int | None:
    """The product of sizes of parallelism; 1 for what nobody wrote, None where one cannot be known."""
    product = 1
    for dest in dests:
        written = ground.declared(dest)
        if written is not None and (not isinstance(written, int) or isinstance(written, bool)):
            return None
        product *= written or 1
    return product


def _unwritten(setting: str, rule: str) -> Answer:
    reason = "it follows the sizes of parallelism, which are not known"
    return open_answer(setting, rule, reason, ("parallelism@the arguments",), _SERVER)


# ---- executor --------------------------------------------------------------------------------------------------------


def executor(setting: str, ground: Ground) -> Answer:
    """None for one GPU to 0.7.2, `uni` after; for several `mp`, or Ray where the pod has too few (to 0.11.0)."""
    rule = f"vllm.executor@{ground.era('0.5.0', '0.7.3', '0.11.1', '0.17.0')}"
    if not ground.on_gpu and ground.platform != "cpu":
        return open_answer(setting, rule, "the platform decides it", (ground.hardware.key,), _SERVER)
    world = _size(ground, "tensor_parallel_size", "pipeline_parallel_size")
    data = _size(ground, "data_parallel_size") if ground.since("0.17.0") else 1
    if world is None or data is None:
        return _unwritten(setting, rule)
    if world * data == 1:
        return _of_one(setting, ground, rule)
    if ground.declared("data_parallel_backend") == "ray":
        return derived(setting, ground, "executor", "ray", "--data-parallel-backend ray")
    if not ground.since("0.5.0"):
        return open_answer(setting, rule, "it is Ray where that is installed, else `mp`", ("ray@the image",), _SERVER)
    return _of_several(setting, ground, rule, world)


def _of_one(setting: str, ground: Ground, rule: str) -> Answer:
    """CPUs take processes from 0.20.0 on (`CpuPlatform.check_and_update_config`, vllm/platforms/cpu.py)."""
    if ground.platform != "cpu" or not ground.since("0.20.0"):
        why = "one CPU" if ground.platform == "cpu" else "one GPU"
        return derived(setting, ground, "executor", "uni" if ground.since("0.7.3") else None, why)
    if ground.variable("VLLM_ENABLE_V1_MULTIPROCESSING") not in (None, "1"):
        key = "env@VLLM_ENABLE_V1_MULTIPROCESSING"
        return open_answer(setting, rule, "that variable may keep it in one process", (key,), _SERVER)
    return derived(setting, ground, "executor", "mp", "one CPU")


def _of_several(setting: str, ground: Ground, rule: str, world: int) -> Answer:
    several = derived(setting, ground, "executor", "mp", f"{world} devices", (PLACED,))
    uncounted = ground.platform in ("rocm", "cpu") and ground.since("0.6.6")
    if ground.since("0.11.1") or uncounted:  # too few GPUs stop the start from 0.11.1 on
        return several
    count = ground.hardware.count
    if count is not None:
        return several if count >= world else derived(setting, ground, "executor", "ray", f"{count} of {world} GPUs")
    arms = (Arm(f"the pod has all {world} GPUs", "mp"), Arm("it has fewer", "ray"))
    return Choice(setting, rule, (f"gpu-count@{ground.hardware.key}",), arms, (PLACED,))


# ---- API servers -----------------------------------------------------------------------------------------------------

_EXTERNAL = ("data_parallel_external_lb", "data_parallel_rank", "data_parallel_multi_port_external_lb")
_HYBRID = ("data_parallel_hybrid_lb", "data_parallel_start_rank")


def api_servers(setting: str, ground: Ground) -> Answer:
    """From 0.15.0 on one for each data-parallel rank that this process balances between; none in headless mode."""
    rule = "vllm.api-servers@0.15.0"
    if not ground.serves:
        return derived(setting, ground, "api-servers", 1, "the API server module")
    asked = {dest: ground.declared(dest) for dest in ("headless", "enable_elastic_ep", *_EXTERNAL, *_HYBRID)}
    if UNKNOWABLE in asked.values():
        return _unwritten(setting, rule)
    if asked["headless"] is True:
        return derived(setting, ground, "api-servers", 0, "--headless")
    local = "data_parallel_size_local" if any(map(_asks, (asked[dest] for dest in _HYBRID))) else None
    outside = any(map(_asks, (asked[dest] for dest in _EXTERNAL)))
    size = 1 if outside else _size(ground, local or "data_parallel_size")
    if size is None:
        return _unwritten(setting, rule)
    alone = asked["enable_elastic_ep"] is True and ground.since("0.19.0")
    if size > 1 and not alone and _rust(ground):
        return open_answer(
            setting, rule, "a front end in Rust is one process", ("env@VLLM_RUST_FRONTEND_PATH",), _SERVER
        )
    return derived(setting, ground, "api-servers", 1 if alone else size, f"data-parallel size {size}")


def _asks(value: Any) -> bool:
    return value is not None and value is not False


def _rust(ground: Ground) -> bool:
    """Whether the front end in Rust may be asked for."""
    names = ("VLLM_RUST_FRONTEND_PATH", "VLLM_USE_RUST_FRONTEND")
    return ground.since("0.22.0") and any(ground.variable(name) not in (None, "0", "") for name in names)


# ---- scheduling ------------------------------------------------------------------------------------------------------

_OVERLAPPED = ("eagle", "eagle3")
"""Methods of speculative decoding that every release since 0.14.0 runs with overlapping steps."""


def async_scheduling(setting: str, ground: Ground) -> Answer:
    """From 0.14.0 on steps overlap unless something asked for does not allow it."""
    rule = f"vllm.async-scheduling@{ground.era('0.14.0', '0.15.0', '0.20.0')}"
    if ground.platform == "cpu":
        return derived(setting, ground, "async-scheduling", value=False, why="CPU")
    odd = _odd(ground)
    if odd:
        return open_answer(setting, rule, f"whether it works with {odd} hangs on more", (f"async@{odd}",), _SERVER)
    pipeline = _size(ground, "pipeline_parallel_size")
    if pipeline is None:
        return _unwritten(setting, rule)
    if pipeline > 1 and not ground.since("0.15.0"):
        return derived(setting, ground, "async-scheduling", value=False, why="--pipeline-parallel-size")
    pools = vllm_kinds.pooling(ground) if ground.since("0.20.0") else False
    if pools is None:
        return needs_model(setting, ground, rule, "it is on for models that generate text")
    if pools:
        return derived(setting, ground, "async-scheduling", value=False, why="a model that pools")
    return _by_executor(setting, ground, rule)


def _odd(ground: Ground) -> str:
    """What makes it hang on more than is read here, as words; empty where nothing does."""
    if not ground.on_gpu:
        return "this platform"
    drafts = ground.declared("speculative_config")
    plain = isinstance(drafts, dict) and drafts.get("method") in _OVERLAPPED
    if known(drafts) and not (plain and not drafts.get("disable_padded_drafter_batch")):
        return "this speculative decoding"
    if drafts is UNKNOWABLE:
        return "speculative decoding"
    if _asks(ground.declared("enable_dbo")) and ground.platform == "rocm" and ground.since("0.25.0"):
        return "--enable-dbo"
    pipeline = ground.declared("pipeline_parallel_size")
    if ground.since("0.33.0") and isinstance(pipeline, int) and pipeline > 1:
        return "pipelines"  # the newer model runner takes them, the older one does not
    states = ground.since("0.16.0") and not ground.since("0.17.0") and vllm_kinds.hybrid(ground) is not False
    return "layers that keep a state" if states else ""


def _by_executor(setting: str, ground: Ground, rule: str) -> Answer:
    runs = ground.ask("distributed_executor_backend")
    if isinstance(runs, Fact) and runs.value in ("mp", "uni", "external_launcher"):
        return derived(setting, ground, "async-scheduling", value=True, assumes=runs.assumes)
    if isinstance(runs, Fact) and runs.value == "ray" and not ground.since("0.19.0"):
        return derived(setting, ground, "async-scheduling", value=False, why="Ray runs the workers")
    if isinstance(runs, Fact):
        return open_answer(setting, rule, f"it hangs on the executor {runs.value}", ("executor@it",), _SERVER)
    return behind(setting, ground, rule, runs)
