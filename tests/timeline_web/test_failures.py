"""Pages when the API is not there: 503, with what was typed, and never a traceback."""

import time

import pytest

from .servers import environment, manage, running
from .visitor import Visitor


@pytest.fixture
def stranded(lonely_site, new_member):
    """A member who is signed in, on the site whose API is not there."""
    member, _ = new_member()
    stranded = Visitor(lonely_site.url)
    stranded.session.cookies.update(member.session.cookies)
    stranded.fields = member.form("/add_message").fields
    return stranded


def is_explained(visitor: Visitor) -> bool:
    """A 503 that says when to try again, and shows nothing of the machinery."""
    page = visitor.page
    assert page.status_code == 503
    assert int(page.headers["Retry-After"]) > 0
    assert "We cannot reach the messages right now" in visitor.text
    for word in ("Traceback", "requests", "ConnectionError", "127.0.0.1"):
        assert word not in page.text
    return True


@pytest.mark.parametrize("path", ["/", "/public", "/alice"])
def test_a_page_says_that_it_cannot_be_shown(stranded, path):
    stranded.get(path)
    assert is_explained(stranded)


def test_a_typed_message_is_kept(stranded):
    stranded.post("/add_message", {**stranded.fields, "text": "Do not lose <me>"})
    assert is_explained(stranded)
    form = stranded.form("/add_message")
    assert form.fields["text"] == "Do not lose <me>"
    assert form.fields["key"] == stranded.fields["key"]  # trying again cannot post it twice


def test_a_registration_is_kept(lonely_site):
    visitor = Visitor(lonely_site.url)
    visitor.register("newcomer")
    assert is_explained(visitor)
    assert visitor.form("/register").fields["username"] == "newcomer"
    assert visitor.form("/register").fields["email"] == "newcomer@example.com"


def test_a_login_is_kept(lonely_site):
    visitor = Visitor(lonely_site.url)
    visitor.log_in("alice")
    assert is_explained(visitor)
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
def test_whatever_was_typed_is_kept_and_can_be_sent_again(stranded, path, fields):
    token = stranded.fields["csrfmiddlewaretoken"]
    stranded.post(path, {**fields, "csrfmiddlewaretoken": token})
    assert is_explained(stranded)
    again = stranded.form(path).fields
    assert again.pop("csrfmiddlewaretoken")
    assert again == fields


def test_passwords_are_never_given_back(stranded):
    token = stranded.fields["csrfmiddlewaretoken"]
    for path in ("/settings/password", "/settings/delete", "/bob/follow"):
        sent = {"old_password": "hidden-1", "password": "hidden-2", "password2": "hidden-2"}
        stranded.post(path, {**sent, "csrfmiddlewaretoken": token})
        assert is_explained(stranded)
        assert "hidden-" not in stranded.page.text


def test_what_was_written_is_there_to_copy_where_it_cannot_be_sent(new_member):
    """Somebody answers, edits and reports what is not there, and edits what is another's."""
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


def test_an_expired_form_gives_back_what_was_written(new_member):
    member, _ = new_member()
    for path, field in (("/settings", "bio"), ("/add_message", "text"), ("/a/1/report", "reason")):
        member.post(path, {field: "Do not <lose> me", "csrfmiddlewaretoken": "x" * 64})
        assert member.page.status_code == 403
        assert "\nDo not &lt;lose&gt; me</textarea>" in member.page.text
    # Nothing that somebody else's page has made up can be sent by a button of ours.
    member.post("/settings", {"email": "thief@example.org", "csrfmiddlewaretoken": "x" * 64})
    assert 'action="/settings"' not in member.page.text


@pytest.mark.parametrize("path", ["/bob/follow", "/bob/unfollow", "/logout"])
def test_a_button_can_be_pressed_again(stranded, path):
    stranded.post(path, {"csrfmiddlewaretoken": stranded.fields["csrfmiddlewaretoken"]})
    assert is_explained(stranded)
    assert stranded.form(path).method == "post"


def test_signing_out_in_vain_keeps_the_session_so_that_it_can_be_ended(stranded, site):
    stranded.post("/logout", {"csrfmiddlewaretoken": stranded.fields["csrfmiddlewaretoken"]})
    back = Visitor(site.url)
    back.session.cookies.update(stranded.session.cookies)
    back.get("/")
    assert "Sign out" in back.text


def test_after_some_failures_it_answers_at_once(lonely_site):
    visitor = Visitor(lonely_site.url)
    for _ in range(30):
        visitor.get("/public")
    start = time.monotonic()
    for _ in range(10):
        visitor.get("/public")
    assert time.monotonic() - start < 1
    assert is_explained(visitor)


def test_it_lives_and_says_that_the_api_is_gone(lonely_site):
    visitor = Visitor(lonely_site.url)
    assert visitor.get("/livez").status_code == 200
    answer = visitor.get("/readyz")
    assert (answer.status_code, answer.json()["api"]) == (200, "unreachable")


@pytest.fixture(scope="module")
def strict_pair(tmp_path_factory, collected, var_dir):
    """An API that lets nobody guess, and a site in front of it: both may be stopped."""
    own = tmp_path_factory.mktemp("strict")
    api_env = environment(
        "twitsite.settings.test", own, INSTANCE_NAME="api.9", THROTTLE_LOGIN="2/min"
    )
    manage("migrate", "--verbosity", "0", env=api_env)
    with running("twitsite.wsgi_api", api_env, own / "api.log") as api:
        env = environment("twitsite.settings.web", var_dir, API_BASE_URL=api.url)
        with running("twitsite.wsgi_web", env, own / "web.log") as web:
            yield api, web


def test_it_says_when_to_try_again_after_too_many_guesses(strict_pair):
    visitor = Visitor(strict_pair[1].url)
    for password in ("guess-1", "guess-2"):
        visitor.log_in("alice", password)
        assert visitor.page.status_code == 400
    visitor.log_in("alice", "guess-3")
    assert visitor.page.status_code == 429
    assert 0 < int(visitor.page.headers["Retry-After"]) <= 60
    assert visitor.error.startswith("Too many requests")
    # The API counts the visitor that the site names, not the site.
    visitor.get("/login")
    elsewhere = {"X-Forwarded-For": "192.0.2.7"}
    fields = {**visitor.form("/login").fields, "username": "alice", "password": "guess-4"}
    assert visitor.post("/login", fields, headers=elsewhere).status_code == 400


def test_it_comes_back_when_the_api_does(strict_pair):
    api, web = strict_pair
    visitor = Visitor(web.url)
    assert visitor.get("/public").status_code == 200
    api.stop()
    assert visitor.get("/public").status_code == 503
    api.start()
    deadline = time.monotonic() + 15
    while visitor.get("/public").status_code != 200 and time.monotonic() < deadline:
        time.sleep(0.2)
    assert visitor.page.status_code == 200


def test_a_host_that_is_not_ours_is_a_400(var_dir, api, collected, tmp_path):
    env = environment("twitsite.settings.web", var_dir, ALLOWED_HOSTS="twitsite.example")
    with running("twitsite.wsgi_web", env, tmp_path / "web.log") as web:
        visitor = Visitor(web.url)
        visitor.get("/public")
        assert visitor.page.status_code == 400
        assert visitor.page.headers["X-Request-ID"]
        assert "Traceback" not in visitor.page.text
