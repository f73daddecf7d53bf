"""Avatars: uploading a picture of oneself, and taking it back."""

from django.utils import timezone

from ..domain import pictures
from ..models import Account, Avatar
from .account_locks import turn


def replace(*, account: Account, picture: bytes) -> Account:
    """Make `picture` the account's; gives the account as it is now.

    Raises pictures.BadPicture, or Account.DoesNotExist when the account is gone.
    """
    # Before the transaction: it may take a second, and the shard has one writer.
    data = pictures.squared(picture)
    with turn(account.pk):
        _set_version(account, pictures.version(data))
        kept = {"data": data, "created_at": timezone.now()}
        Avatar.objects.update_or_create(account=account, defaults=kept)
        return Account.objects.get(pk=account.pk)


def remove(*, account: Account) -> None:
    """Go back to the picture that is drawn from the name; twice is the same as once."""
    with turn(account.pk):
        Avatar.objects.filter(account=account).delete()
        _set_version(account, "")


def _set_version(account: Account, version: str) -> None:
    if not Account.objects.filter(pk=account.pk).update(avatar_version=version):
        raise Account.DoesNotExist
