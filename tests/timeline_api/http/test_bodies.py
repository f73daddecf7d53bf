"""The bodies in docs/api.md: those of the OpenAPI description, and of what is answered."""

import json
import re

import pytest
import yaml

from tests.paths import paths
from tests.timeline_api import bodies
from tests.timeline_api.http.test_avatars import picture, put
from timeline_api.services import blocks, follows, likes, messages, reports, tokens

pytestmark = pytest.mark.django_db(databases="__all__")

# Fields that are not of everybody, or not of every message; docs/api.md says whose they are.
OF_SOME = {"email", "followed_by_me", "blocked_by_me", "muted_by_me", "blocks_me", "liked_by_me"}
OF_SOME |= {"reposted_by_me"}
PASSWORD = "minitwit-demo"


@pytest.fixture
def schema(visitor, db):
    return yaml.safe_load(visitor.get("/api/schema/").content)


def test_it_shows_the_bodies_of_the_description(schema):
    page = bodies.PAGE.read_text()
    section = bodies.markdown(schema)
    assert bodies.replaced(page, section) == page, "python -m tests.timeline_api.bodies"


def differences(shown, answered, where=""):
    """The fields that only one of two bodies has. Lists are compared by their first rows, and null
    is as good as anything."""
    if isinstance(shown, list) and isinstance(answered, list) and shown and answered:
        return differences(shown[0], answered[0], f"{where}[]")
    if not (isinstance(shown, dict) and isinstance(answered, dict)):
        return []
    found = [f"{where}.{name}" for name in shown.keys() ^ answered.keys() if name not in OF_SOME]
    for name in shown.keys() & answered.keys():
        found += differences(shown[name], answered[name], f"{where}.{name}")
    return found


@pytest.fixture
def world(alice, bob, charlie, relay):
    """Something of each kind, and the values that lead to it."""
    message = messages.post(author=alice, text="Two #herons")
    reply = messages.post(author=bob, text="Where, @alice?", parent=message)
    messages.edit(message=message, text="Three #herons")
    likes.like(account=bob, message=message)
    messages.repost(account=bob, message=message)
    follows.follow(follower=alice, followee=bob)
    follows.follow(follower=bob, followee=alice)
    reports.report(account=alice, message=reply, reason="No prize")
    blocks.block(account=alice, other=charlie)
    blocks.mute(account=alice, other=bob)
    relay()
    token, _ = tokens.issue(account=alice)
    return {
        "username": "alice",
        "tag": "herons",
        "message": message.pk,
        "reply": reply.pk,
        "token": token.pk,
    }


# Operations that come last: after them the others would find less.
LAST = (
    "DELETE /messages/{id}/",
    "POST /accounts/{username}/password/",
    "DELETE /accounts/{username}/",
)
METHODS = ("POST", "PATCH", "PUT", "GET", "DELETE")
SENT = {
    "POST /accounts/": {"username": "erin"},
    "POST /accounts/{username}/password/": {
        "old_password": PASSWORD,
        "new_password": PASSWORD,
        "renew": True,
    },
    "POST /tokens/": {"password": PASSWORD},
    "DELETE /accounts/{username}/": {"password": PASSWORD},
    "PATCH /messages/{id}/": {"revision": 1},
    "POST /notifications/read/": {"until": None},
}


def moment(name):
    """When to do an operation: what others read first, and what ends everything last."""
    last = LAST.index(name) if name in LAST else -1
    return last, METHODS.index(name.partition(" ")[0])


def test_it_shows_what_is_answered(schema, world, as_alice, as_bob, client_of, alice):
    """Each operation is done once, with the body that is shown."""
    operations = dict(bodies.operations(schema))
    order = sorted(operations, key=moment)
    for name in order:
        operation = operations[name]
        method, path = name.split(" ")
        values = world | {"id": world["token" if "tokens" in path else "message"]}
        if re.search("(follow|mute)/$", path):
            values["username"] = "bob"
        if path.endswith("/block/"):
            values["username"] = "charlie"
        if re.search("ancestors/$", path):
            values["id"] = world["reply"]
        # A report by somebody else than the author.
        client = as_bob if "report" in path else as_alice
        if name in LAST or name == "DELETE /tokens/current/":
            client = client_of(alice)
        url = "/api/v1" + path.format(**values) + ("?q=herons" if "/search/m" in path else "")
        body = bodies.example(operation.get("requestBody", {}).get("content"))
        sent = {**(body or {}), **SENT.get(name, {})}
        sent = {key: value for key, value in sent.items() if value is not None}
        if path.endswith("/avatar/") and method == "PUT":
            answer = put(client, picture(), url)
        else:
            answer = client.generic(method, url, *_encoded(sent, method))
        status = min(operation["responses"])
        assert answer.status_code == int(status), (name, answer.content)
        shown = bodies.example(operation["responses"][status].get("content"))
        if shown is not None:
            assert differences(shown, answer.json()) == [], name


def _encoded(sent, method):

    return (json.dumps(sent), "application/json") if method != "GET" else ()


def test_it_leads_to_each_path_from_the_root(visitor, db):
    links = visitor.get("/api/v1/").json()
    led = {re.sub("[?].*", "", url.partition("/api/v1/")[2]) for url in links.values()}
    there = {
        re.sub("<([a-z]+)>", r"{\1}", path.template).removeprefix("api/v1/")
        for path in paths("twitsite.urls_api")
        if path.template.startswith("api/v1/")
    }
    assert there - {""} == led - {""}
    assert links["site"] == "http://localhost:8000/"


def test_it_leads_from_an_account_to_its_lists(visitor, alice):
    account = visitor.get("/api/v1/accounts/alice/").json()
    for name in ("messages", "followers", "following"):
        assert account[f"{name}_url"] == f"{account['url']}{name}/"
        assert visitor.get(account[f"{name}_url"]).json()["results"] == []
