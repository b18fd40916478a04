"""Arguments and variables that only some of the versions which may run take (group `args`)."""

from collections.abc import Iterator

from skewguard.judge.checks import args, environment, evidence, faults
from skewguard.judge.checks.interface import Case, Result, check, fail
from skewguard.knowledge.engines.interface import Argument, Variable

MOST = 6
"""Differences between versions that one sentence names."""


@check(
    "args.depends-on-version",
    reads_arguments=True,
    title="Whether the arguments work depends on a version nobody named",
    category="runtime",
    severity="warning",
    why="The engine's version is not known from the image, and not all versions take these arguments alike: with a "
    "moving tag one node starts and the next one fails, or drops a setting in silence.",
    remedy="pin the image to the release you validated",
    bad="image: vllm/vllm-openai:latest\nargs: [--swap-space=4]",
    good="image: vllm/vllm-openai:v0.17.0\nargs: [--swap-space=4]",
    sources=args.GRAMMAR,
)
def depends_on_version(case: Case) -> Iterator[Result]:
    """One warning for a container whose arguments or variables only some of the possible versions take.

    A note where only older versions refuse what all newer ones take: whoever wrote it ran one that takes it.
    """
    release = case.release
    found = _divided(case)
    if release is None or not found or not evidence.read_by_engine(case):
        return
    worrying = [item for item in found if not _only_older(case, item, release.candidates)]
    parts = _differences(worrying or found, release.candidates)
    shown = "; ".join(parts[:MOST]) + (f"; and {len(parts) - MOST} more" if len(parts) > MOST else "")
    version = f"{release.version}, which lies between two known versions" if release.version else "not known"
    yield fail(
        f"Not every version takes these arguments alike, and {case.title}'s version is {version} ({release.reason.partition(';')[0]}): "
        f"{shown}",
        remedy="pin the image to the release you validated, or name the version with the annotation "
        f"`skewguard.dev/engine: {case.engine}==VERSION`",
        setting="runtime.version",
        anchor="image",
        at=(worrying or found)[0].origin,
        inputs=(release.key,),
        severity=None if worrying else "note",
    )


def _divided(case: Case) -> list[Argument | Variable]:
    """What only some candidate versions refuse or drop; what the newest one does first."""
    newest = case.release.candidates[-1:] if case.release else ()
    if len(case.release.candidates if case.release else ()) < 2:
        return []  # one version reads everything in one way
    everywhere = {(item.origin, item.text) for item in faults.everywhere(case)}
    arguments = [
        item
        for item in (case.parsed.arguments if case.parsed else ())
        if item.fault and item.fault not in faults.MILD and item.versions and (item.origin, item.text) not in everywhere
    ]
    variables = [
        item
        for item in case.variables
        if item.outcome in ("dead", "invalid") and item.versions and not environment.harmless(case, item)
    ]
    return sorted([*arguments, *variables], key=lambda item: not set(newest) & set(item.versions))


def _only_older(case: Case, item: Argument | Variable, candidates: tuple[str, ...]) -> bool:
    """Whether the versions that refuse this word to start with come before all that take it.

    Versions without the program (the oldest vLLM has no `vllm serve`) never read it, and count on neither side.
    """
    if isinstance(item, Variable) or item.fatal is False:
        return False
    readings = next(each for each in faults.by_word(case) if item in each)
    refusing = {version for each in readings if each.fault not in (None, *faults.MILD) for version in each.versions}
    taking = {version for each in readings if each.fault in (None, *faults.MILD) for version in each.versions}
    taking = taking or set(faults.readers(case)) - refusing
    return bool(taking) and max(map(candidates.index, refusing)) < min(map(candidates.index, taking))


def _differences(found: list[Argument | Variable], candidates: tuple[str, ...]) -> list[str]:
    """What which versions make of each word, once for each word and effect: `--device` is refused by 0.10.0 to 0.27.0."""
    by_effect: dict[tuple[str, str], set[str]] = {}
    for item in found:
        by_effect.setdefault(_effect(item), set()).update(item.versions)
    return [
        f"`{name}` is {effect} by {faults.spans(tuple(versions), candidates)}"
        for (name, effect), versions in by_effect.items()
    ]


def _effect(item: Argument | Variable) -> tuple[str, str]:
    if isinstance(item, Variable):
        return item.name, "not read" if item.outcome != "invalid" else "passed over" if item.passed_over else "refused"
    if item.fault in ("removed", "not-yet") and item.fatal is False:
        return item.text.partition("=")[0], f"read as `{item.flag}`"
    name = item.flag or item.text
    if item.fault == "swallowed":
        return name, "taken as one positional word"
    return name, "dropped" if item.fatal is False else "refused"
