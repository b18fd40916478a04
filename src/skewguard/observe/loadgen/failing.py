"""Why a request has no answer, from what the system or the server said."""

import errno

from skewguard.observe.loadgen.exchanges import Exchange

LONGEST_WAIT = 30.0
"""Seconds that a Retry-After is waited for at most; a run has an end."""

_RESET = (errno.ECONNRESET, errno.EPIPE, errno.ECONNABORTED, errno.ENOTCONN)


def failure_of(error: OSError, *, connecting: bool = False) -> str:
    """The kind of failure that an error of the system is."""
    if error.errno == errno.ETIMEDOUT:
        return "timeout"
    if not connecting and error.errno in _RESET:
        return "reset"
    return "refused" if connecting or error.errno == errno.ECONNREFUSED else "reset"


def text_of(error: OSError) -> str:
    """What the system said; where its own limit is what failed, that the server has no part in it."""
    if error.errno in (errno.EMFILE, errno.ENFILE):
        return "this machine's limit on open files (ulimit -n) was reached; the server was not asked"
    return str(error)


def coming_again(exchange: Exchange) -> int | None:
    """Nanoseconds after which a refused request may come again, as the server says; None where it does not."""
    answer = exchange.answer
    if answer.status not in (429, 503) or not answer.retry_after:
        return None
    seconds = _seconds(answer.retry_after.decode("latin-1"))
    return None if seconds is None else int(min(max(seconds, 0.0), LONGEST_WAIT) * 1e9)


def _seconds(text: str) -> float | None:
    """Seconds, or a date (RFC 9110, 10.2.3)."""
    if text.replace(".", "", 1).isdecimal():
        return float(text)
    import time
    from email.utils import parsedate_to_datetime

    try:
        return parsedate_to_datetime(text).timestamp() - time.time()
    except (ValueError, TypeError, OverflowError):
        return None


def is_about_counts(exchange: Exchange) -> bool:
    """Whether a server refused a request because it asked for counts of tokens in a stream."""
    if exchange.answer.status not in (400, 422):
        return False
    said = exchange.refusal
    return "stream_options" in said or "continuous_usage_stats" in said or "include_usage" in said
