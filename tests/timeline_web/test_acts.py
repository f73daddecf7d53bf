"""Likes, follows and other acts of members, by HTTP: with the script and without."""

import re

import pytest

from .visitor import Visitor

SCRIPT = {"X-Requested-With": "enhancements"}


@pytest.fixture
def reader(friend, new_member):
    """A member, their name, and the address of a message of a friend."""
    _, name = friend
    member, me = new_member("reader")
    member.get(f"/{name}")
    return member, me, re.search(rf'href="(/{name}/\d+)"', member.page.text)[1]


def press(member, path, *, script=True, **fields):
    """Send the form of the page's buttons to `path`, as the script does. The page stays."""
    data = {**member.form("").fields, **fields}
    url = f"{member.base_url}{path}"
    headers = SCRIPT if script else {}
    return member.session.post(url, data, headers=headers, allow_redirects=False, timeout=30)


def selectors(answer):
    return [part["selector"] for part in answer.json()["parts"]]


def test_it_answers_the_script_with_what_has_changed(reader):
    member, _, message = reader
    pk = message.rsplit("/", 1)[1]
    answer = press(member, f"{message}/like")
    assert answer.status_code == 200
    assert selectors(answer) == [f'[id="m{pk}"] .acts', f'.reactions [data-of="{pk}"]']
    acts, links = (part["html"] for part in answer.json()["parts"])
    assert f'formaction="{message}/unlike" aria-pressed="true"' in acts
    assert "1 like<" in links
    acts = press(member, f"{message}/unlike").json()["parts"][0]["html"]
    assert f'formaction="{message}/like" aria-pressed="false"' in acts


def test_it_leads_back_to_the_message_on_the_same_page_of_the_list(reader):
    member, _, message = reader
    member.get("/public?cursor=")
    answer = press(member, f"{message}/repost", script=False)
    pk = message.rsplit("/", 1)[1]
    assert answer.headers["Location"] == f"/public?cursor=#m{pk}"


@pytest.mark.parametrize("target", ["https://example.org/", "//example.org", "javascript:1", ""])
def test_it_leads_to_this_site_only(reader, target):
    member, _, message = reader
    answer = press(member, f"{message}/like", script=False, next=target)
    assert answer.headers["Location"] == message
    answer = press(member, f"/{message.split('/')[1]}/follow", script=False, next=target)
    assert answer.headers["Location"] == f"/{message.split('/')[1]}"


def test_it_says_what_a_follow_has_changed_and_flashes_it_once(reader):
    member, _, message = reader
    name = message.split("/")[1]
    answer = press(member, f"/{name}/follow")
    assert answer.json()["text"] == f'You are now following "{name}"'
    profile = answer.json()["parts"][0]
    assert profile["selector"] == f'.profile[data-name="{name}"]'
    assert f'action="/{name}/unfollow"' in profile["html"]
    member.get(f"/{name}")
    assert member.flashes == []
    muted = press(member, f"/{name}/mute")
    assert muted.json()["text"] == f"You have muted {name}"


def test_it_tells_the_script_why_an_act_failed(reader):
    member, me, _ = reader
    answer = press(member, f"/{me}/1/like")
    assert (answer.status_code, answer.json()["parts"]) == (404, [])
    assert answer.json()["text"].startswith("Nothing here. ")
    answer = press(member, f"/{me}/follow", csrfmiddlewaretoken="forged")
    assert answer.status_code == 403
    assert "expired" in answer.json()["text"]


def test_it_sends_the_script_of_a_visitor_to_the_sign_in(reader, site):
    member, _, message = reader
    other = Visitor(site.url)
    other.session.cookies.update(member.session.cookies)
    other.get("/")
    other.submit("/logout")
    answer = press(member, f"{message}/like")
    assert answer.headers["Location"].startswith("/login?next=")


def test_it_asks_before_it_deletes_without_a_script(reader):
    member, me, message = reader
    member.share("Mine")
    mine = re.search(rf'href="(/{me}/\d+)/delete"', member.page.text)[1]
    member.get(f"{mine}/delete")
    assert member.messages == ["Mine"]
    member.submit(f"{mine}/delete")
    assert member.flashes == ["Your message was deleted"]
    assert member.get(f"{message}/delete").status_code == 403


def test_it_takes_a_deleted_message_and_an_ended_session_off_the_page(reader):
    member, me, _ = reader
    member.share("Mine")
    mine = re.search(rf'href="(/{me}/\d+)/delete"', member.page.text)[1]
    answer = press(member, f"{mine}/delete")
    assert answer.json()["parts"] == [{"selector": f'[id="m{mine.rsplit("/", 1)[1]}"]', "html": ""}]
    member.get("/settings/sessions")
    member.submit("/settings/sessions", name="Backup")
    end = re.search(r'formaction="(/settings/sessions/\d+/end)"', member.page.text)[1]
    assert selectors(press(member, end)) == [f'.person:has([formaction="{end}"])']


def test_it_lets_one_report_a_person_from_where_they_are_shown(reader):
    member, me, message = reader
    name = message.split("/")[1]
    press(member, f"/{name}/follow")
    for path in (f"/{name}", f"/{me}/following"):
        assert f'href="/{name}/report"' in member.get(path).text
    assert f'href="/{me}/report"' not in member.get(f"/{name}/followers").text
    assert f'href="/{name}/report"' in member.get(f"{message}/report").text
    member.get(f"/{name}/report")
    member.submit(f"/{name}/report", reason="")
    assert member.error == "Say what is wrong with it, in a word or two"
    member.submit(f"/{name}/report", reason="A spammer")
    assert member.flashes == ["Thank you. The operators will look at it"]
    assert member.path == f"/{name}"
    member.get(f"/{me}/report")
    member.submit(f"/{me}/report", reason="It is me")
    assert member.error == "You cannot report yourself."
