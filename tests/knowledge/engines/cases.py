"""Argument vectors, config files and what was made of them, for the tests of every engine's grammar."""

from pathlib import Path

from skewguard.knowledge.engines.interface import Argument, Hardware, Inputs, Parsed
from skewguard.knowledge.engines.readings import Simulation, same_value
from skewguard.language.facts import Origin
from skewguard.language.workloads import TextFile, Token

NOTHING = Inputs(Hardware("gpu@scheduling(abc)"))
"""Neither the model's files nor the machine are known."""

GROUND_TRUTH = Path(__file__).parents[2] / "data" / "parser-ground-truth"


def token(text: str, *unresolved: str) -> Token:
    """One word as somebody wrote it on a command line."""
    return Token(text, Origin("command-line", "the command line", text=text), unresolved)


def tokens(*texts: str) -> tuple[Token, ...]:
    """Words of a command line."""
    return tuple(token(text) for text in texts)


def config(text: str, path: str = "/cfg/a.yaml") -> TextFile:
    """A config file in the input."""
    lines = tuple(
        Origin("file", "configmap.yaml", "configmap.yaml", number + 10, 5) for number, _ in enumerate(text.splitlines())
    )
    return TextFile(path, text, "ConfigMap engine key a.yaml", Origin("file", "configmap.yaml"), lines)


def values(parsed: Parsed) -> dict[str, object]:
    """What the arguments set, by destination."""
    return {dest: fact.value for dest, fact in parsed.values.items()}


def odd(parsed: Parsed) -> list[Argument]:
    """The arguments with something the matter."""
    return [argument for argument in parsed.arguments if argument.fault is not None]


def faults(parsed: Parsed) -> list[tuple[str, str | None]]:
    """What is the matter with which word."""
    return [(argument.text, argument.fault) for argument in odd(parsed)]


def only(parsed: Parsed) -> Argument:
    """The one argument with something the matter."""
    (argument,) = odd(parsed)
    return argument


def same_reading(a: Simulation, b: Simulation) -> None:
    """Two releases make the same of the same words."""
    assert a.starts == b.starts
    assert a.values.keys() == b.values.keys()
    assert all(same_value(held.value, b.values[dest].value) for dest, held in a.values.items())
    left, right = (sorted(each.readings, key=lambda reading: (reading.key, reading.text)) for each in (a, b))
    assert len(left) == len(right)
    assert all(one.alike(other) for one, other in zip(left, right, strict=True))
