"""nginx as deploy/ configures it, before fake instances that record their requests."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import requests

from tests.stack import ROOT, free_ports, wait_for


@dataclass
class Answer:
    """What the instances answer: a status, headers besides their own, and after how long."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0


class Instance(BaseHTTPRequestHandler):
    """Answer with the request's headers and its number, as the test has set for the path.

    Under /dies, hang up after reading the request.
    """

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.requests.append((self.command, self.path))
        body = json.dumps({**self.headers, "number": len(self.server.requests)}).encode()
        if self.path.startswith("/dies") or not self.server.is_up:
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
            return
        answer = self.server.answers.get(self.path.partition("?")[0], Answer())
        time.sleep(answer.delay)
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body if self.command != "HEAD" else b"")

    do_HEAD = do_POST = do_PUT = do_PATCH = do_GET

    def log_message(self, *args: object) -> None:
        pass


@contextmanager
def balancer(folder: Path, **environment: str) -> Iterator["Balancer"]:
    """Run nginx as deploy/ configures it, before three fake instances of each service."""
    servers = [ThreadingHTTPServer(("127.0.0.1", 0), Instance) for _ in range(6)]
    asked: list[tuple[str, str]] = []
    answers: dict[str, Answer] = {}
    for server in servers:
        server.requests, server.answers, server.is_up = asked, answers, True
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}).start()
    ports = [str(server.server_address[1]) for server in servers]
    web, api = free_ports(2)
    process = subprocess.Popen(
        [sys.executable, "-m", "deploy.nginx"],
        cwd=ROOT,
        env={
            **os.environ,
            "ENV_FILE": str(folder / "none.env"),
            "VAR_DIR": str(folder / "var"),
            "WEB_PORT": str(web),
            "API_PORT": str(api),
            "WEB_INSTANCE_PORTS": ",".join(ports[:3]),
            "API_INSTANCE_PORTS": ",".join(ports[3:]),
            **environment,
        },
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(lambda: answers_http(web) and answers_http(api), what="nginx")
        yield Balancer(web, api, asked, answers, servers)
    finally:
        process.terminate()
        process.wait(10)
        for server in servers:
            server.shutdown()
            server.server_close()


class Balancer:
    """Both ports' addresses, what the instances were asked (method, path) and answer (by path)."""

    def __init__(
        self,
        web_port: int,
        api_port: int,
        asked: list[tuple[str, str]],
        answers: dict[str, Answer],
        servers: list[ThreadingHTTPServer],
    ) -> None:
        self.web_port = web_port
        self.site, self.api = f"http://localhost:{web_port}", f"http://localhost:{api_port}"
        self.asked, self.answers, self._servers = asked, answers, servers

    @contextmanager
    def without_instances(self) -> Iterator[None]:
        """Let every instance hang up, for as long as the block lasts."""
        self._set_up(False)
        try:
            yield
        finally:
            self._set_up(True)

    def _set_up(self, is_up: bool) -> None:
        for server in self._servers:
            server.is_up = is_up


def answers_http(port: int) -> bool:
    """Return whether nginx answers. That the port is open proves nothing: `nginx -t` opens it."""
    try:
        return requests.get(f"http://127.0.0.1:{port}/ready", timeout=5).ok
    except requests.ConnectionError:
        return False
