"""A container whose ConfigMaps changed after its start: what it took from them then is what nobody can read now."""

from collections.abc import Callable, Collection
from functools import partial

from msgspec import structs

from skewguard.language.workloads import Container, EnvVar, Invocation, TextFile, Token, UnseenEnv


def reads(container: Container, ref: str) -> bool:
    """Whether a container takes variables or files from an object (`ConfigMap prod/chat`)."""
    named = (*(entry.ref for entry in container.env), *(file.ref for file in container.files))
    return any(each is not None and _is_of(each, ref) for each in named) or any(
        _is_of(source.ref, ref) for source in container.unseen_env
    )


def without(container: Container, refs: Collection[str]) -> Container:
    """The container with what it took from these objects as unknown."""
    if not refs:
        return container

    def touched(each: str | None) -> bool:
        return each is not None and any(_is_of(each, ref) for ref in refs)

    names = {entry.name for entry in container.env if touched(entry.ref)}
    why = f"{', '.join(sorted(refs))} changed after the pod had started"
    return structs.replace(
        container,
        env=tuple(_variable(entry, why) if touched(entry.ref) else entry for entry in container.env),
        unseen_env=(*container.unseen_env, *_before(container, refs)),
        files=tuple(_file(file, touched) for file in container.files),
        command=_words(container.command, names),
        args=_words(container.args, names),
        invocations=tuple(_start(each, names) for each in container.invocations),
    )


def _is_of(ref: str, whole: str) -> bool:
    """Whether a reference is to an object, or to a key of it."""
    return ref == whole or ref.startswith(f"{whole} ")


def _variable(entry: EnvVar, why: str) -> EnvVar:
    return structs.replace(entry, value=None, why_unknown=why)


def _file(file: TextFile, touched: Callable[[str | None], bool]) -> TextFile:
    return structs.replace(file, text=None, lines=()) if touched(file.ref) else file


def _before(container: Container, refs: Collection[str]) -> tuple[UnseenEnv, ...]:
    """The objects whose every key is a variable: before the change they may have held other keys."""
    whole = {entry.ref: entry for entry in container.env if entry.ref in refs}
    return tuple(UnseenEnv(ref, "", optional=True, origin=entry.origin) for ref, entry in whole.items() if ref)


def _words(words: tuple[Token, ...] | None, names: Collection[str]) -> tuple[Token, ...] | None:
    return None if words is None else tuple(map(partial(_word, names=names), words))


def _start(start: Invocation, names: Collection[str]) -> Invocation:
    return structs.replace(start, argv=tuple(_word(token, names) for token in start.argv))


def _word(token: Token, names: Collection[str]) -> Token:
    """A word as written, where a variable that is not known any more stood in it."""
    written = token.origin.text or ""
    used = tuple(f"$({name})" for name in names if f"$({name})" in written)
    return structs.replace(token, text=written, unresolved=(*token.unresolved, *used)) if used else token
