"""What is looked at before anything is started; each failure is one line."""

import errno
import fcntl
import importlib.util
import os
import socket
from typing import IO

from .config import Config
from .refusal import Refusal
from .templates import has_ipv6


def check_folders(config: Config) -> None:
    """Make VAR_DIR and what is in it; Refusal when it cannot be written."""
    try:
        for folder in (config.var, config.run, config.log):
            folder.mkdir(parents=True, exist_ok=True)
            probe = folder / f".probe-{os.getpid()}"
            probe.touch()
            probe.unlink()
    except OSError as error:
        raise Refusal(
            f"{error.filename or config.var} cannot be written ({error.strerror}). "
            "Let VAR_DIR name a folder that can."
        ) from None


def lock(config: Config) -> IO[str]:
    """Keep a second start in this VAR_DIR out, until the file is closed. Refusal when we are it."""
    file = (config.run / "up.lock").open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        raise Refusal(
            f"Twitsite runs here already (process {file.read().strip() or 'unknown'}). "
            "Stop that one first, with Ctrl-C or kill."
        ) from None
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    return file


def check_ports(config: Config) -> None:
    """Refusal when a port is taken, or is one that only root may take."""
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
        # As nginx and gunicorn do it: a port whose last user just ended is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        try:
            probe.bind((address, port))
        except PermissionError:
            raise Refusal(
                f"Port {port} ({variable}) is below 1024, which only root may use."
            ) from None
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise Refusal(
                    f"Port {port} ({variable}) is in use by another program. Stop that one, or "
                    f"choose other ports: make up WEB_PORT=8100 API_PORT=8180"
                ) from None
            raise Refusal(f"{address} (LISTEN) cannot be used: {error.strerror}.") from None


def load_settings(config: Config) -> dict[str, dict]:
    """DATABASES, from the services' own settings; Refusal with what they do not like.

    Reading the modules, without django.setup(), takes a sixth of a second.
    """
    for service in ("web", "api"):
        try:
            module = importlib.import_module(f"twitsite.settings.{service}")
        except Exception as error:
            text = " ".join(str(error).split()) or type(error).__name__
            raise Refusal(
                f"A setting is wrong, in {config.env_file} or the environment: {text}"
            ) from None
    check_driver(module.DATABASES)
    return module.DATABASES


def check_driver(databases: dict[str, dict]) -> None:
    """Refusal when a database is PostgreSQL's and what speaks to it is not installed."""
    theirs = [alias for alias, each in databases.items() if each["ENGINE"].endswith("postgresql")]
    if theirs and importlib.util.find_spec("psycopg") is None:
        raise Refusal(
            f"{', '.join(theirs)}: PostgreSQL needs psycopg. Install it with "
            ".venv/bin/python -m pip install 'psycopg[binary,pool]>=3.3,<4'"
        )
