"""Rows of load processes, put together."""

import pytest

from skewguard.observe.loadgen import merging
from skewguard.observe.loadgen.exchanges import Exchange
from skewguard.observe.loadgen.ledger import Ledger
from skewguard.observe.loadgen.merging import Written
from tests.observe.loadgen.test_answers import DONE, HEAD, STOP, USAGE, chunked, delta

TOGETHER, AT_ONCE, APART = 0, 200_000, 20_000_000
"""Nanoseconds from the last token to what follows it."""


def written(*behind: int) -> Written:
    """Answers of two tokens whose counts come so long behind the last of them."""
    ledger, found = Ledger(None), Written()
    for number, wait in enumerate(behind, start=1):
        exchange = Exchange(number, number, slot=False, stream=True)
        pieces = [(delta(content="a"), 10), (delta(content="b") + STOP, 20), (USAGE + DONE, 20 + wait)]
        exchange.sent = 1
        exchange.feed(HEAD, 5)
        for piece, stamp in pieces:
            exchange.feed(b"%x\r\n%b\r\n" % (len(piece), piece), stamp)
        exchange.feed(chunked(), pieces[-1][1])
        ledger.end(exchange, "")
    found.add(ledger.taken())
    return found


@pytest.mark.parametrize(
    ("behind", "bounded"),
    [
        ((TOGETHER, TOGETHER), [False, False]),
        ((TOGETHER, APART), [True, False]),
        ((TOGETHER, AT_ONCE), [False, False]),
        ((TOGETHER, AT_ONCE, AT_ONCE, APART), [False] * 4),
        ((TOGETHER, AT_ONCE, APART, APART), [True, False, False, False]),
    ],
)
def test_last_token_is_open_where_the_server_sends_what_follows_it_apart(
    behind: tuple[int, ...], bounded: list[bool]
) -> None:
    """Read together it may have come as much earlier as that usually is. A fifth of a millisecond, or one straggler, is no such habit."""
    samples = merging.samples([written(*behind)], (0.0, 1.0), loop=False)

    assert samples.last_censored == bounded
