"""Checks of replicas that should be equal: one image, one set of effective settings, one kind of GPU.

Each cause is told once (`disagreements` says which): what a rollout in progress, a ConfigMap or a policy explains stands
in `rollouts` and `contradicted`, what breaks the contract in `contract.mismatch`.
"""

from collections.abc import Iterator, Sequence
from functools import partial

from skewguard.judge.checks import disagreements, evidence, interface, kubectl
from skewguard.judge.checks.disagreements import DIGEST, GPU, MEMORY, REVISIONS, VERSION, Apart
from skewguard.judge.checks.interface import Case, Party, Result, fail, skipped, unknown
from skewguard.language.facts import Fact, Gap, Origin
from skewguard.language.vocabulary import ARTIFACTS, BY_NAME

check = partial(interface.check, phases=("live",), scope="replicas")

_ALONE = "fewer than two kinds of replicas run"
_DRIVER, _PARTITION = "hardware.driver_version", "hardware.partition"
_OF_IMAGE = (DIGEST, VERSION)
_OF_GPU = (GPU, MEMORY, _PARTITION)


@check(
    "pin.replicas-image",
    title="Replicas of one workload run different images",
    category="runtime",
    severity="error",
    why="One reference, two images: the tag moved while pods were made at different times, or a node kept an old copy. "
    "Requests then meet another engine build depending on the replica that takes them.",
    remedy="name the image by its digest, and roll the workload out again",
    bad="image: vllm/vllm-openai:v0.11.0   # pulled on two days",
    good="image: vllm/vllm-openai:v0.11.0@sha256:…",
    sources=("Kubernetes documentation: Images, updating images", "Kubernetes CRI API: ContainerStatus.image_ref"),
)
def replicas_image(case: Case) -> Iterator[Result]:
    """Two digests, or two versions, under one reference."""
    found = [item for item in disagreements.of_cause(case, "itself", "version") if item.setting in _OF_IMAGE]
    found.sort(key=lambda item: item.setting != DIGEST)
    if found:
        also = [item for item in disagreements.of_cause(case, "version") if item not in found]
        yield _told(found[0], _and(found[1:], also), remedy=_pin(case, found[0]), anchor="image")
    else:
        yield from _doubtful(case)


def _doubtful(case: Case) -> Iterator[Result]:
    """Digests of different kinds, which nobody can lay side by side."""
    parties = [party for party in disagreements.compared(case) if party.started]
    known = [party.case.sheet.effective(DIGEST) for party in parties]
    keys = {item.value if isinstance(item, Fact) else item.inputs for item in known}
    named = [item for item in known if isinstance(item, Gap) and item.rule == "image-config"]
    told = disagreements.apart(case)
    if len(keys) < 2 or not named or any(item.setting == DIGEST for item in told):
        return
    pods = [pod for party in parties for pod in party.pods]
    yield unknown(
        f"whether {kubectl.pods(pods)} run one image is not known: {named[0].reason}",
        remedy=f"pin the image by digest{_place(case)}",
        setting=DIGEST,
        anchor="image",
        inputs=named[0].inputs,
    )


def _place(case: Case) -> str:
    image = case.container.image
    return f" at {image.origin.brief}" if image is not None else ""


def _pin(case: Case, item: Apart) -> str:
    most, _ = disagreements.most(item) if item.setting == DIGEST else (None, [])
    image = evidence.image(case)
    name = image.text.partition("@")[0] if image is not None else "repository:tag"
    which = "the digest of most replicas, if that is the validated one" if most else "the digest that was validated"
    return f"write `image: {name}@{most.value if most else 'sha256:…'}`{_place(case)} ({which}), which makes new pods"


@check(
    "pin.replicas-revision",
    title="Replicas of one workload loaded different revisions",
    category="model",
    severity="error",
    why="A branch on the Hub moved between two starts: the replicas serve different weights or another tokenizer under "
    "one name, and answers depend on the replica that takes a request.",
    remedy="pin the revision to a commit, and roll the workload out again",
    bad="args: [--model=org/model]   # started on two days",
    good="args: [--model=org/model, --revision=9c925d64d72725edaf899c6cb9c377fd0709d9c5]",
    sources=("Hugging Face Hub documentation: snapshots and refs in the local cache",),
)
def replicas_revision(case: Case) -> Iterator[Result]:
    """Two commits of the model, its code or its tokenizer."""
    files = _files(case)
    for item in disagreements.of_cause(case, "itself"):
        if item.setting in REVISIONS:
            most, _ = disagreements.most(item)
            wanted = str(most.value) if most is not None else "COMMIT"
            edit = evidence.adding(case, item.setting, wanted) or f"pin {item.setting} to {wanted}"
            which = "the commit of most replicas, if that is" if most is not None else "the commit that is"
            yield _told(item, _and((), files), remedy=f"{edit} ({which} the validated one)", anchor=item.setting)


def _files(case: Case) -> list[Apart]:
    """The model's files in which replicas differ for no other reason."""
    return [item for item in disagreements.of_cause(case, "itself") if item.setting.startswith(ARTIFACTS)]


@check(
    "hardware.replicas-gpu",
    title="Replicas of one workload run on different GPUs",
    category="hardware",
    severity="error",
    why="Another class of GPU has another memory and speed, and engines size their batches by it: the replicas have "
    "different limits, different latency, and different numbers in the last digits.",
    remedy="let scheduling name one class, or promise every class that was validated: `hardware.gpu_class: [A, B]`",
    bad="nodeSelector: {}   # a mixed pool",
    good="nodeSelector: {nvidia.com/gpu.product: NVIDIA-H100-80GB-HBM3}",
    sources=("vLLM vllm/engine/arg_utils.py: default batch sizes by GPU memory",),
)
def replicas_gpu(case: Case) -> Iterator[Result]:
    """Two classes, sizes of memory or partitions under one workload."""
    found = [item for item in disagreements.of_cause(case, "itself", "gpu") if item.setting in _OF_GPU]
    if not found:
        return
    also = [item for item in disagreements.of_cause(case, "gpu") if item.setting not in _OF_GPU]
    remedy = "name the class in `nodeSelector`, then remove the pods elsewhere"
    most, odd = disagreements.most(found[0])
    if most is not None and odd:
        where = f"; then {kubectl.on_pod('delete pod', case, odd[0])}" + (" and the like" if len(odd) > 1 else "")
        remedy = f"let `nodeSelector` name {most.value} (where most run) in {case.workload.subject.kind} {case.workload.subject.name}{where}"
    yield _told(found[0], _and((), also), remedy=remedy + _if_meant(found[0]), anchor="nodeSelector")


def _if_meant(item: Apart) -> str:
    """What to write where the mix is as it was validated."""
    classes = dict.fromkeys(disagreements.shown(GPU, known) for _, known in item.values if isinstance(known, Fact))
    if item.setting == GPU and len(classes) > 1:
        return f"; if they are meant to run so, promise `{GPU}: [{', '.join(classes)}]` in the contract"
    return (
        '; if they are meant to run so, annotate the workload with `skewguard.dev/ignore.hardware.replicas-gpu: "why"`'
    )


@check(
    "hardware.replicas-driver",
    title="Replicas of one workload run on different GPU drivers",
    category="hardware",
    severity="note",
    why="Kernels are compiled for the driver at start, and a release branch may pick others: speed and the last digits "
    "can differ between replicas. A node pool in the middle of an upgrade looks so for a while.",
    remedy="bring the nodes to one driver",
    sources=("NVIDIA CUDA compatibility: driver branches",),
)
def replicas_driver(case: Case) -> Iterator[Result]:
    """Two driver versions; a warning where they are of different branches."""
    for item in disagreements.of_cause(case, "itself"):
        if item.setting == _DRIVER:
            branches = {str(known.value).partition(".")[0] for _, known in item.values if isinstance(known, Fact)}
            result = _told(item, remedy="bring the nodes of the pool to one driver", anchor="node")
            result.severity = "warning" if len(branches) > 1 else None
            yield result


_OWN_CHECK = (*_OF_IMAGE, *REVISIONS, *_OF_GPU, _DRIVER)


@check(
    "facts.replicas-disagree",
    title="Replicas of one workload run with different settings",
    category="runtime",
    severity="error",
    why="Pods of one template should run the same. Where an effective setting differs, what a client gets depends on the "
    "replica that takes the request, and no manifest shows it.",
    remedy="make the pods anew, and look for what changed between their starts",
    sources=("vLLM and SGLang: /server_info, /metrics and the start of the log",),
)
def replicas_disagree(case: Case) -> Iterator[Result]:
    """One answer for each setting that differs for no reason that another check tells."""
    if len(disagreements.compared(case)) < 2:
        yield skipped(_ALONE)
    files = _files(case)
    if files and not any(item.setting in REVISIONS for item in disagreements.of_cause(case, "itself")):
        odd = disagreements.most(files[0])[1] or list(files[0].values[-1][0].pods)
        remedy = f"let every replica read the files that were validated, by a pinned commit or from one volume; then {kubectl.restart(case, odd)}"
        yield _told(files[0], _and(files[1:], ()), remedy=remedy, anchor=files[0].setting)
    for item in disagreements.of_cause(case, "itself"):
        if item.setting not in _OWN_CHECK and item not in files:
            odd = disagreements.most(item)[1] or list(item.values[-1][0].pods)
            look = kubectl.in_container("logs", case, odd[0], " | head -100")
            remedy = f"compare how they started, {look}; then {kubectl.restart(case, odd)}"
            yield _told(item, remedy=remedy, anchor=evidence.flag(case, item.setting) or item.setting)


@check(
    "facts.replicas-fingerprint",
    title="Engines of one workload answer with different config hashes",
    category="runtime",
    severity="warning",
    why="vLLM puts a hash of its configuration into every response. Equal hashes show equal engine flags, and nothing "
    "about weights, tokenizer or chat template; unequal ones may differ in a flag, or only in the path of the model. It "
    "takes a request for one token, so that only `verify --fingerprint` reads it.",
    remedy="compare the start of both logs",
    sources=("vLLM: system_fingerprint of the OpenAI responses, on by default",),
)
def replicas_fingerprint(case: Case) -> Iterator[Result]:
    """Two hashes that no setting explains which was read."""
    groups: dict[str, list[Party]] = {}
    for party in disagreements.compared(case):
        for answers in party.answers:
            if answers.fingerprint:
                groups.setdefault(answers.fingerprint, []).append(party)
    if len(groups) < 2 or _explained(case):
        return
    sides = [
        f"{mark} on {kubectl.pods([pod for party in group for pod in party.pods])}" for mark, group in groups.items()
    ]
    odd = min(groups.values(), key=lambda group: sum(len(party.pods) for party in group))[0].pods
    yield fail(
        f"the engines' config hashes differ, {', '.join(sides)}, and nothing else that was read does: a flag, or only the "
        "path of the model, is another",
        remedy=f"compare how they started, {kubectl.in_container('logs', case, odd[0], ' | head -100')}",
        anchor="system_fingerprint",
        value=list(groups),
        at=Origin("endpoint", f"system_fingerprint of pod {odd[0]}"),
    )


def _explained(case: Case) -> bool:
    """Whether something of the engine differs anyway: its hash then differs as well."""
    apart = any(not item.setting.startswith("hardware.driver") for item in disagreements.apart(case))
    own = (party.case for party in disagreements.compared(case))
    return apart or any(
        disagreements.contradiction(each, setting) is not None for each in own for setting in each.sheet.added()
    )


# ---- in words --------------------------------------------------------------------------------------------------------


def _told(item: Apart, more: str = "", *, remedy: str, anchor: str) -> Result:
    most, odd = disagreements.most(item)
    facts = [known for _, known in item.values if isinstance(known, Fact)]
    seen = next((fact for fact in facts if most is not None and fact.value != most.value), facts[-1])
    row = BY_NAME.get(item.setting)
    return fail(
        f"the replicas run apart in {item.setting}: {disagreements.sides(item)}{more}",
        remedy=remedy,
        setting=item.setting,
        anchor=anchor,
        fact=seen,
        value=list(dict.fromkeys(disagreements.shown(item.setting, known) for _, known in item.values)),
        category=row.category if row else None,
        pods=odd or [pod for party, _ in item.values for pod in party.pods],
    )


def _and(same: Sequence[Apart], follows: Sequence[Apart]) -> str:
    """What comes with it, and what follows from it."""
    told = f", and in {disagreements.listed(same)}" if same else ""
    return told + (f"; from it follow {disagreements.listed(follows)}" if follows else "")
