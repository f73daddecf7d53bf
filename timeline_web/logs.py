"""The site's log: one JSON object per line, with the request's id if there is a request."""

import json
import logging
from datetime import UTC, datetime

from django.http import HttpRequest


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
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return json.dumps(entry, ensure_ascii=False)
