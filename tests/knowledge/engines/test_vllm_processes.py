"""How vLLM arranges its processes: executor, API servers and overlapping steps, on both sides of each release."""

from typing import Any

import pytest

from skewguard.knowledge.engines import vllm
from skewguard.knowledge.engines.interface import Hardware, Inputs
from skewguard.language import accelerators
from skewguard.language.facts import Choice, Fact, Gap
from tests.knowledge.engines.vllm_asking import PLAIN, ask, value
from tests.knowledge.engines.vllm_cases import exactly, module

EXECUTOR, SERVERS, ASYNC = "vllm.distributed_executor_backend", "vllm.api_server_count", "vllm.async_scheduling"
TWO = ("--tensor-parallel-size", "2")
EMBEDS = {**PLAIN, "architectures": ["LlamaModel"]}
HYBRID = {**PLAIN, "architectures": ["NemotronHForCausalLM"], "hybrid_override_pattern": "M-M*"}


def found(setting: str, version: str, *words: str, **more: Any) -> Any:
    """The value; `?` where it hangs on something else."""
    answer = ask(setting, version, *words, **{"gpu": "H100", "model": PLAIN, **more})
    return answer.value if isinstance(answer, Fact) else "?"


# ---- executor --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("version", "expected"), [("0.4.3", None), ("0.7.2", None), ("0.7.3", "uni"), ("0.16.0", "uni"), ("0.33.0", "uni")]
)
def test_one_gpu_needs_no_workers(version: str, expected: str | None) -> None:
    """None to 0.7.2, its name from 0.7.3 on."""
    assert found(EXECUTOR, version) == expected


@pytest.mark.parametrize(
    ("version", "count", "expected"),
    [
        ("0.6.0", 2, "mp"),
        ("0.6.0", 1, "ray"),
        ("0.11.0", 8, "mp"),
        ("0.11.0", 1, "ray"),
        ("0.11.1", 1, "mp"),
        ("0.33.0", 2, "mp"),
    ],
)
def test_several_gpus_are_run_by_processes_where_the_pod_has_them(version: str, count: int, expected: str) -> None:
    """By Ray where it has fewer, to 0.11.0; after that too few stop the start."""
    assert found(EXECUTOR, version, *TWO, count=count) == expected


@pytest.mark.parametrize(("version", "expected"), [("0.4.3", "?"), ("0.5.0", "mp")])
def test_first_releases_took_ray_where_it_was_installed(version: str, expected: str) -> None:
    """Which nobody can know of an image; from 0.5.0 on processes go first."""
    parsed = module(version, "--model", "m", *TWO)
    inputs = Inputs(Hardware("gpu@x", accelerators.find("H100"), count=2))
    answer = vllm.derive(EXECUTOR, parsed, (), exactly(version), inputs)
    assert (answer.value if isinstance(answer, Fact) else "?") == expected


def test_unknown_number_of_gpus_is_a_choice_of_executors() -> None:
    """The manifest says it, and a command line does not."""
    answer = ask(EXECUTOR, "0.10.2", *TWO, gpu="H100")
    assert isinstance(answer, Choice)
    assert {arm.when: arm.value for arm in answer.arms} == {"the pod has all 2 GPUs": "mp", "it has fewer": "ray"}


def test_executor_of_several_rests_on_no_ray_around_it() -> None:
    """A Ray actor takes Ray."""
    answer = ask(EXECUTOR, "0.33.0", *TWO, gpu="H100")
    assert isinstance(answer, Fact)
    assert answer.assumes == ("a Ray placement group around it",)


def test_ranks_of_data_parallelism_count_from_0_17_0_on() -> None:
    """Before, each rank was a world of its own; and Ray for the ranks is Ray for all."""
    ranks = ("--data-parallel-size", "2")
    assert [found(EXECUTOR, each, *ranks) for each in ("0.16.0", "0.17.0")] == ["uni", "mp"]
    assert found(EXECUTOR, "0.17.0", *ranks, "--data-parallel-backend", "ray") == "ray"


def test_cpus_take_processes_from_0_20_0_on() -> None:
    """And one process where a variable asks for it; what other platforms do is not read here."""
    on_cpu: dict[str, Any] = {"gpu": None, "platform": "cpu"}
    assert [found(EXECUTOR, each, **on_cpu) for each in ("0.19.1", "0.20.0")] == ["uni", "mp"]
    assert found(EXECUTOR, "0.28.0", env={"VLLM_ENABLE_V1_MULTIPROCESSING": "0"}, **on_cpu) == "?"
    assert found(EXECUTOR, "0.28.0", *TWO, **on_cpu) == "mp"
    assert found(EXECUTOR, "0.28.0", gpu=None, platform="tpu") == "?"


# ---- API servers -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("version", "words", "expected"),
    [
        ("0.14.1", ("--data-parallel-size", "4"), 1),
        ("0.15.0", ("--data-parallel-size", "4"), 4),
        ("0.15.0", (), 1),
        ("0.15.0", ("--headless",), 0),
        ("0.15.0", ("--data-parallel-size", "4", "--data-parallel-rank", "0"), 1),
        ("0.15.0", ("--data-parallel-size", "4", "--data-parallel-external-lb"), 1),
        ("0.15.0", ("--data-parallel-size", "4", "--data-parallel-size-local", "2", "--data-parallel-hybrid-lb"), 2),
        ("0.15.0", ("--data-parallel-size", "4", "--data-parallel-hybrid-lb"), 1),
        ("0.22.0", ("--data-parallel-size", "4", "--data-parallel-multi-port-external-lb"), 1),
        ("0.18.1", ("--data-parallel-size", "4", "--enable-elastic-ep"), 4),
        ("0.19.0", ("--data-parallel-size", "4", "--enable-elastic-ep"), 1),
    ],
)
def test_one_api_server_for_each_rank_that_is_balanced_here(
    version: str, words: tuple[str, ...], expected: int
) -> None:
    """From 0.15.0 on; none in headless mode, one where somebody else balances."""
    assert found(SERVERS, version, *words) == expected


def test_front_end_in_rust_is_one_process_and_may_be_asked_for_from_0_22_0_on() -> None:
    """Which of the two variables counts changed, so that it is not told."""
    ranks, rust = ("--data-parallel-size", "2"), {"VLLM_RUST_FRONTEND_PATH": "/x"}
    assert [found(SERVERS, each, *ranks, env=rust) for each in ("0.21.0", "0.22.0")] == [2, "?"]


# ---- scheduling ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("version", "words", "more", "expected"),
    [
        ("0.13.0", (), {}, False),
        ("0.14.0", (), {}, True),
        ("0.33.0", (), {}, True),
        ("0.14.1", ("--pipeline-parallel-size", "2"), {"count": 2}, False),
        ("0.15.0", ("--pipeline-parallel-size", "2"), {"count": 2}, True),
        ("0.33.0", ("--pipeline-parallel-size", "2"), {"count": 2}, "?"),
        ("0.18.1", (*TWO, "--distributed-executor-backend", "ray"), {}, False),
        ("0.19.0", (*TWO, "--distributed-executor-backend", "ray"), {}, "?"),
        ("0.19.1", (), {"model": EMBEDS}, True),
        ("0.20.0", (), {"model": EMBEDS}, False),
        ("0.15.1", (), {"model": HYBRID}, True),
        ("0.16.0", (), {"model": HYBRID}, "?"),
        ("0.17.0", (), {"model": HYBRID}, True),
        ("0.20.0", ("--speculative-config", '{"method": "eagle3", "num_speculative_tokens": 2}'), {}, True),
        ("0.20.0", ("--speculative-config", '{"method": "ngram", "num_speculative_tokens": 2}'), {}, "?"),
        ("0.20.0", (), {"gpu": None, "platform": "cpu"}, False),
    ],
)
def test_steps_overlap_from_0_14_0_on(
    version: str, words: tuple[str, ...], more: dict[str, Any], expected: bool | str
) -> None:
    """Unless something that was asked for does not allow it."""
    assert found(ASYNC, version, *words, **more) == expected


def test_model_that_nobody_gave_may_pool_from_0_20_0_on() -> None:
    """Before, the kind of model did not matter."""
    assert value(ASYNC, "0.19.1", gpu="H100") is True
    assert isinstance(ask(ASYNC, "0.20.0", gpu="H100"), Gap)
