"""The benchmark of pages: its crowd is as it says, wrong answers are counted, all of it runs."""

import json
import os
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from xml.etree import ElementTree

import pytest

from benchmarks.pages import crowd
from benchmarks.pages.bars import LESS, MORE, Bar
from benchmarks.pages.load import Load, Request, Tally
from benchmarks.pages.measured import Measured, median
from benchmarks.pages.picture import SIDES, picture

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[1]
ANSWERS = {
    "/right": (200, b"<li>one<li>two, for alice"),
    "/short": (200, b"<li>one, for alice"),
    "/other": (200, b"<li>one<li>two, for bob"),
    "/broken": (503, b"<li>one<li>two, for alice"),
    "/long": (200, b"<li>one<li>two, for alice" + b" " * 3_000_000),
}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        status, body = ANSWERS[self.path]
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


@pytest.fixture(scope="module")
def address() -> Iterator[tuple[str, int]]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address
    server.shutdown()


def ask(address: tuple[str, int], *paths: str) -> Tally:
    requests = [
        Request(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode(), 200, (b"alice",), b"<li>", 2)
        for path in paths
    ]
    with Load([address], connections=2) as load:
        return load.run(requests)


def test_it_counts_what_is_not_as_it_must_be(address):
    tally = ask(address, "/right", "/short", "/other", "/broken", "/right", "/long")
    assert tally.answers == 6
    assert tally.wrong == {"1 messages": 1, "without what it must hold": 1, "status 503": 1}
    assert tally.size > 3_000_000


def test_it_sends_no_faster_than_it_is_told(address):
    request = Request(b"GET /right HTTP/1.1\r\nHost: x\r\n\r\n")
    with Load([address], connections=2) as load:
        tally = load.run([request] * 10, rate=50)
    assert tally.answers == 10
    assert tally.elapsed >= 9 / 50


def test_it_gives_every_member_as_many_followees_as_it_says():
    people = crowd.Crowd(accounts=1_500, messages=5_000, ends_at=1_700_000_000_000)
    follows = list(people.follows())
    assert len(set(follows)) == len(follows)
    followees = Counter(people.names[follower] for follower, _ in follows)
    followers = Counter(people.names[followee] for _, followee in follows)
    assert {followees[name] for name in crowd.members()} == {crowd.FOLLOWEES}
    assert {followees[name] for name in crowd.few()} == {crowd.FEW}
    assert {followees[name] for name in crowd.many()} == {crowd.MANY}
    assert {followers[name] for name in [*crowd.members(), *crowd.pens()]} == {crowd.FOLLOWEES}


def test_it_changes_every_home_with_each_wave():
    people = crowd.Crowd(accounts=1_500, messages=5_000, ends_at=1_700_000_000_000)
    follows = set(people.follows())
    names = {name: number for number, name in enumerate(people.names)}
    for name in [*crowd.members(), *crowd.few(), *crowd.many()]:
        for wave in range(crowd.WAVES):
            mine = [pen for pen in crowd.pens_of(wave) if (names[name], pen) in follows]
            assert mine == [crowd.pen_of(names[name], wave)]


def test_it_writes_enough_for_a_page_of_every_member_and_pen():
    people = crowd.Crowd(accounts=400, messages=5_000, ends_at=1_700_000_000_000)
    posts = list(people.posts())
    assert len(posts) == 5_000
    assert posts == sorted(posts, key=lambda post: post.at)
    written = Counter(post.author for post in posts)
    assert min(written[number] for number in range(crowd.MEMBERS + crowd.PENS)) >= 30


def measured(rate: float, **wrong: int) -> Measured:
    return Measured(rate, {"site": 1.0}, 0.1, 1.0, 2.0, 100, 50, 10, wrong)


def test_it_takes_medians_and_adds_up_what_was_wrong():
    one = median([measured(3), measured(1, late=1), measured(2, late=2)])
    assert (one.rate, one.answers, one.wrong) == (2, 30, {"late": 3})


@pytest.mark.parametrize(
    ("value", "sense", "verdict"),
    [(1.2, MORE, "PASS"), (1.19, MORE, "FAIL"), (1.2, LESS, "PASS"), (1.21, LESS, "FAIL")],
)
def test_it_says_whether_a_bar_is_held(value, sense, verdict):
    assert Bar("what", value, sense, 1.2).verdict == verdict


def test_it_draws_what_was_measured():
    drawn = picture({"visitor": {side: measured(1_234) for side in SIDES}})
    root = ElementTree.fromstring(drawn)
    assert "1,234" in root.findtext("{http://www.w3.org/2000/svg}title")


@pytest.mark.timeout(600)
def test_it_runs_and_writes_its_table(tmp_path):
    command = [sys.executable, "-m", "benchmarks.bench_pages", "--quick", "home", "post"]
    done = subprocess.run(
        [*command, "--results", str(tmp_path)],
        cwd=ROOT,
        env={**os.environ, "PAGES_FOLDER": str(tmp_path / "filled")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "pages.json").read_text())
    assert set(found["tables"]) == {"home, after a change", "home, unchanged", "post"}
    homes = found["tables"]["home, after a change"]
    assert {
        side: (one["wrong"], one["answers"] >= crowd.MEMBERS) for side, one in homes.items()
    } == {side: ({}, True) for side in SIDES}
    assert {"site", "api", "relay", "nginx"} <= set(homes["ours"]["cpu"])
    (table,) = tmp_path.glob("*.md")
    assert table.read_text() in done.stdout
    assert ElementTree.parse(tmp_path / "pages.svg")
