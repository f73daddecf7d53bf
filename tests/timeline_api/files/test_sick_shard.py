"""A shard that can be read and not be written: what is for others is delivered, the rest waits."""

import json

import pytest

# What makes the file of shard1 sick, and well again.
SICK = {
    "locked": (
        'other = sqlite3.connect(path, isolation_level=None); other.execute("BEGIN IMMEDIATE")',
        "other.close()",
    ),
    "read-only": (
        "connections.close_all(); [os.chmod(part, 0o400) for part in parts()]",
        "[os.chmod(part, 0o600) for part in parts()]",
    ),
    "half-made": (
        'sqlite3.connect(path).execute("ALTER TABLE timeline_api_homeentry RENAME TO kept")',
        'sqlite3.connect(path).execute("ALTER TABLE kept RENAME TO timeline_api_homeentry")',
    ),
}
RUN = """
import django, json, os, sqlite3, time
django.setup()
from django.db import connections
from shardrouter import shard_for
from timeline_api.models import Account, HomeEntry, Message, Outbox
from timeline_api.relay.worker import Worker, renew_connections
from timeline_api.services import accounts, follows, messages

path = os.path.join(os.environ["VAR_DIR"], "shard1.sqlite3")

def parts():
    return [path + end for end in ("", "-wal", "-shm") if os.path.exists(path + end)]

def member(alias):
    names = (f"member{number}" for number in range(100))
    name = next(name for name in names if shard_for(Account(username=name)) == alias)
    return accounts.register(username=name, email="m@example.org", password="two herons")

def home(account):
    entered = HomeEntry.objects.filter(owner=account).values_list("message_id", flat=True)
    texts = Message.objects.filter(pk__in=list(entered)).values_list("text", flat=True)
    return sorted(texts)

cast = [member(alias) for alias in ("shard0", "shard1", "shard2")]
assert Worker().drain() == 0
for one in cast:
    for other in cast:
        if one != other:
            follows.follow(follower=one, followee=other)
assert Worker().drain() == 0
for number, account in enumerate(cast):
    messages.post(author=account, text=f"before {number}")
connections["shard1"].settings_dict["OPTIONS"]["timeout"] = 20
SICK
for number in (0, 2):
    messages.post(author=cast[number], text=f"meanwhile {number}")
cast[2].refresh_from_db()
follows.unfollow(follower=cast[2], followee=cast[0])
worker = Worker()
for _ in range(5):
    renew_connections()
    worker.run_round()
waiting = Outbox.objects.scatter(on_shard_down="skip").all()
said = {
    "homes": [home(cast[0]), home(cast[2])],
    "counted": sum(event.attempts for event in waiting),
    "parked": sum(event.parked_at is not None for event in waiting),
    "followers": [Account.objects.get(pk=cast[0].pk).follower_count],
}
WELL
while Outbox.objects.scatter().exists():
    time.sleep(0.05)
    renew_connections()
    worker.run_round()
said["afterwards"] = [home(account) for account in cast]
print(json.dumps(said))
"""


@pytest.mark.timeout(100)
@pytest.mark.parametrize("kind", SICK)
def test_it_delivers_between_healthy_shards_and_counts_no_attempt(run, kind):
    sick, well = SICK[kind]
    code = RUN.replace("SICK", sick).replace("WELL", well)
    said = json.loads(run("-c", code, INSTANCE_NAME="relay"))
    everything = ["before 0", "before 1", "before 2", "meanwhile 0", "meanwhile 2"]
    assert said["homes"] == [everything, [*everything[1:3], everything[4]]]
    assert (said["counted"], said["parked"], said["followers"]) == (0, 0, [1])
    assert said["afterwards"] == [everything, everything, [*everything[1:3], everything[4]]]
