"""`make up`: checks, prepares, starts nginx and every instance, and ends them all again.

python -m deploy.up             all of it, until Ctrl-C or SIGTERM
python -m deploy.up --prepare   databases and static files only (before `honcho start`)
"""

import http.client
import os
import signal
import subprocess
import sys
import time

from . import checks, descendants, environment, nginx, system_packages
from . import config as deploy_config
from .config import ROOT, Config
from .preparation import prepare
from .refusal import Refusal
from .templates import supervisord_conf

READY_WITHIN = 90  # seconds; a slow machine on its first start needs some twenty
LOOK_EVERY = 0.1  # seconds between two looks at whether to end
DEMO_MEMBERS = "alice, bob, charlie, dana"
DEMO_PASSWORD = "minitwit-demo"


class Stopped(Exception):
    """Somebody asked us to end: Ctrl-C, SIGTERM, a closed terminal."""


class Ending:
    """Whether somebody asked us to end. A second Ctrl-C, while we are at it, changes nothing.

    The first one raises Stopped out of whatever runs, until `defer` is called; from then on it
    is only noted, and `check` raises. Once there are processes to end nothing may depend on an
    exception that comes out of a signal handler: Python drops one that meets a destructor, and one
    inside Popen.wait() can leave its lock taken.
    """

    def __init__(self) -> None:
        self.asked = False
        self._raises = True
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            # nohup has SIGHUP ignored, and means it. A shell has a background job's SIGINT ignored,
            # and does not: `kill -INT` shall end it too.
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self._note)

    def _note(self, number: int, frame: object) -> None:
        first, self.asked = not self.asked, True
        if first and self._raises:
            raise Stopped

    def defer(self) -> None:
        """From now on only note it. Stopped when it was asked for already."""
        self._raises = False
        self.check()

    def check(self) -> None:
        """Stopped when somebody asked."""
        if self.asked:
            raise Stopped


def main() -> int:
    ending = Ending()
    try:
        if "--prepare" in sys.argv:
            get_ready()
            ending.check()
            return 0
        return up(ending)
    except Refusal as refusal:
        print(f"make up: {refusal}", file=sys.stderr)
        return 1
    except Stopped:
        return 130


def up(ending: Ending) -> int:
    """Run everything until it is stopped; the exit code."""
    config, program, databases = configure()
    with checks.lock(config):
        checks.check_ports(config)
        prepare(config, databases)
        ending.defer()
        supervisor = start(config, program)
        try:
            wait_until_ready(config, supervisor, ending)
            announce(config)
            while supervisor.poll() is None:
                ending.check()
                time.sleep(LOOK_EVERY)
            raise Refusal(f"supervisord ended by itself. {config.log}/supervisord.log says why.")
        except Stopped:
            print("\nStopping …", flush=True)
            return 0
        finally:
            stop(supervisor)


def configure() -> tuple[Config, str, dict[str, dict]]:
    """The configuration, nginx's path and DATABASES, of an installation that can be started."""
    config = deploy_config.read()
    if environment.make(config.env_file):
        print(f"Made {config.env_file} with a secret of its own", flush=True)
        config = deploy_config.read()
    checks.check_folders(config)
    databases = checks.load_settings(config)
    try:
        program = system_packages.need_nginx()
    except system_packages.Missing as missing:
        raise Refusal(str(missing)) from None
    return config, program, databases


def get_ready() -> None:
    """All that comes before starting."""
    config, _, databases = configure()
    with checks.lock(config):
        prepare(config, databases)


def start(config: Config, program: str) -> subprocess.Popen:
    """Start supervisord, which starts the rest."""
    path = config.run / "supervisord.conf"
    path.write_text(supervisord_conf(config, nginx.command(config, program)))
    descendants.adopt_orphans()
    return subprocess.Popen(
        [sys.executable, "-m", "supervisor.supervisord", "-c", str(path)],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        # A session of its own: Ctrl-C in the terminal is for us, and we tell supervisord.
        start_new_session=True,
        preexec_fn=descendants.end_with_parent,
    )


def stop(supervisor: subprocess.Popen) -> None:
    """End supervisord and, should it have left any, every process that came from us."""
    supervisor.terminate()
    try:
        supervisor.wait(20)
    except subprocess.TimeoutExpired:
        supervisor.kill()
        supervisor.wait()
    descendants.end_all()


def wait_until_ready(config: Config, supervisor: subprocess.Popen, ending: Ending) -> None:
    """Come back when every instance and nginx answer; Refusal when that does not happen."""
    waiting = {f"web.{n}": port for n, port in enumerate(config.web_instances, 1)}
    waiting |= {f"api.{n}": port for n, port in enumerate(config.api_instances, 1)}
    deadline = time.monotonic() + READY_WITHIN
    while waiting or not answers(config, config.web_port):
        ending.check()
        if supervisor.poll() is not None:
            raise Refusal(f"supervisord did not start. {config.log}/supervisord.log says why.")
        if time.monotonic() > deadline:
            logs = ", ".join(f"{config.log}/{name}.log" for name in waiting or ["nginx"])
            raise Refusal(f"{', '.join(waiting) or 'nginx'} did not start. See {logs}")
        waiting = {name: port for name, port in waiting.items() if not answers(config, port)}
        time.sleep(0.05)


def answers(config: Config, port: int) -> bool:
    """Whether /livez on this port is answered with a 200."""
    address = config.listen[0] if port in (config.web_port, config.api_port) else "127.0.0.1"
    address = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address, address)
    connection = http.client.HTTPConnection(address, port, timeout=5)
    try:
        connection.request("GET", "/livez")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def announce(config: Config) -> None:
    """Where everything is, and how to get in."""
    lines = [
        "",
        f"  Twitsite runs:  {config.site_url}",
        f"  API:            {config.api_url}api/v1/   docs: {config.api_url}api/docs/",
        f"  Admin:          {config.api_url}admin/    as admin, password: {admin_password(config)}",
        f"  Demo members:   {DEMO_MEMBERS}; password: {DEMO_PASSWORD}",
        f"  Logs:           {config.log}",
        "",
        "  Ctrl-C stops everything.",
        "",
    ]
    print("\n".join(lines), flush=True)


def admin_password(config: Config) -> str:
    """The well-known one in full; one of somebody's own stays off the screen."""
    if os.environ.get("ADMIN_PASSWORD") == DEMO_PASSWORD:
        return DEMO_PASSWORD
    return f"ADMIN_PASSWORD in {config.env_file}"


if __name__ == "__main__":
    os.umask(0o077)  # databases, logs and sockets are nobody else's
    sys.exit(main())
