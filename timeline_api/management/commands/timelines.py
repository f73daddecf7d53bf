"""`timelines check | rebuild`: home timelines against the messages and follows."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from timeline_api.management.account_selection import add_usernames, chosen
from timeline_api.models import Account
from timeline_api.services import repairs


class Command(BaseCommand):
    help = (
        "Compares home timelines with the messages and follows that they are made of (check), or "
        "makes them anew (rebuild). May run at any time; what the relay has still to deliver "
        "counts as a difference."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        add_usernames(actions.add_parser("check", help="names what differs; writes nothing"))
        add_usernames(actions.add_parser("rebuild", help="makes them anew"))

    def handle(self, *args: Any, **options: Any) -> None:
        examine = {"check": repairs.home_difference, "rebuild": repairs.rebuild_home}
        looked, wrong = 0, 0
        for account in chosen(options["usernames"]):
            try:
                difference = examine[options["action"]](account)
            except Account.DoesNotExist:
                continue  # gone since it was listed
            looked += 1
            if difference:
                wrong += 1
                missing, extra = len(difference.missing), len(difference.extra)
                self.stdout.write(f"{account}: {missing} missing, {extra} too many")
        if options["action"] == "check" and wrong:
            raise CommandError(f"{wrong} of {looked} home timelines differ.")
        said = "rebuilt, of which" if options["action"] == "rebuild" else "looked at;"
        self.stdout.write(f"{looked} home timelines {said} {wrong} differed.")
