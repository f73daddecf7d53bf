"""`relay`: run the relay until it is stopped, or only once."""

import json
import signal
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from timeline_api.relay.worker import Worker
from timeline_api.selectors import outbox


class Command(BaseCommand):
    help = "Delivers the events of every shard's outbox to the other shards, until stopped."

    def add_arguments(self, parser: CommandParser) -> None:
        how = parser.add_mutually_exclusive_group()
        how.add_argument("--drain", action="store_true", help="deliver all events, then stop")
        how.add_argument(
            "--status", action="store_true", help="how far behind it is, shard by shard"
        )
        how.add_argument("--once", action="store_true", help="one batch of each shard, then stop")
        parser.add_argument(
            "--format", choices=["text", "json"], default="text", help="of --status"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["status"]:
            self._show_status(options["format"])
            return
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

    def _show_status(self, form: str) -> None:
        lags = outbox.lags()
        if form == "json":
            self.stdout.write(json.dumps([asdict(lag) for lag in lags], indent=1))
            return
        for lag in lags:
            if not lag.up:
                self.stdout.write(f"{lag.shard}: does not answer")
                continue
            self.stdout.write(
                f"{lag.shard}: {lag.waiting} waiting, {lag.seconds_behind:.1f} s behind, "
                f"{lag.parked} parked; {lag.relay or 'no relay'}"
            )
