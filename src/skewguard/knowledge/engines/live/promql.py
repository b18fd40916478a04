"""Windows of metrics out of Prometheus: what to ask it, and how its answers read. Pure.

A range selector (`series[900s]` as an instant query) gives the samples as they were scraped, each with its own moment: nothing
is interpolated, no hole is papered over, and all samples of one scrape have the same moment, so that they make a page again.
Source: the HTTP API of Prometheus, `/api/v1/query`, result type `matrix`.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from statistics import median

from msgspec import DecodeError, Struct, ValidationError, json

from skewguard.knowledge.engines.live import devices, performance, performance_rows
from skewguard.knowledge.engines.live.devices import Used
from skewguard.knowledge.engines.live.metrics import Series
from skewguard.knowledge.engines.live.performance import Page

PATH = "/api/v1/query"
CLOCK = "time()"
"""The query for Prometheus' own now: every question about a window has to be about the same one."""
_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")
"""A pod's or namespace's name (RFC 1123): nothing in it needs an escape but the dot."""
_SCRAPER = ("job", "prometheus", "prometheus_replica", "replica")
"""Labels that tell apart who scraped: jobs, and the two of a pair of Prometheus servers where nobody takes one of them out."""
_POD = ("exported_pod", "pod", "kubernetes_pod_name", "instance")
"""Labels that tell replicas apart, the most telling first: `pod` beside `exported_pod` is the scraped exporter's own."""


class Moment(Struct, frozen=True):
    """The page of one replica at one moment (Unix time in seconds)."""

    replica: str
    at: float
    page: Page


class Told(Struct, frozen=True):
    """What an answer gave: pages in the order of their moments, and what of it could not be used."""

    moments: tuple[Moment, ...] = ()
    troubles: tuple[str, ...] = ()

    @property
    def beat(self) -> float | None:
        """Seconds between two pages of one replica, as most of them are apart."""
        by_replica: dict[str, list[float]] = defaultdict(list)
        for each in self.moments:
            by_replica[each.replica].append(each.at)
        steps = [b - a for moments in by_replica.values() for a, b in pairwise(moments)]
        return median(steps) if steps else None


class Samples(Struct, frozen=True):
    """One series with its samples: moment and value."""

    labels: Mapping[str, str]
    values: tuple[tuple[float, float], ...]


class NotUnderstood(ValueError):
    """An answer that is none of Prometheus, or says why there is none."""


def of_pods(namespace: str, pods: Collection[str], label: str = "pod", like: Collection[str] = ()) -> str:
    """Label matchers for pods of a namespace. Raises `ValueError` for what is no name of one.

    `like` are patterns (RE2) of whole names of further ones: of those that are gone by now nobody knows more.
    """
    for name in (namespace, *pods):
        if _NAME.fullmatch(name) is None:
            raise ValueError(f"{name!r} is no name of a pod or namespace")
    any_of = "|".join((*(name.replace(".", "[.]") for name in sorted(pods)), *like))
    space = "exported_namespace" if label == "exported_pod" else "namespace"
    return f'{space}="{namespace}",{label}=~"{any_of}"'


def questions(engine: str | None, matchers: str, seconds: float) -> tuple[str, ...]:
    """The queries for a window: gauges and counters in one, and one for each histogram, which are large."""
    engines = (engine,) if engine in performance_rows.ROWS else tuple(performance_rows.ROWS)
    every = dict.fromkeys(name for each in engines for name in performance.wanted(each))
    plain = [name for name in every if not name.endswith(("_bucket", "_sum"))]
    whole = [[name.removesuffix("_bucket"), name] for name in every if name.endswith("_bucket")]
    several = [plain, *([bucket, f"{base}_sum"] for base, bucket in whole)]
    return tuple(_range(names, matchers, seconds) for names in several)


def of_devices(matchers: str, seconds: float) -> str:
    """The query for what an exporter says of GPUs."""
    return _range(devices.SERIES, matchers, seconds)


def _range(names: Iterable[str], matchers: str, seconds: float) -> str:
    either = "|".join(names)
    inside = ",".join(part for part in (f'__name__=~"{either}"', matchers.strip().strip("{}").strip(",")) if part)
    return f"{{{inside}}}[{max(1, round(seconds))}s]"


# ---- answers -----------------------------------------------------------------------------------------------------------


class _Result(Struct, frozen=True):
    metric: dict[str, str]
    values: tuple[tuple[float, str], ...] = ()


class _Data(Struct, frozen=True):
    resultType: str = ""  # noqa: N815 - as it stands on the wire
    result: tuple[_Result, ...] = ()


class _Answer(Struct, frozen=True):
    status: str
    data: _Data | None = None
    error: str = ""
    warnings: tuple[str, ...] = ()


def decoded(body: bytes) -> tuple[Samples, ...]:
    """The series of an answer. Raises `NotUnderstood`."""
    try:
        answer = json.decode(body, type=_Answer)
    except (DecodeError, ValidationError, RecursionError):
        raise NotUnderstood("its answer is none that Prometheus gives to a query of a range") from None
    if answer.status != "success" or answer.data is None:
        raise NotUnderstood(f"Prometheus says: {answer.error[:200] or answer.status[:50]}")
    if answer.data.resultType != "matrix":
        raise NotUnderstood(f"its answer is a {answer.data.resultType[:50]}, and no samples of a range")
    if (
        answer.warnings
    ):  # a store behind it (Thanos, remote read) did not answer: what came is a part, of nobody knows what
        raise NotUnderstood(f"its answer may be a part only, since it warns: {answer.warnings[0][:200]}")
    return tuple(Samples(each.metric, tuple(_values(each))) for each in answer.data.result)


class _Scalar(Struct, frozen=True):
    result: tuple[float, str]


class _Clock(Struct, frozen=True):
    data: _Scalar


def clock(body: bytes) -> float:
    """The moment that Prometheus takes for now (its answer to `time()`). Raises `NotUnderstood`."""
    try:
        return json.decode(body, type=_Clock).data.result[0]
    except (DecodeError, ValidationError, RecursionError):
        raise NotUnderstood("its answer is none that Prometheus gives to time()") from None


def _values(result: _Result) -> Iterator[tuple[float, float]]:
    for at, text in result.values:
        try:
            yield at, float(text)
        except ValueError:
            continue


def pages(found: Sequence[Samples], engine: str | None) -> Told:
    """The pages that the samples were scraped from, by replica and moment."""
    kept, troubles = _once(found)
    at: dict[tuple[str, float], list[Series]] = defaultdict(list)
    for replica, each in kept:
        labels = {name: value for name, value in each.labels.items() if name != "__name__"}
        for moment, value in each.values:
            at[replica, moment].append(Series(each.labels.get("__name__", ""), labels, value))
    known = engine if engine in performance_rows.ROWS else _recognised(found)
    moments = []
    for (replica, moment), several in sorted(_committed(at).items(), key=lambda item: (item[0][1], item[0][0])):
        page = performance.of_series(several, known)
        troubles += page.troubles
        if not page.empty:
            moments.append(Moment(replica, moment, page))
    return Told(tuple(moments), tuple(dict.fromkeys(troubles)))


def _committed(at: Mapping[tuple[str, float], list[Series]]) -> dict[tuple[str, float], list[Series]]:
    """The pages without the newest of a replica where a name is missing that the one before had: it was being scraped while
    one question after the other was asked.
    """
    newest: dict[str, list[float]] = defaultdict(list)
    for replica, moment in at:
        newest[replica] = sorted((*newest[replica], moment))[-2:]
    broken = {
        (replica, moments[1])
        for replica, moments in newest.items()
        if len(moments) == 2 and not _names(at[replica, moments[0]]) <= _names(at[replica, moments[1]])
    }
    return {key: several for key, several in at.items() if key not in broken}


def _names(several: Iterable[Series]) -> set[str]:
    return {each.name for each in several}


def _recognised(found: Iterable[Samples]) -> str | None:
    names = {each.labels.get("__name__", "") for each in found}
    prefixes = performance_rows.PREFIXES.items()
    return next((engine for engine, prefix in prefixes if any(name.startswith(prefix) for name in names)), None)


def _once(found: Sequence[Samples]) -> tuple[list[tuple[str, Samples]], list[str]]:
    """Every series with its replica; of replicas that were scraped several times, what one scraper saw."""
    scrapers: dict[str, Counter[str]] = defaultdict(Counter)
    for each in found:
        scrapers[_pod(each.labels)][_scraper(each.labels)] += len(each.values)
    chosen = {pod: min(count, key=lambda who, count=count: (-count[who], who)) for pod, count in scrapers.items()}  # type: ignore[misc]
    troubles = [
        f"{pod} is scraped several times ({'; '.join(sorted(count))}): {chosen[pod]} counts"
        for pod, count in sorted(scrapers.items())
        if len(count) > 1
    ]
    mine = [each for each in found if _scraper(each.labels) == chosen[_pod(each.labels)]]
    instances: dict[str, set[str]] = defaultdict(set)
    for each in mine:
        instances[_pod(each.labels)].add(each.labels.get("instance", ""))
    return [(_replica(each.labels, instances), each) for each in mine], troubles[:8]


def _scraper(labels: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {labels[name]}" for name in _SCRAPER if labels.get(name))


def _pod(labels: Mapping[str, str]) -> str:
    return next((labels[name] for name in _POD if labels.get(name)), "engine")


def _replica(labels: Mapping[str, str], instances: Mapping[str, Collection[str]]) -> str:
    """The pod; with its address where it has several that are scraped."""
    pod = _pod(labels)
    return pod if len(instances[pod]) == 1 else f"{pod} ({labels.get('instance', '')})"


def used(
    found: Sequence[Samples], namespace: str | None = None, pods: Collection[str] | None = None
) -> tuple[tuple[float, Used], ...]:
    """What GPUs did, moment by moment."""
    at: dict[float, list[Series]] = defaultdict(list)
    for each in found:
        for moment, value in each.values:
            at[moment].append(Series(each.labels.get("__name__", ""), each.labels, value))
    told = ((moment, devices.of_series(several, namespace, pods)) for moment, several in sorted(at.items()))
    return tuple((moment, each) for moment, each in told if not each.empty)
