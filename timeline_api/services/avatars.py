"""Avatars: uploading a picture of oneself, and deleting it."""

from django.utils import timezone

from ..domain import pictures
from ..models import Account, Avatar
from .account_locks import account_lock


def replace(*, account: Account, picture: bytes) -> Account:
    """Make `picture` the account's avatar. Return the account as stored.

    Raise pictures.BadPicture, or Account.DoesNotExist if the account was deleted.
    """
    # Before the transaction: it may take a second, and the shard has one writer.
    data = pictures.squared(picture)
    with account_lock(account.pk):
        _set_version(account, pictures.version(data))
        stored = {"data": data, "created_at": timezone.now()}
        Avatar.objects.update_or_create(account=account, defaults=stored)
        return Account.objects.get(pk=account.pk)


def delete(*, account: Account) -> None:
    """Delete the uploaded picture, so that the one drawn from the name is shown. Idempotent."""
    with account_lock(account.pk):
        Avatar.objects.filter(account=account).delete()
        _set_version(account, "")


def _set_version(account: Account, version: str) -> None:
    if not Account.objects.filter(pk=account.pk).update(avatar_version=version):
        raise Account.DoesNotExist
