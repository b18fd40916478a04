"""What a load process writes down: one row per request that ended, in columns, handed on a few times a second."""

from array import array

from skewguard.observe.loadgen.exchanges import Exchange
from skewguard.observe.loadgen.messages import APART, CENSORED, FAILURES, FRESH, NEAR, SHARED, Counts, Rows

_MOST_TEXTS = 20
_LONGEST_TEXT = 200
_RECENT = 200
_AT_ONCE = 1_000_000
"""Nanoseconds after the last token within which what follows it was sent with it: no time that is measured is that exact."""
_NEVER = float("nan")
COLUMNS = "ddddqqqqqqbbq"
"""The types of the columns: intended, sent, first, last; prompt, output and first tokens; chunks, status, the number of
gaps; the failure and the marks (`messages`); the number of the request."""


class Ledger:
    """Rows of one process. Times are seconds since `start` (nanoseconds of the monotonic clock)."""

    def __init__(self, key: str | None) -> None:
        self._key = key
        self._errors: dict[str, int] = {}
        self.start = 0
        self.sent = self.completed = self.failed = self.refused = self.in_flight = 0
        self.stale = self.waits = self.waited = 0
        self._ttfts: list[float] = []
        self._e2es: list[float] = []
        self._empty()

    def _empty(self) -> None:
        self._columns: list[array[float]] = [array(kind) for kind in COLUMNS]
        self._gaps = array("d")
        self.lags = array("f")
        self.slips = array("f")

    def end(self, exchange: Exchange, failure: str, text: str = "") -> None:
        """A request ended: with an answer, or with a failure of this kind (and what is known of it)."""
        told, seconds = exchange.telling, self._seconds
        told.settle()
        row = (
            seconds(exchange.intended), seconds(exchange.sent), seconds(told.first), seconds(told.last),
            told.prompt_tokens, told.output_tokens, told.first_tokens, told.chunks, exchange.answer.status, len(told.gaps),
            FAILURES.index(failure), _marks(exchange), exchange.number,
        )  # fmt: skip
        for column, value in zip(self._columns, row, strict=True):
            column.append(value)
        self._gaps.extend(told.gaps)
        self.in_flight -= 1
        if failure:
            self.failed += 1
            self.refused += failure == "http"
            self._error(f"{failure}: {text}" if text else failure)
        else:
            self.completed += 1
            self._recent(row)

    def _recent(self, row: tuple[float, ...]) -> None:
        if len(self._e2es) < _RECENT and row[3] == row[3]:
            self._ttfts.append(row[2] - row[0])
            self._e2es.append(row[3] - row[0])

    def _seconds(self, moment: int) -> float:
        return (moment - self.start) / 1e9 if moment else _NEVER

    def _error(self, text: str) -> None:
        """Counted by its text, a few of them: without the key, which a server may send back, and before it is cut."""
        if self._key:
            text = text.replace(self._key, "***")
        text = " ".join(text.split())[:_LONGEST_TEXT]
        if text in self._errors or len(self._errors) < _MOST_TEXTS:
            self._errors[text] = self._errors.get(text, 0) + 1

    @property
    def errors(self) -> tuple[tuple[str, int], ...]:
        """What went wrong, and how often."""
        return tuple(self._errors.items())

    def taken(self) -> Rows:
        """The rows since the last time."""
        columns = tuple(column.tobytes() for column in self._columns)
        rows = Rows(columns, self._gaps.tobytes(), self.lags.tobytes(), self.slips.tobytes())
        self._empty()
        return rows

    def counts(self, heard: int) -> Counts:
        """How it stands, after so many reads."""
        ttfts, e2es = tuple(self._ttfts), tuple(self._e2es)
        self._ttfts.clear()
        self._e2es.clear()
        return Counts(self.sent, self.completed, self.failed, self.in_flight, ttfts, e2es, heard, self.refused)


def _marks(exchange: Exchange) -> int:
    told = exchange.telling
    return (
        (CENSORED if told.censored else 0)
        | (FRESH if exchange.fresh else 0)
        | (SHARED if told.shared else 0)
        | (APART if told.apart > _AT_ONCE else NEAR if told.apart else 0)
    )
