"""`flush` over the global databases and every shard; with --database, as stock."""

from typing import Any

from django.core.management.base import CommandParser
from django.core.management.commands.flush import Command as FlushCommand
from django.db import DEFAULT_DB_ALIAS

from shardrouter import conf, content_types
from shardrouter.adoption.old_tables import old_tables


class Command(FlushCommand):
    help = "Removes all data from `default` and every shard; asks once."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.set_defaults(database=None)

    def handle(self, **options: Any) -> None:
        if options["database"]:
            self._flush(**options)
            return
        aliases = list(conf.all_databases())
        if options["interactive"] and not self._confirmed(aliases):
            self.stdout.write("Flush cancelled.")
            return
        for alias in aliases:
            self._flush(**{**options, "database": alias, "interactive": False})

    def _flush(self, **options: Any) -> None:
        # Old tables of models that are sharded now may refer to rows that are flushed here.
        old = options["database"] == DEFAULT_DB_ALIAS and bool(old_tables())
        super().handle(**{**options, "allow_cascade": old or options.get("allow_cascade", False)})
        # Django makes those of `default` anew, with other ids.
        content_types.copy_to(options["database"])

    def _confirmed(self, aliases: list[str]) -> bool:
        self.stdout.write(
            f"You have requested a flush of {len(aliases)} databases: {', '.join(aliases)}.\n"
            "This will IRREVERSIBLY DESTROY all data in all of them."
        )
        return input("Type 'yes' to continue, or 'no' to cancel: ") == "yes"
