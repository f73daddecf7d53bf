"""The site's log: one JSON object per line, with the request's id if there is a request."""

import json
import logging
import time
from datetime import UTC, datetime

from django.http import HttpRequest, HttpResponse

from .client_ip import client_ip
from .conf import conf

access = logging.getLogger("timeline_web.access")


def log_request(request: HttpRequest, response: HttpResponse, started_at: float) -> None:
    """Log that a request was answered, with the names that the API's log has for the same.

    `started_at` is of time.perf_counter(). Without the query: it holds what people search for.
    """
    if not access.isEnabledFor(logging.INFO):
        return
    fields = {
        "request": f"{request.method} {request.path}",
        "code": response.status_code,
        "ms": round((time.perf_counter() - started_at) * 1000, 1),
        "instance": conf.INSTANCE_NAME,
        "client": client_ip(request),
    }
    access.info("request_finished", extra={"request": request, "fields": fields})


class JsonFormatter(logging.Formatter):
    """Time (RFC 3339, UTC), level, logger and event, and if known request_id and exception."""

    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
        }
        request = vars(record).get("request")  # from `extra`, as Django's loggers give it
        # RequestIdMiddleware has put the id there, whatever the client sent.
        if isinstance(request, HttpRequest) and "HTTP_X_REQUEST_ID" in request.META:
            entry["request_id"] = request.META["HTTP_X_REQUEST_ID"]
        entry.update(vars(record).get("fields", {}))
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return json.dumps(entry, ensure_ascii=False)
