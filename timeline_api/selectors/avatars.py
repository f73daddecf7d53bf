"""Avatars: the pictures that members have uploaded."""

from ..models import Account, Avatar


def of_account(account: Account) -> bytes:
    """Return the picture, a WebP. One query on the account's shard. Raise Avatar.DoesNotExist."""
    return bytes(Avatar.objects.values_list("data", flat=True).get(account=account))
