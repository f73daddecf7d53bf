"""`flush` over the global databases and every shard; with --database, as stock."""

from typing import Any

from django.core.management.base import CommandParser
from django.core.management.commands.flush import Command as FlushCommand

from shardrouter import conf


class Command(FlushCommand):
    help = "Removes all data from `default` and every shard; asks once."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.set_defaults(database=None)

    def handle(self, **options: Any) -> None:
        if options["database"]:
            super().handle(**options)
            return
        aliases = list(conf.all_databases())
        if options["interactive"] and not self._confirmed(aliases):
            self.stdout.write("Flush cancelled.")
            return
        for alias in aliases:
            super().handle(**{**options, "database": alias, "interactive": False})

    def _confirmed(self, aliases: list[str]) -> bool:
        self.stdout.write(
            f"You have requested a flush of {len(aliases)} databases: {', '.join(aliases)}.\n"
            "This will IRREVERSIBLY DESTROY all data in all of them."
        )
        return input("Type 'yes' to continue, or 'no' to cancel: ") == "yes"
