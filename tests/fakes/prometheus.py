"""A Prometheus that answers range selectors and `time()` as a real one (2.42) does, from pages that it was given."""

import json
import re
from collections.abc import Iterable, Mapping
from urllib.parse import parse_qs, urlsplit

from prometheus_client.parser import text_string_to_metric_families

from tests.fakes.pages import Pages

_QUERY = re.compile(r"\{(?P<matchers>.*)\}\[(?P<seconds>\d+)s\]")
_MATCHER = re.compile(r'(\w+)(=~|=)"((?:[^"\\]|\\.)*)"')

Labels = tuple[tuple[str, str], ...]


class Prometheus:
    """`scrape` pages into it; `server` answers for it. Now is the moment of the newest page."""

    def __init__(self) -> None:
        self.series: dict[Labels, list[tuple[float, str]]] = {}
        self.now = 0.0
        self.status = 200

    def scrape(self, page: bytes, at: float, **target: str) -> None:
        """Take in a page as it was at a moment, with the labels of its target."""
        self.now = max(self.now, at)
        for family in text_string_to_metric_families(page.decode()):
            for sample in family.samples:
                labels = {**sample.labels, **target, "__name__": sample.name}
                self.series.setdefault(tuple(sorted(labels.items())), []).append((at, str(sample.value)))

    def server(self) -> Pages:
        """Starts with `with`."""
        pages = Pages(lambda number: self._answer(pages.asked[number]), media_type="application/json")
        return pages

    def _answer(self, path: str) -> bytes | int:
        if self.status != 200:
            return self.status
        given = parse_qs(urlsplit(path).query)
        query = given["query"][0]
        if query == "time()":
            return _success("scalar", [self.now, str(self.now)])
        found = _QUERY.fullmatch(query)
        if found is None:
            return 400
        end = float(given["time"][0])
        matchers = _MATCHER.findall(found["matchers"])
        return _success("matrix", list(self._between(matchers, end - int(found["seconds"]), end)))

    def _between(self, matchers: Iterable[tuple[str, str, str]], begin: float, end: float) -> Iterable[object]:
        picked = list(matchers)
        for labels, samples in self.series.items():
            within = [[at, value] for at, value in samples if begin <= at <= end]
            if within and all(_fits(dict(labels), *each) for each in picked):
                yield {"metric": dict(labels), "values": within}


def _fits(labels: Mapping[str, str], name: str, how: str, value: str) -> bool:
    have = labels.get(name, "")
    return have == value if how == "=" else re.fullmatch(value, have) is not None


def _success(kind: str, result: object) -> bytes:
    return json.dumps({"status": "success", "data": {"resultType": kind, "result": result}}).encode()
