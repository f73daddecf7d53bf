"""Chromium in the tests: complaints about a page, steps on it, and axe."""

import os
from pathlib import Path

import axe_playwright_python
from playwright.sync_api import expect

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()


def console_complaints(message) -> list[str]:
    """Return what the console says, if it is about a fault.

    It also says that the page itself is an error page, and that autofocus came too late.
    """
    is_of_page = "Failed to load" in message.text and message.location["url"] == message.page.url
    is_autofocus = message.text.startswith("Autofocus processing was blocked")
    return [] if is_of_page or is_autofocus else [message.text]


def request_complaints(url: str, site: str) -> list[str]:
    """Return a complaint if the page asks another site."""
    return [] if url.startswith((site, "data:")) else [f"asked {url}"]


def register_and_log_in(page, name: str) -> None:
    page.goto("/register")
    page.get_by_label("Username").fill(name)
    page.get_by_label("Email").fill(f"{name}@example.com")
    page.get_by_label("Password", exact=True).fill("secret-9")
    page.get_by_label("Password, once more").fill("secret-9")
    page.get_by_role("main").get_by_role("button", name="Sign up").click()
    page.wait_for_url("**/login")
    log_in(page, name)


def log_in(page, name: str) -> None:
    page.goto("/login")
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill("secret-9")
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("status")).to_have_text("You were logged in")


def message_card(page, text):
    """Return the card of the message that has `text`."""
    return page.locator(".message").filter(has_text=text)


def scroll_width(page) -> int:
    """Return the width of the whole page in pixels. A click waits only until the page is sent."""
    page.wait_for_load_state()
    return page.evaluate("document.documentElement.scrollWidth")


def check_pages(page, width, paths):
    for path in paths:
        page.goto(path)
        check_page(page, width)


def check_page(page, width):
    assert scroll_width(page) <= width, page.url
    page.evaluate("new Promise(requestAnimationFrame)")  # autofocus comes first; axe moves it
    page.evaluate(AXE)
    found = page.evaluate("axe.run({resultTypes: ['violations']})")["violations"]
    assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found] == [], page.url
