"""What an engine answers over HTTP: which engine it is, where nobody says, and what each of its endpoints tells.

Nothing is asked that changes the server, or makes it compute, by default. With leave vLLM computes one token, for the hash of
its configuration that stands in every completion. What does not answer, or answers something else, is `Unread` with its reason.
"""

from typing import Any

from msgspec import DecodeError, Struct, json, structs

from skewguard.adapters.cluster.deadlines import Deadline
from skewguard.adapters.endpoints import Answer, NoAnswer, Question, Way
from skewguard.knowledge.engines import live, versions
from skewguard.knowledge.engines.live import Endpoint, Heard, LiveModule
from skewguard.language.facts import Fact, Origin, Subject
from skewguard.language.running import Answers, Unread
from skewguard.observe.sources import answering

_MODELS, _METRICS = "/v1/models", "/metrics"
_METRICS_BYTES = 16 * 2**20
_PATIENCE = 2
"""Questions that may stay without an answer in time before the others are not asked: each of them would be waited for."""

_TELLING = ("/v1/metadata", _MODELS, _METRICS, "/server_info", "/get_server_info", "/info", "/props")
"""Paths whose answers tell engines apart, in the order in which they are asked: NIM first, which another stands behind."""


_EVERYTHING = "what the engine says of itself"


class About(Struct, frozen=True):
    """Whom the answers are of, as far as it is known: subject, pod, container, engine and release."""

    subject: Subject | None = None
    pod: str | None = None
    container: str | None = None
    engine: str | None = None
    version: str | None = None


def ask(
    way: Way,
    about: About | None = None,
    *,
    deadline: float,
    each: float | None = None,
    spend: bool = False,
    observed_at: str | None = None,
) -> Answers:
    """Ask one engine for what it says of itself. Never raises for what answers, or does not.

    `deadline` seconds for everything, `each` for one question: left out, half of them. vLLM's first `/server_info`
    takes up to 10 s on a busy machine (it starts programs to describe it). `spend`: one token may be computed, for the
    fingerprint.
    """
    about = about or About()
    talk = _Talk(way, about, Deadline.after(deadline), each if each is not None else deadline / 2)
    engine = about.engine or _recognised(talk)
    module = live.of(engine) if engine is not None else None
    if module is None:
        reason = f"nothing is known of what {engine} answers" if engine else "no engine that is known answers there"
        return Answers(about.pod, about.container, engine, unread=talk.unread or (talk.lost(reason),))
    at = observed_at or answering.now()
    heard = _heard(talk, module, spend=spend, observed_at=at)
    other = _impostor(talk, module)
    return heard if other is None else _heard(talk.anew(), other, spend=spend, observed_at=at)


def _heard(talk: "_Talk", module: LiveModule, *, spend: bool, observed_at: str) -> Answers:
    facts: list[Fact] = []
    version = talk.about.version if talk.about.engine == module.NAME else None
    origin, fingerprint = None, None
    for endpoint in module.ENDPOINTS:
        if not _has(endpoint, version) or (endpoint.spends and (not spend or talk.way.open_only)):
            continue
        place, heard = talk.heard(endpoint, _model(facts))
        if heard is None:
            continue
        facts += answering.facts(heard.said, "endpoint", place, observed_at)
        fingerprint = heard.fingerprint or fingerprint
        if heard.version is not None and origin is None:
            version, origin = heard.version, Origin("endpoint", place)
    said = version if origin is not None else None
    if facts or origin is not None:
        name = module.NAME if talk.shows(module) else None  # who was only expected to answer was not seen
        facts += answering.told(name, said, origin or facts[0].origin, observed_at)
    about = talk.about
    return answering.joined(
        Answers(about.pod, about.container, module.NAME, said, origin, fingerprint, tuple(facts), talk.unread)
    )


def _has(endpoint: Endpoint, version: str | None) -> bool:
    """Whether a release has an endpoint; one that nobody names is asked for everything that the newest has."""
    if version is None or versions.key(version) is None:
        return endpoint.before is None
    if endpoint.since is not None and not versions.since(version, endpoint.since):
        return False
    return endpoint.before is None or not versions.since(version, endpoint.before)


def _model(facts: list[Fact]) -> str | None:
    """The name that requests have to give, as the engine said it."""
    names = [fact.value for fact in facts if fact.setting == "model.served_name"]
    return next((name[0] if isinstance(name, list) else name for name in names if name), None)


def _recognised(talk: "_Talk") -> str | None:
    """The engine whose way of answering it is. Once one is told, what failed on the way there is its own affair."""
    for target in _TELLING:
        answer = talk.told(Question(target), "metrics" if target == _METRICS else "json")
        if isinstance(answer, NoAnswer):
            continue
        for name in live.engines():
            module = live.of(name)
            if module is not None and module.recognised(target, answer):
                return name
    talk.note_failures()
    return None


def _impostor(talk: "_Talk", expected: LiveModule) -> LiveModule | None:
    """The engine that says so itself where another one was expected: whoever wrote the manifest may be mistaken."""
    if expected.NAME == "nim" or talk.shows(expected):
        return None  # behind NIM stands another engine, which says so
    known = (live.of(name) for name in live.engines())
    return next((each for each in known if each is not None and talk.shows(each)), None)


class _Talk:
    """The questions to one engine: each is asked once, and none any more once nothing can be expected."""

    def __init__(self, way: Way, about: About, deadline: Deadline, each: float) -> None:
        self.way = way
        self.about = about
        self._deadline = deadline
        self._each = each
        self._known: dict[Question, Answer | NoAnswer] = {}
        self._unread: list[Unread] = []
        self._late = 0
        self._ended: NoAnswer | None = None

    @property
    def unread(self) -> tuple[Unread, ...]:
        """What could not be read."""
        return tuple(self._unread)

    def heard(self, endpoint: Endpoint, model: str | None) -> tuple[str, Heard | None]:
        """The place of an endpoint's answer and what it says; None, and a note of why, where it says nothing."""
        question = Question(endpoint.path, _body(endpoint, model))
        found = self.told(question, endpoint.form)
        if isinstance(found, NoAnswer) and found.kind == "absent" and endpoint.instead is not None:
            question = structs.replace(question, target=endpoint.instead)
            found = self.told(question, endpoint.form)
        place = self.way.shown(question)
        if isinstance(found, NoAnswer):
            self._note(endpoint, place, found)
            return place, None
        heard = endpoint.read(found)
        self._unread += answering.unread(heard, place, endpoint.hides, self.about.subject)
        return place, heard

    def told(self, question: Question, form: str) -> Any:
        """The decoded answer to a question, or the `NoAnswer`."""
        if question not in self._known:
            self._known[question] = self._asked(question, _METRICS_BYTES if form == "metrics" else None)
        answer = self._known[question]
        if isinstance(answer, NoAnswer):
            return answer
        return page(answer) if form == "metrics" else _decoded(answer)

    def shows(self, module: LiveModule) -> bool:
        """Whether anything that was answered can come from this engine alone."""
        return any(
            module.recognised(question.target.partition("?")[0], decoded)
            for question, answer in self._known.items()
            if not isinstance(answer, NoAnswer)
            and not isinstance(decoded := page(answer) if question.target == _METRICS else _decoded(answer), NoAnswer)
        )

    def anew(self) -> "_Talk":
        """The same answers, of which nothing was noted yet."""
        talk = _Talk(self.way, self.about, self._deadline, self._each)
        talk._known, talk._late, talk._ended = self._known, self._late, self._ended
        return talk

    def _asked(self, question: Question, most: int | None) -> Answer | NoAnswer:
        if self._ended is None and self._late >= _PATIENCE:
            late = next(
                str(each) for each in self._known.values() if isinstance(each, NoAnswer) and each.kind == "timeout"
            )
            self._ended = NoAnswer(f"{late}, nor to a second question; the rest was not asked", "timeout")
        if self._ended is not None:
            return self._ended
        try:
            within = self._deadline.sooner(self._each)
            return self.way.ask(question, within, most_bytes=most) if most else self.way.ask(question, within)
        except NoAnswer as error:
            self._late += error.kind == "timeout"
            if error.status is None and error.kind not in ("timeout", "unusable"):
                self._ended = error  # nobody answers, or the way is barred: it would be so for every question
            return error

    def lost(self, reason: str, kind: Any = "unusable") -> Unread:
        """A note that nothing at all was learnt."""
        place = self.way.shown(Question("/"))
        return Unread(place, reason, _EVERYTHING, "an engine that says its name there", self.about.subject, kind)

    def note_failures(self) -> None:
        """Note why no engine could be told, once for each reason."""
        for question, answer in self._known.items():
            if not isinstance(answer, NoAnswer):
                continue
            if answer is self._ended:
                self._note_once(self.way.shown(question), answer)
            elif answer.kind != "absent" and not any(each.reason == str(answer) for each in self._unread):
                place, subject = self.way.shown(question), self.about.subject
                self._unread.append(Unread(place, str(answer), _EVERYTHING, answer.would_need, subject, answer.kind))

    def _note(self, endpoint: Endpoint, place: str, why: NoAnswer) -> None:
        reason, kind, would_need = str(why), why.kind, why.would_need
        if why is self._ended:
            self._note_once(place, why)
            return
        if endpoint.optional and kind == "absent":
            if not endpoint.hides:
                return
            reason, would_need = endpoint.absent, "the head of the start-up log"
        if why.status in (401, 403) and self.way.open_only:
            reason = f"{reason}; the API server's proxy passes none on"
            would_need = "create pods/portforward"
        self._keep(Unread(place, reason, ", ".join(endpoint.hides), would_need, self.about.subject, kind))

    def _keep(self, unread: Unread) -> None:
        """Keep what could not be read; a key that is missing is told once, with all that it hides."""
        alike = [each for each in self._unread if each.kind == unread.kind == "denied" and each.reason == unread.reason]
        if not alike:
            self._unread.append(unread)
            return
        hides = dict.fromkeys(part for each in (alike[0], unread) for part in each.hides.split(", ") if part)
        at = self._unread.index(alike[0])
        self._unread[at] = structs.replace(alike[0], hides=", ".join(hides))

    def _note_once(self, place: str, why: NoAnswer) -> None:
        """Note what ended the talk, in place of the questions that led to it."""
        if any(each.reason == str(why) for each in self._unread):
            return
        waited = [each for each in self._unread if each.kind == why.kind == "timeout"]
        place, would_need = (waited[0].what, waited[0].would_need) if waited else (place, why.would_need)
        self._unread = [each for each in self._unread if each not in waited]
        self._unread.append(Unread(place, str(why), _EVERYTHING, would_need, self.about.subject, why.kind))


def _body(endpoint: Endpoint, model: str | None) -> bytes | None:
    if endpoint.body is None:
        return None
    return json.encode({"model": model, **endpoint.body} if model is not None else endpoint.body)


def _decoded(answer: Answer) -> Any:
    """The JSON of an answer, or why it is none."""
    kind = answer.media_type
    if kind and kind != "application/json" and not kind.endswith("+json"):
        return NoAnswer(f"it answers {_named(kind)}, not JSON: something else is there", "unusable", status=200)
    try:
        return json.decode(answer.body)
    except (DecodeError, ValueError):
        return NoAnswer("its answer is no valid JSON", "unusable", status=200)
    except RecursionError:
        return NoAnswer("its answer nests too deeply to be one of an engine", "unusable", status=200)


def page(answer: Answer) -> bytes | NoAnswer:
    """The bytes of a page of metrics, or why it is none."""
    if answer.media_type in ("", "text/plain", "application/openmetrics-text"):
        return answer.body
    return NoAnswer(
        f"it answers {_named(answer.media_type)}, not metrics: something else is there", "unusable", status=200
    )


def _named(kind: str) -> str:
    return "a web page" if kind == "text/html" else kind[:100]
