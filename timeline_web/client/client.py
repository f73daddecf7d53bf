"""The API as methods, one for each call of the HTTP contract.

Every method returns a plain value or raises one of `errors`. Any of them can raise ApiUnavailable,
ApiBroken or Throttled, and Unauthorized for a token that was revoked.
"""

import uuid
from collections.abc import Callable
from typing import IO, TypeVar
from urllib.parse import quote

import orjson

from . import errors, transport
from .kept_answers import Kept, kept_answers
from .resources import (
    Account,
    Author,
    ConversationItem,
    Data,
    History,
    Included,
    MemberSummary,
    Message,
    Notification,
    Page,
    Picture,
    Reaction,
    ReactionList,
    Restriction,
    RestrictionList,
    Sitemap,
    Token,
    Trend,
    parse_conversation_item,
)
from .transport import Answer, Call, Files, Method

T = TypeVar("T")


class Api:
    """The API as one visitor or member sees it.

    `token` is the member's, None for a visitor. `request_id` names the page and the calls it makes.
    `client_ip` is the address by which the API throttles. `language` is the page's, in which the
    API words its errors.
    """

    def __init__(
        self,
        *,
        token: str | None = None,
        request_id: str = "",
        client_ip: str = "",
        language: str = "en",
    ) -> None:
        self.token = token
        self._headers = {
            "X-Request-ID": request_id,
            "X-Forwarded-For": client_ip,
            "Accept-Language": language,
        }
        if token:
            self._headers["Authorization"] = f"Bearer {token}"
        # What came with the last answer that includes something.
        self._included: Included | None = None

    def as_visitor(self) -> "Api":
        """Return the same without the member's token."""
        return Api(
            request_id=self._headers["X-Request-ID"],
            client_ip=self._headers["X-Forwarded-For"],
            language=self._headers["Accept-Language"],
        )

    # Accounts

    def register(self, *, username: str, email: str, password: str) -> Account:
        """Create an account. Raise Invalid with errors for username, email or password."""
        data = {"username": username, "email": email, "password": password}
        return _parsed(self._send("POST", "/accounts/", json=data), Account.parse)

    def account(self, username: str) -> Account:
        """Return the profile of `username`, in any case. Raise NotFound."""
        return self._get(_path("accounts", username), Account.parse)

    def shown_account(self, username: str) -> Account:
        """Return a profile for a page about it. Raise NotFound."""
        return self._part(_path("accounts", username), Account.parse)

    def update_profile(self, username: str, **changes: str) -> Account:
        """Change some of display_name, bio and email. Raise Invalid."""
        answer = self._send("PATCH", _path("accounts", username), json=changes)
        return _parsed(answer, Account.parse)

    def change_password(self, username: str, *, old_password: str, new_password: str) -> str:
        """Set a new password and revoke all tokens. Return a new one. Raise Invalid."""
        data = {"old_password": old_password, "new_password": new_password, "renew": True}
        answer = self._send("POST", _path("accounts", username, "password"), json=data)
        return _parsed(answer, lambda body: str(body["token"]))

    def delete_account(self, username: str, *, password: str) -> None:
        """Delete the account and everything in it. Raise Invalid for a wrong password."""
        self._send("DELETE", _path("accounts", username), json={"password": password})

    def export(self, username: str) -> bytes:
        """Return everything of the account, as JSON."""
        return self._send("GET", _path("accounts", username, "export")).body

    def picture(self, username: str, version: str = "") -> Picture:
        """Return the picture that a member has uploaded. Raise NotFound if there is none."""
        path = _path("accounts", username, "avatar")
        answer = self._send("GET", path, params={"v": version} if version else {})
        names = ("Content-Type", "Cache-Control", "ETag")
        return Picture(answer.body, *(answer.headers[name] for name in names))

    def upload_picture(self, username: str, file: IO[bytes]) -> None:
        """Make `file` the member's picture. Raise Invalid."""
        files = {"picture": ("picture", file)}
        self._send("PUT", _path("accounts", username, "avatar"), files=files)

    def delete_picture(self, username: str) -> None:
        """Delete the member's picture. Idempotent."""
        self._send("DELETE", _path("accounts", username, "avatar"))

    # Tokens

    def log_in(self, *, username: str, password: str, name: str = "") -> tuple[str, Account]:
        """Return a new token, called `name`, and its account.

        Raise Unauthorized, or Forbidden for a suspended account.
        """
        data = {"username": username, "password": password, "name": name}
        answer = self._send("POST", "/tokens/", json=data)
        return _parsed(answer, lambda body: (body["token"], Account.parse(body["account"])))

    def log_out(self) -> None:
        """Revoke this member's token."""
        self._send("DELETE", "/tokens/current/")

    def tokens(self, cursor: str = "") -> Page[Token]:
        """Return the member's valid tokens, newest first."""
        return self._page("/tokens/", Token.parse, cursor)

    def create_token(self, name: str) -> str:
        """Return a new token for a program, to be shown once. Raise Invalid."""
        answer = self._send("POST", "/tokens/personal/", json={"name": name})
        return _parsed(answer, lambda body: str(body["token"]))

    def revoke_token(self, token_id: str) -> None:
        """Revoke one of the member's tokens. Raise NotFound."""
        self._send("DELETE", _path("tokens", token_id))

    # Messages

    def post_message(self, text: str, *, key: str = "", in_reply_to: str = "") -> Message:
        """Post `text`. Idempotent for the same `key` and text.

        Raise Invalid if the text is empty or too long or there is nothing to reply to, KeyReused
        if `key` was sent with another text, Conflict while the first request with it is running.
        """
        answer = self._send(
            "POST",
            "/messages/",
            json={"text": text, "in_reply_to": in_reply_to or None},
            headers={"Idempotency-Key": key or uuid.uuid4().hex},
        )
        return _parsed(answer, Message.parse)

    def message(self, message_id: str) -> Message:
        """Return a message. Raise NotFound."""
        return self._part(_path("messages", message_id), Message.parse)

    def edit_message(self, message_id: str, text: str, *, revision: int) -> Message:
        """Replace the text. Raise Conflict if `revision` is not the current one."""
        data = {"text": text, "revision": revision}
        answer = self._send("PATCH", _path("messages", message_id), json=data)
        return _parsed(answer, Message.parse)

    def delete_message(self, message_id: str) -> None:
        """Delete one of the member's messages. Raise NotFound, Forbidden."""
        self._send("DELETE", _path("messages", message_id))

    def history(self, message_id: str) -> History:
        """Return the texts of a message, and the message, or its gap. Raise NotFound."""
        return self._part(_path("messages", message_id, "history"), History.parse, "message")

    def ancestors(self, message_id: str) -> list[ConversationItem]:
        """Return what a message replies to, its parent last. Raise NotFound."""
        path = _path("messages", message_id, "ancestors")
        return self._get(path, lambda body: [*map(parse_conversation_item, body["results"])])

    def replies(
        self, message_id: str, cursor: str = "", *, with_author: bool = False
    ) -> Page[ConversationItem]:
        """Return the replies to a message, oldest first. It includes the message, or its gap, what
        it replies to, and its author's account if `with_author`. Raise NotFound."""
        path = _path("messages", message_id, "replies")
        include = ["message", "ancestors", *(["account"] if with_author else [])]
        return self._page(path, parse_conversation_item, cursor, *include)

    def add_reaction(self, message_id: str, reaction: Reaction) -> None:
        """Like or repost a message. Idempotent. Raise NotFound."""
        self._send("PUT", _path("messages", message_id, reaction))

    def remove_reaction(self, message_id: str, reaction: Reaction) -> None:
        """Undo a like or a repost. Idempotent. Raise NotFound."""
        self._send("DELETE", _path("messages", message_id, reaction))

    def reactions(
        self, message_id: str, reaction_list: ReactionList, cursor: str = ""
    ) -> Page[Account]:
        """Return the accounts that like or have reposted a message. Raise NotFound."""
        return self._page(_path("messages", message_id, reaction_list), Account.parse, cursor)

    def pin(self, message_id: str) -> None:
        """Pin a message to the member's profile. Idempotent. Raise NotFound, Forbidden."""
        self._send("PUT", _path("messages", message_id, "pin"))

    def unpin(self, message_id: str) -> None:
        """Unpin a message. Idempotent. Raise NotFound, Forbidden."""
        self._send("DELETE", _path("messages", message_id, "pin"))

    def report(self, message_id: str, reason: str) -> None:
        """Report a message to the operators. Raise NotFound, Invalid."""
        self._send("POST", _path("messages", message_id, "report"), json={"reason": reason})

    def report_account(self, username: str, reason: str) -> None:
        """Report an account to the operators. Raise NotFound, Invalid."""
        self._send("POST", _path("accounts", username, "report"), json={"reason": reason})

    # Follows and restrictions

    def follow(self, username: str) -> None:
        """Follow `username`. Idempotent. Raise NotFound, or Invalid for oneself."""
        self._send("PUT", _path("accounts", username, "follow"))

    def unfollow(self, username: str) -> None:
        """Unfollow `username`. Idempotent. Raise NotFound."""
        self._send("DELETE", _path("accounts", username, "follow"))

    def followers(self, username: str, cursor: str = "") -> Page[Account]:
        """Return the followers of `username`. Raise NotFound."""
        return self._page(_path("accounts", username, "followers"), Account.parse, cursor)

    def following(self, username: str, cursor: str = "") -> Page[Account]:
        """Return the accounts that `username` follows. Raise NotFound."""
        return self._page(_path("accounts", username, "following"), Account.parse, cursor)

    def add_restriction(self, username: str, restriction: Restriction) -> None:
        """Block or mute `username`. Idempotent. Raise NotFound."""
        self._send("PUT", _path("accounts", username, restriction))

    def remove_restriction(self, username: str, restriction: Restriction) -> None:
        """Unblock or unmute `username`. Idempotent. Raise NotFound."""
        self._send("DELETE", _path("accounts", username, restriction))

    def restrictions(self, restriction_list: RestrictionList, cursor: str = "") -> Page[Account]:
        """Return the accounts that the member has blocked or muted."""
        return self._page(_path(restriction_list), Account.parse, cursor)

    # Timelines, search and notifications

    def home_timeline(self, cursor: str = "") -> Page[Message]:
        """Return the messages of the member and of everyone they follow, newest first. It includes
        suggestions."""
        return self._page("/timelines/home/", Message.parse, cursor, "suggestions")

    def public_timeline(self, cursor: str = "") -> Page[Message]:
        """Return everybody's messages, newest first. It includes the trending tags. Raise NotFound
        for an invalid cursor."""
        return self._page("/timelines/public/", Message.parse, cursor, "trending")

    def user_timeline(self, username: str, cursor: str = "") -> Page[Message]:
        """Return the messages of `username`, newest first. It includes the account, and on the
        first page the pinned message. Raise NotFound."""
        path = _path("accounts", username, "messages")
        include = ["account"] if cursor else ["account", "pinned"]
        return self._page(path, Message.parse, cursor, *include)

    def tag_timeline(self, tag: str, cursor: str = "") -> Page[Message]:
        """Return the messages that have a tag, newest first."""
        return self._page(_path("tags", tag, "messages"), Message.parse, cursor)

    def sitemap(self) -> Sitemap:
        """Return where the newest messages are, and the trending tags."""
        return self._get("/sitemap/", Sitemap.parse)

    def trending(self) -> list[Trend]:
        """Return the tags that most messages of the last day have."""
        return self._part(
            "/tags/trending/", lambda body: [Trend.parse(each) for each in body["results"]]
        )

    def search_messages(self, text: str, cursor: str = "") -> Page[Message]:
        """Return the messages that have all the words of `text`. Raise Invalid."""
        return self._page("/search/messages/", Message.parse, cursor, q=text)

    def search_accounts(self, text: str, cursor: str = "") -> Page[Account]:
        """Return the accounts that have all the words of `text`. Raise Invalid."""
        return self._page("/search/accounts/", Account.parse, cursor, q=text)

    def names(self, prefix: str) -> list[Author]:
        """Return the first accounts whose name begins with `prefix`."""
        answer = self._send("GET", "/names/", params={"prefix": prefix})
        return _parsed(answer, lambda body: [Author.parse(each) for each in body["results"]])

    def notifications(self, cursor: str = "") -> Page[Notification]:
        """Return the member's notifications, newest first."""
        return self._page("/notifications/", Notification.parse, cursor)

    def mark_notifications_read(self, until: str = "") -> None:
        """Mark the notifications up to the id `until` as read, or all of them."""
        self._send("POST", "/notifications/read/", json={"until": until} if until else {})

    def member_summary(self) -> MemberSummary | None:
        """Return the member's account and the number of their unread notifications.

        They have come with what the page is about: None if they could not be had. A page that is
        about nothing of the API's asks for them.
        """
        if self._included is not None:
            return self._included.head
        return self._get("/notifications/unread/", MemberSummary.parse)

    def is_alive(self) -> bool:
        """Return whether the API answers, asked quickly and past the circuit breaker."""
        return transport.connection().is_alive()

    def _get(self, path: str, parse: Callable[[Data], T]) -> T:
        return self._read(path, {}, lambda answer: _parsed(answer, parse))

    def _part(self, path: str, parse: Callable[[Data], T], *include: str) -> T:
        """Return what a page of the site is about, with the parts in `include`, and a member's
        head."""

        def parsed(answer: Answer) -> tuple[T, Included]:
            return _parsed(answer, lambda body: (parse(body), Included.parse(body)))

        included = self._including(*include)
        part, self._included = self._read(path, included, parsed, "part")
        return part

    def _page(
        self, path: str, parse: Callable[[Data], T], cursor: str, *include: str, **params: str
    ) -> Page[T]:
        """Return a page of a list, with the parts in `include`, and a member's head."""
        params |= self._including(*include) | ({"cursor": cursor} if cursor else {})

        def parsed(answer: Answer) -> Page[T]:
            shards_missing = answer.headers.get("X-Shards-Missing", "")
            return _parsed(answer, lambda body: Page.parse(body, parse, shards_missing))

        page = self._read(path, params, parsed)
        self._included = page.included
        return page

    def _including(self, *include: str) -> dict[str, str]:
        names = [*include, *(["head"] if self.token else [])]
        return {"include": ",".join(names)} if names else {}

    def _read(
        self, path: str, params: dict[str, str], parsed: Callable[[Answer], T], shape: str = ""
    ) -> T:
        """Return what `parsed` makes of the answer, or what a `parsed` of the same `shape` has made
        of the same answer before. That is shared: nobody may change it."""
        key = (shape, self.token, self._headers["Accept-Language"], path, *params.items())
        kept = kept_answers.get(key)
        known = {"If-None-Match": kept.etag} if kept else {}
        answer = self._send("GET", path, params=params, headers=known)
        if kept and answer.status == 304:
            value: T = kept.value
        else:
            value = parsed(answer)
        if etag := answer.headers.get("ETag"):
            kept_answers.put(key, Kept(etag, value))
        return value

    def _send(
        self,
        method: Method,
        path: str,
        *,
        params: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
        json: object | None = None,
        files: Files | None = None,
    ) -> Answer:
        """Send one request. Return the answer if it is a success, or the 304 that was asked for,
        else raise what it means."""
        headers = self._headers | (headers or {})
        call = Call(method, path, headers=headers, params=params or {}, json=json, files=files)
        answer = transport.connection().send(call)
        if not answer.ok and not (answer.status == 304 and "If-None-Match" in headers):
            raise errors.error_of(answer.status, answer.headers, answer.body)
        return answer


def _parsed(answer: Answer, parse: Callable[[Data], T]) -> T:
    """Return what `parse` makes of the body. Raise ApiBroken if it cannot."""
    try:
        return parse(orjson.loads(answer.body))
    except (ValueError, KeyError, TypeError) as error:
        raise errors.ApiBroken(f"{answer.call}: {error!r} in the answer") from error


def _path(*segments: str) -> str:
    """Return the path of `segments`; none of them can leave its place in it.

    Raise NotFound for a dot or two, which lead to another endpoint however they are written.
    """
    if {"", ".", ".."} & set(segments):
        raise errors.NotFound
    return "/" + "".join(f"{quote(segment, safe='')}/" for segment in segments)
