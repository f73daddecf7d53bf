"""What happens before the power cut: `python -m … FOLDER KEPT` posts and follows, prints the ids of
the acknowledged messages, and kills itself."""

import json
import sys
from pathlib import Path

import django

from tests.timeline_api.durability.disk import Disk


def live(folder: Path, kept: Path) -> None:
    disk = Disk(folder, kept)
    django.setup()

    from django.core.management import call_command

    from timeline_api.relay.worker import Worker
    from timeline_api.services import accounts, follows, messages

    call_command("migrate", verbosity=0)
    members = [
        accounts.register(username=name, email="a@example.org", password="x")
        for name in ("alice", "bob", "charlie", "dana")
    ]
    acknowledged = []
    for number in range(40):
        author, other = members[number % 4], members[(number + 1) % 4]
        acknowledged.append(messages.post(author=author, text=f"message {number}").pk)
        follows.follow(follower=other, followee=author)
        if number == 30:
            Worker().drain()
    sys.stdout.write(json.dumps(acknowledged))
    sys.stdout.flush()
    disk.fail()


live(Path(sys.argv[1]), Path(sys.argv[2]))
