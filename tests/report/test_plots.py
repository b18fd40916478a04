"""Plots do not lie, and hold whatever data there is: finite places for empty, equal, huge and missing numbers."""

import math
import re
from xml.etree.ElementTree import Element, tostring

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skewguard.language.baselines import Between
from skewguard.report import sparklines
from skewguard.report.html import plots
from skewguard.report.html.scales import Scale, linear_ticks, of_amount

VALUES = st.lists(st.floats(), max_size=30)
ENDS = st.none() | st.floats()
NUMBERS = st.floats() | st.builds(Between, ENDS, ENDS)
QUANTILES = st.lists(st.tuples(st.sampled_from(["p50", "p95", "p99"]), NUMBERS), max_size=3)


def places(drawing: Element) -> list[float]:
    """Every coordinate of a drawing."""
    found: list[float] = []
    for part in drawing.iter():
        found += [
            float(part.attrib[key]) for key in ("x", "y", "x1", "x2", "y1", "y2", "cx", "cy") if key in part.attrib
        ]
        found += [float(number) for number in re.findall(r"-?[\d.]+|nan|inf", part.attrib.get("d", ""))]
    return found


def is_on_paper(drawing: Element | None) -> bool:
    """Whether nothing lies outside the drawing."""
    return drawing is None or all(math.isfinite(place) and -1 <= place <= plots.WIDTH + 1 for place in places(drawing))


@given(VALUES, VALUES, st.none() | st.floats())
def test_any_distribution_can_be_drawn(a: list[float], b: list[float], limit: float | None) -> None:
    """Whatever was observed, the curves stay on the paper."""
    curves = [plots.Curve("a", "before", a), plots.Curve("b", "after", b)]
    assert is_on_paper(plots.distribution("TTFT", curves, limit))


@given(VALUES, st.floats())
def test_any_throughput_can_be_drawn(values: list[float], length: float) -> None:
    """A run of no length, of no tokens, of one stretch."""
    assert is_on_paper(plots.throughput("tokens", [plots.Course("b", "measured", length, values)], "tokens/s"))


@given(QUANTILES, QUANTILES)
def test_any_intervals_can_be_drawn(a: list[tuple[str, float]], b: list[tuple[str, float]]) -> None:
    """Open ends, ends in the wrong order, points."""
    assert is_on_paper(
        plots.intervals("E2E", [plots.Intervals("a", "before", a), plots.Intervals("b", "after", b)], "s")
    )


@pytest.mark.parametrize("values", [[], [math.nan], [math.inf, -1.0]])
def test_nothing_is_drawn_of_nothing(values: list[float]) -> None:
    """An empty plot would look like a measurement of 0."""
    assert plots.distribution("TTFT", [plots.Curve("b", "measured", values)]) is None


def test_axis_begins_at_zero() -> None:
    """A difference of two percent does not look like a factor of two."""
    assert of_amount([98.0, 100.0], 0, 1).low == 0.0


def test_far_outlier_makes_the_scale_logarithmic_and_names_it() -> None:
    """One request of a minute among many of 50 ms: the axis says how it is scaled."""
    drawing = plots.distribution("TTFT", [plots.Curve("b", "measured", [*[0.05 + n / 1e4 for n in range(99)], 60.0])])
    assert drawing is not None
    assert "s (logarithmic scale)" in tostring(drawing, encoding="unicode")


def test_invalid_baseline_is_stamped_across() -> None:
    """A plot that is passed on by itself still says that it must not be believed."""
    drawing = plots.distribution("TTFT", [plots.Curve("b", "measured", [0.1, 0.2], stamp="INVALID")])
    assert drawing is not None
    text = tostring(drawing, encoding="unicode")
    assert 'class="stamp"' in text
    assert "INVALID: TTFT" in text


def test_number_of_observations_stands_beside_the_curve() -> None:
    """A curve of three requests looks like one of three thousand."""
    drawing = plots.distribution("TTFT", [plots.Curve("b", "measured", [0.1, 0.2, 0.3])])
    assert drawing is not None
    assert "p50 200 ms, p95 290 ms, n 3" in tostring(drawing, encoding="unicode")


def test_drawing_tells_itself_to_who_sees_nothing() -> None:
    """Title and description hold what the curves show."""
    drawing = plots.distribution("TTFT", [plots.Curve("b", "measured", [0.1, 0.2, 0.3])])
    assert drawing is not None
    (picture,) = drawing.iter("svg")
    assert [child.tag for child in picture][:2] == ["title", "desc"]
    assert "p95 290 ms" in (picture[1].text or "")


def test_many_observations_make_a_short_curve() -> None:
    """A page of 60,000 requests stays one that can be sent."""
    drawing = plots.distribution("E2E", [plots.Curve("b", "measured", [number / 6e4 for number in range(60_000)])])
    assert drawing is not None
    assert len(tostring(drawing)) < 20_000


@given(st.floats(), st.floats(), st.integers(1, 12))
def test_ticks_lie_between_the_ends(one: float, other: float, most: int) -> None:
    """Whatever the ends, there are a few ticks, and none lies outside."""
    low, high = (one, other) if one <= other else (other, one)
    ticks = linear_ticks(low, high, most)
    slack = 1e-6 * (high - low) if math.isfinite(high - low) else math.inf
    assert len(ticks) <= 2 * most + 1
    assert all(low - slack <= tick <= high + slack for tick in ticks)


@given(VALUES, st.floats())
def test_every_number_has_a_place(values: list[float], value: float) -> None:
    """Beyond the ends it stands at the edge."""
    assert 10 <= of_amount(values, 10, 400).at(value) <= 400


def test_ticks_are_numbers_that_people_count_by() -> None:
    """Multiples of one, two, two and a half or five."""
    assert Scale(0, 137, 0, 1).ticks() == [0, 50, 100]


# ---- in one line of text ---------------------------------------------------------------------------------------------


@given(VALUES, st.integers(1, 60))
def test_any_histogram_can_be_made(values: list[float], parts: int) -> None:
    """Every observation that is a number is counted once."""
    made = sparklines.histogram(values, parts)
    known = [value for value in values if math.isfinite(value) and value >= 0]
    assert (made is None) == (not known)
    assert made is None or (sum(made.counts), len(made.counts)) == (len(known), parts)


@given(VALUES, st.booleans())
def test_bar_is_empty_only_where_nothing_is(heights: list[float], blocks: bool) -> None:
    """A lonely outlier is seen, and nothing is not."""
    drawn = sparklines.bars(heights, blocks=blocks)
    assert [mark == " " for mark in drawn] == [not (math.isfinite(each) and each > 0) for each in heights]


def test_half_is_half_as_high() -> None:
    """Heights begin at 0."""
    assert sparklines.bars([1, 2, 4, 8]) == "▁▂▄█"


def test_letters_stand_for_blocks() -> None:
    """An encoding without blocks gets letters of rising weight."""
    assert sparklines.bars([1, 2, 4, 8, 0], blocks=False).isascii()
