"""Registering, signing in and signing out, in MiniTwit's words."""

import pytest

from timeline_web import forms

from .servers import environment, running
from .visitor import Visitor

REGISTERED = "You were successfully registered and can login now"


def test_it_registers_and_leads_to_the_login(visitor, new_name):
    visitor.register(new_name())
    assert visitor.path == "/login"
    assert visitor.flashes == [REGISTERED]


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"username": ""}, "You have to enter a username"),
        ({"username": "   "}, "You have to enter a username"),
        ({"email": ""}, "You have to enter a valid email address"),
        ({"email": "broken"}, "You have to enter a valid email address"),
        ({"email": "broken@"}, "You have to enter a valid email address"),
        ({"password": "", "password2": ""}, "You have to enter a password"),
        ({"password2": "another"}, "The two passwords do not match"),
        # Several errors at once: the first is shown.
        ({"username": "", "email": "", "password": ""}, "You have to enter a username"),
        ({"email": "", "password": ""}, "You have to enter a valid email address"),
    ],
)
def test_it_says_what_is_wrong_with_a_registration(visitor, new_name, fields, error):
    name = new_name()
    filled = {"username": name, "email": f"{name}@example.com", "password": "secret-9"}
    filled["password2"] = filled["password"]
    visitor.get("/register")
    visitor.submit("/register", **{**filled, **fields})
    assert visitor.page.status_code == 400
    assert visitor.error == error


def test_it_refuses_a_name_that_is_taken_however_it_is_cased(visitor, new_name):
    name = new_name("Ann")
    visitor.register(name)
    visitor.register(name.upper())
    assert (visitor.page.status_code, visitor.error) == (400, "The username is already taken")


@pytest.mark.parametrize("name", ["public", "login", "add_message", "livez", "static", "API"])
def test_it_refuses_a_name_that_is_a_path_of_the_site(visitor, name):
    visitor.register(name)
    assert visitor.page.status_code == 400
    assert visitor.error


@pytest.mark.parametrize("name", ["two words", "ünï", "a/b", "x" * 31, "<b>", "a\x00b"])
def test_it_refuses_a_name_of_other_characters(visitor, name):
    visitor.register(name, email="someone@example.com")
    assert visitor.page.status_code == 400
    assert visitor.error


def test_it_keeps_what_was_typed_but_never_a_password(visitor, new_name):
    name = new_name()
    visitor.register(name, "secret-9", password2="other")
    form = visitor.form("/register")
    assert form.fields["username"] == name
    assert form.fields["email"] == f"{name}@example.com"
    assert form.fields["password"] == form.fields["password2"] == ""
    assert "secret-9" not in visitor.page.text


def test_it_signs_in(visitor, new_name):
    name = new_name()
    visitor.register(name)
    visitor.log_in(name)
    assert visitor.path == "/"
    assert visitor.flashes == ["You were logged in"]


def test_it_signs_in_whatever_the_case_and_shows_the_name_as_it_was_typed(visitor, new_name):
    name = new_name("Bob")
    visitor.register(name)
    visitor.log_in(name.lower())
    assert f"What's on your mind, {name}?" in visitor.text


def test_it_does_not_tell_a_wrong_name_from_a_wrong_password(visitor, new_name):
    name = new_name()
    visitor.register(name)
    for username, password in [
        (name, "wrong"),
        (new_name(), "secret-9"),
        ("", ""),
        (name, ""),
        ("not a name", "secret-9"),
    ]:
        visitor.log_in(username, password)
        assert (visitor.page.status_code, visitor.error) == (400, forms.BAD_LOGIN)


def test_it_leads_on_to_a_page_of_the_site(visitor, new_name):
    name = new_name()
    visitor.register(name)
    visitor.get("/login?next=/public")
    visitor.submit("/login", username=name, password="secret-9")
    assert visitor.path == "/public"


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example/",
        "///evil.example/",
        "/\\evil.example/",
        "\\\\evil.example",
        "javascript:alert(1)",
        "http:evil.example",
        "evil.example",
        "/\t/evil.example",
    ],
)
def test_it_never_leads_to_another_site(visitor, new_name, target):
    name = new_name()
    visitor.register(name)
    visitor.get("/login")
    answer = visitor.submit(
        "/login", redirects=False, username=name, password="secret-9", next=target
    )
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")


@pytest.mark.parametrize("path", ["/login", "/register"])
def test_it_sends_a_member_home_from_login_and_registration(new_member, path):
    member, _ = new_member()
    member.get(path)
    assert member.path == "/"


def test_it_signs_out(new_member):
    member, _ = new_member()
    member.submit("/logout")
    assert member.path == "/public"
    assert member.flashes == ["You were logged out"]
    assert "Sign in" in member.text


def test_it_shows_the_public_timeline_to_a_visitor_who_signs_out(visitor):
    visitor.get("/login")
    token = visitor.form("/login").fields["csrfmiddlewaretoken"]
    visitor.post("/logout", {"csrfmiddlewaretoken": token})
    assert (visitor.path, visitor.flashes) == ("/public", [])


def test_it_knows_the_new_name_in_the_sign_in_form(visitor, new_name):
    name = new_name()
    visitor.register(name)
    assert visitor.path == "/login"
    assert visitor.form("/login").fields["username"] == name
    visitor.submit("/login", password="secret-9")
    assert visitor.path == "/"
    visitor.submit("/logout")
    visitor.get("/login")
    assert visitor.form("/login").fields["username"] == ""


def test_it_signs_a_new_member_in_at_once_if_it_is_set(var_dir, api, collected, new_name):
    more = {"API_BASE_URL": api.url, "INSTANCE_NAME": "web.5", "SIGN_IN_AFTER_SIGN_UP": "True"}
    env = environment("twitsite.settings.web", var_dir, **more)
    with running("twitsite.wsgi_web", env, var_dir / "web-at-once.log") as site:
        member = Visitor(site.url)
        member.session.headers["User-Agent"] = "Mozilla/5.0 (X11; Linux x86_64) Firefox/133.0"
        member.register(new_name())
        assert member.path == "/"
        assert member.flashes == ["Welcome! You are signed up and signed in"]
        member.get("/settings/sessions")
        assert "Firefox, Linux · 127.0.0.1" in member.text
