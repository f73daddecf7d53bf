"""The site's log lines."""

import json
import logging

import pytest
import requests
from django.http import HttpResponse
from django.test import RequestFactory

from timeline_web.logs import JsonFormatter
from timeline_web.middleware import RequestIdMiddleware


def line(**fields: object) -> dict[str, str]:
    record = logging.makeLogRecord({"name": "django.request", "msg": "Not Found", **fields})
    return json.loads(JsonFormatter().format(record))


@pytest.mark.parametrize("headers", [{}, {"X-Request-ID": "from-nginx"}])
def test_it_logs_the_id_that_the_response_has(headers):
    request = RequestFactory().get("/nobody", headers=headers)
    response = RequestIdMiddleware(lambda request: HttpResponse())(request)
    assert line(request=request)["request_id"] == response["X-Request-ID"] == request.request_id


def test_it_logs_without_a_request():
    assert line().keys() == {"timestamp", "level", "logger", "event"}


def test_it_logs_each_request_as_the_api_does_without_its_query(site, api):
    """By one id, which leads from nginx's log to the site's and the API's."""
    headers = {"X-Request-ID": "r-1"}
    for method, path, status in (("GET", "/search?q=herons", 200), ("HEAD", "/login", 200)):
        answer = requests.request(method, site.url + path, headers=headers, timeout=10)
        assert answer.status_code == status
    by_site, by_api = (
        [json.loads(line) for line in server.log.read_text().splitlines() if "r-1" in line]
        for server in (site, api)
    )
    search, login = by_site
    assert (search["request"], search["code"]) == ("GET /search", 200)
    assert (login["request"], login["code"]) == ("HEAD /login", 200)
    assert search["event"] == "request_finished"
    assert (search["instance"], search["client"]) == ("web.1", "127.0.0.1")
    assert search["ms"] >= 0
    assert {line["request_id"] for line in by_site + by_api} == {"r-1"}
    assert by_api[0].keys() == search.keys()
    assert "herons" not in json.dumps(by_site + by_api)
