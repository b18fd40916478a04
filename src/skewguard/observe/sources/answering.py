"""From what an engine said to what is known of it: facts with their place, and what could not be read, once each."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from msgspec import structs

from skewguard.knowledge.engines.live import Heard, Said
from skewguard.language import redact, vocabulary
from skewguard.language.facts import Authority, Fact, Origin, OriginKind, Subject
from skewguard.language.running import Answers, Unread


def now() -> str:
    """This moment, as facts note it: ISO 8601 in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def facts(said: Iterable[Said], kind: OriginKind, ref: str, observed_at: str) -> Iterator[Fact]:
    """One fact for each value said; `ref` is the place of the answer, to which the line of a log is added."""
    origins: dict[int | None, Origin] = {}
    for each in said:
        if each.line not in origins:
            where = ref if each.line is None else f"{ref}, line {each.line}"
            origins[each.line] = Origin(kind, where, line=each.line)
        authority: Authority = "observed" if each.effective else "declared"
        value = redact.tree(each.value, each.setting.rpartition(".")[2])
        yield Fact(each.setting, value, authority, origins[each.line], observed_at=observed_at)


def told(engine: str | None, version: str | None, origin: Origin, observed_at: str) -> Iterator[Fact]:
    """Which engine answers, and which release it says it is."""
    for setting, value in (("runtime.engine", engine), ("runtime.version", version)):
        if value is not None:
            yield Fact(setting, value, "observed", origin, observed_at=observed_at)


def unread(heard: Heard, what: str, hides: Iterable[str], subject: Subject | None) -> Iterator[Unread]:
    """What an answer left open: what could not be understood, and settings of which it only repeats `auto`."""
    for trouble in heard.troubles:
        yield Unread(what, trouble, ", ".join(hides), "an answer that can be understood", subject)
    if heard.undecided:
        named = ", ".join(heard.undecided)
        reason = f"it repeats `auto` for {named}, and not what came of it"
        yield Unread(what, reason, named, "the head of the start-up log", subject)


def joined(*parts: Answers) -> Answers:
    """What one process said in several places, each value once: the first place that says it counts.

    What one place left open and another one tells is open no longer.
    """
    first = parts[0]
    once: dict[tuple[str, str, str], Fact] = {}
    for fact in (fact for part in parts for fact in part.facts):
        once.setdefault((fact.setting, fact.authority, repr(fact.value)), fact)
    known = {fact.setting for fact in once.values()}
    version = next((part for part in parts if part.version is not None), first)
    return Answers(
        first.pod,
        first.container,
        next((part.engine for part in parts if part.engine is not None), None),
        version.version,
        version.version_origin,
        next((part.fingerprint for part in parts if part.fingerprint is not None), None),
        tuple(once.values()),
        tuple(left for part in parts for each in part.unread if (left := _left(each, known)) is not None),
    )


def _left(each: Unread, known: set[str]) -> Unread | None:
    """What a source still hides when these settings are known; one that nobody may read is told as it is."""
    named = each.hides.split(", ")
    if each.kind not in ("absent", "unusable") or not all(name in vocabulary.BY_NAME for name in named):
        return each
    left = [name for name in named if name not in known]
    return structs.replace(each, hides=", ".join(left)) if left else None
