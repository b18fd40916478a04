"""`init`: a contract from what a manifest makes an engine run with."""

from collections.abc import Sequence

from msgspec import Struct

from skewguard.adapters import files
from skewguard.api import inputs, things
from skewguard.judge.checks.interface import Case
from skewguard.knowledge.contract import writer
from skewguard.language.errors import InputError


class Written(Struct, frozen=True):
    """One contract: its text, and the file it was written to (None: not written)."""

    text: str
    path: str | None = None


def init(words: Sequence[str], *, namespace: str | None = None, write: bool = False) -> list[Written]:
    """One contract for each engine of a manifest; with `write` each in a new file `.skewguard/NAME.yaml`.

    Raises `InputError` when the input holds no engine, or when a file of that name exists already.
    """
    loaded = inputs.of_thing(things.parse(tuple(words)), namespace=namespace)
    cases = loaded.cases
    if not cases and loaded.problems:
        first = loaded.problems[0]
        raise InputError(first.message, hint=first.hint, file=first.file, line=first.line, column=first.column)
    if not cases:
        raise InputError(
            f"no inference engine in {' '.join(words)}, so there is nothing to promise",
            hint="`skewguard check` says for every container why it is none",
        )
    names = _names(cases)
    texts = [writer.write(case, name) for case, name in zip(cases, names, strict=True)]
    if not write:
        return [Written(text if index == 0 else f"---\n{text}") for index, text in enumerate(texts)]
    return [
        Written(text, files.write_new(f".skewguard/{_file_name(name)}.yaml", text))
        for text, name in zip(texts, names, strict=True)
    ]


def _names(cases: Sequence[Case]) -> list[str]:
    """One name per contract: the workload's, with role and container where that is not enough."""
    names = [case.workload.subject.name for case in cases]
    if len(set(names)) == len(names):
        return names
    longer = [
        "-".join(part for part in (case.workload.subject.name, case.workload.subject.role, case.container.name) if part)
        for case in cases
    ]
    return [name if longer.count(name) == 1 else f"{name}-{index + 1}" for index, name in enumerate(longer)]


def _file_name(name: str) -> str:
    """A name without what would lead to another folder: the manifest may be anybody's."""
    import re

    return re.sub(r"[^A-Za-z0-9_.=-]+", "-", name).strip(".-")[:100] or "contract"
