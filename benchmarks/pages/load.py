"""The load generator: raw sockets and one epoll, so that it costs some 40 µs of CPU an answer.

Each answer is held against what was expected of it: a page that is fast and wrong must not count.
"""

import math
import select
import socket
import statistics
import time
import zlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

STALLED = 30.0  # seconds without any answer after which a run is given up
CHUNK = 256 * 1024


class Request(NamedTuple):
    """What is sent, and what must come back: the status, texts, and `mark` so many times."""

    data: bytes
    status: int = 200
    holds: tuple[bytes, ...] = ()
    mark: bytes = b""
    count: int = 0

    def fault(self, status: int, body: bytes) -> str:
        """What is wrong with an answer, or "" for nothing."""
        if status != self.status:
            return f"status {status}"
        if self.mark and (found := body.count(self.mark)) != self.count:
            return f"{found} messages"
        if not all(text in body for text in self.holds):
            return "without what it must hold"
        return ""


@dataclass
class Tally:
    """What came of the requests of one run, or of several together."""

    took: list[float] = field(default_factory=list)  # seconds from sending to the last byte
    wrong: Counter[str] = field(default_factory=Counter)
    size: int = 0  # bytes of all answers with their heads
    elapsed: float = 0.0
    client: float = 0.0  # seconds of CPU of this generator
    sample: bytes = b""  # the last body

    def merge(self, other: "Tally") -> None:
        """Add another run's."""
        self.took += other.took
        self.wrong += other.wrong
        self.size += other.size
        self.elapsed += other.elapsed
        self.client += other.client
        self.sample = other.sample or self.sample

    @property
    def answers(self) -> int:
        return len(self.took)

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.answers / self.elapsed if self.elapsed else 0.0

    def percentile(self, percent: int) -> float:
        """Milliseconds within which so many percent of the answers came."""
        if len(self.took) < 2:
            return 1000 * sum(self.took)
        return 1000 * statistics.quantiles(self.took, n=100, method="inclusive")[percent - 1]

    @property
    def packed(self) -> int:
        """Bytes of the last body as nginx compresses it for a browser."""
        return len(zlib.compress(self.sample, 1))


class _Connection:
    """One keep-alive connection with at most one request on its way."""

    def __init__(self, address: tuple[str, int]) -> None:
        self.address = address
        self.open()

    def open(self) -> None:
        self.socket = socket.create_connection(self.address, timeout=10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        self.request: Request | None = None
        self._received = b""
        self._missing = 0

    def send(self, request: Request, now: float) -> None:
        self.request, self.began = request, now
        self._received, self._missing = b"", 0
        self.socket.send(request.data)  # less than a socket's buffer

    def receive(self) -> bytes | None:
        """The whole answer once it is there, b"" when the connection was closed, else None."""
        try:
            data = self.socket.recv(CHUNK)
        except ConnectionError:
            data = b""
        if not data:
            return b""
        self._received = self._received + data if self._received else data
        self._missing -= len(data)
        if self._missing > 0:
            return None
        self._missing = missing(self._received)
        return self._received if self._missing <= 0 else None


def missing(received: bytes) -> int:
    """How many bytes of an HTTP answer are still to come; 1 when that cannot be known yet."""
    end = received.find(b"\r\n\r\n")
    if end < 0:
        return 1
    head = received[:end].lower()
    place = head.find(b"\r\ncontent-length:")
    if place >= 0:
        length = int(head[place + 17 :].split(b"\r\n", 1)[0])
        return end + 4 + length - len(received)
    if b"\r\ntransfer-encoding: chunked" in head:
        return 0 if received.endswith(b"\r\n0\r\n\r\n") else 1
    return 0


class Load:
    """Connections to a server, spread over its addresses; a context manager that closes them."""

    def __init__(self, addresses: list[tuple[str, int]], connections: int) -> None:
        self._poll = select.epoll()
        self._by_file: dict[int, _Connection] = {}
        for number in range(connections):
            self._register(_Connection(addresses[number % len(addresses)]))

    def __enter__(self) -> "Load":
        return self

    def __exit__(self, *error: object) -> None:
        for connection in self._by_file.values():
            connection.socket.close()
        self._poll.close()

    def run(
        self,
        requests: Iterable[Request],
        *,
        seconds: float = math.inf,
        rate: float = math.inf,
    ) -> Tally:
        """Send until the requests or the seconds end, at most `rate` a second, and wait for the
        last answer. Each connection sends its next request when it has its answer."""
        tally, feed = Tally(), iter(requests)
        idle = list(self._by_file.values())
        cpu, began, sent, more = time.thread_time(), time.perf_counter(), 0, True
        while more or len(idle) < len(self._by_file):
            now = time.perf_counter()
            while more and idle and sent <= (now - began) * rate:
                request = next(feed, None) if now - began < seconds else None
                if request is None:
                    more = False
                    break
                idle.pop().send(request, now)
                sent += 1
            if more or len(idle) < len(self._by_file):
                waits = more and idle and rate < math.inf
                self._take(tally, idle, 0.001 if waits else STALLED)
        tally.elapsed = time.perf_counter() - began
        tally.client = time.thread_time() - cpu
        return tally

    def _take(self, tally: Tally, idle: list[_Connection], patience: float) -> None:
        """Note every answer that is there."""
        events = self._poll.poll(patience)
        if not events and patience == STALLED:
            raise TimeoutError(f"no answer within {STALLED:g} s")
        for file, _ in events:
            connection = self._by_file[file]
            answer = connection.receive()
            if answer is None:
                continue
            if connection.request is not None:
                _note(tally, connection, answer)
                idle.append(connection)
            if not answer or _is_last(answer):
                self._reopen(connection)
            connection.request = None

    def _reopen(self, connection: _Connection) -> None:
        del self._by_file[connection.socket.fileno()]
        connection.socket.close()
        connection.open()
        self._register(connection)

    def _register(self, connection: _Connection) -> None:
        self._by_file[connection.socket.fileno()] = connection
        self._poll.register(connection.socket.fileno(), select.EPOLLIN)


def _is_last(answer: bytes) -> bool:
    """Return whether the server closes the connection after this answer, as nginx does after each
    keepalive_requests."""
    head = answer[: answer.find(b"\r\n\r\n")].lower()
    return b"\r\nconnection: close" in head


def _note(tally: Tally, connection: _Connection, answer: bytes) -> None:
    tally.took.append(time.perf_counter() - connection.began)
    if not answer:
        tally.wrong["closed"] += 1
        return
    tally.size += len(answer)
    tally.sample = answer[answer.find(b"\r\n\r\n") + 4 :]
    if fault := connection.request.fault(int(answer[9:12]), answer):
        tally.wrong[fault] += 1
