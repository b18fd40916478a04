"""The load of a recording, from what was asked for, promised, and left out."""

from typing import Any

import pytest

from skewguard.api import loads
from skewguard.api.loads import Wish
from skewguard.language.errors import UsageError
from skewguard.language.loads import Spread, Stage

PROMISED = {"profile": "constant", "rate": 4, "duration": 30.0, "warmup": 5.0, "prompt_tokens": 100, "seed": 7}


def test_nothing_said_is_a_small_load() -> None:
    """Four requests under way for a minute, after ten seconds that do not count."""
    load = loads.described(Wish(), {})
    assert (load.profile, load.concurrency, load.rate) == ("concurrency", 4, None)
    assert (load.duration, load.warmup, load.seed) == (60.0, 10.0, 1)
    assert (str(load.prompts.prompt_tokens), str(load.prompts.output_tokens)) == ("512", "128")


@pytest.mark.parametrize(
    ("rate", "longest", "duration"), [(4.0, 180.0, 60.0), (2.0, 180.0, 110.0), (0.5, 180.0, 180.0), (2.0, 60.0, 60.0)]
)
def test_rate_of_which_nobody_said_how_long_gives_answers_enough(rate: float, longest: float, duration: float) -> None:
    """As many as a comparison of a p95 needs, within limits."""
    assert loads.described(Wish(rate=rate), {}, longest).duration == duration
    assert loads.described(Wish(rate=rate, duration=9.0), {}).duration == 9.0


def test_load_may_go_on_where_nobody_said_when_it_is_over() -> None:
    """Neither on the command line nor in the contract."""
    assert loads.is_unbounded(Wish(concurrency=8), {"concurrency": 4})
    assert not loads.is_unbounded(Wish(duration=9.0), {})
    assert not loads.is_unbounded(Wish(requests=9), {})
    assert not loads.is_unbounded(Wish(), PROMISED)


def test_contract_says_what_nobody_asked_for() -> None:
    """And its silence leaves the defaults."""
    load = loads.described(Wish(), PROMISED)
    assert (load.profile, load.rate, load.concurrency) == ("constant", 4, None)
    assert (load.duration, load.warmup, load.seed) == (30.0, 5.0, 7)
    assert (str(load.prompts.prompt_tokens), str(load.prompts.output_tokens)) == ("100", "128")


def test_words_go_before_the_contract() -> None:
    """One of them changes nothing else."""
    load = loads.described(Wish(rate=9, prompt_tokens="10-30"), PROMISED)
    assert (load.profile, load.rate, load.duration) == ("constant", 9, 30.0)
    assert load.prompts.prompt_tokens == Spread(20.0, 10, 30)


@pytest.mark.parametrize(
    ("wish", "profile"),
    [
        ({"rate": 2.0}, "poisson"),
        ({"concurrency": 2}, "concurrency"),
        ({"stages": "2:10s"}, "stages"),
        ({"trace": "t.jsonl"}, "trace"),
        ({"profile": "burst"}, "burst"),
    ],
)
def test_profile_follows_from_what_is_said(wish: dict[str, Any], profile: str) -> None:
    """Nobody has to name it."""
    assert loads.described(Wish(**wish), {}).profile == profile


def test_concurrency_asked_for_closes_a_promised_loop() -> None:
    """The rate of the contract belongs to another load."""
    load = loads.described(Wish(concurrency=8), PROMISED)
    assert (load.profile, load.concurrency, load.rate) == ("concurrency", 8, None)


def test_count_of_requests_ends_a_load() -> None:
    """No time does then, unless one was said as well."""
    assert loads.described(Wish(requests=50), {}).duration is None
    both = loads.described(Wish(requests=50, duration=9.0), {})
    assert (both.requests, both.duration) == (50, 9.0)


def test_burst_is_as_large_as_it_is_said() -> None:
    """All requests at once, without a warm-up."""
    load = loads.described(Wish(profile="burst", requests=20), {})
    assert (load.requests, load.concurrency, load.warmup, load.duration) == (20, None, 0.0, None)


def test_short_run_has_a_short_warmup() -> None:
    """A sixth of it, so that most of it counts."""
    assert loads.described(Wish(duration=6.0), {}).warmup == 1.0
    assert loads.described(Wish(duration=6.0, warmup=0.0), {}).warmup == 0.0


def test_stages_are_rates_or_numbers_under_way() -> None:
    """One after another."""
    assert loads.stages("10:30s, c8:1m") == (Stage(30.0, rate=10.0), Stage(60.0, concurrency=8))


@pytest.mark.parametrize("text", ["10", "10:0s", "fast:30s", "0:30s", "c0:30s", "10:30s,", "inf:30s", "c1.5:3s"])
def test_what_is_no_stage_is_refused(text: str) -> None:
    """With the way to write one."""
    with pytest.raises(UsageError, match="no stage of a load") as refused:
        loads.stages(text)
    assert "10:30s,20:30s" in str(refused.value.hint)


@pytest.mark.parametrize("text", ["0", "-4", "30-10", "many", "1.5", "10-"])
def test_what_is_no_length_is_refused(text: str) -> None:
    """By the name of the option."""
    with pytest.raises(UsageError, match=r"--prompt-tokens .* is no number of tokens"):
        loads.described(Wish(prompt_tokens=text), {})


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        ({"rate": 2.0, "concurrency": 2}, "--rate and --concurrency"),
        ({"stages": "2:9s", "rate": 2.0}, "--stages and --rate"),
        ({"stages": "2:9s", "trace": "t"}, "--stages and --trace"),
        ({"trace": "t", "requests": 3}, "--trace and --requests"),
        ({"trace": "t", "prompts": "p"}, "--trace and --prompts"),
        ({"prompts": "p", "prompt_tokens": "9"}, "--prompts and --prompt-tokens"),
        ({"profile": "stages"}, "--profile stages needs --stages"),
        ({"profile": "poisson", "stages": "2:9s"}, "--stages and --profile poisson"),
        ({"profile": "burst", "rate": 2.0}, "has no rate"),
        ({"profile": "poisson", "rate": 2.0, "concurrency": None} | {"rate": None}, "a poisson load has a rate"),
        ({"profile": "constant", "concurrency": 4}, "sends at its rate"),
        ({"rate": 0.0}, "--rate 0.0 is not greater than 0"),
        ({"shared_prefix": 600}, "longer than the shortest of them"),
    ],
)
def test_contradictions_are_refused(wish: dict[str, Any], said: str) -> None:
    """Before anything is sent."""
    with pytest.raises(UsageError, match=said):
        loads.described(Wish(**wish), {})


def test_objectives_lie_over_those_of_the_contract() -> None:
    """Each by itself; times as people write them."""
    promised = {"ttft": {"p95": 2.0, "p50": 1.0}, "error_rate": {"max": 0.01}}
    found = loads.objectives(["ttft.p95=250ms", "output_tokens_per_second.min=1000"], promised)
    assert found == {
        "ttft": {"p95": 0.25, "p50": 1.0},
        "error_rate": {"max": 0.01},
        "output_tokens_per_second": {"min": 1000.0},
    }
    assert promised["ttft"]["p95"] == 2.0


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("latency.p95=1s", "'latency' is no metric"),
        ("ttft=1s", "ttft has p50"),
        ("ttft.p80=1s", "ttft has p50"),
        ("goodput.p50=3", "goodput has min, max"),
        ("ttft.p95=soon", "is not a time"),
        ("goodput.min=nan", "is not a number"),
        ("goodput.min=many", "is not a number"),
    ],
)
def test_what_is_no_objective_is_refused(word: str, said: str) -> None:
    """As it was typed, with what would be one."""
    with pytest.raises(UsageError, match=said):
        loads.objectives([word], {})


def test_part_is_counted_from_one_by_people_and_from_zero_by_jobs() -> None:
    """Both mean the second of four machines."""
    assert loads.part("2/4", {}) == loads.part("/4", {"JOB_COMPLETION_INDEX": "1"}) == (1, 4)
    assert loads.part(None, {"JOB_COMPLETION_INDEX": "1"}) is None


@pytest.mark.parametrize("text", ["5/4", "0/4", "2", "/4", "a/b", "2/"])
def test_what_is_no_part_is_refused(text: str) -> None:
    """Also the number of a Job that there is none of."""
    with pytest.raises(UsageError, match="no part of a load"):
        loads.part(text, {})


@pytest.mark.parametrize(("environ", "said"), [({}, "is not set"), ({"JOB_COMPLETION_INDEX": "x"}, "is no number")])
def test_share_outside_a_job_says_what_is_missing(environ: dict[str, str], said: str) -> None:
    """The variable is named, and how the same is written elsewhere."""
    with pytest.raises(UsageError, match=f"JOB_COMPLETION_INDEX, which tells the number, {said}") as refused:
        loads.part("/2", environ)
    assert "--part 1/2" in str(refused.value.hint)
