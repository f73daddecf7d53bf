"""Every pair of a fact and its mirror: each difference is found, and repaired."""

import io

import pytest
from django.core.management import CommandError, call_command

from timeline_api.models import (
    Account,
    Block,
    Blocker,
    Follow,
    Follower,
    HomeEntry,
    Interaction,
    Like,
    Message,
)
from timeline_api.relay import consistency
from timeline_api.services import blocks, follows, likes, messages

pytestmark = pytest.mark.django_db(databases="__all__")

DAMAGE = {
    "follow: has no mirror": lambda: Follower.objects.scatter(writes=True).all().delete(),
    "follow: is only a mirror": lambda: Follow.objects.scatter(writes=True).all().delete(),
    "follow: has an old state": lambda: (
        Follow.objects.scatter(writes=True).all().update(followee_is_suspended=True)
    ),
    "block: has no mirror": lambda: Blocker.objects.scatter(writes=True).all().delete(),
    "block: is only a mirror": lambda: Block.objects.scatter(writes=True).all().delete(),
    "like, repost, reply: has no mirror": lambda: (
        Interaction.objects.scatter(writes=True).all().delete()
    ),
    "like: is only a mirror": lambda: Like.objects.scatter(writes=True).all().delete(),
    "reply, repost: is only a mirror": lambda: (
        Message.objects.scatter(writes=True).exclude(text="hello").delete()
    ),
    "home: differs": lambda: HomeEntry.objects.scatter(writes=True).all().delete(),
    "follower_count": lambda: Account.objects.scatter(writes=True).all().update(follower_count=7),
}


@pytest.fixture
def talk(alice, bob, charlie, post, relay):
    follows.follow(follower=bob, followee=alice)
    message = post(alice, "hello")
    likes.like(account=bob, message=message)
    messages.repost(account=bob, message=message)
    messages.post(author=bob, text="a reply", parent=message)
    blocks.block(account=charlie, other=bob)
    relay()


def check(**options):
    out = io.StringIO()
    call_command("check_consistency", stdout=out, **options)
    return out.getvalue()


@pytest.mark.parametrize("damage", DAMAGE)
def test_it_finds_and_repairs_each_difference(talk, damage, relay):
    assert check() == "0 differences.\n"
    DAMAGE[damage]()
    with pytest.raises(CommandError, match="--repair"):
        check()
    kinds, _, how = damage.rpartition(": ")
    said = check(repair=True)
    assert how in said
    assert all(kind in said for kind in kinds.split(", "))
    relay()
    assert check() == "0 differences.\n"


def test_it_repairs_follows_and_likes_of_what_is_gone(talk, alice, relay):
    Account.objects.filter(pk=alice.pk).delete()  # as in a file from before she registered
    assert list(consistency.differences())
    check(repair=True)
    relay()
    assert check() == "0 differences.\n"
    assert not Follow.objects.scatter().exists()
    assert not Like.objects.scatter().exists()
