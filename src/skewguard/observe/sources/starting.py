"""What a container starts: `command` and `args` as the kubelet hands them over, with shells and scripts unwrapped.

command: [bash, -c, 'exec "$@"', --]     a script in an argument, the words after it are its `$0 $1 …`
command: [/scripts/start.sh]             a script that a ConfigMap of the same input holds
args: [--model, m]                       no command: arguments of the image's own entrypoint
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

from msgspec import Struct

from skewguard.language.facts import Gap
from skewguard.language.workloads import EnvVar, Invocation, InvocationVia, Token, UnseenEnv
from skewguard.observe.sources import texts
from skewguard.observe.sources.expansion import Lookup
from skewguard.observe.sources.texts import Field, Text

MAX_SHELLS = 5
"""Deepest shell inside a shell that is followed."""

MAX_SCRIPTS = 20
"""Most scripts of one container that are read; one that starts itself ends here."""

SHELLS = frozenset(("sh", "bash", "ash", "dash", "zsh", "ksh", "mksh", "busybox"))

# Programs that run the program in their arguments, with the options of theirs that take a value.
_BEFORE: Mapping[str, tuple[str, ...]] = {
    "env": ("-u", "-C", "--unset", "--chdir"), "nice": ("-n",), "ionice": ("-c", "-n", "-p"), "nohup": (),
    "tini": ("-p", "-e"), "dumb-init": ("-r",), "catatonit": (), "stdbuf": ("-i", "-o", "-e"), "setsid": (), "time": (),
    "numactl": ("-N", "-m", "-C", "-i", "-p", "-l"), "taskset": (), "timeout": ("-k", "-s"), "gosu": (), "su-exec": (),
    "sudo": ("-u", "-g"), "chroot": (), "catchsegv": (), "exec": ("-a",), "command": (), "unshare": (), "prlimit": (),
    "nvidia_entrypoint.sh": (), "docker-entrypoint.sh": (), "entrypoint.sh": (),
}  # fmt: skip


# How many words of their own follow the options of some of them: a duration, a user, a mask.
_OPERANDS: Mapping[str, int] = {"timeout": 1, "taskset": 1, "gosu": 1, "su-exec": 1, "chroot": 1}

MAX_WRAPPED = 40
"""Words in which a program behind other programs is searched."""


class Surroundings(Struct, frozen=True):
    """What a container's command finds: variables by name, files by path, and what is not in the input.

    `file` gives a file's text, and whether something is mounted there at all (a ConfigMap that is not in the input).
    """

    lookup: Lookup
    file: Callable[[str], tuple[Text | None, str | None]]
    unseen: tuple[str, ...] = ()


class Starts(Struct):
    """The program starts of a container, and why some of them cannot be told."""

    invocations: list[Invocation]
    gaps: list[Gap]
    scripts: int = 0


def read(command: Sequence[Text], args: Sequence[Text], around: Surroundings, tokens: tuple[Token, ...]) -> Starts:
    """The invocations of a container; `tokens` are all its words. Without a command they go to the image's entrypoint."""
    starts = Starts([], [])
    words = [list(text.runs) for text in (*command, *args)]
    if command:
        _follow(words, _Way("exec", around), starts, tokens)
        return starts
    starts.invocations.append(Invocation(tokens, "image"))
    if words and _is_shell(words[0]):
        # Only an image without an entrypoint of its own (or one that runs its arguments) would start this shell.
        _follow(words, _Way("exec", around, certain=False), starts, tokens, shells_only=True)
    return starts


class _Way(Struct, frozen=True):
    """How a program start is reached."""

    via: InvocationVia
    around: Surroundings
    certain: bool = True
    environment: tuple[EnvVar, ...] = ()
    values: Mapping[str, Text | None] = {}
    unseen: tuple[UnseenEnv, ...] = ()
    replaces: bool = False
    assumes: tuple[str, ...] = ()
    depth: int = 0


def _follow(
    words: list[Field],
    way: _Way,
    starts: Starts,
    tokens: tuple[Token, ...] | None = None,
    *,
    shells_only: bool = False,
) -> None:
    """Add what an argument vector starts: the shell's programs where it is a shell, itself otherwise."""
    for at in _programs(words):
        within = way.depth < MAX_SHELLS and starts.scripts < MAX_SCRIPTS
        script = _script(words[at:], way) if within else None
        if script is not None:
            starts.scripts += 1
            _run(script, way, starts)
            return
    if shells_only:
        return
    argv = tokens if tokens is not None else tuple(texts.token(word) for word in words)
    made = Invocation(argv, way.via, way.certain, way.environment, way.unseen, way.replaces, way.assumes)
    starts.invocations.append(made)
    _explain(words, way, starts)


def _run(script: "_Script", way: _Way, starts: Starts) -> None:
    from skewguard.observe.sources import shell

    around = way.around
    inner = shell.Script(
        text=script.text,
        lookup=around.lookup,
        sourced=lambda path: around.file(path)[0],
        name=script.name,
        positional=script.positional,
        unseen=around.unseen,
        environment=way.environment,
        values=way.values,
    )
    before = len(starts.invocations)
    for each in shell.started(inner):
        place = texts.origin(each.words[0])
        sourced = (UnseenEnv(name, "", optional=False, origin=place, sourced=True) for name in each.sourced)
        further = _Way(
            via=script.via,
            around=around,
            certain=way.certain and each.certain,
            environment=each.environment,
            values=each.values,
            unseen=(*way.unseen, *sourced),
            replaces=each.replaces,
            assumes=(*way.assumes, *each.assumes),
            depth=way.depth + 1,
        )
        _follow(list(each.words), further, starts)
    if inner.cut:
        starts.gaps.append(
            Gap(
                "runtime.engine",
                "the script is longer than any that is read to its end, so what it starts further down is not known",
                rule="script",
                would_need="a shorter script, or the engine started by `command` itself",
            )
        )
    if len(starts.invocations) == before and script.text.unresolved:
        starts.gaps.append(
            Gap(
                "runtime.engine",
                f"the script comes from {', '.join(script.text.unresolved)}, which is not in the input",
                rule="script",
                inputs=tuple(f"env@{name}" for name in script.text.unresolved),
                would_need="the ConfigMap or the variable that holds it",
            )
        )


def _programs(words: Sequence[Field]) -> Iterator[int]:
    """The indexes at which a program may stand: the first word, and those behind programs that run another."""
    at = 0
    while at < min(len(words), MAX_WRAPPED):
        yield at
        name = _base(words[at])
        if name not in _BEFORE:
            return
        at = _behind(words, at + 1, name)


def _behind(words: Sequence[Field], at: int, name: str) -> int:
    """The index of the program that `name` runs."""
    operands = _OPERANDS.get(name, 0)
    while at < len(words):
        word = _text(words[at])
        if word == "--":
            return at + 1
        if word.startswith("-"):
            at += 2 if word in _BEFORE[name] else 1
        elif name == "env" and "=" in word:
            at += 1
        elif operands:
            operands -= 1
            at += 1
        else:
            break
    return at


# ---- shells --------------------------------------------------------------------------------------------------------


class _Script(Struct, frozen=True):
    text: Text
    via: InvocationVia
    name: Field | None
    positional: list[Field] | None


def _script(words: list[Field], way: _Way) -> _Script | None:
    """The script that an argument vector has a shell run; None where it is no shell, or the script is not at hand."""
    if not _is_shell(words[0]):
        return _file(words[0], words[1:], way)
    rest = words[1:]
    if _base(words[0]) == "busybox" and rest:
        rest = rest[1:]
    inline, operands = _operands(rest)
    if not operands:
        return None
    if inline:
        return _Script(Text(operands[0]), "shell", operands[1] if len(operands) > 1 else words[0], operands[2:])
    return _file(operands[0], operands[1:], way, run_by_shell=True)


def _operands(words: list[Field]) -> tuple[bool, list[Field]]:
    """Whether `-c` is among a shell's options, and the words after the options."""
    inline, at = False, 0
    while at < len(words):
        word = _text(words[at])
        if word in ("--", "-"):
            return inline, words[at + 1 :]
        if word in ("--rcfile", "--init-file"):
            at += 2
        elif word.startswith("--"):
            at += 1
        elif word.startswith(("-", "+")):
            inline = inline or (word[0] == "-" and "c" in word)
            at += 2 if word.endswith(("o", "O")) else 1
        else:
            break
    return inline, words[at:]


def _file(path: Field, arguments: list[Field], way: _Way, *, run_by_shell: bool = False) -> _Script | None:
    name = _text(path)
    if "/" not in name and not run_by_shell:
        return None
    text, _ = way.around.file(name)
    if text is None:
        return None
    first = text.text.partition("\n")[0]
    interpreter = first[2:].split()[-1].rpartition("/")[2] if first.startswith("#!") and first[2:].split() else "sh"
    if not run_by_shell and interpreter not in SHELLS and not any(part in SHELLS for part in _parts(first)):
        return None
    return _Script(text, "script", path, arguments)


def _parts(shebang: str) -> list[str]:
    return [word.rpartition("/")[2] for word in shebang[2:].split()] if shebang.startswith("#!") else ["sh"]


def _explain(words: Sequence[Field], way: _Way, starts: Starts) -> None:
    """A gap where the program is a script that is mounted from something the input does not hold."""
    operands = _operands(list(words[1:]))[1] if _is_shell(words[0]) else list(words)
    path = _text(operands[0]) if operands else ""
    text, ref = way.around.file(path) if "/" in path else (None, None)
    if text is None and ref is not None:
        starts.gaps.append(
            Gap(
                "runtime.engine",
                f"the container runs {path}, which is mounted from {ref}, and that is not in the input",
                rule="script",
                inputs=(f"file@{path}",),
                would_need=f"{ref} in the same input",
            )
        )


def _is_shell(word: Field) -> bool:
    return _base(word) in SHELLS


def _base(word: Field) -> str:
    return _text(word).rpartition("/")[2]


def _text(word: Field) -> str:
    return word[0].text if len(word) == 1 else "".join([run.text for run in word])
