"""Posting messages."""

import pytest

from .visitor import Visitor


def test_it_records_a_message_and_shows_it_at_once(new_member):
    member, name = new_member()
    member.share("Hello from the test")
    assert member.path == "/"
    assert member.flashes == ["Your message was recorded"]
    assert member.messages == ["Hello from the test"]
    member.get("/public")
    assert member.messages[0] == "Hello from the test"
    member.get(f"/{name}")
    assert member.messages == ["Hello from the test"]


def test_it_escapes_markup(new_member):
    member, _ = new_member()
    text = "<script>alert(1)</script> & \"quotes\" 'n' <b>bold</b> &amp; {{ 7|add:7 }}"
    member.share(text)
    assert member.messages == [text]
    assert "<script>alert" not in member.page.text
    assert "<b>" not in member.page.text


@pytest.mark.parametrize(
    "text",
    [
        "one\n\n  two\nthree",
        "👩‍👩‍👧‍👦 🎉 " * 20,
        "مرحبا بالعالم",
        "W" * 280,
        "\\ % _ ' -- \u202e",
        "<!--ago-->",
        "\U0001f600" * 280,
    ],
)
def test_it_keeps_a_text_as_it_was_typed(new_member, text):
    member, _ = new_member()
    member.share(text.replace("\n", "\r\n"))  # as browsers send it
    assert member.messages == [text.strip()]


@pytest.mark.parametrize("text", ["", "   ", "\n\n"])
def test_it_refuses_an_empty_message(new_member, text):
    member, _ = new_member()
    member.share(text)
    assert (member.page.status_code, member.error) == (400, "You have to write something")
    member.get("/")
    assert member.messages == []


def test_it_refuses_a_message_too_long_and_keeps_it(new_member):
    member, _ = new_member()
    member.share("<&>" * 100)
    assert member.page.status_code == 400
    assert member.error == "A message has at most 280 characters; this one has 300"
    assert member.form("/add_message").fields["text"] == "<&>" * 100


def test_it_refuses_a_null_character(new_member):
    member, _ = new_member()
    member.share("a\x00b")
    assert member.page.status_code == 400


def test_it_rejects_what_no_message_can_be(new_member):
    member, _ = new_member()
    member.share("x" * 100_000)
    assert member.page.status_code == 413


def test_it_posts_once_for_a_double_click(new_member):
    member, _ = new_member()
    fields = member.form("/add_message").fields
    for _ in range(2):
        member.post("/add_message", {**fields, "text": "Once only"})
    assert member.messages == ["Once only"]


def test_it_posts_another_text_of_the_same_form(new_member):
    member, _ = new_member()
    fields = member.form("/add_message").fields
    member.post("/add_message", {**fields, "text": "First"})
    member.post("/add_message", {**fields, "text": "After going back"})
    assert member.messages == ["After going back", "First"]


def test_it_replaces_an_invalid_form_key(new_member):
    member, _ = new_member()
    fields = member.form("/add_message").fields
    member.post("/add_message", {**fields, "key": "../\n\x7f" * 40, "text": "Fine"})
    assert member.messages == ["Fine"]


def test_it_keeps_a_visitors_text_through_the_login(site, new_name):
    visitor, name = Visitor(site.url), new_name()
    visitor.register(name)
    token = visitor.form("/login").fields["csrfmiddlewaretoken"]
    answer = visitor.post(
        "/add_message",
        {"csrfmiddlewaretoken": token, "text": "Before I knew"},
        allow_redirects=False,
    )
    assert (answer.status_code, answer.headers["Location"]) == (302, "/login?next=%2F")
    visitor.get("/login?next=/")
    visitor.submit("/login", username=name, password="secret-9")
    assert visitor.form("/add_message").fields["text"] == "Before I knew"


def test_it_refuses_a_post_without_the_csrf_token_and_keeps_the_text(new_member):
    member, _ = new_member()
    member.post("/add_message", {"text": "From a forged page"})
    assert member.page.status_code == 403
    assert "That form had expired" in member.text
    assert member.form("/add_message").fields["text"] == "From a forged page"
    member.get("/")
    assert member.messages == []
