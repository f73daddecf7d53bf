"""How long instances and the relay wait for locks, and may hold them while they do nothing."""

import json
import os
import subprocess
import sys

import pytest

SHOW = """
import django, json
django.setup()
from django.db import connections
said = []
for name in ("lock_timeout", "idle_in_transaction_session_timeout"):
    with connections["shard1"].cursor() as cursor:
        cursor.execute(f"SHOW {name}")
        said += cursor.fetchone()
print(json.dumps(said))
"""


@pytest.mark.parametrize(
    ("name", "limits"),
    [("api.1", ["1500ms", "5s"]), ("relay", ["1s", "5s"]), ("", ["0", "0"])],
)
def test_it_bounds_waiting_and_a_frozen_holder(name, limits):
    environment = os.environ | {
        "INSTANCE_NAME": name,
        "DJANGO_SETTINGS_MODULE": "twitsite.settings.api",
    }
    # The tests' own databases have other names.
    environment["SHARD1_URL"] = environment["SHARD1_URL"].removesuffix("shard1") + "postgres"
    command = [sys.executable, "-W", "ignore", "-c", SHOW]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == limits
