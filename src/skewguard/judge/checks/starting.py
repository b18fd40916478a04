"""Command lines that YAML, a shell or the image's entrypoint makes into something else before the engine starts."""

from collections.abc import Iterator

from skewguard.judge.checks import anchors, evidence
from skewguard.judge.checks.interface import Case, Result, check, fail
from skewguard.knowledge.engines import commands, recognition
from skewguard.knowledge.engines.interface import Recognition
from skewguard.language import redact
from skewguard.language.workloads import Invocation, Token


def is_folded(text: str) -> bool:
    """Whether a word is a flag with the blanks or line ends of YAML folding still on it."""
    return (text != text.strip() and text.strip().startswith("-")) or text.strip() == "\\"


@check(
    "args.folded",
    title="A flag carries the blanks of YAML folding",
    category="runtime",
    severity="error",
    why="`>-` and multi-line strings join lines with blanks and keep a trailing backslash. The engine then gets ` --model` "
    "with a blank before it, which is no flag.",
    remedy="write one list item a word, or a shell script in a `|` block",
    bad='command: ["sh", "-c"]\nargs:\n  - >-\n    vllm serve m \\\n      --max-model-len 8192',
    good='command: ["sh", "-c"]\nargs:\n  - |\n    vllm serve m \\\n      --max-model-len 8192',
    sources=("YAML 1.2: folded scalars keep the indentation of more-indented lines and every backslash",),
)
def folded(case: Case) -> Iterator[Result]:
    """Words that begin with a blank or end with a line end, and single backslashes: one edit mends them all."""
    held = [token for _, token in evidence.words(case) if is_folded(token.text)]
    if held:
        shown = ", ".join(f"`{token.text.replace(chr(10), '⏎')}`" for token in held[:4])
        more = f" and {len(held) - 4} more" if len(held) > 4 else ""  # enough to recognise the place
        yield fail(
            f"{case.title} gets {shown}{more} with the blanks of YAML folding on it, and reads it as a positional argument",
            anchor=anchors.of_word(held[0].text),
            at=held[0].origin,
        )


@check(
    "args.cut-command",
    title="The command ends before its last line",
    category="runtime",
    severity="error",
    why="A shell line goes on only where the backslash is the very last character. Behind a blank, a comment or a "
    "forgotten backslash the command ends: the engine starts without the flags below, and the shell takes those for a "
    "command of their own, which it reaches only once the engine has ended.",
    remedy="end each line of the command but the last one with a backslash and nothing behind it",
    bad='command: ["sh", "-c"]\nargs:\n  - |\n    vllm serve m \\\n      --seed 1\n      --max-model-len 8192',
    good='command: ["sh", "-c"]\nargs:\n  - |\n    vllm serve m \\\n      --seed 1 \\\n      --max-model-len 8192',
    sources=("POSIX XCU 2.2.1: Escape Character (Backslash)",),
)
def cut_command(case: Case) -> Iterator[Result]:
    """A blank behind a backslash at the end of the engine's command, or a command behind it that begins with a flag."""
    for start in evidence.starts(case):
        slash, lost = slipped(start), _remnant_of(case, start)
        if slash is None and lost is None:
            continue
        why = "a blank follows the backslash" if slash else "no backslash ends the line before"
        never = f": {case.title} never gets `{_shown(lost)}` and what stands there" if lost else ""
        at = slash or lost.argv[0] if lost else slash
        yield fail(
            f"The command of {case.title} ends here, because {why}{never or ', and no line below belongs to it'}",
            remedy="remove the blank behind the backslash" if slash else "end the line before with a backslash",
            anchor="command",
            at=at.origin if at else case.container.origin,
        )


def slipped(start: Invocation) -> Token | None:
    """The escaped blank that ends a shell's command, written as a backslash with a blank behind it."""
    last = start.argv[-1] if start.argv and start.via in ("shell", "script") else None
    return last if last is not None and last.text in (" ", "\t") else None


def is_remnant(start: Invocation) -> bool:
    """Whether a shell's command begins with a flag: the rest of a command that ended too early."""
    return start.via in ("shell", "script") and bool(start.argv) and start.argv[0].text.startswith("-")


def _remnant_of(case: Case, start: Invocation) -> Invocation | None:
    """The rest of a command, where the next thing the shell starts is one."""
    starts = case.container.invocations
    at = next(
        (number for number, item in enumerate(starts) if item is start or item.argv[-1:] == start.argv[-1:]), None
    )
    behind = starts[at + 1] if at is not None and at + 1 < len(starts) else None
    return behind if behind is not None and is_remnant(behind) else None


def _shown(lost: Invocation) -> str:
    return redact.free_text(lost.argv[0].text)


@check(
    "args.not-started",
    title="Nothing starts the engine",
    category="runtime",
    severity="error",
    until_ready=True,
    why="A folded block or a missing `&&` makes one command line out of two: `ulimit -l unlimited python3 -m …` sets a "
    "limit and ends. And an image without an entrypoint, such as SGLang's own, runs the first of the container's "
    "arguments: a flag is no program.",
    remedy="put each command on a line of its own in a `|` block, or `&&` between them; give an image without an "
    "entrypoint the engine's command",
    bad="args:\n  - >-\n    ulimit -l unlimited\n    python3 -m vllm.entrypoints.openai.api_server",
    good="args:\n  - |\n    ulimit -l unlimited\n    exec python3 -m vllm.entrypoints.openai.api_server",
)
def not_started(case: Case) -> Iterator[Result]:
    """An engine whose command line became words of a program that only prepares, or that has no program at all."""
    found = case.recognition
    if found is not None and _unnamed(case, found):
        yield _without_program(case)
    if found is None or found.runs != "unstarted":
        return
    whole = next(
        (item for item in case.container.invocations if found.invocation and _ends(item, found.invocation)), None
    )
    program = whole.argv[0].text.strip() if whole and whole.argv else "another program"
    yield fail(
        f"The command line of {case.title} is handed to `{program}` as arguments, so that nothing starts the engine",
        remedy=f"end the `{program}` command with `&&` or a line end of its own (a `|` block keeps lines apart)",
        anchor="command",
        at=whole.argv[0].origin if whole and whole.argv else found.origin,
    )


_PLAIN_KINDS = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Pod", "Job", "LeaderWorkerSet")
"""Kinds whose containers nobody completes: what they do not name does not run."""


def _unnamed(case: Case, found: Recognition) -> bool:
    """Whether flags, or nothing at all, are handed to an image that starts nothing by itself."""
    box = case.container
    complete = case.workload.subject.kind in _PLAIN_KINDS and not box.gaps and box.command is None
    words = found.invocation.argv if found.invocation else ()
    return (
        complete
        and recognition.starts_nothing(box)
        and found.runs == "server"
        and (not words or words[0].text.startswith("-"))
    )


def _without_program(case: Case) -> Result:
    image, args = case.container.image, case.container.args
    signs = commands.ENGINES[case.engine]
    given = (
        f"`args` begin with `{args[0].text}`, which is no program" if args else "there is neither `command` nor `args`"
    )
    return fail(
        f"The image {image.value if image else ''} starts nothing by itself, and {given}: {case.title} never runs",
        remedy=f"write `command: [python3, -m, {signs.modules[0]}]`",
        anchor="command",
        at=args[0].origin if args else image.origin if image else case.container.origin,
    )


def _ends(whole: Invocation, part: Invocation) -> bool:
    return bool(part.argv) and len(whole.argv) > len(part.argv) and whole.argv[-len(part.argv) :] == part.argv


@check(
    "args.entrypoint-doubled",
    title="The entrypoint is given a second time",
    category="runtime",
    severity="error",
    until_ready=True,
    why="`args` without `command` go after the image's own entrypoint. Where they begin with the entrypoint again, the "
    "engine takes the repeated word as its model, and the model as a stray word.",
    remedy="begin `args` with the model, or set `command` too",
    bad="image: vllm/vllm-openai:v0.12.0\nargs: [serve, Qwen/Qwen3-8B]",
    good="image: vllm/vllm-openai:v0.12.0\nargs: [Qwen/Qwen3-8B]",
    sources=("Kubernetes documentation: Define a Command and Arguments for a Container",),
)
def entrypoint_doubled(case: Case) -> Iterator[Result]:
    """`args` that begin with the program or sub-command which the image's entrypoint already starts."""
    again = doubled(case)
    if again:
        entry = case.parsed.entrypoint if case.parsed else f"the image's {case.title} entrypoint"
        repeated = " ".join(token.text for token in again)
        yield fail(
            f"The image already starts `{entry}`, and `args` begin with `{repeated}` once more: {case.title} reads that "
            "as its own argument",
            remedy=f"remove `{repeated}` from `args`, or write it as `command`",
            anchor="args",
            at=again[0].origin,
        )


def doubled(case: Case) -> tuple[Token, ...] | None:
    """The words at the head of `args` that repeat the entrypoint of an image which starts the engine by itself."""
    ref, args = evidence.image(case), case.container.args
    if case.container.command is not None or not args or ref is None or not recognition.of_image(ref.name).entrypoint:
        return None
    signs = commands.ENGINES.get(case.engine)
    if signs is not None and signs.runs_arguments:
        return None  # this entrypoint runs the program that the arguments name
    start = commands.read(args)
    if start.kind == "engine" and start.at == 0 and start.engine == case.engine:
        # the program and what names the server: `vllm serve`, `python3 -m module`
        module = args[0].text.rpartition("/")[2].startswith("python")
        return args[:3] if module else args[:2]
    serving = {name for _, names in signs.programs for name in names} if signs else set()
    return args[:1] if args[0].text in serving else None
