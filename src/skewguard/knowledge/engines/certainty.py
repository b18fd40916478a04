"""Whether the starts of an engine happen at all, and what decides it: a shell's condition, a wrapper, another program."""

from collections.abc import Iterator, Sequence

from skewguard.knowledge.engines import commands
from skewguard.knowledge.engines.commands import Start
from skewguard.knowledge.engines.wrappers import WRAPPERS
from skewguard.language.workloads import Container, Invocation


def sure(start: Start, invocation: Invocation) -> bool:
    """Whether a start certainly happens, and certainly is one of the engine."""
    return start.certain and invocation.certain


def assumed(unsure: Sequence[tuple[Start, Invocation]], container: Container) -> tuple[str, ...]:
    """What decides whether, or with which words, uncertain starts happen."""
    by_image = container.command is None and container.image is not None
    shell = [] if by_image else [pair for pair in unsure if not pair[1].certain and pair[1].via in ("shell", "script")]
    found = [_decided_by(*pair, container) for pair in unsure if pair not in shell]
    if shell:
        start, invocation = shell[0]
        more = f" and {len(shell) - 1} more" if len(shell) > 1 else ""
        found.insert(0, f"the shell's condition{'s' if more else ''} around {_line(invocation, start.at)}{more}")
    return tuple(dict.fromkeys(found))


def instead(container: Container) -> Iterator[str]:
    """Programs nobody can look into that the shell may become before it comes to the engine: they may start another."""
    for each in container.invocations:
        if each.replaces and not each.certain and each.argv and commands.read(each.argv).kind == "unknown":
            yield f"`{each.argv[0].text.strip()}`, which is not in the input"


def _line(invocation: Invocation, at: int) -> str:
    origin = invocation.argv[at].origin
    return f"{origin.file}:{origin.line}" if origin.file and origin.line else origin.ref


def _decided_by(start: Start, invocation: Invocation, container: Container) -> str:
    if not invocation.certain and container.command is None and container.image is not None:
        return f"the entrypoint of the image {container.image.value}"
    if not invocation.certain:
        return "the platform that puts the command together"
    if start.wrapper:
        return f"{WRAPPERS[start.wrapper].short}, which may run another backend"
    program = invocation.argv[0].text.strip()
    return f"`{program}`, which is not in the input" if start.at else f"`{program}`, whose arguments are its own"
