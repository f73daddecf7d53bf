"""`timelines check | rebuild`: compare home timelines with the messages and follows."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from timeline_api.management.account_selection import add_username_arguments, selected_accounts
from timeline_api.models import Account
from timeline_api.services import repairs


class Command(BaseCommand):
    help = (
        "Compares home timelines with the messages and follows that they derive from (check), or "
        "rebuilds them (rebuild). Safe to run at any time; what the relay has not delivered yet "
        "counts as a difference."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        add_username_arguments(
            actions.add_parser("check", help="lists the differences; writes nothing")
        )
        add_username_arguments(actions.add_parser("rebuild", help="rebuilds them"))

    def handle(self, *args: Any, **options: Any) -> None:
        examine = {"check": repairs.home_difference, "rebuild": repairs.rebuild_home}
        checked, wrong = 0, 0
        for account in selected_accounts(options["usernames"]):
            try:
                difference = examine[options["action"]](account)
            except Account.DoesNotExist:
                continue  # deleted since it was listed
            checked += 1
            if difference:
                wrong += 1
                missing, extra = len(difference.missing), len(difference.extra)
                self.stdout.write(f"{account}: {missing} missing, {extra} too many")
        if options["action"] == "check" and wrong:
            raise CommandError(f"{wrong} of {checked} home timelines differ.")
        done = "rebuilt, of which" if options["action"] == "rebuild" else "looked at;"
        self.stdout.write(f"{checked} home timelines {done} {wrong} differed.")
