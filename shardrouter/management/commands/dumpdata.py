"""`dumpdata` over `default` and every shard, as one fixture; with --database, as stock."""

from typing import Any

from django.core.management.base import CommandParser
from django.core.management.commands.dumpdata import Command as DumpdataCommand
from django.db import DEFAULT_DB_ALIAS

from shardrouter.router import Everywhere


class Command(DumpdataCommand):
    help = (
        "Outputs the rows of all databases as one fixture, each model by primary key. The shard "
        "map is left out: it belongs to the databases, not to the data."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.set_defaults(database=None)

    def handle(self, *app_labels: str, **options: Any) -> None:
        if not options["database"]:
            options["database"] = Everywhere(DEFAULT_DB_ALIAS)
            options["exclude"] = [*options["exclude"], "shardrouter"]
        super().handle(*app_labels, **options)
