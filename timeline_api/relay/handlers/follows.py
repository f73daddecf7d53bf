"""What follows from following and unfollowing."""

from datetime import timedelta

from shardrouter import ids

from ... import conf
from ...models import Account, Follow, HomeEntry, Message, Outbox
from ...ops import faults
from ...selectors import messages
from ...services import followers, follows
from .. import celebrities, deletions, fanout

# The clocks of two processes may differ by this much. Messages that it adds are in the home already
# and are ignored.
CLOCK_MARGIN = timedelta(seconds=10)


def follow_changed(event: Outbox) -> bool:
    """Reconcile the mirror on the followee's shard, and complete the follower's home.

    If the follow exists, deliver what the followee has posted since the back-fill; later posts are
    fanned out, by the mirror. Whether the followee is a celebrity or suspended is read after the
    mirror is written too, so that no change of it is missed.
    """
    follower_id, followee_id = event.account_id, event.payload["followee_id"]
    follow = followers.reconcile_follower(follower_id=follower_id, followee_id=followee_id)
    if follow is None:
        return True
    if not Account.objects.filter(pk=followee_id).exists():
        deletions.delete_follows_on_shard([follow])
        return True
    faults.point("follow_changed.before_catch_up")
    current: Follow | None = follow
    if celebrities.current_version(followee_id) > follow.celebrity_version:
        celebrities.update_follows(followee_id, [follower_id])
        current = followers.current_follow(follower_id, followee_id)
    if current is not None:
        catch_up(current)
        follows.reconcile_suspension(followee_id=followee_id, follower_id=follower_id)
    return True


def catch_up(follow: Follow) -> None:
    """Deliver the followee's newest messages, and all since the follow, to this follower; if the
    follower pulls the messages, only the reposts among them."""
    since = ids.compose(int((follow.created_at - CLOCK_MARGIN).timestamp() * 1000), 0)
    posted = Message.objects.filter(author_id=follow.followee_id, pk__gte=since)
    if follow.followee_is_celebrity:
        posted = posted.filter(repost_of_id__isnull=False)
    places = {messages.Place(*row) for row in posted.values_list(*messages.PLACE)}
    limit = conf.get("BACKFILL_MESSAGES")
    followee = Account(pk=follow.followee_id)
    places |= set(messages.newest(followee, limit, reposts_alone=follow.followee_is_celebrity))
    _delete_entries_of_deleted(follow)
    if places:
        fanout.deliver(
            author_id=follow.followee_id,
            places=list(places),
            follower_ids=[follow.follower_id],
        )


def _delete_entries_of_deleted(follow: Follow) -> None:
    """Delete entries whose message was deleted during the follow's back-fill: the event of its
    deletion may have been handled before they were written."""
    entries = HomeEntry.objects.filter(owner_id=follow.follower_id, author_id=follow.followee_id)
    entered = set(entries.values_list("message_id", flat=True))
    existing = Message.objects.filter(author_id=follow.followee_id, pk__in=entered)
    deleted = entered - set(existing.values_list("pk", flat=True))
    if deleted:
        entries.filter(message_id__in=deleted).delete()
