"""Answers of servers, honest and hostile: what is made of them does not depend on how the network cuts them."""

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skewguard.observe.loadgen.answers import MOST_HEAD, Answer, BadAnswer
from skewguard.observe.loadgen.exchanges import Exchange

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"


def chunked(*pieces: bytes, trailer: bytes = b"") -> bytes:
    framed = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)
    return framed + b"0\r\n" + trailer + b"\r\n"


def event(**fields: Any) -> bytes:
    return b"data: " + json.dumps(fields).encode() + b"\n\n"


def delta(**said: Any) -> bytes:
    return event(id="x", choices=[{"index": 0, "delta": said, "finish_reason": None}])


USAGE = event(choices=[], usage={"prompt_tokens": 7, "completion_tokens": 5})
DONE = b"data: [DONE]\n\n"


def read(whole: bytes, cuts: list[int], *, stream: bool = True, closed: bool = False) -> tuple[Any, ...]:
    """What is made of an answer that comes in these pieces; the failure where it is a bad one."""
    exchange = Exchange(0, 1, slot=False, stream=stream)
    edges = sorted({0, *(cut % (len(whole) + 1) for cut in cuts), len(whole)})
    try:
        for stamp, (begin, end) in enumerate(pairwise(edges), start=10):
            if exchange.answer.done:
                return ("after the end",)
            exchange.feed(whole[begin:end], stamp)
        done = exchange.closed(99) if closed else exchange.answer.done
    except BadAnswer as bad:
        return ("bad", str(bad))
    told = exchange.telling
    told.settle()
    counts = (told.chunks, told.prompt_tokens, told.output_tokens, told.first_tokens, len(told.gaps), told.ended)
    return (done, exchange.answer.status, *counts)


CUTS = st.lists(st.integers(min_value=0, max_value=4000), max_size=40)
PIECES = st.lists(
    st.sampled_from(
        [
            delta(role="assistant", content=""),
            delta(content=" word"),
            delta(content='{\n"}'),
            delta(content=None, reasoning_content="hm"),
            delta(content=None, tool_calls=[{"index": 0, "function": {"arguments": "{}"}}]),
            event(choices=[{"text": " a"}], usage={"prompt_tokens": 7, "completion_tokens": 3}),
            event(choices=[{"text": " b"}], usage={"prompt_tokens": 7, "completion_tokens": 4}),
            event(choices=[{"text": ""}], usage={"prompt_tokens": 7, "completion_tokens": 5}),
            event(choices=[{"text": "", "finish_reason": "stop"}]),
            event(choices=[{"text": " z", "finish_reason": "length"}]),
            event(choices=[{"text": " z", "finish_reason": "abort"}]),
            USAGE,
            DONE,
            b": ping\r\n\r\n",
            b'event: x\ndata: {"choices":\ndata: []}\n\n',
            b'data:{"choices":[{"text":"a"}]}\r\n\r\n',
            b'data: {"choices":[{"text":"a"} garbage}\n\n',
            b'data: {"error":{"message":"died"}}\n\n',
            b"data: nothing\n\n",
            b"data:\n\n",
            b'error: {"code":500}\n\n',
            b"\xff\x00",
        ]
    ),
    max_size=8,
)


@given(PIECES, CUTS, st.booleans())
def test_cuts_do_not_matter_to_a_stream(pieces: list[bytes], cuts: list[int], merged: bool) -> None:
    """However the network cuts a stream, good or bad, and however the server cut it into chunks, the same is read."""
    whole = HEAD + (chunked(b"".join(pieces) or b"\n") if merged else chunked(*pieces))
    assert read(whole, cuts) == read(whole, []) == read(whole, list(range(len(whole))))


FRAMINGS = st.sampled_from(
    [
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nnull",
        b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\ncontent-type: application/json\r\n\r\n{  }",
        b"HTTP/1.1 200 OK\ncontent-length: 0\n\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4;x=y\r\nnull\r\n0\r\nx: y\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n-4\r\nnull\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nnull\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 2\r\n\r\nxx",
        b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\ncontent-length: 5\r\n\r\nnull",
        b"HTTP/1.1 200 OK\r\ncontent-length: -4\r\n\r\nnull",
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
        b"HTTP/1.0 503 X\r\n\r\nnot now",
        b"HTTP/2 200\r\n\r\n",
        b"HTTP/1.1 2x0 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"\x16\x03\x01\x02\x00",
    ]
)


@given(FRAMINGS, CUTS, st.booleans())
def test_cuts_do_not_matter_to_the_framing(whole: bytes, cuts: list[int], closed: bool) -> None:
    """However the network cuts an answer, its status and its end, or what is wrong with it, are the same."""
    one = read(whole, [], stream=False, closed=closed)
    assert read(whole, cuts, stream=False, closed=closed) == one
    assert read(whole, list(range(len(whole))), stream=False, closed=closed) == one


@given(st.binary(max_size=300), CUTS, st.sampled_from([b"", HEAD, b"HTTP/1.1 200 OK\r\n"]))
def test_any_bytes_are_an_answer_or_a_bad_one(noise: bytes, cuts: list[int], head: bytes) -> None:
    """Whatever a server sends, nothing but `BadAnswer` is raised."""
    read(head + noise, cuts)


@pytest.mark.parametrize(
    ("said", "tokens"),
    [
        ({"role": "assistant", "content": ""}, 0),
        ({"content": None}, 0),
        ({}, 0),
        ({"content": "a"}, 1),
        ({"reasoning_content": "a"}, 1),
        ({"reasoning": "a"}, 1),
        ({"tool_calls": [{"index": 0}]}, 1),
        ({"tool_calls": []}, 0),
    ],
)
def test_what_is_a_token(said: dict[str, Any], tokens: int) -> None:
    """A role or an empty text is no token; reasoning and the call of a tool are."""
    exchange = Exchange(0, 1, slot=False, stream=True)
    exchange.feed(HEAD + chunked(delta(**said), DONE), 10)
    assert exchange.telling.chunks == tokens


def test_several_tokens_of_a_read_leave_the_first_an_upper_bound() -> None:
    """Two chunks in the first read that has any: the first token's moment is flagged. One, with a role before it: it is not."""
    for pieces, censored in [
        ((delta(role="a", content=""), delta(content="a")), False),
        ((delta(content="a"),) * 2, True),
    ]:
        exchange = Exchange(0, 1, slot=False, stream=True)
        exchange.feed(HEAD + chunked(*pieces, DONE), 10)
        assert exchange.telling.censored is censored


def test_first_tokens_are_the_server_s_count_at_the_first_chunk() -> None:
    """With usage in each chunk it is known how many tokens the first one held, and the last count is the whole."""
    chunks = [event(choices=[{"text": "abcd"}], usage={"prompt_tokens": 3, "completion_tokens": n}) for n in (4, 8, 9)]
    exchange = Exchange(0, 1, slot=False, stream=True)
    exchange.feed(HEAD + chunked(*chunks, DONE), 10)
    exchange.telling.settle()
    assert (exchange.telling.first_tokens, exchange.telling.output_tokens) == (4, 9)


def counted(tokens: int, text: str = "", finish: str | None = None) -> bytes:
    """An event with the running count, as engines send them when they are asked to."""
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": finish}
    return event(choices=[choice], usage={"prompt_tokens": 7, "completion_tokens": tokens})


def fed(*pieces: bytes) -> Any:
    """What an answer told of which each piece came in a read of its own, from moment 10 on."""
    exchange = Exchange(0, 1, slot=False, stream=True)
    for stamp, piece in enumerate(
        (HEAD, *(b"%x\r\n%b\r\n" % (len(each), each) for each in pieces), b"0\r\n\r\n"), start=9
    ):
        exchange.feed(piece, stamp)
    exchange.telling.settle()
    return exchange.telling


def test_token_without_a_text_is_seen_in_the_running_count() -> None:
    """Half a character has no text yet: where the count goes on, a token came; a role that counts none is none."""
    told = fed(counted(0), counted(1), counted(2, "é"), counted(3), counted(4, finish="length"), DONE)
    assert (told.first, told.last, told.chunks, len(told.gaps)) == (11, 14, 4, 3)
    assert (told.first_tokens, told.output_tokens, told.censored) == (1, 4, False)


def test_running_count_that_stands_still_is_no_token() -> None:
    """An event that ends the answer and counts what was counted before brings none, also after chunks that were not read as JSON."""
    told = fed(counted(0), counted(1, "a"), counted(2, "b"), counted(3, "c"), counted(3, finish="stop"), DONE)
    assert (told.chunks, told.output_tokens, len(told.gaps)) == (3, 3, 2)


def test_last_token_is_there_with_the_reason_of_the_end() -> None:
    """The token that ends an answer shows no text: the answer lasted until the event that says so, and no further."""
    stop = event(choices=[{"index": 0, "delta": {}, "finish_reason": "stop"}])
    told = fed(delta(content="a"), delta(content="b"), stop, USAGE, DONE)
    assert (told.first, told.last, told.chunks, len(told.gaps)) == (10, 12, 2, 1)


def test_answer_that_shows_none_of_its_tokens_lasted_until_its_end() -> None:
    """No text and no running count: the first token came at the end at the latest, and is flagged as bounded."""
    stop = event(choices=[{"index": 0, "delta": {"content": ""}, "finish_reason": "length"}])
    told = fed(delta(role="assistant", content=""), delta(content=""), stop, USAGE, DONE)
    assert (told.first, told.last, told.chunks, told.censored) == (12, 12, 0, True)


def test_answer_without_a_token_has_no_moments() -> None:
    """Nothing was generated: there is no first token to be early or late."""
    stop = event(choices=[{"index": 0, "delta": {}, "finish_reason": "stop"}])
    told = fed(stop, event(choices=[], usage={"prompt_tokens": 7, "completion_tokens": 0}), DONE)
    assert (told.first, told.last, told.chunks) == (0, 0, 0)


def test_first_token_without_a_text_is_seen_in_the_first_count_of_a_completion() -> None:
    """Completions begin with no role: the first event that counts a token has it, whatever it shows."""
    told = fed(
        *(
            event(choices=[{"text": text}], usage={"prompt_tokens": 7, "completion_tokens": count})
            for count, text in enumerate(("", "é", "a"), start=1)
        ),
        DONE,
    )
    assert (told.first, told.last, told.chunks, told.first_tokens, told.output_tokens) == (10, 12, 3, 1, 3)


def test_role_that_comes_with_the_first_token_s_count_is_no_token() -> None:
    """SGLang counts the first token in the event of the role, and shows it in the next."""
    role = event(
        choices=[{"delta": {"role": "assistant", "content": ""}}], usage={"prompt_tokens": 7, "completion_tokens": 1}
    )
    told = fed(role, counted(1, "a"), counted(2, "b", finish="length"), DONE)
    assert (told.first, told.chunks, told.first_tokens, told.output_tokens) == (11, 2, 1, 2)


STOP = event(choices=[{"index": 0, "delta": {}, "finish_reason": "stop"}])


def fails(*pieces: bytes) -> str:
    """What is wrong with an answer of these pieces that ends in order; empty where nothing is."""
    bad = read(HEAD + chunked(*pieces), [])
    return str(bad[1]) if bad[0] == "bad" else ""


@pytest.mark.parametrize("end", [STOP, USAGE, DONE])
def test_stream_that_ends_without_a_word_was_cut_off(end: bytes) -> None:
    """A proxy closes in order what its engine left off. A reason of the end, a count apart, or `[DONE]`: one of them is enough."""
    assert "cut off" in fails(delta(content="a"), delta(content="b"))
    assert not fails(delta(content="a"), delta(content="b"), end)


def test_reason_of_the_end_is_seen_beside_the_last_text() -> None:
    """Of chunks that are known by how they begin the last one is read: it may say why the answer ended, and nothing else does."""
    last = event(id="x", choices=[{"index": 0, "delta": {"content": "c"}, "finish_reason": "length"}])
    assert not fails(delta(content="a"), delta(content="b"), last)


def test_answer_that_lasts_until_the_connection_closes_is_whole_with_the_reason_of_its_end() -> None:
    """No `[DONE]`, as older engines have none: the reason says it all the same."""
    head = b"HTTP/1.0 200 OK\r\ncontent-type: text/event-stream\r\n\r\n"
    whole, cut = (read(head + delta(content="a") + end, [], closed=True) for end in (STOP, b""))
    assert (whole[0], cut[0]) == (True, False)


@pytest.mark.parametrize("reason", ["abort", "error", "cancelled", "timeout"])
@pytest.mark.parametrize("text", ["", "c"])
def test_answer_that_the_server_broke_off_is_no_answer(reason: str, text: str) -> None:
    """Engines end what they give up in order, and say so: in the event of the end, in the last text, or in one document."""
    last = event(id="x", choices=[{"index": 0, "delta": {"content": text}, "finish_reason": reason}])
    assert reason in fails(delta(content="a"), delta(content="b"), last, USAGE, DONE)

    body = json.dumps({"choices": [{"message": {"content": "a"}, "finish_reason": reason}]}).encode()
    plain = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)
    assert reason in read(plain, [], stream=False)[1]


def test_error_in_a_field_of_its_own_is_one() -> None:
    """llama.cpp wrote `error:` where others write `data:`; the tokens before it are no answer."""
    assert '{"code":500}' in fails(delta(content="a"), b'error: {"code":500}\n\n', DONE)


def test_event_without_data_is_none() -> None:
    """A beat of a proxy: an empty event, between two others."""
    assert not fails(delta(content="a"), b"data:\n\n", b"data: \r\n\r\n", delta(content="b"), DONE)


def test_head_without_an_end_is_bounded() -> None:
    """A server that sends headers for ever is given up on."""
    answer = Answer()
    answer.feed(b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 1000)
    with pytest.raises(BadAnswer, match="headers of more than"):
        answer.feed(b"x: y\r\n" * (MOST_HEAD // 6))


@pytest.mark.parametrize("piece", [b"data: x", b"x" * 1000 + b"\n"])
def test_stream_without_an_end_is_bounded(piece: bytes) -> None:
    """Neither an event nor an answer may grow without end: memory is bounded, and so is patience."""
    exchange = Exchange(0, 1, slot=False, stream=True)
    exchange.feed(HEAD, 1)
    data = piece * (2**20 // len(piece))
    framed = b"%x\r\n%b\r\n" % (len(data), data)

    def feed() -> None:
        for _ in range(400):
            exchange.feed(framed, 2)

    with pytest.raises(BadAnswer, match="of more than"):
        feed()


def test_document_of_gigabytes_is_refused_by_its_length() -> None:
    """An answer that says it is two gigabytes long is not read."""
    with pytest.raises(BadAnswer, match="more than 256 MiB"):
        Answer().feed(b"HTTP/1.1 200 OK\r\ncontent-length: 2147483648\r\n\r\n")


@given(st.integers(min_value=1, max_value=9), st.sampled_from([b"\r\n", b"\n\n"]), st.booleans())
def test_read_of_one_chunk_is_what_any_other_read_is(more: int, ending: bytes, known: bool) -> None:
    """A read that looks like one whole chunk of a size that was met, and is none, is read for what it is."""
    text = event(choices=[{"text": " a"}])
    odd = b"%x\r\n%b" % (len(text) + more, text[:-2] + ending)
    rest = b"x" * (more - 1) + b"\n\r\n"
    begin = HEAD + b"%x\r\n%b\r\n" % (len(text), text) * (2 if known else 1)
    whole = begin + odd + rest + chunked(DONE)
    assert read(whole, [len(begin), len(begin) + len(odd)]) == read(whole, []) == read(whole, list(range(len(whole))))
