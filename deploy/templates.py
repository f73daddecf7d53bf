"""The configuration files of nginx and supervisor, rendered from the templates beside this file."""

import json
import os
import re
import resource
import socket
import sys
import tempfile
from hashlib import sha256
from pathlib import Path

from .config import ROOT, Config

HERE = Path(__file__).parent
MAX_OPEN_FILES = 32768

# What nginx answers itself, without asking an instance.
API_ERRORS = {
    400: "This is not a valid HTTP request.",
    403: "This cannot be read from your address.",
    405: "This method is not supported.",
    413: "The body is too large.",
    414: "The address is too long.",
    501: "This is not supported.",
    505: "This version of HTTP is not supported.",
    504: "The API took too long to answer. Try again.",
}
SITE_ERRORS = {
    400: "Your browser sent an invalid request.",
    405: "This page does not support that kind of request.",
    413: "That is too large. A message may have 280 characters, a picture 10 MB.",
    414: "This address is too long.",
    501: "This is not supported.",
    505: "This version of HTTP is not supported.",
    504: "The page took too long to answer. Please try again.",
}
API_DOWN = "The API is not running just now. Try again in a few seconds."
SITE_DOWN = "Twitsite is not running just now. Please try again in a few seconds."


def render(template: str, values: dict[str, object]) -> str:
    """Replace each {{ name }} of `template`. Raise KeyError for a name without a value."""
    return re.sub(r"\{\{ (\w+) \}\}", lambda match: str(values[match[1]]), template)


def error_page(text: str) -> str:
    """Return a self-contained page, escaped for a single-quoted nginx string."""
    html = render((HERE / "error.html").read_text().strip(), {"text": text})
    return html.replace("'", r"\'")


def _error_locations(bodies: dict[int, str]) -> str:
    """Return the nginx locations that answer `bodies` (by status) with the request's id.

    They have paths and not names: of a request that nginx cannot read there is no path, and then it
    answers 500 ("empty URI in redirect to named location").
    """
    return "\n".join(
        f"        error_page {status} /.nginx/{status};\n"
        f"        location = /.nginx/{status} {{\n"
        f"            internal;\n"
        f"            add_header X-Request-ID $rid always;\n"
        f"            add_header X-Served-By nginx always;\n"
        f"            return {status} '{body}';\n"
        f"        }}"
        for status, body in bodies.items()
    )


def _listen(config: Config, port: int) -> str:
    lines = []
    for address in config.listen:
        if ":" not in address:
            lines.append(f"        listen {address}:{port};")
        elif has_ipv6():
            lines.append(f"        listen [{address}]:{port} ipv6only=on;")
    return "\n".join(lines)


def _servers(ports: tuple[int, ...]) -> str:
    return "\n".join(f"        server 127.0.0.1:{port} max_fails=0;" for port in ports)


def has_ipv6() -> bool:
    """Return whether this machine has an IPv6 loopback address; many containers do not."""
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


def nginx_conf(config: Config) -> str:
    """Return nginx's configuration."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    open_files = MAX_OPEN_FILES if limit == resource.RLIM_INFINITY else min(limit, MAX_OPEN_FILES)
    values = {
        # Started by root, the workers stay root: VAR_DIR may be closed to every other user.
        "user": "user root;" if os.geteuid() == 0 and sys.platform == "linux" else "",
        "run": config.run,
        "log": config.log,
        "static": config.var / "static",
        "open_files": open_files,
        "connections": open_files // 2,  # each proxied connection takes two files
        "web_port": config.web_port,
        "api_port": config.api_port,
        "web_listen": _listen(config, config.web_port),
        "api_listen": _listen(config, config.api_port),
        "web_servers": _servers(config.web_instances),
        "api_servers": _servers(config.api_instances),
        "trusted": "\n".join(f"        {network} 1;" for network in config.trusted_proxies),
        "microcache_language": "$visitor_language" if config.microcache_seconds else '""',
        "web_forwarded": "$proxy_add_x_forwarded_for" if config.https else "$remote_addr",
        "api_down": json.dumps({"detail": API_DOWN}),
        "site_down": error_page(SITE_DOWN),
        "api_errors": _error_locations(
            {status: json.dumps({"detail": text}) for status, text in API_ERRORS.items()}
        ),
        "site_errors": _error_locations(
            {status: error_page(text) for status, text in SITE_ERRORS.items()}
        ),
    }
    return render((HERE / "nginx.conf").read_text(), values)


def supervisor_socket(config: Config) -> Path:
    """Return the path of supervisord's socket: at most 104 bytes on a Mac, 108 on Linux."""
    path = config.run / "supervisor.sock"
    if len(os.fsencode(path)) < 100:
        return path
    digest = sha256(os.fsencode(path)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"twitsite-{digest}.sock"


def supervisord_conf(config: Config, nginx_command: list[str]) -> str:
    """Return supervisord's configuration."""
    values = {
        "root": _literal(ROOT),
        "run": _literal(config.run),
        "log": _literal(config.log),
        "socket": _literal(supervisor_socket(config)),
        "user": "user=root" if os.geteuid() == 0 else "",
        "python": _quoted(sys.executable),
        "gunicorn_conf": _quoted(HERE / "gunicorn.conf.py"),
        "manage": _quoted(ROOT / "manage.py"),
        "nginx": " ".join(_quoted(part) for part in nginx_command),
        "web_count": len(config.web_instances),
        "api_count": len(config.api_instances),
        "instances": ",".join(f"{name}={url}" for name, url in config.instance_urls().items()),
    }
    return render((HERE / "supervisord.conf").read_text(), values)


def _literal(value: object) -> str:
    """Escape %, since supervisor expands %(name)s everywhere."""
    return str(value).replace("%", "%%")


def _quoted(value: object) -> str:
    """Quote a part of a command, which supervisor splits as a shell does."""
    return '"' + _literal(value).replace('"', '\\"') + '"'
