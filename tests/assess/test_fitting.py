"""Whether a model fits on its GPUs: said where arithmetic shows a lack, and nothing where something may be otherwise."""

import pytest

from skewguard.assess.given import Given
from skewguard.judge.checks.interface import Case
from skewguard.knowledge.checkpoints import Checkpoint
from skewguard.language import accelerators
from skewguard.language.accelerators import Accelerator
from skewguard.language.findings import Finding
from tests.assess.laid_out import case, findings
from tests.knowledge.capacity.test_capacity import GEMMA, LLAMA_8B, QWEN3_30B
from tests.knowledge.checkpoints import making

CHECKS = ("hardware.does-not-fit", "hardware.few-full-length-requests")
LENGTHS = {"max_position_embeddings": 131072, "torch_dtype": "bfloat16"}
LLAMA = making.of(LLAMA_8B | LENGTHS)
EDGE = making.of(LLAMA_8B | LENGTHS | {"num_hidden_layers": 27})
TERMS = (
    "affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: "
    "[{key: nvidia.com/gpu.product, operator: In, values: [CLASSES]}]}]}}}"
)
SEVERAL = TERMS.replace("CLASSES", "NVIDIA-L4, NVIDIA-H200")
L4 = "nodeSelector: {nvidia.com/gpu.product: NVIDIA-L4}"


def server(
    *args: str,
    model: Checkpoint | None = LLAMA,
    pod: str = L4,
    image: str | None = None,
    gpus: int = 1,
    classes: tuple[Accelerator, ...] = (),
) -> Case:
    """A server of a model whose files are given, on one L4 unless told otherwise."""
    words = ", ".join(f"'{word}'" for word in ("--model=org/m", *args))
    text = f"args: [{words}]\nresources: {{limits: {{nvidia.com/gpu: {gpus}}}}}"
    return case(text, pod, image=image, given=Given(only=model, gpus=classes))


def told(of: Case, verdict: str = "fail") -> list[Finding]:
    """What the two checks say with this verdict."""
    return [item for item in findings(of, *CHECKS) if item.verdict == verdict]


def test_a_length_that_does_not_fit_is_an_error_at_its_place() -> None:
    """131072 tokens of 128 KiB beside 15 GiB of weights exceed 0.9 of an L4."""
    (found,) = told(server("--max-model-len=131072"))
    assert (found.check, found.severity, found.setting) == (CHECKS[0], "error", "limits.max_model_len")
    assert found.origin is not None
    assert found.origin.text == "--max-model-len=131072"
    assert "15.0 GiB for its weights and 16.0 GiB for one request of 131,072 tokens" in found.message
    assert "may use 20.2 GiB of one L4 (0.9 of 22.5 GiB)" in found.message
    assert "to `--max-model-len=37888`" in found.remedy
    assert "--tensor-parallel-size=2" in found.remedy


def test_the_model_s_own_length_counts_where_nobody_writes_one() -> None:
    """The default of 131072 tokens is found at the class that is too small."""
    (found,) = told(server())
    assert found.anchor == "nvidia.com/gpu.product"
    assert "- --max-model-len=37888" in found.remedy


def test_weights_that_do_not_fit_are_an_error_at_the_class() -> None:
    """15 GiB of weights on a T4: no length helps, more devices do."""
    of = server("--max-model-len=2048", pod="nodeSelector: {nvidia.com/gpu.product: Tesla-T4}")
    (found,) = told(of)
    assert (found.check, found.setting) == (CHECKS[0], "hardware.gpu_class")
    assert "`- --tensor-parallel-size=2` to the container's `args` and ask for 2 GPUs" in found.remedy
    assert "max-model-len" not in found.remedy


@pytest.mark.parametrize(
    ("length", "checks"), [(27472, []), (27488, [CHECKS[1]]), (54960, [CHECKS[1]]), (54976, [CHECKS[0]])]
)
def test_how_many_requests_of_full_length_fit(length: int, checks: list[str]) -> None:
    """Two and more: nothing; fewer than two, however much memory there may be: a warning; none: an error."""
    assert [item.check for item in told(server(f"--max-model-len={length}"))] == checks


def test_few_requests_of_full_length_are_a_warning() -> None:
    """It says what a request takes, and the length of which two fit."""
    (found,) = told(server("--max-model-len=32768"))
    assert found.severity == "warning"
    assert "takes 4.0 GiB" in found.message
    assert "`--max-model-len=18432`" in found.remedy


def test_one_request_at_a_time_may_fill_the_cache() -> None:
    """A server that runs one request at a time has room for what it promises."""
    assert told(server("--max-model-len=32768", "--max-num-seqs=1")) == []


def test_a_wider_server_fits() -> None:
    """The same over two GPUs, or on a larger class, is silent."""
    assert told(server("--max-model-len=65536", "--tensor-parallel-size=2", gpus=2)) == []
    assert told(server("--max-model-len=131072", pod="nodeSelector: {nvidia.com/gpu.product: NVIDIA-H200}")) == []


def test_the_class_may_be_given_beside_the_manifest() -> None:
    """`--gpu` decides where scheduling names no class."""
    t4 = accelerators.find("T4")
    assert t4 is not None
    (found,) = told(server(pod="", classes=(t4,)))
    assert found.anchor == "nvidia.com/gpu"


@pytest.mark.parametrize(
    "args",
    [
        ["--cpu-offload-gb=8"],
        ["--load-format=dummy"],
        ['--hf-overrides={"num_hidden_layers": 2}'],
        ['--speculative-config={"method": "ngram", "num_speculative_tokens": 3}'],
        ["--enable-lora"],
        ["--quantization=fp8"],
        ["--num-gpu-blocks-override=100"],
        ["--kv-cache-memory-bytes=1000000"],
        ["--load-format=gguf"],
        ["--load-format=bitsandbytes"],
    ],
)
def test_what_may_be_otherwise_is_not_judged(args: list[str]) -> None:
    """Offloading, dummy weights, overrides, a second model, quantization at the start: nothing is said."""
    assert findings(server(*args), *CHECKS) == []


@pytest.mark.parametrize(
    "model",
    [
        None,
        making.of({"architectures": ["NewForCausalLM"], "model_type": "new"} | LENGTHS),
        making.of(GEMMA | {"layer_types": ["linear_attention"] * 6} | LENGTHS),
        making.of(
            {"architectures": ["XForConditionalGeneration"], "model_type": "x", "text_config": LLAMA_8B | LENGTHS}
        ),
    ],
)
def test_a_model_that_is_not_understood_is_not_judged(model: Checkpoint | None) -> None:
    """Without files, of an unknown architecture, with states or with more than text: nothing is said."""
    assert findings(server(model=model), *CHECKS) == []


def test_another_engine_is_not_judged() -> None:
    """An engine whose settings are not known has no share to hold the model against."""
    assert findings(server(image="ghcr.io/huggingface/text-generation-inference:3.0.0"), *CHECKS) == []


@pytest.mark.parametrize(
    "pod",
    [
        "",
        SEVERAL,
    ],
)
def test_an_open_class_is_unknown(pod: str) -> None:
    """No class, or several: only that would decide, and it is named."""
    found = told(server(pod=pod), "unknown")
    assert [item.check for item in found][:1] == [CHECKS[0]]
    assert all(any(key.startswith("gpu@") for key in item.inputs) for item in found)
    assert told(server(pod=pod)) == []


def test_one_class_of_several_that_is_too_small_is_named() -> None:
    """The pod may land on an L4, where 131072 tokens do not fit, or on an H200, where they do."""
    found = next(item for item in told(server(pod=SEVERAL), "unknown") if item.check == CHECKS[0])
    assert "may land on L4, where org/m does not fit" in found.message
    assert "H200" not in found.message
    assert found.anchor == "nvidia.com/gpu.product"


def test_several_classes_that_are_all_too_small_are_an_error() -> None:
    """Wherever the pod lands it does not start: told by the largest of them, at the term that names them."""
    (found,) = told(server(pod=TERMS.replace("CLASSES", "NVIDIA-L4, NVIDIA-RTX-A4000")))
    assert (found.check, found.verdict) == (CHECKS[0], "fail")
    assert "of one L4, the largest it may land on" in found.message
    assert found.anchor == "nvidia.com/gpu.product"


def test_more_devices_count_those_of_all_stages() -> None:
    """Two stages of two devices each are four GPUs."""
    t4 = "nodeSelector: {nvidia.com/gpu.product: Tesla-T4}"
    (found,) = told(server("--pipeline-parallel-size=2", pod=t4, gpus=2))
    assert "`- --tensor-parallel-size=2` to the container's `args` and ask for 4 GPUs" in found.remedy


def test_gpus_that_are_there_are_used_before_more_are_asked_for() -> None:
    """A model on one of four GPUs, too large for it: one finding, and one edit that uses all four."""
    of = server("--max-model-len=4096", pod="nodeSelector: {nvidia.com/gpu.product: Tesla-T4}", gpus=4)
    (found,) = told(of)
    assert "`- --tensor-parallel-size=4` to the container's `args`, or name" in found.remedy
    assert findings(of, "parallel.idle-gpus") == []


def test_a_class_is_proposed_for_a_whole_node_where_one_of_this_class_is_too_small() -> None:
    """57 GiB of weights over eight GPUs, and one of four heads of the cache on each, exceed 7.5 GiB: each must be larger."""
    (found,) = told(
        server(pod="nodeSelector: {nvidia.com/gpu.product: Tesla-P4}", model=making.of(QWEN3_30B | LENGTHS))
    )
    assert "or one of more than 11.2 GiB with 8 GPUs: add `- --tensor-parallel-size=8`" in found.remedy


def test_a_length_that_is_cut_to_the_room_hangs_on_the_weights_alone() -> None:
    """From 0.14 on `auto` is what fits: nothing on an L4, and no length at all on a T4."""
    image = "vllm/vllm-openai:v0.15.0"
    assert findings(server("--max-model-len=auto", image=image), *CHECKS) == []
    (found,) = told(server("--max-model-len=auto", pod="nodeSelector: {nvidia.com/gpu.product: Tesla-T4}", image=image))
    assert (found.check, found.setting) == (CHECKS[0], "hardware.gpu_class")


def test_slices_of_a_device_do_not_share_a_model() -> None:
    """A slice has the memory of its profile, also of a class that is given beside; more slices are not proposed."""
    h100 = accelerators.find("H100-80GB-SXM")
    assert h100 is not None
    text = "args: [--model=org/m]\nresources: {limits: {nvidia.com/mig-1g.10gb: 1}}"
    (found,) = told(case(text, given=Given(only=LLAMA, gpus=(h100,))))
    assert "may use 9.0 GiB of one H100-80GB-SXM MIG 1g.10gb" in found.message
    assert "tensor" not in found.remedy


def test_a_device_on_the_edge_is_told_without_saying_that_it_never_starts() -> None:
    """Weights and one request are above the share of most T4, and within that of one that reports 7 % more."""
    (found,) = told(server("--max-model-len=8192", pod="nodeSelector: {nvidia.com/gpu.product: Tesla-T4}", model=EDGE))
    assert found.check == CHECKS[1]
    assert "starts on none but a device that reports more memory" in found.message
    assert "up to 7% more, with error correction switched off" in found.message


def test_weights_on_the_edge_leave_no_less_than_nothing() -> None:
    """SGLang needs room for the weights alone: here most T4 have none left, and it is not said that it starts."""
    text = "command: [python3, -m, sglang.launch_server, --model-path=org/m, --mem-fraction-static=0.82]"
    of = case(
        f"{text}\nresources: {{limits: {{nvidia.com/gpu: 1}}}}",
        "nodeSelector: {nvidia.com/gpu.product: Tesla-T4}",
        image="lmsysorg/sglang:v0.5.5",
        given=Given(only=EDGE),
    )
    (found,) = told(of)
    assert found.check == CHECKS[1]
    assert "leave at most 0.0 GiB" in found.message
    assert "SGLang starts on none but a device" in found.message


def test_a_class_of_two_sizes_is_named_with_both() -> None:
    """`--gpu A100` may be 40 GB or 80 GB: what would decide is which."""
    (found,) = told(server(pod="", classes=accelerators.candidates("A100")), "unknown")
    assert "the GPU may be A100-40GB or A100-80GB" in found.message


def test_a_length_that_is_refused_is_not_judged() -> None:
    """The word stops the start; the length that somebody meant by it is not known."""
    assert told(server("--max-model-len=everything")) == []


@pytest.mark.parametrize("model", ["org/m-GGUF:Q4_K_M", "/models/m.Q4_K_M.gguf"])
@pytest.mark.parametrize("image", ["vllm/vllm-openai:v0.11.0", "lmsysorg/sglang:v0.5.5"])
def test_a_gguf_file_is_not_judged_by_other_files(model: str, image: str) -> None:
    """The files that were given are those of the model it was made of: its weights are smaller."""
    program = "[vllm, serve, --model=M]" if "vllm" in image else "[python3, -m, sglang.launch_server, --model-path=M]"
    text = f"command: {program.replace('=M', f'={model}')}\nresources: {{limits: {{nvidia.com/gpu: 1}}}}"
    of = case(text, "nodeSelector: {nvidia.com/gpu.product: Tesla-T4}", image=image, given=Given(only=LLAMA))
    assert findings(of, *CHECKS) == []


def test_sglang_is_told_where_its_weights_do_not_fit() -> None:
    """SGLang starts with less cache than a full length, and not without room for the weights."""
    image = "lmsysorg/sglang:v0.5.5"
    text = "command: [python3, -m, sglang.launch_server, --model-path=org/m]\nresources: {limits: {nvidia.com/gpu: 1}}"

    def said(pod: str) -> list[str]:
        return [item.check for item in told(case(text, pod, image=image, given=Given(only=LLAMA)))]

    assert said("nodeSelector: {nvidia.com/gpu.product: Tesla-T4}") == [CHECKS[0]]
    assert said(L4) == [CHECKS[1]]


def test_experts_that_the_cpu_computes_are_not_judged() -> None:
    """KTransformers keeps most experts in the memory of the machine."""
    words = "--model-path=org/m, --kt-weight-path=/models/cpu, --kt-num-gpu-experts=8"
    text = f"command: [python3, -m, sglang.launch_server, {words}]\nresources: {{limits: {{nvidia.com/gpu: 1}}}}"
    of = case(text, L4, image="lmsysorg/sglang:v0.5.10", given=Given(only=making.of(QWEN3_30B | LENGTHS)))
    assert findings(of, *CHECKS) == []


def test_a_mixture_of_experts_is_judged_by_all_its_weights() -> None:
    """Thirty billion parameters of two bytes do not fit on an L4, whichever of its experts a token takes."""
    (found,) = told(server(model=making.of(QWEN3_30B | LENGTHS)))
    assert "56.9 GiB for its weights" in found.message


def test_a_broken_promise_says_what_it_does() -> None:
    """float32 against a promised bfloat16: twice the weights, half the decoding."""
    contract = (
        "apiVersion: skewguard.dev/v1alpha1\nkind: ServingContract\nmetadata: {name: c}\nspec:\n"
        "  targets: [{kind: Deployment, name: chat}]\n  runtime: {dtype: bfloat16}\n  limits: {max_num_seqs: 8}\n"
    )
    of = server("--dtype=float32", "--max-model-len=4096", "--max-num-seqs=16")
    found = {item.setting: item for item in findings(of, "contract.mismatch", contract=contract)}
    effect = {item.name: item for item in found["runtime.dtype"].effect}
    assert effect["capacity.weight_bytes"].after == 2 * (effect["capacity.weight_bytes"].before or 0)
    assert [item.name for item in found["limits.max_num_seqs"].effect] == ["capacity.batch_decode_tokens_per_second"]


def test_a_broken_promise_without_the_model_says_no_effect() -> None:
    """Nothing is guessed where the model's files are not given."""
    contract = (
        "apiVersion: skewguard.dev/v1alpha1\nkind: ServingContract\nmetadata: {name: c}\nspec:\n"
        "  targets: [{kind: Deployment, name: chat}]\n  runtime: {dtype: bfloat16}\n"
    )
    (found,) = findings(server("--dtype=float32", model=None), "contract.mismatch", contract=contract)
    assert found.effect == ()


HUGE = making.of(LLAMA_8B | LENGTHS | {"num_hidden_layers": 320})
H100 = "nodeSelector: {nvidia.com/gpu.product: NVIDIA-H100-80GB-HBM3}"
ALONE = {
    "tgi": ("ghcr.io/huggingface/text-generation-inference:3.3.5", "[--model-id=org/m{}]", ", --num-shard=2"),
    "trtllm": ("nvcr.io/nvidia/tensorrt-llm/release:1.0.0", "[trtllm-serve, serve, org/m{}]", ", --tp_size=2"),
}


def alone(engine: str, more: str = "", *, model: Checkpoint = HUGE, pod: str = H100) -> list[Finding]:
    """What is said of an engine whose share of a device is not worked out."""
    image, args, _ = ALONE[engine]
    text = f"args: {args.format(more)}\nresources: {{limits: {{nvidia.com/gpu: 1}}}}"
    return told(case(text, pod, image=image, given=Given(only=model)))


@pytest.mark.parametrize("engine", ALONE)
def test_weights_beyond_all_of_a_device_are_an_error_of_every_engine(engine: str) -> None:
    """130 GiB on one H100; over two of them, with a smaller model or on no known class nothing is said."""
    (found,) = alone(engine)
    assert (found.check, found.severity) == (CHECKS[0], "error")
    assert "The weights of org/m alone take at least" in found.message
    assert "ask for 4 GPUs" in found.remedy or "ask for 2 GPUs" in found.remedy
    assert alone(engine, ALONE[engine][2]) == []
    assert alone(engine, model=LLAMA) == []
    assert alone(engine, pod="") == []


@pytest.mark.parametrize(
    ("engine", "more"),
    [
        ("tgi", ", --quantize=bitsandbytes-nf4"),
        ("tgi", ", --num-shard=$(SHARDS)"),
        ("trtllm", ", --extra_llm_api_options=/unseen.yaml"),
        ("trtllm", ", --tp_size=$(SIZE)"),
    ],
)
def test_weights_of_which_something_is_not_known_are_not_judged(engine: str, more: str) -> None:
    """Quantized while they are loaded, over GPUs that nobody knows, or by a file that nobody sees."""
    assert alone(engine, more) == []


def test_checkpoint_that_is_not_of_16_bits_is_left_to_the_engine() -> None:
    """TensorRT-LLM decides the format of the run by itself, and only half formats are of one size."""
    assert alone("trtllm", model=making.of(LLAMA_8B | {"torch_dtype": "float32", "num_hidden_layers": 320})) == []
