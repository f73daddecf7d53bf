"""The site's log lines."""

import json
import logging

import pytest
from django.test import RequestFactory

from timeline_web.logs import JsonFormatter
from timeline_web.middleware import RequestIdMiddleware


def line(**fields: object) -> dict[str, str]:
    record = logging.makeLogRecord({"name": "django.request", "msg": "Not Found", **fields})
    return json.loads(JsonFormatter().format(record))


@pytest.mark.parametrize("headers", [{}, {"X-Request-ID": "from-nginx"}])
def test_it_logs_the_id_that_the_response_has(headers):
    request = RequestFactory().get("/nobody", headers=headers)
    response = RequestIdMiddleware(lambda request: {})(request)
    assert line(request=request)["request_id"] == response["X-Request-ID"] == request.request_id


def test_it_logs_without_a_request():
    assert line().keys() == {"timestamp", "level", "logger", "event"}
