"""A browser without a screen: it keeps cookies, follows redirects, and sends the forms it finds."""

import html
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import requests


@dataclass
class Form:
    """A form of a page: its action, its method, and the values of its fields."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)


class _Reader(HTMLParser):
    """Collects the forms of a page and the text between its tags."""

    def __init__(self):
        super().__init__()
        self.forms: list[Form] = []
        self.text = ""
        self._textarea = None

    def handle_starttag(self, tag, attributes):
        found = {name: value or "" for name, value in attributes}
        if tag == "form":
            self.forms.append(Form(found.get("action", ""), found.get("method", "get")))
        elif tag == "input" and self.forms and "name" in found and found.get("type") != "file":
            self.forms[-1].fields[found["name"]] = found.get("value", "")
        elif tag == "textarea":
            self._textarea = found["name"]
            self.forms[-1].fields[self._textarea] = ""

    def handle_endtag(self, tag):
        if tag == "textarea":
            # A browser drops the line break right after <textarea>.
            fields = self.forms[-1].fields
            fields[self._textarea] = fields[self._textarea].removeprefix("\n")
            self._textarea = None

    def handle_data(self, data):
        if self._textarea:
            self.forms[-1].fields[self._textarea] += data
        else:
            self.text += data


class Visitor:
    """A person with a browser. `page` is the last answer."""

    def __init__(self, base_url: str):
        self.base_url = base_url
        self.session = requests.Session()
        self.session.trust_env = False
        self.page: requests.Response | None = None

    def get(self, path: str, **kwargs) -> requests.Response:
        self.page = self.session.get(urljoin(self.base_url, path), timeout=30, **kwargs)
        return self.page

    def post(self, path: str, data: dict | None = None, **kwargs) -> requests.Response:
        """Send a form that is on no page, as an attacker would."""
        self.page = self.session.post(urljoin(self.base_url, path), data, timeout=30, **kwargs)
        return self.page

    def submit(self, action: str, *, redirects: bool = True, **fields: str) -> requests.Response:
        """Fill in and send the form of this page that goes to `action`."""
        form = self.form(action)
        assert form.method == "post"
        return self.post(action, {**form.fields, **fields}, allow_redirects=redirects)

    def register(self, username: str, password: str = "secret-9", **fields: str):
        self.get("/register")
        filled = {"email": f"{username}@example.com", "password2": password, **fields}
        return self.submit("/register", username=username, password=password, **filled)

    def log_in(self, username: str, password: str = "secret-9", **fields: str):
        self.get("/login")
        return self.submit("/login", username=username, password=password, **fields)

    def share(self, text: str):
        self.get("/")
        return self.submit("/add_message", text=text)

    @property
    def path(self) -> str:
        """The path of the page."""
        return urlsplit(self.page.url).path

    @property
    def text(self) -> str:
        """The text of the page, without tags."""
        return self._read().text

    @property
    def flashes(self) -> list[str]:
        """The flash texts of the page."""
        block = re.search(r'<ul class="flashes".*?</ul>', self.page.text, re.DOTALL)
        items = re.findall(r"<li[^>]*>(.*?)</li>", block[0], re.DOTALL) if block else []
        return [html.unescape(item).strip() for item in items]

    @property
    def error(self) -> str:
        """The error of the page's form, "" if there is none."""
        found = re.search(r'<p class="error"[^>]*>(.*?)</p>', self.page.text, re.DOTALL)
        return html.unescape(found[1]).strip() if found else ""

    @property
    def messages(self) -> list[str]:
        """The texts of the messages on the page, from top to bottom."""
        found = re.findall(r'<p class="text" dir="auto">(.*?)</p>', self.page.text, re.DOTALL)
        return [html.unescape(re.sub(r"<[^>]+>", "", text)) for text in found]

    def form(self, action: str) -> Form:
        """Return the form of this page that goes to `action`. Raise AssertionError without one."""
        for form in self._read().forms:
            if form.action == action:
                return form
        where = f"{self.page.url} answered {self.page.status_code} {dict(self.page.headers)}"
        raise AssertionError(f"no form goes to {action}; {where}:\n{self.page.text}")

    def _read(self) -> _Reader:
        reader = _Reader()
        reader.feed(self.page.text)
        return reader
