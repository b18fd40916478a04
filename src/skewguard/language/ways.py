"""The ways of a request to a workload, and what bounds it on each: what a route sets, else its controller's default.

Where a route says nothing, its controller does what it always does. That is a bound like a written one where it is
documented (`language.controllers`), and an open question where it is not: silence is never taken for no bound.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

from msgspec import Struct

from skewguard.language import controllers
from skewguard.language.facts import Located, Origin
from skewguard.language.neighbours import Route, Timeout


class Bound(Struct, frozen=True):
    """What bounds a request on one way: seconds, tries or bytes; a `value` of None is no bound.

    `known` is False where nobody wrote it and no default is documented; `default` is set where the controller's default
    decides, and names the controller.
    """

    route: Route
    value: float | None
    origin: Origin
    known: bool = True
    default: str | None = None


def open_ways(routes: Sequence[Route]) -> list[Route]:
    """The routes that open a way, without those that only set limits on the ways of others."""
    return [route for route in routes if not route.beside]


def in_effect(routes: Sequence[Route]) -> list[Route]:
    """The routes whose limits count: open ways, and what stands beside one of them (all of it where no way is seen)."""
    ways = open_ways(routes)
    beside = [each for way in ways for each in _beside(way, routes)] if ways else routes
    return list({id(route): route for route in (*ways, *beside)}.values())


def limits(route: Route, routes: Sequence[Route]) -> list[Timeout]:
    """The written time limits that bound an answer on the way of a route: its own, and those beside it."""
    near = [route, *_beside(route, routes)]
    return [limit for each in near for limit in each.timeouts if limit.bounds_answer]


def timeouts(routes: Sequence[Route]) -> list[Bound]:
    """The shortest time limit of each way."""

    def written(route: Route) -> list[tuple[float | None, Origin]]:
        return [(limit.seconds, limit.origin) for limit in limits(route, routes)]

    return _bounds("serving.request_timeout", routes, written, _DEFAULT_TIMES, min)


_DEFAULT_TIMES = {family: default.seconds for family, default in controllers.TIMEOUTS.items()}


def retries(routes: Sequence[Route]) -> list[Bound]:
    """How often a request is sent again on each way, at most."""

    def written(route: Route) -> list[tuple[float | None, Origin]]:
        near = [route, *_beside(route, routes)]
        return [(count.value, count.origin) for each in near for count in each.retries]

    return _bounds("serving.retries", routes, written, controllers.RETRIES, max)


def bodies(routes: Sequence[Route]) -> list[Bound]:
    """The largest body that passes on each way."""

    def written(route: Route) -> list[tuple[float | None, Origin]]:
        found: Located[int | None] | None = route.body_bytes
        return [] if found is None else [(found.value, found.origin)]

    return _bounds("serving.max_body_size", routes, written, controllers.BODIES, min)


SHORTER = ("serving.request_timeout", "serving.max_body_size")
"""Settings whose smallest bound decides; of the others the largest."""


def worst(setting: str, bounds: Sequence[Bound]) -> Bound | None:
    """The known bound that decides, an unbounded way only where every way is; None where none is known."""
    known = [bound for bound in bounds if bound.known]
    held = [bound for bound in known if bound.value is not None]
    if not held:
        return known[0] if known else None
    pick = min if setting in SHORTER else max
    return pick(held, key=lambda bound: bound.value or 0)


def _beside(route: Route, routes: Sequence[Route]) -> list[Route]:
    """What sets limits on a route from outside: of its own family, or where either is not known."""
    return [
        each for each in routes if each.beside and (None in (each.family, route.family) or each.family == route.family)
    ]


def _bounds(
    setting: str,
    routes: Sequence[Route],
    written: Callable[[Route], list[tuple[float | None, Origin]]],
    documented: Mapping[str, float | None],
    decides: Callable[[Iterable[float]], float],
) -> list[Bound]:
    found = []
    for route in open_ways(routes):
        held = [(value, origin) for value, origin in written(route) if value is not None]
        if setting in route.untold:
            found.append(Bound(route, None, route.origin, known=False))
        elif held:
            value = decides(each for each, _ in held)
            found.append(Bound(route, value, next(origin for each, origin in held if each == value)))
        elif written(route):
            found.append(Bound(route, None, written(route)[0][1]))
        elif route.family is not None and route.family in documented:
            found.append(Bound(route, documented[route.family], route.origin, default=controllers.NAMES[route.family]))
        else:
            found.append(Bound(route, None, route.origin, known=False))
    return found
