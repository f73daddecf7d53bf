"""WSGI entry point of the API from memory: what the real one has answered, again and again.

The site in front of it renders its pages as ever: that is what a page costs when its data cost
nothing. No Django here. API names the real one.
"""

import http.client
import os
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlsplit

API = urlsplit(os.environ.get("API", "http://127.0.0.1:8080"))
# Of a request: what the answer depends on. Of an answer: what belongs to its body.
ASKED = {"HTTP_AUTHORIZATION": "Authorization", "HTTP_ACCEPT_LANGUAGE": "Accept-Language"}
KEPT = {"content-type", "content-length", "etag", "vary", "cache-control"}

_answers: dict[tuple, tuple[str, list[tuple[str, str]], bytes]] = {}


def application(environ: dict[str, Any], start_response: Callable) -> Iterable[bytes]:
    path = f"{environ['PATH_INFO']}?{environ['QUERY_STRING']}"
    key = path, environ.get("HTTP_AUTHORIZATION"), environ.get("HTTP_ACCEPT_LANGUAGE")
    if key not in _answers:
        _answers[key] = _ask(path, environ)
    status, headers, body = _answers[key]
    start_response(status, headers)
    return [body]


def _ask(path: str, environ: dict[str, Any]) -> tuple[str, list[tuple[str, str]], bytes]:
    connection = http.client.HTTPConnection(API.hostname, API.port, timeout=20)
    headers = {name: environ[key] for key, name in ASKED.items() if key in environ}
    try:
        connection.request("GET", path, headers={**headers, "Accept": "application/json"})
        answer = connection.getresponse()
        body = answer.read()
    finally:
        connection.close()
    kept = [(name, value) for name, value in answer.getheaders() if name.lower() in KEPT]
    return f"{answer.status} {answer.reason}", kept, body
