"""Starting and stopping the real processes that these tests talk to."""

import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import requests

ROOT = Path(__file__).resolve().parents[2]
SECRET_KEY = "tests-of-the-site"


def free_port() -> int:
    """Return a port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def environment(settings: str, var_dir: Path, **more: str) -> dict[str, str]:
    """Return the environment of a process, without anything from the machine's own .env."""
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": settings,
        "ENV_FILE": str(var_dir / "no.env"),
        "SECRET_KEY": SECRET_KEY,
        "VAR_DIR": str(var_dir),
        **more,
    }


def manage(*arguments: str, env: dict[str, str]) -> None:
    """Run a management command. Raise AssertionError with its output if it fails."""
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments], cwd=ROOT, env=env, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


class Server:
    """A gunicorn process with its `url` and its `log` file."""

    def __init__(self, application: str, env: dict[str, str], log: Path, port: int | None = None):
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = log
        self._arguments = [
            *(sys.executable, "-m", "gunicorn", "--no-control-socket", "--workers", "1"),
            *("--worker-class", "gthread", "--threads", "4", "--graceful-timeout", "2"),
            *("--bind", f"127.0.0.1:{self.port}", application),
        ]
        self._env = env
        self.start()

    def start(self) -> None:
        """Start the process and wait until it answers."""
        with self.log.open("a") as log:
            self._process = subprocess.Popen(
                self._arguments, cwd=ROOT, env=self._env, stdout=log, stderr=log
            )
        deadline = time.monotonic() + 40
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                requests.get(self.url + "/livez", timeout=5)
                return
            except (requests.ConnectionError, requests.Timeout):
                time.sleep(0.05)
        self.stop()
        raise AssertionError(f"{self._arguments[-1]} did not start:\n{self.log.read_text()}")

    def stop(self) -> None:
        """Stop the process and wait for its end."""
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(10)


@contextmanager
def running(application: str, env: dict[str, str], log: Path):
    """Run a Server for as long as the block lasts."""
    server = Server(application, env, log)
    try:
        yield server
    finally:
        server.stop()
