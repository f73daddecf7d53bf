"""A member's notifications, grouped: what several did with one message on one day is one."""

from datetime import date, datetime
from typing import Any, NamedTuple

from django.db.models import Count, F, Max, Q, QuerySet, Window
from django.db.models.functions import RowNumber, TruncDate

from shardrouter.prepared import prepared

from ..models import Account, Notification
from . import accounts, messages
from .marks import marks
from .pages import Page, window, window_page
from .rows import Author, Line, MessageRow

# How many of those who did it are named.
NAMED = 3

# What notifications are grouped by: kind, message and day.
_Key = tuple[str, int | None, date]


class NotificationGroup(NamedTuple):
    """`account_count` accounts did `kind` with one message on one day, or followed; `accounts` are
    the latest of them. `id` is the latest notification's."""

    id: int
    kind: str
    created_at: datetime
    account_count: int
    is_read: bool
    accounts: list[Author]
    message: Line | None


class _Counted(NamedTuple):
    """A group before its accounts and its message are read."""

    id: int
    kind: str
    message_id: int | None
    day: date
    account_count: int
    unread_count: int


class _Latest(NamedTuple):
    """One of the latest notifications of a group."""

    created_at: datetime
    actor_id: int


def groups(
    account: Account, *, before_id: int | None = None, after_id: int | None = None, limit: int = 30
) -> Page[NotificationGroup]:
    """Return a page of the account's notifications, newest first. Three queries on the account's
    shard, and one for accounts and one for messages on each shard that they are on."""
    counted = window_page(_counted(account.pk, before_id, after_id, limit), after_id)
    page = counted.with_rows({last: _Counted(*row) for last, row in counted.rows.items()})
    latest = _latest_of(account, page)
    authors = accounts.authors_by_ids({row.actor_id for rows in latest.values() for row in rows})
    found, missing = messages.by_ids({row.message_id for row in page if row.message_id})
    lines = _marked(account, found)
    shown = {}
    for row in page:
        rows = latest[row.kind, row.message_id, row.day]
        known = [authors[each.actor_id] for each in rows if each.actor_id in authors]
        if not known or (row.message_id is not None and row.message_id not in lines):
            continue  # deleted; the relay deletes the notification
        shown[row.id] = NotificationGroup(
            id=row.id,
            kind=row.kind,
            created_at=rows[0].created_at,
            account_count=row.account_count,
            is_read=not row.unread_count,
            accounts=known,
            message=lines.get(row.message_id) if row.message_id else None,
        )
    return page.with_rows(shown, missing)


def unread_count(account: Account) -> int:
    """Return how many notifications are unread. One query on the account's shard, by index
    alone."""
    return sum(_unread_count(account.pk))


@prepared
def _unread_count(account_id: int) -> QuerySet[Any]:
    unread = Notification.objects.filter(account_id=account_id, is_read=False)
    return unread.values("account_id").annotate(n=Count("pk")).values_list("n", flat=True)


@prepared
def _counted(
    account_id: int, before_id: int | None, after_id: int | None, limit: int
) -> QuerySet[Any]:
    counted = _by_day(account_id).values("kind", "message_id", "day")
    counted = counted.annotate(
        last=Max("pk"), number=Count("pk"), unread=Count("pk", filter=Q(is_read=False))
    )
    columns = counted.values_list("last", "kind", "message_id", "day", "number", "unread")
    return window(columns, before_id, after_id, limit, "last")


def _latest_of(account: Account, page: Page[_Counted]) -> dict[_Key, list[_Latest]]:
    """Return group → its latest rows, NAMED at most."""
    if not page:
        return {}
    days = {row.day for row in page}
    latest: dict[_Key, list[_Latest]] = {}
    for *key, created_at, actor_id in _latest(account.pk, min(days), max(days)):
        latest.setdefault(tuple(key), []).append(_Latest(created_at, actor_id))
    return latest


@prepared
def _latest(account_id: int, first_day: date, last_day: date) -> QuerySet[Any]:
    number = Window(
        RowNumber(),
        partition_by=[F("kind"), F("message_id"), F("day")],
        order_by=F("pk").desc(),
    )
    rows = _by_day(account_id).filter(day__gte=first_day, day__lte=last_day)
    latest = rows.annotate(number=number).filter(number__lte=NAMED).order_by("-pk")
    return latest.values_list("kind", "message_id", "day", "created_at", "actor_id")


def _by_day(account_id: int) -> QuerySet[Any]:
    mine = Notification.objects.filter(account_id=account_id)
    return mine.annotate(day=TruncDate("created_at"))


def _marked(viewer: Account, rows: dict[int, MessageRow]) -> dict[int, Line]:
    of_viewer = marks(viewer, rows)
    return {pk: of_viewer.on(Line(row)) for pk, row in rows.items()}
