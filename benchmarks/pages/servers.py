"""Servers: the peers and the floors under gunicorn, as the site's own instances run: three
processes of eight threads."""

import os
import subprocess
import sys
from contextlib import AbstractContextManager
from pathlib import Path

import requests

from benchmarks.pages.processes import Groups, tree
from benchmarks.pages.sites import Site
from tests.stack import ROOT, free_ports, wait_for

PAGE_OF_PEERS = {"mark": b'<li><img src="http', "shown": "sign out [{}]"}
GUNICORN = (
    "--worker-class gthread --threads 8 --preload --keep-alive 75 --timeout 60 "
    "--no-control-socket --log-level warning"
).split()
SHARED_MEMORY = Path("/dev/shm")


class Server(AbstractContextManager):
    """One WSGI application on a port of its own."""

    def __init__(self, module: str, workers: int = 3, **environment: str) -> None:
        self.port = free_ports(1)[0]
        self.url = f"http://127.0.0.1:{self.port}"
        beat = ["--worker-tmp-dir", str(SHARED_MEMORY)] if SHARED_MEMORY.is_dir() else []
        command = [sys.executable, "-m", "gunicorn", *GUNICORN, *beat, "--workers", str(workers)]
        self.process = subprocess.Popen(
            [*command, "--bind", f"127.0.0.1:{self.port}", f"{module}:application"],
            cwd=ROOT,
            env={**os.environ, "ENV_FILE": os.devnull, **environment},
            start_new_session=True,
        )
        try:
            wait_for(self._answers, what=module)
        except AssertionError:
            self.process.terminate()
            raise

    def __exit__(self, *error: object) -> None:
        self.process.terminate()
        self.process.wait(30)

    def _answers(self) -> bool:
        assert self.process.poll() is None, "gunicorn has ended"
        try:
            return bool(requests.get(f"{self.url}/public", timeout=5).status_code)
        except requests.ConnectionError:
            return False


class Served(Site):
    """A site of servers of ours: the first answers, the rest are behind it."""

    def __init__(self, name: str, servers: dict[str, Server], **page: object) -> None:
        port = next(iter(servers.values())).port
        super().__init__(name, f"127.0.0.1:{port}", [port], **page)
        self._servers = servers

    def groups(self) -> Groups:
        return {name: tree(server.process.pid) for name, server in self._servers.items()}
