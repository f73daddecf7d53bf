"""Accounts, and who follows whom."""

from collections.abc import Collection
from typing import Any, NamedTuple

from ..domain import usernames
from ..domain.usernames import key as name_key
from ..models import Account, Follow, Follower, Interaction, Message
from .blocks import Hidden, with_hidden
from .id_lists import joined
from .pages import Page, cut


def by_username(username: str) -> Account:
    """The account of that name, in whatever case. One query on one shard, none for a text that
    cannot be a name.

    Raises Account.DoesNotExist.
    """
    if not usernames.is_well_formed(username):
        raise Account.DoesNotExist(f"{username!r} is no username.")
    return Account.objects.get(username_key=usernames.key(username))


def by_usernames(usernames: Collection[str], *, on_shard_down: str = "raise") -> list[Account]:
    """The accounts that have these names, in whatever case. One query on each shard that the names
    are on; one that does not answer raises ShardUnavailable, or is left out ("skip")."""
    keys = [name_key(name) for name in usernames]
    if not keys:
        return []
    named = Account.objects.scatter(on_shard_down=on_shard_down).filter(username_key__in=keys)
    return list(named)


def by_ids(ids: Collection[int]) -> dict[int, Account]:
    """Id → account, of those that stand. One query on each shard that `ids` name."""
    return Account.objects.in_bulk(ids)


class Relations(NamedTuple):
    """What a reader is to some accounts: the ids of those they follow, and of those they do not
    see."""

    followed: frozenset[int]
    hidden: Hidden


def relations(viewer: Account, ids: Collection[int]) -> Relations:
    """What `viewer` is to the accounts of these ids. One query on the viewer's shard."""
    follows = Follow.objects.filter(follower=viewer, followee_id__in=list(ids))
    hidden, (followed,) = with_hidden(viewer, followed=joined(follows, "follower", "followee_id"))
    return Relations(followed, hidden)


def followers(
    account: Account, *, before_id: int | None = None, after_id: int | None = None, limit: int = 30
) -> Page:
    """A page of the accounts that follow `account`, newest follow first; each has `position`.

    One query on the account's shard, and one on each shard that the followers live on.
    """
    mirror = cut(
        Follower.objects.filter(followee=account),
        before_id=before_id,
        after_id=after_id,
        limit=limit,
    )
    return named(mirror, "follower_id")


def following(
    account: Account, *, before_id: int | None = None, after_id: int | None = None, limit: int = 30
) -> Page:
    """A page of the accounts that `account` follows; costs and gives as `followers`."""
    follows = cut(
        Follow.objects.filter(follower=account),
        before_id=before_id,
        after_id=after_id,
        limit=limit,
    )
    return named(follows, "followee_id")


def interacting(
    message: Message,
    kind: str,
    *,
    before_id: int | None = None,
    after_id: int | None = None,
    limit: int = 30,
) -> Page:
    """A page of the accounts that like or have reposted a message, the latest first; costs and
    gives as `followers`, on the message's shard."""
    mirrors = Interaction.objects.filter(
        author_id=message.author_id, message_id=message.pk, kind=kind
    )
    page = cut(mirrors, before_id=before_id, after_id=after_id, limit=limit, field="source_id")
    return named(page, "actor_id", position="source_id")


def named(rows: Page, name: str, *, position: str = "pk") -> Page:
    """The accounts that `name` of the rows names; each has `position`. One query on each shard that
    they live on."""
    found = Account.objects.scatter(on_shard_down="skip").filter(
        pk__in=[getattr(row, name) for row in rows]
    )
    accounts: dict[int, Any] = {account.pk: account for account in found} if rows else {}
    # The positions of the dropped too: a page without those of a lost shard does not end the list.
    people = Page(
        shards_missing=found.shards_missing, positions=[getattr(row, position) for row in rows]
    )
    for row in rows:
        account = accounts.get(getattr(row, name))
        if account is not None:
            account.position = getattr(row, position)
            people.append(account)
    return people
