"""`relay`: run the relay until it is stopped, or once through."""

import signal
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from timeline_api.relay.worker import Worker


class Command(BaseCommand):
    help = "Delivers the events of every shard's outbox to the other shards, until stopped."

    def add_arguments(self, parser: CommandParser) -> None:
        how = parser.add_mutually_exclusive_group()
        how.add_argument("--drain", action="store_true", help="deliver all there is, then stop")
        how.add_argument("--once", action="store_true", help="one batch of each shard, then stop")

    def handle(self, *args: Any, **options: Any) -> None:
        worker = Worker()
        if options["once"]:
            worker.run_once()
            return
        if options["drain"]:
            left = worker.drain()
            if left:
                raise CommandError(
                    f"{left} events are left: parked, or in need of a shard that is down. "
                    "The admin's outbox says why."
                )
            return
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: worker.stop())
        worker.run()
