"""Which field of a resource says what a pod template says elsewhere: what advice names where there is no pod to edit.

Sources: ai-dynamo/dynamo deploy/operator/api/v1alpha1 (`resources.limits.gpu`, `extraPodSpec`); NVIDIA/k8s-nim-operator
api/apps/v1alpha1/nimservice_types.go (`nodeSelector`, `resources`; no grace period); production-stack
operator/api/v1alpha1/vllmruntime_types.go (`deploymentConfig`; no grace period); kaito-project/kaito
api/v1beta1/workspace_types.go (`resource.instanceType`).
"""

from collections.abc import Mapping

from msgspec import Struct

from skewguard.judge.checks.interface import Case


class Form(Struct, frozen=True):
    """How a kind says it: `gpus` and `asking` with `resource` and `count`, `selector` with `key` and `value`. `pod` is
    where other fields of the pod stand, empty where the kind has none; `args` where arguments do.
    """

    gpus: str = "write `{resource}: {count}` in the limits"
    asking: str = "Add to the container: `resources: {{limits: {{{resource}: {count}}}}}`"
    selector: str = "Add to the pod spec: `nodeSelector: {{{key}: {value}}}`"
    pod: str = "the pod spec"
    args: str = "the container's `args`"


_POD = Form()
_FORMS: Mapping[str, Form] = {
    "Dynamo": Form(
        gpus='write `gpu: "{count}"` in the `resources.limits` of the component',
        asking='Add to the component: `resources: {{limits: {{gpu: "{count}"}}}}`',
        selector="Add to `extraPodSpec`: `nodeSelector: {{{key}: {value}}}`",
        pod="`extraPodSpec`",
        args="`extraPodSpec.mainContainer.args`",
    ),
    "NIMService": Form(
        gpus="write `{resource}: {count}` in `spec.resources.limits`",
        asking="Add to the spec: `resources: {{limits: {{{resource}: {count}}}}}`",
        selector="Add to the spec: `nodeSelector: {{{key}: {value}}}`",
        pod="",
        args="`spec.args`",
    ),
    "VLLMRuntime": Form(
        gpus='write `gpu: "{count}"` in `deploymentConfig.resources`',
        asking='Write `gpu: "{count}"` in `deploymentConfig.resources`',
        selector="Add to `deploymentConfig`: `nodeSelectorTerms: [{{matchExpressions: [{{key: {key}, operator: In, values: "
        "[{value}]}}]}}]`",
        pod="",
        args="`vllmConfig.extraArgs`",
    ),
    "kaito-preset": Form(gpus="choose an `instanceType` with {count} GPUs", pod=""),
}


def form(case: Case) -> Form:
    """The form of the resource that a container comes from; that of a pod where it holds one."""
    kind, found = case.workload.subject.kind, case.recognition
    if kind.startswith("Dynamo"):
        return _FORMS["Dynamo"] if case.workload.api_version.endswith("/v1alpha1") else _POD
    if found is not None and found.wrapper == "kaito-preset" and case.container.image is None:
        return _FORMS["kaito-preset"]
    return _FORMS.get("NIMService" if kind == "NIMPipeline" else kind, _POD)
