"""Prompts: a function of set, seed and number; what differs stands in front of what is alike."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skewguard.language.baselines import Buckets
from skewguard.language.errors import InputError, UsageError
from skewguard.language.loads import Load, Spread
from skewguard.observe.loadgen import prompting
from skewguard.observe.loadgen.wording import Wording


def words(prompts: prompting.PromptSet, number: int) -> list[str]:
    return str(json.loads(Wording(prompts).content(number))).split(" ")


@given(st.integers(1, 600), st.integers(0, 600), st.integers(0, 2**40), st.integers(0, 2**31))
def test_prompt_has_the_length_that_was_asked_for(length: int, shared: int, number: int, seed: int) -> None:
    """So many words as tokens are wanted, the shared prefix among them."""
    prompts = prompting.synthetic(Spread(length), Spread(4), shared_prefix=min(shared, length - 1), seed=seed)
    assert len(words(prompts, number)) == length
    assert words(prompts, number) == words(prompts, number)


def test_prompts_share_their_prefix_and_nothing_behind_it() -> None:
    """All begin with the shared words, and no two go on alike: a prefix cache finds exactly the stated part."""
    prompts = prompting.synthetic(Spread(40), Spread(4), shared_prefix=16)
    made = [words(prompts, number) for number in range(500)]
    assert len({tuple(one[:16]) for one in made}) == 1
    assert len({tuple(one[16:20]) for one in made}) == 500


def test_lengths_are_spread_evenly() -> None:
    """A range of lengths is used up to both its ends."""
    prompts = prompting.synthetic(Spread(15, 10, 20), Spread(6, 2, 10))
    lengths = {len(words(prompts, number)) for number in range(300)}
    assert lengths == set(range(10, 21))
    wording = Wording(prompts)
    assert {wording.output_tokens(number) for number in range(300)} == set(range(2, 11))


def test_digest_names_what_is_sent() -> None:
    """Equal sets have equal digests; another seed, length or prefix has another one."""
    one = prompting.synthetic(Spread(8), Spread(4), seed=1)
    assert one.described.digest == prompting.synthetic(Spread(8), Spread(4), seed=1).described.digest
    others = [
        prompting.synthetic(Spread(8), Spread(4), seed=2),
        prompting.synthetic(Spread(9), Spread(4), seed=1),
        prompting.synthetic(Spread(8), Spread(5), seed=1),
        prompting.synthetic(Spread(8), Spread(4), shared_prefix=2, seed=1),
    ]
    assert len({made.described.digest for made in (one, *others)}) == 5


def test_file_of_prompts_is_sent_in_its_order() -> None:
    """Texts and messages, again from the first after the last; a line's own bound goes before the load's."""
    text = '{"prompt": "one \\"q\\"", "output_tokens": 5}\n\n{"messages": [{"role": "user", "content": "two"}]}\n'
    prompts = prompting.of_file(text, output_tokens=Spread(9), name="p.jsonl")
    wording = Wording(prompts)
    assert [json.loads(wording.content(number)) for number in (0, 1, 2)] == [
        'one "q"',
        [{"role": "user", "content": "two"}],
        'one "q"',
    ]
    assert [wording.output_tokens(number) for number in (0, 1)] == [5, 9]
    assert prompts.described.prompt_tokens.mean is None


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"prompt": ""}', '{"prompt": 3}', '{"messages": []}'])
def test_file_that_holds_no_prompts_is_refused(text: str) -> None:
    """Lines that cannot be prompts are said, not left out."""
    with pytest.raises(InputError):
        prompting.of_file(text)


def test_trace_starts_with_its_first_request() -> None:
    """Moments count from the first one, lengths go with their moments, in whatever order the lines stand."""
    text = '{"at": 12.5, "prompt_tokens": 7, "output_tokens": 2}\n{"at": 12.0, "prompt_tokens": 5, "output_tokens": 3}'
    prompts = prompting.trace(text)
    assert prompts.times == (0.0, 0.5)
    assert [len(words(prompts, number)) for number in (0, 1)] == [5, 7]


@pytest.mark.parametrize(
    "line", ["", '{"at": -1}', '{"at": true}', '{"at": 0, "prompt_tokens": 0, "output_tokens": 1}', '{"at": NaN}']
)
def test_trace_that_makes_no_sense_is_refused(line: str) -> None:
    """A moment or a length that is none is said."""
    with pytest.raises(InputError):
        prompting.trace(line)


def test_recorded_mix_keeps_its_histogram() -> None:
    """Lengths drawn from an engine's histogram fall into its buckets as its requests did."""
    prompt = Buckets((10.0, 100.0, float("inf")), (30.0, 100.0, 100.0), 4000.0)
    pairs = prompting.mixed(prompt, Buckets((8.0, float("inf")), (50.0, 100.0), 900.0))
    assert sum(length <= 10 for length, _ in pairs) == pytest.approx(300, abs=30)
    assert sum(output <= 8 for _, output in pairs) == pytest.approx(1000, abs=1)
    assert prompting.recorded(pairs).described.prompt_tokens.mean == pytest.approx(45, abs=5)


def test_load_names_its_prompts() -> None:
    """The prompts of a load are made from its own description and seed; what production asked cannot be."""
    described = prompting.synthetic(Spread(8), Spread(4), seed=5)
    load = Load("concurrency", described.described, concurrency=1, requests=1, seed=5)
    assert prompting.from_load(load) == described
    with pytest.raises(UsageError):
        prompting.synthetic(Spread(None), Spread(4))
