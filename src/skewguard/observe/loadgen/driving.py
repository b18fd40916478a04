"""The loop of a load process: send what is due, stamp and keep what comes, and only then look at what it says.

One thread, one poll. What was read is parsed after every socket that was ready has been read, request by request, with a
look at the clock between two of them: neither a stamp nor a send waits for a parser.
"""

import os
from collections.abc import Callable

from skewguard.observe.loadgen.agenda import NEVER, Agenda
from skewguard.observe.loadgen.answers import BadAnswer
from skewguard.observe.loadgen.bodies import COUNTS, Requests
from skewguard.observe.loadgen.clocks import NOW, RECEIVE_STAMPS, TIMESPEC, Offset
from skewguard.observe.loadgen.connections import Connection, Opening
from skewguard.observe.loadgen.exchanges import Exchange
from skewguard.observe.loadgen.failing import coming_again, failure_of, is_about_counts, text_of
from skewguard.observe.loadgen.ledger import Ledger
from skewguard.observe.loadgen.messages import CLOSE
from skewguard.observe.loadgen.polling import IN, OUT, Poll

_READ = 16384
_ANCILLARY = 64
_BEAT = 100_000_000
"""Nanoseconds between two looks at timeouts, and two words to the parent."""

_MOST_WAITS = 3
_LONGEST_REST = 1_000_000_000
_FIRST_REST = 10_000_000


class Driver:
    """Sends one process's part of a load; `numbering`: its first request, and how far it is to the next."""

    def __init__(
        self,
        requests: Requests,
        opening: Opening,
        ledger: Ledger,
        agenda: Agenda,
        *,
        numbering: tuple[int, int],
        timeout: float,
        stream: bool,
    ) -> None:
        self._requests = requests
        self._opening = opening
        self._ledger = ledger
        self._agenda = agenda
        self._next, self._stride = numbering
        self._timeout = int(timeout * 1e9)
        self._stream = stream
        self._poll = Poll()
        self._offset = Offset()
        self._connections: dict[int, Connection] = {}
        self._idle: list[Connection] = []
        self._due = 0
        self._beat_at = 0
        self._failures = 0
        self._stopped = False
        self.reads = self.stamped = 0
        self.plainer = 0

    @property
    def steps(self) -> int:
        """How often the wall clock was set."""
        return self._offset.steps

    def adopt(self, connection: Connection) -> None:
        """A connection that was opened ahead."""
        connection.fresh = False
        self._watch(connection)
        self._idle.append(connection)

    def drive(self, control: int, beat: Callable[[], None]) -> None:
        """Run until everything was sent and has ended. `control` is a descriptor on which the end is called: with `CLOSE` that of

        sending, with anything else, or when it is closed, that of everything.
        """
        self._poll.register(control)
        self._beat_at = NOW() + _BEAT
        self._set_due()
        while self._ledger.in_flight or not self._agenda.over():
            if self._turn(control):
                self._called(control)
            if NOW() >= self._beat_at:
                self._beat_at = NOW() + _BEAT
                self._overdue()
                beat()
        for connection in list(self._connections.values()):
            self._close(connection)
        self._poll.close()

    def _called(self, control: int) -> None:
        """Somebody called an end."""
        if self._stopped:
            return
        if os.read(control, len(CLOSE)) == CLOSE:
            self._agenda.close(NOW())
            self._send_due(NOW())
        else:
            self._stop()

    def _turn(self, control: int) -> bool:
        """One wait and everything that it gave; True where `control` called. This is the hot one, and one function: it runs
        once for each packet, and each call in it would cost as much as the rest of a read."""
        ready = self._poll.wait(min(self._due, self._beat_at))
        trusted = self._offset.measure()
        connections, called = self._connections, False
        pending: list[tuple[Connection, int, bytes]] = []
        now = NOW()
        if now >= self._due:
            self._send_due(now)
        for descriptor, events in ready:
            connection = connections.get(descriptor)
            if connection is None:
                called = called or descriptor == control
                self._poll.heard(descriptor)
                continue
            if events & OUT and (not self._writable(connection) or events == OUT):
                continue
            try:
                data, ancillary, _, _ = connection.recvmsg(_READ, _ANCILLARY)
            except BlockingIOError:
                continue
            except OSError as error:
                self._lost(connection, failure_of(error, connecting=not connection.up), str(error))
                continue
            now = NOW()
            came = self._kernel_stamp(ancillary[0], connection.exchange, now) if ancillary and trusted else now
            pending.append((connection, came, data))
            if now >= self._due:
                self._send_due(now)
        self.reads += len(pending)
        for connection, came, data in pending:
            self._take_in(connection, came, data)
            if NOW() >= self._due:
                self._send_due(NOW())
        return called

    def _kernel_stamp(self, told: tuple[int, int, bytes], exchange: Exchange | None, now: int) -> int:
        """When the kernel received what was just read, which is all it was asked to tell; `now` where that cannot be true."""
        if told[1] == RECEIVE_STAMPS:
            seconds, nanoseconds = TIMESPEC(told[2])
            came: int = seconds * 1_000_000_000 + nanoseconds - self._offset.value
            if came <= now and (exchange is None or came >= exchange.sent):
                self._ledger.lags.append((now - came) / 1e9)
                self.stamped += 1
                return came
        return now

    # ---- sending -----------------------------------------------------------------------------------------------------

    def _set_due(self) -> None:
        self._due = self._agenda.next_due()

    def _send_due(self, now: int) -> None:
        """Everything that is due by now."""
        agenda = self._agenda
        while intended := agenda.arrival(now):
            self._begin(intended, slot=False)
        over, again = agenda.waited(now)
        while over:
            if again is not None:
                self._send(again)
            over, again = agenda.waited(now)
        while agenda.slot(now := NOW()):
            self._begin(now, slot=True)
        self._set_due()

    def _begin(self, intended: int, *, slot: bool) -> None:
        exchange = Exchange(self._next, intended, slot=slot, stream=self._stream)
        self._next += self._stride
        self._ledger.sent += 1
        self._ledger.in_flight += 1
        self._send(exchange)

    def _send(self, exchange: Exchange, *, anew: bool = False) -> None:
        """Send it on an idle connection, or on a new one (`anew`: in any case)."""
        data = self._requests.request(exchange.number)
        exchange.plain = self.plainer
        exchange.tries += 1
        try:
            connection = (None if anew else self._free()) or self._opened(exchange)
        except OSError as error:
            exchange.sent = NOW()
            self._fail(exchange, failure_of(error, connecting=True), text_of(error))
            return
        connection.exchange = exchange
        exchange.sent = now = NOW()
        if exchange.tries == 1:
            self._ledger.slips.append((now - exchange.intended) / 1e9)
        try:
            connection.send(data)
        except OSError as error:
            self._lost(connection, failure_of(error), str(error))
            return
        if connection.out or connection.connecting:
            self._poll.modify(connection.fd, IN | OUT)

    def _free(self) -> Connection | None:
        """The connection that was idle last: the longer one is, the likelier the server has closed it."""
        while self._idle:
            connection = self._idle.pop()
            if connection.fd >= 0:
                return connection
        return None

    def _opened(self, exchange: Exchange) -> Connection:
        connection = self._opening.begin()
        exchange.fresh = True
        self._watch(connection)
        return connection

    def _watch(self, connection: Connection) -> None:
        self._connections[connection.fd] = connection
        self._poll.register(connection.fd)

    def _writable(self, connection: Connection) -> bool:
        """It can take more, or took the connection; False where it is lost."""
        was_connecting = connection.connecting
        try:
            connection.connected() if was_connecting else connection.flush()
        except OSError as error:
            self._lost(connection, failure_of(error, connecting=was_connecting), str(error))
            return False
        if not connection.out:
            self._poll.modify(connection.fd, IN)
        return True

    # ---- what came ---------------------------------------------------------------------------------------------------

    def _take_in(self, connection: Connection, came: int, data: bytes) -> None:
        """What was read of one connection, and when it came."""
        if connection.fd < 0:
            return
        exchange, tls = connection.exchange, connection.tls
        try:
            if not data:
                self._hung_up(connection, came)
                return
            if tls is not None:
                data = connection.opened(data)
                if connection.out:
                    self._poll.modify(connection.fd, IN | OUT)
            if data and (exchange is None or came < exchange.sent):
                self._lost(connection, "reset", "the server sent what was not asked for")
            elif data and exchange is not None and exchange.feed(data, came):
                self._answered(connection, exchange)
            if tls is not None and tls.over:
                self._hung_up(connection, came)
        except BadAnswer as wrong:
            self._lost(connection, wrong.failure, str(wrong))
        except OSError as error:
            self._lost(connection, failure_of(error, connecting=not connection.up), str(error))

    def _hung_up(self, connection: Connection, came: int) -> None:
        exchange = connection.exchange
        if exchange is not None and exchange.closed(came):
            self._answered(connection, exchange)
        if connection.fd >= 0:
            self._lost(connection, "closed-early", "the server closed the connection")

    def _answered(self, connection: Connection, exchange: Exchange) -> None:
        """An answer is whole: its connection is free, and a slot is."""
        connection.exchange = None
        connection.fresh = False
        if exchange.answer.keep and not connection.out:
            self._idle.append(connection)
        else:
            self._close(connection)
        if exchange.succeeded:
            self._failures = 0
            self._end(exchange, "", "")
        elif not self._asked_again(exchange):
            status = exchange.answer.status
            kind = "rate-limited" if status == 429 else "http"
            self._fail(exchange, kind, f"status {status} {exchange.refusal}")

    def _asked_again(self, exchange: Exchange) -> bool:
        """Whether a refused request goes out once more: without what it was refused for, or when the server says."""
        if exchange.plain + 1 < len(COUNTS) and is_about_counts(exchange):
            self.plainer = max(self.plainer, exchange.plain + 1)
            self._requests.ask(self.plainer)
            exchange.again()
            self._send(exchange)
            return True
        now = NOW()
        pause = coming_again(exchange)
        if pause is None or not exchange.slot or exchange.waits >= _MOST_WAITS or self._agenda.beyond(now + pause):
            return False
        self._ledger.waited += not exchange.waits
        exchange.waits += 1
        exchange.again()
        self._ledger.waits += 1
        self._agenda.wait(now + pause, exchange)
        self._set_due()
        return True

    # ---- ends --------------------------------------------------------------------------------------------------------

    def _lost(self, connection: Connection, failure: str, text: str) -> None:
        """A connection is gone. One that the server closed while it was idle is no failure of the request that met it."""
        exchange, stale = connection.exchange, not connection.fresh
        self._close(connection)
        if exchange is None:
            return
        if stale and not exchange.answer.begun and failure in ("closed-early", "reset"):
            self._ledger.stale += 1
            self._send(exchange, anew=True)
            return
        self._fail(exchange, failure, text)

    def _fail(self, exchange: Exchange, failure: str, text: str) -> None:
        """A failure; the slot rests, so that a server that is down is not asked ten thousand times a second."""
        rest = min(_LONGEST_REST, _FIRST_REST << min(self._failures, 10))
        self._failures += 1
        if exchange.slot and not self._stopped:
            self._agenda.wait(NOW() + rest, None)
            exchange.slot = False
        self._end(exchange, failure, text)
        self._set_due()

    def _end(self, exchange: Exchange, failure: str, text: str) -> None:
        self._ledger.end(exchange, failure, text)
        if exchange.slot:
            self._agenda.freed()
            self._send_due(NOW())

    def _overdue(self) -> None:
        """Requests whose time is over. Where something lies unread, the client was late: what came says whether it came in time."""
        before = NOW() - self._timeout
        for connection in tuple(self._connections.values()):
            exchange = connection.exchange
            if exchange is None or exchange.sent > before:
                continue
            if exchange.telling.last > exchange.sent + self._timeout or not connection.unread:
                self._close(connection)
                self._fail(exchange, "timeout", f"no whole answer within {self._timeout / 1e9:g} s")

    def _stop(self) -> None:
        """End now: what is under way is written down as stopped."""
        if self._stopped:
            return
        self._stopped = True
        waiting = self._agenda.stop(NOW())
        running = [connection.exchange for connection in self._connections.values() if connection.exchange]
        for connection in list(self._connections.values()):
            connection.exchange = None
            self._close(connection)
        for exchange in (*running, *waiting):
            exchange.slot = False
            self._fail(exchange, "stopped", "")
        self._due = NEVER

    def _close(self, connection: Connection) -> None:
        if connection.fd < 0:
            return
        self._poll.forget(connection.fd)
        del self._connections[connection.fd]
        connection.fd = -1
        connection.exchange = None
        connection.close()
