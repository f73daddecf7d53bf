"""A proxy in front of a PostgreSQL server, which may hold back its answers."""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path


class Proxy:
    """Listens on a port of this machine and passes everything on to the server's socket.

    `asked` is called with the bytes of each message of a client, and what it returns, if not None,
    is called before the answer to it is passed on.
    """

    def __init__(self, host: str, port: str, asked: Callable[[bytes], Callable[[], None] | None]):
        self._server = str(Path(host) / f".s.PGSQL.{port}")
        self._asked = asked
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._sockets = [self._listener]
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._listen, daemon=True).start()

    def __enter__(self) -> "Proxy":
        return self

    def __exit__(self, *error) -> None:
        for each in self._sockets:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def settings(self, settings: dict) -> dict:
        """Return the settings of a database, led through this proxy."""
        return {**settings, "HOST": "127.0.0.1", "PORT": str(self.port)}

    def _listen(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            # As libpq does: a small message must not wait for the next.
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            server = socket.socket(socket.AF_UNIX)
            server.connect(self._server)
            self._sockets += [client, server]
            _Line(client, server, self._asked)


class _Line:
    """One client's connection."""

    def __init__(self, client: socket.socket, server: socket.socket, asked) -> None:
        self._asked = asked
        self._before_answer: Callable[[], None] | None = None
        for work in ((client, server, self._question), (server, client, self._answer)):
            threading.Thread(target=self._pass_on, args=work, daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket, before) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                before(data)
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)

    def _question(self, data: bytes) -> None:
        self._before_answer = self._asked(data)

    def _answer(self, data: bytes) -> None:
        before, self._before_answer = self._before_answer, None
        if before is not None:
            before()
