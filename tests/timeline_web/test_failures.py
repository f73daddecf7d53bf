"""Pages while the API fails: 503, with what was typed, and never a traceback."""

import re
import time

import pytest

from .servers import environment, manage, running
from .visitor import Visitor


@pytest.fixture
def member_without_api(site_without_api, new_member):
    """A member who is signed in, on the site without an API."""
    member, _ = new_member()
    member_without_api = Visitor(site_without_api.url)
    member_without_api.session.cookies.update(member.session.cookies)
    member_without_api.fields = member.form("/add_message").fields
    return member_without_api


def assert_explained(visitor: Visitor) -> None:
    """Assert a 503 page that says when to try again and hides the cause."""
    page = visitor.page
    assert page.status_code == 503
    assert int(page.headers["Retry-After"]) > 0
    assert "We cannot reach the messages right now" in visitor.text
    for word in ("Traceback", "requests", "ConnectionError", "127.0.0.1"):
        assert word not in page.text


@pytest.mark.parametrize("path", ["/", "/public", "/alice"])
def test_it_explains_a_page_that_it_cannot_show(member_without_api, path):
    member_without_api.get(path)
    assert_explained(member_without_api)


def test_it_keeps_a_typed_message(member_without_api):
    member_without_api.post(
        "/add_message", {**member_without_api.fields, "text": "Do not lose <me>"}
    )
    assert_explained(member_without_api)
    form = member_without_api.form("/add_message")
    assert form.fields["text"] == "Do not lose <me>"
    assert (
        form.fields["key"] == member_without_api.fields["key"]
    )  # trying again cannot post it twice


def test_it_keeps_a_registration(site_without_api):
    visitor = Visitor(site_without_api.url)
    visitor.register("newcomer")
    assert_explained(visitor)
    assert visitor.form("/register").fields["username"] == "newcomer"
    assert visitor.form("/register").fields["email"] == "newcomer@example.com"


def test_it_keeps_a_login(site_without_api):
    visitor = Visitor(site_without_api.url)
    visitor.log_in("alice")
    assert_explained(visitor)
    assert visitor.form("/login").fields["username"] == "alice"


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/bob/1/edit", {"text": "Do not <lose> me", "revision": "3"}),
        ("/bob/1/report", {"reason": "Do not <lose> me"}),
        ("/settings/sessions", {"name": "Do not <lose> me"}),
        ("/settings", {"display_name": "Do not", "bio": "<lose> me", "email": "a@example.org"}),
    ],
)
def test_it_keeps_what_was_typed_and_offers_to_send_it_again(member_without_api, path, fields):
    token = member_without_api.fields["csrfmiddlewaretoken"]
    member_without_api.post(path, {**fields, "csrfmiddlewaretoken": token})
    assert_explained(member_without_api)
    again = member_without_api.form(path).fields
    assert again.pop("csrfmiddlewaretoken")
    assert again == fields


def test_it_never_gives_passwords_back(member_without_api):
    token = member_without_api.fields["csrfmiddlewaretoken"]
    for path in ("/settings/password", "/settings/delete", "/bob/follow"):
        sent = {"old_password": "hidden-1", "password": "hidden-2", "password2": "hidden-2"}
        member_without_api.post(path, {**sent, "csrfmiddlewaretoken": token})
        assert_explained(member_without_api)
        assert "hidden-" not in member_without_api.page.text


def test_it_gives_a_text_back_to_copy_if_it_cannot_be_sent_again(new_member):
    """A member edits and reports what does not exist, and edits somebody else's message."""
    member, _ = new_member()
    author, name = new_member("author")
    author.share("Mine")
    message = author.page.text.partition('id="m')[2].partition('"')[0]
    token = member.form("/logout").fields["csrfmiddlewaretoken"]
    for path, field, status in (
        (f"/{name}/{message}/edit", "text", 403),
        (f"/{name}/123456789/edit", "text", 404),
        (f"/{name}/123456789/report", "reason", 404),
    ):
        member.post(path, {field: "Do not <lose> me", "csrfmiddlewaretoken": token})
        assert member.page.status_code == status
        assert "readonly>\nDo not &lt;lose&gt; me</textarea>" in member.page.text


def test_it_gives_the_text_of_an_expired_form_back(new_member):
    member, _ = new_member()
    for path, field in (("/settings", "bio"), ("/add_message", "text"), ("/a/1/report", "reason")):
        member.post(path, {field: "Do not <lose> me", "csrfmiddlewaretoken": "x" * 64})
        assert member.page.status_code == 403
        assert "\nDo not &lt;lose&gt; me</textarea>" in member.page.text
    # No button of ours sends a form that another site has made.
    member.post("/settings", {"email": "thief@example.org", "csrfmiddlewaretoken": "x" * 64})
    assert 'action="/settings"' not in member.page.text


@pytest.mark.parametrize("path", ["/bob/follow", "/bob/unfollow", "/logout"])
def test_it_offers_to_press_a_button_again(member_without_api, path):
    member_without_api.post(
        path, {"csrfmiddlewaretoken": member_without_api.fields["csrfmiddlewaretoken"]}
    )
    assert_explained(member_without_api)
    assert member_without_api.form(path).method == "post"


def test_it_keeps_the_session_if_signing_out_fails(member_without_api, site):
    member_without_api.post(
        "/logout", {"csrfmiddlewaretoken": member_without_api.fields["csrfmiddlewaretoken"]}
    )
    back = Visitor(site.url)
    back.session.cookies.update(member_without_api.session.cookies)
    back.get("/")
    assert "Sign out" in back.text


def test_it_answers_at_once_after_some_failures(site_without_api):
    visitor = Visitor(site_without_api.url)
    for _ in range(30):
        visitor.get("/public")
    start = time.monotonic()
    for _ in range(10):
        visitor.get("/public")
    assert time.monotonic() - start < 1
    assert_explained(visitor)


def test_it_lives_and_says_that_the_api_is_gone(site_without_api):
    visitor = Visitor(site_without_api.url)
    assert visitor.get("/livez").status_code == 200
    answer = visitor.get("/readyz")
    assert (answer.status_code, answer.json()["api"]) == (200, "unreachable")


@pytest.fixture(scope="module")
def throttled_pair(tmp_path_factory, collected, var_dir):
    """An API with a strict login throttle, and a site in front of it. Tests may stop both."""
    own = tmp_path_factory.mktemp("strict")
    api_env = environment(
        "twitsite.settings.test", own, INSTANCE_NAME="api.9", THROTTLE_LOGIN="2/min"
    )
    manage("migrate", "--verbosity", "0", env=api_env)
    with running("twitsite.wsgi_api", api_env, own / "api.log") as api:
        env = environment("twitsite.settings.web", var_dir, API_BASE_URL=api.url)
        with running("twitsite.wsgi_web", env, own / "web.log") as web:
            yield api, web


def test_it_says_when_to_try_again_after_too_many_guesses(throttled_pair):
    visitor = Visitor(throttled_pair[1].url)
    for password in ("guess-1", "guess-2"):
        visitor.log_in("alice", password)
        assert visitor.page.status_code == 400
    visitor.log_in("alice", "guess-3")
    assert visitor.page.status_code == 429
    assert 0 < int(visitor.page.headers["Retry-After"]) <= 60
    assert re.fullmatch(
        r"Too many requests\. Please wait \d+ seconds?, then try again\.", visitor.error
    )
    # The API throttles the address that the site sends, not the site's own.
    visitor.get("/login")
    elsewhere = {"X-Forwarded-For": "192.0.2.7"}
    fields = {**visitor.form("/login").fields, "username": "alice", "password": "guess-4"}
    assert visitor.post("/login", fields, headers=elsewhere).status_code == 400


def test_it_comes_back_when_the_api_does(throttled_pair):
    api, web = throttled_pair
    visitor = Visitor(web.url)
    assert visitor.get("/public").status_code == 200
    api.stop()
    assert visitor.get("/public").status_code == 503
    api.start()
    deadline = time.monotonic() + 15
    while visitor.get("/public").status_code != 200 and time.monotonic() < deadline:
        time.sleep(0.2)
    assert visitor.page.status_code == 200


def test_it_refuses_what_is_somebody_elses_once(new_member):
    """It says why, and not after it once more that it is not allowed."""
    member, _ = new_member()
    author, name = new_member("author")
    author.share("Mine")
    path = f"/{name}/" + author.page.text.partition('id="m')[2].partition('"')[0]
    token = member.form("/logout").fields["csrfmiddlewaretoken"]
    for action in ("edit", "delete"):
        member.post(f"{path}/{action}", {"csrfmiddlewaretoken": token})
        assert (member.page.status_code, "not allowed to" in member.text) == (403, False), action
        assert member.text.count("This is not your message.") == 1


def test_it_answers_400_to_an_unknown_host(var_dir, api, collected, tmp_path):
    env = environment("twitsite.settings.web", var_dir, ALLOWED_HOSTS="twitsite.example")
    with running("twitsite.wsgi_web", env, tmp_path / "web.log") as web:
        visitor = Visitor(web.url)
        # By its own name and this machine's, by which `make up` and probes ask; by no other.
        for host, status in (("twitsite.example", 200), ("localhost", 200), ("a.example", 400)):
            visitor.get("/login", headers={"Host": host})
            assert visitor.page.status_code == status, host
        assert "Traceback" not in web.log.read_text()
        assert visitor.page.headers["X-Request-ID"]
        assert "Traceback" not in visitor.page.text
