"""Checks of the accelerator a pod lands on: whether it is named, whether any node has it, whether it is asked for."""

import re
from collections.abc import Iterator

from skewguard.judge.checks import devices, members
from skewguard.judge.checks.interface import Case, Result, check, fail, skipped, unknown
from skewguard.judge.checks.resource_fields import form
from skewguard.language import accelerators, node_labels, scheduling
from skewguard.language.facts import Fact, Origin
from skewguard.language.workloads import Container, NodeTerm

_GPU_ENGINES = ("vllm", "sglang", "tgi", "trtllm", "nim", "lmdeploy")
_MERGED_KINDS = ("ServingRuntime", "ClusterServingRuntime", "LLMInferenceServiceConfig")
_PRODUCT, _GKE = "nvidia.com/gpu.product", "cloud.google.com/gke-accelerator"
_GKE_NAMES = (
    "nvidia-tesla-k80", "nvidia-tesla-p100", "nvidia-tesla-p4", "nvidia-tesla-v100", "nvidia-tesla-t4",
    "nvidia-tesla-a100", "nvidia-a100-80gb", "nvidia-l4", "nvidia-h100-80gb", "nvidia-h100-mega-80gb",
    "nvidia-h200-141gb", "nvidia-b200", "nvidia-gb200", "nvidia-rtx-pro-6000",
)  # fmt: skip


@check(
    "hardware.gpu-class",
    title="The pod names no GPU class",
    category="hardware",
    severity="warning",
    why="A GPU request alone lets the pod land on any GPU of the cluster. Another class changes speed and memory, "
    "and with them what the engine decides at start: vLLM takes 1024 sequences and 8192 batched tokens on a GPU of "
    "70 GiB and more, 256 and 2048 on a smaller one, and SGLang splits prompts at 2048 to 16384 tokens, from the same "
    "manifest.",
    remedy="Name the class the model was validated on in `nodeSelector`, or in required node affinity where several "
    "classes are fine.",
    bad="resources: {limits: {nvidia.com/gpu: 1}}",
    good="nodeSelector: {nvidia.com/gpu.product: NVIDIA-H100-80GB-HBM3}\n"
    "containers: [{resources: {limits: {nvidia.com/gpu: 1}}}]",
    sources=(
        "NVIDIA GPU Feature Discovery: node labels",
        "vLLM EngineArgs.get_batch_defaults",
        "SGLang ServerArgs: chunked_prefill_size and cuda_graph_max_bs by GPU memory",
    ),
)
def gpu_class(case: Case) -> Iterator[Result]:
    """No node term bounds the class, though the container asks for GPUs."""
    asked = scheduling.gpu_resources(case.container)
    found = scheduling.constraint(case.workload.template, {})
    if not asked or case.workload.template.node_name or case.container.resources.claims:
        yield skipped("the container asks for no GPU that a node label could name, or its node or device is fixed")
        return
    if _named(case) or not found.open or found.impossible or found.unreadable:
        return
    resource, amount = next(iter(asked.items()))
    more = {"setting": "hardware.gpu_class", "anchor": resource}
    if found.opaque:
        term = found.opaque[0]
        yield unknown(
            f"The pod is bound to nodes with {_written(term)}, and only the cluster knows which GPU those have.",
            remedy=f'Tell skewguard in .skewguard/config.yaml: `accelerators: [{{label: "{term.key}={term.values[0]}", '
            "class: H100-80GB}]` with the class of that pool.",
            at=term.origin,
            **more,
        )
        return
    some = "one way through its node affinity names" if found.classes else "it names"
    yield fail(
        f"The container asks for {resource}: {amount.value}, but {some} no GPU class: the pod may land on any GPU "
        "the cluster has, with another speed, another memory and other engine defaults.",
        remedy=_selector_edit(case, resource),
        at=amount.origin,
        **more,
    )


@check(
    "hardware.gpu-classes-mixed",
    title="The pod may land on several GPU classes",
    category="hardware",
    severity="warning",
    why="Replicas of one Deployment on different GPUs differ in speed and memory, and an engine takes other batch "
    "limits on each: tail latency then depends on which replica answers.",
    remedy="Leave one class in the node terms, and give every further class a Deployment of its own.",
    bad="values: [NVIDIA-L40S, NVIDIA-H100-80GB-HBM3]",
    good="values: [NVIDIA-H100-80GB-HBM3]",
    sources=("vLLM EngineArgs.get_batch_defaults", "SGLang ServerArgs: chunked_prefill_size by GPU memory"),
)
def gpu_classes_mixed(case: Case) -> Iterator[Result]:
    """The node terms allow more than one class, or a name that is sold in two sizes."""
    found = scheduling.constraint(case.workload.template, {})
    if found.open or found.impossible or not scheduling.gpu_resources(case.container):
        return
    titles = list(dict.fromkeys(item.value.title for item in found.classes))
    if len(titles) < 2:
        return
    first = found.classes[0]
    yield fail(
        f"The node terms allow {_listed(titles)}: replicas of one workload may run at different speed, with "
        "different memory and different engine defaults.",
        remedy=f"Keep the class the model was validated on, such as `{first.value.title}`, and add a label that tells "
        f"the others apart ({_PRODUCT} or {node_labels.MEMORY_KEYS[0]}).",
        at=first.origin,
        setting="hardware.gpu_class",
        anchor=_key_at(case, first.origin),
        value=titles,
    )


@check(
    "hardware.gpu-label",
    title="A GPU label value that no node carries",
    category="hardware",
    severity="warning",
    why="Node labels are compared letter by letter. A value in another spelling than the cloud's or the driver's "
    "matches no node: the pod stays Pending, or an autoscaler never finds a pool for it.",
    remedy="Write the value as nodes carry it: `kubectl get nodes -L nvidia.com/gpu.product` shows it.",
    bad="nodeSelector: {nvidia.com/gpu.product: H100}",
    good="nodeSelector: {nvidia.com/gpu.product: NVIDIA-H100-80GB-HBM3}",
    sources=("NVIDIA GPU Feature Discovery: node labels", "GKE: About GPUs", "Karpenter: Scheduling"),
)
def gpu_label(case: Case) -> Iterator[Result]:
    """A class label whose value is in no table, or is spelled as no node spells it."""
    named = isinstance(case.sheet.effective("hardware.gpu_class"), Fact)
    for term in case.workload.template.node_terms:
        if term.operator != "In" or term.key not in node_labels.CLASS_KEYS:
            continue
        more = {"setting": "hardware.gpu_class", "anchor": term.key, "at": term.origin}
        for value in term.values:
            if not accelerators.candidates(value) and not named:
                yield unknown(
                    f"{term.key} is {value!r}, which is no GPU that skewguard knows: it cannot say whether a node "
                    "has it, nor how much memory that is.",
                    remedy=f"Compare it with `kubectl get nodes -L {term.key}`, or name its class in "
                    f'.skewguard/config.yaml: `accelerators: [{{label: "{term.key}={value}", class: …}}]`.',
                    value=value,
                    **more,
                )
            elif spellings := _other_spellings(term.key, value):
                yield fail(
                    f"{term.key} is {value!r}, but nodes carry {_listed(spellings, 'or')}: no node matches, and the "
                    "pod stays Pending.",
                    remedy=f"Write `{term.key}: {spellings[0]}`.",
                    value=value,
                    expected=list(spellings),
                    **more,
                )


@check(
    "hardware.gpu-class-impossible",
    title="Node terms that no GPU class satisfies",
    category="hardware",
    severity="error",
    why="Terms of one selector hold together. Where they name different GPUs, no node can satisfy them, and the pod "
    "never starts.",
    remedy="Remove the term that names the class you do not want.",
    bad="nodeSelector: {nvidia.com/gpu.product: NVIDIA-L4, node.kubernetes.io/instance-type: p5.48xlarge}",
    good="nodeSelector: {node.kubernetes.io/instance-type: p5.48xlarge}",
    sources=("Kubernetes: Assigning Pods to Nodes",),
)
def gpu_class_impossible(case: Case) -> Iterator[Result]:
    """Every way through the node terms contradicts itself."""
    terms = scheduling.constraint(case.workload.template, {}).impossible
    if terms:
        yield fail(
            f"{_listed([_written(term) for term in terms])} cannot hold on one node: they name different GPUs, and "
            "the pod stays Pending for ever.",
            remedy=f"Remove {_written(terms[-1])}, or change it to the class that {_written(terms[0])} names.",
            at=terms[-1].origin,
            setting="hardware.gpu_class",
            anchor=terms[-1].key,
        )


@check(
    "hardware.gpu-request",
    title="GPU request and limit that the API server refuses",
    category="hardware",
    severity="error",
    why="Extended resources cannot be overcommitted: the API server refuses a pod whose request has no limit, "
    "differs from its limit, or is not a whole number.",
    remedy="Set the limit, and leave the request out: Kubernetes copies it.",
    bad="resources: {requests: {nvidia.com/gpu: 1}, limits: {nvidia.com/gpu: 2}}",
    good="resources: {limits: {nvidia.com/gpu: 2}}",
    sources=("Kubernetes: Schedule GPUs", "Kubernetes ValidateResourceRequirements (pkg/apis/core/validation)"),
)
def gpu_request(case: Case) -> Iterator[Result]:
    """An extended resource whose request has no equal limit, or that is not a whole number."""
    resources = case.container.resources
    for name in dict.fromkeys((*resources.limits, *resources.requests)):
        if not scheduling.extended(name):
            continue
        limit, request = resources.limits.get(name), resources.requests.get(name)
        written = [item for item in (limit, request) if item is not None]
        amounts = [scheduling.quantity(item.value) for item in written]
        more = {"at": written[-1].origin, "anchor": name, "setting": "hardware.gpu_count", "value": written[-1].value}
        broken = next((amount for amount in amounts if amount is not None and amount % scheduling.WHOLE), None)
        if None in amounts:
            yield unknown(
                f"{name}: {written[amounts.index(None)].value!r} is no quantity yet.",
                remedy="Render the manifest before checking it.",
                **more,
            )
        elif broken is not None:
            yield fail(
                f"{name} is not a whole number: the API server refuses the pod.",
                remedy=f"Write `limits: {{{name}: 1}}`; shares of a GPU are MIG or time-slicing resources.",
                **more,
            )
        elif limit is None:
            yield fail(
                f"{name} stands in requests without a limit: the API server refuses the pod.",
                remedy=f"Move it: `limits: {{{name}: {written[0].value}}}`.",
                **more,
            )
        elif len(set(amounts)) > 1:
            yield fail(
                f"{name} is requested {written[1].value} times and limited to {written[0].value}: the API "
                "server refuses the pod.",
                remedy=f"Remove `{name}` from requests, or write {written[0].value} there.",
                **more,
            )


@check(
    "hardware.gpu-missing",
    title="A GPU engine that asks for no GPU",
    category="hardware",
    severity="warning",
    why="Without a GPU resource the device plugin hands the container no device. The engine then fails at start, or, "
    "where the container runtime exposes all GPUs to every container, runs on GPUs that belong to other pods.",
    remedy="Ask for the GPUs that the parallelism needs: `resources: {limits: {nvidia.com/gpu: 1}}`.",
    bad="image: vllm/vllm-openai:v0.11.0",
    good="image: vllm/vllm-openai:v0.11.0\nresources: {limits: {nvidia.com/gpu: 1}}",
    sources=("Kubernetes: Schedule GPUs", "NVIDIA device plugin README"),
)
def gpu_missing(case: Case) -> Iterator[Result]:
    """No accelerator resource, no claim, no other way to a device, and nothing that says CPU."""
    reason = _excuse(case)
    if reason:
        yield skipped(reason)
        return
    image = case.container.image
    tensor = case.sheet.declared("parallelism.tensor")
    count = tensor.value if tensor is not None and isinstance(tensor.value, int) else 1
    yield fail(
        f"{case.title} needs a GPU, and container {case.container.name} asks for none: it fails at start, or uses "
        "GPUs that were given to other pods.",
        remedy=f"{form(case).asking.format(resource='nvidia.com/gpu', count=count)}.",
        at=image.origin if image else case.container.origin,
        setting="hardware.gpu_count",
        anchor="nvidia.com/gpu",
        expected=count,
    )


def _named(case: Case) -> bool:
    """Whether something else than node terms names the class: a field of the resource, or Ray's `accelerator_type`.

    Ray Serve puts each replica on nodes with that accelerator alone, whichever pods of its cluster those are.
    """
    leads = members.leader_of(case)
    placed = leads is not None and devices.placed_by_ray(leads)
    return any(
        isinstance(each.sheet.effective("hardware.gpu_class"), Fact)
        for each in (case, leads)
        if each is not None and (each is case or placed)
    )


def _excuse(case: Case) -> str:
    """Why a missing GPU request is no fault here; empty when it is one."""
    container, template = case.container, case.workload.template
    if scheduling.accelerator_resources(container):
        return "it asks for an accelerator"
    if case.engine not in _GPU_ENGINES:
        return f"{case.title} also runs without a GPU"
    if container.image is None or case.workload.subject.kind in _MERGED_KINDS:
        return "this is one part of a pod; another part may ask for the GPU"
    if container.resources.claims or container.init:
        return "the device comes by a resource claim, or the container only prepares"
    if template.runtime_class or container.variable("NVIDIA_VISIBLE_DEVICES") is not None:
        return "the container runtime is told to expose GPUs"
    if on_cpu(container):
        return "this is a CPU build of the engine"
    return "another pod of the group holds the GPUs" if case.workload.members else ""


def on_cpu(container: Container) -> bool:
    """Whether image, arguments or environment say that the engine runs on the CPU on purpose."""
    image = container.image.value.lower() if container.image else ""
    if re.search(r"(?:^|[/:_.-])(?:cpu|openvino|xeon)(?:$|[/:_.@-])", image):
        return True
    if any(entry.name.startswith(("VLLM_CPU_", "SGLANG_CPU_", "SGLANG_USE_CPU_ENGINE")) for entry in container.env):
        return True
    target = container.variable("VLLM_TARGET_DEVICE")
    if target is not None and target.value == "cpu":
        return True
    words = " ".join(token.text for start in container.invocations for token in start.argv)
    return re.search(r"--device[= ]cpu\b", words) is not None


def _selector_edit(case: Case, resource: str) -> str:
    """The line to add, with the label key of the cloud that the manifest already speaks to."""
    terms = case.workload.template.node_terms
    if any(term.key.startswith("cloud.google.com/") for term in terms):
        key, example = _GKE, "nvidia-h100-80gb"
    elif any(term.key.startswith("karpenter.") for term in terms):
        key, example = "karpenter.k8s.aws/instance-gpu-name", "h100"
    elif resource.startswith("amd.com/"):
        key, example = "amd.com/gpu.product-name", "AMD_Instinct_MI300X_OAM"
    else:
        key, example = _PRODUCT, "NVIDIA-H100-80GB-HBM3"
    return (
        f"{form(case).selector.format(key=key, value=example)}, with the value of the nodes this was validated on "
        f"(`kubectl get nodes -L {key}`)."
    )


def _other_spellings(key: str, value: str) -> tuple[str, ...]:
    """How nodes spell the class of `value` under `key`, when not like `value`; empty where it is fine or unknown."""
    plain = re.sub(r"(?:-MIG-\d+g\..*|-SHARED)$", "", value)
    names = {item.name for item in accelerators.candidates(value)}
    known: tuple[str, ...] = ()
    if key == _PRODUCT:
        known = tuple(label for name in sorted(names) for label in accelerators.device_labels(name))
    elif key == _GKE:
        known = tuple(n for n in _GKE_NAMES if names & {item.name for item in accelerators.candidates(n)})
    elif key.endswith("instance-gpu-name"):
        known = (value.lower().removeprefix("nvidia-"),)
    return () if plain in known else known


def _written(term: NodeTerm) -> str:
    return f"`{term.key}: {', '.join(term.values)}`"


def _key_at(case: Case, origin: Origin) -> str | None:
    return next((term.key for term in case.workload.template.node_terms if term.origin == origin), None)


def _listed(items: list[str] | tuple[str, ...], word: str = "and") -> str:
    return f" {word} ".join([", ".join(items[:-1]), items[-1]]) if len(items) > 1 else items[0]
