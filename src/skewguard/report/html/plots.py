"""Plots as SVG inside a page: how times are distributed, how throughput went, and between what a quantile lies.

Pure: numbers in, elements out. They do not lie: amounts begin at 0 or the axis names its logarithmic scale, how many
observations there are stands beside each curve, and what is no baseline is stamped so across. Curves differ in colour and in
dash, so that no eye and no printer loses one. A reader that sees nothing gets title and description.
"""

import math
from collections.abc import Iterable, Sequence
from xml.etree.ElementTree import Element

from msgspec import Struct

from skewguard.language.baselines import Between, Number
from skewguard.report import quantities
from skewguard.report.html.page import Part, el
from skewguard.report.html.scales import Scale, of_amount

WIDTH, HEIGHT = 420.0, 230.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 46.0, 404.0, 12.0, 188.0
_POINTS = 400
"""Points of one curve: more than there are pixels to tell them apart."""

STYLE = """
.wide { overflow-x: auto; overflow-wrap: normal; } .wide td { white-space: nowrap; }
@media (max-width: 40rem) { .wide { font-size: .85rem; } .wide td, .wide th { white-space: normal; padding: .25rem .35rem .25rem 0; } }
.plots { display: grid; gap: 1rem 1.5rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 27rem), 1fr)); }
figure { margin: 0; break-inside: avoid; max-width: 36rem; } figcaption { font-size: .9rem; }
svg { width: 100%; height: auto; display: block; --a: #59636e; --b: #0b57a4; --limit: #b3261e; }
svg text { font: 12px system-ui, sans-serif; fill: var(--faint); } svg .grid { stroke: var(--line); fill: none; }
svg .axis { stroke: var(--faint); fill: none; } svg .curve { fill: none; stroke-width: 2; stroke-linejoin: round; }
svg .limit { stroke: var(--limit); stroke-dasharray: 2 3; stroke-width: 1.5; fill: none; }
svg .a { stroke: var(--a); stroke-dasharray: 6 3; } svg .b { stroke: var(--b); }
svg .bar.a { fill: var(--a); fill-opacity: .25; stroke-dasharray: 4 2; } svg .bar.b { fill: var(--b); fill-opacity: .45; }
svg .dot.a { fill: var(--paper); stroke-dasharray: none; stroke-width: 2; } svg .dot.b { fill: var(--b); }
svg text.stamp { font: bold 58px system-ui, sans-serif; fill: var(--error); fill-opacity: .3; }
figure .key { display: inline-block; width: 1.8em; border-top: 2px solid #0b57a4; vertical-align: middle; margin-right: .4em; }
figure .key.a { border-top: 2px dashed #59636e; } figure .key.limit { border-top: 2px dotted var(--error); }
@media (prefers-color-scheme: dark) { svg { --a: #b6bdc6; --b: #79b8ff; --limit: #ff8a80; }
  figure .key { border-top-color: #79b8ff; } figure .key.a { border-top-color: #b6bdc6; } }
"""
"""What plots add to the style of the page: `a` is the one before, grey and dashed, `b` the one after, blue and whole."""


class Curve(Struct, frozen=True):
    """Observations (seconds, sorted) of one of the two sides: `a` or `b`; `stamp`: why they are no baseline."""

    side: str
    label: str
    values: Sequence[float]
    stamp: str = ""


class Course(Struct, frozen=True):
    """Something over time: equal stretches of `length` seconds in all, a number for each."""

    side: str
    label: str
    length: float
    values: Sequence[float]
    stamp: str = ""


class Intervals(Struct, frozen=True):
    """Quantiles by name, each a number or between what it lies."""

    side: str
    label: str
    quantiles: Sequence[tuple[str, Number]]
    stamp: str = ""


def distribution(title: str, curves: Sequence[Curve], limit: float | None = None) -> Element | None:
    """The share of requests that took at most so long; `limit`: up to what the p95 of `b` is tolerated. None without data."""
    known = [(each, told) for each in curves if (told := _finite(each.values))]
    if not known:
        return None
    every = [value for _, told in known for value in told]
    x = of_amount(sorted([*every, *([limit] if limit is not None and math.isfinite(limit) else [])]), _LEFT, _RIGHT)
    y = Scale(0.0, 1.0, _BOTTOM, _TOP)
    unit, name = quantities.scaled(x.high, "s")
    parts = [*_grid_y(y, [(0.0, "0 %"), (0.5, "50 %"), (1.0, "100 %")]), *_axis_x(x, unit, name)]
    parts.append(_line("grid", _LEFT, y.at(0.95), _RIGHT, y.at(0.95)))
    parts.append(_text("p95", _LEFT + 4, y.at(0.95) + 13))
    for each, told in reversed(known):  # `a` is dashed and lies over `b`, so that neither hides an equal one
        parts.append(el("path", d=_steps(told, x, y), of=f"curve {each.side}"))
        parts.append(_dot(each.side, x.at(quantile(told, 0.95)), y.at(0.95)))
    if limit is not None and math.isfinite(limit):
        parts.append(_line("limit", x.at(limit), _BOTTOM, x.at(limit), y.at(0.95)))
    says = ". ".join(_spread_words(each, told) for each, told in known)
    legend = [_legend(each.side, _spread_words(each, told)) for each, told in known]
    if limit is not None and math.isfinite(limit):
        legend.append(_legend("limit", f"tolerated p95: {quantities.said(limit, 's')}"))
    return _figure(
        title,
        f"Share of requests that took at most so long. {says}",
        parts,
        legend,
        stamped(each for each, _ in known),
    )


def throughput(title: str, courses: Sequence[Course], unit: str) -> Element | None:
    """An amount over time, from 0."""
    known = [
        (each, [value if math.isfinite(value) and value > 0 else 0.0 for value in each.values]) for each in courses
    ]
    known = [(each, told) for each, told in known if told and math.isfinite(each.length) and each.length > 0]
    if not known:
        return None
    x = Scale(0.0, max(each.length for each, _ in known), _LEFT, _RIGHT)
    top = of_amount([max(max(told) for _, told in known)], _BOTTOM, _TOP)
    parts = [*_grid_y(top, [(tick, quantities.digits(tick)) for tick in top.ticks(4)]), *_axis_x(x, 1.0, "s")]
    for each, told in reversed(known):
        parts.append(el("path", d=_stairs(told, each.length, x, top), of=f"curve {each.side}"))
    legend = [_legend(each.side, f"{each.label}: mean {quantities.said(_mean(told), unit)}") for each, told in known]
    says = ". ".join(
        f"{each.label}: mean {quantities.said(_mean(told), unit)}, at most {quantities.said(max(told), unit)}"
        for each, told in known
    )
    return _figure(title, f"{unit} over time, from 0. {says}", parts, legend, stamped(each for each, _ in known))


def intervals(title: str, sides: Sequence[Intervals], unit: str) -> Element | None:
    """Between what each quantile lies, as bars; a dot where it is known, an open end where it has none."""
    told = [(each, [(name, number) for name, number in each.quantiles if _ends(number)]) for each in sides]
    told = [(each, numbers) for each, numbers in told if numbers]
    ends = [end for _, numbers in told for _, number in numbers for end in _ends(number)]
    if not ends:
        return None
    names = list(dict.fromkeys(name for _, numbers in told for name, _ in numbers))
    x = of_amount(sorted([*ends, *(1.2 * end for end in _open_from(told))]), _LEFT, _RIGHT - 10)
    scale, shown = quantities.scaled(x.high, unit)
    parts = _axis_x(x, scale, shown)
    rows = {name: _TOP + (_BOTTOM - _TOP) * (number + 0.5) / len(names) for number, name in enumerate(names)}
    parts += [_text(name, _LEFT - 6, at + 4, anchor="end") for name, at in rows.items()]
    for number, (each, numbers) in enumerate(told):
        shift = (number - (len(told) - 1) / 2) * 14
        parts += [part for name, item in numbers for part in _interval(each.side, item, x, rows[name] + shift)]
    said = [
        f"{each.label}: " + ", ".join(f"{name} {quantities.number(item, unit)}" for name, item in numbers)
        for each, numbers in told
    ]
    legend = [_legend(each.side, words) for (each, _), words in zip(told, said, strict=True)]
    return _figure(
        title,
        "Between what each quantile lies. " + ". ".join(said),
        parts,
        legend,
        stamped(each for each, _ in told),
    )


def stamped(items: Iterable[Curve | Course | Intervals]) -> str:
    """What is stamped across what is drawn: the word of the first that is no baseline."""
    return next((each.stamp for each in items if each.stamp), "")


def quantile(ordered: Sequence[float], share: float) -> float:
    """Interpolated linearly between neighbours, as the metrics are."""
    place = share * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def _finite(values: Iterable[float]) -> list[float]:
    return sorted(value for value in values if math.isfinite(value) and value >= 0)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _spread_words(item: Curve, told: Sequence[float]) -> str:
    shown = ", ".join(
        f"{name} {quantities.said(quantile(told, share), 's')}" for name, share in (("p50", 0.5), ("p95", 0.95))
    )
    return f"{item.label}: {shown}, n {len(told):,}"


def _ends(item: Number) -> list[float]:
    both = (item.low, item.high) if isinstance(item, Between) else (item, item)
    return [end for end in both if end is not None and math.isfinite(end) and end >= 0]


def _open_from(told: Iterable[tuple[Intervals, Sequence[tuple[str, Number]]]]) -> list[float]:
    """Where intervals without an end begin: they need room to be seen."""
    numbers = [number for _, numbers in told for _, number in numbers if isinstance(number, Between)]
    return [max(_ends(number)) for number in numbers if number.high is None or not math.isfinite(number.high)]


# ---- shapes ----------------------------------------------------------------------------------------------------------


def _steps(ordered: Sequence[float], x: Scale, y: Scale) -> str:
    """The share of observations up to each, as steps; of many only as many as can be seen."""
    count = len(ordered)
    chosen = (
        range(count)
        if count <= _POINTS
        else sorted({round(number * (count - 1) / _POINTS) for number in range(_POINTS + 1)})
    )
    path = [f"M{_at(x.at(ordered[0]))} {_at(y.at(0.0))}"]
    path += [f"H{_at(x.at(ordered[number]))}V{_at(y.at((number + 1) / count))}" for number in chosen]
    return "".join(path)


def _stairs(values: Sequence[float], length: float, x: Scale, y: Scale) -> str:
    width = length / len(values)
    path = [f"M{_at(x.at(0.0))} {_at(y.at(values[0]))}"]
    for number, value in enumerate(values):
        path.append(f"V{_at(y.at(value))}H{_at(x.at(width * (number + 1)))}")
    return "".join(path)


def _interval(side: str, item: Number, x: Scale, y: float) -> list[Element]:
    if not isinstance(item, Between):
        return [_dot(side, x.at(item), y)]
    low = x.at(item.low if item.low is not None else x.low)
    open_ended = item.high is None or not math.isfinite(item.high)
    high = x.end if open_ended else x.at(item.high or 0.0)
    box = {"x": _at(low), "y": _at(y - 5), "width": _at(max(high - low, 1.0)), "height": "10"}
    bar = el("rect", of=f"bar {side}", **box)
    if not open_ended:
        return [bar]
    return [
        bar,
        el(
            "path", d=f"M{_at(high)} {_at(y - 8)}L{_at(high + 9)} {_at(y)}L{_at(high)} {_at(y + 8)}", of=f"curve {side}"
        ),
    ]


def _grid_y(y: Scale, ticks: Iterable[tuple[float, str]]) -> list[Element]:
    parts = []
    for value, label in ticks:
        parts.append(_line("grid", _LEFT, y.at(value), _RIGHT, y.at(value)))
        parts.append(_text(label, _LEFT - 6, y.at(value) + 4, anchor="end"))
    return parts


def _axis_x(x: Scale, scale: float, unit: str) -> list[Element]:
    """The ticks below, and the unit at the end, with the name of the scale where it is not the plain one."""
    parts = [_line("axis", _LEFT, _BOTTOM, _RIGHT, _BOTTOM)]
    for tick in x.ticks():
        parts.append(_line("axis", x.at(tick), _BOTTOM, x.at(tick), _BOTTOM + 4))
        parts.append(_text(quantities.digits(tick / scale), x.at(tick), _BOTTOM + 18, anchor="middle"))
    name = f"{unit} (logarithmic scale)" if x.logarithmic else unit
    return [*parts, _text(name, _RIGHT, _BOTTOM + 36, anchor="end")]


def _dot(side: str, x: float, y: float) -> Element:
    return el("circle", of=f"dot {side}", cx=_at(x), cy=_at(y), r="4")


def _line(of: str, x1: float, y1: float, x2: float, y2: float) -> Element:
    return el("line", of=of, x1=_at(x1), y1=_at(y1), x2=_at(x2), y2=_at(y2))


def _text(said: str, x: float, y: float, *, anchor: str = "start", of: str = "") -> Element:
    return el("text", said, of=of, x=_at(x), y=_at(y), **{"text-anchor": anchor})


def _at(place: float) -> str:
    return f"{place:.1f}".removesuffix(".0")


def _legend(side: str, said: str) -> Element:
    return el("div", el("span", of=f"key {side}"), said)


def _figure(title: str, says: str, parts: Iterable[Part], legend: Iterable[Part], word: str) -> Element:
    middle = f"rotate(-18 {WIDTH / 2:g} {HEIGHT / 2:g})"
    place = {"x": f"{WIDTH / 2:g}", "y": f"{HEIGHT / 2 + 12:g}", "text-anchor": "middle", "transform": middle}
    stamp = el("text", word, of="stamp", **place) if word else None
    heading = f"{word}: {title}" if word else title
    box = {"viewBox": f"0 0 {WIDTH:g} {HEIGHT:g}", "role": "img", "xmlns": "http://www.w3.org/2000/svg"}
    drawing = el("svg", el("title", heading), el("desc", says), *parts, stamp, **box)
    return el("figure", el("h3", heading), drawing, el("figcaption", *legend))
