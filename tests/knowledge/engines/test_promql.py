"""What Prometheus is asked, and how its answers read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skewguard.knowledge.engines.live import promql
from skewguard.knowledge.engines.live.promql import NotUnderstood


def test_pods_are_picked_by_name_alone() -> None:
    """A dot in a name is a dot, and no other character."""
    assert promql.of_pods("prod", ("chat-1", "chat.0")) == 'namespace="prod",pod=~"chat-1|chat[.]0"'


def test_pods_that_are_gone_are_picked_by_what_they_were_called() -> None:
    """Beside those that run: a pattern is taken as it is."""
    assert promql.of_pods("prod", ("chat-1",), like=("chat-[0-9]",)) == 'namespace="prod",pod=~"chat-1|chat-[0-9]"'


@pytest.mark.parametrize("name", ['a"}', "a|b", "", "A", "a\n"])
def test_what_is_no_name_is_not_put_into_a_query(name: str) -> None:
    """Names are checked, and not escaped."""
    with pytest.raises(ValueError, match="no name"):
        promql.of_pods("prod", (name,))


def test_histograms_are_asked_for_apart() -> None:
    """One question for all gauges and counters, and one for each histogram with its sum."""
    first, *others = promql.questions("sglang", '{job="a"}', 900)

    assert first.startswith('{__name__=~"sglang:num_running_reqs|')
    assert first.endswith('|process_start_time_seconds",job="a"}[900s]')
    assert others[0] == (
        '{__name__=~"sglang:time_to_first_token_seconds_bucket|sglang:time_to_first_token_seconds_sum",job="a"}[900s]'
    )
    assert len(others) == 6


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"<html>", "its answer is none that Prometheus gives to a query of a range"),
        (b'{"status":"error","error":"too many samples"}', "Prometheus says: too many samples"),
        (
            b'{"status":"success","data":{"resultType":"vector","result":[]}}',
            "its answer is a vector, and no samples of a range",
        ),
    ],
)
def test_answer_that_is_none_says_so(body: bytes, reason: str) -> None:
    """What Prometheus itself says is handed on."""
    with pytest.raises(NotUnderstood) as caught:
        promql.decoded(body)

    assert str(caught.value) == reason


@given(
    st.binary(max_size=200) | st.text(max_size=100).map(lambda text: f'{{"status":"success","data":{text}}}'.encode())
)
def test_no_answer_breaks_the_reader(body: bytes) -> None:
    """Anything may answer at a URL."""
    for read in (promql.decoded, promql.clock):
        try:
            read(body)
        except NotUnderstood:
            continue


def test_nothing_asked_for_an_engine_that_is_not_known_is_left_out() -> None:
    """Where nobody knows the engine, the names of all of them are asked for."""
    first = promql.questions(None, 'job="a"', 60)[0]

    assert "vllm:num_requests_running" in first
    assert "tgi_queue_size" in first


def test_an_answer_that_may_be_a_part_is_none() -> None:
    """A Thanos of which one store does not answer says so in a warning, with status success."""
    body = b'{"status":"success","data":{"resultType":"matrix","result":[]},"warnings":["store 10.0.0.7 is gone"]}'
    with pytest.raises(NotUnderstood, match="a part only, since it warns: store 10"):
        promql.decoded(body)
