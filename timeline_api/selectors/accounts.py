"""Accounts: by name, by id, and lists of them around one account or message."""

from collections.abc import Collection, Iterable
from typing import Any

from django.db.models import OuterRef, QuerySet
from django.db.models.functions import Lower

from shardrouter.prepared import prepared

from ..domain import usernames
from ..domain.limits import MAX_USERNAME_LENGTH
from ..domain.usernames import key as name_key
from ..models import Account, Block, Follow, Follower, Interaction, Message, Mute
from .blocks import hidden_columns, hidden_from
from .id_lists import id_list
from .pages import Page, newest_first
from .rows import ACCOUNT_COLUMNS, AUTHOR_COLUMNS, AccountRow, Author, Profile, Relationship

# Nobody looks through more of them.
EMAIL_MATCHES = 1000


def by_username(username: str) -> Account:
    """Return the account of that name, in whatever case. One query on one shard, none for a text
    that cannot be a name.

    Raise Account.DoesNotExist.
    """
    if not usernames.is_well_formed(username):
        raise Account.DoesNotExist(f"{username!r} is no username.")
    found = _by_key(usernames.key(username))
    if not found:
        raise Account.DoesNotExist(f"There is no account {username!r}.")
    return found[0]


@prepared
def _by_key(username_key: str) -> QuerySet[Account]:
    return Account.objects.filter(username_key=username_key)


def by_email(text: str) -> list[Account]:
    """Return the accounts with this email address, in whatever case, or, if there are none, the
    newest EMAIL_MATCHES whose address has the text in it. One query on each shard, by an index; the
    second kind reads the addresses of all accounts."""
    everywhere = Account.objects.scatter(on_shard_down="skip")
    exact = everywhere.annotate(lower_email=Lower("email")).filter(lower_email=text.lower())
    found = list(exact[:EMAIL_MATCHES])
    return found or list(everywhere.filter(email__icontains=text).order_by("-pk")[:EMAIL_MATCHES])


def by_usernames(usernames: Collection[str], *, on_shard_down: str = "raise") -> list[Account]:
    """Return the accounts that have these names, in whatever case. One query on each shard that
    the names are on; one that does not answer raises ShardUnavailable, or is left out ("skip")."""
    keys = [name_key(name) for name in usernames]
    if not keys:
        return []
    named = Account.objects.scatter(on_shard_down=on_shard_down).filter(username_key__in=keys)
    return list(named)


def by_ids(ids: Collection[int]) -> dict[int, Account]:
    """Return id → account, of those that exist. One query on each shard that `ids` name."""
    return Account.objects.in_bulk(ids)


def rows_by_ids(ids: Collection[int]) -> dict[int, AccountRow]:
    """As `by_ids`, in rows."""
    rows = _rows_by_ids(list(ids)) if ids else []
    return {columns[0]: AccountRow(*columns) for columns in rows}


@prepared
def _rows_by_ids(ids: list[int]) -> QuerySet[Any]:
    return Account.objects.filter(pk__in=ids).values_list(*ACCOUNT_COLUMNS)


def authors_by_ids(ids: Collection[int]) -> dict[int, Author]:
    """As `by_ids`, in short rows."""
    rows = _authors_by_ids(list(ids)) if ids else []
    return {columns[0]: Author(*columns) for columns in rows}


@prepared
def _authors_by_ids(ids: list[int]) -> QuerySet[Any]:
    return Account.objects.filter(pk__in=ids).values_list(*AUTHOR_COLUMNS)


def named_like(prefix: str, limit: int) -> list[Author]:
    """Return the first accounts, by name, whose name begins with `prefix`, without those that are
    suspended. One range of an index on each shard; one that does not answer is left out."""
    key = name_key(prefix)
    if not usernames.is_well_formed(key):
        return []
    last = key + "z" * MAX_USERNAME_LENGTH  # of the characters of names the last in every collation
    return [Author(*row) for row in _named_like(key, last, limit)]


@prepared
def _named_like(key: str, last: str, limit: int) -> QuerySet[Any]:
    accounts = Account.objects.scatter(on_shard_down="skip").filter(
        username_key__gte=key,
        username_key__lte=last,
        username_key__startswith=key,
        is_suspended=False,
    )
    return accounts.order_by("username_key").values_list(*AUTHOR_COLUMNS)[:limit]


def profile(account: Account, *, viewer: Account | None = None) -> Profile:
    """Return the account as `viewer` sees it. One query on the viewer's shard, none for a
    visitor."""
    row = AccountRow.of(account)
    if viewer is None:
        return Profile(row)
    return Profile(row, relationships(viewer, [row.id])[row.id])


def relationships(viewer: Account, ids: Iterable[int]) -> dict[int, Relationship]:
    """Return what `viewer` is to the accounts of these ids. One query on the viewer's shard, none
    for no ids."""
    ids = list(ids)
    if not ids:
        return {}
    hidden, (followed,) = hidden_from(_relationships(viewer.pk, ids), 1)
    return {
        pk: Relationship(
            following=pk in followed,
            blocking=pk in hidden.blocked,
            muting=pk in hidden.muted,
            blocked_by=pk in hidden.blockers,
        )
        for pk in ids
    }


@prepared
def _relationships(viewer_id: int, ids: list[int]) -> QuerySet[Any]:
    follows = Follow.objects.filter(follower_id=OuterRef("pk"), followee_id__in=ids)
    return hidden_columns(viewer_id, followed=id_list(follows, "follower", "followee_id"))


def profiles_seen_by(
    viewer: Account | None, page: Page[AccountRow], *, with_blocked: bool = False
) -> Page[Profile]:
    """Return the page as `viewer` sees it, without those of whom one has blocked the other, unless
    `with_blocked`. One query on the viewer's shard; none for a visitor, or for no accounts."""
    if viewer is None:
        return page.with_rows({position: Profile(row) for position, row in page.rows.items()})
    of_viewer = relationships(viewer, [row.id for row in page])
    profiles = {}
    for position, row in page.rows.items():
        relationship = of_viewer[row.id]
        if with_blocked or not (relationship.blocking or relationship.blocked_by):
            profiles[position] = Profile(row, relationship)
    return page.with_rows(profiles)


def followers(
    account: Account,
    *,
    viewer: Account | None = None,
    before_id: int | None = None,
    after_id: int | None = None,
    limit: int = 30,
) -> Page[Profile]:
    """Return a page of the accounts that follow `account`, newest follow first.

    One query on the account's shard, one on each shard that the followers live on, and for a viewer
    one on theirs. A follower on a shard that does not answer is left out.
    """
    mirror = Follower.objects.filter(followee=account).values_list("id", "follower_id")
    page = newest_first(mirror, before_id=before_id, after_id=after_id, limit=limit)
    return profiles_seen_by(viewer, _named(page))


def following(
    account: Account,
    *,
    viewer: Account | None = None,
    before_id: int | None = None,
    after_id: int | None = None,
    limit: int = 30,
) -> Page[Profile]:
    """Return a page of the accounts that `account` follows; otherwise as `followers`."""
    follows = Follow.objects.filter(follower=account).values_list("id", "followee_id")
    page = newest_first(follows, before_id=before_id, after_id=after_id, limit=limit)
    return profiles_seen_by(viewer, _named(page))


def interacting(
    message: Message,
    kind: str,
    *,
    viewer: Account | None = None,
    before_id: int | None = None,
    after_id: int | None = None,
    limit: int = 30,
) -> Page[Profile]:
    """Return a page of the accounts that like or have reposted a message, the latest first;
    otherwise as `followers`, on the message's shard."""
    mirrors = Interaction.objects.filter(
        author_id=message.author_id, message_id=message.pk, kind=kind
    )
    page = newest_first(
        mirrors.values_list("source_id", "actor_id"),
        before_id=before_id,
        after_id=after_id,
        limit=limit,
        field="source_id",
    )
    return profiles_seen_by(viewer, _named(page))


def blocked_by(
    account: Account, *, before_id: int | None = None, after_id: int | None = None, limit: int = 30
) -> Page[Profile]:
    """Return a page of the accounts that `account` has blocked, the latest first; otherwise as
    `followers`."""
    blocks = Block.objects.filter(account=account).values_list("id", "blocked_id")
    page = newest_first(blocks, before_id=before_id, after_id=after_id, limit=limit)
    return profiles_seen_by(account, _named(page), with_blocked=True)


def muted_by(
    account: Account, *, before_id: int | None = None, after_id: int | None = None, limit: int = 30
) -> Page[Profile]:
    """Return a page of the accounts that `account` has muted, the latest first; otherwise as
    `followers`."""
    mutes = Mute.objects.filter(account=account).values_list("id", "muted_id")
    page = newest_first(mutes, before_id=before_id, after_id=after_id, limit=limit)
    return profiles_seen_by(account, _named(page), with_blocked=True)


def _named(page: Page[tuple[Any, int]]) -> Page[AccountRow]:
    """Return the page with the accounts that the rows' second column names. One query on each
    shard that they live on."""
    ids = [account_id for _, account_id in page]
    if not ids:
        return page.with_rows({})
    columns = _existing_by_ids(ids)
    found = {row[0]: AccountRow(*row) for row in columns}
    named = {
        position: found[account_id]
        for position, (_, account_id) in page.rows.items()
        if account_id in found
    }
    return page.with_rows(named, columns.shards_missing)


@prepared
def _existing_by_ids(ids: list[int]) -> QuerySet[Any]:
    accounts = Account.objects.scatter(on_shard_down="skip").filter(pk__in=ids)
    return accounts.values_list(*ACCOUNT_COLUMNS)
