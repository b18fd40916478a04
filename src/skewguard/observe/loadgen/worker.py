"""A load process: `python -m skewguard.observe.loadgen.worker`, with its plan on standard input and its rows on standard output.

It imports what it needs and no more: it is what stands between a command and its first request. It ends when its standard
input does, so that it does not outlive who started it.
"""

import gc
import os
import select
import sys
import time

from skewguard.observe.loadgen import arrivals, messages, preparing
from skewguard.observe.loadgen.agenda import Agenda
from skewguard.observe.loadgen.bodies import Requests
from skewguard.observe.loadgen.clocks import NOW
from skewguard.observe.loadgen.driving import Driver
from skewguard.observe.loadgen.ledger import Ledger

_PIECE = 1 << 16
_PARENT, _OUT = 0, 1


class Outbox:
    """What is said to the parent. It never waits for it: the loop has better to do; at the end it does."""

    def __init__(self) -> None:
        self._waiting = bytearray()
        os.set_blocking(_OUT, False)

    def say(self, value: messages.Message) -> None:
        """One more message."""
        self._waiting += messages.packed(value)
        self.push()

    def push(self) -> None:
        """As much as the pipe takes. Raises `BrokenPipeError` where nobody reads any more."""
        try:
            while self._waiting:
                sent = os.write(_OUT, self._waiting[:_PIECE])
                del self._waiting[:sent]
        except BlockingIOError:
            return

    def close(self) -> None:
        """Everything, however long it takes."""
        os.set_blocking(_OUT, True)
        self.push()


def _plan() -> messages.Plan:
    data = b""
    while True:
        piece = os.read(_PARENT, 1 << 20)
        if not piece:
            raise SystemExit(0)
        data += piece
        found = messages.plan(data)
        if found is not None:
            return found


def _start() -> int:
    """The moment at which the run begins, which the parent gives once all processes are ready."""
    select.select([_PARENT], [], [])
    data = os.read(_PARENT, 8)
    if len(data) < 8:
        raise SystemExit(0)
    return int.from_bytes(data, "little")


def _drive(plan: messages.Plan, outbox: Outbox) -> None:
    opened = preparing.prepare(plan)
    requests = Requests(plan, opened.model)
    whole = arrivals.schedule(plan.load, plan.prompts.times)
    part = arrivals.share(whole, plan.process, plan.processes)
    ledger = Ledger(plan.key)
    gc.collect()
    gc.freeze()
    gc.disable()  # nothing in the loop makes cycles, and a collection would stand between a packet and its stamp
    outbox.say(messages.Ready(opened.model))
    start = _start()
    ledger.start = start
    agenda = Agenda(part, start)
    driver = Driver(
        requests, opened.opening, ledger, agenda,
        numbering=(plan.process, plan.processes), timeout=plan.timeout_s, stream=bool(plan.load.stream),
    )  # fmt: skip
    for connection in opened.connections:
        driver.adopt(connection)
    used = time.process_time()

    def beat() -> None:
        outbox.say(ledger.taken())
        outbox.say(ledger.counts(driver.reads))

    driver.drive(_PARENT, beat)
    wall = (NOW() - start) / 1e9
    beat()
    outbox.say(_end(driver, agenda, ledger, start, wall, time.process_time() - used))


def _end(driver: Driver, agenda: Agenda, ledger: Ledger, start: int, wall: float, used: float) -> messages.End:
    return messages.End(
        cpu=used / wall if wall > 0 else 0.0,
        wall=wall,
        reads=driver.reads,
        stamped=driver.stamped,
        full=(agenda.full - start) / 1e9 if agenda.full else None,
        last=(agenda.closed_at - start) / 1e9,
        steps=driver.steps,
        stale=ledger.stale,
        waits=ledger.waits,
        waited=ledger.waited,
        plainer=driver.plainer,
        errors=ledger.errors,
    )


def main() -> None:
    """Read a plan, run it, tell of it."""
    outbox = Outbox()
    plan = _plan()
    try:
        _drive(plan, outbox)
    except preparing.CannotBeginError as wrong:
        outbox.say(messages.Refused(wrong.message, wrong.hint))
    except BrokenPipeError:
        sys.exit(1)
    except Exception as fault:  # noqa: BLE001 - the parent tells it; there is nobody else here
        outbox.say(messages.Broken(_placed(fault)))
    outbox.close()


def _placed(fault: Exception) -> str:
    """What happened and where; not what it said, in which anything may stand."""
    trace = fault.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f" at {os.path.basename(trace.tb_frame.f_code.co_filename)}:{trace.tb_lineno}" if trace else ""
    return f"{type(fault).__name__}{place}"


if __name__ == "__main__":
    main()
