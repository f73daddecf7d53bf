"""`make deploy`: let the running site take new code, migrations and static files, and fail nothing.

The instances are restarted in turn. One that ends refuses new connections at once, so that nginx
asks the others, and answers what it has been asked. The settings stay those of the start.
"""

import fcntl
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from . import up
from .config import ROOT, Config
from .errors import DeployError
from .preparation import prepare
from .templates import nginx_conf

# Seconds. An instance loads its code in two or three.
START_TIMEOUT = 60
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
        replace(config, name)
    _supervisorctl(config, "restart", "relay")
    if (config.run / "nginx.conf").read_text() != nginx_conf(config):
        print("nginx's configuration has changed: it is used from the next `make up` on.")
    print("The new code is at work.")


def replace(config: Config, name: str) -> None:
    """Restart an instance, and wait until it answers. Raise DeployError if it does not."""
    _supervisorctl(config, "restart", f"{name.partition('.')[0]}:{name}")
    deadline = time.monotonic() + START_TIMEOUT
    while not up.is_live(config, config.instance_port(name)):
        if time.monotonic() > deadline:
            raise DeployError(
                f"{name} did not start with the new code: see {config.log}/{name}.log. "
                "The instances after it still run the old code."
            )
        time.sleep(LOOK_EVERY)


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


if __name__ == "__main__":
    os.umask(0o077)
    sys.exit(main())
