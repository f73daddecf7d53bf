"""Answers of the API that the site keeps: its pages are those of a site that keeps none."""

import random
import re
import subprocess
import sys

import pytest
import requests

from timeline_web.client import Api, transport
from timeline_web.client.kept_answers import kept_answers

from .servers import ROOT, environment, running
from .test_client import ACCOUNT, MESSAGE, backend
from .visitor import Visitor

__all__ = ["backend"]

PAGE = {"next": None, "previous": None, "results": [MESSAGE]}
# What differs from answer to answer.
ONCE = re.compile(r'name="(csrfmiddlewaretoken|key)" value="[^"]*"')


@pytest.fixture(autouse=True)
def nothing_kept():
    kept_answers.clear()
    yield
    kept_answers.clear()


def test_it_asks_again_with_the_etag_and_keeps_what_it_has(backend):
    backend.answer(200, PAGE, ETag='W/"a.1"')
    backend.answer(304, b"", ETag='W/"b.1"')
    pages = [Api(token="1.x").public_timeline() for _ in range(3)]
    asked = [request.headers["If-None-Match"] for request in backend.seen]
    assert asked == [None, 'W/"a.1"', 'W/"b.1"']
    assert pages[0] is pages[1] is pages[2]
    assert [message.text for message in pages[0].items] == ["hi"]


def test_it_takes_the_new_answer_after_a_change(backend):
    backend.answer(200, PAGE, ETag='W/"a.1"')
    backend.answer(200, {**PAGE, "results": []}, ETag='W/"b.2"')
    assert [len(Api().public_timeline().items) for _ in range(2)] == [1, 0]


@pytest.mark.parametrize(
    "other",
    [
        lambda: Api(token="2.x").public_timeline(),
        lambda: Api().public_timeline(),
        lambda: Api(token="1.x").public_timeline("MTI"),
        lambda: Api(token="1.x", language="ar").public_timeline(),
        lambda: Api(token="1.x").home_timeline(),
    ],
)
def test_it_keeps_each_members_answer_for_itself(backend, other):
    backend.answer(200, PAGE, ETag='W/"a.1"')
    Api(token="1.x").public_timeline()
    other()
    assert "If-None-Match" not in backend.seen[1].headers


def test_it_keeps_nothing_without_an_etag_and_nothing_of_errors(backend):
    backend.answer(200, PAGE)
    backend.answer(404, {"detail": "no"}, ETag='W/"a.1"')
    backend.answer(200, ACCOUNT, ETag='W/"b.1"')
    Api().public_timeline()
    with pytest.raises(Exception, match="no"):
        Api().public_timeline()
    Api().account("alice")
    assert [request.headers["If-None-Match"] for request in backend.seen] == [None, None, None]


def test_it_keeps_what_a_page_is_about_beside_the_plain_answer(backend):
    backend.answer(200, ACCOUNT, ETag='W/"a.1"')
    backend.answer(200, ACCOUNT, ETag='W/"a.1"')
    backend.answer(304, b"", ETag='W/"a.1"')
    accounts = [ask("alice") for _ in range(2) for ask in (Api().account, Api().shown_account)]
    assert [account.username for account in accounts] == ["alice"] * 4


def test_it_keeps_the_last_ones_alone(backend, settings):
    settings.KEPT_ANSWERS = 2
    backend.answer(200, ACCOUNT, ETag='W/"a.1"')
    for name in ("alice", "bob", "alice", "charlie", "alice", "bob"):
        Api().account(name)
    asked = [bool(request.headers["If-None-Match"]) for request in backend.seen]
    assert asked == [False, False, True, False, True, False]


def test_it_keeps_nothing_if_told_so(backend, settings):
    settings.KEPT_ANSWERS = 0
    backend.answer(200, ACCOUNT, ETag='W/"a.1"')
    for _ in range(2):
        Api().account("alice")
    assert "If-None-Match" not in backend.seen[1].headers


@pytest.fixture
def forgetful_site(var_dir, api, collected):
    """A site that keeps no answer. It shares its secret with `site`, and so the cookies."""
    more = {"API_BASE_URL": api.url, "INSTANCE_NAME": "web.3", "KEPT_ANSWERS": "0"}
    env = environment("twitsite.settings.web", var_dir, **more)
    with running("twitsite.wsgi_web", env, var_dir / "web-forgetful.log") as server:
        yield server


@pytest.fixture
def relay(var_dir):
    """A relay that delivers while the test runs."""
    env = environment("twitsite.settings.test", var_dir, INSTANCE_NAME="relay")
    process = subprocess.Popen([sys.executable, "manage.py", "relay"], cwd=ROOT, env=env)
    yield process
    process.terminate()
    process.wait(20)


def act(chance, api, tokens):
    """Let a random member do a random thing, through the API."""
    name, other = chance.sample(sorted(tokens), 2)
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {tokens[name]}"
    newest = session.get(f"{api}/timelines/public/").json()["results"][:4]
    message = f"{api}/messages/{chance.choice(newest)['id'] if newest else 1}/"
    kind = chance.choice(
        ["post", "follow", "unfollow", "mute", "unmute", "block", "unblock", "name"]
        + ["like", "unlike", "repost", "undo", "reply", "edit", "delete", "read"] * 2
    )
    account = f"{api}/accounts/{other}/"
    calls = {
        "post": ("POST", f"{api}/messages/", {"text": f"hello @{other} #tag"}),
        "follow": ("PUT", f"{account}follow/", None),
        "unfollow": ("DELETE", f"{account}follow/", None),
        "mute": ("PUT", f"{account}mute/", None),
        "unmute": ("DELETE", f"{account}mute/", None),
        "block": ("PUT", f"{account}block/", None),
        "unblock": ("DELETE", f"{account}block/", None),
        "name": ("PATCH", f"{api}/accounts/{name}/", {"display_name": f"N{chance.random()}"}),
        "like": ("PUT", f"{message}like/", None),
        "unlike": ("DELETE", f"{message}like/", None),
        "repost": ("PUT", f"{message}repost/", None),
        "undo": ("DELETE", f"{message}repost/", None),
        "edit": ("PATCH", message, {"text": f"edited {chance.random()}"}),
        "delete": ("DELETE", message, None),
        "read": ("POST", f"{api}/notifications/read/", {}),
    }
    reply = {"text": "indeed", "in_reply_to": message.rstrip("/").rpartition("/")[2]}
    calls["reply"] = ("POST", f"{api}/messages/", reply)
    method, url, body = calls[kind]
    assert session.request(method, url, json=body).status_code < 500


def seen(visitor, site, path):
    visitor.base_url = site.url
    page = visitor.get(path, allow_redirects=False)
    return page.status_code, ONCE.sub("", page.text.replace(site.url, ""))


def check(visitor, path, site, forgetful_site):
    """Check that both sites show the same, at a moment when nothing changes."""
    for _ in range(20):
        before = seen(visitor, forgetful_site, path)
        kept = seen(visitor, site, path)
        if before == seen(visitor, forgetful_site, path):
            assert kept[0] == before[0]
            assert kept[1].splitlines() == before[1].splitlines(), path
            return
    raise AssertionError(f"{path} changes all the time.")


@pytest.mark.parametrize("seed", range(2))
def test_it_shows_the_pages_of_a_site_that_keeps_none(
    seed, api, site, forgetful_site, relay, new_member
):
    chance, base = random.Random(seed), f"{api.url}/api/v1"
    members = {name: member for member, name in (new_member("member") for _ in range(3))}
    tokens = {}
    for name in members:
        login = {"username": name, "password": "secret-9"}
        tokens[name] = requests.post(f"{base}/tokens/", json=login).json()["token"]
    paths = ["/", "/public", "/notifications", *(f"/{name}" for name in members)]
    for _ in range(30):
        act(chance, base, tokens)
        for visitor in (*members.values(), Visitor(site.url)):
            for path in chance.sample(paths, 2):
                check(visitor, path, site, forgetful_site)
    kept = [line for line in api.log.read_text().splitlines() if '"code": 304' in line]
    assert len(kept) > 50
    transport.close_connection()
