"""Ids that sort by the time they were made: ULIDs, 48 bits of milliseconds and 80 random ones in Crockford's base 32.

https://github.com/ulid/spec. Within one process each is greater than the one before, also where the clock steps back.
"""

import os
import re
import time
from datetime import UTC, datetime, timedelta
from threading import Lock

LENGTH = 26
"""Characters of an id."""

_DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_READ_AS = str.maketrans("ILO", "110")  # Crockford: letters that are easily taken for digits are read as those
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_lock = Lock()
_last = [0]


def fresh() -> str:
    """A new id, greater than every earlier one of this process."""
    made = time.time_ns() // 1_000_000 << 80 | int.from_bytes(os.urandom(10), "big")
    with _lock:
        _last[0] = made = max(made, _last[0] + 1)
    return "".join(_DIGITS[made >> shift & 31] for shift in range(125, -1, -5))


def moment(id: str) -> str:
    """When an id was made, ISO 8601 in UTC, to the millisecond."""
    number = 0
    for character in id[:10]:
        number = number << 5 | _DIGITS.index(character)
    return (_EPOCH + timedelta(milliseconds=number)).isoformat(timespec="milliseconds")


def normal(text: str) -> str | None:
    """An id, or the beginning of one, as it is kept, whatever the case it was typed in; None where it cannot be one."""
    written = text.strip().upper().translate(_READ_AS)
    return written if re.fullmatch(f"[{_DIGITS}]{{1,{LENGTH}}}", written) else None
