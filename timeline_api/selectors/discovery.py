"""Discovery: the messages of a tag, tags that are used much, accounts that one might follow."""

from collections import Counter
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.core.cache import cache
from django.db.models import Count, OuterRef, QuerySet
from django.utils import timezone

from shardrouter import ids
from shardrouter.prepared import prepared

from ..domain.entities import fold
from ..models import Account, Follow, Hashtag
from . import accounts, messages
from .blocks import hidden_columns, hidden_from
from .id_lists import id_list
from .marks import page_seen_by
from .pages import Page, window, window_page
from .rows import Entry, Line, Profile, Relationship

# Tags of the last day; where hardly anybody has used one, of longer.
TRENDING_DAYS = (1, 7, 30)
ENOUGH_TAGS = 5
# How long an answer that is the same for all is kept if a reader has made it; and if the relay
# has: until it has made the next one, and longer, so that no reader does while a relay runs.
CACHE_SECONDS = 60
REFRESHED_SECONDS = 180
# How long the accounts that one might follow are kept: they change slowly.
SUGGESTED_SECONDS = 300
# So many candidates are kept, and twice as many looked at as are shown, since some are followed
# meanwhile.
CANDIDATES = 20
SPARE = 2
# Suggestions look at whom so many of one's followees follow.
FRIENDS = 200


def tagged(
    tag: str,
    *,
    viewer: Account | None = None,
    before_id: int | None = None,
    after_id: int | None = None,
    limit: int = 30,
) -> Page[Entry]:
    """Return a page of everybody's messages with a tag, newest first. Two queries on each shard,
    one of them on those alone that the messages are on, and for a viewer one on theirs. A shard
    that does not answer is left out."""
    found = _tagged(fold(tag), before_id, after_id, limit)
    page = window_page(found, after_id, found.shards_missing)
    rows, missing = messages.by_ids(page.positions)
    lines = {pk: Line(row) for pk, row in rows.items()}
    return page_seen_by(viewer, page.with_rows(lines, missing), in_timeline=True)


@prepared
def _tagged(tag: str, before_id: int | None, after_id: int | None, limit: int) -> QuerySet[Any]:
    hashtags = Hashtag.objects.scatter(on_shard_down="skip").filter(tag=tag)
    return window(hashtags.values_list("message_id"), before_id, after_id, limit, "message_id")


class Trend(NamedTuple):
    """A tag, and how many messages have it."""

    tag: str
    message_count: int


def trending(limit: int = 10) -> list[Trend]:
    """Return the tags of the last day that most messages have; of a longer time if there are fewer
    than ENOUGH_TAGS. The relay makes them (`refresh`); without it, one to three queries on each
    shard, once a minute."""
    return [Trend(*one) for one in _shared("trending")[:limit]]


def _trending() -> list[tuple[str, int]]:
    trends: list[tuple[str, int]] = []
    for days in TRENDING_DAYS:
        trends = _trending_since(timezone.now() - timedelta(days=days))
        if len(trends) >= ENOUGH_TAGS:
            break
    return trends[:100]


def _trending_since(moment: datetime) -> list[tuple[str, int]]:
    first = ids.compose(int(moment.timestamp() * 1000), 0)
    hashtags = Hashtag.objects.scatter(on_shard_down="skip").filter(message_id__gte=first)
    counts = dict(hashtags.values_list("tag").annotate(number=Count("pk")))
    return sorted(counts.items(), key=lambda one: (-one[1], one[0]))


def suggestions(viewer: Account, limit: int = 10) -> list[Profile]:
    """Return whom `viewer` might follow: those whom most of their followees follow, then those whom
    most members follow; nobody whom they follow or do not see.

    The candidates are kept for SUGGESTED_SECONDS. One query on the viewer's shard, and one on each
    shard that the candidates are on; to find new ones, one more on the viewer's and two on each.
    """
    # Whom one follows changes them at once.
    key = f"suggested:{viewer.pk}:{viewer.following_count}"
    candidates = cache.get(key)
    if candidates is None:
        candidates = _candidates(viewer, CANDIDATES)
        cache.set(key, candidates, SUGGESTED_SECONDS)
    candidates = candidates[: limit * SPARE]
    rows = accounts.rows_by_ids(candidates)
    of_viewer = accounts.relationships(viewer, rows)
    # Since they were found the viewer may have followed, muted or blocked some.
    shown = [
        rows[pk]
        for pk in candidates
        if pk in rows and not rows[pk].is_suspended and of_viewer[pk] == Relationship()
    ]
    return [Profile(row, Relationship()) for row in shown[:limit]]


def _candidates(viewer: Account, limit: int) -> list[int]:
    """Return the ids of whom `viewer` might follow, the likeliest first."""
    hidden, (followed,) = hidden_from(_followed(viewer.pk), 1)
    known = followed | hidden.in_timelines | {viewer.pk}
    counts = _followed_by(sorted(followed, reverse=True)[:FRIENDS])
    chosen = [pk for pk, _ in counts.most_common(limit + len(known)) if pk not in known][:limit]
    if len(chosen) < limit:
        chosen += [pk for pk in _shared("popular") if pk not in known and pk not in chosen]
    return chosen[:limit]


@prepared
def _followed(viewer_id: int) -> QuerySet[Any]:
    follows = Follow.objects.filter(follower_id=OuterRef("pk"))
    return hidden_columns(viewer_id, followed=id_list(follows, "follower", "followee_id"))


def _followed_by(follower_ids: Collection[int]) -> Counter[int]:
    """Return account id → how many of these follow it. One query on each shard."""
    counts: Counter[int] = Counter()
    if follower_ids:
        counts.update(_followees_of(list(follower_ids)))
    return counts


@prepared
def _followees_of(follower_ids: list[int]) -> QuerySet[Any]:
    follows = Follow.objects.scatter(on_shard_down="skip").filter(follower_id__in=follower_ids)
    return follows.values_list("followee_id", flat=True)[: FRIENDS * FRIENDS]


def _popular() -> list[int]:
    """Return the ids of those whom most members follow. One query on each shard."""
    everyone = Account.objects.scatter(on_shard_down="skip").filter(is_suspended=False)
    return list(everyone.order_by("-follower_count", "pk").values_list("pk", flat=True)[:50])


# The answers that are the same for everybody: the key in the cache, and what makes them.
SHARED: dict[str, Callable[[], list[Any]]] = {"trending": _trending, "popular": _popular}


def refresh(name: str) -> None:
    """Make one of the SHARED answers anew, for all instances. It costs what a reader would pay."""
    cache.set(name, SHARED[name](), REFRESHED_SECONDS)


def _shared(name: str) -> list[Any]:
    answer = cache.get(name)
    if answer is None:
        answer = SHARED[name]()
        cache.set(name, answer, CACHE_SECONDS)
    return answer
