"""What a request with a token does without, and what it keeps."""

import pytest
from rest_framework.test import APIClient

from timeline_api.services import tokens

pytestmark = pytest.mark.django_db(databases="__all__")

PUBLIC = "/api/v1/timelines/public/"
SECURITY = ("Content-Security-Policy", "X-Frame-Options", "X-Content-Type-Options")


def test_it_sends_the_same_headers_with_and_without_a_token(as_alice, visitor):
    with_token, without = as_alice.get(PUBLIC), visitor.get(PUBLIC)
    for name in SECURITY:
        assert with_token[name] == without[name], name
    assert not with_token.cookies


def test_it_ignores_the_cookies_of_a_request_with_a_token(as_alice, alice, bob):
    browser = APIClient()
    login = browser.get("/api/login/")
    assert login.status_code == 200
    _, text = tokens.issue(account=bob)
    as_alice.cookies["api_sessionid"] = "stolen"
    as_alice.cookies["api_csrftoken"] = "x" * 32
    answer = as_alice.get(f"{PUBLIC}?include=head").json()
    assert answer["included"]["head"]["account"]["username"] == "alice"
    as_alice.credentials(HTTP_AUTHORIZATION=f"bearer {text}")
    answer = as_alice.get(f"{PUBLIC}?include=head").json()
    assert answer["included"]["head"]["account"]["username"] == "bob"


def test_it_shows_the_browsable_api_to_a_request_with_a_token(as_alice):
    for headers in ({"HTTP_ACCEPT": "text/html"}, {}):
        url = PUBLIC if headers else f"{PUBLIC}?format=api"
        page = as_alice.get(url, **headers)
        assert page.status_code == 200
        assert page["Content-Type"].startswith("text/html")
        assert page["Content-Security-Policy"]


@pytest.mark.parametrize(
    "path", ["/admin/", "/admin/login/", "/api/login/", "/api/docs/", "/livez"]
)
def test_it_serves_other_pages_to_a_request_with_a_token(as_alice, visitor, path):
    assert as_alice.get(path).status_code == visitor.get(path).status_code < 400


def test_it_checks_the_form_of_a_browser_all_the_same(alice):
    browser = APIClient(enforce_csrf_checks=True)
    form = {"username": "alice", "password": "minitwit-demo"}
    for headers in ({}, {"HTTP_AUTHORIZATION": "Bearer x"}):
        assert browser.post("/api/login/", form, format="multipart", **headers).status_code == 403
        assert browser.post("/admin/login/", form, format="multipart", **headers).status_code == 403
