"""The bench: every server that the scenarios ask for, started when the first one does."""

import random
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Any

from benchmarks.pages import crowd, filling
from benchmarks.pages.measured import Measured, tell
from benchmarks.pages.options import Options
from benchmarks.pages.servers import PAGE_OF_PEERS, Served, Server
from benchmarks.pages.sites import Site, sign_in
from benchmarks.pages.stack import SECRET, Ours

PEERS = "benchmarks.pages.peers"
FLOORS = "benchmarks.pages.floors"
NUMBERED = len("number 000001.")  # the end of each text that is posted


class Bench:
    """Servers, and what was measured: `tables` by scenario and side, `facts` by name."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.tables: dict[str, dict[str, Measured]] = {}
        self.facts: dict[str, Any] = {}
        self._numbers = count(1)
        self._waves = count()
        self._random = random.Random(3)
        self._stack = ExitStack()

    def __enter__(self) -> "Bench":
        self.options.folder.mkdir(parents=True, exist_ok=True)
        folder = tempfile.TemporaryDirectory(prefix="run-", dir=self.options.folder)
        self.folder = Path(self._stack.enter_context(folder))
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def fill(self) -> None:
        """Fill all databases, two at a time; else each is when it is first asked for."""
        options = self.options
        sizes = (("ours", options.messages), ("ours", options.small), ("peers", options.messages))
        tell("filling all databases")
        with ThreadPoolExecutor(2) as threads:
            made = [
                threads.submit(filling.filled, kind, options.accounts, messages, options.folder)
                for kind, messages in dict.fromkeys(sizes)
            ]
        for one in made:
            one.result()

    @cached_property
    def ours(self) -> Ours:
        """The site with all messages."""
        site = self._ours("ours", self.options.messages)
        self.facts["memory at rest"] = site.memory_at_rest
        return site

    @cached_property
    def small(self) -> Ours:
        """The site with few messages."""
        return self._ours("ours, small", self.options.small)

    def _ours(self, name: str, messages: int) -> Ours:
        tell(f"starting the site with {messages:,} messages")
        options = self.options
        databases = filling.filled("ours", options.accounts, messages, options.folder)
        self.facts[f"filled {name}"] = filling.about(databases)
        site = self._stack.enter_context(Ours(name, databases, self.folder / name))
        tell("signing people in")
        sign_in(site, SIGNED_IN)
        site.api.sign_in(crowd.members())
        return site

    @cached_property
    def flask(self) -> Site:
        """MiniTwit in one service: (a)."""
        server = self._serve(f"{PEERS}.minitwit", MINITWIT_DATABASE=self._minitwit("flask"))
        return self._peer("flask", {"flask": server})

    @cached_property
    def split(self) -> Site:
        """MiniTwit split in two: (b)."""
        api = self._serve(f"{PEERS}.split_api", MINITWIT_DATABASE=self._minitwit("split"))
        site = self._serve(f"{PEERS}.split_site", MINITWIT_API=api.url)
        return self._peer("split", {"site": site, "api": api})

    def _peer(self, name: str, servers: dict[str, Server]) -> Site:
        site = Served(name, servers, **PAGE_OF_PEERS)
        sign_in(site, [*crowd.members(), *crowd.pens()])
        return site

    @cached_property
    def memory(self) -> Site:
        """The site's own pages over answers of its API that were kept: a floor."""
        ours = self.ours
        kept = self._serve(f"{FLOORS}.memory", workers=1, API=f"http://{ours.api.host}")
        site = self._serve(
            "twitsite.wsgi_web",
            DJANGO_SETTINGS_MODULE="twitsite.settings.web",
            INSTANCE_NAME="web.1",
            API_BASE_URL=kept.url,
            SECRET_KEY=SECRET,
            VAR_DIR=str(ours.stack.var),
        )
        page = {"mark": ours.mark, "shown": ours.shown, "people": ours.people}
        return Served("from memory", {"site": site, "memory": kept}, **page)

    @cached_property
    def hello_django(self) -> Site:
        return Served("Django hello", {"django": self._serve(f"{FLOORS}.hello_django")})

    @cached_property
    def hello_drf(self) -> Site:
        return Served("DRF hello", {"drf": self._serve(f"{FLOORS}.hello_drf")})

    def _serve(self, module: str, *, workers: int = 3, **environment: str) -> Server:
        return self._stack.enter_context(Server(module, workers, **environment))

    def _minitwit(self, name: str) -> str:
        """A copy of MiniTwit's database, for one peer to write into."""
        options = self.options
        filled = filling.filled("peers", options.accounts, options.messages, options.folder)
        copy = self.folder / f"{name}.sqlite3"
        shutil.copy(filled / "minitwit.sqlite3", copy)
        return str(copy)

    def text(self) -> str:
        """A message that nobody has written yet."""
        return f"{crowd.sentence(self._random)} number {next(self._numbers):06}."

    def wave(self) -> int:
        """The wave of pens whose turn it is."""
        return next(self._waves) % crowd.WAVES


SIGNED_IN = [*crowd.members(), *crowd.pens(), *crowd.few(), *crowd.many()]
