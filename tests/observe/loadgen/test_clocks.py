"""Clocks: what the kernel says of packets is used where it can be true, and a moment is waited for to its end."""

import os
import select
import struct
import types

import pytest

from skewguard.language.loads import Load
from skewguard.observe.loadgen import arrivals, clocks, messages, polling, preparing, running
from skewguard.observe.loadgen.agenda import NEVER, Agenda
from skewguard.observe.loadgen.bodies import Requests
from skewguard.observe.loadgen.clocks import NOW
from skewguard.observe.loadgen.driving import Driver
from skewguard.observe.loadgen.exchanges import Exchange
from skewguard.observe.loadgen.ledger import Ledger
from skewguard.observe.loadgen.merging import Written, p99, samples
from skewguard.observe.loadgen.targets import Target
from tests.fakes import engine
from tests.observe.loadgen.loads import PROMPTS, load


def test_wall_clock_that_is_set_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A step of the wall clock makes the stamps of that turn untrusted; the next turn's are good again."""
    ahead = 0
    monkeypatch.setattr(clocks, "_WALL", lambda: NOW() + 10**18 + ahead)
    offset = clocks.Offset()
    assert offset.measure()
    ahead = -3_600_000_000_000
    assert not offset.measure()
    assert offset.measure()
    assert offset.steps == 1
    assert offset.value == pytest.approx(10**18 - 3_600_000_000_000, abs=10**9)


def test_stamp_is_seconds_and_nanoseconds() -> None:
    """As the kernel lays out a timespec."""
    assert clocks.TIMESPEC(struct.pack("@ll", 1_700_000_000, 5)) == (1_700_000_000, 5)


@pytest.mark.parametrize("missing", [(), ("epoll",)])
def test_poll_waits_for_a_moment(monkeypatch: pytest.MonkeyPatch, missing: tuple[str, ...]) -> None:
    """No wait ends before its moment, by the kernel's timer or without one, unless something can be read."""
    if missing:
        without_kernel_help(monkeypatch)
    poll = polling.Poll()
    until = NOW() + 3_000_000
    while not poll.wait(until) and NOW() < until:
        pass
    assert NOW() >= until
    reading, writing = os.pipe()
    poll.register(reading)
    os.write(writing, b"x")
    assert (reading, polling.IN) in poll.wait(NEVER)
    poll.forget(reading)
    poll.close()
    os.close(reading)
    os.close(writing)


def without_kernel_help(monkeypatch: pytest.MonkeyPatch) -> None:
    """A platform that has neither epoll nor timers of the kernel nor its stamps."""
    monkeypatch.setattr(polling, "select", types.SimpleNamespace(poll=select.poll))
    monkeypatch.setattr(clocks.Timer, "_created", lambda _: -1)
    monkeypatch.setattr(clocks, "STAMPED", False)


def made(url: str, wanted: Load) -> tuple[Driver, Ledger]:
    """The loop of a load process within this one, about to begin, and what it will write down."""
    (plan,) = running._plans(Target(url, model="m"), wanted, PROMPTS, 1, (0, 1))
    opened = preparing.prepare(plan)
    ledger = Ledger(None)
    start = ledger.start = NOW() + 10_000_000
    driver = Driver(
        Requests(plan, "m"),
        opened.opening,
        ledger,
        Agenda(arrivals.schedule(wanted), start),
        numbering=(0, 1),
        timeout=60.0,
        stream=True,
    )
    for connection in opened.connections:
        driver.adopt(connection)
    return driver, ledger


def drive(driver: Driver) -> None:
    """Until everything was sent and has ended."""
    control, end = os.pipe()
    driver.drive(control, lambda: None)
    os.close(control)
    os.close(end)


@pytest.mark.parametrize("help_of_kernel", [True, False])
def test_platform_without_stamps_measures_all_the_same(monkeypatch: pytest.MonkeyPatch, help_of_kernel: bool) -> None:
    """Without the kernel's stamps the rows are whole, by the client's own; it is known that none were the kernel's."""
    if not help_of_kernel:
        without_kernel_help(monkeypatch)
    wanted = load(profile="constant", rate=100, requests=6, concurrency=None)
    with engine.serving(engine.Answer(ttft=0.01)) as url:
        driver, ledger = made(url, wanted)
        drive(driver)
    written = Written()
    written.add(ledger.taken())
    told = samples([written], (0.0, 1.0), loop=False)
    assert told.failure == [""] * 6
    assert told.intended == pytest.approx([row / 100 for row in range(6)])
    for row, request in enumerate(url.requests):
        assert told.first[row] - told.sent[row] >= request.first - request.received
    assert driver.stamped == 0 or help_of_kernel


@pytest.mark.parametrize(("answer", "failed"), [(engine.Answer(), 0), (engine.Answer(never=True), 1)])
def test_client_that_was_late_does_not_call_it_a_timeout(answer: engine.Answer, failed: int) -> None:
    """An answer that came in time and lies unread is read, however late it is; where nothing came, the time is over."""
    with engine.serving(answer) as url:
        driver, ledger = made(url, load(concurrency=1, requests=1))
        while NOW() < ledger.start:
            continue
        driver._set_due()
        driver._send_due(NOW() + 10**9)
        (connection,) = (each for each in driver._connections.values() if each.exchange is not None)
        assert connection.exchange is not None
        poll = select.poll()
        poll.register(connection.fd, select.POLLIN)
        assert len(poll.poll(0 if failed else 20_000)) == 1 - failed
        connection.exchange.sent -= 3600 * 10**9  # as if this process had slept since
        driver._overdue()
        assert ledger.failed == failed
        drive(driver)
    assert (ledger.completed, ledger.failed) == (1 - failed, failed)


def test_plan_does_not_show_the_key() -> None:
    """A plan, which holds the key for its process, can be shown."""
    (plan,) = running._plans(Target("http://h", key="sk-opensesame"), load(), PROMPTS, 1, (0, 1))
    assert "sesame" not in repr(plan)
    assert messages.plan(messages.packed(plan)) == plan


def test_rows_of_processes_are_merged_in_the_order_of_their_start() -> None:
    """Rows of two processes, with the gaps of each at its own row."""
    parts = []
    for process in (0, 1):
        ledger = Ledger(None)
        for number in (process, process + 2):
            exchange = _exchange(number)
            ledger.end(exchange, "")
        parts.append(Written())
        parts[-1].add(ledger.taken())
    told = samples(parts, (0.5, 2.5), loop=False)
    assert told.intended == [1.0, 2.0, 3.0, 4.0]
    assert told.gap_counts == [1, 2, 3, 4]
    assert told.gaps == [1.0, 2.0, 2.0, 3.0, 3.0, 3.0, 4.0, 4.0, 4.0, 4.0]
    assert told.phase == [1, 1, 2, 2]


def _exchange(number: int) -> Exchange:
    exchange = Exchange(number, (number + 1) * 10**9, slot=False, stream=True)
    exchange.telling.gaps.extend([float(number + 1)] * (number + 1))
    return exchange


def test_p99_is_a_value_that_occurred() -> None:
    """The nearest rank: of a hundred the ninety-ninth, of few the largest, of none nothing."""
    assert p99([float(value) for value in range(1, 101)]) == 99.0
    assert p99([3.0, 1.0]) == 3.0
    assert p99([]) == 0.0
