"""Names of replicas in one line: short, and never the name of another."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skewguard.report import pods

HASH = st.text("bcdfghjklmnpqrstvwxz2456789", min_size=8, max_size=10)
TAIL = st.text("bcdfghjklmnpqrstvwxz2456789", min_size=5, max_size=5)
NAME = st.sampled_from(["chat", "qwen3-8b", "a"])
POD = st.builds("{}-{}-{}".format, NAME, HASH, TAIL) | st.builds("{}-{}".format, NAME, st.integers(0, 30))


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["chat-7d4f9c6b8d-x2k9p"], "chat-7d4f…-x2k9p"),
        (["chat-7d4f9c6b8d-x2k9p", "chat-7d4f9c6b8d-m4t8w"], "chat-7d4f…-{m4t8w,x2k9p}"),
        (["chat-7d4f9c6b8d-x2k9p", "chat-7d4f2x6b8d-m4t8w"], "chat-7d4f2x…-m4t8w, chat-7d4f9c…-x2k9p"),
        ([f"embed-{number}" for number in range(12)][:6], "embed-{0..5}"),
        (["embed-10", "embed-9"], "embed-{9,10}"),
        (["embed-0", "embed-2", "embed-3"], "embed-{0,2,3}"),
        (["lone"], "lone"),
        (["node", "other"], "node, other"),
        (["a-0", "b-0"], "a-0, b-0"),
        (["x-00", "x-01", "x-02"], "x-{00,01,02}"),
    ],
)
def test_names_are_folded_where_they_begin_alike(names: list[str], said: str) -> None:
    """Only the hash of a template is cut, and as many of its characters stay as tell the names apart."""
    assert pods.folded(names, pods.cut(names)) == said


def test_many_names_are_counted() -> None:
    """A line names a few and says how many more there are; all of them where that is asked for."""
    names = [f"chat-{number}" for number in range(40)]
    assert pods.folded(names) == "chat-{0..5} and 34 more"
    assert pods.folded(names, most=None) == "chat-{0..39}"


def unfolded(said: str) -> list[str]:
    """Every name that a shell would make of a folded line."""
    names: list[str] = []
    for part in re.findall(r"[^,{ ]+(?:\{[^}]*\})?", said):
        head, opened, inside = part.partition("{")
        body = inside.removesuffix("}")
        if ".." in body:
            first, last = body.split("..")
            names += [f"{head}{number}" for number in range(int(first), int(last) + 1)]
        else:
            names += [head + tail for tail in body.split(",")] if opened else [part]
    return names


@given(st.lists(POD, unique=True, min_size=1, max_size=12))
def test_whole_names_can_be_read_back(names: list[str]) -> None:
    """Uncut, a folded line stands for exactly the names it was made of."""
    assert sorted(unfolded(pods.folded(names, most=None))) == sorted(names)


@given(st.lists(POD, unique=True, min_size=1, max_size=12))
def test_cut_names_stay_apart(names: list[str]) -> None:
    """However alike two names are, what is shown of them differs."""
    shown = pods.cut(names)
    assert len({pods.folded([name], shown) for name in names}) == len(names)
