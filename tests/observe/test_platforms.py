"""Resources of serving platforms: NIM, KAITO, production-stack, KubeAI, Dynamo and AIBrix."""

import pytest

from tests.observe import reading
from tests.observe.reading import TEMPLATE, only, told


def test_nim_service_is_a_container_of_its_own_fields() -> None:
    """Repository and tag make the image; the spec is the container."""
    text = """
        apiVersion: apps.nvidia.com/v1alpha1
        kind: NIMService
        metadata: {name: n}
        spec:
          image: {repository: nvcr.io/nim/meta/llama, tag: "1.0.3"}
          replicas: 2
          args: [a]
          env: [{name: A, value: b}]
          nodeSelector: {gpu: h100}
          resources: {limits: {nvidia.com/gpu: 1}}
          scale: {enabled: true, hpa: {minReplicas: 1, maxReplicas: 4, metrics: [{type: Resource, resource: {name: cpu}}]}}
    """
    found = reading.read(text).inventory
    engine = found.workloads[0].template.containers[0]
    assert engine.image is not None
    assert (engine.name, engine.image.value, [entry.value for entry in engine.env]) == (
        "n",
        "nvcr.io/nim/meta/llama:1.0.3",
        ["b"],
    )
    assert [term.key for term in found.workloads[0].template.node_terms] == ["gpu"]
    assert [(each.target_kind, each.signals[0].kind) for each in found.autoscalers] == [("NIMService", "cpu")]


def test_nim_service_tells_the_server_by_variables() -> None:
    """The operator makes them of fields; what `env` says of the same name goes before."""
    text = """
        apiVersion: apps.nvidia.com/v1alpha1
        kind: NIMService
        metadata: {name: n}
        spec:
          image: {repository: r, tag: "1"}
          env: [{name: NIM_TENSOR_PARALLEL_SIZE, value: "4"}, {name: NIM_MAX_MODEL_LEN, value: "4096"}]
          storage: {nimCache: {name: c, profile: theirs}}
          multiNode: {parallelism: {tensor: 8, pipeline: 2}}
    """
    found = only(text)
    assert [(entry.name, entry.value) for entry in found.template.containers[0].env] == [
        ("NIM_TENSOR_PARALLEL_SIZE", "4"),
        ("NIM_MAX_MODEL_LEN", "4096"),
        ("NIM_MODEL_PROFILE", "theirs"),
        ("NIM_PIPELINE_PARALLEL_SIZE", "2"),
    ]
    assert found.group_size == 2


def test_nim_service_asks_for_devices_by_claims() -> None:
    """`draResources` become the container's claims."""
    text = """
        apiVersion: apps.nvidia.com/v1alpha1
        kind: NIMService
        metadata: {name: n}
        spec: {image: {repository: r, tag: "1"}, draResources: [{claimCreationSpec: {devices: []}}]}
    """
    assert len(only(text).template.containers[0].resources.claims) == 1


def test_nim_service_over_several_nodes_is_a_group() -> None:
    """One pod for each pipeline stage, and the tensor parallelism inside it."""
    text = """
        apiVersion: apps.nvidia.com/v1alpha1
        kind: NIMService
        metadata: {name: n}
        spec: {image: {repository: r, tag: "1"}, multiNode: {parallelism: {pipeline: 2, tensor: 8}}}
    """
    found = only(text)
    env = {entry.name: entry.value for entry in found.template.containers[0].env}
    assert (found.group_size, env) == (2, {"NIM_TENSOR_PARALLEL_SIZE": "8", "NIM_PIPELINE_PARALLEL_SIZE": "2"})


def test_nim_pipeline_makes_its_services() -> None:
    """Each service that is not switched off is a role of its own."""
    text = """
        apiVersion: apps.nvidia.com/v1alpha1
        kind: NIMPipeline
        metadata: {name: n}
        spec:
          services:
            - {name: llm, enabled: true, spec: {image: {repository: r, tag: "1"}, replicas: 2}}
            - {name: embed, enabled: false, spec: {image: {repository: r, tag: "1"}}}
    """
    assert told(text) == [("NIMPipeline", "llm", ["llm"])]


def test_workspace_takes_a_template_or_a_preset() -> None:
    """KAITO's template is a pod; its preset is a name, with settings from a ConfigMap of the input."""
    head = (
        "apiVersion: kaito.sh/v1beta1\nkind: Workspace\nmetadata: {name: n}\nresource: {instanceType: Standard_NC24}\n"
    )
    config = (
        "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: params}\ndata:\n  inference_config.yaml: |\n"
        "    vllm:\n      max-model-len: 4096\n      swap-space: 4\n"
    )
    assert told(f"{head}inference: {{template: {TEMPLATE}}}\n") == [("Workspace", None, ["c"])]
    engine = only(f"{head}inference: {{preset: {{name: phi-4}}, config: params}}\n{config}").template.containers[0]
    assert {name: field.value for name, field in engine.fields.items()} == {"model.source_uri": "kaito://phi-4"}
    assert reading.words(engine.invocations[0])[1:] == ["--kaito-config-file", engine.files[0].path]
    assert "max-model-len: 4096" in (engine.files[0].text or "")
    missing = reading.read(f"{head}inference: {{preset: {{name: phi-4}}, config: params}}\n").inventory.missing
    assert [each.ref for each in missing] == ["ConfigMap params"]


def test_vllm_runtime_becomes_the_operators_command_line() -> None:
    """The fields of production-stack's VLLMRuntime are the words its operator writes."""
    text = """
        apiVersion: production-stack.vllm.ai/v1alpha1
        kind: VLLMRuntime
        metadata: {name: n}
        spec:
          model: {modelURL: Qwen/Qwen3-8B, maxModelLen: 4096, dtype: bfloat16, enableLoRA: false}
          vllmConfig: {tensorParallelSize: 2, enablePrefixCaching: true, extraArgs: ["--x"], env: [{name: A, value: b}]}
          deploymentConfig:
            replicas: 2
            resources: {cpu: "5", gpu: "2"}
            image: {registry: docker.io, name: "lmcache/vllm-openai:v0.3"}
    """
    found = only(text)
    engine = found.template.containers[0]
    assert reading.words(engine.invocations[0]) == [
        "vllm", "serve", "Qwen/Qwen3-8B", "--host", "0.0.0.0",  # noqa: S104  # what the operator writes
        "--no-enable-chunked-prefill", "--enable-prefix-caching", "--max-model-len",
        "4096", "--dtype", "bfloat16", "--tensor-parallel-size", "2", "--x",
    ]  # fmt: skip
    assert engine.image is not None
    assert engine.image.value == "docker.io/lmcache/vllm-openai:v0.3"
    assert [(entry.name, entry.value) for entry in engine.env] == [("VLLM_USE_V1", "0"), ("A", "b")]
    assert engine.resources.limits["nvidia.com/gpu"].value == "2"


def test_vllm_runtime_gets_what_its_operator_adds() -> None:
    """The connector for LMCache, the engine's generation, shared memory, storage and the nodes that are asked for."""
    text = """
        apiVersion: production-stack.vllm.ai/v1alpha1
        kind: VLLMRuntime
        metadata: {name: n}
        spec:
          model: {modelURL: m, enableLoRA: true}
          vllmConfig: {v1: true}
          lmCacheConfig: {enabled: true}
          storageConfig: {enabled: true, mountPath: /cache}
          deploymentConfig:
            shmSize: 4Gi
            nodeSelectorTerms: [{matchExpressions: [{key: gpu, operator: In, values: [h100]}]}]
            image: {name: i}
    """
    found = only(text)
    engine = found.template.containers[0]
    assert reading.words(engine.invocations[0])[-2:] == [
        "--kv-transfer-config",
        '{"kv_connector":"LMCacheConnectorV1","kv_role":"kv_both"}',
    ]
    assert {entry.name: entry.value for entry in engine.env}["VLLM_USE_V1"] == "1"
    assert [mount.path for mount in engine.mounts] == ["/dev/shm", "/cache"]  # noqa: S108  # inside the container
    assert [(term.key, term.values) for term in found.template.node_terms] == [("gpu", ("h100",))]


def test_kubeai_model_becomes_the_operators_command_line() -> None:
    """KubeAI starts the engine with model, name and the arguments written."""
    text = "apiVersion: kubeai.org/v1\nkind: Model\nmetadata: {name: n}\nspec: {engine: VLLM, url: 'hf://Qwen/Qwen3-8B', args: [--x], env: {A: b}}"
    engine = only(text).template.containers[0]
    assert reading.words(engine.invocations[0])[3:] == ["--model=Qwen/Qwen3-8B", "--served-model-name=n", "--x"]
    assert [(entry.name, entry.value) for entry in engine.env] == [("A", "b")]


def test_dynamo_graph_holds_services_or_components() -> None:
    """Both versions of a DynamoGraphDeployment are read, with their shared variables and GPUs."""
    old = """
        apiVersion: nvidia.com/v1alpha1
        kind: DynamoGraphDeployment
        metadata: {name: n}
        spec:
          envs: [{name: A, value: shared}]
          services:
            Frontend: {componentType: frontend, extraPodSpec: {mainContainer: {image: i}}}
            Prefill:
              replicas: 2
              resources: {limits: {gpu: "2"}}
              extraPodSpec: {nodeSelector: {a: b}, mainContainer: {image: i, command: [python3, -m, dynamo.vllm], args: [--x]}}
    """
    found = reading.workloads(old)
    assert [each.subject.role for each in found] == ["Frontend", "prefill"]
    engine = found[1].template.containers[0]
    assert (engine.resources.limits["nvidia.com/gpu"].value, engine.env[0].value) == ("2", "shared")
    assert found[1].replicas is not None
    new = (
        "apiVersion: nvidia.com/v1beta1\nkind: DynamoGraphDeployment\nmetadata: {name: n}\n"
        f"spec: {{components: [{{name: decode, replicas: 1, podTemplate: {TEMPLATE}}}, {{name: web, podTemplate: {TEMPLATE}}}]}}\n"
    )
    assert told(new) == [("DynamoGraphDeployment", "decode", ["c"]), ("DynamoGraphDeployment", "web", ["c"])]


def test_dynamo_component_is_an_object_of_its_own() -> None:
    """What the operator makes of a graph's component holds the same fields."""
    text = """
        apiVersion: nvidia.com/v1alpha1
        kind: DynamoComponentDeployment
        metadata: {name: n}
        spec:
          serviceName: Worker
          multinode: {nodeCount: 2}
          livenessProbe: {httpGet: {path: /live, port: 9090}}
          resources: {limits: {gpu: "4", gpuType: gpu.intel.com/xe, cpu: "8"}}
          extraPodSpec: {mainContainer: {image: i, command: [python3, -m, dynamo.vllm]}}
    """
    found = only(text)
    engine = found.template.containers[0]
    assert (found.subject.role, found.group_size) == ("Worker", 2)
    assert {name: held.value for name, held in engine.resources.limits.items()} == {"gpu.intel.com/xe": "4", "cpu": "8"}
    assert engine.liveness is not None


def test_dynamo_main_container_gets_the_graphs_variables_first() -> None:
    """In v1beta1 the container called `main` is the component's own; others are sidecars."""
    text = """
        apiVersion: nvidia.com/v1beta1
        kind: DynamoGraphDeployment
        metadata: {name: n}
        spec:
          env: [{name: A, value: graph}, {name: B, value: graph}]
          components:
            - name: Worker
              type: decode
              podTemplate: {spec: {containers: [{name: main, image: i, env: [{name: A, value: own}]}, {name: side, image: j}]}}
    """
    found = only(text)
    main, side = found.template.containers
    assert (found.subject.role, side.env) == ("decode", ())
    assert [(entry.name, entry.value) for entry in main.env] == [("A", "graph"), ("B", "graph"), ("A", "own")]


def test_dynamo_frontend_without_a_command_runs_the_frontend() -> None:
    """The operator's own command for a frontend starts no engine."""
    text = """
        apiVersion: nvidia.com/v1alpha1
        kind: DynamoGraphDeployment
        metadata: {name: n}
        spec: {services: {Web: {componentType: frontend, extraPodSpec: {mainContainer: {image: i}}}}}
    """
    engine = only(text).template.containers[0]
    assert reading.words(engine.invocations[0]) == ["python3", "-m", "dynamo.frontend"]


@pytest.mark.parametrize(
    ("kind", "spec", "roles"),
    [
        ("StormService", f"{{template: {{spec: {{roles: [{{name: prefill, template: {TEMPLATE}}}, {{name: decode, template: {TEMPLATE}}}]}}}}}}", ["prefill", "decode"]),
        ("RoleSet", f"{{roles: [{{name: a, template: {TEMPLATE}}}]}}", [None]),
        ("PodSet", f"{{template: {TEMPLATE}}}", [None]),
    ],
)  # fmt: skip
def test_aibrix_kinds_hold_roles(kind: str, spec: str, roles: list[str | None]) -> None:
    """The roles of AIBrix' kinds are found in their lists."""
    text = f"apiVersion: orchestration.aibrix.ai/v1alpha1\nkind: {kind}\nmetadata: {{name: n}}\nspec: {spec}\n"
    found = reading.workloads(text)
    assert ([each.subject.role for each in found], [each.generic for each in found]) == (roles, [False] * len(roles))


def test_pods_of_an_aibrix_role_act_together_as_it_says() -> None:
    """`podGroupSize`; without it each pod serves by itself, and a number that is none yet leaves it open."""
    roles = ", ".join(
        f"{{name: {name}, {more}template: {TEMPLATE}}}"
        for name, more in (("prefill", ""), ("decode", "podGroupSize: 4, "), ("mixed", "podGroupSize: ${N}, "))
    )
    text = f"apiVersion: orchestration.aibrix.ai/v1alpha1\nkind: RoleSet\nmetadata: {{name: n}}\nspec: {{roles: [{roles}]}}\n"
    assert [each.group_size for each in reading.workloads(text.replace("${N}", "'${N}'"))] == [1, 4, None]
