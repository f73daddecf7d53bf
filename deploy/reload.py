"""`make deploy`: let the running site take new code, migrations and static files, and fail nothing.

Each instance starts a process with the new code beside the old one, on the same socket. The old one
ends when it has answered what it has been asked. The settings stay those of the start.
"""

import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from . import up
from .config import ROOT, Config
from .errors import DeployError
from .preparation import prepare
from .templates import nginx_conf

# Seconds. A worker loads its code in two or three, and ends in gunicorn's graceful_timeout.
START_TIMEOUT, END_TIMEOUT = 60, 15
LOOK_EVERY = 0.05


def main() -> int:
    try:
        config, _, databases = up.configure()
        with _only_one(config):
            deploy(config, databases)
    except DeployError as error:
        print(f"make deploy: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def deploy(config: Config, databases: dict[str, dict]) -> None:
    """Replace the code of a running installation. Idempotent; interrupted, it can be repeated.

    Raise DeployError, and leave the old code at work, if the new code does not start.
    """
    _check_it_runs(config)
    for service in ("api", "web"):
        _check_it_loads(service)
    prepare(config, databases, keep_old_files=True)
    for name in config.instance_urls():
        print(f"Replacing {name}", flush=True)
        replace_worker(config, name)
    _supervisorctl(config, "restart", "relay")
    if (config.run / "nginx.conf").read_text() != nginx_conf(config):
        print("nginx's configuration has changed: it is used from the next `make up` on.")
    print("The new code is at work.")


def replace_worker(config: Config, name: str) -> None:
    """Start a worker with the new code, then end the old one. Raise DeployError if it does not
    start."""
    master, old = _pid(config.master_file(name)), _pid(config.worker_file(name))
    if master is None or not _is_alive(master):
        raise DeployError(f"{name} does not run: `make status` shows what does.")
    os.kill(master, signal.SIGTTIN)  # gunicorn: one worker more
    try:
        _wait(lambda: _pid(config.worker_file(name)) != old or not _is_alive(master), START_TIMEOUT)
        new = _pid(config.worker_file(name))
        if new == old or not _is_alive(master):
            raise DeployError(
                f"{name} did not start with the new code: see {config.log}/{name}.log. "
                "The instances after it still run the old code."
            )
    finally:
        if _is_alive(master):
            os.kill(master, signal.SIGTTOU)  # one fewer: the oldest
    if not _wait(lambda: old is None or not _is_alive(old), END_TIMEOUT):
        raise DeployError(f"the old process of {name}, {old}, does not end.")


@contextmanager
def _only_one(config: Config) -> Iterator[None]:
    """Hold a lock. Raise DeployError if another `make deploy` holds it."""
    with (config.run / "deploy.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DeployError("another `make deploy` is at work.") from None
        yield


def _check_it_runs(config: Config) -> None:
    if not up.is_live(config, config.web_port) or not up.is_live(config, config.api_port):
        raise DeployError("Twitsite does not run here. `make up` starts it, with the new code.")


def _check_it_loads(service: str) -> None:
    """Raise DeployError if the service's code cannot be loaded."""
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": f"twitsite.settings.{service}"}
    command = [
        sys.executable,
        "-c",
        f"import django; django.setup(); import twitsite.urls_{service}",
    ]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise DeployError(f"the new code of the {service} service does not load: {last}")


def _supervisorctl(config: Config, *arguments: str) -> None:
    command = [sys.executable, "-m", "supervisor.supervisorctl"]
    conf = ["-c", str(config.run / "supervisord.conf")]
    done = subprocess.run([*command, *conf, *arguments], capture_output=True, text=True)
    if done.returncode:
        raise DeployError(f"supervisorctl {' '.join(arguments)} failed: {done.stdout.strip()}")


def _wait(condition: Callable[[], bool], seconds: float) -> bool:
    """Wait until the condition holds, and return whether it does."""
    deadline = time.monotonic() + seconds
    while not (holds := condition()) and time.monotonic() < deadline:
        time.sleep(LOOK_EVERY)
    return holds


def _pid(file: Path) -> int | None:
    try:
        return int(file.read_text())
    except (OSError, ValueError):
        return None


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


if __name__ == "__main__":
    os.umask(0o077)
    sys.exit(main())
