"""`backup`: copy all databases as they are at one moment."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from timeline_api.ops import backups


class Command(BaseCommand):
    help = (
        "Copies `default` and every shard into a folder, as they are at one moment, and verifies "
        "the copies. Safe while members write; nobody waits for longer than some milliseconds."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, help="an empty folder, or one to be created")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            manifest = backups.back_up(options["folder"])
        except (backups.BackupError, OSError) as error:
            raise CommandError(str(error)) from error
        size = sum(file["bytes"] for file in manifest["databases"].values())
        self.stdout.write(
            f"{len(manifest['databases'])} databases of {manifest['made_at']}, "
            f"{size // 1_000_000} MB, are in {options['folder']}."
        )
