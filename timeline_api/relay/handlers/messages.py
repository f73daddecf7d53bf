"""What follows from posting and from deleting a message."""

from ... import conf
from ...models import HomeEntry, Message, Outbox
from ...selectors.messages import Place
from ...services import home_timelines
from .. import celebrities, deletions, fanout
from ..chunks import do_each_shard, do_next_followers, reschedule


def message_posted(event: Outbox) -> bool:
    """Fan the message out to the author's next followers, unless they all pull it."""
    message_id = event.payload["message_id"]
    message = Message.objects.select_related("author").filter(pk=message_id).first()
    if message is None:
        return True
    if celebrities.update_status(message.author) and message.repost_of_id is None:
        return True
    places = [Place(message_id, message.repost_of_id, message.repost_of_author_id)]

    def deliver(follower_ids: list[int]) -> None:
        fanout.deliver(author_id=event.account_id, places=places, follower_ids=follower_ids)

    return do_next_followers(event, deliver, conf.get("FANOUT_CHUNK"))


def message_deleted(event: Outbox) -> bool:
    """Delete the message's home entries, likes and reposts, a chunk at a time. A fan-out that is
    running checks by itself whether its message is deleted."""
    message_id = event.payload["message_id"]
    # Deleted with the message; a rebuild that read it before may have put it back.
    HomeEntry.objects.filter(pk=(event.account_id, message_id)).delete()

    def delete(alias: str) -> bool:
        what = {"author_id": event.account_id, "message_id": message_id}
        more_entries = home_timelines.delete_entries_of_message(alias=alias, **what)
        return deletions.delete_likes_and_reposts(alias, **what) or more_entries

    if do_each_shard(delete):
        reschedule(event)
        return False
    return True
