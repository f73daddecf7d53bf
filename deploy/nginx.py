"""nginx of this installation in the foreground: `python -m deploy.nginx` (for the Procfile)."""

import os
import re
import subprocess
import sys

from . import config as deploy_config
from .checks import check_folders
from .config import Config
from .refusal import Refusal
from .system_packages import find_nginx
from .templates import nginx_conf

ACCESS_LOG_MOST = 100 * 1024 * 1024


def command(config: Config, nginx: str) -> list[str]:
    """Write nginx.conf and give the command that runs `nginx` on it. Raises Refusal."""
    _keep_short(config)
    path = config.run / "nginx.conf"
    path.write_text(nginx_conf(config))
    line = [nginx, "-p", str(config.run), "-c", str(path)]
    # Before it has read error_log it writes to a compiled-in path, which only root may open.
    if _version(nginx) >= (1, 19, 5):
        line += ["-e", "stderr"]
    tested = subprocess.run([*line, "-t", "-q"], capture_output=True, text=True)
    if tested.returncode:
        raise Refusal(f"nginx refuses its configuration: {tested.stderr.strip().splitlines()[0]}")
    return line


def _version(nginx: str) -> tuple[int, ...]:
    shown = subprocess.run([nginx, "-v"], capture_output=True, text=True).stderr
    found = re.search(r"nginx/(\d+)\.(\d+)\.(\d+)", shown)
    return tuple(map(int, found.groups())) if found else (0, 0, 0)


def _keep_short(config: Config) -> None:
    """One older access log is kept; nginx itself never cuts it."""
    path = config.log / "access.log"
    if path.exists() and path.stat().st_size > ACCESS_LOG_MOST:
        path.replace(path.with_suffix(".log.1"))


def main() -> None:
    try:
        config = deploy_config.read()
        check_folders(config)
        nginx = find_nginx()
        if nginx is None:
            raise Refusal("nginx is not installed. `make up` installs it where it may.")
        line = command(config, nginx)
    except Refusal as refusal:
        sys.exit(f"nginx: {refusal}")
    os.execv(line[0], line)


if __name__ == "__main__":
    main()
