"""Reports: what members tell the operators of messages."""

from django.utils import timezone

from shardrouter import atomic_for

from ..models import Account, Message, Report


def report(*, account: Account, message: Message, reason: str) -> None:
    """Report a message; twice is once, with the last reason."""
    with atomic_for(account):
        Report.objects.update_or_create(
            account=account,
            message_id=message.pk,
            defaults={
                "message_author_id": message.author_id,
                "text": message.text,
                "reason": reason,
                "created_at": timezone.now(),
                "closed_at": None,
                "outcome": "",
            },
        )


def close(*, report: Report, outcome: str) -> None:
    """Take a report out of the operators' queue, and all others of the same message with it. One
    write on each shard."""
    of_it = Report.objects.scatter(writes=True).filter(message_id=report.message_id)
    of_it.filter(closed_at=None).update(closed_at=timezone.now(), outcome=outcome)
