"""Settings left to chance, on manifests: what is said of another release or GPU is what that one gives."""

import re

import pytest

from skewguard.assess import cases
from skewguard.knowledge.project import Project
from skewguard.language.facts import Fact
from tests.assess import laid_out
from tests.observe import reading

CHECK = "runtime.left-to-chance"
COMMIT = "9c925d64d72725edaf899c6cb9c377fd0709d9c5"
POD = "nodeSelector: {nvidia.com/gpu.product: NAME}"
H100, L4 = "NVIDIA-H100-80GB-HBM3", "NVIDIA-L4"
CONTAINER = f"args: [--model=Qwen/Qwen3-8B, --revision={COMMIT}]\nresources: {{limits: {{nvidia.com/gpu: 1}}}}"


SGLANG = f"command: [python3, -m, sglang.launch_server]\n{CONTAINER}".replace("--model=", "--model-path=")


def said(image: str, gpu: str = H100, container: str = CONTAINER, contract: str | None = None) -> str:
    """What the check says of a container; empty where nothing."""
    of = laid_out.case(SGLANG if "sglang" in image else container, POD.replace("NAME", gpu), image=image)
    found = laid_out.findings(of, CHECK, contract=contract)
    return found[0].message if found else ""


@pytest.mark.parametrize(
    ("image", "gpu"),
    [
        ("vllm/vllm-openai:v0.6.3", H100),
        ("vllm/vllm-openai:v0.8.5", H100),
        ("vllm/vllm-openai:v0.11.0", L4),
        ("vllm/vllm-openai:v0.19.1", H100),
        ("lmsysorg/sglang:v0.5.3-cu126", H100),
        ("lmsysorg/sglang:v0.4.6.post1-cu124", L4),
    ],
)
def test_what_is_said_is_what_the_other_side_gives(image: str, gpu: str) -> None:
    """Every release and GPU that a sentence names is asked again, with the whole manifest under it."""
    told = said(image, gpu)
    named = re.findall(r"(\w+) is \S+ \(([^)]*)\)", told)

    assert named
    for setting, changes in named:
        for value, version in re.findall(r"(\S+) from \w+ (\S+) on", changes):
            assert _under(image, gpu, setting, version) == value
        for value, other in re.findall(r"(\S+) on an? (\S+?)(?:,|$)", changes):
            assert _on(image, other, setting) == value


def _shown(value: object) -> str:
    return {None: "none", True: "on", False: "off"}[value] if value is None or isinstance(value, bool) else str(value)


def _value(text: str, setting: str, version: cases.Version | None = None) -> str:
    (found,) = [
        item.case for item in cases.judged(reading.read(text).inventory, Project(), version) if item.case is not None
    ]
    names = [name for name in found.sheet.names() if name.rpartition(".")[2] == setting and "." in name]
    effective = found.sheet.effective(names[0])
    return _shown(effective.value) if isinstance(effective, Fact) else "?"


def _under(image: str, gpu: str, setting: str, version: str) -> str:
    engine = "vllm" if "vllm" in image else "sglang"
    return _value(_manifest(image, gpu), setting, cases.Version(engine, version))


def _on(image: str, gpu: str, setting: str) -> str:
    return _value(_manifest(image, {"H100-80GB": H100}.get(gpu, f"NVIDIA-{gpu}")), setting)


def _manifest(image: str, gpu: str) -> str:
    container = SGLANG if "sglang" in image else CONTAINER
    return reading.deployment(container, POD.replace("NAME", gpu)).replace("vllm/vllm-openai:v0.11.0", image)


def test_setting_that_the_contract_promises_is_not_told() -> None:
    """The contract is held to it already."""
    contract = (
        "apiVersion: skewguard.dev/v1alpha1\nkind: ServingContract\nmetadata: {name: c}\nspec:\n"
        "  targets: [{kind: Deployment, name: chat}]\n  limits: {max_num_seqs: 1024}\n"
        "  runtime: {gpu_memory_utilization: any, seed: unset}\n"
    )
    free, held = said("vllm/vllm-openai:v0.11.0"), said("vllm/vllm-openai:v0.11.0", contract=contract)

    assert ("max_num_seqs" in free, "max_num_seqs" in held) == (True, False)
    assert ("seed" in free, "seed" in held) == (True, False)
    assert "gpu_memory_utilization" in held


def test_everything_written_leaves_nothing_to_chance() -> None:
    """A manifest that says it all is silent."""
    flags = (
        "--dtype=bfloat16, --max-model-len=4096, --max-num-seqs=64, --max-num-batched-tokens=4096, --seed=0, "
        "--gpu-memory-utilization=0.9, --enable-prefix-caching, --enable-chunked-prefill, --generation-config=vllm"
    )
    written = CONTAINER.replace("args: [", f"args: [{flags}, ")

    assert said("vllm/vllm-openai:v0.11.0", container=written) == ""


def test_newest_release_has_no_newer_one_to_speak_of() -> None:
    """Only another GPU is left."""
    told = said("vllm/vllm-openai:v0.33.0")

    assert " from vLLM " not in told
    assert "max_num_seqs is 1024 (256 on an L40S)" in told


def test_moving_tag_has_its_own_finding() -> None:
    """And this check nothing to add."""
    assert said("vllm/vllm-openai:latest") == ""


def test_number_that_every_process_draws_is_left_to_chance() -> None:
    """SGLang's seed: replicas differ."""
    assert "random_seed" not in said("lmsysorg/sglang:v0.5.3-cu126")
    assert "seed is drawn anew in every process" in said("lmsysorg/sglang:v0.5.3-cu126")
