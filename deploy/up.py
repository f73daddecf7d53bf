"""`make up`: check, prepare, start nginx and every instance, and stop them all at the end.

python -m deploy.up             everything, until Ctrl-C or SIGTERM
python -m deploy.up --prepare   databases and static files only (before `honcho start`)
"""

import http.client
import os
import signal
import subprocess
import sys
import time

from . import checks, env_file, nginx, processes, system_packages
from . import config as deploy_config
from .config import ROOT, Config
from .errors import DeployError
from .exposure import DEMO_MEMBERS, PUBLISHED_PASSWORD
from .preparation import is_populated, prepare
from .templates import supervisord_conf

READY_TIMEOUT = 90  # seconds; the first start on a slow machine takes about twenty
POLL_INTERVAL = 0.1  # seconds


class ShutdownRequested(Exception):
    """Ctrl-C, SIGTERM, or a closed terminal."""


class Shutdown:
    """Whether somebody has asked us to stop. Only the first signal counts.

    Until `defer` is called, the first signal raises ShutdownRequested out of whatever runs. After
    it, the signal is only recorded, and `check` raises. Once there are processes to stop, nothing
    may depend on an exception raised in a signal handler: Python drops one raised inside a
    destructor, and one raised inside Popen.wait() can leave its lock held.
    """

    def __init__(self) -> None:
        self.requested = False
        self._raises = True
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            # nohup has SIGHUP ignored on purpose. A shell ignores SIGINT for a background job, but
            # not because anybody wants that: `kill -INT` must stop it too.
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self._record)

    def _record(self, number: int, frame: object) -> None:
        first, self.requested = not self.requested, True
        if first and self._raises:
            raise ShutdownRequested

    def defer(self) -> None:
        """Only record signals from now on. Raise ShutdownRequested if one has come already."""
        self._raises = False
        self.check()

    def check(self) -> None:
        """Raise ShutdownRequested if a signal has come."""
        if self.requested:
            raise ShutdownRequested


def main() -> int:
    shutdown = Shutdown()
    try:
        if "--prepare" in sys.argv:
            prepare_only()
            shutdown.check()
            return 0
        return up(shutdown)
    except DeployError as error:
        print(f"make up: {error}", file=sys.stderr)
        return 1
    except ShutdownRequested:
        return 130


def up(shutdown: Shutdown) -> int:
    """Run everything until a signal comes. Return the exit code."""
    config, program, databases = configure()
    with checks.lock(config):
        checks.check_ports(config)
        prepare(config, databases)
        shutdown.defer()
        supervisor = start(config, program)
        try:
            wait_until_ready(config, supervisor, shutdown)
            announce(config)
            while supervisor.poll() is None:
                shutdown.check()
                time.sleep(POLL_INTERVAL)
            raise DeployError(f"supervisord has ended. See {config.log}/supervisord.log")
        except ShutdownRequested:
            print("\nStopping …", flush=True)
            return 0
        finally:
            stop(supervisor)


def configure() -> tuple[Config, str, dict[str, dict]]:
    """Return the configuration, nginx's path and DATABASES, all checked."""
    config = deploy_config.read()
    if env_file.create(config.env_file):
        print(f"Created {config.env_file} with a new secret", flush=True)
        config = deploy_config.read()
    checks.check_folders(config)
    databases = checks.load_settings(config)
    try:
        program = system_packages.ensure_nginx()
    except system_packages.MissingPackage as error:
        raise DeployError(str(error)) from None
    return config, program, databases


def prepare_only() -> None:
    """Do everything that comes before starting."""
    config, _, databases = configure()
    with checks.lock(config):
        prepare(config, databases)


def start(config: Config, program: str) -> subprocess.Popen:
    """Start supervisord, which starts nginx, the instances and the relay."""
    path = config.run / "supervisord.conf"
    path.write_text(supervisord_conf(config, nginx.command(config, program)))
    processes.adopt_orphans()
    return subprocess.Popen(
        [sys.executable, "-m", "supervisor.supervisord", "-c", str(path)],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        # Its own session, so that Ctrl-C reaches this process only, which then stops supervisord.
        start_new_session=True,
        preexec_fn=processes.terminate_with_parent,
    )


def stop(supervisor: subprocess.Popen) -> None:
    """Stop supervisord, and any descendant that it has left behind."""
    supervisor.terminate()
    try:
        supervisor.wait(20)
    except subprocess.TimeoutExpired:
        supervisor.kill()
        supervisor.wait()
    processes.end_descendants()


def wait_until_ready(config: Config, supervisor: subprocess.Popen, shutdown: Shutdown) -> None:
    """Wait until every instance and nginx answer.

    Raise DeployError if supervisord ends, or after READY_TIMEOUT.
    """
    waiting = {f"web.{n}": port for n, port in enumerate(config.web_instances, 1)}
    waiting |= {f"api.{n}": port for n, port in enumerate(config.api_instances, 1)}
    deadline = time.monotonic() + READY_TIMEOUT
    while waiting or not is_live(config, config.web_port):
        shutdown.check()
        if supervisor.poll() is not None:
            raise DeployError(f"supervisord did not start. See {config.log}/supervisord.log")
        if time.monotonic() > deadline:
            logs = ", ".join(f"{config.log}/{name}.log" for name in waiting or ["nginx"])
            raise DeployError(f"{', '.join(waiting) or 'nginx'} did not start. See {logs}")
        waiting = {name: port for name, port in waiting.items() if not is_live(config, port)}
        time.sleep(0.05)


def is_live(config: Config, port: int, path: str = "/livez") -> bool:
    """Return whether GET `path` on this port answers 200."""
    address = config.listen[0] if port in (config.web_port, config.api_port) else "127.0.0.1"
    address = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address, address)
    connection = http.client.HTTPConnection(address, port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def announce(config: Config) -> None:
    """Print the addresses and how to log in."""
    lines = [
        "",
        f"  Twitsite runs:  {config.site_url}",
        f"  API:            {config.api_url}api/v1/   docs: {config.api_url}api/docs/",
        f"  Admin:          {config.api_url}admin/    as admin, {admin_password(config)}",
        *demo_members(config),
        f"  Logs:           {config.log}",
        "",
        "  Ctrl-C stops everything.",
        "",
    ]
    print("\n".join(lines), flush=True)


def demo_members(config: Config) -> list[str]:
    """Return the line with the demo members that are there."""
    there = [
        name
        for name in DEMO_MEMBERS
        if is_populated(config) and is_live(config, config.api_port, f"/api/v1/accounts/{name}/")
    ]
    names = ", ".join(there)
    return [f"  Demo members:   {names}; password: {PUBLISHED_PASSWORD}"] if there else []


def admin_password(config: Config) -> str:
    """Return where the password of the operator is; it is on the screen once only."""
    if os.environ.get("ADMIN_PASSWORD"):
        return f"password: ADMIN_PASSWORD in {config.env_file}"
    return "password: shown at the first start"


if __name__ == "__main__":
    os.umask(0o077)  # databases, logs and sockets are for their owner only
    sys.exit(main())
