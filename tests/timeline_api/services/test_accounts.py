"""Accounts: registering, logging in, profile, password, suspending, deleting."""

from unittest import mock

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher, check_password
from django.test import override_settings

from shardrouter import shard_for
from timeline_api.models import (
    Account,
    Follow,
    Follower,
    HomeEntry,
    IdempotencyKey,
    Message,
    Outbox,
    Token,
)
from timeline_api.relay.worker import Worker
from timeline_api.selectors import accounts as selectors
from timeline_api.selectors import messages as message_selectors
from timeline_api.selectors import timelines
from timeline_api.services import accounts, follows, messages, tokens

from ..conftest import PASSWORD, SHARDS

# Statements that a transaction inside the test's own adds: SAVEPOINT and RELEASE SAVEPOINT.
SAVEPOINT = 2

pytestmark = pytest.mark.django_db(databases="__all__")


# Registering


def test_it_registers_on_the_shard_of_the_name(register):
    account = register("Alice")
    assert account.username == "Alice"
    assert account.email == "Alice@example.org"
    assert check_password(PASSWORD, account.password)
    assert Account.objects.using(shard_for(account)).get(pk=account.pk).username_key == "alice"


def test_it_refuses_a_taken_name_in_any_case(register):
    register("Alice")
    for again in ("Alice", "alice", "ALICE"):
        with pytest.raises(accounts.UsernameTaken):
            register(again)
    assert Account.objects.scatter().count() == 1


@pytest.mark.parametrize("username", ["", "a b", "x" * 31, "ſam", "Public", "me"])
def test_it_refuses_a_name_that_cannot_be(register, username):
    with pytest.raises(accounts.InvalidUsername):
        register(username)
    assert not Account.objects.scatter().exists()


def test_it_spreads_accounts_over_all_shards(register):
    homes = {shard_for(register(f"member{number}")) for number in range(30)}
    assert homes == set(SHARDS)


# Finding


def test_it_finds_by_name_in_any_case_with_one_query(alice, asks):
    with asks(shard0=1):
        assert selectors.by_username(alice.username.upper()) == alice
    with pytest.raises(Account.DoesNotExist):
        selectors.by_username("nobody")


@pytest.mark.parametrize("username", ["", "a b", "\u212a", "ſ", "x" * 31, "a\x00"])
def test_it_asks_nothing_for_what_is_no_name(register, asks, username):
    register("k")
    register("s")
    with asks(), pytest.raises(Account.DoesNotExist):
        selectors.by_username(username)


def test_it_finds_by_ids_with_one_query_a_shard(alice, bob, asks):
    with asks(shard0=1, shard1=1):
        assert selectors.by_ids([alice.pk, bob.pk]) == {alice.pk: alice, bob.pk: bob}
    with asks():
        assert selectors.by_ids([]) == {}


# Logging in


def test_it_logs_in_with_the_name_in_any_case(alice):
    assert accounts.authenticate(username=alice.username.upper(), password=PASSWORD) == alice


@pytest.mark.parametrize("password", ["", "wrong", PASSWORD.upper(), PASSWORD + " "])
def test_it_refuses_a_wrong_password(alice, password):
    with pytest.raises(accounts.InvalidCredentials):
        accounts.authenticate(username=alice.username, password=password)


@pytest.mark.parametrize("known", [True, False])
def test_it_hashes_once_whether_or_not_the_name_exists(alice, known):
    hashed = []
    encode = MD5PasswordHasher.encode

    def counted(self, password, salt):
        hashed.append(password)
        return encode(self, password, salt)

    with (
        mock.patch.object(MD5PasswordHasher, "encode", counted),
        pytest.raises(accounts.InvalidCredentials),
    ):
        accounts.authenticate(username=alice.username if known else "nobody", password="wrong")
    assert hashed == ["wrong"]


def test_it_reveals_a_suspension_only_with_the_password(alice):
    accounts.suspend(account=alice)
    with pytest.raises(accounts.AccountSuspended):
        accounts.authenticate(username=alice.username, password=PASSWORD)
    with pytest.raises(accounts.InvalidCredentials):
        accounts.authenticate(username=alice.username, password="wrong")


HASHERS = [
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
    "django.contrib.auth.hashers.MD5PasswordHasher",
]


def test_it_renews_a_hash_of_older_settings(alice):
    with override_settings(PASSWORD_HASHERS=HASHERS):
        accounts.authenticate(username=alice.username, password=PASSWORD)
    renewed = Account.objects.get(pk=alice.pk).password
    assert renewed.startswith("pbkdf2_sha256$")


def test_it_does_not_bring_back_a_password_that_was_changed_meanwhile(alice):
    accounts.change_password(account=alice, old_password=PASSWORD, new_password="three herons")
    changed = Account.objects.get(pk=alice.pk).password
    late = Account(pk=alice.pk, username=alice.username, password="read before")
    assert not accounts.replace_password(account=late, encoded="renewed late")
    assert Account.objects.get(pk=alice.pk).password == changed


# Profile and password


def test_it_updates_the_profile_with_two_queries(alice, asks):
    with asks(shard0=2 + SAVEPOINT):
        changed = accounts.update_profile(account=alice, bio="Birds.", display_name="Alice 🐦")
    assert (changed.bio, changed.display_name) == ("Birds.", "Alice 🐦")
    assert changed.email == alice.email


def test_it_updates_nothing_but_the_profile(alice):
    with pytest.raises(TypeError, match="username"):
        accounts.update_profile(account=alice, username="mallory")


def test_it_raises_if_the_account_to_update_is_deleted(alice):
    accounts.delete(account=Account.objects.get(pk=alice.pk))
    with pytest.raises(Account.DoesNotExist):
        accounts.update_profile(account=alice, bio="x")


def test_it_changes_the_password_and_revokes_the_other_tokens(alice, bob):
    kept, _ = tokens.issue(account=alice)
    tokens.issue(account=alice)
    others, _ = tokens.issue(account=bob)
    accounts.change_password(
        account=alice, old_password=PASSWORD, new_password="three herons", keep_token_id=kept.pk
    )
    assert set(Token.objects.scatter()) == {kept, others}
    accounts.authenticate(username=alice.username, password="three herons")
    with pytest.raises(accounts.InvalidCredentials):
        accounts.authenticate(username=alice.username, password=PASSWORD)


def test_it_changes_the_password_after_renewing_its_hash(alice):
    with override_settings(PASSWORD_HASHERS=HASHERS):
        accounts.change_password(account=alice, old_password=PASSWORD, new_password="three herons")
        accounts.authenticate(username=alice.username, password="three herons")


def test_it_keeps_the_password_when_the_old_one_is_wrong(alice):
    tokens.issue(account=alice)
    with pytest.raises(accounts.InvalidCredentials):
        accounts.change_password(account=alice, old_password="wrong", new_password="three herons")
    assert alice.tokens.count() == 1
    accounts.authenticate(username=alice.username, password=PASSWORD)


def test_it_accepts_only_one_of_two_password_changes_at_once(alice):
    late = Account.objects.get(pk=alice.pk)
    accounts.change_password(account=alice, old_password=PASSWORD, new_password="three herons")
    with pytest.raises(accounts.InvalidCredentials):
        accounts.change_password(account=late, old_password=PASSWORD, new_password="four herons")
    accounts.authenticate(username=alice.username, password="three herons")


# Suspending


def test_it_refuses_the_tokens_of_a_suspended_account_and_revokes_them_afterwards(alice):
    _, text = tokens.issue(account=alice)
    accounts.unsuspend(account=alice)  # it is not suspended: nothing is revoked
    tokens.authenticate(text=text)
    accounts.suspend(account=alice)
    with pytest.raises(tokens.TokenOfSuspendedAccount):
        tokens.authenticate(text=text)
    accounts.unsuspend(account=alice)
    with pytest.raises(tokens.InvalidToken) as raised:
        tokens.authenticate(text=text)
    assert raised.type is tokens.InvalidToken


def test_it_hides_messages_while_their_author_is_suspended(alice, bob):
    follows.follow(follower=bob, followee=alice)
    message = messages.post(author=bob, text="mine")
    theirs = messages.post(author=alice, text="theirs")
    reply = messages.post(author=alice, text="reply", parent=message)
    Worker().drain()

    def shown():
        return [
            [line.id for line in timelines.public_page()],
            [line.id for line in timelines.home_page(bob)],
            [line.id for line in message_selectors.of_author(alice)],
        ]

    accounts.suspend(account=alice)
    assert shown() == [[message.pk], [message.pk], []]
    with pytest.raises(Message.DoesNotExist):
        message_selectors.by_id(theirs.pk)
    accounts.unsuspend(account=alice)
    everything = [reply.pk, theirs.pk, message.pk]
    assert shown() == [everything, everything, [reply.pk, theirs.pk]]


def test_it_lets_a_suspended_reposter_hide_no_later_repost(alice, bob, charlie, register):
    dana = register("dana")
    message = messages.post(author=alice, text="hello")
    for reposter in (bob, charlie):
        follows.follow(follower=dana, followee=reposter)
        messages.repost(account=reposter, message=message)
    Worker().drain()

    def reposters():
        return [line.message.author.username for line in timelines.home_page(dana)]

    assert reposters() == [bob.username]
    accounts.suspend(account=bob)
    Worker().drain()
    assert reposters() == [charlie.username]
    accounts.unsuspend(account=bob)
    Worker().drain()
    assert reposters() == [bob.username]


def test_it_unsuspends_an_account(alice):
    accounts.suspend(account=alice)
    accounts.unsuspend(account=alice)
    assert accounts.authenticate(username=alice.username, password=PASSWORD) == alice


# Deleting


def test_it_deletes_only_with_the_password(alice):
    with pytest.raises(accounts.InvalidCredentials):
        accounts.delete_with_password(account=alice, password="wrong")
    assert selectors.by_username(alice.username) == alice
    accounts.delete_with_password(account=alice, password=PASSWORD)
    with pytest.raises(Account.DoesNotExist):
        selectors.by_username(alice.username)


def test_it_deletes_everything_of_an_account_in_the_end(alice, bob, charlie, relay):
    for fan, author in ((bob, alice), (charlie, alice), (alice, bob), (bob, charlie)):
        follows.follow(follower=fan, followee=author)
    messages.post(author=alice, text="hello", idempotency_key="once")
    messages.post(author=bob, text="hello")
    tokens.issue(account=alice)
    relay()
    accounts.delete_with_password(account=alice, password=PASSWORD)
    assert Outbox.objects.scatter().get().account_id == alice.pk
    relay()
    deleted = alice.pk
    assert not Account.objects.filter(pk=deleted).exists()
    for model, columns in (
        (Message, ["author_id"]),
        (Token, ["account_id"]),
        (IdempotencyKey, ["account_id"]),
        (Follow, ["follower_id", "followee_id"]),
        (Follower, ["follower_id", "followee_id"]),
        (HomeEntry, ["owner_id", "author_id"]),
        (Outbox, ["account_id"]),
    ):
        for column in columns:
            left = model.objects.scatter().filter(**{column: deleted}).values("pk")
            assert not left, (model, column)
    bob, charlie = (Account.objects.get(pk=each.pk) for each in (bob, charlie))
    assert (bob.following_count, bob.follower_count, bob.message_count) == (1, 0, 1)
    assert (charlie.following_count, charlie.follower_count) == (0, 1)


def test_it_deletes_idempotently(alice):
    again = Account.objects.get(pk=alice.pk)
    accounts.delete(account=alice)
    accounts.delete(account=again)
    assert Outbox.objects.scatter().count() == 1


def test_it_frees_a_name_once_the_account_is_deleted_from_every_shard(
    alice, bob, register, relay, down, settings
):
    settings.TIMELINES = {"FANOUT_CHUNK": 1}
    follows.follow(follower=bob, followee=alice)
    relay()
    accounts.delete(account=alice)
    with pytest.raises(accounts.UsernameTaken):
        register(alice.username.upper())
    with down("shard1"):
        Worker().run_once()
        with pytest.raises(accounts.UsernameTaken):
            register(alice.username)
    relay()
    heir = register(alice.username)
    messages.post(author=heir, text="not for bob")
    relay()
    assert heir.pk != alice.pk
    assert list(timelines.home_page(bob)) == []
    assert Account.objects.get(pk=heir.pk).follower_count == 0


def test_it_touches_one_shard_alone(alice, down):
    with down("shard1"), down("shard2"):
        accounts.authenticate(username=alice.username, password=PASSWORD)
        accounts.update_profile(account=alice, bio="x")
        accounts.change_password(account=alice, old_password=PASSWORD, new_password="three herons")
        accounts.suspend(account=alice)
        accounts.unsuspend(account=alice)
        accounts.delete(account=alice)
