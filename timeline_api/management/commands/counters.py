"""`counters check | repair`: compare the counts on profiles with the rows that they count."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from timeline_api.management.account_selection import add_username_arguments, selected_accounts
from timeline_api.models import Account
from timeline_api.services import repairs


class Command(BaseCommand):
    help = (
        "Compares the counts of messages, follows and followers with the rows (check), or corrects "
        "them (repair). Safe to run at any time."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        add_username_arguments(
            actions.add_parser("check", help="lists the differences; writes nothing")
        )
        add_username_arguments(actions.add_parser("repair", help="corrects the counts"))

    def handle(self, *args: Any, **options: Any) -> None:
        examine = {"check": repairs.count_differences, "repair": repairs.repair_counts}
        checked, wrong = 0, 0
        for account in selected_accounts(options["usernames"]):
            try:
                differences = examine[options["action"]](account)
            except Account.DoesNotExist:
                continue  # deleted since it was listed
            checked += 1
            wrong += bool(differences)
            for name, (stored, actual) in differences.items():
                self.stdout.write(f"{account}: {name} says {stored}, and there are {actual}")
        if options["action"] == "check" and wrong:
            raise CommandError(f"{wrong} of {checked} accounts differ.")
        outcome = "repaired" if options["action"] == "repair" else "differ"
        self.stdout.write(f"{checked} accounts looked at; {wrong} {outcome}.")
