"""Programs that take an engine's arguments among their own: Dynamo's workers, KServe's Hugging Face server, KAITO's presets."""

import pytest

from skewguard.language.facts import Gap
from tests.assess import wrapped


def pod(image: str, command: str, more: str = "") -> str:
    """A pod with one container."""
    words = ", ".join(f'"{word}"' for word in command.split())
    return (
        "apiVersion: v1\nkind: Pod\nmetadata: {name: n}\nspec:\n  containers:\n    - name: c\n"
        f"      image: {image}\n      command: [{words}]\n{more}"
    )


VLLM = "nvcr.io/nvidia/ai-dynamo/vllm-runtime:0.6.1"
SGLANG = "nvcr.io/nvidia/ai-dynamo/sglang-runtime:0.6.1"
HF = "kserve/huggingfaceserver:v0.15.0-gpu"


def test_dynamo_hands_the_engines_flags_on() -> None:
    """Dynamo's own flags are taken out with their values; what is left is read as vLLM reads it."""
    text = pod(
        VLLM,
        "python3 -m dynamo.vllm --endpoint dyn://a.b.c --model Qwen/Qwen3-8B --is-decode-worker --max-model-len=32k --connector nixl null -tp 2",
    )
    case = wrapped.first(text)
    assert wrapped.values(case, "model.id", "limits.max_model_len", "parallelism.tensor") == ["Qwen/Qwen3-8B", 32000, 2]
    assert wrapped.place(case, "model.id", text) == '"Qwen/Qwen3-8B"'
    assert wrapped.failing(case) == []


def test_a_slip_of_a_flag_of_dynamos_own_is_told() -> None:
    """What it means is Dynamo's; a name that differs by more may be a flag that came later."""
    text = pod(VLLM, "python3 -m dynamo.vllm --model m --is-prefil-worker --is-new-kind-of-worker")
    (found,) = wrapped.told(wrapped.first(text), "args.misspelt")
    assert found.remedy == "write `--is-prefill-worker` instead of `--is-prefil-worker`"


def test_what_a_wrapper_may_set_itself_is_a_gap() -> None:
    """A setting that nobody wrote is not the engine's default: Dynamo has defaults of its own."""
    case = wrapped.first(pod(VLLM, "python3 -m dynamo.vllm --model m"))
    gap = case.sheet.effective("runtime.prefix_caching")
    assert isinstance(gap, Gap)
    assert gap.reason.startswith("Dynamo's vLLM worker gives vLLM arguments of its own")


def test_sizes_that_a_wrapper_leaves_alone_are_the_engines_default() -> None:
    """Dynamo gives no size of parallelism that nobody wrote."""
    case = wrapped.first(pod(VLLM, "python3 -m dynamo.vllm --model m"))
    assert wrapped.values(case, "parallelism.tensor", "parallelism.pipeline") == [1, 1]


def test_sglang_behind_dynamo_takes_abbreviations() -> None:
    """`--tp` is the beginning of a flag of SGLang, and reaches it."""
    case = wrapped.first(pod(SGLANG, "python3 -m dynamo.sglang --model-path m --tp 4 --use-sglang-tokenizer"))
    assert (case.engine, wrapped.values(case, "model.id", "parallelism.tensor")) == ("sglang", ["m", 4])


def test_tensorrt_llm_behind_dynamo_says_its_sizes_by_flags_of_dynamo() -> None:
    """Dynamo's TensorRT-LLM worker has flags of its own, which a file of further arguments overrules."""
    text = pod(
        "nvcr.io/nvidia/ai-dynamo/tensorrtllm-runtime:0.6.1",
        "python3 -m dynamo.trtllm --model-path m --tensor-parallel-size=4 --extra-engine-args /a.yaml",
    )
    case = wrapped.first(text)
    assert wrapped.values(case, "model.id", "parallelism.tensor") == ["m", 4]
    fact = case.sheet.declared("parallelism.tensor")
    assert fact is not None
    assert fact.assumes == ("--extra-engine-args /a.yaml",)


def test_file_of_arguments_overrules_the_flags_of_dynamos_tensorrt_llm() -> None:
    """The entries of `--extra-engine-args` win over the flags, each at its place in the ConfigMap."""
    file = """
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: c}
        data:
          a.yaml: |
            tensor_parallel_size: 8
            kv_cache_config: {dtype: fp8}
            max_seq_len: 4096
    """
    more = "      volumeMounts: [{name: v, mountPath: /etc/trt}]\n  volumes: [{name: v, configMap: {name: c}}]\n"
    command = "python3 -m dynamo.trtllm --model-path m --tensor-parallel-size 4 --extra-engine-args /etc/trt/a.yaml"
    case = wrapped.first(pod("nvcr.io/nvidia/ai-dynamo/tensorrtllm-runtime:1.0.1", command, more), file)
    assert wrapped.values(case, "model.id", "parallelism.tensor", "limits.max_model_len") == ["m", 8, 4096]
    assert wrapped.place(case, "parallelism.tensor", file) == "8"


def test_misspelt_flag_stops_dynamo() -> None:
    """A name that is nearly one of the engine's is told; the image may bring a flag of that name."""
    (found,) = wrapped.told(wrapped.first(pod(VLLM, "python3 -m dynamo.vllm --max-num-sequences 8")), "args.misspelt")
    assert found.severity == "warning"
    assert found.remedy == "write `--max-num-seqs` instead of `--max-num-sequences`"


@pytest.mark.parametrize("flag", ["--dyn-tool-call-parser hermes", "--migration-limit=3", "--some-new-thing 1"])
def test_flags_of_a_wrapper_are_no_fault(flag: str) -> None:
    """Its own flags, and those that a newer version may have, stop nothing."""
    case = wrapped.first(pod(VLLM, f"python3 -m dynamo.vllm --model m {flag}"))
    assert case.parsed is not None
    assert [item.fault for item in case.parsed.arguments if item.fault] == []


def test_parallelism_is_held_against_the_gpus_of_a_wrapped_engine() -> None:
    """Four processes on two GPUs do not start, whoever starts them."""
    more = "      resources: {limits: {nvidia.com/gpu: 2}}\n"
    case = wrapped.first(pod(VLLM, "python3 -m dynamo.vllm --model m --tensor-parallel-size 4", more))
    assert wrapped.failing(case) == ["parallel.too-few-gpus --tensor-parallel-size"]


def test_hugging_face_server_names_the_model_in_its_own_words() -> None:
    """`--model_id`, `--model_name`, `--model_revision` and `--max_length` are flags of vLLM under another name."""
    text = pod(
        HF,
        "python -m huggingfaceserver --model_name chat --model_id a/b --model_revision main --max_length 2048 --backend=vllm --dtype half",
    )
    case = wrapped.first(text)
    names = ("model.served_name", "model.id", "model.revision", "limits.max_model_len", "runtime.dtype")
    assert wrapped.values(case, *names) == ["chat", "a/b", "main", 2048, "half"]


def test_hugging_face_server_drops_what_it_does_not_know() -> None:
    """It parses only what it knows: a misspelt flag has no effect, and nobody says so."""
    (found,) = wrapped.told(wrapped.first(pod(HF, "python -m huggingfaceserver --max_modle_len=1")), "args.ignored")
    assert (found.severity, found.setting) == ("error", "limits.max_model_len")
    assert "drops it in silence" in found.message


def test_arguments_of_an_image_that_starts_a_wrapper_are_read() -> None:
    """Without a command the image's own entrypoint is the Hugging Face server."""
    text = f"apiVersion: v1\nkind: Pod\nmetadata: {{name: n}}\nspec: {{containers: [{{name: c, image: {HF}, args: [--model_id=a/b]}}]}}\n"
    assert wrapped.values(wrapped.first(text), "model.id") == ["a/b"]


KAITO = """
    apiVersion: kaito.sh/v1beta1
    kind: Workspace
    metadata: {name: w}
    resource: {instanceType: Standard_NC48ads_A100_v4, labelSelector: {matchLabels: {apps: w}}}
    inference: {preset: {name: phi-4}, config: params}
"""
PARAMS = """
    apiVersion: v1
    kind: ConfigMap
    metadata: {name: params}
    data:
      inference_config.yaml: |
        vllm:
          max-model-len: 4096
          tensor-parallel-size: 2
          %s
"""


def test_kaito_reads_its_config_map_as_arguments() -> None:
    """The entries under `vllm:` are vLLM's flags, each at its place in the ConfigMap."""
    text = PARAMS % "served-model-name: chat"
    case = wrapped.first(KAITO, text)
    assert wrapped.values(case, "limits.max_model_len", "parallelism.tensor", "model.served_name") == [4096, 2, "chat"]
    assert wrapped.place(case, "limits.max_model_len", text) == "4096"


def test_kaito_names_the_nodes_it_makes() -> None:
    """The instance type says which GPU."""
    assert wrapped.values(wrapped.first(KAITO, PARAMS % ""), "hardware.gpu_class") == ["A100-80GB-PCIe"]


@pytest.mark.parametrize(
    ("resource", "count"),
    [
        ("instanceType: Standard_NC24ads_A100_v4", 1),
        ("instanceType: Standard_ND96isr_H100_v5", 8),
        ("instanceType: Standard_Other", None),
        ("instanceType: Standard_ND96isr_H100_v5, partition: {mode: accelerator, count: 2}", None),
    ],
)
def test_kaito_asks_for_all_gpus_of_the_nodes_it_makes(resource: str, count: int | None) -> None:
    """As many as the machine has; a machine that is not known, or split, has none that can be counted."""
    text = KAITO.replace("instanceType: Standard_NC48ads_A100_v4", resource)
    assert wrapped.values(wrapped.first(text, PARAMS % ""), "hardware.gpu_count") == [count]


def test_kaito_parallelism_beyond_its_node_is_unknown() -> None:
    """How many nodes serve one copy KAITO works out itself."""
    small = KAITO.replace("NC48ads", "NC24ads")
    (found,) = wrapped.told(wrapped.first(small, PARAMS % ""), "parallel.too-few-gpus")
    assert found.verdict == "unknown"


def test_kaito_turns_a_switch_on_that_is_written_false() -> None:
    """KAITO writes `--flag False`, and vLLM takes the flag as on and the word as its model."""
    case = wrapped.first(KAITO, PARAMS % "trust-remote-code: false")
    (found,) = wrapped.told(case, "args.ignored")
    assert "the switch is on whatever it says" in found.message


def test_kaito_switch_that_is_written_true_is_on() -> None:
    """The word `True` behind the switch changes nothing."""
    case = wrapped.first(KAITO, PARAMS % "trust-remote-code: true")
    assert (wrapped.values(case, "runtime.trust_remote_code"), wrapped.failing(case)) == ([True], [])


def test_kaito_refuses_an_entry_that_vllm_does_not_know() -> None:
    """The preset's parser ends at a name that no vLLM has."""
    assert wrapped.failing(wrapped.first(KAITO, PARAMS % "max-num-sequences: 8")) == [
        "args.misspelt --max-num-sequences"
    ]


def test_kaito_entry_is_mended_as_an_entry() -> None:
    """Its names have no dashes before them."""
    (found,) = wrapped.told(wrapped.first(KAITO, PARAMS % "max-num-sequences: 8"), "args.misspelt")
    assert "`max-num-sequences` is a flag of neither" in found.message
    assert found.remedy.startswith("write `max-num-seqs` in the line `max-num-sequences`")


def test_kaito_config_map_that_is_not_in_the_input_hides_everything() -> None:
    """Its entries overrule the preset's, so that nothing is known."""
    case = wrapped.first(KAITO)
    gap = case.sheet.effective("limits.max_model_len")
    assert isinstance(gap, Gap)
    assert [item.ref for item in case.inventory.missing] == ["ConfigMap params"]


def test_kaito_workspace_of_another_runtime_is_no_vllm() -> None:
    """The annotation chooses KAITO's own server for plain transformers."""
    text = KAITO.replace("{name: w}", "{name: w, annotations: {kaito.sh/runtime: transformers}}")
    assert wrapped.engines(text) == []


def test_kaito_template_is_read_as_a_pod() -> None:
    """The user's own template holds the engine's command."""
    text = """
        apiVersion: kaito.sh/v1beta1
        kind: Workspace
        metadata: {name: w}
        resource: {instanceType: Standard_NC24ads_A100_v4}
        inference: {template: {spec: {containers: [{name: c, image: "vllm/vllm-openai:v0.11.0", args: [--model=m], resources: {limits: {nvidia.com/gpu: 1}}}]}}}
    """
    case = wrapped.first(text)
    assert wrapped.values(case, "model.id", "runtime.version") == ["m", "0.11.0"]
    assert wrapped.values(case, "hardware.gpu_class") == ["A100-80GB-PCIe"]
    assert wrapped.told(case, "hardware.gpu-class") == []


def test_misspelt_field_of_a_vllm_runtime_is_an_error() -> None:
    """The API server prunes a field that the resource does not have."""
    text = """
        apiVersion: production-stack.vllm.ai/v1alpha1
        kind: VLLMRuntime
        metadata: {name: n}
        spec: {model: {modelURL: m, max_model_len: 4096}, vllmConfig: {brandNew: 1}, deploymentConfig: {image: {name: vllm}}}
    """
    (found,) = wrapped.told(wrapped.first(text), "facts.unknown-field")
    assert found.anchor == "max_model_len"
    assert "the nearest is `maxModelLen`" in found.message


def test_model_service_of_llm_d_leaves_the_rest_to_its_controller() -> None:
    """Model and parallelism are fields; its base configuration may add anything else."""
    text = """
        apiVersion: llm-d.ai/v1alpha1
        kind: ModelService
        metadata: {name: n}
        spec:
          modelArtifacts: {uri: "hf://a/b"}
          routing: {modelName: chat}
          decode:
            replicas: 2
            parallelism: {tensor: 2}
            acceleratorTypes: {labelKey: nvidia.com/gpu.product, labelValues: [NVIDIA-H100-80GB-HBM3]}
            containers: [{name: vllm, image: "ghcr.io/llm-d/llm-d:v0.2.0", args: [--max-model-len=1024]}]
    """
    case = wrapped.first(text)
    names = (
        "model.source_uri",
        "model.served_name",
        "parallelism.tensor",
        "limits.max_model_len",
        "limits.max_num_seqs",
        "hardware.gpu_class",
    )
    found = wrapped.values(case, *names)
    assert (case.workload.subject.role, found) == ("decode", ["hf://a/b", "chat", 2, 1024, None, "H100-80GB-SXM"])


@pytest.mark.parametrize(
    ("api", "kind", "spec"),
    [
        (
            "grove.io/v1alpha1",
            "PodCliqueSet",
            "template: {cliques: [{name: decode, spec: {replicas: 2, podSpec: %s}}]}",
        ),
        (
            "workload.serving.volcano.sh/v1alpha1",
            "ModelServing",
            "template: {roles: [{name: decode, entryTemplate: {spec: %s}}]}",
        ),
        (
            "ome.io/v1beta1",
            "ClusterServingRuntime",
            "engineConfig: {runner: {name: c, image: 'vllm/vllm-openai:v0.11.0', args: [--model=m]}}",
        ),
    ],
)
def test_platform_without_a_reader_of_its_own_is_found_by_shape(api: str, kind: str, spec: str) -> None:
    """A pod template, or a container that runs an engine, is found wherever it stands."""
    containers = "{containers: [{name: c, image: 'vllm/vllm-openai:v0.11.0', args: [--model=m]}]}"
    text = f"apiVersion: {api}\nkind: {kind}\nmetadata: {{name: n}}\nspec: {{{spec.replace('%s', containers)}}}\n"
    assert wrapped.values(wrapped.first(text), "model.id", "runtime.version") == ["m", "0.11.0"]


HF_SERVICE = """
    apiVersion: serving.kserve.io/v1beta1
    kind: InferenceService
    metadata: {name: chat, namespace: p}
    spec:
      predictor:
        model:
          modelFormat: {name: huggingface}
          args: [--model_name=llama, --model_id=a/b, --max_model_len=4096]
"""
HF_RUNTIME = """
    apiVersion: serving.kserve.io/v1alpha1
    kind: ClusterServingRuntime
    metadata: {name: rt}
    spec:
      supportedModelFormats: [{name: huggingface, autoSelect: true}]
      containers: [{name: kserve-container, image: "kserve/huggingfaceserver:v0.15.0", args: ["--model_name={{.Name}}", %s]}]
"""


def test_service_overrules_its_runtime_without_a_fault() -> None:
    """KServe puts the service's arguments behind the runtime's, and the last one wins: so it is meant."""
    case = wrapped.first(HF_SERVICE, HF_RUNTIME % "--backend=vllm")
    assert wrapped.values(case, "model.served_name", "model.id", "limits.max_model_len") == ["llama", "a/b", 4096]
    (found,) = wrapped.told(case, "args.duplicated")
    assert found.severity == "note"


def test_service_that_says_one_thing_twice_is_at_fault() -> None:
    """Two values in the service's own arguments: the first is lost."""
    twice = HF_SERVICE.replace("--model_id=a/b", "--model_id=a/b, --model_id=c/d")
    assert wrapped.failing(wrapped.first(twice, HF_RUNTIME % "--backend=vllm")) == ["args.duplicated --model"]


def test_service_of_a_runtime_that_is_not_in_the_input_is_an_engine_by_its_format() -> None:
    """KServe's own runtime serves the format `huggingface`; what else it says is unknown."""
    case = wrapped.first(HF_SERVICE)
    assert wrapped.values(case, "model.served_name", "limits.max_model_len", "parallelism.tensor") == [
        "llama",
        4096,
        None,
    ]
    gap = case.sheet.effective("limits.max_num_seqs")
    assert isinstance(gap, Gap)
    assert gap.rule == "serving-runtime"


@pytest.mark.parametrize(
    ("runtime", "engine"), [("vllm-runtime", "vllm"), ("team-sglang", "sglang"), ("mlserver", None)]
)
def test_runtime_that_is_not_in_the_input_is_known_by_its_name(runtime: str, engine: str | None) -> None:
    """A name that says which engine; any other is no engine that anybody could tell."""
    text = HF_SERVICE.replace(
        "modelFormat: {name: huggingface}", f"modelFormat: {{name: custom}}\n          runtime: {runtime}"
    )
    assert [case.engine for case in wrapped.engines(text)] == ([engine] if engine else [])


def test_service_of_another_format_is_no_engine() -> None:
    """A classical model is served by something else."""
    assert wrapped.engines(HF_SERVICE.replace("huggingface", "sklearn")) == []
