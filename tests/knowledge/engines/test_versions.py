"""Versions: their order is PEP 440's, and a version outside the table names what can speak for it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import InvalidVersion, Version

from skewguard.knowledge.engines import versions

TABLE = ("0.9.0", "0.9.1", "0.9.2", "0.10.0", "0.10.1", "0.10.1.1", "0.10.2", "0.11.0", "0.12.0")

_parts = st.integers(0, 30)
_texts = st.builds(
    lambda release, pre, post, dev: ".".join(map(str, release)) + pre + post + dev,
    st.lists(_parts, min_size=1, max_size=4),
    st.sampled_from(["", "a1", "b2", "rc1", "rc12", "-rc3", ".rc4"]),
    st.sampled_from(["", ".post1", "post2", "-3"]),
    st.sampled_from(["", ".dev1", ".dev20", "dev3"]),
)


@given(_texts, _texts)
def test_key_orders_as_packages_are_ordered(one: str, other: str) -> None:
    """Two versions compare as PEP 440 compares them."""
    first, second = versions.key(one), versions.key(other)
    assert first is not None
    assert second is not None
    assert (first < second, first == second) == (Version(one) < Version(other), Version(one) == Version(other))


def test_builds_are_ordered_by_their_number() -> None:
    """`b` and a number is one build of llama.cpp, whatever else its number of digits would make of it."""
    table = ("b999", "b4719", "b10573")

    assert versions.fitting("b4719", table) == versions.Fitting("exact", ("b4719",))
    assert versions.fitting("b5000", table) == versions.Fitting("between", ("b4719", "b10573"))
    assert versions.since("b10573", "b4719")
    assert versions.key("b1-2") is None


@given(st.text(max_size=30))
def test_key_of_any_text_never_fails(text: str) -> None:
    """Whatever is no version for packages has no key, apart from epochs and builds."""
    try:
        Version(text)
    except InvalidVersion:
        assert versions.key(text) is None or text.strip()[0] == "b"
    else:
        assert versions.key(text) is not None or "!" in text or not text.isascii()


@pytest.mark.parametrize(
    ("text", "fit", "candidates"),
    [
        ("0.11.0", "exact", ("0.11.0",)),
        ("v0.10.1.1", "exact", ("0.10.1.1",)),
        ("0.13.0", "newer", ("0.12.0",)),
        ("0.12.1.dev5+g123abc", "newer", ("0.12.0",)),
        ("0.8.5.post1", "older", ("0.9.0",)),
        ("0.11.0rc2", "between", ("0.10.2", "0.11.0")),
        ("0.11.1", "between", ("0.11.0", "0.12.0")),
        ("0.11.0.post1", "between", ("0.11.0", "0.12.0")),
        ("0.10.2.dev1", "between", ("0.10.1.1", "0.10.2")),
        ("0.11.0+faa43dbf.nv26.01", "exact", ("0.11.0",)),
        ("0.10", "unknown", ("0.10.0", "0.10.1", "0.10.1.1", "0.10.2")),
        ("0.9.*", "unknown", ("0.9.0", "0.9.1", "0.9.2")),
        ("0.30", "newer", ("0.12.0",)),
        ("nonsense", "unknown", TABLE),
        (None, "unknown", TABLE),
    ],
)
def test_fitting_names_the_versions_that_can_speak(text: str | None, fit: str, candidates: tuple[str, ...]) -> None:
    """Exact, between two neighbours, beyond an end, one series, or everything."""
    assert versions.fitting(text, TABLE) == versions.Fitting(fit, candidates)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0.9.1", versions.Fitting("between", ("0.9.1", "0.9.2"))),
        ("0.9.0.1", versions.Fitting("between", ("0.9.0", "0.9.1"))),
        ("0.12.0", versions.Fitting("newer", ("0.12.0",))),
        ("0.1", versions.Fitting("older", ("0.9.0",))),
    ],
)
def test_after_takes_the_release_and_the_next(text: str, expected: versions.Fitting) -> None:
    """A build made after a release lies between it and the one that followed."""
    assert versions.after(text, TABLE) == expected


def test_fitting_of_an_empty_table_is_unknown() -> None:
    """An engine without a table has no candidates."""
    assert versions.fitting("1.0.0", ()) == versions.Fitting("unknown", ())


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("0.99", ("0.9.2", "0.10.0", "0.11.0")),
        ("0.9.3", ("0.9.1", "0.9.2", "0.10.0")),
        ("0.1", ("0.9.1", "0.9.2", "0.10.0")),
        ("latest", ()),
    ],
)
def test_neighbours_are_near_as_versions_are_not_as_texts(text: str, near: tuple[str, ...]) -> None:
    """Between two of the table, or at its ends."""
    assert versions.neighbours(text, ("0.9.1", "0.9.2", "0.10.0", "0.11.0")[1 if text == "0.99" else 0 :]) == near
    assert versions.neighbours("b5000", ("b3716", "b4719", "b5217", "b6000")) == ("b3716", "b4719", "b5217")
    assert versions.neighbours("1.10.1", ("1.10.0", "1.11.0")) == ("1.10.0", "1.11.0")
