"""A finding is recognised again by its id, whatever else changes, and no two findings share one."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skewguard import api
from skewguard.language.findings import Finding
from tests.properties.running import examples, save
from tests.properties.shapes import ARGUMENTS, INPUTS, as_list, deployment
from tests.properties.test_secrets import NAMES, PLACES, SECRETS, planted


def found(content: Any) -> tuple[Finding, ...]:
    """What `check` finds in one manifest, which always has the same name."""
    return api.check([save("x.yaml", content)], environ={}).findings


def ids(findings: Sequence[Finding]) -> list[str]:
    """Their identities, in no order that matters."""
    return sorted(item.id for item in findings)


@examples(60)
@given(INPUTS)
def test_no_two_findings_share_an_id(objects: list[Any]) -> None:
    """Of any objects, also of some that nobody named."""
    told = ids(found(as_list(objects)))
    assert len(told) == len(set(told))


@examples(60)
@given(ARGUMENTS, st.integers(1, 9))
def test_ids_outlive_moved_lines(words: list[str], lines: int) -> None:
    """Comments above and another layout move every place and change no id."""
    whole = deployment(args=words)
    moved = "\n" * lines + "# a comment\n" + json.dumps(whole, indent=lines)
    assert ids(found(whole)) == ids(found(moved))


@pytest.mark.parametrize("place", PLACES)
@examples(8)
@given(SECRETS, SECRETS, NAMES)
def test_ids_do_not_tell_a_secret(place: str, secret: str, other: str, name: str) -> None:
    """Another secret at the same place gives the same ids."""
    one, two = (found(as_list(planted(text, name)[place])) for text in (secret, other))
    assert ids(one) == ids(two)
    assert not any(secret in (item.anchor or "") for item in one)


STRAY = st.text("abcxyz", min_size=2, max_size=8)


@examples(30)
@given(st.lists(st.tuples(STRAY, STRAY), min_size=1, max_size=4))
def test_ids_do_not_depend_on_stray_words(pairs: list[tuple[str, str]]) -> None:
    """A word that belongs to no flag is a fault at its position, whatever it says."""
    one, other = (found(deployment(args=["--model=m", *words])) for words in zip(*pairs, strict=True))
    assert len(pairs) == sum(item.anchor == "positional" for item in one)
    assert ids(one) == ids(other)
