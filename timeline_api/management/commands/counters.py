"""`counters check | repair`: the counts on profiles against the rows that they count."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from timeline_api.management.account_selection import add_usernames, chosen
from timeline_api.models import Account
from timeline_api.services import repairs


class Command(BaseCommand):
    help = (
        "Compares the counts of messages, follows and followers with the rows (check), or sets "
        "them right (repair). May run at any time."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        add_usernames(actions.add_parser("check", help="names what differs; writes nothing"))
        add_usernames(actions.add_parser("repair", help="sets them right"))

    def handle(self, *args: Any, **options: Any) -> None:
        examine = {"check": repairs.count_differences, "repair": repairs.repair_counts}
        looked, wrong = 0, 0
        for account in chosen(options["usernames"]):
            try:
                differences = examine[options["action"]](account)
            except Account.DoesNotExist:
                continue  # gone since it was listed
            looked += 1
            wrong += bool(differences)
            for name, (said, real) in differences.items():
                self.stdout.write(f"{account}: {name} says {said}, and there are {real}")
        if options["action"] == "check" and wrong:
            raise CommandError(f"{wrong} of {looked} accounts differ.")
        said = "repaired" if options["action"] == "repair" else "differ"
        self.stdout.write(f"{looked} accounts looked at; {wrong} {said}.")
