"""Home timelines: the newest entries, and the floor from which on they are complete.

Call these functions inside a transaction on the owners' shard, atomic_for(owner).
"""

import random
from collections.abc import Collection, Iterable

from django.db import connections

from shardrouter import insert_ignoring_conflicts, shard_for

from .. import conf
from ..models import Account, Follow, HomeEntry
from ..selectors.messages import Place

COLUMNS = ("owner_id", "author_id", "message_id", "original_id", "original_author_id")
UNIQUE = ("owner_id", "message_id")
# A fan-out trims one home in about HOME_TRIM_EVERY entries: compiled by the ORM, that would cost as
# much as all else that it does.
_ENTRIES, _ACCOUNTS = HomeEntry._meta.db_table, Account._meta.db_table
OLDEST_KEPT = f"""
    SELECT message_id FROM {_ENTRIES} WHERE owner_id = %s
    ORDER BY message_id DESC LIMIT 1 OFFSET %s
"""  # noqa: S608
DELETE_OLDER = f"DELETE FROM {_ENTRIES} WHERE owner_id = %s AND message_id < %s"  # noqa: S608
RAISE_FLOOR = f"UPDATE {_ACCOUNTS} SET home_floor = %s WHERE id = %s AND home_floor < %s"  # noqa: S608


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


def delete_entries_of_message(*, alias: str, author_id: int, message_id: int) -> bool:
    """Delete entries of a deleted message from homes on one shard, at most FANOUT_CHUNK. Return
    whether there are more.

    No index lists a message's entries. Who has one follows the author, since unfollowing deletes
    both in one transaction; so the followers on this shard are looked up, and their entries by key.
    """
    chunk = conf.get("FANOUT_CHUNK")
    follows = Follow.objects.using(alias).filter(followee_id=author_id)
    entries = HomeEntry.objects.using(alias).filter(message_id=message_id)
    owners = entries.filter(owner_id__in=follows.values("follower_id")).order_by("owner_id")
    found = list(owners.values_list("owner_id", flat=True)[:chunk])
    if found:
        follows = follows.filter(follower_id__gte=found[0], follower_id__lte=found[-1])
        entries.filter(owner_id__in=follows.values("follower_id")).delete()
    return len(found) == chunk


def trim_by_chance(owner_ids: list[int], *, added: int) -> None:
    """Trim homes of one shard by chance: each about once in HOME_TRIM_EVERY added entries."""
    chance = added / conf.get("HOME_TRIM_EVERY")
    chosen = {owner_id for owner_id in owner_ids if random.random() < chance}  # noqa: S311
    for owner_id in sorted(chosen):
        trim(owner_id)


def trim(owner_id: int) -> None:
    """Cut a home to its newest HOME_CAP entries, and raise its floor to the oldest of them in the
    same transaction, so that a reader sees both changes or neither."""
    connection = connections[shard_for(owner_id)]
    if connection.features.has_select_for_update and not lock_home(owner_id, wait=False):
        return  # whoever holds the lock may wait for a row of ours; the next trim will do
    with connection.cursor() as cursor:
        cursor.execute(OLDEST_KEPT, [owner_id, conf.get("HOME_CAP") - 1])
        if (row := cursor.fetchone()) is None:
            return
        cursor.execute(DELETE_OLDER, [owner_id, row[0]])
        deleted = cursor.rowcount
    if deleted:
        raise_floor(owner_id, row[0])


def lock_home(owner_id: int, *, wait: bool = True) -> bool:
    """Lock a home's floor, waiting while another holds the lock. Return whether the owner exists;
    with `wait=False` also return False if another holds it."""
    rows = Account.objects.select_for_update(no_key=True, skip_locked=not wait)
    return rows.filter(pk=owner_id).first() is not None


def raise_floor(owner_id: int, floor: int) -> None:
    """Set the home's floor to the message id `floor`, unless it is higher already."""
    with connections[shard_for(owner_id)].cursor() as cursor:
        cursor.execute(RAISE_FLOOR, [floor, owner_id, floor])


def insert_entries(rows: list[tuple[int, int, int, int | None, int | None]]) -> None:
    """Insert entries (owner, author, *place) where they are missing. All owners are of one shard.

    Not by bulk_create, which builds a model and SQL for each row and takes five times as long;
    `benchmarks/results/timelines.md` shows what fan-out costs.
    """
    insert_ignoring_conflicts(HomeEntry, COLUMNS, rows, unique_fields=UNIQUE)
