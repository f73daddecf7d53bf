"""Report: `shards adopt` as people see it: questions, progress and results."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ..exceptions import AdoptionError
from . import Adopted, adopt, drop_old_tables

NEXT = """
Every row is on its shard, and equal to its old one.
1. `manage.py shards check --rows` checks the places once more.
2. Old ids are in the table shardrouter_adoptedid, where
   shardrouter.adoption.adopted_id(Model, old_id) finds the new one, for URLs that people have kept.
3. {count} old tables are still in default, and nothing reads them. When you have a backup:
       manage.py shards adopt --drop-old-tables"""


class AdoptionReport:
    """Runs the command with its `options` and writes to its output."""

    def __init__(self, command: BaseCommand, options: dict[str, Any]) -> None:
        self.out = command.stdout
        self.options = options
        self.on_terminal = self.out.isatty()

    def run(self) -> None:
        """Adopt, or drop the old tables. Raise CommandError if that cannot be done."""
        try:
            if self.options["drop_old_tables"]:
                self._drop()
            else:
                self._adopt()
        except AdoptionError as error:
            raise CommandError(str(error)) from error

    def _adopt(self) -> None:
        adopted = adopt(
            progress=self._progress,
            batch_size=self.options["batch_size"],
            skip_orphans=self.options["skip_orphans"],
            leave_out=self.options["leave_out"],
        )
        if adopted is None:
            self.out.write("Every old table in default was adopted before: there is nothing to do.")
        else:
            self._write(adopted)

    def _progress(self, name: str, done: int, total: int) -> None:
        if self.on_terminal:
            end = "\n" if done >= total else ""
            self.out.write(f"\r{name}: {done} of {total}", ending=end)
        elif done >= total:
            self.out.write(f"{name}: {done}")

    def _write(self, adopted: Adopted) -> None:
        for label, verified in adopted.verified.items():
            left_out = adopted.left_out.get(label)
            more = f", {left_out} orphans left out" if left_out else ""
            self.out.write(
                f"{label}: {verified.rows} rows, checksum {verified.checksum:016x}{more}"
            )
        self.out.write(NEXT.format(count=len(adopted.tables)))

    def _drop(self) -> None:
        question = (
            "This deletes the old tables of sharded models from default. Type 'yes' to do it: "
        )
        if self.options["interactive"] and input(question) != "yes":
            self.out.write("Nothing was dropped.")
            return
        for name in drop_old_tables():
            self.out.write(f"Dropped {name}.")
