"""The store of the split MiniTwit: the same questions, each asked of its API by `requests`."""

import os
import threading
from typing import Any

import requests

from .store import Row

# The two services share a secret, as the simulator and the API of the course do.
SECRET = {"Authorization": "Basic c2ltdWxhdG9yOnN1cGVyX3NhZmUh"}


class RemoteStore:
    """MiniTwit's database behind its API; a session for each thread, which stays open."""

    def __init__(self) -> None:
        self._url = os.environ["MINITWIT_API"]
        self._thread = threading.local()

    def user(self, user_id: int) -> Row | None:
        return self._ask("GET", f"/users/{user_id}")

    def user_named(self, username: str) -> Row | None:
        return self._ask("GET", f"/named/{username}")

    def profile(self, username: str, viewer: int | None) -> Row | None:
        return self._ask("GET", f"/profiles/{username}", params={"viewer": viewer or ""})

    def home(self, user_id: int) -> list[Row]:
        return self._ask("GET", f"/home/{user_id}")

    def public(self) -> list[Row]:
        return self._ask("GET", "/public")

    def messages_of(self, user_id: int) -> list[Row]:
        return self._ask("GET", f"/messages/{user_id}")

    def add_message(self, author_id: int, text: str) -> None:
        self._ask("POST", f"/messages/{author_id}", json={"text": text})

    def _ask(self, method: str, path: str, **rest: Any) -> Any:
        answer = self._session.request(method, self._url + path, timeout=20, **rest)
        if answer.status_code == 404:
            return None
        answer.raise_for_status()
        return answer.json()

    @property
    def _session(self) -> requests.Session:
        if not hasattr(self._thread, "session"):
            self._thread.session = requests.Session()
            self._thread.session.trust_env = False
            self._thread.session.headers.update(SECRET)
        return self._thread.session
