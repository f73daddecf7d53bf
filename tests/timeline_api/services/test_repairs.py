"""`timelines` and `counters`: derived rows compared with what they derive from, and rebuilt."""

import io

import pytest
from django.core.management import CommandError, call_command

from timeline_api.models import Account, Follow, HomeEntry
from timeline_api.selectors import timelines
from timeline_api.services import follows, home_timelines, repairs

pytestmark = pytest.mark.django_db(databases="__all__")


def run(*arguments):
    out = io.StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


@pytest.fixture
def posted(alice, bob, charlie, post, relay):
    rows = [post((alice, bob, charlie)[number % 3], str(number)) for number in range(12)]
    for followee in (bob, charlie):
        follows.follow(follower=alice, followee=followee)
    relay()
    return rows


def home(account):
    return [line.id for line in timelines.home_page(account, limit=100)]


def test_it_leaves_correct_rows_alone(posted, alice):
    before = set(HomeEntry.objects.scatter().values_list("pk", flat=True))
    assert "3 home timelines looked at; 0 differed" in run("timelines", "check")
    assert "3 home timelines rebuilt, of which 0 differed" in run("timelines", "rebuild")
    assert set(HomeEntry.objects.scatter().values_list("pk", flat=True)) == before
    assert "0 differ" in run("counters", "check")


def test_it_names_and_rebuilds_a_damaged_home(posted, alice, bob, charlie):
    mine = HomeEntry.objects.filter(owner=alice)
    mine.filter(message_id__in=[row.pk for row in posted[3:6]]).delete()
    HomeEntry.objects.create(owner=bob, message_id=posted[0].pk, author_id=alice.pk)
    HomeEntry.objects.create(owner=alice, message_id=posted[0].pk + 1, author_id=alice.pk)
    kept = set(HomeEntry.objects.scatter().values_list("pk", flat=True))
    out = io.StringIO()
    with pytest.raises(CommandError, match="2 of 3"):
        call_command("timelines", "check", stdout=out)
    assert f"{alice}: 3 missing, 1 too many" in out.getvalue()
    assert f"{bob}: 0 missing, 1 too many" in out.getvalue()
    assert set(HomeEntry.objects.scatter().values_list("pk", flat=True)) == kept
    assert "1 home timelines rebuilt" in run("timelines", "rebuild", alice.username.upper())
    assert home(alice) == [row.pk for row in posted[::-1]]
    run("timelines", "rebuild")
    run("timelines", "check")


def test_it_rebuilds_a_home_within_its_cap_and_corrects_the_floor(posted, alice, settings):
    settings.TIMELINES = {"HOME_CAP": 5}
    Account.objects.filter(pk=alice.pk).update(home_floor=posted[-1].pk + 1)
    run("timelines", "rebuild")
    run("timelines", "check")
    assert HomeEntry.objects.filter(owner=alice).count() == 5
    assert home(alice) == [row.pk for row in posted[::-1]]
    settings.TIMELINES = {}
    run("timelines", "rebuild")
    assert HomeEntry.objects.filter(owner=alice).count() == 12
    assert Account.objects.get(pk=alice.pk).home_floor == 0


def test_it_starts_again_when_the_follows_change_meanwhile(posted, alice, bob, monkeypatch):
    real, calls = home_timelines.lock_home, []

    def lock_home(owner_id):
        calls.append(owner_id)
        if len(calls) == 1:
            Follow.objects.filter(follower=alice, followee_id=bob.pk).delete()
        return real(owner_id)

    monkeypatch.setattr(home_timelines, "lock_home", lock_home)
    repairs.rebuild_home(alice)
    assert len(calls) == 2
    assert set(home(alice)) == {row.pk for row in posted if row.author_id != bob.pk}


def test_it_names_and_corrects_wrong_counts(posted, alice, bob):
    Account.objects.filter(pk=alice.pk).update(message_count=9, following_count=0)
    Account.objects.filter(pk=bob.pk).update(follower_count=7)
    out = io.StringIO()
    with pytest.raises(CommandError, match="2 of 3"):
        call_command("counters", "check", stdout=out)
    assert f"{alice}: message_count says 9, and there are 4" in out.getvalue()
    run("counters", "repair", alice.username)
    with pytest.raises(CommandError, match="1 of 3"):
        run("counters", "check")
    assert "1 repaired" in run("counters", "repair")
    assert "0 differ" in run("counters", "check")
    alice.refresh_from_db()
    assert (alice.message_count, alice.following_count) == (4, 2)


@pytest.mark.parametrize("command", [("timelines", "check"), ("timelines", "rebuild"),
                                     ("counters", "check"), ("counters", "repair")])  # fmt: skip
def test_it_names_an_unknown_username(alice, command):
    with pytest.raises(CommandError, match="There is no account nobody"):
        run(*command, alice.username, "nobody")
