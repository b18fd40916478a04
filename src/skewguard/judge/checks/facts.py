"""What the document itself says wrongly: keys given twice, volumes that are not there (the hints of the observer)."""

from collections.abc import Iterator

from msgspec import structs

from skewguard.judge.checks.interface import Case, Result, check, fail
from skewguard.language import surroundings


@check(
    "facts.duplicate-key",
    title="A key is given twice",
    category="orchestration",
    severity="error",
    phases=("static",),
    why="YAML mappings hold each key once. `kubectl` refuses the document or keeps the last value, in silence with older "
    "tools: a whole list of variables, volumes or mounts is lost.",
    remedy="merge the two into one",
    bad="env: [{name: A, value: '1'}]\nenv: [{name: B, value: '2'}]",
    good="env: [{name: A, value: '1'}, {name: B, value: '2'}]",
    sources=("YAML 1.2.2: mapping keys are unique", "Kubernetes: strict field validation refuses duplicate fields"),
)
def duplicate_key(case: Case) -> Iterator[Result]:
    """A mapping of this workload that gives one key twice."""
    yield from _hints(case, "duplicate-key")


@check(
    "facts.duplicate-variable",
    title="A variable is given twice with different values",
    category="orchestration",
    severity="warning",
    phases=("static",),
    why="The last entry of a name in `env` counts, and the ones before it are lost. Tools that merge by name (`kubectl "
    "apply`, kustomize) may keep another one: the API server warns of it.",
    remedy="remove the entry that is not meant",
    bad="env: [{name: VLLM_LOGGING_LEVEL, value: INFO}, {name: VLLM_LOGGING_LEVEL, value: DEBUG}]",
    good="env: [{name: VLLM_LOGGING_LEVEL, value: DEBUG}]",
    sources=("Kubernetes pkg/api/pod/warnings.go: hides previous definition",),
)
def duplicate_variable(case: Case) -> Iterator[Result]:
    """One name twice in the `env` of a container, with values that differ."""
    yield from _hints(case, "duplicate-variable")


@check(
    "facts.undefined-volume",
    title="A mount names a volume that the pod does not have",
    category="orchestration",
    severity="error",
    phases=("static",),
    why="The API server refuses a pod whose container mounts a volume that is not among the pod's volumes.",
    remedy="define the volume, or mend its name in `volumeMounts`",
    bad="volumeMounts: [{name: cache, mountPath: /cache}]   # volumes has no `cache`",
    good="volumes: [{name: cache, emptyDir: {}}]\nvolumeMounts: [{name: cache, mountPath: /cache}]",
    sources=("Kubernetes pkg/apis/core/validation: volumeMounts[].name must match a volume",),
)
def undefined_volume(case: Case) -> Iterator[Result]:
    """A volumeMount without its volume."""
    yield from _hints(case, "undefined-volume")


@check(
    "facts.unmounted-volume",
    title="A volume is defined and mounted by nobody",
    category="orchestration",
    severity="warning",
    phases=("static",),
    why="A volume without a mount changes nothing: what was meant to lie on it lies in the container's own file system.",
    remedy="mount the volume, or remove it",
    bad="volumes: [{name: cache, persistentVolumeClaim: {claimName: hf}}]",
    good="volumes: [{name: cache, persistentVolumeClaim: {claimName: hf}}]\n"
    "volumeMounts: [{name: cache, mountPath: /root/.cache/huggingface}]",
)
def unmounted_volume(case: Case) -> Iterator[Result]:
    """A volume that no container mounts; shared memory is told by `parallel.shm-not-mounted`.

    A note for an empty one on the disk, which a container's own file system does as well.
    """
    volumes = {volume.name: volume for volume in case.workload.template.volumes}
    for result in _hints(case, "unmounted-volume"):
        volume = volumes.get(result.anchor or "")
        if volume is not None and surroundings.is_shared_memory(volume):
            continue
        empty = volume is not None and volume.kind == "emptyDir" and volume.medium != "Memory"
        yield structs.replace(result, severity="note") if empty else result


@check(
    "facts.engine-annotation",
    title="An engine annotation cannot be read",
    category="runtime",
    severity="warning",
    why="The annotation says which engine and version run where the image does not tell. One that cannot be read is left "
    "aside, and the version is then unknown, or taken from the tag.",
    remedy="write `skewguard.dev/engine: NAME==VERSION`",
    bad="skewguard.dev/engine: vllm=0.11.0",
    good="skewguard.dev/engine: vllm==0.11.0",
)
def engine_annotation(case: Case) -> Iterator[Result]:
    """An annotation of skewguard's own that is misspelt or names no engine."""
    yield from _hints(case, "engine-annotation")


@check(
    "facts.unknown-field",
    title="A resource has no such field",
    category="orchestration",
    severity="error",
    phases=("static",),
    why="A field that a resource does not have is refused, or dropped in silence by an API server that is not asked to be "
    "strict: the engine then runs without what it was meant to say.",
    remedy="write the field as the resource spells it",
    bad="llm_configs: [{model_loading_config: {model_id: m}, enginekwargs: {max_model_len: 8192}}]",
    good="llm_configs: [{model_loading_config: {model_id: m}, engine_kwargs: {max_model_len: 8192}}]",
    sources=("Ray llm/_internal/common/base_pydantic.py: fields that a model does not have are refused",
             "Kubernetes documentation: CustomResourceDefinition, field pruning"),
)  # fmt: skip
def unknown_field(case: Case) -> Iterator[Result]:
    """A field of a custom resource that nearly has the name of one which carries the engine's arguments."""
    yield from _hints(case, "unknown-field")


def _hints(case: Case, rule: str) -> Iterator[Result]:
    for hint in surroundings.hints_of(case.workload, case.sheet.subject.container, case.inventory):
        if hint.rule == rule:
            yield fail(hint.message, anchor=hint.anchor, at=hint.origin)
