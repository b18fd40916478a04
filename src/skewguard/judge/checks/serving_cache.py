"""Checks of the place the weights are kept: whether the engine looks where the volume is, and can write there.

Where a model of the Hugging Face Hub is kept: vLLM's `--download-dir`, else HF_HUB_CACHE, HUGGINGFACE_HUB_CACHE,
HF_HOME/hub, XDG_CACHE_HOME/huggingface/hub, HOME/.cache/huggingface/hub, in this order (huggingface_hub constants).
HOME is /root in the images of vLLM and SGLang, unless the pod runs as another user.
"""

import re
from collections.abc import Iterator

from msgspec import Struct

from skewguard.judge.checks.interface import Case, Result, check, fail, skipped, unknown
from skewguard.language.facts import Fact
from skewguard.language.workloads import Container, EnvVar, Mount

_ENGINES = ("vllm", "sglang")
_SKIPPED = "the model does not come from the Hub, or where it is kept is not known"
# Variables, and what of the cache lies below each.
_VARIABLES = (
    ("HF_HUB_CACHE", ""), ("HUGGINGFACE_HUB_CACHE", ""), ("HF_HOME", "/hub"), ("XDG_CACHE_HOME", "/huggingface/hub"),
    ("HOME", "/.cache/huggingface/hub"),
)  # fmt: skip


class Place(Struct, frozen=True):
    """Where the weights are kept, and why. `assumed`: nothing in the manifest says it, the image's user does."""

    path: str
    because: str
    assumed: bool = False
    entry: EnvVar | None = None


@check(
    "serving.cache-unused",
    reads_arguments=True,
    title="A model cache that the engine never uses",
    category="serving",
    severity="warning",
    why="The volume stays empty and the weights go to the container's own layer: every restart downloads them again, "
    "takes minutes longer, fails while the Hub is down, and fills the node's disk.",
    remedy="Mount the volume where the engine looks, or point HF_HOME at the volume.",
    bad="env: [{name: HF_HOME, value: /data}]\nvolumeMounts: [{name: cache, mountPath: /root/.cache/huggingface}]",
    good="env: [{name: HF_HOME, value: /data}]\nvolumeMounts: [{name: cache, mountPath: /data}]",
    sources=("huggingface_hub: environment variables (HF_HOME, HF_HUB_CACHE)", "vLLM: --download-dir"),
)
def cache_unused(case: Case) -> Iterator[Result]:
    """A volume that looks like a model cache, beside the place the engine uses."""
    place = cache_place(case)
    if place is None:
        yield skipped(_SKIPPED)
        return
    idle = [mount for mount in case.container.mounts if _is_cache(mount)]
    if covering(case.container, place.path) or not idle:
        return
    mount = idle[0]
    more = {"at": mount.origin, "anchor": mount.volume, "value": mount.path, "expected": _parent(place.path)}
    if place.assumed and not mount.path.startswith("/root"):
        yield unknown(
            f"Volume {mount.volume} is mounted at {mount.path}; whether the engine looks there depends on the home of "
            "the user it runs as, which the manifest does not say.",
            remedy=f"Say it: `env: [{{name: HF_HOME, value: {_home_for(mount.path)}}}]`.",
            **more,
        )
        return
    yield fail(
        f"Volume {mount.volume} is mounted at {mount.path}, but {case.title} keeps the model in {place.path} "
        f"({place.because}): the weights are downloaded again at every start.",
        remedy=f"Set `mountPath: {_parent(place.path)}` for volume {mount.volume}, or `HF_HOME` to "
        f"{_home_for(mount.path)}.",
        **more,
    )


@check(
    "serving.cache-read-only",
    reads_arguments=True,
    title="A model cache that cannot be written",
    category="serving",
    severity="warning",
    until_ready=True,
    why="The Hub's client writes to its cache while it looks a model up. On a read-only volume the first start fails, "
    "and a later one fails as soon as the branch on the Hub has moved.",
    remedy="Mount the volume writable, or fill it beforehand and set HF_HUB_OFFLINE=1.",
    bad="volumeMounts: [{name: cache, mountPath: /root/.cache/huggingface, readOnly: true}]",
    good="volumeMounts: [{name: cache, mountPath: /root/.cache/huggingface}]",
    sources=("huggingface_hub: environment variables (HF_HUB_OFFLINE)",),
)
def cache_read_only(case: Case) -> Iterator[Result]:
    """The cache lies on a read-only mount, and the engine may go to the Hub."""
    place = cache_place(case)
    offline = case.container.variable("HF_HUB_OFFLINE")
    if place is None or (offline is not None and (offline.value or "1").lower() in ("1", "true", "yes", "on")):
        yield skipped(_SKIPPED)
        return
    mount = covering(case.container, place.path)
    if mount is not None and mount.read_only:
        yield fail(
            f"{case.title} keeps the model in {place.path}, and volume {mount.volume} there is mounted read-only: a "
            "model that is not complete in it cannot be downloaded.",
            remedy='Remove `readOnly: true`, or add `env: [{name: HF_HUB_OFFLINE, value: "1"}]` for a volume that is '
            "filled beforehand.",
            at=mount.origin,
            anchor=mount.volume,
        )


@check(
    "serving.cache-no-place",
    reads_arguments=True,
    title="Nowhere to write the model",
    category="serving",
    severity="error",
    until_ready=True,
    why="With a read-only root filesystem and no volume where the model is kept, the download has no place: the "
    "engine ends before it serves.",
    remedy="Mount a volume where the model is kept.",
    bad="securityContext: {readOnlyRootFilesystem: true}",
    good="securityContext: {readOnlyRootFilesystem: true}\n"
    "volumeMounts: [{name: cache, mountPath: /root/.cache/huggingface}]",
    sources=("Kubernetes: Configure a Security Context", "huggingface_hub: environment variables"),
)
def cache_no_place(case: Case) -> Iterator[Result]:
    """A read-only root filesystem, and no mount over the cache."""
    place = cache_place(case)
    if place is None or not case.container.read_only_root:
        yield skipped(_SKIPPED if place is None else "the root filesystem can be written")
        return
    if covering(case.container, place.path) is None:
        yield fail(
            f"The root filesystem is read-only, and no volume is mounted over {place.path}, where {case.title} keeps "
            f"the model ({place.because}): the download fails, and the engine does not start.",
            remedy=f"Add a volume and `volumeMounts: [{{name: cache, mountPath: {_parent(place.path)}}}]`.",
            at=place.entry.origin if place.entry else case.container.origin,
            anchor="readOnlyRootFilesystem",
            severity="warning" if place.assumed else None,
        )


def cache_place(case: Case) -> Place | None:
    """Where the engine keeps a model of the Hub; None where it is not from the Hub, or the place is not known."""
    model = case.sheet.effective("model.id")
    if case.engine not in _ENGINES or not isinstance(model, Fact) or not _on_hub(model.value):
        return None
    if case.sheet.declared("model.source_uri") or case.container.variable(f"{case.engine.upper()}_USE_MODELSCOPE"):
        return None
    folder = case.sheet.effective(f"{case.engine}.download_dir")
    if isinstance(folder, Fact) and isinstance(folder.value, str):
        return Place(folder.value.rstrip("/"), "--download-dir")
    for name, below in _VARIABLES:
        entry = case.container.variable(name)
        if entry is None:
            continue
        if not entry.value or not entry.value.startswith("/"):
            return None
        return Place(entry.value.rstrip("/") + below, f"{name}={entry.value}", entry=entry)
    return Place("/root/.cache/huggingface/hub", "the default for user root", assumed=True)


def covering(container: Container, path: str) -> Mount | None:
    """The mount that `path` lies on (or that lies inside it), the deepest first."""
    found = [m for m in container.mounts if _inside(path, m.path) or _inside(m.path, path)]
    return max(found, key=lambda mount: len(mount.path)) if found else None


def _inside(path: str, folder: str) -> bool:
    folder = folder.rstrip("/")
    return path == folder or path.startswith(folder + "/")


def _on_hub(model: object) -> bool:
    return isinstance(model, str) and re.fullmatch(r"[\w.-]+/[\w.-]+", model) is not None and model[0] not in "./~"


def _is_cache(mount: Mount) -> bool:
    """Whether a mount is meant for the model: by its path or its volume's name, other caches left out."""
    if re.search(r"vllm|torch|triton|flashinfer|cuda|tmp|shm|numba|config|template", mount.path.lower()):
        return False
    if re.search(r"(?:^|/)(?:\.cache|huggingface|hf|hf[-_]home|hub|hf[-_]cache)(?:/|$)", mount.path.lower()):
        return True
    return re.search(r"(?:hf|huggingface|hub|model)[-_.]?(?:hub[-_.]?)?cache|^cache$", mount.volume.lower()) is not None


def _parent(path: str) -> str:
    return path.removesuffix("/hub") or path


def _home_for(path: str) -> str:
    """The HF_HOME with which the cache lies on a volume mounted at `path`."""
    return path.rstrip("/").removesuffix("/hub") or "/"
