"""A shard's file moved away from under a running process, and put back: nothing is lost."""

import json

ASK = """
import django, json, os, sys
django.setup()
from django.conf import settings
from django.test import Client as AnyClient
Client = lambda: AnyClient(SERVER_NAME="localhost")  # which ALLOWED_HOSTS has
from shardrouter import shard_for
from timeline_api.selectors import accounts

def ask():
    response = Client().get("/api/v1/accounts/alice/")
    ready = Client().get("/readyz").json()["databases"]
    return [response.status_code, ready[alias]]

Client().post("/api/v1/accounts/", {"username": "alice", "email": "a@example.org",
                                    "password": "two herons"}, content_type="application/json")
alias = shard_for(accounts.by_username("alice"))
path = os.path.join(os.environ["VAR_DIR"], alias + ".sqlite3")
parts = [path + end for end in ("", "-wal", "-shm") if os.path.exists(path + end)]
said = {"there": ask()}
for part in parts:
    os.rename(part, part + ".away")
said["away"] = ask()
said["made anew"] = os.path.exists(path)
for part in parts:
    os.rename(part + ".away", part)
said["back"] = ask()
print(json.dumps(said))
"""


def test_it_notices_a_lost_file_and_its_return(run):
    said = json.loads(run("-c", ASK, INSTANCE_NAME="api.1"))
    assert said == {
        "there": [200, "ok"],
        "away": [503, "down"],
        "made anew": False,
        "back": [200, "ok"],
    }
