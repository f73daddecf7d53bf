"""Writing in a real Chromium: drafts, and names that are completed."""

import pytest
from playwright.sync_api import expect

from .chromium import log_in

pytestmark = pytest.mark.long


def test_it_keeps_a_draft_until_it_is_posted_or_its_author_leaves(open_page, new_member, friend):
    _, name = new_member("author")
    page = open_page()
    log_in(page, name)
    box = page.get_by_label("What's on your mind")
    box.fill("Half a thou")
    page.reload()
    expect(box).to_have_value("Half a thou")
    expect(page.locator("[data-count]")).to_have_text("269 left")
    # A reply has a draft of its own.
    page.goto(f"/{friend[1]}")
    page.get_by_role("link", name="Reply to this message").click()
    expect(page.get_by_label("Your reply")).to_have_value("")
    page.goto("/")
    page.get_by_role("button", name="Share").click()
    expect(page.get_by_role("status")).to_have_text("Your message was recorded")
    expect(box).to_have_value("")
    box.fill("Not for others")
    page.get_by_role("banner").get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("status")).to_have_text("You were logged out")
    assert page.evaluate("localStorage.length") == 0


def test_it_completes_names(open_page, new_member):
    _, first = new_member("heron_a")
    _, second = new_member("heron_b")
    page = open_page()
    log_in(page, first)
    box, names = page.get_by_label("What's on your mind"), page.get_by_role("listbox")
    box.press_sequentially("Hello @HERON_")
    option = names.get_by_role("option", name=f"@{first}")
    expect(option).to_have_attribute("aria-selected", "true")
    assert box.get_attribute("aria-activedescendant") == option.get_attribute("id")
    box.press("ArrowDown")
    box.press("Enter")
    expect(box).to_have_value(f"Hello @{second} ")
    expect(names).to_be_hidden()
    box.press_sequentially("and @heron_")
    expect(names.get_by_role("option")).to_have_count(2)
    box.press("Escape")
    expect(names).to_be_hidden()
    box.press_sequentially(first.removeprefix("heron_"))
    names.get_by_role("option").click()
    expect(box).to_have_value(f"Hello @{second} and @{first} ")
    expect(box).to_be_focused()
