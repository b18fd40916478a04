"""Promises that nobody could keep as they are written, because they name what no known release has.

What skewguard itself names (engines, signals of an autoscaler) is a mistake when it is misspelt, and the loader refuses
it. What only a table of releases suggests is a doubt: a table ends, and a fork may know more. A doubt stays with its
clause, so that a promise that is broken can say that the contract may be at fault, not the manifest.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Protocol

from msgspec import structs

from skewguard.knowledge.contract import values
from skewguard.knowledge.contract.reading import nearest
from skewguard.knowledge.contract.values import Clause, Doubt
from skewguard.language import accelerators, vocabulary
from skewguard.language.facts import Value

_ALIKE = 0.8
"""Likeness from which on a word is taken for a misspelling, where the contract does not say which engine it means."""


class Lexicon(Protocol):
    """What the tables of all releases know of names. An engine without a table answers None."""

    def engines(self) -> Collection[str]:
        """Every engine that is recognised."""

    def title(self, engine: str) -> str:
        """The engine's own spelling."""

    def releases(self, engine: str) -> Sequence[str] | None:
        """The versions of the engine's table, oldest first."""

    def choices(self, engine: str, dest: str) -> tuple[Collection[Value], bool] | None:
        """The listed values of a destination in all releases, and whether only they are taken; None: no such one."""

    def destinations(self, engine: str) -> Collection[str]:
        """Every destination of any release."""

    def silence(self, engine: str, variable: str) -> str | None:
        """Why no release reads an environment variable, in words; None when one does, or nobody can say."""


def marked(clauses: Iterable[Clause], lexicon: Lexicon | None) -> tuple[Clause, ...]:
    """The clauses, each with the doubt about it."""
    listed = tuple(clauses)
    if lexicon is None:
        return listed
    engines = _engines(listed, lexicon)
    return tuple(
        structs.replace(clause, doubt=doubt) if (doubt := _doubt(clause, engines, lexicon)) else clause
        for clause in listed
    )


def _engines(clauses: Iterable[Clause], lexicon: Lexicon) -> tuple[str, ...]:
    """The engines that a contract says it is about; none where it does not say."""
    promised = (_words(clause.promise) for clause in clauses if clause.setting == "runtime.engine")
    return tuple(word for words in promised for word in words if word in lexicon.engines())


def _words(promise: values.Promise) -> list[str]:
    """The texts that a promise names, one of which must hold."""
    options = promise.options if isinstance(promise, values.OneOf) else (promise,)
    return [option.value for option in options if isinstance(option, values.Exactly) and isinstance(option.value, str)]


def _doubt(clause: Clause, engines: tuple[str, ...], lexicon: Lexicon) -> Doubt | None:
    setting = clause.setting
    if clause.pattern:
        return None
    if setting == "hardware.gpu_class":
        return _unknown_class(_words(clause.promise))
    if setting in vocabulary.BY_NAME:
        return _unknown_value(clause, engines, lexicon)
    engine, _, dest = setting.partition(".")
    if lexicon.releases(engine) is None:
        return None
    if dest.startswith("env."):
        said = lexicon.silence(engine, dest[4:])
        return Doubt(said) if said else None
    return _unknown_setting(engine, dest, lexicon) or _unknown_value(clause, (engine,), lexicon)


def _unknown_class(words: Iterable[str]) -> Doubt | None:
    """A GPU class that the accelerator table does not have: it compares with nothing but its own spelling."""
    for word in words:
        if not accelerators.candidates(word):
            return Doubt(f"{word} is no GPU class that skewguard knows", nearest(word, accelerators.names()))
    return None


def _unknown_setting(engine: str, dest: str, lexicon: Lexicon) -> Doubt | None:
    if lexicon.choices(engine, dest) is not None:
        return None
    guess = nearest(dest, lexicon.destinations(engine), 0.7)
    return Doubt(
        f"no release of {lexicon.title(engine)} has a setting {dest}",
        vocabulary.named(engine, guess) if guess else None,
    )


_FOLLOWS = {"runtime.kv_cache_dtype": "runtime.dtype"}
"""Settings that run with a value of another one where nobody writes them, so that its words are theirs too."""


def _unknown_value(clause: Clause, engines: tuple[str, ...], lexicon: Lexicon) -> Doubt | None:
    """A word that is none of the listed ones, of any release of any engine that the contract may mean."""
    words = _words(clause.promise)
    tables = [each for each in engines or lexicon.engines() if lexicon.releases(each) is not None] if words else []
    if not tables or len(tables) < len(engines):
        return None
    titles = " or ".join(lexicon.title(engine) for engine in tables)
    answers = [answer for engine in tables if (answer := _listed(engine, clause.setting, lexicon))]
    if answers and clause.setting in _FOLLOWS:
        answers += [each for engine in tables if (each := _listed(engine, _FOLLOWS[clause.setting], lexicon))]
    listed = {str(value): _canonical(clause.setting, value) for found, _ in answers for value in found}
    closed = bool(answers) and all(only for _, only in answers)
    for word in words:
        if not listed or _canonical(clause.setting, word) in listed.values():
            continue
        guess = nearest(word, listed, 0.6 if engines else _ALIKE)
        if guess is not None or (closed and engines):
            return Doubt(f"no release of {titles} lists the value {word}", guess, sure=closed)
    return None


def _listed(engine: str, setting: str, lexicon: Lexicon) -> tuple[Collection[Value], bool] | None:
    dest = vocabulary.destination(engine, setting)
    return lexicon.choices(engine, dest) if dest else None


def _canonical(setting: str, value: Value) -> str:
    return str(vocabulary.canonical(setting, value)).lower()
