"""The accounts that `timelines` and `counters` work on: those named on the command line, or all."""

from collections.abc import Iterator

from django.core.management.base import CommandError, CommandParser

from timeline_api.models import Account
from timeline_api.selectors import accounts


def add_username_arguments(parser: CommandParser) -> None:
    """Add the positional arguments USERNAME, any number of them."""
    parser.add_argument("usernames", nargs="*", metavar="USERNAME", help="all, unless given")


def selected_accounts(usernames: list[str]) -> Iterator[Account]:
    """Yield the accounts with these names, or all accounts if there are no names.

    Raise CommandError for a name that no account has, before the first account.
    """
    if not usernames:
        yield from Account.objects.scatter().order_by("pk").iterator(chunk_size=500)
        return
    found = []
    for name in usernames:
        try:
            found.append(accounts.by_username(name))
        except Account.DoesNotExist:
            raise CommandError(f"There is no account {name}.") from None
    yield from found
