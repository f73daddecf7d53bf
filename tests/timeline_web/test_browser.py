"""The site in a real Chromium: with its script and without, on a phone and a desktop."""

import os

import pytest
from playwright.sync_api import sync_playwright

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
LONG_WORD = "W" * 280


@pytest.fixture(scope="module")
def chromium():
    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium, site):
    """A function that opens the site in a fresh profile; what the page complains about fails."""
    opened, complaints = [], []

    def open_it(*, javascript: bool = True, width: int = 1280, scheme: str = "light"):
        context = chromium.new_context(
            base_url=site.url,
            java_script_enabled=javascript,
            viewport={"width": width, "height": 844},
            color_scheme=scheme,
        )
        opened.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        return page

    yield open_it
    for context in opened:
        context.close()
    assert complaints == []


def register_and_log_in(page, name: str) -> None:
    page.goto("/register")
    page.get_by_label("Username").fill(name)
    page.get_by_label("Email").fill(f"{name}@example.com")
    page.get_by_label("Password", exact=True).fill("secret-9")
    page.get_by_label("Password, once more").fill("secret-9")
    page.get_by_role("main").get_by_role("button", name="Sign up").click()
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill("secret-9")
    page.get_by_role("main").get_by_role("button", name="Sign in").click()


@pytest.mark.parametrize("javascript", [True, False], ids=["script", "no script"])
def test_somebody_joins_writes_and_leaves(open_page, new_name, javascript):
    page, name = open_page(javascript=javascript), new_name("dana")
    register_and_log_in(page, name)
    assert page.get_by_role("status").inner_text() == "You were logged in"
    page.get_by_label("What's on your mind").fill("Hello,\nbrowser")
    page.get_by_role("button", name="Share").click()
    assert page.get_by_role("status").inner_text() == "Your message was recorded"
    assert page.locator(".message .text").first.inner_text() == "Hello,\nbrowser"
    page.get_by_role("banner").get_by_role("button", name="Sign out").click()
    assert page.get_by_role("status").inner_text() == "You were logged out"
    assert page.url.endswith("/public")


def test_the_script_counts_characters_as_the_api_does(open_page, new_name):
    page = open_page()
    register_and_log_in(page, new_name("dana"))
    count, box = page.locator("[data-count]"), page.get_by_label("What's on your mind")
    assert count.inner_text() == "280 left"
    box.fill("  👍👍\n")
    assert count.inner_text() == "278 left"
    box.fill("x" * 283)
    assert count.inner_text() == "3 too many"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 390, 1280])
def test_nothing_is_wider_than_the_screen(open_page, new_member, width, scheme):
    member, name = new_member("x" * 10)
    member.share(LONG_WORD)
    member.share("https://example.org/" + "path" * 60)
    page = open_page(width=width, scheme=scheme)
    for path in ("/public", f"/{name}", "/login", "/register"):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_keyboard_reaches_the_content_first(open_page):
    page = open_page()
    page.goto("/public")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the messages"
    page.keyboard.press("Enter")
    assert page.url.endswith("#content")
