"""What runs can change without an edit: images, storage and files that are named by something that moves."""

import re
from collections.abc import Iterator
from functools import cache

from msgspec import structs

from skewguard.judge.checks import evidence
from skewguard.judge.checks.interface import Case, Result, check, fail, skipped, unknown
from skewguard.knowledge.engines import images
from skewguard.language.facts import Fact
from skewguard.language.workloads import Mount, TextFile, Volume

RUNNING_DIGEST = (
    "`kubectl get pod POD -o jsonpath='{.status.containerStatuses[*].imageID}'` shows the digest that runs now"
)


@check(
    "pin.image-tag",
    title="The image tag can move",
    category="runtime",
    severity="warning",
    why="A moving tag (`latest`, a branch, a series such as `v0.11`) brings another engine version, with other defaults "
    "and other flags, at the next pull. Nodes that pulled on different days then serve differently side by side.",
    remedy="write the release you validated and its digest: `image: repository:tag@sha256:…`",
    bad="image: vllm/vllm-openai:latest",
    good="image: vllm/vllm-openai:v0.11.0@sha256:…",
    sources=("Kubernetes documentation: Images, Image pull policy",),
)
def image_tag(case: Case) -> Iterator[Result]:
    """A tag that names no single build, or none at all."""
    located, ref = case.container.image, evidence.image(case)
    preset = next((gap for gap in case.container.gaps if gap.rule == "preset"), None)
    if located is None and preset is not None:
        told = evidence.undecided(preset, "Which image it runs cannot be told", "runtime.image")
        yield structs.replace(told, anchor="image", at=case.container.origin)
    elif located is None or ref is None:
        yield unknown(
            "The container names no image in this document, so nobody can tell which engine version it runs",
            remedy="check the rendered manifest (`kustomize build`, `helm template`), or supply the object that "
            "holds the image",
            setting="runtime.image",
            anchor="image",
            at=case.container.origin,
        )
    elif ref.unresolved:
        yield unknown(
            f"The image holds the placeholder {ref.unresolved[0]}, which something fills in before the manifest is applied",
            remedy="check the file after it is filled in, for example "
            + ("`kustomize build" if ref.unresolved[0].startswith("$(") else "`envsubst < FILE")
            + " | skewguard check -`",
            setting="runtime.image",
            anchor="image",
            at=located.origin,
        )
    elif ref.problem is None and (reason := images.mutable_tag(ref)):
        yield fail(
            f"{reason[0].upper()}{reason[1:]}. {_pulling(case)}",
            remedy=f"write {evidence.image_edit(case, _pinned(case))}, with the release you validated; {RUNNING_DIGEST}",
            setting="runtime.image",
            anchor="image",
            at=located.origin,
        )


def _pinned(case: Case) -> str:
    """The reference to write: the name as written, the engine's version where it is known, and a digest."""
    ref = evidence.image(case)
    written = ref.text.partition("@")[0] if ref else ""
    name = written.removesuffix(f":{ref.tag}") if ref and ref.tag else written
    return f"{name}:RELEASE@sha256:DIGEST"


def _pulling(case: Case) -> str:
    """What the pull policy makes of a moving tag. Without a policy: Always for `latest`, else IfNotPresent."""
    ref, policy = evidence.image(case), case.container.pull_policy
    latest = ref is not None and ref.tag in (None, "latest")
    always = policy.value == "Always" if policy else latest
    if always:
        return "The next restart of any pod may start another build than its neighbours run"
    return "Each node keeps the build it pulled first, so that replicas on different nodes can run different ones"


@check(
    "pin.image-digest",
    title="The image has no digest",
    category="runtime",
    severity="note",
    why="A tag is a name that its owner can push again. Only a digest names the bytes that were validated.",
    remedy="append the digest to the image: `image: repository:tag@sha256:…`",
    bad="image: vllm/vllm-openai:v0.11.0",
    good="image: vllm/vllm-openai:v0.11.0@sha256:…",
    sources=("OCI distribution specification: tags are mutable, digests are not",),
)
def image_digest(case: Case) -> Iterator[Result]:
    """An immutable tag without a digest; a mutable tag is told by `pin.image-tag` alone."""
    located, ref = case.container.image, evidence.image(case)
    if located is None or ref is None or ref.unresolved or ref.problem or images.mutable_tag(ref):
        yield skipped("the tag comes first", setting="runtime.image_digest")
    elif ref.digest is None:
        yield fail(
            f"`{ref.text}` is named by tag alone; whoever owns the repository can push the tag `{ref.tag}` again",
            remedy=f"write {evidence.image_edit(case, f'{ref.text}@sha256:DIGEST')}; {RUNNING_DIGEST}",
            setting="runtime.image_digest",
            anchor="image",
            at=located.origin,
        )


@check(
    "pin.image-invalid",
    title="The image reference is not valid",
    category="runtime",
    severity="error",
    phases=("static",),
    why="The kubelet refuses an image reference that breaks the grammar: the pod stays in InvalidImageName.",
    remedy="write a valid reference: `image: registry/repository:tag@sha256:…`",
    bad="image: vllm/vLLM-openai:v0.11.0",
    good="image: vllm/vllm-openai:v0.11.0",
    sources=("distribution/reference: grammar of image references",),
)
def image_invalid(case: Case) -> Iterator[Result]:
    """A reference that no container runtime accepts."""
    located, ref = case.container.image, evidence.image(case)
    if located is not None and ref is not None and ref.problem and not ref.unresolved:
        yield fail(
            f"`{ref.text}` cannot be pulled: {ref.problem}",
            setting="runtime.image",
            anchor="image",
            at=located.origin,
        )


# ---- storage -------------------------------------------------------------------------------------------------------

_TAGGED = ("hf", "ms", "modelscope", "ngc", "oci", "docker")
_OBJECTS = ("s3", "gs", "gcs", "az", "abfs", "abfss", "azure", "wasbs", "oss", "tos", "cos", "swift", "http", "https")


@check(
    "pin.storage-uri",
    title="The storage URI names no version of the weights",
    category="model",
    severity="warning",
    why="The weights are fetched anew by each new pod. Under a URI without a version, somebody who uploads new weights "
    "changes what the next pod serves, while the pods that run keep the old ones.",
    remedy="name one version in the URI: `hf://owner/model:COMMIT`, an object prefix that is written once, an image digest",
    bad="storageUri: hf://Qwen/Qwen3-8B",
    good="storageUri: hf://Qwen/Qwen3-8B:9c925d64d72725edaf899c6cb9c377fd0709d9c5",
    sources=("KServe documentation: storage URIs", "Amazon S3: object versions are not part of a prefix"),
)
def storage_uri(case: Case) -> Iterator[Result]:
    """A URI of the Hub, of object storage or of an OCI artifact that names no single version."""
    for setting in ("model.source_uri", "model.id"):
        fact = case.sheet.declared(setting) or _field(case, setting)
        if fact is None or not isinstance(fact.value, str) or evidence.place(fact.value) != "uri":
            continue
        reason, remedy, severe = _unversioned(fact.value)
        if setting == "model.id" and fact.value.startswith("hf://"):  # `:COMMIT` is KServe's way to write it
            remedy = (
                "download the weights at one commit, and name their path; or name the commit as this server reads it"
            )
        if reason:
            yield fail(
                f"`{fact.value}` {reason}",
                remedy=remedy,
                setting=setting,
                anchor=setting,
                fact=fact,
                severity=None if severe else "note",
            )
            return


def _field(case: Case, setting: str) -> Fact | None:
    located = case.container.fields.get(setting)
    return None if located is None else Fact(setting, located.value, "declared", located.origin)


def _unversioned(uri: str) -> tuple[str, str, bool]:
    """Why a URI can name other weights tomorrow, the edit that mends it, and whether nothing at all holds it fast."""
    scheme, _, rest = uri.partition("://")
    if scheme in ("oci", "docker"):
        return _unversioned_image(scheme, rest)
    if scheme in _TAGGED:
        name, _, revision = rest.partition(":")
        if not revision:
            return (
                "names no revision, so that each new pod fetches what the default branch holds then",
                (f"write `{scheme}://{name}:COMMIT` with the commit you validated"),
                True,
            )
        if moving_revision(revision):
            return f"names the branch `{revision}`, which moves", f"write `{scheme}://{name}:COMMIT`", True
        return "", "", True
    if scheme in _OBJECTS and not _versioned_path(rest):
        return (
            "names no version, so that whoever uploads to it changes what the next pod serves",
            (
                "give each version of the weights its own prefix that is written once (a date, a commit, `v3`), and name "
                f"it: `{uri.rstrip('/')}/VERSION`"
            ),
            True,
        )
    return "", "", True


def _unversioned_image(scheme: str, rest: str) -> tuple[str, str, bool]:
    ref = images.parse(rest)
    if ref.digest or ref.unresolved:
        return "", "", True
    remedy = f"write `{scheme}://{rest}@sha256:DIGEST`"
    reason = images.mutable_tag(ref)
    if reason:
        return f"can bring other weights: {reason}", remedy, True
    return "is named by tag alone, which its owner can push again", remedy, False


def _versioned_path(path: str) -> bool:
    """Whether one part of the path reads as a version: a commit, a date, `v3`, `step-1000`, a versionId."""
    query = path.partition("?")[2]
    if re.search(r"(?:^|&)(?:versionId|generation|snapshot)=", query):
        return True
    parts = [part for part in path.partition("?")[0].split("/")[1:] if len(part) < 200]
    return any(_version_part().fullmatch(part) for part in parts)


@cache
def _version_part() -> re.Pattern[str]:
    return re.compile(
        r"(?=[0-9a-f]*\d)[0-9a-f]{7,64}|\d{4}[-_.]?\d{2}[-_.]?\d{2}.*|v?\d+(?:\.\d+)*(?:[-_.]?\w+)?"
        r"|(?:rev(?:ision)?|version|commit|step|checkpoint|ckpt|epoch|run|build|release)[-_=.]?[\w.-]*\d[\w.-]*",
        re.IGNORECASE,
    )


def moving_revision(revision: str) -> bool:
    """Whether a revision is a branch by its name: it points to another commit after each push."""
    lowered = revision.lower()
    names = ("main", "master", "head", "dev", "develop", "development", "trunk", "latest", "stable", "nightly", "next")
    return lowered in names or lowered.startswith(("refs/heads/", "refs/pr/"))


# ---- files ---------------------------------------------------------------------------------------------------------


@check(
    "pin.chat-template",
    reads_arguments=True,
    title="The chat template comes from a place that can change",
    category="model",
    severity="warning",
    why="The chat template decides which tokens the model sees. A template on a shared volume or behind a URL can be "
    "edited without any change to the manifest, and the model then answers to another prompt format.",
    remedy="mount the template from a ConfigMap that is part of the same input, or build it into the image",
    bad="- --chat-template=/shared/template.jinja   # a hostPath or claim that others write to",
    good="- --chat-template=/templates/template.jinja   # a ConfigMap in the same input",
    sources=("vLLM documentation: chat templates",),
)
def chat_template(case: Case) -> Iterator[Result]:
    """A template behind a URL, on a volume that others can write, or in a ConfigMap that is not in the input."""
    setting = "tokenizer.chat_template"
    fact = case.sheet.declared(setting)
    if fact is None or not isinstance(fact.value, str) or "{" in fact.value:
        return
    source = fact.value
    if source.startswith(("http://", "https://")):
        yield fail(
            f"The chat template is fetched from {source}, which can hold another text tomorrow",
            setting=setting,
            anchor=evidence.flag(case, setting) or setting,
            fact=fact,
        )
        return
    held, mount, volume = _file(case, source), _mount(case, source), _volume(case, source)
    if held is not None and held.text is not None:
        return
    if held is not None or (volume is not None and volume.kind in ("configMap", "projected")):
        name = held.ref if held else f"ConfigMap {volume.ref}" if volume and volume.ref else "the mounted ConfigMap"
        yield unknown(
            f"The chat template `{source}` comes from {name}, which is not in the input",
            remedy=f"add {name} to the input, so that its text is checked with the manifest",
            setting=setting,
            anchor=evidence.flag(case, setting) or setting,
            fact=fact,
            inputs=(f"file@{name}",),
        )
    elif mount is not None and not _is_model(case, mount):
        what = f"the volume `{mount.volume}`" + (f" ({volume.kind})" if volume else "")
        yield fail(
            f"The chat template `{source}` lies on {what}, whose content can change without an edit here",
            setting=setting,
            anchor=evidence.flag(case, setting) or setting,
            fact=fact,
        )


def _file(case: Case, path: str) -> TextFile | None:
    return next((file for file in case.container.files if file.path == path), None)


def _mount(case: Case, path: str) -> Mount | None:
    """The mount that holds a path: the longest one, as in Kubernetes."""
    holding = [
        item for item in case.container.mounts if path == item.path or path.startswith(item.path.rstrip("/") + "/")
    ]
    return max(holding, key=lambda item: len(item.path), default=None)


def _volume(case: Case, path: str) -> Volume | None:
    mount = _mount(case, path)
    volumes = case.workload.template.volumes
    return None if mount is None else next((item for item in volumes if item.name == mount.volume), None)


def _is_model(case: Case, mount: Mount) -> bool:
    """Whether the mount also holds the weights: the template is then part of the model, and pinned with it."""
    model = evidence.known(case, "model.id")
    return model is not None and str(model.value).startswith(mount.path)
