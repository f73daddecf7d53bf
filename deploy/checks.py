"""Checks made before anything is started. Each failure is a DeployError of one line."""

import errno
import fcntl
import importlib
import importlib.util
import os
import socket
from typing import IO

from .config import Config
from .errors import DeployError
from .templates import has_ipv6


def check_folders(config: Config) -> None:
    """Create VAR_DIR and the folders in it. Raise DeployError if one cannot be written."""
    try:
        for folder in (config.var, config.run, config.log):
            folder.mkdir(parents=True, exist_ok=True)
            probe = folder / f".probe-{os.getpid()}"
            probe.touch()
            probe.unlink()
    except OSError as error:
        raise DeployError(
            f"{error.filename or config.var} cannot be written ({error.strerror}). "
            "Set VAR_DIR to a folder that can be."
        ) from None


def lock(config: Config) -> IO[str]:
    """Lock this VAR_DIR until the returned file is closed.

    Raise DeployError if another process holds the lock.
    """
    file = (config.run / "up.lock").open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        raise DeployError(
            f"Twitsite runs here already (process {file.read().strip() or 'unknown'}). "
            "Stop it first, with Ctrl-C or kill."
        ) from None
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    return file


def check_ports(config: Config) -> None:
    """Raise DeployError if a port is in use, or is one that only root may use."""
    for address in config.listen:
        _check_port(address, config.web_port, "WEB_PORT")
        _check_port(address, config.api_port, "API_PORT")
    for port in config.web_instances:
        _check_port("127.0.0.1", port, "WEB_INSTANCE_PORTS")
    for port in config.api_instances:
        _check_port("127.0.0.1", port, "API_INSTANCE_PORTS")


def _check_port(address: str, port: int, variable: str) -> None:
    if ":" in address and not has_ipv6():
        return
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as probe:
        # As nginx and gunicorn do: a port in TIME_WAIT counts as free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        try:
            probe.bind((address, port))
        except PermissionError:
            raise DeployError(
                f"Port {port} ({variable}) is below 1024, which only root may use."
            ) from None
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise DeployError(
                    f"Port {port} ({variable}) is in use by another program. Stop that program, "
                    "or choose other ports: make up WEB_PORT=8100 API_PORT=8180"
                ) from None
            raise DeployError(f"{address} (LISTEN) cannot be used: {error.strerror}.") from None


def load_settings(config: Config) -> dict[str, dict]:
    """Return DATABASES of the API. Raise DeployError if either service's settings are invalid.

    Imports the settings modules without django.setup(), which takes a sixth of a second.
    """
    for service in ("web", "api"):
        try:
            module = importlib.import_module(f"twitsite.settings.{service}")
        except Exception as error:
            text = " ".join(str(error).split()) or type(error).__name__
            raise DeployError(
                f"A setting is wrong, in {config.env_file} or the environment: {text}"
            ) from None
    check_driver(module.DATABASES)
    return module.DATABASES


def check_driver(databases: dict[str, dict]) -> None:
    """Raise DeployError if a database is on PostgreSQL and psycopg is not installed."""
    aliases = [alias for alias, each in databases.items() if each["ENGINE"].endswith("postgresql")]
    if aliases and importlib.util.find_spec("psycopg") is None:
        raise DeployError(
            f"{', '.join(aliases)}: PostgreSQL needs psycopg. Install it with "
            ".venv/bin/python -m pip install 'psycopg[binary,pool]>=3.3,<4'"
        )
