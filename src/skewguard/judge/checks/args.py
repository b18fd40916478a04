"""Arguments that the engine's own parser refuses, drops or reads as something else.

The engine's grammar says what is wrong with each argument, and for which versions; these checks say what that does to
serving and which edit mends it. What only some versions make of one is the warning `args.depends-on-version`.
"""

from collections.abc import Iterator
from functools import partial

from skewguard.judge.checks import anchors, evidence, faults, interface, words_edits
from skewguard.judge.checks.interface import Case, Result, fail, unknown
from skewguard.knowledge.engines.interface import Argument
from skewguard.language import vocabulary
from skewguard.language.facts import Origin

check = partial(interface.check, reads_arguments=True)

GRAMMAR = ("the engine's released argument parser, read and run for every version of the table",)


def _answers(case: Case, *names: str) -> Iterator[Result]:
    for argument in faults.told(case, *names):
        yield _answer(case, argument)


def _answer(case: Case, argument: Argument) -> Result:
    """One argument's fault as an answer; unknown where the version lies outside the tables and names may be new."""
    message = argument.message or f"`{argument.text}` is not what {case.title} expects here"
    more = {
        "setting": _setting(case, argument),
        "anchor": anchors.of_argument(argument),
        "at": _place(argument),
    }
    if argument.doubt:
        return unknown(message, remedy=words_edits.remedy(case, argument), **more)
    if (
        case.release is not None
        and case.release.beyond
        and argument.fault in ("unknown", "misspelt", "removed", "not-yet")
    ):
        return unknown(
            f"{case.title} {case.release.text} lies outside the versions skewguard knows "
            f"({case.release.candidates[-1]} is the nearest), where `{argument.text}` is not a flag",
            remedy="update skewguard, or compare with the `--help` of the image itself",
            inputs=(case.release.key,),
            **more,
        )
    if argument.fault in ("unknown", "misspelt", "removed", "not-yet") and not evidence.own_image(case):
        # Such builds bring flags of their own: vLLM-Omni's `--omni`, a plugin's.
        return fail(
            f"{message}; unless this image, which is not one of {case.title}'s own, brings it",
            remedy=words_edits.remedy(case, argument) or f"remove `{argument.text}`",
            severity="warning",
            **more,
        )
    return fail(message, remedy=words_edits.remedy(case, argument), **more)


def _place(argument: Argument) -> Origin:
    """Where the fault stands: at the value where that is refused and is a word of its own, else at the flag."""
    return (argument.value_origin or argument.origin) if argument.fault == "invalid" else argument.origin


def _setting(case: Case, argument: Argument) -> str | None:
    dest = argument.dest
    if dest is None and argument.text.startswith("--"):
        dest = argument.text.split()[0].partition("=")[0].strip("-").replace("-", "_")
        return vocabulary.named(case.engine, dest) if argument.fault == "swallowed" else None
    return vocabulary.named(case.engine, dest) if dest else None


@check(
    "args.swallowed",
    title="A flag and its value stand in one word",
    category="runtime",
    severity="error",
    why="`--flag value` as one list item is one word to the engine. It is no flag, so it is taken as a positional "
    "argument: dropped in silence by some versions, refused by others. The server runs with the default instead.",
    remedy="write the flag and its value as two list items, or as `--flag=value`",
    bad='args: ["--quantization bitsandbytes"]',
    good='args: ["--quantization", "bitsandbytes"]',
    sources=GRAMMAR,
)
def swallowed(case: Case) -> Iterator[Result]:
    """A word that holds a flag and became a positional, or was taken as another flag's value."""
    for argument in faults.told(case, "swallowed"):
        answer = _answer(case, argument)
        if case.is_ready and argument.fatal is not False:
            answer.message = (
                f"`{argument.text.strip()}` is one argument with a space in it, which {case.title} takes for no flag: the "
                "container is ready, so what became of the argument is not known"
            )
        yield answer


@check(
    "args.unknown",
    title="The engine has no such flag",
    category="runtime",
    severity="error",
    until_ready=True,
    why="The engine's parser ends the process at a flag it does not know: the pod restarts for ever.",
    remedy="remove the flag",
    bad="args: [--no-such-flag]",
    good="args: []",
    sources=GRAMMAR,
)
def unknown_flag(case: Case) -> Iterator[Result]:
    """A flag that no version of the engine has."""
    yield from _answers(case, "unknown")


@check(
    "args.misspelt",
    title="A flag is misspelt",
    category="runtime",
    severity="error",
    until_ready=True,
    why="The engine's parser ends the process at a flag it does not know: the pod restarts for ever.",
    remedy="write the flag as the engine spells it",
    bad="args: [--max-modle-len=8192]",
    good="args: [--max-model-len=8192]",
    sources=GRAMMAR,
)
def misspelt(case: Case) -> Iterator[Result]:
    """A flag that does not exist, and one of nearly the same name does."""
    yield from _answers(case, "misspelt")


@check(
    "args.removed",
    title="This version no longer has the flag",
    category="runtime",
    severity="error",
    until_ready=True,
    why="Flags go away between releases. On an upgrade the same manifest stops to start.",
    remedy="remove the flag, or write what took its place",
    bad="args: [--swap-space=4]   # vLLM 0.18.0",
    good="args: []",
    sources=GRAMMAR,
)
def removed(case: Case) -> Iterator[Result]:
    """A flag that an older version had."""
    yield from _answers(case, "removed")


@check(
    "args.not-yet",
    title="This version does not have the flag yet",
    category="runtime",
    severity="error",
    until_ready=True,
    why="A flag copied from the documentation of a newer release stops an older one from starting.",
    remedy="remove the flag, or run a version that has it",
    bad="args: [--optimization-level=3]   # vLLM 0.11.0",
    good="args: [-O3]",
    sources=GRAMMAR,
)
def not_yet(case: Case) -> Iterator[Result]:
    """A flag that only a newer version has."""
    yield from _answers(case, "not-yet")


@check(
    "args.ambiguous",
    title="An abbreviated flag fits several flags",
    category="runtime",
    severity="error",
    until_ready=True,
    why="The parser completes an abbreviation only while it fits one flag; a release that adds a second one ends that.",
    remedy="write the flag in full",
    bad="args: [--max-num=64]",
    good="args: [--max-num-seqs=64]",
    sources=GRAMMAR,
)
def ambiguous(case: Case) -> Iterator[Result]:
    """A prefix of more than one flag."""
    yield from _answers(case, "ambiguous")


@check(
    "args.abbreviated",
    title="A flag is abbreviated",
    category="runtime",
    severity="warning",
    why="An abbreviation works only until a release adds another flag with the same beginning: then it is refused, or "
    "is read as the other flag in silence.",
    remedy="write the flag in full",
    bad="args: [--max-num-seq=64]",
    good="args: [--max-num-seqs=64]",
    sources=GRAMMAR,
)
def abbreviated(case: Case) -> Iterator[Result]:
    """A prefix that stands for one flag today."""
    yield from _answers(case, "abbreviated")


@check(
    "args.duplicated",
    title="A flag is given twice",
    category="runtime",
    severity="error",
    why="The last value wins in silence, across all spellings of the flag: the earlier one is never applied.",
    remedy="keep one of the two",
    bad="args: [--max-model-len=8192, --max-model-len=4096]",
    good="args: [--max-model-len=4096]",
    sources=GRAMMAR,
)
def duplicated(case: Case) -> Iterator[Result]:
    """An earlier value that a later one overrides.

    The same value twice changes nothing and is a note, as is a value of a KServe runtime that the service overrules.
    """
    for argument in faults.told(case, "duplicated"):
        setting = vocabulary.named(case.engine, argument.dest) if argument.dest else None
        final = case.sheet.declared(setting) if setting else None
        same = final is not None and vocabulary.canonical(final.setting, final.value) == vocabulary.canonical(
            final.setting, argument.value
        )
        name = argument.flag or argument.text
        meant = _is_base(case, argument.origin) and final is not None and not _is_base(case, final.origin)
        yield fail(
            f"`{name}` is given again later with the same value"
            if same
            else f"`{name}` of the platform's template gives way to the one that is written for this workload"
            if meant
            else argument.message or f"this value of `{name}` is never applied: a later one wins",
            remedy=f"remove this `{words_edits.whole(argument)}`"
            + (f"; `{final.value}` from {final.origin} is what runs" if final is not None and not same else ""),
            setting=setting,
            anchor=anchors.of_argument(argument),
            at=argument.origin,
            severity="note" if same or meant else None,
        )


def _is_base(case: Case, place: Origin) -> bool:
    """Whether a word is one of the platform's template, which the user's own words are meant to overrule."""
    return any(token.origin == place for token in (case.container.args or ())[: case.container.base_args])


@check(
    "args.ignored",
    title="An argument has no effect",
    category="runtime",
    severity="error",
    why="The parser accepts the argument and drops it: the server starts, and runs with something else.",
    remedy="write it in the form that the engine reads",
    bad="args: [--config=/etc/vllm/config.yaml]   # only `--config FILE`, as two words, is read",
    good="args: [--config, /etc/vllm/config.yaml]",
    sources=GRAMMAR,
)
def ignored(case: Case) -> Iterator[Result]:
    """Accepted and without effect: `--config=FILE`, `false` in a config file, a positional model under api_server.

    Also what the engine decides at its start whatever the flag says; unknown where that hangs on the model.
    """
    yield from _answers(case, "ignored", "overruled")


@check(
    "args.invalid-value",
    title="A value is refused",
    category="runtime",
    severity="error",
    until_ready=True,
    why="The parser ends the process at a value it cannot read: the pod restarts for ever.",
    remedy="write a value that the flag takes",
    bad="args: [--dtype=int3]",
    good="args: [--dtype=bfloat16]",
    sources=GRAMMAR,
)
def invalid_value(case: Case) -> Iterator[Result]:
    """A value of the wrong type or outside the flag's choices."""
    yield from _answers(case, "invalid")


@check(
    "args.missing-value",
    title="A flag has no value",
    category="runtime",
    severity="error",
    until_ready=True,
    why="The flag needs a value, and the next word is another flag or nothing at all: the process ends.",
    remedy="give the flag a value, or remove it",
    bad="args: [--max-model-len, --port, '8000']",
    good="args: [--max-model-len, '8192', --port, '8000']",
    sources=GRAMMAR,
)
def missing_value(case: Case) -> Iterator[Result]:
    """A flag that needs a value and has none."""
    yield from _answers(case, "missing-value")


@check(
    "args.unexpected-value",
    title="A word stands where none is taken",
    category="runtime",
    severity="error",
    until_ready=True,
    why="A switch takes no value, and a stray word is no argument of the engine: the process ends.",
    remedy="remove the value",
    bad="args: [--enable-prefix-caching=true]   # vLLM 0.8.5 and later",
    good="args: [--enable-prefix-caching]",
    sources=GRAMMAR,
)
def unexpected_value(case: Case) -> Iterator[Result]:
    """A value given to a switch, or a positional that the parser refuses."""
    yield from _answers(case, "unexpected-value")


@check(
    "args.model-by-flag",
    title="The model is given by a flag that this sub-command refuses",
    category="runtime",
    severity="error",
    until_ready=True,
    why="The serve command takes its model as a positional argument; some versions refuse the flag.",
    remedy="give the model as the first word after the sub-command",
    bad="command: [vllm, serve, --model, Qwen/Qwen3-8B]   # vLLM 0.8.5 to 0.13",
    good="command: [vllm, serve, Qwen/Qwen3-8B]",
    sources=GRAMMAR,
)
def model_by_flag(case: Case) -> Iterator[Result]:
    """`vllm serve --model X` where the version refuses it."""
    yield from _answers(case, "model-by-flag")


@check(
    "args.deprecated",
    title="A flag is deprecated",
    category="runtime",
    severity="note",
    why="The flag works at this version, and a coming one will refuse it.",
    remedy="write what takes its place",
    bad="args: [--guided-decoding-backend=xgrammar]",
    good="args: ['--structured-outputs-config.backend=xgrammar']",
    sources=GRAMMAR,
)
def deprecated(case: Case) -> Iterator[Result]:
    """A flag that the parser marks as deprecated."""
    yield from _answers(case, "deprecated")
