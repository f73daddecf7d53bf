"""The site's only way to the API: one method for each call of the HTTP contract.

Every call ends in a plain value or in one of `timeline_web.exceptions`; nothing of requests,
urllib3 or pybreaker leaves this module.
"""

import json
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from http.cookiejar import DefaultCookiePolicy
from typing import Any
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

PREFIX = "/api/v1"


@dataclass(frozen=True, slots=True)
class Author:
    """Who wrote a message."""

    id: str
    username: str
    display_name: str

    @classmethod
    def parse(cls, data: dict) -> "Author":
        return cls(data["id"], data["username"], data.get("display_name") or "")


@dataclass(frozen=True, slots=True)
class Account:
    """A member's profile; `followed_by_me` is None for a visitor."""

    id: str
    username: str
    display_name: str
    bio: str
    created_at: datetime
    message_count: int
    follower_count: int
    following_count: int
    followed_by_me: bool | None

    @classmethod
    def parse(cls, data: dict) -> "Account":
        return cls(
            id=data["id"],
            username=data["username"],
            display_name=data.get("display_name") or "",
            bio=data.get("bio") or "",
            created_at=datetime.fromisoformat(data["created_at"]),
            message_count=data["message_count"],
            follower_count=data["follower_count"],
            following_count=data["following_count"],
            followed_by_me=data.get("followed_by_me"),
        )


@dataclass(frozen=True, slots=True)
class Message:
    """One message with its author; `created_at` knows its time zone (UTC)."""

    id: str
    text: str
    created_at: datetime
    author: Author

    @classmethod
    def parse(cls, data: dict) -> "Message":
        return cls(
            data["id"],
            data["text"],
            datetime.fromisoformat(data["created_at"]),
            Author.parse(data["author"]),
        )


@dataclass(frozen=True, slots=True)
class Page:
    """Messages, newest first, with the cursors of the pages beside this one (None at an end).

    `shards_missing` names the shards that could not be asked: then the page is not complete.
    """

    messages: list[Message]
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
    calls it made; `address` is the visitor's, by whom the API counts its throttles.
    """

    def __init__(self, *, token: str | None = None, request_id: str = "", address: str = ""):
        self.token = token
        self._headers = {"X-Request-ID": request_id, "X-Forwarded-For": address}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"

    def register(self, *, username: str, email: str, password: str) -> Account:
        """Create an account. Raises Invalid with errors for username, email or password."""
        data = {"username": username, "email": email, "password": password}
        return self._call("POST", "/accounts/", json=data, parse=Account.parse)

    def log_in(self, *, username: str, password: str) -> tuple[str, Account]:
        """A new token and its account. Raises Unauthorized, or Forbidden for a suspended one."""
        data = {"username": username, "password": password}
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

    def follow(self, username: str) -> None:
        """Follow `username`; to do so twice changes nothing. Raises NotFound, Invalid (oneself)."""
        self._call("PUT", f"/accounts/{_segment(username)}/follow/")

    def unfollow(self, username: str) -> None:
        """No longer follow `username`; to do so twice changes nothing. Raises NotFound."""
        self._call("DELETE", f"/accounts/{_segment(username)}/follow/")

    def post(self, text: str, *, key: str = "") -> Message:
        """Post `text`; the same `key` with the same text records one message only.

        Raises Invalid for a text that is empty or too long, KeyReused for a key that went with
        another text, Conflict while the first request with it is running.
        """
        return self._call(
            "POST",
            "/messages/",
            json={"text": text},
            headers={"Idempotency-Key": key or uuid.uuid4().hex},
            parse=Message.parse,
        )

    def public_timeline(self, cursor: str = "") -> Page:
        """The newest messages of everybody. Raises NotFound for a cursor that is none."""
        return self._page("/timelines/public/", cursor)

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

    def _page(self, path: str, cursor: str) -> Page:
        params = {"cursor": cursor} if cursor else None
        return self._call("GET", path, params=params, parse=_parse_page, with_response=True)

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
        response = _line().send(
            method, PREFIX + path, headers={**self._headers, **(headers or {})}, **kwargs
        )
        if not response.ok:
            raise _failure(response)
        if parse is None:
            return None
        try:
            body = json.loads(response.content)
            return parse(body, response) if with_response else parse(body)
        except (ValueError, KeyError, TypeError) as error:
            raise ApiBroken(f"{method} {path}: {error!r} in the answer") from error


def _segment(username: str) -> str:
    return quote(username, safe="")


def _parse_page(body: dict, response: requests.Response) -> Page:
    return Page(
        messages=[Message.parse(item) for item in body["results"]],
        older=_cursor_of(body["next"]),
        newer=_cursor_of(body["previous"]),
        shards_missing=response.headers.get("X-Shards-Missing", ""),
    )


def _cursor_of(url: str | None) -> str | None:
    """The cursor in a link of the API: the site's own links carry it on, not the API's address."""
    if not url:
        return None
    return parse_qs(urlsplit(url).query).get("cursor", [None])[0]


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
