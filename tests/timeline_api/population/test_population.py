"""The demo population and `populate`: what pages would show, compared with a plain Python model."""

import io
import json
from collections import Counter, defaultdict
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.core.management import CommandError, call_command

from shardrouter import shard_for
from timeline_api import conf
from timeline_api.domain import pictures
from timeline_api.models import (
    Account,
    Follow,
    Follower,
    HomeEntry,
    Interaction,
    Like,
    Message,
    Mute,
    Notification,
    Outbox,
    Report,
    Tombstone,
)
from timeline_api.population import follow_graph
from timeline_api.selectors import (
    accounts,
    avatars,
    blocks,
    conversations,
    messages,
    notifications,
    timelines,
)
from timeline_api.services import repairs

pytestmark = pytest.mark.django_db(databases="__all__")

FIXTURE = Path(settings.BASE_DIR) / "fixtures" / "population.json"


def run(name, *args, **kwargs):
    out = io.StringIO()
    call_command(name, *args, stdout=out, verbosity=0, **kwargs)
    return out.getvalue()


def check_by_brute_force():
    """Compare homes, profiles and the public page with the messages and follows alone."""
    followees, fans, by_author = defaultdict(set), Counter(), defaultdict(list)
    for follower, followee in Follow.objects.scatter().values_list("follower_id", "followee_id"):
        followees[follower].add(followee)
        fans[followee] += 1
    everything = list(
        Message.objects.scatter().filter(repost_of_id=None).values_list("pk", "author_id")
    )
    for pk, author in everything:
        by_author[author].append(pk)
    authors = dict(everything)
    reposts = defaultdict(dict)
    rows = Message.objects.scatter().exclude(repost_of_id=None)
    for pk, author, original in rows.values_list("pk", "author_id", "repost_of_id"):
        reposts[author][pk] = original

    def home(account):
        """Return what a home shows, and what it has entries of, newest first."""
        sources = followees[account.pk] | {account.pk}
        written = {pk for each in sources for pk in by_author[each]}
        seen = {
            pk: original
            for each in sources
            for pk, original in reposts[each].items()
            if pk >= account.home_floor
        }
        first = {}
        for pk in sorted(seen):
            if authors[seen[pk]] not in sources:
                first.setdefault(seen[pk], pk)
        entered = {pk for pk in written if pk >= account.home_floor} | seen.keys()
        return sorted(written | set(first.values()), reverse=True), sorted(entered, reverse=True)

    entries = defaultdict(list)
    for owner, message in HomeEntry.objects.scatter().values_list("owner_id", "message_id"):
        entries[owner].append(message)
    people = list(Account.objects.scatter())
    for account in people:
        expected, kept = home(account)
        assert sorted(entries[account.pk], reverse=True) == kept
        assert set(expected) <= set(kept) or len(kept) == conf.get("HOME_CAP")
        assert account.message_count == len(by_author[account.pk])
        assert account.following_count == len(followees[account.pk])
        assert account.follower_count == fans[account.pk]
    # Nobody sees the messages of suspended members.
    for account in [account for account in people[::20] if not account.is_suspended]:
        expected, _ = home(account)
        page = timelines.home_page(account, limit=30)
        assert [line.id for line in page] == expected[:30]
        everything_of_theirs = timelines.home_page(account, limit=len(expected) + 1)
        assert [line.id for line in everything_of_theirs] == expected
        mirror = accounts.followers(account, limit=10_000)
        assert len(mirror) == fans[account.pk]
        assert not repairs.home_difference(account)
    newest = sorted((pk for pk, _ in everything), reverse=True)[:30]
    assert [line.id for line in timelines.public_page(limit=30)] == newest
    assert Follower.objects.scatter().count() == Follow.objects.scatter().count()
    assert not Outbox.objects.scatter().exists()
    check_interactions()


def check_interactions():
    """Compare counts, mirrors and notifications with the likes, reposts and replies."""
    acts = Counter()
    for pk in Like.objects.scatter().values_list("message_id", flat=True):
        acts["like", pk] += 1
    for message in Message.objects.scatter():
        acts["repost", message.repost_of_id] += 1
        acts["reply", message.parent_id] += 1
    mirrors = Counter(Interaction.objects.scatter().values_list("kind", "message_id"))
    tombstones = list(Tombstone.objects.scatter())
    for tombstone in tombstones:
        acts["reply", tombstone.parent_id] += 1
    acts = Counter({(kind, pk): number for (kind, pk), number in acts.items() if pk})
    assert mirrors == acts
    for message in Message.objects.scatter():
        pk = message.pk
        assert message.like_count == acts["like", pk]
        assert message.repost_count == acts["repost", pk]
        assert message.reply_count == acts["reply", pk]
    notified = Counter(Notification.objects.scatter().values_list("kind", flat=True))
    assert notified["follow"] == Follow.objects.scatter().count()
    silent = {tombstone.pk for tombstone in tombstones}
    others = [
        m
        for m in Interaction.objects.scatter()
        if m.actor_id != m.author_id and m.source_id not in silent
    ]
    assert sum(notified[kind] for kind in ("like", "repost", "reply")) == len(others)


def test_it_loads_by_plain_loaddata_and_comes_back_byte_for_byte():
    run("loaddata", "population")
    assert run("dumpdata", "timeline_api") == FIXTURE.read_text()
    assert Account.objects.scatter().count() >= 200
    assert Message.objects.scatter().count() >= 3000
    assert Follow.objects.scatter().count() >= 2000
    assert {shard_for(account) for account in Account.objects.scatter()} == {
        "shard0",
        "shard1",
        "shard2",
    }
    check_by_brute_force()
    for name in ("alice", "bob", "charlie", "dana"):
        # The tests' settings have a faster hasher; the fixture has hashes of the real one.
        assert Argon2PasswordHasher().verify("minitwit-demo", accounts.by_username(name).password)
    texts = " ".join(Message.objects.scatter().values_list("text", flat=True))
    assert all(odd in texts for odd in ("<script>", "🏳️‍🌈", "صباح", "\n", "日"))


def test_it_has_an_example_of_everything():
    """A new site shows an example of everything, on the pages and in the admin."""
    run("loaddata", "population")
    alice = accounts.by_username("alice")
    pinned = messages.by_id(alice.pinned_id)
    assert pinned.author == alice
    assert alice.avatar_version == ""
    bob = accounts.by_username("bob")
    assert pictures.version(avatars.of_account(bob)) == bob.avatar_version
    edited = Message.objects.scatter().filter(revision=1)
    assert edited.count() > 30
    for message in edited[:5]:
        assert [row.text for row in messages.revisions(message)] != [message.text]
    for tombstone in Tombstone.objects.scatter():
        assert conversations.replies(conversations.node(tombstone.pk))
    assert blocks.either_has_blocked(alice.pk, accounts.by_username("cheap_watches").pk)
    assert accounts.by_username("lucky_prizes").is_suspended
    assert Report.objects.scatter().filter(closed_at=None).count() == 3
    assert Report.objects.scatter().exclude(closed_at=None).count() == 1
    assert Mute.objects.scatter().exists()
    assert notifications.unread_count(alice) > 0


def test_it_is_what_make_population_makes(tmp_path):
    run("make_population", str(tmp_path / "again.json"))
    assert (tmp_path / "again.json").read_bytes() == FIXTURE.read_bytes()


@pytest.mark.parametrize(
    ("model", "field", "value", "named"),
    [
        ("message", "author", 383463706732696673, "timeline_api_account"),
        ("message", "created_at", "yesterday", "timeline_api.message:pk="),
        ("follow", "follower", None, "timeline_api.Follow(pk="),
        ("follow", "followee_id", 123456789, "followee_id 123456789 names no timeline_api.Account"),
    ],
)
def test_it_names_a_bad_row_and_loads_nothing(tmp_path, model, field, value, named):
    rows = json.loads(FIXTURE.read_text())
    rows = [row for row in rows if row["model"] != "timeline_api.homeentry"]
    row = next(row for row in reversed(rows) if row["model"] == f"timeline_api.{model}")
    if field == "author":
        # An unknown account of the same slot, so that only the check of the owner notices.
        value = row["fields"]["author"] + (1 << 45)
    row["fields"][field] = value
    (tmp_path / "spoiled.json").write_text(json.dumps(rows))
    with pytest.raises(CommandError) as error:
        run("loaddata", str(tmp_path / "spoiled.json"))
    assert named in str(error.value)
    assert str(row["pk"]) in str(error.value)
    assert not Account.objects.scatter().exists()


def test_it_populates_consistently_without_the_relay():
    output = run("populate", accounts=60, messages=300, follows=400, seed=5)
    assert output.startswith("60 accounts, 300 messages, 400 follows")
    run("relay", "--drain")
    check_by_brute_force()


def test_it_populates_homes_within_their_cap(settings):
    settings.TIMELINES = {"HOME_CAP": 10, "HOME_TRIM_EVERY": 1}
    run("populate", accounts=30, messages=300, follows=200, seed=5)
    check_by_brute_force()
    assert Account.objects.scatter().filter(home_floor__gt=0).count() > 15


def test_it_populates_from_an_edge_list(tmp_path):
    edges = [(a, b) for a in range(30) for b in range(a) if (a * b) % 3 == 1]
    lines = ["# people", "", "% more", "5 5", *[f"{a} {b}" for a, b in edges], "2 1"]
    (tmp_path / "graph.edges").write_text("\n".join(lines))
    run("populate", edges=tmp_path / "graph.edges", messages=200, seed=2)
    assert Follow.objects.scatter().count() == 2 * len({(min(e), max(e)) for e in edges} | {(1, 2)})
    run("relay", "--drain")
    check_by_brute_force()


def test_it_populates_the_same_rows_for_the_same_seed():
    def made(seed):
        run("populate", accounts=20, messages=50, follows=40, seed=seed)
        text = run("dumpdata", "timeline_api")
        for model in (HomeEntry, Notification, Follower, Follow, Message, Account):
            model.objects.scatter(writes=True).delete()
        return text

    assert made(1) == made(1) != made(2)


def test_it_populates_two_seeds_side_by_side_and_refuses_one_twice():
    run("populate", accounts=20, seed=1)
    run("populate", accounts=20, seed=2)
    with pytest.raises(CommandError, match="Take another --seed"):
        run("populate", accounts=20, seed=2)
    assert Account.objects.scatter().count() == 40


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ([], "Say how many"),
        (["--accounts", "-1"], "whole number"),
        (["--accounts", "many"], "whole number"),
        (["--accounts", "3", "--follows", "7"], "6 times at most"),
        (["--edges", "no-such-file"], "No such file"),
        (["--edges", ".", "--messages", "1"], "directory"),
        (["--edges", str(FIXTURE), "--accounts", "3"], "(pk|line 1|brings its own)"),
    ],
)
def test_it_says_what_is_wrong_with_the_arguments(arguments, text):
    with pytest.raises(CommandError, match=text):
        run("populate", *arguments)
    assert not Account.objects.scatter().exists()


@pytest.mark.parametrize("line", ["1", "1 2 3", "1 -2", "a b;c", "1,2"])
def test_it_names_a_bad_edge_by_its_line(line):
    with pytest.raises(follow_graph.BadEdge, match="line 3"):
        follow_graph.read_edges(["1 2\n", "\n", f"{line}\n"])
