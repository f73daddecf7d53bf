"""What the commands that look after derived rows share."""

from collections.abc import Iterator

from django.core.management.base import CommandError, CommandParser

from timeline_api.models import Account
from timeline_api.selectors import accounts


def add_usernames(parser: CommandParser) -> None:
    """An argument for whom to look at."""
    parser.add_argument("usernames", nargs="*", metavar="USERNAME", help="all, unless given")


def chosen(usernames: list[str]) -> Iterator[Account]:
    """The accounts of these names, or all. Raises CommandError for a name that nobody has."""
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
