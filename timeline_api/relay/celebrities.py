"""Celebrities: authors with so many followers that readers pull their messages, instead of fan-out.
Their reposts are fanned out all the same: whether a home shows one depends on its other entries.

`Account.celebrity_version` rises by one with each change, and is odd for a celebrity. The relay
delivers it to the followers in chunks; each Follow, on its follower's shard, stores the version it
has reached. docs/timelines.md explains why a change loses no message and shows none twice.
"""

from django.db.models import F

from shardrouter import atomic_for

from .. import conf
from ..models import Account
from ..selectors import messages
from ..services import home_timelines, outbox
from . import fanout


def update_status(author: Account) -> bool:
    """Start a change of the author's status if it is due. Return whether all followers pull the
    author's messages, so that fan-out is not needed.

    Above FANOUT_MAX_FOLLOWERS an author becomes a celebrity, and below nine tenths of it an
    ordinary author again, so that one at the limit does not change with each follower. Until a
    change is delivered to every follower, messages are fanned out.
    """
    limit = conf.get("FANOUT_MAX_FOLLOWERS")
    enough = author.follower_count > (limit * 9 // 10 if author.is_celebrity else limit)
    if enough != author.is_celebrity:
        _start_change(author)
        return False
    return author.is_celebrity and author.celebrity_version_delivered == author.celebrity_version


def current_version(author_id: int) -> int:
    """Return the author's celebrity_version; 0 if the account is deleted."""
    versions = Account.objects.filter(pk=author_id).values_list("celebrity_version", flat=True)
    return versions.first() or 0


def chunk_size(version: int) -> int:
    """Return how many followers to update at a time. When the author becomes ordinary again, each
    gets up to BACKFILL_MESSAGES entries: the chunk is then so small that its transaction stays
    short."""
    chunk = conf.get("FANOUT_CHUNK")
    if version % 2 == 1:
        return chunk
    return max(1, min(chunk, 2 * chunk // conf.get("BACKFILL_MESSAGES")))


def update_follows(author_id: int, follower_ids: list[int]) -> None:
    """Deliver the author's version to the Follow rows of `follower_ids`, as far as they exist.

    A Follow with this version, or a later one, is left alone, so that a late relay does no harm.
    A follower of a new celebrity keeps the entries they have. A follower of an author who is
    ordinary again gets the author's newest messages as entries, in the same transaction. Shards
    that are down are skipped; raise ShardUnavailable when the others are done.
    """
    author = Account.objects.filter(pk=author_id).first()
    if author is None:
        return
    # Read after the version: a message that is not among them yet will be fanned out.
    newest = [] if author.is_celebrity else messages.newest(author, conf.get("BACKFILL_MESSAGES"))

    def write(parts: list[fanout.Delivery]) -> None:
        for part in parts:
            ids = list(part.follower_ids)
            with atomic_for(ids[0]) as alias:
                update_follows_on_shard(alias, author, newest, ids)

    parts = fanout.by_shard([fanout.Delivery(author_id, newest, follower_ids)])
    fanout.raise_if_any(fanout.write_on_each_shard(parts, write))


def update_follows_on_shard(
    alias: str, author: Account, newest: list[messages.Place], follower_ids: list[int]
) -> None:
    """Do the part of `update_follows` on one shard, inside a transaction on it."""
    if not author.is_celebrity:
        # Locked before their follows, in the order in which unfollowing locks them.
        owners = Account.objects.select_for_update(no_key=True).filter(pk__in=follower_ids)
        list(owners.order_by("pk").values_list("pk"))
    follows = fanout.follows_in_range([author.pk], follower_ids, alias)
    behind = follows.filter(celebrity_version__lt=author.celebrity_version)
    owner_ids = list(behind.values_list("follower_id", flat=True))
    behind.update(
        celebrity_version=author.celebrity_version, followee_is_celebrity=author.is_celebrity
    )
    if not author.is_celebrity:
        backfill(author, newest, owner_ids)


def backfill(author: Account, newest: list[messages.Place], owner_ids: list[int]) -> None:
    """Add the author's newest messages to homes of one shard, each down to its floor."""
    has_all = len(newest) < conf.get("BACKFILL_MESSAGES")
    for owner in Account.objects.filter(pk__in=owner_ids):
        places = [place for place in newest if place.message_id >= owner.home_floor]
        home_timelines.add_entries(
            owner_ids=[owner.pk],
            author_id=author.pk,
            places=places,
            complete=has_all or len(places) < len(newest),
        )


def _start_change(author: Account) -> None:
    with atomic_for(author):
        unchanged = Account.objects.filter(pk=author.pk, celebrity_version=author.celebrity_version)
        if unchanged.update(celebrity_version=F("celebrity_version") + 1):
            version = author.celebrity_version + 1
            outbox.emit(account=author, kind=outbox.CELEBRITY_CHANGED, version=version)
