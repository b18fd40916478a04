"""KServe's resources: services with their runtimes, and LLM services with their bases."""

from textwrap import dedent, indent

import pytest

from tests.observe import reading
from tests.observe.reading import POD, only

RUNTIME = """
    apiVersion: serving.kserve.io/v1alpha1
    kind: ServingRuntime
    metadata: {name: rt, namespace: p}
    spec:
      annotations: {scrape: "true"}
      supportedModelFormats: [{name: vLLM, autoSelect: true}]
      nodeSelector: {gpu: h100}
      containers:
        - name: kserve-container
          image: vllm/vllm-openai:v0.11.0
          command: [vllm, serve]
          args: ["/mnt/models", "--served-model-name={{.Name}}"]
          env: [{name: A, value: runtime}, {name: B, value: runtime}]
          resources: {limits: {cpu: 1}}
"""


def service(model: str, predictor: str = "") -> str:
    """An InferenceService."""
    return (
        "apiVersion: serving.kserve.io/v1beta1\nkind: InferenceService\nmetadata: {name: chat, namespace: p}\n"
        f"spec:\n  predictor:\n    model:\n{indent(dedent(model), ' ' * 6)}\n{indent(dedent(predictor), ' ' * 4)}\n"
    )


MODEL = """\
    modelFormat: {name: vLLM}
    name: ""
    storageUri: pvc://m/x
    args: [--dtype=half]
    env: [{name: A, value: own}]
    resources: {limits: {nvidia.com/gpu: 1}}
"""


@pytest.mark.parametrize("name", ["runtime: rt", "protocolVersion: v2"])
def test_service_is_merged_with_its_runtime(name: str) -> None:
    """By name or by format: arguments are appended, variables merged, placeholders filled in."""
    found = only(dedent(RUNTIME) + "---\n" + service(dedent(MODEL) + name, "tolerations: [{key: k}]"))
    engine = found.template.containers[0]
    assert (found.subject.kind, engine.name) == ("InferenceService", "kserve-container")
    assert reading.words(engine.invocations[0]) == [
        "vllm",
        "serve",
        "/mnt/models",
        "--served-model-name=chat",
        "--dtype=half",
    ]
    assert {entry.name: entry.value for entry in engine.env} == {"A": "own", "B": "runtime"}
    assert set(engine.resources.limits) == {"cpu", "nvidia.com/gpu"}
    assert {name: field.value for name, field in engine.fields.items()} == {"model.source_uri": "pvc://m/x"}
    assert [term.key for term in found.template.node_terms] == ["gpu"]
    assert [each.key for each in found.template.tolerations] == ["k"]
    assert found.template.labels["serving.kserve.io/inferenceservice"] == "chat"


def test_cluster_runtime_is_found_by_name() -> None:
    """A ClusterServingRuntime serves every namespace."""
    runtime = dedent(RUNTIME).replace("ServingRuntime", "ClusterServingRuntime").replace(", namespace: p", "")
    found = only(runtime + "---\n" + service(dedent(MODEL) + "runtime: rt"))
    assert found.template.containers[0].image is not None


def test_runtime_that_is_not_in_the_input_is_missing() -> None:
    """Without the runtime the command is unknown, and both are said."""
    found = reading.read(service(dedent(MODEL) + "runtime: gone")).inventory
    engine = found.workloads[0].template.containers[0]
    assert (engine.name, engine.image, reading.words(engine.invocations[0])) == (
        "kserve-container",
        None,
        ["--dtype=half"],
    )
    assert [gap.rule for gap in engine.gaps] == ["serving-runtime"]
    assert [each.ref for each in found.missing] == ["ServingRuntime p/gone"]


def test_runtime_alone_is_one_part_of_a_pod() -> None:
    """A runtime that no service of the input takes is read, and said to be a part."""
    found = only(RUNTIME)
    assert found.subject.kind == "ServingRuntime"
    assert "one part of a pod" in found.notes[0]
    assert (found.template.containers[0].args or ())[1].unresolved == ("{{.Name}}",)


def test_custom_predictor_and_workers_are_read() -> None:
    """Plain containers and a worker spec, with the storage URI from the environment."""
    text = """
        apiVersion: serving.kserve.io/v1beta1
        kind: InferenceService
        metadata: {name: chat}
        spec:
          predictor:
            containers: [{name: kserve-container, image: i, args: [a], env: [{name: STORAGE_URI, value: "s3://b/m"}]}]
            workerSpec: {pipelineParallelSize: 3, containers: [{name: w, image: i}]}
          transformer: {containers: [{name: t, image: i}]}
    """
    found = reading.workloads(text)
    assert [(each.subject.role, each.group_size) for each in found] == [
        ("leader", 3),
        ("worker", 3),
        ("transformer", 1),
    ]
    assert found[0].template.containers[0].fields["model.source_uri"].value == "s3://b/m"


def test_inference_service_of_another_group_is_found_by_shape() -> None:
    """Other API groups use the same kind for something else."""
    text = f"apiVersion: ome.io/v1beta1\nkind: InferenceService\nmetadata: {{name: n}}\nspec: {{engine: {{runner: {POD}}}}}\n"
    found = only(text)
    assert found.generic


LLM = """
    apiVersion: serving.kserve.io/v1alpha1
    kind: LLMInferenceService
    metadata: {name: chat, namespace: p}
    spec:
      model: {uri: "hf://Qwen/Qwen3-8B", name: qwen}
      replicas: 2
      parallelism: {tensor: 4}
      template:
        containers: [{name: main, env: [{name: VLLM_ADDITIONAL_ARGS, value: "--max-model-len 1024 --x='a b'"}]}]
"""


def test_llm_service_gives_its_settings_in_fields() -> None:
    """Model, name and parallelism are fields; the additional arguments are words of an uncertain command."""
    engine = only(LLM).template.containers[0]
    assert {name: field.value for name, field in engine.fields.items()} == {
        "model.source_uri": "hf://Qwen/Qwen3-8B",
        "model.served_name": "qwen",
        "parallelism.tensor": "4",
    }
    invocation = engine.invocations[0]
    assert (invocation.via, invocation.certain) == ("field", False)
    assert reading.words(invocation)[-3:] == ["--max-model-len", "1024", "--x=a b"]
    assert [gap.rule for gap in engine.gaps] == ["preset"]


def test_llm_service_takes_its_base_from_the_input() -> None:
    """A config of the input lies under the service, and is not read by itself."""
    base = """
        apiVersion: serving.kserve.io/v1alpha1
        kind: LLMInferenceServiceConfig
        metadata: {name: base, namespace: p}
        spec:
          template:
            containers: [{name: main, image: i, command: [vllm, serve, /mnt/models, "--served-model-name={{ .Spec.Model.Name }}"]}]
    """
    text = dedent(base) + "---" + dedent(LLM) + "  baseRefs: [{name: base}]\n"
    found = reading.read(text).inventory
    engine = found.workloads[0].template.containers[0]
    assert [each.subject.kind for each in found.workloads] == ["LLMInferenceService"]
    assert reading.words(engine.invocations[0])[-1] == "--served-model-name=qwen"
    assert (found.missing, engine.gaps) == ((), ())


def test_sidecar_of_an_llm_service_is_given_nothing_of_the_engine() -> None:
    """The routing proxy of a decode pod is a native sidecar; the model's fields are not its own."""
    text = """
        apiVersion: serving.kserve.io/v1alpha1
        kind: LLMInferenceService
        metadata: {name: n}
        spec:
          model: {uri: "hf://m", name: m}
          template:
            containers: [{name: main}]
            initContainers: [{name: proxy, restartPolicy: Always, args: [--port=8000]}]
    """
    engine, proxy = only(text).template.containers
    assert (bool(engine.fields), proxy.fields, proxy.gaps) == (True, {}, ())


def test_llm_config_without_a_command_leaves_the_rest_open() -> None:
    """A config that gives no command is laid over a preset, which may set anything else."""
    text = """
        apiVersion: serving.kserve.io/v1alpha1
        kind: LLMInferenceServiceConfig
        metadata: {name: base}
        spec: {template: {containers: [{name: main, image: i}]}}
    """
    assert [gap.rule for gap in only(text).template.containers[0].gaps] == ["preset"]


def test_llm_service_names_the_base_it_misses() -> None:
    """A base that is not in the input is named."""
    found = reading.read(dedent(LLM) + "  baseRefs: [{name: base}]\n").inventory
    assert [each.ref for each in found.missing] == ["LLMInferenceServiceConfig p/base"]


def test_llm_service_with_prefill_has_roles() -> None:
    """Prefill, decode and workers are roles of one service."""
    text = f"""
        apiVersion: serving.kserve.io/v1alpha1
        kind: LLMInferenceService
        metadata: {{name: n}}
        spec:
          template: {POD}
          prefill: {{replicas: 2, template: {POD}, worker: {POD}, parallelism: {{tensor: 2}}}}
    """
    found = reading.workloads(text)
    assert [each.subject.role for each in found] == ["decode", "prefill", "prefill-worker"]
    assert found[1].template.containers[0].fields["parallelism.tensor"].value == "2"
