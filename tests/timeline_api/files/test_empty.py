"""An empty or half-made file in the place of a shard's: the shard is lost, and the others serve."""

import json

ASK = """
import django, json, os, sqlite3
django.setup()
from django.test import Client as AnyClient
Client = lambda: AnyClient(SERVER_NAME="localhost")  # which ALLOWED_HOSTS has
from shardrouter import shard_for
from timeline_api.models import Account
from timeline_api.services import accounts, follows, messages, tokens

def member(alias):
    names = (f"member{number}" for number in range(100))
    name = next(name for name in names if shard_for(Account(username=name)) == alias)
    return accounts.register(username=name, email="m@example.org", password="two herons")

alice, bob, charlie = cast = [member(alias) for alias in ("shard0", "shard1", "shard2")]
for account in cast:
    messages.post(author=account, text=f"hello #heron from {account.username}")
follows.follow(follower=alice, followee=bob)
follows.follow(follower=alice, followee=charlie)
login = {"username": alice.username, "password": "two herons"}
token = Client().post("/api/v1/tokens/", login, content_type="application/json").json()["token"]
member = {"headers": {"Authorization": f"Bearer {token}"}}
LISTS = ("timelines/public/", "timelines/home/", "search/messages/?q=heron", "tags/heron/messages/")
OTHERS = ("notifications/", "suggestions/", "tags/trending/")

def ask():
    said = {}
    for path in LISTS:
        answer = Client().get(f"/api/v1/{path}", **member)
        missing = answer.headers.get("X-Shards-Missing")
        said[path] = [answer.status_code, missing, len(answer.json().get("results", ()))]
    for path in OTHERS:
        said[path] = Client().get(f"/api/v1/{path}", **member).status_code
    said["lost"] = Client().get(f"/api/v1/accounts/{bob.username}/").status_code
    said["post"] = Client().post("/api/v1/messages/", {"text": "hi"}, **member).status_code
    ready = Client().get("/readyz")
    said["ready"] = [ready.status_code, ready.json()["status"], ready.json()["databases"]["shard1"]]
    return said

path = os.path.join(os.environ["VAR_DIR"], "shard1.sqlite3")
for end in ("", "-wal", "-shm"):
    if os.path.exists(path + end):
        os.rename(path + end, path + ".kept" + end)
open(path, "w").close()
said = [ask()]
os.remove(path)
for end in ("", "-wal", "-shm"):
    if os.path.exists(path + end):
        os.remove(path + end)
    if os.path.exists(path + ".kept" + end):
        os.rename(path + ".kept" + end, path + end)
sqlite3.connect(path).execute("DROP TABLE timeline_api_message")
said.append(ask())
print(json.dumps(said))
"""


def test_it_lists_what_the_other_shards_have_and_says_so(run):
    empty, half_made = json.loads(run("-c", ASK, INSTANCE_NAME="api.1"))
    assert empty["lost"] == 503
    for said in (empty, half_made):
        for path in ("timelines/public/", "timelines/home/", "tags/heron/messages/"):
            assert said[path][:2] == [200, "shard1"], path
        assert said["search/messages/?q=heron"] == [200, "shard1", 2]
        assert {said[path] for path in ("notifications/", "suggestions/", "tags/trending/")} == {
            200
        }
        assert said["post"] == 201
        assert said["ready"] == [200, "degraded", "down"]
