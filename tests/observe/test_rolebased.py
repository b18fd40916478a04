"""RoleBasedGroup: roles whose templates stand in `roleTemplates`, patched by the role, in both versions of the API."""

from textwrap import dedent

import pytest

from skewguard.language import surroundings
from skewguard.language.workloads import Workload
from tests.observe import reading

SHARED = """
    roleTemplates:
    - name: base
      template:
        metadata: {labels: {app: llm}}
        spec:
          nodeSelector: {pool: h100}
          volumes: [{name: dshm, emptyDir: {medium: Memory}}, {name: old, emptyDir: {}}]
          containers:
          - name: engine
            image: vllm/vllm-openai:v0.11.0
            args: [--model, m]
            env: [{name: A, value: base}, {name: B, value: base}]
            resources: {limits: {nvidia.com/gpu: 1}}
"""
PATCH = """
        patch:
          spec:
            nodeSelector: {zone: a}
            volumes: [{name: old, $patch: delete}]
            containers:
            - name: engine
              args: [--model, m, --max-model-len, "8192"]
              env: [{name: B, value: role}]
              resources: {limits: {nvidia.com/gpu: 2}}
            - {name: sidecar, image: busybox}
"""


def group(roles: str, version: str = "v1alpha2", shared: str = SHARED, kind: str = "RoleBasedGroup") -> str:
    """A RoleBasedGroup with some roles."""
    text = dedent(shared).strip() + "\nroles:\n" + dedent(roles).strip()
    spec = "\n".join(f"  {line}" for line in text.split("\n"))
    return f"apiVersion: workloads.x-k8s.io/{version}\nkind: {kind}\nmetadata: {{name: llm, namespace: p}}\nspec:\n{spec}\n"


def told(workload: Workload) -> tuple[str | None, int | None, list[str]]:
    """Role, group size and containers."""
    return workload.subject.role, workload.group_size, [each.name for each in workload.template.containers]


def test_role_takes_its_template_by_reference_with_a_patch() -> None:
    """Lists of named things merge by name, mappings by key, and the role's arguments replace the template's."""
    roles = """
    - name: decode
      replicas: 2
      standalonePattern:
        templateRef:
          name: base
""" + PATCH.replace("\n", "\n  ").rstrip()
    (found,) = reading.workloads(group(roles))

    engine = found.template.containers[0]
    assert told(found) == ("decode", 1, ["engine", "sidecar"])
    assert found.replicas is not None
    assert found.replicas.value == 2
    assert engine.image is not None
    assert engine.image.value == "vllm/vllm-openai:v0.11.0"
    assert [token.text for token in engine.args or ()] == ["--model", "m", "--max-model-len", "8192"]
    assert {each.name: each.value for each in engine.env} == {"A": "base", "B": "role"}
    assert engine.resources.limits["nvidia.com/gpu"].value == "2"
    assert {term.key for term in found.template.node_terms} == {"pool", "zone"}
    assert [volume.name for volume in found.template.volumes] == ["dshm"]
    assert found.template.labels == {
        "app": "llm", "rbg.workloads.x-k8s.io/group-name": "llm", "rbg.workloads.x-k8s.io/role-name": "decode"
    }  # fmt: skip
    assert (found.generic, found.notes) == (False, ())


def test_old_version_patches_beside_the_reference() -> None:
    """In v1alpha1 `templatePatch` stands at the role."""
    roles = """
    - name: decode
      templateRef: {name: base}
      templatePatch: {spec: {containers: [{name: engine, args: [--model, other]}]}}
    - name: plain
      template: {spec: {containers: [{name: engine, image: "vllm/vllm-openai:v0.10.2"}]}}
    """
    first, second = reading.workloads(group(roles, "v1alpha1"))

    assert [token.text for token in first.template.containers[0].args or ()] == ["--model", "other"]
    assert first.template.labels["rolebasedgroup.workloads.x-k8s.io/role"] == "decode"
    assert told(second) == ("plain", 1, ["engine"])


@pytest.mark.parametrize(
    ("version", "pattern"),
    [
        ("v1alpha2", """
      leaderWorkerPattern:
        size: 3
        templateRef: {name: base}
        leaderTemplatePatch: {metadata: {labels: {part: l}}}
        workerTemplatePatch: {spec: {containers: [{name: engine, image: "vllm/vllm-openai:v0.10.2"}]}}"""),
        ("v1alpha1", """
      leaderWorkerSet:
        size: 3
        patchLeaderTemplate: {metadata: {labels: {part: l}}}
        patchWorkerTemplate: {spec: {containers: [{name: engine, image: "vllm/vllm-openai:v0.10.2"}]}}
      template: {spec: {containers: [{name: engine, image: "vllm/vllm-openai:v0.11.0"}]}}"""),
    ],
)  # fmt: skip
def test_patched_leader_and_worker_are_two_templates_of_one_group(version: str, pattern: str) -> None:
    """Each patch lies over the role's template."""
    roles = "- name: decode" + pattern.replace("\n      ", "\n  ")
    leader, worker = reading.workloads(group(roles, version))

    images = [each.template.containers[0].image for each in (leader, worker)]
    assert [told(leader), told(worker)] == [("decode", 3, ["engine"]), ("decode-worker", 3, ["engine"])]
    assert [image.value for image in images if image] == ["vllm/vllm-openai:v0.11.0", "vllm/vllm-openai:v0.10.2"]
    assert leader.template.labels["part"] == "l"
    assert (leader.joins, worker.joins) == (False, True)


def test_unpatched_group_has_one_template() -> None:
    """Leader and workers are the same pod, told apart by variables of the controller's."""
    roles = "- {name: decode, leaderWorkerPattern: {size: 2, templateRef: {name: base}}}"
    assert [told(each) for each in reading.workloads(group(roles))] == [("decode", 2, ["engine"])]


def test_leader_alone_has_no_worker() -> None:
    """A group of one pod, and a group without a size, are their leader."""
    pattern = "templateRef: {name: base}, leaderTemplatePatch: {metadata: {labels: {part: l}}}"
    roles = (
        f"- {{name: a, leaderWorkerPattern: {{size: 1, {pattern}}}}}\n- {{name: b, leaderWorkerPattern: {{{pattern}}}}}"
    )
    assert [each.subject.role for each in reading.workloads(group(roles))] == ["a", "b"]


def test_components_of_a_role_are_one_group() -> None:
    """Pods of different templates act together; a component that is called worker joins the one called leader."""
    pod = "template: {spec: {containers: [{name: c, image: i}]}}"
    roles = (
        f"- {{name: decode, customComponentsPattern: {{components: [{{name: leader, {pod}}}, "
        f"{{name: worker, size: 3, {pod}}}]}}}}"
    )
    found = reading.workloads(group(roles))

    assert [told(each) for each in found] == [("decode-leader", 4, ["c"]), ("decode-worker", 4, ["c"])]
    assert [each.joins for each in found] == [False, True]


def test_role_that_is_called_worker_serves_by_itself() -> None:
    """Beside a router it is no member of a group that somebody leads."""
    pod = "standalonePattern: {template: {spec: {containers: [{name: c, image: i}]}}}"
    router, worker = reading.workloads(group(f"- {{name: router, {pod}}}\n- {{name: worker, {pod}}}"))

    assert (router.joins, worker.joins) == (False, False)


def test_template_that_is_not_there_is_told() -> None:
    """The controller refuses such a group; what the role's patch alone says is no pod."""
    found = reading.read(group("- {name: decode, standalonePattern: {templateRef: {name: gone}}}")).inventory

    assert found.workloads == ()
    assert [(each.ref, each.hides) for each in found.missing] == [
        ("roleTemplate gone", "the pod template of role decode")
    ]


@pytest.mark.parametrize(
    ("version", "field"), [("v1alpha2", "groupTemplate: {spec: SPEC}"), ("v1alpha1", "template: SPEC")]
)
def test_set_of_groups_holds_the_spec_of_each(version: str, field: str) -> None:
    """A RoleBasedGroupSet makes groups from one template."""
    spec = "{roles: [{name: decode, standalonePattern: {template: {spec: {containers: [{name: c, image: i}]}}}}]}"
    text = (
        f"apiVersion: workloads.x-k8s.io/{version}\nkind: RoleBasedGroupSet\nmetadata: {{name: llm}}\n"
        f"spec: {{replicas: 2, {field.replace('SPEC', spec)}}}\n"
    )
    assert [told(each) for each in reading.workloads(text)] == [("decode", 1, ["c"])]


ADAPTER = """
    apiVersion: workloads.x-k8s.io/v1alpha2
    kind: RoleBasedGroupScalingAdapter
    metadata: {name: own, namespace: p}
    spec: {scaleTargetRef: {name: llm, role: decode}}
"""


@pytest.mark.parametrize(
    ("target", "beside", "expected"), [("own", ADAPTER, [0, 1]), ("llm-decode", "", [0, 1]), ("other", "", [0, 0])]
)
def test_adapter_scales_one_role(target: str, beside: str, expected: list[int]) -> None:
    """An autoscaler names an adapter of the input, or the one that the controller makes for each role."""
    roles = "\n".join(
        f"- {{name: {name}, standalonePattern: {{templateRef: {{name: base}}}}}}" for name in ("prefill", "decode")
    )
    scaler = f"""
    apiVersion: autoscaling/v2
    kind: HorizontalPodAutoscaler
    metadata: {{name: h, namespace: p}}
    spec: {{scaleTargetRef: {{kind: RoleBasedGroupScalingAdapter, name: {target}}}, maxReplicas: 3}}
    """
    found = reading.read(*(text for text in (group(roles), scaler, beside) if text)).inventory

    assert [len(surroundings.autoscalers_of(each, found)) for each in found.workloads] == expected
