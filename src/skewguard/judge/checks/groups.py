"""Checks of pods that work together: whether they run the same engine, the same settings, on the same GPUs.

The leader is what a worker is held against: its image, arguments and requests are what was validated most often, and
one edit brings the worker to it.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from skewguard.judge.checks import devices, evidence, members
from skewguard.judge.checks.interface import Case, Result, check, fail, skipped, unknown
from skewguard.language import facts, scheduling, surroundings
from skewguard.language.facts import Effective, Fact, Origin
from skewguard.language.workloads import Container

_ALONE = "the container is no worker of a group whose leader runs an engine"
_SHARED_SETTINGS = (
    "model.id", "model.revision", "parallelism.tensor", "parallelism.pipeline", "parallelism.data",
    "runtime.dtype", "runtime.quantization", "runtime.kv_cache_dtype", "runtime.block_size", "runtime.speculative",
    "limits.max_model_len",
)  # fmt: skip
"""What each process of a group builds its share of the model and of the KV cache from."""
_SHARED_BY_ENGINE = ("nnodes", "ep_size", "enable_dp_attention", "moe_a2a_backend")
"""The same among the engines' own settings: how many members there are, and how they divide experts and attention."""


@check(
    "parallel.group-image",
    title="Members of one group run different images",
    category="runtime",
    severity="error",
    why="Leader and workers hold parts of one model and exchange tensors and Python objects with every step. Two "
    "versions do not speak the same protocol: the group hangs at start, fails at the first request, or computes with "
    "kernels that were never validated together.",
    remedy="give every member of the group the same image, by digest",
    bad="leaderTemplate: {image: vllm/vllm-openai:v0.11.0}\nworkerTemplate: {image: vllm/vllm-openai:v0.10.2}",
    good="leaderTemplate: {image: vllm/vllm-openai:v0.11.0}\nworkerTemplate: {image: vllm/vllm-openai:v0.11.0}",
    sources=("vLLM documentation: Parallelism and Scaling, multi-node: the same image on all nodes",
             "Ray documentation: all nodes of a cluster need the same Ray and Python versions"),
)  # fmt: skip
def group_image(case: Case) -> Iterator[Result]:
    """A worker whose engine, version, tag or digest is not its leader's."""
    leader = members.leader_of(case)
    who = "the first worker" if leader is not None and leader.workload.joins else "its leader"
    yield from _held_against(case, leader, who, _ALONE)


@check(
    "parallel.pair-image",
    title="Prefill and decode run different images",
    category="runtime",
    severity="warning",
    why="Decode takes the KV blocks that prefill wrote. Their layout and the handshake of the transfer belong to the "
    "engine's version: another one refuses the transfer, or reads the blocks as what they are not.",
    remedy="give prefill and decode the same image, by digest",
    bad="prefill: {image: vllm/vllm-openai:v0.11.0}\ndecode: {image: vllm/vllm-openai:v0.10.2}",
    good="prefill: {image: vllm/vllm-openai:v0.11.0}\ndecode: {image: vllm/vllm-openai:v0.11.0}",
    sources=("vLLM vllm/distributed/kv_transfer/kv_connector/v1/nixl_connector.py: NixlAgentMetadata",),
)
def pair_image(case: Case) -> Iterator[Result]:
    """A decode engine whose image is not the one of the prefill engines of its object."""
    half, none = members.other_half(case), "the container is no decode engine beside a prefill engine"
    yield from _held_against(case, half, "its prefill engine", none, "warning")


def _held_against(case: Case, other: Case | None, who: str, alone: str, most: str | None = None) -> Iterator[Result]:
    """Whether two containers that work together run the same engine; `most` bounds the severity."""
    own, theirs = case.container.image, other.container.image if other else None
    if other is None or own is None or theirs is None:
        yield skipped(alone)
        return
    apart, sure = _apart(case, other)
    if not apart:
        return
    member = "decode engine" if most else "worker"
    message = f"The {member} runs {apart[0]}, {who} ({theirs.origin}) {apart[1]}"
    more: dict[str, Any] = {"setting": "runtime.image", "anchor": "image", "at": own.origin, "expected": theirs.value}
    remedy = _brought_together(case, other, who)
    if sure is None:
        needs = "tell both versions with the annotation skewguard.dev/engine, or an `images` entry in the configuration"
        yield unknown(
            f"{message}: whether that is the same version is not known", remedy=f"{remedy}, or {needs}", **more
        )
        return
    yield fail(
        f"{message}: {_effect(pair=bool(most), sure=sure)}",
        remedy=remedy,
        value=own.value,
        severity=most if sure else "warning",
        **more,
    )


def _brought_together(case: Case, other: Case, who: str) -> str:
    """The edit that gives both one image; where both name the same, the bytes or the engine."""
    own, theirs = case.container.image, other.container.image
    assert own is not None
    assert theirs is not None
    if own.value != theirs.value:
        return f"change `{own.value}` to `{theirs.value}` at {own.origin}"
    seen = other.sheet.observed("runtime.image_digest")
    if case.engine != other.engine or seen is None:
        return f"start {other.title} in both"
    return (
        f"write `{theirs.value}@{seen.value}` in both (what {who} runs, if that was validated), and make the pods anew"
    )


def _effect(*, pair: bool, sure: bool) -> str:
    if not pair:
        return f"they are one server, and {'do not work' if sure else 'nobody has tried them'} together"
    return "what one of them writes into the KV cache, the other may refuse or misread"


def _apart(case: Case, other: Case) -> tuple[tuple[str, str] | None, bool | None]:
    """What differs between two engines' images (None: nothing), and whether it is sure to matter (None: unknown)."""
    if case.engine != other.engine:
        return (case.title, other.title), True
    own, theirs = evidence.image(case), evidence.image(other)
    if own is None or theirs is None or own.unresolved or theirs.unresolved:
        return None, None
    seen = [each.sheet.observed("runtime.image_digest") for each in (case, other)]
    if own.text == theirs.text and seen[0] is not None and seen[1] is not None and seen[0].value != seen[1].value:
        return (f"the bytes {_short(str(seen[0].value))}", _short(str(seen[1].value))), False
    if own.text == theirs.text:
        return None, None
    versions = [evidence.known(each, "runtime.version") for each in (case, other)]
    if versions[0] is not None and versions[1] is not None:
        mine, leaders = (f"{case.title} {fact.value}" for fact in versions if fact is not None)
        if mine != leaders:
            return (mine, leaders), True
        if own.digest and theirs.digest and own.digest != theirs.digest:
            return (f"the bytes {_short(own.digest)}", _short(theirs.digest)), False
        return None, None
    if own.digest and own.digest == theirs.digest:
        return None, None
    same = own.repository.rpartition("/")[2] == theirs.repository.rpartition("/")[2]
    if same and own.tag == theirs.tag and not (own.digest and theirs.digest):
        return None, None  # a mirror
    return (f"`{own.text}`", f"`{theirs.text}`"), False if same else None


def _short(digest: str) -> str:
    return digest[: len("sha256:") + 12] + "…"


@check(
    "parallel.group-settings",
    reads_arguments=True,
    title="Members of one group run with different settings",
    category="runtime",
    severity="error",
    why="Where each member starts the engine with its own arguments, each builds its share of the model from them. "
    "Another parallelism, model, format or length gives shares that do not fit together: the group waits for ranks "
    "that never come, or fails when it sets up its memory.",
    remedy="give every member the same arguments, apart from its rank",
    bad="leader: [--tensor-parallel-size=16, --nnodes=2]\nworker: [--tensor-parallel-size=8, --nnodes=2, --headless]",
    good="leader: [--tensor-parallel-size=16, --nnodes=2]\nworker: [--tensor-parallel-size=16, --nnodes=2, --headless]",
    sources=("vLLM documentation: Parallelism and Scaling, multi-node with --nnodes and --headless",
             "SGLang documentation: multi-node deployment, --nnodes and --node-rank"),
)  # fmt: skip
def group_settings(case: Case) -> Iterator[Result]:
    """A worker with arguments of its own whose shared settings differ from its leader's."""
    leader = members.leader_of(case)
    if leader is None or not (evidence.read_by_engine(case) and evidence.read_by_engine(leader)):
        yield skipped(_ALONE)
        return
    own_names = (f"{case.engine}.{name}" for name in _SHARED_BY_ENGINE)
    for setting, own, theirs in _unlike(case, leader, (*_SHARED_SETTINGS, *own_names)):
        spelled = evidence.flag(leader, setting) or evidence.flag(case, setting) or setting
        wanted = theirs.value if isinstance(theirs, Fact) else None
        yield fail(
            f"The worker runs with {spelled} {_shown(own)}, its leader with {_shown(theirs)} ({_where(theirs)}): each "
            "member builds its share of one model from its own arguments",
            remedy=_edit(case, setting, wanted),
            setting=setting,
            anchor=spelled,
            at=own.origin if isinstance(own, Fact) and own.origin.file else case.container.origin,
            value=own.value if isinstance(own, Fact) else None,
            expected=wanted,
        )


def _unlike(case: Case, other: Case, settings: Iterable[str]) -> Iterator[tuple[str, Effective, Effective]]:
    """The settings that somebody wrote for one of two containers, and that differ for certain."""
    for setting in settings:
        own, theirs = case.sheet.effective(setting), other.sheet.effective(setting)
        written = case.sheet.declared(setting) or other.sheet.declared(setting)
        if written is not None and facts.same(own, theirs) is False and _comparable(setting, own, theirs):
            yield setting, own, theirs


def _comparable(setting: str, own: Effective, theirs: Effective) -> bool:
    """Whether two values mean the same thing when they are the same: a name on the Hub and a folder do not."""
    if setting != "model.id" or not (isinstance(own, Fact) and isinstance(theirs, Fact)):
        return True
    return evidence.place(str(own.value)) == evidence.place(str(theirs.value))


def _shown(effective: Effective) -> str:
    return str(effective.value) if isinstance(effective, Fact) else "another value"


def _where(effective: Effective) -> str:
    return str(effective.origin) if isinstance(effective, Fact) else "its default"


def _edit(case: Case, setting: str, wanted: object) -> str:
    name = evidence.flag(case, setting) or setting
    if wanted is None:
        return f"remove `{name}` from the worker, or give it to the leader too"
    return f"for the worker, {evidence.add_words(case, name, str(wanted))}; or give the leader the worker's value"


@check(
    "hardware.group-gpus",
    title="Members of one group ask for different GPUs",
    category="hardware",
    severity="warning",
    why="A group computes each step together, so the slowest GPU sets the speed of all, and the smallest memory the "
    "KV cache. Most often one template was changed and the other forgotten.",
    remedy="give every member the same GPU class, and the same number of GPUs",
    bad="leaderTemplate: nodeSelector: {nvidia.com/gpu.product: NVIDIA-H100-80GB-HBM3}\n"
    "workerTemplate: nodeSelector: {nvidia.com/gpu.product: NVIDIA-A100-SXM4-80GB}",
    good="both templates: nodeSelector: {nvidia.com/gpu.product: NVIDIA-H100-80GB-HBM3}",
    sources=("vLLM documentation: Parallelism and Scaling",),
)
def group_gpus(case: Case) -> Iterator[Result]:
    """A worker on another GPU class than its leader, or with another number of GPUs."""
    leader = members.leader_of(case)
    if leader is None or leader.workload.joins:  # Ray's worker groups are pools of their own kind of node
        yield skipped(_ALONE)
        return
    own, theirs = (evidence.known(each, "hardware.gpu_class") for each in (case, leader))
    if own is not None and theirs is not None and own.value != theirs.value and devices.devices(leader.container):
        yield fail(
            f"The worker runs on {own.value}, its leader on {theirs.value} ({theirs.origin}): they are one server, "
            "as fast as the slower of the two, with the memory of the smaller",
            remedy=f"write `{theirs.origin.text or theirs.value}` at {own.origin}, as the leader has it",
            setting="hardware.gpu_class",
            anchor="nodeSelector",
            fact=own,
            expected=theirs.value,
        )
    yield from _counts(case, leader)


def _counts(case: Case, leader: Case) -> Iterator[Result]:
    """Different numbers of GPUs, where neither is none; too few in all is another finding with the same edit."""
    own, theirs = devices.devices(case.container), devices.devices(leader.container)
    need, total = devices.needed(leader), devices.available(leader)
    if not own or not theirs or own == theirs or (need is not None and total is not None and need > total):
        return
    amount = _amount(case)
    yield fail(
        f"The worker asks for {own} GPUs, its leader for {theirs}: a group shares its processes out evenly over its "
        f"pods, so that {abs(own - theirs)} of them stay idle or are missing",
        remedy=f"write `{theirs}` at {amount}" if amount else f"ask for {theirs} GPUs in the worker's limits",
        setting="hardware.gpu_count",
        anchor="resources.limits",
        at=amount,
        value=own,
        expected=theirs,
    )


def _amount(case: Case) -> Origin | None:
    return next((item.origin for item in scheduling.accelerator_resources(case.container).values()), None)


# ---- prefill and decode ----------------------------------------------------------------------------------------------


_PAIR_SETTINGS = ("model.id", "model.revision", "model.served_name", "runtime.dtype", "runtime.kv_cache_dtype")
"""What both halves of a request are computed from, and the name by which a router sends it to both."""
_LENGTH = "limits.max_model_len"


@check(
    "parallel.pair-settings",
    reads_arguments=True,
    title="Prefill and decode run with different settings",
    category="runtime",
    severity="warning",
    why="Decode goes on from the KV blocks that prefill wrote, and a router sends the same request to both. Blocks of "
    "another model, revision or format are refused when the two meet, or read as what they are not; and what is longer "
    "than decode allows is refused after prefill has computed it.",
    remedy="give prefill and decode the same model, name and formats, and decode no shorter length",
    bad="prefill: [--model=m, --max-model-len=32768]\ndecode: [--model=m, --max-model-len=16384]",
    good="prefill: [--model=m, --max-model-len=32768]\ndecode: [--model=m, --max-model-len=32768]",
    sources=("vLLM vllm/distributed/kv_transfer/kv_connector/v1/nixl_connector.py: NixlAgentMetadata",),
)
def pair_settings(case: Case) -> Iterator[Result]:
    """A decode engine whose model, name or formats are not those of prefill, or whose length is shorter."""
    half = members.other_half(case)
    if half is None or case.engine != half.engine or not all(map(evidence.read_by_engine, (case, half))):
        yield skipped("the container is no decode engine beside a prefill engine of its kind")
        return
    for setting, own, theirs in _unlike(case, half, (*_PAIR_SETTINGS, _LENGTH)):
        if setting == _LENGTH and not _is_less(own, theirs):
            continue  # prefill never sees the answer: it may be given less
        spelled = evidence.flag(half, setting) or evidence.flag(case, setting) or setting
        wanted = theirs.value if isinstance(theirs, Fact) else None
        edit = "write both alike" if wanted is None else f"for decode, {evidence.add_words(case, spelled, str(wanted))}"
        yield fail(
            f"Decode runs with {spelled} {_shown(own)}, prefill with {_shown(theirs)} ({_where(theirs)}): both compute "
            "the same requests",
            remedy=f"{edit}; or give prefill what decode has",
            setting=setting,
            anchor=spelled,
            at=own.origin if isinstance(own, Fact) else case.container.origin,
            value=own.value if isinstance(own, Fact) else None,
            expected=wanted,
        )


def _is_less(own: Effective, theirs: Effective) -> bool:
    both = [known.value for known in (own, theirs) if isinstance(known, Fact) and isinstance(known.value, int)]
    return len(both) == 2 and both[0] < both[1]


@check(
    "parallel.engine-id-shared",
    reads_arguments=True,
    title="Two servers share one KV transfer identity",
    category="orchestration",
    severity="error",
    why="Prefill and decode servers find each other's KV blocks by engine id. Under one literal id the transfers of one "
    "server are taken for those of the other.",
    remedy="leave the engine id out, so that each server makes its own",
    bad="""args: ['--kv-transfer-config={"kv_connector": "NixlConnector", "kv_role": "kv_both", "engine_id": "0"}']""",
    good="""args: ['--kv-transfer-config={"kv_connector": "NixlConnector", "kv_role": "kv_both"}']""",
    sources=("vLLM vllm/config/kv_transfer.py: engine_id is a new UUID where none is given",),
)
def engine_id_shared(case: Case) -> Iterator[Result]:
    """The same literal engine id here and in a workload that stands before this one in the input."""
    setting = f"{case.engine}.kv_transfer_config"
    fact = case.sheet.declared(setting)
    own = fact.value.get("engine_id") if fact is not None and isinstance(fact.value, dict) else None
    if fact is None or own is None:
        return
    for other in case.inventory.workloads:
        if other.subject == case.workload.subject:
            return
        same = surroundings.same_namespace(other.subject.namespace, case.workload.subject.namespace)
        if same and any(str(own) in _engine_ids(container) for container in other.template.containers):
            yield fail(
                f"{case.workload.subject} and {other.subject} both have the engine id `{own}`",
                remedy="remove `engine_id` from both",
                setting=setting,
                anchor=evidence.flag(case, setting) or setting,
                fact=fact,
            )
            return


def _engine_ids(container: Container) -> set[str]:
    """The literal engine ids in a container's arguments, in JSON or as a dotted flag."""
    found: set[str] = set()
    for invocation in container.invocations:
        text = " ".join(token.text for token in invocation.argv if not token.unresolved)
        found.update(re.findall(r"engine_id[\"']?[\s:=]+[\"']?([\w.-]+)", text))
    return found
