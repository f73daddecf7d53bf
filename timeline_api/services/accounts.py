"""Accounts: registering, logging in, profiles, passwords, suspending, deleting."""

from collections.abc import Callable

from django.contrib.auth.hashers import check_password, make_password
from django.db import IntegrityError
from django.utils import timezone

from shardrouter import atomic_for

from ..domain import usernames
from ..models import Account, Follow, LeavingName, Token
from ..selectors import accounts as selectors
from . import outbox
from .account_locks import account_lock


class UsernameTaken(Exception):
    """An account has this name, in some case, or had it and is not deleted from every shard yet."""


class InvalidUsername(ValueError):
    """Not 1 to 30 of `[A-Za-z0-9_]`, or a reserved name."""


class InvalidCredentials(Exception):
    """No such account, or a wrong password. Callers do not learn which."""


class AccountSuspended(Exception):
    """The password is right, but an operator has suspended the account."""


PROFILE_FIELDS = frozenset({"display_name", "bio", "email"})


def register(*, username: str, email: str, password: str) -> Account:
    """Create an account. Raise InvalidUsername or UsernameTaken."""
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
            # After the INSERT, which waits for a running deletion of the account of that name.
            if LeavingName.objects.filter(username_key=usernames.key(username)).exists():
                raise UsernameTaken(username)
    except IntegrityError as error:
        raise UsernameTaken(username) from error
    return account


def authenticate(*, username: str, password: str) -> Account:
    """Return the account with this name and password.

    Raise InvalidCredentials or AccountSuspended. An unknown name costs one hash too, so that the
    time taken does not reveal which names exist.
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
    """Set some of display_name, bio and email. Return the account as stored.

    Raise Account.DoesNotExist if it was deleted.
    """
    unknown = set(fields) - PROFILE_FIELDS
    if unknown:
        raise TypeError(f"not profile fields: {', '.join(sorted(unknown))}")
    with atomic_for(account):
        if fields:
            Account.objects.filter(pk=account.pk).update(**fields)
        return Account.objects.get(pk=account.pk)


def change_password(
    *, account: Account, old_password: str, new_password: str, keep_token_id: int | None = None
) -> None:
    """Set a new password and revoke all tokens but `keep_token_id`. Raise InvalidCredentials."""
    _require_password(account, old_password)
    encoded = make_password(new_password)
    with atomic_for(account):
        if not replace_password(account=account, encoded=encoded):
            raise InvalidCredentials  # another request has changed it since
        Token.objects.filter(account=account).exclude(pk=keep_token_id or 0).delete()


def replace_password(*, account: Account, encoded: str) -> bool:
    """Store a password hash, unless the stored one is no longer the one in `account`: a late writer
    must not bring an old password back. Return whether it was stored."""
    unchanged = Account.objects.filter(pk=account.pk, password=account.password)
    if not unchanged.update(password=encoded):
        return False
    account.password = encoded
    return True


def suspend(*, account: Account) -> None:
    """Suspend the account: refuse its logins and its tokens. Idempotent.

    The tokens stay for as long as that lasts, so that who sends one is told why it is refused.
    """
    with account_lock(account.pk):
        _set_suspended(account, True)


def unsuspend(*, account: Account) -> None:
    """Lift a suspension and revoke the tokens from before; the member logs in again. Idempotent."""
    with account_lock(account.pk):
        if _set_suspended(account, False):
            Token.objects.filter(account=account).delete()


def _set_suspended(account: Account, suspended: bool) -> bool:
    """Store the state. Return whether it was the other one, or the account is gone."""
    of_account = Account.objects.filter(pk=account.pk)
    was_suspended = of_account.values_list("is_suspended", flat=True).first()
    if of_account.update(is_suspended=suspended):
        outbox.emit(account=account, kind=outbox.SUSPENSION_CHANGED)
    return was_suspended is not suspended


def delete_with_password(*, account: Account, password: str) -> None:
    """Delete the account at its owner's request. Raise InvalidCredentials."""
    _require_password(account, password)
    delete(account=account)


def delete(*, account: Account) -> None:
    """Delete the account and everything that lives with it. Idempotent.

    The relay deletes what other shards hold of it: follows, followers, home entries. Nobody can
    register its name until that is done.
    """
    key = usernames.key(account.username)
    with account_lock(account.pk):
        # A delivery to the home locks the follows first; one that comes later finds no account.
        list(Follow.objects.select_for_update().filter(follower=account).values_list("pk"))
        list(Account.objects.select_for_update().filter(pk=account.pk).values_list("pk"))
        deleted, _ = Account.objects.filter(pk=account.pk).delete()
        if deleted:
            LeavingName.objects.create(username_key=key, account_id=account.pk)
            outbox.emit(account=account, kind=outbox.ACCOUNT_DELETED, username_key=key)


def _require_password(account: Account, password: str) -> None:
    if not check_password(password, account.password, _rehash(account)):
        raise InvalidCredentials


def _rehash(account: Account) -> Callable[[str], None]:
    """Return what Django calls to store a new hash when the hasher's parameters have changed."""

    def rehash(password: str) -> None:
        replace_password(account=account, encoded=make_password(password))

    return rehash
