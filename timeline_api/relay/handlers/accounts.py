"""What follows from deleting or suspending an account, and from its becoming a celebrity."""

from ...models import Account, LeavingName, Outbox
from ...ops import faults
from ...services import follows
from .. import celebrities, deletions
from ..chunks import do_each_shard, do_next_followers, reschedule


def account_deleted(event: Outbox) -> bool:
    """Delete a chunk, on each shard, of what it holds of the account; then free its name."""
    if Account.objects.filter(pk=event.account_id).exists():
        return True

    def delete(alias: str) -> bool:
        more = deletions.delete_account_traces(alias, event.account_id)
        faults.point("account_deleted.after_a_shard")
        return more

    if do_each_shard(delete):
        reschedule(event)
        return False
    name = LeavingName.objects.filter(username_key=event.payload["username_key"])
    name.filter(account_id=event.account_id).delete()
    return True


def suspension_changed(event: Outbox) -> bool:
    """Update `followee_is_suspended` of the follows of the account."""
    follows.reconcile_suspension(followee_id=event.account_id)
    return True


def celebrity_changed(event: Outbox) -> bool:
    """Deliver the author's new status to the next followers. Only when all have it does the fan-out
    of a celebrity's messages end."""
    version = event.payload["version"]
    author = Account.objects.filter(pk=event.account_id, celebrity_version=version)
    if not author.exists():
        return True  # deleted, or changed again: the event of that change delivers it

    def deliver(follower_ids: list[int]) -> None:
        celebrities.update_follows(event.account_id, follower_ids)

    finished = do_next_followers(event, deliver, celebrities.chunk_size(version))
    if finished:
        faults.point("celebrity_changed.before_delivered")
        author.update(celebrity_version_delivered=version)
    return finished
