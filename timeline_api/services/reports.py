"""Reports: messages that members report to the operators."""

from django.utils import timezone

from shardrouter import atomic_for

from ..models import Account, Message, Report


def report(*, account: Account, message: Message, reason: str) -> None:
    """Report a message. A second report of the same member replaces the first and reopens it."""
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
    """Close all open reports of the same message. Idempotent. One write on each shard."""
    of_message = Report.objects.scatter(writes=True).filter(message_id=report.message_id)
    of_message.filter(closed_at=None).update(closed_at=timezone.now(), outcome=outcome)
