"""A file that cannot be written for a while: it is read meanwhile, and written afterwards."""

import json

ASK = """
import django, json, os, sys
django.setup()
from concurrent.futures import ThreadPoolExecutor
from django.db import connections
from django.test import Client as AnyClient
Client = lambda: AnyClient(SERVER_NAME="localhost")  # which ALLOWED_HOSTS has
from shardrouter import shard_for
from timeline_api.models import ThrottleCount
from timeline_api.selectors import accounts

JSON = {"content_type": "application/json"}
login = {"username": "alice", "password": "two herons"}
Client().post("/api/v1/accounts/", login | {"email": "a@example.org"}, **JSON)
token = Client().post("/api/v1/tokens/", login, **JSON).json()["token"]
member = {"headers": {"Authorization": f"Bearer {token}"}}
shard = shard_for(accounts.by_username("alice"))
# Two of an instance's threads, each with connections of its own.
threads = [ThreadPoolExecutor(1), ThreadPoolExecutor(1)]

def in_each(work):
    return [thread.submit(work).result() for thread in threads]

def read():
    return Client().get("/api/v1/timelines/home/", **member).status_code

def post():
    return Client().post("/api/v1/messages/", {"text": "hello"}, **member, **JSON).status_code

def fail_to_log_in():
    Client().post("/api/v1/tokens/", login | {"password": "wrong"}, **JSON)
    return ThrottleCount.objects.filter(key__startswith="login:", count__gt=0).exists()

def allow(alias, mode):
    path = os.path.join(os.environ["VAR_DIR"], alias + ".sqlite3")
    for part in (path, path + "-wal", path + "-shm"):
        if os.path.exists(part):
            os.chmod(part, mode)

said = {"before": in_each(post)}
in_each(connections.close_all)
connections.close_all()
for alias in (shard, "cache"):
    allow(alias, 0o400)
said |= {"read meanwhile": in_each(read), "posted meanwhile": in_each(post)}
said["throttled meanwhile"] = in_each(fail_to_log_in)
for alias in (shard, "cache"):
    allow(alias, 0o600)
said |= {"read afterwards": in_each(read), "posted afterwards": in_each(post)}
said["throttled afterwards"] = in_each(fail_to_log_in)
print(json.dumps(said))
"""


def test_it_writes_again_as_soon_as_the_file_can_be_written(run):
    assert json.loads(run("-c", ASK, INSTANCE_NAME="api.1")) == {
        "before": [201, 201],
        "read meanwhile": [200, 200],
        "posted meanwhile": [503, 503],
        "throttled meanwhile": [False, False],
        "read afterwards": [200, 200],
        "posted afterwards": [201, 201],
        "throttled afterwards": [True, True],
    }
