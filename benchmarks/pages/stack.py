"""The stack: the whole site as `make up` runs it, over databases that were filled before."""

import json
import re
import shutil
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path

import requests

from benchmarks.pages import filling
from benchmarks.pages.crowd import PASSWORD
from benchmarks.pages.load import Request
from benchmarks.pages.processes import Groups, grouped, memory, tree
from benchmarks.pages.sites import CSRF, Person, Site
from shardrouter.ids import compose, made_at
from tests.stack import Stack

# The limits are raised, not lifted: what counting costs is measured too.
LIMITS = {
    "THROTTLE_POST": "1000000/min",
    "THROTTLE_ANONYMOUS": "100000000/min",
}
SECRET = "benchmark of the pages"
REST = 3  # seconds until a stack that has started is at rest
LOOK_EVERY = 0.01  # seconds between two looks at what waits for the relay
RUNS = (("wsgi_web", "site"), ("wsgi_api", "api"), ("manage.py relay", "relay"), ("nginx", "nginx"))


class Ours(Site, AbstractContextManager):
    """The site; `api` is its API, where people have tokens."""

    def __init__(self, name: str, databases: Path, folder: Path) -> None:
        folder.mkdir(parents=True)
        shutil.copytree(databases, folder / "var")
        self.stack = Stack(folder, SECRET_KEY=SECRET, ADMIN_PASSWORD=PASSWORD, **LIMITS)
        web, api = self.stack.ports[:2]
        super().__init__(
            name, f"localhost:{web}", [web], mark=b'class="card message"', shown='href="/{}"'
        )
        self.api = Api("API", f"localhost:{api}", [api], mark=b'"reply_count"', shown="")
        self.api.groups = self.groups  # the same processes
        self.stack.start()
        self._shards = [_read_only(path) for path in (folder / "var").glob(filling.SHARDS)]
        time.sleep(REST)
        self.memory_at_rest = self.memory()

    def __exit__(self, *error: object) -> None:
        for shard in self._shards:
            shard.close()
        self.stack.stop()
        shutil.rmtree(self.stack.folder, ignore_errors=True)

    def groups(self) -> Groups:
        return grouped(tree(self.stack.process.pid), _service)

    def memory(self) -> float:
        """MB of all processes."""
        return memory(tree(self.stack.process.pid))

    def settle(self, patience: float = 120) -> None:
        """Come back when the relay has delivered everything."""
        deadline = time.monotonic() + patience
        while self.waiting():
            if time.monotonic() > deadline:
                raise TimeoutError(f"the relay has {self.waiting()} events after {patience} s")
            time.sleep(LOOK_EVERY)

    def waiting(self) -> int:
        """How many events wait for the relay."""
        return sum(count for count, _ in self._outboxes())

    def lag(self) -> float:
        """Seconds that the oldest event has waited."""
        oldest = [first for _, first in self._outboxes() if first]
        return time.time() - made_at(min(oldest)).timestamp() if oldest else 0.0

    def delivered(self, since: float) -> int:
        """How many messages written since that Unix time are in homes of their authors' followers,
        counted once for each home."""
        question = (
            f"SELECT count(*) FROM {filling.HOME_ENTRIES}"
            f" WHERE message_id >= {compose(int(since * 1000), 0)} AND owner_id <> author_id"
        )
        return sum(count for (count,) in self._ask(question))

    def _outboxes(self) -> list[tuple[int, int | None]]:
        return self._ask(f"SELECT count(*), min(id) FROM {filling.OUTBOX}")

    def _ask(self, question: str) -> list[tuple]:
        """The one row that each shard answers."""
        return [shard.execute(question).fetchone() for shard in self._shards]


class Api(Site):
    """The API; a request for its home holds no name."""

    def post(self, who: str, text: str) -> Request:
        """Post a message as a program does."""
        body = json.dumps({"text": text}).encode()
        form = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        return Request(self._head("POST", "/api/v1/messages/", who, form) + body, 201)

    def sign_in(self, names: list[str]) -> None:
        """Get each a token."""
        with ThreadPoolExecutor(4) as threads:
            self.people.update(zip(names, threads.map(self._token, names), strict=True))

    def _token(self, name: str) -> Person:
        login = {"username": name, "password": PASSWORD}
        answer = requests.post(f"http://{self.host}/api/v1/tokens/", json=login, timeout=30)
        answer.raise_for_status()
        return Person(f"Authorization: Bearer {answer.json()['token']}")

    def sign_operator_in(self) -> None:
        """Sign in to the admin, as `admin`."""
        browser, url = requests.Session(), f"http://{self.host}/admin/login/"
        token = CSRF.search(browser.get(url, timeout=30).text)[1]
        form = {"username": "admin", "password": PASSWORD, "csrfmiddlewaretoken": token}
        form["next"] = "/admin/"
        answer = browser.post(url, data=form, headers={"Referer": url}, timeout=30)
        if not re.search("/admin/$", answer.url):
            raise SystemExit(f"the operator could not sign in: {answer.status_code} {answer.url}")
        cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in browser.cookies)
        self.people["admin"] = Person(f"Cookie: {cookies}")


def _read_only(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=20)


def _service(command: str) -> str:
    for part, name in RUNS:
        if part in command:
            return name
    return "supervisor"
