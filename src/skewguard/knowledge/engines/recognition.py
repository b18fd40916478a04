"""Which containers are inference engines, and why.

Every container is judged, by what it runs: what people declared about it, then its command, then its image. The name
of an object never decides: a HelmRelease called vllm may run llama.cpp. Where the evidence only suggests an engine the
answer is marked as uncertain, and where it says no, it says why.
"""

import re
from collections.abc import Sequence
from functools import cache

from msgspec import Struct
from msgspec.structs import replace

from skewguard.knowledge.engines import bystanders, certainty, commands, declarations, images
from skewguard.knowledge.engines.commands import ENGINES, Start
from skewguard.knowledge.engines.interface import Declarations, Recognition, Runs
from skewguard.knowledge.engines.wrappers import REPOSITORIES, WRAPPERS
from skewguard.language import scheduling
from skewguard.language.facts import Origin
from skewguard.language.workloads import Container, EnvVar, Invocation, Token, Workload

_KAITO = ("vllm", "the presets of KAITO run vLLM, unless the annotation kaito.sh/runtime names another runtime")
# Kinds of custom resources whose controller chooses the engine, whatever the object is called.
_KINDS = {
    "LLMInferenceService": ("vllm", "an LLMInferenceService runs vLLM from a preset of KServe"),
    "LLMInferenceServiceConfig": ("vllm", "an LLMInferenceServiceConfig is a preset of KServe that runs vLLM"),
    "VLLMRuntime": ("vllm", "a VLLMRuntime of production-stack runs vLLM"),
    "NIMService": ("nim", "a NIMService runs NVIDIA NIM"),
    "NIMPipeline": ("nim", "a NIMPipeline makes NIMServices"),
    "Workspace": _KAITO,
    "InferenceSet": _KAITO,
    "MultiRoleInference": _KAITO,
}
_OF_KAITO = ("Workspace", "InferenceSet", "MultiRoleInference")
_RUNTIME_OF_KAITO = "kaito.sh/runtime"


class Evidence(Struct, frozen=True):
    """What an image says: which engine it holds, or (`bystander`) that it is known to be something else.

    `entrypoint`: it starts the server by itself; False: it starts nothing; None: not known. `wrapper` names the program
    in it that takes the engine's arguments among its own.
    """

    engine: str | None
    reason: str
    certain: bool = True
    entrypoint: bool | None = None
    runs: Runs = "server"
    bystander: bool = False
    wrapper: str = ""


def title(engine: str) -> str:
    """The engine's own spelling of its name (`vLLM`)."""
    return ENGINES[engine].title if engine in ENGINES else engine


def recognise(
    container: Container, project: Declarations | None = None, workload: Workload | None = None
) -> Recognition:
    """Whether a container is an inference engine. `workload` gives the annotations and the sibling containers."""
    if container.init and not container.sidecar:
        return Recognition(None, "an init container has to end before the pod serves", origin=container.origin)
    declared = declarations.for_container(container, workload)
    if declared is not None and declared.engine is None:
        return Recognition(None, declared.reason, origin=declared.origin)
    found = _by_evidence(container, project, workload)
    if declared is None and workload is not None:
        declared = _pod_annotation(container, found, project, workload)
    if declared is None or declared.engine is None:
        return found
    return _insisted(container, found, declared)


def _by_evidence(container: Container, project: Declarations | None, workload: Workload | None) -> Recognition:
    image = _image(container, project, workload)
    starts = [(commands.read(each.argv), each) for each in container.invocations]
    direct = [(start, each) for start, each in starts if _is_command(start, each, image)]
    engines = sorted(
        ((start, each) for start, each in direct if start.kind == "engine"), key=lambda pair: _RANK[pair[0].runs]
    )
    if engines:
        return _started(container, [pair for pair in engines if not _asks(pair[1])] or engines, image)
    handed = [each for start, each in starts if each.via in ("image", "field") and (start, each) not in direct]
    if handed and image.engine is not None:
        return _from_image(_in_group(image, workload), handed[0], container)
    return _unproven(container, image, [start for start, _ in direct], bool(handed))


_RANK: dict[Runs, int] = {"server": 0, "wrapped": 1, "worker": 2, "unstarted": 3}


def _is_command(start: Start, invocation: Invocation, image: Evidence) -> bool:
    """Whether an argument vector is a command line of its own, rather than arguments for the image's entrypoint."""
    if invocation.via not in ("image", "field"):
        return True
    if start.kind == "bystander" and image.engine in ENGINES and ENGINES[image.engine].runs_arguments:
        return True
    if not invocation.argv or image.entrypoint or invocation.via == "field":
        return start.kind == "engine" and start.at == 0 and image.engine in (None, start.engine)
    return start.kind in ("engine", "bystander")


def _started(container: Container, engines: Sequence[tuple[Start, Invocation]], image: Evidence) -> Recognition:
    start, invocation = engines[0]
    if start.joins:
        return _member(start, invocation, image)
    program = _unwrapped(invocation, start.at)
    reason = start.reason
    if not invocation.certain:
        reason += "; shell control flow decides whether it does"
    further = [(other, each) for other, each in engines[1:] if other.runs in ("server", "wrapped") and not other.joins]
    return Recognition(
        engine=start.engine,
        reason=reason,
        argv=program.argv,
        certain=start.certain and invocation.certain,
        runs=start.runs,
        invocation=program,
        others=tuple(_unwrapped(each, other.at) for other, each in further if other.engine == start.engine),
        origin=program.argv[0].origin if program.argv else container.origin,
        assumes=(
            *certainty.assumed(
                [pair for pair in ((start, invocation), *further) if not certainty.sure(*pair)], container
            ),
            *certainty.instead(container),
            *dict.fromkeys(name for each in (invocation, *(each for _, each in further)) for name in each.assumes),
        ),
        rivals=tuple(dict.fromkeys(title(other.engine or "") for other, _ in further if other.engine != start.engine)),
        wrapper=start.wrapper,
    )


def _asks(invocation: Invocation) -> bool:
    """Whether a command only asks the engine for its help or its version."""
    return any(
        token.text in ("--help", "-h", "--version") or token.text.startswith("--help=") for token in invocation.argv
    )


def _member(start: Start, invocation: Invocation, image: Evidence) -> Recognition:
    """`ray start`: a member of a group. Which engine the group runs, the image tells."""
    origin = invocation.argv[0].origin
    if image.engine is None:
        reason = f"{start.reason}, and its image says nothing of an engine"
        return Recognition(None, reason, certain=False, origin=origin)
    runs: Runs = "wrapped" if image.runs == "wrapped" else "worker"
    return Recognition(
        image.engine,
        f"{start.reason} that runs {title(image.engine)}: {image.reason}",
        (),
        image.certain,
        runs,
        invocation,
        (),
        origin,
    )


def _from_image(image: Evidence, invocation: Invocation, container: Container) -> Recognition:
    # A custom resource's own fields hold the engine's arguments, whoever puts the command together.
    runs: Runs = "server" if invocation.via == "field" and container.image is None else image.runs
    return Recognition(
        engine=image.engine,
        reason=image.reason,
        argv=invocation.argv if runs == "server" or image.wrapper else (),
        certain=image.certain and invocation.certain,
        runs=runs,
        invocation=invocation,
        wrapper=image.wrapper,
        origin=_image_origin(container),
        assumes=() if image.certain or container.image is None else (f"the image {container.image.value}",),
    )


def _in_group(image: Evidence, workload: Workload | None) -> Evidence:
    """Without a command KubeRay starts `ray start`, whatever the image's entrypoint is."""
    kind = workload.subject.kind if workload is not None else ""
    if not kind.startswith("Ray") or image.runs == "wrapped":
        return image
    reason = f"KubeRay makes it a member of a Ray group; {image.reason}"
    return replace(image, reason=reason, runs="wrapped" if kind == "RayService" else "worker", wrapper="")


def _unproven(container: Container, image: Evidence, starts: list[Start], handed: bool) -> Recognition:
    """No command starts an engine: a known bystander, a program nobody can look into, or nothing at all."""
    origin = _image_origin(container)
    known = next((start for start in starts if start.kind == "bystander"), None)
    blind = next((start for start in starts if start.kind == "unknown"), None)
    if known is not None and blind is None:
        return Recognition(None, known.reason, origin=origin)
    if image.engine is None:
        return _nothing(container, image, told=bool(starts or handed) or not container.gaps)
    if starts and blind is None and not container.gaps:
        return Recognition(None, f"{starts[0].reason}, and nothing in the manifest starts an engine", origin=origin)
    through = f"; {blind.reason}" if blind is not None else "; what it runs cannot be told"
    nothing_written = blind is None and container.command is None and not container.gaps
    return Recognition(
        engine=image.engine,
        reason=image.reason if nothing_written else image.reason + through,
        certain=nothing_written and image.certain,
        runs=image.runs if nothing_written else "wrapped",
        invocation=container.invocations[0] if container.invocations else None,
        origin=origin,
    )


def _nothing(container: Container, image: Evidence, *, told: bool) -> Recognition:
    """No sign of an engine. A container that asks for GPUs may be one nevertheless, and people can say so."""
    reason = image.reason
    asks = not image.bystander and bool(scheduling.gpu_resources(container))
    if asks:
        reason += (
            f"; it asks for GPUs, so if it is one, say it in the annotation `{declarations.ANNOTATION}.{container.name}`"
            " or under `images:` in .skewguard/config.yaml"
        )
    return Recognition(None, reason, certain=image.certain and told and not asks, origin=_image_origin(container))


# ---- images --------------------------------------------------------------------------------------------------------


def _image(container: Container, project: Declarations | None, workload: Workload | None) -> Evidence:
    declared = declarations.for_image(container, project)
    if declared is not None:
        if declared.engine in (None, "none"):
            return Evidence(None, declared.reason, bystander=True)
        return Evidence(declared.engine, declared.reason)
    if container.image is None:
        return _kind(workload) or Evidence(None, "neither an image nor a command is given here", certain=False)
    ref = images.parse(container.image.value)
    part = bystanders.of_tag(ref.name, ref.tag)
    if part is not None:
        return Evidence(None, f"the image {ref.name}:{ref.tag}: {part}", bystander=True)
    told = of_image(ref.name)
    if told.engine is None and not told.bystander and ref.tag:
        by_tag = _suggested(f"{ref.name}-{ref.tag}")
        if by_tag.engine is not None:
            reason = f"the tag `{ref.tag}` of the image {ref.name} suggests {title(by_tag.engine)}"
            return replace(by_tag, reason=reason)
    if told.engine is None and ref.unresolved and told.certain:
        return Evidence(None, f"the image holds a placeholder, {ref.unresolved[0]}", certain=False)
    return told


def starts_nothing(container: Container) -> bool:
    """Whether the image is known to start nothing by itself: it runs what the container's arguments name."""
    if container.image is None:
        return False
    ref = images.parse(container.image.value)
    return of_image(ref.name).entrypoint is False and "sagemaker" not in (ref.tag or "")


def _kind(workload: Workload | None) -> Evidence | None:
    if workload is None or workload.subject.kind not in _KINDS:
        return None
    if workload.subject.kind in _OF_KAITO:
        chosen = workload.annotations.get(_RUNTIME_OF_KAITO)
        if workload.subject.group != "kaito.sh" or (chosen is not None and chosen.value != "vllm"):
            return None
    engine, reason = _KINDS[workload.subject.kind]
    return Evidence(engine, reason, certain=False, runs="wrapped")


@cache
def of_image(name: str) -> Evidence:
    """What the image "registry/repository" holds."""
    for pattern, wrapper in REPOSITORIES:
        if images.ends(name, pattern):
            inside = WRAPPERS[wrapper]
            reason = f"the image {name} holds {inside.what}"
            return Evidence(inside.engine, reason, False, True, "wrapped", wrapper=wrapper)
    for row in ENGINES.values():
        if any(images.ends(name, pattern) for pattern in row.entrypoints):
            return Evidence(row.name, f"the image {name} starts {row.title}", entrypoint=True)
        if any(images.ends(name, pattern) for pattern in row.bare):
            return Evidence(row.name, f"the image {name} holds {row.title}", entrypoint=False)
        if any(images.ends(name, pattern) for pattern in row.repositories):
            return Evidence(row.name, f"the image {name} holds {row.title}")
    not_one = bystanders.of_repository(name)
    if not_one is not None:
        return Evidence(None, f"the image {name}: {not_one}", bystander=True)
    return _suggested(name)


def _suggested(name: str) -> Evidence:
    last = name.rpartition("/")[2]
    parts = [re.sub(r"\d.*", "", part) for part in re.split(r"[-_.]+", last.lower())]
    for row in ENGINES.values():
        if any(word in parts or word == last.lower() or _inside(word, last.lower()) for word in row.words):
            not_one = bystanders.of_words(last)
            if not_one is not None:
                return Evidence(None, f"the image {name}: by its name {not_one}", bystander=True)
            return Evidence(row.name, f"the name of the image {name} suggests {row.title}", certain=False)
    return Evidence(None, "neither its command nor its image is one of an inference engine that skewguard knows")


def _inside(word: str, last: str) -> bool:
    """A word of several parts (`llama.cpp`) inside a name, at part boundaries."""
    return not word.isalnum() and re.search(rf"(?:^|[-_.]){re.escape(word)}(?:$|[-_.])", last) is not None


def _image_origin(container: Container) -> Origin:
    return container.image.origin if container.image is not None else container.origin


# ---- argument vectors ----------------------------------------------------------------------------------------------


def _unwrapped(invocation: Invocation, at: int) -> Invocation:
    """The invocation from the engine's program on; assignments of an `env` before it join its environment."""
    if at == 0:
        return invocation
    words = [token.text for token in invocation.argv[:at]]
    removed = tuple(
        EnvVar(token.text, None, token.origin, "shell", why_unknown="`env` removes it")
        for option, token in zip(words, invocation.argv[1:at], strict=False)
        if option in ("-u", "--unset")
    )
    assigned = tuple(
        EnvVar(name, None if token.unresolved else value, token.origin, "shell", why_unknown=_held(token))
        for token in invocation.argv[:at]
        for name, equals, value in [token.text.partition("=")]
        if equals and re.fullmatch(r"[A-Za-z_]\w*", name)
    )
    return replace(invocation, argv=invocation.argv[at:], environment=(*invocation.environment, *removed, *assigned))


def _held(token: Token) -> str | None:
    return f"it is put together from {', '.join(token.unresolved)}" if token.unresolved else None


# ---- annotations ---------------------------------------------------------------------------------------------------


def _pod_annotation(
    container: Container, found: Recognition, project: Declarations | None, workload: Workload
) -> declarations.Declared | None:
    """The pod-wide annotation, where it speaks of this container.

    It speaks of the containers that run the engine it names; where none does, of the one whose image or program
    nobody can look into; where all are known to be something else, of the first.
    """
    declared = declarations.for_pod(workload)
    if declared is None or declared.engine is None or found.engine == declared.engine:
        return declared
    rest = [
        each
        for each in workload.template.containers
        if not (each.init and not each.sidecar) and declarations.for_container(each, workload) is None
    ]
    judged = [(each, _by_evidence(each, project, workload)) for each in rest]
    if any(answer.engine == declared.engine for _, answer in judged):
        return None
    open_ = [each for each, answer in judged if answer.engine is not None or not _is_bystander(each, answer)]
    chosen = open_ or rest
    return declared if chosen and chosen[0].name == container.name else None


def _is_bystander(container: Container, answer: Recognition) -> bool:
    known = container.image is not None and bystanders.of_repository(images.parse(container.image.value).name)
    return answer.engine is None and bool(
        known or any(commands.read(each.argv).kind == "bystander" for each in container.invocations)
    )


def _insisted(container: Container, found: Recognition, declared: declarations.Declared) -> Recognition:
    """What somebody declared decides; the evidence keeps saying how the engine is reached."""
    if found.engine == declared.engine:
        return replace(found, reason=f"{declared.reason}; {found.reason}")
    handed = next((each for each in container.invocations if each.via in ("image", "field")), None)
    first = handed or next(iter(container.invocations), None)
    return Recognition(
        engine=declared.engine,
        reason=declared.reason,
        argv=handed.argv if handed is not None else (),
        certain=handed is not None,
        runs="server" if handed is not None or first is None else "wrapped",
        invocation=first,
        origin=declared.origin,
    )
