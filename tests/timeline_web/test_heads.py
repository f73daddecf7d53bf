"""HEAD on every path of both services, through gunicorn, which warns of an answer with a body."""

from collections.abc import Iterator

import pytest
import requests

from tests.paths import paths
from tests.stack import new_member

from .visitor import Visitor

# Parts of paths; the site's names of them, and the API's.
VALUES = {
    "reaction": "like",
    "reaction_list": "likes",
    "restriction": "block",
    "restriction_list": "blocks",
    "tag": "birds",
    "code": "en",
    "token_id": "1",
}


def heads(session: requests.Session, base: str, urlconf: str, values: dict[str, str]) -> Iterator:
    """Ask each path by HEAD and by GET. Yield the path and both answers."""
    for path in paths(urlconf):
        url = base + path.filled(VALUES | values)
        asked = (
            session.request(method, url, allow_redirects=False, timeout=20)
            for method in ("HEAD", "GET")
        )
        yield path, *asked


@pytest.fixture
def message(api, new_name):
    """A member's session at the API, and the message that they have posted."""
    session = new_member(f"{api.url}/api/v1", new_name())
    posted = session.post(f"{api.url}/api/v1/messages/", json={"text": "Two #birds"}, timeout=10)
    return session, posted.json()


@pytest.mark.parametrize("service", ["site", "api"])
def test_it_answers_head_as_get_without_a_body(request, site, message, service):
    session, posted = message
    server = request.getfixturevalue(service)
    if service == "site":
        reader = Visitor(site.url)
        reader.log_in(posted["author"]["username"], "two herons")
        session = reader.session
    urlconf = {"site": "twitsite.urls_web", "api": "twitsite.urls_api"}[service]
    names = {"username": posted["author"]["username"], "message_id": posted["id"]}
    seen = set()
    for path, head, get in heads(session, server.url, urlconf, names | {"id": posted["id"]}):
        assert head.status_code == get.status_code, path
        assert head.content == b"", path
        assert head.headers.get("Content-Type") == get.headers.get("Content-Type"), path
        seen.add(head.status_code)
    assert {200, 302, 405} <= seen
    assert "sent body bytes" not in server.log.read_text()
