"""Whether two baselines were loaded alike, and what else is different."""

from typing import Any

import pytest
from msgspec import structs

from skewguard.judge.baseline import matching
from skewguard.language.baselines import Difference
from skewguard.language.facts import Fact, Origin
from skewguard.language.loads import Spread
from tests.judge.baseline.building import LOAD, PROMPTS, bare, metric, samples


def blocking(*differences: Difference) -> list[str]:
    return [each.what for each in differences if each.blocks]


def fact(setting: str, value: object) -> Fact:
    return Fact(setting, value, "observed", Origin("endpoint", "GET /x"))


def test_the_same_thing_twice_differs_in_nothing() -> None:
    """Two baselines of one load and one server."""
    assert matching.differences(bare(), bare()) == ()


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"load": structs.replace(LOAD, rate=5.0)}, "rate"),
        ({"load": structs.replace(LOAD, profile="constant")}, "profile"),
        ({"load": structs.replace(LOAD, profile="concurrency", rate=None, concurrency=4)}, "concurrency"),
        ({"load": structs.replace(LOAD, api="completions")}, "api"),
        ({"load": structs.replace(LOAD, stream=False)}, "streaming"),
        ({"load": structs.replace(LOAD, prompts=structs.replace(PROMPTS, digest="sha256:2"))}, "prompt set"),
        ({"load": structs.replace(LOAD, prompts=structs.replace(PROMPTS, output_tokens=Spread(64)))}, "output tokens"),
        ({"load": structs.replace(LOAD, ignore_eos=True)}, "ignores the end of an answer"),
        ({"replicas": 2}, "replicas"),
        ({"gpus": 2}, "GPUs"),
        ({"kind": "traffic"}, "kind"),
        ({"made_by": "guidellm 0.8.1"}, "made by"),
        ({"valid": False, "invalid_because": ("slow client",)}, "validity"),
    ],
)
def test_another_load_blocks(changed: dict[str, Any], what: str) -> None:
    """What makes two numbers incomparable is named."""
    assert what in blocking(*matching.differences(bare(), bare(**changed)))


@pytest.mark.parametrize(
    "changed",
    [
        {"replicas": None},
        {"gpus": None},
        {"load": structs.replace(LOAD, seed=2)},
        {"load": structs.replace(LOAD, duration=120.0)},
        {"load": structs.replace(LOAD, prompts=structs.replace(PROMPTS, digest=None))},
        {"version": "0.12.0"},
        {"facts": (fact("hardware.gpu_class", "H100"),)},
    ],
)
def test_what_is_unknown_or_is_what_one_compares_is_told_and_does_not_block(changed: dict[str, Any]) -> None:
    """Another version, another seed, or a number that one side does not know."""
    found = matching.differences(bare(), bare(**changed))

    assert found
    assert not blocking(*found)


@pytest.mark.parametrize(("what", "option"), [("profile", "--profile"), ("api", "--api")])
def test_what_neither_side_tells_of_its_load_does_not_match(what: str, option: str) -> None:
    """Two reports that say nothing are not alike by that: it blocks, and says who can say it, and how."""
    load = structs.replace(LOAD, **{what: "untold"})
    (found,) = matching.differences(bare(load=load), bare(load=load))

    assert (found.what, found.a, found.b, found.blocks) == (what, "not told", "not told", True)
    assert found.reason.startswith("neither report tells it")
    assert f"skewguard baseline import {option}" in found.reason


def test_what_one_side_tells_of_its_load_does_not_match_what_the_other_does_not() -> None:
    """The side that does not tell is named."""
    (found,) = matching.differences(bare(), bare(load=structs.replace(LOAD, profile="untold")))

    assert (found.what, found.a, found.b, found.blocks) == ("profile", "poisson", "not told", True)
    assert found.reason.startswith("the report of b does not tell it")


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"profile": "poisson", "rate": None}, "rate"),
        ({"profile": "concurrency", "rate": None}, "concurrency"),
        ({"profile": "stages", "rate": None}, "stages"),
    ],
)
def test_what_a_profile_lives_by_has_to_be_known_to_match(changed: dict[str, Any], what: str) -> None:
    """Two loads of an unknown rate are not known to have the same one."""
    load = structs.replace(LOAD, **changed)

    assert blocking(*matching.differences(bare(load=load), bare(load=load))) == [what]


@pytest.mark.parametrize(("source", "blocks"), [("untold", False), ("synthetic", True)])
def test_prompts_that_a_report_does_not_tell_are_told_of(source: str, blocks: bool) -> None:
    """Few tools say what they sent: two that do not are compared, and that it is not known stands beside the verdict."""
    one, other = (
        bare(load=structs.replace(LOAD, prompts=structs.replace(PROMPTS, source=each))) for each in (source, "untold")
    )
    (found,) = matching.differences(one, other)

    assert (found.what, found.b, found.blocks) == ("prompt source", "not told", blocks)
    assert "does not tell it" in found.reason or "neither report tells it" in found.reason
    assert "baseline import" not in found.reason


def test_all_at_once_lives_by_nothing() -> None:
    """Neither by a rate nor by a number at once."""
    load = structs.replace(LOAD, profile="burst", rate=None)

    assert matching.differences(bare(load=load), bare(load=load)) == ()


def test_switch_that_one_side_does_not_tell_is_told_and_does_not_block() -> None:
    """Whether answers were streamed, or their end ignored, as with a length."""
    found = matching.differences(bare(), bare(load=structs.replace(LOAD, stream=None, ignore_eos=None)))

    assert [(each.what, each.a, each.b) for each in found] == [
        ("streaming", "on", "not known"),
        ("ignores the end of an answer", "no", "not known"),
    ]
    assert not blocking(*found)


def test_settings_that_differ_are_told_by_name() -> None:
    """Another dtype is what one wants to compare."""
    one, other = bare(facts=(fact("runtime.dtype", "bfloat16"),)), bare(facts=(fact("runtime.dtype", "float16"),))

    assert [(each.what, each.a, each.b, each.blocks) for each in matching.differences(one, other)] == [
        ("runtime.dtype", "bfloat16", "float16", False)
    ]


def test_another_address_is_told() -> None:
    """What lies on the way to an engine is in its times; the path that its API stands under is no other address."""
    one, same, other = (
        bare(endpoint=url) for url in ("http://chat:8000", "http://chat:8000/v1", "https://gateway.example.com")
    )
    assert matching.differences(one, same) == matching.differences(one, bare()) == ()
    (told,) = matching.differences(one, other)
    assert (told.what, told.a, told.b, told.blocks) == ("endpoint", "http://chat:8000", other.endpoint, False)


@pytest.mark.parametrize(("other", "blocks"), [("nvidia-h100-80gb-hbm3", False), ("NVIDIA-A100-SXM4-80GB", True)])
def test_gpu_classes_are_compared_whatever_spelt_them(other: str, blocks: bool) -> None:
    """A label and a driver name one class; another class is another machine."""
    one = bare(facts=(fact("hardware.gpu_class", "NVIDIA H100 80GB HBM3"),))

    assert bool(blocking(*matching.differences(one, bare(facts=(fact("hardware.gpu_class", other),))))) is blocks


@pytest.mark.parametrize(("hits", "blocks"), [(0.55, False), (0.7, True)])
def test_warm_cache_against_a_cold_one_blocks(hits: float, blocks: bool) -> None:
    """Hit rates may lie ten points apart."""
    one, other = bare(metric("prefix_cache_hit_rate", 0.5)), bare(metric("prefix_cache_hit_rate", hits))

    assert ("prefix-cache hit rate" in blocking(*matching.differences(one, other))) is blocks


def test_tokens_that_the_server_counted_otherwise_block() -> None:
    """The same words, 20 % more prompt tokens: another tokenizer or template."""
    one = bare(samples=samples([{"prompt_tokens": 100}] * 40))
    other = bare(samples=samples([{"prompt_tokens": 120}] * 40))

    assert blocking(*matching.differences(one, other)) == ["prompt tokens as the server counted them"]


@pytest.mark.parametrize(("rate", "blocks"), [(4.7, False), (5.0, True)])
def test_windows_of_traffic_match_within_a_fifth(rate: float, blocks: bool) -> None:
    """Production is never the same twice."""
    load = structs.replace(LOAD, profile="observed")
    one = bare(kind="traffic", load=load)
    other = bare(kind="traffic", load=structs.replace(load, rate=rate))

    assert bool(blocking(*matching.differences(one, other))) is blocks


def test_traffic_of_unknown_length_is_not_known_to_match() -> None:
    """Without a mean number of tokens nobody knows whether two windows are alike."""
    load = structs.replace(LOAD, profile="observed", prompts=structs.replace(PROMPTS, output_tokens=Spread(None)))

    assert blocking(*matching.differences(bare(kind="traffic", load=load), bare(kind="traffic", load=load))) == [
        "mean output tokens"
    ]
