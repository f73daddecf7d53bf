"""Profiles of members who are suspended, blocked or followed already; and one's own suspension."""

import pytest

from .servers import environment, manage

SUSPEND = (
    "from timeline_api.models import Account; from timeline_api.services import accounts;"
    "accounts.suspend(account=Account.objects.get(username='{}'))"
)


@pytest.fixture
def suspend(var_dir, api):
    """A function that does what an operator does in the admin."""
    env = environment("twitsite.settings.test", var_dir)
    return lambda name: manage("shell", "--no-imports", "-c", SUSPEND.format(name), env=env)


def test_it_tells_a_suspended_member_and_others(new_member, visitor, suspend):
    member, name = new_member("spammer")
    for number in range(3):
        member.share(f"Number {number}")
    follower, _ = new_member("follower")
    follower.get(f"/{name}")
    follower.submit(f"/{name}/follow")
    reader, _ = new_member("reader")
    suspend(name)

    # The member is told once, with script too, and is a visitor from then on.
    act = member.form("").fields
    told = member.session.post(
        f"{member.base_url}/{name}/1/like", act, headers={"X-Requested-With": "enhancements"}
    )
    assert told.status_code == 403
    assert told.json()["text"].startswith("Your account is suspended. ")
    member.get("/")
    assert member.path == "/public"
    assert "Sign in" in member.text

    # Nobody is invited to follow, and nobody is told that there is no message.
    for each in (reader, visitor):
        each.get(f"/{name}")
        assert "Nobody sees the messages of an account while it is suspended." in each.text
        assert "no message here" not in each.text
        assert "Follow " not in each.text.replace("Followers ", "")
        assert "to follow" not in each.text
        assert f"/{name}/follow" not in {form.action for form in each._read().forms}
    follower.get(f"/{name}")
    assert follower.form(f"/{name}/unfollow")


def test_it_ends_the_session_of_a_suspended_member_with_a_page(new_member, suspend):
    member, name = new_member("spammer")
    suspend(name)
    member.get("/")
    assert member.page.status_code == 403
    assert "Your account is suspended" in member.text
    member.get("/")
    assert member.path == "/public"
    member.log_in(name)
    assert member.error == "This account is suspended."


def test_it_signs_a_suspended_member_out(new_member, suspend):
    member, name = new_member("spammer")
    suspend(name)
    member.submit("/logout")
    assert member.path == "/public"
    assert member.flashes == ["You were logged out"]


def test_it_says_why_a_profile_has_no_messages(friend, new_member):
    other, name = friend
    reader, me = new_member("reader")
    reader.get(f"/{name}")
    reader.post(f"/{name}/block", reader.form("").fields)
    assert f"You have blocked {name}: neither of you" in reader.get(f"/{name}").text
    assert f"{me} has blocked you: neither of you" in other.get(f"/{me}").text
    empty, silent = new_member("silent")
    assert f"Follow {silent}, and the first one" in other.get(f"/{silent}").text
    other.submit(f"/{silent}/follow")
    assert "You follow already" in other.page.text
    assert f"Follow {silent}, and" not in other.page.text
    assert "a few words away" in empty.get(f"/{silent}").text
