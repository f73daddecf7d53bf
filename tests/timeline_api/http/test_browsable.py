"""The browsable API: a page on each endpoint, whose forms work when a browser posts them."""

import re
from html.parser import HTMLParser

import pytest
from rest_framework.test import APIClient

from timeline_api.http.authentication import SESSION_KEY
from timeline_api.services import messages, tokens

from .test_authentication import log_in

pytestmark = pytest.mark.django_db(databases="__all__")

HTML = "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"
PAGES = [
    "/api/v1/",
    "/api/v1/accounts/",
    "/api/v1/accounts/alice/",
    "/api/v1/accounts/alice/password/",
    "/api/v1/accounts/alice/messages/",
    "/api/v1/accounts/alice/followers/",
    "/api/v1/accounts/alice/following/",
    "/api/v1/accounts/bob/follow/",
    "/api/v1/timelines/public/",
    "/api/v1/timelines/home/",
    "/api/v1/messages/",
    "/api/v1/tokens/",
    "/api/v1/tokens/current/",
]


class Forms(HTMLParser):
    """The forms of a page: method, action, encoding, and the fields as a browser fills them."""

    def __init__(self, html):
        super().__init__()
        self.forms = []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "form":
            method = attributes.get("data-method") or attributes.get("method") or "GET"
            self.forms.append({"method": method.upper(), "fields": {}, **attributes})
            self.forms[-1]["method"] = method.upper()
        elif attributes.get("type") == "checkbox" and "checked" not in attributes:
            return  # a browser sends nothing of it
        elif tag in ("input", "textarea", "select") and self.forms and "name" in attributes:
            self.forms[-1]["fields"][attributes["name"]] = attributes.get("value", "")

    def of(self, method, *fields):
        """The form of that method that has these fields."""
        return next(
            form
            for form in self.forms
            if form["method"] == method and set(fields) <= set(form["fields"])
        )


@pytest.fixture
def browser(alice):
    """alice's browser, logged in to the browsable API."""
    client = APIClient(enforce_csrf_checks=True)
    log_in(client)
    return client


def page(browser, url):
    response = browser.get(url, HTTP_ACCEPT=HTML)
    return response.content.decode()


def send(browser, form, **values):
    """Send `form` as DRF's ajax-form.js or the browser itself does."""
    data = form["fields"] | values
    url, token = form["action"], browser.cookies["api_csrftoken"].value
    extra = {"HTTP_X_CSRFTOKEN": token} if form["method"] != "POST" else {}
    send = getattr(browser, form["method"].lower())
    return send(url, data, format="multipart", HTTP_ACCEPT=HTML, **extra)


def assert_done(response):
    """A 204 with a page: DRF gives the page the status 200, and says 204 in it."""
    assert response.status_code == 200
    assert "HTTP 204" in response.content.decode()


@pytest.mark.parametrize("url", PAGES)
def test_it_has_a_page_for_each_endpoint(browser, bob, url):
    response = browser.get(url, HTTP_ACCEPT=HTML)
    assert response.status_code in (200, 405)
    assert response["Content-Type"].startswith("text/html")
    html = response.content.decode()
    assert "Twitsite API" in html
    assert "alice" in html
    assert "Sign out" in html
    assert "https://" not in html  # nothing from the internet
    assert not re.search(r"<script(?![^>]*(src=|application/json))", html)  # the CSP forbids them
    assert "onclick" not in html


@pytest.mark.parametrize("url", [page for page in PAGES if page != "/api/v1/"])
def test_it_describes_each_endpoint(browser, bob, url):
    assert re.search(r"<p>\w[^<]{15,}", page(browser, url))


def test_it_offers_a_visitor_the_login(visitor, db):
    html = page(visitor, "/api/v1/timelines/public/")
    assert "/api/login/?next=/api/v1/timelines/public/" in html


@pytest.mark.parametrize("url", PAGES)
def test_it_has_a_page_for_visitors(visitor, alice, bob, url):
    response = visitor.get(url, HTTP_ACCEPT=HTML)
    assert response.status_code in (200, 401, 405)
    assert "Sign in" in response.content.decode()


def test_it_registers_by_form(visitor, db):
    form = Forms(page(visitor, "/api/v1/accounts/")).of("POST", "username", "email", "password")
    assert form["enctype"] == "multipart/form-data"
    form["fields"].pop("csrfmiddlewaretoken")
    values = {"username": "dana", "email": "dana@example.org", "password": "two herons"}
    response = visitor.post(form["action"], values, format="multipart", HTTP_ACCEPT=HTML)
    assert response.status_code == 201
    assert "HTTP 201" in response.content.decode()


def test_it_shows_the_errors_in_the_form(visitor, db):
    values = {"username": "da na", "email": "x", "password": ""}
    response = visitor.post("/api/v1/accounts/", values, format="multipart", HTTP_ACCEPT=HTML)
    assert response.status_code == 400
    assert response.content.decode().count("has-error") == 3


def test_it_posts_a_message_by_form(browser):
    form = Forms(page(browser, "/api/v1/messages/")).of("POST", "text")
    assert send(browser, form, text="by form").status_code == 201
    assert "by form" in page(browser, "/api/v1/timelines/home/")


def test_it_changes_the_profile_by_form(browser):
    form = Forms(page(browser, "/api/v1/accounts/alice/")).of("PATCH", "display_name")
    assert form["fields"]["email"] == "alice@example.org"
    response = send(browser, form, display_name="Alice A.", bio="Birds.")
    assert response.status_code == 200
    form = Forms(response.content.decode()).of("PATCH", "display_name")
    assert form["fields"]["display_name"] == "Alice A."


def test_it_changes_the_password_by_form(browser):
    form = Forms(page(browser, "/api/v1/accounts/alice/password/")).of("POST", "old_password")
    response = send(browser, form, old_password="minitwit-demo", new_password="three herons")
    assert_done(response)


def test_it_deletes_the_account_by_form(browser, visitor):
    form = Forms(page(browser, "/api/v1/accounts/alice/")).of("DELETE", "password")
    assert send(browser, form, password="wrong").status_code == 400
    assert_done(send(browser, form, password="minitwit-demo"))
    assert visitor.get("/api/v1/accounts/alice/").status_code == 404


def test_it_follows_and_unfollows_by_button(browser, bob):
    forms = Forms(page(browser, "/api/v1/accounts/bob/follow/"))
    assert_done(send(browser, forms.of("PUT")))
    assert '"followed_by_me": true' in page(browser, "/api/v1/accounts/bob/").replace("&quot;", '"')
    assert_done(send(browser, forms.of("DELETE")))


def test_it_logs_in_for_a_token_by_form(visitor, alice):
    form = Forms(page(visitor, "/api/v1/tokens/")).of("POST", "username", "password")
    values = {"username": "alice", "password": "minitwit-demo"}
    response = visitor.post(form["action"], values, format="multipart", HTTP_ACCEPT=HTML)
    assert response.status_code == 201


def test_it_ends_the_session_with_its_token(browser):
    forms = Forms(page(browser, "/api/v1/tokens/current/"))
    assert_done(send(browser, forms.of("DELETE")))
    assert "Sign in" in page(browser, "/api/v1/")


def test_it_deletes_a_message_by_button(browser, alice):
    message = messages.post(author=alice, text="oops")
    forms = Forms(page(browser, f"/api/v1/messages/{message.pk}/"))
    assert_done(send(browser, forms.of("DELETE")))


def test_it_logs_out_by_button(browser, alice):
    token_id = browser.session[SESSION_KEY]
    html = page(browser, "/api/v1/messages/")
    form = next(form for form in Forms(html).forms if "logout" in form.get("action", ""))
    assert send(browser, form)["Location"] == "/api/v1/messages/"
    with pytest.raises(tokens.InvalidToken):
        tokens.of_session(token_id=token_id)


def test_it_offers_nobody_elses_forms(browser, bob):
    message = messages.post(author=bob, text="bob's")
    for url in ("/api/v1/accounts/bob/", f"/api/v1/messages/{message.pk}/"):
        forms = Forms(page(browser, url)).forms
        assert not [form for form in forms if form["method"] in ("PATCH", "DELETE", "PUT")]


def test_it_shows_markup_as_text(browser, alice):
    messages.post(author=alice, text="<script>alert(1)</script>")
    html = page(browser, "/api/v1/timelines/public/")
    assert "<script>alert" not in html
    assert "&lt;script&gt;" in html


def test_it_has_page_buttons(browser, alice):
    for number in range(3):
        messages.post(author=alice, text=str(number))
    html = page(browser, "/api/v1/timelines/public/?page_size=2")
    assert re.search(r'<li class="next">\s*<a href="[^"]*cursor=', html)


def test_it_renders_descriptions(browser, bob):
    """Whose code stands in backticks, on every page."""
    html = page(browser, "/api/v1/messages/")
    assert "With <code>in_reply_to</code> it is a reply.</p>" in html
    for url in PAGES:
        described = re.findall(r"<p>.*?</p>", page(browser, url), re.DOTALL)
        assert [text for text in described if "`" in text] == [], url
