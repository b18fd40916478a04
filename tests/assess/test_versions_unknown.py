"""What is said where the version is not known, or only nearly."""

import pytest

from skewguard.assess import cases
from skewguard.knowledge.project import Project
from skewguard.language.facts import Choice, Fact, Gap
from tests.assess.laid_out import case, clauses, effective, script
from tests.assess.laid_out import findings as found_in
from tests.observe import reading

UNKNOWN = "registry.example.com/ml/vllm:blue"


@pytest.mark.parametrize("model", ["--model, m", "--model=m"])
def test_model_by_flag_weighs_the_same_in_both_spellings(model: str) -> None:
    """Older releases refuse one spelling longer than the other, and all newer ones take both: a note either way."""
    manifest = case(f"command: [vllm, serve, {model}, --max-num-seqs=64]", image=UNKNOWN)

    found = found_in(manifest, "args.depends-on-version", "args.model-by-flag", "args.invalid-value")

    assert [("args.depends-on-version", "note")] == [(item.check, item.severity) for item in found]
    assert isinstance(effective(manifest, "model.id"), Fact)


def test_fault_in_every_release_that_has_the_program_is_no_question_of_the_version() -> None:
    """Releases without `vllm serve` have no say in what its arguments mean."""
    manifest = case("command: [vllm, serve, m, --config=/etc/vllm/config.yaml]", image=UNKNOWN)

    found = found_in(manifest, "args.ignored", "args.depends-on-version")

    assert [("args.ignored", "fail")] == [(item.check, item.verdict) for item in found]


@pytest.mark.parametrize(
    "image", ["rocm/vllm:rocm6.3_vllm_0.8.5_20250520", "vllm/vllm-openai:v0.8", "vllm/vllm-openai:latest"]
)
def test_build_near_a_release_has_no_version_to_hold_a_promise_against(image: str) -> None:
    """AMD builds some time after the release it names, and a series is none: neither is that release."""
    manifest = case("command: [vllm, serve, m]", image=image)

    assert isinstance(effective(manifest, "runtime.version"), Gap)
    assert manifest.release is not None
    assert manifest.release.version is None
    assert {"runtime.version": "unknown"} == clauses(manifest, 'runtime: {version: "==0.8.5"}')


@pytest.mark.parametrize(
    ("said", "version"), [("0.11.1rc1.dev5+gabc", "0.11.1rc1.dev5+gabc"), ("0.11.0+corp", "0.11.0+corp")]
)
def test_version_that_somebody_states_is_that_version(said: str, version: str) -> None:
    """A development build that an annotation names is known, though the tables hold only its neighbours."""
    annotated = reading.deployment("command: [vllm, serve, m]").replace(
        "  template:\n", f"  template:\n    metadata: {{annotations: {{skewguard.dev/engine: vllm=={said}}}}}\n"
    )
    (found,) = [item.case for item in cases.judged(reading.read(annotated).inventory, Project()) if item.case]

    assert version == getattr(effective(found, "runtime.version"), "value", None)


def test_flag_that_a_vendors_own_build_may_bring_is_a_warning() -> None:
    """What neither neighbour of a vendor's development build knows, that build may know all the same."""
    manifest = case("command: [vllm, serve, m, --no-such-flag]", image="rocm/vllm:rocm6.3_vllm_0.8.5_20250520")

    assert ["warning"] == [item.severity for item in found_in(manifest, "args.unknown")]


@pytest.mark.parametrize(
    ("line", "version"),
    [
        ("pip install vllm==0.9.2", "0.9.2"),
        ("python3 -m pip install -q 'vllm[audio]==0.9.2'", "0.9.2"),
        ("uv pip install --system --index-url https://x.example.com vllm==0.9.2", "0.9.2"),
        ("pip install https://wheels.example.com/vllm-0.9.2-cp38-abi3-manylinux1_x86_64.whl", "0.9.2"),
        ("pip install vllm", "0.11.0"),  # met by the image already
        ("pip install flashinfer-python==0.2.0 vllm-flash-attn", "0.11.0"),
        ("pip install -r requirements-vllm.txt", "0.11.0"),
        ("pip install -U vllm", None),
        ("pip install 'vllm>=0.9'", None),
        ("pip install git+https://github.com/vllm-project/vllm.git", None),
        ("pip install vllm==$VERSION", None),
        ('[ -n "$OLD" ] && pip install vllm==0.9.2', None),
    ],
)
def test_version_is_that_which_the_script_installs(line: str, version: str | None) -> None:
    """What `pip` puts over the image's engine is what runs; where that is not known the version is not known."""
    found = effective(script(line, "exec vllm serve m"), "runtime.version")

    assert version == (found.value if isinstance(found, Fact) else None)


def test_version_that_may_be_installed_leaves_what_both_have_in_common() -> None:
    """Either the image's release or the one of the condition runs."""
    found = script('[ -n "$OLD" ] && pip install vllm==0.9.2', "exec vllm serve m")

    assert found.release is not None
    assert ("0.9.2", "0.11.0") == found.release.candidates


def test_release_that_is_not_known_hides_no_missing_gpus() -> None:
    """Older releases have no copies of the engine and newer ones have one: what TP and PP need is needed in each."""
    arguments = "vllm, serve, m, --tensor-parallel-size=2, --pipeline-parallel-size=2"
    manifest = case(f"command: [{arguments}]\nresources: {{limits: {{nvidia.com/gpu: 2}}}}", image=UNKNOWN)

    found = found_in(manifest, "parallel.too-few-gpus")

    assert ["4 GPUs"] == [item.message[item.message.index("4 GPUs") :][:6] for item in found if item.verdict == "fail"]


def test_known_version_between_two_of_the_tables_is_not_asked_for() -> None:
    """It is pinned: what is open is what it does, and both neighbours are named."""
    build = case("args: [-m, m.gguf]", image="ghcr.io/ggml-org/llama.cpp:server-cuda-b6700")
    gap = effective(build, "llamacpp.cache_ram_mib")

    assert isinstance(gap, Gap)
    assert gap.reason == "llama.cpp b6700 lies between b6549 and b6756 of the tables, which do not give one answer"
    assert gap.inputs == ("tables@llama.cpp b6700",)
    assert "pinned" not in gap.would_need
    choice = effective(build, "tokenizer.reasoning_parser")
    assert isinstance(choice, Choice)
    assert choice.inputs == ("tables@llama.cpp b6700",)
    assert isinstance(effective(build, "llamacpp.split_mode"), Fact)
