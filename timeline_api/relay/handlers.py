"""Handlers: what each kind of event does on the other shards. Each may run twice, or late."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db.models import F
from django.utils import timezone

from shardrouter import atomic_for, ids, shard_for, shards
from shardrouter.exceptions import ShardUnavailable

from .. import conf, faults
from ..models import (
    Account,
    Block,
    Blocker,
    Follow,
    Follower,
    HomeEntry,
    Interaction,
    LeavingName,
    Like,
    Message,
    Mute,
    Notification,
    Outbox,
    Report,
)
from ..selectors import messages
from ..services import blocks, followers, follows, interactions, mentions, outbox
from ..services import messages as message_services
from ..services.turns import take, turn
from . import celebrities, fanout

# The clocks of two processes may differ by this much; what it adds is ignored as a double.
CLOCK_MARGIN = timedelta(seconds=10)


def handle(event: Outbox) -> bool:
    """Do what `event` asks, or a chunk of it; gives whether that was all. If not, it has been
    written down how far it has come."""
    return HANDLERS[event.kind](event)


def message_posted(event: Outbox) -> bool:
    """Fan the message out to the author's next followers, unless readers pull it."""
    message_id = event.payload["message_id"]
    message = Message.objects.select_related("author").filter(pk=message_id).first()
    if message is None:
        return True
    if celebrities.settle(message.author) and message.repost_of_id is None:
        return True
    places = [
        messages.Place(message_id, message.repost_of_id, message.repost_of_author_id),
    ]

    def serve(follower_ids: list[int]) -> None:
        fanout.deliver(author_id=event.account_id, places=places, follower_ids=follower_ids)

    return _next_followers(event, serve, conf.get("FANOUT_CHUNK"))


def pulls_changed(event: Outbox) -> bool:
    """Tell the author's next followers that the author is a celebrity now, or is none any more.
    Only when all of them know, messages are no longer fanned out."""
    version = event.payload["version"]
    author = Account.objects.filter(pk=event.account_id, pull_version=version)
    if not author.exists():
        return True  # gone, or changed again: that event tells them

    def serve(follower_ids: list[int]) -> None:
        celebrities.tell(event.account_id, follower_ids)

    done = _next_followers(event, serve, celebrities.chunk_size(version))
    if done:
        faults.point("pulls_changed.before_told")
        author.update(pull_version_told=version)
    return done


def _next_followers(event: Outbox, serve: Callable[[list[int]], None], limit: int) -> bool:
    """Serve the next `limit` followers of the event's account after its cursor; gives whether
    those were the last.

    The cursor moves when they have been served, so a relay that dies serves them again. A shard
    that is down holds up nobody else's followers: it is left out, and when the others are done the
    event goes round again for it alone.
    """
    follower_ids = fanout.followers_after(event.account_id, event.cursor, limit)
    served = follower_ids
    if event.again_for:
        served = [pk for pk in follower_ids if shard_for(pk) == event.again_for]
    left_out = event.left_out
    try:
        if served:
            serve(served)
    except ShardUnavailable as error:
        if event.again_for or error.alias == shard_for(event.account_id):
            raise
        if left_out not in ("", error.alias):
            raise  # a second one: wait for both
        left_out = error.alias
    faults.point("followers.before_cursor")
    if len(follower_ids) == limit:
        _come_back(event, cursor=follower_ids[-1], left_out=left_out)
        return False
    if left_out:
        _come_back(event, cursor=0, left_out="", again_for=left_out)
        raise ShardUnavailable(left_out)
    return True


def _come_back(event: Outbox, **to: Any) -> None:
    """Write down how far the event has come, and that it is due again, behind all that were due
    before it. Where another relay has written down more, that one's word counts."""
    to["available_at"] = timezone.now()
    Outbox.objects.filter(pk=event.pk, cursor=event.cursor).update(**to)
    for name, value in to.items():
        setattr(event, name, value)


def message_deleted(event: Outbox) -> bool:
    """Take the message out of every home, and its likes and reposts away, a chunk at a time. A
    fan-out that is still under way looks itself."""
    message_id = event.payload["message_id"]

    def take_out(alias: str) -> bool:
        HomeEntry.objects.using(alias).filter(message_id=message_id).delete()
        of_message = {"message_author_id": event.account_id, "message_id": message_id}
        reposts = {"repost_of_author_id": event.account_id, "repost_of_id": message_id}
        return _drop_interest(alias, of_message, reposts)

    if _more_on_any_shard(take_out):
        _come_back(event)
        return False
    return True


def interaction_changed(event: Outbox) -> bool:
    """Make the mirror of a like, a repost or a reply equal to what stands. A like or a repost that
    came after the end of its message, whose own event may have passed, goes."""
    fact = interactions.Fact(**event.payload["fact"])
    interactions.sync(fact)
    if not Message.objects.filter(pk=fact.message_id).exists():
        if fact.kind == Interaction.LIKE:
            Like.objects.filter(pk=fact.source_id).delete()
        elif fact.kind == Interaction.REPOST:
            for row in Message.objects.filter(pk=fact.source_id):
                message_services.delete(message=row)
    return True


def block_changed(event: Outbox) -> bool:
    """Make the mirror of a block equal to what stands."""
    blocks.sync(account_id=event.account_id, blocked_id=event.payload["blocked_id"])
    return True


def mentions_changed(event: Outbox) -> bool:
    """Tell those whom the message mentions now, and nobody else of those it did mention."""
    mentions.sync(
        message_id=event.payload["message_id"],
        author_id=event.account_id,
        usernames=event.payload["usernames"],
    )
    return True


def follow_changed(event: Outbox) -> bool:
    """Make the mirror on the followee's shard equal to the Follow row, whatever that says now.

    When it stands, what the followee has posted since the back-fill is delivered; from then on the
    mirror is there for fan-out. So that no change of a celebrity is missed either, what the
    followee is is read after the mirror, too; so is whether they are suspended.
    """
    follower_id, followee_id = event.account_id, event.payload["followee_id"]
    follow = followers.sync(follower_id=follower_id, followee_id=followee_id)
    if follow is not None and not Account.objects.filter(pk=followee_id).exists():
        _drop_follows([follow])
        return True
    if follow is None:
        return True
    faults.point("follow_changed.before_catch_up")
    if celebrities.version_of(followee_id) > follow.pull_version:
        celebrities.tell(followee_id, [follower_id])
        follow = followers.standing(follower_id, followee_id)
    if follow is not None:
        _catch_up(follow)
        follows.tell_suspension(followee_id=followee_id, follower_id=follower_id)
    return True


def suspension_changed(event: Outbox) -> bool:
    """Let all who follow the account know whether it is suspended."""
    follows.tell_suspension(followee_id=event.account_id)
    return True


def account_deleted(event: Outbox) -> bool:
    """Take away a chunk, on each shard, of what others hold of an account that is gone."""
    if Account.objects.filter(pk=event.account_id).exists():
        return True

    def forget(alias: str) -> bool:
        more = _forget_on_shard(alias, event.account_id)
        faults.point("account_deleted.after_a_shard")
        return more

    if _more_on_any_shard(forget):
        _come_back(event)
        return False
    name = LeavingName.objects.filter(username_key=event.payload["username_key"])
    name.filter(account_id=event.account_id).delete()
    return True


HANDLERS: dict[str, Callable[[Outbox], bool]] = {
    outbox.MESSAGE_POSTED: message_posted,
    outbox.MESSAGE_DELETED: message_deleted,
    outbox.FOLLOW_CHANGED: follow_changed,
    outbox.ACCOUNT_DELETED: account_deleted,
    outbox.PULLS_CHANGED: pulls_changed,
    outbox.INTERACTION_CHANGED: interaction_changed,
    outbox.MENTIONS_CHANGED: mentions_changed,
    outbox.BLOCK_CHANGED: block_changed,
    outbox.SUSPENSION_CHANGED: suspension_changed,
}


def _catch_up(follow: Follow) -> None:
    """Deliver the followee's newest messages, and all since the follow, to this follower; only the
    reposts among them when the follower pulls the messages."""
    since = ids.compose(int((follow.created_at - CLOCK_MARGIN).timestamp() * 1000), 0)
    posted = Message.objects.filter(author_id=follow.followee_id, pk__gte=since)
    if follow.pulled:
        posted = posted.filter(repost_of_id__isnull=False)
    wanted = {messages.Place(*row) for row in posted.values_list(*messages.PLACE)}
    limit = conf.get("BACKFILL_MESSAGES")
    followee = Account(pk=follow.followee_id)
    wanted |= set(messages.newest(followee, limit, reposts_alone=follow.pulled))
    _drop_dead_entries(follow)
    if wanted:
        fanout.deliver(
            author_id=follow.followee_id,
            places=list(wanted),
            follower_ids=[follow.follower_id],
        )


def _drop_dead_entries(follow: Follow) -> None:
    """Remove entries whose message was deleted while the follow was back-filled: the deletion's
    own event may have passed before they were written."""
    entries = HomeEntry.objects.filter(owner_id=follow.follower_id, author_id=follow.followee_id)
    entered = set(entries.values_list("message_id", flat=True))
    standing = Message.objects.filter(author_id=follow.followee_id, pk__in=entered)
    dead = entered - set(standing.values_list("pk", flat=True))
    if dead:
        entries.filter(message_id__in=dead).delete()


def _forget_on_shard(alias: str, account_id: int) -> bool:
    """One chunk; gives whether there was anything."""
    chunk = conf.get("FANOUT_CHUNK")
    held = list(Follow.objects.using(alias).filter(followee_id=account_id)[:chunk])
    if held:
        _drop_follows(held)
    mirrors = list(Follower.objects.using(alias).filter(follower_id=account_id)[:chunk])
    if mirrors:
        with atomic_for(mirrors[0]):
            for mirror in sorted(mirrors, key=lambda row: row.followee_id):
                take(alias, mirror.followee_id)
                gone, _ = Follower.objects.filter(pk=mirror.pk).delete()
                if gone:
                    Account.objects.filter(pk=mirror.followee_id).update(
                        follower_count=F("follower_count") - 1
                    )
    more = _drop_interest(
        alias, {"message_author_id": account_id}, {"repost_of_author_id": account_id}
    )
    more |= _drop_deeds(alias, account_id)
    return bool(held or mirrors) or more


def _drop_interest(alias: str, of_message: dict[str, int], reposts: dict[str, int]) -> bool:
    """Remove a chunk of the likes and reposts on a shard of messages that are gone; gives whether
    there were any."""
    chunk = conf.get("FANOUT_CHUNK")
    likes = list(Like.objects.using(alias).filter(**of_message)[:chunk])
    for like in likes:
        Like.objects.filter(pk=like.pk).delete()
    rows = list(Message.objects.using(alias).filter(**reposts)[:chunk])
    for row in rows:
        message_services.delete(message=row)
    return bool(likes or rows)


def _drop_deeds(alias: str, account_id: int) -> bool:
    """Remove a chunk of what an account that is gone did to messages on a shard, of what their
    authors were told of it, and of its name; gives whether there was any."""
    chunk = conf.get("FANOUT_CHUNK")
    mirrors = list(Interaction.objects.using(alias).filter(actor_id=account_id)[:chunk])
    for mirror in mirrors:
        with turn(mirror.author_id):
            interactions.remove(interactions.fact_of(mirror))
    # Rows of others that name the account, and count nowhere.
    naming = (
        Notification.objects.using(alias).filter(actor_id=account_id),
        Block.objects.using(alias).filter(blocked_id=account_id),
        Blocker.objects.using(alias).filter(blocker_id=account_id),
        Mute.objects.using(alias).filter(muted_id=account_id),
        Report.objects.using(alias).filter(message_author_id=account_id),
    )
    rows = [row for theirs in naming for row in theirs[:chunk]]
    for row in rows:
        row.delete()
    replies = Message.objects.using(alias).filter(parent_author_id=account_id)
    named = list(replies.exclude(parent_username="")[:chunk])
    for reply in named:
        Message.objects.filter(pk=reply.pk).update(parent_username="")
    return bool(mirrors or rows or named)


def _drop_follows(rows: list[Follow]) -> None:
    """Remove follows of an account that is gone, from their owners' rows, homes and counts."""
    rows = sorted(rows, key=lambda row: row.follower_id)
    with atomic_for(rows[0]) as alias:
        for row in rows:
            take(alias, row.follower_id)
            follows.take_away(follower_id=row.follower_id, followee_id=row.followee_id)


def _more_on_any_shard(work: Callable[[str], bool]) -> bool:
    """Do `work` on every shard; gives whether any of them said that there is more to do. One that
    is down is told of when the others are done."""
    down: ShardUnavailable | None = None
    more = False
    for alias in shards():
        try:
            more = work(alias) or more
        except ShardUnavailable as error:
            down = error
    if down is not None and not more:
        raise down
    return more
