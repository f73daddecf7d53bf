"""`restore`: put the files of a backup where the settings say."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from timeline_api.ops import backups


class Command(BaseCommand):
    help = (
        "Verifies a backup and puts its files into place. Twitsite must be stopped, and the old "
        "files moved away."
    )
    requires_system_checks: list[str] = []  # there is no database yet

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, help="what `backup` has written")
        parser.add_argument(
            "--verify", action="store_true", help="only look whether the backup is complete"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        work = backups.verify if options["verify"] else backups.restore
        try:
            manifest = work(options["folder"])
        except (backups.BackupError, OSError) as error:
            raise CommandError(str(error)) from error
        done = "is complete" if options["verify"] else "is restored"
        self.stdout.write(f"The backup of {manifest['made_at']} {done}.")
