"""How often a page asks the API: once."""

import json
import re
import uuid

import pytest

from timeline_web import urls

# By the names of their URLs, with {name} and {message} of a friend and {mine} of the member's own.
PAGES = {
    "home": ["/"],
    "public": ["/public"],
    "notifications": ["/notifications"],
    "names": ["/search/names?prefix=friend"],
    "search": ["/search", "/search?q=herons", "/search?q=friend&in=people"],
    "tag": ["/tag/birds_{name}"],
    "profile": ["/{name}", "/{me}"],
    "followers": ["/{name}/followers"],
    "following": ["/{name}/following"],
    "message": ["{message}", "{reply}", "{mine}"],
    "history": ["{message}/history"],
    "edit": ["{mine}/edit"],
    "delete": ["{mine}/delete"],
    "report": ["{message}/report"],
    "report_member": ["/{name}/report"],
    "reactions": ["{message}/likes", "{message}/reposts"],
    "settings": ["/settings"],
    "settings_password": ["/settings/password"],
    "settings_sessions": ["/settings/sessions"],
    "settings_delete": ["/settings/delete"],
    "settings_restrictions": ["/settings/blocks", "/settings/mutes"],
    "settings_export": ["/settings/export"],
    "feed": ["/{name}/feed.atom"],
    "public_feed": ["/public/feed.atom"],
    "tag_feed": ["/tag/birds_{name}/feed.atom"],
}
# Pages that do not ask, are for visitors alone, or are kept for minutes.
OTHERS = {"register", "login", "script_texts", "sitemap", "avatar"}
FOR_VISITORS = ("public", "search", "tag", "profile", "followers", "following", "message")
FOR_VISITORS = (*FOR_VISITORS, "history", "reactions", "feed", "tag_feed", "public_feed")


@pytest.fixture
def calls(var_dir):
    """calls(visitor, path, status=200) → the calls of the API that the page makes."""

    def calls(visitor, path, status=200):
        page_id = uuid.uuid4().hex
        visitor.get(path, headers={"X-Request-ID": page_id}, allow_redirects=False)
        assert visitor.page.status_code == status, path
        lines = (var_dir / "api.log").read_text().splitlines()
        events = [json.loads(line) for line in lines if page_id in line]
        return [event["request"] for event in events if event["event"] == "request_finished"]

    return calls


@pytest.fixture
def places(friend, new_member):
    """What is in the addresses of PAGES, and the member whose pages they are."""
    _, name = friend
    member, me = new_member()
    member.get(f"/{name}")
    message = re.search(rf'href="(/{name}/\d+)"', member.page.text)[1]
    member.share("Mine")
    mine = re.search(rf'href="(/{me}/\d+)"', member.page.text)[1]
    member.get(message)
    member.submit("/add_message", text="A reply")
    reply = re.search(rf'href="(/{me}/\d+)"', member.page.text)[1]
    places = {"name": name, "me": me, "message": message, "mine": mine, "reply": reply}
    return member, places


def test_it_asks_once_for_every_page_of_a_member(places, calls):
    member, names = places
    for path in (path.format(**names) for paths in PAGES.values() for path in paths):
        assert len(calls(member, path)) == 1, path


def test_it_asks_once_for_every_page_of_a_visitor(places, visitor, calls):
    _, names = places
    for path in (path.format(**names) for page in FOR_VISITORS for path in PAGES[page]):
        asked = calls(visitor, path)
        assert len(asked) == 1, path
        assert "head" not in asked[0]


def test_it_knows_every_page_of_the_site():
    pages = {
        pattern.name
        for pattern in urls.urlpatterns
        if "GET" in getattr(pattern.callback, "methods", ())
    }
    assert pages == PAGES.keys() | OTHERS


def test_it_asks_once_where_nothing_is_found(new_member, visitor, calls):
    member, me = new_member()
    for reader in (member, visitor):
        for path in ("/nobody_of_this_name", f"/{me}/123", f"/{me}/123/history"):
            assert len(calls(reader, path, status=404)) == 1, path


def test_it_asks_once_to_send_to_the_right_address(places, visitor, calls):
    member, names = places
    wrong = f"/{names['me']}{names['message'].removeprefix('/' + names['name'])}"
    for reader in (member, visitor):
        assert len(calls(reader, wrong, status=302)) == 1
