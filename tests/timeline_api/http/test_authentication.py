"""Authentication by Bearer, Basic and the browsable API's session, on any endpoint."""

import base64

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from rest_framework.test import APIClient

from timeline_api.http.authentication import SESSION_KEY
from timeline_api.models import Token
from timeline_api.services import accounts, tokens

from .conftest import PASSWORD

pytestmark = pytest.mark.django_db(databases="__all__")

HOME = "/api/v1/timelines/home/"
PUBLIC = "/api/v1/timelines/public/"


def basic(username, password):
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


@pytest.fixture
def browser():
    """A client that keeps cookies and is held to CSRF, as a browser is."""
    return APIClient(enforce_csrf_checks=True)


def csrf(browser, url="/api/login/"):
    browser.get(url)
    return browser.cookies["api_csrftoken"].value


def log_in(browser, username="alice", password=PASSWORD, **extra):
    form = {"username": username, "password": password, "csrfmiddlewaretoken": csrf(browser)}
    return browser.post("/api/login/", form | extra, format="multipart")


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_it_takes_a_bearer_token(visitor, alice, scheme):
    _, text = tokens.issue(account=alice)
    assert visitor.get(HOME, HTTP_AUTHORIZATION=f"{scheme} {text}").status_code == 200


@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Bearer ",
        "Bearer x",
        "Bearer 1.x",
        "Bearer 1.x y",
        "Bearer .",
        "Bearer " + "9" * 40 + ".x",
        "Bearer -1.x",
        "Bearer ÿ.ÿ",
        "Bearer " + "x" * 5000,
        "Bearer 9223372036854775807.x",
        "Basic",
        "Basic x",
        "Basic " + base64.b64encode(b"alice").decode(),
        "Basic " + base64.b64encode(b"al\x00ice:\x00").decode(),
        "Basic " + base64.b64encode(b"\xff\xfe:\xff").decode(),
    ],
)
@pytest.mark.parametrize("url", [HOME, PUBLIC])
def test_it_answers_401_for_a_bad_header(visitor, db, header, url):
    response = visitor.get(url, HTTP_AUTHORIZATION=header)
    assert response.status_code == 401
    assert response["WWW-Authenticate"] == 'Bearer realm="api"'
    assert "detail" in response.json()


def test_it_refuses_a_token_whose_secret_is_wrong(visitor, alice):
    token, text = tokens.issue(account=alice)
    for wrong in (f"{token.pk}.x", text[:-1], text + "x", str(token.pk), f"{token.pk}."):
        assert visitor.get(HOME, HTTP_AUTHORIZATION=f"Bearer {wrong}").status_code == 401


def test_it_takes_username_and_password(visitor, alice):
    assert visitor.get(HOME, HTTP_AUTHORIZATION=basic("alice", PASSWORD)).status_code == 200
    assert visitor.get(HOME, HTTP_AUTHORIZATION=basic("ALICE", PASSWORD)).status_code == 200
    assert visitor.get(HOME, HTTP_AUTHORIZATION=basic("alice", "wrong")).status_code == 401


def test_it_takes_a_password_with_a_colon_and_umlauts(visitor):
    accounts.register(username="dana", email="d@example.org", password="a:b:ü🐦")
    assert visitor.get(HOME, HTTP_AUTHORIZATION=basic("dana", "a:b:ü🐦")).status_code == 200


def test_it_slows_down_guessing_through_basic(visitor, alice, settings):
    settings.THROTTLE_RATES = settings.THROTTLE_RATES | {"login": "2/min"}
    for _ in range(2):
        visitor.get(PUBLIC, HTTP_AUTHORIZATION=basic("alice", "wrong"))
    response = visitor.get(PUBLIC, HTTP_AUTHORIZATION=basic("alice", PASSWORD))
    assert response.status_code == 429
    assert int(response["Retry-After"]) > 0


def test_it_shuts_a_suspended_member_out(visitor, alice):
    _, text = tokens.issue(account=alice)
    accounts.suspend(account=alice)
    assert visitor.get(HOME, HTTP_AUTHORIZATION=f"Bearer {text}").status_code == 403
    assert visitor.get(HOME, HTTP_AUTHORIZATION=basic("alice", PASSWORD)).status_code == 403
    accounts.unsuspend(account=alice)
    assert visitor.get(HOME, HTTP_AUTHORIZATION=f"Bearer {text}").status_code == 401
    assert visitor.get(HOME, HTTP_AUTHORIZATION=basic("alice", PASSWORD)).status_code == 200


def test_it_logs_a_member_in_to_the_browsable_api(browser, alice):
    response = log_in(browser, next="/api/v1/messages/")
    assert response.status_code == 302
    assert response["Location"] == "/api/v1/messages/"
    page = browser.get(HOME, HTTP_ACCEPT="text/html")
    assert page.status_code == 200
    assert "alice" in page.content.decode()


@pytest.mark.parametrize("url", ["https://evil.example/", "//evil.example", "javascript:1", ""])
def test_it_goes_on_to_pages_of_this_host_alone(browser, alice, url):
    assert log_in(browser, next=url)["Location"] == "/api/v1/"


def test_it_keeps_the_token_out_of_the_cookies(browser, alice):
    log_in(browser)
    cookie = browser.cookies["api_sessionid"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert str(browser.session[SESSION_KEY]) not in "".join(
        morsel.value for morsel in browser.cookies.values()
    )


def test_it_keeps_nothing_in_the_session_table_that_could_be_sent(browser, alice):
    """Neither a token nor the key of a session, so that a copy of the table lets nobody in."""
    log_in(browser)
    key = browser.cookies["api_sessionid"].value
    (row,) = Session.objects.all()
    assert key not in (row.session_key, row.session_data)
    assert row.get_decoded().keys() == {SESSION_KEY}
    assert row.get_decoded()[SESSION_KEY] == Token.objects.get(account=alice).pk
    thief = APIClient()
    thief.cookies["api_sessionid"] = row.session_key
    assert thief.get(HOME).status_code == 401
    assert browser.get(HOME).status_code == 200


def test_it_has_a_new_csrf_token_after_the_login(browser, alice):
    before = csrf(browser)
    log_in(browser)
    assert browser.cookies["api_csrftoken"].value != before


def test_it_ends_copies_of_the_cookie_when_the_password_changes(browser, alice):
    log_in(browser)
    thief = APIClient()
    thief.cookies["api_sessionid"] = browser.cookies["api_sessionid"].value
    assert thief.get(HOME).status_code == 200
    body = {"old_password": PASSWORD, "new_password": "three herons"}
    answer = browser.post("/api/v1/accounts/alice/password/", body, HTTP_X_CSRFTOKEN=csrf(browser))
    assert answer.status_code == 204
    assert thief.get(HOME).status_code == 401
    assert browser.get(HOME).status_code == 200


def test_it_changes_the_session_id_at_login(browser, alice):
    browser.session.save()
    log_in(browser)
    first = browser.cookies["api_sessionid"].value
    log_in(browser)
    assert browser.cookies["api_sessionid"].value != first


def test_it_wants_a_csrf_token_of_a_session(browser, alice):
    log_in(browser)
    refused = browser.post("/api/v1/messages/", {"text": "hello"})
    assert refused.status_code == 403
    assert "CSRF" in refused.json()["detail"]
    token = csrf(browser, "/api/v1/messages/")
    taken = browser.post("/api/v1/messages/", {"text": "hello"}, HTTP_X_CSRFTOKEN=token)
    assert taken.status_code == 201


def test_it_wants_a_csrf_token_at_login(browser, alice):
    form = {"username": "alice", "password": PASSWORD}
    assert browser.post("/api/login/", form, format="multipart").status_code == 403


def test_it_wants_no_csrf_token_of_a_bearer(browser, alice):
    _, text = tokens.issue(account=alice)
    response = browser.post(
        "/api/v1/messages/", {"text": "hello"}, HTTP_AUTHORIZATION=f"Bearer {text}"
    )
    assert response.status_code == 201


def test_it_refuses_a_wrong_login_on_the_page(browser, alice):
    response = log_in(browser, password="wrong")
    assert response.status_code == 401
    assert "Invalid username or password" in response.content.decode()
    assert "wrong" not in response.content.decode()


def test_it_refuses_half_a_login_on_the_page(browser, alice):
    assert log_in(browser, password="").status_code == 400


def test_it_slows_down_guessing_on_the_page(browser, alice, settings):
    settings.THROTTLE_RATES = settings.THROTTLE_RATES | {"login": "1/min"}
    log_in(browser, password="wrong")
    response = log_in(browser)
    assert response.status_code == 429
    assert int(response["Retry-After"]) > 0


def test_it_logs_out_and_revokes_the_token(browser, alice):
    log_in(browser)
    token_id = browser.session[SESSION_KEY]
    form = {"csrfmiddlewaretoken": csrf(browser)}
    response = browser.post("/api/logout/?next=/api/v1/messages/", form, format="multipart")
    assert response.status_code == 302
    assert response["Location"] == "/api/v1/messages/"
    assert browser.get(HOME).status_code == 401
    with pytest.raises(tokens.InvalidToken):
        tokens.of_session(token_id=token_id)


def test_it_logs_out_by_post_alone(browser, alice):
    assert browser.get("/api/logout/").status_code == 405
    assert browser.post("/api/logout/").status_code == 403


def test_it_forgets_a_session_whose_token_was_revoked(browser, alice):
    log_in(browser)
    tokens.revoke_all(account=alice)
    assert browser.get(HOME).status_code == 401
    assert browser.get(PUBLIC).status_code == 200


def test_it_takes_no_staff_session_for_a_member(browser, db):
    staff = User.objects.create_superuser("operator", password="long enough one")
    browser.force_login(staff)
    assert browser.get("/admin/").status_code == 200
    assert browser.get(HOME).status_code == 401


def test_it_lets_staff_and_member_share_a_browser(browser, alice):
    staff = User.objects.create_superuser("operator", password="long enough one")
    browser.force_login(staff)
    log_in(browser)
    assert browser.get(HOME).status_code == 200
    assert browser.get("/admin/").status_code == 200
