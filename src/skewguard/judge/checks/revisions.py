"""Revisions of what comes from a model hub: weights, tokenizer, code, adapters and draft models (group `pin`)."""

import re
from collections.abc import Iterator
from typing import Any

from skewguard.judge.checks import evidence, starting
from skewguard.judge.checks.interface import Case, Result, check, fail, skipped
from skewguard.judge.checks.pin import moving_revision
from skewguard.language.facts import Fact

HUB = ("huggingface_hub documentation: revision is a branch, a tag or the full commit hash",)
COMMIT_PAGE = "https://huggingface.co/{}/commits/main lists the commits"


@check(
    "pin.model-revision",
    reads_arguments=True,
    title="The model's revision is not pinned",
    category="model",
    severity="warning",
    why="Without a revision each new pod takes what the repository's main branch holds at that moment: weights, "
    "config.json (dtype, quantization, context length), tokenizer, chat template and default sampling parameters. A "
    "push to the repository changes production, one pod at a time.",
    remedy="pin the revision to the 40-hex commit you validated",
    bad="args: [--model=Qwen/Qwen3-8B]",
    good="args: [--model=Qwen/Qwen3-8B, --revision=9c925d64d72725edaf899c6cb9c377fd0709d9c5]",
    sources=HUB,
)
def model_revision(case: Case) -> Iterator[Result]:
    """A Hub model without a revision, or at a branch."""
    setting = "model.revision"
    model = case.sheet.declared("model.id")
    if starting.doubled(case):
        return  # what is read as the model is the repeated entrypoint
    if model is None:
        gap = evidence.concealed(case, "model.id")
        if gap is not None and case.sheet.declared(setting) is None:
            yield evidence.undecided(gap, "Whether the model's revision is pinned cannot be told", setting)
        return
    if evidence.place(str(model.value)) != "hub":
        yield skipped("the model is not fetched from a hub by name", setting=setting)
        return
    yield from _loose(case, setting, "model", model)


@check(
    "pin.tokenizer-revision",
    reads_arguments=True,
    title="The tokenizer's revision is not pinned",
    category="model",
    severity="warning",
    why="Another tokenizer means other tokens for the same text: the model still answers, and worse. A tokenizer from a "
    "repository of its own needs a revision of its own; the model's revision does not exist there.",
    remedy="pin the tokenizer's revision to a 40-hex commit of its repository",
    bad="args: [--model=acme/chat, --tokenizer=Qwen/Qwen3-8B]",
    good="args: [--model=acme/chat, --tokenizer=Qwen/Qwen3-8B, --tokenizer-revision=9c925d64…]",
    sources=(
        *HUB,
        "vLLM vllm/config/model.py: tokenizer_revision falls back to revision",
        "SGLang sglang/srt/managers/tokenizer_manager.py: the tokenizer is loaded at the model's revision",
    ),
)
def tokenizer_revision(case: Case) -> Iterator[Result]:
    """A tokenizer from a Hub repository of its own that has no revision, or that gets the model's."""
    setting = "tokenizer.revision"
    tokenizer, model = case.sheet.declared("tokenizer.id"), case.sheet.declared("model.id")
    own = tokenizer is not None and (model is None or tokenizer.value != model.value)
    if tokenizer is None or not own or evidence.place(str(tokenizer.value)) != "hub":
        if case.sheet.declared(setting) is not None and tokenizer is not None and not own:
            yield from _loose(case, setting, "tokenizer", tokenizer)
        return
    inherited = case.sheet.effective(setting)
    if isinstance(inherited, Fact) and inherited.authority == "derived" and inherited.value:
        yield _inherited(case, tokenizer, str(inherited.value))
        return
    yield from _loose(case, setting, "tokenizer", tokenizer)


def _inherited(case: Case, tokenizer: Fact, revision: str) -> Result:
    """The model's revision in the tokenizer's repository: a commit is never there, a branch or a tag may be."""
    commit = _commit(revision)
    what = (
        "where that commit does not exist: the server does not start"
        if commit
        else "which moves with every push there"
        if moving_revision(revision)
        else "where it can be missing, so that the server does not start, or be moved to other files"
    )
    setting = "tokenizer.revision"
    return fail(
        f"{case.title} looks for the model's revision `{revision}` in the tokenizer's repository `{tokenizer.value}`, {what}",
        remedy=_pin(case, setting, str(tokenizer.value)),
        setting=setting,
        anchor=evidence.flag(case, setting),
        fact=tokenizer,
        severity="error" if commit else None,
    )


@check(
    "pin.code-revision",
    reads_arguments=True,
    title="Code of the model repository runs unpinned",
    category="model",
    severity="warning",
    why="`trust_remote_code` executes Python of a repository inside the server. The model's revision pins that code only "
    "where it lies beside the weights; config.json may name another repository, and its main branch runs then.",
    remedy="pin the code's revision too, or drop the trust where the engine supports the architecture itself",
    bad="args: [--model=acme/chat, --trust-remote-code]",
    good="args: [--model=acme/chat, --revision=9c925d64…, --trust-remote-code, --code-revision=51f3ab20…]",
    sources=("transformers dynamic_module_utils.py: code_revision applies to code outside the model's repository",),
)
def code_revision(case: Case) -> Iterator[Result]:
    """Remote code without a pinned revision. A note where the model is pinned: only foreign code can still move.

    Not an error: the server starts and runs what it was told; what that is can change without an edit.
    """
    setting = "model.code_revision"
    trust = case.sheet.declared("runtime.trust_remote_code")
    if trust is None or trust.value is not True:
        return
    revision = case.sheet.declared(setting)
    if revision is not None and revision.value and not moving_revision(str(revision.value)):
        return
    gap = evidence.concealed(case, setting)
    if gap is not None:
        yield evidence.undecided(gap, "Whether the model's code is pinned cannot be told", setting)
        return
    model, pinned = case.sheet.declared("model.id"), case.sheet.declared("model.revision")
    at_hub = model is not None and evidence.place(str(model.value)) == "hub"
    fixed = not at_hub or (pinned is not None and _commit(str(pinned.value)))
    how = evidence.adding(case, setting, "COMMIT") or "build the code into the image"
    yield fail(
        f"`{evidence.flag(case, 'runtime.trust_remote_code') or 'trust_remote_code'}` runs Python code of the model's "
        "repository, and no commit of that code is pinned"
        + (": code that config.json names in another repository can change under it" if fixed else ""),
        remedy=f"{how}, with the commit you reviewed, or remove the trust where {case.title} knows the architecture",
        setting=setting,
        anchor=evidence.flag(case, setting) or "trust_remote_code",
        fact=revision or trust,
        severity="note" if fixed else None,
    )


@check(
    "pin.revision-commit",
    reads_arguments=True,
    title="A revision is not a full commit",
    category="model",
    severity="warning",
    why="A tag of a hub repository can be moved, and a shortened commit is not found at all: the Hub takes full hashes.",
    remedy="write the 40-hex commit",
    bad="args: [--revision=v1.0]",
    good="args: [--revision=9c925d64d72725edaf899c6cb9c377fd0709d9c5]",
    sources=(*HUB, "huggingface_hub guide, Download files: the commit hash must be the full-length one"),
)
def revision_commit(case: Case) -> Iterator[Result]:
    """A model, tokenizer or code revision that is neither a branch (told elsewhere) nor 40 hexadecimal digits.

    ModelScope's revisions are tags by rule, so that nothing is said where the engine fetches from there.
    """
    if any(
        entry.name.endswith("USE_MODELSCOPE") and entry.value not in ("0", "false", "False")
        for entry in case.container.env
    ):
        return
    for setting, owner in (
        ("model.revision", "model.id"),
        ("tokenizer.revision", "tokenizer.id"),
        ("model.code_revision", "model.id"),
    ):
        fact, source = case.sheet.declared(setting), case.sheet.declared(owner)
        if fact is None or not fact.value or _commit(str(fact.value)) or moving_revision(str(fact.value)):
            continue
        if source is not None and evidence.place(str(source.value)) != "hub":
            continue
        short = re.fullmatch(r"(?=.*\d)(?=.*[a-f])[0-9a-f]{7,64}", str(fact.value))
        reason = (
            f"has {len(str(fact.value))} hexadecimal digits; the Hub finds a commit by all 40 only"
            if short
            else "is a tag or a branch, which can be moved to another commit"
        )
        yield fail(
            f"The revision `{fact.value}` {reason}",
            remedy=f"write the 40-hex commit it stands for after `{evidence.flag(case, setting) or setting}`",
            setting=setting,
            anchor=evidence.flag(case, setting) or setting,
            fact=fact,
        )


@check(
    "pin.adapters",
    reads_arguments=True,
    title="A LoRA adapter comes from a repository without a revision",
    category="model",
    severity="warning",
    why="An adapter changes the answers as much as the weights do. Named by its repository it is fetched at the state of "
    "its main branch, and no argument pins it.",
    remedy="download the adapter at a commit into a volume or image, and give its path",
    bad="- --lora-modules=sql=acme/sql-adapter",
    good="- --lora-modules=sql=/adapters/sql-51f3ab20",
    sources=("vLLM documentation: LoRA adapters",),
)
def adapters(case: Case) -> Iterator[Result]:
    """LoRA adapters named by a Hub repository: all in one finding, their remedy is one edit."""
    fact = case.sheet.declared("model.lora")
    items = fact.value if fact is not None and isinstance(fact.value, list) else []
    loose = [path for path in map(_adapter_path, items) if path and evidence.place(path) == "hub"]
    if loose:
        names = ", ".join(f"`{path}`" for path in loose)
        yield fail(
            f"The LoRA adapters {names} are fetched from the Hub at whatever its main branch holds",
            setting="model.lora",
            anchor=evidence.flag(case, "model.lora"),
            fact=fact,
        )


def _adapter_path(item: Any) -> str:
    """The path of one adapter: of `name=path`, or of the mapping form."""
    if isinstance(item, dict):
        return str(item.get("path") or item.get("lora_path") or "")
    name, equals, path = str(item).partition("=")
    return path if equals else "" if name.startswith("{") else name


_DRAFT = ("speculative_draft_model_path", "speculative_draft_model_revision")
"""Destinations of engines that name the draft model in arguments of its own."""


@check(
    "pin.draft-model",
    reads_arguments=True,
    title="The draft model of speculative decoding is not pinned",
    category="model",
    severity="warning",
    why="Another draft model changes the acceptance rate, and with it latency and throughput, while the answers look "
    "the same.",
    remedy='add `"revision": "COMMIT"` beside `"model"` in the speculative configuration',
    bad="""- '--speculative-config={"model": "acme/draft", "num_speculative_tokens": 3}'""",
    good="""- '--speculative-config={"model": "acme/draft", "revision": "51f3ab20…", "num_speculative_tokens": 3}'""",
    sources=("vLLM vllm/config/speculative.py: revision of the draft model",
             "SGLang ServerArgs.speculative_draft_model_revision"),
)  # fmt: skip
def draft_model(case: Case) -> Iterator[Result]:
    """A draft model from the Hub without a commit, in one mapping or in arguments of its own."""
    fact, model, revision = _draft(case)
    if fact is None or "/" not in model or evidence.place(model) != "hub" or _commit(revision):
        return
    yield fail(
        f"The draft model `{model}` is fetched at "
        + (f"`{revision}`, which can move" if revision else "its main branch"),
        remedy=_pin_draft(case, fact.setting, model),
        setting=fact.setting,
        anchor=evidence.flag(case, fact.setting),
        fact=fact,
    )


def _draft(case: Case) -> tuple[Fact | None, str, str]:
    """Where the draft model is written, its name and its revision."""
    whole = case.sheet.declared("runtime.speculative")
    given = whole.value if whole is not None and isinstance(whole.value, dict) else {}
    if given.get("model"):
        return whole, str(given["model"]), str(given.get("revision") or "")
    name, revision = (case.sheet.declared(f"{case.engine}.{item}") for item in _DRAFT)
    if name is None or not name.value:
        return None, "", ""
    return name, str(name.value), str(revision.value or "") if revision is not None else ""


def _pin_draft(case: Case, setting: str, model: str) -> str:
    if setting == "runtime.speculative":
        return f'add `"revision": "COMMIT"` beside `"model": "{model}"`; {COMMIT_PAGE.format(model)}'
    own = f"{case.engine}.{_DRAFT[1]}"
    if own not in case.sheet.names():
        return f"download it at one commit into a volume or image and name its path; {COMMIT_PAGE.format(model)}"
    how = evidence.adding(case, own, "COMMIT")
    return f"{how}, with the 40-hex commit you validated; {COMMIT_PAGE.format(model)}"


def _loose(case: Case, setting: str, what: str, source: Fact) -> Iterator[Result]:
    """The finding for a missing or moving revision of `source`, a Hub repository."""
    revision = case.sheet.declared(setting)
    given = str(revision.value) if revision is not None and revision.value else ""
    if given and not moving_revision(given):
        return
    gap = evidence.concealed(case, setting)
    if gap is not None:
        yield evidence.undecided(gap, f"Whether the {what}'s revision is pinned cannot be told", setting)
        return
    if given:
        message = f"The {what} `{source.value}` is pinned to the branch `{given}`, which moves with every push"
    else:
        message = f"The {what} `{source.value}` has no revision: each new pod takes what its repository's main branch holds then"
    yield fail(
        message,
        remedy=_pin(case, setting, str(source.value), replace=bool(given)),
        setting=setting,
        anchor=evidence.flag(case, setting) or setting,
        fact=revision if given else source,
    )


def _pin(case: Case, setting: str, repository: str, *, replace: bool = False) -> str:
    page = COMMIT_PAGE.format(repository.partition(":")[0])
    if replace:
        return f"write the 40-hex commit you validated after `{evidence.flag(case, setting) or setting}`; {page}"
    how = evidence.adding(case, setting, "COMMIT")
    if how is None:
        return (
            f"{case.title} has no argument for it: download the files at one commit into a volume or image and name "
            f"their path; {page}"
        )
    return f"{how}, with the 40-hex commit you validated; {page}"


def _commit(revision: str) -> bool:
    return re.fullmatch(r"[0-9a-fA-F]{40}", revision) is not None
