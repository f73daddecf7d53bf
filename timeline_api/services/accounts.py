"""Accounts: registering, logging in, profiles, passwords, suspending, leaving."""

from collections.abc import Callable

from django.contrib.auth.hashers import check_password, make_password
from django.db import IntegrityError
from django.utils import timezone

from shardrouter import atomic_for

from ..domain import usernames
from ..models import Account, Follow, LeavingName, Token
from ..selectors import accounts as selectors
from . import outbox
from .account_locks import turn


class UsernameTaken(Exception):
    """Somebody has this name, in whatever case, or had it and has not left every shard yet."""


class InvalidUsername(ValueError):
    """Not 1 to 30 of `[A-Za-z0-9_]`, or a name that nobody may take."""


class InvalidCredentials(Exception):
    """No such account, or not its password: nobody is told which."""


class AccountSuspended(Exception):
    """The password is right, and the operator has shut the account."""


PROFILE_FIELDS = frozenset({"display_name", "bio", "email"})


def register(*, username: str, email: str, password: str) -> Account:
    """Make an account. Raises InvalidUsername or UsernameTaken."""
    if not usernames.is_well_formed(username) or usernames.is_reserved(username):
        raise InvalidUsername(username)
    account = Account(
        username=username,
        email=email,
        password=make_password(password),
        created_at=timezone.now(),
    )
    try:
        with atomic_for(account):
            account.save()
            # After the INSERT, which waits for whoever is removing the account of that name.
            if LeavingName.objects.filter(username_key=usernames.key(username)).exists():
                raise UsernameTaken(username)
    except IntegrityError as error:
        raise UsernameTaken(username) from error
    return account


def authenticate(*, username: str, password: str) -> Account:
    """The account whose password this is. Raises InvalidCredentials or AccountSuspended.

    A name that nobody has costs one hash as well, so that the time does not tell.
    """
    try:
        account = selectors.by_username(username)
    except Account.DoesNotExist:
        make_password(password)
        raise InvalidCredentials from None
    _require_password(account, password)
    if account.is_suspended:
        raise AccountSuspended
    return account


def update_profile(*, account: Account, **fields: str) -> Account:
    """Set some of display_name, bio and email; gives the account as it is now.

    Raises Account.DoesNotExist when it is gone.
    """
    unknown = set(fields) - PROFILE_FIELDS
    if unknown:
        raise TypeError(f"not a part of the profile: {', '.join(sorted(unknown))}")
    with atomic_for(account):
        if fields:
            Account.objects.filter(pk=account.pk).update(**fields)
        return Account.objects.get(pk=account.pk)


def change_password(
    *, account: Account, old_password: str, new_password: str, keep_token_id: int | None = None
) -> None:
    """Set a new password and end every other token. Raises InvalidCredentials."""
    _require_password(account, old_password)
    encoded = make_password(new_password)
    with atomic_for(account):
        if not _replace_password(account, encoded):
            raise InvalidCredentials  # changed by somebody else since we looked
        Token.objects.filter(account=account).exclude(pk=keep_token_id or 0).delete()


def suspend(*, account: Account) -> None:
    """Shut the account: its tokens end, and nobody can log in to it."""
    with turn(account.pk):
        _set_suspended(account, True)
        Token.objects.filter(account=account).delete()


def unsuspend(*, account: Account) -> None:
    """Open the account again; its owner logs in anew."""
    with turn(account.pk):
        _set_suspended(account, False)


def _set_suspended(account: Account, suspended: bool) -> None:
    if Account.objects.filter(pk=account.pk).update(is_suspended=suspended):
        outbox.emit(account=account, kind=outbox.SUSPENSION_CHANGED)


def delete_account(*, account: Account, password: str) -> None:
    """Remove the account at its owner's wish. Raises InvalidCredentials."""
    _require_password(account, password)
    remove(account=account)


def remove(*, account: Account) -> None:
    """Remove the account and all that lives with it; twice is the same as once.

    The relay takes away what others hold of it: follows, lists of followers, home entries. Until
    that is done nobody can take its name.
    """
    key = usernames.key(account.username)
    with turn(account.pk):
        # Whoever writes to homes has locked the follows; whoever comes later finds no account.
        list(Follow.objects.select_for_update().filter(follower=account).values_list("pk"))
        list(Account.objects.select_for_update().filter(pk=account.pk).values_list("pk"))
        gone, _ = Account.objects.filter(pk=account.pk).delete()
        if gone:
            LeavingName.objects.create(username_key=key, account_id=account.pk)
            outbox.emit(account=account, kind=outbox.ACCOUNT_DELETED, username_key=key)


def _require_password(account: Account, password: str) -> None:
    if not check_password(password, account.password, _rehash(account)):
        raise InvalidCredentials


def _rehash(account: Account) -> Callable[[str], None]:
    """What Django calls when the hasher's parameters have changed since: it renews the hash."""

    def rehash(password: str) -> None:
        _replace_password(account, make_password(password))

    return rehash


def _replace_password(account: Account, encoded: str) -> bool:
    """Set the hash if it is still the one that was read: an old password never comes back."""
    unchanged = Account.objects.filter(pk=account.pk, password=account.password)
    if not unchanged.update(password=encoded):
        return False
    account.password = encoded
    return True
