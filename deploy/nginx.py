"""Run this installation's nginx in the foreground: `python -m deploy.nginx` (for the Procfile)."""

import os
import re
import shutil
import subprocess
import sys

from . import config as deploy_config
from .checks import check_folders
from .config import Config
from .errors import DeployError
from .system_packages import find_nginx
from .templates import nginx_conf

ACCESS_LOG_MAX_BYTES = 100 * 1024 * 1024


def command(config: Config, nginx: str) -> list[str]:
    """Write nginx.conf and return the command that runs `nginx` with it.

    Raise DeployError if nginx rejects the configuration.
    """
    _rotate_access_log(config)
    shutil.rmtree(config.run / "nginx-cache", ignore_errors=True)  # pages of another version
    path = config.run / "nginx.conf"
    path.write_text(nginx_conf(config))
    line = [nginx, "-p", str(config.run), "-c", str(path)]
    # Until it has read error_log, nginx writes to a compiled-in path that only root may open.
    if _version(nginx) >= (1, 19, 5):
        line += ["-e", "stderr"]
    tested = subprocess.run([*line, "-t", "-q"], capture_output=True, text=True)
    if tested.returncode:
        reason = tested.stderr.strip().splitlines()[0]
        raise DeployError(f"nginx rejects its configuration: {reason}")
    return line


def _version(nginx: str) -> tuple[int, ...]:
    shown = subprocess.run([nginx, "-v"], capture_output=True, text=True).stderr
    found = re.search(r"nginx/(\d+)\.(\d+)\.(\d+)", shown)
    return tuple(map(int, found.groups())) if found else (0, 0, 0)


def _rotate_access_log(config: Config) -> None:
    """Keep one older access log. nginx itself never rotates it."""
    path = config.log / "access.log"
    if path.exists() and path.stat().st_size > ACCESS_LOG_MAX_BYTES:
        path.replace(path.with_suffix(".log.1"))


def main() -> None:
    try:
        config = deploy_config.read()
        check_folders(config)
        nginx = find_nginx()
        if nginx is None:
            raise DeployError("nginx is not installed. `make up` installs it.")
        line = command(config, nginx)
    except DeployError as error:
        sys.exit(f"nginx: {error}")
    os.execv(line[0], line)


if __name__ == "__main__":
    main()
