"""The session cookie: its content, its life and its end."""

import base64
import zlib

import requests

from .visitor import Visitor

SESSION, CSRF = "twitsite_session", "twitsite_csrf"


def cookie(visitor: Visitor, name: str):
    return next(found for found in visitor.session.cookies if found.name == name)


def decoded(value: str) -> str:
    """Return what a reader of the cookie file can see of a signed cookie."""
    payload = value.split(":")[0]
    data = base64.urlsafe_b64decode(payload.lstrip(".") + "===")
    return (zlib.decompress(data) if payload.startswith(".") else data).decode()


def token_of(api, name: str) -> str:
    answer = requests.post(
        f"{api.url}/api/v1/tokens/", json={"username": name, "password": "secret-9"}, timeout=30
    )
    return answer.json()["token"]


def test_it_hides_its_cookies_from_scripts_and_other_sites(new_member):
    member, _ = new_member()
    for name in (SESSION, CSRF):
        found = cookie(member, name)
        assert found.has_nonstandard_attr("HttpOnly")
        assert found.get_nonstandard_attr("SameSite") == "Lax"
        assert not found.secure


def test_it_does_not_show_the_token_in_the_cookie(api, new_member):
    member, name = new_member()
    shown = decoded(cookie(member, SESSION).value)
    assert name in shown
    assert token_of(api, name).split(".")[0] not in shown


def test_it_changes_the_csrf_token_on_signing_in(visitor, new_name):
    name = new_name()
    visitor.register(name)
    visitor.get("/login")
    before = cookie(visitor, CSRF).value
    visitor.submit("/login", username=name, password="secret-9")
    assert cookie(visitor, CSRF).value != before


def test_it_rejects_a_copy_of_the_cookie_after_a_new_password(site, new_member):
    """Of the very session in which the password was changed: the member stays, the copy ends."""
    member, _ = new_member()
    thief = Visitor(site.url)
    thief.session.cookies.set_cookie(cookie(member, SESSION))
    thief.get("/")
    assert thief.path == "/"
    member.get("/settings/password")
    new = {"password": "secret-10", "password2": "secret-10"}
    member.submit("/settings/password", old_password="secret-9", **new)
    assert member.flashes == ["Your password was changed, and you were signed out everywhere else"]
    thief.get("/")
    assert thief.path == "/public"
    member.get("/")
    assert member.path == "/"


def test_it_rejects_an_old_cookie_after_signing_out(site, new_member):
    member, name = new_member()
    thief = Visitor(site.url)
    thief.session.cookies.set_cookie(cookie(member, SESSION))
    thief.get("/")
    assert f"What's on your mind, {name}?" in thief.text

    member.get("/")
    member.submit("/logout")
    thief.get("/")
    assert thief.path == "/public"
    assert "Sign in" in thief.text
    assert SESSION not in thief.session.cookies  # deleted, not only ignored


def test_it_treats_a_dead_cookie_as_a_visitor_each_time(site, new_member):
    member, _ = new_member()
    dead = {SESSION: cookie(member, SESSION).value}
    member.submit("/logout")
    for path, status in [("/", 302), ("/public", 200), ("/login", 302)]:
        answer = requests.get(site.url + path, cookies=dead, timeout=30, allow_redirects=False)
        assert answer.status_code == status
    answer = requests.get(site.url + "/public", cookies=dead, timeout=30)
    assert 'href="/login"' in answer.text


def test_it_signs_out_after_a_token_was_revoked_and_keeps_the_text(api, new_member):
    member, name = new_member()
    member.get("/")
    _revoke_all(api, name)
    member.submit("/add_message", text="Written for nothing?")
    assert member.path == "/login"
    member.submit("/login", username=name, password="secret-9-new")
    assert member.path == "/"
    assert member.form("/add_message").fields["text"] == "Written for nothing?"
    member.get("/")
    assert member.form("/add_message").fields["text"] == ""


def _revoke_all(api, name: str) -> None:
    """Change the password in the API, which revokes every token but the one in use."""
    answer = requests.post(
        f"{api.url}/api/v1/accounts/{name}/password/",
        json={"old_password": "secret-9", "new_password": "secret-9-new"},
        headers={"Authorization": f"Bearer {token_of(api, name)}"},
        timeout=30,
    )
    assert answer.status_code == 204, answer.text


def test_it_treats_a_forged_cookie_as_a_visitor(visitor):
    visitor.session.cookies.set(SESSION, "eyJ1c2VybmFtZSI6ImFsaWNlIn0:1tXXXX:forged")
    visitor.get("/")
    assert visitor.path == "/public"


def test_it_remembers_nobody_by_another_members_cookie(new_member):
    one, one_name = new_member()
    two, two_name = new_member()
    one.get("/")
    assert f"mind, {one_name}?" in one.text
    two.get("/")
    assert f"mind, {two_name}?" in two.text


def test_it_sends_a_visitor_who_revokes_a_token_to_the_login(visitor):
    visitor.get("/login")
    fields = visitor.form("/login").fields
    answer = visitor.post("/settings/sessions/1/end", fields, allow_redirects=False)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/login?next=%2F")
