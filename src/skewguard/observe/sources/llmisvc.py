"""KServe's LLMInferenceService: roles, presets, and the settings it gives in fields of its own.

The controller lays the service over its `baseRefs` (LLMInferenceServiceConfig objects) and over presets of its own
version; the preset's command ends in `$VLLM_ADDITIONAL_ARGS`. Where the presets are not in the input, the command line
is what these fields and that variable are known to give, and it is not complete.
"""

from collections.abc import Callable, Iterator, Mapping

from msgspec import structs

from skewguard.language.facts import Gap, Located
from skewguard.language.trees import Node
from skewguard.language.workloads import Container, Invocation, Missing, Token
from skewguard.observe.sources import texts
from skewguard.observe.sources.layers import Layers
from skewguard.observe.sources.lexing import lex
from skewguard.observe.sources.objects import called, supply
from skewguard.observe.sources.pieces import Piece, Reading, add_fields, fields_of
from skewguard.observe.sources.variables import Variables

_MAIN = "main"
_MODEL = {"model.source_uri": ("model", "uri"), "model.served_name": ("model", "name")}
_PARALLELISM = {
    "parallelism.tensor": ("tensor",),
    "parallelism.pipeline": ("pipeline",),
    "parallelism.data": ("data",),
    "parallelism.expert": ("expert",),
}
_ADDITIONAL = "VLLM_ADDITIONAL_ARGS"


def service(reading: Reading) -> list[Piece]:
    """The templates of an LLMInferenceService, or of a config that no service of the input takes."""
    layers = _layers(reading)
    preset = _preset(reading)
    prefill = bool(Layers(layers).get("prefill"))
    pieces = list(_pair(reading, layers, "decode" if prefill else None, preset))
    if prefill:
        inner = [node.get("prefill") for node in layers if node.get("prefill")]
        pieces.extend(_pair(reading, inner, "prefill", preset, layers))
    return pieces


def config(reading: Reading) -> list[Piece]:
    """An LLMInferenceServiceConfig by itself: a part of a pod."""
    if reading.object.name in _referred(reading):
        return []
    pieces = list(_pair(reading, [reading.spec], None, _further("KServe's own preset")))
    note = "a preset is one part of a pod: an LLMInferenceService adds the model and what differs"
    return [
        structs.replace(each, complete=False, notes=(note,), placeholders={})
        for each in pieces
        if each.spec.named("containers")
    ]


def _layers(reading: Reading) -> list[Node]:
    found = []
    for ref in reading.spec.get("baseRefs").elements():
        name = ref.get("name").text() or ""
        base = reading.objects.find("LLMInferenceServiceConfig", name, reading.object.namespace)
        if base is None:
            base = reading.objects.find("LLMInferenceServiceConfig", name, None)
        if base is not None:
            found.append(base.root.get("spec"))
    return [*found, reading.spec]


def _referred(reading: Reading) -> set[str]:
    return {
        ref.get("name").text() or ""
        for each in reading.objects.of_kind("LLMInferenceService")
        for ref in each.root.get("spec", "baseRefs").elements()
    }


def _preset(reading: Reading) -> Gap | None:
    """Record the presets that are not in the input; None where every one of them is, and gives a command."""
    namespace = reading.object.namespace
    names = [ref.get("name") for ref in reading.spec.get("baseRefs").elements()]
    unseen = [
        node
        for node in names
        if reading.objects.find("LLMInferenceServiceConfig", node.text() or "", namespace) is None
        and reading.objects.find("LLMInferenceServiceConfig", node.text() or "", None) is None
    ]
    hides = "the command and further arguments of the engine"
    for node in unseen:
        title = called("LLMInferenceServiceConfig", node.text() or "", namespace)
        how = supply("LLMInferenceServiceConfig", node.text() or "", namespace)
        reading.ledger.miss(Missing(title, hides, how, node.origin, reading.subject))
    if names and not unseen:
        return None
    what = ", ".join(node.text() or "" for node in unseen) or "KServe's own preset"
    if not names and not _commanded(reading):
        how = (
            "add it to the input (`kubectl get llminferenceserviceconfig -n kserve -o yaml`) and name it in `baseRefs`"
        )
        reading.ledger.miss(Missing(what, hides, how, reading.object.origin, reading.subject))
    return _further(what)


def _further(what: str) -> Gap:
    """The gap that a part of the pod leaves which is not in the input."""
    return Gap(
        "runtime.engine",
        f"{what} adds the command and further arguments, and is not in the input",
        rule="preset",
        inputs=(f"preset@{what}",),
        would_need="the LLMInferenceServiceConfig in the same input",
    )


def _commanded(reading: Reading) -> bool:
    return any(each.get("command") for each in reading.spec.get("template", "containers").elements())


def _pair(
    reading: Reading, layers: list[Node], role: str | None, preset: Gap | None, outer: list[Node] | None = None
) -> Iterator[Piece]:
    """The pods of one role, and its workers where it has any."""
    around = Layers(outer or layers)
    parallelism = Layers([node.get("parallelism") for node in layers])
    fields = {**_of(around, _MODEL), **_of(parallelism, _PARALLELISM)}
    worker = [node.get("worker") for node in layers if node.get("worker")]
    placeholders = _placeholders(reading, around, parallelism)
    pod = Layers([node.get("template") for node in layers])

    def finish(container: Container) -> Container:
        if container.init or (container.name != _MAIN and len(pod.named("containers")) > 1):
            return container
        done = add_fields(container, fields)
        if container.command is not None or preset is None:
            return done
        words = _additional(pod, container.name)
        return structs.replace(done, invocations=(_command_line(container, fields, words),), gaps=(*done.gaps, preset))

    main = Piece(
        pod,
        Layers([reading.object.metadata]),
        role=role or ("leader" if worker else None),
        replicas=Layers(layers).get("replicas"),
        group_size=None if worker else 1,
        labels={"app.kubernetes.io/name": reading.object.name, "kserve.io/component": "workload"},
        finish=finish,
        placeholders=placeholders,
        complete=False,
    )
    if pod.nodes:
        yield main
    if worker:
        yield structs.replace(main, spec=Layers(worker), role=f"{role}-worker" if role else "worker", finish=None)


def _of(layers: Layers, paths: Mapping[str, tuple[str, ...]]) -> dict[str, Located[str]]:
    found: dict[str, Located[str]] = {}
    for node in layers.nodes:
        found.update(fields_of(node, paths))
    return found


def _placeholders(reading: Reading, around: Layers, parallelism: Layers) -> dict[str, str]:
    values = {
        "Name": reading.object.name,
        "ObjectMeta.Name": reading.object.name,
        "ObjectMeta.Namespace": reading.object.namespace,
        "Spec.Model.Name": around.get("model", "name").text(),
        "Spec.Parallelism.Tensor": parallelism.get("tensor").text(),
        "Spec.Parallelism.Pipeline": parallelism.get("pipeline").text(),
        "Spec.Parallelism.Data": parallelism.get("data").text(),
    }
    return {key: value for key, value in values.items() if value}


def _additional(pod: Layers, container: str) -> list[Token]:
    """The words of `VLLM_ADDITIONAL_ARGS`, which the preset's shell splits."""
    for each in pod.named("containers"):
        for entry in each.sequence("env"):
            if each.get("name").text() == container and entry.get("name").text() == _ADDITIONAL:
                text = texts.of(entry.get("value"))
                shell = Variables(lambda _name: None)
                words = [item.word for item in lex(text.text).items if item.word is not None]
                return [texts.token(field) for word in words for field in shell.fields(text, word)]
    return []


def _command_line(container: Container, fields: Mapping[str, Located[str]], words: list[Token]) -> Invocation:
    """`vllm serve` as far as fields and variable give it; every other word is the preset's."""
    place = container.image.origin if container.image is not None else container.origin
    uri = fields.get("model.source_uri")
    argv = [Token("vllm", place), Token("serve", place), Token("/mnt/models", uri.origin if uri else place)]
    name = fields.get("model.served_name")
    if name is not None:
        argv += [Token("--served-model-name", name.origin), Token(name.value, name.origin)]
    return Invocation((*argv, *words, *(container.args or ())), "field", certain=False)


READERS: Mapping[str, Callable[[Reading], list[Piece]]] = {
    "LLMInferenceService": service,
    "LLMInferenceServiceConfig": config,
}
