"""Every kind that holds pod templates as Kubernetes writes them, and what it is taken apart into."""

from textwrap import dedent

import pytest

from tests.observe import reading
from tests.observe.reading import POD, TEMPLATE, only, told


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
