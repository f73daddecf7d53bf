"""Home timelines: the newest entries, and the floor from which on they are complete.

Call these functions inside a transaction on the owners' shard, atomic_for(owner).
"""

import random
from collections.abc import Collection, Iterable

from django.db import IntegrityError, connections, transaction
from django.db.models import Count, F
from django.db.models.functions import Greatest

from shardrouter import ids, shard_for
from shardrouter.fields import generator

from .. import conf
from ..models import Account, HomeEntry
from ..selectors.messages import Place

ID_ATTEMPTS = 3
# Conflicts of any other kind are errors: ignoring a clash of ids would lose an entry.
_INSERT = """
    INSERT INTO timeline_api_homeentry
        (id, owner_id, author_id, message_id, original_id, original_author_id)
    VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (owner_id, message_id) DO NOTHING
"""


def add_entries(
    *, owner_ids: Iterable[int], author_id: int, places: Collection[Place], complete: bool = True
) -> None:
    """Add entries for messages of `author_id` to homes of one shard, where they are missing.

    With `complete=False` the author has older messages that are not among `places`; the floor of
    the homes then rises to the oldest place. Idempotent.
    """
    owner_ids = list(owner_ids)
    insert_entries([(owner_id, author_id, *place) for owner_id in owner_ids for place in places])
    if places and not complete:
        for owner_id in owner_ids:
            raise_floor(owner_id, min(places).message_id)
    trim_by_chance(owner_ids, added=len(places))


def delete_entries_of(*, owner_id: int, author_id: int) -> None:
    """Delete an author's entries from a home."""
    HomeEntry.objects.filter(owner_id=owner_id, author_id=author_id).delete()


def trim_by_chance(owner_ids: list[int], *, added: int) -> None:
    """Trim homes of one shard by chance: each about once in HOME_TRIM_EVERY added entries."""
    chance = added / conf.get("HOME_TRIM_EVERY")
    chosen = [owner_id for owner_id in owner_ids if random.random() < chance]  # noqa: S311
    if not chosen:
        return
    sizes = HomeEntry.objects.filter(owner_id__in=chosen).values("owner_id").annotate(n=Count("pk"))
    for owner_id in sizes.filter(n__gt=conf.get("HOME_CAP")).values_list("owner_id", flat=True):
        trim(owner_id)


def trim(owner_id: int) -> None:
    """Cut a home to its newest HOME_CAP entries, and raise its floor to the oldest of them in the
    same transaction, so that a reader sees both changes or neither."""
    cap = conf.get("HOME_CAP")
    if not lock_home(owner_id, wait=False):
        return  # whoever holds the lock may wait for a row of ours; the next trim will do
    entries = HomeEntry.objects.filter(owner_id=owner_id)
    ids = entries.order_by("-message_id").values_list("message_id", flat=True)
    oldest_kept = ids[cap - 1 : cap].first()
    if oldest_kept is None:
        return
    deleted, _ = entries.filter(message_id__lt=oldest_kept).delete()
    if deleted:
        raise_floor(owner_id, oldest_kept)


def lock_home(owner_id: int, *, wait: bool = True) -> bool:
    """Lock a home's floor, waiting while another holds the lock. Return whether the owner exists;
    with `wait=False` also return False if another holds it."""
    rows = Account.objects.select_for_update(no_key=True, skip_locked=not wait)
    return rows.filter(pk=owner_id).first() is not None


def raise_floor(owner_id: int, floor: int) -> None:
    """Set the home's floor to the message id `floor`, unless it is higher already."""
    Account.objects.filter(pk=owner_id).update(home_floor=Greatest(F("home_floor"), floor))


def insert_entries(rows: list[tuple[int, int, int, int | None, int | None]]) -> None:
    """Insert entries (owner, author, *place) where they are missing. All owners are of one shard.

    Not by bulk_create, which builds a model and SQL for each row and takes five times as long;
    `benchmarks/results/timelines.md` shows what fan-out costs.
    """
    if not rows:
        return
    alias = shard_for(rows[0][0])
    for attempt in range(ID_ATTEMPTS):
        fresh = generator.next_ids(ids.slot_of(row[0]) for row in rows)
        made = [(pk, *row) for pk, row in zip(fresh, rows, strict=True)]
        try:
            with transaction.atomic(using=alias), connections[alias].cursor() as cursor:
                cursor.executemany(_INSERT, made)
            return
        except IntegrityError:
            # Most likely an id that another process took in the same millisecond and slot.
            if attempt == ID_ATTEMPTS - 1:
                raise
