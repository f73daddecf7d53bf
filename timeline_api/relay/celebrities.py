"""Celebrities: authors with so many followers that their messages are pulled, not fanned out.
Their reposts are fanned out all the same: whether a home shows one depends on its other entries.

`Account.celebrity_version` rises by one with each change, and is odd for a celebrity. It is
delivered to followers one after the other; each Follow, on its follower's shard, has the version
it has reached. docs/timelines.md says why a change loses and doubles nothing.
"""

from django.db.models import F

from shardrouter import atomic_for

from .. import conf
from ..models import Account
from ..selectors import messages
from ..services import home_timelines, outbox
from . import fanout


def settle(author: Account) -> bool:
    """Whether every follower pulls the author's messages, so that fan-out may be left out.

    By the number of followers that `author` has, it begins a change where one is due: above
    FANOUT_MAX_FOLLOWERS to a celebrity, and back below nine tenths of that, so that somebody at the
    limit does not change with each follower. While followers are being told, there is fan-out.
    """
    limit = conf.get("FANOUT_MAX_FOLLOWERS")
    enough = author.follower_count > (limit * 9 // 10 if author.is_celebrity else limit)
    if enough != author.is_celebrity:
        _begin(author)
        return False
    return author.is_celebrity and author.celebrity_version_delivered == author.celebrity_version


def version_of(author_id: int) -> int:
    """The author's celebrity_version; 0 when the account is gone."""
    versions = Account.objects.filter(pk=author_id).values_list("celebrity_version", flat=True)
    return versions.first() or 0


def chunk_size(version: int) -> int:
    """How many followers to tell at a time. Whoever is to have entries again gets up to
    BACKFILL_MESSAGES of them: so few that the transaction stays short."""
    chunk = conf.get("FANOUT_CHUNK")
    if version % 2 == 1:
        return chunk
    return max(1, min(chunk, 2 * chunk // conf.get("BACKFILL_MESSAGES")))


def tell(author_id: int, follower_ids: list[int]) -> None:
    """Tell those of `follower_ids` who follow now what the author is now.

    A Follow that has heard of this version, or a later one, is left alone, so that a late relay
    does no harm. Who pulls from now on keeps what entries there are. Who does not any more gets
    the author's messages as entries in the same transaction. Shards that are down are left out,
    the others served, and then ShardUnavailable raised.
    """
    author = Account.objects.filter(pk=author_id).first()
    if author is None:
        return
    # Read after the version: what is not among them yet will be fanned out.
    newest = [] if author.is_celebrity else messages.newest(author, conf.get("BACKFILL_MESSAGES"))

    def write(ids: list[int]) -> None:
        with atomic_for(ids[0]) as alias:
            _tell_on_shard(alias, author, newest, ids)

    fanout.write_on_each_shard(author_id, newest, follower_ids, write)


def _begin(author: Account) -> None:
    with atomic_for(author):
        same = Account.objects.filter(pk=author.pk, celebrity_version=author.celebrity_version)
        if same.update(celebrity_version=F("celebrity_version") + 1):
            version = author.celebrity_version + 1
            outbox.emit(account=author, kind=outbox.CELEBRITY_CHANGED, version=version)


def _tell_on_shard(
    alias: str, author: Account, newest: list[messages.Place], follower_ids: list[int]
) -> None:
    if not author.is_celebrity:
        # Before their follows, as whoever unfollows does it.
        owners = Account.objects.select_for_update(no_key=True).filter(pk__in=follower_ids)
        list(owners.order_by("pk").values_list("pk"))
    follows = fanout.following(author.pk, follower_ids, alias)
    behind = follows.filter(celebrity_version__lt=author.celebrity_version)
    owner_ids = list(behind.values_list("follower_id", flat=True))
    behind.update(
        celebrity_version=author.celebrity_version, followee_is_celebrity=author.is_celebrity
    )
    if author.is_celebrity:
        return
    all_there = len(newest) < conf.get("BACKFILL_MESSAGES")
    for owner in Account.objects.filter(pk__in=owner_ids):
        wanted = [place for place in newest if place.message_id >= owner.home_floor]
        home_timelines.enter(
            owner_ids=[owner.pk],
            author_id=author.pk,
            places=wanted,
            complete=all_there or len(wanted) < len(newest),
        )
