"""A program that renders each kept page in both ways, kept and from its template.

It has a process of its own, as it needs the site's settings and the tests have the API's. It ends
with an AssertionError where the two differ.
"""

import itertools
import re

import django
from django.contrib.messages import constants
from django.contrib.messages.storage.base import BaseStorage
from django.contrib.messages.storage.base import Message as Flash
from django.test import RequestFactory
from django.urls import resolve
from django.utils import translation

from timeline_web.client import Account, MemberSummary, Message, Page, Trend
from timeline_web.forms import MessageForm
from timeline_web.sessions import Member
from timeline_web.views.rendering import render_list, render_page

AUTHOR = {"id": "1", "username": "alice", "display_name": "<A> & 'b'", "avatar_url": None}
ACCOUNT = AUTHOR | {
    "bio": 'See https://example.org/?a=1&b="2"',
    "created_at": "2026-11-24T12:00:00Z",
    "message_count": 1,
    "follower_count": 2,
    "following_count": 0,
    "is_suspended": False,
    "followed_by_me": True,
    "blocked_by_me": False,
    "muted_by_me": True,
    "blocks_me": False,
    "email": None,
}
MESSAGE = {
    "id": "2",
    "text": "Hello <b> 😀 سلام",
    "created_at": "2026-11-24T12:00:00Z",
    "edited_at": None,
    "revision": 0,
    "author": AUTHOR,
    "entities": [],
    "in_reply_to": None,
    "repost_of": None,
    "reply_count": 0,
    "like_count": 1,
    "repost_count": 0,
}
TOKEN = re.compile(rb'name="csrfmiddlewaretoken" value="[A-Za-z0-9]{64}"')
MARK = re.compile(rb"[0-9a-f]{32}[a-z_]+[0-9]*\.")


class Flashes(BaseStorage):
    """What the last request has to say, without a session."""

    def _get(self, *args, **kwargs):
        texts = ['You are now following "bob"', "<b>"]
        return [Flash(constants.SUCCESS, text) for text in texts], True


def request_of(path: str, username: str | None, flashes: bool, is_shared: bool):
    request = RequestFactory(SERVER_NAME="localhost").get(path, {"cursor": "a&b", "x": "<y>"})
    request.member = Member(username, "1.x") if username else None
    summary = MemberSummary.parse({"account": AUTHOR, "count": 3})
    request.member_summary = lambda: summary if username else None
    request.is_shared = is_shared and not username
    request.resolver_match = resolve(path)
    request._messages = Flashes(request) if flashes else []
    return request


def contexts(username: str | None):
    message = Message.parse(MESSAGE)
    repost = Message.parse(MESSAGE | {"id": "3", "text": "", "repost_of": MESSAGE})
    account, trends = Account.parse(ACCOUNT), [Trend("tag", 2)]
    page = Page([message, repost, message], "old&er", "new<er", "")
    last = Page([message], None, None, "")
    if username:
        form = MessageForm(initial={"text": "<draft>"})
        for suggestions in ([], [account]):
            yield "/", "home", page, True, {"form": form, "suggestions": suggestions}
    yield "/public", "public", last, True, {"trending": trends}
    yield "/public", "public", page, True, {"trending": []}
    for pinned in (None, message):
        is_me = username == "alice"
        yield (
            "/alice",
            "profile",
            page,
            False,
            {"account": account, "pinned": pinned, "is_me": is_me},
        )


def rendered(response) -> bytes:
    return TOKEN.sub(b"", response.content)


def compare(language: str, username: str | None, flashes: bool, is_shared: bool) -> None:
    for path, template, page, live, context in contexts(username):

        def request():
            return request_of(path, username, flashes, is_shared)  # noqa: B023 (called at once)

        whole = {"page": page, "live": live, **context}
        wanted = rendered(render_page(request(), template, whole))
        assert len(wanted) > 3000
        for _ in range(2):
            given = rendered(render_list(request(), template, context, page=page, live=live))
            assert given == wanted, (language, username, flashes, is_shared, path)
            assert not MARK.search(given)


def main() -> None:
    django.setup()
    for language, *reader in itertools.product(
        ("en", "ar"), (None, "alice", "bob"), (False, True), (False, True)
    ):
        with translation.override(language):
            compare(language, *reader)


if __name__ == "__main__":
    main()
