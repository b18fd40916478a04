"""What people say about the engine of a container: annotations on the objects, and the project's configuration.

skewguard.dev/engine: vllm==0.11.0              on the pod template or on the workload
skewguard.dev/engine.CONTAINER: vllm==0.11.0    for one container; `none` says that it is no engine
"""

import re
from collections.abc import Iterator, Mapping

from msgspec import Struct

from skewguard.knowledge.engines import images, versions
from skewguard.knowledge.engines.interface import Declarations, ImageRule
from skewguard.language.facts import Located, Origin
from skewguard.language.workloads import Container, Hint, Workload

ANNOTATION = "skewguard.dev/engine"


class Declared(Struct, frozen=True):
    """An engine and perhaps its version, as somebody declared them. `engine` None: declared to be no engine."""

    engine: str | None
    version: str | None
    reason: str
    origin: Origin | None = None


def for_container(container: Container, workload: Workload | None) -> Declared | None:
    """The annotation that names this container."""
    return _annotation(workload, f"{ANNOTATION}.{container.name}")


def for_pod(workload: Workload | None) -> Declared | None:
    """The annotation that names no container: it speaks of the pod's engine, whichever container that is."""
    return _annotation(workload, ANNOTATION)


def for_image(container: Container, project: Declarations | None) -> Declared | None:
    """What the project's configuration says of the container's image; the first rule that matches decides."""
    if project is None or not project.images or container.image is None:
        return None
    ref = images.parse(container.image.value)
    for rule in project.images:
        if matches(rule.match, ref):
            return Declared(rule.engine.lower(), _version(rule, ref), _of_rule(rule), rule.origin)
    return None


def matches(pattern: str, ref: images.ImageRef) -> bool:
    """Whether a glob matches an image: as written, with Docker Hub's defaults filled in, with or without its tag."""
    from fnmatch import fnmatchcase

    tag = f":{ref.tag}" if ref.tag else ":latest" if ref.digest is None else ""
    plain = ref.text.partition("@")[0]
    forms = (ref.text, plain, plain.removesuffix(f":{ref.tag}"), ref.name, f"{ref.name}{tag}")
    return any(fnmatchcase(form, pattern) for form in forms)


def problems(workload: Workload) -> Iterator[Hint]:
    """Engine annotations that cannot be read, or name a container that is not there."""
    names = {container.name for container in workload.template.containers}
    for annotations in (workload.template.annotations, workload.annotations):
        for key, written in annotations.items():
            if key != ANNOTATION and not key.startswith(f"{ANNOTATION}."):
                continue
            wrong = _wrong(key.removeprefix(ANNOTATION).removeprefix("."), written.value, names)
            if wrong:
                yield Hint("engine-annotation", f"{key}: {wrong}", written.origin, workload.subject, key)


def _wrong(container: str, text: str, names: set[str]) -> str | None:
    if container and container not in names:
        return f"there is no container `{container}` in this pod, so the annotation says nothing"
    if _read(text) is None:
        return f"`{text}` is not read; write an engine, or engine and version: `vllm==0.11.0`"
    return None


def _annotation(workload: Workload | None, key: str) -> Declared | None:
    if workload is None:
        return None
    for annotations in (workload.template.annotations, workload.annotations):
        written = _get(annotations, key)
        read = _read(written.value) if written is not None else None
        if written is not None and read is not None:
            engine, version = read
            return Declared(engine, version, f"the annotation {key} says `{written.value.strip()}`", written.origin)
    return None


def _get(annotations: Mapping[str, Located[str]], key: str) -> Located[str] | None:
    return annotations.get(key)


def _read(text: str) -> tuple[str | None, str | None] | None:
    match = re.fullmatch(r"\s*([A-Za-z][\w.-]*?)\s*(?:==\s*(\S+))?\s*", text)
    if match is None:
        return None
    engine, version = match[1].lower(), match[2]
    if version is not None and versions.key(version) is None and not versions.minor_only(version):
        return None
    return (None, None) if engine == "none" else (engine, version)


def _version(rule: ImageRule, ref: images.ImageRef) -> str | None:
    if rule.version is not None:
        return rule.version
    if rule.from_tag is None or ref.tag is None:
        return None
    found = re.search(rule.from_tag, ref.tag)
    if found is None:
        return None
    told = next((group for group in found.groups() if group), None) or found.group()
    return told if versions.key(told) is not None else None


def _of_rule(rule: ImageRule) -> str:
    return f"the project configuration says so of images `{rule.match}`"
