"""Whether a load reached the engine that it is bound to, and was alone there: what it counted against what the client saw."""

import pytest
from msgspec import structs

from skewguard.judge.baseline import reaching
from skewguard.judge.baseline.reaching import Place, Reached
from skewguard.language.baselines import Run, Scrape, Watched
from skewguard.language.facts import Fact, Origin
from skewguard.language.loads import Load, Stage
from tests.judge.baseline.building import LOAD, bare, failed, run

HERE = Origin("endpoint", "GET /metrics")
PODS, URL = Place(pods=True), Place()
SENT = run([{"output_tokens": 100}] * 100)
"""100 whole answers of 100 tokens each."""


def counted(requests: float | None, tokens: float | None = None, seconds: float = 10.0, replicas: int = 1) -> Watched:
    """Pages of replicas that counted so much between the first and the last, each its share."""
    more = {"requests": requests, "output_tokens": tokens}
    grown = {name: value / replicas for name, value in more.items() if value is not None}
    names = [f"chat-{number}" for number in range(replicas)]
    pages = [
        Scrape(name, at, HERE, {}, {counter: 7.0 + value * at / seconds for counter, value in grown.items()})
        for name in names
        for at in (0.0, seconds)
    ]
    return Watched(tuple(pages), beat=1.0, expected=tuple(names))


def told(watched: Watched, place: Place, sent: Run = SENT, part: tuple[int, int] | None = None) -> Reached:
    """What the counters say of a run."""
    return reaching.counted(bare(part=part), sent, watched, place)


# ---- before anything is sent -----------------------------------------------------------------------------------------


def test_names_are_those_of_the_model_and_those_it_is_served_under() -> None:
    """One or several; what is no name is none."""
    origin = Origin("default", "it")
    found = [("model.served_name", ["chat", "chat-large"]), ("model.id", "Qwen/Qwen3-8B"), ("model.revision", "main")]
    facts = [Fact(name, value, "declared", origin) for name, value in found]
    assert reaching.names(facts) == {"chat", "chat-large", "Qwen/Qwen3-8B"}


@pytest.mark.parametrize(
    ("there", "asked", "said"),
    [
        ({"chat": []}, None, ""),
        ({"other": []}, None, "it serves other, and the workload chat"),
        ({"other": ["chat"]}, None, ""),  # a path, or the model that an adapter belongs to
        ({"other": ["chat"]}, "other", ""),
        ({"chat": [], "other": []}, "other", "the requests would ask for other, and the workload serves chat"),
        ({"other": [], "chat": []}, None, "the requests would ask for other, and the workload serves chat"),
        ({letter: [] for letter in "edcba"}, None, "it serves a, b, c and 2 more, and the workload chat"),
    ],
)
def test_what_answers_has_to_serve_a_model_of_the_workload(
    there: dict[str, list[str]], asked: str | None, said: str
) -> None:
    """And the one that requests would ask for has to be one of them."""
    assert reaching.stranger(["chat"], there, asked) == said


# ---- whether it arrived ----------------------------------------------------------------------------------------------


def test_load_that_the_pods_counted_arrived() -> None:
    """All of it, over several replicas, and a last page that is read a moment early."""
    assert told(counted(100, 10_000, replicas=3), PODS) == Reached()
    assert told(counted(91, 9_100), PODS) == Reached()


def test_load_that_the_pods_did_not_count_went_elsewhere() -> None:
    """With numbers, and what to do."""
    (reason,) = told(counted(12, 1_200), PODS).invalid_because
    assert reason.startswith("the load did not reach the pods of the workload: they counted 12 of 100 requests")
    assert "--endpoint" in reason


def test_engine_that_counts_no_requests_is_told_by_its_tokens() -> None:
    """llama.cpp."""
    assert told(counted(None, 10_000), PODS) == Reached()
    (reason,) = told(counted(None, 500), PODS).invalid_because
    assert "they counted 500 of 10,000 output tokens" in reason


def test_failures_need_not_have_arrived() -> None:
    """Of what was not answered nobody knows where it ended."""
    assert told(counted(50, 5_000), PODS, run([{"output_tokens": 100}] * 50 + [failed("timeout")] * 50)) == Reached()


def test_page_of_a_url_that_counts_less_proves_nothing() -> None:
    """Behind it may be a balancer: the page is one replica's, and the load went to all."""
    assert told(counted(12, 1_200), URL) == Reached()


@pytest.mark.parametrize(("place", "said"), [(PODS, "whether the load reached the pods of the workload is not known: "),
                                            (URL, "whether others were served beside the load is not known: ")])  # fmt: skip
def test_counters_that_fell_tell_nothing(place: Place, said: str) -> None:
    """The engine restarted; that is said, and no number is made of it."""
    pages = [Scrape("chat-0", at, HERE, {}, {"requests": value}) for at, value in ((0.0, 90.0), (10.0, 4.0))]
    found = told(Watched(tuple(pages), beat=1.0), place)
    assert found.invalid_because == ()
    assert [note.startswith(said) for note in found.notes] == [True]
    assert "restarted" in found.notes[0]


def test_url_without_a_page_is_not_spoken_of() -> None:
    """That nothing is known of its users is said already, since nothing was known before."""
    assert told(Watched(expected=("u",)), URL) == Reached()
    assert told(Watched(expected=("chat-0",)), PODS).notes != ()


# ---- whether it was alone --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", [PODS, URL])
def test_users_who_came_after_the_look_make_it_a_mix(place: Place) -> None:
    """With both numbers, and the ways on."""
    (reason,) = told(counted(160, 16_000), place).invalid_because
    assert reason.startswith(
        "somebody else was served beside the load: the engine counted 160 requests meanwhile, and at most 100 were"
    )
    assert "--from traffic" in reason
    assert "--on-live" in reason


def test_users_who_were_expected_are_a_note() -> None:
    """What was measured is then the engine beside their traffic."""
    found = told(counted(160, 16_000), structs.replace(URL, on_live=True))
    assert found.invalid_because == ()
    assert found.notes[0].startswith("somebody else was served beside the load: the engine counted 160 requests")


def test_long_answers_that_did_not_end_are_seen_by_their_tokens() -> None:
    """No request more ended than was sent; half as many tokens again were computed."""
    (reason,) = told(counted(100, 15_000), URL).invalid_because
    assert "the engine counted 15,000 output tokens meanwhile, and at most 10,100 were this load's" in reason


def test_a_few_more_are_none() -> None:
    """A tenth may be anything: a request that was sent again, a count that is late from before."""
    assert told(counted(109, 11_000), URL) == Reached()


def test_health_checks_are_no_users() -> None:
    """A probe every five seconds on each of four replicas, each of a token, beside a load that is as slow."""
    slow = run([{"output_tokens": 100}] * 20)
    assert told(counted(20 + 96, 2_000 + 96, seconds=120.0, replicas=4), PODS, slow) == Reached()


def test_failed_requests_may_have_been_computed_and_sent_again() -> None:
    """The client gave up on them; the engine went on, each to the longest answer."""
    sent = run([{"output_tokens": 100}] * 50 + [failed("timeout")] * 50)
    assert told(counted(150, 15_000), URL, sent).invalid_because == ()


def test_answers_whose_tokens_nobody_told_are_taken_for_the_longest() -> None:
    """And where nobody knows how long that is, tokens decide nothing."""
    prompts = structs.replace(LOAD.prompts, output_tokens=structs.replace(LOAD.prompts.output_tokens, maximum=200))
    sent = run([{"output_tokens": -1}] * 100, load=structs.replace(LOAD, prompts=prompts))
    assert told(counted(100, 20_000), URL, sent) == Reached()
    assert told(counted(100, 90_000), URL, sent).invalid_because != ()
    assert told(counted(100, 90_000), URL, structs.replace(sent, load=LOAD)) == Reached()


def test_short_answers_may_have_a_token_that_no_client_is_told_of() -> None:
    """The end of the text, of answers of one token, is as much again."""
    assert told(counted(100, 200), URL, run([{"output_tokens": 1}] * 100)) == Reached()


def test_prefill_and_decode_count_one_answer_each() -> None:
    """Two engines share in it."""
    both = structs.replace(PODS, engines=2)
    assert told(counted(200, 10_100, replicas=2), both) == Reached()
    assert told(counted(300, 30_300, replicas=2), both).invalid_because != ()


def test_run_that_was_ended_is_not_held_to_it() -> None:
    """It is no baseline anyway."""
    assert told(counted(160, 16_000), URL, structs.replace(SENT, partial=True)) == Reached()


def test_share_is_held_to_the_whole_load() -> None:
    """The others' requests are no users', as long as there are not more than they send."""
    assert told(counted(400, 40_000), URL, part=(0, 4)) == Reached()
    (reason,) = told(counted(600, 60_000), URL, part=(0, 4)).invalid_because
    assert "at most 400 were those of all 4 shares of this load" in reason


@pytest.mark.parametrize("load", [Load("concurrency", LOAD.prompts, concurrency=4),
                                  Load("stages", LOAD.prompts, stages=(Stage(10, concurrency=4),))])  # fmt: skip
def test_share_of_a_closed_loop_says_nothing_of_the_others(load: Load) -> None:
    """A machine that is nearer sends more."""
    assert told(counted(600, 60_000), URL, structs.replace(SENT, load=load), part=(0, 4)) == Reached()
