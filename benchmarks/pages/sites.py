"""Sites: something that serves pages, whoever wrote it, and the people who are signed in there."""

import html
import re
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from urllib.parse import urlencode

import requests

from .crowd import PASSWORD
from .load import Load, Request
from .processes import Groups

PER_PAGE = 30
CSRF = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


@dataclass(frozen=True)
class Person:
    """Somebody who is signed in: the header that says so, and the token of their forms."""

    header: str
    csrf: str = ""


@dataclass
class Site:
    """A server with its addresses. `mark` begins each message on a page; `shown` is how a page of
    somebody who is signed in names them."""

    name: str
    host: str
    ports: list[int]
    mark: bytes = b""
    shown: str = ""
    people: dict[str, Person] = field(default_factory=dict)

    def load(self, connections: int) -> Load:
        """Connections to this site."""
        return Load([("127.0.0.1", port) for port in self.ports], connections)

    def page(self, path: str, who: str = "", holds: Iterable[str] = ()) -> Request:
        """A GET, signed in as `who`, that must answer with thirty messages and that name."""
        texts = [html.escape(text).encode() for text in holds]
        if who and self.shown:
            texts.append(self.shown.format(who).encode())
        count = PER_PAGE if self.mark else 0
        return Request(self._head("GET", path, who), 200, tuple(texts), self.mark, count)

    def plain(self, path: str, who: str = "") -> Request:
        """A GET that must answer with a 200."""
        return Request(self._head("GET", path, who))

    def post(self, who: str, text: str) -> Request:
        """Post a message with the form of the home page."""
        fields = {"text": text}
        if csrf := self.people[who].csrf:
            fields["csrfmiddlewaretoken"] = csrf
        body = urlencode(fields).encode()
        head = self._head("POST", "/add_message", who, _form(body))
        return Request(head + body, 302)

    def settle(self, patience: float = 120) -> None:
        """Come back when what was posted is in every home: here, at once."""

    def groups(self) -> Groups:
        """The processes by service."""
        return {}

    def _head(self, method: str, path: str, who: str, more: str = "") -> bytes:
        header = self.people[who].header + "\r\n" if who else ""
        return f"{method} {path} HTTP/1.1\r\nHost: {self.host}\r\n{header}{more}\r\n".encode()


def _form(body: bytes) -> str:
    kind = "application/x-www-form-urlencoded"
    return f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n"


def sign_in(site: Site, names: list[str]) -> None:
    """Sign people in with the site's own form, as browsers do."""
    with ThreadPoolExecutor(4) as threads:
        found = threads.map(lambda name: _sign_in(f"http://{site.host}", name), names)
        site.people.update(zip(names, found, strict=True))


def _sign_in(url: str, name: str) -> Person:
    browser = requests.Session()
    browser.trust_env = False
    form = {"username": name, "password": PASSWORD}
    if token := CSRF.search(browser.get(f"{url}/login", timeout=30).text):
        form["csrfmiddlewaretoken"] = token[1]
    answer = browser.post(f"{url}/login", data=form, timeout=30)
    if not answer.ok or answer.url.rstrip("/") != url:
        raise SystemExit(f"{name} could not sign in at {url}: {answer.status_code} {answer.url}")
    token = CSRF.search(answer.text)
    cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in browser.cookies)
    return Person(f"Cookie: {cookies}", token[1] if token else "")
