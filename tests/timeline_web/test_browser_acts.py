"""Acts in a real Chromium: likes, follows and deletions do not take the page away."""

import pytest
from playwright.sync_api import expect

from .chromium import log_in, message_card

pytestmark = pytest.mark.long


def here(page):
    """Return the number of messages, how far the page is scrolled, and which message has focus."""
    return page.evaluate(
        "[document.querySelectorAll('.message').length, scrollY,"
        " [...document.querySelectorAll('.message')].indexOf(document.activeElement)]"
    )


def test_it_stays_where_the_reader_is(open_page, new_member):
    author, name = new_member("author")
    key = author.form("/logout").fields["csrfmiddlewaretoken"]
    for number in range(35):
        author.post("/add_message", {"csrfmiddlewaretoken": key, "text": f"Number {number}"})
    _, me = new_member("reader")
    page = open_page()
    log_in(page, me)
    page.goto(f"/{name}")
    page.locator(".pager").scroll_into_view_if_needed()
    page.locator(".message").nth(34).wait_for()
    for key in "jjj":
        page.keyboard.press(key)
    before = here(page)
    assert before[0::2] == [35, 2]
    for key, act in (("l", "Like,"), ("b", "Repost,")):
        page.keyboard.press(key)
        button = message_card(page, "Number 32").get_by_role("button", name=act)
        expect(button).to_have_attribute("aria-pressed", "true")
        assert here(page) == before
    # By Tab and Enter the focus stays on the button, which now undoes it.
    button.focus()
    page.keyboard.press("Enter")
    expect(button).to_have_attribute("aria-pressed", "false")
    expect(button).to_be_focused()
    page.keyboard.press("Enter")
    expect(button).to_have_attribute("aria-pressed", "true")
    # Following changes the profile, and says so in a live region.
    page.get_by_role("button", name="Follow", exact=True).click()
    expect(page.get_by_role("status")).to_have_text(f'You are now following "{name}"')
    expect(page.get_by_role("button", name="Unfollow", exact=True)).to_be_focused()
    assert here(page)[0] == 35


def test_it_says_that_it_did_not_work(open_page, new_member, friend):
    _, name = friend
    _, me = new_member("reader")
    page = open_page()
    log_in(page, me)
    page.goto(f"/{name}")
    like = message_card(page, "Herons").get_by_role("button", name="Like,")
    page.route("**/like", lambda route: route.fulfill(body="<p>No answer of ours"))
    like.click()
    expect(page.get_by_role("status")).to_have_text("That did not work. Please try again.")
    page.unroute("**/like")
    expect(like).to_have_attribute("aria-pressed", "false")


def test_it_asks_before_it_deletes(open_page, new_member):
    member, me = new_member("author")
    for text in ("Older", "Newer"):
        member.share(text)
    page = open_page()
    log_in(page, me)
    page.goto("/public")
    delete = (
        message_card(page, f"{me}")
        .filter(has_text="Newer")
        .get_by_role("link", name="Delete", exact=True)
    )
    delete.click()
    page.get_by_role("button", name="Keep it").click()
    expect(delete).to_be_focused()
    delete.click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("status")).to_have_text("Your message was deleted")
    expect(message_card(page, me)).to_have_count(1)
    expect(message_card(page, "Older").first).to_be_focused()


def test_it_changes_rows_of_people_and_notifications(open_page, new_member, friend):
    visitor, name = friend
    _, me = new_member("reader")
    visitor.get(f"/{me}")
    visitor.submit(f"/{me}/follow")
    page = open_page()
    log_in(page, me)
    page.goto(f"/{me}/followers")
    page.get_by_role("button", name=f"Follow {name}").click()
    expect(page.get_by_role("button", name=f"Unfollow {name}")).to_be_focused()
    page.goto("/notifications")
    page.get_by_role("button", name="Mark all as read").click()
    expect(page.locator(".unread")).to_have_count(0)
    expect(page.locator(".bell .number")).to_have_count(0)
    expect(page.get_by_role("status")).to_have_text("All are read")
