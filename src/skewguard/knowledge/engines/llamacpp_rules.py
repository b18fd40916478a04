"""What the llama.cpp server decides at its start, build by build: context, slots, layers on the GPU, where it listens.

Read in `common/common.h`, `common/common.cpp`, `src/llama-context.cpp`, `llama_model_default_params`, `tools/server` and
`.devops/*.Dockerfile` of builds from b3716 to b10573. What the running server took it tells at `GET /props`.
"""

from skewguard.knowledge.engines import tables
from skewguard.knowledge.engines.answers import Engine
from skewguard.knowledge.engines.readings import UNKNOWABLE
from skewguard.knowledge.engines.start_rules import Book, Ground
from skewguard.knowledge.engines.versions import since
from skewguard.language.facts import Effective

LLAMACPP = Engine("llamacpp", "llama.cpp")

FITS = "b7416"
"""The first build that changes unset context and layers so that they fit the memory (`--fit`, on by default)."""
OFFLOADS = "b6325"
"""The first build that puts all layers on the GPU unless told otherwise; before it none."""
SHARES = "b7444"
"""The first build with slots by itself: four, which share one context."""
SLOTS = 4
PADS = "b6981"
"""The first build that rounds the context of a slot up to a multiple of `BLOCK`, and caps it at the model's own."""
TAGGED = "b4470"
"""The first build whose `-hf` takes the name of a file behind a colon."""
BLOCK = 256


def _fits(ground: Ground) -> bool | None:
    """Whether unset values are fitted to the memory; None where that cannot be told."""
    written = ground.declared("fit_params")
    if not since(ground.version, FITS):
        return False
    return None if written is UNKNOWABLE else written is not False


# ---- context and slots ----------------------------------------------------------------------------------------------


def n_ctx(setting: str, ground: Ground) -> Effective | None:
    """Unset, a number up to b7406; else what the model was trained with, where that fits the memory."""
    if ground.declared("n_ctx") is None and _literal(ground):
        return None
    fits = _fits(ground) if ground.declared("n_ctx") is None else False  # an explicit 0 is not shrunk
    if fits is None:
        return ground.unknown(setting, "whether `--fit` is on is not known")
    if fits:
        reason = "it is the context the model was trained with, shrunk by `--fit` to what the memory holds"
        return ground.gap(setting, f"n-ctx@{FITS}", reason, _file(ground), ground.hardware.key)
    return ground.gap(setting, "n-ctx", "it is the context the model was trained with", _file(ground))


def _literal(ground: Ground) -> int:
    default = tables.load(LLAMACPP.name).by_dest(ground.version)["n_ctx"].default
    return default if isinstance(default, int) else 0


def n_parallel(setting: str, ground: Ground) -> Effective | None:
    """Unset: one slot, from b7444 on four that share one context."""
    if not since(ground.version, SHARES):
        return None
    return ground.derived(setting, "n-parallel", SLOTS, "`auto` is four slots with one context between them")


def slot_context(setting: str, ground: Ground) -> Effective:
    """The longest prompt plus output of one request: the context, divided by the slots unless they share it."""
    context, slots, shared = ground.declared("n_ctx"), ground.declared("n_parallel"), ground.declared("kv_unified")
    if UNKNOWABLE in (context, slots, shared):
        return ground.unknown(setting, "context, slots or their sharing are not known")
    if context is None:
        context = _literal(ground)
    if not isinstance(context, int) or context <= 0:
        return n_ctx(setting, ground) or ground.unknown(setting, "the context is not known")
    automatic = not isinstance(slots, int) and since(ground.version, SHARES)
    count = slots if isinstance(slots, int) else SLOTS if automatic else 1
    parts = 1 if shared is True or automatic else max(count, 1)
    return _of_slot(setting, ground, context, parts)


def _of_slot(setting: str, ground: Ground, context: int, parts: int) -> Effective:
    why = f"{context} shared by the slots" if parts == 1 else f"{context} for {parts} slots"
    if since(ground.version, PADS):
        rounded = _up(_up(context) // parts)
        return ground.derived(setting, "slot-context", rounded, why, ("the context the model was trained with",))
    if context % BLOCK:
        return ground.gap(setting, "slot-context", f"{context} is rounded, by the kind of cache", _file(ground))
    return ground.derived(setting, "slot-context", context // parts, why)


def _up(tokens: int) -> int:
    return -(-tokens // BLOCK) * BLOCK


def n_predict(setting: str, ground: Ground) -> Effective:
    """-1: no limit."""
    return ground.derived(setting, "n-predict", None, "no limit")


# ---- layers and GPUs ------------------------------------------------------------------------------------------------


def n_gpu_layers(setting: str, ground: Ground) -> Effective:
    """Unset: none before b6325, then all, from b7416 on as many as fit the memory."""
    if not since(ground.version, OFFLOADS):
        return ground.derived(setting, "n-gpu-layers", 0, "no layer leaves the CPU")
    fits = _fits(ground)
    if fits is None:
        return ground.unknown(setting, "whether `--fit` is on is not known")
    if fits:
        reason = "`--fit` puts as many layers on the GPU as its memory holds"
        return ground.gap(setting, f"n-gpu-layers@{FITS}", reason, _file(ground), ground.hardware.key)
    return ground.derived(setting, "n-gpu-layers", "all")


def _split(setting: str, ground: Ground, modes: tuple[str, ...]) -> Effective:
    """The GPUs of the container where the mode is one of `modes`, else one."""
    mode, devices, layers = (ground.declared(dest) for dest in ("split_mode", "devices", "n_gpu_layers"))
    if UNKNOWABLE in (mode, devices, layers):
        return ground.unknown(setting, "--split-mode, --device or --gpu-layers is not known")
    none = layers == 0 or (layers in (None, "auto") and not since(ground.version, OFFLOADS))
    if (mode or "layer") not in modes or ground.hardware.count == 1 or none:
        why = "no layer leaves the CPU" if none else f"--split-mode {mode or 'layer'}"
        return ground.derived(setting, "split-mode", 1, why)
    if isinstance(devices, str):
        return ground.derived(setting, "split-mode", len(devices.split(",")), "the devices that --device names")
    if ground.declared("tensor_split") is not None:
        return ground.gap(setting, "split-mode", "--tensor-split decides", ground.hardware.key)
    if ground.hardware.count is None or ground.hardware.platform not in ("cuda", "rocm"):
        return ground.gap(setting, "split-mode", "it is the number of GPUs the server sees", ground.hardware.key)
    assumes = ("the kind of device the image is built for",)
    return ground.derived(setting, "split-mode", ground.hardware.count, f"--split-mode {mode or 'layer'}", assumes)


def tensor(setting: str, ground: Ground) -> Effective:
    """GPUs that share a layer: those of the container with `--split-mode row` or `tensor`."""
    return _split(setting, ground, ("row", "tensor"))


def pipeline(setting: str, ground: Ground) -> Effective:
    """GPUs that each hold some of the layers: those of the container, unless the mode is another one."""
    return _split(setting, ground, ("layer",))


# ---- the model's file -----------------------------------------------------------------------------------------------


def _file(ground: Ground) -> str:
    """The input key of the GGUF file."""
    repository, file = ground.said("hf_repo"), ground.said("hf_file") or ground.said("model")
    return f"gguf@{repository or file}"


def quantization(setting: str, ground: Ground) -> Effective:
    """What the name behind `-hf` says, `Q4_K_M` where it says nothing; else the file holds it."""
    written = ground.declared("hf_repo")
    if written is UNKNOWABLE:
        return ground.unknown(setting, "the repository is not known")
    if isinstance(written, str) and ground.declared("hf_file") is None and since(ground.version, TAGGED):
        tag = written.partition(":")[2]
        if tag and tag.lower() != "latest":
            return ground.derived(setting, "quantization", tag, f"-hf {written}")
        return ground.derived(setting, "quantization", "Q4_K_M", "-hf names no other", ("the files of the repository",))
    return ground.gap(setting, "gguf", "the GGUF file holds it", _file(ground))


def dtype(setting: str, ground: Ground) -> Effective:
    """Weights are computed with as the GGUF file holds them."""
    return ground.gap(setting, "gguf", "the GGUF file holds it", _file(ground))


def revision(setting: str, ground: Ground) -> Effective:
    """`-hf` fetches from the main branch, and no argument says otherwise; a file or URL has none."""
    written = ground.declared("hf_repo")
    if written is UNKNOWABLE:
        return ground.unknown(setting, "the repository is not known")
    return ground.derived(setting, "revision", "main" if written is not None else None, "no argument pins another")


def model_alias(setting: str, ground: Ground) -> Effective:
    """The name of what is loaded, which builds form in different ways: a path, a file's name, a repository."""
    reason = "the server calls the model by the file or the repository that it loads"
    return ground.gap(setting, "model-alias", reason, _file(ground))


def seed(setting: str, ground: Ground) -> Effective:
    """Drawn anew for each request that names none."""
    reason = f"llama.cpp {ground.version} draws it anew for every request that names none"
    return ground.gap(setting, "random-seed", reason, "random@each request")


IMAGES = ("ggml-org/llama.cpp", "ggerganov/llama.cpp")


def host(setting: str, ground: Ground) -> Effective | None:
    """llama.cpp's own images set LLAMA_ARG_HOST to all addresses; the program's own default is the loopback address."""
    image = ground.release.key.partition("@")[2]
    if any(name in image for name in IMAGES):
        return ground.derived(setting, "image-environment", "0.0.0.0", "ENV of llama.cpp's own image")  # noqa: S104
    if "/" in image or ":" in image:
        return ground.gap(setting, "image-environment", "the image may set it", f"environment@{image}")
    return None


BOOK = Book(
    engine=LLAMACPP,
    ask="the running server (`GET /props`)",
    rules={
        "host": host,
        "model_alias": model_alias,
        "n_ctx": n_ctx,
        "n_gpu_layers": n_gpu_layers,
        "n_parallel": n_parallel,
        "n_predict": n_predict,
        "sampling_seed": seed,
    },
    views={
        "limits.max_model_len": slot_context,
        "model.revision": revision,
        "parallelism.pipeline": pipeline,
        "parallelism.tensor": tensor,
        "runtime.dtype": dtype,
        "runtime.quantization": quantization,
    },
    model="model",
    undecided=(None, 0, -1),
)
