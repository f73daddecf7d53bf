"""Tokens: issuing, checking, revoking."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from shardrouter import shard_for
from timeline_api.models import Account, Token
from timeline_api.selectors import tokens as selectors
from timeline_api.services import accounts, tokens

pytestmark = pytest.mark.django_db(databases="__all__")

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def test_it_stores_a_digest_and_not_the_secret(alice):
    token, text = tokens.issue(account=alice, name="phone")
    number, secret = text.split(".")
    assert int(number) == token.pk
    assert shard_for(token) == shard_for(alice)
    stored = Token.objects.filter(pk=token.pk).values().get()
    assert all(secret not in str(value) for value in stored.values())
    assert stored["name"] == "phone"


def test_it_knows_a_token_with_one_query(alice, asks):
    _, text = tokens.issue(account=alice)
    tokens.authenticate(text=text)  # stores the time of the first use
    with asks(shard0=1):
        assert tokens.authenticate(text=text).account == alice


def test_it_notes_the_use_once_an_hour(alice, asks):
    with time_machine.travel(NOON, tick=False) as clock:
        token, text = tokens.issue(account=alice)
        tokens.authenticate(text=text)
        clock.shift(timedelta(minutes=59))
        with asks(shard0=1):
            tokens.authenticate(text=text)
        clock.shift(timedelta(minutes=2))
        with asks(shard0=2):
            tokens.authenticate(text=text)
    token.refresh_from_db()
    assert token.last_used_at == NOON + timedelta(minutes=61)


@pytest.mark.parametrize(
    ("used", "ends"),
    [
        ([], 30),  # days of use after the first, and the day on which it has ended
        ([20], 50),
        ([20, 40], 70),
        (range(0, 365, 20), 365),
    ],
)
def test_it_ends_a_token_that_was_not_used_and_one_that_is_old(alice, used, ends):
    with time_machine.travel(NOON, tick=False) as clock:
        token, text = tokens.issue(account=alice)
        for day in used:
            clock.move_to(NOON + timedelta(days=day))
            assert tokens.authenticate(text=text) == token
        clock.move_to(NOON + timedelta(days=ends, minutes=-1))
        assert list(selectors.of_account(alice)) == [token]
        clock.move_to(NOON + timedelta(days=ends, minutes=1))
        assert list(selectors.of_account(alice)) == []
        for check in (
            lambda: tokens.authenticate(text=text),
            lambda: tokens.of_session(token_id=token.pk),
        ):
            with pytest.raises(tokens.InvalidToken):
                check()


def test_it_keeps_so_many_tokens_those_that_were_used_last(alice, bob, settings):
    settings.TIMELINES = {"TOKENS": 3}
    tokens.issue(account=bob)
    with time_machine.travel(NOON, tick=False) as clock:
        made = [tokens.issue(account=alice) for _ in range(3)]
        clock.shift(timedelta(hours=2))
        tokens.authenticate(text=made[0][1])
        for _ in range(3):
            clock.shift(timedelta(hours=2))
            last, _ = tokens.issue(account=alice)
            tokens.authenticate(text=made[0][1])
        kept = set(Token.objects.filter(account=alice))
    assert len(kept) == 3
    assert {made[0][0], last} <= kept
    assert Token.objects.filter(account=bob).count() == 1


@pytest.mark.parametrize(
    "change",
    [
        lambda text: "",
        lambda text: ".",
        lambda text: "x",
        lambda text: text[:-1],
        lambda text: text + "x",
        lambda text: text.split(".")[0],
        lambda text: text.split(".")[0] + ".",
        lambda text: "." + text.split(".")[1],
        lambda text: " " + text,
        lambda text: "-" + text,
        lambda text: "+" + text,
        lambda text: "0." + text.split(".")[1],
        lambda text: "9" * 19 + "." + text.split(".")[1],
        lambda text: "9" * 5000 + "." + text.split(".")[1],
        lambda text: "٣." + text.split(".")[1],
        lambda text: text.split(".")[0] + ".\ud800\x00é",
        lambda text: f"{int(text.split('.')[0]) + 1}." + text.split(".")[1],
    ],
)
def test_it_refuses_what_is_no_token(alice, change):
    _, text = tokens.issue(account=alice)
    with pytest.raises(tokens.InvalidToken):
        tokens.authenticate(text=change(text))


def test_it_refuses_the_secret_of_another_token(alice, bob):
    first, _ = tokens.issue(account=alice)
    _, other = tokens.issue(account=bob)
    with pytest.raises(tokens.InvalidToken):
        tokens.authenticate(text=f"{first.pk}.{other.split('.')[1]}")


def test_it_refuses_a_token_of_a_suspended_account(alice):
    accounts.suspend(account=alice)
    _, text = tokens.issue(account=alice)  # by a login that had begun before
    with pytest.raises(tokens.InvalidToken):
        tokens.authenticate(text=text)


def test_it_refuses_a_token_of_a_deleted_account(alice):
    _, text = tokens.issue(account=alice)
    accounts.delete(account=alice)
    with pytest.raises(tokens.InvalidToken):
        tokens.authenticate(text=text)


def test_it_refuses_a_revoked_token(alice):
    token, text = tokens.issue(account=alice)
    _, other = tokens.issue(account=alice)
    tokens.revoke(token=token)
    tokens.revoke(token=Token(pk=token.pk, account=alice))
    with pytest.raises(tokens.InvalidToken):
        tokens.authenticate(text=text)
    assert tokens.authenticate(text=other).account == alice


def test_it_revokes_all_but_one(alice, bob):
    kept, _ = tokens.issue(account=alice)
    tokens.issue(account=alice)
    theirs, _ = tokens.issue(account=bob)
    tokens.revoke_all(account=alice, keep=kept)
    assert set(Token.objects.scatter()) == {kept, theirs}
    tokens.revoke_all(account=alice)
    assert set(Token.objects.scatter()) == {theirs}


def test_it_lists_ones_own_tokens_newest_first_with_one_query(alice, bob, asks):
    mine = [tokens.issue(account=alice)[0] for _ in range(3)]
    theirs, _ = tokens.issue(account=bob)
    with asks(shard0=1):
        assert list(selectors.of_account(alice, limit=2)) == [mine[2], mine[1]]
    assert list(selectors.of_account(alice, before_id=mine[1].pk)) == [mine[0]]
    with asks(shard0=1):
        assert selectors.by_id(alice, mine[0].pk) == mine[0]
    with pytest.raises(Token.DoesNotExist):
        selectors.by_id(alice, theirs.pk)


def test_it_needs_the_shard_of_its_account_alone(alice, down):
    _, text = tokens.issue(account=alice)
    with down("shard1"), down("shard2"), down("default"):
        assert tokens.authenticate(text=text).account == Account(pk=alice.pk)
