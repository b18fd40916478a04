"""Argument vectors that the containers of a fleet have in common: read once, and placed for each of them.

The same application runs in many namespaces and stages, and reading its arguments as every candidate release would is
the dearest step on the way of a container. What is made of a vector depends on its words and on the release, not on
where they stand: so the answer for the first one serves the others, with the places of their own words in it.
"""

from collections.abc import Sequence

from msgspec import Struct, structs

from skewguard.knowledge.engines.interface import Argument, EngineModule, Inputs, Parsed, Release
from skewguard.language.facts import Effective, Fact, Origin
from skewguard.language.sheet import Derive
from skewguard.language.workloads import Container, EnvVar, Token

MOST_VECTORS = 256
"""Vectors that are remembered; an input with more of them begins anew."""
MOST_PLACES = 64
"""Environments, GPUs and releases under which the answers for one vector are remembered."""

_Answers = dict[str, Effective | None]
_Places = dict[int, Origin]
"""The identity of a place in the first vector → the place of the same word in another."""


class Reading(Struct):
    """An argument vector as its engine reads it. `answers` are shared by all of the same words, None where none are."""

    parsed: Parsed
    answers: dict[object, _Answers] | None = None

    def derive(self, module: EngineModule, env: Sequence[EnvVar], release: Release, inputs: Inputs) -> Derive:
        """What gives the engine's own values under this environment and with these inputs."""

        def ask(setting: str) -> Effective | None:
            return module.derive(setting, self.parsed, env, release, inputs)

        if self.answers is None or inputs.checkpoint is not None:
            return ask
        given = tuple([(entry.name, entry.value, entry.why_unknown, entry.assumes) for entry in env])
        known = _entry(self.answers, (release.candidates, inputs.hardware, given))

        def remembered(setting: str) -> Effective | None:
            if setting in known:
                return known[setting]
            answer = ask(setting)
            if not isinstance(answer, Fact) or not answer.origin.placed:  # one with a place is this container's own
                known[setting] = answer
            return answer

        return remembered


class _First(Struct):
    """The first vector of its words, and what its release makes of it."""

    argv: Sequence[Token]
    reading: Reading


class Vectors:
    """The argument vectors of one run, and what their engines make of them."""

    def __init__(self) -> None:
        self._known: dict[object, _First] = {}

    def read(
        self, module: EngineModule, argv: Sequence[Token], release: Release, container: Container, *, from_image: bool
    ) -> Reading:
        """What `module.parse` answers for a container."""
        files = container.files
        if files or any(token.secret for token in argv):  # the answer may hang on more than words
            return Reading(module.parse(argv, release, files, from_image=from_image))
        words = tuple([(token.text, token.unresolved, token.assumes, token.splits) for token in argv])
        key = (module.NAME, release.text, release.candidates, release.certainty, release.key, from_image, words)
        first = self._known.get(key)
        if first is not None:
            return _placed(first, argv)
        reading = Reading(module.parse(argv, release, files, from_image=from_image))
        if _stands_alone(argv, reading.parsed):
            reading.answers = {}
            if len(self._known) >= MOST_VECTORS:
                self._known.clear()
            self._known[key] = _First(argv, reading)
        return reading


def _entry(answers: dict[object, _Answers], key: object) -> _Answers:
    known = answers.get(key)
    if known is None:
        if len(answers) >= MOST_PLACES:
            answers.clear()
        known = answers[key] = {}
    return known


def _stands_alone(argv: Sequence[Token], parsed: Parsed) -> bool:
    """Whether every place in an answer is that of one word."""
    own = {id(token.origin) for token in argv}
    places = [place for item in parsed.arguments for place in (item.origin, item.value_origin)]
    places += [fact.origin for fact in parsed.values.values()]
    return len(own) == len(argv) and all(place is None or id(place) in own or not place.placed for place in places)


def _placed(first: _First, argv: Sequence[Token]) -> Reading:
    """The answer for the first vector, at the places of another one of the same words."""
    places = {id(known.origin): token.origin for known, token in zip(first.argv, argv, strict=True)}
    known = first.reading.parsed
    parsed = structs.replace(
        known,
        arguments=tuple([_argument(item, places) for item in known.arguments]),
        values={dest: _fact(fact, places) for dest, fact in known.values.items()},
    )
    return Reading(parsed, first.reading.answers)


def _argument(item: Argument, places: _Places) -> Argument:
    behind = item.value_origin
    return structs.replace(
        item,
        origin=places.get(id(item.origin), item.origin),
        value_origin=None if behind is None else places.get(id(behind), behind),
    )


def _fact(fact: Fact, places: _Places) -> Fact:
    return structs.replace(fact, origin=places.get(id(fact.origin), fact.origin))
