"""`status`: one screen that says how the installation does."""

import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.template.defaultfilters import filesizeformat

from timeline_api.selectors.status import Database, Status, status

ROW = "{:<10} {:<6} {:>9} {:>9} {:>10} {:>8}  {}"


class Command(BaseCommand):
    help = (
        "Shows the instances, the databases, the relay and the disk, and what somebody should "
        "look at. The exit code is 1 if there is something. `make status` knows the instances."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--format", choices=["text", "json"], default="text")

    def handle(self, *args: Any, **options: Any) -> None:
        found = status()
        problems = found.problems()
        if options["format"] == "json":
            self.stdout.write(json.dumps(asdict(found) | {"problems": problems}, indent=1))
        else:
            self._show(found, problems)
        if problems:
            raise SystemExit(1)

    def _show(self, found: Status, problems: list[str]) -> None:
        if found.instances:
            answers = (f"{name} {_word(up)}" for name, up in found.instances.items())
            self.stdout.write("instances  " + "  ".join(answers))
        self.stdout.write(f"disk       {_bytes(found.disk_free)} free")
        if found.figures:
            self.stdout.write(
                f"24 hours   {found.figures.new_messages} messages, "
                f"{found.figures.new_accounts} accounts; {found.figures.open_reports} open reports"
            )
        heads = ("database", "", "size", "waiting", "behind", "parked", "relay")
        self.stdout.write("\n" + ROW.format(*heads).rstrip())
        for database in found.databases:
            self.stdout.write(self._row(database, found).rstrip())
        self.stdout.write("")
        for problem in problems:
            self.stdout.write(self.style.ERROR(f"! {problem}"))
        if not problems:
            self.stdout.write(self.style.SUCCESS("All is well."))

    def _row(self, database: Database, found: Status) -> str:
        lag = found.relay.get(database.alias)
        counts: tuple[object, ...] = ("", "", "", "")
        if lag and lag.up:
            counts = (lag.waiting, f"{lag.seconds_behind:.1f} s", lag.parked, lag.relay or "none")
        return ROW.format(database.alias, _word(database.up), _bytes(database.size), *counts)


def _word(up: bool) -> str:
    return "ok" if up else "DOWN"


def _bytes(size: int | None) -> str:
    return "" if size is None else filesizeformat(size).replace("\xa0", " ")
