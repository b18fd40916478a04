"""How a run stands, a few times a second."""

from msgspec import Struct


class Live(Struct, frozen=True):
    """Counts since the start of the run (the warm-up included), and how it went in the last seconds.

    `elapsed` in seconds, `rate` in requests completed per second and `ttft_p50`, `e2e_p50` in seconds, of the last
    seconds (None: nothing completed in them). `planned`: how many requests the load is of; None where that is not known
    beforehand. `planned_seconds`: how long its schedule is, where that is known. `heard`: how often anything came at all.
    `refused`: how many of the failed were answered with an HTTP error.
    """

    elapsed: float
    sent: int
    completed: int
    failed: int
    in_flight: int
    rate: float
    ttft_p50: float | None = None
    e2e_p50: float | None = None
    planned: int | None = None
    planned_seconds: float | None = None
    heard: int = 0
    refused: int = 0
