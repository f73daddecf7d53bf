"""`check_consistency`: compare every fact with its mirror, over all shards, and repair."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from timeline_api.models import Account
from timeline_api.relay import consistency
from timeline_api.services import repairs


class Command(BaseCommand):
    help = (
        "Compares follows, blocks, likes, reposts and replies with their mirrors on other shards, "
        "then homes and counts with what they derive from. Safe to run at any time; what the relay "
        "has not delivered yet counts as a difference. For after a restore, let the relay deliver "
        "its events first."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--repair", action="store_true", help="make them agree")

    def handle(self, *args: Any, repair: bool, **options: Any) -> None:
        found = 0
        for difference in consistency.differences():
            found += 1
            self.stdout.write(difference.text)
            if repair:
                difference.repair()
        for account in Account.objects.scatter().order_by("pk").iterator(chunk_size=500):
            found += self._examine(account, repair)
        if found and not repair:
            raise CommandError(f"{found} differences. Run it with --repair to make them agree.")
        self.stdout.write(f"{found} differences{' repaired' if found else ''}.")

    def _examine(self, account: Account, repair: bool) -> int:
        """Compare, or repair, the account's home and counts. Return how many of both differ."""
        try:
            home = repairs.home_difference(account)
            if home and repair:
                repairs.rebuild_home(account)
            counts = (repairs.repair_counts if repair else repairs.count_differences)(account)
        except Account.DoesNotExist:
            return 0  # deleted since it was listed
        if home:
            self.stdout.write(f"home of {account}: differs")
        for name, (stored, actual) in counts.items():
            self.stdout.write(f"{name} of {account}: {stored}, and there are {actual}")
        return bool(home) + bool(counts)
