"""Reports: messages and accounts that members report to the operators."""

from django.utils import timezone

from shardrouter import atomic_for

from ..domain.limits import MAX_TEXT_LENGTH
from ..models import Account, Message, Report


class CannotReportSelf(ValueError):
    """A member may not report their own account."""


def report(*, account: Account, message: Message, reason: str) -> None:
    """Report a message. A second report of the same member replaces the first and reopens it."""
    what = {"message_id": message.pk, "message_author_id": message.author_id}
    _store(account, what, text=message.text, reason=reason)


def report_account(*, account: Account, reported: Account, reason: str) -> None:
    """Report an account as such; otherwise as `report`. Raise CannotReportSelf."""
    if reported.pk == account.pk:
        raise CannotReportSelf
    what = {"message_id": None, "message_author_id": reported.pk}
    said = (f"@{reported.username}", reported.display_name, reported.bio)
    _store(account, what, text=" · ".join(filter(None, said))[:MAX_TEXT_LENGTH], reason=reason)


def _store(account: Account, what: dict[str, int | None], *, text: str, reason: str) -> None:
    now = timezone.now()
    defaults = {"text": text, "reason": reason, "created_at": now, "closed_at": None, "outcome": ""}
    with atomic_for(account):
        Report.objects.update_or_create(account=account, **what, defaults=defaults)


def close(*, report: Report, outcome: str) -> None:
    """Close all open reports of the same message or account. Idempotent. One write on each
    shard."""
    same = Report.objects.scatter(writes=True).filter(message_id=report.message_id)
    if report.message_id is None:
        same = Report.objects.scatter(writes=True).filter(
            message_id__isnull=True, message_author_id=report.message_author_id
        )
    same.filter(closed_at=None).update(closed_at=timezone.now(), outcome=outcome)
