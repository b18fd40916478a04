"""How an argument is marked that the parser takes and the engine's start does not obey."""

from msgspec import structs

from skewguard.knowledge.engines.interface import Argument, Parsed


def marked(parsed: Parsed, dest: str, message: str, doubt: str) -> tuple[Argument, ...]:
    """The arguments, the one that counts for `dest` marked as accepted and not applied."""
    counts = [index for index, each in enumerate(parsed.arguments) if each.dest == dest and each.outcome == "parsed"]
    arguments = list(parsed.arguments)
    for index in counts[-1:]:
        arguments[index] = structs.replace(
            arguments[index], outcome="ignored", fault="overruled", message=message, doubt=doubt, versions=()
        )
    return tuple(arguments)
