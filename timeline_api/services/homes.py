"""Homes: the newest entries of a home timeline are kept, and from where on they are complete.

Call these inside atomic_for(an owner).
"""

import random
from collections.abc import Collection, Iterable

from django.db.models import F
from django.db.models.functions import Greatest

from .. import conf
from ..models import Account, HomeEntry


def enter(
    *, owner_ids: Iterable[int], author_id: int, message_ids: Collection[int], complete: bool = True
) -> None:
    """Put messages of `author_id` into homes of one shard, if they are missing.

    Unless `complete`, the author has older ones, which are not among them: then the homes are
    complete only from the oldest of these on.
    """
    owner_ids = list(owner_ids)
    HomeEntry.objects.bulk_create(
        [
            HomeEntry(owner_id=owner_id, message_id=message_id, author_id=author_id)
            for owner_id in owner_ids
            for message_id in message_ids
        ],
        ignore_conflicts=True,
    )
    for owner_id in owner_ids:
        if message_ids and not complete:
            _raise_floor(owner_id, min(message_ids))
        trim_now_and_then(owner_id, added=len(message_ids))


def trim_now_and_then(owner_id: int, *, added: int) -> None:
    """Trim the home by chance, so often that it is looked at once in HOME_TRIM_EVERY entries."""
    if random.random() * conf.get("HOME_TRIM_EVERY") < added:  # noqa: S311 spreads work
        trim(owner_id)


def trim(owner_id: int) -> None:
    """Cut a home to its newest HOME_CAP entries. In the same transaction its floor rises to the
    oldest that is kept, so that a reader sees both or neither."""
    cap = conf.get("HOME_CAP")
    lock(owner_id)
    entries = HomeEntry.objects.filter(owner_id=owner_id)
    ids = entries.order_by("-message_id").values_list("message_id", flat=True)
    oldest_kept = ids[cap - 1 : cap].first()
    if oldest_kept is None:
        return
    gone, _ = entries.filter(message_id__lt=oldest_kept).delete()
    if gone:
        _raise_floor(owner_id, oldest_kept)


def lock(owner_id: int) -> bool:
    """Wait for whoever changes this home's floor; gives whether the owner stands."""
    return Account.objects.select_for_update().filter(pk=owner_id).first() is not None


def _raise_floor(owner_id: int, floor: int) -> None:
    Account.objects.filter(pk=owner_id).update(home_floor=Greatest(F("home_floor"), floor))
