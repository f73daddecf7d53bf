"""axe finds nothing on the pages of the site, on a phone and a desktop, in light and in dark."""

import pytest
from playwright.sync_api import expect

from .chromium import check_page, check_pages, register_and_log_in

pytestmark = pytest.mark.long


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_it_passes_axe(open_page, new_name, friend, width, scheme):
    page, name = open_page(width=width, scheme=scheme), new_name("dana")
    visitor, other = friend
    message = visitor.page.text.partition('id="m')[2].partition('"')[0]
    public = ["/public", "/login", "/register", f"/{other}", f"/{other}/{message}"]
    check_pages(page, width, public)
    register_and_log_in(page, name)
    page.goto(f"/{other}")
    page.get_by_role("button", name="Follow").first.click()
    expect(page.get_by_role("status")).to_be_visible()
    page.goto(f"/{other}/{message}")
    page.get_by_label("Your reply").fill("Indeed")
    page.get_by_role("button", name="Reply").click()
    reply = page.locator(".message", has_text="Indeed").get_attribute("id")[1:]
    check_pages(
        page,
        width,
        [
            "/",
            *public[3:],
            f"/{name}/{reply}",
            f"/{name}/{reply}/edit",
            f"/{name}/{reply}/history",
            f"/{other}/{message}/likes",
            f"/{other}/{message}/report",
            f"/{other}/followers",
            "/notifications",
            "/search",
            "/search?q=herons",
            "/search?q=f&in=people",
            f"/tag/birds_{other}",
            "/settings",
            "/settings/password",
            "/settings/sessions",
            "/settings/blocks",
            "/settings/delete",
            "/settings/mutes",
        ],
    )
    # An expired form, which gives the text back to copy; and an address that does not exist.
    page.goto("/settings")
    page.get_by_label("About you").fill("Keep this")
    page.context.clear_cookies(name="twitsite_csrf")
    page.get_by_role("button", name="Save").click()
    assert page.get_by_label("About you").input_value() == "Keep this"
    check_page(page, width)
    page.goto("/no/such/page")
    check_page(page, width)
