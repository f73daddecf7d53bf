"""The time zone that a member chooses, for pages without script."""

import re


def times(visitor):
    return re.findall(r"<time [^>]*>([^<]*)<", visitor.page.text)


def titles(visitor):
    return re.findall(r'<time [^>]*title="([^"]*)"', visitor.page.text)


def test_it_shows_times_in_the_chosen_zone_to_that_member_alone(new_member, friend, visitor):
    member, _ = new_member()
    _, other = friend
    member.get("/settings")
    member.submit("/settings/zone", zone="Asia/Kathmandu")
    assert member.flashes == ["The time zone was changed"]
    assert '<option dir="ltr" selected>Asia/Kathmandu</option>' in member.page.text
    reader, _ = new_member("reader")
    for _ in range(2):  # what was kept for one is not shown to the other
        member.get(f"/{other}")
        assert all(title.endswith(" +0545") for title in titles(member))
        assert titles(member)
        assert 'data-zone="Asia/Kathmandu"' in member.page.text
        for each in (reader, visitor):
            each.get(f"/{other}")
            assert all(title.endswith(" UTC") for title in titles(each))
            assert "data-zone" not in each.page.text
    member.get("/settings/sessions")
    assert times(member)[0].endswith(" +0545")
    # A visitor's pages are for all: there the cookie means nothing.
    member.submit("/logout")
    member.get(f"/{other}")
    assert all(title.endswith(" UTC") for title in titles(member))


def test_it_takes_no_zone_that_there_is_not(new_member):
    member, _ = new_member()
    for name in ("", "Mars/Olympus", "../../etc/passwd", "Europe"):
        member.get("/settings")
        member.submit("/settings/zone", zone=name)
        assert "twitsite_zone" not in member.session.cookies
