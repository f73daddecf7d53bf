"""Warm-up: requests that a new worker makes of itself before it serves any."""

import io
import logging
import sys
from typing import Any

from django.db import connections

logger = logging.getLogger(__name__)

# They load the shard map and open each database, load the JSON renderer, and the browsable API's
# templates.
PATHS = (("/readyz", "*/*"), ("/api/v1/timelines/public/", "*/*"), ("/api/v1/", "text/html"))


def environ_of(path: str, accept: str) -> dict[str, Any]:
    """Return the WSGI environment (PEP 3333) of a GET request from this machine."""
    return {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_ACCEPT": accept,
        "HTTP_USER_AGENT": "warm-up",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }


def warm_up(application: Any) -> None:
    """Send a few GET requests to the WSGI application. A failure is logged and does not stop the
    worker: /readyz reports it."""
    for path, accept in PATHS:
        try:
            body = application(environ_of(path, accept), lambda *args: None)
            list(body)
            body.close()
        except Exception:
            logger.exception("warm_up_failed")
    connections.close_all()  # they belong to this thread, and requests run in others
