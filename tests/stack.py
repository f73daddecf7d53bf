"""All of Twitsite as `make up` runs it, on free ports and with its own files."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import requests

ROOT = Path(__file__).resolve().parent.parent


def free_ports(count: int) -> list[int]:
    """Return `count` different ports that are free now."""
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()


def wait_for(condition: Callable[[], object], seconds: float = 30, what: str = "") -> object:
    """Return the first true value of `condition`. Raise AssertionError after `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} s: {what or condition}")


class Stack:
    """nginx, three instances of each service and the relay, under supervisor."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder = folder
        self.var = folder / "var"
        web, api, *instances = free_ports(8)
        self.site = f"http://localhost:{web}"
        self.api = f"http://localhost:{api}/api/v1"
        self.api_root = f"http://localhost:{api}"
        self.ports = [web, api, *instances]
        # Without the test run's secret, and without what a `make test` passes to its children.
        foreign = ("SECRET_KEY", "MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES")
        inherited = {name: value for name, value in os.environ.items() if name not in foreign}
        self.environment = {
            **inherited,
            "ENV_FILE": str(folder / ".env"),
            "VAR_DIR": str(self.var),
            "WEB_PORT": str(web),
            "API_PORT": str(api),
            "WEB_INSTANCE_PORTS": ",".join(map(str, instances[:3])),
            "API_INSTANCE_PORTS": ",".join(map(str, instances[3:])),
            "POPULATION": "False",
            **environment,
        }
        self.process: subprocess.Popen | None = None
        self.output: list[str] = []

    def start(self, command: tuple[str, ...] = (sys.executable, "-m", "deploy.up")) -> "Stack":
        """Start it, and wait until `up` says that it runs."""
        self.output = []
        self.process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=self.environment,
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        for line in self.process.stdout:
            self.output.append(line)
            if "Ctrl-C stops everything" in line:
                return self
        raise AssertionError(f"make up ended:\n{''.join(self.output)}{self.logs()}")

    def stop(self, number: int = signal.SIGINT) -> int:
        """Send it a signal, wait until it ends, and return its exit code."""
        self.process.send_signal(number)
        try:
            return self.process.wait(30)
        finally:
            self.process.stdout.close()

    def logs(self) -> str:
        """Return the ends of all logs, for the message of a failure."""
        files = sorted((self.var / "log").glob("*.log"))
        return "\n".join(f"--- {file.name}\n{file.read_text()[-2000:]}" for file in files)

    def supervisorctl(self, *arguments: str) -> str:
        configuration = str(self.var / "run" / "supervisord.conf")
        command = [sys.executable, "-m", "supervisor.supervisorctl", "-c", configuration]
        done = subprocess.run([*command, *arguments], cwd=ROOT, capture_output=True, text=True)
        return done.stdout.strip()

    def pid(self, name: str) -> int:
        """Return the process id of an instance ("api.1")."""
        service = name.partition(".")[0]
        return int(self.supervisorctl("pid", f"{service}:{name}" if "." in name else name))

    def manage(self, *arguments: str) -> str:
        """Return the output of a management command on this stack's databases."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env={**self.environment, "DJANGO_SETTINGS_MODULE": "twitsite.settings.api"},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def processes(self) -> list[int]:
        """Return the ids of all processes that have this stack's VAR_DIR in their environment."""
        mine = f"VAR_DIR={self.var}"
        if sys.platform == "darwin":  # which has no /proc
            ps = ["ps", "-axwwE", "-o", "pid=,command="]
            lines = subprocess.run(ps, capture_output=True, text=True).stdout.splitlines()
            return [int(line.split()[0]) for line in lines if mine in line.split()]
        found = []
        for environ in Path("/proc").glob("[0-9]*/environ"):
            try:
                if mine.encode() in environ.read_bytes().split(b"\0"):
                    found.append(int(environ.parent.name))
            except OSError:
                continue
        return found


def new_member(api: str, name: str, password: str = "two herons") -> requests.Session:
    """Register `name` and log in. Return a session with their token."""
    member = requests.Session()
    member.trust_env = False
    account = {"username": name, "email": f"{name}@example.org", "password": password}
    made = member.post(f"{api}/accounts/", json=account, timeout=10)
    assert made.status_code == 201, made.text
    login = {"username": name, "password": password}
    token = member.post(f"{api}/tokens/", json=login, timeout=10).json()["token"]
    member.headers["Authorization"] = f"Bearer {token}"
    return member
