"""The site's only way to the API: one method for each call of the HTTP contract.

Every call ends in a plain value or in one of `timeline_web.exceptions`; nothing of requests,
urllib3 or pybreaker leaves this module.
"""

import json
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from datetime import datetime
from http.cookiejar import DefaultCookiePolicy
from typing import IO, Any
from urllib.parse import parse_qs, quote, urlsplit

import pybreaker
import requests
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

from . import conf
from .exceptions import (
    ApiBroken,
    ApiError,
    ApiUnavailable,
    Conflict,
    Forbidden,
    Invalid,
    KeyReused,
    NotFound,
    Throttled,
    Unauthorized,
)
from .prose import Entity

PREFIX = "/api/v1"


@dataclass(frozen=True, slots=True)
class Trend:
    """A tag that is talked of."""

    tag: str
    message_count: int


@dataclass(frozen=True, slots=True)
class Author:
    """Who wrote a message; `picture` is the version of the one they have uploaded, "" for none."""

    id: str
    username: str
    display_name: str
    picture: str

    @classmethod
    def parse(cls, data: dict) -> "Author":
        shown = data.get("display_name") or ""
        return cls(data["id"], data["username"], shown, _parameter(data.get("avatar_url"), "v"))


@dataclass(frozen=True, slots=True)
class Account:
    """A member's profile; `followed_by_me` is None for a visitor, `email` for all but its owner."""

    id: str
    username: str
    display_name: str
    picture: str
    bio: str
    created_at: datetime
    message_count: int
    follower_count: int
    following_count: int
    pinned_message: str | None
    is_suspended: bool
    followed_by_me: bool | None
    blocked_by_me: bool | None
    muted_by_me: bool | None
    blocks_me: bool | None
    email: str | None

    @classmethod
    def parse(cls, data: dict) -> "Account":
        return cls(
            id=data["id"],
            username=data["username"],
            display_name=data.get("display_name") or "",
            picture=_parameter(data.get("avatar_url"), "v"),
            bio=data.get("bio") or "",
            created_at=datetime.fromisoformat(data["created_at"]),
            message_count=data["message_count"],
            follower_count=data["follower_count"],
            following_count=data["following_count"],
            pinned_message=data.get("pinned_message"),
            is_suspended=data["is_suspended"],
            followed_by_me=data.get("followed_by_me"),
            blocked_by_me=data.get("blocked_by_me"),
            muted_by_me=data.get("muted_by_me"),
            blocks_me=data.get("blocks_me"),
            email=data.get("email"),
        )


@dataclass(frozen=True, slots=True)
class Parent:
    """What a message replies to; `username` is "" when its author has left."""

    id: str
    username: str


@dataclass(frozen=True, slots=True)
class Message:
    """One message; times know their zone (UTC). A repost has no text, and the message that it shows
    in `repost_of`. `author` is None for the gap that a deleted one leaves, the marks for a visitor.
    """

    id: str
    text: str
    created_at: datetime
    edited_at: datetime | None
    revision: int
    author: Author | None
    entities: tuple[Entity, ...]
    in_reply_to: Parent | None
    repost_of: "Message | None"
    reply_count: int
    like_count: int
    repost_count: int
    liked_by_me: bool | None
    reposted_by_me: bool | None

    @classmethod
    def parse(cls, data: dict) -> "Message":
        parent = data["in_reply_to"]
        return cls(
            id=data["id"],
            text=data["text"],
            created_at=datetime.fromisoformat(data["created_at"]),
            edited_at=_time(data["edited_at"]),
            revision=data["revision"],
            author=Author.parse(data["author"]) if data["author"] else None,
            entities=tuple(Entity(**entity) for entity in data["entities"]),
            in_reply_to=Parent(parent["id"], parent["username"]) if parent else None,
            repost_of=cls.parse(data["repost_of"]) if data["repost_of"] else None,
            reply_count=data["reply_count"],
            like_count=data["like_count"],
            repost_count=data["repost_count"],
            liked_by_me=data.get("liked_by_me"),
            reposted_by_me=data.get("reposted_by_me"),
        )

    @classmethod
    def gap(cls, message_id: str) -> "Message":
        """What is left of a message that was deleted."""
        nothing = dict.fromkeys(field.name for field in fields(cls))
        return cls(**nothing | {"id": message_id, "entities": ()})


@dataclass(frozen=True, slots=True)
class Revision:
    """A text that a message has had since `created_at`."""

    text: str
    created_at: datetime

    @classmethod
    def parse(cls, data: dict) -> "Revision":
        return cls(data["text"], datetime.fromisoformat(data["created_at"]))


@dataclass(frozen=True, slots=True)
class Notification:
    """What `account_count` people did, of whom `accounts` are the latest."""

    id: str
    kind: str
    created_at: datetime
    is_read: bool
    account_count: int
    accounts: list[Author]
    message: Message | None

    @classmethod
    def parse(cls, data: dict) -> "Notification":
        return cls(
            id=data["id"],
            kind=data["kind"],
            created_at=datetime.fromisoformat(data["created_at"]),
            is_read=data["is_read"],
            account_count=data["account_count"],
            accounts=[Author.parse(item) for item in data["accounts"]],
            message=Message.parse(data["message"]) if data["message"] else None,
        )

    @property
    def others(self) -> int:
        """How many did it beside the first."""
        return self.account_count - 1


@dataclass(frozen=True, slots=True)
class Token:
    """A way in, without its secret; `current` is the one that asked."""

    id: str
    name: str
    created_at: datetime
    last_used_at: datetime | None
    current: bool

    @classmethod
    def parse(cls, data: dict) -> "Token":
        return cls(
            id=data["id"],
            name=data["name"],
            created_at=datetime.fromisoformat(data["created_at"]),
            last_used_at=_time(data["last_used_at"]),
            current=data["current"],
        )


@dataclass(frozen=True, slots=True)
class Head:
    """What the head of a member's page shows: who they are, and how many notifications wait."""

    me: Author
    unread: int

    @classmethod
    def parse(cls, data: dict) -> "Head":
        return cls(Author.parse(data["account"]), data["count"])


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as the API has it, and how long it may be kept."""

    data: bytes
    media_type: str
    cache_control: str
    etag: str


@dataclass(frozen=True, slots=True)
class Page:
    """Messages, accounts or whatever a list has, with the cursors of the pages beside this one
    (None at an end).

    `shards_missing` names the shards that could not be asked: then the page is not complete.
    """

    items: list
    older: str | None
    newer: str | None
    shards_missing: str


class _GatewayRetry(Retry):
    """Retries what a load balancer answers, and not what the API answers.

    The API's own 503 says that a shard is gone, and carries a Retry-After: asking again at once
    would only double the wait.
    """

    def is_retry(self, method: str, status_code: int, has_retry_after: bool = False) -> bool:
        return not has_retry_after and super().is_retry(method, status_code)


class _Line:
    """A thread's connection to the API: its pooled session and its circuit breaker.

    One breaker a thread, because pybreaker holds its lock for as long as a call takes: a shared one
    would let one thread call at a time.
    """

    def __init__(self) -> None:
        self.base_url = conf.get("API_BASE_URL").rstrip("/")
        self.timeout = (conf.get("API_CONNECT_TIMEOUT"), conf.get("API_READ_TIMEOUT"))
        self.session = requests.Session()
        # A .netrc or a proxy of the machine has no say in this, and members share this session:
        # it must never remember a cookie of one of them.
        self.session.trust_env = False
        self.session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self.session.headers["User-Agent"] = "timeline_web"
        self.session.headers["Accept"] = "application/json"
        self.session.mount(self.base_url, HTTPAdapter(max_retries=_retry()))
        # A message is posted with an Idempotency-Key, so posting it twice records it once.
        self.session.mount(
            f"{self.base_url}{PREFIX}/messages/", HTTPAdapter(max_retries=_retry("POST"))
        )
        self.breaker = pybreaker.CircuitBreaker(
            fail_max=conf.get("API_BREAKER_FAILURES"),
            reset_timeout=conf.get("API_BREAKER_SECONDS"),
        )

    def send(self, method: str, path: str, **kwargs) -> requests.Response:
        """The API's answer to one request; raises ApiUnavailable when there is none."""
        try:
            return self.breaker.call(self._exchange, method, path, **kwargs)
        except pybreaker.CircuitBreakerError as error:
            raise ApiUnavailable(
                f"{method} {path}: {error}", retry_after=int(self.breaker.reset_timeout)
            ) from error

    def _exchange(self, method: str, path: str, **kwargs) -> requests.Response:
        kwargs.setdefault("timeout", self.timeout)
        try:
            response = self.session.request(
                method, self.base_url + path, allow_redirects=False, **kwargs
            )
        except requests.RequestException as error:
            raise ApiUnavailable(f"{method} {path}: {error}") from error
        # Only what stands before the API counts as a failure here. The API's own 503 (one shard is
        # gone) must not open the circuit: the other shards still answer.
        if response.status_code in (502, 503, 504) and "Retry-After" not in response.headers:
            raise ApiUnavailable(f"{method} {path}: {response.status_code}")
        return response


def _retry(*also: str) -> Retry:
    """How often to try again: idempotent methods, and those of `also`; a little later each time."""
    return _GatewayRetry(
        total=2,
        read=1,
        status=1,
        backoff_factor=0.05,
        allowed_methods={"GET", "PUT", "DELETE", *also},
        status_forcelist={502, 503, 504},
        respect_retry_after_header=False,
        raise_on_status=False,
    )


_thread = threading.local()


def _line() -> _Line:
    if not hasattr(_thread, "line"):
        _thread.line = _Line()
    return _thread.line


class Api:
    """The API as one visitor or member sees it.

    `token` is the member's, or None; `request_id` goes along, so that one id names a page and the
    calls it made; `address` is the visitor's, by whom the API counts its throttles; `language` is
    the page's, in which the API words what it refuses.
    """

    def __init__(
        self,
        *,
        token: str | None = None,
        request_id: str = "",
        address: str = "",
        language: str = "en",
    ):
        self.token = token
        self._headers = {
            "X-Request-ID": request_id,
            "X-Forwarded-For": address,
            "Accept-Language": language,
        }
        if token:
            self._headers["Authorization"] = f"Bearer {token}"

    def as_visitor(self) -> "Api":
        """The same without the member's token."""
        return Api(
            request_id=self._headers["X-Request-ID"],
            address=self._headers["X-Forwarded-For"],
            language=self._headers["Accept-Language"],
        )

    def register(self, *, username: str, email: str, password: str) -> Account:
        """Create an account. Raises Invalid with errors for username, email or password."""
        data = {"username": username, "email": email, "password": password}
        return self._call("POST", "/accounts/", json=data, parse=Account.parse)

    def log_in(self, *, username: str, password: str, name: str = "") -> tuple[str, Account]:
        """A new token, called `name`, and its account. Raises Unauthorized, or Forbidden for a
        suspended one."""
        data = {"username": username, "password": password, "name": name}
        return self._call(
            "POST",
            "/tokens/",
            json=data,
            parse=lambda body: (body["token"], Account.parse(body["account"])),
        )

    def log_out(self) -> None:
        """Revoke this member's token, everywhere and for ever."""
        self._call("DELETE", "/tokens/current/")

    def account(self, username: str) -> Account:
        """The profile of `username`, however it is cased. Raises NotFound."""
        return self._call("GET", f"/accounts/{_segment(username)}/", parse=Account.parse)

    def update_profile(self, username: str, **changes: str) -> Account:
        """Change some of display_name, bio and email. Raises Invalid."""
        path = f"/accounts/{_segment(username)}/"
        return self._call("PATCH", path, json=changes, parse=Account.parse)

    def change_password(self, username: str, *, old_password: str, new_password: str) -> None:
        """Set a new password; every other token ends. Raises Invalid."""
        body = {"old_password": old_password, "new_password": new_password}
        self._call("POST", f"/accounts/{_segment(username)}/password/", json=body)

    def delete_account(self, username: str, *, password: str) -> None:
        """Delete the account and everything of it. Raises Invalid for a wrong password."""
        self._call("DELETE", f"/accounts/{_segment(username)}/", json={"password": password})

    def export(self, username: str) -> bytes:
        """Everything of the account, as JSON."""
        return self._answer("GET", f"/accounts/{_segment(username)}/export/").content

    def picture(self, username: str, version: str = "") -> Picture:
        """The picture that a member has uploaded. Raises NotFound where there is none."""
        path = f"/accounts/{_segment(username)}/avatar/"
        response = self._answer("GET", path, params={"v": version} if version else None)
        names = ("Content-Type", "Cache-Control", "ETag")
        return Picture(response.content, *(response.headers[name] for name in names))

    def upload_picture(self, username: str, file: IO[bytes]) -> None:
        """Make `file` the member's picture. Raises Invalid."""
        self._call(
            "PUT", f"/accounts/{_segment(username)}/avatar/", files={"picture": ("picture", file)}
        )

    def remove_picture(self, username: str) -> None:
        """Take the member's picture away; twice is the same as once."""
        self._call("DELETE", f"/accounts/{_segment(username)}/avatar/")

    def tokens(self, cursor: str = "") -> Page:
        """The member's live tokens, the latest first."""
        return self._page("/tokens/", cursor, Token.parse)

    def make_token(self, name: str) -> str:
        """A new token for a program, to be shown once. Raises Invalid."""
        body = {"name": name}
        return self._call("POST", "/tokens/personal/", json=body, parse=lambda body: body["token"])

    def revoke_token(self, token_id: str) -> None:
        """End one of the member's tokens. Raises NotFound."""
        self._call("DELETE", f"/tokens/{token_id}/")

    def follow(self, username: str) -> None:
        """Follow `username`; to do so twice changes nothing. Raises NotFound, Invalid (oneself)."""
        self._call("PUT", f"/accounts/{_segment(username)}/follow/")

    def unfollow(self, username: str) -> None:
        """No longer follow `username`; to do so twice changes nothing. Raises NotFound."""
        self._call("DELETE", f"/accounts/{_segment(username)}/follow/")

    def post(self, text: str, *, key: str = "", in_reply_to: str = "") -> Message:
        """Post `text`; the same `key` with the same text records one message only.

        Raises Invalid for a text that is empty or too long, or when there is nothing to reply to,
        KeyReused for a key that went with another text, Conflict while the first request with it is
        running.
        """
        return self._call(
            "POST",
            "/messages/",
            json={"text": text, "in_reply_to": in_reply_to or None},
            headers={"Idempotency-Key": key or uuid.uuid4().hex},
            parse=Message.parse,
        )

    def message(self, message_id: str) -> Message:
        """One message. Raises NotFound."""
        return self._call("GET", f"/messages/{message_id}/", parse=Message.parse)

    def edit(self, message_id: str, text: str, *, revision: int) -> Message:
        """Replace the text. Raises Conflict when `revision` is not the one that stands."""
        body = {"text": text, "revision": revision}
        return self._call("PATCH", f"/messages/{message_id}/", json=body, parse=Message.parse)

    def delete(self, message_id: str) -> None:
        """Delete one's own message. Raises NotFound, Forbidden."""
        self._call("DELETE", f"/messages/{message_id}/")

    def mark(self, message_id: str, what: str) -> None:
        """Do `what` (like, repost, pin) with a message; twice is the same as once."""
        self._call("PUT", f"/messages/{message_id}/{what}/")

    def unmark(self, message_id: str, what: str) -> None:
        """Undo `what` (like, repost, pin); twice is the same as once."""
        self._call("DELETE", f"/messages/{message_id}/{what}/")

    def history(self, message_id: str) -> list[Revision]:
        """The texts that a message has had, the oldest first. Raises NotFound."""
        return self._results(f"/messages/{message_id}/history/", Revision.parse)

    def ancestors(self, message_id: str) -> list[Message]:
        """What a message replies to, its parent last. Raises NotFound."""
        return self._results(f"/messages/{message_id}/ancestors/", Message.parse)

    def replies(self, message_id: str, cursor: str = "") -> Page:
        """The replies to a message, the oldest first. Raises NotFound."""
        return self._page(f"/messages/{message_id}/replies/", cursor)

    def who(self, message_id: str, what: str, cursor: str = "") -> Page:
        """Who likes or has reposted a message: `what` is likes or reposts. Raises NotFound."""
        return self._page(f"/messages/{message_id}/{what}/", cursor, Account.parse)

    def people(self, username: str, which: str, cursor: str = "") -> Page:
        """The followers of `username`, or those they follow: `which` is followers or following.
        Raises NotFound."""
        return self._page(f"/accounts/{_segment(username)}/{which}/", cursor, Account.parse)

    def relate(self, username: str, what: str) -> None:
        """Do `what` (block, mute) to a member; twice is the same as once. Raises NotFound."""
        self._call("PUT", f"/accounts/{_segment(username)}/{what}/")

    def unrelate(self, username: str, what: str) -> None:
        """Undo `what` (block, mute); twice is the same as once. Raises NotFound."""
        self._call("DELETE", f"/accounts/{_segment(username)}/{what}/")

    def hidden(self, which: str, cursor: str = "") -> Page:
        """Whom the member has blocked or muted: `which` is blocks or mutes."""
        return self._page(f"/{which}/", cursor, Account.parse)

    def report(self, message_id: str, reason: str) -> None:
        """Tell the operators what is wrong with a message. Raises NotFound, Invalid."""
        self._call("POST", f"/messages/{message_id}/report/", json={"reason": reason})

    def tag(self, tag: str, cursor: str = "") -> Page:
        """The newest messages with a tag."""
        return self._page(f"/tags/{_segment(tag)}/messages/", cursor)

    def trending(self) -> list[Trend]:
        """The tags of the last day that most messages have."""
        return self._results("/tags/trending/", lambda row: Trend(**row))

    def suggestions(self) -> list[Account]:
        """Whom the member might follow."""
        return self._results("/suggestions/", Account.parse)

    def search(self, which: str, text: str, cursor: str = "") -> Page:
        """What has all the words: `which` is messages or accounts. Raises Invalid."""
        parse = Message.parse if which == "messages" else Account.parse
        return self._page(f"/search/{which}/", cursor, parse, q=text)

    def notifications(self, cursor: str = "") -> Page:
        """What others did that the member is told of."""
        return self._page("/notifications/", cursor, Notification.parse)

    def head(self) -> Head:
        """Who the member is, and how many of their notifications are unread."""
        return self._call("GET", "/notifications/unread/", parse=Head.parse)

    def mark_read(self, until: str) -> None:
        """Mark the notifications up to `until` as read."""
        self._call("POST", "/notifications/read/", json={"until": until} if until else {})

    def public_timeline(self, cursor: str = "") -> Page:
        """The newest messages of everybody. Raises NotFound for a cursor that is none."""
        return self._page("/timelines/public/", cursor)

    def newest(self) -> Iterator[Message]:
        """The messages of everybody, newest first; a call for each hundred."""
        cursor: str | None = ""
        while cursor is not None:
            page = self._page("/timelines/public/", cursor, page_size="100")
            yield from page.items
            cursor = page.older

    def home_timeline(self, cursor: str = "") -> Page:
        """The member's own messages and those of the people they follow."""
        return self._page("/timelines/home/", cursor)

    def messages_of(self, username: str, cursor: str = "") -> Page:
        """The messages of `username`. Raises NotFound."""
        return self._page(f"/accounts/{_segment(username)}/messages/", cursor)

    def is_alive(self) -> bool:
        """Whether the API answers, asked quickly and past the circuit breaker."""
        line = _line()
        try:
            response = line.session.get(line.base_url + "/livez", timeout=(0.5, 1.0))
        except requests.RequestException:
            return False
        return response.ok

    def _page(
        self, path: str, cursor: str, parse: Callable[[dict], Any] = Message.parse, **params: str
    ) -> Page:
        if cursor:
            params["cursor"] = cursor

        def parse_page(body: dict, response: requests.Response) -> Page:
            return Page(
                items=[parse(item) for item in body["results"]],
                older=_cursor_of(body["next"]),
                newer=_cursor_of(body["previous"]),
                shards_missing=response.headers.get("X-Shards-Missing", ""),
            )

        return self._call("GET", path, params=params, parse=parse_page, with_response=True)

    def _results(self, path: str, parse: Callable[[dict], Any]) -> list:
        return self._call("GET", path, parse=lambda body: [parse(row) for row in body["results"]])

    def _answer(
        self, method: str, path: str, *, headers: dict[str, str] | None = None, **kwargs
    ) -> requests.Response:
        """Send one request; give the answer when it is a success, or raise what it means."""
        response = _line().send(
            method, PREFIX + path, headers={**self._headers, **(headers or {})}, **kwargs
        )
        if not response.ok:
            raise _failure(response)
        return response

    def _call(
        self,
        method: str,
        path: str,
        *,
        parse: Callable[..., Any] | None = None,
        headers: dict[str, str] | None = None,
        with_response: bool = False,
        **kwargs,
    ) -> Any:
        """Send one request; give what `parse` makes of the body, or raise what the answer means."""
        response = self._answer(method, path, headers=headers, **kwargs)
        if parse is None:
            return None
        try:
            body = json.loads(response.content)
            return parse(body, response) if with_response else parse(body)
        except (ValueError, KeyError, TypeError) as error:
            raise ApiBroken(f"{method} {path}: {error!r} in the answer") from error


def _segment(username: str) -> str:
    return quote(username, safe="")


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _cursor_of(url: str | None) -> str | None:
    """The cursor in a link of the API: the site's own links carry it on, not the API's address."""
    return _parameter(url, "cursor") or None


def _parameter(url: str | None, name: str) -> str:
    """What a link of the API has in its query; "" where it has nothing, or is none."""
    return parse_qs(urlsplit(url).query).get(name, [""])[0] if url else ""


def _failure(response: requests.Response) -> ApiError:
    """The exception that an answer other than 2xx means."""
    errors = _errors_of(response)
    detail = " ".join(errors.get("detail", [])) or f"{response.status_code} from the API"
    retry_after = _seconds(response.headers.get("Retry-After"))
    match response.status_code:
        case 401:
            return Unauthorized(detail)
        case 403:
            return Forbidden(detail)
        case 404:
            return NotFound(detail)
        case 409:
            return Conflict(errors)
        case 422:
            return KeyReused(errors)
        case 429:
            return Throttled(detail, retry_after=retry_after)
        case 502 | 503 | 504:
            return ApiUnavailable(detail, retry_after=retry_after)
        case status if 400 <= status < 500:
            return Invalid(errors)
        case _:
            return ApiBroken(detail)


def _errors_of(response: requests.Response) -> dict[str, list[str]]:
    """DRF's error body as field → texts, whatever its shape."""
    try:
        body = json.loads(response.content)
    except ValueError:
        return {}
    if not isinstance(body, dict):
        body = {"detail": body}
    return {
        field: [str(text) for text in (texts if isinstance(texts, list) else [texts])]
        for field, texts in body.items()
    }


def _seconds(value: str | None) -> int | None:
    return int(value) if value and value.isdecimal() else None
