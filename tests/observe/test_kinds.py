"""Every kind people serve models with, and what it is taken apart into."""

from textwrap import dedent, indent

import pytest

from skewguard.language.workloads import Workload
from tests.observe import reading

POD = "{containers: [{name: c, image: i, args: [a]}]}"
TEMPLATE = f"{{metadata: {{labels: {{app: x}}}}, spec: {POD}}}"


def told(*texts: str) -> list[tuple[str, str | None, list[str]]]:
    """(kind, role, container names) of each workload."""
    return [
        (each.subject.kind, each.subject.role, [item.name for item in each.template.containers])
        for each in reading.workloads(*texts)
    ]


def only(text: str) -> Workload:
    """The one workload of a text."""
    found = reading.workloads(text)
    assert len(found) == 1
    return found[0]


@pytest.mark.parametrize(
    ("api", "kind", "spec"),
    [
        ("v1", "Pod", POD),
        ("apps/v1", "Deployment", f"{{template: {TEMPLATE}}}"),
        ("apps/v1", "StatefulSet", f"{{template: {TEMPLATE}}}"),
        ("apps/v1", "DaemonSet", f"{{template: {TEMPLATE}}}"),
        ("apps/v1", "ReplicaSet", f"{{template: {TEMPLATE}}}"),
        ("batch/v1", "Job", f"{{template: {TEMPLATE}}}"),
        ("batch/v1", "CronJob", f"{{jobTemplate: {{spec: {{template: {TEMPLATE}}}}}}}"),
        ("argoproj.io/v1alpha1", "Rollout", f"{{template: {TEMPLATE}}}"),
        ("serving.knative.dev/v1", "Service", f"{{template: {TEMPLATE}}}"),
    ],
)
def test_plain_kinds_hold_one_template(api: str, kind: str, spec: str) -> None:
    """Each of these makes pods from one template."""
    found = only(f"apiVersion: {api}\nkind: {kind}\nmetadata: {{name: n, namespace: s}}\nspec: {spec}\n")
    subject = found.subject
    assert (subject.kind, subject.name, subject.namespace, subject.role) == (kind, "n", "s", None)
    assert (found.api_version, found.generic, found.group_size) == (api, False, 1)
    assert [item.name for item in found.template.containers] == ["c"]


def test_subject_names_its_document() -> None:
    """A workload says which document of which file it is."""
    text = f"# only a comment\n---\nkind: List\napiVersion: v1\nitems:\n- {{apiVersion: v1, kind: Pod, metadata: {{name: n}}, spec: {POD}}}\n"
    source = reading.workloads(text)[0].subject.source
    assert source is not None
    assert (source.path, source.document) == (reading.FILE, 1)


@pytest.mark.parametrize(
    ("replicas", "expected"), [("replicas: 0", 0), ("replicas: 3", 3), ("replicas: null", None), ("paused: true", None)]
)
def test_replicas_are_those_that_are_written(replicas: str, expected: int | None) -> None:
    """Zero is a number, and an absent one is absent."""
    found = only(
        f"apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: n}}\nspec: {{{replicas}, template: {TEMPLATE}}}\n"
    )
    assert (found.replicas.value if found.replicas else None) == expected


def test_lists_of_any_depth_are_opened() -> None:
    """`List`, `DeploymentList` and lists in lists hold objects."""
    pod = f"{{apiVersion: v1, kind: Pod, metadata: {{name: n}}, spec: {POD}}}"
    text = f"apiVersion: v1\nkind: List\nitems: [{{apiVersion: v1, kind: PodList, items: [{pod}, {pod}]}}, {pod}]\n"
    assert len(told(text)) == 3


def test_template_of_openshift_holds_objects() -> None:
    """An OpenShift Template is opened like a list."""
    pod = f"{{apiVersion: v1, kind: Pod, metadata: {{name: n}}, spec: {POD}}}"
    text = f"apiVersion: template.openshift.io/v1\nkind: Template\nmetadata: {{name: t}}\nobjects: [{pod}]\n"
    assert told(text) == [("Pod", None, ["c"])]


def test_exported_object_is_read_without_its_status() -> None:
    """What the API server adds to an object is no part of what was written."""
    text = f"""
        apiVersion: v1
        kind: Pod
        metadata:
          name: n
          annotations: {{kubectl.kubernetes.io/last-applied-configuration: '{{"spec": 1}}', mine: x}}
          managedFields: [{{fieldsV1: {{"f:spec": {{}}}}}}]
        spec: {POD}
        status: {{containers: [{{name: fake, image: y}}]}}
    """
    found = only(text)
    assert [item.name for item in found.template.containers] == ["c"]
    assert list(found.annotations) == ["mine"]


def test_rollout_runs_another_objects_template() -> None:
    """A Rollout with `workloadRef` is read with the Deployment's template, and the Deployment no second time."""
    text = f"""
        apiVersion: apps/v1
        kind: Deployment
        metadata: {{name: d}}
        spec: {{replicas: 0, template: {TEMPLATE}}}
        ---
        apiVersion: argoproj.io/v1alpha1
        kind: Rollout
        metadata: {{name: r}}
        spec: {{replicas: 4, workloadRef: {{apiVersion: apps/v1, kind: Deployment, name: d}}}}
    """
    found = only(text)
    assert (found.subject.kind, found.replicas.value if found.replicas else None) == ("Rollout", 4)


def test_rollout_without_its_object_is_missing() -> None:
    """A `workloadRef` to something outside the input is said."""
    text = "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {name: r, namespace: p}\nspec: {workloadRef: {kind: Deployment, name: d}}"
    found = reading.read(text).inventory
    assert ([each.ref for each in found.missing], found.workloads) == (["Deployment p/d"], ())


def lws(inner: str) -> str:
    """A LeaderWorkerSet."""
    return (
        "apiVersion: leaderworkerset.x-k8s.io/v1\nkind: LeaderWorkerSet\nmetadata: {name: n}\n"
        f"spec: {{replicas: 2, leaderWorkerTemplate: {{{inner}}}}}\n"
    )


def test_leader_and_workers_are_a_group() -> None:
    """A LeaderWorkerSet has two roles that know each other and the size of their group."""
    found = reading.workloads(lws(f"size: 4, leaderTemplate: {TEMPLATE}, workerTemplate: {TEMPLATE}"))
    assert [(each.subject.role, each.group_size, [item.role for item in each.members]) for each in found] == [
        ("leader", 4, ["worker"]),
        ("worker", 4, ["leader"]),
    ]
    assert found[0].template.labels == {
        "app": "x",
        "leaderworkerset.sigs.k8s.io/name": "n",
        "leaderworkerset.sigs.k8s.io/worker-index": "0",
    }


def test_group_of_workers_alone_has_one_template() -> None:
    """Without a leader template every pod of the group is made from the worker's."""
    found = only(lws(f"size: 2, workerTemplate: {TEMPLATE}"))
    assert (found.subject.role, found.group_size, found.members) == (None, 2, ())


def test_disaggregated_set_holds_a_group_for_each_role() -> None:
    """Each role of a DisaggregatedSet is a LeaderWorkerSet of its own."""
    role = f"leaderWorkerTemplate: {{size: 2, workerTemplate: {TEMPLATE}}}"
    text = (
        "apiVersion: disaggregatedset.x-k8s.io/v1\nkind: DisaggregatedSet\nmetadata: {name: n}\n"
        f"spec: {{roles: [{{name: prefill, replicas: 2, {role}}}, {{name: decode, {role}}}]}}\n"
    )
    assert [role for _, role, _ in told(text)] == ["prefill", "decode"]


RAY = f"""
    apiVersion: ray.io/v1
    kind: RayService
    metadata: {{name: n}}
    spec:
      serveConfigV2: |
        applications:
          - import_path: ray.serve.llm:build_openai_app
            args:
              llm_configs:
                - model_loading_config: {{model_id: chat, model_source: Qwen/Qwen3-8B}}
                  engine_kwargs: {{max_model_len: 4096, dtype: "bfloat16", seed: 1, enforce_eager: true}}
                  deployment_config: {{autoscaling_config: {{min_replicas: 1, max_replicas: 3}}}}
      rayClusterConfig:
        headGroupSpec: {{template: {TEMPLATE}}}
        workerGroupSpecs: [{{groupName: g, replicas: 2, numOfHosts: 2, template: {TEMPLATE}}}]
"""


def test_ray_cluster_is_a_head_and_workers() -> None:
    """Head and worker groups are roles of one server."""
    found = reading.workloads(RAY)
    assert [(each.subject.role, each.group_size) for each in found] == [("leader", 5), ("worker", 5)]


def test_ray_serve_arguments_are_words_with_their_place() -> None:
    """What stands in the YAML text inside the YAML is handed to the engine word by word, each where it is written."""
    text = dedent(RAY)
    (start,) = reading.workloads(text)[0].template.containers[0].invocations
    assert reading.words(start) == [
        "ray.serve.llm",
        *("model", "Qwen/Qwen3-8B"),
        *("served_model_name", "chat"),
        *("max_model_len", "4096"),
        *("dtype", "bfloat16"),
        *("seed", "1"),
        *("enforce_eager", "true"),
    ]
    places = [
        (token.text, written.strip('"'))
        for token, written in zip(start.argv, reading.slices(start.argv, text), strict=True)
    ]
    assert [pair for pair in places[5:] if pair[0] != pair[1]] == []


def test_ray_serve_autoscaling_is_an_autoscaler() -> None:
    """Ray Serve scales on ongoing requests."""
    found = reading.read(RAY).inventory.autoscalers
    assert [(each.target_kind, [signal.kind for signal in each.signals]) for each in found] == [
        ("RayService", ["concurrency"])
    ]


@pytest.mark.parametrize(("kind", "path"), [("RayCluster", "spec"), ("RayJob", "spec: {rayClusterSpec")])
def test_other_ray_kinds_are_read(kind: str, path: str) -> None:
    """RayCluster and RayJob hold the cluster at their own paths."""
    inner = f"headGroupSpec: {{template: {TEMPLATE}}}, workerGroupSpecs: [{{minReplicas: 1, maxReplicas: 4, template: {TEMPLATE}}}]"
    spec = f"{path}: {{{inner}}}" + ("}" if "{" in path else "")
    found = reading.workloads(f"apiVersion: ray.io/v1\nkind: {kind}\nmetadata: {{name: n}}\n{spec}\n")
    assert [(each.subject.role, each.group_size) for each in found] == [("leader", None), ("worker", None)]


# ---- KServe --------------------------------------------------------------------------------------------------------

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


# ---- other platforms -----------------------------------------------------------------------------------------------


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


def test_unknown_kind_is_found_by_its_shape() -> None:
    """Any other kind that holds a pod template is read and said to be read so."""
    roles = f"[{{name: prefill, replicas: 2, entryTemplate: {TEMPLATE}, workerTemplate: {TEMPLATE}}}]"
    text = (
        "apiVersion: workload.serving.volcano.sh/v1alpha1\nkind: ModelServing\nmetadata: {name: n}\n"
        f"spec: {{template: {{roles: {roles}}}}}\n"
    )
    found = reading.workloads(text)
    assert [(each.subject.role, each.generic) for each in found] == [("leader", True), ("worker", True)]
    assert "ModelServing" in found[0].notes[0]
    assert found[0].replicas is not None
    assert found[0].template.labels == {"app": "x"}


def test_lone_containers_of_an_unknown_kind_are_pods() -> None:
    """OME's runtimes hold containers of their own, with the pod's fields around them, one for each role."""
    text = """
        apiVersion: ome.io/v1beta1
        kind: ClusterServingRuntime
        metadata: {name: n}
        spec:
          engineConfig:
            labels: {app: x}
            nodeSelector: {gpu: h100}
            runner: {image: i, command: [serve, --model, $(MODEL_PATH)], env: [{name: A, value: $(B)}]}
          decoderConfig:
            leader: {replicas: 1, runner: {name: c, image: i, args: [a]}}
          routerConfig: {runner: {name: r, image: i, args: [a]}}
    """
    found = reading.workloads(text)
    assert [(each.subject.role, each.group_size, each.generic) for each in found] == [
        ("engineConfig", 1, True), ("routerConfig", 1, True), ("leader", None, True),
    ]  # fmt: skip
    assert [each.template.containers[0].name for each in found] == ["runner", "r", "c"]
    assert ([term.key for term in found[0].template.node_terms], found[0].template.labels) == (["gpu"], {"app": "x"})
    assert (found[0].template.containers[0].command or ())[-1].unresolved == ("$(MODEL_PATH)",)


@pytest.mark.parametrize(
    "spec",
    [
        "{values: {image: i, args: [a]}}",
        "{image: i, replicas: 2}",
        "{image: i, args: [a]}",
        "{x: {image: {repository: r}, env: [{name: A}]}}",
    ],
)
def test_images_without_what_containers_have_are_no_pods(spec: str) -> None:
    """A chart's values and an operator's own fields are not containers."""
    assert told(f"apiVersion: x.io/v1\nkind: Thing\nmetadata: {{name: n}}\nspec: {spec}\n") == []


def test_groups_of_one_object_are_told_apart() -> None:
    """Two leaders and two workers of one resource are those of prefill and of decode; what nothing tells is counted."""
    group = f"{{entryTemplate: {TEMPLATE}, workerTemplate: {TEMPLATE}}}"
    text = (
        "apiVersion: workload.serving.volcano.sh/v1alpha1\nkind: ModelServing\nmetadata: {name: n}\n"
        f"spec: {{template: {{roles: [{{name: prefill, x: {group}}}, {{name: decode, x: {group}}}, {{y: {group}}}]}}}}\n"
    )
    assert [each.subject.role for each in reading.workloads(text)] == [
        "prefill-leader", "prefill-worker", "decode-leader", "decode-worker", "leader", "worker",
    ]  # fmt: skip
    ray = f"apiVersion: ray.io/v1\nkind: RayCluster\nmetadata: {{name: n}}\nspec: {{headGroupSpec: {{template: {TEMPLATE}}}, workerGroupSpecs: [{{template: {TEMPLATE}}}, {{template: {TEMPLATE}}}]}}\n"
    assert [each.subject.role for each in reading.workloads(ray)] == ["leader", "worker", "2-worker"]


def test_runtime_with_workers_is_a_group() -> None:
    """The leader and its workers can be told apart."""
    text = f"apiVersion: serving.kserve.io/v1alpha1\nkind: ServingRuntime\nmetadata: {{name: n}}\nspec: {{containers: [{{name: c, image: i}}], workerSpec: {POD}}}\n"
    assert [each.subject.role for each in reading.workloads(text)] == ["leader", "worker"]


@pytest.mark.parametrize("kind", ["HelmRelease", "Application", "ConfigMap", "Model"])
def test_kinds_without_a_template_make_no_workload(kind: str) -> None:
    """Objects that hold no pod are read without one."""
    assert (
        told(f"apiVersion: x.io/v1\nkind: {kind}\nmetadata: {{name: vllm}}\nspec: {{values: {{image: vllm}}}}\n") == []
    )


def test_patch_without_an_image_is_said_to_be_one() -> None:
    """A piece that Kustomize merges is not judged as a whole pod."""
    text = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: n}\nspec: {template: {spec: {containers: [{name: c, volumeMounts: [{name: v, mountPath: /v}]}]}}}"
    found = reading.read(text).inventory
    assert ("Kustomize patch" in found.workloads[0].notes[0], found.hints) == (True, ())


@pytest.mark.parametrize(
    "text",
    [
        "apiVersion: v1\r\nkind: Pod\r\nmetadata: {name: n}\r\nspec:\r\n  containers:\r\n  - name: c\r\n    image: i\r\n",
        "apiVersion : v1\nkind : Pod\nmetadata : {name : n}\nspec : {containers : [{name : c, image : i}]}\n",
        '{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "n"}, "spec": {"containers": [{"name": "c", "image": "i"}]}}',
        "x: &c [{name: c, image: i}]\napiVersion: v1\nkind: Pod\nmetadata: {name: n}\nspec: {containers: *c}\n",
        "base: &b {image: i}\napiVersion: v1\nkind: Pod\nmetadata: {name: n}\nspec: {containers: [{<<: *b, name: c}]}\n",
    ],
)  # fmt: skip
def test_odd_spellings_of_yaml_are_read(text: str) -> None:
    """Carriage returns, blanks before colons, JSON, anchors and merge keys."""
    assert told(text) == [("Pod", None, ["c"])]


def test_several_engines_of_one_pod_are_all_there() -> None:
    """Every container is read, sidecars first or last."""
    text = "apiVersion: v1\nkind: Pod\nmetadata: {name: n}\nspec: {containers: [{name: proxy, image: p}, {name: a, image: i}, {name: b, image: i}]}"
    assert told(text) == [("Pod", None, ["proxy", "a", "b"])]


def test_namespace_given_is_that_of_objects_that_name_none() -> None:
    """`-n` speaks for objects without a namespace, and for no other."""
    text = f"{{apiVersion: v1, kind: Pod, metadata: {{name: a}}, spec: {POD}}}\n---\n{{apiVersion: v1, kind: Pod, metadata: {{name: b, namespace: own}}, spec: {POD}}}\n"
    found = reading.read(text, namespace="given").inventory.workloads
    assert [each.subject.namespace for each in found] == ["given", "own"]
