"""Measured numbers in words: the right unit, three digits, and never a number that is none."""

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skewguard.language.baselines import Between
from skewguard.language.measures import MEASURES
from skewguard.report import quantities

UNITS = st.sampled_from(sorted({measure.unit for measure in MEASURES.values()}))
ANY = st.floats()


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (0.0683, "s", "68.3 ms"),
        (0.00031, "s", "310 µs"),
        (1.693, "s", "1.69 s"),
        (0.9999, "s", "1 s"),
        (0.0, "s", "0 s"),
        (0.0154, "ratio", "1.54 %"),
        (0.0, "ratio", "0 %"),
        (77309411328.0, "bytes", "72 GiB"),
        (503.2, "tokens/s", "503 tokens/s"),
        (41234.4, "tokens/s", "41,234 tokens/s"),
        (1.0, "requests", "1 request"),
        (7.0, "requests", "7 requests"),
        (0.25, "1/s", "0.25 per s"),
        (math.nan, "s", "unknown"),
        (math.inf, "s", "unknown"),
    ],
)
def test_number_is_said_with_its_unit(value: float, unit: str, said: str) -> None:
    """What a person would write."""
    assert quantities.said(value, unit) == said


@given(st.floats(1e-9, 1e12), UNITS)
def test_number_keeps_three_digits(value: float, unit: str) -> None:
    """What is read back lies within half of the third digit of what was measured."""
    text = quantities.said(value, unit)
    number = float(text.split(" ")[0].replace(",", ""))
    factor = {"µs": 1e-6, "ms": 1e-3, "%": 0.01, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}
    read = number * factor.get(text.rpartition(" ")[2], 1.0)
    assert math.isclose(read, value, rel_tol=0.0051)


@given(ANY, UNITS)
def test_any_number_can_be_said(value: float, unit: str) -> None:
    """Huge, tiny, negative and none: always words, and never `nan`."""
    assert not re.search("nan|inf", quantities.said(value, unit))


@given(st.none() | ANY, st.none() | ANY, UNITS)
def test_any_interval_can_be_said(low: float | None, high: float | None, unit: str) -> None:
    """Open on either side, or on both."""
    assert not re.search(r"nan|inf\b|None", quantities.number(Between(low, high), unit))


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (0.1, 0.25, "100-250 ms"),
        (0.5, 1.0, "500 ms-1 s"),
        (0.25, None, "at least 250 ms"),
        (None, 0.25, "up to 250 ms"),
        (0.0, 0.25, "0-250 ms"),
        (None, None, "unknown"),
    ],
)
def test_interval_is_said_with_its_ends(low: float | None, high: float | None, said: str) -> None:
    """A quantile of buckets is never told as a point."""
    assert quantities.number(Between(low, high), "s") == said


@pytest.mark.parametrize(
    ("seconds", "said"), [(31.2, "31.2 s"), (60, "60 s"), (150, "2 min 30 s"), (900, "15 min"), (7500, "2 h 5 min")]
)
def test_duration_is_said_in_the_unit_of_people(seconds: float, said: str) -> None:
    """Nobody counts 7,500 seconds."""
    assert quantities.duration(seconds) == said


@given(st.floats(0, 1e7))
def test_duration_has_no_sixtieth_second_or_minute(seconds: float) -> None:
    """Rounding never gives `1 min 60 s` or `1 h 60 min`."""
    assert not re.search(r"\b60 (s|min)\b", quantities.duration(seconds)) or 59 < seconds < 61


@pytest.mark.parametrize(
    ("ratio", "said"),
    [(1.23, "+23 %"), (0.959, "−4.1 %"), (1.0, "±0 %"), (1.00001, "±0 %"), (12.0, "×12"), (0.0, "−100 %")],
)
def test_ratio_is_said_as_a_change(ratio: float, said: str) -> None:
    """How much more or less b is than a."""
    assert quantities.change(ratio) == said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("at most 1.1x", "up to +10 %"),
        ("at least 0.95x", "down to −5 %"),
        ("between 0.95x and 1.05x", "between −5 % and +5 %"),
        ("within ±10 points", "within ±10 points"),
    ],
)
def test_tolerance_is_said_as_the_change_it_allows(words: str, said: str) -> None:
    """The limit stands in the words of the effect beside it."""
    assert quantities.tolerance(words) == said
