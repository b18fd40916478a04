"""Which release of an engine a container runs, from what the inputs say: annotation, project configuration, tag."""

from collections.abc import Sequence

from msgspec import structs

from skewguard.knowledge.engines import declarations, image_versions, images, installs, versions
from skewguard.knowledge.engines.declarations import Declared
from skewguard.knowledge.engines.interface import Certainty, Declarations, Release
from skewguard.language.facts import Choice, Effective, Fact, Origin
from skewguard.language.workloads import Container, Workload


def release(
    engine: str,
    table: Sequence[str],
    container: Container,
    workload: Workload | None = None,
    project: Declarations | None = None,
) -> Release:
    """The release of `engine` in `container`; `table` holds the engine's known versions, oldest first.

    An annotation decides over the project's configuration, that over what a script installs, and that over the
    image's tag.
    """
    key = version_key(container)
    declared = _declared(engine, container, workload, project)
    if declared is not None:
        return _stated(engine, table, key, declared)
    if container.image is None:
        reason = "no image is given here, so that its version cannot be known" + _remedy(engine)
        tagged = Release(engine, None, tuple(table), "unknown", reason, key)
    else:
        tagged = _tagged(engine, table, key, images.parse(container.image.value), container.image.origin)
    install = installs.installed(engine, container.invocations)
    return tagged if install is None else _over(tagged, install, table)


def _over(tagged: Release, install: installs.Installed, table: Sequence[str]) -> Release:
    """The release that a script installs over the image's own."""
    engine, key = tagged.engine, f"version@{install.text}"
    said = f"the container's script installs `{install.text}`"
    if install.version is None:
        reason = f"{said}, whose version is not known{_remedy(engine)}"
        return Release(engine, None, tuple(table), "unknown", reason, key, install.origin)
    made = structs.replace(of_version(engine, table, install.version, said, key), origin=install.origin)
    if install.certain:
        return made
    either = {*tagged.candidates, *made.candidates}
    reason = f"{said} on a condition that only the running shell knows{_remedy(engine)}"
    both = tuple(version for version in table if version in either)
    return Release(engine, None, both, "unknown", reason, f"{key} or {tagged.key}", install.origin)


def of_version(engine: str, table: Sequence[str], text: str | None, reason: str, key: str = "version") -> Release:
    """A release given by its number: on a command line, by a running server."""
    fitting = versions.fitting(text, table)
    return Release(engine, text, fitting.candidates, fitting.fit, _why(text, reason, fitting), key)


def version_key(container: Container) -> str:
    """The input key of the container's engine version: equal for equal images."""
    return f"version@{container.image.value}" if container.image else f"version@the image of container {container.name}"


def _declared(
    engine: str, container: Container, workload: Workload | None, project: Declarations | None
) -> Declared | None:
    said = (
        declarations.for_container(container, workload),
        declarations.for_pod(workload),
        declarations.for_image(container, project),
    )
    return next((each for each in said if each is not None and each.engine == engine and each.version), None)


def _stated(engine: str, table: Sequence[str], key: str, declared: Declared) -> Release:
    fitting = versions.fitting(declared.version, table)
    reason = _why(declared.version, declared.reason, fitting)
    return Release(engine, declared.version, fitting.candidates, fitting.fit, reason, key, declared.origin)


def _tagged(engine: str, table: Sequence[str], key: str, ref: images.ImageRef, origin: Origin) -> Release:
    told = image_versions.tag_version(engine, ref)
    if told.text is None:
        reason = f"{told.reason}{_remedy(engine)}"
        return Release(engine, None, tuple(table), "unknown", reason, key, origin)
    fitting = versions.after(told.text, table) if told.approximate else versions.fitting(told.text, table)
    reason = told.reason
    if ref.digest is not None:
        reason += "; the digest decides what runs, and the tag beside it is taken at its word"
    why = _why(told.text, reason, fitting, approximate=told.approximate)
    return Release(engine, told.text, fitting.candidates, fitting.fit, why, key, origin, told.approximate)


_MEANINGS: dict[Certainty, str] = {
    "between": "{text} is not in the tables; what {first} and {last} have in common is used",
    "newer": "{text} is newer than the tables, which end at {last}",
    "older": "{text} is older than the tables, which begin at {first}",
    "unknown": "{text} names a series, and which of {first} to {last} it is, is not known",
}


def _why(text: str | None, reason: str, fitting: versions.Fitting, *, approximate: bool = False) -> str:
    if fitting.fit == "exact" and text is not None and "+" in text:
        return f"{reason}; `+{text.partition('+')[2]}` marks somebody's own build of it, which may be patched"
    if fitting.fit == "exact" or not fitting.candidates or text is None:
        return reason
    first, last = fitting.candidates[0], fitting.candidates[-1]
    if approximate and fitting.fit == "between":
        return f"{reason}; what {first} and {last} have in common is used"
    if fitting.fit == "unknown" and first == last:
        return f"{reason}; {text} names a series, of which {first} is the only release in the tables"
    return f"{reason}; {_MEANINGS[fitting.fit].format(text=text, first=first, last=last)}"


def unlisted(answer: Effective, title: str, release: Release) -> Effective:
    """What is open of a version that lies between two of the tables: not which one runs, but what that one does.

    `title` is the engine's.
    """
    known = release.certainty == "between" and release.version is not None
    if not known or isinstance(answer, Fact) or release.key not in answer.inputs:
        return answer
    key = f"tables@{title} {release.version}"
    inputs = tuple(key if each == release.key else each for each in answer.inputs)
    if isinstance(answer, Choice) or answer.rule != "version":
        return structs.replace(answer, inputs=inputs)
    first, last = release.candidates[0], release.candidates[-1]
    reason = f"{title} {release.version} lies between {first} and {last} of the tables, which do not give one answer"
    return structs.replace(
        answer, reason=reason, inputs=inputs, would_need="the running server, or a release of the tables"
    )


def _remedy(engine: str) -> str:
    return (
        f"; say it in an annotation (`{declarations.ANNOTATION}: {engine}==VERSION`)"
        " or under `images:` in .skewguard/config.yaml"
    )
