"""Homes: the newest entries of a home timeline are kept, and from where on they are complete.

Call these inside atomic_for(an owner).
"""

import random
from collections.abc import Collection, Iterable

from django.db.models import Count, F
from django.db.models.functions import Greatest

from shardrouter import insert_ignoring_conflicts

from .. import conf
from ..models import Account, HomeEntry
from ..selectors.messages import Place

COLUMNS = ("owner_id", "author_id", "message_id", "original_id", "original_author_id")
UNIQUE = ("owner_id", "message_id")


def enter(
    *, owner_ids: Iterable[int], author_id: int, places: Collection[Place], complete: bool = True
) -> None:
    """Put messages of `author_id` into homes of one shard, if they are missing.

    Unless `complete`, the author has older ones, which are not among them: then the homes are
    complete only from the oldest of these on.
    """
    owner_ids = list(owner_ids)
    write([(owner_id, author_id, *place) for owner_id in owner_ids for place in places])
    if places and not complete:
        for owner_id in owner_ids:
            _raise_floor(owner_id, min(places).message_id)
    trim_now_and_then(owner_ids, added=len(places))


def trim_now_and_then(owner_ids: list[int], *, added: int) -> None:
    """Trim homes of one shard by chance, so often that each is looked at once in HOME_TRIM_EVERY
    entries."""
    chance = added / conf.get("HOME_TRIM_EVERY")
    chosen = [owner_id for owner_id in owner_ids if random.random() < chance]  # noqa: S311
    if not chosen:
        return
    sizes = HomeEntry.objects.filter(owner_id__in=chosen).values("owner_id").annotate(n=Count("pk"))
    for owner_id in sizes.filter(n__gt=conf.get("HOME_CAP")).values_list("owner_id", flat=True):
        trim(owner_id)


def trim(owner_id: int) -> None:
    """Cut a home to its newest HOME_CAP entries. In the same transaction its floor rises to the
    oldest that is kept, so that a reader sees both or neither."""
    cap = conf.get("HOME_CAP")
    if not lock(owner_id, wait=False):
        return  # somebody else's turn, who may wait for a row of ours; the next trim will do
    entries = HomeEntry.objects.filter(owner_id=owner_id)
    ids = entries.order_by("-message_id").values_list("message_id", flat=True)
    oldest_kept = ids[cap - 1 : cap].first()
    if oldest_kept is None:
        return
    gone, _ = entries.filter(message_id__lt=oldest_kept).delete()
    if gone:
        _raise_floor(owner_id, oldest_kept)


def lock(owner_id: int, *, wait: bool = True) -> bool:
    """Wait for whoever changes this home's floor; gives whether the owner stands. Without `wait`,
    False as well where one would have to."""
    rows = Account.objects.select_for_update(no_key=True, skip_locked=not wait)
    return rows.filter(pk=owner_id).first() is not None


def _raise_floor(owner_id: int, floor: int) -> None:
    Account.objects.filter(pk=owner_id).update(home_floor=Greatest(F("home_floor"), floor))


def write(rows: list[tuple[int | None, ...]]) -> None:
    """Write (owner, author, *place) where they are missing. All owners are of one shard.

    Not by bulk_create, which builds a model and SQL for each row and takes five times as long;
    `benchmarks/results/timelines.md` says what fan-out costs.
    """
    insert_ignoring_conflicts(HomeEntry, COLUMNS, rows, unique_fields=UNIQUE)
