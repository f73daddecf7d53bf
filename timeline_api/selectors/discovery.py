"""Discovery: the messages of a tag, what is talked of, whom one might follow."""

from collections import Counter
from datetime import datetime, timedelta
from typing import NamedTuple

from django.core.cache import cache
from django.db.models import Count
from django.utils import timezone

from shardrouter import ids

from ..domain.entities import fold
from ..models import Account, Follow, Hashtag
from . import accounts, messages
from .blocks import with_hidden
from .id_lists import joined
from .pages import Page, cut

# Tags of the last day; where hardly anybody has used one, of longer.
TRENDING_DAYS = (1, 7, 30)
ENOUGH_TAGS = 5
# How long an answer that is the same for everybody is kept.
CACHE_SECONDS = 60
# Of so many followees one looks at whom they follow.
FRIENDS = 200


def of_tag(
    tag: str, *, before_id: int | None = None, after_id: int | None = None, limit: int = 30
) -> Page:
    """A page of everybody's messages with a tag, newest first. Two queries on each shard, one of
    them on those alone that the messages are on. A shard that does not answer is left out."""
    tagged = Hashtag.objects.scatter(on_shard_down="skip").filter(tag=fold(tag))
    page = cut(tagged, before_id=before_id, after_id=after_id, limit=limit, field="message_id")
    positions = [row.message_id for row in page]
    found, missing = messages.found(positions)
    rows = [found[pk] for pk in positions if pk in found]
    return Page(rows, (*page.shards_missing, *missing), positions)


class Trend(NamedTuple):
    """A tag, and how many messages have it."""

    tag: str
    message_count: int


def trending(limit: int = 10) -> list[Trend]:
    """The tags of the last day that most messages have; of a longer time where there are fewer than
    ENOUGH_TAGS. One to three queries on each shard, once a minute."""
    trends = cache.get("trending")
    if trends is None:
        for days in TRENDING_DAYS:
            trends = _trending_since(timezone.now() - timedelta(days=days))
            if len(trends) >= ENOUGH_TAGS:
                break
        cache.set("trending", trends[:100], CACHE_SECONDS)
    return [Trend(*one) for one in trends[:limit]]


def _trending_since(moment: datetime) -> list[tuple[str, int]]:
    first = ids.compose(int(moment.timestamp() * 1000), 0)
    tagged = Hashtag.objects.scatter(on_shard_down="skip").filter(message_id__gte=first)
    counts = dict(tagged.values_list("tag").annotate(number=Count("pk")))
    return sorted(counts.items(), key=lambda one: (-one[1], one[0]))


def suggestions(viewer: Account, limit: int = 10) -> list[Account]:
    """Whom `viewer` might follow: those whom most of their followees follow, then those whom most
    members follow; nobody they follow or do not see. Two queries on the viewer's shard, and two on
    each shard."""
    mine = Follow.objects.filter(follower=viewer)
    hidden, (followed,) = with_hidden(viewer, followed=joined(mine, "follower", "followee_id"))
    known = followed | hidden.everyone | {viewer.pk}
    counts: Counter[int] = Counter()
    friends = sorted(followed, reverse=True)[:FRIENDS]
    if friends:
        theirs = Follow.objects.scatter(on_shard_down="skip").filter(follower_id__in=friends)
        for followee_id in theirs.values_list("followee_id", flat=True)[: FRIENDS * FRIENDS]:
            counts[followee_id] += 1
    chosen = [pk for pk, _ in counts.most_common(limit + len(known)) if pk not in known][:limit]
    if len(chosen) < limit:
        chosen += [pk for pk in _popular() if pk not in known and pk not in chosen]
    found = accounts.by_ids(chosen[:limit])
    return [found[pk] for pk in chosen if pk in found and not found[pk].is_suspended]


def _popular() -> list[int]:
    """The ids of those whom most members follow. One query on each shard, once a minute."""
    popular = cache.get("popular")
    if popular is None:
        everyone = Account.objects.scatter(on_shard_down="skip").filter(is_suspended=False)
        popular = list(everyone.order_by("-follower_count", "pk").values_list("pk", flat=True)[:50])
        cache.set("popular", popular, CACHE_SECONDS)
    return popular
